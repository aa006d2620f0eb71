import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { text } from "@/api/odata";
import { createRecord, fetchTop } from "@/api/records";
import { toast, toastFailure } from "@/ui/toast";
import type { Mapping } from "./types";

/** Mappings that were kept for files of the same kind. */
export function SavedMaps({ table, mapping, onPick }: { table: string; mapping: Mapping; onPick: (m: Mapping) => void }) {
  const { t } = useTranslation();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const maps = useQuery({
    queryKey: ["import maps", table],
    queryFn: async ({ signal }) => (await fetchTop("importmaps", { select: ["importmapid", "name", "rpt_mapping"], filter: `targetentityname eq ${text(table)}`, orderby: "name", top: 50 }, signal)).rows,
  });
  const parsed = (raw: unknown): Mapping => (typeof raw === "string" ? JSON.parse(raw) as Mapping : (raw ?? {}) as Mapping);
  const keep = async () => {
    try {
      await createRecord("importmaps", "importmapid", { name: name.trim(), targetentityname: table, rpt_mapping: JSON.stringify(mapping) });
      setNaming(false);
      toast(t("transfer.mapKept"));
      void maps.refetch();
    } catch (error) {
      toastFailure(error);
    }
  };
  return (
    <>
      <Menu position="top-end">
        <Menu.Target><Button variant="default">{t("transfer.maps")}</Button></Menu.Target>
        <Menu.Dropdown>
          {(maps.data ?? []).map((m) => <Menu.Item key={String(m.importmapid)} onClick={() => onPick(parsed(m.rpt_mapping))}>{String(m.name)}</Menu.Item>)}
          <Menu.Item onClick={() => setNaming(true)}>{t("transfer.mapKeep")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {naming && (
        <Modal opened onClose={() => setNaming(false)} title={t("transfer.mapKeep")} closeButtonProps={{ "aria-label": t("common.close") }}>
          <form onSubmit={(e) => { e.preventDefault(); if (name.trim()) void keep(); }}>
            <TextInput data-autofocus label={t("transfer.mapName")} value={name} onChange={(e) => setName(e.currentTarget.value)} />
            <Button type="submit" mt="md" disabled={name.trim() === ""}>{t("transfer.mapKeepShort")}</Button>
          </form>
        </Modal>
      )}
    </>
  );
}
