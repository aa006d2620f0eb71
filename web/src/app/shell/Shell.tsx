import { Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTables } from "@/api/metadata";
import { useShortcuts } from "@/lib/keys";
import { listPath, recordPath } from "@/lib/paths";
import { changeSettings, settings, useSettings } from "@/lib/settings";
import { takeBack } from "@/lib/undo";
import { toast, toastFailure } from "@/ui/toast";
import { usePreferences } from "@/workspace/usePreferences";
import { useSyncedSettings } from "@/workspace/useSyncedSettings";
import { BottomBar } from "./BottomBar";
import { LazyPart } from "./LazyPart";
import { Nav } from "./Nav";
import { OfflineBar } from "./OfflineBar";
import classes from "./Shell.module.css";
import { created } from "./created";
import { ShellContext } from "./context";

const loadPalette = () => import("./Palette");
const Palette = lazy(loadPalette);
const QuickCreate = lazy(() => import("@/record/QuickCreate").then((m) => ({ default: m.QuickCreate })));
const Help = lazy(() => import("./Help"));
const Tour = lazy(() => import("@/workspace/Tour"));

/** What stands around every screen: navigation, palette, help, notices. */
export function Shell() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { navCollapsed } = useSettings();
  const [drawer, drawerHandlers] = useDisclosure(false);
  const [palette, paletteHandlers] = useDisclosure(false);
  const [help, helpHandlers] = useDisclosure(false);
  const [making, setMaking] = useState<string>();
  const [tour, tourHandlers] = useDisclosure(false);
  const { preferences, change } = usePreferences();
  const [shell] = useState(() => ({
    openPalette: paletteHandlers.open, openHelp: helpHandlers.open, openMenu: drawerHandlers.open, quickCreate: setMaking,
    // It begins where the day begins: there is most to see.
    startTour: () => void Promise.resolve(navigate({ to: "/" })).then(() => { drawerHandlers.close(); tourHandlers.open(); }),
  }));
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { data: tables } = useTables();
  useSyncedSettings();

  useEffect(() => drawerHandlers.close(), [path]);
  // The palette must be there when it is called: keys typed while it loads would be lost.
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette(), 1_500);
    return () => clearTimeout(timer);
  }, []);

  const go = (table: string) => () => {
    if (tables?.some((x) => x.logicalname === table)) void navigate({ to: listPath(table) });
  };
  useShortcuts([
    { keys: "mod+k", label: "keys.palette", group: "keys.general", whileTyping: true, run: paletteHandlers.toggle },
    { keys: "q", label: "keys.quick", group: "keys.general", run: () => { const first = tables?.find((x) => created.includes(x.logicalname)); if (first) setMaking(created.find((c) => location.pathname.startsWith(`/r/${c}`) && tables?.some((x) => x.logicalname === c)) ?? first.logicalname); } },
    { keys: "?", label: "keys.help", group: "keys.general", run: helpHandlers.toggle },
    { keys: "[", label: "keys.nav", group: "keys.general", run: () => changeSettings({ navCollapsed: !settings().navCollapsed }) },
    {
      keys: "mod+z", label: "keys.undo", group: "keys.general",
      run: () => void takeBack().then((u) => u && toast(t("undo.done", { what: u.label })), toastFailure),
    },
    { keys: "g h", label: "nav.home", group: "keys.go", run: () => void navigate({ to: "/" }) },
    { keys: "g s", label: "search.title", group: "keys.go", run: () => void navigate({ to: "/search" }) },
    { keys: "g l", label: "keys.goLeads", group: "keys.go", run: go("lead") },
    { keys: "g o", label: "keys.goOpportunities", group: "keys.go", run: go("opportunity") },
    { keys: "g c", label: "keys.goContacts", group: "keys.go", run: go("contact") },
    { keys: "g a", label: "keys.goAccounts", group: "keys.go", run: go("account") },
    { keys: "g q", label: "keys.goQuarantine", group: "keys.go", run: go("rpt_quarantine") },
    { keys: "g r", label: "keys.goRules", group: "keys.go", run: go("rpt_rule") },
    { keys: "g f", label: "keys.goFlows", group: "keys.go", run: go("rpt_flowrun") },
  ]);

  return (
    <ShellContext value={shell}>
      <div className={classes.shell} data-collapsed={navCollapsed || undefined}>
        <a href="#main" className={classes.skip}>{t("shell.skip")}</a>
        <aside className={classes.nav}><Nav /></aside>
        <div className={classes.body}>
          <OfflineBar />
          <main id="main" className={classes.main} tabIndex={-1}>
            <LazyPart at={path}><Outlet /></LazyPart>
          </main>
          <BottomBar onMenu={drawerHandlers.open} />
        </div>
      </div>
      <Drawer opened={drawer} onClose={drawerHandlers.close} size={280} padding={0} withCloseButton={false}
        attributes={{ content: { "aria-label": t("nav.label") } }}>
        <div className={classes.drawer}><Nav /></div>
      </Drawer>
      <Suspense fallback={null}>
        {palette && <Palette onClose={paletteHandlers.close} />}
        {making && <QuickCreate logical={making} onClose={() => setMaking(undefined)} onMade={(made) => { setMaking(undefined); void navigate({ to: recordPath(made.table, made.id) }); }} />}
        {help && <Help onClose={helpHandlers.close} />}
        {tour && <Tour onClose={() => { tourHandlers.close(); if (preferences && !preferences.done?.includes("tour")) void change({ done: [...(preferences.done ?? []), "tour"] }); }} />}
      </Suspense>
    </ShellContext>
  );
}
