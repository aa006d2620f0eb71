import { useQueryClient } from "@tanstack/react-query";
import { Button, Menu, Modal, SegmentedControl, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/errors";
import type { GridSearch } from "@/app/router";
import type { Reference, Table, View } from "@/api/types";
import { filterFromText } from "@/filter/urlText";
import { LookupEditor } from "@/record/editors/LookupEditor";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./GridToolbar.module.css";
import type { GridState } from "./gridState";
import { deleteView, differs, renameView, saveView, shareView, updateView, type ViewKind } from "./savedViews";

const order: ViewKind[] = ["mine", "shared", "organisation", "system"];

/** Which view the list shows; what stands on the screen can be saved as one. */
export function ViewPicker({ table, state, search, saveable, change, onSaved }: {
  table: Table; state: GridState; search: GridSearch; saveable: Record<"mine" | "organisation", boolean>; change: (next: Partial<GridSearch>) => void; onSaved: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<"save" | "rename" | "delete" | "share">();
  const view = state.view;
  const filter = filterFromText(search.filter ?? view?.model);
  const mine = view?.kind === "mine" || view?.kind === "organisation";
  const changed = differs(state, search);
  const plain = { sort: undefined, cols: undefined, w: undefined, filter: undefined, group: undefined, fz: undefined };
  const show = (id: string | undefined) => change({ view: id, ...plain });

  async function update() {
    try {
      await updateView(client, table, state, filter);
      onSaved();
      change(plain);
      toast(t("views.updated"));
    } catch (error) {
      toastFailure(error);
    }
  }

  return (
    <>
      <Menu position="bottom-start" width={264}>
        <Menu.Target>
          <button type="button" className={classes.view} aria-label={t("grid.view", { name: view?.name ?? t("views.none") })}>
            <span className="clip">{view?.name ?? t("views.none")}</span>
            {changed && <span className={classes.changed} title={t("views.changed")} />}
            <Icon name="chevronDown" size={14} />
          </button>
        </Menu.Target>
        <Menu.Dropdown className={classes.views}>
          {order.map((kind) => {
            const views = table.views.filter((v) => (v.kind ?? "system") === kind);
            return views.length > 0 && (
              <div key={kind} role="presentation">
                <Menu.Label>{t(`views.kind.${kind}`)}</Menu.Label>
                {views.map((v) => (
                  <Menu.Item key={v.id} rightSection={v.id === view?.id ? <Icon name="check" /> : undefined} onClick={() => show(v.default ? undefined : v.id)}>{v.name}</Menu.Item>
                ))}
              </div>
            );
          })}
          <Menu.Divider />
          {mine && changed && !view.whole && <Menu.Item leftSection={<Icon name="save" />} onClick={() => void update()}>{t("views.update")}</Menu.Item>}
          {changed && <Menu.Item leftSection={<Icon name="refresh" />} onClick={() => change(plain)}>{t("views.reset")}</Menu.Item>}
          {(saveable.mine || saveable.organisation) && !view?.whole && <Menu.Item leftSection={<Icon name="plus" />} onClick={() => setDialog("save")}>{t("views.saveAs")}</Menu.Item>}
          {mine && <Menu.Item leftSection={<Icon name="pencil" />} onClick={() => setDialog("rename")}>{t("views.rename")}</Menu.Item>}
          {view?.kind === "mine" && <Menu.Item leftSection={<Icon name="share" />} onClick={() => setDialog("share")}>{t("views.share")}</Menu.Item>}
          {mine && <Menu.Item color="red" leftSection={<Icon name="trash" />} onClick={() => setDialog("delete")}>{t("views.delete")}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {dialog === "save" && (
        <NameDialog title={t("views.saveAs")} name="" kinds={saveable} onClose={() => setDialog(undefined)}
          run={async (name, everybody) => { const id = await saveView(client, table, state, filter, name, everybody); onSaved(); show(id); toast(t("views.saved", { name })); }} />
      )}
      {dialog === "rename" && view && <NameDialog title={t("views.rename")} name={view.name} onClose={() => setDialog(undefined)} run={async (name) => { await renameView(view, name); onSaved(); }} />}
      {dialog === "share" && view && <ShareDialog view={view} onClose={() => setDialog(undefined)} />}
      {dialog === "delete" && view && (
        <ConfirmDialog title={t("views.deleteTitle", { name: view.name })} confirm={t("views.delete")} danger onClose={() => setDialog(undefined)} run={async () => { await deleteView(view); show(undefined); onSaved(); }}>
          {t("views.deleteText")}
        </ConfirmDialog>
      )}
    </>
  );
}

function NameDialog({ title, name, kinds, run, onClose }: {
  title: string; name: string; kinds?: Record<"mine" | "organisation", boolean>; run: (name: string, everybody: boolean) => Promise<void>; onClose: () => void;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(name);
  const [whose, setWhose] = useState(kinds && !kinds.mine ? "organisation" : "mine");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!typed.trim()) return setProblem(t("field.required"));
    setBusy(true);
    try {
      await run(typed.trim(), whose === "organisation");
      onClose();
    } catch (error) {
      setProblem(asApiError(error).message);
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={(e) => void submit(e)} className="stack">
        <TextInput label={t("views.name")} value={typed} maxLength={200} data-autofocus error={problem} onChange={(e) => setTyped(e.currentTarget.value)} />
        {kinds?.mine && kinds.organisation && (
          <SegmentedControl size="xs" value={whose} onChange={setWhose} aria-label={t("views.whose")} data={[{ value: "mine", label: t("views.onlyMe") }, { value: "organisation", label: t("views.everybody") }]} />
        )}
        <div style={{ display: "flex", justifyContent: "flex-end", gap: 8, marginTop: 8 }}>
          <Button variant="default" type="button" onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" loading={busy}>{t("common.save")}</Button>
        </div>
      </form>
    </Modal>
  );
}

function ShareDialog({ view, onClose }: { view: View; onClose: () => void }) {
  const { t } = useTranslation();
  const [who, setWho] = useState<Reference | null>(null);
  return (
    <ConfirmDialog title={t("views.shareTitle", { name: view.name })} confirm={t("views.share")} disabled={!who} onClose={onClose} run={async () => { await shareView(view, who!); toast(t("views.shared", { name: who!.name })); }}>
      <LookupEditor column={{ name: "who", type: "lookup", label: t("views.who"), targets: ["systemuser", "team"] }} value={who} aria-label={t("views.who")} onChange={setWho} />
    </ConfirmDialog>
  );
}
