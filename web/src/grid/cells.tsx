import type { ReactNode } from "react";
import { Said } from "@/i18n/Said";
import { display, formatAgo, formatInstant, formatPercent, isNumeric, manyOf, optionFor } from "@/lib/format";
import { nameOf, parseJson, valueOf } from "@/api/rows";
import type { Column, Reference, Row, Table } from "@/api/types";
import { Avatar } from "@/ui/Avatar";
import { Grade } from "@/lead/Grade";
import { ScoreBar } from "@/lead/ScoreBar";
import { ChoiceBadge } from "@/ui/ChoiceBadge";
import { Icon } from "@/ui/icons";
import classes from "./cells.module.css";

/** What the platform has noted, such as why it could not go on. */
const said = (value: unknown) => <span className="clip"><Said text={value} /></span>;

type Special = (value: unknown, column: Column) => ReactNode;

/** Columns whose meaning deserves more than text. */
const special: Record<string, Special> = {
  msdyn_leadscore: (value) => <ScoreBar score={Number(value)} />,
  msdyn_leadgrade: (value, column) => <Grade value={Number(value)} label={optionFor(column, value)?.label} />,
  rpt_reasons: (value) => <span className="clip dim" title={reasonsText(value)}>{reasonsText(value)}</span>,
  rpt_reason: said, rpt_error: said, message: said,
  closeprobability: (value) => <span className="tnum">{formatPercent(Number(value) / 100)}</span>,
  rpt_propensity: (value) => <span className="tnum">{formatPercent(Number(value))}</span>,
};

/** Reasons as people read them: what is said, not how it is stored. */
function reasonsText(value: unknown): string {
  const list = parseJson<unknown>(value, []);
  if (!Array.isArray(list)) return "";
  return list.flatMap((r: { message?: string; text?: string } | string | null) => (typeof r === "string" ? r : (r?.message ?? r?.text ?? []))).join(" · ");
}

const people = new Set(["systemuser", "team"]);

/** One value as the grid shows it. Editors are elsewhere: this only displays. */
export function Cell({ table, column, row }: { table: Table; column: Column; row: Row }) {
  const value = valueOf(column, row);
  if (value === null || value === undefined || value === "") {
    return column.name === table.primaryname ? <NameCell table={table} row={row} /> : null;
  }
  if (column.name === table.primaryname) return <NameCell table={table} row={row} />;
  const own = special[column.name];
  if (own) return own(value, column);
  switch (column.type) {
    case "choice":
      return <ChoiceBadge option={optionFor(column, value)} fallback={display(column, row)} />;
    case "multichoice":
      return <span className="row">{manyOf(value).map((v) => <ChoiceBadge key={v} option={optionFor(column, v)} fallback={String(v)} />)}</span>;
    case "boolean":
      return value ? <span className={classes.yes}><Icon name="check" size={14} /><span className="clip">{display(column, row)}</span></span> : <span className="faint">{display(column, row)}</span>;
    case "lookup":
      return <ReferenceCell reference={value as Reference} />;
    case "datetime":
      return <time className="clip dim tnum" dateTime={String(value)} title={formatInstant(String(value))}>{recent(String(value))}</time>;
    case "json": case "id":
      return <span className="clip mono faint">{display(column, row)}</span>;
    default:
      return <span className={`clip ${isNumeric(column) || column.type === "date" ? "tnum" : ""}`}>{display(column, row)}</span>;
  }
}

const DAY = 86_400_000;

/** Fresh instants are told as a span, older ones as a date. */
function recent(value: string): string {
  return Math.abs(Date.now() - new Date(value).getTime()) < 2 * DAY ? formatAgo(value) : formatInstant(value);
}

function ReferenceCell({ reference }: { reference: Reference }) {
  const person = people.has(reference.table);
  return (
    <span className="row">
      {person && <Avatar name={reference.name} size={20} />}
      <span className="clip">{reference.name}</span>
    </span>
  );
}

function NameCell({ table, row }: { table: Table; row: Row }) {
  const name = nameOf(table, row);
  return (
    <>
      {(table.logicalname === "contact" || table.logicalname === "lead" || people.has(table.logicalname)) && <Avatar name={name} size={20} />}
      {table.logicalname === "account" && <Avatar name={name} size={20} square />}
      <span className={`clip ${classes.name}`}>{name || "—"}</span>
    </>
  );
}
