import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import { toast } from "@/ui/toast";
import classes from "./admin.module.css";

/** Something secret that is shown this once. */
export function SecretOnce({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      <p className={classes.hint} style={{ marginBottom: 6 }}><strong>{label}</strong> {t("admin.once")}</p>
      <div className={classes.secret}>{value}</div>
      <Button mt={8} size="compact-sm" variant="default" leftSection={<Icon name="link" size={14} />}
        onClick={() => void navigator.clipboard?.writeText(value).then(() => toast(t("admin.copied")))}>{t("admin.copy")}</Button>
    </div>
  );
}
