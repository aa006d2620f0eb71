import { Alert, Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { FactorForm, ForgottenForm, OtherWays, ResetForm, resetSecret } from "@/account/SignInWays";
import { signIn } from "@/api/session";
import type { Session } from "@/api/types";
import { Logo } from "@/ui/Logo";
import classes from "./SignIn.module.css";

/** The form of both screens: plain fields, so that paste and password managers work. */
function SignInForm({ username }: { username?: string }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [wait, setWait] = useState(0);
  const [challenge, setChallenge] = useState<string>();

  useEffect(() => {
    if (wait <= 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(undefined);
    try {
      setChallenge(await signIn(username ?? String(form.get("username") ?? "").trim(), String(form.get("password") ?? "")));
    } catch (error) {
      const failure = asApiError(error);
      if (failure.kind === "unauthorised") setProblem(t("signin.wrong"));
      else if (failure.kind === "busy") {
        setWait(failure.retryAfter ?? 30);
        setProblem(t("signin.tooMany"));
      } else if (failure.kind === "network") setProblem(t("signin.unreachable"));
      else setProblem(failure.message);
    } finally {
      setBusy(false);
    }
  }

  if (challenge) return <FactorForm challenge={challenge} onBack={() => setChallenge(undefined)} />;
  return (
    <form onSubmit={submit} className={classes.form}>
      {problem && (
        <Alert data-tone="bad" role="alert" p="xs">
          {problem} {wait > 0 && t("signin.wait", { count: wait })}
        </Alert>
      )}
      {username ? (
        <input className="sr-only" name="username" autoComplete="username" value={username} readOnly tabIndex={-1} aria-hidden="true" />
      ) : (
        <TextInput name="username" label={t("signin.username")} autoComplete="username" autoCapitalize="none"
          spellCheck={false} required withAsterisk={false} autoFocus />
      )}
      <PasswordInput name="password" label={t("signin.password")} autoComplete="current-password" required
        withAsterisk={false} autoFocus={Boolean(username)}
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }} />
      <Button type="submit" loading={busy} disabled={wait > 0} fullWidth mt={4}>
        {t("signin.submit")}
      </Button>
    </form>
  );
}

export function SignIn() {
  const { t } = useTranslation();
  const [lost, setLost] = useState(false);
  const reset = resetSecret();
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Logo size={36} />
        <h1 className={classes.title}>{t(reset ? "signin.resetTitle" : lost ? "signin.forgotten" : "signin.title")}</h1>
        {reset && <ResetForm secret={reset} />}
        {!reset && <p className={classes.lead}>{t(lost ? "signin.forgottenLead" : "signin.lead")}</p>}
        {!reset && lost && <ForgottenForm onBack={() => setLost(false)} />}
        {!reset && !lost && (
          <>
            <SignInForm />
            <OtherWays />
            <Button variant="subtle" fullWidth mt={8} onClick={() => setLost(true)}>{t("signin.forgotten")}</Button>
          </>
        )}
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
