# SPDX-License-Identifier: MIT
"""Programs that do their worst, in every sandbox.

After each: the right verdict, the output that there was, no process left in
the environment, and the next run works.
"""

import ctypes
import hashlib
import json
import os
import re
import socket
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
from sandboxes import (ENGINES, KINDS, LITTLE_KEPT,  # noqa: E402
                       RESTRICTED, SandboxHome, Session, Shared, check_kind,
                       descendants)
from tap import diag, main, patient, same, skip_where_slow, test  # noqa: E402

shared = Shared()
SECRET = b"what the user's other programs have open"
# what is over at once takes no longer, on a busy machine too
T_MAX_MS = patient(15000)


def program(name):
    with open(os.path.join(HERE, "programs", name)) as f:
        return f.read()


def run(s, name, args="", options="", **kw):
    return s.run(name, program(name), args, options, **kw)


def has_open(pid, path):
    """Whether a process has the file open, as seen from the host; one that
    has ended has none."""
    top = "/proc/%d/fd" % pid
    found = False
    try:
        for name in os.listdir(top):
            found |= links_to(os.path.join(top, name), path)
    except FileNotFoundError:
        pass
    return found


def links_to(link, path):
    try:
        return os.readlink(link) == path
    except OSError:    # closed meanwhile
        return False


def run_into_limit(s, name, **kw):
    return s.run_into_limit(name, program(name), **kw)


# ---- programs that do not end ----

@test("endless loop: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        # its last words have a fifth of a second
        r = run_into_limit(s, "endless_loop.py",
                           enough=lambda r: r.out and r.errs)
        same(r.out, b"before\n", "what was not flushed")
        assert b"endless_loop.py" in r.errs, r.errs    # where it was
        s.works()


@test("every signal ignored: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run_into_limit(s, "ignores_signals.py")
        same(r.out, b"before\n")
        s.works()


@test("daemon that holds the pipe: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "double_fork.py", options="-t 30")
        r.is_verdict(exit_code=0, timed_out=False, status="completed")
        same(r.out, b"parent\n")
        assert r["leftover_processes"] >= 1, r
        assert r["duration_ms"] < T_MAX_MS, r["duration_ms"]
        s.works()


@test("processes that fork and exit: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "fork_and_exit.py", options="-t 30")
        r.is_verdict(exit_code=0, timed_out=False, status="completed")
        same(r.out, b"parent\n")
        assert r["duration_ms"] < T_MAX_MS, r["duration_ms"]
        s.works()


@test("fork bomb: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run_into_limit(s, "fork_bomb.py")
        assert r.out.startswith(b"before\n"), r.out
        s.works()


@test("kill -9 -1: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "kill_all.py", options="-t 20")
        r.is_verdict(exit_code=0, status="completed", environment_lost=False)
        same(r.out, b"before\nafter\n")
        s.works()


@test("all descriptors closed: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "closed_descriptors.py", options="-t 30")
        r.is_verdict(exit_code=7, status="failed", timed_out=False)
        same(r.out, b"before\n")
        s.works()


@test("children without parents: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        run(s, "orphans.py", options="-t 30").is_verdict(exit_code=0)
        s.works()


# ---- programs that take all there is ----

@test("memory bomb: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "memory_bomb.py", options="-t 60")
        r.is_verdict(status="oom", oom_killed=True, timed_out=False,
                     environment_lost=False, exit_code=137)
        same(r.out, b"before\n")
        s.works()


@test("memfd bomb at half a CPU: %s", KINDS)
def _(kind):
    with Session(kind, new="env new --cpus 0.5") as s:
        for seconds in 4, 30:    # a busy machine may not load it in four
            r = run(s, "memfd_bomb.py", options="-t %d" % seconds)
            # Whoever wins, it is one of these and nothing is hidden.
            diag("%s: %s" % (kind, r["status"]))
            assert r["status"] in ("oom", "timeout", "error"), r["status"]
            same(r["status"] == "error", r["environment_lost"])
            if r.out:
                break
        same(r.out, b"before\n")
        got = s.run("ok.py", "print('O' + 'K')")
        got.is_verdict(exit_code=0)
        s.renew()
        s.works()


@test("disk filler: %s", KINDS)
def _(kind):
    places = ("/workspace", "/tmp", "/dev/shm")
    with shared.use(kind) as s:
        r = run(s, "disk_filler.py", " ".join(places), "-t 60")
        r.is_verdict(exit_code=0, oom_killed=False)
        same(r.out.decode().splitlines(),
             [p + " ENOSPC" for p in places])
        # The files are still there, and take no memory from a program.
        r = s.ok("exec -t 60 -- python3 -c 'print(len(b\"x\" * (150 << 20)))'")
        same(r["stdout"], "157286400\n")
        got = s.do("run ok.py", "print('OK')")
        same((got["ok"], got["error"]["message"], got["error"]["hint"]),
             (False, "/workspace/ok.py: No space left on device",
              "make room:  exec rm FILE  or  env reset      "
              "have more:  env new --disk SIZE"))
        s.ok("exec -- rm -f " + " ".join(p + "/filler" for p in places))
        s.works()


@test("10 GB of output on descriptor %s: %s",
      [(1, k) for k in KINDS] + [(2, "restricted-root")], deadline=400)
def _(fd, kind):
    skip_where_slow()
    with Session(kind, env=LITTLE_KEPT,
                 new="env new --cpus %d" % os.cpu_count()) as s:
        r = run(s, "flood.py", str(fd), "-t 300", limit=330)
        r.is_verdict(exit_code=0, status="completed")
        name = "stdout" if fd == 1 else "stderr"
        same(r[name + "_bytes"], (10 << 30) + 11)
        same(r[name + "_truncated"], True)
        text = r.stream(name)
        assert text.startswith(b"first\n") and text.endswith(b"last\n")
        assert len(text) <= (1 << 20) + 4096, len(text)
        s.is_small()
        s.works()


@test("invalid UTF-8: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "invalid_utf8.py", options="-t 30")
        r.is_verdict(exit_code=0)
        same(r.out, b"\xff\xfe\x00\xc3(\x80\xed\xa0\x80 end\n")
        same(r.errs, b"\xf8\x88\x80\x80\x80\n")
        s.works()


# ---- programs that attack the runner ----

@test("attacks on pid 1: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "attack_init.py", options="-t 30")
        if s.env.get("isolation") == "pidns":
            # Pid 1 is the run's own; what becomes of the run is its affair.
            r.is_verdict(environment_lost=False)
        else:
            r.is_verdict(exit_code=0)
            same(r.out, b"all refused\n")
        s.works()
        same(s.ok("env info")["id"], s.env["id"])


@test("forged frames on every descriptor: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "forge.py", options="-t 30")
        r.is_verdict(exit_code=7, status="failed")
        assert r.out.startswith(b"AdR1"), r.out
        assert r.errs.startswith(b"AdR1"), r.errs
        for said in (b"could write", b"inherited"):
            assert said not in r.out, r.out[-500:]
        s.works()


SNARES = (
    ("link to the protocol", "ln -s /proc/self/fd/1 next.py"),
    ("link to nothing", "ln -s /nowhere/at/all next.py"),
    ("link to the image", "ln -s /etc/passwd next.py"),
    ("FIFO", "mkfifo -m 666 next.py"),
    ("socket", "python3 -c 'import socket; "
     "socket.socket(socket.AF_UNIX).bind(\"next.py\")'"),
    ("unwritable file", "touch next.py; chmod 0 next.py"),
)


@test("a %s where the program goes: %s",
      [(name, kind) for name, _ in SNARES for kind in KINDS])
def _(name, kind):
    with shared.use(kind) as s:
        command = dict(SNARES)[name]
        s.ok("exec -- sh -c %s" % quote(command))
        r = s.run("next.py", "print('mine')", options="-t 30")
        r.is_verdict(exit_code=0)
        same((r.out, r.errs), (b"mine\n", b""))
        s.ok("exec -- rm -f next.py")
        s.works()


@test("a directory where the program goes: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        s.ok("exec -- mkdir -p next.py/full")
        got = s.do("run -t 30 next.py", "print('mine')")
        same(got["ok"], False)
        assert "next.py" in got["error"]["message"], got
        s.ok("exec -- rm -r next.py")
        s.works()


@test("a link where the program's directory is: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        s.ok("exec -- ln -s /tmp sub")
        got = s.do("run -t 30 sub/next.py", "print('mine')")
        same(got["ok"], False)
        same(s.ok("exec -- sh -c 'ls /tmp/next.py 2>/dev/null || echo none'")
             ["stdout"], "none\n")
        s.ok("exec -- rm sub")
        s.works()


def quote(text):
    """text as one word of the language."""
    return '"%s"' % (text.replace("\\", "\\\\").replace('"', '\\"')
                     .replace("$", "\\$"))


# ---- programs that want out ----

@test("what only the kernel's administrator may: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "escape.py", options="-t 60")
        r.is_verdict(exit_code=0)
        got = set(r.out.decode().strip().split("; ")) - {"all refused"}
        if kind in ENGINES:
            # Their own filters and network namespaces decide these.
            got -= {"unshare user", "clone user", "clone3 user", "vsock",
                    "raw socket", "packet socket", "keyctl", "add_key",
                    "request_key", "kallsyms has addresses", "ptrace",
                    "io_uring_setup"}
        same(got, set(), "not refused")
        s.works()


@test("core_pattern cannot be opened for writing, as root: %s", RESTRICTED)
def _(kind):
    with Session(kind, new="env new --root") as s:
        r = s.run("core.py", "import os\n"
                  "try:\n"
                  "    os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)\n"
                  "    print('opened')\n"
                  "except OSError as e:\n"
                  "    print('refused')\n")
        same(r.out, b"refused\n")
        s.works()


@test("sockets of the host without a path: %s", KINDS)
def _(kind):
    name = "addesh-test-%d" % os.getpid()
    with shared.use(kind) as s, socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        r = run(s, "abstract_socket.py", name, "-t 30")
        assert r.out.startswith(b"refused"), r.out
        s.works()


@test("each writable place is bounded: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        r = run(s, "writable_places.py", options="-t 60")
        r.is_verdict(exit_code=0)
        found = json.loads(r.out)
        read_back = {l["name"][6:]: int(l["value"]) for l in s.env["limits"]
                     if l["name"].startswith("space:")
                     and l["value"].isdigit()}
        found.pop("/dev/mqueue", None)    # bounded by fs.mqueue(7)
        for place, size in found.items():
            same(size, read_back.get(place), "the size of " + place)
            assert 0 < size <= 256 << 20, (place, size)
        assert "/workspace" in found and "/tmp" in found, found
        s.works()


# ---- files ----

@test("32769 bytes that end in 0x10, there and back: %s", KINDS)
def _(kind):
    data = bytes(range(256)) * 128 + b"\x10"
    same(len(data), 32769)
    with shared.use(kind) as s:
        for name, text in (("ten", data), ("one", b"\x10"),
                           ("keys", b"\x10\x11"), ("none", b"")):
            there = s.home.own(s.home.write(name, text))
            back = os.path.join(s.home.work, name + ".back")
            s.ok("put %s" % there)
            s.ok("get %s %s" % (name, back))
            with open(back, "rb") as f:
                same(f.read(), text, name)
            os.unlink(back)
        r = s.run("sum.py", "import hashlib\n"
                  "print(hashlib.sha256(open('ten','rb').read())"
                  ".hexdigest(), end='')")
        same(r.out.decode(), hashlib.sha256(data).hexdigest())
        text = "x" * 32768 + "\x10"
        r = s.run("text.py", "import sys\nx = '''%s'''\n"
                  "print(len(x), flush=True)\nsys.stdout.buffer.write(b'\\x10')\n" % text)
        same(r.out, b"32769\n\x10")
        s.works()


@test("a sparse file of a terabyte: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        s.ok("exec -- truncate -s 1T big")
        dest = os.path.join(s.home.work, "big")
        got = s.do("get --max-size 1m big %s" % dest)
        same(got["ok"], False)
        assert "big" in got["error"]["message"], got
        same(os.path.exists(dest), False)
        same([n for n in os.listdir(s.home.work) if "big" in n], [])
        for command in ("cat big", "cat big > %s" % dest):
            got = s.do(command)
            same((got["ok"], got["error"]["hint"]),
                 (False, "take more:  cat --max-size SIZE big"))
        s.ok("exec -- rm big")
        s.works()


@test("a tree of 3000 directories, get and reset: %s", KINDS)
def _(kind):
    with Session(kind) as s:
        run(s, "deep_tree.py", "deep 3000 1", "-t 60").is_verdict(exit_code=0)
        r = run(s, "deep_tree.py", "long 40 200", "-t 60")
        r.is_verdict(exit_code=0)
        dest = os.path.join(s.home.work, "long")
        got = s.do("get long %s" % dest)
        # Either all of it, or an error that says why not, and no half.
        if got["ok"]:
            same(got["result"]["directories"], int(r.out))
        else:
            assert got["error"]["message"], got
        got = s.do("get deep %s" % dest + "2")
        assert got["ok"] or got["error"]["message"], got
        s.works()
        s.ok("env reset")
        same(s.ok("ls")["entries"], [])
        s.works()


@test("names that are no text: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        run(s, "strange_names.py", options="-t 30").is_verdict(exit_code=0)
        same(len(s.ok("ls names")["entries"]), 12)
        dest = os.path.join(s.home.work, "names")
        got = s.ok("get names %s" % dest)
        same((got["files"], got["links"], got["skipped"]), (10, 1, 1))
        for name in os.listdir(os.fsencode(dest)):
            path = os.path.join(os.fsencode(dest), name)
            if not os.path.islink(path):
                with open(path, "rb") as f:
                    same(f.read(), name)
        s.ok("put %s again" % dest)
        same(len(s.ok("ls again")["entries"]), 11)
        s.ok("exec -- rm -r names again")
        s.works()


@test("links inside lead put, get and cat nowhere: %s", KINDS)
def _(kind):
    with shared.use(kind) as s:
        secret = s.home.own(s.home.write("secret", "host"))
        s.ok("exec -- sh -c %s" % quote(
            "mkdir t; ln -s %s t/a; ln -s /etc t/etc; ln -s / t/root;"
            "ln -s ../../../../../../../../etc t/up" % secret))
        dest = os.path.join(s.home.work, "t")
        same(s.ok("get t %s" % dest)["links"], 4)
        same(sorted(n for n in os.listdir(dest)
                    if os.path.islink(os.path.join(dest, n))),
             ["a", "etc", "root", "up"])
        for command in ("put %s t/etc/new" % secret, "cat t/a",
                        "put %s t/root/tmp/new" % secret):
            same(s.do(command)["ok"], False, command)
        same(s.ok("exec -- sh -c 'ls /tmp/new 2>/dev/null || echo none'")
             ["stdout"], "none\n")
        s.ok("exec -- rm -r t")
        s.works()


class Swapper(threading.Thread):
    """Makes a path a directory and a link to another one by turns."""

    def __init__(self, path, other):
        super().__init__(daemon=True)
        self.path, self.spare = path, path + ".spare"
        os.symlink(other, self.spare)
        self.stop = threading.Event()

    def run(self):
        # renameat2(2): from one to the other at once
        libc = ctypes.CDLL(None, use_errno=True)
        names = [os.fsencode(p) for p in (self.path, self.spare)]
        while not self.stop.is_set():
            if libc.renameat2(-100, names[0], -100, names[1], 2):
                raise OSError(ctypes.get_errno(), "RENAME_EXCHANGE")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


@test("put while a directory turns into a link: %s", ENGINES + RESTRICTED[:1])
def _(kind):
    with shared.use(kind) as s:
        s.home.write("secrets/key", "secret")
        s.home.write("tree/d/key", "public")
        top = os.path.join(s.home.work, "tree")
        with Swapper(os.path.join(top, "d"),
                     os.path.join(s.home.work, "secrets")):
            for n in range(15):
                s.do("put %s got" % top)    # may fail, must not follow
                r = s.do("cat got/d/key")
                if r["ok"]:
                    same(r["result"]["content"], "public")
                s.do("exec -- rm -rf got")
        s.works()


@test("get while a directory turns into a link: %s", ENGINES + RESTRICTED[:1])
def _(kind):
    with shared.use(kind) as s:
        s.ok("exec -- sh -c 'mkdir -p out/d; for i in 1 2 3 4 5 6 7 8 9; do "
             "echo x > out/d/$i; done'".replace("$i", "\\$i")
             .replace("'", '"'))
        victim = s.home.dir("victim")
        dest = os.path.join(s.home.work, "dest")
        os.makedirs(os.path.join(dest, "out", "d"))
        with Swapper(os.path.join(dest, "out", "d"), victim):
            for n in range(15):
                s.do("get out %s" % dest)    # may fail
        same(os.listdir(victim), [], "what was written outside")
        s.ok("exec -- rm -r out")
        s.works()


@test("empty files without end: %s, %s", [(k, p) for k in KINDS for p in (
    "/workspace", "/tmp", "/dev/shm")])
def _(kind, place):
    with Session(kind) as s:
        r = run(s, "inode_filler.py", place, "-t 60")
        if r["status"] == "completed":
            same(r.out.split()[-1], b"ENOSPC")
        else:
            r.is_verdict(status="oom", exit_code=137, environment_lost=False)
            # one that the kernel keeps from growing, or we
            assert int(r.out.split()[-1]) < 100, r.out
            assert "env reset" in r["hint"], r["hint"]
        if kind in RESTRICTED:
            assert re.search(" hold [0-9]+ files, ", r["message"]), r
            s.works()
        else:
            s.do("exec true")    # works, or says why not
        s.ok("env reset")
        s.works()


@test("the sessions end cleanly: %s", KINDS)
def _(kind):
    check_kind(kind)
    with shared.use(kind) as s:
        s.works()
    shared.open.pop(kind).close()


@test("what was open when addesh started is nobody's: %s", RESTRICTED)
def _(kind):
    with SandboxHome(kind) as home:
        path = home.own(home.write("secret", SECRET))
        fds = [os.open(path, os.O_RDONLY) for _ in range(3)]
        fds.append(os.dup2(fds[0], 201))    # where the runner has its own
        for fd in fds:
            os.set_inheritable(fd, True)
        p = home.spawn("--json", "-c", "env new", "-c", "exec sleep 1000",
                       pass_fds=fds)
        for fd in fds:
            os.close(fd)
        try:
            p.stdout.readline()
            inside = descendants(p.pid)
            assert inside, "nothing was started"
            same(has_open(p.pid, path), True, "addesh itself")
            same([c for i, c in inside.items() if has_open(i, path)], [])
        finally:
            p.terminate()
            p.communicate()


@test("volumes of an image share one limit: %s", ENGINES)
def _(kind):
    check_kind(kind)
    api = engines.api(kind)
    names = ["/v%d" % n for n in range(40)]
    image = "addesh-test-volumes:latest"
    made = api.post("/containers/create", {"Image": "busybox:latest"})["Id"]
    try:
        api.post("/commit", {}, container=made, repo="addesh-test-volumes",
                 tag="latest", changes="VOLUME " + json.dumps(names))
        with Session(kind, new="env new " + image) as s:
            host = api.get("/containers/%s/json" % s.env["id"])["HostConfig"]
            assert host["Memory"] < 2 << 30, host["Memory"]
            sizes = [re.search(r"size=(\d+)", host["Tmpfs"][n]) for n in names]
            total = sum(int(size[1]) for size in sizes)
            assert 0 < total <= 256 << 20, total
    finally:
        api.remove(made)
        if api.has_image(image):
            api.delete("/images/" + image, force="1")


main()
