"""TAP for the Python tests: each function test_* of the caller is one test.

Its docstring's first line, or its name, is the name of the test.  It fails by
an exception (assert) and is skipped by raising Skip.
"""
import os
import sys
import traceback


class Skip(Exception):
    """The machine lacks what the test needs; says what."""


def need(condition, reason):
    """Skips where something is missing, or fails where it must be there."""
    if condition:
        return
    if os.environ.get("ADDESH_TEST_REQUIRE_ENGINE") == "1":
        raise AssertionError("needed here: " + reason)
    raise Skip(reason)


def check(got, want, what="value"):
    assert got == want, "%s: got %r, wanted %r" % (what, got, want)


def main(namespace, setup=None, teardown=None):
    """Runs the tests, with what setup returns as argument if there is one.

    Arguments of the program choose tests by a part of their names.
    """
    tests = [(name, f) for name, f in namespace.items()
             if name.startswith("test_") and callable(f) and
             (len(sys.argv) < 2 or any(a in name for a in sys.argv[1:]))]
    print("1..%d" % len(tests), flush=True)
    failed = 0
    for number, (name, f) in enumerate(tests, 1):
        title = (f.__doc__ or name[5:].replace("_", " ")).split("\n")[0]
        subject = None
        try:
            if setup:
                subject = setup()
                f(subject)
            else:
                f()
            print("ok %d - %s" % (number, title))
        except Skip as e:
            print("ok %d - %s # SKIP %s" % (number, title, e))
        except Exception:
            failed += 1
            print("not ok %d - %s" % (number, title))
            for line in traceback.format_exc().splitlines():
                print("# " + line[:500])
        finally:
            if subject is not None and teardown:
                teardown(subject)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
