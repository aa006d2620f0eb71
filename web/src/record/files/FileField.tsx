import { ActionIcon, Button } from "@mantine/core";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column, Row, Table } from "@/api/types";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import type { RecordHandle } from "../useRecord";
import classes from "./FileField.module.css";
import { useFile } from "./useFile";

const Preview = lazy(() => import("./Preview"));

/** A file or picture of a record: sent by picking or by drag and drop, looked at, replaced, removed. */
export default function FileField({ table, column, row, handle, editable }: { table: Table; column: Column; row: Row; handle: RecordHandle; editable: boolean }) {
  const { t } = useTranslation();
  const file = useFile(table, column, row, handle);
  const picker = useRef<HTMLInputElement>(null);
  const show = useRef<HTMLButtonElement>(null);
  const [over, setOver] = useState(false);
  const [looking, setLooking] = useState(false);
  const [asking, setAsking] = useState(false);
  const name = file.name || t(file.image ? "file.picture" : "file.file");
  const take = (list: FileList | null | undefined) => { const first = list?.[0]; if (first) void file.send(first); };

  return (
    <div className={classes.file} data-over={over || undefined}
      onDragOver={(e) => { if (editable && e.dataTransfer.types.includes("Files")) { e.preventDefault(); e.stopPropagation(); setOver(true); } }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => { setOver(false); if (editable && e.dataTransfer.files.length) { e.preventDefault(); e.stopPropagation(); take(e.dataTransfer.files); } }}>
      <input ref={picker} type="file" hidden aria-label={column.label} accept={file.image ? "image/*" : undefined} onChange={(e) => { take(e.currentTarget.files); e.currentTarget.value = ""; }} />
      {file.part !== undefined ? (
        <div className={classes.row} role="status" aria-label={t("file.sending")}>
          <progress className={classes.bar} value={file.part} aria-label={t("file.sending")} /><span className="faint tnum">{Math.round(file.part * 100)} %</span>
          <ActionIcon size={24} aria-label={t("common.cancel")} onClick={file.cancel}><Icon name="close" size={14} /></ActionIcon>
        </div>
      ) : file.there ? (
        <div className={classes.row}>
          <button type="button" ref={show} className={classes.show} onClick={() => setLooking(true)} aria-label={t("file.look", { name })}>
            {file.image ? <img src={file.src} alt="" className={classes.thumb} /> : <Icon name="clip" size={14} />}
            <span className="clip">{name}</span>
          </button>
          <ActionIcon size={26} component="a" href={file.full} download={file.name || true} aria-label={t("file.download", { name })}><Icon name="arrowDown" size={14} /></ActionIcon>
          {editable && <ActionIcon size={26} aria-label={t("file.replace", { name })} onClick={() => picker.current?.click()}><Icon name="refresh" size={14} /></ActionIcon>}
          {editable && <ActionIcon size={26} aria-label={t("file.remove", { name })} onClick={() => setAsking(true)}><Icon name="trash" size={14} /></ActionIcon>}
        </div>
      ) : editable ? (
        <Button variant="subtle" color="gray" size="compact-sm" leftSection={<Icon name="plus" size={14} />} onClick={() => picker.current?.click()}>{t(file.image ? "file.addPicture" : "file.add")}</Button>
      ) : <span className="faint">—</span>}
      {over && <span className={classes.hint} aria-hidden="true">{t("note.drop")}</span>}
      {file.problem && <p className={classes.problem} role="alert">{file.problem}</p>}
      {looking && <Suspense><Preview file={file} name={name} onClose={() => { setLooking(false); setTimeout(() => show.current?.focus(), 0); }} /></Suspense>}
      {asking && (
        <ConfirmDialog title={t("file.removeTitle", { name })} confirm={t("file.removeDo")} danger onClose={() => setAsking(false)} run={file.remove}>{t("file.removeText")}</ConfirmDialog>
      )}
    </div>
  );
}
