# SPDX-License-Identifier: MIT
"""changes and project apply: what differs, and what of it comes back."""

import base64
import os
import resource
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import place  # noqa: E402
from place import IMAGE  # noqa: E402
from sandboxes import ENGINES  # noqa: E402
from tap import main, same, test  # noqa: E402
from terminal import Terminal  # noqa: E402

KINDS = ENGINES + ("restricted-root",)


class Place(place.Place):
    def results(self, *commands, options=("-y",), **kw):
        return super().results(*commands, options=options, **kw)


def tree(top):
    """{path: content or link's target} and, of files, who may execute it."""
    found = {}
    for where, dirs, files in os.walk(top):
        for name in files + [d for d in dirs
                             if os.path.islink(os.path.join(where, d))]:
            path = os.path.join(where, name)
            key = os.path.relpath(path, top)
            if os.path.islink(path):
                found[key] = "-> " + os.readlink(path)
            else:
                with open(path, "rb") as f:
                    found[key] = (f.read().decode(errors="replace"),
                                  bool(os.stat(path).st_mode & 0o100))
    return found


def listing(top):
    """All names, and what would tell that one was touched."""
    return sorted(
        (os.path.relpath(os.path.join(w, n), top),
         oct(os.lstat(os.path.join(w, n)).st_mode),
         os.lstat(os.path.join(w, n)).st_size,
         os.lstat(os.path.join(w, n)).st_ino)
        for w, d, f in os.walk(top) for n in d + f)


def files_of(result):
    return {f["path"]: f["action"] for f in result["files"]}


FILES = {"a.txt": "one\ntwo\n", "d/b.txt": "b\n", "d/gone": "g\n",
         "same": "x\n", "run": "#!/bin/sh\n", ".gitignore": "*.log\nout/\n"}


@test("what differs is shown, and comes back: %s", KINDS)
def _(kind):
    with Place(kind, FILES) as h:
        os.symlink("a.txt", h.app + "/link")
        if kind == "restricted-root":
            os.chown(h.app + "/a.txt", 1234, 1235)
        owner = os.stat(h.app + "/a.txt")[4:6]
        os.chmod(h.app + "/a.txt", 0o640)
        shown, done, again = h.ok(
            h.open, "exec -- sh -c 'sed -i s/two/TWO/ a.txt; rm d/gone; "
            "mkdir -p new/dir out; echo n > new/dir/f; chmod +x run; : > new/e; "
            "echo l > x.log; echo o > out/o; touch same'",
            "changes", "project apply", "changes")[2:]
        same(files_of(shown), {"a.txt": "changed", "d/gone": "removed",
                               "new/dir/f": "created", "new/e": "created",
                               "run": "changed"})
        same((shown["others"], shown["ignored"] >= 2), ([], True))
        same(done["written"], 5)
        same(files_of(again), {}, "what was written is no change any more")
        same(tree(h.app), {
            "a.txt": ("one\nTWO\n", False), "d/b.txt": ("b\n", False),
            "same": ("x\n", False), "run": ("#!/bin/sh\n", True),
            ".gitignore": (FILES[".gitignore"], False),
            "new/dir/f": ("n\n", False), "new/e": ("", False),
            "link": "-> a.txt"})
        same(os.stat(h.app + "/a.txt").st_mode & 0o777, 0o640, "its mode")
        same(os.stat(h.app + "/a.txt")[4:6], owner)


@test("a program cannot hide a change")
def _():
    with Place("restricted-root", FILES) as h:
        shown = h.ok(
            h.open, "exec -- sh -c 'touch -r a.txt ref; printf \"ONE\\ntwo\\n\" > "
            "a.txt; touch -r ref a.txt; rm ref; mkdir closed; chmod 0 closed; "
            "rm same; mkfifo same; rm d/b.txt; ln -s /etc/passwd d/b.txt; "
            "ln -s / root; x=$(printf \"n\\033\"); mkdir $x; echo x > $x/x'",
            "changes")[2]
        same(files_of(shown), {"a.txt": "changed", "n\033/x": "created"})
        others = "\n".join(shown["others"])
        for text in ("d/b.txt: it was a file, and is a link",
                     "same: it was a file, and is neither",
                     "root: it is a new link"):
            assert text in others, others
        assert "\033" not in h.done.err, h.done.err


@test("what cannot be read is no file that was removed")
def _():
    with Place("restricted-root", dict(FILES, **{"d/e/f": "f\n"})) as h:
        before = listing(h.app)
        shown, done = h.ok(
            h.open, "exec -- sh -c 'chmod 0 same; chmod 444 d'", "changes",
            "project apply")[2:]
        same((files_of(shown), files_of(done)), ({}, {}))
        others = "\n".join(shown["others"])
        for name in ("same", "d/b.txt", "d/gone", "d/e"):
            assert name + ": it cannot be read: Perm" in others, others
        same(listing(h.app), before)


@test("version control's own files and giants are told of, and stay")
def _():
    with Place("restricted-root", FILES) as h:
        h.write("app/.dockerignore", "out\n")
        os.makedirs(h.app + "/sub/.git/hooks")
        h.write("app/sub/.git/config", "[core]\n")
        h.write("app/sub/.git/HEAD", "ref\n")
        before = listing(h.app)
        shown, done = h.ok(
            h.open, "exec -- sh -c 'echo evil > sub/.git/hooks/post-checkout; "
            "echo x >> sub/.git/config; rm sub/.git/HEAD; mkdir .GIT; "
            "echo x > .GIT/config; truncate -s 100G a.txt new'", "changes",
            "project apply")[2:]
        same((files_of(shown), files_of(done)), ({}, {}))
        own = ": version control's own: it is not written back"
        large = ": it is too large to be compared"
        same(shown["others"], [".GIT" + own, "a.txt" + large, "new" + large,
                               "sub/.git" + own])
        same(listing(h.app), before)


@test("as many directories as there may be files open, and more")
def _():
    with Place("restricted-root", {"a": "a\n"}) as h:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            done = h.ok(h.open, "exec -- sh -c 'for i in $(seq 300); do "
                        "mkdir $i; echo > $i/f; done'", "project apply")[2]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        same((done["written"], len(tree(h.app))), (300, 301))


SPOILED = (
    ("echo mine > a.txt", "a.txt was changed on this host"),
    ("rm a.txt", "a.txt was changed on this host"),
    ("ln -sf /etc/hostname a.txt", "a.txt was changed on this host"),
    ("rm a.txt; mkfifo a.txt", "a.txt was changed on this host"),
    ("mkdir new; echo m > new/f", "new/f is on this host already"),
    ("ln -s /tmp new", "links are not followed"),
    ("echo > new", "new/f: Not a directory"),
    ("mv d e; ln -s e d", "links are not followed"),
    ("rm -r d", "d/gone was changed on this host"))


ODD = [b"a b.py", b" before", b"of\ntwo lines.py", b"\xff\xfe.py", b"-n.py",
       b"q'\"$(x)`.py", b"t\tb.py", b"back\\slash.py", b"\033[31m.py", b"*.py",
       b"a => b.py", "\u202e.py".encode(), b"d \n\xff/in.py"]
BUILD = """import os
for name in %r:
    name = b"made/" + name.replace(b"/", b"_")
    os.makedirs(b"made", exist_ok=True)
    open(name, "wb").write(name)
""" % ODD


def named(entry, name="path"):
    """A file's name, which is bytes."""
    if name in entry:
        return entry[name].encode()
    return base64.b64decode(entry[name + "_b64"])


def quoted(name):
    return b'"%s"' % b"".join(b"\\%03o" % c for c in name)


@test("names are any bytes, from one directory to the other: %s",
      ("docker", "restricted-root"))
def _(kind):
    with Place(kind, {"build.py": BUILD}) as h:
        app = os.fsencode(h.app)
        os.mkdir(app + b"/d \n\xff")
        for name in ODD:
            with open(os.path.join(app, name), "wb") as f:
                f.write(b"eval(x)\n")
        h.write("p", b"".join(
            b"--- %s\n+++ %s\n@@ -1 +1 @@\n-eval(x)\n+print(x)\n" % (
                quoted(b"a/" + name), quoted(b"b/" + name)) for name in ODD))
        if kind == "restricted-root":    # names forge no lines
            shown = h.addesh("-k", "-c", h.open, "-c", "check", "-c",
                             "apply p", "-c", "changes", "-c",
                             "project build --command 'python3 build.py'")
            assert "of?two lines.py:1:1: error: eval" in shown.out, shown
            for line in shown.out.split("\n"):
                assert not line.startswith("two lines"), shown
            assert "\033" not in shown.out, shown
        programs = sorted(n for n in ODD if n.endswith(b".py"))
        made = [b"made/" + n.replace(b"/", b"_") for n in ODD]
        found = h.results(
            h.open.replace(IMAGE, "python:3.11-slim"), "check", "apply p",
            "changes", "project build --command 'python3 build.py'",
            *("get -- %s got%d" % (shlex.quote(os.fsdecode(name)), i)
              for i, name in enumerate(made)),
            "exec rm -r made", "project apply", "check app")
        bad, *rest = [o["result"] for o in found[1:]]
        same([o["ok"] for o in found], [True, False] + [True] * (
            len(found) - 2), [o.get("error") for o in found])
        same(sorted(named(f, "file") for f in bad["findings"]), programs)
        for changed in rest[0], rest[1], rest[-2]:
            same(sorted(named(f) for f in changed["files"]), sorted(ODD))
        same(sorted(named(a) for a in rest[2]["build"]["artifacts"]),
             sorted(made))
        for i, name in enumerate(made):
            with open(os.path.join(h.work, "got%d" % i), "rb") as f:
                same(f.read(), name)
        for name in ODD:
            with open(os.path.join(app, name), "rb") as f:
                same(f.read(), b"print(x)\n")
        same(rest[-1]["passed"], True)


@test("what changed on this host meanwhile is not lost: %s",
      [what for what, _ in SPOILED], beside=True)
def _(spoil):
    why = dict(SPOILED)[spoil]
    named = ("-y", "-s", "n")
    with Place("restricted-root", FILES) as h:
        h.ok(h.open, "exec -- sh -c 'echo A > a.txt; mkdir new; echo n > "
             "new/f; rm d/gone; echo y > zz'", options=named)
        subprocess.run(spoil, shell=True, cwd=h.app, check=True)
        before = listing(h.app)
        got, _ = h.results("project apply", "env rm --all", options=named)
        same((got["ok"], got["error"]["kind"]),
             (False, "io" if "Not" in why else "usage"), got)
        assert why in got["error"]["message"], got
        same(got["result"]["written"], 0)
        same(listing(h.app), before)


@test("nothing is written without a word, or where the policy says no")
def _():
    with Place("restricted-root", FILES) as h:
        got = h.results(h.open, "exec rm same", "project apply", "changes a*",
                        "project apply d", "changes", options=())
        assert "nobody is there" in got[2]["error"]["message"], got[2]
        same((files_of(got[3]["result"]), got[4]["result"]["written"],
              files_of(got[5]["result"])), ({}, 0, {"same": "removed"}))
        h.write("policy.yaml", "host: {write: [./elsewhere]}\n")
        got = h.results(h.open, "exec rm same", "project apply",
                        options=("-y", "--policy", h.work + "/policy.yaml"))
        same(got[2]["error"]["kind"], "policy")
        same(os.path.exists(h.app + "/same"), True)


@test("each file may be asked for")
def _():
    with Place("restricted-root", FILES) as h:
        with Terminal(h.argv(), h.env, h.work) as t:
            t.expect("^addesh> ")
            t.line(h.open)
            t.expect("^addesh app> ")
            t.line("exec -- sh -c 'rm same; echo > a.txt; echo > new'")
            t.expect("^addesh app> ")
            t.line("project apply")
            for question, answer in (("Write 3 files", "e"),
                                     ("change a.txt", "y"), ("create new", "n"),
                                     ("remove same", "y")):
                t.expect(question + ".*\\? \\[y/N.*\\]")
                t.line(answer)
            t.expect("wrote 2 files")
            t.line("project apply")
            t.expect("Write 1 file ")
            t.line("e")
            t.expect("create new\\?")
            t.send("\x03")
            t.expect("^addesh app.*> ")
            t.line("project rm --all")
            t.expect("close 1 project\\? \\[y/N\\] ")
            t.line("no")
            t.expect("the answer was no")
            t.expect("^addesh app.*> ")
        same((tree(h.app)["a.txt"], os.path.exists(h.app + "/same"),
              os.path.exists(h.app + "/new")), (("\n", False), False, False))


@test("an environment that is no project has no changes")
def _():
    with Place("restricted-root", FILES) as h:
        got = h.results("env new", "changes", "project apply")
        same([o["status"] for o in got], [0, 2, 2])
        assert "no project" in got[1]["error"]["message"], got[1]


main()
