# SPDX-License-Identifier: MIT
"""Commands about earlier steps: rerun, `time -n` of it, diff, and expect."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402


def shell(home, text, *options):
    return home.addesh("-k", *options, stdin=text.encode())


COUNTER = """env new
run count.py <<EOF
import sys
with open("n", "a+") as f:
    f.write("x")
    f.seek(0)
    print(len(f.read()), sys.argv[1:])
EOF
"""


@test
def every_kind_of_heredoc_and_of_end():
    with SandboxHome("restricted") as home:
        for opening, body in (("<<EOF", "print(1)\nEOF"), ("<<'E F'", "E F"),
                              ("<<~X", "  print(2)\n  X"),
                              ("<<-X", "\tprint(3)\n\tX"),
                              ("<<< 'print(4)'", "")):
            done = shell(home, "env new\nrun a.py %s\n%s\nrerun @2\n"
                         % (opening, body)).is_ok()
            lines = done.out.splitlines()
            same(lines[:len(lines) // 2], lines[len(lines) // 2:], opening)


@test
def its_status_is_that_of_the_command():
    with SandboxHome("restricted") as home:
        done = home.addesh("-k", "-c", "env new",
                           "-c", "run a.py <<< 'raise SystemExit(3)' || true",
                           "-c", "rerun @2")
        done.is_status(3)
        assert done.err.count("exit 3 in ") == 2, done


@test
def what_cannot_be_given_again():
    with SandboxHome("restricted") as home:
        big = "run a.py <<EOF\n%sEOF\n" % ("# a comment\n" * 30000)
        done = shell(home, "env new\nrun -e A_TOKEN=1 b.py <<< 'print(1)'\n"
                     + big + "rerun @2\nrerun @3\nrerun @9\nrerun 2\n"
                     "rerun @0\nrerun\n")
        done.is_status(2)
        for text in ("rerun: @2 holds a secret", "rerun: @3: its heredoc was "
                     "too long", "rerun: there is no step @9",
                     "rerun: '2' is not a step", "steps count from 1",
                     "usage: rerun"):
            assert text in done.err, (text, done)


@test
def time_n_says_what_most_runs_take():
    with SandboxHome("restricted") as home:
        done = shell(home, COUNTER + "time -n 5 rerun @2\nexec python3 count.py z\n"
                     "time -n 2 true\n").is_ok()
        same(done.out, "1 []\n7 ['z']\n")
        number = r"(\d+\.\d\dms|[\d.]+s)"
        row = "  ".join(["%s " + number] * 3) % ("min", "median", "max")
        assert re.search("^time    " + row + "\nmemory  min .*MB  median .*MB"
                         "  max .*MB\ntime    " + row + "\n\\Z", done.err,
                         re.M), done


@test
def the_first_failure_is_the_last():
    with SandboxHome("restricted") as home:
        done = shell(home, "env new\nrun f.py <<EOF\nimport os, sys\n"
                     "os.mkdir('d')\nEOF\nrun g.py <<EOF\nimport os\n"
                     "os.rmdir('d')\nEOF\ntime -n 3 rerun @2\n")
        done.is_status(1)
        assert "time: number 2 of 3 ended with status 1" in done.err, done
        done = home.addesh("--json", "-c", "time -n 3 true")
        same(len(done.is_ok().out.splitlines()), 3)


# ---- diff ----

@test
def two_outputs_are_compared():
    with SandboxHome("restricted") as home:
        done = shell(home, COUNTER + "rerun @2\ndiff @2 @3\ndiff @2\n"
                     "diff @2 @2\ndiff @2 @3 --stderr\n", "--plain")
        done.is_status(1)
        assert "- 1 []\n" in done.out and "+ 2 []\n" in done.out, done
        same(done.out.count("stdout of @2 and @3:"), 2)
        home.addesh("-c", COUNTER + "diff @2 @2\n").is_ok()
        # what looks like an expectation is none
        text = "run a.py <<< 'print(\"...\\n[..] (re)\")'\n"
        done = shell(home, "env new\n" + text +
                     "run a.py <<< 'print(\"a\\nb\")'\ndiff @2 @3\n")
        done.is_status(1)
        got = json.loads(home.addesh(
            "--json", "-c", "env new\n" + text + "diff @2 @2")
            .is_ok().out.splitlines()[-1])
        same(got["result"], {"stdout_differs": False,
                             "stderr_differs": False})


@test
def what_cannot_be_compared():
    with SandboxHome("restricted") as home:
        for words in ("diff", "diff 1", "diff @0", "diff @9 @1",
                      "diff @1 @2 @3", "diff @1 @x"):
            done = home.addesh("-c", "true", "-c", words).is_status(2)
            assert "addesh: diff: " in done.err, done


# ---- expect ----

PROGRAM = """env new
run a.py <<EOF
import sys
print("3 passed")
print("none left", file=sys.stderr)
sys.exit(%d)
EOF
"""

MET = ["exit 3", "status failed", "stdout ~ '^[0-9]+ passed$'",
       "stdout !~ '[4-9]'", "stdout = '3 passed'", "stdout != 3",
       "stderr ~ left", "stderr = 'none left'", "duration < 60s",
       "duration >= 0.001", "memory < 256m", "memory > 100k"]
NOT_MET = [("exit 0", "3"), ("status completed", "failed"),
           ("signal KILL", "none"), ("stdout ~ '^passed'", "3 passed"),
           ("stdout = 3", "3 passed"), ("stderr !~ left", "none left"),
           ("duration > 60s", "ms"), ("memory <= 100k", "MB")]


@test
def what_is_met_takes_a_failure_up():
    with SandboxHome("restricted") as home:
        for each in MET:
            done = home.addesh("-c", PROGRAM % 3 + "expect " + each +
                               "\nvar A=1", "-c", "expect exit 0").is_ok()
            assert "expect" not in done.err, (each, done)
        # the next command may stand anywhere
        text = PROGRAM % 3
        for end in ("expect exit 3; expect exit 3\n",
                    "\n# a comment\n\nexpect exit 3",
                    "expect exit 3 && var B=2\n"):
            home.script(text + end).is_ok()
        home.addesh("-c", text, "-c", "expect exit 3").is_ok()


@test
def what_is_not_met_is_said_with_what_there_is():
    with SandboxHome("restricted") as home:
        for each, found in NOT_MET:
            done = home.addesh("-k", "-c", PROGRAM % 3 + "expect exit 3\n" +
                               "expect " + each)
            done.is_status(1)
            assert "expect: not met: " + each.replace("'", "") in done.err, (
                each, done)
            told = done.err.split("  it is: ")[1]
            assert found in told, (each, done)
        got = home.addesh("--json", "-k", "-c", PROGRAM % 3 +
                          "expect exit 4").is_status(1)
        assert '"result":{"met":false,"found":"3"}' in got.out, got


@test
def a_failure_that_nothing_takes_up_is_one():
    with SandboxHome("restricted") as home:
        for end in ("", "true\nexpect exit 0", "true; expect exit 3",
                    "'no end"):
            done = home.script(PROGRAM % 3 + end)
            done.is_status(3)
            assert "ends it here (-k goes on)" in done.err, (end, done)
        home.script(PROGRAM % 0 + "expect exit 0\nquit 4\n").is_status(4)


@test
def expectations_that_are_none():
    with SandboxHome("restricted") as home:
        for each in ("exit", "exit x", "exit 256", "signal FOO", "nothing 1",
                     "stdout", "stdout ~", "stdout ? a", "stdout ~ '('",
                     "stdout ~ '(a)\\1'", "duration < soon",
                     "duration = 1s", "duration << 1s", "memory",
                     "memory < -1", "memory > 1 2", "stdout ~ " + 1025 * "a"):
            done = home.addesh("-c", PROGRAM % 0 + "expect " + each)
            assert done.status == 2 and "addesh: " in done.err, (each, done)
        home.addesh("expect", "stdout", "~", "a").is_status(2)
        home.addesh("-c", "true", "-c", "expect memory < 1g").is_status(2)


@test
def no_expression_takes_long():
    with SandboxHome("restricted") as home:
        home.addesh("-c", "env new", "-c", "run a.py <<< "
                    "'print(\"a\" * 60000)'",
                    "-c", "expect stdout ~ '((a|aa)*(a|aa)*)*b'",
                    timeout=60).is_status(1)


main()
