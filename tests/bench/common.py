# SPDX-License-Identifier: MIT
"""What the measurements share: both sides of a ratio, and how it is shown."""

import json
import os
import statistics
import subprocess
import time

ADDESH = os.environ.get("ADDESH", "./addesh")
DOCKER = os.environ.get("ADDESH_TEST_DOCKER")
PODMAN = os.environ.get("ADDESH_TEST_PODMAN")
CLIENT = os.environ.get("ADDESH_BENCH_CLIENT", "/usr/bin/docker")
PYTHON = "/usr/bin/python3"
IMAGE = "python:3.11-slim"
CPUS = str(os.cpu_count())
GIGABYTE = 1 << 30
LIMITS = ["--memory", "256m", "--cpus", CPUS, "--pids-limit", "128"]


class Shell:
    """An addesh that is given one line at a time and answers with JSON."""

    def __init__(self, *options, env=None):
        self.process = subprocess.Popen(
            [ADDESH, "--json", "--no-config", "--no-history", "-k", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait(60)

    def __call__(self, line):
        """Runs a line; seconds until its answer was there, and the answer."""
        began = time.perf_counter()
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        took = time.perf_counter() - began
        if not answer["ok"]:
            raise SystemExit("bench: %s: %s" % (line, json.dumps(answer)))
        return took, answer

    def resident_peak(self):
        """Peak resident memory in bytes."""
        with open("/proc/%d/status" % self.process.pid) as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0


def timed(argv, **more):
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=more.pop(
        "stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL, **more)
    return time.perf_counter() - began


def native(argv):
    """A program started without a shell or Python's own machinery."""
    with open("/dev/null", "r+b") as null:
        began = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, null.fileno(), 1)])
        os.waitpid(pid, 0)
        return time.perf_counter() - began


def docker(url, *words):
    return [CLIENT, "-H", url, *words]


def in_turn(times, *sides):
    """Medians of each side, measured alternately."""
    results = [[] for _ in sides]
    for _ in range(times):
        for result, side in zip(results, sides):
            result.append(side())
    return [statistics.median(result) for result in results]


class Report:
    def __init__(self):
        self.missed = 0
        print("%-58s %9s %9s %6s  %s" % (
            "figure", "addesh", "other", "ratio", "bound"))

    def row(self, name, mine, other, bound=None, unit="ms"):
        scale = 1000 if unit == "ms" else 1
        ratio = mine / other
        verdict = "" if bound is None else "<= %.2f %s" % (
            bound, "ok" if ratio <= bound else "MISSED")
        self.missed += bound is not None and ratio > bound
        print("%-58s %9.2f %9.2f %6.2f  %s" % (
            name, mine * scale, other * scale, ratio, verdict), flush=True)

    def size(self, name, value, bound):
        verdict = "ok" if value < bound else "MISSED"
        self.missed += value >= bound
        print("%-58s %9.1f MB          < %d MB %s" % (
            name, value / 2**20, bound >> 20, verdict), flush=True)

    def within(self, name, seconds, bound):
        verdict = "ok" if seconds <= bound else "MISSED"
        self.missed += seconds > bound
        print("%-58s %9.2f ms          <= %.0f ms %s" % (
            name, seconds * 1000, bound * 1000, verdict), flush=True)

    def count(self, name, value):
        self.missed += value != 0
        print("%-58s %9d            0 %s" % (
            name, value, "MISSED" if value else "ok"), flush=True)


def fill(directory, count, size=100):
    """count files of size bytes, a hundred in each directory."""
    for i in range(count):
        where = os.path.join(directory, str(i // 100))
        if i % 100 == 0:
            os.makedirs(where)
        with open(os.path.join(where, str(i)), "wb") as f:
            f.write(b"%d\n" % i * (size // 8))
