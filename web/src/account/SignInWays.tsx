import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError, errorFrom } from "@/api/errors";
import { adopt, forgotten, secondFactor } from "@/api/session";
import { passkeySignIn, passkeysKnown } from "./passkeys";

/** Ways in beside a password: identity providers and passkeys. */
export function OtherWays() {
  const { t } = useTranslation();
  const [providers, setProviders] = useState<{ id: string; name: string }[]>([]);
  const [problem, setProblem] = useState(() => {
    const code = new URLSearchParams(location.search).get("signin");
    return code === null ? "" : t(`signin.sso.${code.replace(/^auth\./, "")}`, { defaultValue: t("signin.ssoFailed") });
  });
  useEffect(() => {
    const stop = new AbortController();
    fetch("/api/auth/signin/ways", { signal: stop.signal }).then((r) => (r.ok ? r.json() : { providers: [] }), () => ({ providers: [] }))
      .then((body: { providers: { id: string; name: string }[] }) => setProviders(body.providers), () => undefined);
    return () => stop.abort();
  }, []);
  const passkey = () => void passkeySignIn().then((s) => s && adopt(s), (error: unknown) => setProblem(asApiError(error).message));
  const next = encodeURIComponent(location.pathname + location.search.replace(/[?&]signin=[^&]*/, ""));
  return (
    <div style={{ display: "flex", flexDirection: "column", gap: 8, marginTop: 12 }}>
      {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
      {passkeysKnown() && <Button variant="default" fullWidth onClick={passkey}>{t("signin.passkey")}</Button>}
      {providers.map((p) => <Button key={p.id} variant="default" fullWidth component="a" href={`/api/auth/signin/sso/${p.id}?next=${next}`}>{t("signin.with", { name: p.name })}</Button>)}
    </div>
  );
}

/** The code of an authenticator app, or a recovery code. */
export function FactorForm({ challenge, onBack }: { challenge: string; onBack: () => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code") ?? "").trim();
    setBusy(true);
    try {
      await secondFactor(challenge, code);
    } catch (error) {
      setProblem(asApiError(error).message);
      setBusy(false);
    }
  }
  return (
    <form onSubmit={submit} style={{ display: "flex", flexDirection: "column", gap: 12 }}>
      {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
      <TextInput name="code" label={t("signin.code")} description={t("signin.codeHint")} autoComplete="one-time-code" inputMode="text" required withAsterisk={false} autoFocus spellCheck={false} />
      <Button type="submit" loading={busy} fullWidth>{t("signin.submit")}</Button>
      <Button variant="subtle" fullWidth onClick={onBack}>{t("signin.back")}</Button>
    </form>
  );
}

/** Asks for a letter with a link for a new password. Whether there is such a person is not told. */
export function ForgottenForm({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState("");
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const username = String(new FormData(event.currentTarget).get("username") ?? "").trim();
    setBusy(true);
    setProblem("");
    try {
      await forgotten(username);
      setDone(true);
    } catch (error) {
      setProblem(asApiError(error).message);
    } finally {
      setBusy(false);
    }
  }
  if (done) return <><p className="dim" role="status">{t("signin.forgottenSent")}</p><Button variant="default" fullWidth mt="md" onClick={onBack}>{t("signin.back")}</Button></>;
  return (
    <form onSubmit={submit} style={{ display: "flex", flexDirection: "column", gap: 12 }}>
      {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
      <TextInput name="username" label={t("signin.usernameOrEmail")} autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} autoFocus />
      <Button type="submit" loading={busy} fullWidth>{t("signin.sendLink")}</Button>
      <Button variant="subtle" fullWidth onClick={onBack}>{t("signin.back")}</Button>
    </form>
  );
}

/** The secret of a link for a new password, as it stands behind the # of the address. */
export function resetSecret(): string {
  return location.pathname === "/reset" ? location.hash.slice(1) : "";
}

/** Choosing a new password by a link. */
export function ResetForm({ secret }: { secret: string }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState("");
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get("password") ?? "");
    if (password !== String(form.get("again") ?? "")) {
      setProblem(t("account.different"));
      return;
    }
    setBusy(true);
    try {
      const response = await fetch("/api/auth/signin/reset", { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ secret, password }) });
      if (!response.ok) throw await errorFrom(response);
      setDone(true);
    } catch (error) {
      setProblem(asApiError(error).message);
    } finally {
      setBusy(false);
    }
  }
  if (done) return <><p className="dim">{t("signin.resetDone")}</p><Button fullWidth mt="md" component="a" href="/">{t("signin.submit")}</Button></>;
  const eye = { "aria-label": t("signin.showPassword") };
  return (
    <form onSubmit={submit} style={{ display: "flex", flexDirection: "column", gap: 12 }}>
      {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
      <PasswordInput name="password" label={t("account.newPassword")} autoComplete="new-password" required withAsterisk={false} autoFocus visibilityToggleButtonProps={eye} />
      <PasswordInput name="again" label={t("account.again")} autoComplete="new-password" required withAsterisk={false} visibilityToggleButtonProps={eye} />
      <Button type="submit" loading={busy} fullWidth>{t("account.setPassword")}</Button>
    </form>
  );
}
