import { Menu } from "@mantine/core";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Column, Row, Table } from "@/api/types";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import type { RecordHandle } from "../useRecord";
import classes from "./Face.module.css";
import { useFile } from "./useFile";

const Preview = lazy(() => import("./Preview"));

/** The picture of a record beside its name, or its letters; a click offers what can be done with it. */
export function Face({ table, column, row, handle, name }: { table: Table; column: Column; row: Row; handle: RecordHandle; name: string }) {
  const { t } = useTranslation();
  const file = useFile(table, column, row, handle);
  const picker = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [looking, setLooking] = useState(false);
  const [over, setOver] = useState(false);
  const editable = table.privileges.write && !column.readonly;
  const shown = useRef<string>(undefined);
  if (file.problem && shown.current !== file.problem) toastFailure(new Error(file.problem));
  shown.current = file.problem;
  const face = file.there ? <img src={file.src} alt="" className={classes.picture} /> : <Avatar name={name} size={40} square />;
  if (!editable && !file.there) return face;
  return (
    <>
      <input ref={picker} type="file" accept="image/*" hidden aria-label={t("file.picture")} onChange={(e) => { const first = e.currentTarget.files?.[0]; if (first) void file.send(first); e.currentTarget.value = ""; }} />
      <Menu position="bottom-start" width={180}>
        <Menu.Target>
          <button type="button" ref={button} className={classes.face} aria-label={t("file.pictureOf", { name })} data-busy={file.part !== undefined || undefined} data-over={over || undefined}
            onDragOver={(e) => { if (editable && e.dataTransfer.types.includes("Files")) { e.preventDefault(); setOver(true); } }} onDragLeave={() => setOver(false)}
            onDrop={(e) => { setOver(false); const first = e.dataTransfer.files[0]; if (editable && first) { e.preventDefault(); void file.send(first); } }}>
            {face}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {file.there && <Menu.Item leftSection={<Icon name="eye" />} onClick={() => setLooking(true)}>{t("file.lookDo")}</Menu.Item>}
          {editable && <Menu.Item leftSection={<Icon name={file.there ? "refresh" : "plus"} />} onClick={() => picker.current?.click()}>{t(file.there ? "file.replaceDo" : "file.addPicture")}</Menu.Item>}
          {editable && file.there && <Menu.Item color="red" leftSection={<Icon name="trash" />} onClick={() => void file.remove()}>{t("file.removeDo")}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {looking && <Suspense><Preview file={file} name={name} onClose={() => { setLooking(false); setTimeout(() => button.current?.focus(), 0); }} /></Suspense>}
    </>
  );
}
