# SPDX-License-Identifier: MIT
"""project try: executed or rejected, and nothing left; and what follows an
apply by itself."""

import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
import place  # noqa: E402
from sandboxes import ENGINES  # noqa: E402
from tap import main, patient, same, test  # noqa: E402

FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "test_calc.py": "import unittest\nfrom calc import add\n\n\n"
                    "class T(unittest.TestCase):\n"
                    "    def test_add(self):\n"
                    "        self.assertEqual(add(1, 2), 3)\n",
    "pyproject.toml": "[project]\nname = 'calc'\nversion = '1'\n",
}
FIX = "--- a/calc.py\n+++ b/calc.py\n@@ -2 +2 @@\n-    return a - b\n" \
    "+    return a + b\n"


class Place(place.Place):
    def __init__(self, files=None, kind="restricted-root"):
        super().__init__(kind, files or FILES)

    def changes(self, changes):
        self.write("c", changes if isinstance(changes, str)
                   else json.dumps(changes))


def ran(part):
    """What is known of the program that built or tested."""
    run = part["run"]
    return run["exit_code"], run["status"], (run.get("diagnosis") or {}).get(
        "kind")


def content(name, text):
    return [{"path": name, "content": text}]


@test("changes that hold are executed, and nothing of it is left")
def _():
    with Place() as h:
        h.changes(FIX)
        got, envs = h.results("project try app c", "env ls")
        r = got["result"]
        same((got["status"], r["verdict"], r["reason"], r["kept"]),
             (0, "executed", None, False), h.done)
        same([f["path"] for f in r["files"]], ["calc.py"])
        same(r["tests"]["state"], "passed")
        same((ran(r["build"]), ran(r["tests"]), r["hint"]),
             ((0, "completed", None), (0, "completed", None), None))
        assert "OK" in r["stderr"], r
        same((envs["result"]["environments"], h.kept_files()), ([], []))
        with open(h.app + "/calc.py") as f:
            same(f.read(), FILES["calc.py"], "the directory is as it was")


REJECTED = {
    "tests that fail": (content("other.py", "x = 1\n"), "test", "1 failed"),
    "a patch that does not apply": (
        FIX.replace("a - b", "a * b"), "apply", "calc.py does not apply"),
    "what cannot be compiled": (
        content("calc.py", "def add(a, b):\n    return (a + b\n"),
        None, None),
    "a module of its own that is gone": (
        [{"path": "calc.py", "delete": True}], "test",
        "your own module calc was not found"),
    "no tests": ([{"path": "test_calc.py", "delete": True}], "test",
                 "no tests"),
    "a path that leads through a link": (
        content("way/out", "x\n"), "apply", "is a link"),
}


@test("rejected with the reason: %s", list(REJECTED), beside=True)
def _(what):
    changes, stage, why = REJECTED[what]
    with Place() as h:
        if "link" in what:
            os.symlink("/tmp", h.app + "/way")
        h.changes(changes)
        got, envs = h.results("project try app c", "env ls")
        r = got["result"]
        same((got["ok"], got["status"], r["verdict"]),
             (False, 1, "rejected"), h.done)
        if stage:
            same(r["stage"], stage, r)
            assert why in r["reason"], r
        assert r["reason"], r
        # nothing of another's with the name of a file here is to be installed
        assert "install" not in (r["hint"] or ""), r
        same((envs["result"]["environments"], h.kept_files()), ([], []))


# Its build always complains, and fails where there is a file called bad; its
# tests fail, and complain of something else.
COMPLAINS = """all:
	@echo 'x.c:3:5: error: a word is missing' >&2; test ! -e bad
test:
	@echo "ModuleNotFoundError: No module named 'numpi'"; exit 3
"""


@test("a rejection has what the build and the tests have of themselves")
def _():
    with Place({"Makefile": COMPLAINS, "a.c": "int a;\n"}) as h:
        h.changes(content("bad", ""))
        h.write("good", json.dumps(content("good", "")))
        h.env["AUTO_BUILD"] = "true"
        built, tested, _, own, _, applied = (
            o["result"] for o in h.results(
                "project try app c", "project try app good",
                "project open --no-deps app", "test",
                "set project.auto_test true", "apply c"))
        same(ran(built["build"]), (2, "failed", "compile_error"), h.done)
        assert {"file": "x.c", "line": 3}.items() <= \
            built["build"]["run"]["diagnosis"].items(), built
        assert "a word is missing" in built["stderr"], built
        same("tests" in built, False)
        # What the build said is not why the tests fail.
        same((ran(tested["build"]), ran(tested["tests"])),
             ((0, "completed", None), (2, "failed", "missing_module")))
        run = tested["tests"]["run"]
        same(run.keys(), own.keys() - {"tests", "stdout", "stderr"})
        same((run["diagnosis"], run["hint"]),
             (own["diagnosis"], own["hint"]))
        why = own["diagnosis"]["message"]
        assert tested["reason"].endswith(": " + why), (tested, own)
        assert run["message"].endswith(": " + why), (tested, own)
        same(tested["hint"], own["hint"])
        same((applied["verified"], ran(applied["build"])),
             (False, ran(built["build"])))
        shown = h.addesh("-c", "project try app good")
        for text in "rejected: ", why, own["hint"]:
            assert text in shown.out + shown.err, (text, shown)


@test("what is too large to be checked is rejected")
def _():
    large = "x = 1\n" + "#" * 79 + "\n"
    large += ("#" * 79 + "\n") * ((16 << 20) // 80)
    line = "#" * 79
    with Place(dict(FILES, **{"large.py": large})) as h:
        h.changes("--- a/large.py\n+++ b/large.py\n@@ -1,2 +1,2 @@\n"
                  "-x = 1\n+x = (\n %s\n" % line)
        got, unchecked = h.results(
            "project try app c --no-test",
            "project try app c --no-check --no-build --no-test")
        r = got["result"]
        same((got["status"], r["verdict"], r["stage"], r["reason"]),
             (1, "rejected", "check",
              "large.py is too large to be checked"), h.done)
        same(unchecked["result"]["verdict"], "executed", h.done)


@test("what keeps it from being tried is an error and no verdict")
def _():
    with Place() as h:
        h.changes(FIX)
        h.write("bad", "nothing\n")
        h.write("out", FIX.replace("calc.py", "../../etc/passwd"))
        for command, options, status in (
                ("project try app bad", (), 2),
                ("project try app out", (), 2),
                ("project try app none", (), 125),
                ("project try none c", (), None),
                ("project try app", (), 2),
                ("project try app c", ("-c", "set sandbox docker", "--engine",
                                       "unix:///nowhere.sock"), None)):
            got = h.results(command, options=options)[-1]
            assert got["status"] and got["error"], got
            assert status in (None, got["status"]), got
            same("verdict" in (got.get("result") or {}), False, got)
        same(h.kept_files(), [])


@test("--keep leaves it open, and what was selected is selected again")
def _():
    with Place() as h:
        h.changes(FIX)
        got = h.results("env new --name mine", "project try app c",
                        "env info", "project try app c --keep --no-test",
                        "changes", "apply --undo", "changes")
        same(got[2]["result"]["name"], "mine")
        same((got[3]["result"]["kept"], got[3]["result"]["verdict"]),
             (True, "executed"))
        same([f["path"] for f in got[4]["result"]["files"]], ["calc.py"])
        same((got[5]["ok"], got[6]["result"]["files"]), (True, []), h.done)


def images(kind, prefix):
    """Those of other tests beside this one do not count."""
    return {tag for image in engines.api(kind).get("/images/json")
            for tag in image["RepoTags"] or () if prefix in tag}


@test("the image of its own Dockerfile goes with it: %s", ENGINES)
def _(kind):
    files = {"Dockerfile": "FROM busybox:latest\nENV A=b\n", "a": "a\n",
             "Makefile": "all:\n\tfalse\n"}
    prefix = "try%d" % os.getpid()
    with Place(files, kind) as h:
        h.env["DOCKER_IMAGE_PREFIX"] = prefix
        h.changes(content("a", "b\n"))
        got = h.results("project try app c --no-build --no-test",
                        "project try app c --no-build --no-test "
                        "--name other --keep", "exec cat a", "images",
                        "project rm other --images",
                        "project try app c --no-test")
        same([o["status"] for o in got], [0] * 5 + [2], h.done)
        same(got[2]["result"]["stdout"], "b\n")
        assert prefix + "-other" in json.dumps(got[3]["result"]), got[3]
        # a project of that name has an image of its own
        first = got[0]["result"]
        assert re.fullmatch("app-try-[0-9a-f]{8}", first["name"]), first
        same(first["image"], "%s-%s:latest" % (prefix, first["name"]))
        same((images(kind, prefix), h.kept_files()), (set(), []))
        # There is no make: no verdict, but all that `project build` knows.
        missing = got[5]["result"]
        same(missing["image_build"]["status"], "completed")
        same(("verdict" in missing, ran(missing["build"])),
             (False, (127, "failed", "interpreter_missing")))
        assert "make is not in" in got[5]["error"]["message"], got[5]


SLOW = dict(FILES, **{"test_calc.py": FILES["test_calc.py"].replace(
    "        self.a", "        import time; print('begun', flush=True)\n"
    "        time.sleep(600)\n        self.a")})


@test("an environment that dies is an error, and all of it goes: %s", ENGINES)
def _(kind):
    with Place(SLOW, kind) as h:
        h.changes(FIX)
        p = h.spawn("-k", "-c", "project try app c --no-deps --image "
                    "python:3.11-slim", "-c", "env ls", stdout=-1)
        seen = b""
        while b"begun" not in seen:    # the test's deadline ends this
            seen += os.read(p.stdout.fileno(), 4096)
        api = engines.api(kind)
        mine, = [c["Id"] for c in api.containers("addesh.owner") if
                 c["Labels"]["addesh.owner"].split(":")[2] == str(p.pid)]
        api.delete("/containers/%s" % mine, force="1")
        out, err = p.communicate(timeout=patient(60))
        same((p.returncode, b"executed" in out, b"rejected" in out),
             (125, False, False), (seen + out, err))
        assert b"project try: the environment was lost: " in err, err
        assert b"app-try" not in out.split(b"begun")[-1], out
        same((h.kept_files(), h.addesh("-c", "env ls").is_ok().out),
             ([], ""))


@test("Ctrl-C and a kill leave nothing")
def _():
    with Place(SLOW) as h:
        h.changes(FIX)
        for how in signal.SIGINT, signal.SIGKILL:
            p = h.spawn("-c", "project try app c")
            deadline = time.monotonic() + 60
            while not h.kept_files() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.5)
            os.kill(p.pid, how)
            out, err = p.communicate(timeout=patient(60))
            assert b"executed" not in out and b"rejected" not in out, out
            if how == signal.SIGINT:
                same(p.returncode, 130, err)
                same(h.kept_files(), [])
        h.addesh("-c", "gc").is_ok()
        same(h.kept_files(), [])


@test("AUTO_BUILD and AUTO_TEST follow an apply")
def _():
    with Place() as h:
        h.changes(FIX)
        h.write("w", json.dumps(content("calc.py", FILES["calc.py"])))
        h.env.update(AUTO_TEST="true", AUTO_BUILD="true")
        got = h.results("project open --no-deps app", "apply c", "apply w",
                        "apply -n c")
        same((got[1]["status"], got[1]["result"]["tests"]["state"]),
             (0, "passed"), h.done)
        same((got[2]["status"], got[2]["result"]["tests"]["state"],
              got[2]["result"]["applied"]), (1, "failed", True))
        same((got[1]["result"]["verified"], got[1]["result"]["reason"]),
             (True, None))
        same(got[2]["result"]["verified"], False)
        assert "1 failed" in got[2]["result"]["reason"], got[2]
        same("tests" in got[3]["result"], False)


main()
