import { describe, expect, test } from "vitest";
import { add, div } from "./calc.js";

describe("calc", () => {
  test("adds", async () => {
    await new Promise((r) => setTimeout(r, 60)); expect(add(1, 2)).toBe(3);
  });

  test("divides", () => {
    expect(div(6, 3)).toBe(2);
  });

  test("wrong sum", () => {
    expect(add(1, 2)).toBe(4);
  });

  test("throws", () => {
    throw new TypeError("no such place");
  });

  test.skip("is skipped", () => {
    throw new Error("never run");
  });

  test.fails("fails as expected", () => {
    expect(div(1, 2)).toBe(0);
  });

  test.todo("is not written yet");
});
