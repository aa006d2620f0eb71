import { ActionIcon, Modal, Select } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useRows } from "@/admin/data";
import { request } from "@/api/http";
import { API } from "@/api/odata";
import { callBound } from "@/api/records";
import type { Table } from "@/api/types";
import { Avatar } from "@/ui/Avatar";
import { Calm, Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import { toastFailure } from "@/ui/toast";
import classes from "./AccessTeam.module.css";

interface Team {
  TeamTemplateId: string; Name: string; Description: string; AccessMask: string; Allowed: boolean;
  Members: { SystemUserId: string; FullName: string }[];
}

/** The people who work on one record together, by the templates of its table: who is in, what they may do. */
export default function AccessTeam({ table, id, name, onClose }: { table: Table; id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const teams = useQuery({
    queryKey: ["access", table.logicalname, id, "teams"],
    queryFn: async ({ signal }) => (await request<{ Teams: Team[] }>(`${API}/rpt_RetrieveRecordTeams(Target=@t)?@t=${encodeURIComponent(JSON.stringify({ "@odata.id": `${table.entityset}(${id})` }))}`, { signal })).data.Teams,
  });
  return (
    <Modal opened onClose={onClose} title={t("recordTeam.title", { name })} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      {teams.isError && <Failure small error={teams.error} onRetry={() => void teams.refetch()} />}
      {teams.data?.length === 0 && <Calm small icon="team" title={t("recordTeam.noneTitle")}>{t("recordTeam.none", { what: table.pluralLabel })}</Calm>}
      {teams.data && teams.data.length > 0 && (
        <div className={classes.teams}>
          <p className={classes.hint}>{t("recordTeam.hint")}</p>
          {teams.data.map((team) => <One key={team.TeamTemplateId} table={table} id={id} team={team} />)}
        </div>
      )}
    </Modal>
  );
}

function One({ table, id, team }: { table: Table; id: string; team: Team }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const users = useRows("systemusers", { select: ["systemuserid", "fullname", "domainname"], orderby: "fullname", filter: "isdisabled ne true" }, team.Allowed);
  const rights = team.AccessMask.split(",").map((x) => x.trim().replace(/Access$/, "")).filter((x) => x && x !== "None");
  const there = new Set(team.Members.map((m) => m.SystemUserId));

  async function change(action: "AddUserToRecordTeam" | "RemoveUserFromRecordTeam", user: string) {
    setBusy(true);
    try {
      await callBound("systemusers", user, action, {
        Record: { "@odata.type": `Microsoft.Dynamics.CRM.${table.logicalname}`, [table.primaryid]: id },
        TeamTemplate: { "@odata.type": "Microsoft.Dynamics.CRM.teamtemplate", teamtemplateid: team.TeamTemplateId },
      });
      await client.invalidateQueries({ queryKey: ["access", table.logicalname, id] });
    } catch (error) {
      toastFailure(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <section className={classes.team} aria-label={team.Name}>
      <h2>{team.Name}</h2>
      {team.Description && <p className="dim">{team.Description}</p>}
      <p className={classes.rights} aria-label={t("recordTeam.may")}>{rights.map((r) => <span key={r}>{t(`admin.right.${r}`)}</span>)}</p>
      {team.Members.length === 0 ? <p className="dim">{t("recordTeam.empty")}</p> : (
        <ul className={classes.members}>
          {team.Members.map((m) => (
            <li key={m.SystemUserId}>
              <Avatar name={m.FullName} size={26} />
              <span className="clip">{m.FullName}</span>
              {team.Allowed && <ActionIcon disabled={busy} aria-label={t("admin.removeOne", { name: m.FullName })} onClick={() => void change("RemoveUserFromRecordTeam", m.SystemUserId)}><Icon name="close" size={15} /></ActionIcon>}
            </li>
          ))}
        </ul>
      )}
      {team.Allowed
        ? <Select label={t("recordTeam.add")} searchable disabled={busy} value={null} placeholder={t("recordTeam.who")} nothingFoundMessage={t("admin.none")} onChange={(v) => v && void change("AddUserToRecordTeam", v)}
            data={(users.data ?? []).filter((u) => u.domainname !== "system" && !there.has(String(u.systemuserid))).map((u) => ({ value: String(u.systemuserid), label: String(u.fullname) }))} />
        : <p className="dim">{t("recordTeam.notYours")}</p>}
    </section>
  );
}
