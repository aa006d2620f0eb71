import { NativeSelect } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import type { Related as Relation, Table } from "@/api/types";
import { Calm, Failure } from "@/ui/Calm";
import classes from "./Related.module.css";
import { RelatedList } from "./RelatedList";

/** What belongs to a record: one list at a time, the likeliest first. */
export default function Related({ table, id, name }: { table: Table; id: string; name: string }) {
  const { t } = useTranslation();
  const first = table.related.find((r) => likely[table.logicalname]?.includes(r.nav)) ?? table.related[0];
  const [nav, setNav] = useState(first?.nav);
  const relation = table.related.find((r) => r.nav === nav);
  if (!relation) return <Calm small icon="link" title={t("related.noneTitle")}>{t("related.none")}</Calm>;
  return (
    <section className={classes.related} aria-label={t("record.related")}>
      <NativeSelect className={classes.pick} label={t("related.list")} value={nav} onChange={(e) => setNav(e.currentTarget.value)} data={table.related.map((r) => ({ value: r.nav, label: r.label }))} />
      <One key={relation.nav} table={table} id={id} name={name} relation={relation} />
    </section>
  );
}

/** Where most people look first. */
const likely: Record<string, string[]> = {
  account: ["contact_customer_accounts"], contact: ["opportunity_customer_contacts", "incident_customer_contacts"], opportunity: ["product_opportunities", "opportunitycompetitors_association"], campaign: ["lead_source_campaigns"], lead: ["leadcompetitors_association"],
};

function One({ table, id, name, relation }: { table: Table; id: string; name: string; relation: Relation }) {
  const meta = useTableMeta(relation.table);
  if (meta.isError) return <Failure small error={meta.error} onRetry={() => void meta.refetch()} />;
  return meta.data ? <RelatedList table={table} id={id} name={name} relation={relation} other={meta.data} /> : null;
}
