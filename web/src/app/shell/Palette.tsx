import { Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import classes from "./Palette.module.css";
import { type Entry, usePaletteActions, usePaletteRecords } from "./paletteEntries";

function matches(entry: Entry, words: string[]): boolean {
  const text = `${entry.label} ${entry.hint ?? ""}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

/** Go to, create, search and do: everything by typing. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const [settled] = useDebouncedValue(query.trim(), 180);
  const list = useRef<HTMLDivElement>(null);
  const actions = usePaletteActions();
  const records = usePaletteRecords(settled);

  const entries = useMemo(() => {
    const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const fitting = actions.filter((a) => matches(a, words));
    // Found records lead when something was typed; commands when nothing was.
    return words.length ? [...records.entries, ...(settled.length >= 2 ? [records.all] : []), ...fitting] : fitting;
  }, [actions, records.entries, records.all, query, settled]);
  const current = Math.min(active, Math.max(0, entries.length - 1));

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current, entries]);

  function choose(entry: Entry | undefined) {
    if (!entry) return;
    onClose();
    entry.run();
  }

  function onKeyDown(event: KeyboardEvent) {
    const last = entries.length - 1;
    if (event.key === "ArrowDown") setActive(current >= last ? 0 : current + 1);
    else if (event.key === "ArrowUp") setActive(current <= 0 ? last : current - 1);
    else if (event.key === "Home" && !query) setActive(0);
    else if (event.key === "End" && !query) setActive(last);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && query.trim()) choose(records.all);
    else if (event.key === "Enter") choose(entries[current]);
    else return;
    event.preventDefault();
  }

  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size={600} centered={false} yOffset="12vh"
      attributes={{ content: { "aria-label": t("palette.title") } }}>
      <div className={classes.head}>
        <Icon name="search" size={17} />
        <input className={classes.input} autoFocus data-autofocus role="combobox" aria-expanded="true" aria-controls={`${id}-list`}
          aria-activedescendant={entries[current] ? `${id}-${current}` : undefined} aria-autocomplete="list"
          aria-label={t("palette.title")} placeholder={t("palette.placeholder")} value={query} onKeyDown={onKeyDown}
          onChange={(e) => { setQuery(e.currentTarget.value); setActive(0); }} />
      </div>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={t("palette.title")} className={classes.list}>
        {entries.map((entry, i) => (
          <div key={entry.id} role="presentation">
            {entry.group !== entries[i - 1]?.group && <div className={classes.group} role="presentation">{entry.group}</div>}
            <div id={`${id}-${i}`} role="option" aria-selected={i === current} className={classes.item}
              onMouseMove={() => setActive(i)} onClick={() => choose(entry)}>
              <Icon name={entry.icon} />
              <span className="clip">{entry.label}</span>
              {entry.hint && <span className={`${classes.hint} clip`}>{entry.hint}</span>}
            </div>
          </div>
        ))}
      </div>
      <div role="status" className={entries.length ? "sr-only" : classes.none}>
        {entries.length === 0 ? (records.busy ? t("palette.searching") : t("palette.none")) : t("palette.count", { count: entries.length })}
      </div>
    </Modal>
  );
}
