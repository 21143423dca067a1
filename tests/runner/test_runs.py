#!/usr/bin/env python3
"""Runs: streams, verdicts, deadlines, order, terminals."""
import errno
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import Skip, same as check  # noqa: E402


def setup():
    return runner_env.Env().open()


def test_limits_are_read_back(env):
    limits = env.limits()
    check(limits["uid"], str(runner_env.UID))
    check(limits["caps"], "0" * 16)
    check(limits["no_new_privs"], "1")
    check(limits["nofile"], "1024")
    check(limits["core"], "1")
    check(limits["isolation"], "uid")
    check(limits["space:" + env.ws], str(32 << 20))
    check(env.welcome.all("NOTE"), [])
    check(env.welcome.get("VERSION"), 1)


def test_runner_says_its_size_and_crc(env):
    with open(runner_env.runner_path(), "rb") as f:
        data = f.read()
    check(env.welcome.get("RUNNER"), len(data) << 32 | rc.crc32c(data))


def test_runner_is_small(env):
    """Linked with musl, the runner is under 100 KiB"""
    with open(runner_env.runner_path(), "rb") as f:
        data = f.read()
    if b"GNU C Library" in data or b"libc.so.6" in data:
        raise Skip("not linked with musl")
    assert len(data) < 100 << 10, len(data)


def test_both_streams_and_exit(env):
    r = env.sh("echo out; echo err >&2; exit 7")
    check((r.out, r.err, r.get("EXIT")), (b"out\n", b"err\n", 7))
    check((r.get("OUT_BYTES"), r.get("ERR_BYTES")), (4, 4))
    check(r.started, True)
    check(r.get("SIGNAL"), None)


def test_code_has_no_rights(env):
    r = env.sh("cat /proc/self/status; id -u; id -G; umask;"
               "cat /proc/self/oom_score_adj; nice; ls /proc/self/fd")
    text = r.out.decode()
    for line in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert line + ":\t" + "0" * 16 in text, text
    assert "NoNewPrivs:\t1" in text
    assert "SigBlk:\t" + "0" * 16 in text
    # 32 to 34 are the C library's own: no program can change them
    ignored = int(text.split("SigIgn:\t")[1].split("\n")[0], 16)
    check(ignored & ~(7 << 31), 0)
    uid = str(runner_env.UID)
    # descriptor 3 is that of ls itself
    check(text.split("\n")[-10:], [uid, uid, "0002", "1000", "19",
                                   "0", "1", "2", "3", ""])


def test_environment(env):
    r = env.run("env", env={"A": "1", "HOME": "/x", "B": "two words"})
    lines = sorted(r.out.decode().splitlines())
    check(lines, ["A=1", "B=two words", "HOME=/x",
                  "PATH=/usr/local/bin:/usr/bin:/bin", "TMPDIR=" + env.tmp])


def test_home_is_made(env):
    check(env.sh("cd && pwd && touch x").out, (env.tmp + "/home\n").encode())


def test_path_of_the_run_decides(env):
    env.put(env.ws + "/bin/tool", b"#!/bin/sh\necho mine\n", 0o755)
    r = env.run("tool", env={"PATH": env.ws + "/bin"})
    check(r.out, b"mine\n")
    check(env.run("tool").get("EXEC_ERRNO"), 2)


def test_not_executable(env):
    env.put(env.ws + "/plain", b"echo no shell\n", 0o644)
    check(env.run("./plain").get("EXEC_ERRNO"), 13)
    env.put(env.ws + "/plain", b"echo no shell\n", 0o755)
    r = env.run("./plain")
    check((r.get("EXEC_ERRNO"), r.get("EXIT"), r.started), (8, None, False))


def test_working_directory_missing(env):
    r = env.run("true", cwd="/nonexistent")
    check((r.end.kind, r.get("ERRNO"), r.get("TEXT")),
          ("FAIL", 2, b"working directory"))


def test_signal_death(env):
    check(env.sh("kill -SEGV $$").get("SIGNAL"), signal.SIGSEGV)
    check(env.sh("kill -KILL $$").get("SIGNAL"), signal.SIGKILL)


def test_arguments_are_bytes(env):
    r = env.run("printf", "%s|", "a b", b"\xff\xfe", "", "'")
    check(r.out, b"a b|\xff\xfe||'|")


def test_nul_in_argument_is_refused(env):
    check(env.run("printf", b"a\0b").get("ERRNO"), 22)


def test_no_argument_is_refused(env):
    check(env.wait(env.request("RUN")).get("ERRNO"), 22)


def test_stdin(env):
    ident = env.start("cat", stdin=1)
    env.data(ident, b"some\0bytes")
    check(env.wait(ident).out, b"some\0bytes")


def test_stdin_absent_is_empty(env):
    check(env.run("cat").out, b"")


def test_stdin_with_credit(env):
    """The window holds, and credit brings 8 MB through it"""
    total, sent, unit = 8 << 20, 0, 32768
    ident = env.start("wc", "-c", stdin=1)
    res = env.results[ident]
    res.credit = 0
    block = bytes(unit)
    count = 0
    while sent < total:
        while count * (unit + 16) - res.credit + unit + 16 > rc.WINDOW:
            env.take(env.recv())
        env.send(rc.frame("DATA", ident, block,
                          rc.F_END if sent + unit == total else 0))
        sent += unit
        count += 1
    check(env.wait(ident).out, b"%d\n" % total)


def test_window_overrun_ends_the_run(env):
    ident = env.start("sleep", "100", stdin=1)
    env.wait_started(ident)
    for _ in range(20):
        env.send(rc.frame("DATA", ident, bytes(60000)))
    r = env.wait(ident)
    check(r.get("CANCELLED"), 1)
    check(r.events, ["more input than the window"])
    check(env.sh("echo on").out, b"on\n")


def test_program_that_does_not_read(env):
    """Input that nobody takes is credited and forgotten"""
    ident = env.start("sh", "-c", "exec <&-; sleep 0.2; echo done", stdin=1)
    env.wait_started(ident)
    for _ in range(3):
        env.send(rc.frame("DATA", ident, bytes(60000)))
    r = env.wait(ident)
    check(r.out, b"done\n")


def test_deadline_interrupts_first(env):
    r = env.run_into_limit(
        "/usr/bin/python3", "-c", "print('up', flush=True)\n"
        "while True: pass", timeout_ms=500, interrupt=2, grace_ms=60000)
    check((r.get("TIMED_OUT"), r.out), (1, b"up\n"))
    assert b"KeyboardInterrupt" in r.err, r
    check(r.events, ["time limit, interrupted"])


def test_deadline_kills_then(env):
    r = env.run_into_limit(
        "sh", "-c", "trap '' INT TERM HUP; echo partial; while :; do :; done",
        timeout_ms=300, interrupt=2, grace_ms=100)
    check((r.get("TIMED_OUT"), r.get("SIGNAL"), r.out),
          (1, 9, b"partial\n"))
    check(r.events, ["time limit, interrupted", "killed"])


def test_no_deadline_flag_without(env):
    check(env.sh("true").get("TIMED_OUT"), None)


def test_leftovers_are_killed_and_counted(env):
    r = env.sh(runner_env.SLEEPERS)
    check(r.get("EXIT"), 0)
    # a shell that is killed in wait(2) may still reap one of the three
    assert r.get("LEFTOVERS") in (3, 4), r
    names = env.sh(runner_env.NAMES).out.split()
    assert names[0] == b"runner" and not {b"yes", b"sleep"} & set(names), names


def test_verdict_does_not_wait_for_leftovers(env):
    walls = []
    for _ in range(5):    # a busy machine is slow now and then, a wait always
        r = env.sh("sleep 1000 & echo done")
        check(r.out, b"done\n")
        walls.append(r.get("WALL_US"))
    assert min(walls) < 1000000, walls


def test_output_limit_keeps_head_and_tail(env):
    r = env.run("seq", "1000000", output_max=100000)
    whole = b"".join(b"%d\n" % i for i in range(1, 1000001))
    check(len(r.out) + len(r.tail_out), 100000)
    assert whole.startswith(r.out) and whole.endswith(r.tail_out)
    check(r.get("OUT_BYTES"), len(whole))
    check(len(r.tail_out), 25000)


def test_output_at_the_limit_is_whole(env):
    for size in (74999, 75000, 75001, 99999, 100000):
        r = env.run("head", "-c", str(size), "/dev/zero", output_max=100000)
        check((len(r.out), len(r.tail_out)), (size, 0))
    r = env.run("head", "-c", "100001", "/dev/zero", output_max=100000)
    check((len(r.out), len(r.tail_out)), (75000, 25000))


def test_output_limit_nothing(env):
    r = env.run("seq", "10", output_max=0)
    check((r.out, r.tail_out, r.get("OUT_BYTES")), (b"", b"", 21))


def test_unlimited_output_is_exact(env):
    r = env.sh("seq 400000; seq 300000 >&2")
    check(r.out, b"".join(b"%d\n" % i for i in range(1, 400001)))
    check(r.err, b"".join(b"%d\n" % i for i in range(1, 300001)))


def test_parallel_runs_have_own_uids(env):
    a = env.start("sh", "-c", "id -u; echo $$; exec sleep 1000")
    env.wait_output(a, b"\n")
    while env.results[a].out.count(b"\n") < 2:
        env.take(env.recv())
    b = env.sh("id -u; kill -KILL $PID", env={"PID": str(
        int(env.results[a].out.split()[1]))})
    check((env.results[a].out.split()[0], b.out),
          (b"%d" % runner_env.UID, b"%d\n" % (runner_env.UID + 1)))
    check(b.get("EXIT") != 0, True)
    env.send(rc.message("CANCEL", a))
    check(env.wait(a).get("CANCELLED"), 1)


def test_parallel_runs_share_files(env):
    a = env.start("sh", "-c", "mkdir d; echo x > d/f; echo made; sleep 1000")
    env.wait_output(a, b"made")
    check(env.sh("echo y >> d/f && touch d/g && cat d/f").out, b"x\ny\n")
    env.send(rc.message("CANCEL", a))
    env.wait(a)


def test_many_at_once(env):
    ids = [env.start("sh", "-c", "echo %d; sleep 0.05" % i)
           for i in range(60)]
    for i, ident in enumerate(ids):
        check(env.wait(ident).out, b"%d\n" % i)


def test_too_many_requests(env):
    ids = [env.start("sleep", "1000") for _ in range(65)]
    check(env.wait(ids[64]).get("ERRNO"), 11)
    for ident in ids[:64]:
        env.send(rc.message("CANCEL", ident))
    for ident in ids[:64]:
        env.wait(ident)


def test_end_of_one_leaves_the_other(env):
    a = env.start("sh", "-c", "sleep 0.7; echo survived")
    env.wait_started(a)
    for _ in range(5):
        env.sh("setsid sleep 1000 & exit 0")
    check(env.wait(a).out, b"survived\n")


def test_after(env):
    put = env.put_start(env.ws + "/m.sh", [("", "f", 0o644, b"echo put")])
    run = env.start("sh", "m.sh", after=put)
    check(env.wait(run).out, b"put\n")
    bad = env.start("false")
    then = env.start("true", after=bad)
    check(env.wait(then).get("ERRNO"), 125)  # ECANCELED
    good = env.start("true")
    env.wait(good)
    check(env.wait(env.start("true", after=good)).get("EXIT"), 0)
    check(env.wait(env.start("true", after=9999)).get("ERRNO"), 125)


def test_after_itself(env):
    ident = env.next_id
    check(env.wait(env.start("true", after=ident)).get("ERRNO"), 125)


def test_used_id_is_refused(env):
    a = env.start("sleep", "1000")
    env.wait_started(a)
    env.send(rc.message("RUN", a, [("ARG", "true")]))
    check(env.wait(a).get("ERRNO"), 17)
    env.results[a].end = None
    env.send(rc.message("CANCEL", a))
    check(env.wait(a).get("CANCELLED"), 1)


def test_signal_reaches_the_group(env):
    a = env.start("sh", "-c", "trap 'echo got; exit 3' USR1; echo up;"
                  "while :; do sleep 0.01; done")
    env.wait_output(a, b"up")
    env.send(rc.message("SIGNAL", a, [("SIGNAL", signal.SIGUSR1)]))
    r = env.wait(a)
    check((r.out, r.get("EXIT")), (b"up\ngot\n", 3))


def test_cancel_interrupts_first(env):
    a = env.start("sh", "-c", "trap 'echo bye; exit 3' INT; echo up;"
                  "while :; do sleep 0.01; done", interrupt=2, grace_ms=60000)
    env.wait_output(a, b"up")
    env.send(rc.message("CANCEL", a))
    r = env.wait(a)
    check((r.get("CANCELLED"), r.get("EXIT"), r.out), (1, 3, b"up\nbye\n"))


def test_cancel_with_the_kill_does_not_ask(env):
    a = env.start("sh", "-c", "trap 'echo bye; exit 3' INT; echo up;"
                  "while :; do sleep 0.01; done", interrupt=2, grace_ms=60000)
    env.wait_output(a, b"up")
    env.send(rc.message("CANCEL", a, [("SIGNAL", signal.SIGKILL)]))
    r = env.wait(a)
    check((r.get("CANCELLED"), r.get("SIGNAL"), r.out),
          (1, signal.SIGKILL, b"up\n"))


def test_cancel_twice_kills(env):
    a = env.start("sh", "-c", "trap '' INT; echo up; while :; do :; done",
                  interrupt=2, grace_ms=60000)
    env.wait_output(a, b"up")
    env.send(rc.message("CANCEL", a))
    env.send(rc.message("CANCEL", a))
    r = env.wait(a)
    check((r.get("CANCELLED"), r.get("SIGNAL")), (1, 9))


def test_reset_does_not_wait_for_a_cancelled_run(env):
    a = env.start("sh", "-c", "trap '' INT; echo up; while :; do :; done",
                  interrupt=2, grace_ms=60000)
    env.wait_output(a, b"up")
    env.send(rc.message("CANCEL", a))
    check(env.reset(10).end.kind, "VERDICT")


def test_cancel_waiting(env):
    a = env.start("sleep", "1000")
    b = env.start("true", after=a)
    env.send(rc.message("CANCEL", b))
    check(env.wait(b).get("ERRNO"), 125)
    env.send(rc.message("CANCEL", a))
    r = env.wait(a)
    check((r.get("CANCELLED"), r.get("SIGNAL")), (1, 9))


def test_terminal(env):
    """A pty is the controlling terminal, and has the size asked for"""
    a = env.start("sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty"
                  " size && tty && : > $(tty) && : > /dev/tty && read x &&"
                  " stty size && echo got $x", pty=40 << 16 | 100)
    env.wait_output(a, b"/dev/pts/")
    env.send(rc.message("RESIZE", a, [("ROWS", 50), ("COLS", 20)]))
    env.data(a, b"line\n", end=False)
    r = env.wait(a)
    assert r.out.startswith(b"40 100\r\n/dev/pts/"), r
    assert b"50 20\r\ngot line\r\n" in r.out, r
    check(r.get("EXIT"), 0)


def test_no_terminal_where_there_is_none(env):
    """Where nobody may make a terminal, that run fails and no other"""
    bare = runner_env.Env(before="""
mount --make-rprivate /
mount -t tmpfs none /dev/pts
[ -L /dev/ptmx ] || mount --bind /etc/passwd /dev/ptmx
""").open()
    try:
        r = bare.sh("echo hi", pty=24 << 16 | 80)
        check(r.get("ERRNO"), errno.ENODEV)
        check(bare.sh("echo hi").out, b"hi\n")
    finally:
        bare.finish()


def test_terminal_end_of_input(env):
    a = env.start("cat", pty=24 << 16 | 80)
    env.data(a, b"x\n", end=True)
    r = env.wait(a)
    check(r.get("EXIT"), 0)
    check(r.out, b"x\r\nx\r\n")


def test_terminal_closed_and_opened_again(env):
    """A program that has let go of its terminal is not hung up"""
    r = env.sh("exec < /dev/null > /dev/null 2>&1; sleep 0.3;"
               "echo back > /dev/tty; exit 5", pty=24 << 16 | 80)
    check((r.out, r.get("EXIT")), (b"back\r\n", 5))


def test_terminal_interrupt_character(env):
    a = env.start("cat", pty=24 << 16 | 80)
    env.data(a, b"up\n", end=False)
    env.wait_output(a, b"up\r\nup")
    env.data(a, b"\x03", end=False)
    check(env.wait(a).get("SIGNAL"), signal.SIGINT)


def test_stats(env):
    r = env.wait(env.request("STATS"))
    stats = dict(s.split(b"=") for s in r.end.all("STAT"))
    assert int(stats[b"memory"]) > 0, stats


def test_unknown_request(env):
    rc.TYPES["ODD"] = 31
    check(env.wait(env.request("ODD")).get("ERRNO"), 38)


def test_usage_is_counted(env):
    r = env.run("/usr/bin/python3", "-c",
                "x = bytearray(50 << 20)\nfor i in range(3000000): pass")
    assert r.get("USER_US") + r.get("SYS_US") > 10000, r
    assert r.get("MAXRSS_KB") > 50 << 10, r


def test_memory_of_the_runner_is_flat(env):
    def rss():
        return runner_env.resident_kb(env.runner_pid())
    for _ in range(20):
        env.sh("echo x; seq 1000")
    before = rss()
    for _ in range(300):
        env.sh("echo x")
    env.run("head", "-c", "30000000", "/dev/zero", output_max=1 << 20)
    assert rss() < before + 1200, (before, rss())


runner_env.main(globals(), setup)
