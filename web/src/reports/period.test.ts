import { expect, it } from "vitest";
import { csvLine, daysOf } from "./period";

it("knows the days of periods", () => {
  expect(daysOf("month", "2026-02-10")).toEqual({ from: "2026-02-01", to: "2026-02-28" });
  expect(daysOf("lastMonth", "2026-01-31")).toEqual({ from: "2025-12-01", to: "2025-12-31" });
  expect(daysOf("quarter", "2026-11-22")).toEqual({ from: "2026-10-01", to: "2026-12-31" });
  expect(daysOf("year", "2028-02-29")).toEqual({ from: "2028-01-01", to: "2028-12-31" });
  expect(daysOf("days30", "2026-03-01")).toEqual({ from: "2026-01-31", to: "2026-03-01" });
  expect(daysOf("days90", "2026-11-22")).toEqual({ from: "2026-08-25", to: "2026-11-22" });
});

it("writes lines that spreadsheets read as they were meant", () => {
  expect(csvLine(["a,b", 'say "hi"', 3, undefined, "=1+1", -2])).toBe(`"a,b","say ""hi""",3,,'=1+1,-2`);
});
