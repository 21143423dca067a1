# SPDX-License-Identifier: MIT
"""Nothing of addesh is left behind, however it ends."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
import terminal  # noqa: E402
from leftovers import Traces, pause, wait_output  # noqa: E402
from sandboxes import ENGINES, KINDS, SandboxHome, Session  # noqa: E402
from tap import SLOW, diag, main, patient, same, test  # noqa: E402

# A session that goes through all states an environment has.
SCRIPT = """\
env new
put tree
run work.py <<'EOF'
import os, signal
print("working", flush=True)
if os.fork() == 0:
    os.setsid()
    signal.pause()
open("result", "w").write("x" * 100000)
for n in range(200000):
    pass
EOF
get result result
env reset
env rm --all
"""
# Leaves a daemon, and does not end.
BODY = """\
import os, signal
for n in range(1, 65):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("working", flush=True)
if os.fork() == 0:
    os.setsid()
while True:
    signal.pause()
"""
ENDLESS = "env new\nrun endless.py <<'EOF'\n" + BODY + "EOF\n"
KILLS = {"docker": 70, "podman": 60, "restricted-root": 70,
         "restricted-user": 40}
SLEEP = "exec -- sh -c 'echo work\"\"ing; sleep 1000'"


def home_of(kind, **kw):
    home = SandboxHome(kind, **kw)
    for n in range(20):
        home.write("tree/%d" % n, os.urandom(20000))
    return home


def script_of(home, name, text):
    return home.own(home.write(name, text))


def start_endless(home, traces):
    """addesh in the middle of a run."""
    p = traces.spawn(script_of(home, "endless", ENDLESS))
    wait_output(p, b"working")
    return p


def kill(p):
    p.kill()
    p.communicate()


def at_random(rand, p, span):
    """Kills it at a random point of span seconds; whether it still ran.  A
    point in time is what is wanted here, not a condition."""
    try:
        p.wait(rand.random() * span)
    except subprocess.TimeoutExpired:
        p.kill()
    _, err = p.communicate()
    assert p.returncode in (0, -signal.SIGKILL), err
    return p.returncode != 0


@test("kill -9 at random points: %s", KINDS, deadline=600)
def _(kind):
    seed = int(os.environ.get("ADDESH_TEST_SEED") or
               random.SystemRandom().randrange(1 << 32))
    diag("ADDESH_TEST_SEED=%d" % seed)
    rand = random.Random(seed)
    with home_of(kind) as home:
        traces = Traces(home)
        script = script_of(home, "all", SCRIPT)
        began = time.monotonic()
        done = traces.addesh(script)
        span = time.monotonic() - began
        same(done.returncode, 0, done.stderr)
        traces.gone()
        killed = tried = 0
        while killed < KILLS[kind] / SLOW:
            if not at_random(rand, traces.spawn(script), span):
                span *= 0.95    # the first time was a slow one
            else:
                killed += 1
            tried += 1
            if traces.api:
                traces.owned_containers()    # notes their names
        diag("%d were killed, %d ended" % (killed, tried - killed))
        done = traces.addesh("-c", "true")
        same(done.returncode, 0, done.stderr)
        traces.gone()


@test("the next environment sweeps too: %s", KINDS)
def _(kind):
    with home_of(kind) as home:
        traces = Traces(home)
        for _ in range(3):
            kill(start_endless(home, traces))
        done = traces.addesh("-c", "env new", "-c", "env rm --all")
        same(done.returncode, 0, done.stderr)
        traces.gone()


@test("the next session sweeps the engine that is named: %s", ENGINES)
def _(kind):
    with home_of(kind) as home:
        traces = Traces(home)
        p = start_endless(home, traces)
        container, = traces.owned_containers()
        os.kill(p.pid, signal.SIGSTOP)    # so that no end is seen there
        engines.api(kind).post("/containers/%s/pause" % container["Id"])
        kill(p)
        gc = ("--engine", "unix:///no/engine", "--json", "-c", "gc")
        done = traces.addesh(*gc)
        same(done.returncode, 0, done.stderr)
        kept = [(i["kind"], i["name"]) for i in
                json.loads(done.stdout)["result"]["items"] if i["keep"]]
        same(kept, [("engine", engines.endpoint(kind))])
        same(len(traces.owned_containers()), 1)
        same(traces.addesh("-c", "true").returncode, 0)
        traces.gone()
        same(json.loads(traces.addesh(*gc).stdout)["result"]["items"], [])


@test("killed in a run, and no further command: %s", KINDS)
def _(kind):
    # The runner sees that it is alone.  Files and an empty cgroup of the dead
    # one wait for the next.
    with home_of(kind) as home:
        traces = Traces(home)
        p = start_endless(home, traces)
        traces.left()
        kill(p)
        end = time.monotonic() + patient(60)
        while True:
            found = [l for l in traces.left()
                     if not l.startswith(("file ", "cgroup "))]
            if not found:
                break
            assert time.monotonic() < end, found
            pause()
        same(traces.addesh("-c", "gc").returncode, 0)
        traces.gone()


@test("%s in a run: %s", [(s, kind) for kind in KINDS
                          for s in ("SIGTERM", "SIGHUP", "SIGINT")])
def _(name, kind):
    number = getattr(signal, name)
    with home_of(kind) as home:
        traces = Traces(home)
        p = start_endless(home, traces)
        p.send_signal(number)
        _, err = p.communicate(timeout=patient(60))
        assert p.returncode in (128 + number, -number), (p.returncode, err)
        traces.gone()


@test("%s while an environment opens: %s",
      [(s, kind) for kind in KINDS for s in ("SIGTERM", "SIGINT")])
def _(name, kind):
    with home_of(kind) as home:
        traces = Traces(home)
        for n in range(10):
            p = traces.spawn("-c", "env new")
            try:
                p.wait(0.01 * n)
            except subprocess.TimeoutExpired:
                p.send_signal(getattr(signal, name))
            p.communicate(timeout=patient(60))
        # one that came before its handler kills like SIGKILL
        same(traces.addesh("-c", "gc").returncode, 0)
        traces.gone()


def on_terminal(home, traces):
    """A shell at its prompt, with an environment."""
    user = {"user": home.user} if home.user else {}
    t = terminal.Terminal(home.argv(), home.env, home.work, **user)
    traces.note(t.process.pid)
    try:
        t.expect("addesh.*> ")
        t.line("env new --name box")
        t.expect("addesh box.*> ")
    except BaseException:
        t.close()
        raise
    return t


def history_stays(home, traces):
    traces.files |= {f for f in home.files() if "history" in f}


@test("Ctrl-C at the terminal ends the run and not the shell: %s", KINDS)
def _(kind):
    with home_of(kind) as home:
        traces = Traces(home)
        with on_terminal(home, traces) as t:
            t.line(SLEEP)
            t.expect("^working")
            t.send("\x03")
            t.expect(r"addesh box.* \[130\]> ")
            t.line("exec echo fine")
            t.expect("^fine")
            t.line("quit")
            same(t.wait(), 0)
        history_stays(home, traces)
        traces.gone()


@test("the terminal goes away in a run: %s", KINDS)
def _(kind):
    with home_of(kind) as home:
        traces = Traces(home)
        with on_terminal(home, traces) as t:
            t.line(SLEEP)
            t.expect("^working")
            os.close(t.fd)
            t.fd = -1
            t.process.wait(patient(60))
        history_stays(home, traces)
        traces.gone()


def sleeps(s):
    """Waits until the sleep of a run is there, its output written by then;
    False if the run ended before."""
    while not select.select([s.process.stdout], [], [], 0)[0]:
        if any(c.startswith("sleep 1000") for c in s.processes().values()):
            return True
        pause()
    return False


@test("stopped during a run, then continued: %s", KINDS)
def _(kind):
    with Session(kind) as s:
        for seconds in 2, 10, 50:    # until it is seen within its time
            s.send("run -t %d sleep.py" % seconds, "import os\n"
                   "print('before', flush=True)\n"
                   "os.execvp('sleep', ['sleep', '1000'])\n")
            if sleeps(s):
                break
            s.answer()
        os.kill(s.process.pid, signal.SIGSTOP)
        s.settled()    # the runner keeps the time without its client
        os.kill(s.process.pid, signal.SIGCONT)
        got = s.answer()["result"]
        same((got["timed_out"], got["stdout"], got["environment_lost"]),
             (True, "before\n", False))
        s.works()


@test("two sessions do not sweep each other: %s", KINDS)
def _(kind):
    with Session(kind) as a, Session(kind) as b:
        b.ok("gc")
        a.works()
        a.ok("gc")
        b.works()


@test("closing waits for no grace period: %s", KINDS)
def _(kind):
    took = []
    for _ in range(5):    # a busy machine is slow now and then, a wait always
        with Session(kind, new=None) as s:
            traces = Traces(s.home)
            traces.note(s.process.pid)
            s.ok("env new")
            r = s.run_into_limit("endless.py", BODY)
            same(r.out, b"working\n")
            began = time.monotonic()
            s.ok("env rm --all")
        took.append(r.late_ms / 1000 + time.monotonic() - began)
        traces.gone()
        # one would be 5 or 10 s
        if took[-1] < patient(4.2):
            return
    raise AssertionError(took)


@test("objects of others are never touched: %s", ENGINES)
def _(kind):
    api = engines.api(kind)
    elsewhere = {"addesh.owner": "000000000000:000000000000:1:1",
                 "addesh.created": str(int(time.time()))}
    made = []
    with home_of(kind) as home:
        traces = Traces(home)
        volume = api.post("/volumes/create",
                          {"Name": "addesh-test-%d" % os.getpid()})["Name"]
        try:
            for labels in ({}, {"addesh.other": "x"}, elsewhere):
                made.append(api.post("/containers/create", {
                    "Image": "busybox:latest", "Cmd": ["sleep", "600"],
                    "Labels": labels})["Id"])
                api.post("/containers/%s/start" % made[-1])
            kill(start_endless(home, traces))
            for args in (("-c", "gc"), ("-c", "env new"),
                         ("-c", "env new", "-c", "env rm --all")):
                same(traces.addesh(*args).returncode, 0)
            traces.gone()
            for name in made:
                same(api.get("/containers/%s/json" % name)
                     ["State"]["Running"], True)
            assert volume in [v["Name"] for v in api.volumes()]
            done = traces.addesh("-c", "env ls -a")
            same(done.returncode, 0, done.stderr)
            for name in made[:2]:
                assert name[:12] not in done.stdout, done.stdout
        finally:
            for name in made:
                api.remove(name)
            api.delete("/volumes/" + volume)


main()
