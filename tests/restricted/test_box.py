#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""What an environment is made of, seen from outside: who it is on this host,
how its runner got in, what of its limits does not hold, its network."""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
from tap import Skip, main, patient, same, test  # noqa: E402

TOOL = os.path.join(os.environ.get("ADDESH_BUILD", "."),
                    "tests/restricted/box_tool")
RUNNER = os.environ.get("ADDESH_TEST_RUNNER", "")
# One with sanitizers needs libraries that no image has.
STATIC = os.path.join(os.environ.get("ADDESH_BUILD", "."), "runner-" + {
    "x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "?"))
IMAGE = "image=python:3.11-slim"
KINDS = engines.SANDBOXES


class Box:
    """One call of box_tool, with directories of its own."""

    def __init__(self, kind, user=None):
        self.kind = kind
        self.user = user
        self.dir = tempfile.TemporaryDirectory(prefix="addesh-test-box-")
        os.chmod(self.dir.name, 0o777)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.dir.name,
                        XDG_STATE_HOME=self.dir.name)
        self.options = []
        self.env["ADDESH_RUNNER"] = RUNNER
        if kind != "restricted":
            self.env["ADDESH_RUNNER"] = STATIC
            self.options = ["engine=" + engines.endpoint(kind), IMAGE]
        elif os.geteuid() and user is None:
            raise Skip("needs root")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def start(self, *words):
        return subprocess.Popen(
            [TOOL, *self.options, *words], env=self.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def __call__(self, *words, wrap=()):
        done = subprocess.run(
            [*wrap, TOOL, *self.options, *words], env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=patient(100))
        assert done.returncode >= 0, done
        return done.stdout


NAMES = """
import getpass, os, pwd, socket
print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name,
      os.path.expanduser("~"), socket.gethostname())
s = socket.create_server(("localhost", 0))
c = socket.create_connection(s.getsockname())
print(socket.gethostbyname(socket.gethostname()), os.access("/", os.W_OK))
"""
NAMED = "\nsandbox sandbox /tmp/home sandbox\n127.0.0.1 False\n"


def value(out, what, name):
    found = re.search(r"^%s %s[= ](.*)$" % (what, name), out, re.M)
    return found and found[1]


@test("limits are those asked for: %s", KINDS)
def _(kind):
    with Box(kind) as box:
        out = box("memory=100m", "disk=20m", "cpus=0.7", "pids=50", "limits",
                  "gaps")
    # /tmp 256m and /dev/shm 16m; Podman's /run and /var/tmp
    extra = 2 if kind == "podman" else 0
    same(value(out, "LIMIT", "memory"), str((392 + extra) << 20))
    same(value(out, "LIMIT", "space:/workspace"), str(20 << 20))
    same(value(out, "LIMIT", "pids"), "50")
    same(value(out, "LIMIT", "cpu"), "700")
    same(value(out, "LIMIT", "network"), "none")
    same(value(out, "LIMIT", "caps").strip("0"), "")
    assert "GAP" not in out, out


@test("code has a name, a home and localhost: %s", KINDS)
def _(kind):
    with Box(kind) as box:
        out = box("script", "20", NAMES)
    assert NAMED in out, out


@test("uid 0 of this host is not in the sandbox")
def _():
    with Box("restricted") as box:
        tool = box.start("describe", "wait")
        try:
            while "FACT runner=" not in (line := tool.stdout.readline()):
                assert line, "ended"
            children = "/proc/%d/task/%d/children"
            bwrap = open(children % (tool.pid, tool.pid)).read().split()
            inside = open(children % (int(bwrap[0]), int(bwrap[0]))).read()
            for name in ("uid_map", "gid_map"):
                with open("/proc/%s/%s" % (inside.split()[0], name)) as f:
                    first, host, count = map(int, f.read().split())
                same((first, count), (0, 65536))
                assert host >= 65536, host
        finally:
            tool.communicate("\n")


@test("the runner comes by a volume where the engine does not see it: %s",
      engines.KINDS)
def _(kind):
    with Box(kind) as box:
        # A file that only this mount namespace has.
        hidden = os.path.join(box.dir.name, "hidden")
        os.mkdir(hidden)
        box.env["ADDESH_RUNNER"] = os.path.join(hidden, "runner")
        wrap = ["unshare", "-m", "sh", "-c",
                'mount -t tmpfs none "$1" && cp "$2" "$1/runner" && shift 2 '
                '&& exec "$@"', "sh", hidden, STATIC]
        for _ in range(2):    # filled, and used again
            out = box("describe", "script", "20", NAMES, "sweep", wrap=wrap)
            assert value(out, "FACT", "runner_way").startswith("addesh-runner-")
            assert NAMED in out, out
            assert re.search(r"SWEEP volume addesh-runner-\w+ \(.*\) kept",
                             out), out
        same(os.listdir(hidden), [], "made by the engine")


@test("a volume as workspace: %s", engines.KINDS)
def _(kind):
    with Box(kind) as box:
        out = box("workspace=disk", "gaps", "script", "20",
                  "print(open('x', 'w').write('hello'))", "reset", "ls", ".")
    assert "\n5\n" in out and "ENTRY f" not in out.split("\n5\n")[1], out
    assert "GAP disk_limit" in out, out


@test("what restricted does not have is refused")
def _():
    with Box("restricted") as box:
        for option in ("writable", "workspace=disk", "user=image"):
            out = box(option)
            assert out.startswith("ERROR sandbox the restricted sandbox "), out


@test("trees go in and come out as they were: %s", KINDS)
def _(kind):
    with Box(kind) as box:
        tree = os.path.join(box.dir.name, "tree")
        os.makedirs(tree + "/a/b")
        with open(tree + "/a/run", "w") as f:
            f.write("#!/bin/sh\n")
        os.chmod(tree + "/a/run", 0o755)
        with open(tree + "/a/b/big", "wb") as f:
            f.write(os.urandom(1 << 20))
        with open(tree + "/dle", "wb") as f:
            f.write(b"x" * 32759 + b"\x10" * 10)
        os.symlink("b/big", tree + "/a/link")
        os.symlink("/etc/passwd", tree + "/absolute")
        os.mkfifo(tree + "/fifo")
        back = os.path.join(box.dir.name, "back")
        out = box("put", tree, "there", "get", "there", back)
        assert "files=3 dirs=3 links=2 bytes=1081355 skipped=1" in out, out
        os.unlink(tree + "/fifo")
        same(subprocess.run(["diff", "-r", "--no-dereference", tree, back],
                            stdout=subprocess.PIPE).stdout, b"")
        assert os.access(back + "/a/run", os.X_OK)


@test("a network of its own, or a reason")
def _():
    with Box("restricted") as box:
        out = box("network=full", "gaps", "limits", "run", "20", "cat",
                  "/proc/net/route", ";")
    if out.startswith("ERROR"):
        assert "no network here: " in out and "HINT" in out, out
        raise Skip(out.splitlines()[0])
    same(value(out, "LIMIT", "network"), "up")
    assert "tap0" in out, out


@test("a bubblewrap that ends before there is a network")
def _():
    with Box("restricted") as box:
        path = os.path.join(box.dir.name, "bwrap")
        with open(path, "w") as f:
            f.write("#!/bin/sh\nexit 1\n")
        os.chmod(path, 0o755)
        box.env["PATH"] = box.dir.name + ":" + box.env["PATH"]
        out = box("network=full")
        if "no network here: " in out:
            raise Skip(out.splitlines()[0])
        same(out, "ERROR sandbox bubblewrap did not start\n")


@test("the network takes no mount of the host with it")
def _():
    with Box("restricted") as box:
        # Mounts that are shared with those of new namespaces, as systemd has
        # them; not with this one.
        out = box("network=full", wrap=[
            "unshare", "-m", "sh", "-c", """
mount --make-rshared /
before=$(cut -d" " -f5 /proc/self/mountinfo)
"$@"
[ "$before" = "$(cut -d" " -f5 /proc/self/mountinfo)" ] && echo same mounts""",
            "sh"])
        if "no network here: " in out:
            raise Skip(out.splitlines()[0])
        assert "same mounts" in out, out


@test("an ordinary user's limits come from the service manager")
def _():
    manager = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.geteuid():
        raise Skip("root makes its own cgroups")
    if not os.path.exists(manager + "/systemd/private"):
        raise Skip("this user has no service manager")
    with Box("restricted", user=True) as box:
        box.env["XDG_RUNTIME_DIR"] = manager
        out = box("memory=100m", "disk=20m", "pids=50", "limits", "gaps")
    assert value(out, "LIMIT", "memory").isdigit(), out
    same(value(out, "LIMIT", "pids"), "50")
    assert "GAP memory" not in out and "GAP pids" not in out, out


@test("a dead one's cgroups and lock file go with the next")
def _():
    with Box("restricted") as box:
        tool = box.start("wait")
        while "OPEN" not in (line := tool.stdout.readline()):
            assert line, "ended"
        locks = os.path.join(box.dir.name, "addesh/env")
        with open(os.path.join(locks, os.listdir(locks)[0])) as f:
            leaves = [line.split()[1] for line in f if "cgroup" in line]
        tool.kill()
        tool.communicate()
        out = box()
        for leaf in leaves:
            assert "SWEEP cgroup " + leaf in out, out
            assert not os.path.exists(leaf), leaf
        same(os.listdir(locks), [])


main()
