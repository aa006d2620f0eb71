import { Radio, SegmentedControl } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Column, Reference } from "@/api/types";
import { LookupEditor } from "@/record/editors/LookupEditor";
import classes from "./Qualify.module.css";

export interface LeadMatch {
  Table: string; Id: string; Name: string; Reason: string; Detail: string;
}

export type Choice = "new" | "existing" | "none";

/** What a lead becomes of one kind: a new record, one that is there already, or none. */
export function QualifyPart({ table, label, about, choice, onChoice, canMake, matches, chosen, onChosen }: {
  table: string; label: string; about: string; choice: Choice; onChoice: (choice: Choice) => void; canMake: boolean;
  matches: LeadMatch[]; chosen: Reference | null; onChosen: (ref: Reference | null) => void;
}) {
  const { t } = useTranslation();
  const name = useId();
  const column = { name: table, type: "lookup", label, targets: [table], required: false } as unknown as Column;
  const among = matches.some((m) => m.Id === chosen?.id);
  return (
    <div role="group" aria-labelledby={`${name}-name`} className={classes.part} data-part={table}>
      <p id={`${name}-name`} className={classes.name}>{label}</p>
      <SegmentedControl size="xs" value={choice} onChange={(v) => onChoice(v as Choice)} aria-label={label}
        data={[...(canMake ? [{ value: "new", label: t("lead.partNew") }] : []), { value: "existing", label: t("lead.partExisting") }, { value: "none", label: t("lead.partNone") }]} />
      {choice === "new" && <p className={classes.about}>{about}</p>}
      {choice === "none" && !canMake && <p className={classes.about}>{t("lead.noCompany")}</p>}
      {choice === "new" && matches.length > 0 && <p className={classes.hint} role="note">{t("lead.alike", { count: matches.length, name: matches[0]?.Name })}</p>}
      {choice === "existing" && (
        <div className={classes.choose}>
          {matches.length > 0 && (
            <Radio.Group name={name} value={among ? (chosen?.id ?? "") : ""} aria-label={t("lead.alikeTitle")} onChange={(id) => {
              const m = matches.find((x) => x.Id === id);
              if (m) onChosen({ id: m.Id, table: m.Table, name: m.Name });
            }}>
              <div className="stack" style={{ gap: 8 }}>
                {matches.map((m) => <Radio key={m.Id} value={m.Id} label={m.Name} description={t(`lead.match.${m.Reason}`, { what: m.Detail })} />)}
              </div>
            </Radio.Group>
          )}
          <LookupEditor column={column} value={among ? null : chosen} onChange={onChosen} make={false} aria-label={t("lead.searchPart", { what: label })} />
        </div>
      )}
    </div>
  );
}
