import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { changePreferences, preferencesKey, preferencesQuery } from "@/api/workspace";
import { changeSettings, type Settings, settings, useSettings } from "@/lib/settings";

const GATHER_MS = 800;

/** Keeps the settings of this device and those on the server alike: the server's hold at the start, changes go there. */
export function useSyncedSettings(): void {
  const client = useQueryClient();
  const { data } = useQuery(preferencesQuery);
  const own = useSettings();
  const known = useRef<string>(undefined);
  useEffect(() => {
    if (!data || known.current !== undefined) return;
    const merged = { ...settings(), ...(data.settings as Partial<Settings> | undefined) };
    known.current = JSON.stringify(merged);
    if (data.settings && known.current !== JSON.stringify(settings())) changeSettings(merged);
  }, [data]);
  // The server counts days by the person's time zone, too: the chosen one, else the one of the device.
  const zone = own.timeZone || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = data?.timeZone;
  useEffect(() => {
    if (!data || told === zone) return;
    changePreferences({ timeZone: zone }).then((all) => client.setQueryData(preferencesKey, all), () => undefined);
    // What else changes in the settings does not matter here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data !== undefined, told, zone]);
  useEffect(() => {
    const text = JSON.stringify(own);
    if (known.current === undefined || known.current === text) return;
    const timer = setTimeout(() => {
      known.current = text;
      // Not reached now, it goes along with the next change.
      changePreferences({ settings: { ...own } }).catch(() => { known.current = ""; });
    }, GATHER_MS);
    return () => clearTimeout(timer);
  }, [own]);
}
