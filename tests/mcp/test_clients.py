# SPDX-License-Identifier: MIT
"""addesh mcp with the clients of npm: a session as an agent has it."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import npm  # noqa: E402
import schema  # noqa: E402
from sandboxes import SandboxHome  # noqa: E402
from tap import diag, main, patient, same, test  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE = "python:3.11-slim"


def session(kind, package):
    """What tests/mcp/client.cjs says of its session."""
    directory = npm.install(*schema.PACKAGES)
    with SandboxHome(kind) as home:
        done = subprocess.run(
            [npm.node(20), os.path.join(HERE, "client.cjs"), directory,
             package, IMAGE, *home.argv("mcp")],
            env={**home.env, "LIMIT": str(patient(60))}, cwd=home.work,
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=patient(160))
    err = done.stderr.decode(errors="replace")
    if done.returncode:
        diag(err)
        raise AssertionError("the client ended with %d" % done.returncode)
    return json.loads(done.stdout), err


def log(result):
    same(result.get("isError", False), False, result)
    same(json.loads(result["content"][0]["text"]),
         result["structuredContent"])
    return result["structuredContent"]


@test("%s: %s", [("docker", "sdk"), ("docker", "client"),
                 ("podman", "client"), ("restricted-root", "sdk")])
def _(kind, package):
    said, err = session(kind, package)
    same(said["errors"], [])
    same(said["version"], {"sdk": "legacy", "client": "2026-07-28"}[package])
    same((said["server"]["name"], len(said["tools"])), ("addesh", 12))
    assert "create_runtime_env" in said["instructions"]
    if "ok" not in said:
        raise AssertionError(json.dumps(said["made"]) + err)
    ran = log(said["ok"])
    same((ran["exit_code"], ran["stdout"], ran["stderr"]),
         (3, "caf\u00e9\n", ""))
    same(said["wrong"]["isError"], True)
    assert "nosuch" in said["wrong"]["content"][0]["text"], said["wrong"]

    same(log(said["slow"])["exit_code"], 0)
    told = [p["progress"] for p in said["progress"]]
    assert len(told) >= 2 and told == sorted(set(told)), said["progress"]
    assert all(p["message"] for p in said["progress"])

    same(said["cancelled"], "rejected")
    same(log(said["after"])["stdout"], "next\n")
    # 30 s is the time limit of the program that was cancelled
    assert said["after_ms"] < patient(20) * 1000, said["after_ms"]
    same(log(said["logs"])["stdout"], "next\n")
    same(log(said["cleanup"])["ok"], True)


main()
