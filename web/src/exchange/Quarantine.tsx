import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callBound } from "@/api/records";
import type { Row } from "@/api/types";
import { Said } from "@/i18n/Said";
import { formatInstant } from "@/lib/format";
import { laidOut, useQuarantine } from "./api";
import { useDoing } from "./Exchange";
import classes from "./exchange.module.css";

/** Events that could not be applied: to be mended, tried again or left aside. */
export function Quarantine({ counterpart, may }: { counterpart: string; may: boolean }) {
  const { t } = useTranslation();
  const list = useQuarantine(counterpart);
  return (
    <>
      <div className={classes.head}><h3>{t("exchange.quarantine")}</h3></div>
      <p className="dim">{t("exchange.quarantineHint")}</p>
      <ul className={classes.list}>{(list.data?.rows ?? []).map((row) => <Event key={String(row.rpt_exchangeeventid)} row={row} may={may} />)}</ul>
    </>
  );
}

function Event({ row, may }: { row: Row; may: boolean }) {
  const { t } = useTranslation();
  const { busy, run } = useDoing();
  const [text, setText] = useState<string>();
  const id = String(row.rpt_exchangeeventid);
  const apply = (payload: string) => run("apply", () => callBound("rpt_exchangeevents", id, "rpt_ReplayExchangeEvent", { Payload: payload }), "exchange.applied");
  return (
    <li>
      <div className={classes.row}>
        <strong>{String(row.rpt_name ?? "")}</strong>
        <span className="faint">{formatInstant(String(row.createdon))}</span>
        <span className={classes.grow} />
        {may && text === undefined && <Button size="compact-sm" variant="default" onClick={() => setText(laidOut(String(row.rpt_payload ?? "")))}>{t("exchange.mend")}</Button>}
        {may && text === undefined && <Button size="compact-sm" variant="default" loading={busy === "apply"} onClick={() => void apply("")}>{t("exchange.replay")}</Button>}
        {may && <Button size="compact-sm" variant="subtle" loading={busy === "drop"} onClick={() => void run("drop", () => callBound("rpt_exchangeevents", id, "rpt_DiscardExchangeEvent"), "exchange.discarded")}>{t("exchange.discard")}</Button>}
      </div>
      <p className={classes.reason}><Said text={row.rpt_reason} /></p>
      {text !== undefined && (
        <>
          <Textarea label={t("exchange.text")} autosize minRows={4} maxRows={16} value={text} onChange={(e) => setText(e.currentTarget.value)} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }} />
          <div className={classes.row}>
            <Button size="compact-md" loading={busy === "apply"} onClick={() => void apply(text)}>{t("exchange.applyMended")}</Button>
            <Button size="compact-md" variant="subtle" onClick={() => setText(undefined)}>{t("common.cancel")}</Button>
          </div>
        </>
      )}
    </li>
  );
}
