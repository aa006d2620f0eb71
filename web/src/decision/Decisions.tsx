import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTableMeta, useTables } from "@/api/metadata";
import { fetchTop } from "@/api/records";
import { columnOf } from "@/api/rows";
import type { Row } from "@/api/types";
import { optionFor } from "@/lib/format";
import { Calm, Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import { useSets } from "./api";
import classes from "./decision.module.css";
import { VersionEditor } from "./VersionEditor";

/** The decision sets with their versions, and the version that is open beside them. */
export function Decisions() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false });
  const meta = useTableMeta("rpt_decisionversion");
  const { data: tables } = useTables();
  const sets = useSets();
  const versions = useQuery({
    queryKey: ["decision", "versions"],
    enabled: meta.data !== undefined,
    queryFn: ({ signal }) => fetchTop("rpt_decisionversions", { orderby: "rpt_number desc", top: 500 }, signal),
  });
  const failed = meta.error ?? sets.error ?? versions.error;
  if (failed && !versions.data) return <Failure error={failed} onRetry={() => void versions.refetch()} />;
  if (!meta.data || !sets.data || !versions.data) return null;
  const current = versions.data.rows.find((v) => v.rpt_decisionversionid === id);
  const set = current && sets.data.rows.find((s) => s.rpt_decisionid === current._rpt_decisionid_value);
  const status = columnOf(meta.data, "rpt_status");
  const refresh = () => client.invalidateQueries({ queryKey: ["decision"] });

  const item = (v: Row) => (
    <li key={String(v.rpt_decisionversionid)}>
      <Link to="/decisions/{-$id}" params={{ id: String(v.rpt_decisionversionid) }} className={classes.item} activeProps={{ "data-active": true, "aria-current": "page" }}>
        <span className="grow">{t("decision.version", { number: String(v.rpt_number ?? "") })}</span>
        <span className="faint">{status && optionFor(status, v.rpt_status)?.label}</span>
      </Link>
    </li>
  );
  return (
    <>
      <PageBar title={<h1>{t("decision.title")}</h1>} />
      <div className={classes.body} data-open={current ? true : undefined}>
        <nav className={classes.list} aria-label={t("decision.title")}>
          {sets.data.rows.length === 0 && <Calm small icon="rules" title={t("decision.title")}>{t("decision.empty")}</Calm>}
          {sets.data.rows.map((s) => (
            <section key={String(s.rpt_decisionid)}>
              <h2 className={classes.set}>{String(s.rpt_name ?? "")}<span className="faint"> {tables?.find((x) => x.logicalname === s.rpt_table)?.pluralLabel ?? String(s.rpt_table ?? "")}</span></h2>
              <ol>{versions.data.rows.filter((v) => v._rpt_decisionid_value === s.rpt_decisionid).map(item)}</ol>
            </section>
          ))}
        </nav>
        <div className={classes.editor}>
          {current && set
            ? <VersionEditor key={id} meta={meta.data} set={set} version={current} onRefresh={refresh} onOpen={(made) => void navigate({ to: "/decisions/{-$id}", params: { id: made } })} />
            : <Calm icon="rules" title={t("decision.pickTitle")}>{t("decision.pick")}</Calm>}
        </div>
      </div>
    </>
  );
}
