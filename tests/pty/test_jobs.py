# SPDX-License-Identifier: MIT
"""Jobs in the background, as who sits at the prompt is told of them."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test
from terminal import NotSeen, Terminal

# Ends when it is told to, in /workspace of its environment.
UNTIL_GO = "sh -c 'until [ -e go ]; do sleep 0.01; done; exit 3'"
PROMPT = "^addesh %s( @[a-z.]+)?( \\[[0-9]+\\])?> "
WOULD_END = "job in e1 would end with the shell\n +to end it all the same: " \
    "once more +to let jobs go on:  env keep\n"


class Shell(Terminal):
    def __init__(self, home, *args):
        super().__init__(home.argv(*args), home.env, home.work)
        self.env = "e1"

    def do(self, line):
        """What it says until the next prompt."""
        at = self.at
        self.line(line)
        self.expect("\n")
        self.expect(PROMPT % self.env)
        return self.text()[at:self.at]

    def opened(self, line):
        self.expect("^addesh(?= |>)")
        self.expect("> ")
        return self.do(line)


def tab(t, pattern):
    """Tab twice, and again where a busy machine took longer than Tab waits."""
    for _ in range(4):
        t.send("\t\t")
        try:
            return t.expect(pattern, limit=6)
        except NotSeen:
            pass
    t.send("\t\t")
    return t.expect(pattern, limit=6)


def home_of(sandbox):
    return Home(options=engines.sandbox(sandbox))


@test("that a job has ended is told before the next prompt, once: %s",
      engines.SANDBOXES, beside=True)
def _(sandbox):
    with home_of(sandbox) as home, Shell(home) as t:
        t.opened("env new python:3.11-slim")
        t.do("exec -d " + UNTIL_GO)
        said = t.do("exec sh -c 'touch go; sleep 0.5'")
        while "has ended" not in said:    # a busy machine
            said = t.do("true")
        assert "\njob 1 has ended: exit 3 in " in said, said
        assert UNTIL_GO + "\n" in said, said
        assert "has ended" not in t.do("true")
        assert "exit 3 in " in t.do("wait")
        # whoever has seen it is not told
        t.do("exec -d " + UNTIL_GO)
        assert "exit 3 in " in t.do("wait 2")
        assert "has ended" not in t.do("true")
        t.line("quit")
        same(t.wait(), 0)


@test("of another environment, by its name, and not with -q: %s", ("docker",),
      beside=True)
def _(sandbox):
    for options in (), ("-q",):
        with home_of(sandbox) as home, Shell(home, *options) as t:
            t.opened("env new python:3.11-slim")
            t.do("exec -d " + UNTIL_GO)
            t.env = "e2"
            t.do("env new python:3.11-slim")
            said = t.do("exec --in e1 touch go")
            said += t.do("exec --in e1 sleep 0.5") + t.do("true")
            while not options and "has ended" not in said:
                said += t.do("true")
            same("job 1 of e1 has ended: exit 3" in said, not options, said)
            t.line("quit")
            same(t.wait(), 0)


@test("whoever quits while jobs run is warned once: %s", engines.SANDBOXES,
      beside=True)
def _(sandbox):
    with home_of(sandbox) as home, Shell(home) as t:
        t.opened("env new python:3.11-slim")
        t.do("exec -d sleep 1000")
        t.send("\x04")
        t.expect("^addesh: 1 " + WOULD_END)
        t.expect(PROMPT % "e1")
        # what comes between begins it anew
        t.do("true")
        t.line("quit 7")
        t.expect("^addesh: quit: 1 " + WOULD_END)
        t.expect(PROMPT % "e1")
        t.line("quit 7")
        same(t.wait(), 7)
    with home_of(sandbox) as home, Shell(home) as t:
        t.opened("env new python:3.11-slim")
        t.do("exec -d sleep 1000")
        t.send("\x04")
        t.expect("^addesh: 1 " + WOULD_END)
        t.expect(PROMPT % "e1")
        t.send("\x04")
        same(t.wait(), 0)
    # what has ended, or ends the shell at once, is no reason to ask
    with home_of(sandbox) as home, Shell(home) as t:
        t.opened("env new python:3.11-slim")
        t.do("exec -d true")
        while "running" in t.do("jobs"):
            pass
        t.line("quit")
        same(t.wait(), 0)
    home_of(sandbox).addesh("-c", "env new python:3.11-slim",
                            "-c", "exec -d sleep 1000", "-c", "quit").is_ok()


@test("jobs of what is kept go on, and who comes back is told: %s",
      engines.SANDBOXES, beside=True)
def _(sandbox):
    with home_of(sandbox) as home:
        with Shell(home, "-s", "lesson") as t:
            t.opened("env new python:3.11-slim")
            t.do("exec -d " + UNTIL_GO)
            t.do("exec -d sleep 1000")
            t.do("exec -d true")
            t.do("wait 3")
            t.line("quit")
            t.expect("^2 jobs go on in e1\n")
            same(t.wait(), 0)
        home.addesh("-s", "lesson", "exec", "touch", "go").is_ok()
        while home.addesh("-s", "lesson", "jobs").out.count("running") > 1:
            pass
        with Shell(home, "-s", "lesson") as t:
            t.expect("^session lesson: .*, in e1, jobs in e1: 1 running, "
                     "1 ended\r?$")
            assert "exit 3 in " in t.opened("wait 1")
            said = t.do("kill -s KILL 2")
            while "has ended" not in said:
                said = t.do("true")
            assert "job 2 has ended: killed (KILL) in " in said, said
            t.do("wait")
            t.line("quit")
            same(t.wait(), 0)
        home.addesh("session", "rm", "lesson").is_ok()


@test("two shells in one environment tell their own jobs' ends: %s",
      engines.SANDBOXES, beside=True)
def _(sandbox):
    with home_of(sandbox) as home, Shell(home, "-s", "lesson") as a, \
            Shell(home, "-s", "lesson") as b:
        try:
            a.opened("env new python:3.11-slim")
            a.do("exec -d " + UNTIL_GO)
            b.env = "e1"
            b.opened("env use e1")
            said = b.do("exec -d sleep 1000")
            assert "job 2 started" in said, said
            assert " 1 running " in " ".join(b.do("jobs").split())
            b.do("exec sh -c 'touch go; sleep 0.5'")
            # a is not connected now, which Tab changes where that is quick
            if sandbox != "podman":
                a.send("wait ")
                tab(a, "1 .*2 .*> wait ")
                a.send("\x15")
            said = a.do("true")
            while "has ended" not in said:
                said = a.do("exec true")
            assert "job 1 has ended: exit 3" in said, said
            same(a.do("jobs").count("sleep 1000"), 1, a.text()[-1500:])
        finally:
            for t in a, b:
                t.line("quit")
                t.wait()
            home.addesh("session", "rm", "lesson").is_ok()


main()
