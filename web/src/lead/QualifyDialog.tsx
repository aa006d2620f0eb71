import { Button, Checkbox, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { callBound } from "@/api/records";
import { idOf, nameOf } from "@/api/rows";
import type { Row, Table } from "@/api/types";
import { recordPath } from "@/lib/paths";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon, tableIcon } from "@/ui/icons";

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

/** Turns a lead into customer and opportunity, and shows what was made. */
export function QualifyDialog({ table, row, onClose, onDone }: { table: Table; row: Row; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: tables } = useTables();
  const company = typeof row.companyname === "string" && row.companyname !== "";
  const [account, setAccount] = useState(company);
  const [contact, setContact] = useState(true);
  const [opportunity, setOpportunity] = useState(true);
  const [made, setMade] = useState<Made[]>();
  const labels = Object.fromEntries((tables ?? []).map((x) => [x.logicalname, x.label]));

  async function qualify() {
    const answer = await callBound<{ value?: Row[] } | undefined>(table.entityset, idOf(table, row), "QualifyLead", {
      CreateAccount: account, CreateContact: contact, CreateOpportunity: opportunity, Status: 3,
    });
    setMade(madeRecords(answer, labels));
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
                <Icon name={tableIcon(m.table)} /><span>{m.name}</span><span className="faint">{labels[m.table]}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div style={{ display: "flex", justifyContent: "flex-end", marginTop: 20 }}><Button onClick={onClose} data-autofocus>{t("common.done")}</Button></div>
      </Modal>
    );
  }
  return (
    <ConfirmDialog title={t("lead.qualifyTitle", { name: nameOf(table, row) })} confirm={t("lead.qualify")} run={qualify} onClose={onClose}>
      <p className="dim" style={{ marginBottom: 14 }}>{t("lead.qualifyText")}</p>
      <div className="stack" style={{ gap: 10 }}>
        <Checkbox checked={account} onChange={(e) => setAccount(e.currentTarget.checked)} label={t("lead.makeAccount")}
          description={company ? String(row.companyname) : t("lead.noCompany")} disabled={!company} />
        <Checkbox checked={contact} onChange={(e) => setContact(e.currentTarget.checked)} label={t("lead.makeContact")} description={nameOf(table, row)} />
        <Checkbox checked={opportunity} onChange={(e) => setOpportunity(e.currentTarget.checked)} label={t("lead.makeOpportunity")} data-autofocus />
      </div>
    </ConfirmDialog>
  );
}
