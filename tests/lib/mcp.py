# SPDX-License-Identifier: MIT
"""A client of `addesh mcp` that says what it is told to, wrong things among
them, and checks each line that comes.

	with Client(home, "2026-07-28") as c:
	    c.call("pull_image", image="busybox")
	    number = c.start("tools/list")
	    c.result(number)
"""

import json
import os
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mcp"))
import addesh
import schema
from tap import diag, patient, same

META = "io.modelcontextprotocol/"
LIMIT = 60


class Ended(AssertionError):
    """The server ended, or did not answer in time."""


class Client:
    """One server, talked to as a revision has it."""

    def __init__(self, home, revision=schema.MODERN, options=(), env=None):
        self.revision = revision
        self.process = home.spawn(*options, "mcp", stdin=subprocess.PIPE,
                                  env=env)
        self.buffer = b""
        self.number = 0
        self.methods = {}    # id: method, of requests that were sent
        self.answers = {}    # id: message
        self.others = []     # messages without an id
        if revision != schema.MODERN:
            self.initialize(revision)

    # ---- to the server ----

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        self.raw(json.dumps(message).encode() + b"\n")

    def meta(self):
        if self.revision != schema.MODERN:
            return {}
        return {META + "protocolVersion": self.revision,
                META + "clientInfo": {"name": "test", "version": "1"},
                META + "clientCapabilities": {}}

    def start(self, method, params=None, meta=None, number=None):
        """Sends a request; its id."""
        self.number += 1
        number = self.number if number is None else number
        params = dict(params or {})
        meta = {**self.meta(), **(meta or {})}
        if meta:
            params["_meta"] = meta
        self.methods[number] = method
        self.send({"jsonrpc": "2.0", "id": number, "method": method,
                   "params": params})
        return number

    def start_call(self, name, arguments, **meta):
        return self.start("tools/call", {"name": name,
                                         "arguments": arguments}, meta)

    def cancel(self, number):
        self.send({"jsonrpc": "2.0", "method": "notifications/cancelled",
                   "params": {"requestId": number, "reason": "a test"}})

    def initialize(self, revision):
        got = self.request("initialize", {
            "protocolVersion": revision, "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}})
        same(got["protocolVersion"], revision)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return got

    # ---- from it ----

    def receive(self, limit=LIMIT):
        """Reads one message and files it; False at the end."""
        end = time.monotonic() + patient(limit)
        out = self.process.stdout
        while b"\n" not in self.buffer:
            left = max(0, end - time.monotonic())
            if not select.select([out], [], [], left)[0]:
                raise Ended("nothing came in %d s" % limit)
            data = os.read(out.fileno(), 1 << 20)
            if not data:
                same(self.buffer, b"", "the end of the output")
                return False
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        self.file(json.loads(line))
        return True

    def file(self, message):
        number = message.get("id")
        schema.answer(message, self.revision, self.methods.get(number))
        if number is None:
            self.others.append(message)
        else:
            assert number in self.methods, "nobody asked: %r" % message
            assert number not in self.answers, "twice: %r" % message
            self.answers[number] = message

    def wait(self, condition, limit=LIMIT):
        """Reads until there is what condition() looks for."""
        while not condition():
            if not self.receive(limit):
                raise Ended("the server ended: %s" % self.finish()[1])
        return condition()

    def answer(self, number, limit=LIMIT):
        return self.wait(lambda: self.answers.get(number), limit)

    def result(self, number, limit=LIMIT):
        message = self.answer(number, limit)
        if "error" in message:
            diag(json.dumps(message)[:2000])
            raise AssertionError("an error instead of a result")
        return message["result"]

    def error(self, number):
        message = self.answer(number)
        assert "error" in message, message
        return message["error"]

    def request(self, method, params=None, **meta):
        return self.result(self.start(method, params, meta))

    def progress(self, token):
        return [m["params"] for m in self.others
                if m.get("method") == "notifications/progress" and
                m["params"]["progressToken"] == token]

    # ---- tools ----

    def call(self, tool, limit=LIMIT, **arguments):
        """The structured content of a call that succeeds."""
        return self.content(tool, self.start_call(tool, arguments), limit)

    def content(self, tool, number, limit=LIMIT):
        result = self.result(number, limit)
        if result.get("isError"):
            raise AssertionError("%s: %s" % (tool,
                                             result["content"][0]["text"]))
        found = result["structuredContent"]
        same(json.loads(result["content"][0]["text"]), found)
        schema.value(found, self.tools()[tool]["outputSchema"])
        return found

    def fails(self, tool, **arguments):
        """The text of a call that does not succeed."""
        result = self.result(self.start_call(tool, arguments))
        same(result["isError"], True)
        return result["content"][0]["text"]

    def tools(self):
        if not hasattr(self, "listed"):
            self.listed = {t["name"]: t for t in
                           self.request("tools/list")["tools"]}
        return self.listed

    # ---- the end ----

    def finish(self, limit=LIMIT, died=False):
        """Closes its input and waits; status and stderr.  died: by a signal
        of the test's."""
        if not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        while self.receive(limit):
            pass
        status = self.process.wait(patient(limit))
        err = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        addesh.check_end(0 if died else status, err)
        return status, err.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            if not self.process.stdout.closed:
                same(self.finish()[0], 0, "the server's status")
        elif self.process.poll() is None:
            self.process.kill()
            diag(self.process.communicate()[1].decode(errors="replace"))
