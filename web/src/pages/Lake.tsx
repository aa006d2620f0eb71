import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { formatAgo, formatNumber } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";

interface LakeTable {
  name: string; layer: string; rows: number; files: number; bytes: number; version: number; columns: number; updated?: string | null; lagSeconds: number; error?: string;
}

function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let n = bytes;
  while (n >= 1000 && at < units.length - 1) { n /= 1000; at++; }
  return `${formatNumber(n, at === 0 ? 0 : 1)} ${units[at]}`;
}

/** What the lake holds, and how fresh it is. */
export function Lake() {
  const { t } = useTranslation();
  const tables = useQuery({
    queryKey: ["lake"], refetchInterval: 10_000,
    queryFn: async ({ signal }) => (await request<{ tables: LakeTable[] }>("/api/lake/tables", { signal })).data.tables,
  });
  if (tables.isError && !tables.data) return <Failure error={tables.error} onRetry={() => void tables.refetch()} />;
  if (!tables.data) return null;
  return (
    <>
      <PageBar title={<><h1>{t("lake.title")}</h1><span className="faint tnum">{formatNumber(tables.data.length)}</span></>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          {tables.data.length === 0 ? <Calm icon="table" title={t("lake.emptyTitle")}>{t("lake.empty")}</Calm> : (
            <section className={classes.card}>
              <p className={classes.hint}>{t("lake.hint")}</p>
              <div className={classes.tableBox} style={{ maxBlockSize: "none" }} tabIndex={0} role="region" aria-label={t("lake.title")}>
                <table className={classes.table}>
                  <thead><tr><th scope="col">{t("lake.table")}</th><th scope="col">{t("lake.rows")}</th><th scope="col">{t("lake.files")}</th><th scope="col">{t("lake.size")}</th><th scope="col">{t("lake.version")}</th><th scope="col">{t("lake.updated")}</th><th scope="col">{t("lake.fresh")}</th></tr></thead>
                  <tbody>
                    {tables.data.map((x) => (
                      <tr key={x.name}>
                        <th scope="row">{x.name}</th>
                        <td className="tnum">{formatNumber(x.rows)}</td><td className="tnum">{formatNumber(x.files)}</td><td className="tnum">{size(x.bytes)}</td><td className="tnum">{formatNumber(x.version)}</td>
                        <td>{x.updated ? formatAgo(x.updated) : "–"}</td>
                        <td>{x.error ? <span className={classes.pill} data-tone="bad">{x.error}</span>
                          : <span className={classes.pill} data-tone={x.lagSeconds > 5 ? "warn" : "good"}>{x.lagSeconds > 5 ? t("lake.behind", { seconds: formatNumber(x.lagSeconds, 0) }) : t("lake.current")}</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </section>
          )}
        </div>
      </div>
    </>
  );
}
