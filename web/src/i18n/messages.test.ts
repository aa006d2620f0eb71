import { expect, it } from "vitest";
import german from "./messages/de";
import { Book, inWords } from "./messages";

const verbs = /%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]/g;

// That every sentence of the server is here, and none that it does not say, is
// tested where its source is read: internal/test/archtest/messages_test.go.

it("keeps every value, each once or more", () => {
  const uneven = Object.entries(german).filter(([format, text]) => {
    const values = (format.replaceAll("%%", "").match(verbs) ?? []).length;
    return [...new Set(text.match(/\{\d\}/g) ?? [])].sort().join("") !== Array.from({ length: values }, (_, i) => `{${i + 1}}`).join("");
  }).map(([format]) => format);
  expect(uneven).toEqual([]);
});

it("finds each sentence among all the others", () => {
  const book = new Book(german);
  const lost = Object.entries(german).filter(([format, text]) => {
    let n = 0;
    const said = format.replaceAll("%%", "\0").replace(verbs, () => `7x${++n}`).replaceAll("\0", "%");
    return book.say(said) !== text.replace(/\{(\d)\}/g, "7x$1");
  }).map(([format]) => format);
  expect(lost).toEqual([]);
});

it("says what the server says in the person's language", async () => {
  expect(await inWords("the lead is closed: reactivate it first", "de")).toBe("Der Lead ist geschlossen: bitte zuerst wieder öffnen");
  expect(await inWords("31 characters are more than the 30 allowed", "de-AT")).toBe("31 Zeichen sind mehr als die erlaubten 30");
  expect(await inWords("row 3: a number is expected", "de")).toBe("Zeile 3: Hier wird eine Zahl erwartet");
  expect(await inWords("Data: the file is empty", "de")).toBe("Data: Die Datei ist leer");
  expect(await inWords("you lack the privilege prvReadLead on lead; an administrator can give you a role that has it", "de")).toBe("Ihnen fehlt das Recht ReadLead für lead; die Verwaltung kann Ihnen eine Rolle damit geben");
});

it("puts sentences within sentences into words, and each line by itself", async () => {
  expect(await inWords("The rule North failed: the numbers are too large The record is kept and waits in Inbox.", "de")).toBe("Die Regel North ist gescheitert: Die Zahlen sind zu groß Der Datensatz bleibt und wartet in Inbox.");
  expect(await inWords("Smith. Rate: nothing can be divided by 0. The record is kept.", "de")).toBe("Smith. Rate: Durch 0 lässt sich nicht teilen. Der Datensatz bleibt.");
  expect(await inWords("Rule North. Smith: has least to do, 3 open. Not considered: 2 without the skills, 1 absent.", "de")).toBe("Regel North. Smith: hat am wenigsten zu tun, 3 offen. Nicht in Betracht kamen: 2 ohne die Fähigkeiten, 1 abwesend.");
  expect(await inWords("Email: a text is expected; Phone: a value is needed", "de")).toBe("Email: Hier wird ein Text erwartet; Phone: Bitte ausfüllen");
  expect(await inWords("No rule takes it.\nthe file is empty", "de")).toBe("Keine Regel nimmt ihn.\nDie Datei ist leer");
});

it("leaves the rest as it came", async () => {
  expect(await inWords("something else entirely", "de")).toBe("something else entirely");
  expect(await inWords("a number is expected", "en")).toBe("a number is expected");
  expect(await inWords("", "de")).toBe("");
});
