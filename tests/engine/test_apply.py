# SPDX-License-Identifier: MIT
"""apply and apply --undo, as a script uses them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import Skip, main, same, test


def commands(h, *lines, options=(), **kw):
    """Runs the lines after `env new`, going on at failures, without notes."""
    args = ["-q", "-k", *options, "-c", "env new"]
    for line in lines:
        args += ["-c", line]
    return h.addesh(*args, **kw)


def results(done, cmd):
    """The JSON objects of a command's calls."""
    return [j for j in map(json.loads, done.out.splitlines())
            if j["cmd"] == cmd]


def changes(h, name, *entries):
    h.write(name, json.dumps([dict(zip(("path", "content", "mode"), e))
                              for e in entries]))


@test("a list is applied and undone: %s", engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        h.write("a.py", "one\ntwo\n")
        changes(h, "c.json", ("a.py", "one\nTWO\n"), ("d/e/run", "x\n", "755"))
        done = commands(h, "put a.py", "exec chmod 640 a.py", "apply c.json",
                        "exec stat -c '%a %n' a.py d/e/run",
                        "apply --undo", "exec cat a.py", "exec ls -A",
                        "apply --undo", options=["--json"])
        first, undone, none = results(done, "apply")
        same([(f["path"], f["action"], f["added"], f["removed"])
              for f in first["result"]["files"]],
             [("a.py", "changed", 1, 1), ("d/e/run", "created", 1, 0)])
        same(first["result"]["applied"], True)
        assert first["result"]["diff"].startswith(
            "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n"
            "@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n"), first
        same(undone["result"]["undone_step"], first["step"])
        same((none["status"], none["error"]["kind"]), (2, "usage"))
        out = [r["result"]["stdout"] for r in results(done, "exec")]
        same(out[1:], ["640 a.py\n755 d/e/run\n",
                       "one\ntwo\n", "a.py\n"])


@test("a patch that does not apply changes nothing and says where")
def _():
    with Home(options=engines.sandbox("restricted")) as h:
        h.write("a", "one\ntwo\n")
        h.write("b", "1\n2\n")
        h.write("p", "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+ONE\n"
                "--- a/b\n+++ b/b\n@@ -1,2 +1,2 @@\n 1\n-3\n+4\n")
        done = commands(h, "put a", "put b", "apply p", "exec cat a b",
                        options=["--json"])
        got = results(done, "apply")[0]
        same(got["status"], 2)
        same(got["result"]["failed"], {
            "hunk": 1, "patch_line": 10, "line": 2, "wanted": "3",
            "found": "2", "applied_before": False})
        assert "b does not apply: hunk 1 of 1, line 10" in \
            got["error"]["message"], got
        same(results(done, "exec")[0]["result"]["stdout"],
             "one\ntwo\n1\n2\n")


@test("what leads out, or through a link, is refused: %s", engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        for i, path in enumerate(("../../etc/passwd", "/etc/passwd", "link/x",
                                  "l", "dir", "fifo", "file/x")):
            changes(h, "c%d" % i, ("good", "g\n"), (path, "x\n"))
        done = commands(
            h, "exec -- sh -c 'mkdir real dir; echo r > real/x; ln -s real "
            "link; ln -s real/x l; mkfifo fifo; echo f > file'",
            *("apply c%d" % i for i in range(7)),
            "exec -- sh -c 'ls; cat real/x file'", options=["--json"])
        got = results(done, "apply")
        same([r["status"] for r in got[:6]], [2] * 6)
        assert got[6]["status"], got[6]
        for r, why in zip(got, ("out of the workspace", "absolute path",
                                "is a link", "it is a link", "a directory",
                                "no regular file", "Not a directory")):
            assert why in r["error"]["message"], (why, r)
        same(results(done, "exec")[-1]["result"]["stdout"],
             "dir\nfifo\nfile\nl\nlink\nreal\nr\nf\n")


@test("names and contents of any bytes")
def _():
    with Home(options=engines.sandbox("restricted")) as h:
        name = b"w \xff\n\"x"
        work = os.fsencode(h.work)
        os.mkdir(work + b"/src")
        with open(work + b"/src/" + name, "wb") as f:
            f.write(b"a\r\nb\xfe\nlast")
        quoted = b'"a/src/w \\377\\n\\"x"'
        with open(h.work + "/p", "wb") as f:
            f.write(b"--- " + quoted + b"\n+++ " + quoted.replace(
                b"a/", b"b/", 1) + b"\n@@ -1,3 +1,3 @@\n-a\r\n+A\r\n b\xfe\n"
                b"-last\n\\ No newline at end of file\n+LAST\n"
                b"\\ No newline at end of file\n")
        changes(h, "c", ("bin", ""))
        h.write("c", '[{"path": "bin", "content_b64": "AAEC/w=="}]')
        done = commands(h, "put src", "apply p", "apply c", "get src back",
                        "get bin", "apply --undo", "apply --undo",
                        "get src again").is_ok()
        with open(work + b"/back/" + name, "rb") as f:
            same(f.read(), b"A\r\nb\xfe\nLAST")
        with open(work + b"/again/" + name, "rb") as f:
            same(f.read(), b"a\r\nb\xfe\nlast")
        with open(h.work + "/bin", "rb") as f:
            same(f.read(), b"\0\1\2\xff")
        assert b"Binary files /dev/null and b/bin differ" in done.out_bytes


def edited(rng, lines):
    lines = list(lines)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(lines) + 1)
        what = rng.randrange(3)
        if what == 0:
            lines.insert(at, rng.choice("abcxyz"))
        elif at < len(lines) and what == 1:
            del lines[at]
        elif at < len(lines):
            lines[at] = rng.choice("abcxyz")
    return lines


def text(rng, lines):
    return "\n".join(lines) + rng.choice(("\n", "\n", ""))


@test("what diff -u writes is applied as it meant it, and ours by patch")
def _():
    if not shutil.which("diff"):
        raise Skip("no diff")
    rng = random.Random(4)
    with Home(options=engines.sandbox("restricted")) as h:
        for side in "old", "new":
            os.makedirs(h.work + "/" + side)
        wanted = {}
        for i in range(60):
            lines = [rng.choice("abc") for _ in range(rng.randrange(0, 30))]
            before, after = text(rng, lines), text(rng, edited(rng, lines))
            if before.strip():
                h.write("old/f%d" % i, before)
            if after.strip():
                h.write("new/f%d" % i, after)
                wanted["f%d" % i] = after
        diff = subprocess.run(["diff", "-ruN", "old", "new"], cwd=h.work,
                              capture_output=True)
        with open(h.work + "/p", "wb") as f:
            f.write(diff.stdout)
        commands(h, "put old .", "exec -- sh -c 'mv old/* .; rmdir old'",
                 "apply p > ours", "get . out/", "apply --undo",
                 "get . back", "apply ours",
                 "get . again").is_ok()
        for place in "out", "again":
            got = {}
            for name in os.listdir(h.work + "/" + place):
                with open(h.work + "/" + place + "/" + name) as f:
                    got[name] = f.read()
            same(got, wanted, place)
        if shutil.which("patch"):
            subprocess.run(["patch", "-s", "-p1", "-d", "old", "-i",
                            "../ours"], cwd=h.work, check=True)
            for name in wanted:
                with open(h.work + "/old/" + name) as f:
                    same(f.read(), wanted[name], name)


@test("undoing does not lose what was changed since")
def _():
    with Home(options=engines.sandbox("restricted")) as h:
        changes(h, "c", ("a", "ours\n"), ("b", "ours\n"))
        done = commands(h, "apply c", "exec -- sh -c 'echo theirs > b'",
                        "apply --undo", "exec cat a b", options=["--json"])
        got = results(done, "apply")[1]
        same(got["status"], 2)
        assert "b is not what it was" in got["error"]["message"], got
        same(results(done, "exec")[-1]["result"]["stdout"], "ours\ntheirs\n")


@test("a kept environment remembers what can be undone: %s",
      engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        changes(h, "c", ("a", "1\n"))
        changes(h, "d", ("a", "2\n"))
        h.addesh("-c", "env new --name e1", "-c", "apply c", "-c",
                 "env keep").is_ok()
        use = ("-q", "-c", "env use e1", "-c")
        h.addesh(*use, "apply d").is_ok()
        done = h.addesh(*use, "apply --undo", "-c", "exec cat a").is_ok()
        assert done.out.endswith("1\n"), done
        kept = h.env["XDG_STATE_HOME"] + "/addesh/kept"
        same([os.stat(kept + "/" + f).st_mode & 0o777
              for f in os.listdir(kept) if f.endswith(".undo")], [0o600])
        h.addesh(*use, "apply --undo", "-c", "env rm e1").is_ok()
        same(os.listdir(kept), [], "and forgets it with its end")


@test("what follows it says as much as by itself: %s", engines.SANDBOXES)
def _(sandbox):
    with Home(options=engines.sandbox(sandbox)) as h:
        changes(h, "c", ("test_a.py", "import unittest, no_such_module\n"))
        changes(h, "d", ("a.py", "def (\n"))
        done = commands(h, "set project.auto_test true", "apply c", "test",
                        "set project.auto_build true", "apply d",
                        options=["--json"])
        tested, built = (r["result"] for r in results(done, "apply"))
        own = results(done, "test")[0]["result"]
        run = tested["tests"].pop("run")
        same(run.keys(), own.keys() - {"tests", "stdout", "stderr"})
        same([run.get(k) for k in ("exit_code", "diagnosis", "hint")],
             [own.get(k) for k in ("exit_code", "diagnosis", "hint")])
        same((run["exit_code"], run["diagnosis"]["module"]),
             (1, "no_such_module"))
        same([tested["tests"][k] for k in ("state", "why", "errors")],
             [own["tests"][k] for k in ("state", "why", "errors")])
        assert "no_such_module" in tested["stderr"], tested
        run = built["build"]["run"]
        same((built["verified"], run["exit_code"], "tests" in built),
             (False, 1, False))
        same([run["diagnosis"][k] for k in ("kind", "file", "line")],
             ["syntax_error", "a.py", 1])


@test("Ctrl-C and a kill in the middle: all or none")
def _():
    with Home(options=engines.sandbox("restricted")) as h:
        n, ends = 600, set()
        changes(h, "c", *(("d%d/f%d" % (i % 50, i), "x" * 20000)
                          for i in range(n)))
        h.addesh("-s", "n", "-c", "env new").is_ok()
        for how, delay in ((signal.SIGINT, 0.05), (signal.SIGINT, 0.15),
                           (signal.SIGINT, 0.3), (signal.SIGKILL, 0.1),
                           (signal.SIGKILL, 0.2), (signal.SIGINT, 60)):
            p = h.spawn("-s", "n", "-c", "apply c",
                        stdout=subprocess.DEVNULL)
            try:
                p.wait(delay)
            except subprocess.TimeoutExpired:
                p.send_signal(how)
            p.wait(60)
            ends.add(p.returncode)
            done = h.addesh("-q", "-s", "n", "-c", "exec -- sh -c 'find . "
                            "-type f | wc -l; find . -name \".addesh*\" | "
                            "wc -l; find . -type d | wc -l'").is_ok()
            same(done.out.split(), [str(n), "0", "51"]
                 if int(done.out.split()[0]) else ["0", "0", "1"])
            assert p.returncode != 0 or done.out.startswith(str(n)), done
            # Too late is too late, and that is said.
            if how == signal.SIGINT:
                same(b"applied:" in p.stderr.read(),
                     not done.out.startswith("0"))
            h.addesh("-q", "-s", "n", "-c",
                     "exec -- sh -c 'rm -rf d*'").is_ok()
        assert 0 in ends and len(ends) > 1, ends


@test("what apply is called with")
def _():
    with Home(options=engines.sandbox("restricted")) as h:
        h.write("p", "--- x/f\n+++ x/f\n@@ -0,0 +1 @@\n+a\n")
        h.write("huge", "x" * ((64 << 20) + 1))
        done = commands(h, "apply", "apply none", "apply huge",
                        "apply --undo p", "apply -n p", "exec ls -A",
                        "apply --strip 1 p", "apply --strip 7 p",
                        "exec ls -A", "apply <<EOF\n[]\nEOF",
                        "apply <<EOF\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n"
                        "+b\nEOF", options=["--json"])
        got = results(done, "apply")
        same([r["status"] for r in got], [2, 125, 125, 2, 0, 0, 2, 2, 0])
        same((got[4]["result"]["applied"], got[5]["result"]["applied"]),
             (False, True))
        same([r["result"]["stdout"] for r in results(done, "exec")],
             ["", "f\n"])


main()
