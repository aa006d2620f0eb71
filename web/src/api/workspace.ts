import { queryOptions, useQuery } from "@tanstack/react-query";
import type { App } from "./generated/ui";
import { request } from "./http";

export type { App, Dashboard, NavItem } from "./generated/ui";

const appsQuery = queryOptions({
  queryKey: ["apps"],
  queryFn: async ({ signal }) => (await request<App[]>("/api/ui/apps", { signal })).data,
  staleTime: 5 * 60_000,
});

export function useApps() {
  return useQuery(appsQuery);
}

/** A record that somebody keeps at hand, or has just been to. */
export interface Visit {
  table: string;
  id: string;
  name: string;
}

/** What the server keeps of a person's settings; see settings.ts for those of the interface. */
export interface Preferences {
  settings?: Record<string, unknown>;
  timeZone?: string;
  language?: string;
  pinned?: Visit[];
  recent?: Visit[];
  app?: string;
  /** Steps of the first-run list that are done or waved off, and tours that were seen. */
  done?: string[];
  /** Kinds of notifications that are not wanted. */
  muted?: string[];
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
