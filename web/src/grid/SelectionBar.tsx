import { ActionIcon, Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/lib/format";
import { useShortcuts } from "@/lib/keys";
import { Icon } from "@/ui/icons";
import classes from "./SelectionBar.module.css";
import { BulkActions } from "@/transfer/BulkActions";
import { bulkActions, type SelectionContext } from "./selection";

/** What is chosen and what can be done with it; it stands over the list's foot. */
export function SelectionBar({ context, total, onAll, onCopy }: {
  context: SelectionContext; total?: number; onAll?: () => void; onCopy: () => void;
}) {
  const { t } = useTranslation();
  const { selection, count } = context;
  const open = count === undefined || count > 0;
  useShortcuts(open ? [{ keys: "escape", label: "select.clear", group: "keys.list", run: context.clear }] : []);
  return (
    <div role="status" className={classes.place}>
      {open && (
        <section className={classes.bar} aria-label={t("select.label")}>
          <strong className="tnum">{count === undefined ? t("select.allMatching") : t("select.count", { count, number: formatNumber(count) })}</strong>
          {onAll && selection.mode === "rows" && total !== undefined && total > (count ?? 0) && (
            <Button size="compact-sm" variant="subtle" onClick={onAll}>{t("select.all", { number: formatNumber(total) })}</Button>
          )}
          <span className={classes.actions}>
            <BulkActions {...context} />
            {bulkActions.map((Action, i) => <Action key={i} {...context} />)}
            {(count ?? Infinity) <= 2000 && <Button size="compact-sm" variant="default" onClick={onCopy}>{t("select.copy")}</Button>}
          </span>
          <ActionIcon aria-label={t("select.clear")} onClick={context.clear}><Icon name="close" /></ActionIcon>
        </section>
      )}
    </div>
  );
}
