# SPDX-License-Identifier: MIT
"""addesh --complete, and the completions of other shells that call it."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from addesh import Home, source                 # noqa: E402
from tap import main, same, test                # noqa: E402


def candidates(home, line, *more):
    done = home.addesh("--complete", line, *more).is_ok()
    same(done.err, "")
    return [item.split("\t")[0] for item in done.out.splitlines()]


@test("of %r it makes %r", [
    ("env n", ["new"]), ("hel", ["help"]), ("env new --networ", ["--network"]),
    ("env new --network ", ["full", "none"]), ("--js", ["--json"]),
    ("--color ", ["always", "auto", "never"]), ("--color=al",
                                                ["--color=always"]),
    ("-q hel", ["help"]), ("-q env n", ["new"]), ("--color auto env n",
                                                  ["new"]),
    ("--policy sm", ["small"]), ("nothing like it", []), ("env new '", []),
    ("run <<X\nx", []), ("help --l", ["--list"])])
def _(line, wanted):
    with Home() as home:
        same(candidates(home, line), wanted)


@test
def each_has_its_description():
    with Home() as home:
        done = home.addesh("--complete", "env n").is_ok()
        same(done.out, "new\topen an environment and select it\n")


@test
def the_point_is_where_the_cursor_is():
    with Home() as home:
        same(candidates(home, "env n --name x", "--point", "5"), ["new"])


@test
def numbers_stand_in_their_order():
    with Home() as home:
        for tag in ("9", "11", "2"):
            home.write("v%s.addesh" % tag, "")
        same(candidates(home, "source v"),
             ["v2.addesh", "v9.addesh", "v11.addesh"])


@test
def files_come_where_a_file_can_stand():
    with Home() as home:
        home.write("lesson.addesh", "")
        same(candidates(home, "less"), ["lesson.addesh"])
        same(candidates(home, "source less"), ["lesson.addesh"])
        same(candidates(home, "--config less"), ["lesson.addesh"])


@test
def an_engine_that_is_silent_does_not_hold_it_up():
    import socket
    with Home() as home:
        path = home.path + "/silent"
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(5)
        took = []
        for _ in range(5):    # a busy machine is slow now and then
            began = time.monotonic()
            done = home.addesh("--engine", "unix://" + path, "--complete",
                               "env new ").is_ok()
            took.append(time.monotonic() - began)
            same(done.err, "")
        # 200 ms, and the start of a program
        assert min(took) < 3, took
        server.close()


BASH = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
IFS=' ' read -ra COMP_WORDS <<<"$2"
[[ $2 == *' ' ]] && COMP_WORDS+=("")
if [[ ${COMP_WORDS[-1]} == *=* ]]; then
	last=${COMP_WORDS[-1]}
	unset 'COMP_WORDS[-1]'
	COMP_WORDS+=("${last%%=*}" = "${last#*=}")
fi
COMP_WORDS[0]=$ADDESH
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_addesh
printf '%s\n' "${COMPREPLY[@]}"
"""


@test("bash completes %r by %r", [
    ("addesh env n", ["new"]), ("addesh --js", ["--json"]),
    ("addesh env new --network=n", ["none"]),
    ("addesh env new --network ", ["full", "none"])])
def _(line, wanted):
    script = os.path.join(source(), "share/completions/addesh.bash")
    with Home() as home:
        done = subprocess.run(
            ["bash", "--norc", "-c", BASH, "bash", script, line],
            env={**home.env, "ADDESH": home.argv()[0]}, cwd=home.work,
            capture_output=True, text=True, timeout=60)
        same(done.stderr, "")
        same(done.stdout.split(), wanted)


main()
