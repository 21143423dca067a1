# SPDX-License-Identifier: MIT
"""Programs in the background: run -d, exec -d, jobs, wait and kill."""

import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from addesh import Home  # noqa: E402
from tap import main, patient, same, test  # noqa: E402


# For what is the same wherever programs run.
ONE = ("docker",)


def home(sandbox):
    return Home(options=engines.sandbox(sandbox))


def session(sandbox, script, *options):
    with home(sandbox) as h:
        return h.script("env new python:3.11-slim\n" + script, "-k", *options)


def answers(sandbox, script, *options):
    done = session(sandbox, script, "--json", *options)
    return done.objects()[1:]


@test("a job goes on beside other commands, and wait tells its result: %s",
      engines.SANDBOXES)
def _(sandbox):
    run, jobs, beside, wait, after, logs, show = answers(sandbox, """
run -d job.py a 'b c' <<E
import os, sys, time
print("up", sys.argv[1:], flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
print("err", file=sys.stderr)
sys.exit(7)
E
jobs
exec touch go
wait 1
jobs
logs @4
show @4
""")
    same(run["result"], {"job": 1}, "run -d")
    (job,) = jobs["result"]["jobs"]
    same((job["job"], job["state"], job["command"]),
         (1, "running", "run -d job.py a 'b c' <<E"), "jobs")
    assert "exit_code" not in job, job
    same(beside["result"]["exit_code"], 0, "beside")
    r = wait["result"]
    same((wait["status"], r["job"], r["exit_code"], r["status"]),
         (7, 1, 7, "failed"), "wait")
    same((r["stdout"], r["stderr"]), ("up ['a', 'b c']\n", "err\n"), "streams")
    # it began before the command that waited
    assert r["started"] < show["result"]["started"], (r, show)
    same(after["result"]["jobs"], [], "jobs after wait")
    same([line["text"] for line in logs["result"]["lines"]],
         ["up ['a', 'b c']", "err"], "log")
    same(show["result"]["result"]["job"], 1, "show")


@test("what people see: %s", ONE)
def _(sandbox):
    done = session(sandbox, "exec -d sh -c 'echo one; exit 3'\n"
                            "wait\nwait\njobs\n")
    same(done.status, 3, "status: of the job, nothing else failed")
    assert "job 1 started:  wait 1 " in done.err, done.err
    assert "exit 3 in " in done.err, done.err
    same(done.out.splitlines()[0], "one", "stdout")
    done = session(sandbox, "exec -d sleep 1000\nkill -9 1\nwait 1\n")
    assert "\nkilled after " in done.err, done.err


@test("several are waited for one after the other: %s", ONE)
def _(sandbox):
    *_, wait = answers(sandbox, "exec -d sh -c 'echo a; exit 1'\n"
                                "exec -d sh -c 'echo b; exit 2'\n"
                                "wait\n")
    same([(r["job"], r["exit_code"]) for r in wait["result"]["ended"]],
         [(1, 1), (2, 2)], "ended")
    same(wait["status"], 2, "status of the last")


@test("kill asks, then kills, or sends a signal: %s", engines.SANDBOXES)
def _(sandbox):
    program = ("exec -d sh -c 'trap \"echo hup\" HUP; trap \"echo bye; exit 4"
               "\" TERM; touch up$0; while :; do sleep 0.01; done' %d\n"
               "exec sh -c 'until [ -e up%d ]; do sleep 0.01; done'\n")
    found = answers(sandbox, program % (1, 1) + "kill 1\nwait %1\n" +
                    program % (2, 2) + "kill -s SIGHUP 2\nkill -s 9 %2\n"
                    "wait 2\n"
                    # nothing stops this one but the kill
                    "exec -d sh -c 'trap \"\" TERM; touch up3; sleep 1000'\n"
                    "exec sh -c 'until [ -e up3 ]; do sleep 0.01; done'\n"
                    "kill 3\nkill 3\nwait 3\n")
    ended = [a["result"] for a in found if a["cmd"] == "wait"]
    same((ended[0]["stdout"], ended[0]["exit_code"]), ("bye\n", 130), "TERM")
    same(ended[0]["cancelled"], True, "cancelled")
    same(ended[1]["signal"], "KILL", "KILL")
    same(ended[2]["signal"], "KILL", "the second time")
    same([a["result"]["killed"] for a in found if a["cmd"] == "kill"][0],
         [{"job": 1}], "killed")


@test("only -t and the policy's ceiling limit its time: %s", ONE)
def _(sandbox):
    with home(sandbox) as h:
        script = ("env new python:3.11-slim\nset timeout 200ms\n"
                  "exec -d sh -c 'sleep 0.5; echo on'\nwait\n")
        done = h.script(script, "-k").is_ok()
        same(done.out, "on\n", "beyond the limit of others")
        done = h.script("env new python:3.11-slim\n"
                        "exec -d -t 300ms sleep 1000\nwait\n", "-k")
        same(done.status, 124, "-t")
        took = re.search(r"stopped after ([0-9.]+)s", done.err)
        assert took and 0.3 <= float(took[1]) < patient(10), done.err
        h.write("max.yaml", "tools:\n  code_execution:\n"
                            "    max: {timeout: 300ms}\n")
        done = h.script("env new python:3.11-slim\n"
                        "exec -d sleep 1000\nwait\n", "-k",
                        "--policy", os.path.join(h.work, "max.yaml"))
        same(done.status, 124, "the ceiling")


@test("what cannot be started is told at once, and is no job: %s",
      engines.SANDBOXES)
def _(sandbox):
    missing, nowhere, both, jobs = answers(
        sandbox, "exec -d no-such-program\nexec -d -w /nowhere true\n"
                 "exec -d --stdin /dev/null cat\njobs\n")
    same((missing["status"], missing["result"]["exit_code"]), (127, 127),
         "missing")
    assert "is missing in" in missing["result"]["message"], missing
    same(nowhere["ok"], False, "-w")
    assert "-w /nowhere" in nowhere["error"]["message"], nowhere
    assert "reads nothing" in both["error"]["message"], both
    same(jobs["result"]["jobs"], [], "jobs")


@test("a compiled language is compiled first: %s", ("docker", "restricted"))
def _(sandbox):
    with home(sandbox) as h:
        image = ""
        if sandbox != "restricted":
            engines.load(sandbox, "langs")
            image = "langs:latest -m 1g"
        done = h.script("env new %s\n"
                        "run -d bad.c <<E\nint main(void) { return x; }\nE\n"
                        "run -d good.c <<E\n"
                        "#include <stdio.h>\n"
                        "int main(void) { puts(\"compiled\"); return 5; }\nE\n"
                        "wait\n" % image, "-k", "--json")
        _, bad, good, wait = [json.loads(s) for s in done.out.splitlines()]
        same((bad["result"]["status"], bad["status"]), ("failed", 1), "bad")
        same(good["result"], {"job": 1}, "good")
        same((wait["result"]["stdout"], wait["status"]), ("compiled\n", 5),
             "wait")


@test("more than is kept is cut in the middle, and said: %s", ONE)
def _(sandbox):
    with home(sandbox) as h:
        done = h.script("env new python:3.11-slim\n"
                        "exec -d sh -c 'seq 200000; touch done'\n"
                        "exec sh -c 'until [ -e done ]; do sleep 0.01; done'\n"
                        "wait > out.txt\n", "-k").is_ok()
        assert "output cut here" in done.err, done.err
        with open(os.path.join(h.work, "out.txt")) as f:
            lines = f.read().split("\n")
        same((lines[0], lines[-2]), ("1", "200000"), "first and last")


@test("wait ends after -t, and what has not ended goes on: %s",
      engines.SANDBOXES)
def _(sandbox):
    _, _, early, jobs, kill, late = answers(
        sandbox, "exec -d sh -c 'echo up; touch up; sleep 1000'\n"
                 "exec sh -c 'until [ -e up ]; do sleep 0.01; done'\n"
                 "wait -t 300ms\njobs\nkill -9 1\nwait -t 60 1\n")
    same((early["status"], early["error"]["kind"], early["error"]["message"]),
         (124, "timeout", "job 1 has not ended in 300ms, and goes on"), "-t")
    same(jobs["result"]["jobs"][0]["state"], "running", "jobs")
    same(kill["ok"], True, "kill -9")
    same((late["result"]["stdout"], late["result"]["signal"]),
         ("up\n", "KILL"), "all of it")


@test("no more than 16 are kept, and none is forgotten for another: %s", ONE)
def _(sandbox):
    found = answers(sandbox, "exec -d true\n" * 17 + "wait 3\nexec -d true\n"
                             "jobs\n")
    error = found[16]["error"]
    assert "as many jobs as are kept" in error["message"], error
    same(found[18]["result"], {"job": 17}, "after wait")
    same([j["job"] for j in found[19]["result"]["jobs"]],
         [n for n in range(1, 18) if n != 3], "jobs")


@test("where no process can be made it is said why: %s", engines.KINDS)
def _(sandbox):
    bomb = """run -d bomb.py <<E
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
E
exec sleep 1
"""
    _, _, *found = answers(sandbox, bomb + "exec true\n" * 10 +
                           "kill -KILL 1\nwait 1\nexec true\n")
    refused = [a["error"]["message"] for a in found if "error" in a]
    assert refused and all("no room for another process" in m
                           for m in refused), found
    same(found[-2]["result"]["signal"], "KILL", "wait")
    same(found[-1]["result"]["exit_code"], 0, "after")


@test("logs shows what a job has written, and leaves it to wait: %s",
      engines.SANDBOXES)
def _(sandbox):
    script = ("env new python:3.11-slim\n"
              "exec -d sh -c 'echo a; echo b; echo err >&2; touch up;"
              " until [ -e go ]; do sleep 0.01; done; echo end'\n"
              "exec sh -c 'until [ -e up ]; do sleep 0.01; done'\n")
    _, _, logs, last, missing, step, _, wait = answers(
        sandbox, script.split("\n", 1)[1] + "logs %1\nlogs %1 1 --stdout\n"
                 "logs %7\nlogs -f @2\nexec touch go\nwait 1\n")
    lines = [(l["stream"], l["text"]) for l in logs["result"]["lines"]]
    same(lines, [("stdout", "a"), ("stdout", "b"), ("stderr", "err")], "logs")
    same((logs["result"]["job"], logs["result"]["running"]), (1, True), "job")
    same([l["text"] for l in last["result"]["lines"]], ["b"], "the last line")
    same(missing["error"]["message"], "e1 has no job 7", "missing")
    assert "@2 has ended" in step["error"]["message"], step
    same(wait["result"]["stdout"], "a\nb\nend\n", "wait")
    with home(sandbox) as h:
        done = h.script(script + "exec -d sh -c 'sleep 0.5; touch go'\n"
                        "logs @2\nlogs -f %1\nwait 1\n", "-k").is_ok()
        same(done.out, "a\nb\nend\n" * 2, "-f")
        assert "@2 started job 1:  logs %1  shows" in done.err, done.err


@test("a wrong number, word or signal is an error: %s", ONE)
def _(sandbox):
    found = answers(sandbox, "wait 7\nkill 7\nkill x\nkill -s NONE 1\n")
    same([a["error"]["message"] for a in found],
         ["e1 has no job 7", "e1 has no job 7",
          "'x' is not the number of a job", "'NONE' is not a signal"],
         "messages")
    same([a["status"] for a in found], [2] * 4, "status")


@test("Ctrl-C ends the waiting, and the job goes on: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        script = ("env new python:3.11-slim\n"
                  "exec -d sh -c 'echo up; sleep 1000'\nwait\njobs\n")
        with h.spawn(h.write("script", script), stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE) as p:
            same(p.stdout.readline(), b"up\n", "it is followed")
            p.send_signal(signal.SIGINT)
            rest = p.stdout.read().decode()
            errors = p.stderr.read().decode()
        assert "interrupted; job 1 goes on" in errors, errors
        same(rest, "", "a script ends there")


@test("reset takes the jobs along: %s", engines.SANDBOXES)
def _(sandbox):
    *_, reset, jobs = answers(sandbox, "exec -d sleep 1000\nenv reset\njobs\n")
    same((reset["ok"], jobs["result"]["jobs"]), (True, []), "after reset")


@test("in a kept environment it outlives its session: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.script("env new --keep python:3.11-slim --name kept-jobs\n"
                 "exec -d sh -c 'echo up; until [ -e go ]; do sleep 0.01;"
                 " done; echo end'\n").is_ok()
        try:
            done = h.script("env use kept-jobs\njobs\nexec touch go\n"
                            "wait 1\n", "--json").is_ok()
            jobs, _, wait = [json.loads(s)["result"]
                             for s in done.out.splitlines()][1:]
            same(jobs["jobs"][0]["state"], "running", "jobs")
            same(wait["stdout"], "up\nend\n", "wait")
        finally:
            h.script("env rm kept-jobs\n").is_ok()


@test("where all runs have one user there are none: %s", engines.KINDS)
def _(sandbox):
    with home(sandbox) as h:
        done = h.script("env new -u root busybox:latest\nexec -d true\n")
        same(done.status, 125, "status")
        assert "none in the background" in done.err, done.err
        done = h.script("env new -v %s:/data busybox:latest\nexec -d true\n"
                        % h.dir("data"))
        same(done.status, 125, "status")
        assert "with a directory of this host" in done.err, done.err
        assert "without -v" in done.err, done.err


main()
