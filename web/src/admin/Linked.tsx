import { MultiSelect } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { recordUrl } from "@/api/odata";
import type { Row } from "@/api/types";
import { toastFailure } from "@/ui/toast";
import { associate, disassociate, useRows } from "./data";

/** What a record is associated with, chosen from a short list; each choice is kept at once. */
export function Linked({ set, id, nav, target, targetId, targetName, label, filter, disabled }: {
  set: string; id: string; nav: string; target: string; targetId: string; targetName: string; label: string; filter?: string; disabled?: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = ["admin", "linked", set, id, nav];
  const all = useRows(target, { select: [targetId, targetName], orderby: targetName, filter });
  const now = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await request<{ value: Row[] }>(`${recordUrl(set, id)}/${nav}?$select=${targetId},${targetName}`, { signal })).data.value,
  });
  const value = (now.data ?? []).map((r) => String(r[targetId]));
  const options = new Map([...(all.data ?? []), ...(now.data ?? [])].map((r) => [String(r[targetId]), String(r[targetName] ?? "")]));

  async function change(next: string[]) {
    const before = now.data;
    client.setQueryData(key, next.map((v) => ({ [targetId]: v, [targetName]: options.get(v) })));
    try {
      for (const v of next.filter((v) => !value.includes(v))) await associate(set, id, nav, target, v);
      for (const v of value.filter((v) => !next.includes(v))) await disassociate(set, id, nav, v);
    } catch (error) {
      client.setQueryData(key, before);
      toastFailure(error);
    }
    await client.invalidateQueries({ queryKey: ["admin"] });
  }

  return (
    <MultiSelect label={label} searchable disabled={disabled || !now.data} value={value} onChange={(v) => void change(v)} hidePickedOptions nothingFoundMessage={t("admin.none")}
      comboboxProps={{ withinPortal: true }} clearButtonProps={{ "aria-label": t("admin.clear") }}
      data={[...options].map(([v, name]) => ({ value: v, label: name }))} />
  );
}
