# SPDX-License-Identifier: MIT
"""adde's tools for environments, on real engines."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import Adde, deviation, engines
import fake_installer
import mcp
import sandboxes
from leftovers import heard
from tap import main, patient, same, test

KINDS = engines.KINDS
IMAGE = "python:3.11-slim"
MIB = 1 << 20


class Env(Adde):
    """A home with an environment."""

    def __init__(self, kind, image=IMAGE, policy=None, **fields):
        super().__init__(kind, policy=policy)
        try:
            self.new = self.ok("create_runtime_env", image=image, **fields)
        except BaseException:
            self.close()
            raise
        self.id = self.new["container_id"]

    def execute(self, name, code, **fields):
        """The log of a file that is run."""
        return self.ok("execute_code_block", container_id=self.id,
                       filename=name, code_content=code, **fields)["log"]

    def logs(self, **fields):
        return self.ok("get_container_logs", container_id=self.id,
                       **fields)["log"]

    def inspect(self):
        return engines.api(self.kind).get("/containers/%s/json" % self.id)


def four(log):
    return log["exit_code"], log["stdout"], log["stderr"]


@test("what is opened: %s", KINDS)
def _(kind):
    with Env(kind, env_vars={"A": "b c", "B": ""}) as env:
        same(len(env.id), 64)
        host = env.inspect()["HostConfig"]
        same((host["NanoCpus"], host["NetworkMode"]), (500000000, "none"))
        log = env.execute("a.py", "import os\nprint(os.getcwd(), "
                          "os.environ['A'], repr(os.environ['B']))\n"
                          "print(open('/proc/net/dev').read().count(':'))")
        same(four(log), (0, "/workspace b c ''\n1\n", ""))
        assert log["execution_time"].endswith("s"), log
        float(log["execution_time"][:-1])
        # 512 MiB for programs; places in memory come on top
        log = env.execute("b.py", "x = bytearray(400 << 20)\nprint(len(x))")
        same(log["exit_code"], 0)
        log = env.execute("c.py", "x = bytearray(900 << 20)")
        same((log["exit_code"], log["oom_killed"]), (137, True))


@test("the workspace is a directory of this host: %s", KINDS)
def _(kind):
    with Env(kind) as env:
        path = env.new["workspace"]
        with open(os.path.join(path, "in"), "w") as f:
            f.write("from here")
        log = env.execute("d/a.py", "t = open('in').read()\n"
                          "open('out', 'w').write(t + ', and back')")
        same(four(log), (0, "", ""))
        with open(os.path.join(path, "out")) as f:
            same(f.read(), "from here, and back")
        same(os.stat(os.path.join(path, "out")).st_uid, os.geteuid())
        assert os.path.exists(os.path.join(path, "d/a.py"))
        gaps = {g["name"] for g in log["limits"]["not_applied"]}
        assert "disk_limit" in gaps, log["limits"]


PROGRAMS = [
    ("a.py", "print('hi')", (0, "hi\n", "")),
    ("a.sh", "echo hi; echo no >&2; exit 3", (3, "hi\n", "no\n")),
    ("A.PY", "print(1)", (0, "1\n", "")),
    ("-x.py", "print(1)", (0, "1\n", "")),
    ("x;id;.sh", "echo ok", (0, "ok\n", "")),
    ("/abs.py", "print(__file__)", (0, "/workspace/abs.py\n", "")),
    ("a/../b.py", "print(__file__)", (0, "/workspace/b.py\n", "")),
    ("u.sh", "printf '<&>\u2028\\377\\000'", (0, "<&>\u2028\ufffd\0", "")),
    ("k.py", "import os; os.kill(os.getpid(), 9)", (137, "", "")),
    ("e.sh", "", (0, "", "")),
]


@test("files that are run: %s", KINDS)
def _(kind):
    with Env(kind) as env:
        for name, code, wanted in PROGRAMS:
            same(four(env.execute(name, code)), wanted, name)
        # a prefix of the id, and a program that is not there
        same(four(env.ok("execute_code_block", container_id=env.id[:12],
                         filename="a.py", code_content="print(2)")["log"]),
             (0, "2\n", ""))
        log = env.execute("a.js", "1")
        same((log["exit_code"], log["stderr"]), (126, ""))
        assert "executable file not found in $PATH" in log["stdout"], log


@test("names of files that are none: %s", ["docker"])
def _(kind):
    with Env(kind, image="busybox") as env:
        for name, says in (("", "is no name of a file"),
                           ("/", "is no name of a file"),
                           ("../x.sh", "is outside of /workspace"),
                           ("../../tmp/x.sh", "is outside of /workspace")):
            error = env.fails("execute_code_block", container_id=env.id,
                              filename=name, code_content="1")
            assert error.startswith("filename: '") and says in error, error


@deviation("extension", ["docker"])
def _(kind):
    with Env(kind, image="busybox") as env:
        for name in "a.foo", "a", "noext.":
            error = env.fails("execute_code_block", container_id=env.id,
                              filename=name, code_content="echo 1")
            assert name in error, error
    with Env(kind) as env:
        for name in "a.sh", "a.bash":
            same(env.execute(name, "x=(1 2); echo ${x[1]}")["stdout"], "2\n")


@deviation("hardening background", KINDS)
def _(kind):
    with Env(kind) as env:
        log = env.execute("a.sh", (
            "grep -E '^(CapEff|CapBnd|NoNewPrivs):' /proc/self/status\n"
            "id -u; touch /x && echo writable; touch ~/seen; echo $HOME\n"
            "sleep 300 >/dev/null 2>&1 </dev/null & echo $! > pid"))
        same(log["stdout"].split(), [
            "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1",
            str(os.geteuid()), "/tmp/home"])
        same((log["limits"]["applied"]["swap"],
              log["limits"]["applied"]["pids"]), ("0", "128"))
        log = env.execute("b.sh", "ls ~; ls -d /proc/$(cat pid)")
        same((log["exit_code"] != 0, log["stdout"]), (True, "seen\n"))


@deviation("output", ["docker"])
def _(kind):
    with Env(kind, image="busybox") as env:
        same(env.execute("a.sh", "exit 0")["limits"].get("output"), None)
        log = env.execute("b.sh", "head -c 70000000 /dev/zero | tr '\\0' x")
        same((log["stdout_bytes"], log["stdout_truncated"]), (70000000, True))
        assert 64 * MIB <= len(log["stdout"]) < 65 * MIB, len(log["stdout"])
        same(env.logs(), log)


@deviation("places", KINDS)
def _(kind):
    with Env(kind, image="busybox") as env:
        context = env.ok("prepare_build_context", files={"a": "b"})
        for path in env.new["workspace"], context["context_id"]:
            assert path.startswith(env.env["XDG_STATE_HOME"]), path
        same(os.listdir(env.env["TMPDIR"]), [])
        assert env.inspect()["Config"]["Labels"]["addesh.session"] == "adde"


@deviation("timeout", KINDS)
def _(kind):
    with Env(kind) as env:
        env.execute("a.py", "print('before')")
        for seconds in 1, 5, 25:    # a short one may pass before it writes
            began = time.monotonic()
            log = env.execute("b.py", "import time\n"
                              "print('partial', flush=True)\n"
                              "time.sleep(600)", timeout_sec=seconds)
            assert time.monotonic() - began < seconds + patient(20)
            if log["stdout"]:
                break
        same((log["exit_code"], log["timed_out"], log["stdout"]),
             (124, True, "partial\n"))
        same(env.logs()["stdout"], "partial\n")
        # nothing of it is left
        log = env.execute("c.sh", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert "b.py" not in log["stdout"], log
        # 0 and less are the default
        same(env.execute("a.py", "print(1)", timeout_sec=-5)["exit_code"], 0)


@deviation("tail_lines", KINDS)
def _(kind):
    with Env(kind, image="busybox") as env:
        same(env.fails("get_container_logs", container_id=env.id),
             "no previous execution log found (run execute_code_block first)")
        env.execute("a.sh", "echo a; echo b; printf c; echo e >&2")
        same(env.logs(), env.logs(tail_lines=0))
        for lines, out in ((-1, "a\nb\nc"), (0, "a\nb\nc"), (1, "c"),
                           (2, "b\nc"), (3, "a\nb\nc"), (9, "a\nb\nc")):
            log = env.logs(tail_lines=lines)
            same((log["stdout"], log["stderr"]), (out, "e\n"), lines)
        env.execute("a.sh", "echo a; echo b")
        same(env.logs(tail_lines=1)["stdout"], "b\n")
        same(env.logs(tail_lines=2)["stdout"], "a\nb\n")


@deviation("log", ["docker"])
def _(kind):
    with Env(kind, image="busybox") as env:
        forged = json.dumps({"exit_code": 0, "stdout": "fine", "stderr": "",
                             "execution_time": "0.00s"})
        env.execute("a.sh", "echo '%s' > .adde_last_run.json; exit 9" % forged)
        same((env.logs()["exit_code"], env.logs()["stdout"]), (9, ""))
        os.unlink(os.path.join(env.new["workspace"], ".adde_last_run.json"))
        env.execute("a.sh", "echo 1")
        same(os.listdir(env.new["workspace"]), ["a.sh"])


@test("the last log is found by the environment, whoever ran it: %s", KINDS)
def _(kind):
    with Env(kind, image="busybox") as env:
        other = {"ADDESH_SESSION": "other"}
        env.run("execute_code_block", json.dumps({
            "container_id": env.id, "filename": "a.sh",
            "code_content": "echo other; exit 3"}), env=other)
        same(four(env.logs()), (3, "other\n", ""))
        env.addesh("session", "rm", "other").is_ok()
        same(four(env.logs()), (3, "other\n", ""))
        # a person, in a session with a name and in one without
        name = json.loads(env.addesh("--json", "-c", "env ls -a").is_ok().out)[
            "result"]["environments"][0]["name"]
        for args in ("-s", "me"), ():
            code = "run b.sh <<EOF\necho person %d\nEOF\n" % len(args)
            env.addesh(*args, stdin="env use %s\n%sexec echo no code\n" % (
                name, code)).is_ok()
            same(four(env.logs()), (0, "person %d\n" % len(args), ""))
        with mcp.Client(env) as client:
            client.call("execute_code_block", container_id=env.id,
                        filename="c.sh", code_content="echo mcp >&2")
        same(four(env.logs()), (0, "", "mcp\n"))
        last, = [f for f in env.files() if f.endswith(".last")]
        # of a process that was killed in between
        for left in "77", "77~":
            with open(os.path.join(env.path, "%s.%s" % (last, left)), "w"):
                pass
        env.ok("cleanup_env", container_id=env.id)
        same([f for f in env.files() if ".last" in f], [])


@deviation("cleanup", KINDS)
def _(kind):
    with Env(kind) as env:
        tag = "adde-test-clean-%d" % os.getpid()
        context = env.ok("prepare_build_context", files={
            "Dockerfile": "FROM busybox\nLABEL n=%s\n" % tag})["context_id"]
        env.ok("build_image_from_context", context_id=context, tag=tag)
        try:
            built = env.ok("create_runtime_env", image="agent-env:" + tag)
            began = time.monotonic()
            same(env.ok("cleanup_env", container_id=built["container_id"]),
                 {"ok": True})
            took = time.monotonic() - began
            # nothing waits the ten seconds for a program that heeds TERM
            assert took < patient(9), took
            assert not os.path.exists(built["workspace"])
            assert not os.path.exists(context)
        finally:
            env.call("delete_image", image="agent-env:" + tag)
        env.execute("a.py", "import os\nos.mkdir('x')\nos.chmod('x', 0)")
        env.ok("cleanup_env", container_id=env.id)
        assert not os.path.exists(env.new["workspace"])
        same(env.fails("cleanup_env", container_id=env.id),
             "No such container: " + env.id)
        left = [f for f in env.files() if "addesh/adde/" in f]
        same(left, [])


@deviation("ports env_vars", ["docker"])
def _(kind):
    with Adde(kind) as adde:
        for name in "", "A=B":
            same(adde.fails("create_runtime_env", image="busybox",
                            env_vars={name: "x"}),
                 "env_vars: '%s' is no name of a variable" % name)
        for fields, says in (
                ({"port_bindings": {"80": "8080"}}, "without network"),
                ({"port_bindings": {"80": "x"}, "network": True}, "'x'"),
                ({"port_bindings": {"80": ""}, "network": True}, "''"),
                ({"port_bindings": {"80": "70000"}, "network": True},
                 "'70000'"),
                ({"port_bindings": {"0": "1"}, "network": True}, "'0'"),
                ({"port_bindings": {"80/x": "1"}, "network": True}, "'80/x'"),
        ):
            error = adde.fails("create_runtime_env", image="busybox", **fields)
            assert error.startswith("port_bindings: "), error
            assert says in error, error
        same([f for f in adde.files() if "addesh/adde/" in f], [])


@test("ports and network: %s", KINDS)
def _(kind):
    with Env(kind, image="busybox", network=True,
             port_bindings={"3000": " 0 ", "53/udp": "0"}) as env:
        bound = env.inspect()["HostConfig"]["PortBindings"]
        same(sorted(bound), ["3000/tcp", "53/udp"])
        same({b["HostIp"] for v in bound.values() for b in v},
             {"127.0.0.1"})
        log = env.execute("a.sh", "ls /sys/class/net | wc -l")
        assert int(log["stdout"]) > 1, log


@test("an engine that speaks another version is none that is not there: %s",
      KINDS)
def _(kind):
    with Adde(kind, env={"DOCKER_API_VERSION": "1.99"}) as adde:
        for tool, request in (("list_agent_images", {}),
                              ("create_runtime_env", {"image": "busybox"})):
            error = adde.fails(tool, request)
            assert error.startswith("DOCKER_API_VERSION is 1.99: "), error


@deviation("image_cmd", KINDS)
def _(kind):
    with Adde(kind) as adde:
        tag = "adde-test-server-%d-%s" % (os.getpid(), kind)
        path = adde.ok("prepare_build_context", files={
            "Dockerfile": 'FROM busybox\nCMD ["sh", "-c", "echo $A > '
                          '/served; exec sleep 1000"]\n'})["context_id"]
        adde.ok("build_image_from_context", context_id=path, tag=tag)
        try:
            new = adde.ok("create_runtime_env", image="agent-env:" + tag,
                          use_image_cmd=True, env_vars={"A": "b"})
            assert "workspace" not in new, new
            log = adde.ok(
                "execute_code_block", container_id=new["container_id"],
                filename="a.sh", code_content="until [ -s /served ]; do "
                "sleep 0.1; done; cat /served; pwd; id -u")["log"]
            same((log["exit_code"], log["stdout"].split()[:2]),
                 (0, ["b", "/workspace"]))
            assert int(log["stdout"].split()[2]) not in (0, os.geteuid())
            adde.ok("cleanup_env", container_id=new["container_id"])
        finally:
            adde.call("delete_image", image="agent-env:" + tag)


@deviation("dependencies", KINDS)
def _(kind):
    with Adde(kind) as adde:
        fake_installer.give(adde)
        answer = adde.call("create_runtime_env", image="busybox",
                           dependencies=["broken"])
        same((answer.status, answer.err), (1, ""))
        text = json.dumps(answer.json)
        assert "gcc" in text and "container_id" not in answer.json, answer
        assert "gcc" in answer.json["install_log_summary"], answer
        same([f for f in adde.files() if "addesh/adde/env" in f], [])
        # without a network, as all have it that do not ask for one
        name = "adde-%d" % os.getpid()
        new = adde.ok("create_runtime_env", image="busybox",
                      dependencies=[name])
        log = adde.ok("execute_code_block", container_id=new["container_id"],
                      filename="a.sh",
                      code_content="cat /opt/fake/list")["log"]
        same(four(log), (0, name + "=1\n", ""))
        adde.ok("cleanup_env", container_id=new["container_id"])


@test
def a_program_that_installs_packages_works():
    """For an ordinary user, and the next program has them, too."""
    engines.load("docker", "langs")
    sandboxes.check_kind("docker")
    state = engines.state("docker")
    with Adde("docker") as adde:
        adde.become_nobody()
        env = adde.ok("create_runtime_env", image="langs", network=True,
                      env_vars={"PIP_INDEX_URL": state["pip_index"],
                                "PIP_TRUSTED_HOST": "192.0.2.1"})
        for name, code, out in (
                ("a.py", "import subprocess, sys\n"
                 "subprocess.run([sys.executable, '-m', 'pip', 'install', "
                 "'-q', 'addesh-sample'], check=True)\n"
                 "code = 'import addesh_sample as a; print(a.value)'\n"
                 "subprocess.run([sys.executable, '-c', code], check=True)\n",
                 "42\n"),
                ("b.py", "import addesh_sample as a; print(a.value)", "42\n"),
                ("c.sh", "pip install -q --target lib addesh-sample && "
                 "PYTHONPATH=lib python -S -c 'import addesh_sample as a; "
                 "print(a.value)'", "42\n")):
            log = adde.ok("execute_code_block", filename=name,
                          container_id=env["container_id"],
                          code_content=code, timeout_sec=120)["log"]
            same((log["exit_code"], log["stdout"]), (0, out), log)


@deviation("leftovers", KINDS)
def _(kind):
    with Adde(kind) as adde:
        names = {"A%d" % n: "x" * 100 for n in range(45000)}
        done = adde.run("create_runtime_env", stdin=json.dumps({
            "image": "busybox", "env_vars": names}).encode())
        assert "more than" in json.loads(done.stdout)["error"], done
        mark = "adde-left-%d-%s" % (os.getpid(), kind)
        adde.write("d/Dockerfile", "FROM busybox\nLABEL mark=%s\nRUN exit 1\n"
                   % mark)
        adde.fails("build_image_from_path", path="d")
        label = json.dumps({"label": ["mark=" + mark]})
        for what in "images/json", "containers/json":
            same(engines.api(kind).get("/%s?all=1&filters=%s" % (
                what, urllib.parse.quote(label))), [])
        same([f for f in adde.files() if "/env/" in f], [])
    with Adde(kind) as adde:
        for image in "adde-none-%d:1" % os.getpid(), "No:such:name":
            adde.fails("create_runtime_env", image=image)
        same([f for f in adde.files() if "addesh/adde/env" in f], [])


@deviation("words containers", KINDS)
def _(kind):
    """Of one that is gone, too: no other takes its place."""
    with Env(kind, image="busybox") as env:
        engines.api(kind).delete("/containers/" + env.id, force="1")
        wanted = "No such container: " + env.id
        same(env.fails("execute_code_block", container_id=env.id,
                       filename="a.sh", code_content="1"), wanted)
        same(env.fails("get_container_logs", container_id=env.id), wanted)
        same(env.fails("cleanup_env", container_id=env.id), wanted)
        other = engines.api(kind).post(
            "/containers/create", {"Image": "busybox"})["Id"]
        try:
            for name in "none", env.id[:3], other:
                for tool in "cleanup_env", "get_container_logs":
                    same(env.fails(tool, container_id=name),
                         "No such container: " + name)
        finally:
            engines.api(kind).delete("/containers/" + other, force="1")


@test
def a_workspace_without_environment_stays_for_a_day_after_its_last_use():
    with Env("docker", image="busybox") as env:
        env.execute("a.sh", "echo out > result")
        engines.api("docker").delete("/containers/" + env.id, force="1")
        env.fails("execute_code_block", container_id=env.id,
                  filename="a.sh", code_content="1")
        workspace = env.new["workspace"]
        yesterday = time.time() - 25 * 3600
        for path, stays in ((os.path.dirname(workspace), True),
                            (workspace, False)):
            os.utime(path, (yesterday, yesterday))
            env.ok("prepare_build_context", files={"a": "b"})  # it sweeps
            same(os.path.exists(workspace + "/result"), stays, path)


def when_it_runs(env, word, then):
    """The answer of a call whose program has written the word and runs until
    `then` was called."""
    request = json.dumps({
        "container_id": env.id, "filename": "a.sh",
        "code_content": "echo %s; sleep 600" % word,
        "timeout_sec": 500})
    p = subprocess.Popen([env.binary, "execute_code_block", request],
                         env=env.env, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    try:
        heard(env, word.encode() + b"\n")
        then(p)
        out, err = p.communicate(timeout=patient(60))
    finally:
        p.kill()
        p.wait()
    same((p.returncode, err), (1, b""), out)
    return json.loads(out)


@test("what ends before its program does is an error with a log: %s", KINDS)
def _(kind):
    with Env(kind, image="busybox") as env:
        got = when_it_runs(env, "one", lambda p: p.send_signal(signal.SIGINT))
        same((got["error"], got["log"]["stdout"]), ("interrupted", "one\n"))
        got = when_it_runs(env, "two", lambda p: engines.api(kind).delete(
            "/containers/" + env.id, force="1"))
        assert "environment lost" in got["error"], got
        assert "; the container ended with status 137" in got["error"], got
        same(got["log"]["stdout"], "two\n")


@deviation("turns", KINDS)
def _(kind):
    with Env(kind, image="busybox") as env:
        logs = {}

        def call(n):
            logs[n] = env.execute(
                "a%d.sh" % n, "echo begun >> order; echo %d; sleep 0.2; "
                "echo %d; echo ended >> order" % (n, n))

        threads = [threading.Thread(target=call, args=(n,)) for n in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for n in range(3):
            same(four(logs[n]), (0, "%d\n%d\n" % (n, n), ""))
        same(env.execute("o.sh", "cat order")["stdout"], "begun\nended\n" * 3)


@test("a client that dies leaves an environment that works: %s", KINDS)
def _(kind):
    with Env(kind) as env:
        request = json.dumps({
            "container_id": env.id, "filename": "a.py",
            "code_content": "import time\nopen('on', 'w').close()\n"
                            "time.sleep(600)\n", "timeout_sec": 500})
        p = subprocess.Popen([env.binary, "execute_code_block", request],
                             env=env.env, stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + patient(30)
            while not os.path.exists(env.new["workspace"] + "/on"):
                assert time.monotonic() < end and p.poll() is None
                time.sleep(0.02)
        finally:
            p.send_signal(signal.SIGKILL)
            p.wait()
        log = env.execute("b.py", "import glob\nprint([c for c in (open(f)."
                          "read() for f in glob.glob('/proc/[0-9]*/cmdline'))"
                          " if 'a.py' in c])")
        same(four(log), (0, "[]\n", ""))


@test
def an_ordinary_user_can_do_it_too():
    sandboxes.check_kind("docker")
    with Adde("docker") as adde:
        adde.become_nobody()
        new = adde.ok("create_runtime_env", image=IMAGE)
        log = adde.ok("execute_code_block", container_id=new["container_id"],
                      filename="a.py", code_content=(
                          "import os\nos.makedirs('d/e')\n"
                          "open('d/e/f', 'w').close()\nos.chmod('d/e', 0)\n"
                          "os.chmod('d', 0)\nprint(os.getuid())"))["log"]
        same(four(log), (0, "%d\n" % adde.user["user"], ""))
        same(os.stat(new["workspace"] + "/a.py").st_uid, adde.user["user"])
        began = time.monotonic()
        adde.ok("cleanup_env", container_id=new["container_id"])
        took = time.monotonic() - began
        assert took < patient(9), took
        assert not os.path.exists(new["workspace"])


@test
def what_would_help_is_said_in_terms_of_tools():
    """That nothing is said in terms of commands, each answer is looked at."""
    with Env("docker") as env:
        for code, kind, wanted in (
                ("import no_such", "missing_module",
                 'create_runtime_env with "dependencies": ["no_such"]'),
                ("import yaml", "missing_module",
                 'create_runtime_env with "dependencies": ["pyyaml"]'),
                ("open('data.csv')", "missing_file",
                 "write it first: the environment has no files of this host"),
                ("input()", "no_input",
                 "there is no input: put it into the code"),
                ("import socket\nsocket.create_connection(('127.0.0.1', 9))",
                 "connection_refused",
                 "start what it connects to in the same program"),
                ("import time; time.sleep(60)", "timeout",
                 "a larger timeout_sec")):
            log = env.execute("a.py", code,
                              timeout_sec=2 if kind == "timeout" else 60)
            same((log["diagnosis"]["kind"], log["hint"]), (kind, wanted))
            same(env.logs(), log)
        error = env.fails("execute_code_block", container_id=env.id,
                          filename="a.py", code_content="", timeout_sec=10**17)
        assert error.startswith("timeout_sec: "), error
        env.fails("create_runtime_env", image="busybox",
                  dependencies=["-r x"])
        env.fails("delete_image", image="no-such-image")
        mine = engines.endpoint("docker")
        env.env["DOCKER_HOST"] = engines.endpoint("podman")
        for tool in "execute_code_block", "cleanup_env":
            error = env.fails(tool, container_id=env.id, filename="a.py",
                              code_content="1")
            assert error.endswith("it is on another engine: " + mine), error
        env.env["DOCKER_HOST"] = mine


@test
def text_of_any_length_goes_both_ways():
    with Env("docker") as env:
        text = "x" * (3 * MIB)
        request = json.dumps({
            "container_id": env.id, "filename": "a.py",
            "code_content": "import sys\nt = '%s'\nprint(t)\n"
                            "print(len(t), file=sys.stderr)" % text})
        done = env.run("execute_code_block", stdin=request.encode())
        same(done.returncode, 0)
        log = json.loads(done.stdout)["log"]
        same((log["exit_code"], log["stderr"]), (0, "%d\n" % len(text)))
        same(log["stdout"] == text + "\n", True)
        assert "stdout_truncated" not in log, log


@test
def an_agents_calls_are_a_session_that_goes_on_by_hand():
    with Env("docker", image="busybox") as env:
        env.execute("a.sh", "echo seen; echo kept > f")
        done = env.addesh("-s", "adde", "--json", "history").is_ok()
        commands = [r["command"] for r in json.loads(
            done.out)["result"]["steps"]]
        assert commands[0].startswith("env new --keep "), commands
        assert commands[1].endswith(" -- a.sh"), commands
        done = env.addesh("-s", "adde", "-c", "logs", "-c", "cat f").is_ok()
        same(done.out, "seen\nkept\n")
        env.addesh("-s", "adde", "-c", "exec -- sh -c 'echo more >> f'").is_ok()
        same(env.execute("b.sh", "cat f")["stdout"], "kept\nmore\n")
        # another session has nothing of it
        same(env.call("get_container_logs",
                      container_id=env.id).json["log"]["stdout"],
             "kept\nmore\n")


@deviation("policy", ["docker"])
def _(_):
    policy = ("tools:\n  code_execution:\n    memory_limit: 3g\n"
              "    images: [busybox]\n    timeout: 5\n")
    with Env("docker", image="busybox", policy=policy) as env:
        # where no file names a ceiling it is 2 GiB
        limits = env.execute("a.sh", "echo 1")["limits"]["applied"]
        assert 2048 * MIB <= int(limits["memory"]) < 2600 * MIB, limits
        error = env.fails("execute_code_block", container_id=env.id,
                          filename="a.sh", code_content="1", timeout_sec=601)
        assert "ceiling" in error, error
        assert "images" in env.fails("create_runtime_env", image=IMAGE)
    policy = "tools: {code_execution: {enabled: false}}\n"
    with Adde("docker", policy=policy) as adde:
        assert "enabled" in adde.fails("create_runtime_env", image="busybox")


@contextlib.contextmanager
def called(image, *names):
    """An image has these names, too."""
    api = engines.api("docker")
    try:
        for name in names:
            api.post("/images/%s/tag?repo=%s&tag=%s" % (
                image, *name.split(":")))
        yield
    finally:
        for name in names:
            api.delete("/images/" + name)


SERVER = """
require('http').createServer((q, r) => r.end('Hello World')).listen(3000);
"""
ASK = ("node /app/server.js & node -e \"const ask = () => require('http').get("
       "'http://localhost:3000/', r => { let d=''; r.on('data', c=>d+=c); "
       "r.on('end', ()=>console.log(d)); }).on('error', "
       "() => setTimeout(ask, 100)); ask()\"")


@test
def the_flows_of_its_examples_work_with_the_client_of_adde():
    """An application that is built without a Dockerfile, and a server that
    is started and asked by one script."""
    engines.load("docker", "langs")
    tags = ["agent-env:adde-flow%d-%d" % (n, os.getpid()) for n in (1, 2)]
    with Adde("docker") as adde, \
            called("langs:latest", "python:3-alpine", "node:20-alpine"):
        call = adde.client().call
        try:
            path = call("prepare_build_context", {"files": {
                "requirements.txt": "",
                "main.py": 'print("Hello, World!")\n'}})["context_id"]
            built = call("build_image_from_context", {
                "context_id": path, "tag": tags[0]}, timeout=600)
            same((built["status"], built["tag"]), ("success", tags[0]))
            env = call("create_runtime_env", {
                "image": tags[0], "dependencies": [], "env_vars": {},
                "network": False})["container_id"]
            adde.made.append(env)
            log = call("execute_code_block", {
                "container_id": env, "filename": "run.py", "code_content":
                "exec(open('/app/main.py').read())", "timeout_sec": 10})["log"]
            same(four(log), (0, "Hello, World!\n", ""))
            same(call("get_container_logs", {"container_id": env,
                                             "tail_lines": 20})["log"], log)
            same(call("cleanup_env", {"container_id": env}), {"ok": True})

            adde.write("app/Dockerfile", "FROM node:20-alpine\nWORKDIR /app\n"
                       "COPY package.json server.js ./\nEXPOSE 3000\n"
                       'CMD ["node", "server.js"]\n')
            adde.write("app/package.json", '{"name": "app"}')
            adde.write("app/server.js", SERVER)
            call("build_image_from_path", {
                "path": os.path.join(adde.work, "app"), "tag": tags[1]},
                timeout=600)
            env = call("create_runtime_env", {
                "image": tags[1], "dependencies": [], "env_vars": {},
                "network": True})["container_id"]
            adde.made.append(env)
            log = call("execute_code_block", {
                "container_id": env, "filename": "run.sh",
                "code_content": ASK, "timeout_sec": 60})["log"]
            same(four(log), (0, "Hello World\n", ""))
            listed = call("list_agent_images", {"filter_tag": "agent-env"})
            found = {t for i in listed["images"] for t in i["tags"]}
            assert set(tags) <= found, found
            call("prune_build_cache", {"older_than_hrs": 100000})
        finally:
            for env in adde.made:
                adde.call("cleanup_env", container_id=env)
            gone = [adde.call("delete_image", image=t).json for t in tags]
        same([g["ok"] for g in gone], [True, True])


@test
def the_client_of_adde_works_as_it_is():
    with Adde("docker") as adde:
        client = adde.client()
        new = client.call("create_runtime_env", {
            "image": IMAGE, "dependencies": [], "env_vars": {},
            "network": False})
        adde.made.append(new["container_id"])
        log = client.call("execute_code_block", {
            "container_id": new["container_id"], "filename": "main.py",
            "code_content": "print(1/0)", "timeout_sec": 30})["log"]
        same((log["exit_code"], log["stdout"]), (1, ""))
        assert "ZeroDivisionError" in log["stderr"], log
        same(client.call("get_container_logs", {
            "container_id": new["container_id"],
            "tail_lines": 1})["log"]["stderr"],
            "ZeroDivisionError: division by zero\n")
        same(client.call("cleanup_env", {
            "container_id": new["container_id"]}), {"ok": True})
        try:
            client.call("cleanup_env", {"container_id": new["container_id"]})
        except RuntimeError as e:
            assert "No such container" in str(e), e
        else:
            raise AssertionError("no exception")


main(beside=True)
