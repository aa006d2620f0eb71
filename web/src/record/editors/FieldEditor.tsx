import { MultiSelect, Select, Textarea, TextInput } from "@mantine/core";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Column, Reference } from "@/api/types";
import { isNumeric, manyOf, optionsOf } from "@/lib/format";
import { LookupEditor } from "./LookupEditor";

export interface EditorProps {
  column: Column;
  /** What stands in the field: text for typed columns, else the value itself. */
  draft: unknown;
  onDraft: (draft: unknown) => void;
  /** Done: by Enter, by picking, or by leaving the field. */
  onCommit?: (draft: unknown) => void;
  onCancel?: () => void;
  error?: string;
  autoFocus?: boolean;
  id?: string;
  /** Whether it stands in a panel that a press beside it closes: lists then open within. */
  inPanel?: boolean;
}

/** The column types whose draft is text. */
export function isTyped(column: Column): boolean {
  return !["choice", "multichoice", "boolean", "lookup"].includes(column.type);
}

/** One field under editing, by the type of its column. */
export function FieldEditor({ column, draft, onDraft, onCommit, onCancel, error, autoFocus, id, inPanel }: EditorProps) {
  const { t } = useTranslation();
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape" && onCancel) {
      event.stopPropagation();
      onCancel();
    } else if (event.key === "Enter" && onCommit && (!["memo", "json"].includes(column.type) || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onCommit(draft);
    }
  };
  const common = { id, error, "aria-label": id ? undefined : column.label, autoFocus, required: column.required, withAsterisk: false } as const;

  const list = inPanel ? { comboboxProps: { withinPortal: false } } : undefined;
  switch (column.type) {
    case "choice": case "boolean": {
      const options = optionsOf(column);
      const current = draft === null || draft === undefined ? null : String(Number(draft));
      const pick = (text: string | null) => {
        const value = text === null ? null : column.type === "boolean" ? text === "1" : Number(text);
        onDraft(value);
        onCommit?.(value);
      };
      return (
        <Select {...common} {...list} data={options.map((o) => ({ value: String(o.value), label: o.label }))} value={current} onChange={pick} searchable={options.length > 8}
          clearable={!column.required} allowDeselect={false} defaultDropdownOpened={Boolean(autoFocus)} onKeyDown={(e) => { if (e.key === "Escape") keys(e); }}
          onDropdownClose={onCancel && (() => setTimeout(onCancel, 0))} />
      );
    }
    case "multichoice":
      return (
        <MultiSelect {...common} {...list} data={optionsOf(column).map((o) => ({ value: String(o.value), label: o.label }))} value={manyOf(draft).map(String)}
          onChange={(v) => onDraft(v.map(Number))} onBlur={() => onCommit?.(draft)} onKeyDown={(e) => { if (e.key === "Escape") keys(e); }} />
      );
    case "lookup":
      return <LookupEditor {...common} {...list} column={column} value={draft as Reference | null} onChange={(v) => { onDraft(v); onCommit?.(v); }} onCancel={onCancel} />;
    case "json":
      return (
        <>
          <Textarea {...common} autosize minRows={3} maxRows={24} value={String(draft ?? "")} spellCheck={false} classNames={{ input: "mono" }} onChange={(e) => onDraft(e.currentTarget.value)}
            onKeyDown={keys} onBlur={() => onCommit?.(draft)} />
          {column.example && !String(draft ?? "").trim() && (
            <button type="button" className="link" style={{ minBlockSize: 28 }} onMouseDown={(e) => e.preventDefault()} onClick={() => onDraft(JSON.stringify(JSON.parse(column.example ?? "null"), null, 2))}
              aria-label={t("field.exampleOf", { name: column.label })}>{t("field.example")}</button>
          )}
        </>
      );
    case "memo":
      return (
        <Textarea {...common} autosize minRows={2} maxRows={14} value={String(draft ?? "")} onChange={(e) => onDraft(e.currentTarget.value)}
          onKeyDown={keys} onBlur={() => onCommit?.(draft)} />
      );
    default:
      return (
        <TextInput {...common} value={String(draft ?? "")} type={column.type === "date" ? "date" : column.type === "datetime" ? "datetime-local" : "text"}
          inputMode={column.type === "whole" || column.type === "bigint" ? "numeric" : isNumeric(column) ? "decimal" : undefined}
          autoComplete="off" onChange={(e) => onDraft(e.currentTarget.value)} onKeyDown={keys} onBlur={() => onCommit?.(draft)} />
      );
  }
}
