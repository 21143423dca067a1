const assert = require("node:assert");
const { describe, it } = require("node:test");
const { add, div } = require("../calc");

describe("calc", () => {
  it("adds", async () => {
    await new Promise((r) => setTimeout(r, 60)); assert.strictEqual(add(1, 2), 3);
  });

  it("divides", () => {
    assert.strictEqual(div(6, 3), 2);
  });

  it("wrong sum", () => {
    assert.strictEqual(add(1, 2), 4);
  });

  it("throws", () => {
    throw new TypeError("no such place");
  });

  it("is skipped", { skip: "not today" }, () => {
    throw new Error("never run");
  });

  it("fails as expected", { todo: "integers only" }, () => {
    assert.strictEqual(div(1, 2), 0);
  });
});
