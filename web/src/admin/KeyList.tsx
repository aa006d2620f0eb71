import { Button, NumberInput, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { formatAgo, formatDay } from "@/lib/format";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { SecretOnce } from "./SecretOnce";

export interface Key { id: string; systemuserid: string; name: string; scopes: string; createdon: string; expireson: string | null; usedon: string | null }

/** Keys with what they are for, and the end of each. */
export function KeyTable({ keys, who, onRevoke }: { keys: Key[]; who?: (id: string) => string; onRevoke?: (key: Key) => void }) {
  const { t } = useTranslation();
  if (keys.length === 0) return <p className={classes.hint} style={{ margin: 0 }}>{t("admin.key.none")}</p>;
  return (
    <div className={classes.box}>
      <table className={classes.table}>
        <thead><tr><th scope="col">{t("admin.name")}</th>{who && <th scope="col">{t("admin.key.actsAs")}</th>}<th scope="col">{t("admin.key.scopes")}</th><th scope="col">{t("admin.key.expires")}</th><th scope="col">{t("admin.key.used")}</th>{onRevoke && <th scope="col"><span className="sr-only">{t("admin.key.revoke")}</span></th>}</tr></thead>
        <tbody>
          {keys.map((k) => (
            <tr key={k.id}>
              <th scope="row">{k.name}</th>{who && <td>{who(k.systemuserid)}</td>}
              <td>{k.scopes ? <span className={classes.row} style={{ gap: 4 }}>{k.scopes.split(" ").map((s) => <code key={s} className={classes.pill}>{s}</code>)}</span> : <span className={classes.pill} data-tone="bad">{t("admin.key.everything")}</span>}</td>
              <td>{k.expireson ? formatDay(k.expireson) : t("admin.key.never")}</td><td>{k.usedon ? formatAgo(k.usedon) : "–"}</td>
              {onRevoke && <td className={classes.end}><Button size="compact-sm" variant="default" color="red.8" onClick={() => onRevoke(k)}>{t("admin.key.revoke")}</Button></td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Asks what a key is for and makes it; `path` is where keys are made, `more` what else is asked. */
export function NewKey({ path, more, body, ready = true, onClose, onMade }: { path: string; more?: ReactNode; body?: Record<string, unknown>; ready?: boolean; onClose: () => void; onMade: (secret: string) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | string>(90);
  const [scopes, setScopes] = useState("");
  return (
    <ConfirmDialog title={t("admin.key.new")} confirm={t("common.create")} disabled={!name.trim() || !ready} onClose={onClose} run={async () => {
      onMade((await request<{ secret: string }>(path, { method: "POST", body: { name, days: Number(days) || 0, scopes, ...body } })).data.secret);
    }}>
      <div className={classes.stack}>
        {more}
        <TextInput label={t("admin.key.what")} value={name} onChange={(e) => setName(e.currentTarget.value)} required data-autofocus />
        <TextInput label={t("admin.key.scopes")} description={t("admin.key.scopesHint")} placeholder="lead:read,create action:QualifyLead" spellCheck={false} value={scopes} onChange={(e) => setScopes(e.currentTarget.value)} />
        <NumberInput label={t("admin.key.days")} description={t("admin.key.daysHint")} min={0} max={3650} allowDecimal={false} value={days} onChange={setDays} />
      </div>
    </ConfirmDialog>
  );
}

/** One's own keys. */
export function OwnKeys() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string>();
  const keys = useQuery({ queryKey: ["account", "keys"], queryFn: async ({ signal }) => (await request<{ value: Key[] }>("/api/auth/account/keys", { signal })).data.value });
  if (keys.isError) return <Failure error={keys.error} small onRetry={() => void keys.refetch()} />;
  const again = () => client.invalidateQueries({ queryKey: ["account", "keys"] });
  return (
    <section className={classes.card}>
      <div className={classes.bar} style={{ marginBottom: 10 }}>
        <div><h2>{t("admin.key.own")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("admin.key.ownHint")}</p></div>
        <Button variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t("admin.key.new")}</Button>
      </div>
      <div className={classes.stack}>
        {secret && <SecretOnce label={t("admin.key.secret")} value={secret} />}
        <KeyTable keys={keys.data ?? []} onRevoke={(k) => void request(`/api/auth/account/keys/${k.id}`, { method: "DELETE" }).then(again, toastFailure)} />
      </div>
      {making && <NewKey path="/api/auth/account/keys" onClose={() => setMaking(false)} onMade={(s) => { setSecret(s); void again(); }} />}
    </section>
  );
}
