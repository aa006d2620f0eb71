import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { tableQuery } from "@/api/metadata";
import { recordUrl } from "@/api/odata";
import { columnOf, nameOf, valueOf } from "@/api/rows";
import type { Column, Reference, Table } from "@/api/types";
import { Cell } from "@/grid/cells";
import { recordPath } from "@/lib/paths";
import { Avatar } from "@/ui/Avatar";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { formOf } from "./RecordForm";
import { recordQuery } from "./recordQuery";
import classes from "./LookupHover.module.css";

const MOST = 6;
const hidden = new Set(["id", "json", "memo", "file", "image"]);

/** What tells most of a record: its head, and the first of its form. */
function factsOf(table: Table): Column[] {
  const form = formOf(table);
  const names = [...new Set([...(form.header ?? []), ...form.tabs.flatMap((tab) => tab.sections.flatMap((s) => s.columns))])];
  return names.flatMap((n) => columnOf(table, n) ?? []).filter((c) => c.name !== table.primaryname && !hidden.has(c.type));
}

/** A record in short. */
export default function LookupCard({ reference }: { reference: Reference }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ["card", reference.table, reference.id],
    staleTime: 30_000,
    retry: false,
    queryFn: async () => {
      const table = await client.ensureQueryData(tableQuery(reference.table));
      return { table, row: await client.fetchQuery({ ...recordQuery(table, reference.id), staleTime: 30_000 }) };
    },
  });
  if (query.isError) return <Failure small error={query.error} />;
  if (!query.data) return <p className="faint" aria-busy="true">{reference.name}</p>;
  const { table, row } = query.data;
  const name = nameOf(table, row) || reference.name;
  const facts = factsOf(table).filter((c) => { const v = valueOf(c, row); return v !== null && v !== undefined && v !== ""; }).slice(0, MOST);
  const picture = table.columns.find((c) => c.type === "image" && row[`${c.name}id`]);
  const mail = row.emailaddress1 ?? row.internalemailaddress;
  const phone = row.telephone1 ?? row.mobilephone;
  return (
    <>
      <div className={classes.head}>
        {picture ? <img src={`${recordUrl(table.entityset, reference.id)}/${picture.name}/$value`} alt="" /> : <Avatar name={name} size={36} square={table.logicalname === "account"} />}
        <div style={{ minWidth: 0 }}>
          <div className={`clip ${classes.name}`}>{name}</div>
          <div className={classes.kind}>{table.label}</div>
        </div>
      </div>
      {facts.length > 0 && <dl className={classes.facts}>{facts.map((c) => [<dt key={`t${c.name}`}>{c.label}</dt>, <dd key={c.name}><Cell table={{ ...table, primaryname: "" }} column={c} row={row} /></dd>])}</dl>}
      <div className={classes.foot}>
        <Link className="link" to={recordPath(reference.table, reference.id)}>{t("field.open")}</Link>
        {typeof mail === "string" && mail && <a className="link" href={`mailto:${mail}`}><Icon name="mail" size={13} /> {t("field.mailShort")}</a>}
        {typeof phone === "string" && phone && <a className="link" href={`tel:${phone}`}><Icon name="phone" size={13} /> {t("field.callShort")}</a>}
      </div>
    </>
  );
}
