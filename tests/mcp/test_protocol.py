# SPDX-License-Identifier: MIT
"""addesh mcp: both ways to speak on one pipe, and messages that are wrong in
each way there is.  No environment is needed for it."""

import json
import os
import select
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import addesh  # noqa: E402
import schema  # noqa: E402
from mcp import META, Client  # noqa: E402
from runner_env import children, resident_kb  # noqa: E402
from tap import main, patient, same, test  # noqa: E402

HOME = addesh.Home()
LEGACY = schema.REVISIONS[1:]
ADDE = ["build_image_from_context", "build_image_from_path", "cleanup_env",
        "create_runtime_env", "delete_image", "execute_code_block",
        "get_container_logs", "get_stats", "list_agent_images",
        "prepare_build_context", "prune_build_cache", "pull_image"]


@test
def the_schemas_are_at_hand_and_refuse_what_is_wrong():
    schema.at_hand()
    for revision in schema.REVISIONS:
        for wrong in ({"result": {"content": "x"}}, {"result": []},
                      {"result": {}, "id": None}, {"error": {"code": 1}},
                      {"error": {"code": "1", "message": "x"}},
                      {"result": {}, "error": {"code": 1, "message": "x"}},
                      {"jsonrpc": "1.0", "result": {}}, {"id": 1.5}):
            message = {"jsonrpc": "2.0", "id": 1, "result": {}, **wrong}
            if "error" in wrong and "result" not in wrong:
                del message["result"]
            assert schema.why_not(got=message, revision=revision,
                                  to="tools/call"), (revision, wrong)
    assert schema.why_not(schema={"type": "object", "properties": []})
    assert schema.why_not(schema={"type": "object"}, value=[])


@test("the tools are listed: %s", schema.REVISIONS)
def _(revision):
    with Client(HOME, revision) as c:
        same(sorted(c.tools()), ADDE)
        for name, tool in c.tools().items():
            assert set(tool["inputSchema"]["required"]) <= \
                set(tool["inputSchema"]["properties"]), name
            for place in "inputSchema", "outputSchema":
                schema.value({}, {**tool[place], "required": []})
        first, second = (c.request("tools/list") for _ in range(2))
        same(first, second)


@test
def discover_says_which_versions_there_are():
    with Client(HOME) as c:
        got = c.request("server/discover")
        same(got["supportedVersions"], list(schema.REVISIONS))
        same(got["capabilities"], {"tools": {}})
        same(got["_meta"][META + "serverInfo"]["name"], "addesh")


@test("initialize: %s is answered with %s", [
    (v, v) for v in LEGACY] + [("2099-01-01", LEGACY[0]),
                               (schema.MODERN, LEGACY[0])])
def _(proposed, wanted):
    with Client(HOME) as c:
        c.revision = wanted
        got = c.request("initialize", {
            "protocolVersion": proposed, "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"}})
        same(got["protocolVersion"], wanted)
        same(c.request("ping"), {})


@test
def both_ways_share_a_pipe():
    with Client(HOME, "2025-06-18") as c:
        assert "resultType" not in c.request("tools/list")
        c.revision = schema.MODERN
        same(c.request("tools/list")["resultType"], "complete")
        same(c.error(c.start("ping"))["code"], -32601)
        same(c.error(c.start("initialize"))["code"], -32601)
        c.revision = "2025-06-18"
        same(c.error(c.start("server/discover"))["code"], -32601)
        same(c.request("ping"), {})


@test
def another_version_is_answered_with_those_there_are():
    with Client(HOME) as c:
        error = c.error(c.start("tools/list", meta={
            META + "protocolVersion": "1900-01-01"}))
        same((error["code"], error["data"]), (-32022, {
            "supported": list(schema.REVISIONS), "requested": "1900-01-01"}))


# what is wrong, params, code
PARAMS = [
    ("no _meta", {}, -32602),
    ("_meta is no object", {"_meta": 7}, -32602),
    ("no version", {"_meta": {META + "clientCapabilities": {}}}, -32602),
    ("a version that is no string",
     {"_meta": {META + "protocolVersion": 20260728,
                META + "clientCapabilities": {}}}, -32602),
    ("no capabilities",
     {"_meta": {META + "protocolVersion": schema.MODERN}}, -32602),
    ("capabilities that are no object",
     {"_meta": {META + "protocolVersion": schema.MODERN,
                META + "clientCapabilities": []}}, -32602),
    ("a token that is none",
     {"_meta": {META + "protocolVersion": schema.MODERN,
                META + "clientCapabilities": {}, "progressToken": 1.5}},
     -32602),
    ("a list", [1], -32602),
    ("a text", "x", -32602),
]


@test("params are refused: %s", PARAMS)
def _(_, params, code):
    with Client(HOME) as c:
        c.methods[1] = "tools/list"
        c.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list",
                "params": params})
        same(c.error(1)["code"], code)


# name, what is sent, the id of the answer, code
WRONG = [
    ("no JSON", b"{", None, -32700),
    ("two values", b"{} {}", None, -32700),
    ("a NUL", b'{"jsonrpc":"2.0",\0"id":1}', None, -32700),
    ("nested without end", b"[" * 100000, None, -32700),
    ("a batch", b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', None, -32600),
    ("a number", b"7", None, -32600),
    ("null", b"null", None, -32600),
    ("no jsonrpc", b'{"id":1,"method":"ping"}', 1, -32600),
    ("another jsonrpc", b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 1,
     -32600),
    ("no method", b'{"jsonrpc":"2.0","id":1}', 1, -32600),
    ("a method that is no text", b'{"jsonrpc":"2.0","id":"m","method":5}',
     "m", -32600),
    ("names in capitals", b'{"JSONRPC":"2.0","ID":1,"METHOD":"ping"}', None,
     -32600),
    ("an id that is null", b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
     None, -32600),
    ("an id with a fraction", b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
     None, -32600),
    ("an id that is an object", b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
     None, -32600),
    ("an unknown method", b'{"jsonrpc":"2.0","id":1,"method":"tools"}', 1,
     -32601),
    ("an unknown tool", b'{"jsonrpc":"2.0","id":1,"method":"tools/call",'
     b'"params":{"name":"rm"}}', 1, -32602),
    ("a tool without a name", b'{"jsonrpc":"2.0","id":1,'
     b'"method":"tools/call","params":{}}', 1, -32602),
    ("arguments in a list", b'{"jsonrpc":"2.0","id":1,"method":"tools/call",'
     b'"params":{"name":"pull_image","arguments":["x"]}}', 1, -32602),
    ("a page that there is not", b'{"jsonrpc":"2.0","id":1,'
     b'"method":"tools/list","params":{"cursor":"2"}}', 1, -32602),
]


@test("refused, and the server goes on: %s", WRONG)
def _(_, line, number, code):
    with Client(HOME, "2025-11-25") as c:
        c.methods[number] = "ping"
        c.answers.clear()
        c.raw(line + b"\n")
        if number is None:
            c.wait(lambda: c.others)
            same(c.others[0]["error"]["code"], code)
        else:
            same(c.error(number)["code"], code)
        c.number = 100
        same(c.request("ping"), {})


VALUES = (None, True, 0, -1, 1.5, "", "x", [], ["a"], {}, {"a": 1})
# said by clients, and of no use to us: taken whatever it is
UNREAD = ("clientInfo", "capabilities", META + "clientInfo")
# an answer may be an error for another reason than its form
VERSION = META + "protocolVersion"


def changed(message, path=()):
    """The message with one member missing, or of another type; pairs of the
    names that lead there and the message."""
    for name in list(message):
        at, was = path + (name,), message[name]
        if isinstance(was, dict):
            yield from ((a, {**message, name: m}) for a, m in changed(was, at))
        for value in VALUES:
            if (type(value), value) != (type(was), was):
                yield at, {**message, name: value}
        yield at, {n: v for n, v in message.items() if n != name}


def requests(c):
    """One of each kind, that needs no environment."""
    info = {"name": "t", "version": "1"}
    if c.revision == schema.MODERN:
        for method in "tools/list", "server/discover":
            yield method, {"_meta": {**c.meta(), "progressToken": 1}}
        return
    yield "ping", {"_meta": {"progressToken": "t"}}
    yield "tools/list", {"_meta": {"a": {"b": 1}}}
    yield "initialize", {"protocolVersion": c.revision, "capabilities": {},
                         "clientInfo": info}


@test("what the schemas allow is answered, nothing else is: %s",
      schema.REVISIONS)
def _(revision):
    schema.at_hand()
    with Client(HOME, revision) as c:
        c.number = 100
        for method, params in requests(c):
            whole = {"jsonrpc": "2.0", "id": 1, "method": method,
                     "params": params}
            for path, message in [((), whole), *changed(whole)]:
                good = not schema.why_not(sent=message, revision=revision)
                c.answers.clear()
                c.others.clear()
                c.methods[message.get("id") if isinstance(
                    message.get("id"), (int, str)) else None] = method
                c.send(message)
                c.request("tools/list")
                got = [a for n, a in c.answers.items() if n != c.number]
                got += c.others
                if "id" not in message:
                    same(got, [], message)
                elif path[-1:] == ("id",) and not good:
                    same([a["error"]["code"] for a in got],
                         [-32600] * (revision >= "2025-11-25"), message)
                elif path[-1:] != (VERSION,) and not set(path) & set(UNREAD):
                    same(["error" in a for a in got], [not good], message)


@test("without an id to answer, revision %s gets %d answers", [
    (r, 3 if r >= "2025-11-25" else 0) for r in schema.REVISIONS])
def _(revision, count):
    c = Client(HOME, revision)
    for line in b"{", b"[]", b'{"jsonrpc":"2.0","id":null,"method":"ping"}':
        c.raw(line + b"\n")
    c.request("tools/list")
    same(len(c.others), count)
    status, err = c.finish()
    same((status, err.count("warning: ")), (0, 0 if count else 3), err)


@test
def one_revision_has_batches():
    with Client(HOME, "2025-03-26") as c:
        c.number = 100
        c.methods.update({11: "ping", "a": "tools/list", 12: "tools/call"})
        c.send([{"jsonrpc": "2.0", "id": 11, "method": "ping"},
                {"jsonrpc": "2.0", "method": "notifications/initialized"},
                {"jsonrpc": "2.0", "id": "a", "method": "tools/list"},
                {"jsonrpc": "2.0", "id": 12, "method": "tools/call",
                 "params": {"name": "pull_image", "arguments": {}}}])
        c.answer(12)
        same(set(c.answers) & {11, 12, "a"}, {11, 12, "a"})
        for wrong in [], [{"jsonrpc": "2.0", "method": "x"}] * 2000:
            c.send(wrong)
        same(c.request("ping"), {})


@test
def a_client_that_does_not_read_is_not_read_from():
    with Client(HOME, "2025-11-25") as c:
        line = b'{"jsonrpc":"2.0","id":7,"method":"tools/list"}\n'
        total, sent, got = 10000 * len(line), 0, 0
        pipe, out = c.process.stdin.fileno(), c.process.stdout.fileno()
        os.set_blocking(pipe, False)
        while select.select([], [pipe], [], 2)[1] and sent < total:
            begin = sent % len(line)
            sent += os.write(pipe, (line * 100)[begin:][:total - sent])
        assert sent < total, "all of it was taken"
        same(c.process.poll(), None)
        while got < 10000:
            if sent < total and select.select([], [pipe], [], 0)[1]:
                begin = sent % len(line)
                sent += os.write(pipe, (line * 100)[begin:][:total - sent])
            if select.select([out], [], [], patient(20))[0]:
                got += os.read(out, 1 << 20).count(b"\n")
        os.set_blocking(pipe, True)
        same((got, c.request("ping")), (10000, {}))


@test("a policy that is wrong is told by each call: %s", [
    "tools: [x", "tools: {code_execution: {memory_limit: much}}"])
def _(text):
    home = addesh.Home()
    os.makedirs(home.env["XDG_CONFIG_HOME"] + "/addesh")
    with open(home.env["XDG_CONFIG_HOME"] + "/addesh/addesh.yaml", "w") as f:
        f.write(text)
    with home, Client(home) as c:
        same(len(c.tools()), len(ADDE))
        for _ in range(2):
            text = c.fails("list_agent_images")
            assert "addesh.yaml:" in text, text


@test
def an_engine_that_is_not_there_is_told_by_each_call():
    with addesh.Home(options=["--engine", "unix:///none"]) as home, \
            Client(home) as c:
        for tool, arguments in (("list_agent_images", {}),
                                ("pull_image", {"image": "x"}),
                                ("create_runtime_env", {"image": "x"})):
            text = c.fails(tool, **arguments)
            assert "unix:///none" in text, text


@test
def many_calls_leave_nothing_behind():
    with Client(HOME) as c:
        def used():
            pids = [c.process.pid] + sorted(children(c.process.pid))
            return ([len(os.listdir("/proc/%d/fd" % pid)) for pid in pids],
                    sum(resident_kb(pid) for pid in pids))

        c.fails("get_container_logs", container_id="none")
        files, memory = used()
        for _ in range(2000):
            c.fails("get_container_logs", container_id="none")
        same(used()[0], files)
        # a sanitizer keeps what is freed for a while
        if not os.environ.get("ADDESH_TEST_SANITIZERS"):
            grown = used()[1] - memory
            assert grown < 2048, "%d kB" % grown


@test("an id comes back as it was: %s", [
    ("0", 0), ("-1", -1), ("2^53 - 1", 9007199254740991), ("nothing", ""),
    ("a digit as text", "1"), ("escapes", "\u00e9\u2028\n\"\0"),
    ("long", "x" * 100000)])
def _(_, number):
    with Client(HOME, "2025-11-25") as c:
        same(c.result(c.start("ping", number=number)), {})
        same([type(n) for n in c.answers][-1], type(number))


@test
def what_needs_no_answer_gets_none():
    with Client(HOME, "2025-11-25") as c:
        for message in (
                {"method": "notifications/nothing"},
                {"method": "notifications/cancelled"},
                {"method": "notifications/cancelled", "params": [1]},
                {"method": "notifications/cancelled",
                 "params": {"requestId": 77}},
                {"method": "tools/list"},
                {"id": 5, "result": {}},
                {"id": 6, "error": {"code": 1, "message": "x"}}):
            c.send({"jsonrpc": "2.0", **message})
        c.raw(b"\n  \r\n")
        same(c.request("ping"), {})
        same(c.others, [])


@test
def lines_may_come_in_pieces_and_many_at_once():
    with Client(HOME, "2025-11-25") as c:
        text = b""
        for number in range(1000, 3000):
            c.methods[number] = "ping"
            text += b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\r\n' % number
        for i in range(0, len(text), 7001):
            c.raw(text[i:i + 7001])
        c.answer(2999)
        same(sorted(n for n in c.answers if n >= 1000),
             list(range(1000, 3000)))


@test
def a_message_that_is_too_long_is_refused_and_the_next_is_not():
    with Client(HOME, "2025-11-25") as c:
        c.raw(b'{"jsonrpc":"2.0","id":1,"x":"')
        for _ in range(80):
            c.raw(b"x" * (1 << 20))
        c.raw(b'"}\n')
        same(c.request("ping"), {})
        same([m["error"]["code"] for m in c.others], [-32600])


@test
def a_long_message_is_taken():
    with Client(HOME, "2025-11-25") as c:
        text = c.fails("pull_image", imag="x" * (40 << 20))
        assert "imag" in text, text[:100]


# tool, arguments, what the model is told
REPAIRABLE = [
    ("pull_image", {"imag": "x"}, "pull_image has no argument 'imag'\n"
     "did you mean image?"),
    ("pull_image", {}, "pull_image needs the argument 'image'"),
    ("pull_image", {"image": 7}, "image must be a string, not integer"),
    ("execute_code_block",
     {"container_id": "x", "filename": "a.py", "code_content": "",
      "timeout_sec": 1.5}, "timeout_sec must be an integer, not number"),
]


@test("a model can repair it: %s %s", REPAIRABLE)
def _(tool, arguments, text):
    with Client(HOME, "2025-11-25") as c:
        same(c.fails(tool, **arguments), text)


@test
def stdout_is_the_clients_alone():
    with Client(HOME, options=("--json", "-v")) as c:
        c.fails("pull_image", image="")
        fd = os.readlink("/proc/%d/fd/1" % c.process.pid)
        same(fd, os.readlink("/proc/%d/fd/2" % c.process.pid))


@test
def it_is_no_command_of_a_script():
    done = HOME.addesh(stdin="mcp\n").is_status(2)
    assert "needs standard input for itself" in done.err, done.err


@test("it ends at once: %s", ("EOF", "SIGTERM", "SIGINT"))
def _(how):
    c = Client(HOME)
    c.fails("pull_image", image="")    # there is a worker
    if how != "EOF":
        c.process.send_signal(getattr(signal, how))
        same(c.process.wait(patient(20)) in (0, 128 + 15, 130), True)
    status, err = c.finish(20)
    same(err, "")
    if how == "EOF":
        same(status, 0)


@test
def a_client_that_reads_no_more_ends_it():
    process = HOME.spawn("mcp", stdin=subprocess.PIPE)
    process.stdout.close()
    try:
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        process.wait(patient(20))
    finally:
        process.stdin.close()
        process.stderr.close()
    assert process.returncode >= 0, process.returncode


main()
