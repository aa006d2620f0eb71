import { ActionIcon, Button, Checkbox, Modal, Select } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "@/api/http";
import { API } from "@/api/odata";
import { inWords } from "@/i18n/messages";
import { callUnbound } from "@/api/records";
import type { Row, Table } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { useRows } from "./data";

interface Reason { rule: "role" | "share" | "hierarchy"; depth?: string; via?: string; name?: string; roles?: { name: string; team?: string }[] }
interface Holder { systemuserid: string; fullname: string; reasons: Reason[] }
interface Rights { rights: Record<string, { held: boolean; reasons: Reason[]; missing: string }> }
interface Share { AccessMask: string; Principal: Record<string, string> }

const sharable = ["Read", "Write", "Append", "AppendTo", "Delete", "Share", "Assign"] as const;

/** Teams with the name that people know them by: the access team of a record is called by its template. */
function useTeams() {
  const { t } = useTranslation();
  const teams = useRows("teams", { select: ["teamid", "name", "systemmanaged", "teamtemplateid"], orderby: "name" });
  const templates = useRows("teamtemplates", { select: ["teamtemplateid", "teamtemplatename"] });
  const nameOf = (x: Row) => (x.systemmanaged === true ? t("access.recordTeam", { name: String(templates.data?.find((y) => y.teamtemplateid === x.teamtemplateid)?.teamtemplatename ?? "") }) : String(x.name));
  return (teams.data ?? []).map((x) => ({ id: String(x.teamid), name: nameOf(x), ofRecord: x.systemmanaged === true }));
}

/** Why a right is missing, in the person's language. */
async function translated(rights: Rights["rights"]): Promise<Rights["rights"]> {
  return Object.fromEntries(await Promise.all(Object.entries(rights).map(async ([right, x]) => [right, { ...x, missing: await inWords(x.missing ?? "") }] as const)));
}

function useWhy() {
  const { t } = useTranslation();
  const teams = useTeams();
  const held = (x: { name: string; team?: string }) => (x.team ? t("access.roleOfTeam", x) : x.name);
  return (r: Reason) => t(`access.why.${r.rule}`, { depth: r.depth ? t(`access.depth.${r.depth}`) : "", name: teams.find((x) => x.id === r.via)?.name ?? r.name ?? "", roles: (r.roles ?? []).map(held).join(", ") }).trim();
}

/** Who can use a record and why, why somebody can't, and with whom it is shared. */
export function AccessDialog({ table, id, name, onClose }: { table: Table; id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [user, setUser] = useState("");
  const path = `/api/access/${table.logicalname}/${id}`;
  const key = ["access", table.logicalname, id];
  const holders = useQuery({ queryKey: [...key, "holders"], retry: false, queryFn: async ({ signal }) => (await request<{ value: Holder[] }>(`${path}/holders`, { signal })).data.value });
  const rights = useQuery({ queryKey: [...key, "rights", user], queryFn: async ({ signal }) => translated((await request<Rights>(user ? `${path}?user=${user}` : path, { signal })).data.rights) });
  const users = useRows("systemusers", { select: ["systemuserid", "fullname", "domainname"], orderby: "fullname", filter: "isdisabled ne true" });
  const may = (right: string) => rights.data?.[right]?.held === true;
  return (
    <Modal opened onClose={onClose} title={t("access.title", { name })} size="xl" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className={classes.stack}>
        <Shares table={table} id={id} allowed={holders.isSuccess} />
        <section>
          <div className={classes.bar} style={{ marginBottom: 8 }}>
            <Select label={t("access.whose")} searchable clearable placeholder={t("access.mine")} value={user || null} onChange={(v) => setUser(v ?? "")} disabled={!holders.isSuccess} clearButtonProps={{ "aria-label": t("admin.clear") }}
              data={(users.data ?? []).filter((u) => u.domainname !== "system").map((u) => ({ value: String(u.systemuserid), label: String(u.fullname) }))} />
          </div>
          {rights.isError ? <Failure small error={rights.error} onRetry={() => void rights.refetch()} /> : (
            <div className={classes.box}>
              <table className={classes.table} aria-label={t("access.whose")}>
                <tbody>
                  {Object.entries(rights.data ?? {}).map(([right, x]) => (
                    <tr key={right}>
                      <th scope="row">{t(`admin.right.${right}`)}</th>
                      <td><span className={classes.pill} data-tone={may(right) ? "good" : "bad"}>{t(x.held ? "access.yes" : "access.no")}</span></td>
                      <td>{x.held ? x.reasons.map(why).join("; ") : x.missing}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </section>
        <section>
          <h2 style={{ fontSize: 14, margin: "0 0 8px" }}>{t("access.holders")}</h2>
          {holders.isError ? <p className={classes.hint}>{t("access.onlySharers")}</p> : (
            <div className={classes.box} style={{ maxBlockSize: 260 }} tabIndex={0} role="region" aria-label={t("access.holders")}>
              <table className={classes.table}>
                <tbody>{(holders.data ?? []).map((h) => <tr key={h.systemuserid}><th scope="row">{h.fullname}</th><td>{h.reasons.map(why).join("; ")}</td></tr>)}</tbody>
              </table>
            </div>
          )}
        </section>
      </div>
    </Modal>
  );
}

function Shares({ table, id, allowed }: { table: Table; id: string; allowed: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [who, setWho] = useState("");
  const users = useRows("systemusers", { select: ["systemuserid", "fullname", "domainname"], orderby: "fullname", filter: "isdisabled ne true" });
  const teams = useTeams();
  const target = { "@odata.type": `Microsoft.Dynamics.CRM.${table.logicalname}`, [table.primaryid]: id };
  const shares = useQuery({
    queryKey: ["access", table.logicalname, id, "shares"],
    queryFn: async ({ signal }) => (await request<{ PrincipalAccesses: Share[] }>(`${API}/RetrieveSharedPrincipalsAndAccess(Target=@t)?@t=${encodeURIComponent(JSON.stringify({ "@odata.id": `${table.entityset}(${id})` }))}`, { signal })).data.PrincipalAccesses,
  });
  const names = new Map([...(users.data ?? []).map((u) => [String(u.systemuserid), String(u.fullname)] as const), ...teams.map((x) => [x.id, x.name] as const)]);
  const principal = (key: string) => (teams.some((x) => x.id === key) ? { "@odata.type": "Microsoft.Dynamics.CRM.team", teamid: key } : { "@odata.type": "Microsoft.Dynamics.CRM.systemuser", systemuserid: key });
  const again = () => client.invalidateQueries({ queryKey: ["access", table.logicalname, id] });
  const set = (key: string, rights: string[]) => void callUnbound(rights.length ? "ModifyAccess" : "RevokeAccess", rights.length
    ? { Target: target, PrincipalAccess: { Principal: principal(key), AccessMask: rights.map((r) => `${r}Access`).join(", ") } }
    : { Target: target, Revokee: principal(key) }).then(again, toastFailure);
  if (shares.isError || !shares.data) return null;
  return (
    <section>
      <h2 style={{ fontSize: 14, margin: "0 0 8px" }}>{t("access.shares")}</h2>
      {allowed && (
        <div className={classes.bar} style={{ marginBottom: 8 }}>
          <Select label={t("access.with")} searchable value={who || null} onChange={(v) => setWho(v ?? "")}
            data={[{ group: t("admin.area.users"), items: (users.data ?? []).filter((u) => u.domainname !== "system").map((u) => ({ value: String(u.systemuserid), label: String(u.fullname) })) },
              { group: t("admin.area.teams"), items: teams.filter((x) => !x.ofRecord).map((x) => ({ value: x.id, label: x.name })) }]} />
          <Button variant="default" disabled={!who} onClick={() => { set(who, ["Read"]); setWho(""); }}>{t("access.share")}</Button>
        </div>
      )}
      {shares.data.length === 0 ? <p className={classes.hint} style={{ margin: 0 }}>{t("access.noShares")}</p> : (
        <div className={classes.box}>
          <table className={classes.table}>
            <thead><tr><th scope="col">{t("access.with")}</th>{sharable.map((r) => <th key={r} scope="col">{t(`admin.right.${r}`)}</th>)}<th scope="col"><span className="sr-only">{t("admin.remove")}</span></th></tr></thead>
            <tbody>
              {shares.data.map((s) => {
                const key = String(s.Principal.systemuserid ?? s.Principal.teamid ?? s.Principal.id ?? "");
                const held = s.AccessMask.split(",").map((x) => x.trim().replace(/Access$/, "")).filter((x) => x !== "None");
                const label = names.get(key) ?? key;
                return (
                  <tr key={key}>
                    <th scope="row">{label}</th>
                    {sharable.map((r) => <td key={r}><Checkbox disabled={!allowed} aria-label={`${label}: ${t(`admin.right.${r}`)}`} checked={held.includes(r)} onChange={(e) => set(key, e.currentTarget.checked ? [...held, r] : held.filter((x) => x !== r))} /></td>)}
                    <td className={classes.end}><ActionIcon disabled={!allowed} aria-label={t("admin.removeOne", { name: label })} onClick={() => set(key, [])}><Icon name="trash" size={15} /></ActionIcon></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
