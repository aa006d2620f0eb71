import { Alert, Button, Checkbox, MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { useTableMeta, useTables } from "@/api/metadata";
import type { Column } from "@/api/types";
import { Said } from "@/i18n/Said";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "@/scoring/scoring.module.css";
import { LookupBy } from "./LookupBy";
import { SavedMaps } from "./SavedMaps";
import type { FileState, Mapping, Preview } from "./types";

const SKIP = "-";

/** What the columns of one file mean. */
export function FileMapping({ file, onSaved, removable }: { file: FileState; onSaved: () => void; removable: boolean }) {
  const { t } = useTranslation();
  const [table, setTable] = useState(file.table);
  const [mapping, setMapping] = useState<Mapping | undefined>(file.mapping);
  const [saved, setSaved] = useState(file.mapping !== undefined);
  const [busy, setBusy] = useState(false);
  const { data: tables } = useTables();
  const look = useQuery({
    queryKey: ["import file", file.id, table, mapping ?? null], retry: false,
    queryFn: async ({ signal }) => (await request<Preview>(`/api/imports/files/${file.id}/preview?table=${table}`, { method: "POST", body: mapping ?? {}, signal })).data,
  });
  const [seen, setSeen] = useState<Preview>();
  useEffect(() => {
    if (!look.data) return;
    setSeen(look.data);
    // Another sheet or encoding has other columns: what they mean is suggested anew.
    if (!mapping?.columns) setMapping({ ...mapping, ...look.data.suggestion, zone: mapping?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone });
  }, [look.data, mapping]);
  const remove = async () => {
    try {
      await request(`/api/imports/files/${file.id}`, { method: "DELETE" });
      onSaved();
    } catch (error) {
      toastFailure(error);
    }
  };
  const out = removable && <Button variant="default" onClick={() => void remove()}>{t("transfer.removeFile")}</Button>;
  if (look.isError && !seen) {
    return <section className={classes.card} aria-label={file.name}><h2>{file.name}</h2><Failure error={look.error} onRetry={() => void look.refetch()} />{out}</section>;
  }
  if (!seen || !mapping) return null;
  const change = (part: Partial<Mapping>) => { setMapping({ ...mapping, ...part }); setSaved(false); };
  const keep = async () => {
    setBusy(true);
    try {
      await request(`/api/imports/files/${file.id}?table=${table}`, { method: "PUT", body: mapping });
      setSaved(true);
      toast(t("transfer.mapped"));
      onSaved();
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  };
  /** What was kept for files of a kind holds for the columns that this one has; of the others it is told. */
  const take = (m: Mapping) => {
    const has = (name: string) => seen.columns.some((c) => c.name === name);
    const lacking = Object.keys(m.columns ?? {}).filter((name) => !has(name));
    const columns = Object.fromEntries(Object.entries(m.columns ?? {}).filter(([name]) => has(name)));
    const lookups = Object.fromEntries(Object.entries(m.lookups ?? {}).filter(([name]) => has(name)));
    const filled = new Set([...Object.values(columns), ...Object.keys(m.defaults ?? {})]);
    setMapping({ ...m, columns, lookups: Object.keys(lookups).length ? lookups : undefined, match: m.match?.filter((name) => filled.has(name)),
      sheet: m.sheet && seen.sheets?.includes(m.sheet) ? m.sheet : mapping.sheet, encoding: mapping.encoding, delimiter: mapping.delimiter });
    setSaved(false);
    if (lacking.length) toast(t("transfer.mapLacks", { names: lacking.join(", ") }));
  };
  return (
    <section className={classes.card} aria-label={file.name}>
      <h2>{file.name}</h2>
      <p className={classes.hint}>{seen.kind === "xlsx" ? t("transfer.foundSheet", { count: seen.columns.length, sheet: seen.sheet ?? "" })
        : t("transfer.found", { count: seen.columns.length, encoding: seen.encoding ?? "", delimiter: seen.delimiter === "\t" ? "Tab" : (seen.delimiter ?? "") })}</p>
      <div className={classes.fields}>
        <Select label={t("transfer.table")} searchable allowDeselect={false} data={(tables ?? []).map((x) => ({ value: x.logicalname, label: x.pluralLabel }))} value={table}
          onChange={(v) => { if (v && v !== table) { setTable(v); setMapping(undefined); setSeen(undefined); setSaved(false); } }} />
        <Fields table={table} mapping={mapping} preview={seen} change={change} />
      </div>
      <Checkbox label={t("transfer.clear")} checked={mapping.clear === true} onChange={(e) => change({ clear: e.currentTarget.checked })} mb="md" />
      <Columns table={table} mapping={mapping} preview={seen} change={change} />
      {look.isError && <Alert data-tone="bad" role="alert" mt="md">{[asApiError(look.error).message].join(" ")}</Alert>}
      {seen.bad.length > 0 && !look.isError && (
        <Alert data-tone="warn" icon={<Icon name="warning" />} title={t("transfer.wouldRefuse", { good: seen.good, looked: seen.looked })} mt="md">
          <ul className={classes.list}>{seen.bad.slice(0, 5).map((b) => <li key={b.line}>{t("history.line", { line: b.line })}: <Said text={b.reasons} /></li>)}</ul>
        </Alert>
      )}
      <div className={classes.end} style={{ marginBlockStart: 16 }}>
        <SavedMaps table={table} mapping={mapping} onPick={take} />
        {out}
        <Button loading={busy} disabled={look.isError || saved} onClick={() => void keep()}>{saved ? t("transfer.mapSaved") : t("transfer.mapSave")}</Button>
      </div>
    </section>
  );
}

interface Part { table: string; mapping: Mapping; preview: Preview; change: (part: Partial<Mapping>) => void }

/** What is said of columns that may be others now. */
const anew: Partial<Mapping> = { columns: undefined, lookups: undefined, match: undefined, mode: undefined };

function Fields({ table, mapping, preview, change }: Part) {
  const { t } = useTranslation();
  const meta = useTableMeta(table).data;
  const filled = new Set(Object.values(mapping.columns ?? {}));
  const mode = mapping.mode || "create";
  return (
    <>
      <Select label={t("transfer.mode")} allowDeselect={false} data={(["create", "update", "upsert"] as const).map((m) => ({ value: m, label: t(`transfer.modes.${m}`) }))} value={mode}
        onChange={(v) => change({ mode: v ?? "create", match: v === "create" ? undefined : mapping.match })} />
      {mode !== "create" && (
        <MultiSelect label={t("transfer.match")} value={mapping.match ?? []} onChange={(v) => change({ match: v })}
          data={(meta?.columns ?? []).filter((c) => filled.has(c.name) && c.type !== "memo").map((c) => ({ value: c.name, label: c.label }))} />
      )}
      <Select label={t("history.decimal")} allowDeselect={false} data={[{ value: ".", label: "1.5" }, { value: ",", label: "1,5" }]} value={mapping.decimal || "."} onChange={(v) => change({ decimal: v ?? "." })} />
      <Select label={t("transfer.dates")} clearable placeholder={t("transfer.foundOut")} value={mapping.dates ?? null} onChange={(v) => change({ dates: v ?? undefined })}
        data={[{ value: "iso", label: "2026-12-31" }, { value: "dmy", label: "31.12.2026" }, { value: "mdy", label: "12/31/2026" }]} />
      {preview.kind === "csv" && (
        <>
          <Select label={t("transfer.encoding")} clearable placeholder={t("transfer.foundOut")} value={mapping.encoding ?? null} onChange={(v) => change({ encoding: v ?? undefined, ...anew })}
            data={[{ value: "utf-8", label: "UTF-8" }, { value: "windows-1252", label: "Windows-1252" }, { value: "iso-8859-1", label: "ISO 8859-1" }, { value: "utf-16le", label: "UTF-16 LE" }, { value: "utf-16be", label: "UTF-16 BE" }]} />
          <Select label={t("transfer.delimiter")} clearable placeholder={t("transfer.foundOut")} value={mapping.delimiter ?? null} onChange={(v) => change({ delimiter: v ?? undefined, ...anew })}
            data={[{ value: ",", label: "," }, { value: ";", label: ";" }, { value: "tab", label: "Tab" }, { value: "|", label: "|" }]} />
        </>
      )}
      {preview.sheets && preview.sheets.length > 1 && (
        <Select label={t("transfer.sheet")} allowDeselect={false} data={preview.sheets} value={mapping.sheet ?? preview.sheet ?? null} onChange={(v) => change({ sheet: v ?? undefined, ...anew })} />
      )}
    </>
  );
}

/** A map without one of its keys; none where nothing is left. */
function without<T>(of: Record<string, T> | undefined, name: string): Record<string, T> | undefined {
  const left = Object.entries(of ?? {}).filter(([key]) => key !== name);
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

function Columns({ table, mapping, preview, change }: Part) {
  const { t } = useTranslation();
  const meta = useTableMeta(table).data;
  const lookupOf = (name: string) => meta?.columns.find((c) => c.name === mapping.columns?.[name] && (c.type === "lookup" || (c.targets?.length ?? 0) > 0));
  const targets = [{ value: SKIP, label: t("history.skip") },
    ...(meta?.columns ?? []).filter((c) => (!c.readonly || c.name === meta?.primaryid) && c.type !== "json" && c.type !== "file" && c.type !== "image").map((c) => ({ value: c.name, label: c.label }))];
  return (
    <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("history.columns")}>
      <table className={classes.table}>
        <thead><tr><th scope="col">{t("history.col.file")}</th><th scope="col">{t("history.col.examples")}</th><th scope="col">{t("history.col.becomes")}</th></tr></thead>
        <tbody>
          {preview.columns.map((c) => (
            <tr key={c.name}>
              <th scope="row">{c.name}</th>
              <td className="wide">{c.values.join(", ")}</td>
              <td>
                <Select aria-label={t("history.becomes", { name: c.name })} size="xs" w={230} searchable allowDeselect={false} data={targets} value={mapping.columns?.[c.name] ?? SKIP}
                  onChange={(v) => {
                    const columns = { ...mapping.columns };
                    if (!v || v === SKIP) delete columns[c.name];
                    else columns[c.name] = v;
                    change({ columns, lookups: without(mapping.lookups, c.name) });
                  }} />
                {lookupOf(c.name) && (
                  <LookupBy name={c.name} column={lookupOf(c.name) as Column} value={mapping.lookups?.[c.name] ?? {}}
                    onChange={(v) => change({ lookups: v ? { ...mapping.lookups, [c.name]: v } : without(mapping.lookups, c.name) })} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
