// SPDX-License-Identifier: MIT
//
// Says of messages whether the protocol's own schemas allow them: those that
// the packages of its authors check messages with, one package for each
// revision.  Called as
//
//	node judge.cjs DIRECTORY REVISION=PACKAGE...
//
// with the directory that has node_modules.  Reads questions and writes an
// answer to each, both as lines of JSON: null, or why not.
//
//	{"revision": R, "sent": M}           a request or notification to a server
//	{"revision": R, "got": M, "to": S}   from it; to: the method it answers
//	{"schema": S, "value": V}            is V as S has it; no value: is S one

"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { createRequire } = require("module");
const { isDeepStrictEqual } = require("util");
const [directory, ...packages] = process.argv.slice(2);
const load = createRequire(directory + "/");
const Ajv = load("ajv/dist/2020").default;
const ajv = new Ajv({ strict: true, allErrors: true });

// ---- one revision's schemas, by method ----

// 1.x: each package exports the schemas of the newest revision that it knows.
function ofSdk(name, revision) {
  const types = load(name + "/types.js");
  if (types.LATEST_PROTOCOL_VERSION !== revision)
    throw new Error(`${name} has ${types.LATEST_PROTOCOL_VERSION}`);
  const envelope = { request: types.JSONRPCRequestSchema,
    notification: types.JSONRPCNotificationSchema,
    result: types.JSONRPCResultResponseSchema || types.JSONRPCResponseSchema,
    error: types.JSONRPCErrorResponseSchema || types.JSONRPCErrorSchema };
  const requests = { "initialize": types.InitializeRequestSchema,
    "ping": types.PingRequestSchema,
    "tools/call": types.CallToolRequestSchema,
    "tools/list": types.ListToolsRequestSchema };
  const notifications = {
    "notifications/initialized": types.InitializedNotificationSchema,
    "notifications/cancelled": types.CancelledNotificationSchema,
    "notifications/progress": types.ProgressNotificationSchema };
  const results = { "initialize": types.InitializeResultSchema,
    "ping": types.EmptyResultSchema,
    "tools/call": types.CallToolResultSchema,
    "tools/list": types.ListToolsResultSchema };
  return { envelope, request: (m) => by(requests, m),
    notification: (m) => by(notifications, m),
    result: (m, result) => by(results, { method: m }, result) };
}

// 2.x: a codec for each revision, in the client's inner part.
function ofClient(name, revision) {
  const core = load("@modelcontextprotocol/core");
  const dist = path.dirname(load.resolve(name));
  const inner = fs.readdirSync(dist).find((f) => /^src-.*\.cjs$/.test(f));
  const codec = load(path.join(dist, inner)).codecForVersion(revision);
  if (codec.era !== revision)
    throw new Error(`${name} has ${codec.era}`);
  const said = (answer) => {
    if (!answer.ok)
      throw new Error(answer.message || answer.reason);
    return answer.value;
  };
  return {
    envelope: { request: core.JSONRPCRequestSchema,
      notification: core.JSONRPCNotificationSchema,
      result: core.JSONRPCResultResponseSchema,
      error: core.JSONRPCErrorResponseSchema },
    request(m) {
      const why = codec.checkInboundEnvelope(
        { envelope: (m.params || {})._meta });
      if (why)
        throw new Error(why);
      return said(codec.validateRequest(m.method, m));
    },
    notification: (m) => said(codec.validateNotification(m.method, m)),
    result(method, result) {
      const decoded = codec.decodeResult(method, result);
      if (decoded.kind !== "complete")
        throw decoded.error || new Error(decoded.kind);
      return said(codec.validateResult(method, result));
    } };
}

function by(schemas, message, value = message) {
  const schema = schemas[message.method];
  if (!schema)
    throw new Error("this revision has no " + message.method);
  return schema.parse(value);
}

const revisions = Object.fromEntries(packages.map((given) => {
  const [revision, name] = given.split("=");
  return [revision, (name.endsWith("client") ? ofClient : ofSdk)(name,
                                                                 revision)];
}));

// ---- questions ----

// A member that a schema does not know is left out of what it returns.
function nothingIsLost(given, taken, at) {
  if (given === null || typeof given !== "object") {
    if (!isDeepStrictEqual(given, taken))
      throw new Error(`${at} is taken as ${JSON.stringify(taken)}`);
    return;
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(taken, name))
      throw new Error(`${at} has no ${name}`);
    nothingIsLost(given[name], taken[name], `${at}.${name}`);
  }
}

function kindOf(message) {
  if ("method" in message)
    return "id" in message ? "request" : "notification";
  return "error" in message ? "error" : "result";
}

function checkMessage(rules, message, to) {
  const kind = kindOf(message);
  const taken = rules.envelope[kind].parse(message);
  nothingIsLost({ ...message, params: 0, result: 0 },
                { ...taken, params: 0, result: 0 }, kind);
  if (kind === "result")
    nothingIsLost(message.result, rules.result(to, message.result), to);
  else if (kind !== "error")
    rules[kind](message);
  if (kind === "notification" && to !== undefined)
    nothingIsLost(message.params, rules[kind](message).params, message.method);
}

function checkValue(schema, question) {
  if (!ajv.validateSchema(schema))
    throw new Error(ajv.errorsText(ajv.errors));
  if ("value" in question && !ajv.validate(schema, question.value))
    throw new Error(ajv.errorsText(ajv.errors));
}

function answer(question) {
  try {
    if ("schema" in question)
      checkValue(question.schema, question);
    else if ("sent" in question)
      checkMessage(revisions[question.revision], question.sent);
    else
      checkMessage(revisions[question.revision], question.got, question.to);
    return null;
  } catch (e) {
    return String(e.message || e);
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  console.log(JSON.stringify(answer(JSON.parse(line))));
});
