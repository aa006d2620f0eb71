import { useEffect, useRef } from "react";

/** Something the command palette offers because of where the person is. */
export interface Command {
  id: string;
  label: string;
  icon?: string;
  hint?: string;
  run: () => void;
}

const offered = new Map<symbol, () => Command[]>();

/** Offers commands in the palette while the component is mounted. */
export function useCommands(commands: Command[]): void {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  useEffect(() => {
    const key = Symbol("commands");
    offered.set(key, () => latest.current);
    return () => {
      offered.delete(key);
    };
  }, []);
}

export function offeredCommands(): Command[] {
  return [...offered.values()].flatMap((list) => list());
}
