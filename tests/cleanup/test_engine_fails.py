# SPDX-License-Identifier: MIT
"""The engine goes away, falls silent or dies in the middle: the verdict says
so, what was written before is kept, the shell goes on, and nothing stays.  To
notice a silence takes its time: the tests run side by side."""

import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
from leftovers import Traces, pause, wait_output  # noqa: E402
from ownengine import OwnEngine  # noqa: E402
from proxy import Proxy  # noqa: E402
from sandboxes import ENGINES, SandboxHome  # noqa: E402
from tap import diag, main, patient, same, test  # noqa: E402

# A name that the engine can see once the output is written.
LOOP = """run -t 60 loop.py <<'EOF'
import os
print('before', flush=True)
os.execvp('sleep', ['sleep', '12345'])
EOF
"""
MARK = b"before\n"


class Behind:
    """A session that reaches its engine through a proxy."""

    def __init__(self, kind, **settings):
        self.home = SandboxHome(kind, config={"engine": settings})
        self.proxy = Proxy(os.path.join(self.home.path, "proxy.sock"),
                           engines.endpoint(kind), mark=MARK)
        self.direct = self.home.options
        self.home.options = ["--engine", "unix://" + self.proxy.path]
        self.traces = Traces(self.home)
        self.process = self.traces.spawn("--json", "-k", stdin=-1)

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def answer(self, limit=60):
        return json.loads(wait_output(self.process, b"\n", limit))

    def do(self, line, limit=60):
        self.send(line + "\n")
        return self.answer(limit)

    def loop(self):
        """A run, until its program can be seen from outside and what it wrote
        has passed."""
        self.send(LOOP)
        end = time.monotonic() + patient(60)
        while "sleep 12345 " not in self.traces.programs():
            assert time.monotonic() < end, "the program does not run"
            pause()
        assert self.proxy.passed.wait(patient(60)), "its output is lost"

    def end(self):
        """Its stdin ends, and it with it."""
        self.process.stdin.close()
        self.process.wait(patient(60))
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
            _, err = self.process.communicate()
            diag(err.decode(errors="replace"))
        self.proxy.close()
        self.home.options = self.direct
        if kind:
            self.traces.addesh("-c", "gc")
        self.home.close()


@test("the engine's connection is cut in a run: %s", ENGINES)
def _(kind):
    with Behind(kind) as b:
        same(b.do("env new")["ok"], True)
        b.loop()
        b.proxy.cut()
        got = b.answer()
        r = got["result"]
        same((got["status"], r["environment_lost"], r["status"], r["stdout"]),
             (125, True, "error", "before\n"))
        # the engine is there again: the next run has a new environment
        got = b.do("run ok.py <<< \"print('OK')\"")
        same((got["status"], got["result"]["stdout"]), (0, "OK\n"))
        b.end()
        b.traces.gone()


@test("the engine goes away in a run and stays away: %s", ENGINES)
def _(kind):
    with Behind(kind) as b:
        same(b.do("env new")["ok"], True)
        b.loop()
        b.proxy.close()
        r = b.answer()["result"]
        same((r["environment_lost"], r["stdout"]), (True, "before\n"))
        # an error, and the shell goes on
        got = b.do("env new --name second")
        same((got["ok"], got["error"]["kind"]), (False, "engine"))
        same(b.do("help")["ok"], True)
        b.end()
        # nobody could remove it, but it ended itself with its stdin
        b.traces.gone()


@test("the engine falls silent: %s", ENGINES)
def _(kind):
    limit = "%ds" % patient(6)
    with Behind(kind, answer_timeout=limit, start_timeout=limit) as b:
        same(b.do("env new")["ok"], True)
        b.proxy.frozen.set()
        began = time.monotonic()
        got = b.do("run -t 1 ok.py <<< \"print('OK')\"")
        took = time.monotonic() - began
        assert took < patient(60), took
        same((got["status"], got["result"]["environment_lost"]), (125, True))
        got = b.do("env new --name second")
        same((got["ok"], got["error"]["kind"]), (False, "engine"))
        b.proxy.frozen.clear()
        b.proxy.cut()
        b.end()
        b.home.options = b.direct
        same(b.traces.addesh("-c", "gc").returncode, 0)
        b.traces.gone()


@test("the engine is silent when the session ends", deadline=200)
def _():
    with Behind("docker") as b:
        for name in ("a", "b", "c"):
            same(b.do("env new busybox:latest --name " + name)["ok"], True)
        b.proxy.frozen.set()
        began = time.monotonic()
        b.process.stdin.close()
        b.process.wait(patient(90))
        took = time.monotonic() - began
        said = b.process.stdout.read() + b.process.stderr.read()
        b.process.stdout.close()
        b.process.stderr.close()
        # it is waited for once: 30 s, and 2 s for each of the others
        assert took < patient(50), took
        same(said.count(b"closing a: removing the container: no answer "), 1,
             said)
        b.proxy.frozen.clear()
        b.proxy.cut()
        b.traces.gone()


@test("the engine is killed in a run, and started again", deadline=300)
def _():
    with OwnEngine("docker") as engine, SandboxHome("docker") as home:
        home.options = ["--engine", engine.endpoint]
        traces = Traces(home)
        traces.api = engine.api
        p = traces.spawn(home.write(
            "lost", "env new busybox:latest\n"
            "exec -- sh -c 'echo working; sleep 1000'\n"))
        wait_output(p, b"working")
        engine.kill()
        _, err = p.communicate(timeout=patient(60))
        same(p.returncode, 125)
        assert b"environment lost after " in err, err
        engine.start()
        done = traces.addesh("-c", "gc")
        same(done.returncode, 0, done.stderr)
        end = time.monotonic() + patient(60)
        while traces.owned_containers():
            assert time.monotonic() < end, traces.owned_containers()
            pause()


engines.share()
main(beside=True)
