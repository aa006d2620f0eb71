import { Alert, Button, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { toast } from "@/ui/toast";
import classes from "./Account.module.css";
import { changePassword } from "./api";

/** Changes the own password. */
export function Password() {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setBusy(true);
    setProblem(undefined);
    try {
      await changePassword(String(data.get("old") ?? ""), String(data.get("new") ?? ""));
      form.reset();
      toast(t("account.passwordChanged"));
      await cache.invalidateQueries({ queryKey: ["account"] });
    } catch (error) {
      const failure = asApiError(error);
      setProblem(failure.kind === "network" ? t("failure.network") : failure.message);
    } finally {
      setBusy(false);
    }
  }

  const toggle = { "aria-label": t("signin.showPassword") };
  return (
    <form className={classes.form} onSubmit={(e) => void submit(e)}>
      {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
      <PasswordInput name="old" label={t("account.oldPassword")} autoComplete="current-password" required withAsterisk={false} visibilityToggleButtonProps={toggle} />
      <PasswordInput name="new" label={t("signin.newPassword")} autoComplete="new-password" required withAsterisk={false} minLength={10} visibilityToggleButtonProps={toggle} />
      <div><Button type="submit" loading={busy}>{t("account.changePassword")}</Button></div>
    </form>
  );
}
