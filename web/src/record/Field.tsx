import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { valueOf } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";
import { Cell } from "@/grid/cells";
import { Said } from "@/i18n/Said";
import { recordPath } from "@/lib/paths";
import { Icon } from "@/ui/icons";
import { JsonView } from "@/ui/JsonView";
import { FieldEditor, isTyped } from "./editors/FieldEditor";
import classes from "./Field.module.css";
import { LookupHover } from "./LookupHover";
import { fromInput, toInput } from "./fieldValue";
import { same } from "./merge";
import type { RecordHandle } from "./useRecord";

const FileField = lazy(() => import("./files/FileField"));

interface Props {
  table: Table;
  column: Column;
  row: Row;
  handle: RecordHandle;
  /** In the header: the label above, no room for errors below. */
  strip?: boolean;
  /** Whether it stands in a panel that a press beside it closes. */
  inPanel?: boolean;
}

/** A field of a record: read, and edited where it stands. */
export function Field({ table, column, row, handle, strip, inPanel }: Props) {
  const { t } = useTranslation();
  const value = valueOf(column, row);
  const refused = handle.refused[column.name];
  const [editing, setEditing] = useState(false);
  const [draft, setDraft] = useState<unknown>();
  const [problem, setProblem] = useState<string>();
  const display = useRef<HTMLButtonElement>(null);
  const settled = useRef(false);
  const [peek, setPeek] = useState<boolean>();
  const file = column.type === "file" || column.type === "image";
  const editable = !column.readonly && table.privileges.write && column.type !== "id";
  const pending = handle.pending.has(column.name);

  // What the server refused comes back into its editor: nothing typed is lost.
  useEffect(() => {
    if (!refused) return;
    setDraft(isTyped(column) ? toInput(column, refused.value) : refused.value);
    setProblem(refused.message);
    settled.current = false;
    setEditing(true);
  }, [refused, column]);

  function start() {
    if (!editable) return;
    settled.current = false;
    setDraft(isTyped(column) ? toInput(column, value) : value);
    setProblem(undefined);
    setEditing(true);
  }
  function stop(focus: boolean) {
    settled.current = true;
    setEditing(false);
    setProblem(undefined);
    if (refused) handle.forget(column.name);
    if (focus) requestAnimationFrame(() => display.current?.focus());
  }
  function commit(next: unknown) {
    if (settled.current) return;
    const parsed = isTyped(column) ? fromInput(column, String(next ?? ""), t) : { value: next };
    if (parsed.problem !== undefined) return setProblem(parsed.problem);
    const hadFocus = document.activeElement?.closest(`[data-field="${column.name}"]`) !== null;
    stop(hadFocus);
    if (!same(parsed.value, value)) void handle.save({ [column.name]: parsed.value });
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "F2") {
      event.preventDefault();
      start();
    }
  }

  const empty = value === null || value === undefined || value === "";
  const content = empty
    ? <span className={classes.empty}>{editable ? (strip ? "—" : t("field.add")) : "—"}</span>
    : column.type === "memo" ? <span className={classes.memo}>{editable ? String(value) : <Said text={String(value)} />}</span>
    : column.type === "json" ? <JsonView value={value} />
    : column.type === "lookup" && !strip ? <LookupHover reference={value as Reference} focused={peek}><Cell table={{ ...table, primaryname: "" }} column={column} row={row} /></LookupHover>
    : <Cell table={{ ...table, primaryname: "" }} column={column} row={row} />;

  const suffix = `${column.name}${strip ? "-head" : ""}`;
  return (
    <div className={classes.field} data-strip={strip || undefined} data-field={column.name} data-tall={column.type === "memo" || column.type === "json" || undefined}>
      <span className={classes.label} id={`label-${suffix}`}>
        <span className="clip">{column.label}</span>
        {column.required && editable && <span className={classes.required} title={t("field.required")}>*</span>}
        {pending && <span className={classes.pending} role="status" aria-label={t("record.saving")} />}
      </span>
      <div className={classes.value}>
        {file ? (
          <Suspense fallback={null}><FileField table={table} column={column} row={row} handle={handle} editable={editable} /></Suspense>
        ) : editing ? (
          <FieldEditor column={column} draft={draft} autoFocus inPanel={inPanel} error={problem} onDraft={setDraft} onCommit={commit} onCancel={() => { if (!problem || isTyped(column)) stop(true); }} />
        ) : editable && column.type === "json" ? (
          <div className={classes.fixed}>
            <span className={classes.content}>{content}</span>
            <ActionIcon className={classes.aside} aria-label={t("field.edit", { what: column.label })} onClick={() => start()}><Icon name="pencil" size={14} /></ActionIcon>
          </div>
        ) : editable ? (
          <>
            <button type="button" ref={display} className={classes.display} aria-labelledby={`label-${suffix} value-${suffix}`}
              onClick={() => start()} onKeyDown={onKeyDown}>
              <span id={`value-${suffix}`} className={classes.content}>{content}</span>
            </button>
            <Aside column={column} value={value} onPeek={setPeek} />
          </>
        ) : (
          <div className={classes.fixed}><span className={classes.content}>{content}</span><Aside column={column} value={value} onPeek={setPeek} /></div>
        )}
      </div>
    </div>
  );
}

/** The way from a value to what it means: a record, a mail, a call. */
function Aside({ column, value, onPeek }: { column: Column; value: unknown; onPeek: (on: boolean) => void }) {
  const { t } = useTranslation();
  if (value === null || value === undefined || value === "") return null;
  if (column.type === "lookup") {
    const ref = value as Reference;
    return <Link to={recordPath(ref.table, ref.id)} className={classes.aside} aria-label={t("field.openRecord", { name: ref.name })} onFocus={(e) => { if (e.currentTarget.matches(":focus-visible")) onPeek(true); }} onBlur={() => onPeek(false)}><Icon name="arrowRight" size={14} /></Link>;
  }
  if (/^emailaddress\d$/.test(column.name)) {
    return <a href={`mailto:${String(value)}`} className={classes.aside} aria-label={t("field.mail", { to: String(value) })}><Icon name="mail" size={14} /></a>;
  }
  if (/^(telephone\d|mobilephone)$/.test(column.name)) {
    return <a href={`tel:${String(value)}`} className={classes.aside} aria-label={t("field.call", { to: String(value) })}><Icon name="phone" size={14} /></a>;
  }
  return null;
}
