# SPDX-License-Identifier: MIT
"""When a setting counts that is changed while environments are open."""

import json
import os
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
    return [json.loads(l) for l in home.addesh(*args).out.splitlines()]


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


main()
