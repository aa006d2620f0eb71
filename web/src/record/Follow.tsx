import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { entitySets, useTableMeta, useTables } from "@/api/metadata";
import { createRecord, deleteRecord, fetchTop } from "@/api/records";
import { useSession } from "@/api/session";
import { useCommands } from "@/lib/commands";
import { useShortcuts } from "@/lib/keys";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";

const TABLE = "postfollow";

/** Whether the person follows the record, and the changing of it; undefined where the table can't be followed. */
export function useFollow(table: string, id: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { session } = useSession();
  const me = session?.user.systemuserid;
  const known = useTables().data?.some((x) => x.logicalname === TABLE) ?? false;
  const { data: meta } = useTableMeta(known ? TABLE : "");
  const [busy, setBusy] = useState(false);
  const can = Boolean(meta?.privileges.create) && (meta?.columns.find((c) => c.name === "regardingobjectid")?.targets?.includes(table) ?? false);
  const key = ["follow", table, id];
  const query = useQuery({
    queryKey: key,
    enabled: can && me !== undefined,
    queryFn: async ({ signal }) => (await fetchTop(meta!.entityset, { select: [meta!.primaryid], filter: `_regardingobjectid_value eq ${id} and _ownerid_value eq ${me}`, top: 10 }, signal)).rows.map((r) => String(r[meta!.primaryid])),
  });
  const mine = query.data ?? [];
  async function toggle() {
    if (busy || !meta || !query.isSuccess) return;
    setBusy(true);
    try {
      if (mine.length > 0) for (const one of mine) await deleteRecord(meta.entityset, one);
      else await createRecord(meta.entityset, meta.primaryid, { [`regardingobjectid_${table}@odata.bind`]: `/${entitySets(client)[table] ?? table}(${id})` });
      await client.invalidateQueries({ queryKey: key });
      toast(t(mine.length > 0 ? "follow.ended" : "follow.begun"));
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  return can && query.isSuccess ? { following: mine.length > 0, busy, toggle: () => void toggle() } : undefined;
}

/** Follows a record: what others do to it then stands under the bell. */
export function Follow({ table, id }: { table: string; id: string }) {
  const { t } = useTranslation();
  const follow = useFollow(table, id);
  useCommands(follow ? [{ id: "follow", label: t(follow.following ? "follow.stop" : "follow.start"), icon: "bell", run: follow.toggle }] : []);
  useShortcuts([{ keys: "w", label: "follow.key", group: "keys.record", run: () => follow?.toggle() }]);
  if (!follow) return null;
  return (
    <Button variant={follow.following ? "light" : "subtle"} color={follow.following ? undefined : "gray"} size="compact-md" aria-pressed={follow.following} disabled={follow.busy} onClick={follow.toggle}
      leftSection={<Icon name="bell" size={15} />} visibleFrom="sm">
      {t(follow.following ? "follow.on" : "follow.off")}
    </Button>
  );
}
