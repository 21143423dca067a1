const { add } = require("./calc");
require("./no-such-module");

test("is never collected", () => {
  expect(add(1, 2)).toBe(3);
});
