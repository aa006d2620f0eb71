import { Button, Modal, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { useTableMeta } from "@/api/metadata";
import { createRecord, fetchTop } from "@/api/records";
import classes from "@/rules/Rules.module.css";
import cards from "@/scoring/scoring.module.css";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { PageBar } from "@/ui/PageBar";
import { toastFailure } from "@/ui/toast";
import { SetPage } from "./SetPage";
import { stateOf } from "./types";

/** All versions of the routing rules, and the one that is open beside them. */
export function Routing() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id } = useParams({ strict: false });
  const sets = useTableMeta("routingrule");
  const items = useTableMeta("routingruleitem");
  const [making, setMaking] = useState(false);
  const key = ["routing", "sets"];
  const list = useQuery({ queryKey: key, queryFn: ({ signal }) => fetchTop("routingrules", { orderby: "rpt_table asc,rpt_version desc", top: 500 }, signal) });
  const queues = useQuery({ queryKey: ["routing", "queues"], queryFn: ({ signal }) => fetchTop("queues", { select: ["queueid", "name"], filter: "statecode eq 0", orderby: "name asc", top: 5000 }, signal) });
  const teams = useQuery({ queryKey: ["routing", "teams"], queryFn: ({ signal }) => fetchTop("teams", { select: ["teamid", "name"], orderby: "name asc", top: 5000 }, signal) });
  const refresh = () => client.invalidateQueries({ queryKey: key });
  useLive("routingrule", () => void refresh());

  const failed = sets.error ?? items.error ?? list.error;
  if (failed && !list.data) return <Failure error={failed} onRetry={() => void list.refetch()} />;
  if (!sets.data || !items.data || !list.data) return null;
  const rows = list.data.rows;
  const current = rows.find((r) => r.routingruleid === id);
  return (
    <>
      <PageBar title={<h1>{t("routing.title")}</h1>} actions={sets.data.privileges.create && <Button leftSection={<Icon name="plus" size={15} />} onClick={() => setMaking(true)}>{t("routing.new")}</Button>} />
      <div className={classes.body} data-open={id ? true : undefined}>
        <nav className={classes.list} aria-label={sets.data.pluralLabel}>
          {rows.length === 0 && <Calm small icon="queue" title={t("routing.noneTitle")}>{t("routing.none")}</Calm>}
          <ol>
            {rows.map((row) => {
              const state = stateOf(row);
              return (
                <li key={String(row.routingruleid)}>
                  <Link to="/routing/{-$id}" params={{ id: String(row.routingruleid) }} className={classes.item} data-active={row.routingruleid === id || undefined}>
                    <span style={{ flex: 1, minWidth: 0 }}><span className={classes.name}>{String(row.name)}</span><span className="faint">{t("routing.versionOf", { number: String(row.rpt_version ?? ""), table: String(row.rpt_table ?? "") })}</span></span>
                    <span className={cards.pill} data-tone={state === "active" ? "good" : state === "draft" ? "warn" : undefined}>{t(`routing.state.${state}`)}</span>
                  </Link>
                </li>
              );
            })}
          </ol>
        </nav>
        <div className={classes.editor}>
          {id && <Link to="/routing/{-$id}" params={{}} className={classes.back}><Icon name="arrowLeft" size={16} />{t("routing.title")}</Link>}
          {current ? (
            <SetPage key={id} table={sets.data} rules={items.data} row={current} onChanged={refresh}
              queues={(queues.data?.rows ?? []).map((q) => ({ value: String(q.queueid), label: String(q.name) }))} teams={(teams.data?.rows ?? []).map((x) => ({ value: String(x.teamid), label: String(x.name) }))} />
          ) : <Calm icon="queue" title={id ? t("calm.notFoundTitle") : t("routing.pickTitle")}>{id ? t("calm.notFound") : t("routing.pick")}</Calm>}
        </div>
      </div>
      {making && <NewSet onClose={() => setMaking(false)} onMade={refresh} />}
    </>
  );
}

function NewSet({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [table, setTable] = useState("lead");
  async function make() {
    try {
      const id = await createRecord("routingrules", "routingruleid", { name: name.trim(), rpt_table: table.trim() });
      await onMade();
      onClose();
      await navigate({ to: "/routing/{-$id}", params: { id } });
    } catch (error) {
      toastFailure(error);
    }
  }
  return (
    <Modal opened onClose={onClose} title={t("routing.new")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); if (name.trim() && table.trim()) void make(); }}>
        <TextInput label={t("routing.field.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput label={t("routing.field.table")} description={t("routing.tableHint")} value={table} onChange={(e) => setTable(e.currentTarget.value)} />
        <Button type="submit" disabled={!name.trim() || !table.trim()}>{t("routing.create")}</Button>
      </form>
    </Modal>
  );
}
