import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useLive } from "@/api/live";
import type { TimelineChange, TimelineItem, TimelinePage } from "@/api/types";
import { formatAgo, formatDayHeading, formatInstant } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Calm, Failure } from "@/ui/Calm";
import { Icon, type IconName } from "@/ui/icons";
import { Composer } from "./Composer";
import classes from "./Timeline.module.css";

const icons: Record<TimelineItem["kind"], IconName> = {
  change: "pencil", task: "task", annotation: "note", campaignresponse: "responses", flowrun: "flow", notification: "bell",
};

interface Props {
  table: string;
  id: string;
  /** Whether notes and tasks may be added here. */
  composer?: boolean;
  title?: string;
}

/** What happened to a record, the newest first. */
export function Timeline({ table, id, composer, title }: Props) {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: ["timeline", table, id],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam ? `&before=${encodeURIComponent(pageParam)}` : "";
      return (await request<TimelinePage>(`/api/ui/tables/${table}/${id}/timeline?top=50${before}`, { signal })).data;
    },
    getNextPageParam: (last) => last.next,
  });
  const again = () => void query.refetch();
  useLive("annotation", again);
  useLive("task", again);
  const items = query.data?.pages.flatMap((p) => p.items ?? []) ?? [];

  return (
    <section className={classes.timeline} aria-label={title ?? t("timeline.title")}>
      <h2 className={classes.title}>{title ?? t("timeline.title")}</h2>
      {composer && <Composer table={table} id={id} onAdded={again} />}
      {query.isError && items.length === 0 && <Failure small error={query.error} onRetry={again} />}
      {query.isSuccess && items.length === 0 && <Calm small icon="history" title={t("timeline.emptyTitle")}>{t("timeline.empty")}</Calm>}
      <ol className={classes.list}>
        {items.map((item, i) => {
          const day = formatDayHeading(item.at);
          const first = i === 0 || formatDayHeading(items[i - 1]!.at) !== day;
          return (
            <li key={`${item.kind}-${item.id}`}>
              {first && <h3 className={classes.day}>{day}</h3>}
              <Entry item={item} />
            </li>
          );
        })}
      </ol>
      {query.hasNextPage && (
        <Button variant="subtle" color="gray" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("timeline.older")}</Button>
      )}
    </section>
  );
}

function Entry({ item }: { item: TimelineItem }) {
  const { t } = useTranslation();
  const card = item.kind === "annotation" || item.kind === "task";
  return (
    <article className={classes.entry} data-kind={item.kind}>
      <span className={classes.icon}><Icon name={icons[item.kind] ?? "info"} size={14} /></span>
      <div className={card ? classes.card : classes.plain}>
        <div className={classes.head}>
          {item.actor?.name && <strong>{item.actor.name}</strong>}
          {item.link ? <Link to={recordPath(item.link.table, item.link.id)} className="link">{item.title || t(`timeline.kind.${item.kind}`)}</Link> : <span>{item.title || t(`timeline.kind.${item.kind}`)}</span>}
          <time className="faint" dateTime={item.at} title={formatInstant(item.at)}>{formatAgo(item.at)}</time>
        </div>
        {item.text && <p className={classes.text}>{item.text}</p>}
        {item.changes && item.changes.length > 0 && <Changes changes={item.changes} />}
      </div>
    </article>
  );
}

const FEW = 4;

function Changes({ changes }: { changes: TimelineChange[] }) {
  const { t } = useTranslation();
  const line = (c: TimelineChange) => (
    <div key={c.column} className={classes.change}>
      <span className="dim">{c.label}</span>
      {c.from ? <><s>{c.from}</s><Icon name="arrowRight" size={12} className={classes.arrow} /></> : null}
      <span>{c.to || t("value.empty")}</span>
    </div>
  );
  if (changes.length <= FEW + 1) return <div className={classes.changes}>{changes.map(line)}</div>;
  return (
    <div className={classes.changes}>
      {changes.slice(0, FEW).map(line)}
      <details>
        <summary>{t("timeline.moreChanges", { count: changes.length - FEW })}</summary>
        {changes.slice(FEW).map(line)}
      </details>
    </div>
  );
}
