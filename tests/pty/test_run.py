# SPDX-License-Identifier: MIT
"""Programs at the prompt: what is shown of them, and Ctrl-C."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import engines                                  # noqa: E402
from addesh import Home                         # noqa: E402
from tap import main, patient, same, test       # noqa: E402
from terminal import Screen, Terminal           # noqa: E402


def home_of(env=None):
    engines.sandbox("restricted")    # or skips
    home = Home(env)
    with open(home.dir("config/addesh") + "/addesh.yaml", "w") as f:
        f.write("tools: {code_execution: {sandbox: restricted}}\n"
                "shell: {hints: false, suggestions: false}\n")
    return home


def opened(home):
    """A terminal with an environment."""
    t = Terminal(home.argv(), home.env, home.work)
    t.expect("^addesh> ")
    t.line("env new")
    t.expect("^env e1 .* ready in ")
    t.expect("^addesh e1> ")
    return t


def ends(t):
    t.line("quit")
    same(t.wait(), 0)


@test
def the_prompt_tells_environment_and_status():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'import sys; print(1); sys.exit(3)'")
        t.expect("^1\nexit 3 in .*\n")
        t.expect("^addesh e1 \\[3\\]> ")
        t.line("env new --name other")
        t.expect("^addesh other> ")
        t.line("env use e1")
        t.expect("^addesh e1> ")
        t.line("env rm e1")
        t.expect("^addesh(> | other> )")
        ends(t)


@test
def what_is_said_of_tests_begins_a_line():
    with home_of() as home, opened(home) as t:
        for fd in "12":
            t.line("test --command 'printf half >&%s; false'" % fd)
            t.expect("\nhalf\nfailed in .*\\(command\\)\n")
        ends(t)


@test
def doctor_breaks_its_lines_between_words():
    with home_of() as home, Terminal(
            home.argv("--no-history"), {**home.env, "PAGER": "cat"},
            home.work, columns=60) as t:
        t.expect("^addesh> ")
        t.line("doctor")
        lines = t.expect("(^ok +system.*)^addesh( .*)?> ").group(1).split("\n")
        said = [line for line in lines if line[:1] not in ("", " ")]
        assert len(said) > 5, lines
        # a path has no place to be broken at
        same([line for line in said
              if len(line) > 60 and " " in line[23:]], [])
        assert any(line[:23] == 23 * " " and line[23] != " "
                   for line in lines), lines
        ends(t)


@test
def stderr_is_marked_where_there_is_no_colour():
    with home_of({"NO_COLOR": "1"}) as home, opened(home) as t:
        t.line("run a.py <<<'import os; os.write(1, b\"out\\n\"); "
               "os.write(2, b\"err\\nmore\\n\")'")
        t.expect("^! err\n! more\n")
        ends(t)
        assert "\nout\n" in t.text()
        assert b"\x1b[31m" not in t.seen


@test
def stderr_is_red_where_there_is():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'import os; os.write(2, b\"err\\n\")'")
        t.expect("^err\n")
        t.expect("^addesh e1> ")
        ends(t)
        assert b"\x1b[31merr\x1b[0m\r\n" in t.seen, t.seen


@test
def what_tests_say_on_stderr_is_not_red():
    with home_of() as home, opened(home) as t:
        home.write("ut/test_a.py", "import unittest\nclass A(unittest.TestCase)"
                   ":\n    def test_a(self): pass\n")
        t.line("project open %s/ut" % home.work)
        t.expect("^project ut .* ready in .*\naddesh ut> ")
        t.line("test")
        t.expect("^OK\n1 passed in .*\naddesh ut> ")
        t.line("exec sh -c 'echo err >&2'")
        t.expect("^err\n(exit 0 .*\n)?addesh ut> ")
        ends(t)
        same(t.seen.count(b"\x1b[31m"), 1, t.seen)


@test
def a_line_without_end_leaves_neither_its_colour_nor_a_blank_line():
    with home_of() as home, opened(home) as t:
        for write in ('1, b"out"', '2, b"err"', '1, b"out"); os.write(2, '
                      'b"err"', '1, b"\\x1b[32mgreen"'):
            t.line("run a.py <<<'import os; os.write(%s); os._exit(3)'" % write)
            t.expect("^(out|err|green)\n((out|err)\n)?"
                     "exit 3 in .*\naddesh e1 \\[3\\]> ")
        ends(t)
        same(t.seen.count(b"\x1b[31merr\x1b[0m\r\n"), 2, t.seen)
        assert b"\x1b[32mgreen\x1b[0m\r\nexit 3" in t.seen, t.seen
        assert not re.search(b"exit 3[^\r]*\r\n(\x1b\\[0m)?\r\n",
                             t.seen), t.seen


@test
def output_cannot_steer_the_terminal():
    with home_of() as home, opened(home) as t:
        home.write("evil.py", r"""
import os
os.write(1, b"\x1b]0;title\x07\x1b[2J\x1b[6n\x1b]52;c;eA==\x07")
os.write(1, b"\x1b[32mgreen\x1b[0m \xff\n")
""")
        t.line("run evil.py")
        t.expect(r"\^\[\]0;title\^G\^\[\[2J\^\[\[6n\^\[\]52;c;eA==\^G"
                 r"green \\xff\n")
        t.expect("^addesh e1> ")
        assert b"\x1b[32mgreen\x1b[0m" in t.seen
        t.line("run evil.py > out")
        t.expect("^addesh e1> ")
        with open(home.work + "/out", "rb") as f:
            same(f.read(), b"\x1b]0;title\x07\x1b[2J\x1b[6n\x1b]52;c;eA==\x07"
                           b"\x1b[32mgreen\x1b[0m \xff\n")
        ends(t)


@test
def a_line_that_is_not_ended_does_not_hide_the_prompt():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'print(\"abc\", end=\"\")'")
        t.expect("^abc\n")
        t.expect("^addesh e1> ")
        ends(t)


@test
def what_is_typed_during_a_run_is_seen_once_at_the_prompt():
    with home_of() as home, Screen(home.argv(), home.env, home.work) as s:
        s.wait_for("^addesh>$")
        s.type("env new")
        s.keys("Enter")
        s.wait_for("^addesh e1>$")
        s.type("var FILE=1")
        s.keys("Enter")
        s.type("run a.py <<<'print(\"begun\", flush=True); "
               "import time; time.sleep(2); print(\"ended\")'")
        s.keys("Enter")
        s.wait_for("^begun$")
        s.type("var B=$FI")
        s.keys("Tab")
        s.wait_for("^begun\nended\nexit 0 in [^\n]*\n"
                   r"addesh e1> var B=\$FILE$")


@test
def a_question_shows_what_is_answered():
    with home_of() as home, opened(home) as t:
        t.line("env rm --all")
        t.expect(r"\[y/N\] ")
        t.line("no")
        t.expect("^no\n.*the answer was no")
        t.expect("^addesh e1 .*> ")
        ends(t)


@test
def ctrl_c_stops_the_run_and_not_the_shell():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'print(\"begun\", flush=True); "
               "import time; time.sleep(600)'")
        t.expect("^begun$")
        t.send("\x03")
        t.expect("^addesh e1 \\[130\\]> ")
        t.line("run b.py <<<'print(6 * 7)'")
        t.expect("^42$")
        t.expect("^addesh e1> ")
        ends(t)


@test
def a_program_that_ignores_ctrl_c_is_stopped_too():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'import signal, time; "
               "signal.signal(signal.SIGINT, signal.SIG_IGN); "
               "print(\"begun\", flush=True); time.sleep(600)'")
        t.expect("^begun$")
        t.send("\x03")
        t.expect("^addesh e1 \\[130\\]> ")
        t.line("run b.py <<<'print(6 * 7)'")
        t.expect("^42$")
        ends(t)


@test
def ctrl_c_ends_the_whole_line():
    with home_of() as home, opened(home) as t:
        t.line("exec sleep 600; var NEVER=1")
        t.expect("\n")
        t.send("\x03")
        t.expect("^addesh e1 \\[130\\]> ")
        t.line("var")
        t.expect("^addesh e1> ")
        assert "NEVER=1\nNAME" not in t.text()
        ends(t)
        assert "\nNEVER" not in t.text()


@test
def a_program_typed_or_pasted_keeps_its_tabs():
    with home_of() as home, \
            Screen(home.argv(), home.env, cwd=home.work) as s:
        s.wait_for("^addesh>$")
        s.type("env new")
        s.keys("Enter")
        s.wait_for("^addesh e1>$")
        s.type("env use ")
        s.keys("Tab")
        s.wait_for("^addesh e1> env use e1$")
        s.keys("C-u")
        s.paste("run a.py <<X\nfor i in range(2):\n\tprint('tab', i)\nX")
        s.keys("Enter")
        s.wait_for("^tab 0\ntab 1$")
        s.type("run b.py <<X")
        s.keys("Enter")
        s.wait_for("^X>$")
        s.type("if 1:")
        s.keys("Enter", "Tab")
        s.type("print('typed')")
        s.keys("Enter")
        s.type("X")
        s.keys("Enter")
        s.wait_for("^typed$")
        s.keys("Up")
        s.wait_for("^addesh e1> run b.py <<X\nif 1:\n +print")


@test
def variables_follow_the_last_run():
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'import sys; print(\"out\"); sys.exit(4)'; "
               "var A=$last.exit_code B=$last.stdout C=$? D=$env E=$n")
        t.expect("^addesh e1> ")
        t.line("var")
        t.expect("^A +4$")
        t.expect("^B +out$")
        t.expect("^C +4$")
        t.expect("^D +e1$")
        t.expect("^E +\\d+$")
        ends(t)


@test("%s while a program runs ends both", ["TERM", "HUP"])
def _(name):
    import signal
    number = getattr(signal, "SIG" + name)
    with home_of() as home, opened(home) as t:
        t.line("run a.py <<<'print(\"begun\", flush=True); "
               "import time; time.sleep(600)'")
        t.expect("^begun$")
        t.process.send_signal(number)
        same(t.wait(), 128 + number)
        same([f for f in home.files()
              if not f.startswith(("config/", "state/addesh/history"))], [])


@test
def a_terminal_that_went_without_a_signal_ends_it():
    # No session of its own, so no SIGHUP: the next prompt finds out.
    import pty
    import subprocess
    with home_of() as home:
        ours, theirs = pty.openpty()
        p = home.spawn(stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        for line, seen in (("", "addesh>"), ("env new", "addesh e1>"),
                           ("exec sh -c 'echo be\"\"gun; sleep 1'", "begun")):
            os.write(ours, line.encode() + b"\r")
            got = b""
            while seen.encode() not in got:
                got += os.read(ours, 4096)
        os.close(ours)
        p.communicate(timeout=patient(60))


main()
