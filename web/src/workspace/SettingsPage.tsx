import { Button, NativeSelect, SegmentedControl, Select, Switch, useMantineColorScheme } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useShell } from "@/app/shell/context";
import { currentLanguage, type Language, setLanguage } from "@/i18n";
import { formatInstant, formatNumber } from "@/lib/format";
import { changeSettings, type Settings, useSettings } from "@/lib/settings";
import { PageBar } from "@/ui/PageBar";
import { HIDDEN } from "./Checklist";
import { countSample, useSample } from "./sample";
import classes from "./SettingsPage.module.css";
import { usePreferences } from "./usePreferences";

const SampleDialog = lazy(() => import("./SampleDialog"));

const formats = ["en-GB", "en-US", "de-DE", "de-CH", "de-AT", "fr-FR", "fr-CH", "it-IT", "es-ES", "nl-NL", "pl-PL", "sv-SE", "en-IN", "ja-JP"];

function zones(): string[] {
  try {
    return Intl.supportedValuesOf("timeZone");
  } catch {
    return ["UTC"];
  }
}

const kinds = ["assigned", "mention", "follow", "score"] as const;

/** What one is told of, and where. */
function NotifySection() {
  const { t } = useTranslation();
  const { preferences, change } = usePreferences();
  const { desktop } = useSettings();
  const [refused, setRefused] = useState(false);
  const muted = preferences?.muted ?? [];
  async function show(on: boolean) {
    const allowed = !on || (typeof Notification !== "undefined" && (await Notification.requestPermission()) === "granted");
    setRefused(!allowed);
    changeSettings({ desktop: on && allowed });
  }
  return (
    <section className={classes.section} aria-label={t("settings.notify")}>
      <h2>{t("settings.notify")}</h2>
      {kinds.map((kind) => (
        <Switch key={kind} checked={!muted.includes(kind)} disabled={!preferences} label={t(`settings.kind.${kind}`)}
          onChange={(e) => void change({ muted: e.currentTarget.checked ? muted.filter((m) => m !== kind) : [...muted, kind] })} />
      ))}
      <p className="dim">{t("settings.notifyHint")}</p>
      <Switch checked={desktop} label={t("settings.desktop")} error={refused && t("settings.desktopRefused")} onChange={(e) => void show(e.currentTarget.checked)} />
    </section>
  );
}

/** The way back to what stood there on the first day, and out of the sample. */
function FirstSection() {
  const { t } = useTranslation();
  const shell = useShell();
  const { preferences, change } = usePreferences();
  const { data: sample } = useSample();
  const [removing, setRemoving] = useState(false);
  const count = countSample(sample);
  return (
    <section className={classes.section} aria-label={t("settings.first")}>
      <h2>{t("settings.first")}</h2>
      <div className={classes.buttons}>
        <Button variant="default" size="compact-sm" onClick={shell.startTour}>{t("tour.start")}</Button>
        {preferences?.done?.includes(HIDDEN) && <Button variant="default" size="compact-sm" onClick={() => void change({ done: preferences.done!.filter((d) => d !== HIDDEN) })}>{t("settings.firstAgain")}</Button>}
      </div>
      {sample && (count > 0 || sample.People > 0) && (
        <div className={classes.row}>
          <span className="dim">{t("settings.sampleHint", { count, number: formatNumber(count) })}</span>
          <Button variant="default" size="compact-sm" onClick={() => setRemoving(true)}>{t("sample.open")}</Button>
        </div>
      )}
      {removing && sample && <Suspense fallback={null}><SampleDialog sample={sample} onClose={() => setRemoving(false)} /></Suspense>}
    </section>
  );
}

/** How the interface is for this person, on all their devices. */
export function SettingsPage() {
  const { t } = useTranslation();
  const shell = useShell();
  const own = useSettings();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const all = useMemo(zones, []);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const sample = new Date().toISOString();
  return (
    <>
      <PageBar title={<h1>{t("settings.title")}</h1>} />
      <div className={classes.page}>
        <section className={classes.section} aria-label={t("settings.look")}>
          <h2>{t("settings.look")}</h2>
          <div className={classes.row}>
            <span id="set-theme">{t("user.theme")}</span>
            <SegmentedControl size="xs" value={colorScheme} aria-labelledby="set-theme" onChange={(v) => setColorScheme(v as "light" | "dark" | "auto")}
              data={[{ value: "light", label: t("user.light") }, { value: "dark", label: t("user.dark") }, { value: "auto", label: t("user.system") }]} />
          </div>
          <div className={classes.row}>
            <span id="set-density">{t("user.density")}</span>
            <SegmentedControl size="xs" value={own.density} aria-labelledby="set-density" onChange={(v) => changeSettings({ density: v as Settings["density"] })}
              data={[{ value: "compact", label: t("user.compact") }, { value: "cosy", label: t("user.cosy") }, { value: "roomy", label: t("user.roomy") }]} />
          </div>
        </section>
        <section className={classes.section} aria-label={t("settings.region")}>
          <h2>{t("settings.region")}</h2>
          <NativeSelect label={t("user.language")} value={currentLanguage()} onChange={(e) => void setLanguage(e.currentTarget.value as Language)} data={[{ value: "en", label: "English" }, { value: "de", label: "Deutsch" }]} />
          <Select label={t("settings.zone")} searchable clearable value={own.timeZone || null} placeholder={t("settings.deviceZone", { zone: here })} data={all} limit={60} onChange={(v) => changeSettings({ timeZone: v ?? "" })} nothingFoundMessage={t("palette.none")} />
          <NativeSelect label={t("settings.formats")} value={own.formats} onChange={(e) => changeSettings({ formats: e.currentTarget.value })}
            data={[{ value: "", label: t("settings.formatsAuto") }, ...formats.map((f) => ({ value: f, label: `${new Intl.DisplayNames(currentLanguage(), { type: "language" }).of(f) ?? f}: ${new Intl.NumberFormat(f, { minimumFractionDigits: 2 }).format(1234567.89)}` }))]} />
          <p className="dim">{t("settings.looksLike", { number: formatNumber(1234567.89, 2), at: formatInstant(sample) })}</p>
        </section>
        <NotifySection />
        <section className={classes.section} aria-label={t("settings.keys")}>
          <h2>{t("settings.keys")}</h2>
          <Switch checked={own.singleKeys} label={t("keys.single")} description={t("keys.singleHint")} onChange={(e) => changeSettings({ singleKeys: e.currentTarget.checked })} />
          <div className={classes.row}>
            <span className="dim">{t("settings.keysCount", { count: Object.keys(own.keymap).length })}</span>
            <Button variant="default" size="compact-sm" onClick={shell.openHelp}>{t("settings.keysOpen")}</Button>
          </div>
        </section>
        <FirstSection />
      </div>
    </>
  );
}
