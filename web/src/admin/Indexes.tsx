import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { useTables } from "@/api/metadata";
import { API } from "@/api/odata";
import { callUnbound } from "@/api/records";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { useRefresh } from "./data";

interface ViewIndex { Table: string; Name: string; Columns: string[]; State: "proposed" | "building" | "built" | "failed"; Views: string[]; Error?: string }

const LOOK_AGAIN_MS = 3000;

/** Indexes that views of large tables want, and those that were built for them. */
export function Indexes() {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const tables = useTables();
  const [busy, setBusy] = useState("");
  const [removing, setRemoving] = useState<ViewIndex>();
  const list = useQuery({
    queryKey: ["admin", "indexes"],
    queryFn: async ({ signal }) => (await request<{ Indexes: ViewIndex[] }>(`${API}/rpt_RetrieveViewIndexes()`, { signal })).data.Indexes,
    refetchInterval: (query) => (query.state.data?.some((x) => x.State === "building") ? LOOK_AGAIN_MS : false),
  });
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const label = (name: string) => (tables.data ?? []).find((x) => x.logicalname === name)?.pluralLabel ?? name;

  async function build(x: ViewIndex) {
    setBusy(x.Table + x.Name);
    try {
      await callUnbound("rpt_BuildIndex", { Table: x.Table, Columns: x.Columns });
      toast(t("admin.index.started"));
    } catch (error) {
      toastFailure(error);
    } finally {
      await refresh();
      setBusy("");
    }
  }

  return (
    <>
      <p className="faint">{t("admin.index.hint")}</p>
      <div className={classes.box} aria-busy={list.isPending}>
        <table className={`${classes.table} ${classes.stacked}`} aria-label={t("admin.area.indexes")}>
          <thead><tr><th scope="col">{t("admin.table")}</th><th scope="col">{t("admin.index.columns")}</th><th scope="col">{t("admin.index.views")}</th><th scope="col">{t("admin.state")}</th><th /></tr></thead>
          <tbody>
            {(list.data ?? []).map((x) => (
              <tr key={`${x.Table} ${x.Name}`}>
                <th scope="row">{label(x.Table)}</th>
                <td>{x.Columns.join(", ")}</td>
                <td>{x.Views.join(", ")}</td>
                <td>
                  <span className={classes.pill} data-tone={x.State === "built" ? "good" : x.State === "failed" ? "bad" : undefined}>{t(`admin.index.state.${x.State}`)}</span>
                  {x.Error && <div className="faint">{x.Error}</div>}
                </td>
                <td>
                  {(x.State === "proposed" || x.State === "failed") && (
                    <Button size="compact-sm" variant="default" loading={busy === x.Table + x.Name} disabled={busy !== ""} onClick={() => void build(x)}
                      aria-label={t("admin.index.buildOne", { columns: x.Columns.join(", "), table: label(x.Table) })}>{t("admin.index.build")}</Button>
                  )}
                  {x.State === "built" && <Button size="compact-sm" variant="subtle" onClick={() => setRemoving(x)} aria-label={t("admin.index.removeOne", { name: x.Name })}>{t("admin.remove")}</Button>}
                </td>
              </tr>
            ))}
            {list.data?.length === 0 && <tr><td colSpan={5} className="faint">{t("admin.index.none")}</td></tr>}
          </tbody>
        </table>
      </div>
      {removing && (
        <ConfirmDialog title={t("admin.index.removeOne", { name: removing.Name })} confirm={t("admin.remove")} onClose={() => setRemoving(undefined)} run={async () => {
          await callUnbound("rpt_RemoveIndex", { Table: removing.Table, Name: removing.Name });
          await refresh();
        }}>
          <p>{t("admin.index.removeHint")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
