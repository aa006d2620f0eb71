import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { FieldError } from "@/api/errors";
import { tableQuery } from "@/api/metadata";
import { fetchRecord } from "@/api/records";
import { columnOf } from "@/api/rows";
import { formatNumber } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { Icon, tableIcon } from "@/ui/icons";
import classes from "./Alike.module.css";

/** By these a person sees whether it is the same one. */
const TELLING = ["companyname", "emailaddress1", "mobilephone", "telephone1", "address1_postalcode", "address1_city"];
const MOST = 5;

/** The records that count as the same as one that is being written, as a refusal names them. */
export function Alike({ found }: { found: FieldError[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const rows = useQueries({
    queries: found.slice(0, MOST).map((f) => ({
      queryKey: ["alike", f.name, f.message],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const table = await client.ensureQueryData(tableQuery(f.name));
        const columns = TELLING.filter((c) => columnOf(table, c));
        const row = await fetchRecord(table.entityset, f.message, [table.primaryname, ...columns], signal);
        return { name: String(row[table.primaryname] ?? ""), label: table.label, facts: columns.map((c) => String(row[c] ?? "")).filter(Boolean).join(" · ") };
      },
    })),
  });
  return (
    <ul className={classes.list}>
      {rows.map((row, i) => {
        const f = found[i]!;
        return (
          <li key={f.name + f.message}>
            <Icon name={tableIcon(f.name)} size={14} />
            <span>
              {/* In a page of its own, so that nothing typed is lost. */}
              <a href={recordPath(f.name, f.message)} target="_blank" rel="noreferrer" className="link">{row.data ? row.data.name || t("value.unnamed") : "…"}</a>
              {row.data?.facts && <span className={classes.facts}>{row.data.facts}</span>}
            </span>
          </li>
        );
      })}
      {found.length > MOST && <li>{t("duplicates.moreAlike", { count: found.length - MOST, number: formatNumber(found.length - MOST) })}</li>}
    </ul>
  );
}
