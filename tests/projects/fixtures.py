# SPDX-License-Identifier: MIT
"""The projects of tests/projects/data, and what is true of them.

Each of PROJECTS is a small project of one framework with tests that pass, fail
and are skipped, and source of which they cover a part; the numbers are counted
by hand, from the sources.  Those of HOSTILE do what no project should.

	p = PROJECTS["pytest"]
	p.path		its directory
	p.counts	{"passed": 4, ...}: no others than these
	p.failing	[(name, file, line, text of the message)]
	p.covered	{file: (covered, all)} or None: lines, of go statements
	p.native	the framework's own command, for sh -c
	p.image		where it runs: see tests/engines/images.py

Where frameworks tell how long a test took, the one that adds takes SLEPT ms.

Images have no network: Maven and Gradle take what they need from Debian's
repository in the image, which is file:///usr/share/maven-repo.
"""

import collections
import os

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

Project = collections.namedtuple(
    "Project", "path language framework counts failing covered native image")
# state: what the run must be called; why: what its explanation says of it
Hostile = collections.namedtuple("Hostile", "path state counts why")

SLEPT = 60
UNTIMED = ("npm-test", "prove", "tap", "cargo")

CALC_JS = {"calc.js": (4, 6)}       # of statements: what istanbul counts
CALC_RB = {"lib/calc.rb": (7, 8)}


def _project(name, language, framework, native, failing, covered=None,
             image="langs:latest", **counts):
    return name, Project(os.path.join(DATA, name), language, framework,
                         counts, failing, covered, native, image)


PROJECTS = dict([
    # Its report does not say that a test passed though it was marked xfail.
    _project("pytest", "python", "pytest", "python3 -m pytest", [
        ("test_wrong_sum", "tests/test_calc.py", 16, "assert 3 == 4"),
        ("test_wrong_text", "tests/test_calc.py", 21, "the texts differ"),
        ("test_needs_broken", "tests/test_calc.py", 40, "no such place"),
    ], {"calc.py": (6, 8)}, passed=4, failed=2, error=1, skipped=1,
        xfailed=1),
    # A test that passes though a failure is expected fails the run.
    _project("unittest", "python", "unittest", "python3 -m unittest", [
        ("test_wrong_sum", "tests/test_calc.py", 14, "3 != 4"),
        ("test_subtests", "tests/test_calc.py", 34, "3 == 3"),
        ("test_error", "calc.py", 8, "unsupported operand"),
        ("test_unexpected_pass", "tests/test_calc.py", 0, ""),
    ], {"calc.py": (6, 8)}, passed=2, failed=3, error=1, skipped=1,
        xfailed=1),
    # What is to do counts as skipped.
    _project("jest", "javascript", "jest", "jest", [
        ("wrong sum", "calc.test.js", 13, "Expected: 4"),
        ("throws", "calc.test.js", 17, "no such place"),
    ], CALC_JS, passed=2, failed=2, skipped=2, xfailed=1),
    # V8 measures lines, with those of braces.
    _project("vitest", "javascript", "vitest", "vitest run", [
        ("wrong sum", "calc.test.js", 14, "expected 3 to be 4"),
        ("throws", "calc.test.js", 18, "no such place"),
    ], {"calc.js": (8, 12)}, "langs:node", passed=3, failed=2, skipped=2),
    # Its package.json is JavaScript's, and so is what tests it.
    _project("typescript", "javascript", "vitest", "vitest run", [
        ("wrong sum", "src/calc.test.ts", 12, "expected 3 to be 4"),
    ], {"src/calc.ts": (7, 9)}, "langs:node", passed=2, failed=1),
    _project("mocha", "javascript", "mocha", "mocha", [
        ("wrong sum", "test/calc.js", 14, "strictly equal"),
        ("throws", "test/calc.js", 18, "no such place"),
    ], {"calc.js": (11, 16)}, passed=2, failed=2, skipped=2),
    _project("node-test", "javascript", "node --test", "node --test", [
        ("wrong sum", "test/calc.test.js", 15, "strictly equal"),
        ("throws", "test/calc.test.js", 19, "no such place"),
    ], {"calc.js": (11, 16)}, passed=2, failed=2, skipped=1, xfailed=1),
    _project("npm-test", "javascript", "npm test", "npm test", [
        ("wrong sum", "run-tests.js", 8, "strictly equal"),
    ], passed=2, failed=1, skipped=1, xfailed=1),
    _project("prove", "perl", "prove", "prove", [
        ("wrong sum", "t/calc.t", 9, "wrong sum"),
    ], {"lib/Calc.pm": (4, 6)}, passed=3, failed=1, skipped=1, xfailed=1),
    _project("tap", "c", "make test", "make -s test", [
        ("wrong sum", "test_calc.c", 22, "got 3, wanted 4"),
    ], passed=2, failed=1, skipped=1, xfailed=1),
    # A test with subtests is none itself.
    _project("go", "go", "go test", "go test ./...", [
        ("TestWrongSum", "calc_test.go", 23, "got 3, wanted 4"),
    ], {"calc.go": (3, 5)}, passed=3, failed=1, skipped=1),
    # Its report calls pending what fails as expected, too.
    _project("rspec", "ruby", "rspec", "rspec", [
        ("has a wrong sum", "spec/calc_spec.rb", 11, "expected: 4"),
        ("raises", "spec/calc_spec.rb", 15, "no such place"),
    ], CALC_RB, passed=2, failed=2, skipped=2),
    _project("minitest", "ruby", "rake", "rake test", [
        ("test_wrong_sum", "test/calc_test.rb", 17, "Expected: 4"),
        ("test_raises", "test/calc_test.rb", 21, "no such place"),
    ], CALC_RB, passed=2, failed=1, error=1, skipped=1),
    _project("cargo", "rust", "cargo test", "cargo test --offline", [
        ("wrong_sum", "src/lib.rs", 28, "left == right"),
    ], passed=3, failed=1, skipped=1),
    _project("maven", "java", "maven", "mvn -q -B test", [
        ("wrongSum", "src/test/java/calc/CalcTest.java", 21,
         "expected:<4> but was:<3>"),
        ("raises", "src/test/java/calc/CalcTest.java", 26, "no such place"),
    ], passed=4, failed=1, error=1, skipped=1),
    # Its reports know no errors.
    _project("gradle", "java", "gradle", "gradle --offline test", [
        ("wrongSum", "src/test/java/calc/CalcTest.java", 21,
         "expected:<4> but was:<3>"),
        ("raises", "src/test/java/calc/CalcTest.java", 26, "no such place"),
    ], {"src/main/java/calc/Calc.java": (3, 6)}, passed=3, failed=2,
        skipped=1),
])


def _hostile(name, state, why="", **counts):
    return name, Hostile(os.path.join(DATA, name), state, counts, why)


HOSTILE = dict([
    _hostile("no-tests", "no_tests"),
    _hostile("no-tests-jest", "no_tests"),
    _hostile("no-tests-go", "no_tests"),
    # A module that is missing, and a syntax error; a test that was found is
    # not run, by jest it is.
    _hostile("collection", "collection_error", "no_such_module", error=2),
    _hostile("collection-jest", "collection_error", "no-such-module",
             passed=1, error=1),
    _hostile("collection-go", "collection_error", "undefined: three"),
    # One test passes before; pytest has no report then, go has what was done.
    _hostile("endless", "timed_out"),
    _hostile("endless-go", "timed_out", passed=1),
    # As many processes as it may have, which outlive the test that passes.
    _hostile("forks", "passed", passed=1),
    # A gigabyte on standard output: past pytest, and as a report in TAP.
    _hostile("flood", "passed", passed=1),
    _hostile("flood-tap", "failed", passed=1, failed=1),
    # Reports that lie there, or are put where the true one will be; one that
    # is put there afterwards, and disagrees with the exit status.
    _hostile("fake-report", "failed", failed=1),
    _hostile("fake-surefire", "failed", failed=1),
    _hostile("forged", "inconsistent"),
    _hostile("prints-passed", "failed", failed=1),
    # The project is gone, and its test passed.
    _hostile("deletes", "passed", passed=1),
    _hostile("out-of-memory", "out_of_memory"),
])
