# SPDX-License-Identifier: MIT
"""env new --image-cmd: an image's own command, and what runs beside it."""

import contextlib
import os
import signal
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines
from leftovers import pause, wait_output
from sandboxes import ENGINES, SandboxHome, Session
from tap import main, patient, same, test

IMAGE = "local/server-%d:1" % os.getpid()
SERVER = """
import os, socket, sys
with open("/proc/self/status") as f:
    caps = [l.split()[1] for l in f if l.startswith("CapEff")][0]
print("uid", os.getuid(), os.getcwd(), os.environ.get("WHO"),
      os.environ.get("HOW"), "caps" if int(caps, 16) else "none", flush=True)
print("oops", file=sys.stderr, flush=True)
open("made", "w").close()
s = socket.create_server(("127.0.0.1", 8000))
while True:
    peer, _ = s.accept()
    word, _, text = peer.recv(1000).decode().partition(" ")
    if word == "exit":
        sys.exit(int(text))
    print(text, file=sys.stderr if word == "err" else sys.stdout, flush=True)
    peer.sendall(b"told")
    peer.close()
"""
DOCKERFILE = """
FROM python:3.11-slim
ENV WHO=server
COPY server.py /opt/server.py
RUN mkdir /srv/work && chown %s /srv/work
WORKDIR /srv/work
%s
CMD ["python3", "/opt/server.py"]
"""
TELL = """
import socket, sys
with socket.create_connection(("127.0.0.1", 8000)) as s:
    s.sendall(" ".join(sys.argv[1:]).encode())
    s.recv(10)
"""


@contextlib.contextmanager
def image(kind, user=""):
    """Of a server that does what it is told."""
    with SandboxHome(kind) as h:
        h.write("app/server.py", SERVER)
        h.write("app/Dockerfile", DOCKERFILE % (
            user or "0", "USER " + user if user else ""))
        h.addesh("-c", "build app -t " + IMAGE).is_ok()
        try:
            yield IMAGE
        finally:
            h.addesh("-c", "image rm -f " + IMAGE).is_ok()


def lines(s, words="logs --server"):
    return [(l["stream"], l["text"]) for l in s.ok(words)["lines"]]


def written(s, wanted, words="logs --server"):
    """Waits until the last lines of the log are these."""
    end = time.monotonic() + patient(20)
    while lines(s, words)[-len(wanted):] != wanted:
        if time.monotonic() > end:
            same(lines(s, words), wanted)
        pause()


def tell(s, *words):
    """Waits for a server that has just been started."""
    end = time.monotonic() + patient(30)
    while s.run("tell.py", TELL, " ".join(words))["exit_code"]:
        assert time.monotonic() < end
        pause()


@test("a server and what runs beside it: %s", ENGINES)
def _(kind):
    with image(kind, "1234:1234") as name:
        with Session(kind, new="env new --image-cmd -e HOW=so " + name) as s:
            tell(s, "out", "hello")
            tell(s, "err", "again")
            written(s, [("stderr", "again")])
            got = lines(s)
            same(sorted(got), [
                ("stderr", "again"), ("stderr", "oops"),
                ("stdout", "hello"),
                ("stdout", "uid 1234 /srv/work server so none")])
            same(lines(s, "logs --server 1"), got[-1:])
            same(lines(s, "logs --since 1h --stdout"),
                 [l for l in got if l[0] == "stdout"])
            r = s.run("me.py", "import os\nprint(os.getuid() > 10000, "
                      "os.getcwd())\nopen('/srv/work/x', 'w')\n")
            same((r.out, r["exit_code"]), (b"True /workspace\n", 1))
            same(s.ok("env info")["service"], "running")
            s.ok("env reset")
            tell(s, "out", "after")
            # why it has ended is looked at where it was
            s.run("tell.py", TELL, "exit 3")
            end = time.monotonic() + patient(20)
            while s.ok("env info")["service"] != "ended 3":
                assert time.monotonic() < end
                pause()
            same(lines(s)[-1], ("stdout", "after"))
            same(s.run("ok.py", "print(1)").out, b"1\n")


@test("as root it has what a container has, and its log has bounds: %s",
      ENGINES)
def _(kind):
    with image(kind) as name, Session(
            kind, new="env new --image-cmd " + name) as s:
        tell(s, "out", "x")
        assert ("stdout", "uid 0 /srv/work server None caps") in lines(s)
        config = engines.api(kind).get(
            "/containers/%s/json" % s.env["id"]
            if kind == "docker" else    # its other API says more
            "/v4.0.0/libpod/containers/%s/json" % s.env["id"])["HostConfig"]
        log = config["LogConfig"]
        same((log["Type"], log.get("Size") or log["Config"]["max-size"]),
             {"docker": ("json-file", "10m"),
              "podman": ("k8s-file", "10MB")}[kind])
        same(config["Privileged"], False)
        r = s.run("caps.py", "for l in open('/proc/self/status'):\n"
                  "    if l[:6] in ('CapEff', 'CapBnd', 'NoNewP'):\n"
                  "        print(l.split()[1])\n")
        same(r.out, b"0000000000000000\n0000000000000000\n1\n")


@test("programs that do their worst beside it: %s", ENGINES)
def _(kind):
    def hostile(name):
        with open(os.path.join(HERE, "..", "hostile", "programs", name)) as f:
            return f.read()

    with image(kind) as name, Session(
            kind, new="env new --image-cmd " + name) as s:
        tell(s, "out", "before")
        s.base = s.settled()
        for program, options in (("kill_all.py", "-t 20"),
                                 ("orphans.py", "-t 30"),
                                 ("double_fork.py", "-t 30"),
                                 ("fork_and_exit.py", "-t 30"),
                                 ("attack_init.py", "-t 30"),
                                 ("closed_descriptors.py", "-t 30"),
                                 ("forge.py", "-t 30")):
            r = s.run(program, hostile(program), options=options)
            assert not r["environment_lost"], (program, r)
            s.works()    # nothing is left but the server
        s.run_into_limit("fork_bomb.py", hostile("fork_bomb.py"))
        s.works()
        tell(s, "out", "alive")
        same(s.ok("env info")["service"], "running")


FAILS = "FROM busybox\nCOPY f /f\nCMD [\"sh\", \"/f\"]\n"
LAST = "echo starting; sleep 0.1; printf 'no\\033[2J port\\n' >&2; exit 3"


@test("one that ends at once says why: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("app/Dockerfile", FAILS)
        h.write("app/f", LAST)
        h.addesh("-c", "build app -t " + IMAGE).is_ok()
        try:
            for _ in range(9):    # on a busy machine it ends later than that
                done = h.addesh("-q", "-c", "env new --image-cmd " + IMAGE)
                if "ended at once" in done.err:
                    break
            same(sorted(done.is_ok().err.splitlines()[-3:]), [
                "  no\033[2J port", "  starting",
                "addesh: warning: the image's command ended at once, with "
                "status 3; its last words:"])
            with Session(kind, new=None) as s:
                for _ in range(9):
                    new = s.ok("env new --image-cmd " + IMAGE)
                    if new["service"] != "running":
                        break
                    s.ok("env rm --all")
                same(new["service"], "ended 3")
                assert "starting" in new["service_output"], new
                same(s.run("ok.sh", "echo 1").out, b"1\n")
        finally:
            h.addesh("-c", "image rm -f " + IMAGE).is_ok()


def owned(process, kind="docker"):
    """The container of this addesh."""
    found = [c for c in engines.api(kind).containers("addesh.owner") if
             c["Labels"]["addesh.owner"].split(":")[2] == str(process.pid)]
    same(len(found), 1)
    return found[0]


def write(container, text, kind="docker"):
    """Somebody else has the server write something."""
    api = engines.api(kind)
    made = api.post("/containers/%s/exec" % container, {
        "Cmd": ["python3", "-c", TELL, "out", text]})["Id"]
    api.post("/exec/%s/start" % made, {"Detach": True})


@test("following it: %s", ENGINES)
def _(kind):
    with image(kind) as name, SandboxHome(kind) as h:
        p = h.spawn("-c", "env new --image-cmd " + name,
                    "-c", "logs -f", stdout=-1)
        wait_output(p, b"uid 0")
        write(owned(p, kind)["Id"], "new line", kind)
        wait_output(p, b"new line")
        p.send_signal(signal.SIGINT)
        p.stdout.read()
        p.stdout.close()
        assert p.wait(patient(30)) in (0, 130)
        done = h.addesh("--json", "-k", "-c", "env new --image-cmd " + name,
                        "-c", "logs -f", "-c", "env new busybox:latest", "-c",
                        "logs --server")
        got = done.objects()
        assert "does not go with --json" in got[1]["error"]["message"], got
        assert "runs no command" in got[3]["error"]["message"], got


@test("one that floods its log is followed until Ctrl-C: %s", ENGINES)
def _(kind):
    # Docker has ended the log at times, on changing its file
    with SandboxHome(kind) as h:
        h.write("app/Dockerfile", FAILS)
        h.write("app/f", "trap '' TERM; while :; do echo flood; done")
        h.addesh("-c", "build app -t " + IMAGE).is_ok()
        try:
            p = h.spawn("-k", "-c", "env new --cpus 2 --image-cmd " + IMAGE,
                        "-c", "logs -f --since 1m", stdout=-1)
            got, end = 0, time.monotonic() + 4
            while time.monotonic() < end:
                data = p.stdout.read1(65536)
                assert data, "it ended by itself after %d bytes" % got
                got += len(data)
            p.send_signal(signal.SIGINT)
            began = time.monotonic()
            p.stdout.read()
            p.stdout.close()
            assert p.wait(patient(30)) in (0, 130)
            assert time.monotonic() - began < patient(10)
        finally:
            h.addesh("-c", "image rm -f " + IMAGE).is_ok()


@test("kill -9 of the shell ends it: %s", ENGINES)
def _(kind):
    with image(kind) as name, SandboxHome(kind) as h:
        p = h.spawn("-c", "env new --image-cmd " + name, "-c", "logs -f",
                    stdout=-1)
        wait_output(p, b"uid 0")
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stdout.close()
        end = time.monotonic() + patient(30)
        while any(c["Labels"]["addesh.owner"].split(":")[2] == str(p.pid)
                  for c in engines.api(kind).containers("addesh.owner")):
            assert time.monotonic() < end, "its container is left"
            pause()


@test("a kept one is found by the next process: %s", ENGINES)
def _(kind):
    with image(kind) as name, SandboxHome(kind) as h:
        h.addesh("-c", "env new --keep --name web --image-cmd " + name).is_ok()
        try:
            h.write("tell.py", TELL)
            done = h.addesh("-k", "-c", "env use web", "-c",
                            "run tell.py out later", "-c", "run tell.py out x",
                            "-c", "logs --server 1", "-c", "env info")
            assert "running" in done.out, done
            assert "\nx\n" in "\n" + done.out, done
        finally:
            h.addesh("-c", "env use web", "-c", "env rm web").is_ok()


@test
def what_cannot_be():
    with SandboxHome("docker") as h:
        for words, why in (("--image-cmd -u root busybox:latest", "-u"),
                           ("--image-cmd -v .:/x busybox:latest",
                            "read-only")):
            done = h.addesh("-c", "env new " + words).is_status(2)
            assert why in done.err, done.err
        h.write("app/Dockerfile", "FROM scratch\nENV A=b\n")
        done = h.addesh("-k", "-c", "build app -t " + IMAGE, "-c",
                        "env new --image-cmd " + IMAGE, "-c",
                        "image rm -f " + IMAGE)
        assert "names no command" in done.err, done.err
        h.write("app/Dockerfile", "FROM busybox\nCMD [\"/nope\"]\n")
        done = h.addesh("-k", "-c", "build app -t " + IMAGE, "-c",
                        "env new --image-cmd " + IMAGE, "-c",
                        "image rm -f " + IMAGE)
        assert "could not be started" in done.err, done.err
    config = {"tools": {"code_execution": {"max": {"user": "sandbox"}}}}
    with SandboxHome("docker", config=config) as h:
        done = h.addesh("-c", "env new --image-cmd busybox:latest")
        assert "user: image is above the ceiling" in done.is_status(
            125).err, done.err
    with SandboxHome("restricted-user") as h:
        done = h.addesh("-c", "env new --image-cmd").is_status(125)
        assert "has no images" in done.err, done.err


main()
