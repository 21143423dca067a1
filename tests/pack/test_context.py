# SPDX-License-Identifier: MIT
"""A build context on its own: what is never opened, what is refused, what a
tree that changes does to it, and what lies over it."""

import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from packtool import TOOL, entries, make, run, sent, start    # noqa: E402
from tap import Skip, main, same, test                  # noqa: E402

IN_OPEN = 0x20
PR_CAPBSET_DROP = 24


def drop_privileges():
    """For root, which permissions would not stop: CAP_DAC_OVERRIDE and
    CAP_DAC_READ_SEARCH leave the bounding set, and are gone with execve(2)."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


PLAIN = {"preexec_fn": drop_privileges}


def names(*args, **how):
    return [e.name.decode() for e in sent(*args, **how)]


def contents(*args):
    return {e.name.decode(): e.content for e in sent(*args)}


def refused(*args, **how):
    """The kind of the error and its message."""
    status, _, err = run(*args, **how)
    same(status, 1, "status")
    kind, message = err[-1].decode().split(" ", 1)
    return kind, message


class Opened:
    """How often a directory is opened while the block runs (inotify(7))."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.fd >= 0, os.strerror(ctypes.get_errno())
        assert libc.inotify_add_watch(self.fd, path, IN_OPEN) >= 0
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            data = b""
        os.close(self.fd)
        while data:
            size = struct.unpack_from("iIII", data)[3]
            data = data[16 + size:]
            self.count += 1


@test
def a_directory_that_is_left_out_is_not_opened():
    tree = {b"node_modules/a/b": b"", b"node_modules/keep": b"", b"x": b""}
    for rules, opened in ((b"node_modules", False), (b"**/node_modules", False),
                          (b"!node_modules/keep\nnode_modules", False),
                          (b"node_modules\n!src/*", False),
                          (b"node_modules\n!node_modules/keep", True),
                          (b"*\n!**/keep", True)):
        top = make(dict(tree, **{}))
        make({b".dockerignore": rules}, top)
        with Opened(os.path.join(top, b"node_modules")) as watched:
            found = names(top)
        same(watched.count > 0, opened, rules)
        same("node_modules/keep" in found, opened, rules)
        assert "node_modules/a" not in found
        shutil.rmtree(top)


@test
def a_file_that_is_left_out_is_not_opened():
    top = make({b"a": b"", b"big": b"x" * 1000, b".dockerignore": b"big"})
    with Opened(os.path.join(top, b"big")) as watched:
        same(names(top), [".dockerignore", "a"])
    same(watched.count, 0, "times that it was opened")
    shutil.rmtree(top)


@test
def the_dockerfile_and_its_rules_are_always_sent():
    top = make({b".dockerignore": b"**", b"Dockerfile": b"", b"a": b"",
                b"b/c/D": b"", b"b/c/x": b"", b"b/y": b""})
    same(names("-f", "Dockerfile", top), [".dockerignore", "Dockerfile"])
    same(names("-f", "b/c/D", top), [".dockerignore", "b", "b/c", "b/c/D"])
    shutil.rmtree(top)


@test
def rules_of_a_dockerfile_win():
    top = make({b".dockerignore": b"a", b"D.dockerignore": b"b", b"D": b"",
                b"a": b"", b"b": b"", b"s/D": b"", b"s/D.dockerignore": b"s/x",
                b"s/x": b""})
    found = names("-f", "D", top)
    assert "a" in found and "b" not in found, found
    found = names("-f", "s/D", top)
    assert "a" in found and "s/x" not in found, found
    found = names("-f", "other", top)
    assert "a" not in found and "b" in found, found
    shutil.rmtree(top)


@test
def other_rules_are_for_a_tree_without():
    top = make({b"a": b"", b"b": b""})
    same(names("-d", "b", top), ["a"])
    make({b".dockerignore": b"a"}, top)
    same(names("-d", "b", top), [".dockerignore", "b"])
    shutil.rmtree(top)


@test
def the_installed_rules_leave_out_what_nobody_wants():
    rules = os.path.join(os.environ.get("ADDESH_SOURCE", "."),
                         "share/addesh/templates/dockerignore")
    unwanted = [".git/HEAD", ".gitignore", "NOTES.md", ".env", ".venv/bin/x",
                "__pycache__/a", "node_modules/a/b", "a.pyc", ".DS_Store",
                "a.log", "pkg/node_modules/a", "pkg/.env.local", "x/y/a.pyc"]
    wanted = ["README.md", ".env.example", "pkg/.env.example", "docs/a.md",
              "main.py", ".dockerignore", "environment", "src/git/a"]
    done = subprocess.run([TOOL, "ignored", rules] + unwanted + wanted,
                          stdout=subprocess.PIPE, check=True)
    same(done.stdout.decode().split("\n")[:-1], unwanted)


@test
def bad_rules_are_refused_with_file_and_line():
    top = make({b".dockerignore": b"a\n\n[z-a]\n"})
    kind, message = refused(top)
    same(kind, "config")
    same(message, top.decode() + "/.dockerignore:3: a range ends before it "
         "begins")
    os.rename(os.path.join(top, b".dockerignore"),
              os.path.join(top, b"D.dockerignore"))
    assert "/D.dockerignore:3: " in refused("-f", "D", top)[1]
    shutil.rmtree(top)


@test
def rules_are_not_read_through_a_link():
    top = make({b"a": b"", b"rules": b"a"})
    os.symlink(b"rules", os.path.join(top, b".dockerignore"))
    kind, message = refused(top)
    same(kind, "config")
    assert message.startswith(top.decode() + "/.dockerignore: "), message
    assert "symbolic link" in message, message
    os.unlink(os.path.join(top, b".dockerignore"))
    os.mkfifo(os.path.join(top, b".dockerignore"))
    assert "not a regular file" in refused(top)[1]
    shutil.rmtree(top)


@test
def what_is_no_file_is_told():
    top = make({b"d/a": b""})
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(top, b"d/socket"))
    for n in range(30):
        os.mkfifo(os.path.join(top, b"fifo%02d" % n))
    status, out, err = run(top)
    same(status, 0)
    same([e.name for e in entries(out)], [b"d", b"d/a"])
    same(err[0], b"files 1 bytes 0 ignored 0 skipped 31")
    same(err[1:3], [b"d/socket (socket)", b"fifo00 (FIFO)"])
    same(len(err), 21, "lines: 20 paths at most")
    make({b".dockerignore": b"fifo*\n**/socket"}, top)
    same(run(top)[2], [b"files 2 bytes 15 ignored 31 skipped 0"])
    server.close()
    shutil.rmtree(top)


@test
def what_cannot_be_read_is_an_error_unless_it_is_left_out():
    top = make({b"a": b"", b"d/secret": b"x", b"e/f": b""})
    os.chmod(top, 0o755)
    os.chmod(os.path.join(top, b"d/secret"), 0)
    kind, message = refused(top, **PLAIN)
    same((kind, message), ("io", top.decode() + "/d/secret: Permission denied"))
    os.chmod(os.path.join(top, b"d"), 0)
    same(refused(top, **PLAIN)[1], top.decode() + "/d: Permission denied")
    make({b".dockerignore": b"d"}, top)
    same(names(top, **PLAIN), [".dockerignore", "a", "e", "e/f"])
    os.chmod(os.path.join(top, b"d"), 0o755)
    make({b".dockerignore": b"**/secret"}, top)
    same(names(top, **PLAIN), [".dockerignore", "a", "d", "e", "e/f"])
    shutil.rmtree(top)


@test
def what_is_no_directory_is_refused():
    top = make({b"a": b""}).decode()
    same(refused(top + "/none"),
         ("io", top + "/none: No such file or directory"))
    same(refused(top + "/a"), ("io", top + "/a: Not a directory"))
    shutil.rmtree(top)


@test
def a_directory_may_be_named_through_a_link():
    top = make({b"real/a": b""})
    os.symlink(b"real", os.path.join(top, b"link"))
    same(names(os.path.join(top, b"link")), ["a"])
    shutil.rmtree(top)


def midway(top):
    """The tool, stopped in the large file "a" by a pipe that is full."""
    process = start(top)
    head = process.stdout.read(512)
    assert head.startswith(b"a\0"), head[:20]
    return process, head


LARGE = 8 << 20    # more than the pipe and both buffers hold


@test
def a_file_that_shrinks_is_an_error():
    top = make({b"a": b"x" * LARGE})
    process, _ = midway(top)
    os.truncate(os.path.join(top, b"a"), LARGE // 2)
    _, err = process.communicate(timeout=60)
    same(process.returncode, 1)
    same(err.split(b"\n")[-2].decode(), "io %s/a: it changed while it was read"
         % top.decode())
    shutil.rmtree(top)


@test
def a_file_that_grows_is_sent_as_it_was():
    top = make({b"a": b"x" * LARGE, b"b": b"y"})
    process, head = midway(top)
    with open(os.path.join(top, b"a"), "ab") as f:
        f.write(b"z" * 100000)
    out, _ = process.communicate(timeout=60)
    same(process.returncode, 0)
    a, b = entries(head + out)
    assert a.content == b"x" * LARGE and b.content == b"y"
    shutil.rmtree(top)


@test
def a_tree_that_changes_leads_nowhere_else():
    top = make({b"a": b"x" * LARGE, b"d/secret": b"", b"f": b"file",
                b"gone": b"", b"p": b""})
    other = make({b"secret": b"not this"})
    at = lambda name: os.path.join(top, name)
    process, head = midway(top)
    shutil.rmtree(at(b"d"))
    os.symlink(other, at(b"d"))
    os.unlink(at(b"f"))
    os.symlink(os.path.join(other, b"secret"), at(b"f"))
    os.unlink(at(b"gone"))
    os.unlink(at(b"p"))
    os.mkfifo(at(b"p"))
    out, err = process.communicate(timeout=60)
    same(process.returncode, 0, err)
    same([(e.name, e.kind) for e in entries(head + out)[1:]],
         [(b"d", "link"), (b"f", "link")])
    assert b"not this" not in out and b"p (FIFO)" in err
    shutil.rmtree(top)
    shutil.rmtree(other)


@test
def an_end_in_the_middle_leaves_nothing():
    top = make({b"a": b"x" * LARGE})
    process, _ = midway(top)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    same(process.returncode, -signal.SIGTERM)
    shutil.rmtree(top)


@test
def files_lie_over_a_directory():
    top = make({b"a/b": b"old", b"c": b"old", b"d/e": b"old", b"f": b"file"})
    found = contents("-o", "c=new", "-o", "d=now a file", "-o", "f/g=below",
                     "-o", "x/y/z=deep", top)
    same(found, {"a": b"", "a/b": b"old", "c": b"new", "d": b"now a file",
                 "f": b"", "f/g": b"below", "x": b"", "x/y": b"",
                 "x/y/z": b"deep"})
    same(contents("-o", "b/c=1", "-o", "b-c=2", "-o", "a=3", "-"),
         {"a": b"3", "b": b"", "b/c": b"1", "b-c": b"2"})
    shutil.rmtree(top)


@test
def files_that_lie_over_it_follow_the_rules():
    same(list(contents("-o", ".dockerignore=*.log\nDockerfile", "-o", "a.log=1",
                       "-o", "b=2", "-o", "Dockerfile=", "-f", "Dockerfile",
                       "-")), [".dockerignore", "Dockerfile", "b"])
    same(list(contents("-d", "*.log", "-o", "a.log=1", "-o", "b=2", "-")),
         ["b"])


@test
def a_context_lies_under_a_directory_and_a_file_above_it():
    top = make({b"Dockerfile": b"", b".dockerignore": b"D*\n.d*\nx", b"x": b"",
                b"d/a": b"text"})
    os.link(os.path.join(top, b"d/a"), os.path.join(top, b"e"))
    found = sent("-f", "Dockerfile", "-u", "under", "-a", "Dockerfile=FROM y",
                 top)
    same([(e.name, e.kind, e.content or e.target) for e in found],
         [(b"Dockerfile", "file", b"FROM y"), (b"under", "directory", b""),
          (b"under/d", "directory", b""), (b"under/d/a", "file", b"text"),
          (b"under/e", "hard link", b"under/d/a")])
    shutil.rmtree(top)


@test("a file at %s is refused", ["/a", "../a", "a/../b", "a//b", "./a", "",
                                  "a/", "a/.", ".."])
def _(path):
    kind, message = refused("-o", path + "=x", "-")
    same(kind, "config")
    assert message.startswith(path + ": "), message


@test
def files_that_exclude_each_other_are_refused():
    for one, other in (("a", "a"), ("a", "a/b"), ("a/b/c", "a/b")):
        same(refused("-o", one + "=1", "-o", other + "=2", "-")[0], "config")


@test
def the_same_tree_gives_the_same_bytes_in_any_pieces():
    top = make({b"b/c": b"1" * 3000, b"a": b"2" * 70000, b"\xff" * 130: b"3",
                b"e": None})
    os.symlink(b"x", os.path.join(top, b"l"))
    copy = top + b"-copy"
    shutil.copytree(top, copy, symlinks=True)
    for t in (top, copy):
        for path, _, files in os.walk(t):
            for name in files + ["."]:
                os.utime(os.path.join(path, os.fsencode(name)), (7, 7),
                         follow_symlinks=False)
    whole = run(top)[1]
    for size in ("1", "511", "4097", "1000000"):
        assert run("-b", size, top)[1] == whole, size
    assert run(copy)[1] == whole
    shutil.rmtree(top)
    shutil.rmtree(copy)


@test
def a_path_that_is_too_long_is_named():
    top = make({})
    here = os.getcwd()
    os.chdir(top)
    for _ in range(20):
        os.mkdir(b"d" * 250)
        os.chdir(b"d" * 250)
    os.chdir(here)
    kind, message = refused(top)
    same(kind, "io")
    assert message.endswith(": File name too long"), message[-40:]
    shutil.rmtree(top)


def peak_kib(*args):
    """Peak of the resident memory while it writes a tar to nowhere."""
    process = start(*args)
    while process.stdout.read(1 << 20):
        pass
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    same(process.returncode, 0)
    process.stderr.close()
    process.stdout.close()
    return usage.ru_maxrss


@test
def memory_does_not_grow_with_the_tree():
    if os.environ.get("ADDESH_TEST_SANITIZERS"):
        raise Skip("the sanitizers need the memory")
    small = peak_kib(make({b"a": b""}))
    top = make({b"d%d/file%d" % (n // 100, n): b"" for n in range(5000)})
    make({b"f%d" % n: b"" for n in range(5000)}, top)
    with open(os.path.join(top, b"large"), "wb") as f:
        f.truncate(256 << 20)
    peak = peak_kib(top)
    assert peak < small + 2048, (small, peak)
    shutil.rmtree(top)


main()
