// SPDX-License-Identifier: MIT
// A reporter for node --test --experimental-test-coverage: what Node has
// measured, as a tracefile of lcov (geninfo(1)).

// Node 18 says which lines were not carried out, later ones which were.
function linesOf(file) {
  if (file.lines) {
    return file.lines;
  }
  const missing = new Set(file.uncoveredLineNumbers);
  return Array.from({ length: file.totalLineCount }, (_, i) => ({
    line: i + 1,
    count: missing.has(i + 1) ? 0 : 1,
  }));
}

export default async function* (events) {
  for await (const { type, data } of events) {
    for (const file of type === "test:coverage" ? data.summary.files : []) {
      yield `SF:${file.path}\n`;
      for (const { line, count } of linesOf(file)) {
        yield `DA:${line},${count}\n`;
      }
      yield "end_of_record\n";
    }
  }
}
