# SPDX-License-Identifier: MIT
"""Long texts on a terminal go through a pager, short ones do not."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import engines                                  # noqa: E402
from addesh import Home                         # noqa: E402
from tap import Skip, main, same, test                # noqa: E402
from terminal import Screen                     # noqa: E402

# Keeps the text, says what it got, and stays until somebody types a line.
PAGER = """#!/bin/sh
cat > '%s'
echo "pager: $# $*"
read line < /dev/tty
echo "typed: $line"
"""


def screen(home, rows=10, **env):
    with open(home.dir("config/addesh") + "/addesh.yaml", "w") as f:
        f.write("tools: {code_execution: {sandbox: restricted}}\n"
                "shell: {hints: false, suggestions: false}\n")
    base = {name: value for name, value in home.env.items()
            if name not in ("PAGER", "ADDESH_PAGER", "LESS")}
    s = Screen(home.argv(), {**base, **env}, cwd=home.work, rows=rows)
    s.wait_for("^addesh>$")
    return s


def own_pager(home):
    path = home.write("pager", PAGER % (home.work + "/text"))
    os.chmod(path, 0o755)
    return path


def enter(s, line):
    s.type(line)
    s.keys("Enter")


@test
def less_says_how_to_go_on_and_ends_at_q():
    if not shutil.which("less"):
        raise Skip("less is not installed")
    with Home() as home, screen(home) as s:
        enter(s, "help")
        s.wait_for("\\ACommands .*^--more-- Space goes on, q ends$")
        s.keys("Space")
        s.wait_for("\\A(?!Commands)  .*^--more-- Space")
        s.keys("G")
        s.wait_for("^  var .*^\\(end\\) Space goes on, q ends$")
        s.keys("q")
        # the text stays, and the status is not the pager's
        s.wait_for("^  var .*\naddesh>$")
        enter(s, "var A=1; var")
        s.wait_for("^A +1\naddesh>$")


@test
def the_users_own_pager_gets_the_whole_text():
    with Home() as home:
        pager = own_pager(home)
        with screen(home, PAGER="false", ADDESH_PAGER=pager + " -a b") as s:
            enter(s, "help")
            s.wait_for("^pager: 2 -a b$")
            enter(s, "seen")
            s.wait_for("^typed: seen\naddesh>$")
        with open(home.work + "/text") as f:
            same(f.read(), home.addesh("help").is_ok().out)


@test
def a_long_log_goes_through_it_and_colours_stay():
    engines.sandbox("restricted")    # or skips
    with Home() as home:
        env = {"PAGER": own_pager(home)}
        with screen(home, **env) as s:
            enter(s, "env new")
            s.wait_for("ready.*^addesh e1>$")
            enter(s, "run a.py <<< 'for i in range(99): "
                     "print(f\"\\x1b[31mline\\x1b[m {i}\\x1b]0;t\\7\")'")
            s.wait_for("^line 98.*exit 0 in .*^addesh e1>$")
            enter(s, "logs 2")
            s.wait_for("logs 2\nline 97.*\nline 98.*\naddesh e1>$")
            enter(s, "logs")
            s.wait_for("^pager: 0$")
            enter(s, "seen")
            s.wait_for("^typed: seen\naddesh e1>$")
        with open(home.work + "/text") as f:
            lines = f.read().splitlines()
    same((len(lines), lines[98]), (99, "\x1b[31mline\x1b[m 98^[]0;t^G"))


@test
def what_fits_needs_none():
    with Home() as home:
        with screen(home, PAGER=own_pager(home)) as s:
            enter(s, "help nothing; var A=1; var")
            s.wait_for("^NAME +VALUE\nA +1\naddesh>$")
            enter(s, "help > list")
            s.wait_for("list\naddesh>$")
            assert not os.path.exists(home.work + "/text")
        with screen(home, rows=120, PAGER=own_pager(home)) as s:
            enter(s, "help")
            s.wait_for("^  var .*\naddesh>$")
            assert not os.path.exists(home.work + "/text")


@test("the text is shown without a pager: %s", [
    "no-such-pager", "", "cat"])
def _(pager):
    with Home() as home, screen(home, PAGER=pager) as s:
        enter(s, "help")
        s.wait_for("^  true .*\n  var .*\naddesh>$")


@test
def ctrl_c_ends_a_pager_that_does_not_take_it():
    with Home() as home, screen(home, PAGER=own_pager(home)) as s:
        enter(s, "help")
        s.wait_for("^pager: 0$")
        s.keys("C-c")
        s.wait_for("^addesh>$")
        enter(s, "var A=1; var")
        s.wait_for("^A +1\naddesh>$")


main()
