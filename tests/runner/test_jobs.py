#!/usr/bin/env python3
"""Background runs: they outlive their client, and are kept within bounds."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import patient, same as check  # noqa: E402

KEPT = 256 << 10
TAIL = 64 << 10


def setup():
    return runner_env.Env().open(KEEP=1, LEASE_MS=60000)


def job(env, *argv, **options):
    """Starts one; its number."""
    r = env.run(*argv, background=1, **options)
    assert r.end.kind == "VERDICT", r
    return r.get("JOB")


def ask(env, kind, number, **fields):
    return env.wait(env.request(kind, [("JOB", number)] + list(
        (k, v) for k, v in fields.items())))


def jobs(env):
    r = env.wait(env.request("JOBS"))
    check(r.end.kind, "VERDICT")
    return r.entries


def follow(env, number):
    return ask(env, "JOB", number, FOLLOW=1)


def processes(env):
    """Those of runs; the runner has no others."""
    return runner_env.children(env.runner_pid())


def until(condition, timeout=60):
    deadline = time.monotonic() + patient(timeout)
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)


def test_start_list_follow_forget(env):
    number = job(env, "sh", "-c", "echo out; echo err >&2; cat; exit 3",
                 text="my label")
    check(number, 1)
    r = follow(env, 1)
    check((r.out, r.err, r.get("EXIT")), (b"out\n", b"err\n", 3))
    check(r.get("RUNNING"), None)
    (entry,) = jobs(env)
    check([entry.get(k) for k in ("JOB", "TEXT", "EXIT", "OUT_BYTES")],
          [1, b"my label", 3, 4])
    assert entry["WALL_US"] > 0, entry
    again = ask(env, "JOB", 1)
    check((again.out, again.err, again.get("EXIT")), (r.out, r.err, 3))
    check(ask(env, "FORGET_JOB", 1).end.kind, "VERDICT")
    check(jobs(env), [])
    for kind in ("JOB", "FORGET_JOB", "KILL_JOB"):
        check(ask(env, kind, 1).get("ERRNO"), 3)
    check(job(env, "true"), 2)


def test_what_cannot_start(env):
    """It is told as with any run, and takes no place"""
    for _ in range(20):
        check(env.run("/nowhere/to/be", background=1).get("EXEC_ERRNO"), 2)
    check(env.run("true", background=1, cwd="/nowhere").end.kind, "FAIL")
    for more in ({"stdin": 1}, {"pty": 24 << 16 | 80}, {"text": "x" * 4097}):
        check(env.run("true", background=1, **more).get("ERRNO"), 22)
    check(jobs(env), [])


def test_outlives_its_client(env):
    """And its output can be had by the next one"""
    number = job(env, "sh", "-c", "echo one; while [ ! -e go ]; do sleep 0.01;"
                 " done; echo two")
    env.proc.stdin.close()
    late = env.exec("connect")
    late.hello()
    r = ask(late, "JOB", number)
    until(lambda: ask(late, "JOB", number).out == b"one\n")
    check((r.get("RUNNING"), r.get("EXIT")), (1, None))
    ident = late.request("JOB", [("JOB", number), ("FOLLOW", 1)])
    late.wait_output(ident, b"one\n")
    late.sh("touch go")
    r = late.wait(ident)
    check((r.out, r.get("EXIT")), (b"one\ntwo\n", 0))


def test_client_lost_while_it_follows(env):
    number = job(env, "sh", "-c", "while :; do echo line; done")
    env.wait_output(env.request("JOB", [("JOB", number), ("FOLLOW", 1)]),
                    b"line")
    env.proc.stdin.close()
    late = env.exec("connect")
    late.hello()
    (before,) = jobs(late)
    until(lambda: jobs(late)[0]["OUT_BYTES"] > before["OUT_BYTES"])
    check(ask(late, "KILL_JOB", number).end.kind, "VERDICT")
    check(follow(late, number).get("CANCELLED"), 1)


def test_runs_beside_it(env):
    """Each has a uid of its own, and leaves the job alone"""
    number = job(env, "sh", "-c", "id -u; exec sleep 1000")
    ident = env.request("JOB", [("JOB", number), ("FOLLOW", 1)])
    env.wait_output(ident, b"\n")
    for _ in range(3):
        check(env.sh("id -u; kill -9 -1; true").end.kind, "VERDICT")
        check(env.sh("id -u").out, b"%d\n" % runner_env.UID)
    r = ask(env, "JOB", number)
    check((r.out, r.get("RUNNING")), (b"%d\n" % (runner_env.UID + 16), 1))
    # it may be killed by what comes after, and by nobody else
    check(ask(env, "FORGET_JOB", number).get("ERRNO"), 16)


def test_kill(env):
    """By a signal, by asking first, and without"""
    trap = "trap 'echo got; exit 7' TERM; trap 'echo int' INT; echo up;" \
        "while :; do sleep 0.01; done"

    def started(**more):
        number = job(env, "sh", "-c", trap, **more)
        ident = env.request("JOB", [("JOB", number), ("FOLLOW", 1)])
        env.wait_output(ident, b"up\n")
        return number, ident

    number, ident = started()
    ask(env, "KILL_JOB", number, SIGNAL=15)
    r = env.wait(ident)
    check((r.out, r.get("EXIT"), r.get("CANCELLED")),
          (b"up\ngot\n", 7, None))
    number, ident = started(interrupt=2, grace_ms=3600000)
    ask(env, "KILL_JOB", number)
    env.wait_output(ident, b"int\n")
    ask(env, "KILL_JOB", number)    # the second time it is not asked
    r = env.wait(ident)
    check((r.get("SIGNAL"), r.get("CANCELLED")), (9, 1))
    number, ident = started()
    ask(env, "KILL_JOB", number, SIGNAL=9)
    check(env.wait(ident).get("SIGNAL"), 9)
    check(ask(env, "KILL_JOB", number).end.kind, "VERDICT")
    check(ask(env, "KILL_JOB", number, SIGNAL=65).get("ERRNO"), 22)


def test_time_limit(env):
    for ms in 300, 1500, 7500:    # a short one may pass before it writes
        r = follow(env, job(env, "sh", "-c", "echo a; sleep 1000",
                            timeout_ms=ms, interrupt=2, grace_ms=100))
        if r.out:
            break
    check((r.get("TIMED_OUT"), r.out), (1, b"a\n"))


def test_leftovers_go_with_it(env):
    number = job(env, "sh", "-c", runner_env.SLEEPERS)
    r = follow(env, number)
    assert r.get("LEFTOVERS") >= 3, r
    check(processes(env), [])


def test_much_output_is_bounded(env):
    """Head and tail are kept, and the rest counted"""
    pid = env.runner_pid()
    env.sh("seq 100000")
    before = runner_env.resident_kb(pid)
    number = job(env, "sh", "-c", "seq 1000000; seq 1000000 >&2")
    until(lambda: "EXIT" in jobs(env)[0])
    rss = runner_env.resident_kb(pid)
    assert rss < before + 2000, (before, rss)
    whole = b"".join(b"%d\n" % i for i in range(1, 1000001))
    r = ask(env, "JOB", number)
    for head, tail in ((r.out, r.tail_out), (r.err, r.tail_err)):
        # what follows the frame with the flag in the ring has none
        both = head + tail
        check(len(both), KEPT)
        assert whole.startswith(head[:KEPT - TAIL])
    assert r.tail_out and r.tail_err
    check((r.get("OUT_BYTES"), r.get("ERR_BYTES")), (len(whole),) * 2)


def test_nothing_is_lost_to_a_follower(env):
    """However slowly it reads; the program waits"""
    number = job(env, "sh", "-c", "while [ ! -e go ]; do sleep 0.01; done;"
                 "seq 300000; echo end >&2")
    ident = env.request("JOB", [("JOB", number), ("FOLLOW", 1)])
    env.sh("touch go")
    time.sleep(3)    # it writes what it can while nobody reads, and ends
    r = env.wait(ident)
    wanted = b"".join(b"%d\n" % i for i in range(1, 300001))
    assert r.out == wanted, (len(r.out), len(r.tail_out), len(wanted), r.end)
    check((r.tail_out, r.err, r.get("EXIT")), (b"", b"end\n", 0))


def test_small_bound(env):
    number = job(env, "sh", "-c", "printf 0123456789abcdef", output_max=8)
    until(lambda: "EXIT" in jobs(env)[0])
    r = ask(env, "JOB", number)
    check((r.out, r.tail_out, r.get("OUT_BYTES")), (b"012345", b"ef", 16))


def test_full_table(env):
    """16 are kept, whether they have ended or not, until they are forgotten"""
    for i in range(16):
        check(job(env, "sh", "-c", "sleep 1000", text="x" * 4096), i + 1)
    check(env.run("true", background=1).get("ERRNO"), 87)
    check(env.sh("echo on").out, b"on\n")    # others go on
    check(env.put(env.ws + "/f", b"x").end.kind, "VERDICT")
    check([e["JOB"] for e in jobs(env)], list(range(1, 17)))
    ask(env, "KILL_JOB", 5)
    # whoever got to know it may have died of that
    check(follow(env, 5).get("SIGNAL"), 9)
    check(env.run("true", background=1).get("ERRNO"), 87)
    check(ask(env, "JOB", 5).get("SIGNAL"), 9)
    ask(env, "FORGET_JOB", 5)
    check(job(env, "true"), 17)
    check(ask(env, "JOB", 5).get("ERRNO"), 3)
    check(follow(env, 17).get("EXIT"), 0)


def test_many_lists_at_once(env):
    """More than the queue holds"""
    for _ in range(16):
        job(env, "true", text="x" * 4096)
    idents = [env.request("JOBS") for _ in range(14)]
    for ident in idents:
        check(len(env.wait(ident).entries), 16)


def test_too_many_inquiries(env):
    number = job(env, "sleep", "1000")
    idents = [env.request("JOB", [("JOB", number), ("FOLLOW", 1)])
              for _ in range(17)]
    check(env.wait(idents[-1]).get("ERRNO"), 11)
    env.send(rc.message("JOBS", idents[0]))    # a number that is in use
    check(env.recv().get("ERRNO"), 17)
    for ident in idents[:-1]:
        env.send(rc.message("CANCEL", ident))
        check(env.wait(ident).get("ERRNO"), 125)
    check(ask(env, "JOB", number).get("RUNNING"), 1)


def test_reset_takes_all(env):
    done = job(env, "true")
    follow(env, done)
    number = job(env, "sh", "-c", "setsid sleep 1000 & sleep 1000")
    ident = env.request("JOB", [("JOB", number), ("FOLLOW", 1)])
    reset = env.request("RESET")
    check(env.wait(reset).end.kind, "VERDICT")
    check(env.wait(ident).get("ERRNO"), 125)
    check(jobs(env), [])
    check(processes(env), [])
    check(job(env, "true"), number + 1)


def test_after(env):
    """What waits for a background run waits for its start"""
    first = env.start("sleep", "1000", background=1)
    second = env.start("echo", "second", after=first)
    check(env.wait(second).out, b"second\n")
    late = env.start("echo", "third", background=1, after=second)
    number = env.wait(late).get("JOB")
    check(follow(env, number).out, b"third\n")


def test_quit_ends_them(env):
    pid = env.runner_pid()
    job(env, "sh", "-c", "setsid sleep 1000 & sleep 1000")
    env.send(rc.frame("QUIT", 0))
    until(lambda: not os.path.exists("/proc/%d" % pid))


def test_second_runner_takes_its_jobs_along(env):
    """One that is not PID 1 kills them when it ends"""
    other = env.second()
    number = job(other, "sh", "-c", "echo up; setsid sleep 1000 & sleep 1000")
    ident = other.request("JOB", [("JOB", number), ("FOLLOW", 1)])
    other.wait_output(ident, b"up")
    check(other.close(), 0)
    names = env.sh("while cat /proc/[0-9]*/comm 2> /dev/null | grep -qx sleep;"
                   " do :; done; echo gone").out
    check(names, b"gone\n")


def test_lease_ends_them(env):
    pid = env.runner_pid()
    job(env, "sleep", "1000")
    check(env.wait(env.request("KEEP", [("LEASE_MS", 500)])).end.kind,
          "VERDICT")
    until(lambda: not os.path.exists("/proc/%d" % pid))


def test_silence_leaves_jobs(env):
    """A dead client's requests are cancelled, and its jobs go on"""
    number = job(env, "sleep", "1000")
    env.hello([("SILENCE_MS", 300)])
    check(follow(env, number).get("ERRNO"), 125)
    check(ask(env, "JOB", number).get("RUNNING"), 1)


def test_hostile_job(env):
    """What stops, ignores and forks does not stay, nor hold anybody up"""
    number = job(env, "/usr/bin/python3", "-c", """
import os, signal
for n in range(1, 32):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(20):
    if not os.fork():
        os.setsid()
        break
os.kill(os.getpid(), signal.SIGSTOP) if os.getpid() % 3 == 0 else None
while True:
    os.write(1, b"AdR1" * 10000)
""", interrupt=2, grace_ms=100)
    check(env.sh("echo on").out, b"on\n")
    until(lambda: jobs(env)[0]["OUT_BYTES"] > 10 * KEPT)
    ask(env, "KILL_JOB", number)
    check(follow(env, number).get("SIGNAL"), 9)
    check(processes(env), [])


GROWS = """
setsid sh -c 'exec sleep 1000' &
while [ "$(cat f* 2> /dev/null | wc -c)" -lt %d ]; do
    head -c 100000 /dev/zero >> f
    echo . >> f2
    sleep 0.01
done
echo full
sleep 1000
"""


def tree(pid):
    for child in runner_env.children(pid):
        yield child
        yield from tree(child)


def stopped(env):
    """Whether all processes of runs are."""
    states = []
    for pid in tree(env.runner_pid()):
        try:
            with open("/proc/%d/stat" % pid) as f:
                states.append(f.read().rsplit(")", 1)[1].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            return False    # it has just ended, so something runs
    return states and set(states) <= set("TZ")


def test_disk_is_watched(env):
    """What fills the disk beyond its room is stopped until more is given"""
    ident = env.request("DISK", [("ROOM", 2 << 20)])
    number = job(env, "sh", "-c", GROWS % (8 << 20))
    env.wait_event(ident)
    # what left its group and session, too
    until(lambda: stopped(env))
    file = "/proc/%d/root%s/f" % (env.runner_pid(), env.ws)
    size = os.stat(file).st_size
    assert 2 << 20 <= size < 6 << 20, size
    # whom a client waits for goes on
    check(env.sh("echo on").out, b"on\n")
    check(ask(env, "JOB", number).get("RUNNING"), 1)
    check(env.results[ident].events, ["stopped"])
    again = env.request("DISK", [("ROOM", 1 << 20)])
    check(env.wait(ident).end.kind, "VERDICT")
    env.wait_event(again)    # it has gone on, and is stopped again
    assert os.stat(file).st_size > size + (1 << 19)
    last = env.request("DISK", [("ROOM", 32 << 20)])
    env.wait_output(env.request("JOB", [("JOB", number), ("FOLLOW", 1)]),
                    b"full\n")
    env.send(rc.message("CANCEL", last))
    check(env.wait(last).get("ERRNO"), 125)


def test_disk_is_watched_where_answers_take_long(env):
    """It is not held again so soon, but gets no more than its room twice"""
    ident = env.request("DISK", [("ROOM", 2 << 20)])
    number = job(env, "sh", "-c", GROWS % (60 << 20))
    env.wait_event(ident)
    until(lambda: stopped(env))
    file = "/proc/%d/root%s/f" % (env.runner_pid(), env.ws)
    size = os.stat(file).st_size
    time.sleep(2)    # so it may rest for six
    env.wait_event(env.request("DISK", [("ROOM", 1 << 20)]))
    more = os.stat(file).st_size - size
    assert 2 << 20 <= more < 8 << 20, more
    check(ask(env, "KILL_JOB", number, SIGNAL=9).end.kind, "VERDICT")
    check(follow(env, number).get("SIGNAL"), 9)


def test_disk_without_a_client(env):
    """It is stopped all the same, and the next client is told"""
    env.request("DISK", [("ROOM", 2 << 20)])
    number = job(env, "sh", "-c", GROWS % (30 << 20))
    env.proc.stdin.close()
    until(lambda: stopped(env))
    late = env.exec("connect")
    late.hello()
    ident = late.request("DISK")
    late.wait_event(ident)
    # it was too much
    late.request("DISK", [("DISK_USED", 12345), ("ROOM", 0)])
    r = follow(late, number)
    check([r.get(k) for k in ("SIGNAL", "DISK_USED", "CANCELLED")],
          [9, 12345, None])
    check(late.sh("head -c 100000 /dev/zero > g; echo on").out, b"on\n")


def test_disk_room_shrinks_with_what_others_remove(env):
    """What is counted is counted from the least that was in use"""
    env.sh("head -c 8000000 /dev/zero > old")
    ident = env.request("DISK", [("ROOM", 4 << 20)])
    number = job(env, "sh", "-c", "until [ -e go ]; do sleep 0.01; done;"
                 "head -c 6000000 /dev/zero > new; sleep 1000")
    env.sh("rm old")
    time.sleep(0.5)    # it has been looked at
    env.sh("touch go")
    env.wait_event(ident)
    until(lambda: stopped(env))
    check(ask(env, "KILL_JOB", number, SIGNAL=9).end.kind, "VERDICT")
    check(follow(env, number).get("SIGNAL"), 9)


def test_shared_uid(env):
    """Where each run's end is the end of all, there are none"""
    other = env.second(USER="root")
    check(other.run("true", background=1).get("ERRNO"), 95)


runner_env.main(globals(), setup)
