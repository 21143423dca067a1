# SPDX-License-Identifier: MIT
"""unittest_report.py REPORT [ARG...]: `python3 -m unittest ARG...`, which also
writes what became of each test to REPORT, in the form of JUnit's XML."""

import glob
import os
import sys
import time
import unittest

REPORT = sys.argv.pop(1)
TOP = os.getcwd() + "/"


# Not by the modules for XML, which take as long to load as unittest itself.
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;",
           "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def escape(text):
    """What XML cannot hold becomes a question mark."""
    return "".join(
        ESCAPES.get(c) or
        (c if " " <= c and not "\ud800" <= c <= "\udfff" and
         c not in "\ufffe\uffff" else "?") for c in text)


def attr(text):
    return '"' + escape(text) + '"'


def place(test, err):
    """Where it failed: the innermost frame of the project, which is below
    this directory; else the file of the test."""
    module = sys.modules.get(type(test).__module__)
    file, line = getattr(module, "__file__", None), None
    tb = err[2] if err else None
    while tb:
        name = os.path.abspath(tb.tb_frame.f_code.co_filename)
        if name.startswith(TOP) and "/site-packages/" not in name:
            file, line = name, tb.tb_lineno
        tb = tb.tb_next
    return file, line


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.cases = []
        self.began = time.monotonic()

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def add(self, test, tag="", text="", err=None, name=None):
        file, line = place(test, err)
        suite = unittest.util.strclass(type(test))
        name = name or getattr(test, "_testMethodName", None) or str(test)
        # A module that could not be loaded has its own name.
        if type(test).__name__ == "_FailedTest":
            suite, file = name, None
        parts = ["<testcase classname=%s name=%s time=\"%.6f\"" % (
            attr(suite), attr(name), time.monotonic() - self.began)]
        if file:
            parts.append(" file=" + attr(file))
        if line:
            parts.append(" line=\"%d\"" % line)
        parts.append(">")
        if tag:
            message = "%s: %s" % (err[0].__name__, err[1]) if err else text
            if type(test).__name__ == "_FailedTest":
                message = message.rstrip().rpartition("\n")[2]
            details = self._exc_info_to_string(err, test) if err else ""
            kind = ' type="pytest.xfail"' if tag == "xfail" else ""
            tag = "skipped" if tag == "xfail" else tag
            parts.append("<%s%s message=%s>%s</%s>" % (
                tag, kind, attr(message), escape(details), tag))
        parts.append("</testcase>\n")
        self.cases.append((tag, "".join(parts)))

    def addSuccess(self, test):
        super().addSuccess(test)
        self.add(test)

    def addError(self, test, err):
        super().addError(test, err)
        self.add(test, "error", err=err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.add(test, "failure", err=err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.add(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.add(test, "xfail", err=err)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.add(test, "failure", "passed, though it was expected to fail")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            kind = "failure" if issubclass(err[0], test.failureException) \
                else "error"
            self.add(test, kind, err=err, name=test._testMethodName + " " +
                     subtest._subDescription())


def write(result):
    count = {}
    for tag, _ in result.cases:
        count[tag] = count.get(tag, 0) + 1
    with open(REPORT, "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0" encoding="utf-8"?>\n'
                '<testsuite name="unittest" tests="%d" failures="%d" '
                'errors="%d" skipped="%d">\n' % (
                    len(result.cases), count.get("failure", 0),
                    count.get("error", 0), count.get("skipped", 0)))
        f.writelines(text for _, text in result.cases)
        f.write("</testsuite>\n")


class Runner(unittest.TextTestRunner):
    resultclass = Result

    def run(self, test):
        result = super().run(test)
        write(result)
        return result


def test_files():
    """Files of tests by all their usual names, as languages.yaml finds them,
    also in directories that are no packages."""
    for base, dirs, files in os.walk("."):
        dirs[:] = sorted(d for d in dirs if d.isidentifier() and
                         d not in ("__pycache__", "venv", "node_modules"))
        for name in sorted(files):
            if name[:-3].isidentifier() and (
                    name == "tests.py" or name.endswith("_test.py") or
                    name.startswith("test") and name.endswith(".py")):
                yield os.path.normpath(base), name[:-3]


class Loader(unittest.TestLoader):
    def discover(self, start, pattern="test*.py", top=None):
        """Where unittest itself finds nothing, as it looks into packages only,
        and for one form of names."""
        suite = super().discover(start, pattern, top)
        if suite.countTestCases() or (start, pattern) != (".", "test*.py"):
            return suite
        names = []
        for base, name in test_files():
            if base == ".":
                names.append(name)
                continue
            names.append(base.replace(os.sep, ".") + "." + name)
            if not os.path.exists(os.path.join(base, "__init__.py")):
                sys.path.append(os.path.abspath(base))
        return self.loadTestsFromNames(names)


def find_sources():
    """A project's own packages in src/, for its programs too: no environment
    has them installed, or as they were before their sources changed."""
    if glob.glob("src/*/__init__.py"):
        sys.path.insert(1, TOP + "src")
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [TOP + "src"] + [v for v in [os.environ.get("PYTHONPATH")] if v])


def missing_file(args):
    """The first that names a file of tests that is not there: unittest would
    take it for a module, which somebody might install."""
    plain = not any(a.startswith("-") for a in args)
    return next((a for a in args if plain and a.endswith(".py") and
                 not os.path.exists(a)), None)


if missing_file(sys.argv[1:]):
    sys.exit("%s: there is no such file here" % missing_file(sys.argv[1:]))
sys.path.insert(0, "")
sys.argv[0] = "python3 -m unittest"
del sys.path[1]
find_sources()
program = unittest.main(module=None, testRunner=Runner, testLoader=Loader(),
                        exit=False)
# As later versions of unittest do it.
if not program.result.testsRun and not program.result.skipped and \
        program.result.wasSuccessful():
    sys.exit(5)
sys.exit(not program.result.wasSuccessful())
