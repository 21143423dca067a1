# SPDX-License-Identifier: MIT
"""stats and ps: loads whose numbers are known, and who is looked at while
others use it."""

import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from proxy import Proxy
from sandboxes import ENGINES, KINDS, SandboxHome, Session
from tap import main, patient, same, test

NAMES = ["cpu_percent", "cpu_limit_percent", "cpu_limit", "memory_usage_mb",
         "memory_percent", "memory_bytes", "memory_peak", "memory_limit",
         "pids", "pids_limit", "network_rx_mb", "network_tx_mb", "block_read",
         "block_write"]
MB = 1 << 20


def numbers(result):
    """The members of a reading, which are a number, or null with a reason."""
    same([n for n in NAMES if n not in result], [], "missing")
    same(sorted(result["unknown"]),
         sorted(n for n in NAMES if result[n] is None), "unknown")
    assert all(result["unknown"].values()), result
    for name in NAMES:
        assert result[name] is None or result[name] >= 0, (name, result)
    return result


def session(kind, script, *options, **kw):
    with SandboxHome(kind, **kw) as h:
        done = h.script(script, "--json", *options).is_ok()
        return [a["result"] for a in done.objects()]


# It says when it is ready, and stays.
HOLD = """exec -d python3 -c 'x = bytearray(50 << 20)
x[:] = b"1" * len(x)
open("/workspace/up", "w").close()
import time
time.sleep(1000)'
exec sh -c 'until [ -e /workspace/up ]; do sleep 0.01; done'
"""


# It writes down what it got of a processor; a busy machine gives it less than
# its limit allows.
LOOP = """exec -d python3 -c 'import time
f = open("/workspace/t", "w")
end = 0
while True:
    now = time.monotonic()
    if now > end:
        print(now, time.process_time(), file=f, flush=True)
        end = now + 0.02'
"""


def share(text, seconds, ago):
    """Percent of a core that it had in that time, which ended so long ago."""
    lines = [[float(w) for w in line.split()]
             for line in text.splitlines()[:-1]]
    last = [s for s in lines if s[0] <= lines[-1][0] - ago][-1]
    first = [s for s in lines if s[0] >= last[0] - seconds][0]
    return (last[1] - first[1]) / (last[0] - first[0]) * 100


@test("processor time and memory of a known load: %s", KINDS)
def _(kind):
    if kind == "restricted-user":    # without a cgroup nothing is in the
        # background, and no limit of processor time holds
        return stats_of_user()
    script = ("env new --cpus 0.5 --memory 256m python:3.11-slim\n"
              "stats -i 1s\n" + HOLD + "stats -i 1s\n"
              + LOOP + "stats --interval 3s\ncat t\nps\n")
    _, idle, _, _, held, _, busy, text, ps = session(kind, script)
    idle, held, busy = numbers(idle), numbers(held), numbers(busy)
    same(busy["cpu_limit"], 0.5, "limit")
    assert idle["cpu_percent"] < 15, idle
    # what it wrote is read a little later
    had = [share(text["content"], busy["interval_ms"] / 1000, n / 4)
           for n in range(9)]
    assert any(abs(busy["cpu_percent"] - h) < 6 for h in had), (had, busy)
    assert 3 < busy["cpu_percent"] < 58, busy
    assert abs(busy["cpu_limit_percent"] - 2 * busy["cpu_percent"]) < 0.1
    assert 2900 <= busy["interval_ms"] < patient(6000), busy
    more = held["memory_bytes"] - idle["memory_bytes"]
    assert 50 * MB <= more <= 70 * MB, (idle, held)
    assert abs(held["memory_bytes"] / MB - held["memory_usage_mb"]) < 0.1, held
    assert held["memory_peak"] >= 50 * MB, held
    assert held["memory_limit"] > 256 * MB, held
    part = held["memory_bytes"] / held["memory_limit"] * 100
    assert abs(held["memory_percent"] - part) < 0.1, held
    assert held["pids"] == idle["pids"] + 1 == busy["pids"] - 1, (idle, busy)
    assert busy["pids_limit"] >= 128, busy
    same(busy["network_rx_mb"], None, "no network")
    same(busy["unknown"]["network_tx_mb"], "it has no network", "no network")
    shown = {p["command"][:7]: p for p in ps["processes"]}
    same(len(ps["processes"]), 2, "processes")
    for p in ps["processes"]:
        same((p["user"], p["threads"]), ("sandbox", 1), "process")
    loop = [p for p in ps["processes"] if "while" in p["command"]][0]
    hold = [p for p in ps["processes"] if "bytearray" in p["command"]][0]
    assert 50 * MB < hold["memory_bytes"] < 90 * MB, shown
    assert 3 <= loop["cpu_percent"] <= 75 and loop["cpu_ms"] > 100, shown
    assert loop["elapsed_ms"] > 2900, shown


def stats_of_user():
    """While it runs, from another process."""
    with SandboxHome("restricted-user") as h:
        h.addesh("env", "new", "--keep", "--name", "u").is_ok()
        code = ("x = bytearray(50 << 20); x[:] = b'1' * len(x)\n"
                "while True: pass")
        run = h.spawn("-c", "exec --in u python3 -c \"%s\"" % code)
        try:
            wait_for_process(h, "u", "bytearray")
            end = time.monotonic() + patient(20)
            while True:
                (r,) = h.addesh("--json", "stats", "-i", "1s",
                                "u").is_ok().objects()
                r = numbers(r["result"])
                if r["memory_bytes"] > 50 * MB and r["cpu_percent"] > 5:
                    break
                assert time.monotonic() < end, r
            assert r["memory_bytes"] < 80 * MB, r
            assert r["cpu_percent"] < 130 and 1 <= r["pids"] <= 3, r
            same(r["memory_limit"], 256 * MB, "watched from outside")
            assert r["unknown"]["memory_peak"], r
        finally:
            run.terminate()
            run.communicate()


def processes(h, name):
    (a,) = h.addesh("--json", "ps", name).is_ok().objects()
    return a["result"]["processes"]


def wait_for_process(h, name, word):
    end = time.monotonic() + patient(30)
    while True:
        found = [p for p in processes(h, name)
                 if word in p.get("command", "")]
        if found:
            return found[0]
        assert time.monotonic() < end, processes(h, name)
        time.sleep(0.05)


@test("the page cache of a large file does not count: %s", ENGINES,
      beside=True)
def _(kind):
    script = ("set workspace disk\nenv new -m 256m python:3.11-slim\n"
              "exec dd if=/dev/zero of=big bs=1M count=64\n"
              "exec dd if=big of=/dev/null bs=1M\nstats -i 0\n")
    r = numbers(session(kind, script)[-1])
    assert r["memory_bytes"] < 20 * MB, r
    assert r["memory_peak"] > 40 * MB, r    # where it is counted
    same(r["cpu_percent"], None, "no time to measure it over")


@test("what goes over the network is counted, each way: %s",
      [k for k in KINDS if k != "restricted-user"], beside=True)
def _(kind):
    # a busy machine loses most of it before it is counted
    send = ("import socket, time\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "def sent():\n"
            "    return sum(int(l.split(':')[1].split()[8]) for l in"
            " open('/proc/net/dev') if ':' in l and 'lo:' not in l)\n"
            "while sent() < 400000:\n"
            "    s.sendto(bytes(1000), ('192.0.2.1', 9))\n"
            "    time.sleep(0.001)")
    script = ("env new --net --keep --name n python:3.11-slim\n"
              "exec python3 -c \"%s\"\nexec sleep 1\nstats -i 0\n"
              "exec cat /proc/net/dev\n" % send)
    with SandboxHome(kind) as h:
        done = h.script(script, "--json").is_ok()
        _, _, _, own, there = [a["result"] for a in done.objects()]
        counted = [line.split(":")[1].split() for line in
                   there["stdout"].splitlines()[2:] if "lo:" not in line]
        received, sent = (sum(int(words[i]) for words in counted) / MB
                          for i in (0, 8))
        assert sent > 0.3, there
        (other,) = h.addesh("stats", "n", "--json").is_ok().objects()
        for r in numbers(own), numbers(other["result"]):
            assert abs(r["network_tx_mb"] - sent) < 0.05, (r, sent)
            assert abs(r["network_rx_mb"] - received) < 0.05, (r, received)


@test("beside a program of another process, which goes on: %s", KINDS,
      beside=True)
def _(kind):
    with SandboxHome(kind) as h:
        h.addesh("-c", "env new --keep --name k python:3.11-slim").is_ok()
        run = h.spawn("-c", "exec -t 10m --in k python3 -c \"import time\n"
                      "end = time.monotonic() + %d\n"
                      "while time.monotonic() < end: pass\n"
                      "print('done')\"" % patient(10))
        found = wait_for_process(h, "k", "monotonic")
        same(found["user"], "sandbox", "user")
        (r,) = h.addesh("--json", "stats", "k").is_ok().objects()
        same(run.poll(), None, "it waited for that")
        r = numbers(r["result"])
        same(r["env"], "k", "name")
        assert r["cpu_percent"] > 2 and r["memory_bytes"] > MB, r
        # of another session, by a beginning of its id, and as text
        listed = h.addesh("--json", "env", "ls", "-a").is_ok().objects()
        (ident,) = [e["id"] for e in listed[0]["result"][
            "environments"] if (e["name"], e["state"]) == ("k", "kept")]
        said = h.addesh("-s", "other", "stats", ident[:8]).is_ok().out
        assert re.search(r"^CPU +[0-9.]+% of a core", said, re.M), said
        assert re.search(r"^memory +[0-9.]+ MB", said, re.M), said
        assert re.search(r"^network +none: it has no", said, re.M), said
        out, err = run.communicate(timeout=patient(60))
        same((run.returncode, out), (0, b"done\n"), err)


@test("names of processes are not obeyed: %s", KINDS, beside=True)
def _(kind):
    with SandboxHome(kind) as h:
        h.addesh("-c", "env new --keep --name k python:3.11-slim").is_ok()
        h.write("p.py", "import os, time\nif os.path.exists('x'): "
                "time.sleep(1000)\nopen('x', 'w').close()\n"
                "os.execv('/usr/bin/env', [b'env', b'python3', b'p.py', "
                "b'\\x1b]0;owned\\x07\\x1b[2J', b'a\\nb\\tc', b'\\xff\\xe2"
                "\\x80\\xae'])\n")
        run = h.spawn("-c", "env use k", "-c", "put p.py",
                      "-c", "exec python3 p.py")
        try:
            end = time.monotonic() + patient(30)
            while b"owned" not in (said := h.spawn("ps", "k").communicate()[
                    0]):
                assert time.monotonic() < end, said
            assert not re.search(rb"[\x00-\x09\x0b-\x1f]", said), said
            (line,) = [s for s in said.split(b"\n") if b"owned" in s]
            assert b"a?b?c" in line and line.split()[-1], said
            (p,) = [p for p in processes(h, "k") if "command_b64" in p]
            assert p["state"] in ("sleeping", "running"), p
        finally:
            run.terminate()
            run.communicate()


@test("a bomb of processes is seen, and named: %s",
      [k for k in KINDS if k != "restricted-user"], beside=True)
def _(kind):
    bomb = "import os, time\nwhile True:\n try: os.fork()\n " \
        "except OSError: time.sleep(0.05)"
    with Session(kind, new="env new --pids-limit 60 python:3.11-slim") as s:
        s.ok("exec -d python3 -c \"%s\"" % bomb)
        end = time.monotonic() + patient(60)
        while True:
            stats = s.ok("stats -i 300ms")
            if stats["pids_limit"] - stats["pids"] <= 3:
                break
            assert time.monotonic() < end, stats
        ps, stats = s.ok("ps"), s.ok("stats -i 0")
        s.ok("kill -9 1")
        same(stats["pids_limit"] - stats["pids"] <= 3, True, stats)
        assert len(ps["processes"]) >= 50, ps
        assert all("fork" in p["command"] for p in ps["processes"]), ps


@test("readings as they come: a line for each, numbers, and JSON")
def _():
    with SandboxHome("restricted-root") as h:
        done = h.script("env new\nstats --count 3 -i 100ms\n").is_ok()
        lines = done.out.splitlines()
        same(len(lines), 4, done.out)
        assert lines[0].split()[:3] == ["CPU", "LIMIT", "MEMORY"], lines
        assert all(re.match(r" +[0-9.]+% +[0-9.]+% +[0-9]", s)
                   for s in lines[1:]), lines
        done = h.script("env new\nstats -n 2 -i 0\nstats -i 0\n",
                        "--plain").is_ok()
        series, facts = done.out.splitlines()[:2], done.out.splitlines()[2:]
        same([len(s.split("\t")) for s in series], [len(NAMES)] * 2, "plain")
        same([s.split("\t")[0] for s in facts], NAMES, "plain")
        done = h.script("env new\nstats -w -n 2 -i 200ms\n",
                        "--json").is_ok()
        result = done.objects()[-1]["result"]
        same(len(result["samples"]), 2, result)
        for sample in result["samples"]:
            assert numbers(sample)["cpu_percent"] is not None, sample
            assert 100 <= sample["interval_ms"] < patient(2000), sample


@test("what is wrong is said", beside=True)
def _():
    with SandboxHome("restricted-root") as h:
        for args, text in (
                (("stats",), "no environment is selected"),
                (("ps", "none"), "there is no environment 'none'"),
                (("--json", "stats", "-w"), "--count"),
                (("stats", "-n", "0"), "--count"),
                (("stats", "-w", "-i", "0"), "--count")):
            done = h.addesh(*args)
            same(done.status, 2, args)
            assert text in done.out + done.err, (args, done.out, done.err)


@test("one that has ended is said to have: %s",
      ENGINES + ("restricted-root",), beside=True)
def _(kind):
    with SandboxHome(kind) as h:
        made = h.addesh("--json", "env", "new", "--keep", "--name",
                        "k", "python:3.11-slim").is_ok().objects()[0]["result"]
        same(processes(h, "k"), [])
        done = h.addesh("ps", "k").is_ok()
        same((done.out, done.err), ("", "no process runs in k\n"))
        if kind in ENGINES:
            engines.api(kind).remove(made["container"])
        else:
            path = h.env["XDG_STATE_HOME"] + "/addesh/kept/%s.json" % (
                made["id"])
            with open(path) as f:
                owner = json.load(f)["box"]["runner"]
            os.kill(int(owner.split(":")[2]), 9)
        for command in "stats", "ps":
            done = h.addesh(command, "k")
            assert done.status == 125 and "ended" in done.err or \
                "no such container" in done.err.lower(), (done.status,
                                                          done.err)


class Counting(Proxy):
    """Notes the first line of each request."""

    def __init__(self, path, endpoint):
        self.lines = []
        super().__init__(path, endpoint)

    def _requests(self, data, held):
        self.lines += re.findall(rb"^(?:GET|POST|PUT|DELETE) (\S+) HTTP",
                                 data, re.M)


@test("a reading is one request of the engine, or none: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as h:
        proxy = Counting(os.path.join(h.path, "p.sock"),
                         engines.endpoint(kind))
        h.options[h.options.index("--engine") + 1] = proxy.url
        try:
            h.addesh("-c", "env new --keep --name k python:3.11-slim").is_ok()
            used = []
            for count in 1, 4:
                proxy.lines.clear()
                h.addesh("stats", "-i", "0", "-n", count, "k").is_ok()
                used.append(len(proxy.lines))
            each = (used[1] - used[0]) / 3
            same(each, 1.0 if kind == "docker" else 0.0, proxy.lines)
            # of a program's own session nobody is asked
            proxy.lines.clear()
            h.script("env new python:3.11-slim\nstats -n 3 -i 0\n").is_ok()
            assert not [s for s in proxy.lines if b"stats" in s], proxy.lines
        finally:
            h.close_kept()
            proxy.close()


if __name__ == "__main__":
    main()
