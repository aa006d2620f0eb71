import { ActionIcon, Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta, useTables } from "@/api/metadata";
import { createRecord, deleteRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { patch, useRefresh, useRows } from "./data";
import { Linked } from "./Linked";
import { Secured, useSecured } from "./Secured";

/** Column security: who reads, gives and changes columns that are secured. */
export function Profiles() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [chosen, setChosen] = useState<string>();
  const [making, setMaking] = useState(false);
  const [name, setName] = useState("");
  const profiles = useRows("fieldsecurityprofiles", { select: ["fieldsecurityprofileid", "name"], orderby: "name" });
  if (profiles.isError) return <Failure error={profiles.error} onRetry={() => void profiles.refetch()} />;
  const id = chosen ?? (profiles.data?.[0]?.fieldsecurityprofileid as string | undefined);
  return (
    <>
      <Secured />
      <div className={classes.bar}>
        <Select label={t("admin.profile.one")} searchable allowDeselect={false} value={id ?? null} onChange={(v) => setChosen(v ?? undefined)}
          data={(profiles.data ?? []).map((r) => ({ value: String(r.fieldsecurityprofileid), label: String(r.name) }))} />
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => { setName(""); setMaking(true); }}>{t("admin.profile.new")}</Button>
      </div>
      {id ? <Profile key={id} id={id} /> : profiles.data && <Calm icon="lock" title={t("admin.profile.none")}>{t("admin.profile.hint")}</Calm>}
      {making && (
        <ConfirmDialog title={t("admin.profile.new")} confirm={t("common.create")} disabled={!name.trim()} onClose={() => setMaking(false)} run={async () => {
          const made = await createRecord("fieldsecurityprofiles", "fieldsecurityprofileid", { name });
          await refresh();
          setChosen(made);
        }}>
          <TextInput label={t("admin.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} required data-autofocus />
        </ConfirmDialog>
      )}
    </>
  );
}

const kinds = ["canread", "cancreate", "canupdate"] as const;

function Profile({ id }: { id: string }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [table, setTable] = useState("");
  const [column, setColumn] = useState("");
  const tables = useTables();
  const meta = useTableMeta(table);
  const secured = useSecured();
  const offered = (meta.data?.columns ?? []).filter((c) => secured.data?.some((s) => s.table === table && s.column === c.name));
  const rows = useRows("fieldpermissions", { select: ["fieldpermissionid", "entityname", "attributelogicalname", ...kinds], filter: `_fieldsecurityprofileid_value eq ${id}`, orderby: "entityname,attributelogicalname" });
  const act = (work: () => Promise<unknown>) => void work().then(() => refresh(), toastFailure);
  return (
    <>
      <section className={classes.card}>
        <div className={classes.fields}>
          <Linked set="fieldsecurityprofiles" id={id} nav="systemuserprofiles_association" target="systemusers" targetId="systemuserid" targetName="fullname" label={t("admin.area.users")} />
          <Linked set="fieldsecurityprofiles" id={id} nav="teamprofiles_association" target="teams" targetId="teamid" targetName="name" label={t("admin.area.teams")} />
        </div>
      </section>
      <section className={classes.card}>
        <h2>{t("admin.profile.columns")}</h2>
        <div className={classes.bar} style={{ marginBottom: 12 }}>
          <Select label={t("admin.table")} searchable value={table || null} onChange={(v) => { setTable(v ?? ""); setColumn(""); }} data={(tables.data ?? []).map((x) => ({ value: x.logicalname, label: x.pluralLabel }))} />
          <Select label={t("admin.profile.column")} searchable value={column || null} disabled={!table} onChange={(v) => setColumn(v ?? "")} nothingFoundMessage={t("admin.profile.noneSecured")} data={offered.map((c) => ({ value: c.name, label: c.label }))} />
          <Button variant="default" disabled={!column} onClick={() => act(async () => {
            await createRecord("fieldpermissions", "fieldpermissionid", { entityname: table, attributelogicalname: column, canread: 4, cancreate: 0, canupdate: 0, "fieldsecurityprofileid@odata.bind": `/fieldsecurityprofiles(${id})` });
            setColumn("");
          })}>{t("admin.add")}</Button>
        </div>
        <div className={classes.box}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("admin.table")}</th><th scope="col">{t("admin.profile.column")}</th>{kinds.map((k) => <th key={k} scope="col">{t(`admin.profile.${k}`)}</th>)}<th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {(rows.data ?? []).map((r: Row) => (
                <tr key={String(r.fieldpermissionid)}>
                  <td>{String(r.entityname)}</td><th scope="row">{String(r.attributelogicalname)}</th>
                  {kinds.map((k) => (
                    <td key={k}><Checkbox aria-label={`${String(r.attributelogicalname)}: ${t(`admin.profile.${k}`)}`} checked={r[k] === 4} onChange={(e) => { const on = e.currentTarget.checked; act(() => patch("fieldpermissions", String(r.fieldpermissionid), { [k]: on ? 4 : 0 })); }} /></td>
                  ))}
                  <td className={classes.end}><ActionIcon aria-label={t("admin.removeOne", { name: r.attributelogicalname })} onClick={() => act(() => deleteRecord("fieldpermissions", String(r.fieldpermissionid)))}><Icon name="trash" size={15} /></ActionIcon></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
