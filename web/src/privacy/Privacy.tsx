import { Alert, Button, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import { useLive } from "@/api/live";
import { recordUrl } from "@/api/odata";
import { callUnbound, fetchTop } from "@/api/records";
import { useTables } from "@/api/metadata";
import { Said } from "@/i18n/Said";
import { formatAgo, formatNumber } from "@/lib/format";
import classes from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { PageBar } from "@/ui/PageBar";
import { toastFailure } from "@/ui/toast";

interface Line { Store: string; Table: string; Done: string; Count: number; Reason?: string; Ids?: string[] | null }
interface Preview { Persons: number; Blocked?: string; Found: boolean; Emails?: string[] | null; Names?: string[] | null; Lines: Line[] | null }
interface ReportLine { store: string; table?: string; done: string; count: number; reason?: string; ids?: string[] }

const SET = "rpt_personrequests";
const COLUMNS = ["rpt_personrequestid", "rpt_name", "rpt_kind", "statuscode", "statecode", "rpt_step", "rpt_report", "createdon", "rpt_archive"];

/** Whom a request is about: one of the three is filled in. */
function body(by: string, value: string) {
  if (by === "email") return { Email: value.trim() };
  if (by === "phone") return { Phone: value.trim() };
  return { Table: by, Id: value.trim() };
}

/** A person's data as an archive, or their erasure, and how earlier requests fared. */
export function Privacy() {
  const { t } = useTranslation();
  const [by, setBy] = useState("email");
  const [value, setValue] = useState("");
  const [preview, setPreview] = useState<Preview>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const requests = useQuery({
    queryKey: ["personrequests"], refetchInterval: 5_000,
    queryFn: ({ signal }) => fetchTop(SET, { select: COLUMNS, orderby: "createdon desc", top: 50 }, signal),
  });
  useLive("rpt_personrequest", () => void requests.refetch());

  async function run(what: () => Promise<void>) {
    setBusy(true);
    setProblem(undefined);
    try {
      await what();
    } catch (error) {
      const failure = asApiError(error);
      setProblem(failure.kind === "network" || failure.kind === "forbidden" ? t(`failure.${failure.kind}`) : failure.message);
    } finally {
      setBusy(false);
    }
  }
  const look = () => run(async () => setPreview(await callUnbound<Preview>("rpt_PreviewErasure", body(by, value))));
  const exporting = () => run(async () => { await callUnbound("rpt_ExportPerson", body(by, value)); void requests.refetch(); });
  const changed = () => { setPreview(undefined); setProblem(undefined); };

  return (
    <>
      <PageBar title={<h1>{t("privacy.title")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <section className={classes.card} aria-labelledby="privacy-who">
            <h2 id="privacy-who">{t("privacy.who")}</h2>
            <p className={classes.hint}>{t("privacy.hint")}</p>
            <form onSubmit={(e) => { e.preventDefault(); if (value.trim() && !busy) void look(); }}>
              <div className={classes.fields}>
                <Select label={t("privacy.by")} value={by} allowDeselect={false} onChange={(v) => { setBy(v ?? "email"); changed(); }}
                  data={[{ value: "email", label: t("privacy.email") }, { value: "phone", label: t("privacy.phone") }, { value: "lead", label: t("privacy.lead") },
                    { value: "contact", label: t("privacy.contact") }, { value: "account", label: t("privacy.account") }]} />
                <TextInput label={t("privacy.value")} value={value} onChange={(e) => { setValue(e.currentTarget.value); changed(); }} />
                <Button type="submit" variant="default" disabled={!value.trim()} loading={busy}>{t("privacy.look")}</Button>
              </div>
            </form>
            {problem && <Alert data-tone="bad" role="alert" p="xs">{problem}</Alert>}
          </section>
          {preview && (
            <section className={classes.card} aria-labelledby="privacy-found" aria-live="polite">
              <h2 id="privacy-found">{t("privacy.found", { names: (preview.Names ?? []).join(", ") || t("privacy.nobody") })}</h2>
              {!preview.Found ? <p>{t("privacy.nothing")}</p> : <>
                <p className={classes.hint}>{t("privacy.elsewhere")}</p>
                <Lines lines={(preview.Lines ?? []).map((l) => ({ store: l.Store, table: l.Table, done: l.Done, count: l.Count, reason: l.Reason, ids: l.Ids ?? [] }))} label={t("privacy.plan")} />
              </>}
              {preview.Blocked && <Alert data-tone="bad" role="alert" p="xs" mt="sm">{preview.Blocked}</Alert>}
              <div className={classes.end} style={{ marginTop: 12 }}>
                <Button variant="default" onClick={() => void exporting()} loading={busy}>{t("privacy.export")}</Button>
                <Button color="red.8" onClick={() => setAsking(true)} disabled={Boolean(preview.Blocked)}>{t("privacy.erase")}</Button>
              </div>
            </section>
          )}
          <section className={classes.card} aria-labelledby="privacy-requests">
            <h2 id="privacy-requests">{t("privacy.requests")}</h2>
            {requests.isError && !requests.data ? <Failure small error={requests.error} onRetry={() => void requests.refetch()} />
              : requests.data?.rows.length === 0 ? <Calm small icon="lock" title={t("privacy.none")} />
                : <ul className={classes.list}>{requests.data?.rows.map((row) => <Request key={String(row.rpt_personrequestid)} row={row} />)}</ul>}
          </section>
        </div>
      </div>
      {asking && (
        <Erase onClose={() => setAsking(false)} run={async () => {
          await callUnbound("rpt_ErasePerson", body(by, value));
          setPreview(undefined);
          setValue("");
          void requests.refetch();
        }} />
      )}
    </>
  );
}

/** Erasing does not come back: the word must be typed. */
function Erase({ onClose, run }: { onClose: () => void; run: () => Promise<void> }) {
  const { t } = useTranslation();
  const [word, setWord] = useState("");
  const wanted = t("privacy.word");
  return (
    <ConfirmDialog title={t("privacy.sure")} confirm={t("privacy.erase")} danger disabled={word.trim().toUpperCase() !== wanted} onClose={onClose} run={run}>
      <p>{t("privacy.final")}</p>
      <TextInput mt="sm" data-autofocus label={t("privacy.type", { word: wanted })} value={word} onChange={(e) => setWord(e.currentTarget.value)} />
    </ConfirmDialog>
  );
}

function Request({ row }: { row: Record<string, unknown> }) {
  const { t } = useTranslation();
  const id = String(row.rpt_personrequestid);
  const status = Number(row.statuscode);
  let report: { lines?: ReportLine[] | null; failed?: string } = {};
  try {
    report = typeof row.rpt_report === "string" ? (JSON.parse(row.rpt_report) as typeof report) : {};
  } catch (error) {
    toastFailure(error);
  }
  const step = String(row.rpt_step ?? "");
  return (
    <li>
      <details>
        <summary>
          <strong>{String(row.rpt_name ?? "")}</strong>{" "}
          <span className={classes.pill} data-tone={status === 3 ? "good" : status === 4 ? "bad" : "warn"}>{t(`privacy.status${status}`)}</span>{" "}
          <span className="faint">{formatAgo(String(row.createdon))}{step && ` · ${t("privacy.step", { step })}`}</span>
        </summary>
        {report.failed && <p>{report.failed}</p>}
        {(report.lines?.length ?? 0) > 0 && <Lines lines={report.lines ?? []} label={t("privacy.report")} />}
        {Number(row.rpt_kind) === 0 && status === 3 && Boolean(row.rpt_archive) && (
          <p><a href={`${recordUrl(SET, id)}/rpt_archive/$value`} download={`person-${id.slice(0, 8)}.zip`}>{t("privacy.download")}</a></p>
        )}
      </details>
    </li>
  );
}

/** What was done, or will be, and what stays and why. */
function Lines({ lines, label }: { lines: ReportLine[]; label: string }) {
  const { t, i18n } = useTranslation();
  const tables = useTables();
  const names = new Map((tables.data ?? []).map((x) => [x.logicalname, x.pluralLabel]));
  const said = (key: string, other: string) => (i18n.exists(key) ? t(key) : other);
  return (
    <div className={classes.tableBox} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table}>
        <thead><tr><th scope="col">{t("privacy.where")}</th><th scope="col">{t("privacy.what")}</th><th scope="col">{t("privacy.count")}</th><th scope="col">{t("privacy.why")}</th></tr></thead>
        <tbody>
          {lines.map((l, i) => (
            <tr key={i}>
              <th scope="row">{said(`privacy.store_${l.store}`, l.store)}{l.table ? `: ${names.get(l.table) ?? l.table}` : ""}</th>
              <td><span className={classes.pill} data-tone={l.done === "kept" || l.done === "remains" ? "warn" : undefined}>{said(`privacy.done_${l.done}`, l.done)}</span></td>
              <td className="tnum">{formatNumber(l.count)}</td>
              <td className={classes.wide}><Said text={l.reason} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
