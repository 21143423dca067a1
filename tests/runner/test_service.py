#!/usr/bin/env python3
"""The service of an image, beside which the runner is the init."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
import tap  # noqa: E402
from tap import patient, same as check  # noqa: E402


class Served(runner_env.Env):
    """An environment for a `with` whose runner listens."""

    def __init__(self):
        super().__init__(args="listen < /dev/null")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.finish()

    def connect(self):
        """A client; before anybody listens a relay ends at once."""
        deadline = time.monotonic() + patient(60)
        while time.monotonic() < deadline:
            if not runner_env.children(self.proc.pid):
                continue
            late = self.exec("connect", stderr=-3)
            try:
                late.send(bytes(16))
                # answered by the runner and by nobody else
                late.send(rc.message("STATS", 1))
                late.recv()
                return late
            except (BrokenPipeError, rc.Lost):
                late.proc.wait()
        raise AssertionError("nobody listens")

    def serve(self, *argv, env=(), config=None, **more):
        late = self.connect()
        pairs = [("SERVICE_ARG", a) for a in argv]
        pairs += [("SERVICE_ENV", e) for e in env]
        pairs += [("SERVICE_" + k.upper(), v) for k, v in more.items()]
        try:
            late.hello(self.config(**(config or {})) + pairs)
        except rc.Lost:
            pass    # it may end before the limits of runs are read
        return late

    def output(self):
        """All of the service's, once the runner has ended."""
        return self.proc.stdout.read()


@tap.test("it runs beside runs, and its end is the runner's")
def test_beside():
    with Served() as env:
        late = env.serve("sh", "-c", "echo serving; echo err >&2; read x;"
                         " until [ -e %s/go ]; do sleep 0.01; done; exit 7"
                         % env.ws)
        check(late.sh("echo run").out, b"run\n")
        check(late.sh("kill -9 -1; true").end.kind, "VERDICT")
        check(late.sh("echo run").out, b"run\n")
        late.sh("touch %s/go" % env.ws)
        check(env.proc.wait(60), 7)
        check(env.output(), b"serving\n")


@tap.test("it is what an image's user is, and not confined")
def test_user():
    script = "id -u; id -g; id -G; echo $HOME $A; pwd; umask; " \
        "grep -E 'CapEff|NoNewPrivs' /proc/self/status"
    with Served() as env:
        env.serve("sh", "-c", script, env=["A=b", "PATH=/usr/bin:/bin"],
                  cwd="/tmp")
        check(env.proc.wait(60), 0)
        lines = env.output().decode().splitlines()
        check(lines[:2] + lines[3:6], ["0", "0", "/root b", "/tmp", "0022"])
        assert "NoNewPrivs:\t0" in lines, lines
        assert "CapEff:\t0000000000000000" not in lines, lines
    with Served() as env:
        env.serve("sh", "-c", script, user="daemon", env=["HOME=/x"])
        check(env.proc.wait(60), 0)
        lines = env.output().decode().splitlines()
        check(lines[:6], ["1", "1", "1", "/x", "/", "0022"])
        assert "CapEff:\t0000000000000000" in lines, lines
    with Served() as env:
        env.serve("sh", "-c", script, user="4711:4712")
        check(env.proc.wait(60), 0)
        check(env.output().decode().splitlines()[:4],
              ["4711", "4712", "4712", "/"])


@tap.test("groups of the user are those that the image says")
def test_groups():
    with open("/etc/group") as f:
        groups = [line.strip().split(":") for line in f]
    with_members = [g for g in groups if g[3]]
    if not with_members:
        raise tap.Skip("no group of this host has a member")
    member = with_members[0][3].split(",")[0]
    wanted = {g[2] for g in groups if member in g[3].split(",")}
    with Served() as env:
        env.serve("id", "-G", user=member, env=["PATH=/usr/bin:/bin"])
        check(env.proc.wait(60), 0)
        assert wanted <= set(env.output().decode().split()), wanted


@tap.test("SIGTERM from outside goes to it, and a signal's end is told")
def test_signals():
    with Served() as env:
        env.serve("sh", "-c", "trap 'echo bye; exit 3' TERM; echo up;"
                  " while :; do sleep 0.01; done")
        check(env.proc.stdout.read(3), b"up\n")
        os.kill(env.runner_pid(), signal.SIGTERM)
        check(env.proc.wait(60), 3)
        check(env.output(), b"bye\n")
    with Served() as env:
        env.serve("sh", "-c", "kill -9 $$")
        check(env.proc.wait(60), 137)


@tap.test("what cannot be executed is told, and ends the runner")
def test_failures():
    for more, errno in (({"argv": ["/nowhere"]}, 2),
                        ({"argv": ["true"], "cwd": "/nowhere"}, 2),
                        ({"argv": ["/etc/passwd"]}, 13)):
        with Served() as env:
            try:
                env.serve(*more.pop("argv"), **more)
                raise AssertionError("it was welcome")
            except RuntimeError as e:
                assert "('ERRNO', %d)" % errno in str(e), e
            check(env.proc.wait(60), 127)


@tap.test("its user cannot be one of runs")
def test_same_user():
    for service, config in (("root", {"USER": "root"}),
                            (None, {"USER": "root"}),
                            ("daemon", {"USER": "daemon"}),
                            (str(runner_env.UID + 3), {})):
        with Served() as env:
            more = {} if service is None else {"user": service}
            try:
                env.serve("true", config=config, **more)
                raise AssertionError("it was welcome")
            except RuntimeError as e:
                assert "('ERRNO', 22)" in str(e), e


@tap.test("a client's end and QUIT end it, unless it is kept")
def test_ends():
    with Served() as env:
        late = env.serve("sleep", "1000")
        late.proc.stdin.close()
        check(env.proc.wait(60), 0)
    with Served() as env:
        late = env.serve("sleep", "1000", config={"KEEP": 1})
        late.close()
        late = env.connect()
        late.hello()
        check(late.sh("echo on").out, b"on\n")
        late.send(rc.frame("QUIT", 0))
        check(env.proc.wait(60), 0)


@tap.test("a runner on stdin starts none")
def test_stdin():
    env = runner_env.Env()
    try:
        env.hello(env.config() + [("SERVICE_ARG", "true")])
        raise AssertionError("it was welcome")
    except RuntimeError as e:
        assert "('ERRNO', 22)" in str(e), e
    finally:
        env.finish()


tap.main()
