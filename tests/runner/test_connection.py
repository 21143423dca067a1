#!/usr/bin/env python3
"""The connection: starting over, dead and stopped clients, ends."""
import os
import select
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import same as check  # noqa: E402


def setup():
    return runner_env.Env()


def read_to_end(env, timeout=60):
    """What still comes until the stream ends."""
    data = b""
    deadline = time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        assert left > 0 and select.select([env.rfd], [], [], left)[0], \
            "the stream goes on"
        part = os.read(env.rfd, 1 << 20)
        if not part:
            return data
        data += part


def gone(pid, timeout=60):
    """Whether the process ends in time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], timeout)[0])
    finally:
        os.close(fd)


def test_nothing_before_hello(env):
    env.send(rc.message("RUN", 1, [("ARG", "true")]))
    got = env.recv()
    check((got.kind, got.id, got.get("ERRNO")), ("FAIL", 1, 71))
    env.open()
    check(env.sh("echo x").out, b"x\n")


def test_hello_in_pieces(env):
    """A HELLO that comes byte by byte, and requests right behind it"""
    nonce = os.urandom(16)
    data = rc.message("HELLO", 0, [("NONCE", nonce)] + env.config())
    for i in range(len(data)):
        env.send(data[i:i + 1])
    ident = env.start("echo", "early")
    check(env.recv().get("NONCE"), nonce)
    check(env.wait(ident).out, b"early\n")


def test_hello_of_a_second_client_at_once(env):
    """A client that comes before the first one had its WELCOME gets one"""
    nonces = [os.urandom(16), os.urandom(16)]
    env.send(b"".join(
        rc.message("HELLO", 0, [("NONCE", n)] + env.config())
        for n in nonces))
    got = env.recv()
    check((got.kind, got.get("NONCE")), ("WELCOME", nonces[1]))
    check(got.all("NOTE"), [])
    assert any(v.startswith(b"uid=") for v in got.all("LIMIT")), got
    check(env.sh("echo x").out, b"x\n")


def test_reset_right_behind_hello(env):
    """A RESET that is sent before the WELCOME takes nothing from it"""
    nonce = os.urandom(16)
    env.send(rc.message("HELLO", 0, [("NONCE", nonce)] + env.config()) +
             rc.message("RESET", 1))
    got = env.recv()
    check((got.kind, got.get("NONCE")), ("WELCOME", nonce))
    check(got.all("NOTE"), [])
    check(env.recv().kind, "VERDICT")


def test_bad_configuration(env):
    for pairs in ([("UID", "x")], [("SECCOMP", b"123")],
                  [("CGROUP_FD", "procs=1")], [("CGROUP_FD", "what=9")],
                  [("USER", "nobody-has-this-name")], [("ISOLATION", "none")],
                  [("BASE_ENV", "NOVALUE")], [("NOFILE", 9 << 32 | 1)]):
        env.send(rc.message("HELLO", 0, [("NONCE", bytes(16))] + pairs))
        got = env.recv()
        check((got.kind, got.get("ERRNO")), ("FAIL", 22))


def test_half_frame_of_a_dead_client(env):
    """Whatever a client left unfinished, the next one's HELLO is read"""
    env.open()
    whole = rc.frame("DATA", 99, bytes(60000))
    run = rc.message("RUN", 98, [("ARG", "echo"), ("ARG", "AdR1" * 10)])
    for cut in (1, 5, 15, 16, 17, 5000, 59999):
        env.send((whole if cut > 40 else run)[:cut])
        env.open()
        check(env.sh("echo alive").out, b"alive\n", "after %d bytes" % cut)


def test_half_message_of_a_dead_client(env):
    env.open()
    env.send(rc.frame("RUN", 5, rc.fields([("ARG", "true")]), rc.F_MORE))
    env.open()
    check(env.sh("echo alive").out, b"alive\n")


def test_garbage_between_frames(env):
    env.open()
    env.send(os.urandom(5000) + b"AdR1\0\0\0\0" + bytes(65536))
    check(env.sh("echo alive").out, b"alive\n")


def test_damaged_frame_is_not_taken(env):
    env.open()
    data = bytearray(rc.message("RUN", 7, [("ARG", "touch"),
                                           ("ARG", env.ws + "/bad")]))
    data[30] ^= 1
    env.send(bytes(data))
    check(env.sh("ls -A").out, b"")


def test_too_long_message(env):
    env.open()
    part = rc.frame("RUN", 7, bytes(65000), rc.F_MORE)
    for _ in range(66):
        env.send(part)
    got = env.recv()
    check((got.kind, got.get("ERRNO")), ("FAIL", 90))
    check(env.sh("echo alive").out, b"alive\n")


def test_malformed_fields(env):
    env.open()
    for kind in ("RUN", "PUT", "GET", "RESIZE", "SIGNAL", "HELLO"):
        for payload in (b"\x40", b"\x40\0\xff\xff\xff\xff", b"\x40\0\1\0\0\0",
                        rc.fields([("AFTER", b"12")]), b"\0" * 100):
            env.send(rc.frame(kind, 0 if kind == "HELLO" else 50, payload))
            if kind in ("PUT",):
                env.send(rc.message("CANCEL", 50))
    check(env.sh("echo alive").out, b"alive\n")


def test_large_request(env):
    """A message of several frames"""
    env.open()
    r = env.run("sh", "-c", "echo ${#X}", env={"X": "y" * 120000})
    check(r.out, b"120000\n")
    r = env.run("true", *["x" * 1000] * 3000)
    check(r.get("EXEC_ERRNO"), 7)


def test_new_client_ends_runs_of_the_former(env):
    env.open()
    a = env.start("sh", "-c", "yes & yes & yes")
    env.wait_output(a, b"y")
    b = env.start("sleep", "1000", after=a)
    env.check_crc = False
    env.open()
    env.check_crc = True
    env.results.clear()
    # killed already; the kernel takes its time on a busy machine
    check(env.sh("while %s | grep -qxe yes -e sleep; do :; done; echo none" %
                 runner_env.NAMES).out, b"none\n")
    assert b


def test_new_client_gets_nothing_of_the_former(env):
    """Old output may look like frames, and hold no WELCOME"""
    env.open()
    forged = rc.frame("VERDICT", 2, rc.fields([("EXIT", 0)]))
    head = b"AdR1\x46\0\xf0\xff\2\0\0\0\0\0\0\0"
    env.put(env.ws + "/forged", (forged + head) * 500)
    a = env.start("sh", "-c", "while cat forged; do :; done")
    env.wait_started(a)
    # the former client took some bytes, in the middle of a frame
    os.read(env.rfd, 10000)
    env.buf.clear()
    env.results.clear()
    env.open()
    check(env.sh("echo mine").out, b"mine\n")
    check(env.skipped, 0)


def test_limits_come_with_each_welcome(env):
    env.open()
    first = env.limits()
    env.open()
    check(env.limits(), first)


def test_end_of_input_ends_all(env):
    env.open()
    a = env.start("sh", "-c", "yes > /dev/null & setsid yes")
    env.wait_output(a, b"y")
    pid = env.runner_pid()
    env.proc.stdin.close()
    read_to_end(env)
    check(gone(pid), True)
    check(env.proc.wait(60), 0)


def test_quit(env):
    env.open()
    a = env.start("sleep", "1000")
    env.wait_started(a)
    env.send(rc.frame("QUIT", 0))
    read_to_end(env)
    check(env.proc.wait(60), 0)


def test_client_that_does_not_read_then_dies(env):
    """Output that nobody takes does not hold the runner"""
    env.open()
    pid = env.runner_pid()
    a = env.start("yes")
    env.wait_started(a)
    env.proc.stdin.close()
    env.proc.stdout.close()
    check(gone(pid), True)


def test_deadline_while_the_client_is_stopped(env):
    """A client that does not read blocks no timer and costs no memory"""
    env.open()
    pid = env.runner_pid()
    env.sh("seq 100000")
    before = runner_env.resident_kb(pid)
    ident = env.start("sh", "-c", "yes; true", timeout_ms=500)
    env.wait_started(ident)    # the last that is read
    deadline = time.monotonic() + 60
    while runner_env.children(pid) and time.monotonic() < deadline:
        time.sleep(0.02)  # nothing but time passes here
    check(runner_env.children(pid), [])
    rss = runner_env.resident_kb(pid)
    assert rss < before + 2000, (before, rss)
    env.check_crc = False
    r = env.wait(ident)
    check((r.get("TIMED_OUT"), r.get("OUT_BYTES")), (1, len(r.out)))
    env.check_crc = True
    check(env.sh("echo on").out, b"on\n")


def test_lease(env):
    """Without a sign of the client the runner ends"""
    env.open(LEASE_MS=2000)
    started = time.monotonic()
    a = env.start("yes")
    env.wait_started(a)
    while time.monotonic() < started + 3:
        env.send(rc.frame("PING", 0))
        env.buf.clear()
        os.read(env.rfd, 1 << 20)
    check(env.proc.poll(), None)
    read_to_end(env)
    check(env.proc.wait(60), 0)


def test_no_signal_renews_the_lease(env):
    """Code of the runner's uid could send it all the time"""
    env.open(LEASE_MS=2000, USER="root")
    pid = env.runner_pid()
    env.start("sh", "-c", "while kill -CONT 1; do sleep 0.1; done")
    started = time.monotonic()
    while not gone(pid, 0.1):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            break
        assert time.monotonic() < started + 30
    env.proc.wait(60)


def test_keep_outlives_the_client(env):
    env.open(KEEP=1, LEASE_MS=4000)
    a = env.start("sleep", "1000")
    env.wait_started(a)
    pid = env.runner_pid()
    env.proc.stdin.close()
    while runner_env.children(pid):
        check(gone(pid, 0.02), False)
    check(gone(pid, 0.5), False)
    check(gone(pid), True)


def test_signals_from_inside_do_nothing(env):
    env.open(USER="root")
    r = env.sh("for s in HUP INT QUIT TERM USR1 ALRM CHLD STOP KILL SEGV; do"
               " kill -$s 1; done; sleep 0.1; echo on")
    check(r.out, b"on\n")
    check(env.sh("echo on").out, b"on\n")


def test_term_from_outside_ends(env):
    env.open()
    os.kill(env.runner_pid(), signal.SIGTERM)
    check(env.proc.wait(60), 0)


def test_second_runner(env):
    """One that is not PID 1 serves runs of its own, and reaps them"""
    env.open()
    mine = env.start("sh", "-c", "setsid sleep 1000 & echo $$; sleep 1000")
    env.wait_output(mine, b"\n")
    other = env.second()
    check(other.sh("id -u").out, b"%d\n" % (runner_env.UID + 100))
    # beside the two of the first one
    r = other.sh("setsid sh -c 'sleep 1000 & sleep 1000' &"
                 "until [ $(%s | grep -cx sleep) = 4 ]; do :; done" %
                 runner_env.NAMES)
    assert r.get("LEFTOVERS") >= 2, r
    r = other.run("sh", "-c", "trap '' TERM INT; (while :; do :; done) & "
                  "while :; do :; done", timeout_ms=300)
    check((r.get("TIMED_OUT"), r.get("SIGNAL")), (1, 9))
    check(other.put(env.ws + "/f", b"x").end.kind, "VERDICT")
    # what the first one runs has not been touched
    pid = int(env.results[mine].out)
    check(other.sh("test -d /proc/%d && echo alive" % pid).out, b"alive\n")
    check(other.close(), 0)
    env.send(rc.message("CANCEL", mine))
    check(env.wait(mine).get("CANCELLED"), 1)


def test_end_of_a_second_runner(env):
    """Its client's end takes its runs, and nothing else"""
    env.open()
    mine = env.start("sleep", "1000")
    env.wait_started(mine)
    other = env.second()
    run = other.start("sh", "-c", "echo up; setsid sleep 1000 & sleep 1000")
    other.wait_output(run, b"up")
    check(other.close(), 0)
    names = env.sh("while cat /proc/[0-9]*/status 2> /dev/null | grep -q"
                   " '^Uid:.%d'; do :; done; echo gone" %
                   (runner_env.UID + 100)).out
    check(names, b"gone\n")
    check(env.results[mine].end, None)
    env.send(rc.message("CANCEL", mine))
    env.wait(mine)


def test_ping(env):
    env.open()
    for _ in range(3):
        env.ping()


def test_user_of_the_image(env):
    env.open(USER="daemon")
    check(env.sh("id -u; id -g").out, b"1\n1\n")


def test_user_by_number(env):
    env.open(USER="4711:4712")
    check(env.sh("id -u; id -g; id -G").out, b"4711\n4712\n4712\n")
    check(env.limits()["uid"], "4711")


def test_user_root_has_no_rights(env):
    env.open(USER="root")
    r = env.sh("id -u; grep Cap /proc/self/status; touch /etc/addesh-x;"
               "chown 5 /tmp 2>&1; mount -t tmpfs x /mnt 2>&1")
    text = r.out.decode()
    assert text.startswith("0\n"), text
    check(text.count("0" * 16), 5)
    os.path.exists("/etc/addesh-x") and os.unlink("/etc/addesh-x")


def test_code_of_the_runners_uid(env):
    """As root it may end the environment, but not read or forge anything"""
    env.open(USER="root")
    r = env.run("/usr/bin/python3", "-c", """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def trying(name, f, *args):
    try:
        f(*args)
        print("DONE", name)
    except OSError:
        pass
for name in ("mem", "environ", "maps", "auxv", "fd/0", "fd/1", "exe", "stack"):
    trying(name, lambda: open("/proc/1/" + name, "rb", 0).read(1))
    trying(name, os.open, "/proc/1/" + name, os.O_WRONLY)
for name in ("root", "cwd", "map_files"):
    trying(name, os.listdir, "/proc/1/" + name)
def attach(request):
    if libc.ptrace(request, 1, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), "")
trying("ptrace", attach, 16)
trying("seize", attach, 0x4206)
trying("setuid", os.setuid, 5)
print("END")
""")
    check(r.out, b"END\n", r)
    r = env.sh("prlimit --pid 1 --nofile=4:4 && echo done")
    if r.out == b"done\n":
        try:
            check(env.run("true").end.kind, "FAIL")
        except rc.Lost:
            pass


def test_shared_uid_serialises(env):
    """Where all runs have one uid, they wait for each other"""
    env.open(USER="4711:4712")
    ids = [env.start("sh", "-c", "mkdir lock && sleep 0.1 && rmdir lock")
           for _ in range(5)]
    put = env.put_start(env.ws + "/f", [("", "f", 0o644, b"x")])
    for ident in ids:
        check(env.wait(ident).get("EXIT"), 0)
    check(env.wait(put).end.kind, "VERDICT")


runner_env.main(globals(), setup)
