import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createRecord } from "@/api/records";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import classes from "./admin.module.css";
import { useRefresh, useRows } from "./data";
import { RoleMatrix } from "./RoleMatrix";

/** Roles: privileges by table and depth. */
export function Roles() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [chosen, setChosen] = useState<string>();
  const [making, setMaking] = useState(false);
  const [name, setName] = useState("");
  const roles = useRows("roles", { select: ["roleid", "name", "description"], orderby: "name" });
  if (roles.isError) return <Failure error={roles.error} onRetry={() => void roles.refetch()} />;
  const role = roles.data?.find((r) => r.roleid === chosen) ?? roles.data?.[0];
  return (
    <>
      <div className={classes.bar}>
        <Select label={t("admin.role.one")} searchable allowDeselect={false} value={role ? String(role.roleid) : null} onChange={(v) => setChosen(v ?? undefined)}
          data={(roles.data ?? []).map((r) => ({ value: String(r.roleid), label: String(r.name) }))} />
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => { setName(""); setMaking(true); }}>{t("admin.role.new")}</Button>
      </div>
      {role && <RoleMatrix key={String(role.roleid)} role={String(role.roleid)} name={String(role.name)} />}
      {making && (
        <ConfirmDialog title={t("admin.role.new")} confirm={t("common.create")} disabled={!name.trim()} onClose={() => setMaking(false)} run={async () => {
          const id = await createRecord("roles", "roleid", { name });
          await refresh();
          setChosen(id);
        }}>
          <TextInput label={t("admin.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} required data-autofocus />
        </ConfirmDialog>
      )}
    </>
  );
}
