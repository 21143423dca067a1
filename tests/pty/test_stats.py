# SPDX-License-Identifier: MIT
"""stats --watch on a terminal: graphs that are drawn in place, and their end."""

import os
import re
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test
from terminal import Screen, Terminal

BARS = "[▁-█]"
GRAPH = r"^%s +" + BARS + "+  "


def home(kind="restricted"):
    return Home(options=engines.sandbox(kind))


def screen(h, commands, **size):
    s = Screen(h.argv("--no-history"), h.env, cwd=h.work, **size)
    try:
        s.wait_for("^addesh.*>$")
        for command in commands:
            s.type(command)
            s.keys("Enter")
            s.wait_for(re.escape(command) + "\n.*^addesh e1 @[^\n]*> *$")
    except BaseException:
        s.close()
        raise
    return s


def lines_of(s):
    return [line for line in s.capture() if line]


@test("graphs grow in place, and q leaves the last: %s",
      engines.SANDBOXES, beside=True)
def _(kind):
    with home(kind) as h, screen(h, [
            "env new python:3.11-slim",
            "exec -d python3 -c 'while True: pass'"]) as s:
        before = len(lines_of(s))
        s.type("stats -w -i 200ms")
        s.keys("Enter")
        s.wait_for(r"^CPU +%s{5,}  [0-9.]+%% of a core, [0-9.]+%% of 0.5$" %
                   BARS)
        text = "\n".join(s.capture())
        assert re.search(GRAPH % "memory" + r"[0-9.]+ .B, [0-9.]+%", text,
                         re.M), text
        assert re.search(GRAPH % "processes" + "[0-9]+ of 128", text,
                         re.M), text
        assert re.search("^network +it has no network$", text, re.M), text
        # four lines, however often they were drawn
        same(len(lines_of(s)), before + 4, text)
        s.type("x")    # any other key means nothing
        s.type("q")
        s.wait_for(r"^network[^\n]*\naddesh e1 @[^\n]*> *$")
        same(len(lines_of(s)), before + 5, s.capture())
        assert re.search(GRAPH % "CPU", "\n".join(s.capture()), re.M)


@test("another size, and Ctrl-C ends it", beside=True)
def _():
    with home() as h, screen(h, ["env new"], columns=120, rows=20) as s:
        s.type("stats --watch -i 100ms")
        s.keys("Enter")
        s.wait_for(r"^CPU +%s{3,}" % BARS)
        s.resize(20, 50)
        s.wait_for(r"^CPU +%s+  [^\n]{0,30}\nmemory[^\n]*\nprocesses[^\n]*\n"
                   r"network[^\n]*\Z" % BARS)
        assert all(len(line) <= 50 for line in s.capture()), s.capture()
        s.resize(3, 80)    # not all of it has room
        s.wait_for(r"^memory ")
        s.resize(24, 80)
        s.keys("C-c")
        s.wait_for(r"^addesh e1 @[a-z]+> *\Z")
        s.type("echo nothing hangs")
        s.keys("C-u")
        s.type("help true")
        s.keys("Enter")
        s.wait_for("^usage: true")


@test("so many readings end it, and typed keys are not lost", beside=True)
def _():
    with home() as h, Terminal(h.argv(), h.env, h.work) as t:
        t.expect("> ")
        t.line("env new")
        t.expect("addesh e1 @[a-z.]+> ")
        t.line("stats -w -n 3 -i 100ms")
        t.expect("addesh e1 @[a-z.]+> ")
        # drawn thrice, and once more to stay; the cursor goes up in between
        assert t.seen.count(b"\033[3A") == 3, t.seen
        t.line("quit")
        same(t.wait(), 0, "status")


@test("without a prompt q ends it, too, and the terminal is as it was")
def _():
    with home() as h, Terminal(h.argv("-c", "env new", "-c",
                                      "stats -w -i 100ms"),
                               h.env, h.work) as t:
        before = termios.tcgetattr(t.fd)
        t.expect("CPU +%s+  [0-9]" % BARS)
        assert termios.tcgetattr(t.fd) != before, "keys"
        t.send("q")
        same((t.wait(), termios.tcgetattr(t.fd)), (0, before), "end")


@test("%s: lines, and nothing is drawn", [
    ("for screen readers", "set accessible on", ""),
    ("to a file", "true", " > f")], beside=True)
def _(_, command, redirect):
    with home() as h, Terminal(h.argv(), h.env, h.work) as t:
        t.expect("> ")
        t.line(command)
        t.line("env new")
        t.expect("addesh e1 @[a-z.]+> ")
        at = len(t.seen)
        t.line("stats -w -n 2 -i 100ms" + redirect)
        t.expect("\n")
        t.expect("addesh e1 @[a-z.]+> ")
        said = t.seen[at:]
        assert b"\033[3A" not in said and b"\xe2\x96" not in said, said
        if redirect:
            with open(os.path.join(h.work, "f")) as f:
                said = f.read().encode()
        same(said.count(b"%"), 7, said)    # a title, and three in each line


main(beside=True)
