import { Button, PasswordInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import classes from "@/admin/admin.module.css";
import { OwnKeys } from "@/admin/KeyList";
import { type Attempt, AttemptTable } from "@/admin/SignInLog";
import { formatAgo } from "@/lib/format";
import { Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { agentName } from "./agent";
import { Factors, type Factor } from "./Factors";

interface OpenSession { id: string; address: string; agent: string; method: string; createdon: string; seenon: string; current: boolean }
interface AccountBody { factors: Factor[]; sessions: OpenSession[]; attempts: Attempt[]; password: boolean }

/** How one signs in, where one is signed in, and the keys of one's programs. */
export function Account() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const account = useQuery({ queryKey: ["account"], queryFn: async ({ signal }) => (await request<AccountBody>("/api/auth/account", { signal })).data });
  if (account.isError) return <Failure error={account.error} onRetry={() => void account.refetch()} />;
  const again = () => client.invalidateQueries({ queryKey: ["account"] });
  const end = (path: string) => void request(path, { method: "DELETE" }).then(again, toastFailure);
  return (
    <>
      <PageBar title={<h1>{t("account.title")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner} aria-busy={account.isPending}>
          {account.data?.password && <Password />}
          {account.data && <Factors factors={account.data.factors} onChange={again} />}
          <section className={classes.card}>
            <div className={classes.bar} style={{ marginBottom: 10 }}>
              <h2>{t("account.sessions")}</h2>
              <Button variant="default" disabled={(account.data?.sessions.length ?? 0) < 2} onClick={() => end("/api/auth/account/sessions")}>{t("account.endOthers")}</Button>
            </div>
            <div className={classes.box}>
              <table className={classes.table}>
                <thead><tr><th scope="col">{t("account.browser")}</th><th scope="col">{t("admin.log.address")}</th><th scope="col">{t("account.seen")}</th><th scope="col"><span className="sr-only">{t("account.end")}</span></th></tr></thead>
                <tbody>
                  {(account.data?.sessions ?? []).map((s) => (
                    <tr key={s.id}><th scope="row" title={s.agent}>{agentName(s.agent) || t("account.unknown")}</th><td className="tnum">{s.address}</td><td>{s.current ? <span className={classes.pill} data-tone="good">{t("account.this")}</span> : formatAgo(s.seenon)}</td>
                      <td className={classes.end}>{!s.current && <Button size="compact-sm" variant="default" onClick={() => end(`/api/auth/account/sessions/${s.id}`)}>{t("account.end")}</Button>}</td></tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
          <OwnKeys />
          <section className={classes.card}><h2>{t("account.attempts")}</h2><p className={classes.hint}>{t("account.attemptsHint")}</p><AttemptTable list={account.data?.attempts ?? []} /></section>
        </div>
      </div>
    </>
  );
}

function Password() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    if (form.get("new") !== form.get("again")) {
      toastFailure(new Error(t("account.different")));
      return;
    }
    setBusy(true);
    try {
      await request("/api/auth/account/password", { method: "POST", body: { old: form.get("old"), new: form.get("new") } });
      element.reset();
      toast(t("account.passwordSet"));
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  const eye = { "aria-label": t("signin.showPassword") };
  return (
    <section className={classes.card}>
      <h2>{t("account.password")}</h2>
      <p className={classes.hint}>{t("account.passwordHint")}</p>
      <form onSubmit={submit}>
        <div className={classes.fields}>
          <PasswordInput name="old" label={t("account.oldPassword")} autoComplete="current-password" required withAsterisk={false} visibilityToggleButtonProps={eye} />
          <PasswordInput name="new" label={t("account.newPassword")} autoComplete="new-password" required withAsterisk={false} visibilityToggleButtonProps={eye} />
          <PasswordInput name="again" label={t("account.again")} autoComplete="new-password" required withAsterisk={false} visibilityToggleButtonProps={eye} />
          <Button type="submit" variant="default" loading={busy}>{t("account.setPassword")}</Button>
        </div>
      </form>
    </section>
  );
}
