# SPDX-License-Identifier: MIT
"""put, get, ls and cat, as a script uses them."""

import json
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test

# What an engine's attach once took for its detach key, at the end of a read.
AWKWARD = b"x" * 32768 + b"\x10"


POLICY = "host: {read: [.], write: [./out]}\n"


def home(sandbox):
    h = Home(options=engines.sandbox(sandbox))
    os.mkdir(h.work + "/out")
    return h


def commands(h, *lines, options=(), **kw):
    """Runs the lines after `env new`, going on at failures, without notes."""
    args = ["-q", "-k", *options, "-c", "env new"]
    for line in lines:
        args += ["-c", line]
    return h.addesh(*args, **kw)


def tree(path):
    """{name: content, link target or None} of all below a directory."""
    found = {}
    for top, dirs, names in os.walk(path):
        for name in dirs + names:
            full = os.path.join(top, name)
            key = os.path.relpath(full, path)
            if os.path.islink(full):
                found[key] = "-> " + os.readlink(full)
            elif os.path.isdir(full):
                found[key] = None
            else:
                with open(full, "rb") as f:
                    found[key] = f.read()
    return found


def make_tree(h):
    h.write("src/a.py", "print('a')\n")
    h.write("src/sub/awkward", AWKWARD)
    h.write("src/sub/.hidden", b"\xff\x00")
    h.write("src/empty", "")
    os.makedirs(os.path.join(h.work, "src/none"))
    os.symlink("a.py", os.path.join(h.work, "src/link"))
    os.symlink("/etc/passwd", os.path.join(h.work, "src/outside"))
    os.symlink("missing", os.path.join(h.work, "src/dangling"))
    os.chmod(os.path.join(h.work, "src/a.py"), 0o755)


@test("a tree goes in and comes out as it was: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        make_tree(h)
        done = commands(h, "put src", "get src out/back").is_ok()
        same((done.out, done.err), ("", ""))
        same(tree(h.work + "/out/back"), tree(h.work + "/src"))
        mode = os.stat(h.work + "/out/back/a.py").st_mode
        same(stat.S_IMODE(mode) & 0o111, 0o111, "executable bits")


@test("where a copy goes: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "f")
        h.write("d/g", "g")
        commands(h, "put f", "put f name", "put f deep/er/name", "put f dir/",
                 "put d", "put d d", "put d other", "get . out/all").is_ok()
        same(tree(h.work + "/out/all"), {
            "f": b"f", "name": b"f", "deep": None, "deep/er": None,
            "deep/er/name": b"f", "dir": None, "dir/f": b"f",
            "d": None, "d/g": b"g", "d/d": None, "d/d/g": b"g",
            "other": None, "other/g": b"g"})


@test("where a copy comes from and goes here: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "new")
        h.write("out/f", "old")
        h.write("out/there/x", "x")
        commands(h, "put f", "get f out/", "get f out/name", "get f out/there",
                 "get /workspace/f out/absolute").is_ok()
        same(tree(h.work + "/out"), {
            "f": b"new", "name": b"new", "there": None, "there/x": b"x",
            "there/f": b"new", "absolute": b"new"})


@test("counts are told, and what was left out: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        make_tree(h)
        os.mkfifo(h.work + "/src/fifo")
        done = h.addesh("-c", "env new", "-c", "put src",
                        "-c", "put src/empty").is_ok()
        same(done.err.splitlines()[-3:], [
            "src: 4 files, 3 directories, 3 links, 32 KB",
            "addesh: warning: src: left out 1 that are neither files, "
            "directories nor links, or cannot be read",
            "src/empty: 1 file, 0 bytes"])


@test("copying nothing is a failure: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        os.mkfifo(h.work + "/fifo")
        done = commands(h, "exec mkfifo ff", "get ff out/x", "put fifo",
                        "put nope", "get nope out/").is_status(2)
        same(done.err.splitlines(), [
            "addesh: get: ff is neither a file, a directory nor a link that "
            "can be read: nothing was copied",
            "addesh: put: fifo is neither a file nor a directory",
            "addesh: put: nope: No such file or directory",
            "addesh: get: /workspace/nope: No such file or directory"])
        assert not os.path.exists(h.work + "/out/x")


@test("the policy says which paths of the host: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "f")
        policy = h.path + "/policy.yaml"
        with open(policy, "w") as f:
            f.write(POLICY)
        done = commands(h, "put f", "put /etc/passwd", "get f g",
                        "set host.write ./out,.", "get f g",
                        "get f ../outside", options=["--config", policy])
        done.is_status(125)
        same(done.err.splitlines(), [
            "addesh: put: reading /etc/passwd is not allowed: host.read is "
            "[\".\"] (%s:1)" % policy,
            "  allow it:  set host.read .,/etc",
            "addesh: get: writing %s/g is not allowed: host.write is "
            "[\"./out\"] (%s:1)" % (h.work, policy),
            "  allow it:  set host.write ./out,.",
            "addesh: get: writing %s/outside is not allowed: host.write is "
            "[\"./out\", \".\"] ('set')" % h.path,
            "  allow it:  set host.write ./out,.,.."])
        same(tree(h.work), {"f": b"f", "g": b"f", "out": None})
        same(os.listdir(h.path).count("outside"), 0)


@test("a link out of the allowed place does not help: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        os.symlink("/etc", h.work + "/etc")
        os.symlink(h.path, h.work + "/out/up")
        policy = h.write("policy.yaml", POLICY)
        done = commands(h, "put etc/passwd", "exec touch f", "get f out/up/f",
                        options=["--config", policy])
        done.is_status(125)
        assert "reading /etc/passwd is not allowed" in done.err, done.err
        assert "writing %s/f is not allowed" % h.path in done.err, done.err
        assert not os.path.exists(h.path + "/f")


HOSTILE = """run make.py <<EOF
import os
os.symlink("/etc/passwd", "pw")
os.symlink("..", "up")
os.mkdir("d")
os.symlink("/tmp", "d/tmp")
open("d/suid", "w").write("s")
os.chmod("d/suid", 0o4755)
open("big", "w").truncate(1 << 40)
open("a\\nb\\x1b[31m", "w").close()
EOF"""


@test("what a program made stays in its place: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = commands(h, HOSTILE, "get pw out/", "get up out/",
                        "get d out/d", "get up/etc out/x").is_status(125)
        same(tree(h.work + "/out"), {
            "pw": "-> /etc/passwd", "up": "-> ..", "d": None,
            "d/tmp": "-> /tmp", "d/suid": b"s"})
        same(stat.S_IMODE(os.lstat(h.work + "/out/d/suid").st_mode) & 0o7000,
             0, "set-id bits")
        same(done.err.count("\n"), 1, done.err)
        # an existing link is replaced and not written through
        h.write("target", "kept")
        os.symlink("../target", h.work + "/out/d2")
        h.write("mine", "mine")
        commands(h, "put mine d2", "get d2 out/").is_ok()
        with open(h.work + "/target") as f:
            same(f.read(), "kept")


@test("the mode of a copy is within umask: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("src/open", "x")
        os.chmod(os.path.join(h.work, "src/open"), 0o777)
        before = os.umask(0o027)
        try:
            commands(h, "put src/open .", "get open ./out").is_ok()
        finally:
            os.umask(before)
        same(stat.S_IMODE(os.stat(h.work + "/out/open").st_mode), 0o750)


@test("a size that nobody expected ends the copy: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = commands(h, HOSTILE, "get big out/big",
                        "exec sh -c 'head -c 3000 /dev/zero > small'",
                        "get --max-size 1k small out/small",
                        "get --max-size 4k small out/small").is_status(125)
        same([l for l in done.err.splitlines() if l.startswith("  ")],
             ["  take more:  get --max-size SIZE big",
              "  take more:  get --max-size SIZE small"])
        same(sorted(tree(h.work + "/out")), ["small"])
        same(os.path.getsize(h.work + "/out/small"), 3000)


@test("paths of the environment have no ..: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "f")
        done = commands(h, "put f ../f", "get ../etc/passwd out/",
                        "ls ..", "cat a/../../etc/passwd", "put f ..f",
                        "cat ..f").is_status(2)
        same(done.out, "f")
        wrong = ": a path in the environment has no .."
        same(done.err.splitlines(), [
            "addesh: put: ../f" + wrong,
            "addesh: get: ../etc/passwd" + wrong,
            "addesh: ls: .." + wrong,
            "addesh: cat: a/../../etc/passwd" + wrong])


@test("ls lists in order, and cannot be forged: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = commands(h, HOSTILE, "ls").is_ok()
        same([l.split()[-1] if "->" not in l else l.split()[-3]
              for l in done.out.splitlines()],
             ["NAME", "a?b?[31m", "big", "d/", "make.py", "pw", "up"])
        assert "pw -> /etc/passwd" in done.out
        done = commands(h, HOSTILE, "ls d", "ls d/suid", "ls nope")
        same([l[:10] for l in done.out.splitlines()],
             ["MODE      ", "-rwsr-xr-x", "lrwxrwxrwx",
              "MODE      ", "-rwsr-xr-x"])
        same(done.err, "addesh: ls: /workspace/nope: "
                       "No such file or directory\n")


@test("ls as JSON and plain: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "abc")
        done = h.addesh("--json", "-c", "env new", "-c", "put f", "-c", "ls",
                        "-c", "exec sh -c 'rm f'", "-c", "ls").is_ok()
        answers = done.objects()
        entry = answers[2]["result"]["entries"][0]
        same((entry["name"], entry["type"], entry["size"], entry["mode"]),
             ("f", "f", 3, 0o644))
        same(answers[-1]["result"]["entries"], [])
        done = h.addesh("--plain", "-q", "-c", "env new", "-c", "put f",
                        "-c", "ls").is_ok()
        fields = done.out.rstrip("\n").split("\t")
        same((fields[0], fields[1], fields[3]), ("-rw-r--r--", "3 bytes", "f"))


@test("cat gives every byte: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("awkward", AWKWARD)
        h.write("bytes", bytes(range(256)))
        done = commands(h, "put awkward", "put bytes", "cat awkward",
                        "cat bytes > out.bin", "cat bytes").is_ok()
        same(done.out_bytes, AWKWARD + bytes(range(256)))
        same(tree(h.work)["out.bin"], bytes(range(256)))


@test("cat refuses what is no file: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = commands(h, HOSTILE, "exec mkfifo ff", "cat ff", "cat pw",
                        "cat d", "cat nope").is_status(2)
        same(done.out, "")
        same(done.err.splitlines(), [
            "addesh: cat: ff is not a regular file",
            "  if it is a link, follow it:  exec cat ff",
            "addesh: cat: pw is not a regular file",
            "  if it is a link, follow it:  exec cat pw",
            "addesh: cat: d: Is a directory",
            "addesh: cat: /workspace/nope: No such file or directory"])


@test("cat as JSON is bounded, and says so: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("long", b"x" * 5000)
        done = h.addesh("--json", "-c", "set output_limit 2k", "-c",
                        "env new", "-c", "put long", "-c", "cat long").is_ok()
        result = json.loads(done.out.splitlines()[-1])["result"]
        same((result["content"], result["bytes"], result["truncated"]),
             ("x" * 2048, 5000, True))


@test("--in chooses the environment: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("f", "f")
        done = commands(h, "env new --name two", "put --in e1 f",
                        "ls --in e1", "ls", "cat --in e3 f").is_status(2)
        assert done.out.endswith(" f\n"), done.out
        same(done.err.splitlines()[0],
             "addesh: cat: there is no environment 'e3'")


@test("without an environment each of them says so")
def _():
    with Home() as h:
        for line in ("put x", "get x", "ls", "cat x"):
            done = h.addesh("-c", line).is_status(2)
            same(done.err.splitlines(), [
                "addesh: %s: no environment is selected" % line.split()[0],
                "  open one:  env new python:3.11-slim"], line)


main()
