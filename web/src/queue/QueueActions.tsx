import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { entitySets } from "@/api/metadata";
import { callBound, callUnbound, patchRecord } from "@/api/records";
import { columnOf, idOf, nameOf, valueOf } from "@/api/rows";
import { useSession } from "@/api/session";
import type { Column, Reference, Row, Table } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { LookupEditor } from "@/record/editors/LookupEditor";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toastFailure, toastUndo } from "@/ui/toast";

/** What is done with an item of a queue: pick it up, give it back, send it elsewhere, be done with it. */
export function QueueActions({ table, row, onDone }: { table: Table; row: Row; onDone: () => void }) {
  const { t } = useTranslation();
  const { session } = useSession();
  const [busy, setBusy] = useState(false);
  const [routing, setRouting] = useState(false);
  const id = idOf(table, row);
  const name = nameOf(table, row);
  const worker = columnOf(table, "workerid");
  const by = worker && (valueOf(worker, row) as Reference | null);
  const mine = by?.id === session?.user.systemuserid;
  const open = row.statecode === 0;

  async function act(said: string, work: () => Promise<unknown>, back: () => Promise<unknown>) {
    setBusy(true);
    try {
      await work();
      onDone();
      toastUndo(said, { label: said, run: async () => { await back(); onDone(); } });
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  const put = (statecode: number) => patchRecord(table, id, { statecode });
  const pick = () => callBound(table.entityset, id, "PickFromQueue");
  const release = () => callBound(table.entityset, id, "ReleaseToQueue");
  const ways = [
    { key: "pick", icon: "check", on: open && !by, run: () => void act(t("queue.said.pick", { name }), pick, release) },
    { key: "release", icon: "undo", on: open && mine, run: () => void act(t("queue.said.release", { name }), release, pick) },
    { key: "route", icon: "arrowRight", on: open, run: () => setRouting(true) },
    { key: "done", icon: "check", on: open && mine, run: () => void act(t("queue.said.done", { name }), () => put(1), () => put(0)) },
    { key: "again", icon: "undo", on: !open, run: () => void act(t("queue.said.again", { name }), () => put(0), () => put(1)) },
  ] as const;
  const offered = table.privileges.write ? ways.filter((w) => w.on) : [];
  useCommands(offered.map((w) => ({ id: `queue-${w.key}`, label: t(`queue.do.${w.key}`), icon: w.icon, run: w.run })));
  const main = mine ? "done" : "pick";
  return (
    <>
      {offered.map((w) => (
        <Button key={w.key} variant={w.key === main ? "filled" : "default"} loading={busy} onClick={w.run} leftSection={w.key === main ? <Icon name={w.icon} size={15} /> : undefined}>
          {t(`queue.do.${w.key}`)}
        </Button>
      ))}
      {routing && <Route table={table} row={row} onClose={() => setRouting(false)} onDone={onDone} />}
    </>
  );
}

/** Where else it may go: another queue, a person, a team. */
function Route({ table, row, onClose, onDone }: { table: Table; row: Row; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [to, setTo] = useState<Reference | null>(null);
  const column: Column = { name: "to", type: "lookup", label: t("queue.to"), targets: ["queue", "systemuser", "team"] };
  const name = nameOf(table, row);
  return (
    <ConfirmDialog title={t("queue.title", { name })} confirm={t("queue.do.route")} disabled={!to} onClose={onClose}
      run={async () => {
        if (!to) return;
        await callUnbound("RouteTo", {
          Target: { "@odata.id": `${entitySets(client)[to.table]}(${to.id})` },
          QueueItem: { "@odata.type": "Microsoft.Dynamics.CRM.queueitem", queueitemid: idOf(table, row) },
        });
        onDone();
      }}>
      <LookupEditor column={column} value={to} onChange={setTo} make={false} autoFocus aria-label={t("queue.to")} />
    </ConfirmDialog>
  );
}
