import { Button } from "@mantine/core";
import { useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useTableMeta } from "@/api/metadata";
import type { Table } from "@/api/types";
import { listPath, recordPath } from "@/lib/paths";
import { NewFields } from "@/record/NewFields";
import { useNewForm } from "@/record/newForm";
import { Failure } from "@/ui/Calm";
import { PageBar } from "@/ui/PageBar";
import classes from "./NewRecord.module.css";

/** Makes a record of any table by its form. */
export function NewRecord() {
  const { table: logical = "" } = useParams({ strict: false });
  const meta = useTableMeta(logical);
  if (meta.isError) return <Failure error={meta.error} onRetry={() => void meta.refetch()} />;
  if (!meta.data) return null;
  return <Blank key={logical} table={meta.data} />;
}

function Blank({ table }: { table: Table }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const form = useNewForm(table, { short: false, onMade: (made) => void navigate({ to: made.id ? recordPath(table.logicalname, made.id) : listPath(table.logicalname), replace: true }) });
  useBlocker({ shouldBlockFn: () => form.touched.current && !confirm(t("record.leave")), enableBeforeUnload: () => form.touched.current });
  return (
    <form className={classes.form} onSubmit={(e) => { e.preventDefault(); form.submit(); }} noValidate
      onKeyDown={(e) => { if ((e.ctrlKey || e.metaKey) && (e.key === "s" || e.key === "Enter")) { e.preventDefault(); form.submit(); } }}>
      <PageBar title={<h1>{t("record.newTitle", { what: table.label })}</h1>}
        actions={
          <>
            <Button variant="default" type="button" onClick={() => void navigate({ to: listPath(table.logicalname) })}>{t("common.cancel")}</Button>
            <Button type="submit" loading={form.busy}>{t(form.alike ? "duplicates.createAnyway" : "common.create")}</Button>
          </>
        } />
      <div className={classes.body}><NewFields form={form} /></div>
    </form>
  );
}
