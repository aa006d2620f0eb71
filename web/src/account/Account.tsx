import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatAgo, formatInstant } from "@/lib/format";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toast } from "@/ui/toast";
import classes from "./Account.module.css";
import { AddPasskey, AddTotp } from "./AddFactor";
import { type Account as Mine, browserOf, endOthers, endSession, type Factor, fetchAccount, removeFactor } from "./api";
import { Password } from "./Password";
import { passkeysOffered } from "@/api/session";

const key = ["account"];

/** How I sign in: password, second step, passkeys, and where I am signed in. */
export function Account() {
  const { t } = useTranslation();
  const mine = useQuery({ queryKey: key, queryFn: fetchAccount });
  if (mine.isError) return <Failure error={mine.error} onRetry={() => void mine.refetch()} />;
  return (
    <>
      <PageBar title={<h1>{t("account.title")}</h1>} />
      <div className={classes.page}>
        {mine.data && (
          <div className={classes.inner}>
            <section className={classes.card}>
              <h2>{t("account.password")}</h2>
              {mine.data.password ? <Password /> : <p className="dim">{t("account.noPassword")}</p>}
            </section>
            <Factors mine={mine.data} />
            <Sessions mine={mine.data} />
            <Attempts mine={mine.data} />
          </div>
        )}
      </div>
    </>
  );
}

function Factors({ mine }: { mine: Mine }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [adding, setAdding] = useState<"totp" | "passkey">();
  const [removing, setRemoving] = useState<Factor>();
  const again = () => void cache.invalidateQueries({ queryKey: key });
  return (
    <section className={classes.card}>
      <h2>{t("account.factors")}</h2>
      <p className="dim">{t("account.factorsLead")}</p>
      <ul className={classes.list}>
        {mine.factors.map((f) => (
          <li key={f.id}>
            <Icon name={f.kind === "totp" ? "phone" : "lock"} />
            <div className={classes.grow}>
              <span>{f.name}</span>
              <span className="faint">{t(`account.${f.kind}`)} · {f.usedon ? t("account.used", { when: formatAgo(f.usedon) }) : t("account.never")}</span>
            </div>
            <Button variant="default" size="xs" onClick={() => setRemoving(f)}>{t("account.remove")}</Button>
          </li>
        ))}
      </ul>
      <div className={classes.row}>
        <Button variant="default" onClick={() => setAdding("totp")}>{t("account.addTotp")}</Button>
        {passkeysOffered() && <Button variant="default" onClick={() => setAdding("passkey")}>{t("account.addPasskey")}</Button>}
      </div>
      {adding === "totp" && <AddTotp onClose={() => { setAdding(undefined); again(); }} />}
      {adding === "passkey" && <AddPasskey onClose={() => { setAdding(undefined); again(); }} />}
      {removing && (
        <ConfirmDialog title={t("account.remove")} confirm={t("account.remove")} danger onClose={() => setRemoving(undefined)}
          run={async () => { await removeFactor(removing.id); again(); }}>
          <p>{t("account.removeSure", { name: removing.name })}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function Sessions({ mine }: { mine: Mine }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  async function end(run: () => Promise<unknown>, done?: string) {
    await run();
    await cache.invalidateQueries({ queryKey: key });
    if (done) toast(done);
  }
  return (
    <section className={classes.card}>
      <h2>{t("account.sessions")}</h2>
      <ul className={classes.list}>
        {mine.sessions.map((s) => (
          <li key={s.id}>
            <Icon name="screen" />
            <div className={classes.grow}>
              <span>{browserOf(s.agent)} {s.current && <span className="faint">({t("account.current")})</span>}</span>
              <span className="faint">{s.address} · {s.method} · {t("account.seen", { when: formatAgo(s.seenon) })}</span>
            </div>
            {!s.current && <Button variant="default" size="xs" onClick={() => void end(() => endSession(s.id))}>{t("account.end")}</Button>}
          </li>
        ))}
      </ul>
      {mine.sessions.length > 1 && (
        <div className={classes.row}>
          <Button variant="default" onClick={() => void end(endOthers, t("account.endedOthers"))}>{t("account.endOthers")}</Button>
        </div>
      )}
    </section>
  );
}

function Attempts({ mine }: { mine: Mine }) {
  const { t } = useTranslation();
  return (
    <section className={classes.card}>
      <h2>{t("account.attempts")}</h2>
      <table className={classes.attempts}>
        <thead><tr><th>{t("account.at")}</th><th>{t("account.from")}</th><th>{t("account.outcome")}</th></tr></thead>
        <tbody>{mine.attempts.map((a, i) => <tr key={i}><td>{formatInstant(a.at)}</td><td>{a.address}</td><td>{a.outcome}</td></tr>)}</tbody>
      </table>
    </section>
  );
}
