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
"""

import os
import signal
import sys
import traceback

DEADLINE = 180    # seconds for one test, when it names none
# How many times as long as usual all takes here, as on an emulated processor.
SLOW = int(os.environ.get("ADDESH_TEST_SLOW") or 1)


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


def test(name=None, values=None, deadline=DEADLINE):
    """Registers a test.  Used bare, the function's name is its name; with
    values it is one test for each, called with it (a tuple: with its items),
    and each % in the name stands for one of them."""
    if callable(name):
        return test()(name)

    def register(function):
        text = name or function.__name__.replace("_", " ")
        if values is None:
            _tests.append((text, function, (), deadline))
        for value in values or ():
            args = value if isinstance(value, tuple) else (value,)
            title = text % args[:text.count("%")] if "%" in text else \
                "%s: %s" % (text, " ".join(map(str, args)))
            _tests.append((title, function, args, deadline))
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


def _run(function, args, deadline):
    """The directive of the result line, or None when the test failed."""
    signal.signal(signal.SIGALRM, _expired)
    signal.alarm(patient(deadline))
    try:
        function(*args)
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


def main():
    """Runs the tests that were registered, and ends the program."""
    # a job in the background has it ignored, and hands that down
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = [t for t in _tests if not sys.argv[1:] or
              any(word in t[0] for word in sys.argv[1:])]
    failed = 0
    print("1..%d" % len(chosen), flush=True)
    for number, (name, function, args, deadline) in enumerate(chosen, 1):
        directive = _run(function, args, deadline)
        failed += directive is None
        print("%sok %d - %s%s" % (
            "not " if directive is None else "", number,
            name.replace("#", "\\#"), directive or ""), flush=True)
    sys.exit(1 if failed else 0)


def required():
    """Whether a missing engine is a failure, as it is where CI runs."""
    return os.environ.get("ADDESH_TEST_REQUIRE_ENGINE") == "1"
