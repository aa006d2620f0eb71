import { Alert, Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { resetPassword } from "@/api/session";
import { Logo } from "@/ui/Logo";
import classes from "./SignIn.module.css";

/** Where a link for a new password leads. Its secret stands behind the #, which is not sent to any server. */
export function ResetPassword() {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password") ?? "");
    setBusy(true);
    setProblem(undefined);
    try {
      await resetPassword(location.hash.slice(1), password);
      history.replaceState(null, "", "/reset");
      setDone(true);
    } catch (error) {
      const failure = asApiError(error);
      setProblem(failure.kind === "unauthorised" ? t("signin.resetOld") : failure.kind === "network" ? t("signin.unreachable") : failure.message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Logo size={36} />
        <h1 className={classes.title}>{t("signin.resetTitle")}</h1>
        <p className={classes.lead}>{t("signin.resetLead")}</p>
        {done ? (
          <div className={classes.form}>
            <Alert data-tone="good" role="status" p="xs">{t("signin.resetDone")}</Alert>
            <Button component="a" href="/" fullWidth>{t("signin.toSignIn")}</Button>
          </div>
        ) : (
          <form onSubmit={(e) => void submit(e)} className={classes.form}>
            {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
            <PasswordInput name="password" label={t("signin.newPassword")} autoComplete="new-password" required withAsterisk={false} autoFocus minLength={10}
              visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }} />
            <Button type="submit" loading={busy} fullWidth mt={4}>{t("signin.reset")}</Button>
          </form>
        )}
      </div>
    </main>
  );
}
