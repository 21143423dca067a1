# SPDX-License-Identifier: MIT
"""A sweep and a process that keeps an environment, at one time: what the engine
has listed is old when it is judged."""

import glob
import json
import os
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from proxy import Proxy
from sandboxes import ENGINES, KINDS, SandboxHome
from tap import Skip, main, patient, same, test


class Behind:
    """A home with an engine behind a proxy."""

    def __init__(self, kind):
        self.home = SandboxHome(kind)
        self.proxy = Proxy(os.path.join(self.home.path, "proxy.sock"),
                           engines.endpoint(kind))
        self.home.options = ["--engine", self.proxy.url]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for gate in self.proxy.gates:
            gate.opened.set()
        self.home.close_kept()
        self.proxy.close()
        self.home.close()


def ends_well(process):
    out, err = process.communicate(timeout=patient(90))
    same(process.returncode, 0, (out, err))


def reaches(gate, process):
    assert gate.reached.wait(patient(60)), process.communicate(timeout=60)


def check_works(b, name):
    b.home.addesh("-c", "env use " + name, "-c", "exec true").is_ok()


@test("a sweep has listed a container that is started and kept since: "
      "%s, %s", [(kind, who) for kind in ENGINES for who in ("same", "other")])
def _(kind, who):
    """By the same user, whose register the record is in, and by another."""
    with Behind(kind) as b, Behind(kind) as other:
        start = b.proxy.hold("^POST .*/containers/[0-9a-f]+/start ")
        keeper = b.home.spawn("-c", "env new --keep --name k1")
        reaches(start, keeper)
        sweeper = b if who == "same" else other
        listed = sweeper.proxy.hold("^GET .*/containers/json", answer=True)
        sweep = sweeper.home.spawn("-c", "gc")
        reaches(listed, sweep)
        start.opened.set()
        ends_well(keeper)
        listed.opened.set()
        ends_well(sweep)
        check_works(b, "k1")


@test("a sweep has listed a container that is kept since: %s", ENGINES)
def _(kind):
    with Behind(kind) as b, Behind(kind) as other:
        keeper = b.home.spawn(stdin=-1)
        keeper.stdin.write(b"env new --name k2\nexec -- echo opened\n")
        keeper.stdin.flush()
        while b"opened" not in keeper.stdout.readline():
            assert keeper.poll() is None, keeper.stderr.read()
        listed = other.proxy.hold("^GET .*/containers/json", answer=True)
        sweep = other.home.spawn("-c", "gc")
        reaches(listed, sweep)
        keeper.stdin.write(b"env keep\nquit\n")
        ends_well(keeper)
        listed.opened.set()
        ends_well(sweep)
        check_works(b, "k2")


@test("a sweep with another register leaves what is kept: %s", KINDS)
def _(kind):
    """Its lock is in the same directory, and free."""
    with SandboxHome(kind) as home:
        other = {"XDG_STATE_HOME": home.own(home.dir("other"))}
        home.addesh("-c", "env new --keep --name k3").is_ok()
        for _ in range(2):    # its lock was taken again, too
            done = home.addesh("--json", "-c", "gc", env=other).is_ok()
            items = json.loads(done.out)["result"]["items"]
            same([i for i in items if i["kind"] in ("file", "cgroup") and
                  not i["keep"]], [])
            home.addesh("-c", "env use k3", "-c", "exec true").is_ok()


def notes(home, kind):
    """What lock files say: the values of the lines that begin with kind."""
    return [line.split(" ", 1)[1].rstrip("\n")
            for path in glob.glob(home.path + "/**/env/*", recursive=True)
            if stat.S_ISREG(os.stat(path).st_mode)
            for line in open(path) if line.startswith(kind + " ")]


@test("what is kept ends with its record")
def _():
    """Nobody could find it any more, and each sweep would wait for it."""
    with SandboxHome("restricted-root") as home:
        home.addesh("-c", "env new --keep --name k4").is_ok()
        leaves = notes(home, "cgroup")
        if not leaves:
            raise Skip("no control groups here")
        for path in notes(home, "kept"):
            os.unlink(path)
        with open(leaves[0] + "/cgroup.procs") as f:
            pids = list(map(int, f))
        assert pids, "the runner is not in it"
        home.addesh("-c", "env new", "-c", "exec true").is_ok()
        same([p for p in leaves if os.path.exists(p)], [])
        end = time.monotonic() + patient(60)
        while [p for p in pids if os.path.exists("/proc/%d" % p)]:
            assert time.monotonic() < end, pids
            time.sleep(0.02)    # what was killed takes its time to end
        same(notes(home, "cgroup"), [])


main(beside=True)
