import { Alert, Button, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";

/**
 * Asks before something is done, and stays open with the reason when it fails.
 * `run` may answer "stay" when the caller shows something in the dialog's place.
 */
export function ConfirmDialog({ title, confirm, children, run, onClose, danger, disabled, size }: {
  title: string; confirm: string; children?: ReactNode; run: () => Promise<void | "stay">; onClose: () => void; danger?: boolean; disabled?: boolean; size?: string;
}) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function go() {
    setBusy(true);
    setProblem(undefined);
    try {
      if ((await run()) !== "stay") onClose();
    } catch (error) {
      const failure = asApiError(error);
      setProblem(failure.kind === "network" || failure.kind === "forbidden" ? t(`failure.${failure.kind}`) : failure.message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={title} size={size ?? "md"} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={(e) => { e.preventDefault(); if (!disabled && !busy) void go(); }}>
        {children}
        {problem && <Alert data-tone="bad" role="alert" mt="md" p="xs">{problem}</Alert>}
        <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 20 }}>
          <Button variant="default" type="button" onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" color={danger ? "red.8" : undefined} loading={busy} disabled={disabled}>{confirm}</Button>
        </div>
      </form>
    </Modal>
  );
}
