import { createContext, use } from "react";

interface ShellControls {
  openPalette: () => void;
  openHelp: () => void;
  openMenu: () => void;
}

export const ShellContext = createContext<ShellControls>({
  openPalette: () => undefined,
  openHelp: () => undefined,
  openMenu: () => undefined,
});

export function useShell(): ShellControls {
  return use(ShellContext);
}
