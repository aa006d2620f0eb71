import { ActionIcon, Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "@/lib/format";
import { useShortcuts } from "@/lib/keys";
import { recordPath } from "@/lib/paths";
import { Icon } from "@/ui/icons";
import { orderFor, useWork } from "./api";
import { DoneDialog } from "./DoneDialog";
import { StepText, When } from "./WorkPage";
import classes from "./work.module.css";

/** On a record that was opened from the work list: why it is its turn, what is next, and the way on. */
export default function WorkBar({ table, id, name, onDone }: { table: string; id: string; name: string; onDone: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const work = useWork();
  const [asking, setAsking] = useState(false);
  const items = work.data?.items ?? [];
  const item = items.find((i) => i.id === id);
  const order = orderFor(id, items);
  const at = order.findIndex((p) => p.id === id);

  const go = (by: number) => {
    const to = at < 0 ? undefined : order[at + by];
    if (to) void navigate({ to: recordPath(to.table, to.id), search: { work: "1" } as never });
  };
  const last = at < 0 || at + 1 >= order.length;
  useShortcuts([
    { keys: "j", label: "work.next", group: "keys.record", run: () => go(1) },
    { keys: "k", label: "work.previous", group: "keys.record", run: () => go(-1) },
    { keys: "m", label: "work.done", group: "keys.record", run: () => { if (item) setAsking(true); } },
  ]);
  if (!work.data) return null;

  async function finished() {
    onDone();
    await client.invalidateQueries({ queryKey: ["work"] });
    if (last) void navigate({ to: "/work" });
    else go(1);
  }

  return (
    <section className={classes.bar} aria-label={t("work.title")} data-why={item?.why}>
      <Link to="/work" className={classes.back}><Icon name="task" size={15} /><span>{t("work.title")}</span></Link>
      {at >= 0 && <span className={`${classes.place} tnum`}>{t("work.place", { at: formatNumber(at + 1), of: formatNumber(order.length) })}</span>}
      {item
        ? <span className={classes.now}><strong>{t(`work.why.${item.why}`)}</strong><StepText item={item} /><When item={item} /></span>
        : <span className={classes.now}>{t("work.gone")}</span>}
      <span className={classes.tools}>
        <ActionIcon size="lg" variant="default" aria-label={t("work.previous")} disabled={at <= 0} onClick={() => go(-1)}><Icon name="chevronLeft" className={classes.turn} /></ActionIcon>
        <ActionIcon size="lg" variant="default" aria-label={t("work.next")} disabled={last} onClick={() => go(1)}><Icon name="chevronRight" className={classes.turn} /></ActionIcon>
        {item && <Button size="compact-md" leftSection={<Icon name="check" size={14} />} onClick={() => setAsking(true)}>{t("work.done")}</Button>}
      </span>
      {asking && item && <DoneDialog item={item} table={table} name={name} onClose={() => setAsking(false)} onDone={() => void finished()} />}
    </section>
  );
}
