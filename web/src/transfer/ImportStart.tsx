import { Select } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { PageBar } from "@/ui/PageBar";
import classes from "@/scoring/scoring.module.css";
import { FileDrop } from "./FileDrop";
import { Steps } from "./Steps";
import { upload } from "./upload";

/** The first step of an import: a table and a file. */
export function ImportStart() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const wanted = (useSearch({ strict: false }) as { table?: string }).table;
  const [table, setTable] = useState(wanted ?? "lead");
  const { data: tables } = useTables();
  return (
    <>
      <PageBar title={<h1>{t("transfer.import")}</h1>} />
      <div className={classes.page}>
        <div className={classes.inner}>
          <section className={classes.card}>
            <Steps at={0} />
            <div className={classes.fields}>
              <Select label={t("transfer.table")} searchable allowDeselect={false} data={(tables ?? []).map((x) => ({ value: x.logicalname, label: x.pluralLabel }))}
                value={table} onChange={(v) => setTable(v ?? table)} />
            </div>
            <FileDrop large send={async (file) => {
              const sent = await upload(file, table);
              await navigate({ to: "/imports/$id", params: { id: sent.import } });
            }} />
          </section>
        </div>
      </div>
    </>
  );
}
