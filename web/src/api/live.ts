import { useEffect, useRef, useSyncExternalStore } from "react";

export interface LiveChange {
  table: string;
  id: string;
  version?: number;
  op: "create" | "update" | "delete";
}

export interface Viewer {
  id: string;
  name: string;
}

type Listener = (change: LiveChange) => void;
export type LiveState = "idle" | "connecting" | "live" | "waiting";

const listeners = new Map<string, Set<Listener>>();
const watchers = new Set<() => void>();
const resyncs = new Set<() => void>();
const nobody: readonly Viewer[] = [];
let viewing = "";
let viewers: readonly Viewer[] = nobody;
let source: EventSource | undefined;
let status: LiveState = "idle";
let failures = 0;
let opened = "";
let timer: ReturnType<typeof setTimeout> | undefined;

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

function setStatus(next: LiveState) {
  status = next;
  for (const watcher of watchers) watcher();
}

function wanted(): string {
  const tables = [...listeners.keys()].sort().join(",");
  return tables === "" ? "" : `tables=${encodeURIComponent(tables)}${viewing && `&viewing=${encodeURIComponent(viewing)}`}`;
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = undefined;
  opened = "";
}

function open() {
  close();
  const query = wanted();
  if (query === "") return setStatus("idle");
  setStatus("connecting");
  opened = query;
  const stream = new EventSource(`/api/live?${query}`);
  source = stream;
  stream.addEventListener("hello", () => {
    // Hints sent while we were away are lost: whoever cares reads again.
    if (failures > 0) for (const resync of resyncs) resync();
    failures = 0;
    setStatus("live");
  });
  stream.addEventListener("resync", () => {
    for (const resync of resyncs) resync();
  });
  stream.addEventListener("change", (event) => {
    const change = JSON.parse((event as MessageEvent<string>).data) as LiveChange;
    for (const listener of listeners.get(change.table) ?? []) listener(change);
  });
  stream.addEventListener("presence", (event) => {
    const told = JSON.parse((event as MessageEvent<string>).data) as { table: string; id: string; people: Viewer[] };
    if (`${told.table}/${told.id}` !== viewing) return;
    viewers = told.people;
    for (const watcher of watchers) watcher();
  });
  stream.onerror = () => {
    // The browser's own retry knows no back-off: close, and come back ourselves.
    close();
    setStatus("waiting");
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.75 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(open, wait);
  };
}

/** Several screens may come and go within one tick: connect once for all. */
function settle() {
  queueMicrotask(() => {
    if (wanted() !== opened) open();
  });
}

/** Hears of changes to rows of a table that the person may read. */
export function useLive(table: string, onChange: Listener): void {
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (table === "") return;
    const listener: Listener = (change) => latest.current(change);
    const set = listeners.get(table) ?? new Set();
    set.add(listener);
    listeners.set(table, set);
    settle();
    return () => {
      set.delete(listener);
      if (set.size === 0) listeners.delete(table);
      settle();
    };
  }, [table]);
}

/** Others who have the same record on their screen; they learn of us, too. */
export function useViewers(table: string, id: string): readonly Viewer[] {
  useEffect(() => {
    const mine = `${table}/${id}`;
    viewing = mine;
    viewers = nobody;
    settle();
    return () => {
      if (viewing !== mine) return;
      viewing = "";
      viewers = nobody;
      settle();
    };
  }, [table, id]);
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => viewers,
  );
}

/** Calls back when hints were lost: after a break, or when the server says so. */
export function onResync(callback: () => void): () => void {
  resyncs.add(callback);
  return () => resyncs.delete(callback);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => status,
  );
}
