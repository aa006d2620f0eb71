import { ActionIcon } from "@mantine/core";
import Mention from "@tiptap/extension-mention";
import { EditorContent, useEditor } from "@tiptap/react";
import StarterKit from "@tiptap/starter-kit";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { text as literal } from "@/api/odata";
import { fetchTop } from "@/api/records";
import { Avatar } from "@/ui/Avatar";
import { Icon, type IconName } from "@/ui/icons";
import classes from "./NoteEditor.module.css";
import { isRich } from "./RichText";

interface Person {
  id: string;
  label: string;
}

interface Popup {
  items: Person[];
  command: (person: Person) => void;
}

async function people(query: string): Promise<Person[]> {
  const page = await fetchTop("systemusers", { select: ["systemuserid", "fullname"], filter: `isdisabled ne true${query ? ` and contains(fullname,${literal(query)})` : ""}`, orderby: "fullname asc", top: 6 }).catch(() => undefined);
  return page?.rows.map((r) => ({ id: String(r.systemuserid), label: String(r.fullname ?? "") })) ?? [];
}

/** A mention is a link that names the person by their id; the server tells them of it. */
const Mentions = Mention.extend({
  addAttributes: () => ({ id: { default: null }, label: { default: null } }),
  parseHTML: () => [{ tag: "a[data-mention]", getAttrs: (node) => ({ id: (node as HTMLElement).dataset.mention, label: (node as HTMLElement).textContent?.replace(/^@/, "") }) }],
  renderHTML: ({ node }) => ["a", { "data-mention": node.attrs.id as string, href: `/r/systemuser/${String(node.attrs.id)}` }, `@${String(node.attrs.label)}`],
  renderText: ({ node }) => `@${String(node.attrs.label)}`,
});

export interface NoteEditorHandle {
  focus: () => void;
  clear: () => void;
}

/** A note with bold, lists, quotes and mentions. What needs no markup comes out as plain text. */
export default function NoteEditor({ label, onChange, onSubmit, handle, initial, files }: { label: string; onChange: (text: string) => void; onSubmit: () => void; handle: RefObject<NoteEditorHandle | null>; initial: string; files: (list: File[]) => void }) {
  const { t } = useTranslation();
  const [popup, setPopup] = useState<Popup>();
  const [active, setActive] = useState(0);
  const latest = useRef({ popup, active, onSubmit, onChange, files });
  latest.current = { popup, active, onSubmit, onChange, files };

  const editor = useEditor({
    content: isRich(initial) ? initial : { type: "doc", content: initial.split("\n").map((line) => ({ type: "paragraph", content: line ? [{ type: "text", text: line }] : [] })) },
    extensions: [
      StarterKit.configure({ link: { openOnClick: false, protocols: ["https", "http", "mailto", "tel"] } }),
      Mentions.configure({
        suggestion: {
          items: ({ query }) => people(query),
          render: () => ({
            onStart: (p) => { setActive(0); setPopup({ items: p.items as Person[], command: p.command }); },
            onUpdate: (p) => { setActive(0); setPopup({ items: p.items as Person[], command: p.command }); },
            onExit: () => setPopup(undefined),
            onKeyDown: ({ event }) => {
              const { popup: open, active: at } = latest.current;
              if (!open || open.items.length === 0) return false;
              if (event.key === "ArrowDown") setActive((at + 1) % open.items.length);
              else if (event.key === "ArrowUp") setActive((at + open.items.length - 1) % open.items.length);
              else if (event.key === "Enter" || event.key === "Tab") open.command(open.items[at]!);
              else if (event.key === "Escape") setPopup(undefined);
              else return false;
              return true;
            },
          }),
        },
      }),
    ],
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-label": label, class: classes.area! },
      handleKeyDown: (_view, event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { latest.current.onSubmit(); return true; }
        return false;
      },
      handlePaste: (_view, event) => {
        const list = [...(event.clipboardData?.files ?? [])];
        if (list.length > 0) latest.current.files(list);
        return list.length > 0;
      },
    },
    onUpdate: ({ editor: e }) => {
      const html = e.getHTML();
      const rich = /<(?!\/?p>|br)[a-z]/i.test(html);
      latest.current.onChange(e.isEmpty ? "" : rich ? html : e.getText({ blockSeparator: "\n" }));
    },
  });
  useEffect(() => {
    handle.current = { focus: () => editor?.commands.focus(), clear: () => editor?.commands.clearContent(true) };
    return () => { handle.current = null; };
  }, [editor, handle]);
  if (!editor) return null;

  const tools: { icon: IconName; name: string; on: boolean; run: () => void }[] = [
    { icon: "bold", name: "bold", on: editor.isActive("bold"), run: () => editor.chain().focus().toggleBold().run() },
    { icon: "italic", name: "italic", on: editor.isActive("italic"), run: () => editor.chain().focus().toggleItalic().run() },
    { icon: "list", name: "list", on: editor.isActive("bulletList"), run: () => editor.chain().focus().toggleBulletList().run() },
  ];
  return (
    <div className={classes.editor}>
      {editor.isEmpty && <span className={classes.placeholder} aria-hidden="true">{label}</span>}
      <EditorContent editor={editor} />
      <div className={classes.tools} role="group" aria-label={t("note.format")}>
        {tools.map((tool) => (
          <ActionIcon key={tool.name} size={26} aria-label={t(`note.${tool.name}`)} aria-pressed={tool.on} className={classes.tool} onMouseDown={(e) => e.preventDefault()} onClick={tool.run}><Icon name={tool.icon} size={15} /></ActionIcon>
        ))}
        <ActionIcon size={26} aria-label={t("note.mention")} className={classes.tool} onMouseDown={(e) => e.preventDefault()} onClick={() => editor.chain().focus().insertContent("@").run()}>@</ActionIcon>
      </div>
      {popup && popup.items.length > 0 && (
        <ul className={classes.people} role="listbox" aria-label={t("note.mention")}>
          {popup.items.map((p, i) => (
            <li key={p.id} role="option" aria-selected={i === active} onMouseDown={(e) => { e.preventDefault(); popup.command(p); }} onMouseMove={() => setActive(i)}>
              <Avatar name={p.label} size={20} /> {p.label}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
