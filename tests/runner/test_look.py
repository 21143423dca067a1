#!/usr/bin/env python3
"""What the runner says of processes and what they use, while they run."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import patient, same as check  # noqa: E402


def stats(env):
    return dict(s.split(b"=") for s in
                env.wait(env.request("STATS")).end.all("STAT"))


def page(env, after):
    end = env.wait(env.request("PROCESSES", [("PID", after)])).end
    check(end.kind, "VERDICT")
    return end.all("PROCESS"), end.get("PID")


def processes(env):
    """The packed texts of all, by pages; how many pages those were."""
    found, after, pages = [], 0, 0
    while True:
        some, after = page(env, after)
        found += some
        pages += 1
        if not after:
            return found, pages


def commands(env):
    return [p.split(b" ", 8)[8] for p in processes(env)[0]]


def wait_for(env, what, n=1):
    deadline = time.monotonic() + patient(30)
    while time.monotonic() < deadline:
        found = [c for c in commands(env) if what in c]
        if len(found) >= n:
            return found
        time.sleep(0.02)
    raise AssertionError(commands(env))


def test_processes(env):
    """A process has all its columns, and the runner is none."""
    env.start("sh", "-c", "sleep 1111 & exec sleep 2222")
    # the shell's own text has both names until it has become the second
    deadline = time.monotonic() + patient(30)
    while True:
        found = [p.split(b" ", 8) for p in processes(env)[0]]
        if sorted(p[8] for p in found) == [b"sleep 1111", b"sleep 2222"] or \
                time.monotonic() > deadline:
            break
        time.sleep(0.02)
    for pid, parent, uid, state, threads, cpu, memory, elapsed, _ in found:
        assert int(pid) > 1 and int(parent) >= 1, found
        check((int(uid), int(threads)), (runner_env.UID, 1))
        assert state in b"SRD", found
        assert int(cpu) < 5000000 and int(memory) > 0, found
        assert int(elapsed) < 60000000, found
    check(sorted(p[8] for p in found), [b"sleep 1111", b"sleep 2222"])


def test_hostile_names(env):
    """Names and arguments are bytes of the program's own."""
    name = b"a) R 1 (\n\x1b[2J"
    env.start("python3", "-c",
              "import ctypes, os, sys, time\n"
              "ctypes.CDLL(None).prctl(15, b'a) R 1 (\\n\\x1b[2J', 0, 0, 0)\n"
              "time.sleep(1000)", b"\x1b]0;x\x07", b"two words", b"\xff\n")
    found = wait_for(env, b"two words")
    assert found[0].endswith(b"\x1b]0;x\x07 two words \xff\n"), found
    # without arguments it has the kernel's name for it
    env.start("python3", "-c",
              "import ctypes, os, time\n"
              "libc = ctypes.CDLL(None)\n"
              "libc.prctl(15, b'a) R 1 (\\n\\x1b[2J', 0, 0, 0)\n"
              "if os.fork() == 0: os._exit(0)\n"
              "time.sleep(1000)")
    found = wait_for(env, b"[" + name)
    check(found, [b"[" + name + b"]"])


def test_long_command(env):
    """Of a long command a part is told."""
    env.start("sh", "-c", "sleep 1000; :", "x" * 100000)
    found = wait_for(env, b"xxx")
    check(len(found[0]), 1000)


def test_pages(env):
    """More than fits into one answer comes in several."""
    env.start("sh", "-c", "for i in $(seq 60); do sh -c 'sleep 999; :' %s & "
              "done; wait" % ("y" * 900))
    # the shell, its 60, and a child of each
    wait_for(env, b"sleep 999", 121)
    found, pages = processes(env)
    assert pages > 1, pages
    numbers = [int(p.split(b" ")[0]) for p in found]
    check(numbers, sorted(set(numbers)))
    assert len(numbers) >= 120, len(numbers)


def test_fork_bomb(env):
    """Where no process can be added they are told all the same."""
    env.start("sh", "-c", "while :; do sleep 999 & done")
    wait_for(env, b"sleep 999", 40)
    assert int(stats(env)[b"at_us"]) > 0


def test_sums(env):
    """Without a cgroup the processes are added up."""
    env = runner_env.Env(before="mount -t tmpfs none /sys/fs/cgroup")
    try:
        sums(env.open())
    finally:
        env.finish()


def sums(env):
    ident = env.start("python3", "-c", "x = bytearray(50 << 20); x[:] = b'1' * len(x)\n"
              "import time; print(1, flush=True); time.sleep(1000)")
    env.wait_output(ident, b"1\n")
    s = stats(env)
    assert b"memory" not in s, s
    assert 50 << 20 < int(s[b"sum_memory"]) < 90 << 20, s
    assert int(s[b"sum_pids"]) == 1 and int(s[b"sum_cpu_us"]) > 0, s


def test_observe(env):
    """One that observes tells the same, and does nothing else."""
    env.start("sleep", "3333")
    wait_for(env, b"sleep 3333")
    late = env.exec("observe")
    late.hello([("AGAIN", 1)])
    assert b"sleep 3333" in commands(late), commands(late)
    assert b"at_us" in stats(late)
    for kind in ("RUN", "RESET", "KEEP", "JOBS", "GET"):
        r = late.wait(late.request(kind, [("ARG", "true"), ("PATH", "/")]))
        check((r.end.kind, r.get("ERRNO")), ("FAIL", 1))
    # and it goes with its client, the environment stays
    late.proc.stdin.close()
    late.proc.wait(timeout=patient(30))
    wait_for(env, b"sleep 3333")


if __name__ == "__main__":
    runner_env.main(globals(), lambda: runner_env.Env().open())
