# SPDX-License-Identifier: MIT
"""Runs engine_tool for the tests of this directory."""

import os
import subprocess
import tempfile

TOOL = os.path.join(os.environ.get("ADDESH_BUILD", "."),
                    "tests/engine/engine_tool")


class Result:
    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err
        # The first line is KIND CODE MESSAGE, the others are the hint.
        lines = err.decode(errors="replace").split("\n")
        parts = lines[0].split(" ", 2)
        self.kind = parts[0]
        self.code = int(parts[1]) if len(parts) == 3 and \
            parts[1].isdigit() else None
        self.message = parts[-1]
        self.hint = [line for line in lines[1:] if line]


def environment(**more):
    """A clean one: nothing of the user's own client configuration."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin",
           "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return env


def start(url, *args, deadline=10000, env=None, **how):
    argv = [TOOL, "-d", str(deadline)]
    argv += ["-e", url] if url else []
    return subprocess.Popen(argv + list(args), env=env or environment(),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **how)


def finish(process, data=b""):
    out, err = process.communicate(data, timeout=120)
    return Result(process.returncode, out, err)


def tool(url, *args, data=b"", **how):
    """Deadlines are long unless a test is about them."""
    return finish(start(url, *args, **how), data)


def scratch():
    return tempfile.TemporaryDirectory(prefix="addesh-engine-")
