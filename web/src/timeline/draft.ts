/** What is half-written to a record outlives a walk to another page and a reload, in this tab. */
const key = (table: string, id: string) => `rapport-draft:${table}/${id}`;

export function keptDraft(table: string, id: string): string {
  try {
    return sessionStorage.getItem(key(table, id)) ?? "";
  } catch {
    return ""; // storage may be switched off
  }
}

export function keepDraft(table: string, id: string, text: string): void {
  try {
    if (text.trim()) sessionStorage.setItem(key(table, id), text);
    else sessionStorage.removeItem(key(table, id));
  } catch {
    // Without storage a draft lives as long as the page.
  }
}
