import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import classes from "@/admin/admin.module.css";
import { formatAgo, formatDay } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { addPasskey, passkeysKnown } from "./passkeys";

export interface Factor { id: string; kind: string; name: string; createdon: string; usedon: string | null }
interface Enrolment { id: string; secret: string; qr: string[] }

/** Authenticator apps and passkeys. */
export function Factors({ factors, onChange }: { factors: Factor[]; onChange: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [code, setCode] = useState("");
  const [recovery, setRecovery] = useState<string[]>();
  const [leaving, setLeaving] = useState<Factor>();
  const begin = () => void request<Enrolment>("/api/auth/account/totp", { method: "POST", body: { name: t("account.app") } }).then((a) => { setCode(""); setEnrolment(a.data); }, toastFailure);
  const passkey = () => void addPasskey(t("account.passkeyOf", { date: formatDay(new Date().toISOString()) })).then((made) => made && onChange(), toastFailure);
  return (
    <section className={classes.card}>
      <div className={classes.bar} style={{ marginBottom: 10 }}>
        <div><h2>{t("account.factors")}</h2><p className={classes.hint} style={{ margin: 0 }}>{t("account.factorsHint")}</p></div>
        <Button variant="default" leftSection={<Icon name="plus" size={14} />} onClick={begin}>{t("account.addApp")}</Button>
        {passkeysKnown() && <Button variant="default" leftSection={<Icon name="plus" size={14} />} onClick={passkey}>{t("account.addPasskey")}</Button>}
      </div>
      {recovery && <div role="status" style={{ marginBottom: 12 }}><p className={classes.hint} style={{ marginBottom: 6 }}>{t("account.recovery")}</p><div className={classes.secret}>{recovery.join("   ")}</div></div>}
      {factors.length > 0 && (
        <div className={classes.box}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("admin.name")}</th><th scope="col">{t("account.kind")}</th><th scope="col">{t("admin.key.used")}</th><th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {factors.map((f) => (
                <tr key={f.id}><th scope="row">{f.name}</th><td>{t(f.kind === "passkey" ? "account.passkey" : f.kind === "totp" ? "account.app" : "account.recoveryKind")}</td><td>{f.usedon ? formatAgo(f.usedon) : "–"}</td>
                  <td className={classes.end}><Button size="compact-sm" variant="default" color="red.8" onClick={() => setLeaving(f)}>{t("admin.remove")}</Button></td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {leaving && (
        <ConfirmDialog title={t("admin.removeOne", { name: leaving.name })} confirm={t("admin.remove")} danger onClose={() => setLeaving(undefined)} run={async () => {
          await request(`/api/auth/account/factors/${leaving.id}`, { method: "DELETE" });
          await onChange();
        }}>
          <p className={classes.hint} style={{ margin: 0 }}>{t(leaving.kind === "totp" ? "account.removeApp" : "account.removePasskey")}</p>
        </ConfirmDialog>
      )}
      {enrolment && (
        <ConfirmDialog title={t("account.addApp")} confirm={t("account.confirm")} disabled={code.trim().length < 6} onClose={() => setEnrolment(undefined)} run={async () => {
          setRecovery((await request<{ recovery: string[] }>(`/api/auth/account/totp/${enrolment.id}`, { method: "POST", body: { code: code.trim() } })).data.recovery);
          await onChange();
        }}>
          <div className={classes.stack}>
            <p className={classes.hint} style={{ margin: 0 }}>{t("account.scan")}</p>
            <QR rows={enrolment.qr} label={t("account.qr")} />
            <div className={classes.secret}>{enrolment.secret}</div>
            <TextInput label={t("signin.code")} value={code} onChange={(e) => setCode(e.currentTarget.value)} inputMode="numeric" autoComplete="one-time-code" data-autofocus />
          </div>
        </ConfirmDialog>
      )}
    </section>
  );
}

/** Dark modules on white in both themes: cameras want it so. */
function QR({ rows, label }: { rows: string[]; label: string }) {
  const size = rows.length + 8;
  const path = rows.flatMap((row, y) => [...row].flatMap((m, x) => (m === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : []))).join("");
  return <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} width={200} height={200} style={{ alignSelf: "center", background: "#fff", borderRadius: 8 }} shapeRendering="crispEdges"><path d={path} fill="#000" /></svg>;
}
