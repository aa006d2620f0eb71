import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { columnOf, nameOf, valueOf } from "@/api/rows";
import type { Column, Row, Table, TimelinePage } from "@/api/types";
import { Cell } from "@/grid/cells";
import { formatInstant } from "@/lib/format";
import { RichText } from "@/timeline/RichText";
import classes from "./PrintSheet.module.css";
import { formOf } from "./RecordForm";

const unprinted = new Set(["id", "json", "file", "image"]);

function filled(table: Table, row: Row, names: string[]): Column[] {
  return names.flatMap((n) => columnOf(table, n) ?? []).filter((c) => {
    const value = valueOf(c, row);
    return !unprinted.has(c.type) && value !== null && value !== undefined && value !== "";
  });
}

/** The whole record on paper: every part of its form that has a value, and its notes and activities. It prints once it is drawn. */
export default function PrintSheet({ table, row, id, notes, onDone }: { table: Table; row: Row; id: string; notes: boolean; onDone: () => void }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["print", table.logicalname, id],
    enabled: notes,
    gcTime: 0,
    queryFn: async ({ signal }) => (await request<TimelinePage>(`/api/ui/tables/${table.logicalname}/${id}/timeline?top=100&kinds=note,activity`, { signal })).data.items ?? [],
  });
  const ready = !notes || query.isSuccess || query.isError;
  useEffect(() => {
    if (!ready) return;
    document.documentElement.dataset.printing = "sheet";
    const done = () => { delete document.documentElement.dataset.printing; onDone(); };
    addEventListener("afterprint", done, { once: true });
    print();
    return () => {
      removeEventListener("afterprint", done);
      delete document.documentElement.dataset.printing;
    };
    // Printing once is meant: what changes later is on the next sheet.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ready]);
  const form = formOf(table);
  const plain = { ...table, primaryname: "" };
  return createPortal(
    <article className={classes.sheet} data-print="sheet">
      <header className={classes.head}>
        <h1>{nameOf(table, row) || t("value.unnamed")}</h1>
        <p>{table.label} · {t("print.at", { at: formatInstant(new Date().toISOString()) })}</p>
      </header>
      {form.tabs.flatMap((tab) => tab.sections).map((section, i) => {
        const columns = filled(table, row, section.columns);
        return columns.length > 0 && (
          <section key={i} className={classes.section}>
            <h2>{section.label || table.label}</h2>
            <dl>{columns.map((c) => <div key={c.name} data-wide={c.type === "memo" || undefined}><dt>{c.label}</dt><dd>{c.type === "memo" ? String(valueOf(c, row)) : <Cell table={plain} column={c} row={row} />}</dd></div>)}</dl>
          </section>
        );
      })}
      {(query.data?.length ?? 0) > 0 && (
        <section className={classes.section}>
          <h2>{t("timeline.title")}</h2>
          {query.data!.map((item) => (
            <div key={item.kind + item.id} className={classes.entry}>
              <p className={classes.when}>{formatInstant(item.at)}{item.actor?.name ? ` · ${item.actor.name}` : ""}{item.title ? ` · ${item.title}` : ""}{item.file ? ` · ${item.file.name}` : ""}</p>
              {item.text && <RichText text={item.text} />}
            </div>
          ))}
        </section>
      )}
    </article>,
    document.body,
  );
}
