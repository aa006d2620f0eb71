import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeTogether } from "@/api/batch";
import { request } from "@/api/http";
import { listUrl } from "@/api/odata";
import { createRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import classes from "./admin.module.css";
import { useRefresh, useRows } from "./data";
import { RoleMatrix } from "./RoleMatrix";

/** As many privileges go into one request. */
const TOGETHER = 400;

/** Gives a new role what another has. */
async function copyRights(from: string, to: string): Promise<void> {
  const { data } = await request<{ value: Row[] }>(listUrl("roleprivilegescollection", { select: ["rpt_table", "accessright", "privilegedepthmask"], filter: `_roleid_value eq ${from}` }), { headers: { Prefer: "odata.maxpagesize=5000" } });
  for (let i = 0; i < data.value.length; i += TOGETHER) {
    await changeTogether(data.value.slice(i, i + TOGETHER).map((r) => ({
      method: "POST", path: "roleprivilegescollection",
      body: { "roleid@odata.bind": `/roles(${to})`, rpt_table: r.rpt_table, accessright: r.accessright, privilegedepthmask: r.privilegedepthmask },
    })));
  }
}

/** Roles: privileges by table and depth. */
export function Roles() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [chosen, setChosen] = useState<string>();
  const [making, setMaking] = useState(false);
  const [name, setName] = useState("");
  const [like, setLike] = useState<string | null>(null);
  const roles = useRows("roles", { select: ["roleid", "name", "description"], orderby: "name" });
  if (roles.isError) return <Failure error={roles.error} onRetry={() => void roles.refetch()} />;
  const role = roles.data?.find((r) => r.roleid === chosen) ?? roles.data?.[0];
  return (
    <>
      <div className={classes.bar}>
        <Select label={t("admin.role.one")} searchable allowDeselect={false} value={role ? String(role.roleid) : null} onChange={(v) => setChosen(v ?? undefined)}
          data={(roles.data ?? []).map((r) => ({ value: String(r.roleid), label: String(r.name) }))} />
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => { setName(""); setLike(null); setMaking(true); }}>{t("admin.role.new")}</Button>
      </div>
      {role && <RoleMatrix key={String(role.roleid)} role={String(role.roleid)} name={String(role.name)} />}
      {making && (
        <ConfirmDialog title={t("admin.role.new")} confirm={t("common.create")} disabled={!name.trim()} onClose={() => setMaking(false)} run={async () => {
          const id = await createRecord("roles", "roleid", { name });
          try {
            if (like) await copyRights(like, id);
          } finally {
            await refresh();
          }
          setChosen(id);
        }}>
          <TextInput label={t("admin.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} required data-autofocus />
          <Select mt="sm" label={t("admin.role.like")} searchable clearable clearButtonProps={{ "aria-label": t("admin.clear") }} value={like} onChange={setLike}
            data={(roles.data ?? []).map((r) => ({ value: String(r.roleid), label: String(r.name) }))} />
        </ConfirmDialog>
      )}
    </>
  );
}
