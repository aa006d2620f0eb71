import { Alert, Button, Checkbox, Loader, NumberInput, Radio, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import { callBound, createRecord, patchRecord } from "@/api/records";
import { parseJson } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { currentLanguage } from "@/i18n";
import { formatDay, formatNumber, formatPercent } from "@/lib/format";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import { HintList } from "./Hints";
import classes from "./scoring.module.css";
import { type Fitness, inWords } from "./types";

const DISQUALIFIED = 2;

/** What a new model leaves out: duplicates, and spam and test entries. */
const meaningless = [100000000, 100000001];

const steps = ["data", "check", "grades"] as const;

/** Setting a model up: what it learns from, whether the data are fit, what scores mean. */
export function Setup({ table, row, onDone, onClose }: { table: Table; row?: Row; onDone: (version?: string) => void; onClose?: () => void }) {
  const { t } = useTranslation();
  const [step, setStep] = useState(0);
  const [busy, setBusy] = useState(false);
  const [id, setId] = useState(row ? String(row.rpt_modelid) : "");
  const [fit, setFit] = useState<Fitness>();
  const reasons = (useTableMeta("lead").data?.columns.find((c) => c.name === "statuscode")?.options ?? []).filter((o) => o.state === DISQUALIFIED);
  const [leftOut, setLeftOut] = useState<number[]>(row ? parseJson<number[]>(row.rpt_reasonsout, []) : meaningless);
  const [excluded, setExcluded] = useState<string[]>(parseJson<string[]>(row?.rpt_excluded, []));
  const [form, setForm] = useState({
    name: String(row?.rpt_name ?? t("scoring.defaultName")), data: String(row?.rpt_data ?? 3), horizon: Number(row?.rpt_horizon ?? 90),
    a: Number(row?.rpt_gradea ?? 75), b: Number(row?.rpt_gradeb ?? 50), c: Number(row?.rpt_gradec ?? 25), retrain: Number(row?.rpt_retrainevery ?? 15),
    endpoint: String(row?.rpt_endpoint ?? ""),
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));

  async function save(): Promise<string> {
    const body = { rpt_name: form.name, rpt_data: Number(form.data), rpt_horizon: form.horizon, rpt_gradea: form.a, rpt_gradeb: form.b, rpt_gradec: form.c,
      rpt_retrainevery: form.retrain, rpt_excluded: JSON.stringify(excluded), rpt_reasonsout: JSON.stringify(leftOut), rpt_endpoint: form.endpoint || null };
    if (id) {
      await patchRecord(table, id, body);
      return id;
    }
    const made = await createRecord(table.entityset, table.primaryid, body);
    setId(made);
    return made;
  }

  async function go(then: (model: string) => Promise<void>) {
    setBusy(true);
    try {
      await then(await save());
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  const check = () => go(async (model) => {
    setStep(1);
    setFit(undefined);
    const out = await callBound<{ Fitness: string }>(table.entityset, model, "rpt_CheckTrainingData");
    setFit(JSON.parse(out.Fitness) as Fitness);
  });

  return (
    <section className={classes.card} aria-label={t("scoring.setup")}>
      <ol className={classes.steps}>
        {steps.map((s, i) => <li key={s} aria-current={i === step ? "step" : undefined}><b>{i + 1}</b>{t(`scoring.step.${s}`)}</li>)}
      </ol>
      {step === 0 && (
        <>
          <h2>{t("scoring.stepTitle.data")}</h2>
          <p className={classes.hint}>{t("scoring.stepHint.data")} <Link to="/history">{t("scoring.bringHistory")}</Link></p>
          <TextInput label={t("scoring.field.name")} value={form.name} maxLength={200} onChange={(e) => set({ name: e.currentTarget.value })} />
          <Radio.Group mt="sm" label={t("scoring.field.data")} value={form.data} onChange={(data) => set({ data })}>
            <div className="stack" style={{ marginTop: 6 }}>
              {["3", "1", "2"].map((v) => <Radio key={v} value={v} label={t(`scoring.source.${v}`)} />)}
            </div>
          </Radio.Group>
          <NumberInput mt="sm" label={t("scoring.field.horizon")} description={t("scoring.field.horizonHint")} min={1} max={3650} allowDecimal={false} value={form.horizon} onChange={(v) => set({ horizon: Number(v) || 1 })} />
          {form.data !== "1" && reasons.length > 0 && (
            <Checkbox.Group mt="sm" label={t("scoring.field.reasons")} description={t("scoring.field.reasonsHint")} value={leftOut.map(String)} onChange={(list) => setLeftOut(list.map(Number).sort((a, b) => a - b))}>
              <div className="stack" style={{ marginTop: 6 }}>
                {reasons.map((o) => <Checkbox key={o.value} value={String(o.value)} label={o.label} />)}
              </div>
            </Checkbox.Group>
          )}
          <div className={classes.end} style={{ marginTop: 16 }}>
            {onClose && <Button variant="default" onClick={onClose}>{t("scoring.close")}</Button>}
            <Button loading={busy} disabled={!form.name.trim()} onClick={() => void check()}>{t("scoring.checkData")}</Button>
          </div>
        </>
      )}
      {step === 1 && (
        <>
          <h2>{t("scoring.stepTitle.check")}</h2>
          {!fit ? <p className="row"><Loader size="xs" /> {t("scoring.checking")}</p> : <FitnessView fit={fit} excluded={excluded} onExclude={setExcluded} />}
          <div className={classes.end} style={{ marginTop: 16 }}>
            <Button variant="default" onClick={() => setStep(0)}>{t("scoring.back")}</Button>
            <Button disabled={!fit} onClick={() => setStep(2)}>{t("scoring.next")}</Button>
          </div>
        </>
      )}
      {step === 2 && (
        <>
          <h2>{t("scoring.stepTitle.grades")}</h2>
          <p className={classes.hint}>{t("scoring.stepHint.grades")}</p>
          <div className={classes.fields}>
            <NumberInput label={t("scoring.field.a")} min={4} max={100} value={form.a} onChange={(v) => set({ a: Number(v) })} />
            <NumberInput label={t("scoring.field.b")} min={3} max={99} value={form.b} onChange={(v) => set({ b: Number(v) })} />
            <NumberInput label={t("scoring.field.c")} min={2} max={98} value={form.c} onChange={(v) => set({ c: Number(v) })} />
            <NumberInput label={t("scoring.field.retrain")} min={0} max={365} value={form.retrain} onChange={(v) => set({ retrain: Number(v) })} />
          </div>
          <TextInput label={t("scoring.field.endpoint")} description={t("scoring.field.endpointHint")} placeholder="https://models.example.com/invocations" value={form.endpoint} onChange={(e) => set({ endpoint: e.currentTarget.value })} />
          <div className={classes.end} style={{ marginTop: 16 }}>
            <Button variant="default" onClick={() => setStep(1)}>{t("scoring.back")}</Button>
            <Button variant="default" loading={busy} onClick={() => void go(async () => onDone())}>{t("scoring.saveOnly")}</Button>
            <Button loading={busy} disabled={fit !== undefined && !fit.gate.ok} leftSection={<Icon name="play" size={14} />}
              onClick={() => void go(async (model) => onDone((await callBound<{ VersionId: string }>(table.entityset, model, "rpt_TrainModel")).VersionId))}>{t("scoring.train")}</Button>
          </div>
        </>
      )}
    </section>
  );
}

/** What there is to learn from, and which inputs to leave out. */
function FitnessView({ fit, excluded, onExclude }: { fit: Fitness; excluded: string[]; onExclude: (names: string[]) => void }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const suspicious = new Set(fit.hints.map((h) => h.name));
  const useful = fit.inputs.filter((i) => i.useful);
  return (
    <>
      {fit.gate.ok
        ? <Alert data-tone="good" icon={<Icon name="check" />} title={t("scoring.fit")}>{t("scoring.fitText", { rows: formatNumber(fit.rows), positives: formatNumber(fit.positives), rate: formatPercent(fit.positives / Math.max(1, fit.rows)) })}</Alert>
        : <Alert data-tone="warn" icon={<Icon name="warning" />} title={t("scoring.unfit")}>{fit.gate.message} {t("scoring.unfitRules")}</Alert>}
      <p className={classes.hint} style={{ marginTop: 10 }}>
        {fit.first && fit.last ? t("scoring.span", { first: formatDay(fit.first), last: formatDay(fit.last) }) : fit.rows > 0 ? t("scoring.fileOrder") : ""}{" "}
        {fit.open > 0 && t("scoring.openLeads", { count: fit.open })} {fit.leftOut > 0 && t("scoring.leftOut", { count: fit.leftOut })} {fit.sampled && t("scoring.sampled")}
      </p>
      {fit.hints.length > 0 && <div style={{ marginBottom: 12 }}><h2>{t("scoring.hints")}</h2><p className={classes.hint}>{t("scoring.hintsHint")}</p><HintList hints={fit.hints} /></div>}
      {useful.length > 0 && (
        <div className={classes.tableBox} tabIndex={0} role="region" aria-label={t("scoring.inputs")}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("scoring.col.use")}</th><th scope="col">{t("scoring.col.input")}</th><th scope="col">{t("scoring.col.kind")}</th><th scope="col">{t("scoring.col.filled")}</th></tr></thead>
            <tbody>
              {useful.map((i) => {
                const label = inWords(i.label, language, i.name);
                return (
                  <tr key={i.name}>
                    <td><Checkbox aria-label={label} checked={!excluded.includes(i.name)} onChange={(e) => onExclude(e.currentTarget.checked ? excluded.filter((x) => x !== i.name) : [...excluded, i.name])} /></td>
                    <td>{label} {suspicious.has(i.name) && <span className={classes.pill} data-tone="warn">{t("scoring.suspicious")}</span>}</td>
                    <td>{t(`scoring.inputKind.${i.kind}`, { defaultValue: i.kind })}{i.levels ? ` (${formatNumber(i.levels)})` : ""}</td>
                    <td>{formatPercent(i.filled)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
