# SPDX-License-Identifier: MIT
"""Trees that are hard to send: what is in the image is what is in the
directory, and what cannot be sent is told or refused by name."""

import base64
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, patient, same, test

BUILDERS = ("classic", "buildkit", "buildah")
TAG = "local/tree-%d:" % os.getpid()
# Each entry: its mode in hexadecimal and its path, or a link's target.
LISTING = """cd /t && find . ! -name . -print0 | sort -z >/tmp/names &&
xargs -0 stat -c %f </tmp/names >/tmp/modes &&
for l in $(find . -type l | sort); do readlink $l; done >/tmp/links &&
ls -i d/a hard | sed 's/^ *\\([0-9]*\\) .*/\\1/' | uniq | wc -l >/tmp/inodes &&
cat /tmp/names /tmp/modes /tmp/links /tmp/inodes"""


def home_of(builder):
    home = Home(options=engines.sandbox(
        "podman" if builder == "buildah" else "docker"))
    home.env["DOCKER_BUILDKIT"] = str(int(builder == "buildkit"))
    return home


def hard_tree(home):
    """Its top, and paths (bytes) to modes."""
    top = os.path.join(os.fsencode(home.work), b"tree")
    modes = {b"d": 0o755, b"d/a": 0o750, b"hard": 0o750, b"empty": 0o1777,
             b"new\nline": 0o644, b"\xff\xfe": 0o600, b"n" * 200: 0o644,
             b"none": 0o000, "été".encode(): 0o640, b" ": 0o644}
    os.makedirs(os.path.join(top, b"d"))
    os.mkdir(os.path.join(top, b"empty"))
    for path in modes:
        whole = os.path.join(top, path)
        if path == b"hard":
            os.link(os.path.join(top, b"d/a"), whole)
        elif not os.path.isdir(whole):
            with open(whole, "wb") as f:
                f.write(path)
    for path, mode in modes.items():
        os.chmod(os.path.join(top, path), mode)
    links = {b"loop": b"loop", b"out": b"/etc/passwd", b"d/up": b"../x",
             b"dangling": b"nowhere", b"here": b"d"}
    for path, target in links.items():
        os.symlink(target, os.path.join(top, path))
    os.mkfifo(os.path.join(top, b"fifo"))
    with open(os.path.join(top, b"huge"), "wb") as f:
        f.truncate(5 << 30)
    os.mkdir(os.path.join(top, b"modules"))
    with open(os.path.join(top, b".dockerignore"), "w") as f:
        f.write("Dockerfile\n.dockerignore\nhuge\nmodules\n")
    with open(os.path.join(top, b"Dockerfile"), "w") as f:
        f.write("FROM busybox:latest\nCOPY . /t/\n")
    return top, modes, links


@test("%s: everything is in the image as it is in the tree", BUILDERS)
def _(builder):
    with home_of(builder) as home:
        top, modes, links = hard_tree(home)
        server = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(top)
        server.bind("socket")
        os.chdir(here)
        tag = TAG + builder
        done = home.addesh(
            "--json", "-k", "-c", "build tree -t " + tag,
            "-c", "env new %s --user root" % tag,
            "-c", "exec sh -c '%s'" % LISTING.replace("'", "'\\''"),
            "-c", "env rm --all", "-c", "image rm " + tag, timeout=180)
        build, _, listing, *rest = map(json.loads, done.out.splitlines())
        assert build["ok"] and all(o["ok"] for o in rest), done
        same(sorted(build["result"]["context"]["skipped"]),
             ["fifo (FIFO)", "socket (socket)"])
        assert "fifo (FIFO)" in done.err, done.err
        result = listing["result"]
        data = base64.b64decode(result["stdout_b64"])
        *names, rest = data.split(b"\0")
        rest = rest.split(b"\n")
        wanted = sorted(list(modes) + list(links))
        same([n[2:] for n in names], wanted)
        for name, mode in zip(wanted, rest):
            if name in modes:
                same(oct(stat.S_IMODE(int(mode, 16))), oct(modes[name]), name)
            same(stat.S_ISLNK(int(mode, 16)), name in links, name)
        rest = rest[len(wanted):]
        same(rest[:len(links)], [links[l] for l in sorted(links)])
        # one file under two names, but not to buildah
        if builder != "buildah":
            same(rest[len(links)], b"1")
        server.close()


@test("%s: a file that cannot be read is named", BUILDERS)
def _(builder):
    with home_of(builder) as home:
        home.write("tree/Dockerfile", "FROM busybox:latest\nCOPY . /t/\n")
        home.write("tree/lib/secret", "x")
        home.write("tree/z", "z")
        os.chmod(os.path.join(home.work, "tree/lib/secret"), 0)
        tag = TAG + "unreadable-" + builder

        def build():
            # root, whom permissions would not stop
            done = subprocess.run(
                ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] +
                home.argv("--json", "-c", "build tree -t " + tag),
                env=home.env, cwd=home.work, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=120)
            return json.loads(done.stdout)

        got = build()
        same(got["ok"], False)
        same(got["error"]["kind"], "io")
        assert got["error"]["message"].endswith(
            "/tree/lib/secret: Permission denied"), got
        assert ".dockerignore" in got["error"]["hint"], got
        home.write("tree/.dockerignore", "lib\n")
        got = build()
        same(got["result"]["status"], "completed", got)
        home.addesh("-c", "image rm " + tag).is_ok()


@test("%s: a link that leads out is sent, or the cause is named", BUILDERS)
def _(builder):
    with home_of(builder) as home:
        home.write("tree/Dockerfile", "FROM busybox:latest\nCOPY . /t/\n")
        os.symlink("../..", os.path.join(home.work, "tree/up"))
        tag = TAG + "up-" + builder
        done = home.addesh("--json", "-k", "-c", "build tree -t " + tag,
                           "-c", "image rm " + tag)
        result = json.loads(done.out.splitlines()[0])["result"]
        if result["status"] != "completed":
            same(builder, "buildah")
            assert "as up does" in result["hint"], result


def slow_tree(home):
    """A directory whose files are all left out, each after milliseconds:
    half a minute and more for all."""
    hard = "**/" + "*a" * 1300 + "?b\n"
    home.write("slow/.dockerignore", "**\n!**/kept*\n" + 15 * hard)
    home.write("slow/Dockerfile", "FROM busybox:latest\nCOPY . /\nUSER 1\n")
    for d in range(20):
        top = os.path.join(home.work, "slow", "%03d" % d + "a" * 200)
        os.mkdir(top)
        for f in range(500):
            open(os.path.join(top, "%04d" % f + "a" * 200), "w").close()


def hears(process):
    """Whether it takes signals itself: it blocks SIGINT before its work."""
    with open("/proc/%d/status" % process.pid) as f:
        blocked = [s.split()[1] for s in f if s.startswith("SigBlk")][0]
    return int(blocked, 16) >> (signal.SIGINT - 1) & 1


def ends(process, limit=20):
    """What it says once it has ended, Ctrl-C after Ctrl-C."""
    end = time.monotonic() + patient(limit)
    while not hears(process):
        assert time.monotonic() < end, "it does not begin"
        time.sleep(.01)
    end = time.monotonic() + patient(limit)
    while process.poll() is None:
        assert time.monotonic() < end, "Ctrl-C is not heard"
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
    return process.communicate()


@test("rules that take long: Ctrl-C and time limit, %s",
      [b for b in BUILDERS if b != "buildkit"])
def _(builder):
    with home_of(builder) as home:
        slow_tree(home)
        began = time.monotonic()
        done = home.addesh("-c", "build slow --timeout 1s", timeout=600)
        same(done.status, 124, done)
        assert time.monotonic() - began < patient(20), "the limit is late"
        for args in (["-c", "build slow"],
                     ["-c", "context add --from slow .dockerignore", "-c",
                      "context add --from slow ."]):
            p = subprocess.Popen(home.argv(*args), env=home.env,
                                 cwd=home.work, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
            out, err = ends(p)
            same(p.returncode, 130, err)
            assert "interrupted" in err, err


@test("%s: rules that are wrong are refused before anything is sent", BUILDERS)
def _(builder):
    with home_of(builder) as home:
        home.write("tree/Dockerfile", "FROM scratch\nCOPY . /\n")
        home.write("tree/.dockerignore", "ok\n[\n")
        done = home.addesh("--json", "-c", "build tree -t " + TAG + "bad")
        error = json.loads(done.out)["error"]
        same(error["kind"], "config")
        assert "/tree/.dockerignore:2: " in error["message"], error


main()
