import { useRef } from "react";
import type { Column } from "@/api/types";
import { FieldEditor } from "@/record/editors/FieldEditor";
import classes from "./GridRow.module.css";

/** The editor in a cell. Enter and leaving it save, Escape takes it back; Tab goes on to the next cell. */
export function CellEditor({ column, draft, problem, onDraft, onCommit, onCancel, onTab }: {
  column: Column; draft: unknown; problem?: string; onDraft: (draft: unknown) => void; onCommit: (draft: unknown) => boolean; onCancel: () => void; onTab: (by: number) => void;
}) {
  const done = useRef(false);
  return (
    <div className={classes.editor} data-problem={problem ? true : undefined}
      onMouseDown={(e) => e.stopPropagation()} onDoubleClick={(e) => e.stopPropagation()} onPaste={(e) => e.stopPropagation()} onCopy={(e) => e.stopPropagation()}
      onKeyDown={(e) => {
        // The grid's own keys are not meant while a cell is edited.
        e.stopPropagation();
        if (e.key !== "Tab") return;
        e.preventDefault();
        done.current = true;
        if (onCommit(draft)) onTab(e.shiftKey ? -1 : 1);
        else done.current = false;
      }}>
      <FieldEditor column={column} draft={draft} autoFocus error={problem} onDraft={onDraft}
        onCommit={(next) => { if (!done.current) onCommit(next); }} onCancel={() => { if (!done.current) onCancel(); }} />
    </div>
  );
}
