# SPDX-License-Identifier: MIT
"""Calls of addesh mcp: side by side and in order, cancelled, and cut off."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
import sandboxes  # noqa: E402
from mcp import Client  # noqa: E402
from sandboxes import ENGINES, SandboxHome  # noqa: E402
from tap import main, patient, same, test  # noqa: E402

KINDS = ("docker", "podman", "restricted-root")
IMAGE = "python:3.11-slim"
ENDLESS = "import sys\nprint('begun', flush=True)\nwhile True: pass\n"
# ends when another program of its environment has written the file
WAIT = """import os, time
while not os.path.exists('go'):
    time.sleep(0.01)
print('went')
"""


class Server(Client):
    """A server in a home of its own, whose environments go with it."""

    def __init__(self, kind, *args, **kw):
        self.home = SandboxHome(kind)
        self.envs = []
        super().__init__(self.home, *args, **kw)

    def restart(self):
        """Another one, which finds what the first one left."""
        super().__init__(self.home, self.revision)

    def env(self):
        self.envs.append(self.call("create_runtime_env",
                                   image=IMAGE)["container_id"])
        return self.envs[-1]

    def start_run(self, env, code, file="main.py", seconds=60, **meta):
        return self.start_call("execute_code_block", {
            "container_id": env, "filename": file, "code_content": code,
            "timeout_sec": seconds}, **meta)

    def log(self, number):
        return self.content("execute_code_block", number)

    def run(self, env, code, **kw):
        return self.log(self.start_run(env, code, **kw))

    def workers(self):
        return list(sandboxes.children(self.process.pid))

    def begun(self, token):
        """Waits until a call has said that it runs."""
        self.wait(lambda: self.progress(token))

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                for env in self.envs:
                    self.call("cleanup_env", container_id=env)
                self.envs = []
            super().__exit__(kind, value, trace)
        finally:
            for env in self.envs:    # of a test that failed
                self.home.addesh("adde", "cleanup_env",
                                 json.dumps({"container_id": env}))
            self.home.close()


def gone(pids, limit=20):
    """Waits until none of the processes is there."""
    end = time.monotonic() + patient(limit)
    while True:
        left = {p: sandboxes.command_line(p) for p in pids
                if os.path.exists("/proc/%d" % p)}
        if not left:
            return
        assert time.monotonic() < end, left
        select.select([], [], [], 0.02)    # there is no event to wait for


# the first, as it takes a minute, and all others run beside it
@test("%s: idle workers end, and let their environments go",
      ("docker", "restricted-root"))
def _(kind):
    with Server(kind) as s:
        envs = [s.env() for _ in range(2)]
        for number in [s.start_run(e, "open('kept', 'w')\n") for e in envs]:
            s.log(number)
        workers = s.workers()
        begun = time.monotonic()
        gone(workers, 70)
        assert time.monotonic() - begun > 50, "they ended too soon"
        same(s.workers(), [])
        for env in envs:
            log = s.run(env, "import os\nprint(os.path.exists('kept'))\n")
            same(log["stdout"], "True\n")


@test("%s: a program's end is a result and no error", KINDS)
def _(kind):
    with Server(kind) as s:
        env = s.env()
        same(s.run(env, "import sys\nprint('o')\nsys.exit(7)\n")["exit_code"],
             7)
        log = s.run(env, "import sys\nsys.stderr.write('e\\0\\n')\n")
        same((log["stdout"], log["stderr"]), ("", "e\0\n"))
        log = s.run(env, "print(open(__file__, 'rb').read().count(0))\n#\0\n")
        same(log["stdout"], "1\n")
        same(s.run(env, "while True: pass\n", seconds=1)["exit_code"], 124)
        log = s.run(env, "print('{\"jsonrpc\":\"2.0\",\"id\":1}\\n' * 2)\n")
        same(log["stdout"], '{"jsonrpc":"2.0","id":1}\n' * 2 + "\n")
        log = s.run(env, "import sys\n"
                    "sys.stdout.buffer.write(b'\\xed\\xa0\\x80\\xff\\r\\x1b[2J')\n")
        same(log["stdout"], "\ufffd\ufffd\ufffd\ufffd\r\x1b[2J")
        log = s.run(env, "print('x' * 300000)\n")
        same(len(log["stdout"]), 300001)
        log = s.run(env, "x = '%s'\nprint(len(x))\n" % ("y" * (4 << 20)))
        same(log["stdout"], "%d\n" % (4 << 20))


@test("%s: different environments run side by side, one in order", KINDS)
def _(kind):
    with Server(kind) as s:
        first, second = s.env(), s.env()
        # each waits for a file that the other environment never gets: the
        # second call in `first` can only come after the first one ended
        slow = s.start_run(first, WAIT)
        late = s.start_run(first, "print('late')\n")
        other = s.start_run(second, "print('other')\n")
        same(s.log(other)["stdout"], "other\n")
        same(slow in s.answers or late in s.answers, False)
        # this one waits for nobody
        stats = s.call("get_stats", container_id=first)
        assert stats["memory_bytes"] > 1 << 20 and stats["pids"] > 0, stats
        same(slow in s.answers or late in s.answers, False)
        same(s.request("tools/list")["tools"] != [], True)
        s.cancel(slow)
        same(s.log(late)["stdout"], "late\n")
        same(slow in s.answers, False)


@test("%s: a cancelled call stops its program, and says no more",
      ("docker", "restricted-root"))
def _(kind):
    with Server(kind, "2025-11-25") as s:
        env = s.env()
        running = s.start_run(env, ENDLESS, progressToken="t")
        waiting = s.start_run(env, "open('ran', 'w')\n")
        s.begun("t")
        s.cancel(waiting)
        s.cancel(running)
        log = s.run(env, "import os\nprint(os.path.exists('ran'))\n")
        same(log["stdout"], "False\n")
        told = len(s.progress("t"))
        s.run(env, "import time\ntime.sleep(1.2)\n")
        same(len(s.progress("t")), told)
        same([n in s.answers for n in (running, waiting)], [False, False])


@test
def cancelled_at_once_nothing_comes():
    with Server("restricted-root") as s:
        env = s.env()
        for _ in range(30):
            number = s.start_run(env, "print(1)\n")
            s.cancel(number)
            # it may have been answered before it was cancelled
            same(s.run(env, "print(2)\n")["stdout"], "2\n")


@test("%s: of a cancelled call no environment stays open",
      ("docker", "restricted-root"), deadline=600)
def _(kind):
    chance = random.Random(1)
    with Server(kind) as s:
        begun = time.monotonic()
        s.env()
        took = time.monotonic() - begun
        for i in range(40):
            number = s.start_call("create_runtime_env", {"image": IMAGE})
            # at any time, and about when it is answered
            time.sleep(took * chance.choice((chance.random(),
                                             chance.uniform(0.8, 1.2))))
            s.cancel(number)
            time.sleep(0.05)
            s.request("tools/list")
            if number in s.answers:    # it came before
                s.envs.append(s.content("create_runtime_env",
                                        number)["container_id"])
        end = time.monotonic() + patient(60)
        while True:    # the last one may be about to go
            done = s.home.addesh("--json", "env", "ls", "-a").is_ok()
            kept = [e for e in json.loads(done.out)["result"]["environments"]
                    if e["state"] == "kept"]
            if len(kept) == len(s.envs):
                break
            assert time.monotonic() < end, kept


@test
def progress_grows_and_names_its_token():
    with Server("restricted-root") as s:
        env = s.env()
        for token, least in (("a", 2), (7, 1), ("b\n\"", 1)):
            s.run(env, "import time\ntime.sleep(%d.2)\n" % least,
                  progressToken=token)
            told = [p["progress"] for p in s.progress(token)]
            assert len(told) >= least, told
            same(told, sorted(set(told)))
        same(len(s.others), sum(len(s.progress(t)) for t in ("a", 7,
                                                             "b\n\"")))


@test
def an_id_is_used_once_at_a_time():
    with Server("restricted-root") as s:
        env = s.env()
        number = s.start_run(env, ENDLESS)
        s.methods[number] = "tools/list"
        s.start("tools/list", number=number)
        same(s.error(number)["code"], -32600)
        del s.answers[number]
        s.cancel(number)
        same(s.run(env, "print(2)\n")["stdout"], "2\n")


@test
def two_hundred_calls_at_once():
    with Server("restricted-root") as s:
        env = s.env()
        runs = [s.start_run(env, "print(%d)\n" % i) for i in range(50)]
        wrong = [s.start_call("cleanup_env", {"container_id": "none%d" % i})
                 for i in range(100)]
        lists = [s.start("tools/list") for _ in range(50)]
        for i, number in enumerate(runs):
            same(s.log(number)["stdout"], "%d\n" % i)
        for number in wrong:
            same(s.result(number)["isError"], True)
        for number in lists:
            same(len(s.result(number)["tools"]), 12)


@test
def two_servers_share_a_session_and_its_environments():
    with Server("restricted-root", options=("-s", "both")) as s:
        envs = [s.env() for _ in range(2)]
        other = Client(s.home, "2025-11-25", options=("-s", "both"))
        with other:
            numbers = [[c.start_call("execute_code_block", {
                "container_id": envs[i % 2], "filename": "%s.py" % name,
                "code_content": "print('%s', %d)\n" % (name, i)})
                for i in range(20)] for name, c in (("a", s), ("b", other))]
            for name, c, of in ("a", s, numbers[0]), ("b", other, numbers[1]):
                for i, number in enumerate(of):
                    same(c.content("execute_code_block", number)["stdout"],
                         "%s %d\n" % (name, i))
        same(len(steps(s.home, "-s", "both")), 42)


@test
def killed_at_any_time_a_worker_leaves_an_answer():
    chance = random.Random(1)
    with Server("restricted-root") as s:
        env = s.env()
        for i in range(25):
            number = s.start_run(env, "print(%d)\n" % i)
            time.sleep(chance.random() * 0.04)
            killed = set(s.workers())
            for pid in killed:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            result = s.result(number)
            if result["isError"]:
                assert "signal 9" in result["content"][0]["text"], result
            else:
                same(result["structuredContent"]["stdout"], "%d\n" % i)
        # one that had answered just before may be given another call until
        # its end is known
        gone(killed)
        same(s.run(env, "print(2)\n")["stdout"], "2\n")
        same(len(s.workers()), 1)


@test
def more_environments_than_workers():
    with Server("restricted-root") as s:
        envs = [s.env() for _ in range(11)]
        numbers = [s.start_run(env, "print(%d)\n" % i)
                   for i, env in enumerate(envs * 3)]
        for i, number in enumerate(numbers):
            same(s.log(number)["stdout"], "%d\n" % i)
        same(len(s.workers()) <= 8, True)


@test
def a_beginning_of_an_id_is_the_same_environment():
    with Server("docker") as s:
        env = s.env()
        first = s.start_run(env, WAIT)
        second = s.start_run(env[:12], "print('second')\n")
        third = s.start_run(env[:20], "print('third')\n")
        same(s.request("tools/list")["tools"] != [], True)
        s.cancel(first)
        same(s.log(third)["stdout"], "third\n")
        assert list(s.answers).index(second) < list(s.answers).index(third)


@test
def too_many_calls_that_wait_are_refused():
    with Server("restricted-root") as s:
        env = s.env()
        first = s.start_run(env, ENDLESS)
        waiting = [s.start_run(env, "print(1)\n") for _ in range(300)]
        refused = waiting[-1]
        same(s.error(refused)["code"], -32603)
        for number in [first] + waiting:
            s.cancel(number)
        same(s.run(env, "print(2)\n")["stdout"], "2\n")
        assert all("error" in a for n, a in s.answers.items()
                   if n in waiting), "a call that waited was carried out"


def steps(home, *options):
    """The commands that a session's history has."""
    done = home.addesh("--json", *options, "history").is_ok()
    return [step["command"] for step in
            json.loads(done.out)["result"]["steps"]]


@test("what is done is in the session %s", [
    ("adde", ()), ("mine", ("-s", "mine"))])
def _(name, options):
    with Server("restricted-root", options=options) as s:
        env = s.env()
        s.run(env, "print(1)\n")
        there = steps(s.home, "-s", name)
        same([c.split()[0] for c in there], ["env", "run"])
        assert "main.py" in there[1], there


@test("%s: a person uses the environment between an agent's calls", KINDS)
def _(kind):
    with Server(kind) as s:
        env = s.env()
        s.run(env, "open('a', 'w').write('agent')\n")
        for i in range(2):
            done = s.home.addesh("exec", "--in", env, "cat", "a").is_ok()
            same(done.out, "agent")
            same(s.run(env, "print(%d)\n" % i)["stdout"], "%d\n" % i)


@test("%s: a person takes an environment over, and gives it back", KINDS)
def _(kind):
    with Server(kind, options=("-s", "both")) as s:
        env = s.env()
        s.run(env, "open('a', 'w').write('agent')\n")
        person = s.home.spawn("-s", "both", stdin=subprocess.PIPE)
        try:
            person.stdin.write(b"env use %s\nexec cat a\n" % env.encode())
            person.stdin.flush()
            same(os.read(person.stdout.fileno(), 100), b"agent")
            # the agent goes on while the person has it open
            log = s.run(env, "open('b', 'w').write('agent again')\n")
            same(log["exit_code"], 0)
            out, err = person.communicate(b"exec cat b\nexec touch c\n",
                                          patient(60))
        finally:
            person.kill()
            person.communicate()
        same((person.returncode, out), (0, b"agent again"), err)
        log = s.run(env, "import os\nprint(os.path.exists('c'))\n")
        same(log["stdout"], "True\n")
        same([c.split()[0] for c in steps(s.home, "-s", "both")],
             ["env", "run", "env", "exec", "run", "exec", "exec", "run"])


@test("%s: one that is gone is told, and the next works", ENGINES)
def _(kind):
    with Server(kind) as s:
        env = s.env()
        s.run(env, "print(1)\n")
        engines.api(kind).delete("/containers/" + env, force="true")
        text = s.fails("execute_code_block", container_id=env,
                       filename="a.py", code_content="print(1)\n")
        assert text, text
        s.envs = []
        same(s.run(s.env(), "print(2)\n")["stdout"], "2\n")


@test
def the_policy_holds():
    with Server("docker", options=("--policy", "small")) as s:
        env = s.env()
        limits = engines.api("docker").get(
            "/containers/%s/json" % env)["HostConfig"]
        same(limits["NanoCpus"], 250000000)
    home = SandboxHome("docker", config={"tools": {
        "code_execution": {"enabled": False}}})
    with home, Client(home) as c:
        text = c.fails("create_runtime_env", image=IMAGE)
        assert "enabled" in text or "disabled" in text, text


@test
def a_worker_that_dies_is_replaced():
    with Server("restricted-root") as s:
        env = s.env()
        number = s.start_run(env, ENDLESS, progressToken=1)
        s.begun(1)
        before = s.workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        result = s.result(number)
        same(result["isError"], True)
        text = result["content"][0]["text"]
        assert "signal 9" in text and "still there: call again" in text, text
        gone(before)
        same(s.run(env, "print(2)\n")["stdout"], "2\n")


def stop(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


@test
def a_worker_that_is_stopped_holds_up_nobody_else():
    with Server("restricted-root") as s:
        env = s.env()
        stopped = s.workers()
        stop(stopped)
        # more than a socket takes
        number = s.start_run(env, "x = '%s'\n" % ("y" * (4 << 20)))
        same(s.request("tools/list")["tools"] != [], True)
        same(s.run(s.env(), "print(1)\n")["stdout"], "1\n")
        waits = s.start_run(env, "print(2)\n")
        s.cancel(number)
        same(s.log(waits)["stdout"], "2\n")
        gone(stopped)


@test
def a_worker_that_is_stopped_does_not_keep_the_server():
    s = Server("restricted-root")
    with s:
        env = s.env()
        workers = s.workers()
        stop(workers)
        same(s.finish(20)[0], 0)
        gone(workers)
        s.restart()
        same(s.run(env, "print(1)\n")["stdout"], "1\n")


@test("a worker that gets %s leaves the environment alone", (
    "SIGINT", "SIGTERM", "SIGHUP"))
def _(name):
    with Server("restricted-root") as s:
        env = s.env()
        s.run(env, "open('kept', 'w')\n")
        number = s.start_run(env, ENDLESS, progressToken=1)
        s.begun(1)
        workers = s.workers()
        for pid in workers:
            os.kill(pid, getattr(signal, name))
        result = s.result(number)
        text = result["content"][0]["text"]
        same(result["isError"], True)
        assert "interrupted" in text and "environment_lost" not in text, text
        if name != "SIGINT":
            gone(workers)
        log = s.run(env, "import os\nprint(os.path.exists('kept'))\n")
        same(log["stdout"], "True\n")


@test("%s: it ends in the middle of a call: %s", [
    (kind, how) for kind in ("docker", "restricted-root")
    for how in ("EOF", "SIGTERM", "SIGKILL")])
def _(kind, how):
    with Server(kind) as s:
        env = s.env()
        s.run(env, "open('kept', 'w')\n")
        s.start_run(env, ENDLESS, progressToken=1)
        s.begun(1)
        workers = s.workers()
        assert workers
        began = time.monotonic()
        if how != "EOF":
            s.process.send_signal(getattr(signal, how))
            s.process.wait(patient(20))
        status = s.finish(20, died=how == "SIGKILL")[0]
        same(status, {"EOF": 0, "SIGTERM": 128 + 15, "SIGKILL": -9}[how])
        gone(workers)
        assert time.monotonic() - began < patient(10), "too long"
        s.restart()
        log = s.run(env, "import os\nprint(os.path.exists('kept'))\n")
        same(log["stdout"], "True\n")


main(beside=True)
