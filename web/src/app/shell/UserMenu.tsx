import { Menu, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { signOut, useSession } from "@/api/session";
import { currentLanguage, type Language, setLanguage } from "@/i18n";
import { changeSettings, type Settings, useSettings } from "@/lib/settings";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/icons";
import { useShell } from "./context";
import classes from "./UserMenu.module.css";

/** The person, and how the interface looks for them. */
export function UserMenu() {
  const { t } = useTranslation();
  const { session } = useSession();
  const shell = useShell();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { density } = useSettings();
  if (!session) return null;

  return (
    <Menu position="top-start" width={264} closeOnItemClick={false}>
      <Menu.Target>
        <button type="button" className={classes.user} data-tour="user">
          <Avatar name={session.user.fullname} size={22} />
          <span className="clip">{session.user.fullname}</span>
          <span className="sr-only">: {t("user.menu")}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{session.user.fullname}</strong>
          <span className="faint">{session.user.domainname}</span>
          {session.roles.length > 0 && <span className="faint">{session.roles.join(", ")}</span>}
        </div>
        <Menu.Divider />
        <Menu.Label>{t("user.theme")}</Menu.Label>
        <SegmentedControl className={classes.choice} size="xs" fullWidth value={colorScheme} aria-label={t("user.theme")}
          onChange={(v) => setColorScheme(v as "light" | "dark" | "auto")}
          data={[
            { value: "light", label: t("user.light") }, { value: "dark", label: t("user.dark") }, { value: "auto", label: t("user.system") },
          ]} />
        <Menu.Label>{t("user.density")}</Menu.Label>
        <SegmentedControl className={classes.choice} size="xs" fullWidth value={density} aria-label={t("user.density")}
          onChange={(v) => changeSettings({ density: v as Settings["density"] })}
          data={[
            { value: "compact", label: t("user.compact") }, { value: "cosy", label: t("user.cosy") }, { value: "roomy", label: t("user.roomy") },
          ]} />
        <Menu.Label>{t("user.language")}</Menu.Label>
        <SegmentedControl className={classes.choice} size="xs" fullWidth value={currentLanguage()} aria-label={t("user.language")}
          onChange={(v) => void setLanguage(v as Language)}
          data={[{ value: "en", label: "English" }, { value: "de", label: "Deutsch" }]} />
        <Menu.Divider />
        <Menu.Item component={Link} to="/settings" closeMenuOnClick leftSection={<Icon name="settings" />}>{t("settings.open")}</Menu.Item>
        <Menu.Item leftSection={<Icon name="info" />} closeMenuOnClick onClick={shell.startTour}>{t("tour.start")}</Menu.Item>
        <Menu.Item leftSection={<Icon name="lock" />} closeMenuOnClick component={Link} to="/account">{t("account.title")}</Menu.Item>
        <Menu.Item leftSection={<Icon name="exit" />} onClick={() => void signOut()}>{t("user.signOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
