# SPDX-License-Identifier: MIT
"""env attach: containers that somebody else started."""

import contextlib
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import addesh
import engines
from leftovers import pause, wait_output
from sandboxes import ENGINES, SandboxHome, Session
from tap import main, patient, same, test

# It starts nothing more: a shell's child is a second shell until it executes.
SLEEPS = ["sh", "-c", "trap exit TERM; sleep 86400 & wait"]
SLEEPING = sorted([" ".join(SLEEPS) + " ", "sleep 86400 "])
WAITING = ["/waits "]


@contextlib.contextmanager
def container(kind, image="busybox:latest", cmd=SLEEPS, **options):
    """A running one; its id."""
    api = engines.api(kind)
    host = options.pop("HostConfig", {})
    made = api.post("/containers/create", dict(
        {"Image": image, "Entrypoint": cmd, "Cmd": [],
         "Labels": {"test": "attach"}, "HostConfig": host}, **options))["Id"]
    try:
        api.post("/containers/%s/start" % made)
        yield made
    finally:
        api.remove(made)


def without_shell(kind, **options):
    """Its only programs are /static and the one that waits for its input."""
    runner = [n for n in os.listdir(os.path.dirname(addesh.program()))
              if n.startswith("runner-")][0]
    path = os.path.join(os.path.dirname(addesh.program()), runner)
    host = options.setdefault("HostConfig", {})
    host["Mounts"] = host.get("Mounts", []) + [
        {"Type": "bind", "Source": path, "Target": "/waits",
         "ReadOnly": True}]
    return container(kind, "static:latest", ["/waits"], OpenStdin=True,
                     **options)


def state(kind, made):
    """The process that must stay, and what lies in the container."""
    api = engines.api(kind)
    inside = api.get("/containers/%s/json" % made)["State"]
    changes = [c["Path"] for c in api.get("/containers/%s/changes" % made)
               or [] if ".addesh" in c["Path"]]
    return inside["Pid"], inside["StartedAt"], inside["Running"], changes


def processes(kind, made):
    """Command lines in its PID namespace."""
    inside = os.readlink("/proc/%d/ns/pid" % state(kind, made)[0])
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/ns/pid" % pid) != inside:
                continue
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                found.append(f.read().replace(b"\0", b" ").decode())
        except OSError:    # it has ended meanwhile
            continue
    return sorted(found)


def settled(kind, made, wanted):
    """Waits until these run there, as they do once it has begun."""
    end = time.monotonic() + patient(20)
    while processes(kind, made) != wanted:
        if time.monotonic() > end:
            same(processes(kind, made), wanted, "run in the container")
        pause()


@test("with a shell: %s", ENGINES)
def _(kind):
    with container(kind, WorkingDir="/home") as made:
        settled(kind, made, SLEEPING)
        before = state(kind, made)
        with Session(kind, new=None) as s:
            env = s.ok("env attach %s --name web" % made)
            same((env["name"], env["isolation"], env["id"]),
                 ("web", "tree", made[:12]))
            r = s.run("p.sh", "id -u; pwd; ls /proc/$PPID/exe 2>&1; "
                      "ls -a /tmp /dev/shm; echo done")
            assert r.out.startswith(b"0\n/home\n"), r.out
            assert b".addesh" not in r.out.split(b"done")[0].split(
                b"/tmp:")[1], r.out
            # what it leaves behind ends with it, whatever it does
            r = s.run("left.sh", "sleep 901 & (setsid sleep 902 &) "
                      "; (trap '' TERM HUP; sleep 903) & echo x")
            same((r["exit_code"], r.out), (0, b"x\n"))
            now = processes(kind, made)
            assert not [p for p in now if "sleep 90" in p], now
            # and the time limit takes only what was started here
            s.run_into_limit("limit.sh", "echo on; sleep 904 & sleep 905")
            same(s.ok("env info")["attached"].lstrip("/") != "", True)
            s.ok("env reset")
            r = s.run("p.sh", "echo again")
            same(r.out, b"again\n")
            s.ok("env rm web")
            settled(kind, made, SLEEPING)
        same(state(kind, made), before)


@test("another user than root: %s", ENGINES)
def _(kind):
    with container(kind, User="1234:1234") as made, SandboxHome(kind) as h:
        before = state(kind, made)
        done = h.addesh("-c", "env attach %s -w /tmp" % made, "-c",
                        "exec sh -c 'id -u; grep CapEff /proc/self/status'",
                        "-c", "run a.sh <<<'echo $0'").is_ok()
        same(done.out, "1234\nCapEff:\t0000000000000000\n"
             "/tmp/a.sh\n")
        done = h.addesh("-c", "env attach %s -u 0" % made, "-c",
                        "exec sh -c 'id -u; grep CapEff /proc/self/status'")
        same(done.is_ok().out, "0\nCapEff:\t0000000000000000\n")
        same(state(kind, made), before)


@test("with a shell, where only a tmpfs is executable: %s", ENGINES)
def _(kind):
    host = {"ReadonlyRootfs": True,
            "Tmpfs": {"/tmp": "rw,noexec", "/run": "rw,noexec",
                      "/var/tmp": "rw,noexec", "/odd place": "rw,exec"}}
    with container(kind, HostConfig=host) as made, SandboxHome(kind) as h:
        done = h.addesh("-c", "env attach " + made, "-c",
                        "exec ls -A /tmp /odd\\ place").is_ok()
        assert ".addesh" not in done.out, done.out


@test
def with_a_shell_where_nothing_but_dev_can_be_written():
    with container("docker", HostConfig={"ReadonlyRootfs": True}) as made, \
            SandboxHome("docker") as h:
        done = h.addesh("-c", "env attach " + made, "-c",
                        "exec ls -A /dev").is_ok()
        assert "null" in done.out and ".addesh" not in done.out, done.out


@test("without a shell: %s", ENGINES)
def _(kind):
    for options in ({}, {"User": "1234"}, {"HostConfig": {
            "ReadonlyRootfs": True, "Mounts": [
                {"Type": "volume", "Target": "/data"}]}}):
        with without_shell(kind, **options) as made, \
                SandboxHome(kind) as h:
            settled(kind, made, WAITING)
            before = state(kind, made)
            done = h.addesh("-k", "-c", "env attach " + made, "-c",
                            "exec /static a b", "-c", "ls /")
            assert ".addesh" not in done.out, done
            assert done.out.startswith("a\nb\n"), done
            settled(kind, made, WAITING)
            same(state(kind, made), before, options)


@test("there is no way into one without a shell and without a place: %s",
      ENGINES)
def _(kind):
    host = {"ReadonlyRootfs": True}
    with without_shell(kind, HostConfig=host) as made, \
            SandboxHome(kind) as h:
        settled(kind, made, WAITING)
        before = state(kind, made)
        done = h.addesh("-c", "env attach " + made).is_status(125)
        assert ("there is no way into container %s: it has no directory "
                "where the runner could be put and executed" % made
                in done.err), done.err
        settled(kind, made, WAITING)
        same(state(kind, made), before)


@test("kill -9 of the shell leaves nothing there: %s", ENGINES)
def _(kind):
    with container(kind) as made, SandboxHome(kind) as h:
        settled(kind, made, SLEEPING)
        before = state(kind, made)
        p = h.spawn("-c", "env attach " + made, "-c", "exec sh -c "
                    "'(setsid sleep 906 &); echo on; sleep 907'",
                    stdout=-1)
        wait_output(p, b"on")
        assert len(processes(kind, made)) > len(SLEEPING)
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stdout.close()
        settled(kind, made, SLEEPING)
        same(state(kind, made), before)


@test("the container ends meanwhile: %s", ENGINES)
def _(kind):
    with container(kind) as made, Session(kind, new=None) as s:
        s.ok("env attach " + made)
        engines.api(kind).remove(made)
        got = s.do("exec true")
        assert got.get("error") or not got["ok"], got
        got = s.do("exec true")
        assert "there is no" in got["error"]["message"].lower() or \
            "no such container" in got["error"]["message"].lower(), got


@test("the container stops in a run: %s", ENGINES)
def _(kind):
    with container(kind) as made, Session(kind, new=None) as s:
        s.ok("env attach " + made)
        api = engines.api(kind)
        s.send("exec sleep 600")
        while "sleep 600 " not in processes(kind, made):
            pause()
        api.post("/containers/%s/kill" % made)
        result = s.answer()["result"]
        assert "ended with status 137" in result["message"], result
        same(result["hint"], "the next command attaches to %s again" % made)
        got = s.do("exec true")
        same(got["error"]["message"], "container %s does not run" % made)


@test("what one cannot do as a guest is told: %s", ENGINES)
def _(kind):
    with container(kind, User="1234", WorkingDir="/sys") as made, \
            SandboxHome(kind) as h:
        done = h.addesh("-k", "-c", "env attach " + made, "-c",
                        "run -d a.sh <<< true", "-c", "run a.sh <<< true",
                        "-c", "env attach %s -w /tmp" % made, "-c",
                        "run a.sh <<< 'echo there'")
        assert "none in the background" in done.err, done.err
        assert "--user sandbox" not in done.err, done.err
        assert "env attach -w /tmp " + made in done.err, done.err
        same(done.out, "there\n")


@test("what cannot be attached to: %s", ENGINES)
def _(kind):
    with container(kind) as made, SandboxHome(kind) as h:
        for words, why, status in (
                ("nosuch-container", "there is no container nosuch-con", 2),
                (made + " -u nosuch", "there is no user 'nosuch'", 2),
                (made + " -w sub", "begins with '/'", 2)):
            done = h.addesh("-c", "env attach " + words).is_status(status)
            assert why in done.err, done.err
        done = h.addesh("-k", "-c", "env attach " + made, "-c", "dep add x")
        assert "image stays as it is" in done.err, done.err
        done = h.addesh("-k", "-c", "env attach " + made, "-c", "env keep")
        assert "ends with the session" in done.err, done.err
        engines.api(kind).post("/containers/%s/kill" % made)
        done = h.addesh("-c", "env attach " + made).is_status(2)
        assert "does not run" in done.err, done.err
    with Session(kind) as s:
        got = s.do("env attach " + s.env["id"])
        assert "that addesh opened" in got["error"]["message"], got


@test
def the_policy_is_asked():
    for maximum, why in (({"images": ["python:*"]}, "is not allowed"),
                         ({"network": "none"}, "network"),
                         ({"user": "sandbox"}, "user")):
        config = {"tools": {"code_execution": {"max": maximum}}}
        with container("docker") as made, \
                SandboxHome("docker", config=config) as h:
            done = h.addesh("-c", "env attach " + made).is_status(125)
            assert why in done.err, done.err
    with SandboxHome("restricted-user") as h:
        done = h.addesh("-c", "env attach x").is_status(125)
        assert "on an engine only" in done.err, done.err


main()
