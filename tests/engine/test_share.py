# SPDX-License-Identifier: MIT
"""What an environment shares with this host: env new -v and -p."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from sandboxes import ENGINES, SandboxHome, Session, readable_copy
from tap import Skip, main, patient, same, test

KEEP_OUT = "it is a directory of this host, where nothing bounds it"


def commands(home, *lines):
    args = ["-k"]
    for line in lines:
        args += ["-c", line]
    return home.addesh(*args)


def last_error(done):
    """What was said against the last command, without the remedy."""
    found = [l for l in done.err.splitlines() if l.startswith("addesh: env")]
    return found[-1] if found else done.err


# ---- directories ----

@test("a directory to read and one to write: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("in/a", "hello\n")
        out = h.dir("work/out")
        done = commands(
            h, "env new busybox:latest -v in:/artifacts:ro "
            "-v out:/workspace/output", "exec cat /artifacts/a",
            "exec sh -c 'echo x > /artifacts/b'", "exec rm /artifacts/a",
            "exec touch /artifacts/a", "exec mount -o remount,rw /artifacts",
            "exec sh -c 'echo y > output/f; echo z > gone; mkdir output/d'",
            "env reset", "exec sh -c 'ls; cat output/f'")
        same(done.out, "hello\noutput\ny\n")
        same(os.listdir(h.work + "/in"), ["a"])
        for name in ("f", "d"):
            st = os.lstat(os.path.join(out, name))
            same((st.st_uid, st.st_gid), (os.geteuid(), os.getegid()), name)


@test("a write to one that is read-only names it: %s", ENGINES)
def _(kind):
    with Session(kind, new=None) as s:
        there = os.path.realpath(s.home.dir("work/in"))
        s.home.dir("work/out")
        s.ok("env new -v in:/artifacts:ro -v out:/workspace/output")
        said = "/artifacts was given read-only, with -v %s:/artifacts:ro" % \
            there
        for line, body in (
                ({"line": 1}, "open('/artifacts/b', 'w')"),
                ({}, "import subprocess as s\ns.run(['rm', '/artifacts'])\n"
                 "s.run(['touch', '/artifacts/b'], check=True)")):
            r = s.run("w.py", body)
            same(r["diagnosis"], {
                "kind": "read_only_volume", "message": said,
                "path": "/artifacts", "source": there,
                "file": "w.py", **line})
            assert r["message"].endswith(said), r
            assert not r.get("hint"), r
        for path in "/etc/b", "/artifacts2":
            r = s.run("w.py", "open(%r, 'w')" % path)
            same(r["diagnosis"]["kind"], "read_only_path")


@test("one that is closed to others can be read: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("in/a", "hello\n")
        os.chmod(h.work + "/in", 0o700)
        done = commands(h, "env new busybox:latest -v in:/artifacts:ro",
                        "exec cat /artifacts/a", "exec touch /artifacts/b")
        same(done.out, "hello\n", done.err)
        os.chmod(h.work + "/in", 0o755)
        done = commands(h, "env new busybox:latest -v in:/artifacts:ro",
                        "exec sh -c 'cat /artifacts/a; test `id -u` -gt 9999'")
        same(done.is_ok().out, "hello\n")


@test("names with spaces and of other alphabets: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("my dir \u00fc/a", "hello\n")
        os.symlink("my dir \u00fc", h.work + "/link")
        for source in "my dir \u00fc", "./my dir \u00fc/../link", "link/a":
            done = commands(h, 'env new busybox:latest -v "%s:/d x/\u0436"' %
                            source, "exec -- cat '/d x/\u0436%s'" %
                            ("" if source == "link/a" else "/a"))
            same(done.is_ok().out, "hello\n")


@test("/workspace is a directory of this host: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("ws/old.py", "print('old')\n")
        os.chmod(h.work + "/ws", 0o700)
        with_it = "env new -v ws:/workspace"
        done = h.addesh("--json", "-k", "-c", with_it, "-c",
                        "run new.py <<<'open(\"made\", \"w\").write(\"x\")'",
                        "-c", "env reset", "-c", "exec python3 old.py", "-c",
                        "env info", stdin="")
        new, run, reset, old, info = done.objects()
        same(old["result"]["stdout"], "old\n")
        same(info["result"]["volumes"], [{
            "source": os.path.realpath(h.work + "/ws"),
            "target": "/workspace", "read_only": False}])
        same([g for g in info["result"]["not_applied"]
              if g["name"] == "disk_limit"],
             [{"name": "disk_limit", "asked": "256m", "got": "none",
               "weak": False, "why": KEEP_OUT}])
        assert any(g["name"] == "disk_limit" for g in
                   run["result"]["limits"]["not_applied"]), run
        same(sorted(os.listdir(h.work + "/ws")), ["made", "new.py", "old.py"])
        same(os.stat(h.work + "/ws").st_mode & 0o777, 0o700)


@test("a later file system below a directory stays out: %s", ENGINES)
def _(kind):
    # what can be had without mounting anything: the engine is told so
    with Session(kind, new=None) as s:
        there = s.home.dir("work/d")
        env = s.ok("env new busybox:latest -v d:/data:ro")
        mounts = engines.api(kind).get(
            "/containers/%s/json" % env["id"])
        asked = [m for m in (mounts["HostConfig"].get("Mounts") or [])
                 if m["Target"] == "/data"]
        if asked:    # Podman has it among its binds, not recursive by itself
            same(asked[0]["BindOptions"]["NonRecursive"], True)
        got = [m for m in mounts["Mounts"] if m["Destination"] == "/data"]
        same([(m["Source"], m["RW"]) for m in got],
             [(os.path.realpath(there), False)])


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Relayed(socketserver.BaseRequestHandler):
    """Both directions of a connection to the engine."""

    def handle(self):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self.server.engine)
            back = threading.Thread(target=pump, args=(peer, self.request))
            back.start()
            pump(self.request, peer)
            back.join()


def relay(family, address, kind):
    """A server at address that passes on what comes to the engine."""
    base = {socket.AF_UNIX: socketserver.ThreadingUnixStreamServer,
            socket.AF_INET: socketserver.ThreadingTCPServer}[family]
    base.daemon_threads = True
    base.block_on_close = False
    server = base(address, Relayed)
    server.engine = engines.endpoint(kind)[len("unix://"):]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@test
def what_an_ordinary_user_s_programs_write_is_theirs():
    if os.geteuid():
        raise Skip("needs root")
    with SandboxHome("docker") as h:
        path = os.path.join(h.path, "engine.sock")
        server = relay(socket.AF_UNIX, path, "docker")
        os.chmod(path, 0o666)
        h.dir("work/out")
        copy = readable_copy()
        uid, gid = 4321, 1234    # nobody's: they have no name
        h._become(uid, gid)
        h.options = ["--engine", "unix://" + path]
        done = h.addesh(
            "-k", "-c", "env new busybox:latest -v out:/workspace",
            "-c", "exec sh -c 'id -u; id -un; id -gn; echo $USER $HOME; "
            "echo x > f'",
            "-c", "put " + copy + "/runner-" + runner_arch())
        server.shutdown()
        server.server_close()
        same(done.is_ok().out,
             "%d\nsandbox\nsandbox\nsandbox /tmp/home\n" % uid)
        for name in os.listdir(h.work + "/out"):
            st = os.lstat(os.path.join(h.work, "out", name))
            same((st.st_uid, st.st_gid), (uid, gid), name)
        same(len(os.listdir(h.work + "/out")), 2)


def runner_arch():
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


@test("an engine over a network is another host: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.dir("work/out")
        server = relay(socket.AF_INET, ("127.0.0.1", 0), kind)
        h.options = ["--engine", "tcp://127.0.0.1:%d" %
                     server.server_address[1]]
        done = commands(h, "env new busybox:latest -v out:/data")
        server.shutdown()
        server.server_close()
        where = os.path.realpath(h.work + "/out")
        same(done.err.splitlines()[-2:], [
            "addesh: env new: -v: the engine does not see this host's " +
            where, "  open it without and copy the files:  put " + where])


@test("nothing that leads out of the environment: %s", ENGINES)
def _(kind):
    socket_path = engines.endpoint(kind)[len("unix://"):]
    with SandboxHome(kind) as h:
        h.dir("work/ok")
        mine = h.dir("work/mine/below")
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.path.join(mine, "s"))
        server.listen()
        os.symlink(os.path.dirname(socket_path), h.work + "/link")
        for source, why in (
                ("/", "is this host itself"), ("/proc", "host itself"),
                ("/sys", "host itself"), ("/dev", "host itself"),
                ("/dev/null", "neither a directory nor a file"),
                (socket_path, "the socket"),
                (os.path.dirname(socket_path), "the socket"),
                (h.work + "/link", "the socket"), ("link", "the socket"),
                ("mine", "the socket"), ("mine/below", "the socket"),
                ("mine/below/s", "the socket"),
                ("missing", "No such file or directory")):
            done = commands(h, "env new busybox:latest -v %s:/x" % source)
            assert why in last_error(done), (source, done.err)
            done = commands(h, "env new busybox:latest -v %s:/x:ro" % source)
            assert why in last_error(done), (source, done.err)
        server.close()
        assert not os.path.exists(h.work + "/missing")
        for target, why in (("/workspace/a/b", "is too deep"),
                            ("/tmp/a/b", "is too deep"),
                            ("/etc", "environment's own"),
                            ("/.addesh", "environment's own"),
                            ("/proc/x", "environment's own"),
                            ("/a/../b", "cannot be a path"),
                            ("b:/data", "a path with a colon"),
                            ("data", "no absolute path")):
            done = commands(h, "env new busybox:latest -v ok:" + target)
            assert why in last_error(done), (target, done.err)
        done = commands(h, "env new busybox:latest -v ok:/data "
                        "-v ok:/data/sub")
        assert "/data/sub would have to be made" in last_error(done), done.err
        done = commands(h, "env new busybox:latest -v ok:/data -v in:/data/")
        assert "two directories for /data" in last_error(done), done.err
        same(os.listdir(h.work + "/ok"), [])


@test
def the_policy_says_which_directories():
    with SandboxHome("docker") as h:
        for name in ("read", "write", "none"):
            h.dir("work/" + name)
        os.symlink("../none", h.work + "/write/link")
        real = os.path.realpath(h.work)
        with open(h.env["XDG_CONFIG_HOME"] + "/addesh/addesh.yaml", "w") as f:
            json.dump({"host": {"read": [real + "/read", real + "/write"],
                                "write": [real + "/write"]}}, f)
        for volume, refused in (
                ("read:/x:ro", None), ("write:/x", None),
                ("read:/x", "writing %s/read is not allowed" % real),
                ("none:/x:ro", "reading %s/none is not allowed" % real),
                ("write/link:/x", "reading %s/none is not allowed" % real),
                (".:/x:ro", "reading %s is not allowed" % real)):
            done = commands(h, "env new busybox:latest -v " + volume)
            if refused:
                assert refused in last_error(done.is_status(125)), done.err
            else:
                done.is_ok()
        # a project may only tighten
        h.write(".addesh.yaml", "host: {write: [/nowhere]}\n")
        done = commands(h, "env new busybox:latest -v write:/x")
        assert "is not allowed: host.write" in last_error(done), done.err
        commands(h, "env new busybox:latest -v write:/x:ro").is_ok()


@test("the restricted sandbox has neither: %s",
      ["restricted-root", "restricted-user"])
def _(kind):
    with SandboxHome(kind) as h:
        for option, why in (("-v .:/data:ro", "none of this host's"),
                            ("--net -p 80", "nothing of this host reaches")):
            done = commands(h, "env new " + option).is_status(125)
            assert why in last_error(done), done.err


# ---- ports ----

SERVER = """
import select, socket
tcp = socket.create_server(("0.0.0.0", 8000))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", 8001))
data = b""
while data != b"end":
    if tcp in select.select([tcp, udp], [], [])[0]:
        peer, _ = tcp.accept()
        peer.sendall(b"tcp")
        peer.close()
    else:
        data, address = udp.recvfrom(100)
        udp.sendto(b"udp " + data, address)
"""

# A proxy of the engine may accept, or lose, what comes before the server does.
CLIENT = """
import socket, sys, time

def tcp():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as s:
        return s.recv(100)

def udp(text):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(text, ("127.0.0.1", int(sys.argv[2])))
        return s.recv(100)

def until(wanted, call, *args):
    while True:
        try:
            if call(*args) == wanted:
                return print(wanted.decode())
        except OSError:
            pass
        time.sleep(0.1)

until(b"tcp", tcp)
until(b"udp x", udp, b"x")
until(b"udp end", udp, b"end")
"""


def free_port(kind):
    """One of the engines' network that nobody has."""
    return int(subprocess.run(engines.enter([
        "/usr/bin/python3", "-c", "import socket\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1])"], kind), capture_output=True, check=True,
        text=True).stdout)


@test("a port is reached at 127.0.0.1: %s", ENGINES)
def _(kind):
    mine = free_port(kind)
    with Session(kind, new=None) as s:
        env = s.ok("env new python:3.11-slim --net -p %d:8000 -p 8001/udp"
                   % mine)
        tcp, udp = env["ports"]
        same(tcp, {"address": "127.0.0.1", "host": mine, "container": 8000,
                   "protocol": "tcp"})
        same((udp["container"], udp["protocol"]), (8001, "udp"))
        assert 0 < udp["host"] < 65536, udp
        same(s.ok("env info")["ports"], env["ports"])
        s.send("run server.py", SERVER)
        seen = subprocess.run(engines.enter(["ss", "-Hltun"], kind),
                              capture_output=True, text=True, check=True)
        bound = {l.split()[4] for l in seen.stdout.splitlines()
                 if l.split()[4].rpartition(":")[2] in
                 (str(tcp["host"]), str(udp["host"]))}
        same(bound, {"127.0.0.1:%d" % p["host"] for p in (tcp, udp)})
        got = subprocess.run(engines.enter([
            "/usr/bin/python3", "-c", CLIENT, str(tcp["host"]),
            str(udp["host"])], kind), capture_output=True, text=True,
            timeout=patient(60))
        s.answer()
        same(got.stdout, "tcp\nudp x\nudp end\n", got.stderr)


@test("ports that cannot be: %s", ENGINES)
def _(kind):
    port = free_port(kind)
    with SandboxHome(kind) as h:
        done = commands(h, "env new busybox:latest -p 8080:80").is_status(2)
        same(done.err.splitlines(), [
            "addesh: env new: -p 8080:80: the environment has no network to "
            "be reached by", "  open it with one:  env new --net -p 8080:80"])
        for text, why in (
                ("0", "'0' is no port"), ("99999:1", "'99999' is no port"),
                ("1:65536", "'65536' is no port"), ("a:1", "'a' is no port"),
                ("80-82:80", "'80-82' is no port"), ("80:", "HOST:CONTAINER"),
                ("0.0.0.0:1:1", "127.0.0.1 only"), ("80/x", "tcp or udp"),
                ("[::1]:1:1", "127.0.0.1 only"),
                ("81:80 -p 81:82", "81 of this host cannot lead to two")):
            done = commands(h, "env new busybox:latest --net -p " + text)
            assert why in last_error(done.is_status(2)), done.err
        done = commands(h, "env new busybox:latest --net -p %d:80" % port,
                        "env new busybox:latest --net -p %d:80" % port,
                        "env ls")
        same(done.err.splitlines()[-2:], [
            "addesh: env new: -p %d:80: port %d of 127.0.0.1 is taken" %
            (port, port), "  any that is free:  env new --net -p 80"])
        same(len(done.out.splitlines()), 2)    # a heading, and the first


@test
def packages_of_one_that_cannot_be_opened_twice():
    with SandboxHome("docker") as h:
        h.dir("work/out")
        for options in ("--net -p 80", "-v out:/workspace/out"):
            done = commands(h, "env new busybox:latest " + options,
                            "dep add x")
            assert "cannot be opened again beside itself" in done.err, done.err


main()
