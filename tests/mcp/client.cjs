// SPDX-License-Identifier: MIT
//
// A session as a real client has it, with the package "sdk" (1.x, the legacy
// revisions) or "client" (2.x, 2026-07-28).  Called as
//
//	node client.cjs DIRECTORY PACKAGE IMAGE COMMAND [WORD]...
//
// with the directory that has node_modules.  Prints what happened as JSON.

"use strict";

const { createRequire } = require("module");
const [directory, kind, image, command, ...args] = process.argv.slice(2);
const load = createRequire(directory + "/");
const old = kind === "sdk";
const { Client } = load("@modelcontextprotocol/" +
  (old ? "sdk/client/index.js" : "client"));
const { StdioClientTransport } = load("@modelcontextprotocol/" +
  (old ? "sdk/client/stdio.js" : "client/stdio"));

const TIMEOUT = 1000 * Number(process.env.LIMIT || 60);

async function session(client) {
  const said = {};
  const call = (name, given, options) => {
    const params = { name, arguments: given };
    options = { timeout: TIMEOUT, ...options };
    return old ? client.callTool(params, undefined, options)
      : client.callTool(params, options);
  };
  const run = (code, options, file = "main.py") =>
    call("execute_code_block", { container_id: said.id, filename: file,
                                 code_content: code }, options);

  said.tools = (await client.listTools()).tools.map((t) => t.name).sort();
  said.server = client.getServerVersion();
  said.instructions = client.getInstructions();
  const made = await call("create_runtime_env", { image });
  said.made = made;
  said.id = (made.structuredContent || {}).container_id;
  if (!said.id)
    return said;
  try {
    said.ok = await run("import sys\nprint('caf\u00e9')\nsys.exit(3)\n");
    said.wrong = await call("execute_code_block", {
      container_id: "nosuch", filename: "a.py", code_content: "" });

    said.progress = [];
    said.slow = await run("import time\ntime.sleep(2.2)\n", {
      onprogress: (p) => said.progress.push(p) });

    const abort = new AbortController();
    said.cancelled = await run("while True: pass\n", {
      signal: abort.signal, onprogress: () => abort.abort("enough")
    }).then(() => "answered", (e) => "rejected");
    const before = Date.now();
    said.after = await run("print('next')\n");
    said.after_ms = Date.now() - before;
    said.logs = await call("get_container_logs", { container_id: said.id });
  } finally {
    said.cleanup = await call("cleanup_env", { container_id: said.id });
  }
  return said;
}

async function main() {
  const options = old ? {} : { versionNegotiation: { mode: "auto" } };
  const client = new Client({ name: "test", version: "1" }, options);
  const errors = [];
  client.onerror = (e) => errors.push(String(e));
  const transport = new StdioClientTransport({
    command, args, env: process.env, stderr: "inherit" });
  await client.connect(transport);
  const said = await session(client);
  said.version = old ? "legacy" : client.getNegotiatedProtocolVersion();
  said.errors = errors;
  await client.close();
  console.log(JSON.stringify(said));
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
