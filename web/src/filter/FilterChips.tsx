import { ActionIcon } from "@mantine/core";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Column, Table } from "@/api/types";
import { formatDay, optionsOf } from "@/lib/format";
import { useLookupNames } from "@/record/lookupSearch";
import { Icon } from "@/ui/icons";
import classes from "./filter.module.css";
import { type Condition, countsDays, type Group, isComplete, isGroup } from "./model";
import { useFilterColumns } from "./related";
import { filterFromText, filterToText } from "./urlText";

/** What narrows the list, in words; each part can be taken away. */
export function FilterChips({ table, value, onChange }: { table: Table; value?: string; onChange: (value: string | undefined) => void }) {
  const { t } = useTranslation();
  const group = filterFromText(value);
  const { related, ready } = useFilterColumns(table, value);
  if (!ready) return null;
  const columns = related.length ? [...table.columns, ...related] : table.columns;
  const shown = group.items.map((item, i) => ({ item, i })).filter(({ item }) => isGroup(item) || isComplete(item));
  if (shown.length === 0) return null;
  const remove = (at: number) => onChange(filterToText({ ...group, items: group.items.filter((_, i) => i !== at) }));

  return (
    <div className={classes.chips} role="group" aria-label={t("filter.title")}>
      {shown.map(({ item, i }, n) => (
        <span key={i} className="row">
          {n > 0 && <span className="faint">{t(`filter.${group.join}`)}</span>}
          <span className={classes.chip}>
            {isGroup(item) ? <GroupWords columns={columns} group={item} /> : <ConditionWords columns={columns} condition={item} />}
            <ActionIcon size={20} aria-label={t("filter.remove")} onClick={() => remove(i)}><Icon name="close" size={12} /></ActionIcon>
          </span>
        </span>
      ))}
    </div>
  );
}

function GroupWords({ columns, group }: { columns: Column[]; group: Group }) {
  const { t } = useTranslation();
  return (
    <span>
      {group.items.filter((x) => !isGroup(x) && isComplete(x)).map((item, i) => (
        <span key={i}>{i > 0 && <span className="faint"> {t(`filter.${group.join}`)} </span>}<ConditionWords columns={columns} condition={item as Condition} /></span>
      ))}
    </span>
  );
}

function ConditionWords({ columns, condition }: { columns: Column[]; condition: Condition }) {
  const { t } = useTranslation();
  const column = columns.find((c) => c.name === condition.column);
  const ids = column?.type === "lookup" && Array.isArray(condition.value) ? condition.value : [];
  const names = useLookupNames(column?.targets ?? [], ids);
  if (!column) return null;
  return (
    <>
      <span className="dim">{column.label}</span> {t(`filter.op.${condition.op}`)} <strong>{words(column, condition, names, t)}</strong>
    </>
  );
}

function words(column: Column, { op, value }: Condition, names: Record<string, string>, t: TFunction): string {
  if (value === undefined) return "";
  const say = (v: string) => {
    if (column.type === "lookup") return names[v] ?? "…";
    if (column.type === "choice") return optionsOf(column).find((o) => String(o.value) === v)?.label ?? v;
    if (column.type === "boolean") return t(v === "true" ? "value.yes" : "value.no");
    if (/^\d{4}-\d\d-\d\d$/.test(v)) return formatDay(v);
    return v;
  };
  if (countsDays(op)) return `${String(value)} ${t("filter.days")}`;
  return Array.isArray(value) ? value.map(say).join(op === "between" ? " – " : ", ") : say(value);
}
