# SPDX-License-Identifier: MIT
"""`test` with real frameworks: what it says is what they did."""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import engines  # noqa: E402
from fixtures import (DATA, HOSTILE, PROJECTS, SLEPT,  # noqa: E402
                      UNTIMED)
from place import Place  # noqa: E402
from sandboxes import ENGINES, SandboxHome, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402
from terminal import Terminal  # noqa: E402

PATH = "/usr/local/bin:/usr/bin:/bin"
ROOM = " -m 2g --disk 1g --cpus %d --pids-limit 512" % os.cpu_count()
LIMIT = 240
EMPTY = "exec -- sh -c 'rm -rf /workspace/* /workspace/.[!.]*'"
KINDS = ("docker", "podman", "restricted-root", "restricted-user")


class Rooms:
    """One environment for each kind and image."""

    def __init__(self):
        self.open = {}

    def get(self, kind, tag="latest"):
        key = kind, tag
        if key not in self.open:
            if kind in ENGINES:
                engines.load(kind, "langs")
            image = " langs:" + tag if kind in ENGINES else ""
            room = ROOM if kind != "restricted-user" else " -m 1g"
            self.open[key] = Session(kind, new="env new" + room + image)
        return self.open[key]

    def close(self):
        for s in self.open.values():
            s.close()


rooms = Rooms()


def room(kind):
    return rooms.get(kind)


def fill(s, files):
    """Only these files are in the workspace: {name: text}, or a directory's
    and {name: text} beside them."""
    path, more = files if isinstance(files, tuple) else (files, {})
    if isinstance(path, dict):
        path, more = None, path
    s.ok(EMPTY)
    top = os.path.join(s.home.path, "project")
    shutil.rmtree(top, ignore_errors=True)
    if path:
        shutil.copytree(path, top)
    for name, text in more.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    for base, dirs, names in os.walk(top):
        for name in ["."] + names:
            s.home.own(os.path.join(base, name))
    for name in sorted(os.listdir(top)):
        s.ok("put %s %s" % (os.path.join(top, name), name))


def tests(s, args="", limit=LIMIT):
    got = s.do("test " + args, limit=limit)
    assert "error" not in got, got
    t = got["result"]["tests"]
    diag({k: v for k, v in t.items() if k not in ("cases", "coverage")})
    same(got["ok"], got["status"] == 0, "a failed test is a failed command")
    t["status"] = got["status"]
    t["run"] = dict(got["result"], tests=None)
    return t


COUNTS = {"error": "errors"}


def same_counts(t, counts):
    """These and no others."""
    for name in ("passed", "failed", "error", "skipped", "xfailed",
                 "xpassed"):
        same(t[COUNTS.get(name, name)], counts.get(name, 0), name)


def failing(t):
    return {c["name"]: c for c in t["cases"]
            if c["state"] in ("failed", "error")}


def same_failing(t, wanted):
    got = failing(t)
    for name, file, line, message in wanted:
        found, = [c for n, c in got.items() if name in n]
        same(found["file"], file, found)
        if line:
            same(found["line"], line, found)
        assert message in found["message"], found
    same(len(got), len(wanted), got)


def same_times(t, name):
    """None is longer than the run, and one took what it slept."""
    run = t["run"]["duration_ms"]
    took = {c["name"]: c["duration_ms"] for c in t["cases"]
            if "duration_ms" in c}
    assert all(0 <= ms <= run for ms in took.values()), (run, took)
    adds = [ms for n, ms in took.items() if "adds" in n.lower()]
    same(len(adds), 0 if name in UNTIMED else 1, t["cases"])
    # of a busy machine Maven's timer was early by 8 ms; all others take none
    assert all(ms > SLEPT / 2 for ms in adds), (run, took)
    assert run > (0 if name in UNTIMED else SLEPT), run


def same_covered(t, wanted):
    files = {f["file"]: (f["covered"], f["total"])
             for f in t["coverage"]["files"]}
    same({f: files.get(f) for f in wanted}, wanted)
    same([f for f in files if "gone" in f], [])


# What every machine has that tests addesh; see bootstrap.
HOST = ("pytest", "unittest", "node-test", "npm-test", "prove", "tap")


# All that the projects have; without a word Maven runs below.
JAVA_TESTS = " ".join("src/test/java/calc/%sTest.java" % name
                      for name in ("Calc", "More"))


# Gradle takes so long that it runs once, with coverage below.
@test("%s: %s", [("docker", n) for n in PROJECTS if n != "gradle"] +
      [("podman", n) for n in ("pytest", "unittest")] +
      [(kind, n) for kind in KINDS[2:] for n in HOST])
def _(kind, name):
    p = PROJECTS[name]
    s = rooms.get(kind, p.image.split(":")[1])
    fill(s, p.path)
    t = tests(s, JAVA_TESTS if name == "maven" else "")
    same((t["state"], t["status"], t["why"]), ("failed", 1, None))
    same((t["framework"], t["language"]), (p.framework, p.language))
    same_counts(t, p.counts)
    same_failing(t, p.failing)
    assert "addesh_plugin" not in t["run"]["stderr"], t
    same_times(t, name)
    s.settled()


@test("a project: %s", list(HOSTILE))
def _(name):
    p = HOSTILE[name]
    options = "-t 8" if p.state == "timed_out" else ""
    t = state_of(room("docker"), p.path, options)
    same(t["state"], p.state)
    if p.state == "timed_out":    # what was going on then does not count
        same({k: t[k] for k in p.counts}, p.counts)
    elif p.counts:
        same_counts(t, p.counts)
    shown = json.dumps(t)
    assert p.why in shown, shown[:4000]


def state_of(s, files, args="", limit=LIMIT):
    fill(s, files)
    t = tests(s, args, limit)
    s.settled()
    return t


RIGHT = "def test_right():\n    pass\n"


def case(body, head=""):
    """A file of unittest with this in a test, for kinds without pytest."""
    return ("import unittest\n" + head +
            "class A(unittest.TestCase):\n    def test_a(self):\n" +
            "".join("        %s\n" % line for line in body.splitlines()))


@test("%s: all pass", KINDS)
def _(kind):
    t = state_of(room(kind), {"test_a.py": case("pass")})
    same((t["state"], t["status"], t["passed"], t["total"]),
         ("passed", 0, 1, 1))
    same(t["why"], None)


@test
def no_tests():
    s = room("docker")
    t = state_of(s, {"README": "pytest\n"})
    same((t["state"], t["status"], t["command"]), ("no_tests", 1, []))
    t = state_of(s, {"tests/__init__.py": "",
                     "tests/test_a.py": "import unittest\n"})
    same((t["state"], t["framework"]), ("no_tests", "unittest"))


@test("no tests of %s", ["vitest", "mocha"])
def _(name):
    s = rooms.get("docker", "node" if name == "vitest" else "latest")
    t = state_of(s, {"package.json": '{"%s": {}}' % name})
    same((t["state"], t["framework"]), ("no_tests", name))


@test
def names_that_no_one_expects():
    s = room("docker")
    fill(s, {"conftest.py": ""})
    s.ok("exec -- python3 -c \"import os; "
         "[os.mkdir(b'd\\\\n' + bytes([i])) for i in (1, 27, 255)]; "
         "[open(b'd\\\\n' + bytes([i]) + b'/test_\\xff.py', 'w')"
         ".write('def test_' + chr(97 + i % 26) + '(): assert 0') "
         "for i in (1, 27, 255)]\"")
    t = tests(s, "-- --import-mode=importlib")
    assert t["state"] in ("failed", "collection_error", "inconsistent"), t
    s.settled()


@test
def people_see_no_control_characters():
    p = {"test_a.py": "import pytest\n@pytest.mark.parametrize('a', [1], "
                      "ids=['\\x1b[2J'])\ndef test_a(a):\n"
                      "    assert 0, '\\x1b]0;title\\x07\\n\\u202eforged'\n"}
    with SandboxHome("docker") as home:
        home.write("test_a.py", p["test_a.py"])
        done = home.script("env new%s langs:latest\nput test_a.py\ntest\n"
                           % ROOM)
        diag(done.out)
        same(done.status, 1)
        shown = done.out.split("\n")
        at, = [i for i, l in enumerate(shown)
               if l.startswith("FAILED test_a.py:4  ")]
        for line in shown[at:]:
            assert not set(line) & set("\x1b\x07\u202e"), repr(line)
        assert shown[-2].startswith("1 failed in "), shown[-3:]


@test
def why_many_fail_is_said_once():
    with SandboxHome("restricted-user") as home:
        for name in "ab":
            home.write("test_%s.py" % name, "import no\n")
        home.write("test_c.py", "import unittest, none\n")
        home.write("no.py", "import nothing_like_it\n")
        home.write("more_test.py", "import unittest\n" + "".join(
            "class A%d(unittest.TestCase):\n"
            "    def test_%d(self):\n        self.fail()\n" % (i, i)
            for i in range(21)))
        done = home.script("env new\n" + "".join(
            "put %s\n" % f for f in ("test_a.py", "test_b.py", "test_c.py",
                                     "no.py")) + "test\n")
        diag(done.out)
        same([line.split()[0] for line in done.out.split("\n")[-7:-1]],
             ["ERROR", "ModuleNotFoundError:", "ERROR", "ERROR",
              "ModuleNotFoundError:", "the"])
        lines = "env new\nput more_test.py test_more.py\ntest\n"
        more, = [line for line in home.script(lines).out.split("\n")
                 if line.startswith("... and 1 more:  ")]
        done = home.script(lines + more.split(":  ")[1] + "\n", "-k")
        shown = json.loads(done.out.split("\n")[-2])["result"]["result"]
        same(len(failing(shown["tests"])), 21)


@test
def people_are_told_names_once_and_commands_that_can_be_read():
    with SandboxHome("docker") as home:
        home.write("app/package.json", '{"jest": {}}')
        home.write("app/a.test.js", "require('./no-such-file')\n")
        done = home.script(
            "project open --no-deps --image langs:latest app\n"
            "project info\ntest\n")
        diag(done.out)
        shown = done.out.split("\n")
        assert "ERROR  a.test.js:1" in shown, shown
        build, = [l.split(None, 1)[1] for l in shown if l[:6] == "build "]
        same(build, "node --check  (a.test.js)")


@test
def what_cannot_be_loaded():
    s = room("docker")
    t = state_of(s, {"test_a.py": "import unittest, nothing_like_it\n"})
    same((t["state"], t["framework"]), ("collection_error", "unittest"))
    same(t["cases"][0]["message"],
         "ModuleNotFoundError: No module named 'nothing_like_it'")
    t = state_of(s, {"conftest.py": "import nothing_like_it\n"})
    same((t["state"], t["framework"]), ("collection_error", "pytest"))
    same(t["run"]["diagnosis"]["module"], "nothing_like_it")
    t = state_of(s, {"spec/a_spec.rb": "class Gone < StandardError\nend\n"
                                       "raise Gone, 'no server'\n"})
    same((t["state"], t["cases"][0]["message"]),
         ("collection_error", "Gone: no server"))
    t = state_of(s, {"a_test.rb": "require 'minitest/autorun'\ndef f(\n"})
    same((t["state"], t["framework"]), ("collection_error", "minitest"))
    same(t["run"]["diagnosis"]["kind"], "syntax_error")


DEEP = """const { describe, it } = require('node:test');
describe('a', () => describe('b', () => {
    describe('c', () => {
        it('right', () => {});
        it('wrong', () => require('assert')(0, 'no'));
    });
    it('beside', () => {});
}));
describe('d', () => describe('e', () => it('last', () => {})));
"""


# Node 18 of the image, and what the machine has.
@test("%s: blocks of node's tests within each other",
      ["docker", "restricted-root"])
def _(kind):
    t = state_of(room(kind), {"deep.test.js": DEEP})
    same_counts(t, {"passed": 3, "failed": 1})
    same_failing(t, [("wrong", "deep.test.js", 5, "no")])


IN_SRC = """import acme, subprocess, sys
subprocess.run([sys.executable, "-c", "import acme"], check=True)
"""


@test("%s: a package in src/, and tests in no package", ["pytest", "unittest"])
def _(name):
    t = state_of(room("docker"), {
        "src/acme/__init__.py": "",
        "tests/helper.py": "",
        "tests/sum_test.py": IN_SRC + "import helper\n" + (
            RIGHT if name == "pytest" else case("pass"))})
    same((t["state"], t["framework"], t["passed"]), ("passed", name, 1))


@test("%s: a test that never ends", KINDS)
def _(kind):
    t = state_of(room(kind), {
        "test_a.py": case("time.sleep(600)", "import time\n")}, "-t 3")
    same((t["state"], t["status"]), ("timed_out", 124))
    assert t["run"]["timed_out"], t


@test("%s: Ctrl-C", ("docker", "podman", "restricted-root"))
def _(kind):
    slow = case("print('be' + 'gun', flush=True)\ntime.sleep(600)",
                "import time\n")
    named = ("-s", "interrupted")
    with SandboxHome(kind) as h:
        h.write("test_a.py", slow)
        h.write("wrong.py", case("self.fail()"))
        with Terminal(h.argv(*named), h.env, h.work) as t:
            t.expect("^addesh.*> ")
            for line in "env new", "put test_a.py", "test":
                t.line(line)
            t.expect("^begun", LIMIT)
            t.send("\x03")
            t.expect("^stopped in [0-9.]+s \\(unittest\\)")
            t.expect("\\[130\\]> ")
            t.line("exec -- sh -c 'echo /tmp/.addesh-*; ls *.py'")
            t.expect("^/tmp/.addesh-\\*\ntest_a.py")
            t.line("put wrong.py test_a.py")
            t.line("test")
            t.expect("^1 failed in ")
            t.line("env rm e1")
            t.line("quit")
            t.wait()
            assert "/tmp/.addesh-0" not in t.text(), t.text()
        r = json.loads(h.addesh("--json", *named, "-c", "show @3").out)
        r = r["result"]["result"]
        same((r["tests"]["state"], r["cancelled"], r["exit_code"]),
             ("stopped", True, 130))


@test("%s: more memory than there is", KINDS[:3])
def _(kind):
    t = state_of(room(kind), {"test_a.py": case(
        "x = []\nwhile True:\n    x.append(bytearray(b'x' * (16 << 20)))")})
    same((t["state"], t["status"]), ("out_of_memory", 137))


@test
def a_framework_that_is_missing():
    with Session("docker", new="env new python:3.11-slim") as s:
        t = state_of(s, {"test_a.py": "import pytest\n" + RIGHT})
        same((t["state"], t["status"]), ("framework_missing", 127))
        same(t["hint"], "dep add pytest")
        t = state_of(s, {"test_a.py": case("pass")}, "test_none.py")
        same((t["state"], t["why"]), ("failed", "it wrote no report"))
        assert tests(s, "test_a.py")["state"] == "passed"
        t = state_of(s, {"package.json": '{"jest": {}}'})
        same((t["state"], t["status"]), ("framework_missing", 127))
        t = state_of(s, {"test_a.py": case("pass")}, "--min-coverage 1")
        same((t["state"], t["status"], t["why"], t["hint"]), (
            "failed", 1,
            "the coverage is not known: coverage is not installed here",
            "dep add coverage"))


PATH_OF = "request.config.option.xmlpath"
LIES = {
    "prints a summary and ends well":
        "    os.write(1, b'5 passed in 0.1s\\n')\n",
    "leaves a broken report":
        "    open(PATH, 'w').write('<testsuite')\n",
    "leaves a report that expands":
        "    open(PATH, 'w').write('<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY '"
        "\n        'b \"&a;&a;&a;\">]><testsuite tests=\"1\"><testcase '\n"
        "        'name=\"&b;\"/></testsuite>')\n",
    "leaves a FIFO for a report":
        "    os.mkfifo(PATH)\n",
    "leaves a report without an end":
        "    os.truncate(os.open(PATH, os.O_RDWR | os.O_CREAT), 1 << 33)\n",
}


@test("one that %s is not believed", list(LIES))
def _(what):
    t = state_of(room("docker"), {
        "test_a.py": "import os\ndef test_a(request):\n" +
                     LIES[what].replace("PATH", PATH_OF) +
                     "    os._exit(0)\n"})
    same((t["state"], t["status"]), ("inconsistent", 1))
    assert t["why"], t


@test
def an_exit_status_that_the_report_contradicts():
    t = state_of(room("docker"), {
        "test_a.py": "import atexit, os\natexit.register(os._exit, 0)\n"
                     "def test_a():\n    assert 0\n"})
    same((t["state"], t["status"]), ("inconsistent", 1))
    same(t["failed"], 1)


@test("%s: tests that leave programs behind", KINDS)
def _(kind):
    t = state_of(room(kind), {"test_a.py": case(
        "for i in range(20):\n    if not os.fork():\n        os.setsid()\n"
        "        time.sleep(600)", "import os, time\n")})
    same((t["state"], t["passed"]), ("passed", 1))
    assert t["run"]["leftover_processes"] >= 20, t


@test
def words_for_the_framework():
    t = state_of(room("docker"), {
        "test_a.py": RIGHT + "def test_wrong():\n    assert 0\n"},
        "-- -k right")
    same((t["state"], t["total"]), ("passed", 1))


def ruby_test(body):
    return ("require 'minitest/autorun'\nclass A < Minitest::Test\n"
            "  def test_a\n    %s\n  end\nend\n" % body)


FILES = {    # a file whose tests pass, beside those whose do not
    "go test": ("a_test.go", {
        "go.mod": "module a\n", "a.go": "package a\n",
        "a_test.go": "package a\nimport \"testing\"\n"
                     "func TestRight(t *testing.T) {}\n",
        "b_test.go": "package a\nimport \"testing\"\n"
                     "func TestWrong(t *testing.T) {\n"
                     "\tt.Error(`got\n/workspace/a.go:1`)\n}\n"}),
    "cargo test": ("tests/a.rs", {
        "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\n',
        "src/lib.rs": "", "tests/a.rs": "#[test]\nfn right() {}\n",
        "tests/b.rs": "#[test]\nfn wrong() { panic!() }\n"}),
    "rake": ("test/a_test.rb", {
        "Rakefile": "require 'rake/testtask'\n"
                    "Rake::TestTask.new { |t| t.pattern = 'test/*.rb' }\n",
        "test/a_test.rb": ruby_test("pass"),
        "test/b_test.rb": ruby_test("flunk")}),
    "minitest": ("a_test.rb", {"a_test.rb": ruby_test("pass"),
                               "b_test.rb": ruby_test("flunk")})}


PLACES = {    # not one that stands in what is logged
    "go test": ("b_test.go", 4), "cargo test": ("tests/b.rs", 2)}


@test("one file with %s", list(FILES))
def _(name):
    s = room("docker")
    file, files = FILES[name]
    t = state_of(s, files, file)
    same((t["state"], t["framework"], t["total"]), ("passed", name, 1))
    if name in PLACES:
        wrong, = failing(tests(s)).values()
        same((wrong["file"], wrong["line"]), PLACES[name])
    t = tests(s, file.replace("a", "no"))
    same((t["state"], t["why"]), ("collection_error", None)
         if name != "rake" else ("failed", "it wrote no report"))


@test
def files_of_a_cargo_workspace():
    s = room("docker")
    package = '[package]\nname = "%s"\nversion = "0.1.0"\n'
    fill(s, {"Cargo.toml": package % "a" +
             '[workspace]\nmembers = ["crates/x"]\n',
             "src/lib.rs": "#[test]\nfn wrong() { panic!() }\n",
             "src/bin/tool.rs": "fn main() {}\n#[test]\nfn tool() {}\n",
             "crates/x/Cargo.toml": package % "x",
             "crates/x/src/lib.rs": "#[test]\nfn deep() {}\n",
             "crates/x/tests/y.rs": "#[test]\nfn outer() {}\n"})
    for files, names in (("src/bin/tool.rs", ["tool"]),
                         ("crates/x/src/lib.rs", ["deep"]),
                         ("crates/x/src/lib.rs crates/x/tests/y.rs",
                          ["deep", "outer"])):
        t = tests(s, files)
        same((t["state"], sorted(c["name"] for c in t["cases"])),
             ("passed", names))


@test
def a_library_under_rake_that_writes_no_report():
    s = room("docker")
    files = dict(FILES["rake"][1])
    for body, state in ("assert(true)", "inconsistent"), ("flunk", "failed"):
        files["test/a_test.rb"] = ruby_test(body).replace(
            "minitest/autorun", "test/unit").replace(
            "Minitest::Test", "Test::Unit::TestCase")
        t = state_of(s, files, "test/a_test.rb")
        same((t["state"], "total" in t), (state, False))
        assert "wrote no report" in t["why"], t


SCRIPTS = {    # what package.json runs, which passes; a file that does not
    "mocha": ("test/b.js", {
        "package.json": '{"scripts": {"test": "mocha --reporter dot '
                        '--require ./set.js --recursive spec"}}',
        "set.js": "global.given = 'yes';\n",
        "spec/deep/a.js": "it('a', () => require('assert')(given));\n",
        "test/b.js": "it('b', () => { throw Error(given); });\n"}),
    "jest": ("b.test.js", {
        "package.json": '{"scripts": {"test": "npm run lint && npm run unit", '
                        '"unit": "GIVEN=yes jest --coverage a.test.js"},'
                        '"devDependencies": {"jest": "*"}}',
        "a.test.js": "test('a', () => "
                     "expect(process.env.GIVEN).toBe('yes'));\n",
        "b.test.js": "test('b', () => "
                     "expect(process.env.GIVEN).toBe('no'));\n"})}


@test("%s with the words of package.json", list(SCRIPTS))
def _(name):
    s = room("docker")
    file, files = SCRIPTS[name]
    t = state_of(s, files)
    same((t["state"], t["framework"], t["total"]), ("passed", name, 1))
    t = tests(s, file)
    same((t["state"], t["total"]), ("failed", 1))
    assert "yes" in t["cases"][0]["message"], t


@test("%s that does not start", ["go test", "cargo test", "mocha"])
def _(name):
    """A report that the shell made before it is none."""
    t = state_of(room("docker"), {
        "go test": {"a_test.go": "package a\n"},
        "cargo test": {"Cargo.toml": "[package\n"},
        "mocha": {"package.json": '{"scripts": {"test": "mocha"}}',
                  "test/a.js": "nothing_like_it();\n"}}[name])
    same((t["state"], t["framework"], t["why"]),
         ("collection_error", name, None))
    if name == "mocha":
        said = t["run"]["diagnosis"]
        same((said["kind"], said["file"], said["line"]),
             ("undefined_name", "test/a.js", 1))


@test
def a_command_of_ones_own():
    s = room("docker")
    t = state_of(s, {"a": ""}, "--command 'exit 3'")
    same((t["state"], t["status"], "total" in t), ("failed", 1, False))
    t = tests(s, "--command 'echo 5 passed'")
    same((t["state"], t["status"], "total" in t), ("passed", 0, False))
    t = tests(s, "--command 'echo 1..2; echo ok; echo not ok; exit 1'")
    same((t["state"], t["passed"], t["failed"]), ("failed", 1, 1))
    t = tests(s, "--command 'echo 1..2; echo ok; echo not ok'")
    same(t["state"], "inconsistent")
    t = tests(s, "--command 'echo 1..3; echo ok; echo ok'")
    same(t["state"], "inconsistent")
    xml = '<testsuite tests="1"><testcase name="it"/></testsuite>'
    t = state_of(s, {"a": xml}, "--format junit --command 'cat a >{report}'")
    same((t["state"], t["total"], t["cases"][0]["name"]), ("passed", 1, "it"))
    same(s.do("test --format junit")["error"]["kind"], "usage")
    same(s.do("test --command true --format odd")["error"]["kind"], "usage")


@test
def what_a_command_prints():
    """A restricted sandbox has what that takes."""
    s = room("restricted-user")
    fill(s, {"a": ""})
    for shown, why in (("echo 1..5", "plans 5 tests and has 0"),
                       ("echo Bail out! no server", "it stopped")):
        t = tests(s, "--command '%s'" % shown)
        same((t["state"], t["status"]), ("inconsistent", 1))
        assert why in t["why"], t
    # More indented text than is kept, with the failure behind it.
    t = tests(s, "--command 'yes \"  of a log\" | head -c 70000000; "
                 "echo; echo 1..1; echo not ok 1; true'")
    same(t["state"], "inconsistent")
    assert "not all of the output" in t["why"], t
    for shown, state in (("echo 1..0", "no_tests"),
                         ("echo 1..0; exit 1", "failed"),
                         ("echo 1..0 \\# SKIP no server", "passed")):
        t = tests(s, "--command '%s'" % shown)
        same((t["state"], t["why"]), (state, None))
    t = tests(s, "--command \"printf 'ok  \\\\tacme/a\\\\t0.002s\\\\n'\"")
    same((t["state"], "total" in t), ("passed", False))
    t = tests(s, "--command nosuchtool")
    same((t["state"], t["why"]),
         ("framework_missing",
          "a program that the command names is not in this environment"))


# Two modules, of which only the settings know; what it is told to do else is
# of no matter.
GRADLE = """#!/bin/sh
for m in a b; do
    mkdir -p $m/build/test-results/test
    cat $m/report >$m/build/test-results/test/TEST-$m.xml
done
"""


@test
def modules_that_have_no_build_file():
    """Their reports count, and those of an earlier run do not."""
    s = room("restricted-user")
    report = '<testsuite><testcase name="%s">%s</testcase></testsuite>'
    fill(s, {"build.gradle": "", "gradle": GRADLE,
             "a/report": report % ("a", ""),
             "b/report": report % ("b", "<failure>no</failure>"),
             "c/build/test-results/test/TEST-c.xml": report % ("c", "")})
    s.ok("exec -- sh -c 'mkdir -p ~/.local/bin; "
         "install gradle ~/.local/bin'")
    t = tests(s)
    s.ok("exec -- sh -c 'rm ~/.local/bin/gradle'")
    same((t["framework"], t["state"]), ("gradle", "inconsistent"))
    same((t["passed"], t["failed"]), (1, 1))
    assert "the exit status is 0" in t["why"], t


@test
def a_report_of_too_many_files():
    """One that fails may be among those that nobody reads."""
    s = room("restricted-user")
    fill(s, {"a": '<testsuite tests="1"><testcase name="a"/></testsuite>'})
    t = tests(s, "--format junit --command 'mkdir {report}; cp a {report}; "
                 "cd {report} && seq 10000 | xargs touch'")
    same(t["state"], "inconsistent")
    assert "too many files" in t["why"], t
    # The first is as large as all may be together.
    t = tests(s, "--format junit --command 'mkdir {report}; cp a {report}/b; "
                 "(cat a; yes | tr -c \" \" \" \") | head -c 67108864 "
                 ">{report}/a'")
    same(t["state"], "inconsistent")
    assert "too large" in t["why"], t


@test
def minitest_without_a_rakefile():
    p, files = PROJECTS["minitest"], {}
    for name in "lib/calc.rb", "test/calc_test.rb":
        with open(os.path.join(p.path, name)) as f:
            files[name] = f.read()
    t = state_of(room("docker"), files, "--coverage")
    same((t["state"], t["framework"], t["language"]),
         ("failed", "minitest", "ruby"))
    same_counts(t, p.counts)
    same_failing(t, p.failing)
    same_times(t, "minitest")
    same_covered(t, p.covered)


@test
def files_of_prove():
    """One that is skipped, and one that dies behind its plan."""
    s = room("restricted-user")
    t = state_of(s, {"t/a.t": "use Test::More skip_all => 'no server';\n"})
    same((t["state"], t["skipped"], t["total"]), ("passed", 1, 1))
    assert "uninitialized" not in t["run"]["stderr"], t
    t = state_of(s, {"t/a.t": "use Test::More tests => 1;\nuse A;\n",
                     "lib/A.pm": "package A;\nmy $x = = 2;\n1;\n"})
    case, = failing(t).values()
    same((case["file"], case["line"]), ("lib/A.pm", 2))
    assert case["message"].startswith("syntax error at lib/A.pm"), case
    same(t["run"]["diagnosis"]["file"], "lib/A.pm")
    t = state_of(s, {"t/a.t": "print qq{1..1\\nok 1\\n};\n"
                              "$| = 1; print ''; kill 9, $$;\n"})
    same((t["state"], t["passed"], t["errors"]), ("failed", 1, 1))
    assert "signal 9" in failing(t)["the file"]["message"], t


PLANT = """import os, sys
top = os.path.expanduser("~/.local/bin")
os.makedirs(top, exist_ok=True)
for name in ("python3", "sh"):
    with open(top + "/" + name, "w") as f:
        f.write('''#!/bin/bash
printf '1..1\\nok\\n'
for report in /tmp/.addesh-*; do
    echo '<testsuite tests="1"><testcase name="a"/></testsuite>' \\
        >"$report/report"
done
touch planted
''')
    os.chmod(top + "/" + name, 0o755)
"""


@test("%s: programs planted by an earlier run", KINDS[::3])
def _(kind):
    image = " python:3.11-slim" if kind in ENGINES else ""
    with Session(kind, new="env new" + image) as s:
        fill(s, {"test_a.py": case("assert 0"), "plant.py": PLANT,
                 "Makefile": "all:\n"})
        s.ok("exec -- python3 plant.py")
        s.ok("exec -- python3")    # which is what it does, everywhere else
        s.ok("exec -- /bin/rm planted")
        t = tests(s)
        same((t["state"], t["failed"]), ("failed", 1))
        same(tests(s, "--command 'exit 3'")["state"], "failed")
        got = s.do("project build --command 'exit 4'")
        same(got["status"], 4)
        same(s.do("exec -- /bin/ls planted")["ok"], False)


@test
def nothing_stays_behind_an_error():
    s = room("restricted-user")
    fill(s, {"pom.xml": ""})
    s.ok("exec -- sh -c 'mkdir -p target/surefire-reports/a/b; "
         "chmod 555 target/surefire-reports/a'")
    same(s.do("test")["error"]["kind"], "sandbox")
    got = s.do("exec -- sh -c 'ls -d /tmp/.addesh-*; "
               "chmod 755 target/surefire-reports/a'")
    same(got["result"]["stdout"], "")


@test
def a_directory_that_is_closed_loses_no_result():
    s = room("restricted-user")
    fill(s, {"test_a.py": case("assert 1")})
    got = s.do("project build --command 'mkdir shut; echo >made; "
               "chmod 0 shut; exit 3'")
    same((got["status"], [a["path"] for a in
                          got["result"]["build"]["artifacts"]]),
         (3, ["made"]), got)
    same(tests(s)["passed"], 1)
    s.ok("exec rmdir shut")


COVERED = {
    "sums.py": "def add(a, b):\n    return a + b\n\n\n"
               "def sub(a, b):\n    if a:\n        return a - b\n"
               "    return -b\n",
    "test_sums.py": "from sums import add\n\n\ndef test_add():\n"
                    "    assert add(1, 2) == 3\n"}
MEASURED = {"pytest": COVERED, "unittest": dict(COVERED, **{
    "test_sums.py": case("assert add(1, 2) == 3", "from sums import add\n")})}


@test("coverage with %s", list(MEASURED))
def _(name):
    s = room("docker")
    t = state_of(s, MEASURED[name], "--coverage")
    same((t["state"], t["framework"]), ("passed", name))
    files = {f["file"]: f for f in t["coverage"]["files"]}
    same((files["sums.py"]["covered"], files["sums.py"]["total"],
          files["sums.py"]["missing"]), (3, 6, "6-8"))
    percent = t["coverage"]["percent"]
    assert 50 < percent < 100, percent
    t = tests(s, "--min-coverage %g" % (percent - 1))
    same((t["state"], t["status"]), ("passed", 0))
    t = tests(s, "--min-coverage %g" % (percent + 1))
    same((t["state"], t["status"]), ("failed", 1))
    assert "below the minimum" in t["why"], t


# Measurements that lie in a project, of a run that was not this one: all of
# calc.rb and calc.js is covered, and a file that is not there.
LIES_RB = json.dumps({"another": {"timestamp": 4000000000, "coverage": {
    "/workspace/%s.rb" % name: {"lines": [1] * 20}
    for name in ("lib/calc", "gone")}}})
LIES_JS = json.dumps({"/workspace/%s.js" % name: {
    "path": "/workspace/%s.js" % name, "s": {"0": 1}, "f": {}, "b": {},
    "fnMap": {}, "branchMap": {}, "statementMap": {"0": {
        "start": {"line": 1, "column": 0}, "end": {"line": 1, "column": 9}}}}
    for name in ("calc", "gone")})
LIES_XML = '<coverage><packages><package><classes><class name="gone" ' \
    'filename="gone.py"><lines><line number="1" hits="1"/></lines></class>' \
    '</classes></package></packages></coverage>'
LYING = {"coverage/.resultset.json": LIES_RB, "coverage.xml": LIES_XML,
         "coverage/coverage-final.json": LIES_JS, "coverage.json": LIES_JS,
         "coverage.out": "mode: set\n",
         "build/reports/jacoco/test/jacocoTestReport.xml": LIES_XML}


@test("coverage: %s", [n for n in PROJECTS if PROJECTS[n].covered])
def _(name):
    p = PROJECTS[name]
    s = rooms.get("docker", p.image.split(":")[1])
    t = state_of(s, (p.path, LYING), "--coverage " +
                 (JAVA_TESTS if name == "gradle" else ""))
    same((t["state"], t["framework"]), ("failed", p.framework))
    same_counts(t, p.counts)
    same_failing(t, p.failing)
    same_covered(t, p.covered)


@test
def coverage_that_nobody_measured():
    """It is named, and not begun; what lies in its place is no result."""
    s = room("docker")
    fill(s, (PROJECTS["rspec"].path, dict(LYING, **{
        "spec/spec_helper.rb": 'require "calc" # and no SimpleCov\n'})))
    elsewhere = "exec -- sh -c 'mkdir /tmp/real; mv spec/lies /tmp/real/" \
        ".resultset.json; rm -r coverage; ln -s /tmp/real coverage'"
    for plant in "exec cp coverage/.resultset.json spec/lies", elsewhere:
        s.ok(plant)
        t = tests(s, "--coverage")
        same((t["framework"], t["coverage"]["percent"],
              t["coverage"]["why"]), ("rspec", None, "the tests wrote none"))


@test
def coverage_that_is_not_known_is_not_enough():
    t = state_of(room("docker"), {"Makefile": "test:\n\ttrue\n"},
                 "--min-coverage 1")
    same((t["state"], t["status"]), ("failed", 1))
    same(t["coverage"]["percent"], None)
    same(t["hint"], "test --coverage")
    s = room("docker")
    s.ok("set project.min_coverage 10")
    same(tests(s)["hint"], "set project.min_coverage 0")
    s.ok("set project.min_coverage 0")
    t = tests(s, "--coverage")
    same((t["state"], t["status"], t["hint"]), ("passed", 0, None))


@test
def what_a_project_lacks_for_coverage_is_said():
    s = room("docker")
    t = state_of(s, {"test_a.rb": "require 'minitest/autorun'\n"
                     "class A < Minitest::Test\n  def test_a\n"
                     "    assert true\n  end\nend\n"}, "--min-coverage 1")
    same((t["framework"], t["state"], t["status"]), ("minitest", "failed", 1))
    same(t["hint"],
         "begin the tests with:  require 'simplecov'; SimpleCov.start")
    t = state_of(s, PROJECTS["vitest"].path, "--coverage")
    same(t["coverage"]["why"], "@vitest/coverage-v8 is not installed here")
    # What went wrong before that comes first.
    t = state_of(s, {"pom.xml": "<project/>\n"}, "--min-coverage 1")
    same((t["state"], t["hint"]), ("collection_error", None))


def build(s, args=""):
    got = s.do("project build " + args, limit=LIMIT)
    assert "error" not in got, got
    b = dict(got["result"]["build"], status=got["status"])
    diag(b)
    s.settled()
    return b


BUILDS = {    # what builds it, and what that makes
    "tap": ("make", None), "cargo": ("cargo build", "target/debug/lib"),
    "maven": ("maven", "target/"), "gradle": ("gradle", "build/libs/"),
    "go": ("go build", None), "pytest": ("compileall", None),
    "rspec": ("ruby -c", None), "mocha": ("node --check", None),
    "typescript": ("npm run build", "dist/calc.js")}


@test("a build: %s", list(BUILDS))
def _(name):
    s = room("docker")
    fill(s, PROJECTS[name].path)
    b = build(s)
    same((b["name"], b["status"]), (BUILDS[name][0], 0))
    paths = [a["path"] for a in b["artifacts"]]
    if BUILDS[name][1]:
        assert any(BUILDS[name][1] in path for path in paths), paths
    elif name == "pytest":    # what Python keeps for itself
        same((paths, b["other_files"]), ([], 0))


WRONG = {"python": ("a.py", "def (\n"), "ruby": ("a.rb", "def (\n"),
         "javascript": ("a.js", "let (\n"), "java": ("A.java", "class {\n")}


@test("a build that fails: %s", list(WRONG))
def _(name):
    s = room("docker")
    right, wrong = "b" + WRONG[name][0], WRONG[name]
    fill(s, {right: "", wrong[0]: wrong[1]})
    b = build(s)
    assert b["status"] not in (0, 125, 127), b
    same(b["language"], name)


@test
def types_that_are_wrong():
    s = room("docker")
    fill(s, {"tsconfig.json": '{"compilerOptions": {"types": []}}',
             "a.ts": 'const a = 1;\nlet b: number = "x";\n'})
    got = s.do("project build", limit=LIMIT)
    r = got["result"]
    same((r["build"]["name"], r["build"]["language"], got["status"] > 0),
         ("tsc", "typescript", True))
    same([r["diagnosis"][k] for k in ("kind", "file", "line")],
         ["compile_error", "a.ts", 2])


@test
def what_a_build_makes():
    s = room("docker")
    fill(s, {"Makefile": "all:\n\tmkdir -p out\n\techo new >out/new\n"
                         "\techo longer >old\n", "old": "x\n", "kept": "y\n"})
    b = build(s)
    same(sorted((a["path"], a["bytes"], a["changed"])
                for a in b["artifacts"]),
         [("old", 7, True), ("out/new", 4, False)])
    target = os.path.join(s.home.path, "fetched")
    s.ok("get out/new " + target)
    with open(target) as f:
        same(f.read(), "new\n")
    b = build(s, "--command 'exit 5'")
    same((b["status"], b["artifacts"]), (5, []))
    b = build(s, "-t 1 --command 'sleep 100'")
    same(b["status"], 124)
    fill(s, {"README": ""})
    same(s.do("project build")["error"]["kind"], "usage")


@test
def the_end():
    rooms.close()

@test
def variables_of_the_environment_take_effect():
    with Session("restricted-root", env={
            "TEST_TIMEOUT": "1", "BUILD_TIMEOUT": "1s",
            "MIN_TEST_COVERAGE": "0.5"}) as s:
        t = tests(s, '--command "sleep 5"')
        same((t["state"], t["status"]), ("timed_out", 124))
        b = build(s, '--command "sleep 5"')
        same(b["status"], 124)
        t = tests(s, "--command true")
        same((t["state"], t["status"], t["coverage"]["percent"]),
             ("failed", 1, None))
        got = s.do("test --min-coverage 49 --command true")
        same((got["error"]["kind"], got["error"]["message"]),
             ("policy",
              "the minimum is 50% (the variable MIN_TEST_COVERAGE)"))


@test
def without_docker_it_is_the_restricted_sandbox():
    with SandboxHome("docker", env={"DOCKER_ENABLED": "false"}) as home:
        done = home.addesh("--json", "-c", "env new").is_ok()
        same(json.loads(done.out)["result"]["kind"], "restricted")
        assert done.err.startswith(
            "addesh: restricted sandbox, sandbox: restricted, the variable "
            "DOCKER_ENABLED\n"), done.err


@test
def the_language_of_a_project_holds_for_its_tests():
    files = {"test_a.py": case("pass"), "a.test.js": "",
             "package.json": '{"scripts": {"test": "exit 3"}}'}
    with Place("restricted-root", files) as home:
        got = home.results("project open app", "test",
                           "project open --lang python app", "test")
        same([got[i]["result"]["tests"]["framework"] for i in (1, 3)],
             ["npm test", "unittest"], home.done)
        same([got[i]["status"] for i in (1, 3)], [1, 0])


main()
