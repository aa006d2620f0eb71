import { useEffect, useRef, useSyncExternalStore } from "react";
import { settings } from "./settings";

/** A shortcut: `mod+k`, `?`, `j`, or a sequence such as `g l`. */
export interface Shortcut {
  keys: string;
  /** i18n key of what it does, shown in the keyboard help. */
  label: string;
  /** i18n key of the group in the keyboard help. */
  group: string;
  /** Absent where a screen handles the key itself and the help only names it. */
  run?: (event: KeyboardEvent) => void;
  /** Also while a text field has the focus (only sensible with `mod`). */
  whileTyping?: boolean;
}

/** The keys that a shortcut has for this person: their own, or the usual ones. */
export function keysOf(shortcut: Pick<Shortcut, "keys" | "label">): string {
  return settings().keymap[shortcut.label] ?? shortcut.keys;
}

/** For screens that handle a key themselves: whether it is the one of the named shortcut. */
export function pressed(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">, label: string, usual: string): boolean {
  if (event.altKey) return false;
  const wanted = keysOf({ label, keys: usual });
  if (wanted.length === 1 && !settings().singleKeys) return false;
  return keyName(event) === wanted;
}

const active: Shortcut[] = [];
const listeners = new Set<() => void>();
let snapshot: readonly Shortcut[] = [];
let pending = "";
let pendingUntil = 0;

const SEQUENCE_MS = 1200;

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.getAttribute("role") === "textbox";
}

export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey">): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  // Shift is part of characters such as `?`; only named keys and letters with mod say it.
  const shift = event.shiftKey && (event.key.length > 1 || mod !== "") ? "shift+" : "";
  return mod + shift + key;
}

function find(name: string, typing: boolean): Shortcut | undefined {
  for (let i = active.length - 1; i >= 0; i--) {
    const shortcut = active[i]!;
    if (shortcut.run && keysOf(shortcut) === name && (!typing || shortcut.whileTyping)) return shortcut;
  }
  return undefined;
}

/** What lay over the screen when the key went down, before anybody could close it. */
const over = { dialog: false, floating: false };

function look() {
  over.dialog = document.querySelector('[role="dialog"][data-blocking], .mantine-Modal-content') !== null;
  over.floating = [...document.querySelectorAll(".mantine-Popover-dropdown, .mantine-Menu-dropdown, .mantine-Combobox-dropdown")].some((e) => e.checkVisibility());
}

function onKeyDown(event: KeyboardEvent) {
  if (event.defaultPrevented || event.altKey || event.isComposing || event.key === "Shift") return;
  const typing = isTyping(event.target);
  const name = keyName(event);
  const single = !name.startsWith("mod+");
  if (single && !settings().singleKeys && name !== "escape") return;
  // An open dialog or menu has the keys to itself, even when this very key has just closed it.
  if (single && over.dialog) return;
  if (name === "escape" && over.floating) return;
  const now = Date.now();
  const sequence = pending !== "" && now < pendingUntil ? `${pending} ${name}` : "";
  const hit = (sequence && find(sequence, typing)) || find(name, typing);
  pending = "";
  if (hit) {
    event.preventDefault();
    hit.run?.(event);
  } else if (!typing && active.some((s) => keysOf(s).startsWith(`${name} `))) {
    pending = name;
    pendingUntil = now + SEQUENCE_MS;
  }
}

function changed() {
  snapshot = [...active];
  for (const listener of listeners) listener();
}

/** Listens for shortcuts while the component is mounted; the newest wins. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  const signature = shortcuts.map((s) => s.keys).join("|");
  useEffect(() => {
    const mine = latest.current.map((shortcut, i): Shortcut => ({ ...shortcut, run: shortcut.run && ((e) => latest.current[i]?.run?.(e)) }));
    if (active.length === 0) {
      addEventListener("keydown", look, true);
      document.addEventListener("keydown", onKeyDown);
    }
    active.push(...mine);
    changed();
    return () => {
      for (const shortcut of mine) active.splice(active.indexOf(shortcut), 1);
      if (active.length === 0) {
        removeEventListener("keydown", look, true);
        document.removeEventListener("keydown", onKeyDown);
      }
      changed();
    };
  }, [signature]);
}

export function useActiveShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => snapshot,
  );
}

const isApple = /mac|iphone|ipad/i.test(navigator.platform);

/** The parts of a shortcut as they are printed on keys. */
export function keyCaps(keys: string): string[] {
  return keys.split(/[+ ]/).map((k) => {
    if (k === "mod") return isApple ? "⌘" : "Ctrl";
    if (k === "space") return "␣";
    if (k === "enter") return "↵";
    if (k === "escape") return "Esc";
    if (k === "shift") return "⇧";
    return k.length === 1 ? k.toUpperCase() : k;
  });
}
