#!/usr/bin/env python3
"""Runs of an ordinary user, whose uid is also the runner's."""
import os
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import same as check  # noqa: E402

PY = "/usr/bin/python3"


def setup():
    return runner_env.Env(user="other").open(
        ISOLATION="pidns", UID=runner_env.OTHER, GID=runner_env.OTHER)


def test_limits(env):
    limits = env.limits()
    check(limits["uid"], str(runner_env.OTHER))
    check(limits["caps"], "0" * 16)
    check(limits["no_new_privs"], "1")
    check(limits["isolation"], "pidns")
    check(env.welcome.all("NOTE"), [])


def test_run_is_alone(env):
    r = env.sh("echo /proc/[0-9]*; id -u; grep Cap /proc/self/status;"
               "cat /proc/self/oom_score_adj; nice")
    lines = r.out.decode().splitlines()
    check(lines[0], "/proc/1 /proc/2")
    check(lines[1], str(runner_env.OTHER))
    check([s.split()[1] for s in lines[2:7]], ["0" * 16] * 5)
    check(lines[7:], ["1000", "19"])
    check(r.get("EXIT"), 0)


def test_verdicts(env):
    check(env.sh("exit 7").get("EXIT"), 7)
    check(env.sh("kill -SEGV $$").get("SIGNAL"), signal.SIGSEGV)
    check(env.run("none").get("EXEC_ERRNO"), 2)
    check(env.run("true", cwd="/none").get("TEXT"), b"working directory")
    r = env.run(PY, "-c", "x = bytearray(40 << 20)\n"
                "for i in range(1000000): pass")
    # how user and system time are told apart is a matter of samples
    assert r.get("MAXRSS_KB") > 40 << 10, r
    assert r.get("USER_US") + r.get("SYS_US") > 10000, r


def test_streams(env):
    ident = env.start("sh", "-c", "cat; echo err >&2", stdin=1)
    env.data(ident, b"in")
    r = env.wait(ident)
    check((r.out, r.err), (b"in", b"err\n"))


def test_deadline(env):
    r = env.run_into_limit(
        PY, "-c", "print('up', flush=True)\nwhile True: pass",
        timeout_ms=500, interrupt=2, grace_ms=60000)
    check((r.get("TIMED_OUT"), r.out), (1, b"up\n"))
    assert b"KeyboardInterrupt" in r.err, r
    for _ in range(10):
        r = env.run_into_limit(
            "sh", "-c", "trap '' INT; echo part; while :; do :; done",
            timeout_ms=300, interrupt=2, grace_ms=100)
        check((r.get("TIMED_OUT"), r.get("SIGNAL"), r.out),
              (1, 9, b"part\n"))
        usage = r.get("USER_US") + r.get("SYS_US")
        # On a busy machine its init is killed before it can report.
        if r.events.count("killed") == 1:
            break
        check(usage, 0)
    assert usage > 10000, r


def test_leftovers(env):
    r = env.sh(runner_env.SLEEPERS)
    assert r.get("LEFTOVERS") in (3, 4), r
    check(runner_env.children(env.runner_pid()), [])


def test_chain_of_forks(env):
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
""", timeout_ms=500)
    check((r.get("TIMED_OUT"), r.out), (1, b"up\n"))
    check(runner_env.children(env.runner_pid()), [])
    check(env.sh("echo on").out, b"on\n")


def test_attacks_hit_only_the_own_init(env):
    r = env.sh("kill -9 1; kill -STOP 1; kill -TERM 1; kill -9 -1;"
               "prlimit --pid 1 --nofile=4:4; renice 19 -p 1; echo on")
    assert b"on\n" in r.out or r.get("SIGNAL") == 9, r
    r = env.sh("prlimit --pid 1 --cpu=1:1; exit 4", timeout_ms=8000)
    assert r.end.kind == "VERDICT", r
    r = env.sh("for p in $(seq 2 400); do kill -9 $p; prlimit --pid $p"
               " --nofile=4:4; done 2>/dev/null; echo on")
    for _ in range(3):
        check(env.sh("echo on").out, b"on\n")


def test_parallel(env):
    ids = [env.start("sh", "-c", "sleep 0.2; echo /proc/[0-9]*")
           for _ in range(8)]
    for ident in ids:
        check(env.wait(ident).out, b"/proc/1 /proc/2\n")


def test_signal_and_cancel(env):
    a = env.start("sh", "-c", "trap 'echo got; exit 3' USR1; echo up;"
                  "while :; do sleep 0.01; done")
    env.wait_output(a, b"up")
    env.send(rc.message("SIGNAL", a, [("SIGNAL", signal.SIGUSR1)]))
    check(env.wait(a).get("EXIT"), 3)
    a = env.start("sleep", "1000")
    env.wait_started(a)
    env.send(rc.message("CANCEL", a))
    r = env.wait(a)
    check((r.get("CANCELLED"), r.get("SIGNAL")), (1, 9))


def test_an_init_that_says_nothing(env):
    """Its own size does not pass for that of the program"""
    a = env.start("sleep", "1000", timeout_ms=5000)
    env.wait_started(a)
    for pid in runner_env.children(env.runner_pid()):
        os.kill(pid, signal.SIGSTOP)
    r = env.wait(a)
    check((r.get("TIMED_OUT"), r.get("SIGNAL"), r.get("MAXRSS_KB")),
          (1, 9, 0))
    check(env.sh("echo on").out, b"on\n")


def test_terminal(env):
    a = env.start("cat", pty=24 << 16 | 80)
    env.data(a, b"up\n", end=False)
    env.wait_output(a, b"up\r\nup")
    env.data(a, b"\x03", end=False)
    check(env.wait(a).get("SIGNAL"), signal.SIGINT)


def test_ipc_objects_do_not_stay(env):
    """What a run leaves of System V IPC goes with it, closed modes or not"""
    r = env.run(PY, "-c", runner_env.IPC)
    check(r.out, b"True True True\n" * 2, r)
    r = env.sh("cat /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem")
    check(r.out.count(b"\n"), 3, r.out)


def test_files(env):
    check(env.put(env.ws + "/f", b"x").end.kind, "VERDICT")
    check(env.sh("cat f").out, b"x")
    check(env.get(env.ws + "/f").entries[0]["DATA"], b"x")
    env.sh("mkdir -p a/b; chmod 0 a")
    check(env.reset().end.kind, "VERDICT")
    check(env.sh("ls -A; cd && pwd").out, (env.tmp + "/home\n").encode())


def test_end_of_input(env):
    a = env.start("sh", "-c", "echo up; setsid sleep 1000 & sleep 1000")
    env.wait_output(a, b"up")
    check(env.close(), 0)


def test_where_no_namespace_can_be_had(env):
    """Without a PID namespace for each run, the environment says so"""
    other = runner_env.Env(
        user="other",
        before="echo 1 > /proc/sys/user/max_pid_namespaces;").open(
        ISOLATION="pidns", UID=runner_env.OTHER, GID=runner_env.OTHER)
    try:
        assert b"runs have no PID namespace of their own" in \
            other.welcome.all("NOTE"), other.welcome
        check(other.limits()["isolation"], "shared")
        check(other.sh("sleep 1000 & echo on").out, b"on\n")
        check(runner_env.children(other.runner_pid()), [])
    finally:
        other.finish()


def seccomp(*rules):
    """A filter: refuses each system call of rules with EPERM."""
    def code(op, jt, jf, k):
        return struct.pack("<HBBI", op, jt, jf, k)
    out = code(0x20, 0, 0, 0)  # the number of the call
    for number in rules:
        out += code(0x15, 0, 1, number) + code(0x06, 0, 0, 0x00050001)
    return out + code(0x06, 0, 0, 0x7fff0000)


def test_seccomp_filter(env):
    """The filter is loaded for code, and read back"""
    other = runner_env.Env().open(SECCOMP=seccomp(83))  # mkdir(2), x86-64
    try:
        check(other.limits()["seccomp"], "2")
        if os.uname().machine == "x86_64":
            r = other.run(PY, "-c", "import ctypes\nlibc = ctypes.CDLL(None,"
                          "use_errno=True)\nprint(libc.syscall(83, b'd', 511),"
                          "ctypes.get_errno())")
            check(r.out, b"-1 1\n")
        r = other.sh("grep Seccomp: /proc/self/status")
        check(r.out, b"Seccomp:\t2\n")
    finally:
        other.finish()


def test_without_right_to_uids(env):
    """Without namespaces either, runs share the runner's uid, and it says so"""
    other = runner_env.Env(user="other", caps=False).open()
    try:
        check(other.welcome.all("NOTE"), [b"code has the runner's own uid"])
        check(other.limits()["isolation"], "shared")
        check(other.limits()["uid"], str(runner_env.OTHER))
        r = other.sh("sleep 1000 & setsid sleep 1000 & echo on")
        check((r.out, r.get("LEFTOVERS") > 0), (b"on\n", True))
        check(runner_env.children(other.runner_pid()), [])
        check(other.reset().end.kind, "VERDICT")
    finally:
        other.finish()


runner_env.main(globals(), setup)
