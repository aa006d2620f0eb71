/** What the server says about imports and changes to many rows. */

/** Statuses of operations. */
export const status = { draft: 0, waiting: 1, running: 2, paused: 3, checked: 4, done: 5, failed: 6, cancelled: 7, undoing: 8, undone: 9 } as const;

export interface Mapping {
  delimiter?: string; encoding?: string; sheet?: string; decimal?: string; dates?: string; zone?: string;
  mode?: string; match?: string[]; columns?: Record<string, string>; lookups?: Record<string, { table?: string; by?: string }>;
  defaults?: Record<string, string>; clear?: boolean;
}

export interface FileState {
  id: string; name: string; table: string; size: number; percent: number; finished: boolean;
  read: number; created: number; updated: number; unchanged: number; refused: number; mapping?: Mapping;
}

export interface ImportState {
  id: string; name: string; status: number; wish: number; dryRun: boolean; error?: string; undone: number; kept: number; files: FileState[];
  /** Changes that search does not know of yet. */
  searchBehind: number;
}

export interface Preview {
  kind: string; encoding?: string; delimiter?: string; sheet?: string; sheets?: string[]; table: string;
  columns: { name: string; missing: number; values: string[]; column?: string; why?: string }[];
  records: string[][]; suggestion: Mapping; looked: number; good: number; bad: { line: number; reasons: string }[];
}

export interface BulkState {
  id: string; name: string; table: string; kind: string; status: number; wish: number; error?: string;
  total: number; done: number; failed: number; undone: number; kept: number;
}

/** What is asked of many rows. */
export interface BulkRequest {
  table: string; kind: "update" | "assign" | "delete" | "action"; ids?: string[]; filter?: string; except?: string[];
  values?: Record<string, unknown>; owner?: { table: string; id: string }; action?: string; params?: Record<string, unknown>;
}

/** At work, so that its state changes by itself. */
export function busy(state: number): boolean {
  return state === status.waiting || state === status.running || state === status.undoing;
}

/** Done, but not all of it can be found by search yet. */
export function catchingUp(state: ImportState): boolean {
  return state.status === status.done && !state.dryRun && state.searchBehind > 0;
}
