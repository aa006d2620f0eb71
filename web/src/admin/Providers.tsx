import { ActionIcon, Button, PasswordInput, Select, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";

interface Provider { id: string; name: string; issuer: string; clientid: string; match: string }

/** Identity providers by which people sign in with OpenID Connect. */
export function Providers() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [form, setForm] = useState<{ name: string; issuer: string; clientid: string; secret: string; match: string }>();
  const list = useQuery({ queryKey: ["admin", "providers"], queryFn: async ({ signal }) => (await request<{ value: Provider[] }>("/api/auth/admin/providers", { signal })).data.value });
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const again = () => client.invalidateQueries({ queryKey: ["admin", "providers"] });
  const set = (change: Partial<NonNullable<typeof form>>) => setForm((old) => old && { ...old, ...change });
  return (
    <section className={classes.card}>
      <div className={classes.bar} style={{ marginBottom: 12 }}>
        <div><h2>{t("admin.area.providers")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("admin.provider.hint", { address: `${location.origin}/api/auth/signin/sso` })}</p></div>
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setForm({ name: "", issuer: "", clientid: "", secret: "", match: "email" })}>{t("admin.provider.new")}</Button>
      </div>
      {list.data?.length === 0 ? <Calm small icon="lock" title={t("admin.provider.none")} /> : (
        <div className={classes.box}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("admin.name")}</th><th scope="col">{t("admin.provider.issuer")}</th><th scope="col">{t("admin.provider.client")}</th><th scope="col">{t("admin.provider.match")}</th><th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {(list.data ?? []).map((p) => (
                <tr key={p.id}><th scope="row">{p.name}</th><td>{p.issuer}</td><td>{p.clientid}</td><td>{t(`admin.provider.${p.match}`)}</td>
                  <td className={classes.end}><ActionIcon aria-label={t("admin.removeOne", { name: p.name })} onClick={() => void request(`/api/auth/admin/providers/${p.id}`, { method: "DELETE" }).then(again, toastFailure)}><Icon name="trash" size={15} /></ActionIcon></td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {form && (
        <ConfirmDialog title={t("admin.provider.new")} confirm={t("common.create")} disabled={!form.name.trim() || !form.issuer.trim() || !form.clientid.trim()} onClose={() => setForm(undefined)} run={async () => {
          await request("/api/auth/admin/providers", { method: "POST", body: { ...form, scopes: ["email", "profile"] } });
          await again();
        }}>
          <div className={classes.stack}>
            <TextInput label={t("admin.name")} value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} required data-autofocus />
            <TextInput label={t("admin.provider.issuer")} placeholder="https://login.example.com" value={form.issuer} onChange={(e) => set({ issuer: e.currentTarget.value })} required />
            <TextInput label={t("admin.provider.client")} value={form.clientid} onChange={(e) => set({ clientid: e.currentTarget.value })} required />
            <PasswordInput label={t("admin.provider.secret")} value={form.secret} onChange={(e) => set({ secret: e.currentTarget.value })} autoComplete="off" visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }} />
            <Select label={t("admin.provider.match")} allowDeselect={false} value={form.match} onChange={(v) => set({ match: v ?? "email" })} data={["email", "username"].map((v) => ({ value: v, label: t(`admin.provider.${v}`) }))} />
          </div>
        </ConfirmDialog>
      )}
    </section>
  );
}
