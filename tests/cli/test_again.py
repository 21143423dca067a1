# SPDX-License-Identifier: MIT
"""Commands about earlier steps: rerun, and `time -n` of it."""

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
def a_step_is_given_again_with_its_heredoc():
    with SandboxHome("restricted") as home:
        done = shell(home, COUNTER + "rerun @2\nrerun @3\nhistory\n",
                     "--plain").is_ok()
        lines = done.out.splitlines()
        same(lines[:3], ["1 []", "2 []", "3 []"])
        same([l.split("\t")[0] for l in lines[3:]], ["@1", "@2", "@3", "@4"])


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


main()
