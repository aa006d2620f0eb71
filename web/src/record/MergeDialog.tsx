import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { displayValue } from "@/lib/format";
import classes from "./MergeDialog.module.css";
import type { Clash } from "./merge";
import type { Conflict } from "./useRecord";

/** Both changed the same field: the person decides, field by field. */
export function MergeDialog({ conflict, onResolve }: { conflict: Conflict; onResolve: (chosen: Record<string, unknown> | undefined) => void }) {
  const { t } = useTranslation();
  const [mine, setMine] = useState<ReadonlySet<string>>(() => new Set(conflict.clashes.map((c) => c.column.name)));

  function keep() {
    onResolve(Object.fromEntries(conflict.clashes.filter((c) => mine.has(c.column.name)).map((c) => [c.column.name, c.mine])));
  }
  function choose(clash: Clash, own: boolean) {
    setMine((old) => {
      const next = new Set(old);
      if (own) next.add(clash.column.name);
      else next.delete(clash.column.name);
      return next;
    });
  }

  return (
    <Modal opened onClose={() => onResolve(undefined)} title={t("merge.title")} size="lg" closeButtonProps={{ "aria-label": t("merge.theirs") }}>
      <p className="dim">{t("merge.lead")}</p>
      {conflict.clashes.map((clash) => (
        <fieldset key={clash.column.name} className={classes.field}>
          <legend>{clash.column.label}</legend>
          {[true, false].map((own) => (
            <label key={String(own)} className={classes.option} data-on={mine.has(clash.column.name) === own || undefined}>
              <input type="radio" name={clash.column.name} checked={mine.has(clash.column.name) === own} onChange={() => choose(clash, own)} />
              <span className={classes.who}>{t(own ? "merge.mineLabel" : "merge.theirsLabel")}</span>
              <span className={classes.value}>{displayValue(clash.column, own ? clash.mine : clash.theirs) || t("value.empty")}</span>
            </label>
          ))}
          <div className="faint">{t("merge.before", { value: displayValue(clash.column, clash.base) || t("value.empty") })}</div>
        </fieldset>
      ))}
      <div className={classes.foot}>
        <Button variant="default" onClick={() => onResolve(undefined)}>{t("merge.theirs")}</Button>
        <Button onClick={keep} data-autofocus>{t("merge.apply")}</Button>
      </div>
    </Modal>
  );
}
