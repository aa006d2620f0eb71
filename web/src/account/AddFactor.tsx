import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import classes from "./Account.module.css";
import { addPasskey, confirm, enrol, type Enrolment } from "./api";

/** Name, then the picture to scan, then the first code, then the recovery codes. */
export function AddTotp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [added, setAdded] = useState<Enrolment>();
  const [recovery, setRecovery] = useState<string[]>();

  if (recovery) return <Recovery codes={recovery} onClose={onClose} />;
  if (!added) {
    return (
      <ConfirmDialog title={t("account.addTotp")} confirm={t("account.addTotp")} onClose={onClose}
        run={async () => { setAdded(await enrol(name)); return "stay"; }}>
        <TextInput label={t("account.name")} placeholder={t("account.namePlaceholder")} value={name} maxLength={60} data-autofocus onChange={(e) => setName(e.currentTarget.value)} />
      </ConfirmDialog>
    );
  }
  return (
    <ConfirmDialog key="code" title={t("account.addTotp")} confirm={t("account.confirm")} onClose={onClose} disabled={code.trim().length < 6}
      run={async () => { setRecovery(await confirm(added.id, code)); return "stay"; }}>
      <p>{t("account.scan")}</p>
      <QR rows={added.qr} label={t("account.qr")} />
      <p className="faint">{t("account.key")}</p>
      <p className={classes.key}>{added.secret.replace(/(.{4})/g, "$1 ").trim()}</p>
      <TextInput mt="md" label={t("account.firstCode")} value={code} inputMode="numeric" autoComplete="one-time-code" maxLength={10} data-autofocus onChange={(e) => setCode(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}

/** Draws the modules of a QR code, black on white in every theme so that cameras read it. */
function QR({ rows, label }: { rows: string[]; label: string }) {
  const path = rows.flatMap((row, y) => [...row].map((m, x) => (m === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg className={classes.qr} viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}

function Recovery({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  return (
    <Modal opened onClose={onClose} title={t("account.recovery")} closeOnClickOutside={false} withCloseButton={false}>
      <p>{t("account.recoveryLead")}</p>
      <ul className={classes.codes}>{codes.map((c) => <li key={c}>{c}</li>)}</ul>
      <div className={classes.row} style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={() => void navigator.clipboard.writeText(codes.join("\n")).then(() => setCopied(true))}>{t(copied ? "account.copied" : "account.copy")}</Button>
        <Button onClick={onClose}>{t("account.kept")}</Button>
      </div>
    </Modal>
  );
}

export function AddPasskey({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  return (
    <ConfirmDialog title={t("account.addPasskey")} confirm={t("account.addPasskey")} onClose={onClose} run={() => addPasskey(name)}>
      <TextInput label={t("account.name")} placeholder={t("account.namePlaceholder")} value={name} maxLength={60} data-autofocus onChange={(e) => setName(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}
