import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { callBound } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Row } from "@/api/types";
import { formatInstant } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { type Difference, differences, shown, useDiffering } from "./api";
import { useDoing } from "./Exchange";
import classes from "./exchange.module.css";

/** Cases that are not the same on both sides, part by part. */
export function Differing({ counterpart, may }: { counterpart: string; may: boolean }) {
  const { t } = useTranslation();
  const list = useDiffering(counterpart);
  return (
    <>
      <div className={classes.head}><h3>{t("exchange.differing")}</h3></div>
      <p className="dim">{t("exchange.differingHint")}</p>
      <ul className={classes.list}>{(list.data?.rows ?? []).map((row) => <Case key={String(row.rpt_exchangecaseid)} row={row} may={may} />)}</ul>
    </>
  );
}

function Case({ row, may }: { row: Row; may: boolean }) {
  const { t } = useTranslation();
  const { busy, run } = useDoing();
  const id = String(row.rpt_exchangecaseid);
  const settle = (part: string, take: "ours" | "theirs") => void run(part + take, () => callBound("rpt_exchangecases", id, "rpt_SettleDifference", { Part: part, Take: take }), "exchange.settled");
  return (
    <li>
      <div className={classes.row}>
        <Link to={recordPath(String(row.rpt_recordtable), String(row.rpt_recordid))}>{String(row.rpt_name ?? "")}</Link>
        <span className="faint">{t("exchange.compared", { when: formatInstant(String(row.rpt_comparedon)) })}</span>
        <span className={classes.grow} />
        {may && <Button size="compact-sm" variant="default" loading={busy === "again"} onClick={() => void run("again", () => callBound("rpt_exchangecases", id, "rpt_CompareCase"), "exchange.comparedNow")}>{t("exchange.compareOne")}</Button>}
        {may && <Button size="compact-sm" variant="default" loading={busy === "send"} onClick={() => void run("send", () => callBound("rpt_exchangecases", id, "rpt_ResendCase"), "exchange.resent")}>{t("exchange.resend")}</Button>}
      </div>
      <div className={classes.box} tabIndex={0} role="region" aria-label={t("exchange.differing")}>
        <table>
          <thead><tr><th scope="col">{t("exchange.part")}</th><th scope="col">{t("exchange.ours")}</th><th scope="col">{t("exchange.theirs")}</th><th scope="col">{t("exchange.take")}</th></tr></thead>
          <tbody>
            {differences(row).map((d) => (
              <tr key={d.part}>
                <td>{d.label.includes(".") && !d.part.startsWith("@note") && !d.part.startsWith("@document") ? <ColumnName label={d.label} /> : d.label || d.part}</td>
                <td>{shown(d.ours)}</td>
                <td>{shown(d.theirs)}</td>
                <td className={classes.tools}>
                  {may && d.owner !== "theirs" && <Button size="compact-sm" variant="subtle" loading={busy === `${d.part}ours`} onClick={() => settle(d.part, "ours")}>{t("exchange.takeOurs")}</Button>}
                  {may && d.owner !== "ours" && <Button size="compact-sm" variant="subtle" loading={busy === `${d.part}theirs`} onClick={() => settle(d.part, "theirs")}>{t("exchange.takeTheirs")}</Button>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </li>
  );
}

/** A column by the name that people know it by, where its table may be read. */
function ColumnName({ label }: { label: Difference["label"] }) {
  const [table = "", column = ""] = label.split(".");
  const meta = useTableMeta(table);
  return <>{(meta.data && columnOf(meta.data, column)?.label) || label}</>;
}
