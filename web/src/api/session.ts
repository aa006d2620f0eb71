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

/** Tells of every change of the session, at once. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentSession(): SessionState {
  return state;
}

export function useSession(): SessionState {
  return useSyncExternalStore(onSession, () => state);
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

async function ask<T>(path: string, body: unknown): Promise<T> {
  return (await (await post(path, body)).json()) as T;
}

async function post(path: string, body: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new ApiError(0, "network", String(cause));
  }
  if (!response.ok) throw await errorFrom(response);
  return response;
}

/** Signs in; answers with a challenge when a second factor has to be shown as well. */
export async function signIn(username: string, password: string): Promise<string | undefined> {
  const answer = await ask<Session & { factor?: { challenge: string } }>("/api/auth/signin", { username, password });
  if (answer.factor) return answer.factor.challenge;
  adopt(answer);
  return undefined;
}

/** Has a letter sent with a link for a new password, to whoever has the name or the address. */
export async function forgotten(username: string): Promise<void> {
  await post("/api/auth/signin/forgotten", { username });
}

/** Shows the code of a second factor. */
export async function secondFactor(challenge: string, code: string): Promise<void> {
  adopt(await ask<Session>("/api/auth/signin/factor", { challenge, code }));
}

/** Goes on with a session that was opened just now. */
export function adopt(session: Session): void {
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
