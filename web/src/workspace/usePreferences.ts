import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { changePreferences, type Preferences, preferencesKey, preferencesQuery, type Visit } from "@/api/workspace";

type Change = { [K in keyof Preferences]?: Preferences[K] | null };

/** The person's own settings on the server; changes show at once, and are tried again with the next one when the line is down. */
export function usePreferences() {
  const client = useQueryClient();
  const { data } = useQuery(preferencesQuery);
  const change = useCallback((next: Change) => {
    client.setQueryData<Preferences>(preferencesKey, (old) => ({ ...old, ...(next as Preferences) }));
    return changePreferences(next).then((all) => { client.setQueryData(preferencesKey, all); }, () => undefined);
  }, [client]);
  return { preferences: data, change };
}

const RECENT = 12;
const PINNED = 30;

export function sameVisit(a: Visit, b: Pick<Visit, "table" | "id">): boolean {
  return a.table === b.table && a.id === b.id;
}

/** Puts a visit first among the recent ones; undefined when it is there already under the same name. */
export function visited(recent: Visit[], visit: Visit): Visit[] | undefined {
  const first = recent[0];
  if (first && sameVisit(first, visit) && first.name === visit.name) return undefined;
  return [visit, ...recent.filter((v) => !sameVisit(v, visit))].slice(0, RECENT);
}

export function usePins() {
  const { preferences, change } = usePreferences();
  const pinned = preferences?.pinned ?? [];
  return {
    pinned,
    recent: preferences?.recent ?? [],
    isPinned: (table: string, id: string) => pinned.some((v) => sameVisit(v, { table, id })),
    toggle: (visit: Visit) => change({ pinned: pinned.some((v) => sameVisit(v, visit)) ? pinned.filter((v) => !sameVisit(v, visit)) : [visit, ...pinned].slice(0, PINNED) }),
    forget: (visit: Visit) => change({ pinned: pinned.filter((v) => !sameVisit(v, visit)), recent: (preferences?.recent ?? []).filter((v) => !sameVisit(v, visit)) }),
  };
}
