import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import german from "./messages.de.json";
import { inWords } from "./messages";

it("knows no sentence that the server does not say", () => {
  const root = fileURLToPath(new URL("../../../internal/", import.meta.url));
  const said = (readdirSync(root, { recursive: true }) as string[]).filter((f) => f.endsWith(".go") && !f.endsWith("_test.go")).map((f) => readFileSync(root + f, "utf8")).join("\n");
  // Some are put together of pieces and values.
  const lost = Object.keys(german).filter((format) => !said.includes(format) && !format.split(/%[sdqv]/).every((piece) => said.includes(piece)));
  expect(lost).toEqual([]);
}, 120_000); // the whole server is read

it("keeps every value", () => {
  const uneven = Object.entries(german).filter(([format, text]) => (format.match(/%[sdqv]/g) ?? []).length !== new Set(text.match(/\{\d\}/g) ?? []).size).map(([format]) => format);
  expect(uneven).toEqual([]);
});

it("says what the server says in the person's language", async () => {
  expect(await inWords("the lead is closed: reactivate it first", "de")).toBe("Der Lead ist geschlossen: bitte zuerst wieder öffnen");
  expect(await inWords("31 characters are more than the 30 allowed", "de-AT")).toBe("31 Zeichen sind mehr als die erlaubten 30");
  expect(await inWords("row 3: a number is expected", "de")).toBe("row 3: Hier wird eine Zahl erwartet");
  expect(await inWords("you lack the privilege prvReadLead on lead; an administrator can give you a role that has it", "de")).toBe("Ihnen fehlt das Recht ReadLead für lead; die Verwaltung kann Ihnen eine Rolle damit geben");
});

it("leaves the rest as it came", async () => {
  expect(await inWords("something else entirely", "de")).toBe("something else entirely");
  expect(await inWords("a number is expected", "en")).toBe("a number is expected");
  expect(await inWords("", "de")).toBe("");
});
