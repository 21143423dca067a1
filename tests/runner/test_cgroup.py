#!/usr/bin/env python3
"""Code in a cgroup of its own, which the runner is not in."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import same as check  # noqa: E402

PY = "/usr/bin/python3"
# 64 interpreters, and what the kernel has not freed yet of earlier ones, fit
MEMORY, PIDS = 192 << 20, 64


def setup():
    leaf = runner_env.Cgroup(memory=MEMORY, pids=PIDS, inherit="tasks")
    try:
        return runner_env.Env(leaf=leaf).open()
    except BaseException:
        leaf.remove()
        raise


def test_limits_are_those_of_the_leaf(env):
    limits = env.limits()
    check((limits["memory"], limits["pids"]), (str(MEMORY), str(PIDS)))
    assert limits["oom_counter"] in ("v1", "v2"), limits


def test_code_is_inside_and_the_runner_is_not(env):
    inside = env.sh("cat /proc/self/cgroup").out.decode()
    with open("/proc/%d/cgroup" % env.runner_pid()) as f:
        outside = f.read()
    assert env.leaf.name in inside, inside
    for line in outside.splitlines():
        number, controllers, path = line.split(":", 2)
        if controllers in ("memory", ""):
            assert env.leaf.name not in path, line


def test_descriptors_are_not_passed_on(env):
    check(env.sh("echo /proc/self/fd/*").out,
          b" ".join(b"/proc/self/fd/%d" % i for i in range(4)) + b"\n")


def test_memory_bomb(env):
    for _ in range(3):
        r = env.run(PY, "-c", "print('up', flush=True)\n"
                    "x = bytearray(300 << 20)", wait=60)
        check((r.get("SIGNAL"), r.get("OOM"), r.out), (9, 1, b"up\n"))
        assert MEMORY - (4 << 20) <= r.get("PEAK") <= MEMORY, r
    check(env.sh("echo on").get("OOM"), 0)


def test_files_beside_a_memory_bomb(env):
    """A helper is not in the leaf, and is not what gets killed"""
    run = env.start(PY, "-c", "import os\nfd = os.memfd_create('x')\nwhile"
                    " True: os.write(fd, bytes(1 << 20))", timeout_ms=20000)
    for _ in range(20):
        r = env.put(env.ws + "/f", bytes(100000))
        check(r.end.kind, "VERDICT", repr(r))
    check(env.wait(run, 60).get("OOM"), 1)


def test_fork_bomb(env):
    r = env.run_into_limit(PY, "-c", """
import os
print("up", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        pass
""", timeout_ms=1000)
    check((r.get("TIMED_OUT"), r.out), (1, b"up\n"), repr(r))
    check(env.sh("echo on").out, b"on\n")


def test_no_room_for_a_process(env):
    """Where code has taken all processes, a run fails and a PUT does not"""
    run = env.start(PY, "-c", """
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(1000)
except OSError:
    print("full", flush=True)
time.sleep(1000)
""")
    env.wait_output(run, b"full")
    r = env.run("true")
    check((r.end.kind, r.get("ERRNO")), ("FAIL", 11))
    check(env.put(env.ws + "/f", b"x").end.kind, "VERDICT")
    env.send(rc.message("CANCEL", run))
    check(env.wait(run).get("CANCELLED"), 1)
    check(env.run("true").get("EXIT"), 0)


def test_peak_is_of_the_run(env):
    for size in 60, 70:
        r = env.run(PY, "-c", "x = bytearray(%d << 20)" % size)
        assert size << 20 <= r.get("PEAK") <= MEMORY, r
    # where it cannot be reset, nothing is said of a run that stayed below
    r = env.run("true")
    assert r.get("PEAK") is None or r.get("PEAK") < 40 << 20, r


def test_stats(env):
    run = env.start(PY, "-c", "x = bytearray(40 << 20)\nprint('up',"
                    " flush=True)\nwhile True: pass")
    env.wait_output(run, b"up")
    r = env.wait(env.request("STATS"))
    stats = dict(s.split(b"=") for s in r.end.all("STAT"))
    assert int(stats[b"memory"]) > 40 << 20, stats
    assert int(stats[b"pids"]) >= 1, stats
    env.send(rc.message("CANCEL", run))
    env.wait(run)


def test_code_that_enters_by_itself(env):
    """As where it can be born inside in neither way"""
    leaf = runner_env.Cgroup(memory=MEMORY, pids=PIDS, inherit="procs")
    other = runner_env.Env(leaf=leaf).open()
    try:
        check(other.limits()["memory"], str(MEMORY))
        assert leaf.name in other.sh("cat /proc/self/cgroup").out.decode()
        r = other.run(PY, "-c", "x = bytearray(300 << 20)", wait=60)
        check((r.get("SIGNAL"), r.get("OOM")), (9, 1))
        check(other.sh("echo on").out, b"on\n")
    finally:
        other.finish()


def test_parallel_runs(env):
    ids = [env.start("sh", "-c", "cat /proc/self/cgroup; sleep 0.1")
           for _ in range(10)]
    for ident in ids:
        assert env.leaf.name.encode() in env.wait(ident).out


runner_env.main(globals(), setup)
