import { useMantineColorScheme } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { tableQuery, useTables } from "@/api/metadata";
import { text } from "@/api/odata";
import { fetchTop } from "@/api/records";
import { signOut } from "@/api/session";
import type { Row, Table } from "@/api/types";
import { currentLanguage, setLanguage } from "@/i18n";
import { offeredCommands } from "@/lib/commands";
import { listPath, recordPath } from "@/lib/paths";
import { changeSettings } from "@/lib/settings";
import { type IconName, isIcon, tableIcon } from "@/ui/icons";
import { useShell } from "./context";

export interface Entry {
  id: string;
  group: string;
  label: string;
  icon: IconName;
  hint?: string;
  run: () => void;
}

/** Tables whose records people look for by name. */
const searched = ["lead", "contact", "account", "opportunity"];
/** Tables in which people make records by hand. */
const created = ["lead", "contact", "account", "opportunity", "task", "campaign"];

/** What can be done from anywhere, and what the screen on show adds. */
export function usePaletteActions(): Entry[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const shell = useShell();
  const { setColorScheme } = useMantineColorScheme();
  const { data: tables } = useTables();

  return useMemo(() => {
    const here = t("palette.here");
    const goTo = t("palette.goTo");
    const make = t("palette.create");
    const look = t("palette.appearance");
    const entries: Entry[] = offeredCommands().map((c) => ({
      id: c.id, group: here, label: c.label, hint: c.hint, icon: isIcon(c.icon) ? c.icon : "bolt", run: c.run,
    }));
    entries.push({ id: "home", group: goTo, label: t("nav.home"), icon: "home", run: () => void navigate({ to: "/" }) });
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
        run: () => void navigate({ to: "/r/$table/new", params: { table: x.logicalname } }),
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
      { id: "help", group: t("palette.more"), label: t("keys.title"), icon: "keyboard", run: shell.openHelp },
      { id: "signout", group: t("palette.more"), label: t("user.signOut"), icon: "exit", run: () => void signOut() },
    );
    return entries;
  }, [t, tables, navigate, setColorScheme, shell]);
}

async function search(table: Table, words: string, signal: AbortSignal) {
  const page = await fetchTop(table.entityset, {
    select: [table.primaryid, table.primaryname],
    filter: `contains(${table.primaryname},${text(words)})`,
    orderby: `${table.primaryname} asc`,
    top: 5,
  }, signal);
  return page.rows;
}

/** Records by name, from every searched table that the person may read. */
export function usePaletteRecords(words: string): { entries: Entry[]; busy: boolean } {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: tables } = useTables();
  const readable = searched.filter((name) => tables?.some((x) => x.logicalname === name));
  const metas = useQueries({ queries: readable.map((name) => tableQuery(name)) });
  const known = metas.flatMap((m) => m.data ?? []);
  const found = useQuery<{ table: Table; rows: Row[] }[]>({
    queryKey: ["palette", words, known.map((x) => x.logicalname).join()],
    enabled: words.length >= 2 && known.length > 0,
    staleTime: 30_000,
    placeholderData: (previous) => (words.length >= 2 ? previous : undefined),
    queryFn: async ({ signal }) => {
      const lists = await Promise.allSettled(known.map(async (table) => ({ table, rows: await search(table, words, signal) })));
      return lists.flatMap((l) => (l.status === "fulfilled" ? [l.value] : []));
    },
  });
  const entries = useMemo(
    () =>
      (words.length >= 2 ? (found.data ?? []) : []).flatMap(({ table, rows }) =>
        rows.map((row): Entry => {
          const id = String(row[table.primaryid]);
          return {
            id: `${table.logicalname}-${id}`, group: t("palette.records"), label: String(row[table.primaryname] ?? t("value.unnamed")),
            hint: table.label, icon: tableIcon(table.logicalname, table.icon),
            run: () => void navigate({ to: recordPath(table.logicalname, id) }),
          };
        }),
      ),
    [found.data, words, t, navigate],
  );
  return { entries, busy: found.isFetching };
}
