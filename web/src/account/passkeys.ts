import { errorFrom } from "@/api/errors";
import { request } from "@/api/http";
import type { Session } from "@/api/types";

interface Ceremony { challenge: string; options: { publicKey: unknown } }

/** Whether this browser knows passkeys, and how to read what the server asks of them. */
export function passkeysKnown(): boolean {
  return typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  if (!response.ok) throw await errorFrom(response);
  return (await response.json()) as T;
}

function answerOf(credential: Credential | null): unknown {
  return (credential as PublicKeyCredential | null)?.toJSON();
}

/** Signs in by a passkey; undefined when the person gives up. */
export async function passkeySignIn(): Promise<Session | undefined> {
  const asked = await post<Ceremony>("/api/auth/signin/passkey", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options.publicKey as PublicKeyCredentialRequestOptionsJSON);
  const credential = await navigator.credentials.get({ publicKey }).catch(() => null);
  if (!credential) return undefined;
  return post<Session>("/api/auth/signin/passkey/answer", { challenge: asked.challenge, answer: answerOf(credential) });
}

/** Adds a passkey to the account; false when the person gives up. */
export async function addPasskey(name: string): Promise<boolean> {
  const asked = (await request<Ceremony>("/api/auth/account/passkey", { method: "POST", body: {} })).data;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options.publicKey as PublicKeyCredentialCreationOptionsJSON);
  const credential = await navigator.credentials.create({ publicKey }).catch(() => null);
  if (!credential) return false;
  await request("/api/auth/account/passkey/answer", { method: "POST", body: { challenge: asked.challenge, name, answer: answerOf(credential) } });
  return true;
}
