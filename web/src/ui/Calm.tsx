import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { loadSession } from "@/api/session";
import classes from "./Calm.module.css";
import { Icon, type IconName } from "./icons";

/** A quiet screen or panel that says what is the matter and what can be done. */
export function Calm({ icon, title, children, action, small }: {
  icon: IconName; title: string; children?: ReactNode; action?: ReactNode; small?: boolean;
}) {
  return (
    <div className={classes.calm} data-small={small || undefined}>
      <span className={classes.icon}><Icon name={icon} size={small ? 18 : 22} /></span>
      <h2 className={classes.title}>{title}</h2>
      {children && <div className={classes.text}>{children}</div>}
      {action && <div className={classes.action}>{action}</div>}
    </div>
  );
}

function HomeButton() {
  const { t } = useTranslation();
  return <Button component={Link} to="/" variant="default">{t("calm.home")}</Button>;
}

export function NotFound() {
  const { t } = useTranslation();
  return <Calm icon="search" title={t("calm.notFoundTitle")} action={<HomeButton />}>{t("calm.notFound")}</Calm>;
}

export function Unreachable() {
  const { t } = useTranslation();
  return (
    <Calm icon="offline" title={t("calm.offlineTitle")} action={<Button variant="default" onClick={() => void loadSession()}>{t("calm.again")}</Button>}>
      {t("calm.offline")}
    </Calm>
  );
}

/** The right screen for a failed request. */
export function Failure({ error, onRetry, small }: { error: unknown; onRetry?: () => void; small?: boolean }) {
  const { t } = useTranslation();
  const failure = asApiError(error);
  const again = onRetry && <Button variant="default" onClick={onRetry}>{t("calm.again")}</Button>;
  switch (failure.kind) {
    case "forbidden":
      return <Calm small={small} icon="lock" title={t("calm.forbiddenTitle")} action={!small && <HomeButton />}>{t("calm.forbidden")}</Calm>;
    case "notfound":
      return <Calm small={small} icon="search" title={t("calm.notFoundTitle")} action={!small && <HomeButton />}>{t("calm.notFound")}</Calm>;
    case "network":
      return <Calm small={small} icon="offline" title={t("calm.offlineTitle")} action={again}>{t("calm.offline")}</Calm>;
    case "busy":
      return <Calm small={small} icon="refresh" title={t("calm.busyTitle")} action={again}>{t("calm.busy")}</Calm>;
    default:
      return (
        <Calm small={small} icon="warning" title={t("calm.errorTitle")} action={again}>
          {failure.message || t("calm.error")}
          {failure.code && <div className={classes.code}>{failure.code}</div>}
        </Calm>
      );
  }
}

/** The router's last resort: a fault of the interface itself. */
export function Trouble({ error, reset }: ErrorComponentProps) {
  return <Failure error={error} onRetry={reset} />;
}
