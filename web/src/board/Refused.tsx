import { Alert, Button, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApiError, asApiError } from "@/api/errors";
import { request } from "@/api/http";
import { useTables } from "@/api/metadata";
import { columnOf } from "@/api/rows";
import type { Table } from "@/api/types";
import { recordPath } from "@/lib/paths";
import type { Process } from "@/process/types";
import { Field } from "@/record/Field";
import { useRecord } from "@/record/useRecord";
import classes from "./Board.module.css";

/** What keeps a record in its stage, and the fields to be filled in, right here. */
export function Refused({ table, id, name, to, failure, onTry, onClose }: {
  table: Table; id: string; name: string; to: string; failure: ApiError; onTry: () => Promise<void>; onClose: () => void;
}) {
  const { t } = useTranslation();
  const handle = useRecord(table, id);
  const { data: tables } = useTables();
  const process = useQuery({ queryKey: ["process", table.logicalname, id, "board"], queryFn: async ({ signal }) => (await request<Process>(`/api/ui/tables/${table.logicalname}/${id}/process`, { signal })).data });
  const [refusal, setRefusal] = useState(failure);
  const [busy, setBusy] = useState(false);
  const stage = process.data?.stages.find((s) => s.id === process.data.activestage);
  const words = refusal.fields.filter((f) => f.name === "").map((f) => f.message);
  const missing = new Set(refusal.fields.map((f) => f.name));
  const here = stage?.table === table.logicalname;
  async function again() {
    setBusy(true);
    try {
      await onTry();
      onClose();
    } catch (error) {
      setRefusal(asApiError(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title={t("board.refusedTitle", { name, stage: to })} size="md" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className="stack">
        <Alert data-tone="warn" role="alert" p="xs">{words.length > 0 ? words.join(" ") : refusal.code === "process.gate" ? t("board.fill") : refusal.message}</Alert>
        {here && handle.row && stage.steps.map((step) => {
          const column = columnOf(table, step.column);
          return column && <div key={step.column} className={missing.has(step.column) ? classes.missing : undefined}><Field table={table} column={{ ...column, required: column.required || step.required }} row={handle.row!} handle={handle} /></div>;
        })}
        {stage && !here && stage.record && <Link className="link" to={recordPath(stage.table, stage.record)}>{t("process.elsewhere", { what: tables?.find((x) => x.logicalname === stage.table)?.label ?? stage.table })}</Link>}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>{t("board.leave")}</Button>
          <Button loading={busy} disabled={handle.pending.size > 0} onClick={() => void again()}>{t("board.again", { stage: to })}</Button>
        </div>
      </div>
    </Modal>
  );
}
