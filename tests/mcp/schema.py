# SPDX-License-Identifier: MIT
"""What a server may send, as the schemas of the specification say it
(modelcontextprotocol.io, schema/REVISION/schema.json), and a validator of the
part of JSON Schema that they and our own schemas need.

	schema.check_line(message, "2025-11-25", "tools/list")
	schema.check(value, {"type": "object", ...})
"""

REVISIONS = ("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26",
             "2024-11-05")
MODERN = REVISIONS[0]

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "null": type(None)}
KNOWN = {"type", "const", "enum", "required", "properties", "items", "anyOf",
         "additionalProperties", "minimum", "description", "title", "default"}


class Invalid(AssertionError):
    """A value does not conform; the text says where."""


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and \
            not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, at="$"):
    """Raises Invalid unless the value conforms."""
    strange = set(schema) - KNOWN
    if strange:
        raise Invalid("%s: this validator knows no %s" % (at, strange))
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_type(value, t) for t in types):
        raise Invalid("%s: %r is no %s" % (at, value, "/".join(types)))
    if "const" in schema and value != schema["const"]:
        raise Invalid("%s: %r is not %r" % (at, value, schema["const"]))
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid("%s: %r is none of %r" % (at, value, schema["enum"]))
    if "minimum" in schema and value < schema["minimum"]:
        raise Invalid("%s: %r is too small" % (at, value))
    if "anyOf" in schema:
        check_any(value, schema["anyOf"], at)
    if isinstance(value, dict):
        check_members(value, schema, at)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            check(item, schema["items"], "%s[%d]" % (at, i))


def check_any(value, schemas, at):
    why = []
    for schema in schemas:
        try:
            return check(value, schema, at)
        except Invalid as e:
            why.append(str(e))
    raise Invalid("%s: none of them: %s" % (at, "; ".join(why)))


def check_members(value, schema, at):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            raise Invalid("%s: no %s" % (at, name))
    for name, member in value.items():
        more = schema.get("additionalProperties", True)
        if name in properties:
            check(member, properties[name], at + "." + name)
        elif more is False:
            raise Invalid("%s: %s is too much" % (at, name))
        elif isinstance(more, dict):
            check(member, more, at + "." + name)


# ---- the messages ----

def record(required, /, closed=False, **properties):
    """An object; names that are not Python's are given without "_"."""
    schema = {"type": "object", "required": required.split(),
              "properties": {n.rstrip("_"): s for n, s in properties.items()}}
    if closed:
        schema["additionalProperties"] = False
    return schema


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
NUMBER, BOOLEAN = {"type": "number"}, {"type": "boolean"}
OBJECT, ANY = {"type": "object"}, {}
ID = {"type": ["string", "integer"]}
RPC = {"const": "2.0"}


def array(items):
    return {"type": "array", "items": items}


IMPLEMENTATION = record("name version", name=STRING, version=STRING,
                        title=STRING)
CAPABILITIES = record("", tools=record("", listChanged=BOOLEAN),
                      experimental=OBJECT, logging=OBJECT,
                      prompts=OBJECT, resources=OBJECT)
RESULT_META = {"type": "object", "properties": {
    "io.modelcontextprotocol/serverInfo": IMPLEMENTATION}}
ANNOTATIONS = record("", title=STRING, readOnlyHint=BOOLEAN,
                     destructiveHint=BOOLEAN, idempotentHint=BOOLEAN,
                     openWorldHint=BOOLEAN)
# of a tool, before 2026-07-28; since then only the first line holds
TOOL_SCHEMA = record("type", type={"const": "object"},
                     properties={"type": "object",
                                 "additionalProperties": OBJECT},
                     required=array(STRING))
MODERN_INPUT = record("type", type={"const": "object"})
TEXT = record("type text", type={"const": "text"}, text=STRING)


def cacheable(required, revision, **properties):
    """A result; the modern ones say how long they hold."""
    if revision != MODERN:
        return record(required, _meta=OBJECT, **properties)
    return record(required + " resultType ttlMs cacheScope",
                  _meta=RESULT_META, resultType={"const": "complete"},
                  ttlMs={"type": "integer", "minimum": 0},
                  cacheScope={"enum": ["private", "public"]}, **properties)


def tool(revision):
    modern = revision == MODERN
    return record("name inputSchema", name=STRING, title=STRING,
                  description=STRING, annotations=ANNOTATIONS, _meta=OBJECT,
                  inputSchema=MODERN_INPUT if modern else TOOL_SCHEMA,
                  outputSchema=OBJECT if modern else TOOL_SCHEMA)


def call_result(revision):
    schema = record("content", content=array(TEXT), isError=BOOLEAN,
                    _meta=OBJECT, structuredContent=OBJECT)
    if revision == MODERN:
        schema["required"].append("resultType")
        schema["properties"].update(
            structuredContent=ANY, _meta=RESULT_META,
            resultType={"const": "complete"})
    return schema


def result(revision, method):
    """The schema of the result of a method."""
    if method == "initialize":
        return record("protocolVersion capabilities serverInfo",
                      protocolVersion=STRING, capabilities=CAPABILITIES,
                      serverInfo=IMPLEMENTATION, instructions=STRING)
    if method == "server/discover":
        return cacheable("supportedVersions capabilities", revision,
                         supportedVersions=array(STRING),
                         capabilities=CAPABILITIES, instructions=STRING)
    if method == "tools/list":
        return cacheable("tools", revision, nextCursor=STRING,
                         tools=array(tool(revision)))
    if method == "tools/call":
        return call_result(revision)
    return OBJECT


ERROR = record("jsonrpc error", closed=True, jsonrpc=RPC, id_=ID,
               error=record("code message", code=INTEGER, message=STRING,
                            data=ANY))
WRONG_VERSION = record("supported requested", supported=array(STRING),
                       requested=STRING)
PROGRESS = record("jsonrpc method params", closed=True, jsonrpc=RPC,
                  method={"const": "notifications/progress"},
                  params=record("progressToken progress", progressToken=ID,
                                progress=NUMBER, total=NUMBER,
                                message=STRING, _meta=OBJECT))


def check_line(message, revision, method=None):
    """A message of the server; method is what it answers."""
    if "method" in message:
        check(message, PROGRESS)
    elif "error" in message:
        check(message, ERROR)
        if message["error"]["code"] == -32022:
            check(message["error"].get("data"), WRONG_VERSION)
    else:
        check(message, record("jsonrpc id result", closed=True, jsonrpc=RPC,
                              id_=ID, result=result(revision, method)))
