# SPDX-License-Identifier: MIT
"""When a setting counts that is changed while environments are open."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test


def run(home, *lines):
    args = ["--json", "-k"]
    for line in lines:
        args += ["-c", line]
    return home.addesh(*args).objects()


@test("limits count for what is opened afterwards: %s", engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        done = h.addesh("-c", "set pids_limit 60", "-c", "env new",
                        "-c", "set pids_limit 50").is_ok()
        same(done.err.splitlines()[-1], "pids_limit counts for environments "
                                        "that are opened from now on")
        infos = [
            {l["name"]: l["value"] for l in a["result"]["limits"]}["pids"]
            for a in run(h, "set pids_limit 60", "env new",
                         "set pids_limit 50", "env info", "env new",
                         "env info") if a["cmd"] == "env info"]
        same(infos, ["60", "50"])


@test("the time limit counts for the next run: %s", engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        answers = run(h, "env new", "set timeout 300ms", "exec sleep 20",
                      "set timeout 20", "exec sleep 0.5")
        same([a["status"] for a in answers], [0, 0, 124, 0, 0])
        assert "300ms" in answers[2]["result"]["message"], answers[2]


@test("an option of a command counts above what was set: %s",
      engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        answers = run(h, "set network full", "set pids_limit 60",
                      "set timeout 20", "env new --network none "
                      "--pids-limit 50", "env info",
                      "exec -t 300ms sleep 20")
        limits = {l["name"]: l["value"]
                  for l in answers[4]["result"]["limits"]}
        same((limits["network"], limits["pids"]), ("none", "50"))
        same(answers[5]["status"], 124)
        assert "300ms (-t)" in answers[5]["result"]["message"], answers[5]


@test("the engine stays while something is open there: %s", engines.KINDS)
def _(kind):
    with Home(options=engines.sandbox(kind)) as h:
        answers = run(h, "env new", "set engine unix:///nonexistent",
                      "exec true", "env rm --all",
                      "set engine unix:///nonexistent", "images")
        same([a["status"] for a in answers], [0, 2, 0, 0, 0, 125])
        same((answers[1]["error"]["message"], answers[1]["error"]["hint"]),
             ("environment e1 is open on the engine",
              "close those there first:  env rm --all"))


@test("env info has words for people and names for programs: %s",
      engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        new = ["-c", "env new python:3.11-slim --name box -m 64m", "-c",
               "env info"]
        text = h.addesh("-q", *new).is_ok().out.splitlines()
        plain = h.addesh("-q", "--plain", *new).is_ok().out.splitlines()
        names = [line.split("\t")[0] for line in plain]
    same(text[:2], ["name              box",
                    "image             python:3.11-slim"])
    at = text.index("LIMIT                   READ BACK")
    assert re.fullmatch(r"memory +\d+ MB \(64 MB for programs, \d+ MB for "
                        r"files\)", text[at + 1]), text
    same([line[:24].strip() for line in text[at + 2:at + 5]],
         ["swap", "CPUs", "processes"])
    same([line for line in text if "_" in line.split("  ")[0] or
          "space:" in line], [], "names that nobody explained")
    same(names[:2], ["name", "image"])
    same({"memory", "pids", "cpu", "space:/workspace", "no_new_privs"} -
         set(names), set())


main()
