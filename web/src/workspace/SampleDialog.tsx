import { Checkbox } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { formatNumber } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toastUndo } from "@/ui/toast";
import { countSample, removeSample, restoreSample, type SampleData } from "./sample";
import classes from "./SampleDialog.module.css";

/** Shows what would go before it goes. */
export default function SampleDialog({ sample, onClose }: { sample: SampleData; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: tables } = useTables();
  const [inUse, setInUse] = useState(false);
  const [people, setPeople] = useState(true);
  const used = sample.Tables.reduce((sum, x) => sum + x.InUse, 0);
  const count = countSample(sample) - (inUse ? 0 : used);

  async function run() {
    const removed = await removeSample(inUse, people);
    toastUndo(t("sample.removed", { count: removed.Removed, number: formatNumber(removed.Removed) }), {
      label: t("sample.title"),
      run: async () => { await restoreSample(removed); await client.invalidateQueries(); },
    });
    void client.invalidateQueries();
  }

  return (
    <ConfirmDialog title={t("sample.title")} confirm={t("sample.remove", { count, number: formatNumber(count) })} danger disabled={count === 0 && !(people && sample.People > 0)} onClose={onClose} run={run}>
      <p className="dim">{t("sample.text")}</p>
      <table className={classes.counts}>
        <thead><tr><th scope="col">{t("sample.table")}</th><th scope="col">{t("sample.goes")}</th><th scope="col">{t("sample.stays")}</th></tr></thead>
        <tbody>
          {sample.Tables.map((x) => (
            <tr key={x.Table}>
              <th scope="row">{tables?.find((m) => m.logicalname === x.Table)?.pluralLabel ?? x.Table}</th>
              <td className="tnum">{formatNumber(x.Count - (inUse ? 0 : x.InUse))}</td>
              <td className="tnum">{formatNumber(inUse ? 0 : x.InUse)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {used > 0 && <Checkbox mt="md" checked={inUse} onChange={(e) => setInUse(e.currentTarget.checked)} label={t("sample.inUse", { count: used, number: formatNumber(used) })} description={t("sample.inUseHint")} />}
      {sample.People > 0 && <Checkbox mt="md" checked={people} onChange={(e) => setPeople(e.currentTarget.checked)} label={t("sample.people", { count: sample.People, number: formatNumber(sample.People) })} description={t("sample.peopleHint")} />}
    </ConfirmDialog>
  );
}
