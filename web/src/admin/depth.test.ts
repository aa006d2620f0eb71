import { expect, it } from "vitest";
import { depthOfKey, nextDepth } from "./depth";

it("goes round the depths, and back", () => {
  expect([0, 1, 2, 4, 8].map((d) => nextDepth(d, true))).toEqual([1, 2, 4, 8, 0]);
  expect([0, 1, 8].map((d) => nextDepth(d, true, true))).toEqual([8, 0, 4]);
});

it("knows all or nothing where rows have no owner", () => {
  expect([0, 8, 2].map((d) => nextDepth(d, false))).toEqual([8, 0, 8]);
  expect(["0", "1", "4"].map((k) => depthOfKey(k, false))).toEqual([0, 8, 8]);
});

it("takes digits for depths and nothing else", () => {
  expect(["0", "1", "2", "3", "4", "5", "a", "", "12"].map((k) => depthOfKey(k, true))).toEqual([0, 1, 2, 4, 8, undefined, undefined, undefined, undefined]);
});
