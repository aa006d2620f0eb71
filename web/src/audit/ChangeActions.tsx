import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { formatInstant } from "@/lib/format";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toast, toastFailure } from "@/ui/toast";
import { AsOfView } from "./AsOfView";
import { revertChange } from "./api";

interface Props { table: string; id: string; at: string; audit?: string; onDone: () => void }

/** What can be done about one change of a record: take it back, or look at the record as it was just after it. */
export function ChangeActions({ table, id, at, audit, onDone }: Props) {
  const { t } = useTranslation();
  const [overlap, setOverlap] = useState<ApiError>();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);

  async function put(overwrite: boolean) {
    await revertChange(audit!, overwrite);
    toast(t("audit.reverted"));
    onDone();
  }

  async function tryPut() {
    setBusy(true);
    try {
      await put(false);
    } catch (error) {
      if (error instanceof ApiError && error.code === "revert.overlap") setOverlap(error);
      else toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <div style={{ display: "flex", gap: 6, marginBlockStart: 4 }}>
      {audit && <Button size="compact-xs" variant="subtle" color="gray" loading={busy} onClick={() => void tryPut()}>{t("audit.revert")}</Button>}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen(true)}>{t("audit.asOf")}</Button>
      {open && (
        <Modal opened onClose={() => setOpen(false)} size="lg" closeButtonProps={{ "aria-label": t("audit.close") }} title={t("audit.asOfTitle", { at: formatInstant(at) })}>
          <AsOfView table={table} id={id} at={at} close={t("audit.close")} onClose={() => setOpen(false)} onDone={onDone} />
        </Modal>
      )}
      {overlap && (
        <ConfirmDialog title={t("audit.overlap")} confirm={t("audit.overwrite")} run={() => put(true)} onClose={() => setOverlap(undefined)}>
          <p>{t("audit.overlapHint", { columns: overlap.fields.map((f) => f.name).join(", ") })}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
