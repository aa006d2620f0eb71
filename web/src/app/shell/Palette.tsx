import { Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/icons";
import classes from "./Palette.module.css";
import { type Entry, usePaletteActions, usePaletteRecords } from "./paletteEntries";
import { arrange, isNamed } from "./paletteOrder";

/** Go to, create, search and do: everything by typing. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [query, setQuery] = useState("");
  // The entry that keys or the mouse have chosen; none is the first one.
  const [active, setActive] = useState<string>();
  const [waiting, setWaiting] = useState(false);
  const [settled] = useDebouncedValue(query.trim(), 180);
  const list = useRef<HTMLDivElement>(null);
  const actions = usePaletteActions();
  const records = usePaletteRecords(settled);

  const entries = useMemo(() => arrange(query, actions, records.entries, settled.length >= 2 ? records.all : undefined), [actions, records.entries, records.all, query, settled]);
  // A chosen entry that is gone has no successor: what Enter runs must not change under the finger.
  const current = active === undefined ? 0 : entries.findIndex((x) => x.id === active);
  // Until the search has answered for these very words the first entry is not certain, unless a command was named.
  const sure = active !== undefined || query.trim().length < 2 || (settled === query.trim() && !records.busy) || (entries[0] !== undefined && isNamed(entries[0], query));

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current, entries]);

  function choose(entry: Entry | undefined) {
    if (!entry) return;
    onClose();
    entry.run();
  }

  useEffect(() => {
    if (!waiting || !sure) return;
    setWaiting(false);
    choose(entries[current]);
  });

  function onKeyDown(event: KeyboardEvent) {
    const last = entries.length - 1;
    const goTo = (place: number) => { setActive(entries[place]?.id); setWaiting(false); };
    if (event.key === "ArrowDown") goTo(current >= last ? 0 : current + 1);
    else if (event.key === "ArrowUp") goTo(current <= 0 ? last : current - 1);
    else if (event.key === "Home" && !query) goTo(0);
    else if (event.key === "End" && !query) goTo(last);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && query.trim()) choose(records.all);
    else if (event.key === "Enter" && sure) choose(entries[current]);
    else if (event.key === "Enter") setWaiting(true);
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
          onChange={(e) => { setQuery(e.currentTarget.value); setActive(undefined); setWaiting(false); }} />
      </div>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={t("palette.title")} className={classes.list}>
        {entries.map((entry, i) => (
          <div key={entry.id} role="presentation">
            {entry.group !== entries[i - 1]?.group && <div className={classes.group} role="presentation">{entry.group}</div>}
            <div id={`${id}-${i}`} role="option" aria-selected={i === current} className={classes.item}
              onMouseMove={() => setActive(entry.id)} onClick={() => choose(entry)}>
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
