#!/usr/bin/env python3
"""Kept environments: clients that come and go."""
import os
import select
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
import tap  # noqa: E402
from tap import patient, same as check  # noqa: E402

NAME = "\0addesh-runner"


class Kept(runner_env.Env):
    """An environment for a `with`; what opens it may be kept."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.finish()

    def keep(self, **fields):
        return self.wait(self.request("KEEP", [
            (k, v) for k, v in fields.items()]))

    def connect(self, **options):
        """The client of a relay; hello() is left to the caller."""
        return self.exec("connect", **options)

    def pass_socket(self, path):
        """KEEP with a socket that listens at path; stdin is one, too."""
        ident = self.next_id
        self.results[ident] = rc.Result()
        self.next_id += 1
        with socket.socket(socket.AF_UNIX) as listening, \
                socket.socket(fileno=os.dup(self.wfd)) as out:
            listening.bind(path)
            listening.listen(4)
            socket.send_fds(out, [rc.message("KEEP", ident)],
                            [listening.fileno()])
        check(self.wait(ident).end.kind, "VERDICT")

    def has_no_children(self):
        pid = self.runner_pid()
        until(lambda: not runner_env.children(pid))


def until(condition, timeout=60):
    deadline = time.monotonic() + patient(timeout)
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)


def gone(pid, timeout=60):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], patient(timeout))[0])
    finally:
        os.close(fd)


def ended(client, timeout=60):
    """Whether the runner ends this client's stream."""
    deadline = time.monotonic() + patient(timeout)
    while select.select([client.rfd], [], [],
                        max(0, deadline - time.monotonic()))[0]:
        try:
            if not os.read(client.rfd, 1 << 20):
                return True
        except ConnectionResetError:
            return True
    return False


class Connection(rc.Client):
    """A client on a socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        super().__init__(self.sock.fileno(), self.sock.fileno())


@tap.test("One client keeps it and ends; another process connects and goes on")
def test_keep_and_connect():
    with Kept().open(LEASE_MS=60000) as env:
        check(env.keep().end.kind, "VERDICT")
        env.put(env.ws + "/file", b"left")
        env.proc.stdin.close()
        for i in range(3):
            late = env.connect()
            late.hello()
            check(late.limits(), env.limits())
            check(late.sh("cat %s/file; echo -n %d >> %s/file" % (
                env.ws, i, env.ws)).out, b"left" + b"012"[:i])
            check(late.close(), 0)


@tap.test("hello with keep")
def test_hello_with_keep():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        env.proc.stdin.close()
        late = env.connect()
        late.hello()
        check(late.sh("echo on").out, b"on\n")
        pid = env.runner_pid()
        late.send(rc.frame("QUIT", 0))
        check(ended(late), True)
        check(gone(pid), True)


@tap.test("without keep nobody connects")
def test_without_keep_nobody_connects():
    with Kept().open() as env:
        late = env.connect(stderr=-1)
        check(late.proc.wait(60), 1)
        check(late.proc.stderr.read(),
              b"addesh-runner: no runner is listening here\n")
        check(env.sh("echo on").out, b"on\n")


@tap.test("A relay in a place without any runner says so")
def test_connect_without_a_runner():
    with Kept().open() as env:
        env.proc.stdin.close()
        other = rc.Process(["unshare", "--net", runner_env.runner_path(),
                            "connect"], stderr=-1)
        check(other.proc.wait(60), 1)
        assert b"no runner" in other.proc.stderr.read()


@tap.test("run of a lost client is killed")
def test_run_of_a_lost_client_is_killed():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        env.wait_output(env.start("sh", "-c", "echo up; setsid sleep 1000 &"
                                  " sleep 1000"), b"up")
        env.proc.stdin.close()
        env.has_no_children()
        late = env.connect()
        late.hello()
        late.wait_output(late.start("sh", "-c", "echo up; yes"), b"up")
        late.proc.stdin.close()
        env.has_no_children()
        check(ended(late), True)
        check(late.proc.wait(60), 0)


@tap.test("The end of the relay is that of its client")
def test_relay_that_is_killed():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        late = env.connect()
        late.hello()
        late.wait_output(late.start("sh", "-c", "echo up; sleep 1000"), b"up")
        pid = runner_env.children(late.proc.pid)[0]  # below nsenter
        os.kill(pid, signal.SIGKILL)
        env.has_no_children()
        check(ended(late), True)


@tap.test("The former client's runs are killed, and its stream ends")
def test_new_connection_replaces():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        first = env.connect()
        first.hello()
        first.wait_output(first.start("sh", "-c", "echo up; yes"), b"up")
        second = env.connect()
        second.hello()
        check(ended(first), True)
        check(first.proc.wait(60), 0)
        check(second.sh("while %s | grep -qx yes; do :; done; echo none" %
                        runner_env.NAMES).out, b"none\n")


@tap.test("Whatever a connection left unfinished, the next one begins anew")
def test_half_frames_of_former_connections():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        whole = rc.frame("DATA", 99, bytes(60000))
        more = rc.frame("RUN", 5, rc.fields([("ARG", "true")]), rc.F_MORE)
        for left in (whole[:1], whole[:17], whole[:5000], more):
            late = env.connect()
            late.hello()
            late.send(left)
            late.proc.kill()
            late = env.connect()
            nonce = os.urandom(16)
            late.send(rc.message("HELLO", 0, [("NONCE", nonce)]))
            got = late.recv()
            check((got.kind, got.get("NONCE")), ("WELCOME", nonce))
            check(late.skipped, 0)


@tap.test("A HELLO on stdin takes over again")
def test_back_to_stdio():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        # as much as may be sent without waiting for an answer
        put = env.put(env.ws + "/big", b"x" * 200000)
        check(put.end.kind, "VERDICT")
        env.start("sh", "-c", "while cat big; do :; done")
        os.read(env.rfd, 10000)
        late = env.connect()
        late.hello()
        check(late.sh("echo late").out, b"late\n")
        run = late.start("sh", "-c", "echo up; sleep 1000")
        late.wait_output(run, b"up")
        # not a HELLO: nobody listens to it, and nobody is harmed
        env.send(rc.message("RUN", 900, [("ARG", "touch"),
                                         ("ARG", env.ws + "/bad")]) +
                 rc.frame("QUIT", 0))
        late.ping()
        check(late.results[run].end, None)
        env.check_crc = False
        env.buf.clear()
        env.results.clear()
        env.hello()
        env.check_crc = True
        mine = env.sh("ls %s; echo mine" % env.ws)
        check((mine.out, mine.err), (b"big\nmine\n", b""))
        check(ended(late), True)
        check(late.proc.wait(60), 0)


@tap.test("Over a socket as stdin comes the one that is listened on")
def test_passed_socket():
    with Kept(socket=True).open(LEASE_MS=60000) as env, \
            tempfile.TemporaryDirectory() as directory:
        path = directory + "/sock"
        env.pass_socket(path)
        env.proc.stdin.close()
        env.proc.stdout.close()
        first = Connection(path)
        first.hello()
        check(first.sh("echo first; id -u").out,
              b"first\n%d\n" % runner_env.UID)
        second = Connection(path)
        second.hello()
        check(ended(first), True)
        check(second.sh("echo second").out, b"second\n")
        # nor does anybody come by the other way now
        late = env.connect(stderr=-1)
        check(late.proc.wait(60), 1)
        pid = env.runner_pid()
        second.send(rc.frame("QUIT", 0))
        check(gone(pid), True)


@tap.test("lease counts on")
def test_lease_counts_on():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        pid = env.runner_pid()
        env.proc.stdin.close()
        late = env.connect()
        late.hello()
        late.wait(late.request("KEEP", [("LEASE_MS", 2000)]))
        started = time.monotonic()
        while time.monotonic() < started + 3:
            late.ping()
        check(gone(pid, 0), False)
        late.close()
        check(gone(pid), True)


@tap.test("KEEP brings another lease")
def test_lease_of_keep():
    with Kept().open(LEASE_MS=3600000) as env:
        pid = env.runner_pid()
        check(env.keep(LEASE_MS=1000).end.kind, "VERDICT")
        check(gone(pid), True)


@tap.test("Who waits for something uses it, however short the lease is")
def test_lease_in_a_run():
    with Kept().open(KEEP=1, LEASE_MS=1000) as env:
        pid = env.runner_pid()
        env.hello([("SILENCE_MS", 60000)])
        check(env.sh("sleep 3; echo on").out, b"on\n")
        check(gone(pid), True)


@tap.test("A lease may last a year")
def test_longest_lease():
    year = 365 * 24 * 3600 * 1000
    with Kept().open(LEASE_MS=year) as env:
        check(env.keep(LEASE_MS=year).end.kind, "VERDICT")
        got = env.keep(LEASE_MS=2 * year)
        check((got.end.kind, got.get("ERRNO")), ("FAIL", 22))
        check(env.sh("echo on").out, b"on\n")


@tap.test("The second runner of a place fails, and goes on unkept")
def test_keep_where_another_listens():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        other = env.second()
        got = other.wait(other.request("KEEP"))
        check((got.end.kind, got.get("ERRNO")), ("FAIL", 98))
        check(other.sh("echo on").out, b"on\n")
        check(other.close(), 0)


@tap.test("keep needs hello")
def test_keep_needs_hello():
    with Kept() as env:
        got = env.wait(env.request("KEEP"))
        check((got.end.kind, got.get("ERRNO")), ("FAIL", 71))


@tap.test("Code can neither connect, nor have the name, with the runner's uid")
def test_code_has_no_part_in_it():
    for user in ("root", "sandbox"):
        with Kept().open(KEEP=1, LEASE_MS=60000, USER=user) as env:
            r = env.run("/usr/bin/python3", "-c", """
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("\\0addesh-runner")
try:
    socket.send_fds(s, [b"x"], [0, 1])
    assert s.recv(1) == b""
except (BrokenPipeError, ConnectionResetError):
    pass
try:
    socket.socket(socket.AF_UNIX).bind("\\0addesh-runner")
except OSError as e:
    print(e.errno)
""")
            check((r.out, r.err), (b"98\n", b""))
            r = env.run(env.dir + "/runner", "connect")
            check(r.out, b"")
            check(env.sh("echo on").out, b"on\n")


@tap.test("Where code has got the name, a relay does not talk with it")
def test_code_that_listens_is_not_the_runner():
    with Kept(socket=True).open(USER="root") as env, \
            tempfile.TemporaryDirectory() as directory:
        env.pass_socket(directory + "/sock")    # so the name is free
        env.wait_output(env.start("/usr/bin/python3", "-uc", """
import socket
s = socket.socket(socket.AF_UNIX)
s.bind("\\0addesh-runner")
s.listen()
print("up")
s.accept()[0].recv(1)
"""), b"up")
        late = env.connect(stderr=-1)
        check(late.proc.wait(60), 1)
        check(late.proc.stderr.read(), b"addesh-runner: what is listening "
              b"here is not the runner\n")


@tap.test("Code that connects all the time holds up no client")
def test_many_who_connect_and_say_nothing():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        flood = env.start("/usr/bin/python3", "-uc", """
import socket
print("up")
while True:
    s = socket.socket(socket.AF_UNIX)
    s.connect("\\0addesh-runner")
""")
        env.wait_output(flood, b"up")
        check(env.sh("echo on").out, b"on\n")
        late = env.connect()
        late.hello()
        check(late.sh("echo on").out, b"on\n")


@tap.test("A client that waits and says nothing is taken for dead")
def test_silence():
    with Kept().open(KEEP=1, LEASE_MS=60000) as env:
        env.hello([("SILENCE_MS", 2500)])
        check(env.sh("sleep 0.1; echo on").out, b"on\n")
        started = time.monotonic()
        run = env.start("sleep", "1000")
        env.wait_started(run)
        while time.monotonic() < started + 3:
            env.ping()
        check(env.results[run].end, None)
        env.hello([("SILENCE_MS", 500)])
        time.sleep(0.7)    # idle it may be as long as it likes
        run = env.start("sh", "-c", "trap '' INT; while :; do :; done",
                        interrupt=2, grace_ms=100)
        check(env.wait(run).get("CANCELLED"), 1)
        env.hello()    # without the field there is no such rule
        check(env.sh("sleep 0.7; echo on").out, b"on\n")


@tap.test("A runner without a client on stdin waits for one, and ends with it")
def test_listen():
    with Kept(args="listen < /dev/null") as env:
        until(lambda: runner_env.children(env.proc.pid) and
              os.readlink("/proc/%d/exe" % env.runner_pid()) ==
              env.dir + "/runner")
        late = greeted(env, LEASE_MS=60000)
        check(late.sh("echo on").out, b"on\n")
        late.close()
        check(env.proc.wait(60), 0)
        # its stdout is not the client's
        check(env.proc.stdout.read(), b"")


def greeted(env, **config):
    """Before it listens a relay ends at once, however long that takes."""
    deadline = time.monotonic() + patient(60)
    while time.monotonic() < deadline:
        late = env.connect(stderr=-3)
        try:
            late.hello(env.config(**config))
            return late
        except (rc.Lost, BrokenPipeError):
            late.close()
    raise AssertionError("it does not listen")


@tap.test("One whom nobody greets ends, though its stdin stays open %s",
          ["", "listen"], beside=True)
def test_no_hello(args):
    with Kept(args=args and args + " < /dev/null") as env:
        started = time.monotonic()
        until(lambda: runner_env.children(env.proc.pid))
        pid = env.runner_pid()
        check(gone(pid, 20), False)
        check(gone(pid), True)
        check(env.proc.wait(60), 0)
        assert time.monotonic() - started >= 25


@tap.test("Nobody configures it who takes it for one that is configured")
def test_hello_again():
    with Kept() as env:
        env.send(rc.message("HELLO", 0, [("NONCE", bytes(16)), ("AGAIN", 1)]))
        got = env.recv()
        check((got.kind, got.get("ERRNO"), got.get("TEXT")),
              ("FAIL", 116, b"again"))
        env.hello(env.config(KEEP=1, LEASE_MS=60000))
        late = env.connect()
        late.hello([("AGAIN", 1)])
        check(late.sh("echo on").out, b"on\n")


@tap.test("listen and keep")
def test_listen_and_keep():
    with Kept(args="listen < /dev/null") as env:
        until(lambda: runner_env.children(env.proc.pid))
        late = greeted(env, KEEP=1, LEASE_MS=60000)
        pid = env.runner_pid()
        check(late.close(), 0)
        late = env.connect()
        late.hello()
        check(late.sh("echo on").out, b"on\n")
        check(late.wait(late.request("KEEP", [("LEASE_MS", 1000)])).end.kind,
              "VERDICT")
        check(late.close(), 0)
        check(gone(pid), True)


tap.main()
