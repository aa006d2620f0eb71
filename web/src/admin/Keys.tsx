import { Button, Select } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { callBound } from "@/api/records";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { useRows } from "./data";
import { type Key, KeyTable, NewKey } from "./KeyList";
import { type ClientSecret, NewClient } from "./NewClient";
import { SecretOnce } from "./SecretOnce";

/** Keys of all users, and the secrets by which programs sign in with OAuth. */
export function Keys() {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [making, setMaking] = useState(false);
  const [user, setUser] = useState("");
  const [secret, setSecret] = useState<string>();
  const [letting, setLetting] = useState(false);
  const [client, setClient] = useState<ClientSecret>();
  const users = useRows("systemusers", { select: ["systemuserid", "fullname", "domainname", "applicationid"], orderby: "fullname", filter: "isdisabled ne true" });
  const keys = useQuery({ queryKey: ["admin", "keys"], queryFn: async ({ signal }) => (await request<{ keys: Key[]; secrets: Key[] }>("/api/auth/admin/keys", { signal })).data });
  if (keys.isError) return <Failure error={keys.error} onRetry={() => void keys.refetch()} />;
  const again = () => cache.invalidateQueries({ queryKey: ["admin", "keys"] });
  const names = new Map((users.data ?? []).map((u) => [String(u.systemuserid), String(u.fullname)]));
  const who = (id: string) => names.get(id) ?? "";
  return (
    <>
      <section className={classes.card}>
        <div className={classes.bar} style={{ marginBottom: 10 }}>
          <div><h2>{t("admin.area.keys")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("admin.key.hint")}</p></div>
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t("admin.key.new")}</Button>
        </div>
        <div className={classes.stack}>
          {secret && <SecretOnce label={t("admin.key.secret")} value={secret} />}
          <KeyTable keys={keys.data?.keys ?? []} who={who} onRevoke={(k) => void request(`/api/auth/admin/keys/${k.id}`, { method: "DELETE" }).then(again, toastFailure)} />
        </div>
      </section>
      <section className={classes.card}>
        <div className={classes.bar} style={{ marginBottom: 10 }}>
          <div><h2>{t("admin.key.clients")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("admin.key.clientsHint")}</p></div>
          <Button variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setLetting(true)}>{t("admin.client.new")}</Button>
        </div>
        <div className={classes.stack}>
          {client && <SecretOnce label={t("admin.client.secret", { id: client.ClientId })} value={client.ClientSecret} />}
          <KeyTable keys={keys.data?.secrets ?? []} who={who} onRevoke={(k) => void callBound("systemusers", k.systemuserid, "rpt_RevokeClientSecret", { SecretId: k.id }).then(again, toastFailure)} />
        </div>
      </section>
      {letting && <NewClient programs={(users.data ?? []).filter((u) => u.applicationid)} onClose={() => setLetting(false)} onMade={(c) => { setClient(c); void again(); }} />}
      {making && (
        <NewKey path="/api/auth/admin/keys" body={{ user }} ready={user !== ""} onClose={() => setMaking(false)} onMade={(s) => { setSecret(s); void again(); }}
          more={<Select label={t("admin.key.actsAs")} searchable allowDeselect={false} value={user || null} onChange={(v) => setUser(v ?? "")}
            data={(users.data ?? []).filter((u) => u.domainname !== "system").map((u) => ({ value: String(u.systemuserid), label: String(u.fullname) }))} />} />
      )}
    </>
  );
}
