import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { currentSession, onSession } from "@/api/session";
import { preferencesKey } from "@/api/workspace";
import { changeSettings, type Settings, settings } from "@/lib/settings";

/** Refusals are final; only a lost line or a struggling server is worth another try. */
function retry(failures: number, error: unknown): boolean {
  if (!(error instanceof ApiError)) return failures < 1;
  return (error.kind === "network" || error.kind === "busy" || error.kind === "server") && failures < 2;
}

export const client = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 15_000, gcTime: 10 * 60_000, retry, refetchOnWindowFocus: false },
    mutations: { retry: false, networkMode: "always" },
  },
});

// The first answer brings the person's settings: nothing is asked, or shown, by those of the device first.
onSession(() => {
  const given = currentSession().session?.preferences;
  if (!given || client.getQueryData(preferencesKey)) return;
  client.setQueryData(preferencesKey, given);
  if (given.settings) changeSettings({ ...settings(), ...(given.settings as Partial<Settings>) });
});
