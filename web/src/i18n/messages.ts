import i18next from "i18next";

export type Words = Record<string, string>;

/** Languages other than English in which the server's sentences are known. */
const files: Record<string, () => Promise<{ default: Words }>> = { de: () => import("./messages/de") };

/** A verb of Go's formats, in whose place a value stands. */
const verb = /%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]/;

interface Sentence { is: RegExp; sign: string; text: string }

/** A sentence as Go formats it becomes a pattern that finds its values. */
export function patternOf(format: string): RegExp {
  const pieces = piecesOf(format);
  const pattern = pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)");
  // What says little of itself must not take in what it lies within.
  const open = pieces[0] === "" && pieces.join("").length < 16;
  return new RegExp(`^${open ? pattern.replace("(.+?)", "((?:(?!: ).)+?)") : pattern}$`, "s");
}

/** The words between the values, which every sentence of this format has. */
function piecesOf(format: string): string[] {
  return format.replaceAll("%%", "\0").split(verb).map((piece) => piece.replaceAll("\0", "%"));
}

/** Sentences of one language, made so that one of well over a thousand is found at once. */
export class Book {
  private readonly whole = new Map<string, string>();
  private readonly patterns: Sentence[] = [];
  private readonly found = new Map<string, string>();

  constructor(words: Words) {
    const weights = new Map<Sentence, number>();
    for (const [format, text] of Object.entries(words)) {
      const pieces = piecesOf(format);
      if (pieces.length === 1) this.whole.set(pieces[0]!, text);
      else {
        const sentence = { is: patternOf(format), sign: pieces.reduce((a, b) => (b.length > a.length ? b : a)), text };
        weights.set(sentence, pieces.join("").length);
        this.patterns.push(sentence);
      }
    }
    // What says more of itself is tried before what is nearly all values.
    this.patterns.sort((a, b) => weights.get(b)! - weights.get(a)!);
  }

  /** A message in the book's language; as it came where it is not known. */
  say(message: string): string {
    let text = this.found.get(message);
    if (text === undefined) {
      text = message.split("\n").map((line) => this.line(line, 0)).join("\n");
      if (this.found.size > 500) this.found.clear();
      this.found.set(message, text);
    }
    return text;
  }

  /** One line: as a whole, else sentence by sentence, else behind what it lies within ("Data: …"), else as a list. */
  private line(line: string, depth: number): string {
    return this.sentence(line, depth, true) ?? this.parts(line, sentenceEnd, " ", depth) ?? this.parts(line, "; ", "; ", depth) ?? this.within(line, depth)
      ?? this.parts(line, ", ", ", ", depth) ?? this.sentence(line, depth, false) ?? line;
  }

  private parts(line: string, end: RegExp | string, between: string, depth: number): string | undefined {
    const parts = line.split(end);
    if (parts.length === 1) return undefined;
    const said = parts.map((part) => this.line(part, depth));
    return said.some((part, i) => part !== parts[i]) ? said.join(between) : undefined;
  }

  private within(line: string, depth: number): string | undefined {
    for (let from = after(line, 0); from > 0 && from < line.length; from = after(line, from)) {
      const text = this.sentence(line.slice(from), depth, true);
      if (text !== undefined) return line.slice(0, from) + text;
    }
    return undefined;
  }

  /** A sentence in words; close: its values hold no end of a sentence. */
  private sentence(said: string, depth: number, close: boolean): string | undefined {
    const whole = this.whole.get(said);
    if (whole !== undefined) return whole;
    for (const { is, sign, text } of this.patterns) {
      const values = said.includes(sign) && is.exec(said);
      if (!values || (close && values.some((value, i) => i > 0 && sentenceEnd.test(value)))) continue;
      // A value may be a sentence of its own: why something failed.
      return text.replace(/\{(\d)\}/g, (_, n: string) => {
        const value = values[Number(n)] ?? "";
        return depth < 3 && value.includes(" ") ? this.line(value, depth + 1) : value;
      });
    }
    // A sentence may end with a full stop where it stands among others.
    if (!said.endsWith(".")) return undefined;
    const text = this.sentence(said.slice(0, -1), depth, close);
    return text === undefined ? undefined : `${text}.`;
  }
}

/** Where a sentence ends and another begins. */
const sentenceEnd = /(?<=[.!?]) (?=[A-Z“"])/;

function after(line: string, from: number): number {
  const at = line.indexOf(": ", from);
  return at < 0 ? -1 : at + 2;
}

const books = new Map<string, Promise<Book>>();

/** The book of a language; none where the server's sentences need no other words. */
export function bookOf(language = i18next.language ?? "en"): Promise<Book> | undefined {
  const tag = language.slice(0, 2);
  const load = files[tag];
  if (!load) return undefined;
  let book = books.get(tag);
  if (!book) {
    book = load().then((file) => new Book(file.default));
    book.catch(() => books.delete(tag)); // the file may come the next time
    books.set(tag, book);
  }
  return book;
}

/** A sentence of the server, which speaks English, in the person's language where that is known. */
export async function inWords(message: string, language?: string): Promise<string> {
  const book = message ? await bookOf(language)?.catch(() => undefined) : undefined;
  return book?.say(message) ?? message;
}
