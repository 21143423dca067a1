const assert = require("assert");
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

  it.skip("is skipped", () => {
    throw new Error("never run");
  });

  it("is not written yet");
});
