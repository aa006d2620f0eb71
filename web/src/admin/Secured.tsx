import { ActionIcon, Button, Select } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useTableMeta, useTables } from "@/api/metadata";
import { API } from "@/api/odata";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import classes from "./admin.module.css";

export interface SecuredColumn { table: string; column: string }
interface Definition { LogicalName: string; Attributes: { LogicalName: string }[] }

/** The secured columns of all tables, without those that follow another one, such as an amount in the base currency. */
export function useSecured() {
  const query = `$select=LogicalName&$expand=${encodeURIComponent("Attributes($select=LogicalName;$filter=IsSecured eq true)")}`;
  return useQuery({
    queryKey: ["admin", "secured"],
    queryFn: async ({ signal }) => (await request<{ value: Definition[] }>(`${API}/EntityDefinitions?${query}`, { signal })).data.value.flatMap(({ LogicalName: table, Attributes }) => {
      const names = Attributes.map((a) => a.LogicalName);
      return names.filter((n) => !names.includes(n.replace(/_(?:base|name)$/, "")) || !/_(?:base|name)$/.test(n)).map((column): SecuredColumn => ({ table, column }));
    }),
  });
}

/** Which columns are secured at all. */
export function Secured() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [table, setTable] = useState("");
  const [column, setColumn] = useState("");
  const [change, setChange] = useState<SecuredColumn & { on: boolean }>();
  const tables = useTables();
  const meta = useTableMeta(table);
  const secured = useSecured();
  const labelOf = (name: string) => tables.data?.find((x) => x.logicalname === name)?.pluralLabel ?? name;
  const free = (meta.data?.columns ?? []).filter((c) => !secured.data?.some((s) => s.table === table && s.column === c.name));
  return (
    <section className={classes.card}>
      <h2>{t("admin.profile.secured")}</h2>
      <p className={classes.hint}>{t("admin.profile.hint")}</p>
      <div className={classes.bar}>
        <Select label={t("admin.table")} searchable value={table || null} onChange={(v) => { setTable(v ?? ""); setColumn(""); }} data={(tables.data ?? []).map((x) => ({ value: x.logicalname, label: x.pluralLabel }))} />
        <Select label={t("admin.profile.column")} searchable value={column || null} disabled={!table} onChange={(v) => setColumn(v ?? "")} data={free.map((c) => ({ value: c.name, label: c.label }))} />
        <Button variant="default" disabled={!column} onClick={() => setChange({ table, column, on: true })}>{t("admin.profile.secure")}</Button>
      </div>
      {(secured.data?.length ?? 0) > 0 && (
        <div className={classes.box} style={{ marginTop: 12 }}>
          <table className={classes.table} aria-label={t("admin.profile.secured")}>
            <thead><tr><th scope="col">{t("admin.table")}</th><th scope="col">{t("admin.profile.column")}</th><th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {secured.data?.map((s) => (
                <tr key={`${s.table}.${s.column}`}>
                  <td>{labelOf(s.table)}</td><th scope="row">{s.column}</th>
                  <td className={classes.end}><ActionIcon aria-label={t("admin.removeOne", { name: s.column })} onClick={() => setChange({ ...s, on: false })}><Icon name="trash" size={15} /></ActionIcon></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {change && (
        <ConfirmDialog title={t(change.on ? "admin.profile.secureOne" : "admin.profile.openOne", { name: `${labelOf(change.table)}, ${change.column}` })} confirm={t(change.on ? "admin.profile.secure" : "admin.profile.open")}
          danger onClose={() => setChange(undefined)} run={async () => {
            await request(`${API}/EntityDefinitions(LogicalName='${change.table}')/Attributes(LogicalName='${change.column}')`, { method: "PUT", body: { IsSecured: change.on } });
            setColumn("");
            await client.invalidateQueries({ queryKey: ["admin"] });
            await client.invalidateQueries({ queryKey: ["meta"] });
          }}>
          <p className={classes.hint} style={{ margin: 0 }}>{t(change.on ? "admin.profile.secureHint" : "admin.profile.openHint")}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
