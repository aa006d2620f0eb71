import { ActionIcon, Button, Modal, Switch } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { keyCaps, keyName, keysOf, type Shortcut, useActiveShortcuts } from "@/lib/keys";
import { changeSettings, useSettings } from "@/lib/settings";
import { Icon } from "@/ui/icons";
import classes from "./Help.module.css";

/** Every shortcut that works right now; each can be given other keys, and those of one key can be switched off. */
export default function Help({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const shortcuts = useActiveShortcuts();
  const { singleKeys, keymap } = useSettings();
  const [catching, setCatching] = useState<string>();
  const [clash, setClash] = useState<string>();
  const groups = new Map<string, Map<string, Shortcut>>();
  for (const s of shortcuts) groups.set(s.group, (groups.get(s.group) ?? new Map<string, Shortcut>()).set(s.label, s));

  function take(event: KeyboardEvent, shortcut: Shortcut) {
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return setCatching(undefined);
    if (["Shift", "Control", "Meta", "Alt", "Tab"].includes(event.key)) return;
    const keys = keyName(event.nativeEvent);
    const other = shortcuts.find((s) => s.label !== shortcut.label && keysOf(s) === keys);
    if (other) return setClash(t("keys.taken", { keys: keyCaps(keys).join(" "), by: t(other.label) }));
    const next = { ...keymap };
    if (keys === shortcut.keys) delete next[shortcut.label];
    else next[shortcut.label] = keys;
    changeSettings({ keymap: next });
    setCatching(undefined);
    setClash(undefined);
  }

  return (
    <Modal opened onClose={onClose} title={t("keys.title")} size="xl" closeOnEscape={!catching} closeButtonProps={{ "aria-label": t("common.close") }}>
      <p className="dim" style={{ marginBottom: 8 }}>{t("keys.remapHint")}</p>
      <div role="status">{clash && <p style={{ color: "var(--bad-ink)" }}>{clash}</p>}</div>
      <div className={classes.groups}>
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3 className={classes.heading}>{t(group)}</h3>
            <dl className={classes.list}>
              {[...list.values()].map((s) => {
                const keys = keysOf(s);
                const fixed = s.keys === "escape" || s.keys === "enter" || s.keys.startsWith("mod+") && !s.run;
                return (
                  <div key={s.label} className={classes.item}>
                    <dt>{t(s.label)}</dt>
                    <dd>
                      {keymap[s.label] !== undefined && (
                        <ActionIcon size={24} aria-label={t("keys.reset", { what: t(s.label) })} onClick={() => { const next = { ...keymap }; delete next[s.label]; changeSettings({ keymap: next }); }}><Icon name="undo" size={13} /></ActionIcon>
                      )}
                      {fixed ? <span className={classes.caps}>{keyCaps(keys).map((cap, i) => <kbd key={i} className={classes.key}>{cap}</kbd>)}</span> : (
                        <button type="button" className={classes.change} data-on={catching === s.label || undefined} aria-label={t("keys.change", { what: t(s.label), keys: keyCaps(keys).join(" ") })}
                          onClick={() => { setClash(undefined); setCatching(s.label); }} onBlur={() => setCatching(undefined)} onKeyDown={(e) => { if (catching === s.label) take(e, s); }}>
                          {catching === s.label ? t("keys.press") : keyCaps(keys).map((cap, i) => <kbd key={i} className={classes.key}>{cap}</kbd>)}
                        </button>
                      )}
                    </dd>
                  </div>
                );
              })}
            </dl>
          </section>
        ))}
      </div>
      <Switch mt="lg" checked={singleKeys} label={t("keys.single")} description={t("keys.singleHint")}
        onChange={(e) => changeSettings({ singleKeys: e.currentTarget.checked })} />
      {Object.keys(keymap).length > 0 && <Button mt="md" variant="default" size="compact-sm" onClick={() => changeSettings({ keymap: {} })}>{t("keys.resetAll")}</Button>}
    </Modal>
  );
}
