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

/** A second factor is asked for: the code of an authenticator app, or a recovery code. */
export interface FactorAsked {
  challenge: string;
}

async function post(path: string, body: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  } catch (cause) {
    throw new ApiError(0, "network", String(cause));
  }
  if (!response.ok) throw await errorFrom(response);
  return response;
}

/** Signs in; the answer is what is still asked for, if anything is. */
export async function signIn(username: string, password: string): Promise<FactorAsked | undefined> {
  const body = (await (await post("/api/auth/signin", { username, password })).json()) as Session & { factor?: FactorAsked };
  if (body.factor) return body.factor;
  opened(body);
  return undefined;
}

export async function signInByCode(challenge: string, code: string): Promise<void> {
  opened((await (await post("/api/auth/signin/factor", { challenge, code })).json()) as Session);
}

/** Signs in by a passkey of this device, which asks for finger, face or PIN. */
export async function signInByPasskey(): Promise<void> {
  const { challenge, options } = (await (await post("/api/auth/signin/passkey", {})).json()) as { challenge: string; options: { publicKey: PublicKeyCredentialRequestOptionsJSON } };
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  if (!(credential instanceof PublicKeyCredential)) throw new ApiError(400, "auth.passkey", "The browser gave no passkey.");
  opened((await (await post("/api/auth/signin/passkey/answer", { challenge, answer: credential.toJSON() })).json()) as Session);
}

/** Chooses a new password by the secret of a link. */
export async function resetPassword(secret: string, password: string): Promise<void> {
  await post("/api/auth/signin/reset", { secret, password });
}

/** Passkeys need a browser that knows them, a connection that is safe, and a host with a name. */
export function passkeysOffered(): boolean {
  const host = location.hostname;
  return !/^[\d.]+$/.test(host) && !host.includes(":") && typeof PublicKeyCredential === "function" && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";
}

function opened(session: Session) {
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
