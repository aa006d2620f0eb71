import { useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { tableQuery, useTables } from "@/api/metadata";
import { callUnbound } from "@/api/records";
import { signOut } from "@/api/session";
import { currentLanguage, setLanguage } from "@/i18n";
import { offeredCommands } from "@/lib/commands";
import { listPath, recordPath } from "@/lib/paths";
import { changeSettings } from "@/lib/settings";
import { type IconName, isIcon, tableIcon } from "@/ui/icons";
import { sameVisit, usePins } from "@/workspace/usePreferences";
import type { Hit } from "@/search/find";
import { keyCaps } from "@/lib/keys";
import { created } from "./created";
import { useShell } from "./context";

export interface Entry {
  id: string;
  group: string;
  label: string;
  icon: IconName;
  hint?: string;
  run: () => void;
}


/** What can be done from anywhere, and what the screen on show adds. */
export function usePaletteActions(): Entry[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const shell = useShell();
  const { setColorScheme } = useMantineColorScheme();
  const { data: tables } = useTables();
  const { pinned, recent } = usePins();

  return useMemo(() => {
    const here = t("palette.here");
    const goTo = t("palette.goTo");
    const make = t("palette.create");
    const look = t("palette.appearance");
    const entries: Entry[] = offeredCommands().map((c) => ({
      id: c.id, group: here, label: c.label, hint: c.hint, icon: isIcon(c.icon) ? c.icon : "bolt", run: c.run,
    }));
    for (const visit of [...pinned, ...recent.filter((r) => !pinned.some((p) => sameVisit(p, r)))].slice(0, 8)) {
      entries.push({ id: `visit-${visit.table}-${visit.id}`, group: t("visits.title"), label: visit.name, icon: tableIcon(visit.table), run: () => void navigate({ to: recordPath(visit.table, visit.id) }) });
    }
    entries.push({ id: "home", group: goTo, label: t("nav.home"), icon: "home", run: () => void navigate({ to: "/" }) });
    entries.push({ id: "search-page", group: goTo, label: t("search.title"), icon: "search", run: () => void navigate({ to: "/search" }) });
    entries.push({ id: "account", group: goTo, label: t("account.title"), icon: "lock", run: () => void navigate({ to: "/account" }) });
    if (tables?.some((x) => x.logicalname === "role")) {
      for (const area of ["users", "teams", "units", "roles", "profiles", "providers", "keys", "log"]) {
        entries.push({ id: `admin-${area}`, group: goTo, label: t(`admin.area.${area}`), hint: t("admin.title"), icon: "lock", run: () => void navigate({ to: "/admin/$area", params: { area } }) });
      }
    }
    for (const x of tables ?? []) {
      entries.push({
        id: `go-${x.logicalname}`, group: goTo, label: x.pluralLabel, icon: tableIcon(x.logicalname, x.icon),
        run: () => void navigate({ to: listPath(x.logicalname) }),
      });
    }
    for (const x of tables ?? []) {
      if (!created.includes(x.logicalname)) continue;
      entries.push({
        id: `new-${x.logicalname}`, group: make, label: t("palette.new", { what: x.label }), icon: "plus",
        run: () => shell.quickCreate(x.logicalname),
      });
    }
    for (const scheme of ["light", "dark", "auto"] as const) {
      entries.push({
        id: `scheme-${scheme}`, group: look, label: t(`palette.scheme.${scheme}`),
        icon: scheme === "light" ? "sun" : scheme === "dark" ? "moon" : "screen", run: () => setColorScheme(scheme),
      });
    }
    for (const density of ["compact", "cosy", "roomy"] as const) {
      entries.push({
        id: `density-${density}`, group: look, label: t(`palette.density.${density}`), icon: "density", run: () => changeSettings({ density }),
      });
    }
    const other = currentLanguage() === "en" ? "de" : "en";
    entries.push(
      { id: "language", group: look, label: t(`palette.language.${other}`), icon: "globe", run: () => void setLanguage(other) },
      { id: "settings", group: t("palette.more"), label: t("settings.open"), icon: "settings", run: () => void navigate({ to: "/settings" }) },
      { id: "tour", group: t("palette.more"), label: t("tour.start"), icon: "info", run: shell.startTour },
      { id: "help", group: t("palette.more"), label: t("keys.title"), icon: "keyboard", run: shell.openHelp },
      { id: "signout", group: t("palette.more"), label: t("user.signOut"), icon: "exit", run: () => void signOut() },
    );
    return entries;
  }, [t, tables, navigate, setColorScheme, shell, pinned, recent]);
}

const FOUND = 20;

/** Records by what stands in them, from the server's index, best first. */
export function usePaletteRecords(words: string): { entries: Entry[]; all: Entry; busy: boolean } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data: tables } = useTables();
  const found = useQuery<{ hit: Hit; name: string }[]>({
    queryKey: ["palette", words],
    enabled: words.length >= 2,
    staleTime: 15_000,
    placeholderData: (previous) => (words.length >= 2 ? previous : undefined),
    queryFn: async ({ signal }) => {
      const answer = await callUnbound<{ response: string }>("searchquery", { search: words, top: FOUND, options: "{'searchmode':'all'}" }, signal);
      const hits = (JSON.parse(answer.response) as { Value: Hit[] }).Value;
      return Promise.all(hits.map(async (hit) => {
        const table = await client.ensureQueryData(tableQuery(hit.EntityName)).catch(() => undefined);
        return { hit, name: String((table && hit.Attributes[table.primaryname]) ?? "") };
      }));
    },
  });
  const entries = useMemo(() => (words.length >= 2 ? (found.data ?? []) : []).flatMap(({ hit, name }): Entry[] => {
    const table = tables?.find((x) => x.logicalname === hit.EntityName);
    if (!table) return [];
    const where = Object.values(hit.Highlights ?? {})[0]?.[0]?.replace(/\{\/?crmhit\}/g, "");
    return [{
      id: `${hit.EntityName}-${hit.Id}`, group: t("palette.records"), label: name || t("value.unnamed"), hint: where && where !== name ? `${table.label} · ${where}` : table.label,
      icon: tableIcon(table.logicalname, table.icon), run: () => void navigate({ to: recordPath(table.logicalname, hit.Id) }),
    }];
  }), [found.data, words, t, navigate, tables]);
  const all: Entry = {
    id: "search", group: t("palette.records"), label: t("palette.all", { words }), hint: keyCaps("mod+enter").join(" "), icon: "search", run: () => void navigate({ to: "/search", search: { q: words } }),
  };
  return { entries, all, busy: found.isFetching };
}
