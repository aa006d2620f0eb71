import { Modal, Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { keyCaps, useActiveShortcuts } from "@/lib/keys";
import { changeSettings, useSettings } from "@/lib/settings";
import classes from "./Help.module.css";

/** Every shortcut that works right now, and the switch for those of one key. */
export default function Help({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const shortcuts = useActiveShortcuts();
  const { singleKeys } = useSettings();
  const groups = new Map<string, typeof shortcuts[number][]>();
  for (const s of shortcuts) groups.set(s.group, [...(groups.get(s.group) ?? []), s]);

  return (
    <Modal opened onClose={onClose} title={t("keys.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className={classes.groups}>
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3 className={classes.heading}>{t(group)}</h3>
            <dl className={classes.list}>
              {[...new Map(list.map((s) => [s.keys, s])).values()].map((s) => (
                <div key={s.keys} className={classes.item}>
                  <dt>{t(s.label)}</dt>
                  <dd>{keyCaps(s.keys).map((cap, i) => <kbd key={i} className={classes.key}>{cap}</kbd>)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Switch mt="lg" checked={singleKeys} label={t("keys.single")} description={t("keys.singleHint")}
        onChange={(e) => changeSettings({ singleKeys: e.currentTarget.checked })} />
    </Modal>
  );
}
