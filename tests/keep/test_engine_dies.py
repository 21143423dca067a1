# SPDX-License-Identifier: MIT
"""The engine of kept environments is killed, and started again: what runs at
that moment ends with an error, nothing is said about what nobody knows, and
afterwards each environment is found or lost, as is true."""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from leftovers import heard, wait_output  # noqa: E402
from ownengine import OwnEngine  # noqa: E402
from sandboxes import SandboxHome  # noqa: E402
from tap import main, patient, same, test  # noqa: E402

NAMES = ("idle", "open", "busy", "dead")
# since 24.0.8 live-restore keeps containers that are removed at their end
RESTORES_ALL = (24, 0, 8)


class Home(SandboxHome):
    """One with a kept environment of each name."""

    def __init__(self, engine):
        super().__init__(engine.kind)
        self.engine = engine
        self.options = ["--engine", engine.endpoint]
        self.containers = {}
        for name in NAMES:
            made = self.results(
                "env new busybox:latest --keep --name " + name,
                "exec -- sh -c 'echo %s > f'" % name)[0]
            self.containers[name] = made["container"]

    def results(self, *commands):
        words = [w for c in commands for w in ("-c", c)]
        done = self.addesh("--json", *words).is_ok()
        return [json.loads(line)["result"] for line in done.out.splitlines()]

    def states(self):
        rows = self.results("env ls -a")[0]["environments"]
        return {row["name"]: row["state"] for row in rows}

    def records(self):
        path = os.path.join(self.env["XDG_STATE_HOME"], "addesh", "kept")
        return [n for n in os.listdir(path) if n.endswith(".json")]

    def init(self, name):
        """The pid of its PID 1."""
        return self.engine.api.get("/containers/%s/json" %
                                   self.containers[name])["State"]["Pid"]

    def running(self):
        """Those that the engine says are running."""
        ids = [c["Id"] for c in self.engine.api.containers()
               if c["State"] == "running"]
        return {n for n, i in self.containers.items() if i in ids}


class Client:
    """A session that has an environment open, and is told what to do."""

    def __init__(self, home, name):
        self.process = home.spawn("--json", "-k", stdin=-1)
        assert self.do("env use " + name)["ok"]

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def do(self, line):
        self.send(line)
        return json.loads(wait_output(self.process, b"\n"))

    def end(self):
        self.process.communicate(timeout=patient(60))


def everybody_is_told(home, idle, busy):
    """At the moment of the kill, and by commands after it."""
    got = json.loads(wait_output(busy.process, b"\n"))
    same((got["status"], got["result"]["environment_lost"],
          got["result"]["stdout"]), (125, True, "on\n"))
    assert "connection" in json.dumps(got["result"]), got
    for client in idle, busy:
        got = client.do("exec -- cat f")
        same((got["ok"], got["error"]["kind"]), (False, "engine"))
        assert "is not running" in got["error"]["message"], got
        client.end()


def nothing_is_invented(home):
    for _ in range(2):
        same(home.states(), dict.fromkeys(NAMES, "unknown"))
        items = home.results("gc")[0]["items"]
        same({i["name"] for i in items
              if i["kind"] == "environment" and i["keep"]}, set(NAMES))
        for command in "env use idle", "env rm idle":
            done = home.addesh("-c", command).is_status(125)
            assert "is not running" in done.err, done.err
    same(len(home.records()), len(NAMES))


def without_its_socket(home):
    """To be gone is something else than to have ended."""
    home.addesh("-s", "s", "-c", "env new busybox:latest --name named",
                "-c", "exec -- sh -c 'echo named > f'").is_ok()
    path = home.engine.endpoint[len("unix://"):]
    os.rename(path, path + ".x")
    try:
        for words in (("env", "use", "idle"), ("-s", "s", "-c", "cat f"),
                      ("-s", "s", "-c", "env info"), ("env", "rm", "idle")):
            done = home.addesh(*words).is_status(125)
            assert "there is no socket" in done.err, done.err
            assert "has ended" not in done.err, done.err
        same(home.states(), dict.fromkeys(NAMES + ("named",), "unknown"))
    finally:
        os.rename(path + ".x", path)
    same(home.addesh("-s", "s", "-c", "cat f").is_ok().out, "named\n")
    home.addesh("session", "rm", "s").is_ok()


def settled(home):
    """Those that live, once the engine has ended what it ends."""
    end = time.monotonic() + patient(30)
    before = home.running()
    while time.monotonic() < end:
        time.sleep(0.5)
        now = home.running()
        if now == before:
            break
        before = now
    return before


def each_is_found_or_lost(home, live):
    same(home.states(), {n: "kept" if n in live else "ended" for n in NAMES})
    for name in sorted(live):
        same(home.addesh("-c", "env use " + name, "-c",
                         "cat f").is_ok().out, name + "\n")
    lost = sorted(set(NAMES) - live)
    if lost:
        done = home.addesh("-c", "env use " + lost[0]).is_status(125)
        assert "environment %s has ended" % lost[0] in done.err, done.err
    gone = {i["name"] for i in home.results("gc")[0]["items"]
            if i["kind"] == "environment" and not i["keep"]}
    same(gone, set(lost[1:]))
    same(home.states(), dict.fromkeys(live, "kept"))
    for name in live:
        home.addesh("env", "rm", name).is_ok()
    same(home.records(), [])
    same([c["Names"] for c in home.engine.api.containers()], [])


def kill_and_start(engine, must_live):
    with Home(engine) as home:
        without_its_socket(home)
        idle, busy = Client(home, "open"), Client(home, "busy")
        busy.send("exec -- sh -c 'echo on; sleep 1000'")
        heard(home, b"on\n")
        dead = home.init("dead")
        engine.kill()
        os.kill(dead, signal.SIGKILL)
        everybody_is_told(home, idle, busy)
        nothing_is_invented(home)
        engine.start()
        live = settled(home)
        same(live, must_live(live))
        each_is_found_or_lost(home, live)


@test
def dockerd():
    with OwnEngine("docker") as engine:
        kill_and_start(engine, lambda live: set())


@test
def dockerd_with_live_restore():
    """Whatever it says that it has restored is found."""
    with OwnEngine("docker") as engine:
        engine.configure(**{"live-restore": True})
        version = engine.api.get("/version")["Version"].partition("+")[0]
        restores = tuple(map(int, version.split("."))) >= RESTORES_ALL
        kill_and_start(engine, lambda live:
                       set(NAMES) - {"dead"} if restores else live)


@test
def podman():
    with OwnEngine("podman") as engine:
        kill_and_start(engine, lambda live: set(NAMES) - {"dead"})


engines.share()
main(beside=True)
