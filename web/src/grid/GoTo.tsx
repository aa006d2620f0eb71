import { Button, Modal, SegmentedControl, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { allOf } from "@/api/odata";
import { fetchCount } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Table } from "@/api/types";
import { startOf } from "@/filter/dates";
import { formatNumber } from "@/lib/format";
import { useSettings } from "@/lib/settings";
import { before, jumpable } from "./goToPlace";
import type { Sort } from "./gridState";

/** Leads to a place of a long list: by the number of the row, or by what the list is sorted by. */
export function GoTo({ table, sort, filter, count, onGo, onClose }: {
  table: Table; sort?: Sort; filter: string; count: number; onGo: (row: number) => void; onClose: () => void;
}) {
  const { t } = useTranslation();
  const { timeZone } = useSettings();
  const column = sort && columnOf(table, sort.column);
  const [by, setBy] = useState(jumpable(column) ? "value" : "row");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  async function go(event: FormEvent) {
    event.preventDefault();
    if (by === "row") {
      const row = Number(typed.replace(/[^0-9]/g, ""));
      if (!row) return setProblem(t("goto.noRow"));
      onGo(Math.min(row, count) - 1);
      return onClose();
    }
    const earlier = column && sort && before(column, sort, typed, (day) => startOf(day, timeZone).toISOString());
    if (!earlier) return setProblem(t(column?.type === "date" || column?.type === "datetime" ? "goto.noDay" : "goto.noValue"));
    setBusy(true);
    try {
      const place = await fetchCount(table.entityset, allOf(filter, earlier));
      onGo(Math.max(0, Math.min(place, count - 1)));
      onClose();
    } catch (error) {
      setProblem(asApiError(error).message);
      setBusy(false);
    }
  }
  const day = column?.type === "date" || column?.type === "datetime";
  return (
    <Modal opened onClose={onClose} title={t("goto.title")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={(e) => void go(e)} className="stack">
        {jumpable(column) && (
          <SegmentedControl size="xs" value={by} onChange={(next) => { setBy(next); setProblem(undefined); }} aria-label={t("goto.by")}
            data={[{ value: "value", label: column!.label }, { value: "row", label: t("goto.row") }]} />
        )}
        <TextInput data-autofocus value={typed} error={problem} inputMode={by === "row" ? "numeric" : undefined}
          label={by === "row" ? t("goto.rowOf", { number: formatNumber(count) }) : t(day ? "goto.day" : "goto.value", { column: column!.label })}
          onChange={(e) => { setTyped(e.currentTarget.value); setProblem(undefined); }} />
        <div style={{ display: "flex", justifyContent: "flex-end", gap: 8 }}>
          <Button variant="default" type="button" onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" loading={busy}>{t("goto.go")}</Button>
        </div>
      </form>
    </Modal>
  );
}
