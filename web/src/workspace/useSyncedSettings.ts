import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { changePreferences, preferencesQuery } from "@/api/workspace";
import { changeSettings, type Settings, settings, useSettings } from "@/lib/settings";

const GATHER_MS = 800;

/** Keeps the settings of this device and those on the server alike: the server's hold at the start, changes go there. */
export function useSyncedSettings(): void {
  const { data } = useQuery(preferencesQuery);
  const own = useSettings();
  const known = useRef<string>(undefined);
  useEffect(() => {
    if (!data || known.current !== undefined) return;
    const merged = { ...settings(), ...(data.settings as Partial<Settings> | undefined) };
    known.current = JSON.stringify(merged);
    if (data.settings) changeSettings(merged);
  }, [data]);
  useEffect(() => {
    const text = JSON.stringify(own);
    if (known.current === undefined || known.current === text) return;
    const timer = setTimeout(() => {
      known.current = text;
      // Not reached now, it goes along with the next change.
      changePreferences({ settings: { ...own }, timeZone: own.timeZone || null }).catch(() => { known.current = ""; });
    }, GATHER_MS);
    return () => clearTimeout(timer);
  }, [own]);
}
