import { Button, Checkbox, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { ApiError } from "@/api/errors";
import { callBound, callFunction } from "@/api/records";
import { idOf, nameOf } from "@/api/rows";
import type { Reference, Row, Table } from "@/api/types";
import { recordPath } from "@/lib/paths";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon, tableIcon } from "@/ui/icons";
import { type Choice, type LeadMatch, QualifyPart } from "./QualifyPart";

interface Made {
  table: string;
  id: string;
  name: string;
}

/** Reads what the action made: its type stands in each record, its id under the type's key. */
export function madeRecords(answer: { value?: Row[] } | undefined, names: Record<string, string>): Made[] {
  return (answer?.value ?? []).flatMap((row) => {
    const table = String(row["@odata.type"] ?? "").split(".").pop() ?? "";
    const id = row[`${table}id`];
    if (typeof id !== "string") return [];
    const name = row.name ?? row.fullname ?? names[table] ?? table;
    return [{ table, id, name: String(name) }];
  });
}

const parts = ["account", "contact", "opportunity"] as const;
type Part = (typeof parts)[number];

/** What speaks so clearly for one and the same that it is chosen at first. */
const sure = ["parent", "email", "company"];

function refOf(table: Part, choice: Choice, ref: Reference | null) {
  return choice === "existing" && ref ? { "@odata.type": `Microsoft.Dynamics.CRM.${table}`, [`${table}id`]: ref.id } : undefined;
}

/** Turns a lead into customer and opportunity, new ones or such as are there, and shows what came of it. */
export function QualifyDialog({ table, row, onClose, onDone }: { table: Table; row: Row; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: tables } = useTables();
  const company = typeof row.companyname === "string" && row.companyname !== "";
  const found = useQuery({
    queryKey: ["leadMatches", idOf(table, row)], staleTime: 0,
    queryFn: async ({ signal }) => (await callFunction<{ Matches: LeadMatch[] }>(table.entityset, idOf(table, row), "rpt_RetrieveLeadMatches", signal)).Matches,
  });
  const matches = found.data ?? [];
  const [choices, setChoices] = useState<Partial<Record<Part, Choice>>>({});
  const [chosen, setChosen] = useState<Partial<Record<Part, Reference | null>>>({});
  const [carry, setCarry] = useState(true);
  const [alike, setAlike] = useState(false);
  const [made, setMade] = useState<Made[]>();
  const labels = Object.fromEntries((tables ?? []).map((x) => [x.logicalname, x.label]));
  const titles: Record<Part, string> = { account: t("lead.makeAccount"), contact: t("lead.makeContact"), opportunity: t("lead.makeOpportunity") };
  const about: Record<Part, string> = { account: company ? String(row.companyname) : "", contact: nameOf(table, row), opportunity: String(row.subject ?? row.rpt_productinterest ?? nameOf(table, row)) };

  const of = (part: Part) => matches.filter((m) => m.Table === part);
  const first = (part: Part): Reference | null => {
    const m = part === "opportunity" ? undefined : of(part).find((x) => sure.includes(x.Reason));
    return m ? { id: m.Id, table: m.Table, name: m.Name } : null;
  };
  const choiceOf = (part: Part): Choice => choices[part] ?? (first(part) ? "existing" : part === "account" && !company ? "none" : "new");
  const chosenOf = (part: Part) => (part in chosen ? (chosen[part] ?? null) : first(part));
  const unchosen = parts.some((p) => choiceOf(p) === "existing" && !chosenOf(p));
  const goesOn = choiceOf("opportunity") !== "none";

  async function qualify() {
    let answer: { value?: Row[] } | undefined;
    try {
      answer = await callBound<{ value?: Row[] } | undefined>(table.entityset, idOf(table, row), "QualifyLead", {
        CreateAccount: choiceOf("account") === "new", CreateContact: choiceOf("contact") === "new", CreateOpportunity: choiceOf("opportunity") === "new", Status: 3,
        rpt_Account: refOf("account", choiceOf("account"), chosenOf("account")), rpt_Contact: refOf("contact", choiceOf("contact"), chosenOf("contact")),
        rpt_Opportunity: refOf("opportunity", choiceOf("opportunity"), chosenOf("opportunity")), rpt_CarryActivities: carry, SuppressDuplicateDetection: alike,
      });
    } catch (error) {
      if (error instanceof ApiError && error.code === "duplicate.found") setAlike(true); // the second time they mean it
      throw error;
    }
    const joined = parts.flatMap((p): Made[] => {
      const ref = choiceOf(p) === "existing" ? chosenOf(p) : null;
      return ref ? [{ table: p, id: ref.id, name: ref.name }] : [];
    });
    // The answer has ids alone; what is made bears the names that the lead has for it.
    const names = { account: String(row.companyname || labels.account), contact: nameOf(table, row), opportunity: String(row.subject || labels.opportunity) };
    setMade([...madeRecords(answer, names), ...joined]);
    onDone();
    void client.invalidateQueries({ queryKey: ["home"] });
    return "stay" as const;
  }

  if (made) {
    return (
      <Modal opened onClose={onClose} title={t("lead.qualifiedTitle", { name: nameOf(table, row) })} closeButtonProps={{ "aria-label": t("common.close") }}>
        <p className="dim">{made.length ? t("lead.qualifiedText") : t("lead.qualifiedBare")}</p>
        <ul style={{ listStyle: "none", padding: 0, margin: "12px 0 0", display: "flex", flexDirection: "column", gap: 8 }}>
          {made.map((m) => (
            <li key={m.id}>
              <Link to={recordPath(m.table, m.id)} className="row link" onClick={onClose}>
                <Icon name={tableIcon(m.table)} /><span>{m.name}</span>{m.name !== labels[m.table] && <span className="faint">{labels[m.table]}</span>}
              </Link>
            </li>
          ))}
        </ul>
        <div style={{ display: "flex", justifyContent: "flex-end", marginTop: 20 }}><Button onClick={onClose} data-autofocus>{t("common.done")}</Button></div>
      </Modal>
    );
  }
  return (
    <ConfirmDialog title={t("lead.qualifyTitle", { name: nameOf(table, row) })} confirm={alike ? t("lead.qualifyAnyway") : t("lead.qualify")} run={qualify} onClose={onClose} size="lg" disabled={unchosen || found.isLoading}>
      <p className="dim" style={{ marginBottom: 14 }}>{t("lead.qualifyText")}</p>
      <div className="stack" style={{ gap: 10 }}>
        {parts.map((p) => (
          <QualifyPart key={p} table={p} label={titles[p]} about={about[p]} choice={choiceOf(p)} canMake={p !== "account" || company}
            onChoice={(c) => setChoices((was) => ({ ...was, [p]: c }))} matches={of(p)} chosen={chosenOf(p)} onChosen={(ref) => setChosen((was) => ({ ...was, [p]: ref }))} />
        ))}
        <Checkbox checked={carry && goesOn} disabled={!goesOn} onChange={(e) => setCarry(e.currentTarget.checked)} label={t("lead.carry")} description={t("lead.carryHint")} />
      </div>
    </ConfirmDialog>
  );
}
