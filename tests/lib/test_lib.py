# SPDX-License-Identifier: MIT
"""The tests' own tools: what they report can be relied on."""

import os
import subprocess
import sys
import tempfile

import addesh
import terminal
from tap import main, same, test

HERE = os.path.dirname(os.path.abspath(__file__))
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm"}

EXAMPLE = """
import sys
sys.path.insert(0, %r)
import tap
@tap.test
def passes(): pass
@tap.test
def fails(): assert False
@tap.test("skips %%s", ["one"])
def _(word): raise tap.Skip("no " + word)
@tap.test(deadline=1)
def hangs():
    while True: pass
tap.main()
""" % HERE


@test
def tap_reports_each_outcome():
    done = subprocess.run([sys.executable, "-B", "-c", EXAMPLE],
                          capture_output=True, text=True)
    same([l for l in done.stdout.splitlines() if not l.startswith("#")],
         ["1..4", "ok 1 - passes", "not ok 2 - fails",
          "ok 3 - skips one # SKIP no one", "not ok 4 - hangs"])
    same(done.returncode, 1)


# Each of the first two ends once the other has begun.
BESIDE = """
import os, sys
sys.path.insert(0, %r)
import tap
fifo = sys.argv[0] + ".fifo"
@tap.test(beside=True)
def reads():
    with open(fifo) as f: tap.diag(f.read())
@tap.test("writes %%s", ["text"], beside=True)
def _(text):
    with open(fifo, "w") as f: f.write(text)
@tap.test(beside=True)
def dies(): os._exit(7)
@tap.test(beside=True)
def skips(): raise tap.Skip("here")
@tap.test
def alone(): pass
tap.main()
""" % HERE


@test
def tests_run_side_by_side_and_are_reported_in_their_order():
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "example.py")
        with open(path, "w") as f:
            f.write(BESIDE)
        os.mkfifo(path + ".fifo")
        done = subprocess.run([sys.executable, "-B", path],
                              capture_output=True, text=True)
    same(done.stdout.splitlines(),
         ["1..5", "# text", "ok 1 - reads", "ok 2 - writes text",
          "# ended with 7", "not ok 3 - dies", "ok 4 - skips # SKIP here",
          "ok 5 - alone"])
    same(done.returncode, 1)


@test
def a_death_by_signal_is_a_failure():
    try:
        addesh.check_end(-11, b"")
    except addesh.Died as e:
        assert "SIGSEGV" in str(e)
    else:
        raise AssertionError("not raised")


@test
def a_sanitizer_report_is_a_failure_at_any_status():
    for text in (b"==1==ERROR: AddressSanitizer: heap-use-after-free",
                 b"src/a.c:1:2: runtime error: signed integer overflow"):
        try:
            addesh.check_end(0, text)
        except addesh.Died:
            continue
        raise AssertionError("not raised for %r" % text)


@test
def a_terminal_shows_what_is_waited_for_and_ends():
    with terminal.Terminal(["sh", "-c", "tty; read x; echo \"<$x>\"; exit 3"],
                           ENV) as t:
        t.expect(r"/dev/pts/\d+")
        t.line("a b")
        t.expect("<a b>")
        same(t.wait(), 3)


@test
def a_match_consumes_what_precedes_it_and_no_more():
    with terminal.Terminal(
            ["printf", r"one \033[1mtwo\033[0m three two"], ENV) as t:
        t.expect("one tw")
        t.expect("^o three")
        t.expect("^ two$")
        same(t.wait(), 0)


@test
def a_pattern_that_does_not_come_is_reported_with_the_output():
    with terminal.Terminal(["sh", "-c", "printf 'first\\nshown\\n'; read x"],
                           ENV) as t:
        t.expect("first")    # both came with one write
        try:
            t.expect("never", limit=1)
        except terminal.NotSeen as e:
            assert "shown" in str(e), e
        else:
            raise AssertionError("not raised")


@test
def control_c_reaches_the_program():
    with terminal.Terminal(["sh", "-c", "trap 'echo caught; exit 9' INT; "
                            "echo ready; while :; do read x; done"],
                           ENV) as t:
        t.expect("ready")
        t.send("\x03")
        t.expect("caught")
        same(t.wait(), 9)


@test
def a_screen_shows_text_after_its_escape_sequences():
    with terminal.Screen(["sh", "-c", r"printf 'abc\033[2DX\n'; read x; "
                          "stty size; read y"], ENV) as s:
        s.wait_for("^aXc$")
        s.resize(30, 100)
        s.type("word")
        s.keys("Enter")
        s.wait_for("^30 100$")
        s.wait_for("^word$")
        same(s.cursor(), (3, 0))


@test
def a_home_is_empty_and_goes_away():
    with addesh.Home() as home:
        same(home.files(), [])
        path = home.path
        home.write("d/f", "x")
        assert os.path.isdir(path)
    assert not os.path.exists(path)


main()
