import { ActionIcon, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { recordUrl } from "@/api/odata";
import { deleteRecord } from "@/api/records";
import type { TimelineChange, TimelineItem } from "@/api/types";
import { ChangeActions } from "@/audit/ChangeActions";
import { formatAgo, formatBytes, formatInstant } from "@/lib/format";
import { recordPath } from "@/lib/paths";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon, type IconName } from "@/ui/icons";
import { toastFailure, toastUndo } from "@/ui/toast";
import { attachmentUrl } from "./attach";
import { RichText } from "./RichText";
import classes from "./Timeline.module.css";

const icons: Record<string, IconName> = {
  change: "pencil", stage: "opportunity", task: "task", annotation: "note", campaignresponse: "responses", flowrun: "flow", notification: "bell",
  phonecall: "phone", email: "mail", adx_portalcomment: "mail", letter: "mail", fax: "print", appointment: "calendar", recurringappointmentmaster: "calendar", socialactivity: "responses",
};

/** Entries that somebody wrote stand out from what merely happened. */
const written = new Set(["annotation", "task", "phonecall", "email", "appointment", "letter", "fax", "socialactivity", "adx_portalcomment"]);

interface Props {
  item: TimelineItem;
  table: string;
  id: string;
  onDone: () => void;
  onPin?: (item: TimelineItem) => void;
}

/** One entry of the timeline. */
export function Entry({ item, table, id, onDone, onPin }: Props) {
  const { t } = useTranslation();
  return (
    <article className={classes.entry} data-kind={item.kind}>
      <span className={classes.icon}><Icon name={icons[item.kind] ?? "info"} size={14} /></span>
      <div className={written.has(item.kind) ? classes.card : classes.plain}>
        <div className={classes.head}>
          {item.actor?.name && <strong>{item.actor.name}</strong>}
          {item.link ? <Link to={recordPath(item.link.table, item.link.id)} className="link">{item.title || t(`timeline.kind.${item.kind}`)}</Link> : <span>{item.title || (item.file ? "" : t(`timeline.kind.${item.kind}`))}</span>}
          <time className="faint" dateTime={item.at} title={formatInstant(item.at)}>{formatAgo(item.at)}</time>
          {onPin && item.kind === "annotation" && (
            <ActionIcon size={24} className={classes.pin} aria-pressed={item.pinned ?? false} aria-label={t(item.pinned ? "timeline.unpin" : "timeline.pin")} onClick={() => onPin(item)}><Icon name="pin" size={14} /></ActionIcon>
          )}
          {onPin && item.kind === "annotation" && <Remove item={item} onDone={onDone} />}
        </div>
        {item.text && <RichText text={item.text} />}
        {item.file && (
          <a className={classes.file} href={attachmentUrl(item.id)} download={item.file.name}>
            <Icon name="clip" size={14} /><span className="clip">{item.file.name}</span><span className="faint">{formatBytes(item.file.size)}</span>
          </a>
        )}
        {(item.due || item.kind === "task") && (
          <p className={classes.due}>
            {item.due && <span className="faint">{t(item.done ? "timeline.done" : "timeline.dueOn", { at: formatInstant(item.due) })}</span>}
            {item.kind === "task" && !item.done && <Finish item={item} onDone={onDone} />}
            {item.kind === "task" && item.done && !item.due && <span className="faint">{t("timeline.doneBare")}</span>}
          </p>
        )}
        {item.changes && item.changes.length > 0 && <Changes changes={item.changes} />}
        {item.kind === "change" && <ChangeActions table={table} id={id} at={item.at} audit={item.audit} onDone={onDone} />}
      </div>
    </article>
  );
}

const OPEN = { statecode: 0, statuscode: 3 };
const COMPLETED = { statecode: 1, statuscode: 5 };

/** Ticks a task off; Ctrl+Z opens it again. */
function Finish({ item, onDone }: { item: TimelineItem; onDone: () => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const set = (body: object) => request(recordUrl("tasks", item.id), { method: "PATCH", body, headers: { "If-Match": "*" } });
  async function finish() {
    setBusy(true);
    try {
      await set(COMPLETED);
      onDone();
      const label = t("timeline.finished", { what: item.title });
      toastUndo(label, { label, run: async () => { await set(OPEN); onDone(); } });
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }
  return <Button size="compact-xs" variant="default" loading={busy} leftSection={<Icon name="check" size={13} />} onClick={() => void finish()} aria-label={t("timeline.finishOne", { what: item.title })}>{t("timeline.finish")}</Button>;
}

/** Throws a note away, after asking: it lies in the recycle bin then. */
function Remove({ item, onDone }: { item: TimelineItem; onDone: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <ActionIcon size={24} className={classes.pin} aria-label={t("timeline.remove")} onClick={() => setAsking(true)}><Icon name="trash" size={14} /></ActionIcon>
      {asking && (
        <ConfirmDialog title={t("timeline.removeTitle")} confirm={t("timeline.removeDo")} danger onClose={() => setAsking(false)} run={async () => { await deleteRecord("annotations", item.id); onDone(); }}>
          {t("timeline.removeText")}
        </ConfirmDialog>
      )}
    </>
  );
}

const FEW = 4;

function Changes({ changes }: { changes: TimelineChange[] }) {
  const { t } = useTranslation();
  const line = (c: TimelineChange) => (
    <div key={c.column} className={classes.change}>
      <span className="dim">{c.label}</span>
      {c.from ? <><s>{c.from}</s><Icon name="arrowRight" size={12} className={classes.arrow} /></> : null}
      <span>{c.to || t("value.empty")}</span>
    </div>
  );
  if (changes.length <= FEW + 1) return <div className={classes.changes}>{changes.map(line)}</div>;
  return (
    <div className={classes.changes}>
      {changes.slice(0, FEW).map(line)}
      <details>
        <summary>{t("timeline.moreChanges", { count: changes.length - FEW })}</summary>
        {changes.slice(FEW).map(line)}
      </details>
    </div>
  );
}
