# SPDX-License-Identifier: MIT
"""The settings of the shell, on a terminal."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from addesh import Home                         # noqa: E402
from tap import main, same, test                # noqa: E402
from terminal import Terminal                   # noqa: E402


def start(home, settings, *args):
    path = home.write("settings.yaml", settings)
    return Terminal(home.argv("--config", path, *args), home.env, home.work)


def end(terminal):
    terminal.line("quit")
    same(terminal.wait(), 0)


def history(home):
    with open(home.path + "/state/addesh/history", encoding="utf-8") as f:
        return [json.loads(line)["text"] for line in f]


@test
def what_takes_long_rings_the_bell():
    with Home() as home, start(home, "shell: {long_running: 1ms}\n") as t:
        t.expect("^addesh> ")
        assert b"\a" not in t.seen, t.seen
        t.line("var | sleep 0.05")
        t.expect("^addesh> ")
        assert b"\a" in t.seen, t.seen
        end(t)


@test("history.redact: %s", [
    ("keep", ["var A_TOKEN=x", "var B=1"]),
    ("mask", ["var A_TOKEN=***", "var B=1"]),
    ("remove", ["var B=1"])])
def _(word, kept):
    with Home() as home, start(home, "history: {redact: %s}\n" % word) as t:
        t.expect("^addesh> ")
        for line in ("var A_TOKEN=x", "var B=1"):
            t.line(line)
            t.expect("^addesh> ")
        end(t)
        same(history(home)[:len(kept)], kept)


@test
def a_pipe_in_the_place_of_the_history_hangs_nobody():
    with Home() as home:
        path = home.dir("state/addesh") + "/history"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with start(home, "shell: {hints: false}\n") as t:
            t.expect("^addesh> ")
            t.line("var A=1")
            t.expect("^addesh> ")
            end(t)
        try:
            same(os.read(reader, 1), b"", "what was written to it")
        finally:
            os.close(reader)


@test
def long_lists_are_cut_for_people_only():
    text = "output: {row_limit: 2}\nshell: {init: [var A=1, var B=2, var C=3]}\n"
    with Home() as home, start(home, text) as t:
        t.expect("^addesh> ")
        t.line("var")
        t.expect("^B +2$")
        t.expect(r"^\(2 of 3 rows; all of them:  set row_limit 0\)$")
        t.line("var > all")
        t.expect("^addesh> ")
        end(t)
        with open(home.work + "/all", encoding="utf-8") as f:
            same(len(f.read().splitlines()), 4)


main()
