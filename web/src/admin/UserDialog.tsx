import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { createRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { patch, useRefresh, useRows } from "./data";
import { Linked } from "./Linked";
import { SecretOnce } from "./SecretOnce";

export function useUnits() {
  const units = useRows("businessunits", { select: ["businessunitid", "name", "_parentbusinessunitid_value"], orderby: "name" });
  return { rows: units.data ?? [], options: (units.data ?? []).map((u) => ({ value: String(u.businessunitid), label: String(u.name) })) };
}

export function NewUser({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const units = useUnits();
  const top = units.rows.find((u) => !u._parentbusinessunitid_value)?.businessunitid as string | undefined;
  const [form, setForm] = useState({ firstname: "", lastname: "", domainname: "", internalemailaddress: "", unit: "" });
  const set = (name: keyof typeof form) => (e: { currentTarget: { value: string } }) => { const { value } = e.currentTarget; setForm((old) => ({ ...old, [name]: value })); };
  const unit = form.unit || top || "";
  return (
    <ConfirmDialog title={t("admin.user.new")} confirm={t("common.create")} onClose={onClose} disabled={!form.lastname.trim() || !form.domainname.trim() || !unit} run={async () => {
      const id = await createRecord("systemusers", "systemuserid", { firstname: form.firstname || null, lastname: form.lastname, domainname: form.domainname,
        internalemailaddress: form.internalemailaddress || null, "businessunitid@odata.bind": `/businessunits(${unit})` });
      await refresh();
      onMade(id);
      return "stay";
    }}>
      <div className={classes.fields}>
        <TextInput label={t("admin.user.firstname")} value={form.firstname} onChange={set("firstname")} data-autofocus />
        <TextInput label={t("admin.user.lastname")} value={form.lastname} onChange={set("lastname")} required />
        <TextInput label={t("admin.user.username")} value={form.domainname} onChange={set("domainname")} autoCapitalize="none" spellCheck={false} required />
        <TextInput label={t("admin.user.email")} type="email" value={form.internalemailaddress} onChange={set("internalemailaddress")} />
        <Select label={t("admin.unit")} data={units.options} value={unit || null} onChange={(v) => setForm((old) => ({ ...old, unit: v ?? "" }))} searchable allowDeselect={false} />
      </div>
    </ConfirmDialog>
  );
}

interface SignInState { factors: { id: string; kind: string; name: string }[]; sessions: { id: string; agent: string; address: string; seenon: string }[] }

/** One person: unit, manager, roles, teams, profiles, and how they sign in. */
export function UserDialog({ user, others, onClose }: { user: Row; others: Row[]; onClose: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const units = useUnits();
  const [secret, setSecret] = useState<string>();
  const id = String(user.systemuserid);
  const state = useQuery({ queryKey: ["admin", "signin", id], queryFn: async ({ signal }) => (await request<SignInState>(`/api/auth/admin/users/${id}`, { signal })).data });
  const act = (work: () => Promise<unknown>, done: string) => void work().then(async () => { toast(done); await refresh(); }, toastFailure);
  const off = user.isdisabled === true;
  return (
    <Modal opened onClose={onClose} title={String(user.fullname ?? "")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className={classes.stack}>
        <div className={classes.fields}>
          <Select label={t("admin.unit")} data={units.options} value={String(user._businessunitid_value ?? "")} searchable allowDeselect={false}
            onChange={(v) => v && act(() => patch("systemusers", id, { "businessunitid@odata.bind": `/businessunits(${v})` }), t("admin.saved"))} />
          <Select label={t("admin.user.manager")} data={others.filter((o) => o.systemuserid !== id && o.domainname !== "system").map((o) => ({ value: String(o.systemuserid), label: String(o.fullname) }))}
            value={user._parentsystemuserid_value ? String(user._parentsystemuserid_value) : null} searchable clearable clearButtonProps={{ "aria-label": t("admin.clear") }}
            onChange={(v) => act(() => patch("systemusers", id, { "parentsystemuserid@odata.bind": v ? `/systemusers(${v})` : null }), t("admin.saved"))} />
        </div>
        <Linked set="systemusers" id={id} nav="systemuserroles_association" target="roles" targetId="roleid" targetName="name" label={t("admin.area.roles")} />
        <Linked set="systemusers" id={id} nav="teammembership_association" target="teams" targetId="teamid" targetName="name" label={t("admin.area.teams")} />
        <Linked set="systemusers" id={id} nav="systemuserprofiles_association" target="fieldsecurityprofiles" targetId="fieldsecurityprofileid" targetName="name" label={t("admin.area.profiles")} />
        {secret && <SecretOnce label={t("admin.user.resetLink")} value={`${location.origin}/reset#${secret}`} />}
        <div className={classes.row}>
          <Button variant="default" onClick={() => void request<{ secret: string }>(`/api/auth/admin/users/${id}/reset`, { method: "POST" }).then((a) => setSecret(a.data.secret), toastFailure)}>{t("admin.user.reset")}</Button>
          <Button variant="default" disabled={!state.data?.sessions.length} onClick={() => act(() => request(`/api/auth/admin/users/${id}/sessions`, { method: "DELETE" }), t("admin.user.sessionsEnded"))}>
            {t("admin.user.endSessions", { count: state.data?.sessions.length ?? 0 })}
          </Button>
          <Button variant="default" disabled={!state.data?.factors.length} onClick={() => act(() => request(`/api/auth/admin/users/${id}/factors`, { method: "DELETE" }), t("admin.user.factorsGone"))}>
            {t("admin.user.dropFactors", { count: state.data?.factors.length ?? 0 })}
          </Button>
          <Button variant="default" color={off ? undefined : "red.8"} onClick={() => act(() => patch("systemusers", id, { isdisabled: !off }), t("admin.saved"))}>{t(off ? "admin.user.enable" : "admin.user.disable")}</Button>
        </div>
      </div>
    </Modal>
  );
}
