import { queryOptions, useQuery } from "@tanstack/react-query";
import type { App } from "./generated/ui";
import { request } from "./http";
import type { Preferences } from "./types";

export type { App, Dashboard, NavItem } from "./generated/ui";
export type { Preferences, Visit } from "./types";

const appsQuery = queryOptions({
  queryKey: ["apps"],
  queryFn: async ({ signal }) => (await request<App[]>("/api/ui/apps", { signal })).data,
  staleTime: 5 * 60_000,
});

export function useApps() {
  return useQuery(appsQuery);
}

export const preferencesKey = ["preferences"] as const;

export const preferencesQuery = queryOptions({
  queryKey: preferencesKey,
  queryFn: async ({ signal }) => (await request<Preferences>("/api/ui/preferences", { signal })).data,
  staleTime: Infinity,
});

export async function changePreferences(change: { [K in keyof Preferences]?: Preferences[K] | null }): Promise<Preferences> {
  return (await request<Preferences>("/api/ui/preferences", { method: "PATCH", body: change })).data;
}
