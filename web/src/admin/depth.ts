/** The eight rights on a table and the depths of a role, by their numbers in the Web API. */
export const rights = [
  { value: 32, name: "Create" }, { value: 1, name: "Read" }, { value: 2, name: "Write" }, { value: 65536, name: "Delete" },
  { value: 4, name: "Append" }, { value: 16, name: "AppendTo" }, { value: 524288, name: "Assign" }, { value: 262144, name: "Share" },
] as const;

export const depths = [0, 1, 2, 4, 8] as const;

/** How much of the disc a depth fills. */
export const part: Record<number, string> = { 0: "0%", 1: "25%", 2: "50%", 4: "75%", 8: "100%" };

/** The next depth of a cell; tables without owners know all or nothing. */
export function nextDepth(depth: number, owned: boolean, back = false): number {
  const list: readonly number[] = owned ? depths : [0, 8];
  const at = Math.max(0, list.indexOf(depth));
  return list[(at + (back ? list.length - 1 : 1)) % list.length]!;
}

/** The depth that a key sets: 0 to 4. */
export function depthOfKey(key: string, owned: boolean): number | undefined {
  const at = "01234".indexOf(key);
  if (at < 0 || key.length !== 1) return undefined;
  return owned || at === 0 ? depths[at] : 8;
}
