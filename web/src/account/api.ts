import { request } from "@/api/http";

export interface Factor {
  id: string;
  kind: "totp" | "passkey";
  name: string;
  createdon: string;
  usedon: string | null;
}

export interface OpenSession {
  id: string;
  address: string;
  agent: string;
  method: string;
  createdon: string;
  seenon: string;
  current: boolean;
}

export interface Attempt {
  at: string;
  address: string;
  outcome: string;
}

export interface Account {
  factors: Factor[];
  sessions: OpenSession[];
  attempts: Attempt[];
  password: boolean;
}

export interface Enrolment {
  id: string;
  secret: string;
  qr: string[];
}

const root = "/api/auth/account";

export const fetchAccount = async (): Promise<Account> => (await request<Account>(root)).data;
export const enrol = async (name: string): Promise<Enrolment> => (await request<Enrolment>(`${root}/totp`, { method: "POST", body: { name } })).data;
export const confirm = async (id: string, code: string): Promise<string[]> =>
  (await request<{ recovery: string[] }>(`${root}/totp/${id}`, { method: "POST", body: { code } })).data.recovery;
export const removeFactor = (id: string) => request<void>(`${root}/factors/${id}`, { method: "DELETE" });
export const endSession = (id: string) => request<void>(`${root}/sessions/${id}`, { method: "DELETE" });
export const endOthers = () => request<void>(`${root}/sessions`, { method: "DELETE" });
export const changePassword = (old: string, fresh: string) => request<void>(`${root}/password`, { method: "POST", body: { old, new: fresh } });

/** Asks the device for a new passkey and keeps it. */
export async function addPasskey(name: string): Promise<void> {
  const { data } = await request<{ challenge: string; options: { publicKey: PublicKeyCredentialCreationOptionsJSON } }>(`${root}/passkey`, { method: "POST", body: {} });
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(data.options.publicKey) });
  if (!(credential instanceof PublicKeyCredential)) throw new Error("The browser made no passkey.");
  await request<void>(`${root}/passkey/answer`, { method: "POST", body: { challenge: data.challenge, name, answer: credential.toJSON() } });
}

/** The browser and system that a user agent names, as far as people know them. */
export function browserOf(agent: string): string {
  const browser = /Edg\//.test(agent) ? "Edge" : /OPR\//.test(agent) ? "Opera" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS X/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return [browser, system].filter(Boolean).join(" · ") || agent || "—";
}
