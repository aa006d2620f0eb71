import { Alert, Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { passkeysOffered, signIn, signInByCode, signInByPasskey } from "@/api/session";
import type { Session } from "@/api/types";
import { Logo } from "@/ui/Logo";
import classes from "./SignIn.module.css";

/** What stands in the way, in words, and how long to wait before the next try. */
function useTries() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [wait, setWait] = useState(0);

  useEffect(() => {
    if (wait <= 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  async function attempt(wrong: string, run: () => Promise<void>) {
    setBusy(true);
    setProblem(undefined);
    try {
      await run();
    } catch (error) {
      if (error instanceof DOMException) return; // the person has closed the device's dialog
      const failure = asApiError(error);
      if (failure.kind === "unauthorised") setProblem(wrong);
      else if (failure.kind === "busy") {
        setWait(failure.retryAfter ?? 30);
        setProblem(t("signin.tooMany"));
      } else if (failure.kind === "network") setProblem(t("signin.unreachable"));
      else setProblem(failure.message);
    } finally {
      setBusy(false);
    }
  }
  return { busy, wait, attempt, problem };
}

function Problem({ children, wait }: { children?: ReactNode; wait: number }) {
  const { t } = useTranslation();
  if (!children) return null;
  return <Alert data-tone="bad" role="alert" p="xs">{children} {wait > 0 && t("signin.wait", { count: wait })}</Alert>;
}

/** The form of both screens: plain fields, so that paste and password managers work. */
function SignInForm({ username }: { username?: string }) {
  const { t } = useTranslation();
  const { busy, wait, attempt, problem } = useTries();
  const [challenge, setChallenge] = useState<string>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void attempt(t("signin.wrong"), async () => {
      const asked = await signIn(username ?? String(form.get("username") ?? "").trim(), String(form.get("password") ?? ""));
      setChallenge(asked?.challenge);
    });
  }

  if (challenge) return <CodeForm challenge={challenge} onBack={() => setChallenge(undefined)} />;
  return (
    <form onSubmit={submit} className={classes.form}>
      <Problem wait={wait}>{problem ?? (username ? undefined : refusal(t))}</Problem>
      {username ? (
        <input className="sr-only" name="username" autoComplete="username" value={username} readOnly tabIndex={-1} aria-hidden="true" />
      ) : (
        <TextInput name="username" label={t("signin.username")} autoComplete="username webauthn" autoCapitalize="none"
          spellCheck={false} required withAsterisk={false} autoFocus />
      )}
      <PasswordInput name="password" label={t("signin.password")} autoComplete="current-password" required
        withAsterisk={false} autoFocus={Boolean(username)}
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }} />
      <Button type="submit" loading={busy} disabled={wait > 0} fullWidth mt={4}>
        {t("signin.submit")}
      </Button>
      <OtherWays busy={busy} onPasskey={() => void attempt(t("signin.passkeyWrong"), signInByPasskey)} />
    </form>
  );
}

/** Why the identity provider has sent the person back without a session. */
function refusal(t: (key: string) => string): string | undefined {
  const code = new URLSearchParams(location.search).get("signin");
  if (!code) return undefined;
  return t(code === "auth.sso_nobody" ? "signin.ssoNobody" : "signin.ssoFailed");
}

interface Ways {
  providers: { id: string; name: string }[];
}

/** A passkey, and the identity providers of this organisation. */
function OtherWays({ onPasskey, busy }: { onPasskey: () => void; busy: boolean }) {
  const { t } = useTranslation();
  const ways = useQuery({
    queryKey: ["signin", "ways"],
    queryFn: async (): Promise<Ways> => {
      const response = await fetch("/api/auth/signin/ways", { headers: { Accept: "application/json" } });
      return response.ok ? ((await response.json()) as Ways) : { providers: [] };
    },
  });
  const providers = ways.data?.providers ?? [];
  if (!passkeysOffered() && providers.length === 0) return null;
  const next = location.pathname + location.search.replace(/[?&]signin=[^&]*/, "");
  return (
    <>
      <p className={classes.or}>{t("signin.or")}</p>
      {passkeysOffered() && <Button variant="default" fullWidth disabled={busy} onClick={onPasskey}>{t("signin.passkey")}</Button>}
      {providers.map((p) => (
        <Button key={p.id} component="a" href={`/api/auth/signin/sso/${p.id}?next=${encodeURIComponent(next)}`} variant="default" fullWidth>
          {t("signin.with", { name: p.name })}
        </Button>
      ))}
    </>
  );
}

/** The second step: the code that the authenticator app shows. */
function CodeForm({ challenge, onBack }: { challenge: string; onBack: () => void }) {
  const { t } = useTranslation();
  const { busy, wait, attempt, problem } = useTries();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code") ?? "");
    void attempt(t("signin.codeWrong"), () => signInByCode(challenge, code));
  }

  return (
    <form onSubmit={submit} className={classes.form}>
      <Problem wait={wait}>{problem}</Problem>
      <TextInput name="code" label={t("signin.code")} description={t("signin.codeHint")} autoComplete="one-time-code" required withAsterisk={false} autoFocus spellCheck={false} maxLength={40} />
      <Button type="submit" loading={busy} disabled={wait > 0} fullWidth mt={4}>{t("signin.submit")}</Button>
      <Button variant="subtle" fullWidth onClick={onBack}>{t("signin.back")}</Button>
    </form>
  );
}

export function SignIn() {
  const { t } = useTranslation();
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Logo size={36} />
        <h1 className={classes.title}>{t("signin.title")}</h1>
        <p className={classes.lead}>{t("signin.lead")}</p>
        <SignInForm />
      </div>
    </main>
  );
}

/** Over the screen as it is: nothing typed is lost while the session is renewed. */
export function ReSignIn({ session }: { session: Session }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false}
      title={t("signin.expiredTitle")} size="sm">
      <p className="dim" style={{ marginBottom: 16 }}>{t("signin.expired", { name: session.user.fullname })}</p>
      <SignInForm username={session.user.domainname} />
    </Modal>
  );
}
