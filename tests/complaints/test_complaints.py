# SPDX-License-Identifier: MIT
"""What users of other tools of this kind complain about, one test for each.

The numbers are those of our own survey of public issue trackers; where one is
missing it is about something that addesh does not do.
"""

import hashlib
import json
import os
import signal
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
from leftovers import Traces, heard, pause, wait_output  # noqa: E402
from sandboxes import (ENGINES, KINDS, LITTLE_KEPT,  # noqa: E402
                       SandboxHome, Session, Shared, descendants)
from tap import main, patient, same, test  # noqa: E402

shared = Shared()
SLOW_MS = 15000    # no answer may take this much longer than it has to


@test("c01 a time limit ends the program itself: %s", KINDS)
def _(kind):
    """The limit was reported and the program ran on.
    UKGovernmentBEIS/inspect_ai#1357, #2779"""
    with shared.use(kind) as s:
        r = s.run("a.py", "import time\ntime.sleep(1000)", options="-t 1")
        r.is_verdict(timed_out=True, exit_code=124)
        s.settled()


@test("c02 stopping a run ends its program: %s", KINDS)
def _(kind):
    """There is no way to kill what was started by exec.  moby/moby#35703"""
    with SandboxHome(kind) as home:
        traces = Traces(home)
        home.own(home.write("a.py", "import signal\nprint('on', flush=True)\n"
                            "while True:\n    signal.pause()"))
        p = traces.spawn("--json", "-c", "env new", "-c", "run a.py")
        while "python3 /workspace/a.py " not in traces.programs():
            pause()
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=patient(60))
        got = json.loads(out.splitlines()[-1])
        same((p.returncode, got["result"]["cancelled"]), (130, True), err)
        traces.gone()


@test("c03 orphans do not use up what later runs need: %s", KINDS)
def _(kind):
    """Processes that a run left filled the limit, and every later command
    failed.  openclaw/openclaw#110735"""
    with shared.use(kind) as s:
        for _ in range(3):
            r = s.run("a.py", "import os, signal\nfor n in range(100):\n"
                      "    if os.fork() == 0:\n        os.setsid()\n"
                      "        signal.pause()\nprint('left')", options="-t 30")
            same((r["exit_code"], r.out), (0, b"left\n"), r.errs)
        s.works()


@test("c04 nothing of a program goes on after its limit: %s", KINDS)
def _(kind):
    """The call raised a timeout, the command worked on.  e2b-dev/E2B#500"""
    with shared.use(kind) as s:
        r = s.run_into_limit(
            "a.py", "n = 0\nwhile True:\n    n += 1\n"
            "    open('count', 'w').write(str(n))\n"
            "    if n == 1: print('on', flush=True)")
        same(r.out, b"on\n")
        s.settled()
        count = s.ok("cat count")["content"]
        s.works()
        same(s.ok("cat count")["content"], count)


@test("c05 what a shell put into the background ends too: %s", KINDS)
def _(kind):
    """Only the shell was killed, its `sleep &` stayed.
    langfuse/langfuse#15955, facebookresearch/ProgramBench#31"""
    with shared.use(kind) as s:
        r = s.run_into_limit(
            "a.sh", "sleep 300 &\n(sleep 300 &)\n"
            "nohup sleep 300 >/dev/null 2>&1 &\necho on\nwait")
        same(r.out, b"on\n")
        s.settled()


@test("c06 a grandchild that holds the output keeps nobody waiting: %s",
      KINDS)
def _(kind):
    """Closing waited for a pipe that a grandchild held.
    elie222/rakazo#28"""
    with shared.use(kind) as s:
        r = s.run("a.sh", "(trap '' TERM HUP; sleep 300) &\necho on",
                  options="-t 60")
        r.is_verdict(exit_code=0, timed_out=False)
        assert r["duration_ms"] < SLOW_MS, r["duration_ms"]
        s.works()


@test("c07 an environment that dies ends the run: %s", ENGINES)
def _(kind):
    """The call waited for ever when the sandbox was gone.
    e2b-dev/E2B#1128"""
    with Session(kind) as s:
        s.send("run a.py", "import os\nprint('before', flush=True)\n"
               "os.execvp('sleep', ['sleep', '12345'])")
        while "sleep 12345 " not in descendants(s.root()).values():
            pause()
        heard(s.home, b"before\n")
        engines.api(kind).remove(s.env["id"])
        got = s.answer(limit=60)
        r = got["result"]
        same((got["status"], r["environment_lost"], r["stdout"]),
             (125, True, "before\n"))
        s.run("ok.py", "print('OK')").is_verdict(exit_code=0)


@test("c08 a program that asks gets an end of file: %s", KINDS)
def _(kind):
    """A program that read from the keyboard asked for ever, as its stdin
    stayed open.  modelscope/evalscope#1685, OpenHands/OpenHands#207"""
    with shared.use(kind) as s:
        r = s.run("a.py", "name = input('name? ')", options="-t 60")
        r.is_verdict(exit_code=1, timed_out=False)
        assert b"EOFError" in r.errs, r.errs


@test("c09 an engine that is not there, or silent, is an error soon")
def _():
    """A command hung without a word; an hour was spent waiting for an engine
    that was not there.  openai/codex#20807, dagger/dagger#7375"""
    engines.endpoint("docker")
    default = {"start_timeout": "5s"}
    with SandboxHome("docker", config={"engine": default}) as home, \
            socket.socket(socket.AF_UNIX) as silent:
        path = os.path.join(home.path, "silent.sock")
        silent.bind(path)
        silent.listen(8)
        home.options = []
        for url in ("unix://" + path, "unix:///nonexistent.sock",
                    "tcp://127.0.0.1:1"):
            began = time.monotonic()
            done = home.addesh("--engine", url, "-c", "env new", timeout=60)
            same(done.status, 125, done.err)
            assert time.monotonic() - began < 30


@test("c10 nothing is cut without a word: %s", KINDS)
def _(kind):
    """Output was cut at 160,910 characters and nothing said so.
    bytedance/SandboxFusion#62"""
    with shared.use(kind) as s:
        r = s.run("a.py", "print('x' * 300000)")
        same((r["stdout_truncated"], r["stdout_bytes"], len(r.out)),
             (False, 300001, 300001))
        r = s.run("a.py", "print('x' * 3000000)")
        same((r["stdout_truncated"], r["stdout_bytes"]), (True, 3000001))
        assert len(r.out) <= 1 << 20, len(r.out)


@test("c11 full pipes block nobody and are not lost at the limit: %s", KINDS)
def _(kind):
    """Above 32 KiB both sides waited for each other, and the output was gone
    at the time limit.  multikernel/sandlock#149"""
    with shared.use(kind) as s:
        r = s.run_into_limit(
            "a.py", "import os, time\n"
            "os.write(1, b'o' * 200000)\nos.write(2, b'e' * 200000)\n"
            "os.write(1, b'p' * 200000)\ntime.sleep(1000)",
            enough=lambda r: len(r.out) == 400000)
        same(r.out, b"o" * 200000 + b"p" * 200000)
        assert r.errs.startswith(b"e" * 200000), r.errs[:100]


@test("c12 a slow reader gets all of it: %s", KINDS)
def _(kind):
    """Output was lost when it was read slowly.
    moby/moby#45689, moby/moby#49655, containers/podman#9096"""
    with SandboxHome(kind) as home:
        home.write("a.py", "import sys\nfor n in range(600000):\n"
                   "    print('%07d' % n)\n")
        home.own(os.path.join(home.work, "a.py"))
        p = home.spawn("-c", "env new", "-c", "set output_limit 64m",
                       "-c", "run a.py")
        total = hashlib.sha256()
        size = 0
        while True:
            data = os.read(p.stdout.fileno(), 4096)
            if not data:
                break
            total.update(data)
            size += len(data)
        _, err = p.communicate()
        same((p.returncode, size), (0, 4800000), err)
        wanted = hashlib.sha256()
        for n in range(600000):
            wanted.update(b"%07d\n" % n)
        same(total.hexdigest(), wanted.hexdigest())


@test("c13 the first characters and the status are there: %s", KINDS)
def _(kind):
    """On one engine the first 8 characters were missing and the status was
    None.  vndee/llm-sandbox#61"""
    with shared.use(kind) as s:
        for n in range(20):
            r = s.run("a.py", "print('12345678 and more')\nexit(%d)" % n)
            same((r.out, r["exit_code"]), (b"12345678 and more\n", n))


@test("c14 a limit of output kills nobody: %s", KINDS)
def _(kind):
    """Too much output looked like a SIGKILL without a reason, and a time
    limit threw away what there was.
    engineer-man/piston#180, #301, #465, #695"""
    with shared.use(kind) as s:
        r = s.run("a.py", "print('x' * 5000000)\nexit(3)")
        r.is_verdict(exit_code=3, signal=None, stdout_truncated=True)
        r = s.run_into_limit(
            "a.py", "print('partly', flush=True)\nwhile True: pass")
        same(r.out, b"partly\n")


@test("c15 a flood takes no memory, and stderr is not starved: %s", KINDS)
def _(kind):
    """All output was read into memory before it was cut; `truncated` was
    false all the same, and stdout took the room of stderr.
    microsoft/agent-governance-toolkit#2185, brightwave-inc/tidebreak#3338"""
    with Session(kind, env=LITTLE_KEPT) as s:
        r = s.run("a.py", "import os, sys\nfor n in range(300):\n"
                  "    os.write(1, b'x' * 1000000)\n"
                  "print('the reason', file=sys.stderr)", options="-t 60")
        r.is_verdict(exit_code=0, stdout_truncated=True,
                     stderr_truncated=False, stdout_bytes=300000000)
        same(r.errs, b"the reason\n")
        s.is_small()


@test("c16 out of memory is told as that: %s", KINDS)
def _(kind):
    """It was shown as a closed socket, and misled everybody.
    decocms/studio#6059"""
    with shared.use(kind) as s:
        r = s.run("a.py", "x = b'x' * (900 << 20)")
        r.is_verdict(status="oom", oom_killed=True, timed_out=False)
        assert r["message"].startswith("out of memory"), r["message"]
        same(r["diagnosis"]["kind"], "out_of_memory")
        s.works()


@test("c17 137 is a number and not a reason: %s", KINDS)
def _(kind):
    """137 was taken for out of memory when it was the time limit, and the
    other way round.  kubeedge/ianvs#820, vellum-ai/vellum-assistant#12123"""
    with shared.use(kind) as s:
        s.run("a.py", "exit(137)").is_verdict(
            exit_code=137, signal=None, oom_killed=False, timed_out=False,
            status="failed")
        s.run("a.py", "import os\nos.kill(os.getpid(), 9)").is_verdict(
            exit_code=137, signal="KILL", oom_killed=False, timed_out=False,
            status="failed")
        s.run("a.py", "exit(124)").is_verdict(
            exit_code=124, timed_out=False, status="failed")
        s.run("a.py", "import signal\nsignal.signal(2, signal.SIG_IGN)\n"
              "while True: pass", options="-t 1").is_verdict(
            exit_code=124, timed_out=True, oom_killed=False,
            status="timeout")


@test("c18 bytes that are no text break nothing: %s", KINDS)
def _(kind):
    """One byte that was not UTF-8 ended the call.
    UKGovernmentBEIS/inspect_k8s_sandbox#206, SWE-agent/SWE-agent#697"""
    with shared.use(kind) as s:
        data = bytes(range(256))
        r = s.run("a.py", "import os\nos.write(1, bytes(range(256)))")
        same((r["exit_code"], r.out), (0, data))
        r = s.ok("logs")
        same(r["lines"][-1]["stream"], "stdout")


@test("c19 after Ctrl-C the next run works: %s", KINDS)
def _(kind):
    """Ctrl-C left the container, whose port was then taken.
    huggingface/smolagents#2050"""
    server = ("import socket\ns = socket.create_server(('localhost', 8888))\n"
              "print('on', flush=True)\ns.accept()\n")
    with SandboxHome(kind) as home:
        traces = Traces(home)
        home.own(home.write("a.py", server))
        for _ in range(2):
            p = traces.spawn("-c", "env new", "-c", "run a.py")
            wait_output(p, b"on")
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=patient(60))
            same(p.returncode, 130, err)
        traces.gone()


@test("c20 what a dead session left is found while it runs: %s", ENGINES)
def _(kind):
    """The sweep looked at what had exited, so containers that run for ever
    stayed for weeks; killing the client left its container.
    OpenHands/OpenHands#7914, NousResearch/hermes-agent#75291,
    QwenLM/qwen-code#8816"""
    api = engines.api(kind)
    with SandboxHome(kind) as home:
        traces = Traces(home)
        p = traces.spawn("-k", stdin=-1)
        p.stdin.write(b"env new\nexec echo on\n")
        p.stdin.flush()
        wait_output(p, b"on")
        labels = traces.owned_containers()[0]["Labels"]
        p.kill()
        p.communicate()
        made = api.post("/containers/create", {
            "Image": "busybox:latest", "Cmd": ["sleep", "100000"],
            "Labels": {k: v for k, v in labels.items()
                       if k.startswith("addesh.")}})["Id"]
        api.post("/containers/%s/start" % made)
        try:
            same(traces.addesh("-c", "gc").returncode, 0)
            traces.gone()
        finally:
            api.remove(made)


@test("c21 orphans are reaped: %s", KINDS)
def _(kind):
    """Pid 1 did not reap: 793 of 950 processes were zombies.
    superradcompany/microsandbox#1201, h5i-dev/h5i#444"""
    with shared.use(kind) as s:
        r = s.run("a.py", "import os, time\nfor n in range(300):\n"
                  "    if os.fork() == 0:\n"
                  "        if os.fork() == 0:\n            os._exit(0)\n"
                  "        os._exit(0)\n    os.wait()\n"
                  "end = time.time() + 20\n"
                  "while time.time() < end:\n"
                  "    z = 0\n"
                  "    for p in os.listdir('/proc'):\n"
                  "        try:\n"
                  "            z += p.isdigit() and ') Z ' in "
                  "open('/proc/%s/stat' % p).read()\n"
                  "        except OSError:\n            pass\n"
                  "    if not z: break\n"
                  "print('zombies', z)", options="-t 60")
        same((r["exit_code"], r.out), (0, b"zombies 0\n"), r.errs)
        s.works()


@test("c22 an environment is there at once: %s", KINDS)
def _(kind):
    """It took 15 to 60 seconds to begin.
    OpenHands/OpenHands#8555, #9156, SWE-agent/SWE-agent#996"""
    with Session(kind, new=None) as s:
        r = s.ok("env new")
        assert r["duration_ms"] < SLOW_MS, r["duration_ms"]


CGROUP = r"""
import os
mounts = [l.split() for l in open('/proc/self/mountinfo')]
own = [l.strip().split(':', 2) for l in open('/proc/self/cgroup')]
names = {'memory': ('memory.max', 'memory.limit_in_bytes'),
         'pids': ('pids.max', 'pids.max')}
for controller, files in names.items():
    for m in mounts:
        sep = m.index('-')
        v2 = m[sep + 1] == 'cgroup2'
        if v2 or controller in m[sep + 3].split(','):
            path = os.path.join(m[4], files[not v2])
            if os.path.exists(path):
                print(controller, open(path).read().strip())
"""


@test("c23 limits that are shown are those that hold: %s", ENGINES)
def _(kind):
    """Limits were accepted and shown, and not enforced.
    containers/podman#21575"""
    with shared.use(kind) as s:
        r = s.run("a.py", CGROUP)
        seen = dict(l.split() for l in r.out.decode().splitlines())
        applied = r["limits"]["applied"]
        for name in ("memory", "pids"):
            same(applied[name], seen[name], name)
        same(r["limits"]["not_applied"], [])


@test("c23 a limit that does not hold is told")
def _():
    """The same, where nothing enforces it."""
    with shared.use("restricted-user") as s:
        r = s.run("a.py", "pass")
        applied = r["limits"]["applied"]
        missing = {g["name"]: g for g in r["limits"]["not_applied"]}
        for limit, name in (("memory_limit", "memory"),
                            ("cpu_limit", "cpu")):
            holds = applied.get(name, "unknown").isdigit()
            same(limit in missing, not holds, limit)
            if not holds:
                assert missing[limit]["why"], missing


@test("c24 a sandbox that the host forbids says what to do")
def _():
    """A newer system forbids user namespaces, and users saw the inner tool's
    words only.  anthropic-experimental/sandbox-runtime#74, openai/codex#15057,
    #29908"""
    with SandboxHome("restricted-user") as home:
        fake = home.write("bin/bwrap", "#!/bin/sh\necho 'bwrap: setting up "
                          "uid map: Permission denied' >&2\nexit 1\n")
        os.chmod(fake, 0o755)
        os.chmod(os.path.dirname(fake), 0o755)
        os.chmod(home.work, 0o755)
        os.chmod(home.path, 0o755)
        home.env["PATH"] = os.path.dirname(fake) + ":" + home.env["PATH"]
        done = home.addesh("-c", "env new")
        same(done.status, 125)
        assert "setting up uid map: Permission denied" in done.err, done.err
        assert "doctor" in done.err.split("\n", 1)[1], done.err
        done = home.addesh("-c", "doctor", timeout=90)
        assert "user namespace" in done.out.lower(), done.out


@test("c25 no network is none: %s", KINDS)
def _(kind):
    """A list of what may be reached was read and not enforced.
    anthropics/claude-code#78608, opensandbox-group/OpenSandbox#56"""
    with shared.use(kind) as s:
        r = s.run("a.py", "import os, socket\n"
                  "print(sorted(n for _, n in socket.if_nameindex()))\n"
                  "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "for a in ('192.0.2.1', '10.0.2.2', '169.254.169.254'):\n"
                  "    try:\n        s.connect((a, 80))\n"
                  "        print('reached', a)\n"
                  "    except OSError as e:\n        pass\n")
        same(r.out, b"['lo']\n")


@test("c25 what a policy allows is all that is done")
def _():
    """The same, of languages and images."""
    with SandboxHome("restricted-root", config={"tools": {"code_execution": {
            "sandbox": "restricted", "allowed_languages": ["python"]}}}) as h:
        done = h.script("env new\nrun a.sh <<< 'echo ran'\n")
        same((done.status, done.out), (125, ""), done.err)
        assert "the language shell is not allowed" in done.err, done.err
    with SandboxHome("docker", config={"tools": {"code_execution": {
            "sandbox": "docker", "images": ["python:*"]}}}) as h:
        done = h.addesh("-c", "env new busybox:latest")
        same(done.status, 125)
        assert "the image busybox:latest is not allowed" in done.err, done.err


@test("c25 there is a limit of memory where nobody asked for one: %s", KINDS)
def _(kind):
    """Without a limit one program took more than 200 GB and the machine with
    it.  OpenHands/OpenHands#4450"""
    with shared.use(kind) as s:
        applied = {l["name"]: l["value"] for l in s.env["limits"]}
        if applied["memory"].isdigit():
            assert int(applied["memory"]) <= 1 << 30, applied
        else:
            gaps = [g["name"] for g in s.env["not_applied"]]
            assert "memory_limit" in gaps, s.env    # watched, and said


@test
def all_sessions_end():
    shared.close()


main()
