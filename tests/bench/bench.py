#!/usr/bin/env python3
"""What addesh costs, as ratios to what it replaces, from one run.

Both sides of a row are measured in turn, on all CPUs, with the same python3,
and the medians are divided: the ratio is what counts, as machines differ and
are noisy.  Needs ADDESH_TEST_DOCKER and ADDESH_TEST_PODMAN (tests/engines/with
sets them); rows whose engine is not there are left out and said to be.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from common import (ADDESH, CLIENT, CPUS, DOCKER, GIGABYTE, IMAGE, LIMITS,
                    PODMAN, PYTHON, Report, Shell, docker, fill, in_turn,
                    native, timed)
from projects import bench_check, bench_open, bench_test


def bench_runs(report, url, program):
    """One warm run, and a thousand."""
    name = "addesh-bench-%d" % os.getpid()
    timed(docker(url, "run", "-d", "--name", name, "--network", "none",
                 *LIMITS, IMAGE, "sleep", "3600"))

    def copy_and_exec():
        return timed(docker(url, "cp", program, name + ":/tmp/main.py")) + \
            timed(docker(url, "exec", name, "python3", "/tmp/main.py"))

    try:
        with Shell("--engine", url) as shell:
            shell("env new %s --cpus %s" % (IMAGE, CPUS))
            mine, bare = in_turn(60, lambda: shell("run " + program)[0],
                                 lambda: native([PYTHON, program]))
            report.row("run of print(1), warm / native", mine, bare, 1.25)
            mine, old = in_turn(20, lambda: shell("run " + program)[0],
                                copy_and_exec)
            report.row("run of print(1) / docker cp + exec", mine, old, 0.15)
            bench_thousand(report, shell, program)
    finally:
        timed(docker(url, "rm", "-f", name))


def bench_thousand(report, shell, program):
    mine = bare = 0
    peaks = []
    for _ in range(10):
        mine += sum(shell("run " + program)[0] for _ in range(100))
        bare += sum(native([PYTHON, program]) for _ in range(100))
        peaks.append(shell.resident_peak())
    report.row("1,000 runs / 1,000 native", mine, bare, 1.3)
    report.row("resident after 1,000 runs / after 100 (MB)", peaks[-1] / 2**20,
               peaks[0] / 2**20, 1.1, unit="MB")
    shell("env rm --all")
    shell("env new " + IMAGE)
    mine, bare = in_turn(50, lambda: shell("run " + program)[0],
                         lambda: native([PYTHON, program]))
    report.row("run of print(1) at the default CPU limit / native", mine, bare)


class McpClient:
    """A server of MCP, and a client of its oldest revision."""

    def __init__(self, *options):
        self.number = 0
        self.process = subprocess.Popen(
            [ADDESH, *options, "mcp"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.request("initialize", protocolVersion="2024-11-05",
                     capabilities={}, clientInfo={"name": "x", "version": "1"})

    def request(self, method, **params):
        self.number += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self.number,
                           "method": method, "params": params})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["result"]

    def call(self, tool, **arguments):
        """Seconds, and the structured content."""
        began = time.perf_counter()
        result = self.request("tools/call", name=tool, arguments=arguments)
        took = time.perf_counter() - began
        if result["isError"]:
            raise SystemExit("bench: %s: %s" % (tool, result["content"]))
        return took, result["structuredContent"]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait(60)


def bench_mcp(report, url, program):
    """One call of a client that has its environment already."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as policy:
        policy.write("tools: {code_execution: {cpu_limit: %s}}\n" % CPUS)
        policy.flush()
        with McpClient("--engine", url, "--config", policy.name) as client:
            env = client.call("create_runtime_env",
                              image=IMAGE)[1]["container_id"]
            try:
                mine, bare = in_turn(60, lambda: client.call(
                    "execute_code_block", container_id=env,
                    filename="main.py", code_content="print(1)\n")[0],
                    lambda: native([PYTHON, program]))
            finally:
                client.call("cleanup_env", container_id=env)
    report.row("MCP execute_code_block, warm / native", mine, bare, 1.35)


def bench_opening(report, url, what, network, bound):
    name = "addesh-bench-%d" % os.getpid()
    flags = ["--network", "none"] if network == "none" else []
    closing = []
    with Shell("--engine", url) as shell:
        def mine():
            took, _ = shell("env new %s --network %s --cpus %s" % (
                IMAGE, network, CPUS))
            closing.append([shell("env rm --all")[0]])
            return took

        def theirs():
            took = timed(docker(
                url, "run", "-d", "--name", name, *flags, *LIMITS, IMAGE,
                "sleep", "3600"))
            closing[-1].append(timed(docker(url, "rm", "-f", name)))
            return took

        new, run = in_turn(15, mine, theirs)
    report.row("env new on %s, network %s / docker run -d" % (what, network),
               new, run, bound)
    if what == "Docker" and network == "none":
        mine_rm, their_rm = (statistics.median(x) for x in zip(*closing))
        report.row("env rm / docker rm -f", mine_rm, their_rm, 1.3)


# What it installs does not matter: the second time nothing is.
LANGUAGES = {"bench": {"recipes": [["sh", "{file}"]], "dependencies": {
    "packages": ["mkdir", "{packages}"]}}}


def bench_layer(report, url, what):
    """Packages that a layer has already."""
    with tempfile.TemporaryDirectory() as config:
        os.mkdir(config + "/addesh")
        with open(config + "/addesh/languages.yaml", "w") as f:
            json.dump(LANGUAGES, f)
        with Shell("--engine", url, env={"XDG_CONFIG_HOME": config}) as shell:
            def opened(*options):
                took, answer = shell(" ".join(("env new", *options, IMAGE)))
                shell("env rm --all")
                return took, answer["result"]

            package = ("--lang", "bench", "--dep", "b%d" % os.getpid())
            layer = opened(*package)[1]["layer"]
            mine, plain = in_turn(25, lambda: opened(*package)[0],
                                  lambda: opened()[0])
            report.row("env new --dep on %s, again / env new" % what, mine,
                       plain, 1.2)
    subprocess.run(docker(url, "rmi", "-f", layer), stdout=subprocess.DEVNULL,
                   check=True)


# The namespaces and the mounts of the restricted sandbox, and nothing else.
BWRAP = ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid",
         "--unshare-net", "--unshare-uts",
         "--hostname", "sandbox", "--ro-bind", "/usr", "/usr",
         "--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin",
         "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
         "--ro-bind", "/etc/alternatives", "/etc/alternatives",
         "--ro-bind-try", "/etc/java-17-openjdk", "/etc/java-17-openjdk",
         "--proc", "/proc", "--ro-bind", "/dev/null", "/proc/kallsyms",
         "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp",
         "--tmpfs", "/workspace", "--remount-ro", "/dev",
         "--remount-ro", "/", "--new-session", "--die-with-parent"]


def bench_restricted(report, program):
    with Shell("--engine", "restricted") as shell:
        def mine():
            took, _ = shell("env new --cpus " + CPUS)
            shell("env rm --all")
            return took

        new, bare = in_turn(100, mine,
                            lambda: native(["/usr/bin/" + BWRAP[0],
                                            *BWRAP[1:], "/bin/true"]))
        report.row("restricted env new / bare bwrap", new, bare, 1.5)
        shell("env new --cpus " + CPUS)
        mine_run, native_run = in_turn(
            30, lambda: shell("run " + program)[0],
            lambda: native([PYTHON, program]))
        report.row("restricted run of print(1) / native", mine_run,
                   native_run)


def bench_stats(report, url, what):
    """A reading, beside a program that runs; without an engine in 20 ms."""
    with Shell("--engine", url) as shell:
        shell("env new %s" % (IMAGE if "://" in url else ""))
        shell("exec -d sleep 1000")

        def reading():
            return (shell("stats --interval 0 --count 21")[0] -
                    shell("stats --interval 0")[0]) / 20

        mine, = in_turn(5, reading)
        report.row("stats, a reading on %s / 20 ms" % what, mine, 0.02,
                   1.0)


def bench_start(report, url):
    mine, theirs = in_turn(
        30, lambda: native([os.path.abspath(ADDESH), "-c", "help"]),
        lambda: native(docker(url, "version")))
    report.row("addesh -c help / docker version", mine, theirs, 0.6)


FLOOD = "import os\nb = b'x' * 65535 + b'\\n'\n" \
    "for _ in range(16384): os.write(1, b)\n"


def bench_flood(report, url, what, bound):
    """1 GB of stdout, cut at the limit, and whole into a file."""
    name = "addesh-bench-%d" % os.getpid()
    directory = tempfile.mkdtemp(dir=os.environ.get("ADDESH_BENCH_DIR"))
    flood = os.path.join(directory, "flood.py")
    target = os.path.join(directory, "out")
    with open(flood, "w") as file:
        file.write(FLOOD)
    timed(docker(url, "run", "-d", "--name", name, "--network", "none",
                 *LIMITS, IMAGE, "sleep", "3600"))
    timed(docker(url, "cp", flood, name + ":/tmp/flood.py"))

    def theirs(to_file):
        with open(target if to_file else "/dev/null", "wb") as out:
            took = timed(docker(url, "exec", name, "python3",
                                "/tmp/flood.py"), stdout=out)
        if to_file:
            gone()
        return took

    def whole(shell):
        took, _ = shell("run -t 120 %s > %s" % (flood, target))
        gone()
        return took

    def gone():
        """Neither side pays for what the other, or the machine before, has
        written and the disk has not yet taken."""
        size = os.path.getsize(target)
        os.unlink(target)
        os.sync()
        if size != GIGABYTE:
            raise SystemExit("bench: the file has %d bytes" % size)

    try:
        with Shell("--yes", "--engine", url) as shell:
            shell("env new %s --cpus %s" % (IMAGE, CPUS))
            cut, old = in_turn(3, lambda: shell("run -t 120 " + flood)[0],
                               lambda: theirs(False))
            report.row("1 GB of stdout on %s, default limit / docker exec" %
                       what, cut, old, 0.6)
            os.sync()
            kept, old = in_turn(5, lambda: whole(shell),
                                lambda: theirs(True))
            report.row("1 GB of stdout on %s, whole into a file / exec" %
                       what, kept, old, bound)
            report.size("resident memory of addesh at its peak",
                        shell.resident_peak(), 24 << 20)
    finally:
        timed(docker(url, "rm", "-f", name))
        for path in (flood, target):
            if os.path.exists(path):
                os.unlink(path)
        os.rmdir(directory)


def bench_context(report, url, what, times, make):
    """What sending a directory takes; the build itself is next to nothing."""
    with tempfile.TemporaryDirectory(
            dir=os.environ.get("ADDESH_BENCH_DIR")) as tree:
        make(tree)
        with open(tree + "/Dockerfile", "w") as f:
            f.write("FROM scratch\nENV BENCH=1\nUSER 1\n")
        os.sync()
        old = {**os.environ, "DOCKER_BUILDKIT": "0"}
        tag = "addesh-bench:%d" % os.getpid()

        def settled(side):
            """Neither side pays for what the other has written."""
            os.sync()
            return side()

        with Shell("--engine", url) as shell:
            mine, theirs = in_turn(
                times,
                lambda: settled(
                    lambda: shell("build %s -t %s" % (tree, tag))[0]),
                lambda: settled(
                    lambda: timed(docker(url, "build", "-t", tag + "-old",
                                         tree), env=old)))
            report.row("build of %s / docker build" % what, mine, theirs, 1.0)
            report.size("resident memory of addesh at its peak",
                        shell.resident_peak(), 24 << 20)
        subprocess.run(docker(url, "rmi", "-f", tag, tag + "-old"),
                       stdout=subprocess.DEVNULL, check=True)


def bench_project(report, url, count=10000):
    """A directory that becomes a project, with its environment, against the
    copying of its files alone."""
    name = "addesh-bench-project-%d" % os.getpid()
    timed(docker(url, "run", "-d", "--name", name, *LIMITS, IMAGE, "sleep",
                 "3600"))

    def cleared(side, clear):
        """Neither side pays for what the other has written."""
        os.sync()
        taken = side()
        clear()
        return taken

    try:
        with tempfile.TemporaryDirectory(
                dir=os.environ.get("ADDESH_BENCH_DIR")) as tree, \
                Shell("--engine", url) as shell:
            fill(tree + "/src", count, 2000)
            line = "project open --no-deps --name p --image %s %s" % (
                IMAGE, tree)
            mine, theirs = in_turn(
                7, lambda: cleared(lambda: shell(line)[0],
                                   lambda: shell("project rm p")),
                lambda: cleared(
                    lambda: timed(docker(url, "cp", tree, name + ":/copy")),
                    lambda: timed(docker(url, "exec", name, "rm", "-r",
                                         "/copy"))))
            report.row("project open of 10,000 files / docker cp", mine,
                       theirs, 1.2)
    finally:
        timed(docker(url, "rm", "-f", name))


def bench_contexts(report, url):
    def large(tree):
        with open(tree + "/large", "wb") as f:
            for _ in range(1024):
                f.write(os.urandom(1024) * 1024)

    def ignored(tree):
        fill(tree + "/src", 100)
        fill(tree + "/node_modules", 100000)
        with open(tree + "/.dockerignore", "w") as f:
            f.write("node_modules\n")

    bench_context(report, url, "20,000 small files", 9,
                  lambda tree: fill(tree + "/src", 20000))
    bench_context(report, url, "one file of 1 GB", 5, large)
    bench_context(report, url, "a tree with 100,000 ignored files", 5,
                  ignored)


def bench_session(report, processes=50, steps=8):
    """Many processes that add to one session at once."""
    commands = ["-c", "true"] * steps

    def together(*options):
        all_ = [subprocess.Popen([ADDESH, "--no-config", *options, *commands])
                for _ in range(processes)]
        for process in all_:
            if process.wait(60):
                raise SystemExit("bench: status %d" % process.returncode)

    def seconds(*options):
        began = time.perf_counter()
        together(*options)
        return time.perf_counter() - began

    name = "bench-%d" % os.getpid()
    try:
        mine, alone = in_turn(5, lambda: seconds("-s", name), seconds)
        report.row("%d processes on one session / without one" % processes,
                   mine, alone)
        with Shell("-s", name) as shell:
            there = shell("history")[1]["result"]["steps"]
        done = [s for s in there if s["state"] == "done"]
        report.count("steps of theirs that are lost",
                     5 * processes * steps - len(done))
    finally:
        subprocess.run([ADDESH, "session", "rm", name], check=True,
                       stdout=subprocess.DEVNULL)


def recording(steps):
    """The answers beside a session file: (command, what came on stdout)."""
    lines = [{"addesh-recording": 1, "program": "bench",
              "created": "2026-01-01T00:00:00Z"}]
    ended = {"code": 0, "signal": None, "timed_out": False, "oom": False}
    for command, text in steps:
        lines.append({"id": None, "command": command + "\n", "status": ended,
                      "us": 1000, "cut": False, "events": [[500, "o", text]],
                      "object": None})
    return "".join(json.dumps(line) + "\n" for line in lines)


def session_file(directory, name, steps):
    """Of (command, expected, answer), all text of whole lines; its path."""
    path = os.path.join(directory, name)
    with open(path + ".md", "w") as f:
        f.write("---\naddesh-session: 1\n---\n")
        for command, expected, _ in steps:
            f.write("```addesh\n$ %s\n%s```\n" % (command, expected))
    with open(path + ".rec.jsonl", "w") as f:
        f.write(recording((step[0], step[2]) for step in steps))
    return path + ".md"


def replayed(path, status):
    """Seconds and peak memory of a replay that ends with this status."""
    return measured(["replay", "--offline", path], status)


def measured(words, status):
    """Seconds and peak memory of a command that ends with this status."""
    began = time.perf_counter()
    with open(os.devnull, "r+b") as null:
        process = subprocess.Popen([ADDESH, *words], stdout=null, stderr=null)
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        raise SystemExit("bench: %s ended with %d" % (words[0],
                                                      process.returncode))
    return time.perf_counter() - began, usage.ru_maxrss * 1024


def many_lines(count, changed):
    """Output of so many lines, and what expects it: masks, and an elision each
    hundred lines; changed: some are others."""
    output, expected = [], []
    for i in range(count):
        name = "test %d in " % i if i % 2 else "line %d" % i
        output.append(name + ("0.%ds" % (i % 9) if i % 2 else ""))
        if changed and i % 5000 == 77:
            name = "case %d in " % i
        expected.append("..." if i % 100 == 50
                        else name + ("[TIME]" if i % 2 else ""))
    return "\n".join(expected) + "\n", "\n".join(output) + "\n"


def bench_replay(report):
    """Session files against their recordings."""
    with tempfile.TemporaryDirectory() as directory:
        steps = [("run s%d.py" % i, "value %d\nready in [TIME]\n" % i,
                  "value %d\nready in 0.5s\n" % i) for i in range(10000)]
        path = session_file(directory, "steps", steps)
        seconds, memory = replayed(path, 0)
        report.within("replay --offline, 10,000 steps", seconds, 3)
        report.size("its memory", memory, 64 << 20)
        for name, changed in (("as expected", False), ("10 changed", True)):
            expected, output = many_lines(50000, changed)
            path = session_file(directory, "lines",
                                [("run main.py", expected, output)])
            seconds, _ = replayed(path, 1 if changed else 0)
            report.within("50,000 lines with elisions, %s" % name, seconds, 2)


def bench_export(report):
    """What is made of recorded sessions."""
    with tempfile.TemporaryDirectory() as directory:
        lines = "".join("line %d\n" % i for i in range(20))
        path = session_file(directory, "steps", [
            ("run s%d.py" % i, lines, lines) for i in range(1000)])
        for form in ("cast", "html", "md", "txt"):
            seconds, _ = measured(["export", path, "--format", form], 0)
            report.within("export --format %s, 1,000 steps" % form, seconds, 1)
        # each is compared with the one before
        texts = [lines + "total %d\n" % i for i in range(1000)]
        path = session_file(directory, "again", [
            ("run main.py <<< 'print(%d)'" % i, text, text)
            for i, text in enumerate(texts)])
        seconds, _ = measured(["export", path, "--format", "html"], 0)
        report.within("export --format html, 1,000 runs of a program", seconds,
                      1)


def bench_live_replay(report, url, program):
    """Opening and closing the environment is part of it."""
    steps = [("run main.py <<< 'print(1)'", "1\n", "1\n")] * 1000
    new = ("env new %s --cpus %s" % (IMAGE, CPUS), "! ...\n", "")
    with tempfile.TemporaryDirectory() as directory:
        path = session_file(directory, "live", [new] + steps)
        mine, bare = in_turn(
            3, lambda: measured(["--engine", url, "replay", path], 0)[0],
            lambda: sum(native([PYTHON, program]) for _ in steps))
    report.row("live replay of 1,000 runs / 1,000 native", mine, bare, 1.3)


class Agent:
    """What an agent calls: `adde`, a process per call, and `addesh mcp`."""

    def __init__(self, url, directory):
        config = os.path.join(directory, "addesh.yaml")
        with open(config, "w") as f:
            f.write("tools: {code_execution: {cpu_limit: %s}}\n" % CPUS)
        self.env = {**os.environ, "DOCKER_HOST": url, "ADDESH_CONFIG": config,
                    "XDG_STATE_HOME": directory + "/state"}
        self.server = None
        self.last = 0

    def adde(self, tool, **request):
        """Seconds that a call took, and its answer."""
        began = time.perf_counter()
        done = subprocess.run([ADDESH, "adde", tool, json.dumps(request)],
                              stdout=subprocess.PIPE, env=self.env)
        took = time.perf_counter() - began
        if done.returncode:
            raise SystemExit("bench: adde %s: %s" % (tool, done.stdout))
        return took, json.loads(done.stdout)

    def request(self, method, **params):
        self.last += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self.last,
                           "method": method, "params": params})
        began = time.perf_counter()
        self.server.stdin.write(line.encode() + b"\n")
        self.server.stdin.flush()
        answer = json.loads(self.server.stdout.readline())
        took = time.perf_counter() - began
        if "result" not in answer or answer["result"].get("isError"):
            raise SystemExit("bench: mcp %s: %s" % (method, answer))
        return took, answer["result"]

    def serve(self):
        self.server = subprocess.Popen([ADDESH, "mcp"], env=self.env,
                                       stdin=-1, stdout=-1)
        self.request("initialize", protocolVersion="2025-11-25",
                     capabilities={},
                     clientInfo={"name": "bench", "version": "1"})

    def call(self, tool, **arguments):
        return self.request("tools/call", name=tool, arguments=arguments)

    def close(self):
        if self.server:
            self.server.stdin.close()
            self.server.wait(60)


def bench_creation(report, agent, url, what, bound):
    made = []

    def create():
        took, answer = agent.adde("create_runtime_env", image=IMAGE)
        made.append(answer["container_id"])
        return took

    def run_d():
        name = "addesh-bench-%d" % os.getpid()
        took = timed(docker(url, "run", "-d", "--name", name, "--network",
                            "none", *LIMITS, IMAGE, "sleep", "3600"))
        timed(docker(url, "rm", "-f", name))
        return took

    mine, old = in_turn(10, create, run_d)
    report.row("adde create_runtime_env / docker run -d, %s" % what, mine,
               old, bound)
    ends = [agent.adde("cleanup_env", container_id=each)[0] for each in made]
    report.within("adde cleanup_env, %s" % what, statistics.median(ends), 0.3)


def bench_calls(report, agent, url, program):
    name = "addesh-bench-%d" % os.getpid()
    container = agent.adde("create_runtime_env",
                           image=IMAGE)[1]["container_id"]
    call = {"container_id": container, "filename": "main.py",
            "code_content": "print(1)"}

    def copy_and_exec():
        return timed(docker(url, "cp", program, name + ":/tmp/main.py")) + \
            timed(docker(url, "exec", name, "python3", "/tmp/main.py"))

    timed(docker(url, "run", "-d", "--name", name, "--network", "none",
                 *LIMITS, IMAGE, "sleep", "3600"))
    try:
        mine, old = in_turn(
            20, lambda: agent.adde("execute_code_block", **call)[0],
            copy_and_exec)
        report.row("adde execute_code_block / docker cp + exec", mine, old,
                   0.35)
        agent.serve()
        mine, bare = in_turn(
            60, lambda: agent.call("execute_code_block", **call)[0],
            lambda: native([PYTHON, program]))
        report.row("MCP execute_code_block, warm / native", mine, bare, 1.35)
    finally:
        agent.close()
        timed(docker(url, "rm", "-f", name))
        agent.adde("cleanup_env", container_id=container)


def bench_agent(report, url, what, bound, program):
    with tempfile.TemporaryDirectory() as directory:
        agent = Agent(url, directory)
        bench_creation(report, agent, url, what, bound)
        if program:
            bench_calls(report, agent, url, program)


def main():
    report = Report()
    with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
        program.write("print(1)\n")
        program.flush()
        os.chmod(program.name, 0o644)
        if DOCKER:
            bench_start(report, DOCKER)
            bench_runs(report, DOCKER, program.name)
            bench_live_replay(report, DOCKER, program.name)
            bench_mcp(report, DOCKER, program.name)
            bench_opening(report, DOCKER, "Docker", "none", 0.65)
            bench_opening(report, DOCKER, "Docker", "full", 1.0)
            bench_layer(report, DOCKER, "Docker")
            bench_flood(report, DOCKER, "Docker", 1.3)
            bench_contexts(report, DOCKER)
            bench_project(report, DOCKER)
            bench_agent(report, DOCKER, "Docker", 0.8, program.name)
            bench_stats(report, DOCKER, "Docker")
            bench_open(report, DOCKER, "Docker")
            bench_test(report, DOCKER)
            bench_check(report, DOCKER)
        if PODMAN:
            bench_opening(report, PODMAN, "Podman", "none", 1.0)
            bench_layer(report, PODMAN, "Podman")
            bench_flood(report, PODMAN, "Podman", 1.5)
            bench_agent(report, PODMAN, "Podman", 1.1, None)
            bench_stats(report, PODMAN, "Podman")
            bench_open(report, PODMAN, "Podman")
        bench_restricted(report, program.name)
        bench_stats(report, "restricted", "restricted")
    bench_session(report)
    bench_replay(report)
    bench_export(report)
    for engine, url in (("Docker", DOCKER), ("Podman", PODMAN)):
        if not url:
            print("%s: not measured, no engine was given" % engine)
    print("%d figures missed" % report.missed)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
