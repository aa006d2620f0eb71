import { useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTableMeta } from "@/api/metadata";
import { RecordGrid, type RecordGridProps } from "@/grid/RecordGrid";
import { recordPath } from "@/lib/paths";
import { Failure } from "@/ui/Calm";

/** Tables whose records come from elsewhere and are never typed in. */
const notMadeHere = new Set(["queueitem", "annotation", "appnotification", "rpt_quarantine", "rpt_deadletter", "rpt_flowrun", "rpt_flowcheckpoint", "campaignresponse", "rpt_historyimport", "rpt_modelversion", "rpt_modelpart", "rpt_leadhistory", "import", "importfile", "rpt_bulkoperation", "rpt_exportlog", "rpt_definition", "organization"]);

/** The list of one table, with what a special screen adds to it. */
export function TableScreen({ logical, empty, actions, newPath }: { logical: string; empty?: ReactNode; actions?: ReactNode } & Pick<RecordGridProps, "newPath">) {
  const search = useSearch({ strict: false });
  const meta = useTableMeta(logical);
  if (meta.isError) return <Failure error={meta.error} onRetry={() => void meta.refetch()} />;
  if (!meta.data) return null;
  return (
    <RecordGrid key={logical} table={meta.data} search={search} open={(id) => recordPath(logical, id)} empty={empty} actions={actions}
      newPath={newPath ?? (notMadeHere.has(logical) ? undefined : `/r/${logical}/new`)} />
  );
}

export function TablePage() {
  const { table = "" } = useParams({ strict: false });
  return <TableScreen logical={table} />;
}
