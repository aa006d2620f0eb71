import { useSyncExternalStore } from "react";

/** Choices of the person on this device. */
export interface Settings {
  density: "compact" | "cosy" | "roomy";
  /** Shortcuts of one key can be switched off (WCAG 2.1.4). */
  singleKeys: boolean;
  navCollapsed: boolean;
  /** Keys that the person has chosen, by the label of the shortcut. */
  keymap: Record<string, string>;
  /** IANA name of the time zone; empty is the device's. */
  timeZone: string;
  /** Locale of numbers and dates; empty is the language's. */
  formats: string;
  /** Also tell by a notice of the desktop. */
  desktop: boolean;
}

const defaults: Settings = { density: "cosy", singleKeys: true, navCollapsed: false, keymap: {}, timeZone: "", formats: "", desktop: false };
const listeners = new Set<() => void>();

function read(): Settings {
  try {
    const stored = JSON.parse(localStorage.getItem("rapport.settings") ?? "{}") as Partial<Settings>;
    return { ...defaults, ...stored };
  } catch {
    return defaults;
  }
}

let current = read();
if (typeof document !== "undefined") document.documentElement.dataset.density = current.density;

export function settings(): Settings {
  return current;
}

export function changeSettings(change: Partial<Settings>): void {
  current = { ...current, ...change };
  document.documentElement.dataset.density = current.density;
  try {
    localStorage.setItem("rapport.settings", JSON.stringify(current));
    localStorage.setItem("rapport.density", current.density);
  } catch {
    // The choice then lasts until the page is left.
  }
  for (const listener of listeners) listener();
}

export function useSettings(): Settings {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** The height of a grid row, in pixels. */
export const rowHeight: Record<Settings["density"], number> = { compact: 30, cosy: 38, roomy: 46 };
