import { Button, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Row } from "@/api/types";
import { Failure } from "@/ui/Calm";
import { Icon } from "@/ui/icons";
import classes from "./admin.module.css";
import { nameOf, useRows } from "./data";
import { NewUser, UserDialog } from "./UserDialog";

/** Everybody who signs in here, and the programs that act as users. */
export function Users() {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [off, setOff] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const [making, setMaking] = useState(false);
  const users = useRows("systemusers", {
    select: ["systemuserid", "fullname", "firstname", "lastname", "domainname", "internalemailaddress", "isdisabled", "applicationid", "_businessunitid_value", "_parentsystemuserid_value"], orderby: "fullname",
  });
  if (users.isError) return <Failure error={users.error} onRetry={() => void users.refetch()} />;
  const match = (u: Row) => (off || u.isdisabled !== true) && `${u.fullname} ${u.domainname ?? ""} ${u.internalemailaddress ?? ""}`.toLowerCase().includes(words.trim().toLowerCase());
  const shown = (users.data ?? []).filter((u) => u.domainname !== "system" && match(u));
  const open = users.data?.find((u) => u.systemuserid === chosen);
  return (
    <>
      <div className={classes.bar}>
        <TextInput label={t("admin.search")} value={words} onChange={(e) => setWords(e.currentTarget.value)} leftSection={<Icon name="search" size={15} />} />
        <Switch label={t("admin.user.showDisabled")} checked={off} onChange={(e) => setOff(e.currentTarget.checked)} pb={6} />
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>{t("admin.user.new")}</Button>
      </div>
      <div className={classes.box} aria-busy={users.isPending}>
        <table className={classes.table}>
          <thead><tr><th scope="col">{t("admin.name")}</th><th scope="col">{t("admin.user.username")}</th><th scope="col">{t("admin.user.email")}</th><th scope="col">{t("admin.unit")}</th><th scope="col">{t("admin.user.manager")}</th><th scope="col">{t("admin.state")}</th></tr></thead>
          <tbody>
            {shown.map((u) => (
              <tr key={String(u.systemuserid)} data-off={u.isdisabled === true || undefined}>
                <th scope="row"><button type="button" className={classes.link} onClick={() => setChosen(String(u.systemuserid))}>{String(u.fullname ?? u.domainname)}</button></th>
                <td>{String(u.domainname ?? "")}</td><td>{String(u.internalemailaddress ?? "")}</td><td>{nameOf(u, "_businessunitid_value")}</td><td>{u._parentsystemuserid_value ? nameOf(u, "_parentsystemuserid_value") : ""}</td>
                <td>{u.isdisabled === true ? <span className={classes.pill}>{t("admin.user.disabled")}</span> : u.applicationid ? <span className={classes.pill}>{t("admin.user.program")}</span> : <span className={classes.pill} data-tone="good">{t("admin.user.enabled")}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open && <UserDialog user={open} others={users.data ?? []} onClose={() => setChosen(undefined)} />}
      {making && <NewUser onClose={() => setMaking(false)} onMade={(id) => { setMaking(false); setChosen(id); }} />}
    </>
  );
}
