import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/api/session";
import { valueOf } from "@/api/rows";
import type { Column, Reference, Row } from "@/api/types";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { LookupEditor } from "./editors/LookupEditor";
import type { RecordHandle } from "./useRecord";

/** Hands a record to somebody else, or takes it. */
export default function AssignDialog({ column, row, name, handle, onClose }: { column: Column; row: Row; name: string; handle: RecordHandle; onClose: () => void }) {
  const { t } = useTranslation();
  const { session } = useSession();
  const owner = valueOf(column, row) as Reference | null;
  const [to, setTo] = useState<Reference | null>(null);
  const me: Reference | undefined = session && { id: session.user.systemuserid, table: "systemuser", name: session.user.fullname };
  return (
    <ConfirmDialog title={t("assign.title", { name })} confirm={t("assign.do")} disabled={!to || to.id === owner?.id} onClose={onClose} run={async () => { await handle.save({ [column.name]: to }); }}>
      <div className="stack">
        {owner && <p className="dim" style={{ margin: 0 }}>{t("assign.now", { name: owner.name })}</p>}
        <LookupEditor column={column} value={to} onChange={setTo} make={false} autoFocus aria-label={t("assign.to")} />
        {me && me.id !== owner?.id && <div><Button variant="default" size="compact-md" type="button" onClick={() => setTo(me)}>{t("assign.me")}</Button></div>}
      </div>
    </ConfirmDialog>
  );
}
