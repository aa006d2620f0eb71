import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callBound } from "@/api/records";
import { idOf, nameOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { useShortcuts } from "@/lib/keys";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import { DisqualifyDialog } from "./DisqualifyDialog";
import { QualifyDialog } from "./QualifyDialog";

/** What can be done with a lead, by its state. */
export function LeadActions({ table, row, onDone }: { table: Table; row: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"qualify" | "disqualify">();
  const [busy, setBusy] = useState(false);
  const id = idOf(table, row);
  const open = row.statecode === 0 || row.statecode === undefined || row.statecode === null;
  const allowed = table.privileges.write;

  async function reactivate() {
    setBusy(true);
    try {
      await callBound(table.entityset, id, "rpt_ReactivateLead");
      toast(t("lead.reactivated", { name: nameOf(table, row) }));
      onDone();
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  useCommands(!allowed ? [] : open
    ? [
        { id: "qualify", label: t("lead.qualify"), icon: "check", run: () => setAsking("qualify") },
        { id: "disqualify", label: t("lead.disqualify"), icon: "close", run: () => setAsking("disqualify") },
      ]
    : [{ id: "reactivate", label: t("lead.reactivate"), icon: "undo", run: () => void reactivate() }]);
  useShortcuts([
    { keys: "q", label: "lead.qualify", group: "keys.record", run: () => { if (allowed && open) setAsking("qualify"); } },
    { keys: "d", label: "lead.disqualify", group: "keys.record", run: () => { if (allowed && open) setAsking("disqualify"); } },
  ]);
  if (!allowed) return null;

  return (
    <>
      {open ? (
        <>
          <Button variant="default" onClick={() => setAsking("disqualify")}>{t("lead.disqualify")}</Button>
          <Button leftSection={<Icon name="check" size={15} />} onClick={() => setAsking("qualify")}>{t("lead.qualify")}</Button>
        </>
      ) : (
        <Button variant="default" leftSection={<Icon name="undo" size={15} />} loading={busy} onClick={() => void reactivate()}>{t("lead.reactivate")}</Button>
      )}
      {asking === "qualify" && <QualifyDialog table={table} row={row} onClose={() => setAsking(undefined)} onDone={onDone} />}
      {asking === "disqualify" && <DisqualifyDialog table={table} row={row} onClose={() => setAsking(undefined)} onDone={onDone} />}
    </>
  );
}
