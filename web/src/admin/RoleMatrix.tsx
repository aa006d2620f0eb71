import { Button, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { changeTogether, type Operation } from "@/api/batch";
import { API } from "@/api/odata";
import { useTables } from "@/api/metadata";
import type { Row } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { useRefresh, useRows } from "./data";
import { depthOfKey, depths, nextDepth, part, rights } from "./depth";

interface Line { name: string; label: string; owned: boolean }
interface Texts { LocalizedLabels: { Label: string; LanguageCode: number }[] }
interface Definition { LogicalName: string; OwnershipType: string; DisplayCollectionName: Texts }

const german = 1031;
const english = 1033;

const all = "*";
const keyOf = (table: string, right: number) => `${table} ${right}`;

export function Disc({ depth }: { depth: number }) {
  return <span className={classes.disc} data-depth={depth} style={{ "--part": part[depth] } as CSSProperties} />;
}

/**
 * Tables by rights. A cell is changed by the space bar, by a click or by the
 * digits 0 to 4; arrows move. Nothing is written before it is saved.
 */
export function RoleMatrix({ role, name }: { role: string; name: string }) {
  const { t, i18n } = useTranslation();
  const refresh = useRefresh();
  const tables = useTables();
  const box = useRef<HTMLDivElement>(null);
  const [words, setWords] = useState("");
  const [given, setGiven] = useState(false);
  const [busy, setBusy] = useState(false);
  const [changes, setChanges] = useState<Record<string, number>>({});
  const [at, setAt] = useState({ row: 0, column: 0 });
  const rows = useRows("roleprivilegescollection", { select: ["roleprivilegesid", "rpt_table", "accessright", "privilegedepthmask"], filter: `_roleid_value eq ${role}` });
  const definitions = useQuery({
    queryKey: ["admin-definitions"], staleTime: 300_000,
    queryFn: async ({ signal }) => (await request<{ value: Definition[] }>(`${API}/EntityDefinitions?$select=LogicalName,OwnershipType,DisplayCollectionName`, { signal })).data.value,
  });
  const held = useMemo(() => new Map((rows.data ?? []).map((r) => [keyOf(String(r.rpt_table), Number(r.accessright)), r] as const)), [rows.data]);
  const lines = useMemo<Line[]>(() => {
    const labels = new Map((tables.data ?? []).map((x) => [x.logicalname, x.pluralLabel]));
    const list = (definitions.data ?? []).map((d) => {
      // Ties between tables and what only the platform shows have no page, but words all the same.
      const words = (code: number) => d.DisplayCollectionName?.LocalizedLabels.find((l) => l.LanguageCode === code)?.Label;
      const own = (i18n.language.startsWith("de") ? words(german) : undefined) ?? words(english);
      return { name: d.LogicalName, label: labels.get(d.LogicalName) ?? own ?? d.LogicalName, owned: d.OwnershipType === "UserOwned" };
    });
    return [{ name: all, label: t("admin.role.every"), owned: false }, ...list.sort((a, b) => a.label.localeCompare(b.label))];
  }, [definitions.data, tables.data, t, i18n.language]);
  if (rows.isError || definitions.isError) return <Failure error={rows.error ?? definitions.error} onRetry={() => { void rows.refetch(); void definitions.refetch(); }} />;

  const depthAt = (table: string, right: number) => changes[keyOf(table, right)] ?? Number(held.get(keyOf(table, right))?.privilegedepthmask ?? 0);
  const shown = lines.filter((l) => `${l.label} ${l.name}`.toLowerCase().includes(words.trim().toLowerCase()) && (!given || rights.some((r) => depthAt(l.name, r.value) > 0)));
  const changed = Object.keys(changes).length;

  function set(line: Line, right: number, depth: number) {
    const key = keyOf(line.name, right);
    const before = Number(held.get(key)?.privilegedepthmask ?? 0);
    setChanges(({ [key]: _, ...rest }) => (depth === before ? rest : { ...rest, [key]: depth }));
  }

  function onKey(event: KeyboardEvent, line: Line, right: number) {
    const step: Record<string, [number, number]> = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], PageDown: [10, 0], PageUp: [-10, 0] };
    const move = step[event.key];
    const depth = depthOfKey(event.key, line.owned);
    if (event.ctrlKey || event.metaKey || event.altKey || (!move && depth === undefined)) return;
    event.preventDefault();
    if (depth !== undefined) {
      if (event.shiftKey) return;
      set(line, right, depth);
      return;
    }
    const row = Math.min(shown.length - 1, Math.max(0, at.row + move![0]));
    const column = Math.min(rights.length - 1, Math.max(0, at.column + move![1]));
    setAt({ row, column });
    box.current?.querySelector<HTMLButtonElement>(`[data-cell="${row}-${column}"]`)?.focus();
  }

  async function save() {
    setBusy(true);
    try {
      await changeTogether(Object.entries(changes).map(([key, depth]): Operation => {
        const [table, right] = key.split(" ");
        const row = held.get(key) as Row | undefined;
        const path = row && `roleprivilegescollection(${String(row.roleprivilegesid)})`;
        if (path && depth === 0) return { method: "DELETE", path };
        if (path) return { method: "PATCH", path, body: { privilegedepthmask: depth } };
        return { method: "POST", path: "roleprivilegescollection", body: { "roleid@odata.bind": `/roles(${role})`, rpt_table: table, accessright: Number(right), privilegedepthmask: depth } };
      }));
      setChanges({});
      toast(t("admin.saved"));
    } catch (error) {
      toastFailure(error);
    } finally {
      await refresh();
      setBusy(false);
    }
  }

  return (
    <>
      <div className={classes.bar}>
        <TextInput label={t("admin.role.find")} value={words} onChange={(e) => setWords(e.currentTarget.value)} leftSection={<Icon name="search" size={15} />} />
        <Switch label={t("admin.role.given")} checked={given} onChange={(e) => setGiven(e.currentTarget.checked)} pb={6} />
      </div>
      <div className={classes.legend} aria-hidden="true">
        {depths.map((d, i) => <span key={d}><Disc depth={d} /> {t(`admin.depth.${d}`)} <kbd>{i}</kbd></span>)}
      </div>
      <div className={classes.box} ref={box} style={{ maxBlockSize: "64vh" }} aria-busy={rows.isPending || definitions.isPending}>
        <table className={classes.matrix} aria-label={t("admin.role.matrix", { name })}>
          <thead><tr><th scope="col">{t("admin.table")}</th>{rights.map((r) => <th key={r.value} scope="col">{t(`admin.right.${r.name}`)}</th>)}</tr></thead>
          <tbody>
            {shown.map((line, i) => (
              <tr key={line.name}>
                <th scope="row">{line.label}{line.label !== line.name && <small>{line.name}</small>}</th>
                {rights.map((r, j) => {
                  const depth = depthAt(line.name, r.value);
                  return (
                    <td key={r.value}>
                      <button type="button" className={classes.cell} data-cell={`${i}-${j}`} data-changed={keyOf(line.name, r.value) in changes || undefined}
                        tabIndex={Math.min(at.row, shown.length - 1) === i && at.column === j ? 0 : -1}
                        aria-label={t("admin.role.cell", { table: line.label, right: t(`admin.right.${r.name}`), depth: t(`admin.depth.${depth}`) })}
                        onFocus={() => setAt({ row: i, column: j })} onKeyDown={(e) => onKey(e, line, r.value)}
                        onClick={(e) => set(line, r.value, nextDepth(depth, line.owned, e.shiftKey))}>
                        <Disc depth={depth} />
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {changed > 0 && (
        <div className={classes.save}>
          <span className="grow">{t("admin.role.changes", { count: changed })}</span>
          <Button variant="default" disabled={busy} onClick={() => setChanges({})}>{t("common.cancel")}</Button>
          <Button loading={busy} onClick={() => void save()}>{t("common.save")}</Button>
        </div>
      )}
    </>
  );
}
