import { Button, FileButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";

/** Sends a file of history and gives the import's id. */
export function Upload({ onDone, large }: { onDone: (id: string) => void; large?: boolean }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);

  async function send(file: File | null) {
    if (!file) return;
    setBusy(true);
    try {
      const { data } = await request<{ id: string }>(`/api/scoring/imports?name=${encodeURIComponent(file.name)}`, { method: "POST", file });
      onDone(data.id);
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <FileButton accept=".csv,.tsv,.txt,text/csv" onChange={(file) => void send(file)} inputProps={{ "aria-label": t("history.choose") }}>
      {(props) => <Button {...props} size={large ? "sm" : undefined} loading={busy} leftSection={<Icon name="plus" size={15} />}>{t("history.choose")}</Button>}
    </FileButton>
  );
}
