# SPDX-License-Identifier: MIT
"""Kept environments whose register or sockets are lost, damaged, full or
somebody else's: an error that says so or a recovery, and nothing is left."""

import contextlib
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from engineapi import ApiError  # noqa: E402
from leftovers import Traces  # noqa: E402
from sandboxes import ENGINES, KINDS, RESTRICTED, SandboxHome  # noqa: E402
from sandboxes import descendants, nobody  # noqa: E402
from tap import main, patient, same, test  # noqa: E402


# of environments in the register; others are any container's on the engine
REGISTERED = ("kept", "lost", "ended", "unknown", "open")


class Home(SandboxHome):
    """One with a kept environment k1, in which is a file."""

    def __init__(self, kind, keep=True):
        super().__init__(kind)
        self.state = self.env["XDG_STATE_HOME"] + "/addesh"
        self.runtime = self.env["XDG_RUNTIME_DIR"] + "/addesh"
        self.traces = set()
        if keep:
            self.keep()

    def keep(self):
        made = self.result("env new --keep --name k1",
                           "exec -- sh -c 'echo left > f'")
        self.id = made["keep"]["id"]
        if self.kind in ENGINES:
            self.traces.add(made["container"])
        else:
            self.traces.add(self.record()["box"]["runner"])

    def result(self, *commands):
        """Of the first."""
        words = [w for c in commands for w in ("-c", c)]
        done = self.addesh("--json", *words).is_ok()
        return json.loads(done.out.splitlines()[0])["result"]

    def record_path(self):
        return "%s/kept/%s.json" % (self.state, self.id)

    def record(self):
        with open(self.record_path()) as f:
            return json.load(f)

    def write_record(self, data):
        with open(self.record_path(), "wb") as f:
            f.write(data if isinstance(data, bytes) else
                    json.dumps(data).encode())

    def socket(self):
        return "%s/env/%s.sock" % (self.runtime, self.id)

    def rows(self):
        rows = self.result("env ls -a")["environments"]
        return {r["name"]: r["state"] for r in rows
                if r["state"] in REGISTERED}

    def gc(self, *args):
        """{kind and name: (stays, why)}"""
        done = self.addesh("--json", "gc", *args).is_ok()
        return {i["kind"] + " " + i["name"]: (i["keep"], i["why"])
                for i in json.loads(done.out)["result"]["items"]}

    def read(self):
        return self.addesh("-c", "env use k1", "-c", "cat f")

    def lives(self, trace):
        if self.kind in ENGINES:
            try:
                engines.api(self.kind).get("/containers/%s/json" % trace)
                return True
            except ApiError:
                return False
        return os.path.exists("/proc/" + trace.split(":")[2])

    def all_gone(self):
        end = time.monotonic() + patient(20)
        while any(map(self.lives, self.traces)):
            assert time.monotonic() < end, self.traces
            time.sleep(0.05)
        same(glob.glob(self.state + "/kept/*"), [])

    def close(self):
        for trace in filter(self.lives, self.traces):
            if self.kind in ENGINES:
                engines.api(self.kind).remove(trace)
            else:
                os.kill(int(trace.split(":")[2]), 9)
        shutil.rmtree(self.state + "/kept", ignore_errors=True)
        super().close()


def mount(*argv):
    subprocess.run(("mount", "-n") + argv, check=True)


@contextlib.contextmanager
def small(path, owner):
    """A file system of a few pages there, which fill() fills."""
    mount("-t", "tmpfs", "-o", "size=64k,mode=700,uid=%d" % owner, "none",
          path)
    try:
        yield
    finally:
        subprocess.run(["umount", "-n", path], check=True)


def fill(path):
    with contextlib.suppress(OSError), open(path + "/fill", "ab", 0) as f:
        while True:
            f.write(bytes(4096))


@contextlib.contextmanager
def read_only(path):
    mount("--bind", path, path)
    try:
        mount("-o", "remount,bind,ro", path)
        yield
    finally:
        subprocess.run(["umount", "-n", path], check=True)


class Watched:
    """Commands of a home that must leave no environment."""

    def __init__(self, home):
        self.traces = Traces(home)
        self.before = self.runners()

    def runners(self):
        return {p for p, line in descendants(os.getpid()).items()
                if line.startswith("/.addesh/runner")}

    def addesh(self, *args):
        done = self.traces.addesh(*args)
        end = time.monotonic() + patient(20)
        while self.runners() - self.before or (
                self.traces.api and self.traces.owned_containers()):
            assert time.monotonic() < end, "an environment is left"
            time.sleep(0.05)
        return done


@test(values=KINDS)
def the_disk_is_full(kind):
    with Home(kind, keep=False) as h, \
            small(h.env["XDG_STATE_HOME"],
                  h.user.get("user", os.geteuid())):
        full = "No space left on device"
        watched = Watched(h)
        fill(h.env["XDG_STATE_HOME"])
        for words in (("-c", "env new --keep"), ("-s", "s", "-c", "env new"),
                      ("-c", "env new", "-c", "env keep")):
            done = watched.addesh(*words)
            same(done.returncode, 125)
            assert "the record of the environment: " in done.stderr, done
            assert full in done.stderr, done
        # without one that is kept it goes on, and says what is missing
        done = h.addesh("-c", "env new", "-c", "exec echo on").is_ok()
        assert done.out == "on\n" and full in done.err, done
        os.unlink(h.env["XDG_STATE_HOME"] + "/fill")
        h.keep()
        fill(h.env["XDG_STATE_HOME"])
        done = h.read().is_ok()
        assert done.out == "left\n" and full in done.err, done
        done = h.addesh("-c", "env use k1", "-c", "env keep 2h")
        assert full in done.is_status(125).err, done
        same(h.record()["lease_ms"], 24 * 3600 * 1000)
        same(h.rows(), {"k1": "kept"})
        h.addesh("env", "rm", "k1").is_ok()
        h.all_gone()


@test(values=KINDS)
def a_record_that_was_begun_goes(kind):
    """Whoever wrote it was killed, before or after it was a record once."""
    with Home(kind) as h:
        kept = h.env["XDG_STATE_HOME"] + "/addesh/kept/"
        for name in ("0" * 16, h.id):
            with open(kept + name + ".json.0123456789ab~", "w") as f:
                f.write("{")
        h.addesh("gc").is_ok()
        same(sorted(n for n in os.listdir(kept) if n.endswith("~")),
             [h.id + ".json.0123456789ab~"])
        same(h.read().is_ok().out, "left\n")
        h.addesh("env", "rm", "k1").is_ok()
        same([n for n in os.listdir(kept) if n.endswith("~")], [])
        h.all_gone()


@test(values=KINDS)
def the_directory_is_read_only(kind):
    with Home(kind) as h:
        ro = "Read-only file system"
        watched = Watched(h)
        with read_only(h.env["XDG_STATE_HOME"]):
            done = watched.addesh("-c", "env new --keep")
            same(done.returncode, 125)
            assert ro in done.stderr, done
            # a named session goes on as one without a name
            done = watched.addesh("-s", "s", "-c", "env new",
                                  "-c", "exec echo on")
            same((done.returncode, done.stdout), (0, "on\n"))
            assert "session s is not kept" in done.stderr, done
            same(h.read().is_ok().out, "left\n")
            # it ends, and its record cannot be told so
            done = h.addesh("env", "rm", "k1").is_status(125)
            assert ro in done.err, done.err
            same(h.rows(), {"k1": "ended"})
            assert ro in h.addesh("gc").is_status(125).err
        same(h.gc()["environment k1"], (False, "it has ended"))
        h.all_gone()


def damages(good):
    text = json.dumps(good).encode()
    yield b""
    yield text[:len(text) // 2]
    yield b"\xff\xfe\0garbage\n" * 100
    yield b"[]"
    yield b"{" * 100000
    yield dict(good, v=0)
    yield dict(good, id="0" * 16)
    yield dict(good, box=[])


@test(values=KINDS)
def a_damaged_record(kind):
    """Is told, and `gc` ends what it spoke of."""
    with Home(kind) as h:
        good = h.record()
        for damage in damages(good):
            h.write_record(damage)
            done = h.read().is_status(2)
            assert "there is no environment 'k1'" in done.err, done.err
            done = h.addesh("env", "use", h.id[:6]).is_status(125)
            assert h.record_path() + " is damaged" in done.err, done.err
            done = h.addesh("env", "ls", "-a").is_ok()
            assert h.record_path() + " cannot be read" in done.err, done.err
        same(h.gc("--dry-run")["file " + h.record_path()],
             (False, "a damaged record"))
        assert os.path.exists(h.record_path())
        h.write_record(good)
        same(h.read().is_ok().out, "left\n")
        h.write_record(b"")
        h.gc()
        h.all_gone()


@test(values=KINDS)
def a_hostile_record(kind):
    """What it names is taken for nothing else, and nothing hangs."""
    with Home(kind) as h:
        good = h.record()
        box = good["box"]
        victim = h.write("victim", "stays")
        bad = [dict(good, spec=7), dict(good, lease_ms=-1),
               dict(good, deps=[{"language": "../../x", "packages": 1}])]
        if kind in ENGINES:
            bad += [dict(good, box=dict(box, container=name)) for name in (
                "", "../images/busybox:latest", "x?force=1", "a\r\nb: c")]
        else:
            bad += [dict(good, box=dict(box, runner=name)) for name in (
                "", "x", ":::", "1:2:-1:0")]
            bad += [dict(good, box=dict(box, cgroups=[h.work, "/"]))]
        for record in bad:
            h.write_record(record)
            for command in "env ls -a", "env use k1", "gc --dry-run":
                done = h.addesh("-c", command)
                assert done.status in (0, 2, 125), done
        # where anybody may have made a directory
        evil = h.dir("evil/env")
        for path in h.path + "/evil", evil:
            os.chmod(path, 0o777)
        h.write_record(dict(good, runtime_dir=h.path + "/evil",
                            session="\x1b[2J"))
        same(h.rows(), {"k1": "kept"})
        same(h.read().is_ok().out, "left\n")
        same(os.listdir(evil), [])
        same(sorted(os.listdir(h.work)), ["victim"])
        with open(victim) as f:
            same(f.read(), "stays")
        # what is no file, and one that is not there
        os.unlink(h.record_path())
        for make in os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p), \
                lambda p: os.symlink(p, p):
            make(h.record_path())
            same(h.rows(), {})
            stays, _ = h.gc()["file " + h.record_path()]
            same(stays, True)
            (os.rmdir if make is os.mkdir else os.unlink)(h.record_path())
        h.write_record(dict(good, v=2))
        same(h.gc()["file " + h.record_path()],
             (True, h.record_path() + " is of a later version of addesh"))
        h.write_record(good)
        h.own(h.record_path())
        same(h.read().is_ok().out, "left\n")
        h.addesh("env", "rm", "k1").is_ok()
        h.all_gone()


@test(values=KINDS)
def another_machine_with_the_same_home(kind):
    with Home(kind) as h:
        good = h.record()
        far = "0123456789ab:0123456789ab:1:1"
        # not of this engine, but of the one that the other has at this path
        record = dict(good, owner=far, box=dict(good["box"], container="ab" * 32))
        if kind in RESTRICTED:
            record = dict(good, owner=far, box=dict(good["box"], runner=far))
        h.write_record(record)
        same(h.rows(), {"k1": "unknown"})
        same(h.gc()["environment k1"], (True, "kept, on another machine"))
        assert "has ended" not in h.read().is_status(125).err
        if kind in RESTRICTED:
            done = h.addesh("env", "rm", "k1").is_status(125)
            assert "it is on another host" in done.err, done.err
        same(h.record(), record)
        h.write_record(good)
        same(h.read().is_ok().out, "left\n")


@test(values=KINDS)
def the_runtime_directory_is_removed(kind):
    """As a logout does.  A container is reached all the same; nobody reaches a
    restricted sandbox any more, which is said, and then it is ended."""
    with Home(kind) as h:
        shutil.rmtree(h.runtime)
        if kind in ENGINES:
            same(h.rows(), {"k1": "kept"})
            same(h.read().is_ok().out, "left\n")
            return
        same(h.rows(), {"k1": "lost"})
        wanted = (False, "lost: its socket was removed")
        same(h.gc("--dry-run")["environment k1"], wanted)
        same(h.rows(), {"k1": "lost"})
        same(h.gc()["environment k1"], wanted)
        h.all_gone()
        h.keep()
        shutil.rmtree(h.runtime)
        done = h.read().is_status(125)
        assert "environment k1 has ended: nobody can reach it any more: its " \
            "socket " in done.err, done.err
        h.all_gone()


@test
def without_a_runtime_directory_of_its_own():
    """None, or that of another user, as su leaves it: one in /tmp, which is
    refused where others made it."""
    with Home("restricted-user", keep=False) as h:
        uid, gid = h.user.get("user", os.geteuid()), h.user.get("group", -1)
        place = "/tmp/addesh-%d" % uid
        shutil.rmtree(place, ignore_errors=True)
        try:
            others = h.dir("others")
            os.chown(others, 0, 0)
            os.chmod(others, 0o777)
            h.env["XDG_RUNTIME_DIR"] = others
            h.keep()
            same(os.listdir(others), [])
            assert h.record()["box"]["socket"].startswith(place + "/env/")
            del h.env["XDG_RUNTIME_DIR"]
            same(h.read().is_ok().out, "left\n")
            # a login finds what a service keeps, and the other way round
            h.env["XDG_RUNTIME_DIR"] = h.dir("runtime")
            same(h.read().is_ok().out, "left\n")
            h.addesh("env", "rm", "k1").is_ok()
            h.all_gone()
            del h.env["XDG_RUNTIME_DIR"]
            shutil.rmtree(place)
            for make in (lambda: os.mkdir(place, 0o777),
                         lambda: os.symlink(h.dir("work"), place),
                         lambda: os.close(os.open(place, os.O_CREAT))):
                make()
                done = h.addesh("env", "ls").is_status(125)
                assert place in done.err, done.err
                (os.rmdir if os.path.isdir(place) and
                 not os.path.islink(place) else os.unlink)(place)
        finally:
            shutil.rmtree(place, ignore_errors=True)


@test(values=RESTRICTED)
def its_socket_is_replaced(kind):
    def listen(path):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
    for make in listen, os.mkfifo, lambda p: open(p, "w").close():
        with Home(kind) as h:
            os.unlink(h.socket())
            make(h.socket())
            h.own(h.socket())
            done = h.read().is_status(125)
            assert "was replaced" in done.err, done.err
            h.all_gone()


def listening(path, uid):
    """A socket there that this user has made, who answers nobody."""
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o777)
    os.seteuid(uid)
    try:
        s.listen(1)
    finally:
        os.seteuid(0)
    return s


@test(values=RESTRICTED)
def somebody_listens_at_its_socket(kind):
    with Home(kind) as h:
        own = h.user.get("user", 0)
        other = 0 if own else nobody()[0]
        for uid, wanted in ((other, "another user listens there"),
                            (own, "the runner did not answer in time")):
            if os.path.lexists(h.socket()):
                os.unlink(h.socket())
            with listening(h.socket(), uid):
                done = h.read().is_status(125)
                assert wanted in done.err, done.err
                same(h.rows(), {"k1": "kept"})
        h.addesh("env", "rm", "k1").is_ok()
        h.all_gone()


engines.share()
main(beside=True)
