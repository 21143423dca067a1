# SPDX-License-Identifier: MIT
"""Each tool through addesh mcp, with success and with errors: its results as
its schema says, and errors that a model can repair from their text."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
import make_image  # noqa: E402
import schema  # noqa: E402
from mcp import Client  # noqa: E402
from sandboxes import SandboxHome  # noqa: E402
from tap import main, same, test  # noqa: E402

IMAGE = "python:3.11-slim"
TAG = "mcp-test-%d" % os.getpid()


class Agent(Client):
    """A client with a home; notes which tools succeeded and which failed."""

    def __init__(self, revision, kind="docker", **kw):
        self.home = SandboxHome(kind, **kw)
        self.good, self.bad, self.held = set(), set(), []
        # its own: tests run side by side
        self.tag = "%s-%s" % (TAG, os.urandom(4).hex())
        super().__init__(self.home, revision)

    def call(self, tool, limit=60, **arguments):
        found = super().call(tool, limit, **arguments)
        self.good.add(tool)
        return found

    def fails(self, tool, **arguments):
        text = super().fails(tool, **arguments)
        self.bad.add(tool)
        return text

    def env(self, **arguments):
        made = self.call("create_runtime_env", image=IMAGE, **arguments)
        self.held.append(made["container_id"])
        return made["container_id"]

    def write(self, name, text):
        path = os.path.join(self.home.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def build(self, text, tag):
        context = self.call("prepare_build_context", files={
            "Dockerfile": text})["context_id"]
        return self.result(self.start_call("build_image_from_context", {
            "context_id": context, "tag": tag}))

    def __exit__(self, kind, value, trace):
        try:
            super().__exit__(kind, value, trace)
        finally:
            for env in self.held:
                self.home.addesh("adde", "cleanup_env",
                                 json.dumps({"container_id": env}))
            self.home.addesh("adde", "delete_image", json.dumps({
                "image": "agent-env:" + self.tag, "force": True}))
            self.home.close()


def environments(a):
    env = a.env(env_vars={"A": "1"})
    log = a.call("execute_code_block", container_id=env, filename="a/b.py",
                 code_content="import os, sys\nprint(os.environ['A'])\n"
                 "sys.exit(3)\n")
    same((log["exit_code"], log["stdout"]), (3, "1\n"))
    same(a.call("get_container_logs", container_id=env[:12],
                tail_lines=1)["stdout"], "1\n")
    stats = a.call("get_stats", container_id=env)
    assert 0 < stats["memory_bytes"] < 256 << 20, stats
    assert stats["cpu_percent"] is not None and "env" not in stats, stats
    same(a.call("cleanup_env", container_id=env)["ok"], True)
    a.held.remove(env)
    for tool in ("get_container_logs", "get_stats", "cleanup_env"):
        text = a.fails(tool, container_id=env)
        assert env in text and "create_runtime_env" in text, text


def images(a, base):
    same(a.call("pull_image", image="%s/remote:latest" % engines.state(
        "docker")["registry"])["ok"], True)
    a.good.add("build_image_from_context")
    made = a.build("FROM %s\nLABEL n=1\n" % base, a.tag)
    same(made["structuredContent"]["status"], "success")
    a.write("d/Dockerfile", "FROM %s\nLABEL n=2\n" % base)
    same(a.call("build_image_from_path", path="d", tag=a.tag)["tag"],
         "agent-env:" + a.tag)
    same(len(a.call("list_agent_images", filter_tag=a.tag)["images"]), 1)
    # what is young stays: other tests may build now
    a.call("prune_build_cache", older_than_hrs=100000)
    assert a.call("delete_image", image="agent-env:" + a.tag)["deleted"]


@test("all tools succeed, as their schemas say: %s",
      ("2026-07-28", "2025-11-25"))
def _(revision):
    with Agent(revision) as a:
        environments(a)
        # Docker's own builder fails where a child of its base is removed just
        # while it looks for one that it could use again: so it has no others
        with engines.alone("remote"), make_image.made(
                "docker", "%s:base" % a.tag, {"n": a.tag}):
            images(a, a.tag + ":base")
        same(sorted(a.good), sorted(a.tools()))


@test
def a_build_that_fails_shows_where():
    with Agent("2026-07-28") as a:
        result = a.build("FROM busybox\nRUN echo seen; exit 7\n", a.tag)
        same(result["isError"], True)
        found = result["structuredContent"]
        schema.value(found, a.tools()["build_image_from_context"][
            "outputSchema"])
        same((found["status"], found["failed_layer"],
              found["build_log_summary"]),
             ("error", "step 2: RUN echo seen; exit 7", "seen\n"))


# tool, arguments, what its text must have: what is wrong, and what helps
ERRORS = [
    ("pull_image", {"image": ""}, ["image"]),
    ("pull_image", {"image": "No Such"}, ["No Such"]),
    ("create_runtime_env", {"image": "nosuch:1"}, ["nosuch:1"]),
    ("create_runtime_env", {"image": IMAGE, "port_bindings": {"80": "8080"}},
     ["port_bindings", '"network": true']),
    ("create_runtime_env", {"image": IMAGE, "network": True,
                            "port_bindings": {"80": "x"}},
     ["port_bindings", "'x'"]),
    ("create_runtime_env", {"image": IMAGE, "env_vars": {"A=B": "1"}},
     ["env_vars", "'A=B'"]),
    ("execute_code_block", {"container_id": "nosuch", "filename": "a.py",
                            "code_content": ""},
     ["nosuch", "create_runtime_env"]),
    ("execute_code_block", {"container_id": "ENV", "filename": "../a.py",
                            "code_content": ""}, ["filename", "/workspace"]),
    ("execute_code_block", {"container_id": "ENV", "filename": "a.zork",
                            "code_content": ""}, ["zork"]),
    ("get_container_logs", {"container_id": "ENV"}, ["execute_code_block"]),
    ("get_stats", {"container_id": "none"}, ["create_runtime_env"]),
    ("cleanup_env", {"container_id": " "}, ["container_id"]),
    ("prepare_build_context", {"files": {}}, ["files"]),
    ("prepare_build_context", {"files": {"a": 1}},
     ["files: 'a' must be a string, not integer"]),
    ("create_runtime_env", {"image": IMAGE, "dependencies": ["a", 1]},
     ["dependencies: item 2 must be a string, not integer"]),
    ("build_image_from_context", {"context_id": "none"},
     ["context_id", "none"]),
    ("build_image_from_path", {"path": "/none"}, ["path", "/none"]),
    ("build_image_from_path", {"path": "d", "tag": "a:b"}, ["tag", "a:b"]),
    ("list_agent_images", {"filter": "x"}, ["filter_tag"]),
    ("prune_build_cache", {"older_than_hrs": "1"},
     ["older_than_hrs", "integer"]),
    ("delete_image", {"image": "agent-env:nosuch"}, ["agent-env:nosuch"]),
]


@test("all tools fail with a text that helps: %s",
      ("2026-07-28", "2025-11-25"))
def _(revision):
    with Agent(revision) as a:
        env = a.env()
        a.write("d/Dockerfile", "FROM busybox\nLABEL n=%s-d\n" % a.tag)
        for tool, arguments, words in ERRORS:
            text = a.fails(tool, **{k: env if v == "ENV" else v
                                    for k, v in arguments.items()})
            assert all(w in text for w in words), (tool, arguments, text)
            assert ":  " not in text, "a command of the shell: " + text
        same(sorted(a.bad), sorted(a.tools()))


# what is wrong with a program: file, program, what the hint says
ADVICE = [
    ("a.py", "import nosuchmodule\n", '"dependencies": ["nosuchmodule"]'),
    ("a.py", "import urllib.request as r\nr.urlopen('http://a.example')\n",
     '"network": true'),
    ("a.py", "open('/etc/a', 'w')\n", "/workspace"),
    ("a.py", "while True: pass\n", "timeout_sec"),
    ("a.py", "print(len(bytearray(1 << 30)))\n", "less memory"),
    ("a.rb", "puts 1\n", "create_runtime_env with an image"),
]


@test
def what_helps_a_program_is_said_as_a_tool():
    with Agent("2026-07-28") as a:
        env = a.env()
        for file, code, words in ADVICE:
            log = a.call("execute_code_block", container_id=env,
                         filename=file, code_content=code,
                         timeout_sec=5 if "while" in code else 60)
            assert words in log["hint"], log
            assert "suggestion" not in log["diagnosis"], log
            same("limits" in log and "applied" in log["limits"], False)


main(beside=True)
