# SPDX-License-Identifier: MIT
"""TAP for the test programs in Python (testanything.org, version 13).

	from tap import main, test

	@test
	def the_sum_is_right():
	    assert 1 + 1 == 2

	@test("a name with %s", ["docker", "podman"])
	def _(engine):
	    ...

	main()

A test fails by any exception, and by its deadline.  Arguments on the command
line choose the tests whose names contain one of them.

	@test("%s is waited for", ["docker", "podman"], beside=True)

Tests that follow each other and say beside=True run at the same time, each in
a process of its own: for those that spend seconds waiting for a time to pass,
and have nothing in common that another one could change.  main(beside=True)
says it of every test that does not say otherwise; main(abreast=8) has more of
them run at a time, where they hardly use a processor.
"""

import itertools
import os
import signal
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

DEADLINE = 180    # seconds for one test, when it names none
# How many times as long as usual all takes here, as on an emulated processor.
SLOW = int(os.environ.get("ADDESH_TEST_SLOW") or 1)
ABREAST = 4    # how many run side by side, when main() is not told
ALONE = "--alone"    # of the program: INDEX NUMBER, that test under this number


class Skip(Exception):
    """This machine cannot run the test; the text says why."""


def patient(seconds):
    """How long to wait here for what elsewhere takes this long at most."""
    return seconds * SLOW


def skip_where_slow():
    """For a test that moves so much data that it would take hours."""
    if SLOW > 1:
        raise Skip("takes too long here: ADDESH_TEST_SLOW=%d" % SLOW)


_tests = []


class _Test:
    def __init__(self, name, function, args, deadline, beside):
        self.name, self.function, self.args = name, function, args
        self.deadline, self.beside = deadline, beside
        self.index = len(_tests)


def test(name=None, values=None, deadline=DEADLINE, beside=None):
    """Registers a test.  Used bare, the function's name is its name; with
    values it is one test for each, called with it (a tuple: with its items),
    and each % in the name stands for one of them.  beside: see above."""
    if callable(name):
        return test()(name)

    def register(function):
        text = name or function.__name__.replace("_", " ")
        if values is None:
            _tests.append(_Test(text, function, (), deadline, beside))
        for value in values or ():
            args = value if isinstance(value, tuple) else (value,)
            title = text % args[:text.count("%")] if "%" in text else \
                "%s: %s" % (text, " ".join(map(str, args)))
            _tests.append(_Test(title, function, args, deadline, beside))
        return function
    return register


def diag(text):
    """Lines that belong to the test which is running."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def same(got, wanted, what="value"):
    """Fails with both values when they differ."""
    if got != wanted:
        raise AssertionError("%s\n  got    %r\n  wanted %r" % (
            what, got, wanted))


def _expired(*_):
    raise TimeoutError("the test's deadline passed")


def _outcome(t):
    """The directive of the result line, or None when the test failed."""
    signal.signal(signal.SIGALRM, _expired)
    signal.alarm(patient(t.deadline))
    try:
        t.function(*t.args)
        return ""
    except Skip as why:
        return " # SKIP %s" % why
    except BaseException as e:
        diag(traceback.format_exc())
        if isinstance(e, (KeyboardInterrupt, SystemExit)):
            raise
        return None
    finally:
        signal.alarm(0)


def _line(t, number, directive):
    name = t.name.replace("#", "\\#").replace("\n", "\\n")
    return "%sok %d - %s%s" % ("not " if directive is None else "", number,
                               name, directive or "")


def _here(t, number):
    """Runs it; whether it passed or was skipped."""
    directive = _outcome(t)
    print(_line(t, number, directive), flush=True)
    return directive is not None


def _elsewhere(t, number):
    """The same in a process of its own: its status, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-B", sys.argv[0], ALONE, str(t.index), str(number)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, close_fds=False)
    lines = done.stdout.decode(errors="replace").splitlines()
    if not lines or not lines[-1].startswith(("ok ", "not ok ")):
        lines += ["# ended with %d" % done.returncode, _line(t, number, None)]
    return lines[-1].startswith("ok "), "\n".join(lines)


def _side_by_side(tests, abreast):
    """Runs them, which are pairs with a number; how many failed."""
    failed = 0
    with ThreadPoolExecutor(abreast if SLOW == 1 else 1) as pool:
        for passed, text in pool.map(lambda t: _elsewhere(*t), tests):
            print(text, flush=True)
            failed += not passed
    return failed


def _choose(words):
    return [t for t in _tests
            if not words or any(word in t.name for word in words)]


def main(beside=False, abreast=ABREAST):
    """Runs the tests that were registered, and ends the program."""
    # a job in the background has it ignored, and hands that down
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words = sys.argv[1:]
    if words[:1] == [ALONE]:
        sys.exit(not _here(_tests[int(words[1])], int(words[2])))
    chosen = _choose(words)
    print("1..%d" % len(chosen), flush=True)
    failed = 0
    for together, run in itertools.groupby(
            zip(chosen, itertools.count(1)),
            lambda pair: beside if pair[0].beside is None else pair[0].beside):
        run = list(run)
        if together and len(run) > 1:
            failed += _side_by_side(run, abreast)
        else:
            failed += sum(not _here(*pair) for pair in run)
    sys.exit(1 if failed else 0)


def required():
    """Whether a missing engine is a failure, as it is where CI runs."""
    return os.environ.get("ADDESH_TEST_REQUIRE_ENGINE") == "1"
