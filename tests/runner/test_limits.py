#!/usr/bin/env python3
"""Where the runner finds its cgroup, and how it reads the limits there.

The files that tell PID 1 where it is are covered by ones of the test's own, so
that every layout is tried on every machine.
"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_env  # noqa: E402
from tap import main, same as check, test  # noqa: E402

V2 = {"memory.max": "134217728", "memory.swap.max": "0", "pids.max": "77",
      "cpu.max": "150000 100000", "memory.current": "4096",
      "pids.current": "3", "cpu.stat": "usage_usec 1234\nuser_usec 1000",
      "memory.stat": "anon 1\nactive_file 1000\ninactive_file 96\n"
                     "total_active_file_not 5",
      "memory.peak": "8192",
      "io.stat": "8:0 rbytes=10 wbytes=3 rios=1 wios=1 dbytes=7 dios=0\n"
                 "8:16 rbytes=5 wbytes=4 rios=1 wios=1 dbytes=0 dios=0",
      "memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 5\n"
                       "oom_group_kill 0"}
V1 = {"memory.limit_in_bytes": "134217728",
      "memory.memsw.limit_in_bytes": "134217728",
      "memory.usage_in_bytes": "4096",
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5",
      "memory.stat": "active_file 1\ninactive_file 2\n"
                     "total_active_file 1000\ntotal_inactive_file 96",
      "memory.max_usage_in_bytes": "8192",
      "blkio.throttle.io_service_bytes_recursive":
          "8:0 Read 10\n8:0 Write 3\n8:0 Sync 99\n8:0 Discard 7\n"
          "8:16 Read 5\n8:16 Write 4\nTotal 128",
      "pids.max": "77", "pids.current": "3", "cpu.cfs_quota_us": "150000",
      "cpu.cfs_period_us": "100000", "cpuacct.usage": "1234567"}
STATS = {b"memory": b"4096", b"memory_file": b"1096", b"memory_peak": b"8192",
         b"memory_limit": b"134217728", b"pids": b"3", b"pids_limit": b"77",
         b"cpu_us": b"1234", b"cpu_limit": b"1500", b"block_read": b"15",
         b"block_write": b"7"}
SAME = {"memory": "134217728", "swap": "0", "pids": "77", "cpu": "1500"}


def faked(files, where, own, mounts):
    """An environment whose cgroup file and mountinfo say own and mounts; the
    files are in the directory where of the fake hierarchy."""
    lines = ['mkdir -p "$D/cg/%s"' % where]
    for name, text in files.items():
        lines.append("printf '%%s\\n' '%s' > \"$D/cg/%s/%s\"" % (
            text, where, name))
    for name, text in (("cgroup", own), ("mountinfo", mounts)):
        lines.append('printf %%b "%s" > "$D/%s"' % (
            text.replace("\n", "\\n"), name))
        lines.append('mount --bind "$D/%s" /proc/1/%s' % (name, name))
    return runner_env.Env(before="\n".join(lines) + "\n").open()


V2_MOUNT = "30 20 0:26 %s $D/cg ro,nosuid shared:9 - cgroup2 cgroup rw\n"
V1_MOUNTS = "".join(
    "3%d 20 0:2%d %%s $D/cg ro,nosuid - cgroup cgroup rw,%s\n" % (i, i, c)
    for i, c in enumerate(("cpu,cpuacct", "memory", "pids", "blkio")))
OTHERS = ("22 1 0:21 / /proc rw - proc proc rw\n"
          "23 1 0:22 / /run rw - tmpfs tmpfs rw,size=1k\n")


def read(env, counter):
    try:
        limits = env.limits()
        check({k: limits[k] for k in SAME}, SAME)
        check(limits["oom_counter"], counter)
        stats = dict(s.split(b"=") for s in
                     env.wait(env.request("STATS")).end.all("STAT"))
        # others write to that file system too; 0: an empty tmpfs
        assert re.fullmatch(b"[0-9]+", stats.pop(b"disk")), stats
        assert int(stats.pop(b"at_us")) > 0, stats
        check(stats.pop(b"network"), b"none")
        check(stats, STATS)
    finally:
        env.finish()


@test("v2: %s", [
    ("a namespace of its own", ".", "0::/\n", "/"),
    ("the host's namespace", "sys/docker-1.scope", "0::/sys/docker-1.scope\n",
     "/"),
    ("a mount of that cgroup alone", ".", "0::/sys/docker-1.scope\n",
     "/sys/docker-1.scope"),
    ("hybrid, with v1 for names only", ".", "1:name=systemd:/x\n0::/\n", "/")])
def _(name, where, own, root):
    read(faked(V2, where, own, OTHERS + V2_MOUNT % root), "v2")


@test("v1: %s", [
    ("an engine's mounts", ".", "/docker/1", "/docker/1"),
    ("a namespace of its own", ".", "/", "/"),
    ("the host's", "docker/1", "/docker/1", "/")])
def _(name, where, path, root):
    own = "6:blkio:%s\n5:pids:%s\n4:memory:%s\n3:cpu,cpuacct:%s\n0::/x\n" % (
        (path,) * 4)
    read(faked(V1, where, own, OTHERS + V1_MOUNTS % ((root,) * 4)), "v1")


@test
def no_limits_on_v2():
    files = dict(V2, **{"memory.max": "max", "memory.swap.max": "max",
                        "pids.max": "max", "cpu.max": "max 100000"})
    env = faked(files, ".", "0::/\n", OTHERS + V2_MOUNT % "/")
    try:
        limits = env.limits()
        check([limits[k] for k in SAME], ["none"] * 4)
    finally:
        env.finish()


@test
def no_limits_on_v1():
    files = dict(V1, **{"memory.limit_in_bytes": "9223372036854771712",
                        "memory.memsw.limit_in_bytes": "9223372036854771712",
                        "pids.max": "max", "cpu.cfs_quota_us": "-1"})
    own = "5:pids:/\n4:memory:/\n3:cpu,cpuacct:/\n"
    env = faked(files, ".", own, OTHERS + V1_MOUNTS % (("/",) * 4))
    try:
        limits = env.limits()
        check([limits[k] for k in SAME], ["none"] * 4)
    finally:
        env.finish()


@test("what cannot be found is unknown: %s", [
    ("no mount", "0::/\n", ""), ("no line", "\n", V2_MOUNT % "/"),
    ("not there", "0::/elsewhere\n", V2_MOUNT % "/"),
    ("malformed", "::::\n0:\n", "x - \n\n - - -\n1 2 3\n - cgroup2\n")])
def _(name, own, mounts):
    env = faked(V2, ".", own, OTHERS + mounts)
    try:
        limits = env.limits()
        check([limits[k] for k in SAME], ["unknown"] * 4)
        check(limits["oom_counter"], "none")
        check(env.sh("kill -9 $$").get("OOM"), None)
    finally:
        env.finish()


@test("the counter decides, and not the signal: %s", [
    ("v2", V2, "0::/\n", V2_MOUNT % "/", "memory.events"),
    ("v1", V1, "5:pids:/\n4:memory:/\n3:cpu,cpuacct:/\n",
     V1_MOUNTS % (("/",) * 4), "memory.oom_control")])
def _(name, files, own, mounts, counter):
    env = faked(files, ".", own, OTHERS + mounts)
    path = os.path.join(env.dir, "cg", counter)
    try:
        r = env.sh("kill -9 $$")
        check((r.get("SIGNAL"), r.get("OOM")), (signal.SIGKILL, 0))
        run = env.start("sh", "-c", "echo up; sleep 1000")
        env.wait_output(run, b"up")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("oom_kill 5", "oom_kill 6"))
        env.sh("true")  # beside it: not what was killed
        for pid in runner_env.children(env.runner_pid()):
            os.kill(pid, signal.SIGKILL)
        r = env.wait(run)
        check((r.get("SIGNAL"), r.get("OOM")), (signal.SIGKILL, 1))
    finally:
        env.finish()


main()
