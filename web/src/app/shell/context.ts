import { createContext, use } from "react";

interface ShellControls {
  openPalette: () => void;
  openHelp: () => void;
  openMenu: () => void;
  startTour: () => void;
  /** Makes a record of the table without leaving the screen. */
  quickCreate: (table: string) => void;
}

export const ShellContext = createContext<ShellControls>({
  openPalette: () => undefined,
  openHelp: () => undefined,
  openMenu: () => undefined,
  startTour: () => undefined,
  quickCreate: () => undefined,
});

export function useShell(): ShellControls {
  return use(ShellContext);
}
