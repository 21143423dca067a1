// A gigabyte of what is no TAP, between two tests of which one fails.
const fs = require("fs");

function write(text) {
  const data = Buffer.from(text);
  let done = 0;
  while (done < data.length) {
    try {
      done += fs.writeSync(1, data, done);
    } catch (e) {
      if (e.code !== "EAGAIN")
        throw e;
    }
  }
}

write("TAP version 13\n1..2\nok 1 - before\n");
const line = "noise, and none of it is a test\n".repeat(32768);
for (let i = 0; i < 1024; i++)
  write(line);
write("not ok 2 - after\n");
process.exit(1);
