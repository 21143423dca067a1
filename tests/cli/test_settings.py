# SPDX-License-Identifier: MIT
"""set, policy show and policy check; nothing here opens an environment."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home, source
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
        done = run(h, "set", options=["--config", h.config, "--plain"])
        same(done.is_ok().out,
             "timeout\t20s\t%s:3\t1m\n"
             "network\tnone\tthe default\tnone\n" % h.config)


@test
def set_shows_and_changes_one():
    with home() as h:
        done = run(h, "set timeout", "set timeout 90", "set timeout",
                   "set tools.code_execution.timeout 2m", "set",
                   options=["--plain"]).is_ok()
        same(done.out, "30s\n90s\ntimeout\t2m\t`set`\t\n")
        same(done.err, "")


@test
def set_stays_below_the_ceilings():
    with home() as h:
        done = run(h, "set timeout 61", "set network full", "set timeout 60",
                   "set timeout", options=["--config", h.config])
        same(done.is_status(125).out, "1m\n")
        same(done.err.splitlines(), [
            "addesh: set: timeout: 61s is above the ceiling of 1m (%s:4)"
            % h.config,
            "addesh: set: network: full is above the ceiling of none (%s:4)"
            % h.config])


@test
def set_refuses_wrong_names_and_values():
    with home() as h:
        done = run(h, "set timeot 3", "set timeout soon", "set sandbox box",
                   "set cpu_limit lots", "set timeout 1 2", "set --explain",
                   "set timeout").is_status(2)
        same(done.out, "30s\n")
        same(done.err.splitlines(), [
            "addesh: set: no setting is named \"timeot\"",
            "  the nearest is timeout",
            "addesh: set: timeout: must be a time such as 30s, 500ms or 5m, "
            "not \"soon\"",
            "addesh: set: sandbox: must be auto, docker, restricted or "
            "disabled, not \"box\"",
            "addesh: set: cpu_limit: must be a number such as 0.5, not "
            "\"lots\"",
            "addesh: set: '2' is one word too many",
            "  usage: set [--explain] [NAME] [VALUE]",
            "addesh: set: --explain takes the name of one setting"])


@test
def set_explains_who_said_what():
    with home() as h:
        done = run(h, "set timeout 25", "set --explain timeout",
                   options=["--config", h.config]).is_ok()
        same(done.out.splitlines(), [
            "tools.code_execution.timeout: 25s",
            "  set by   `set`",
            "  besides  20s (%s:3)" % h.config,
            "  besides  30s (the default)",
            "  ceiling  1m (%s:4)" % h.config,
            "  what     time limit of a run"])


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
def execution_that_is_switched_off_says_where():
    with home() as h:
        done = run(h, "set enabled false", "env new").is_status(125)
        same(done.err.splitlines()[0],
             "addesh: env new: running code is disabled: "
             "tools.code_execution.enabled is false (`set`)")


@test
def policy_show_can_be_read_again():
    with home() as h:
        done = run(h, "policy show > shown.yaml",
                   options=["--config", h.config]).is_ok()
        shown = h.work + "/shown.yaml"
        again = run(h, "set", "policy show",
                    options=["--plain", "--config", shown]).is_ok()
        assert again.out.startswith("timeout\t20s\t%s:" % shown), again.out
        assert "max:" in again.out and "memory" not in \
            [l.split(":")[0] for l in again.out.splitlines()]
        same(done.err, "")


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
def policy_check_says_what_is_wrong():
    with home() as h:
        bad = h.write("bad.yaml", "tools:\n  code_execution:\n"
                                  "    timout: 3\n    memory_limit: lots\n")
        done = h.addesh("policy", "check", bad).is_status(125)
        same((done.out, done.err.splitlines()), ("", [
            "addesh: policy check: %s:3:5: tools.code_execution.timout: "
            "unknown key; the nearest is timeout" % bad,
            "  %s:4:19: tools.code_execution.memory_limit: must be a size "
            "such as 256m or 1g, not \"lots\"" % bad]))
        done = h.addesh("policy", "check", "nope.yaml").is_status(125)
        same(done.err, "addesh: policy check: nope.yaml: "
                       "No such file or directory\n")


@test
def policy_check_works_beside_a_configuration_that_does_not():
    with home() as h:
        bad = h.write("bad.yaml", "tools: [\n")
        done = h.addesh("--config", bad, "policy", "check", h.config).is_ok()
        same(done.out, "# not ours, ignored: memory (%s:5)\n"
                       "tools.code_execution.timeout: 20s\n"
                       "tools.code_execution.max.timeout: 1m\n"
                       "tools.code_execution.max.network: none\n" % h.config)


@test
def a_file_of_agent_assistant_is_accepted_as_it_is():
    with home() as h:
        path = os.path.join(source(), "tests", "data", "agent-assistant.yaml")
        h.addesh("policy", "check", path).is_ok()


main()
