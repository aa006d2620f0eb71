import { Button, FileButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toastFailure } from "@/ui/toast";
import { Icon } from "@/ui/icons";
import classes from "@/scoring/scoring.module.css";

/** Takes a file by choosing or by dropping it. */
export function FileDrop({ send, large }: { send: (file: File) => Promise<void>; large?: boolean }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);
  const take = async (file: File | null | undefined) => {
    if (!file || busy) return;
    setBusy(true);
    try {
      await send(file);
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const button = (
    <FileButton accept=".csv,.tsv,.txt,.xlsx,text/csv" onChange={(file) => void take(file)} inputProps={{ "aria-label": t("transfer.choose") }}>
      {(props) => <Button {...props} variant={large ? "filled" : "default"} loading={busy} leftSection={<Icon name="plus" size={15} />}>{t("transfer.choose")}</Button>}
    </FileButton>
  );
  if (!large) return button;
  return (
    <div className={classes.drop} data-over={over || undefined} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
      onDrop={(e) => { e.preventDefault(); setOver(false); void take(e.dataTransfer.files[0]); }}>
      <p>{t("transfer.drop")}</p>
      {button}
    </div>
  );
}
