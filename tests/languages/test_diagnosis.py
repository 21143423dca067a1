# SPDX-License-Identifier: MIT
"""What is said of programs that fail: real ones in every language, those that
only write what such programs do, and whether what is suggested helps."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import addesh  # noqa: E402
import engines  # noqa: E402
from failures import CASES  # noqa: E402
from sandboxes import RESTRICTED, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

IMAGE = "langs:latest"
ROOM = "-m 512m --disk 512m --pids-limit 200"
# What can be typed while the others of a language go on in this environment.
HARMLESS = ("exec ", "help ", "jobs", "ls")
# About the same time each: they run side by side.
GROUPS = ["python shell ruby perl php lua c cpp", "typescript", "javascript r",
          "go rust java"]


def session(kind="docker", options=ROOM):
    if kind in RESTRICTED:
        return Session(kind, new="env new " + options)
    engines.load(kind, "langs")
    return Session(kind, new="env new %s %s" % (IMAGE, options))


def place(diagnosis):
    """FILE:LINE, as the cases have it."""
    line = ":%d" % diagnosis["line"] if "line" in diagnosis else ""
    return diagnosis["file"] + line if "file" in diagnosis else None


def found(r):
    d = r.get("diagnosis", {})
    return d.get("kind"), place(d), \
        d.get("suggestion", "").replace(IMAGE, "IMAGE") or None


def run_case(s, case):
    name, file, text, kind, at, suggestion = case[:6]
    more = case[6] if len(case) > 6 else {}
    for path, content in more.get("files", {}).items():
        s.run(path, content.rstrip("\n"))
    r = s.run(file, text.rstrip("\n"),
              options="-t %d" % more.get("limit", 120))
    assert r["status"] != "completed", r
    if found(r) != (kind, at, suggestion):
        diag(r.errs.decode(errors="replace"))
    same(found(r), (kind, at, suggestion), name)
    if suggestion and suggestion.startswith(HARMLESS):
        s.ok(suggestion)
    s.ok("exec rm -f /dev/shm/f")


@test("what is said of programs that fail: %s", GROUPS, deadline=300)
def _(languages):
    with session() as s:
        for language in languages.split():
            for case in CASES[language]:
                run_case(s, case)


main(beside=True)
