import { Button, Drawer, Popover } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Table } from "@/api/types";
import { useShortcuts } from "@/lib/keys";
import { Icon } from "@/ui/icons";
import classes from "./filter.module.css";
import { FilterBuilder } from "./FilterBuilder";
import { countConditions, type Group } from "./model";
import { filterFromText, filterToText } from "./urlText";

const PAUSE_MS = 250;

/** Opens the builder. What is built is kept here while half-typed, and asked once complete. */
export function FilterButton({ table, value, onChange }: { table: Table; value?: string; onChange: (value: string | undefined) => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<Group>(() => filterFromText(value));
  const count = countConditions(filterFromText(value));

  function show() {
    const group = filterFromText(value);
    setDraft(group.items.length ? group : { join: "and", items: [{ column: firstColumn(table), op: "contains" }] });
    setOpen(true);
  }
  /** What was typed and is not asked yet: the list is asked when the typing pauses, and not at each letter. */
  const waiting = useRef<{ group: Group; timer: ReturnType<typeof setTimeout> }>(undefined);
  useEffect(() => () => clearTimeout(waiting.current?.timer), []);
  function ask() {
    if (!waiting.current) return;
    clearTimeout(waiting.current.timer);
    const { group } = waiting.current;
    waiting.current = undefined;
    latest.current(filterToText(group));
  }
  const latest = useRef(onChange);
  latest.current = onChange;
  function edit(group: Group) {
    setDraft(group);
    clearTimeout(waiting.current?.timer);
    waiting.current = { group, timer: setTimeout(ask, PAUSE_MS) };
  }
  function drop() {
    clearTimeout(waiting.current?.timer);
    waiting.current = undefined;
    onChange(undefined);
  }
  function close() {
    setOpen(false);
    if (countConditions(draft) === 0) drop();
    else ask();
  }
  const phone = useMediaQuery("(max-width: 767px)", undefined, { getInitialValueInEffect: false });
  useShortcuts([{ keys: "f", label: "keys.filter", group: "keys.list", run: () => (open ? close() : show()) }]);

  const button = (
    <Button variant={count ? "light" : "default"} leftSection={<Icon name="filter" size={15} />} aria-expanded={open} onClick={() => (open ? close() : show())}
      aria-label={count ? `${t("filter.button")} ${count}` : t("filter.button")} className={classes.button}>
      <span className={classes.buttonText}>{t("filter.button")}</span>{" "}
      {count > 0 && <span className={classes.badge}>{count}</span>}
    </Button>
  );
  const builder = (
    <>
      <FilterBuilder table={table} group={draft} onChange={edit} />
      <div className={classes.foot}>
        <Button variant="subtle" size="compact-sm" color="gray" onClick={() => { drop(); setDraft({ join: "and", items: [] }); setOpen(false); }}>
          {t("filter.clear")}
        </Button>
        <Button size="compact-sm" onClick={close}>{t("common.done")}</Button>
      </div>
    </>
  );
  if (phone) {
    return (
      <>
        {button}
        <Drawer opened={open} onClose={close} position="bottom" size="auto" title={t("filter.title")} closeButtonProps={{ "aria-label": t("common.close") }} classNames={{ content: classes.sheet }}>
          {builder}
        </Drawer>
      </>
    );
  }
  return (
    <Popover opened={open} onChange={(o) => (o ? show() : close())} position="bottom-end" width="target" trapFocus>
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown className={classes.dropdown} aria-label={t("filter.title")}>{builder}</Popover.Dropdown>
    </Popover>
  );
}

function firstColumn(table: Table): string {
  return table.columns.some((c) => c.name === table.primaryname) ? table.primaryname : (table.columns[0]?.name ?? "");
}
