# SPDX-License-Identifier: MIT
"""The forms of set, policy show and policy check; what they mean is in
test_policy.py."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home
from tap import main, same, test

FILE = """tools:
  code_execution:
    timeout: 20
    max: {timeout: 60, network: none}
memory: {x: 1}
"""


def home():
    h = Home()
    h.config = h.write("addesh.yaml", FILE)
    return h


def run(h, *lines, options=()):
    args = list(options) + ["-k"]
    for line in lines:
        args += ["-c", line]
    return h.addesh(*args)


@test
def set_lists_what_is_not_at_its_default():
    with home() as h:
        done = run(h, "set").is_ok()
        same((done.out, done.err), ("", "every setting is at its default\n"))
        done = run(h, "set", options=["--config", h.config]).is_ok()
        same([line.split(None, 2) for line in done.out.splitlines()], [
            ["NAME", "VALUE", "SET BY" + " " * (len(h.config) - 4) +
             "  CEILING"],
            ["timeout", "20s", h.config + ":3  1m"],
            ["network", "none", "the default" + " " * (len(h.config) - 9) +
             "  none"],
            ["project.timeout", "1m", h.config + ":4  1m"],
            ["project.build_timeout", "1m", h.config + ":4  1m"]])


@test
def the_engine_can_be_changed_while_nothing_is_open_there():
    with home() as h:
        done = run(h, "set engine tcp://127.0.0.1:1", "images",
                   "set engine unix:///nonexistent", "images").is_status(125)
        lines = [l for l in done.err.splitlines() if l[0] != " "]
        same(len(lines), 2, done.err)
        assert "127.0.0.1:1" in lines[0], lines
        assert "/nonexistent" in lines[1], lines


@test
def set_as_json_has_the_number_and_the_text():
    with home() as h:
        done = h.addesh("--json", "--config", h.config, "-c",
                        "set --explain timeout").is_ok()
        same(json.loads(done.out)["result"]["setting"], {
            "name": "tools.code_execution.timeout", "value": 20000,
            "text": "20s", "where": h.config + ":3", "default": 30000,
            "ceiling": 60000})


@test
def policy_show_says_where_from_and_what_was_ignored():
    with home() as h:
        done = run(h, "policy show", options=["--config", h.config]).is_ok()
        assert "        timeout: 20s                    # %s:3\n" % h.config \
            in done.out, done.out
        assert "# not ours, ignored: memory (%s:5)\n" % h.config in done.out
        answer = json.loads(h.addesh("--json", "--config", h.config, "policy",
                                     "show").is_ok().out)["result"]
        same(len(answer["ignored"]), 1)
        names = [s["name"] for s in answer["settings"]]
        same(len(names), len(set(names)))
        assert "shell.prompt" in names


@test
def policy_check_works_beside_a_configuration_that_does_not():
    with home() as h:
        bad = h.write("bad.yaml", "tools: [\n")
        done = h.addesh("--config", bad, "policy", "check", h.config).is_ok()
        same(done.out, "# not ours, ignored: memory (%s:5)\n"
                       "tools.code_execution.timeout: 20s\n"
                       "tools.code_execution.max.timeout: 1m\n"
                       "tools.code_execution.max.network: none\n" % h.config)


main()
