import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callBound } from "@/api/records";
import { Said } from "@/i18n/Said";
import { formatInstant } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { useGivenUp } from "./api";
import { useDoing } from "./Exchange";
import classes from "./exchange.module.css";

/** Changes that could not be sent, each of which holds up its case. */
export function GivenUp({ counterpart, may }: { counterpart: string; may: boolean }) {
  const { t } = useTranslation();
  const list = useGivenUp(counterpart);
  const { busy, run } = useDoing();
  const [dropping, setDropping] = useState("");
  return (
    <>
      <div className={classes.head}>
        <h3>{t("exchange.givenUp")}</h3>
        <span className={classes.grow} />
        {may && <Button size="compact-sm" variant="default" loading={busy === "all"} onClick={() => void run("all", () => callBound("rpt_counterparts", counterpart, "rpt_ReplayChanges"), "exchange.replayed")}>{t("exchange.replayAll")}</Button>}
      </div>
      <p className="dim">{t("exchange.givenUpHint")}</p>
      <ul className={classes.list}>
        {(list.data?.rows ?? []).map((row) => {
          const id = String(row.rpt_exchangeintentid);
          return (
            <li key={id}>
              <div className={classes.row}>
                <strong>{String(row.rpt_name ?? "")}</strong>
                <span className="faint">{formatInstant(String(row.createdon))}</span>
                <span className={classes.grow} />
                {may && <Button size="compact-sm" variant="default" loading={busy === id} onClick={() => void run(id, () => callBound("rpt_exchangeintents", id, "rpt_ReplayChange"), "exchange.replayed")}>{t("exchange.replay")}</Button>}
                {may && <Button size="compact-sm" variant="subtle" onClick={() => setDropping(id)}>{t("exchange.discard")}</Button>}
              </div>
              <p className={classes.reason}><Said text={row.rpt_reason} /></p>
            </li>
          );
        })}
      </ul>
      {dropping !== "" && (
        <ConfirmDialog title={t("exchange.discardTitle")} confirm={t("exchange.discard")} danger onClose={() => setDropping("")}
          run={async () => { await run(dropping, () => callBound("rpt_exchangeintents", dropping, "rpt_DiscardChange"), "exchange.discarded"); }}>
          {t("exchange.discardText")}
        </ConfirmDialog>
      )}
    </>
  );
}
