/** What can be taken back, newest last; one stack for the tab. */
export interface Undo {
  label: string;
  run: () => Promise<void>;
}

const LIMIT = 50;
const stack: Undo[] = [];

export function remember(undo: Undo): void {
  stack.push(undo);
  if (stack.length > LIMIT) stack.shift();
}

/** Takes back one thing: the given one, or the newest. */
export async function takeBack(which?: Undo): Promise<Undo | undefined> {
  const undo = which ?? stack.at(-1);
  if (!undo) return undefined;
  const at = stack.indexOf(undo);
  if (at < 0) return undefined;
  stack.splice(at, 1);
  await undo.run();
  return undo;
}
