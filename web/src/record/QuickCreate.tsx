import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import type { Reference, Table } from "@/api/types";
import { NewFields } from "./NewFields";
import { useNewForm } from "./newForm";

/** Makes a record without leaving the screen: what matters most of its form, in a dialog. */
export function QuickCreate({ logical, preset, onClose, onMade }: { logical: string; preset?: Record<string, unknown>; onClose: () => void; onMade: (made: Reference) => void }) {
  const { data: table } = useTableMeta(logical);
  return table ? <Dialog table={table} preset={preset} onClose={onClose} onMade={onMade} /> : null;
}

function Dialog({ table, preset, onClose, onMade }: { table: Table; preset?: Record<string, unknown>; onClose: () => void; onMade: (made: Reference) => void }) {
  const { t } = useTranslation();
  const form = useNewForm(table, { short: true, preset, onMade });
  // What is typed is not thrown away by a slip of the hand.
  const leave = () => { if (!form.touched.current || confirm(t("record.leave"))) onClose(); };
  return (
    <Modal opened onClose={leave} title={t("record.newTitle", { what: table.label })} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <form noValidate onSubmit={(e) => { e.preventDefault(); e.stopPropagation(); form.submit(); }}
        onKeyDown={(e) => { e.stopPropagation(); if ((e.ctrlKey || e.metaKey) && (e.key === "s" || e.key === "Enter")) { e.preventDefault(); form.submit(); } if (e.key === "Escape") leave(); }}>
        <NewFields form={form} />
        <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 16 }}>
          <Button variant="default" type="button" onClick={leave}>{t("common.cancel")}</Button>
          <Button type="submit" loading={form.busy}>{t(form.alike ? "duplicates.createAnyway" : "common.create")}</Button>
        </div>
      </form>
    </Modal>
  );
}
