import { describe, expect, test } from "vitest";
import { add, div } from "./calc";

describe("calc", () => {
  test("adds", async () => {
    await new Promise((r) => setTimeout(r, 60)); expect(add(1, 2)).toBe(3);
  });

  test("wrong sum", () => {
    const sum: number = add(1, 2);

    expect(sum).toBe(4);
  });

  test("divides", () => {
    expect(div(6, 3)).toBe(2);
  });
});
