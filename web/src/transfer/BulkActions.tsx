import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { SelectionContext } from "@/grid/selection";
import type { BulkRequest } from "./types";

const BulkDialog = lazy(() => import("./BulkDialog").then((m) => ({ default: m.BulkDialog })));

/** What can be done to all chosen rows at once. */
export function BulkActions(context: SelectionContext) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<BulkRequest["kind"]>();
  const { privileges, actions = [] } = context.table;
  return (
    <>
      {privileges.write && <Button size="compact-sm" variant="default" onClick={() => setKind("update")}>{t("bulk.update")}</Button>}
      {privileges.assign && <Button size="compact-sm" variant="default" onClick={() => setKind("assign")}>{t("bulk.assign")}</Button>}
      {actions.length > 0 && <Button size="compact-sm" variant="default" onClick={() => setKind("action")}>{t("bulk.run")}</Button>}
      {privileges.delete && <Button size="compact-sm" variant="default" onClick={() => setKind("delete")}>{t("bulk.delete")}</Button>}
      {kind && <Suspense><BulkDialog kind={kind} context={context} onClose={() => setKind(undefined)} /></Suspense>}
    </>
  );
}
