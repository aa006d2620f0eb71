import { Alert } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Alike } from "@/duplicates/Alike";
import classes from "@/pages/NewRecord.module.css";
import { FieldEditor, isTyped } from "./editors/FieldEditor";
import type { NewForm } from "./newForm";

/** The fields of a record that is being made. */
export function NewFields({ form }: { form: NewForm }) {
  const { t } = useTranslation();
  const { id, sections, drafts, problems, failure, draft, needed, locked, alike } = form;
  const first = sections[0]?.columns.find(isTyped);
  return (
    <>
      {failure && <Alert data-tone="bad" role="alert" mb="md">{failure}</Alert>}
      {alike && (
        <Alert data-tone="warn" role="alert" mb="md" title={t("duplicates.alikeTitle", { count: alike.length })}>
          <Alike found={alike} />
          {t("duplicates.alikeHint", { again: t("duplicates.createAnyway") })}
        </Alert>
      )}
      {sections.map((section, i) => (
        <section key={i} className={classes.section}>
          {section.label && <h2>{section.label}</h2>}
          <div className={classes.fields}>
            {section.columns.map((column) => (
              <div key={column.name} className={classes.field} data-wide={column.type === "memo" || column.type === "json" || undefined}>
                <label htmlFor={`${id}-${column.name}`}>{column.label}{needed(column) && <span className={classes.required} aria-hidden="true"> *</span>}</label>
                <fieldset className={classes.ruled} disabled={locked(column)}>
                  <FieldEditor id={`${id}-${column.name}`} column={column} draft={drafts[column.name] ?? null} error={problems[column.name]}
                    autoFocus={column === first} onDraft={(value) => draft(column.name, value)} />
                </fieldset>
              </div>
            ))}
          </div>
        </section>
      ))}
    </>
  );
}
