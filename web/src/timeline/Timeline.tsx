import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useLive } from "@/api/live";
import { recordUrl } from "@/api/odata";
import { fetchTop } from "@/api/records";
import type { Row, TimelineItem, TimelinePage } from "@/api/types";
import { formatDayHeading } from "@/lib/format";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { Composer } from "./Composer";
import { Entry } from "./Entry";
import { useAttach } from "./useAttach";
import classes from "./Timeline.module.css";

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
  const client = useQueryClient();
  const [kinds, setKinds] = useState("");
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  const query = useInfiniteQuery({
    queryKey: ["timeline", table, id, kinds, asked],
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam ? `&before=${encodeURIComponent(pageParam)}` : "";
      return (await request<TimelinePage>(`/api/ui/tables/${table}/${id}/timeline?top=50${kinds && `&kinds=${kinds}`}${asked && `&q=${encodeURIComponent(asked)}`}${before}`, { signal })).data;
    },
    getNextPageParam: (last) => last.next,
  });
  const pins = useQuery({
    queryKey: ["timeline", table, id, "pinned"],
    enabled: Boolean(composer),
    queryFn: async ({ signal }) => {
      const page = await fetchTop("annotations", { select: ["annotationid", "subject", "notetext", "filename", "filesize", "createdon", "_createdby_value"], filter: `_objectid_value eq ${id} and rpt_pinned eq true`, orderby: "createdon desc", top: 20 }, signal).catch(() => undefined);
      return (page?.rows ?? []).map(pinnedItem);
    },
  });
  const again = () => void client.invalidateQueries({ queryKey: ["timeline", table, id] });
  async function pin(item: TimelineItem) {
    try {
      await request(recordUrl("annotations", item.id), { method: "PATCH", body: { rpt_pinned: !item.pinned }, headers: { "If-Match": "*" } });
      again();
    } catch (error) {
      toastFailure(error);
    }
  }
  const files = useAttach(table, id, again);
  const [over, setOver] = useState(false);
  const narrowed = kinds !== "" || asked !== "";
  useLive("annotation", again);
  useLive("task", again);
  useLive("adx_portalcomment", again);
  const items = query.data?.pages.flatMap((p) => p.items ?? []) ?? [];

  return (
    <section className={classes.timeline} aria-label={title ?? t("timeline.title")} data-over={over || undefined}
      onDragOver={(e) => { if (composer && e.dataTransfer.types.includes("Files")) { e.preventDefault(); setOver(true); } }}
      onDragLeave={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false); }}
      onDrop={(e) => { setOver(false); if (composer && e.dataTransfer.files.length) { e.preventDefault(); files.send([...e.dataTransfer.files]); } }}>
      <h2 className={classes.title}>{title ?? t("timeline.title")}</h2>
      {composer && <Composer table={table} id={id} onAdded={again} files={files} over={over} answers={items.some((i) => i.kind === "adx_portalcomment")} />}
      {composer && (
        <div className={classes.tools}>
          <NativeSelect size="xs" aria-label={t("timeline.filter")} value={kinds} onChange={(e) => setKinds(e.currentTarget.value)}
            data={[{ value: "", label: t("timeline.all") }, { value: "note", label: t("timeline.notes") }, { value: "activity", label: t("timeline.activities") }, { value: "change", label: t("timeline.changes") }]} />
          <TextInput size="xs" type="search" className="grow" aria-label={t("timeline.search")} placeholder={t("timeline.search")} value={words} onChange={(e) => setWords(e.currentTarget.value)} leftSection={<Icon name="search" size={14} />} />
        </div>
      )}
      {!narrowed && (pins.data?.length ?? 0) > 0 && (
        <div className={classes.pinned}>
          <h3 className={classes.day}><Icon name="pin" size={13} /> {t("timeline.pinned")}</h3>
          {pins.data!.map((item) => <Entry key={item.id} item={item} table={table} id={id} onDone={again} onPin={pin} />)}
        </div>
      )}
      {query.isError && items.length === 0 && <Failure small error={query.error} onRetry={again} />}
      {query.isSuccess && items.length === 0 && <Calm small icon="history" title={t(narrowed ? "timeline.noneTitle" : "timeline.emptyTitle")}>{t(narrowed ? "grid.noneFound" : "timeline.empty")}</Calm>}
      <ol className={classes.list} aria-busy={query.isLoading}>
        {items.map((item, i) => {
          const day = formatDayHeading(item.at);
          const first = i === 0 || formatDayHeading(items[i - 1]!.at) !== day;
          return (
            <li key={`${item.kind}-${item.id}`}>
              {first && <h3 className={classes.day}>{day}</h3>}
              <Entry item={item} table={table} id={id} onDone={again} onPin={composer ? pin : undefined} />
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

function pinnedItem(row: Row): TimelineItem {
  const actor = row["_createdby_value@OData.Community.Display.V1.FormattedValue"];
  return {
    kind: "annotation", id: String(row.annotationid), at: String(row.createdon), title: String(row.subject ?? ""), text: typeof row.notetext === "string" ? row.notetext : undefined, pinned: true,
    actor: typeof actor === "string" ? { id: String(row._createdby_value), name: actor } : undefined,
    file: typeof row.filename === "string" && row.filename ? { name: row.filename, size: Number(row.filesize ?? 0) } : undefined,
  };
}
