import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createRecord, deleteRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { Icon } from "@/ui/icons";
import { toast, toastFailure } from "@/ui/toast";
import classes from "./admin.module.css";
import { nameOf, patch, useRefresh, useRows } from "./data";
import { Linked } from "./Linked";
import { TeamTemplates } from "./TeamTemplates";
import { useUnits } from "./UserDialog";

/** Teams: owners of records with roles of their own, or groups that single records are shared with. */
export function Teams() {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<string>();
  const [making, setMaking] = useState(false);
  const teams = useRows("teams", { select: ["teamid", "name", "teamtype", "description", "_businessunitid_value"], orderby: "name", filter: "systemmanaged ne true" });
  if (teams.isError) return <Failure error={teams.error} onRetry={() => void teams.refetch()} />;
  const open = teams.data?.find((x) => x.teamid === chosen);
  return (
    <>
      <div className={classes.bar}>
        <TextInput label={t("admin.search")} value={words} onChange={(e) => setWords(e.currentTarget.value)} leftSection={<Icon name="search" size={15} />} />
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t("admin.team.new")}</Button>
      </div>
      <div className={classes.box} aria-busy={teams.isPending}>
        <table className={classes.table}>
          <thead><tr><th scope="col">{t("admin.name")}</th><th scope="col">{t("admin.team.type")}</th><th scope="col">{t("admin.unit")}</th><th scope="col">{t("admin.description")}</th></tr></thead>
          <tbody>
            {(teams.data ?? []).filter((x) => String(x.name).toLowerCase().includes(words.trim().toLowerCase())).map((x) => (
              <tr key={String(x.teamid)}>
                <th scope="row"><button type="button" className={classes.link} onClick={() => setChosen(String(x.teamid))}>{String(x.name)}</button></th>
                <td><span className={classes.pill}>{t(x.teamtype === 1 ? "admin.team.access" : "admin.team.owner")}</span></td>
                <td>{nameOf(x, "_businessunitid_value")}</td><td>{String(x.description ?? "")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <TeamTemplates />
      {open && <TeamDialog team={open} onClose={() => setChosen(undefined)} />}
      {making && <NewTeam onClose={() => setMaking(false)} onMade={(id) => { setMaking(false); setChosen(id); }} />}
    </>
  );
}

function NewTeam({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const units = useUnits();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("0");
  const [unit, setUnit] = useState("");
  const at = unit || String(units.rows.find((u) => !u._parentbusinessunitid_value)?.businessunitid ?? "");
  return (
    <ConfirmDialog title={t("admin.team.new")} confirm={t("common.create")} onClose={onClose} disabled={!name.trim() || !at} run={async () => {
      const id = await createRecord("teams", "teamid", { name, teamtype: Number(kind), "businessunitid@odata.bind": `/businessunits(${at})` });
      await refresh();
      onMade(id);
      return "stay";
    }}>
      <div className={classes.stack}>
        <TextInput label={t("admin.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} required data-autofocus />
        <Select label={t("admin.team.type")} allowDeselect={false} value={kind} onChange={(v) => setKind(v ?? "0")} data={[{ value: "0", label: t("admin.team.owner") }, { value: "1", label: t("admin.team.access") }]} />
        <Select label={t("admin.unit")} allowDeselect={false} searchable data={units.options} value={at || null} onChange={(v) => setUnit(v ?? "")} />
      </div>
    </ConfirmDialog>
  );
}

function TeamDialog({ team, onClose }: { team: Row; onClose: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const units = useUnits();
  const [name, setName] = useState(String(team.name));
  const id = String(team.teamid);
  const act = (work: () => Promise<unknown>) => void work().then(async () => { toast(t("admin.saved")); await refresh(); }, toastFailure);
  return (
    <Modal opened onClose={onClose} title={String(team.name)} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className={classes.stack}>
        <div className={classes.fields}>
          <TextInput label={t("admin.name")} value={name} onChange={(e) => setName(e.currentTarget.value)} onBlur={() => name.trim() && name !== team.name && act(() => patch("teams", id, { name }))} />
          <Select label={t("admin.unit")} allowDeselect={false} searchable data={units.options} value={String(team._businessunitid_value ?? "")}
            onChange={(v) => v && act(() => patch("teams", id, { "businessunitid@odata.bind": `/businessunits(${v})` }))} />
        </div>
        <Linked set="teams" id={id} nav="teammembership_association" target="systemusers" targetId="systemuserid" targetName="fullname" filter="isdisabled ne true" label={t("admin.team.members")} />
        {team.teamtype !== 1 && <Linked set="teams" id={id} nav="teamroles_association" target="roles" targetId="roleid" targetName="name" label={t("admin.area.roles")} />}
        <Linked set="teams" id={id} nav="teamprofiles_association" target="fieldsecurityprofiles" targetId="fieldsecurityprofileid" targetName="name" label={t("admin.area.profiles")} />
        <div className={classes.row}><Button variant="default" color="red.8" onClick={() => act(async () => { await deleteRecord("teams", id); onClose(); })}>{t("admin.team.delete")}</Button></div>
      </div>
    </Modal>
  );
}
