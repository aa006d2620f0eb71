import { Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { callUnbound } from "@/api/records";
import type { Table } from "@/api/types";
import { useSaid } from "@/i18n/useSaid";
import { Icon } from "@/ui/icons";
import classes from "./Rules.module.css";

interface Verdict {
  Valid: boolean;
  Message?: string;
  Column?: number;
}

export interface Check {
  state: "idle" | "busy" | "good" | "bad" | "unknown";
  message?: string;
  column?: number;
}

/** Asks the server, which runs the rules, whether the condition can be understood. */
export function useConditionCheck(condition: string): Check {
  const [settled] = useDebouncedValue(condition.trim(), 350);
  const query = useQuery({
    queryKey: ["condition", settled],
    enabled: settled !== "",
    staleTime: Infinity,
    retry: false,
    queryFn: ({ signal }) => callUnbound<Verdict>("rpt_ValidateRule", { Condition: settled }, signal),
  });
  if (condition.trim() === "") return { state: "idle" };
  if (settled !== condition.trim() || query.isFetching) return { state: "busy" };
  if (query.isError || !query.data) return { state: "unknown" };
  return query.data.Valid ? { state: "good" } : { state: "bad", message: query.data.Message, column: query.data.Column };
}

/** Columns that rules ask about most: offered for insertion. */
const usual = [
  "numberofemployees", "address1_country", "rpt_productinterest", "jobtitle", "companyname", "emailaddress1", "estimatedamount", "revenue", "industrycode",
];
const context = [
  "emaildomain", "context.page", "context.referrer", "context.utm_source", "context.utm_campaign"];

export function ConditionEditor({ value, check, lead, readOnly, onChange }: {
  value: string; check: Check; lead?: Table; readOnly: boolean; onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  const said = useSaid();
  const area = useRef<HTMLTextAreaElement>(null);
  const hint = useId();
  const names = [...usual.filter((n) => !lead || lead.columns.some((c) => c.name === n)), ...context];

  function insert(name: string) {
    const box = area.current;
    const at = box?.selectionStart ?? value.length;
    const until = box?.selectionEnd ?? at;
    const gap = at > 0 && !/\s|\(|!/.test(value[at - 1] ?? " ") ? " " : "";
    onChange(value.slice(0, at) + gap + name + value.slice(until));
    requestAnimationFrame(() => {
      box?.focus();
      box?.setSelectionRange(at + gap.length + name.length, at + gap.length + name.length);
    });
  }

  return (
    <div>
      <Textarea ref={area} label={t("rules.condition")} description={t("rules.conditionHint")} autosize minRows={3} maxRows={14} value={value} spellCheck={false} required withAsterisk={false}
        classNames={{ input: classes.cel }} readOnly={readOnly} aria-invalid={check.state === "bad" || undefined} aria-describedby={hint} onChange={(e) => onChange(e.currentTarget.value)} />
      <div id={hint} className={classes.check} data-state={check.state} role="status">
        {check.state === "good" && <><Icon name="check" size={14} />{t("rules.valid")}</>}
        {check.state === "bad" && <><Icon name="warning" size={14} />{check.column ? t("rules.invalidAt", { column: check.column, message: said(check.message) }) : said(check.message)}</>}
        {check.state === "busy" && t("rules.checking")}
        {check.state === "unknown" && t("rules.notChecked")}
      </div>
      {!readOnly && (
        <div className={classes.insert} role="group" aria-label={t("rules.insert")}>
          {names.map((name) => (
            <button key={name} type="button" onClick={() => insert(name)} title={lead?.columns.find((c) => c.name === name)?.label}>{name}</button>
          ))}
        </div>
      )}
    </div>
  );
}
