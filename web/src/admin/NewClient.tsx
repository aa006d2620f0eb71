import { NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Actions } from "@/api/generated/webapi";
import { callBound, createRecord } from "@/api/records";
import type { Row } from "@/api/types";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import classes from "./admin.module.css";
import { useRefresh } from "./data";
import { useUnits } from "./UserDialog";

export type ClientSecret = Actions["rpt_CreateClientSecret"]["out"];

const fresh = "new";

/** A random GUID; crypto.randomUUID is there over HTTPS alone. */
function guid(): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + n.toString(16).padStart(2, "0")).join("");
}

/** Makes a secret by which a program signs in with OAuth, and the program itself if there is none yet. */
export function NewClient({ programs, onClose, onMade }: { programs: Row[]; onClose: () => void; onMade: (made: ClientSecret) => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const units = useUnits();
  const [who, setWho] = useState(programs.length > 0 ? "" : fresh);
  const [username, setUsername] = useState("");
  const [made, setMade] = useState(""); // a program whose secret could not be made: the next attempt makes no other one
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState("");
  const [days, setDays] = useState<number | string>(180);
  const top = units.rows.find((u) => !u._parentbusinessunitid_value)?.businessunitid;
  const ready = name.trim() !== "" && (who === fresh ? username.trim() !== "" && top !== undefined : who !== "");
  const program = async () => {
    if (who !== fresh) return who;
    if (made) return made;
    const id = await createRecord("systemusers", "systemuserid", { lastname: username.trim(), domainname: username.trim(), applicationid: guid(), "businessunitid@odata.bind": `/businessunits(${top})` });
    setMade(id);
    return id;
  };
  return (
    <ConfirmDialog title={t("admin.client.new")} confirm={t("common.create")} disabled={!ready} onClose={onClose} run={async () => {
      onMade(await callBound<ClientSecret>("systemusers", await program(), "rpt_CreateClientSecret", { Name: name.trim(), Days: Number(days) || 180, Scopes: scopes }));
      await refresh();
    }}>
      <div className={classes.stack}>
        <Select label={t("admin.key.actsAs")} searchable allowDeselect={false} value={who || null} onChange={(v) => setWho(v ?? "")}
          data={[{ value: fresh, label: t("admin.client.program") }, ...programs.map((u) => ({ value: String(u.systemuserid), label: String(u.fullname) }))]} />
        {who === fresh && <TextInput label={t("admin.user.username")} description={t("admin.client.programHint")} autoCapitalize="none" spellCheck={false} value={username} onChange={(e) => setUsername(e.currentTarget.value)} required />}
        <TextInput label={t("admin.key.what")} value={name} onChange={(e) => setName(e.currentTarget.value)} required />
        <TextInput label={t("admin.key.scopes")} description={t("admin.key.scopesHint")} placeholder="lead:read,create action:QualifyLead" spellCheck={false} value={scopes} onChange={(e) => setScopes(e.currentTarget.value)} />
        <NumberInput label={t("admin.key.days")} min={1} max={730} allowDecimal={false} value={days} onChange={setDays} />
      </div>
    </ConfirmDialog>
  );
}
