import { useSyncExternalStore } from "react";
import { ApiError, errorFrom } from "./errors";
import type { Session } from "./types";

/**
 * Who is signed in. `expired` keeps the last session: the screen stays as it
 * is, a dialog asks for the password, and waiting requests then go on.
 */
export type SessionState =
  | { status: "loading" | "anonymous" | "unreachable"; session?: undefined }
  | { status: "active" | "expired"; session: Session };

let state: SessionState = { status: "loading" };
const listeners = new Set<() => void>();
let waiting: (() => void)[] = [];

function set(next: SessionState) {
  state = next;
  for (const listener of listeners) listener();
}

export function currentSession(): SessionState {
  return state;
}

export function useSession(): SessionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Asks the server who the cookie belongs to. */
export async function loadSession(): Promise<void> {
  try {
    const response = await fetch("/api/auth/session", { headers: { Accept: "application/json" } });
    if (response.ok) set({ status: "active", session: (await response.json()) as Session });
    else if (response.status === 401) set({ status: "anonymous" });
    else set({ status: "unreachable" });
  } catch {
    set({ status: "unreachable" });
  }
}

export async function signIn(username: string, password: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/api/auth/signin", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ username, password }),
    });
  } catch (cause) {
    throw new ApiError(0, "network", String(cause));
  }
  if (!response.ok) throw await errorFrom(response);
  const session = (await response.json()) as Session;
  const before = state.session;
  if (before && before.user.systemuserid !== session.user.systemuserid) {
    // Somebody else: nothing of the other person's screen may stay.
    location.reload();
    return;
  }
  set({ status: "active", session });
  const go = waiting;
  waiting = [];
  for (const resume of go) resume();
}

export async function signOut(): Promise<void> {
  if (!state.session) return;
  try {
    await fetch("/api/auth/signout", { method: "POST", headers: { "X-CSRF-Token": state.session.csrf } });
  } finally {
    location.assign("/");
  }
}

/** Called when an answer was 401: resolves once the person has signed in again. */
export function signedInAgain(): Promise<void> {
  if (state.session) set({ status: "expired", session: state.session });
  return new Promise((resolve) => waiting.push(resolve));
}
