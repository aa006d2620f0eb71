import { ActionIcon, Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { createRecord, deleteRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { patch, useRefresh, useRows } from "./data";

/** The bits of an access mask that a template can give. */
const bits = { Read: 1, Write: 2, Append: 4, AppendTo: 16, Delete: 65_536, Share: 262_144, Assign: 524_288 };
type Right = keyof typeof bits;

const rightsOf = (mask: unknown) => (Object.keys(bits) as Right[]).filter((r) => (Number(mask) & bits[r]) !== 0);

/** What people may do who are put on one record together; without a template of its table a record has no access team. */
export function TeamTemplates() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const { data: tables } = useTables();
  const [open, setOpen] = useState<Row | "new">();
  const templates = useRows("teamtemplates", { select: ["teamtemplateid", "teamtemplatename", "description", "rpt_table", "defaultaccessrightsmask"], orderby: "teamtemplatename" });
  if (!templates.data) return null;
  const label = (name: unknown) => tables?.find((x) => x.logicalname === name)?.pluralLabel ?? String(name ?? "");
  return (
    <section className={classes.card}>
      <div className={classes.row} style={{ justifyContent: "space-between" }}>
        <h2>{t("admin.template.title")}</h2>
        <Button size="compact-md" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setOpen("new")}>{t("admin.template.new")}</Button>
      </div>
      <p className={classes.hint}>{t("admin.template.hint")}</p>
      {templates.data.length > 0 && (
        <div className={classes.box} tabIndex={0} role="region" aria-label={t("admin.template.title")}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("admin.name")}</th><th scope="col">{t("admin.table")}</th><th scope="col">{t("admin.template.rights")}</th><th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {templates.data.map((x) => (
                <tr key={String(x.teamtemplateid)}>
                  <th scope="row"><button type="button" className={classes.link} onClick={() => setOpen(x)}>{String(x.teamtemplatename)}</button></th>
                  <td>{label(x.rpt_table)}</td>
                  <td>{rightsOf(x.defaultaccessrightsmask).map((r) => t(`admin.right.${r}`)).join(", ")}</td>
                  <td className={classes.end}><ActionIcon aria-label={t("admin.removeOne", { name: String(x.teamtemplatename) })}
                    onClick={() => void deleteRecord("teamtemplates", String(x.teamtemplateid)).then(refresh, toastFailure)}><Icon name="trash" size={15} /></ActionIcon></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open && <Template row={open === "new" ? undefined : open} onClose={() => setOpen(undefined)} />}
    </section>
  );
}

function Template({ row, onClose }: { row?: Row; onClose: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const { data: tables } = useTables();
  const [name, setName] = useState(String(row?.teamtemplatename ?? ""));
  const [about, setAbout] = useState(String(row?.description ?? ""));
  const [table, setTable] = useState(String(row?.rpt_table ?? ""));
  const [rights, setRights] = useState<string[]>(row ? rightsOf(row.defaultaccessrightsmask) : ["Read", "Write", "AppendTo"]);
  const mask = rights.reduce((sum, r) => sum + bits[r as Right], 0);
  return (
    <ConfirmDialog title={row ? String(row.teamtemplatename) : t("admin.template.new")} confirm={t("common.save")} onClose={onClose} disabled={!name.trim() || !table || mask === 0}
      run={async () => {
        const body = { teamtemplatename: name.trim(), description: about.trim() || null, rpt_table: table, defaultaccessrightsmask: mask };
        if (row) await patch("teamtemplates", String(row.teamtemplateid), body);
        else await createRecord("teamtemplates", "teamtemplateid", body);
        await refresh();
        toast(t("admin.saved"));
      }}>
      <div className={classes.stack}>
        <TextInput label={t("admin.name")} required maxLength={160} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label={t("admin.description")} maxLength={2000} value={about} onChange={(e) => setAbout(e.currentTarget.value)} />
        <Select label={t("admin.table")} required searchable allowDeselect={false} disabled={Boolean(row)} value={table || null} onChange={(v) => setTable(v ?? "")} nothingFoundMessage={t("admin.none")}
          data={(tables ?? []).map((x) => ({ value: x.logicalname, label: x.pluralLabel }))} />
        <Checkbox.Group label={t("admin.template.rights")} value={rights} onChange={setRights}>
          <div className={classes.row} style={{ marginBlockStart: 6 }}>{Object.keys(bits).map((r) => <Checkbox key={r} value={r} label={t(`admin.right.${r}`)} />)}</div>
        </Checkbox.Group>
      </div>
    </ConfirmDialog>
  );
}
