# SPDX-License-Identifier: MIT
"""The options of env new: what they do inside, on every kind of sandbox."""

import json
import os
import re
import select
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from sandboxes import KINDS, SandboxHome, Session
from tap import Skip, main, same, test

WHERE = "import os, sys\nprint(os.getcwd(), *sys.argv[1:])\n"


def program(text, options="", args=""):
    return "run %s p.py %s <<'E'\n%sE" % (options, args, text)


# The head of an ELF file for a machine that nobody has: elf(5).
FOREIGN = (b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xff\xfe" + bytes(44))


def commands(home, *lines, keep=()):
    args = list(keep)
    for line in lines:
        args += ["-c", line]
    return home.addesh(*args)


@test("-w is where programs start, made where code can write: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        for option, where in (("/tmp/a/b", "/tmp/a/b"),
                              ("sub", "/workspace/sub"), ("/usr", "/usr")):
            done = commands(h, "env new -w " + option,
                            program(WHERE, args="x"), "env reset",
                            "exec pwd").is_ok()
            same(done.out, "%s x\n%s\n" % (where, where))
        done = commands(h, "env new -w sub", "exec touch f", "ls -la").is_ok()
        same([l.split()[-1] for l in done.out.splitlines()], ["NAME", "f"])


@test("-w that cannot be: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        done = commands(h, "env new -w /nope").is_status(2)
        same(done.err.splitlines()[-2:], [
            "addesh: env new: -w /nope: there is no such directory, and none "
            "can be made there",
            "  directories below /workspace and /tmp are made"])
        done = commands(h, "env new", "run -w nope x.py <<<1").is_status(125)
        same(done.err.splitlines()[-1], "addesh: run: -w nope: working "
             "directory: No such file or directory")
        commands(h, "env new -w ''").is_status(2)
        # one that was not opened takes no name
        done = commands(h, "env new -w /nope", "env new", "exec --in e1 pwd",
                        keep=["-k"])
        same(done.out, "/workspace\n")


@test("a user that the image does not have: %s", engines.KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        for user in ("nosuch", "5:nosuch", ":5", "5:"):
            done = commands(h, "env new busybox:latest -u " + user)
            done.is_status(2)
            same(done.err.splitlines(), [
                "addesh: env new: there is no user '%s' in the environment"
                % user, "  sandbox, image, root, a name of its /etc/passwd, "
                "or UID:GID"])
        for user, name in (("nobody:users", "nobody"), ("0", "root"),
                           ("image", "root"), ("4321", "sandbox")):
            done = commands(h, "env new python:3.11-slim -u " + user, program(
                "import getpass, os\n"
                "print(getpass.getuser(), os.environ['USER'])\n")).is_ok()
            same(done.out, "%s %s\n" % (name, name))
        done = commands(h, "env new busybox:latest -u 1234:5678", "exec id",
                        "env info").is_ok()
        assert done.out.startswith("uid=1234 gid=5678"), done.out


@test("an image for another architecture: %s", engines.KINDS)
def _(kind):
    if os.uname().machine != "x86_64":
        raise Skip("the images of these tests are of this host's kind: arm64 "
                   "may be no other one")
    with SandboxHome(kind) as h:
        h.env["ADDESH_LIBEXECDIR"] = h.work    # no runner for it
        done = commands(h, "env new busybox:arm64").is_status(125)
        same(done.err.splitlines()[0], "addesh: env new: there is no runner "
             "for the architecture arm64 here")
        # any file does, for a host that cannot execute it
        with open(os.path.join(h.work, "runner-arm64"), "wb") as f:
            f.write(FOREIGN)
        os.chmod(f.name, 0o755)
        done = commands(h, "env new busybox:arm64").is_status(125)
        same(done.err.splitlines(), [
            "addesh: env new: busybox:arm64 is an image for arm64, whose "
            "programs the engine's host (amd64) cannot run",
            "  an image for amd64, or on that host the emulation of arm64: "
            "QEMU's, by binfmt_misc"])


FORKS = """
import os
n = 0
print(os.getuid(), end=" ")
gate = os.pipe()
try:
    while n < 200:
        if not os.fork():
            os.read(gate[0], 1)
            os._exit(0)
        n += 1
except OSError:
    print(30 < n <= 44)
"""


@test("--root is uid 0, without rights and within the limits: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        done = commands(h, "env new --root --pids-limit 40", program(FORKS),
                        "exec id -un", "env info", "exec -- sh -c "
                        "'grep CapEff /proc/self/status; "
                        "echo x > /proc/sys/kernel/core_pattern'")
        out = done.out.splitlines()
        same(out[:2], ["0 True", "root"])
        assert not [l for l in out if "pids_limit" in l], done.out
        same(out[-1].split(), ["CapEff:", "0" * 16])
        assert done.status not in (0, 125), done.err
        same(done.err.count("cannot create /proc/sys/kernel/core_pattern"), 1,
             done.err)


@test("options that contradict each other")
def _():
    with SandboxHome("restricted-user") as h:
        for a, b in (("--net", "--network none"), ("--root", "--user sandbox")):
            for line in ("%s %s" % (a, b), "%s %s" % (b, a)):
                done = commands(h, "env new " + line).is_status(2)
                same(done.err, "addesh: env new: %s and %s exclude each "
                     "other\n" % (a, b))


@test("variables reach each run and make nothing: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        h.own(h.write("vars", "\ufeff# a comment\r\nA=1\r\n\n  B=x # y\n"
                              "C=\"q\"\nUNSET_HERE\nLOG=/tmp/log.txt\n"))
        text = ("import os\nprint([os.environ.get(n) for n in "
                "('A', 'B', 'C', 'D', 'UNSET_HERE')])\n"
                "open(os.environ['LOG'], 'w').close()\n")
        done = commands(h, "env new --env-file vars -e D=4 -e A=2",
                        program(text), program(text, options="-e D=5"),
                        "env reset", program(text)).is_ok()
        row = "['2', 'x # y', '\"q\"', '%d', None]\n"
        same(done.out, row % 4 + row % 5 + row % 4)


@test("a file of variables that is wrong: %s", [
    ("no name", "A=1\n=x\n", "vars:2: there is no name before the ="),
    ("a space", "#\nA B=x\n", "vars:2: a name has a space in it"),
    ("a zero byte", "A=\0\n", "vars: not a text"),
    ("no file", None, "vars: No such file or directory")])
def _(_, text, message):
    with SandboxHome("restricted-user") as h:
        if text is not None:
            h.own(h.write("vars", text))
        done = commands(h, "env new --env-file vars")
        same((done.status != 0, done.err.splitlines()[0]),
             (True, "addesh: env new: " + message))
        done = commands(h, "env new -e ''").is_status(2)
        same(done.err, "addesh: env new: a variable needs a name\n")


@test("env ls -a without an engine lists what there is")
def _():
    with SandboxHome("restricted-user", env={
            "DOCKER_HOST": "unix:///nonexistent/socket"}) as h:
        done = commands(h, "env new --name here", "env ls -a").is_ok()
        same(done.out.splitlines()[1].split()[:2], ["*", "here"])
        assert "only this host was looked at, no engine: " in done.err, \
            done.err


@test("only allowed files of the host are read: %s", [
    "env new --env-file /etc/hostname", "source /etc/hostname",
    "run /etc/hostname", "run --stdin /etc/hostname x.py <<< 1",
    "exec --stdin /etc/hostname cat", "put /etc/hostname"])
def _(line):
    with SandboxHome("restricted-user", config={"host": {
            "read": ["."]}}) as h:
        done = commands(h, "env new", line).is_status(125)
        same(done.out, "")
        last = done.err.splitlines()[-2:]
        assert last[0].startswith(
            "addesh: %s: reading /etc/hostname is not allowed: host.read is "
            "[\".\"] (" % line[:line.index(" /")].split(" -")[0]), last
        same(last[1], "  allow it:  set host.read .,/etc")


GROW = """
import os, time
os.makedirs("closed", exist_ok=True)
with open("closed/file", "ab") as f:
    os.chmod("closed", 0)
    print("begun", flush=True)
    while True:
        f.write(b"x" * (1 << 20))
        time.sleep(0.02)
"""
ON_DISK = {"tools": {"code_execution": {"workspace": "disk",
                                        "disk_limit": "16m"}}}


PLACES = """FROM busybox:latest
RUN mkdir -p /tmp/theirs/x /workspace/theirs/open && \\
    echo x >/tmp/theirs/f && echo x >/workspace/theirs/f && \\
    chmod 777 /workspace/theirs/open
"""
PLANT = "exec -- sh -c 'ls -A /tmp; cd /workspace; ls -A; touch mine; " \
    "cd theirs/open && mkdir -p d/e && chmod 0 d'"


@test("what an image has in the places of programs: %s", engines.KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        h.write("app/Dockerfile", PLACES)
        image = "local/places:%d" % os.getpid()
        try:
            done = commands(
                h, "build app -t " + image,
                *("set workspace %s\nenv new %s\n%s\nenv reset\nexec -- "
                  "sh -c 'find . | sort; ls /tmp; cd && pwd'" % (
                      place, image, PLANT) for place in ("memory", "disk")),
                keep=["--json", "-k"])
        finally:
            commands(h, "image rm -f " + image)
        found = done.objects()
        same([o["ok"] for o in found if o["cmd"] != "exec"], [True] * 7, found)
        # What lies in memory is not the image's.  On disk its maker's files
        # stay, of which a reset can remove none, and it removes ours.
        same([o["result"]["stdout"] for o in found if o["cmd"] == "exec"],
             ["home\n", ".\nhome\n/tmp/home\n", "home\ntheirs\n",
              ".\n./theirs\n./theirs/f\n./theirs/open\nhome\n/tmp/home\n"])


OF_ETC = set("""R alternatives group hosts ld.so.cache localtime maven
nsswitch.conf passwd php protocols resolv.conf services""".split())


@test
def what_programs_need_of_the_hosts_etc_is_there_and_nothing_else():
    with Session("restricted-root", new="env new") as s:
        found = s.ok("exec find /etc/ -maxdepth 1 -mindepth 1 -printf '%f\\n'")
        names = {n for n in found["stdout"].split() if "java" not in n}
        same(names - OF_ETC, set())
        same("alternatives" in names, os.path.exists("/etc/alternatives"))
        found = s.ok("exec sh -c 'cd /etc; find maven 2> /dev/null; true'")
        same(set(found["stdout"].split()),
             {f for f in ("maven", "maven/m2.conf", "maven/logging",
                          "maven/logging/simplelogger.properties")
              if os.path.exists("/etc/" + f)})


@test("a workspace on disk is watched, and can be cleared: %s", engines.KINDS)
def _(kind):
    with SandboxHome(kind, config=ON_DISK) as h:
        done = commands(h, "env new", "env info", program(GROW, "-t 60"),
                        "exec chmod 700 closed", "exec rm -r closed",
                        "exec pwd", program(GROW, "-t 60"), "env reset",
                        "exec ls -A", keep=["--json", "-k"])
        done.is_status(137)
        new, info, full, mode, gone, again, more, reset, empty = \
            done.objects()
        same([(g["name"], g["asked"], g["weak"])
              for g in info["result"]["not_applied"]],
             [("disk_limit", "16m", True)])
        for run in (full, more):
            result = run["result"]
            same((result["exit_code"], result["signal"], result["stdout"],
                  result["diagnosis"]["kind"]),
                 (137, "KILL", "begun\n", "disk_full"))
            assert "the limit of /workspace is 16 MB, its files had " in \
                result["message"], result["message"]
        for other in (mode, gone, again, reset, empty):
            same(other["ok"], True, other)
        same(empty["result"]["stdout"], "")


@test("what fills a workspace before it is looked at is told: %s",
      engines.KINDS)
def _(kind):
    with Session(kind, config=ON_DISK) as s:
        for turn in range(9):    # others who make room hide as much of it
            s.send("exec sh -c 'head -c 40000000 /dev/zero > f%d'" % turn)
            found = s.answer()["result"]
            if found["exit_code"]:
                break
        same((found["status"], found["exit_code"], found["diagnosis"]["kind"]),
             ("failed", 137, "disk_full"))
        s.ok("exec sh -c 'sleep 0.3; rm f*; sleep 0.3'")


# Writes until both it and the file system have 60 MB more, which is far beyond
# twice its limit, the most that it gets where the engine answers slowly: others
# who make room at the same time hide as much of it.
GROWS = """
import os, time
def free():
    return os.statvfs("/workspace").f_bfree * os.statvfs("/workspace").f_frsize
while not os.path.exists("go"):
    time.sleep(0.01)
most, written = free(), 0
with open("f", "wb", buffering=0) as f:
    while written < 60e6 or most - free() < 60e6:
        written += f.write(b"x" * 1000000)
        most = max(most, free())
        time.sleep(0.05)
open("over", "w").close()
"""


def disk_full(answer):
    same((answer["status"], answer["result"]["exit_code"],
          answer["result"]["diagnosis"]["kind"]), (137, 137, "disk_full"),
         answer)
    assert "the limit of /workspace is 16 MB, its files had " in \
        answer["result"]["message"], answer


@test("a job's workspace on disk is watched, whatever the shell does: %s",
      engines.KINDS, beside=True)
def _(kind):
    with Session(kind, config=ON_DISK) as s:
        s.send("run -d grow.py", GROWS)
        same(s.answer()["result"], {"job": 1})
        s.ok("exec touch go")
        time.sleep(4)    # nothing is typed
        s.send("exec ls over")
        same(s.answer()["result"]["exit_code"], 2, "it wrote 60 MB")
        s.send("wait 1")
        disk_full(s.answer())


@test("and while nobody is connected it goes no further: %s",
      engines.KINDS, beside=True)
def _(kind):
    with SandboxHome(kind, config=ON_DISK) as h:
        commands(h, "env new --keep --name kept-disk",
                 "run -d grow.py <<'E'%sE" % GROWS, "exec touch go").is_ok()
        try:
            time.sleep(4)    # nobody is there
            done = commands(h, "env use kept-disk", "exec ls over", "wait 1",
                            keep=["--json", "-k"])
            _, over, wait = map(json.loads, done.out.splitlines())
            same(over["result"]["exit_code"], 2, "it wrote 60 MB")
            disk_full(wait)
        finally:
            commands(h, "env rm kept-disk").is_ok()


# Goes on until the file system has 32 MB less, and for some looks more.
WAIT = """
import os, time
def free():
    return os.statvfs("/workspace").f_bfree * os.statvfs("/workspace").f_frsize
most = free()
while most - free() < 32 << 20:
    most = max(most, free())
    time.sleep(0.01)
time.sleep(0.5)
"""


@test("what others write to the disk is not counted: %s", engines.KINDS)
def _(kind):
    base = engines.state(kind)["base"]
    with Session(kind, config=ON_DISK) as s, \
            tempfile.TemporaryFile(dir=base) as other:
        s.ok("exec true")
        s.send("run -t 60 wait.py", WAIT)
        # until it has seen the first of it, others may come and go
        full = False
        while not select.select([s.process.stdout], [], [], 2 * full)[0]:
            if full:    # others made room at the same time
                other.seek(0)
                other.truncate()
            other.write(b"x" * (4 << 20))
            other.flush()
            full = other.tell() >= 256 << 20
        same(s.answer()["result"]["exit_code"], 0)


main()
