import { Button } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import { ScoreRing } from "@/lead/ScoreRing";
import { formatAgo, formatInstant, formatNumber } from "@/lib/format";
import { pressed } from "@/lib/keys";
import { recordPath } from "@/lib/paths";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { Icon, tableIcon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { keepOrder, reasons, type Step, useWork, type WorkItem } from "./api";
import classes from "./work.module.css";

/** The records that are mine to work on, in order, each with its next step. */
export function WorkPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const work = useWork();
  const list = useRef<HTMLDivElement>(null);
  const items = work.data?.items ?? [];
  const first = items[0];

  function open(item: WorkItem) {
    keepOrder(items);
    void navigate({ to: recordPath(item.table, item.id), search: { work: "1" } as never });
  }
  function move(event: KeyboardEvent) {
    const by = event.key === "ArrowDown" || pressed(event, "keys.down", "j") ? 1 : event.key === "ArrowUp" || pressed(event, "keys.up", "k") ? -1 : 0;
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>("a[data-item]") ?? [])];
    if (by === 0 || links.length === 0) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))]?.focus();
  }

  return (
    <>
      <PageBar title={<><h1>{t("work.title")}</h1>{work.data && <span className="faint">{t("work.count", { count: work.data.total, total: formatNumber(work.data.total) })}</span>}</>}
        actions={first && <Button leftSection={<Icon name="play" size={14} />} onClick={() => open(first)}>{t("work.start")}</Button>} />
      <div className={classes.page} onKeyDown={move} ref={list}>
        <div className={classes.inner}>
          {work.isError && !work.data && <Failure error={work.error} onRetry={() => void work.refetch()} />}
          {work.data && items.length === 0 && <Calm icon="check" title={t("work.emptyTitle")}>{t("work.empty")}</Calm>}
          {reasons.map((why) => {
            const part = items.filter((i) => i.why === why);
            if (part.length === 0) return null;
            return (
              <section key={why} className={classes.part} aria-labelledby={`work-${why}`} data-why={why}>
                <header className={classes.partHead}>
                  <h2 id={`work-${why}`}>{t(`work.why.${why}`)} <span className={classes.number}>{formatNumber(part.length)}</span></h2>
                  <p>{t(`work.hint.${why}`)}</p>
                </header>
                <ol className={classes.list}>{part.map((item) => <Row key={item.id} item={item} onOpen={() => keepOrder(items)} />)}</ol>
              </section>
            );
          })}
          {work.data && items.length > 0 && items.length < work.data.total && <p className="faint">{t("work.more", { shown: formatNumber(items.length), total: formatNumber(work.data.total) })}</p>}
        </div>
      </div>
    </>
  );
}

function Row({ item, onOpen }: { item: WorkItem; onOpen: () => void }) {
  const { t } = useTranslation();
  const name = item.name || t("value.unnamed");
  return (
    <li>
      <Link to={recordPath(item.table, item.id)} search={{ work: "1" } as never} className={classes.item} data-item onClick={onOpen}>
        {item.rank !== undefined ? <ScoreRing score={item.rank} size={38} label={t("work.rank", { rank: item.rank })} /> : <Avatar name={name} size={38} square />}
        <span className={classes.text}>
          <span className={classes.name}>
            <Icon name={tableIcon(item.table)} size={14} />
            <strong className="clip">{name}</strong>
            {item.rises && <span className={classes.rising}><Icon name="arrowUp" size={12} />{t("work.rising")}</span>}
          </span>
          {item.about && <span className={`${classes.about} clip`}>{item.about.join(" · ")}</span>}
        </span>
        <span className={classes.step}>
          <StepText item={item} />
          <When item={item} />
        </span>
      </Link>
    </li>
  );
}

/** What is to be done next, in words. */
export function StepText({ item }: { item: WorkItem }) {
  const { t } = useTranslation();
  const label = useStepLabel(item.table, item.step);
  return (
    <span className={classes.what}>
      <Icon name={item.step?.kind === "activity" ? tableIcon(item.step.table ?? "task") : item.step ? "bell" : "info"} size={14} />
      <span className="clip">{label ?? t("work.noStep")}</span>
      {item.steps > 1 && <span className="faint" title={t("work.steps", { count: item.steps })}>+{formatNumber(item.steps - 1)}</span>}
    </span>
  );
}

/** The name of a step; undefined where there is none. */
export function useStepLabel(table: string, step?: Step): string | undefined {
  const { t } = useTranslation();
  const meta = useTableMeta(table);
  if (!step) return undefined;
  if (step.kind === "activity") return step.subject || t("value.unnamed");
  return (meta.data && columnOf(meta.data, step.column ?? "")?.label) || step.column;
}

/** When the step is due, or since when the record stays where it is. */
export function When({ item }: { item: WorkItem }) {
  const { t } = useTranslation();
  if (item.step?.due) {
    return <span className={classes.when} data-late={item.why === "overdue" || undefined} title={formatInstant(item.step.due)}>{t(item.why === "overdue" ? "work.late" : "work.due", { when: formatAgo(item.step.due) })}</span>;
  }
  if (item.stalled) return <span className={classes.when} title={formatInstant(item.stalled)}>{t("work.stalledSince", { when: formatAgo(item.stalled) })}</span>;
  return null;
}
