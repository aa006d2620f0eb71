import { expect, test } from "vitest";
import { arrange } from "./paletteOrder";
import type { Entry } from "./paletteEntries";

const entry = (id: string, label: string, hint?: string): Entry => ({ id, group: "", label, hint, icon: "search", run: () => {} });
const commands = [entry("dark", "Dark theme"), entry("new", "New lead"), entry("leads", "Leads"), entry("darker", "Go dark")];
const all = entry("all", "All results");
const order = (query: string, found: Entry[] = []) => arrange(query, commands, found, all).map((x) => x.id);

test("a command that is named stays first when something is found", () => {
  expect(order("dark t")[0]).toBe("dark");
  expect(order("dark t", [entry("r", "Dark Tower Ltd")])).toEqual(["dark", "r", "all"]);
});

test("what is found leads where no command is named", () => {
  expect(order("keller", [entry("r", "Mia Keller")])).toEqual(["r", "all"]);
  expect(order("lead", [entry("r", "Leadbetter")])).toEqual(["leads", "r", "all", "new"]);
});

test("two letters name nothing yet", () => {
  expect(order("da", [entry("r", "Dana")])).toEqual(["r", "all", "dark", "darker"]);
});

test("nothing typed offers the commands as they are", () => {
  expect(arrange("", commands, [], undefined)).toEqual(commands);
});
