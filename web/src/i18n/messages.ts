import i18next from "i18next";

type Words = Record<string, string>;

/** Languages other than English in which the server's sentences are known. */
const files: Record<string, () => Promise<{ default: Words }>> = { de: () => import("./messages.de.json") };

interface Sentence { is: RegExp; text: string }
const known = new Map<string, Promise<Sentence[]>>();

/** A sentence as Go formats it becomes a pattern that finds its values. */
export function patternOf(format: string): RegExp {
  return new RegExp(`^${format.split(/%[sdqv]/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)")}$`);
}

function sentencesIn(language: string): Promise<Sentence[]> {
  let list = known.get(language);
  if (!list) {
    list = (files[language]?.() ?? Promise.resolve({ default: {} as Words })).then(({ default: words }) => Object.entries(words).map(([format, text]) => ({ is: patternOf(format), text })));
    list.catch(() => known.delete(language)); // the file may come the next time
    known.set(language, list);
  }
  return list;
}

/** A sentence of the server, which speaks English, in the person's language where that is known. */
export async function inWords(message: string, language = i18next.language ?? "en"): Promise<string> {
  const tag = language.slice(0, 2);
  if (!message || !(tag in files)) return message;
  const sentences = await sentencesIn(tag).catch(() => []);
  // What an error lies within stands before it: "row 3: …".
  for (let from = 0; from >= 0 && from < message.length; from = after(message, from)) {
    const rest = message.slice(from);
    for (const { is, text } of sentences) {
      const found = is.exec(rest);
      if (found) return message.slice(0, from) + text.replace(/\{(\d)\}/g, (_, n: string) => found[Number(n)] ?? "");
    }
  }
  return message;
}

function after(message: string, from: number): number {
  const at = message.indexOf(": ", from);
  return at < 0 ? -1 : at + 2;
}
