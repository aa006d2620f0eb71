import { Button, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { useTables } from "@/api/metadata";
import { formatAgo, formatInstant, formatNumber } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { PageBar } from "@/ui/PageBar";
import { toast, toastFailure } from "@/ui/toast";
import { type BinRow, recycleBin, restore } from "./api";

const HistoryDialog = lazy(() => import("./HistoryDialog"));

/** What was deleted and can still be brought back. */
export function RecycleBin() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [lost, setLost] = useState<{ row: BinRow; error: ApiError }>();
  const [busy, setBusy] = useState("");
  const [history, setHistory] = useState<BinRow>();
  const { data: tables } = useTables();
  const query = useInfiniteQuery({
    queryKey: ["recyclebin", search],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => recycleBin(search, pageParam, signal),
    getNextPageParam: (last) => last.Next,
  });
  const rows = query.data?.pages.flatMap((p) => p.Rows) ?? [];
  const label = (name: string) => tables?.find((x) => x.logicalname === name)?.label ?? name;

  async function bring(row: BinRow, clear: boolean) {
    const done = await restore(row, clear);
    toast(t("audit.restored", { count: done.Restored, name: row.Name || label(row.EntityLogicalName) }));
    void query.refetch();
  }

  async function tryBring(row: BinRow) {
    setBusy(row.Id);
    try {
      await bring(row, false);
    } catch (error) {
      if (error instanceof ApiError && error.code === "restore.parent_gone") setLost({ row, error });
      else toastFailure(error);
    } finally {
      setBusy("");
    }
  }

  if (query.isError && rows.length === 0) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <PageBar title={<h1>{t("audit.bin")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <section className={classes.card}>
            <p className={classes.hint}>{t("audit.binHint")}</p>
            <TextInput mb="sm" aria-label={t("audit.search")} placeholder={t("audit.search")} value={search} onChange={(e) => setSearch(e.currentTarget.value)} />
            {query.isSuccess && rows.length === 0 && <Calm icon="trash" small title={t("audit.binEmpty")} />}
            {rows.length > 0 && (
              <div className={classes.tableBox} style={{ maxBlockSize: "none" }} tabIndex={0} role="region" aria-label={t("audit.bin")}>
                <table className={classes.table}>
                  <thead><tr><th scope="col">{t("audit.name")}</th><th scope="col">{t("audit.table")}</th><th scope="col">{t("audit.deleted")}</th><th scope="col">{t("audit.by")}</th><th scope="col">{t("audit.related")}</th><th scope="col"><span className="sr-only">{t("audit.restore")}</span></th></tr></thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.EntityLogicalName + row.Id}>
                        <th scope="row">{row.Name || t("value.empty")}</th>
                        <td>{label(row.EntityLogicalName)}</td>
                        <td><time dateTime={row.DeletedOn} title={formatInstant(row.DeletedOn)}>{formatAgo(row.DeletedOn)}</time></td>
                        <td>{row.DeletedByName}</td>
                        <td className="tnum">{formatNumber(row.RelatedRecords)}</td>
                        <td style={{ whiteSpace: "nowrap" }}><Button size="compact-sm" variant="subtle" color="gray" aria-label={t("audit.historyName", { name: row.Name })} onClick={() => setHistory(row)}>{t("audit.history")}</Button>{" "}{row.Restorable && <Button size="compact-sm" variant="default" loading={busy === row.Id} aria-label={t("audit.restoreName", { name: row.Name })} onClick={() => void tryBring(row)}>{t("audit.restore")}</Button>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            {query.hasNextPage && <Button mt="sm" variant="subtle" color="gray" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t("timeline.older")}</Button>}
          </section>
        </div>
      </div>
      {history && <Suspense><HistoryDialog table={history.EntityLogicalName} id={history.Id} name={history.Name} onClose={() => setHistory(undefined)} /></Suspense>}
      {lost && (
        <ConfirmDialog title={t("audit.parentGone", { name: lost.row.Name })} confirm={t("audit.restoreWithout")} run={() => bring(lost.row, true)} onClose={() => setLost(undefined)}>
          <p>{lost.error.message}</p>
          <ul>{lost.error.fields.map((f) => <li key={f.name}>{f.message}</li>)}</ul>
        </ConfirmDialog>
      )}
    </>
  );
}
