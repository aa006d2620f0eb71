import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import classes from "./admin.module.css";
import { patch, useRefresh, useRows } from "./data";

interface Editing { id?: string; name: string; parent: string }

/** The tree of business units. Moving one moves what roles reach, at once. */
export function Units() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [edit, setEdit] = useState<Editing>();
  const units = useRows("businessunits", { select: ["businessunitid", "name", "_parentbusinessunitid_value"], orderby: "name" });
  const people = useRows("systemusers", { select: ["systemuserid", "_businessunitid_value"], filter: "isdisabled ne true" });
  if (units.isError) return <Failure error={units.error} onRetry={() => void units.refetch()} />;
  const rows = units.data ?? [];
  const below = (parent: string | null) => rows.filter((u) => (u._parentbusinessunitid_value ?? null) === parent);
  const count = (id: unknown) => (people.data ?? []).filter((p) => p._businessunitid_value === id).length;
  const inside = (id: string): string[] => [id, ...below(id).flatMap((u) => inside(String(u.businessunitid)))];

  const branch = (list: Row[]) => (
    <ul className={classes.tree}>
      {list.map((u) => {
        const id = String(u.businessunitid);
        return (
          <li key={id}>
            <div className={classes.unit}>
              <Icon name="team" size={15} />
              <span className="grow">{String(u.name)}</span>
              <span className="faint tnum">{t("admin.people", { count: count(id) })}</span>
              <ActionIcon aria-label={t("admin.unitEdit", { name: u.name })} onClick={() => setEdit({ id, name: String(u.name), parent: String(u._parentbusinessunitid_value ?? "") })}><Icon name="pencil" size={15} /></ActionIcon>
              <ActionIcon aria-label={t("admin.unitBelow", { name: u.name })} onClick={() => setEdit({ name: "", parent: id })}><Icon name="plus" size={15} /></ActionIcon>
            </div>
            {below(id).length > 0 && branch(below(id))}
          </li>
        );
      })}
    </ul>
  );

  return (
    <section className={classes.card} aria-busy={units.isPending}>
      <div className={classes.bar} style={{ marginBottom: 10 }}>
        <div><h2>{t("admin.area.units")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("admin.unitsHint")}</p></div>
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setEdit({ name: "", parent: String(below(null)[0]?.businessunitid ?? "") })}>{t("admin.unitNew")}</Button>
      </div>
      {branch(below(null))}
      {edit && (
        <ConfirmDialog title={edit.id ? t("admin.unitEdit", { name: edit.name }) : t("admin.unitNew")} confirm={t("common.save")} disabled={!edit.name.trim()} onClose={() => setEdit(undefined)} run={async () => {
          const body: Row = { name: edit.name };
          if (edit.parent) body["parentbusinessunitid@odata.bind"] = `/businessunits(${edit.parent})`;
          if (edit.id) await patch("businessunits", edit.id, body);
          else await createRecord("businessunits", "businessunitid", body);
          await refresh();
        }}>
          <div className={classes.stack}>
            <TextInput label={t("admin.name")} value={edit.name} onChange={(e) => { const { value } = e.currentTarget; setEdit({ ...edit, name: value }); }} required data-autofocus />
            {(edit.parent || !edit.id) && (
              <Select label={t("admin.unitParent")} searchable allowDeselect={false} value={edit.parent} onChange={(v) => setEdit({ ...edit, parent: v ?? edit.parent })}
                data={rows.filter((u) => !edit.id || !inside(edit.id).includes(String(u.businessunitid))).map((u) => ({ value: String(u.businessunitid), label: String(u.name) }))} />
            )}
          </div>
        </ConfirmDialog>
      )}
    </section>
  );
}
