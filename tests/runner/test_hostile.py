#!/usr/bin/env python3
"""Hostile programs: the right verdict, nothing left, and the next run works."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import same as check  # noqa: E402

PY = "/usr/bin/python3"


def setup():
    return runner_env.Env().open()


def limited(**limits):
    """An environment whose cgroup has limits, in place of the test's own."""
    return runner_env.Env(cgroup=runner_env.Cgroup(**limits)).open()


def is_well(env):
    """Nothing runs in the environment but the runner, and a run works."""
    r = env.sh("echo well /proc/[0-9]*")
    check(r.get("EXIT"), 0)
    lines = r.out.decode().split()
    check(lines[0], "well")
    # PID 1 and the shell
    check(len(lines), 3, "processes")
    check(env.skipped, 0, "bytes that were no frames")


def test_endless_loop(env):
    # its end by the signal may take a busy machine more than a moment
    r = env.sh("while :; do :; done", timeout_ms=200, interrupt=2,
               grace_ms=60000)
    check((r.get("TIMED_OUT"), r.get("SIGNAL")), (1, 2))
    is_well(env)


def test_chain_of_forks(env):
    """setsid, double forks and a parent that always ends: one kill is enough"""
    r = env.run_into_limit(PY, "-c", """
import os
print("up", flush=True)
for n in range(20):
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork():
                os._exit(0)
while True: pass
""", timeout_ms=700)
    check((r.get("TIMED_OUT"), r.out), (1, b"up\n"))
    is_well(env)


def test_held_pipe(env):
    """A daemon that holds the output open does not hold the verdict"""
    started = time.monotonic()
    r = env.sh("setsid sh -c 'trap \"\" HUP TERM INT; while :; do sleep 1;"
               " done' & echo partial")
    check((r.out, r.get("EXIT")), (b"partial\n", 0))
    assert time.monotonic() - started < 15    # the daemon never ends
    is_well(env)


def test_fork_bomb(env):
    env = limited(pids=200)
    try:
        r = env.run_into_limit(PY, "-c", """
import os
print("up", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        pass
""", timeout_ms=1500)
        check((r.get("TIMED_OUT"), r.out), (1, b"up\n"))
        is_well(env)
    finally:
        env.finish()


def test_memory_bomb(env):
    env = limited(memory=96 << 20)
    try:
        if env.limits()["memory"] != str(96 << 20):
            raise AssertionError(env.limits())
        r = env.run(PY, "-c", "print('up', flush=True)\n"
                    "x = bytearray(300 << 20)", wait=60)
        check((r.get("SIGNAL"), r.get("OOM"), r.out), (9, 1, b"up\n"))
        r = env.run(PY, "-c", "import os, signal;"
                    "os.kill(os.getpid(), signal.SIGKILL)")
        check((r.get("SIGNAL"), r.get("OOM")), (9, 0))
        is_well(env)
    finally:
        env.finish()


def test_memory_bomb_beside_others(env):
    """The counter is one for all: only the run that was killed had it"""
    env = limited(memory=96 << 20)
    try:
        other = env.start("sh", "-c", "sleep 1.5; exit 4")
        r = env.run(PY, "-c", "x = bytearray(300 << 20)", wait=60)
        check((r.get("SIGNAL"), r.get("OOM")), (9, 1))
        r = env.wait(other)
        check((r.get("EXIT"), r.get("OOM")), (4, 0))
    finally:
        env.finish()


def test_memfd_bomb(env):
    """Memory that no process has, in many files"""
    env = limited(memory=96 << 20)
    try:
        r = env.run(PY, "-c", """
import os
for n in range(8):
    os.fork()
fd = os.memfd_create("x")
block = bytes(1 << 20)
while True:
    os.write(fd, block)
""", timeout_ms=3000, wait=60)
        assert r.get("OOM") == 1 or r.get("TIMED_OUT") == 1, r
        is_well(env)
    finally:
        env.finish()


def test_disk_filler(env):
    r = env.sh("cat /dev/zero > f; echo $?; cat /dev/zero > $TMPDIR/f; echo"
               " $?")
    check(r.out, b"1\n1\n")
    check(r.err.count(b"No space left on device"), 2)
    is_well(env)
    check(env.sh("rm f $TMPDIR/f; echo x > f && cat f").out, b"x\n")


def test_much_output(env):
    """3 GB: head and tail are kept, all is counted"""
    r = env.run("head", "-c", "3000000000", "/dev/zero", output_max=1 << 20,
                wait=60)
    check((r.get("OUT_BYTES"), r.get("EXIT")), (3000000000, 0))
    check(len(r.out) + len(r.tail_out), 1 << 20)
    is_well(env)


def test_invalid_text(env):
    r = env.run(PY, "-c", "import sys; sys.stdout.buffer.write("
                "bytes(range(256)) * 300)")
    check(r.out, bytes(range(256)) * 300)


def test_closed_descriptors(env):
    r = env.sh("exec 0<&- 1>&- 2>&-; sleep 0.2; exit 3")
    check((r.get("EXIT"), r.out), (3, b""))
    is_well(env)


def test_kill_everybody(env):
    r = env.sh("echo up; kill -9 -1")
    check((r.out, r.started), (b"up\n", True))
    is_well(env)


def test_attacks_on_the_runner(env):
    """Nothing of PID 1 can be signalled, limited, traced or read"""
    r = env.run(PY, "-c", r'''
import ctypes, os, resource, signal
libc = ctypes.CDLL(None, use_errno=True)
def trying(name, f, *args):
    try:
        f(*args)
        print("DONE", name)
    except OSError as e:
        pass
for n in range(1, 65):
    trying("signal %d" % n, os.kill, 1, n)
trying("group", os.killpg, 1, 9)
for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
    trying("prlimit", resource.prlimit, 1, limit, (4, 4))
trying("nice", os.setpriority, os.PRIO_PROCESS, 1, 19)
trying("affinity", os.sched_setaffinity, 1, {0})
trying("scheduler", os.sched_setscheduler, 1, os.SCHED_IDLE,
       os.sched_param(0))
for name in ("environ", "maps", "mem", "auxv", "io", "stack", "syscall"):
    trying(name, lambda: open("/proc/1/" + name, "rb").read(1))
for name in ("root/etc", "fd", "ns", "map_files", "cwd", "task/1/fd"):
    trying(name, os.listdir, "/proc/1/" + name)
for name in ("fd/0", "fd/1", "exe"):
    trying(name, os.open, "/proc/1/" + name, os.O_RDONLY)
for name, value in (("oom_score_adj", "1000"), ("comm", "x"),
                    ("clear_refs", "1"), ("timerslack_ns", "1")):
    trying(name, lambda: os.write(os.open("/proc/1/" + name, os.O_WRONLY),
                                  value.encode()))
def call(number, *args):
    if libc.syscall(number, *args) == -1:
        raise OSError(ctypes.get_errno(), "")
trying("ptrace", call, 101, 16, 1, 0, 0)
trying("seize", call, 101, 0x4206, 1, 0, 0)
buf = ctypes.create_string_buffer(8)
trying("pidfd_getfd", lambda: call(438, os.pidfd_open(1), 1, 0))
trying("pidfd kill", lambda: signal.pidfd_send_signal(os.pidfd_open(1), 9))
trying("ioprio", call, 251, 1, 1, 3 << 13)
trying("process_vm", call, 310, 1, buf, 0, buf, 0, 1)
print("END")
''')
    # an empty process_vm_readv copies nothing, and so is no attack
    check(r.out.replace(b"DONE process_vm\n", b""), b"END\n", r.err)
    is_well(env)


def test_forged_frames_on_stdout(env):
    """What a program prints stays the payload of a frame"""
    forged = rc.message("VERDICT", 2, [("EXIT", 0)]) * 3
    env.put(env.ws + "/forged", forged)
    r = env.sh("cat forged; cat forged >&2; exit 9")
    check((r.out, r.err, r.get("EXIT")), (forged, forged, 9))
    is_well(env)


def test_priorities_stay(env):
    """Code cannot raise its priority, nor lower its score below its own"""
    r = env.run(PY, "-c", """
import os
try:
    os.nice(-1)
    print("raised")
except OSError:
    pass
print(os.nice(0))
""")
    check(r.out, b"19\n")


def test_stopped_processes(env):
    """SIGSTOP keeps nothing alive"""
    r = env.sh("sleep 1000 & kill -STOP $!; (sleep 1000 & kill -STOP $!);"
               " kill -STOP $$", timeout_ms=300)
    check((r.get("TIMED_OUT"), r.get("SIGNAL")), (1, 9))
    is_well(env)


def test_busy_neighbours(env):
    """Forty spinning processes do not keep the deadline from being kept"""
    env.start("sh", "-c", "for i in $(seq 40); do while :; do :; done & done;"
              "wait", timeout_ms=100000)
    started = time.monotonic()
    r = env.sh("sleep 1000", timeout_ms=1000)
    check(r.get("TIMED_OUT"), 1)
    # 1 s, and what other tests leave over beside the forty, who go on
    assert r.get("WALL_US") < 20000000, r
    assert time.monotonic() - started < 40


def test_ipc_of_others_stays(env):
    """Objects of a run that is still on are its own"""
    a = env.start(PY, "-c", runner_env.IPC +
                  "print('up', flush=True)\nimport time\ntime.sleep(1000)")
    env.wait_output(a, b"up")
    env.sh("true")
    check(env.sh("grep -c . /proc/sysvipc/shm").out, b"3\n")
    env.send(rc.message("CANCEL", a))
    env.wait(a)
    check(env.sh("grep -c . /proc/sysvipc/shm").out, b"1\n")


def test_ipc_objects_do_not_stay(env):
    """What a run leaves of System V IPC goes with it, closed modes or not"""
    r = env.run(PY, "-c", runner_env.IPC)
    check(r.out, b"True True True\n" * 2, r)
    r = env.sh("cat /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem")
    check(r.out.count(b"\n"), 3, r.out)


def test_core_dumps(env):
    r = env.sh("kill -ABRT $$")
    check(r.get("SIGNAL"), signal.SIGABRT)
    check(env.sh("ls -A").out, b"")


def test_session_leaders_and_groups(env):
    """A program that moves itself to another group is found by its uid"""
    r = env.run(PY, "-c", "import os\nif os.fork():\n os.wait()\nos.setpgid("
                "0, 0)\nif os.fork() == 0:\n os.setsid()\nwhile True: pass",
                timeout_ms=400, interrupt=2, grace_ms=100)
    check(r.get("TIMED_OUT"), 1)
    is_well(env)


runner_env.main(globals(), setup)
