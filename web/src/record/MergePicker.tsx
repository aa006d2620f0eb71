import { Button, Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Reference, Table } from "@/api/types";
import { LookupEditor } from "./editors/LookupEditor";

/** Asks which other record is the same as this one; what becomes of the two is chosen on the page of merging. */
export default function MergePicker({ table, id, name, onClose }: { table: Table; id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [other, setOther] = useState<Reference | null>(null);
  const same = other?.id === id;
  return (
    <Modal opened onClose={onClose} title={t("mergePick.title", { name })} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={(e) => { e.preventDefault(); if (other && !same) void navigate({ to: `/merge/${table.logicalname}/${id}/${other.id}` }); }}>
        <p className="dim" style={{ marginBottom: 10 }}>{t("mergePick.hint")}</p>
        <LookupEditor column={{ name: "mergewith", type: "lookup", label: table.label, targets: [table.logicalname] }} value={other} make={false} aria-label={t("mergePick.other")} onChange={setOther} error={same ? t("mergePick.same") : undefined} />
        <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 16 }}>
          <Button variant="default" type="button" onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" disabled={!other || same}>{t("mergePick.next")}</Button>
        </div>
      </form>
    </Modal>
  );
}
