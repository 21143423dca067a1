# SPDX-License-Identifier: MIT
"""Sessions with a name: what stays, who sees it, and what no kill -9, no full
disk and no damage can take away."""

import base64
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home, check_end                  # noqa: E402
from sandboxes import SandboxHome                   # noqa: E402
from tap import Skip, main, patient, same, test     # noqa: E402


def place(home, *parts):
    return os.path.join(home.env["XDG_STATE_HOME"], "addesh", "named", *parts)


def result(home, *args):
    """Of the last command, which must succeed."""
    return home.addesh("--json", *args).is_ok().objects()[-1]["result"]


def history(home, name):
    return result(home, "-s", name, "history")["steps"]


def check_numbers(home, name):
    """Without gaps; returns the steps."""
    steps = history(home, name)
    same([s["step"] for s in steps], list(range(1, len(steps) + 1)))
    return steps


def modes(path):
    """{mode: paths} of all files and directories below path."""
    found = {}
    for top, dirs, files in os.walk(path):
        for name in [""] + files:
            mode = os.lstat(os.path.join(top, name)).st_mode
            found.setdefault("%s %o" % ("d" if stat.S_ISDIR(mode) else "f",
                                        stat.S_IMODE(mode)), []).append(
                                            os.path.join(top, name))
    return found


# ---- what stays ----

@test
def steps_and_variables_stay():
    with Home() as home:
        home.addesh("-s", "one", "-c", "true # first", "-c",
                    "var A=1 'B=a b'").is_ok()
        done = home.addesh("-s", "one", "-c", "true", "-c", "history", "-c",
                           "var", "--plain").is_ok()
        same([line.split("\t")[::3] for line in done.out.splitlines()[:2]],
             [["@1", "true"], ["@2", "true"]])
        same(done.out.splitlines()[2:], ["A\t1", "B\ta b"])
        same(result(home, "-s", "one", "-c", "true", "-c", "show")["step"], 3)
        done = home.addesh("-s", "one", "-c", "var C=$A$n", "-c", "var")
        assert "C     13" in done.out, done


@test
def the_variable_names_it_too_and_a_session_without_name_is_as_ever():
    with Home() as home:
        env = {"ADDESH_SESSION": "v.1"}
        home.addesh("true", env=env).is_ok()
        same(len(history(home, "v.1")), 1)
        same(result(home, "-s", "other", "history")["steps"], [])
        same(home.addesh("--json", "history", env={
            "ADDESH_SESSION": ""}).is_ok().objects()[0]["result"]["steps"], [])
        same(os.listdir(place(home)), ["v.1"])


@test
def help_and_completion_do_not_touch_it():
    with Home() as home:
        home.addesh("-s", "x", "-c", "help", "-c", "help run").is_ok()
        home.addesh("-s", "x", "--version").is_ok()
        home.addesh("--complete", "session rm ",
                    env={"ADDESH_SESSION": "x"}).is_ok()
        assert not os.path.exists(place(home))


@test("%r is no name", ["", ".", "..", ".x", "a/b", "../x", "a b", "a\nb",
                        "ü", "x" * 65, "-", "-c", "--json"])
def _(name):
    with Home() as home:
        done = home.addesh("-s", name, "true").is_status(2)
        assert "is not a name for a session" in done.err, done
        if name:
            home.addesh("true", env={"ADDESH_SESSION": name}).is_status(2)
            home.addesh("--version", env={"ADDESH_SESSION": name}).is_ok()
        home.addesh("session", "rm", "--", name).is_status(2)
        home.addesh("session", "info", "--", name).is_status(2)
        assert not os.path.exists(place(home))


@test("%r is one", ["x", "x" * 64, "_a.b-C9", "a.lock"])
def _(name):
    with Home() as home:
        home.addesh("--session=" + name, "true").is_ok()
        same(result(home, "session", "ls")["sessions"][0]["name"], name)


@test
def files_belong_to_their_user_alone():
    with Home() as home:
        old = os.umask(0)
        try:
            home.addesh("-s", "x", "-c", "true", "-c", "var A=1").is_ok()
        finally:
            os.umask(old)
        same(sorted(modes(place(home))), ["d 700", "f 600"])


@test
def variables_are_bytes():
    with Home() as home:
        values = {"V%d" % i: b"a" + bytes([i]) * 2 for i in range(1, 256)}
        home.addesh("-s", "x", "var", *[os.fsdecode(
            n.encode() + b"=" + v) for n, v in values.items()]).is_ok()
        got = result(home, "-s", "x", "var")["variables"]
        same({v["name"]: v["value"].encode() if "value" in v else
              base64.b64decode(v["value_b64"]) for v in got}, values)


@test
def what_has_no_value_yet_says_what_gives_it_one():
    with Home() as home:
        for text in "$env", "$container", "$last.status":
            done = home.addesh("-s", "x", "-c", "var A=" + text).is_status(2)
            assert text + " has no value yet" in done.err, done
            assert "first:  " + ("run" if "last" in text else "env new") in \
                done.err, done
        done = home.addesh("-c", "var A=$B").is_status(2)
        assert "define it:  var B=VALUE" in done.err, done


@test
def secrets_are_not_kept():
    with Home() as home:
        done = home.addesh(
            "-s", "x", "-c", "var API_KEY=hunter2 URL=http://u:hunter2@h/",
            "-c", "var A=$API_KEY", "-c", "var A=1", "-c",
            "true", "-c", "var").is_ok()
        assert "API_KEY looks like a secret" in done.err, done
        assert "hunter2" in done.out, "this process has it"
        for paths in modes(place(home)).values():
            for path in paths:
                if os.path.isfile(path) and "session.json" not in path:
                    with open(path) as f:
                        assert "hunter2" not in f.read(), path
        done = home.addesh("-s", "x", "var").is_ok()
        assert "API_KEY" not in done.out and "URL" not in done.out, done


@test
def why_a_step_failed_is_kept_without_secrets():
    with Home() as home:
        home.addesh("-s", "x", "env", "use", "A_TOKEN=hunter2").is_status(2)
        step = result(home, "-s", "x", "show")
        same((step["command"], step["status"], step["error"]["kind"]),
             ("env use A_TOKEN=***", 2, "usage"))
        assert "there is no environment" in step["error"]["message"], step
        assert "hunter2" not in json.dumps(step), step
        done = home.addesh("-s", "x", "show").is_ok()
        assert "there is no environment 'A_TOKEN=***" in done.out, done


@test
def the_program_of_a_heredoc_is_kept_without_secrets():
    with SandboxHome("restricted") as home:
        text = "import os\nAPI_KEY='hunter2'\nprint('ü')\n"
        home.addesh("-s", "x", "-c", "env new", "-c",
                    "run main.py <<EOF\n%sEOF" % text).is_ok()
        step = result(home, "-s", "x", "show")
        same((step["command"], step["input_truncated"]),
             ("run main.py <<EOF", False))
        assert step["input"].startswith("import os\nAPI_KEY="), step
        assert step["input"].endswith("\nprint('ü')\n"), step
        assert "hunter2" not in json.dumps(step), step
        done = home.addesh("-s", "x", "show").is_ok()
        assert "@2 run main.py <<EOF\n  | import os\n" in done.out, done
        assert "hunter2" not in done.out, done
        assert "input" not in history(home, "x")[-1]
        long = "# ä" * 100000
        home.addesh("-s", "x", stdin="run main.py <<EOF\n%s\nEOF\n" % long)
        step = result(home, "-s", "x", "show")
        same((step["input"], step["input_truncated"]),
             (long.encode()[:256 << 10].decode(), True))
        done = home.addesh("-s", "x", "show").is_ok()
        assert "  ... (not kept) ...\n" in done.out, done
        # bytes that are no text
        home.addesh("-s", "x", stdin=b"run main.py <<E\nprint('\xff')\nE\n")
        same(base64.b64decode(result(home, "-s", "x", "show")["input_b64"]),
             b"print('\xff')\n")


@test
def settings_are_not_kept():
    with Home() as home:
        def limit(*commands):
            done = home.addesh("-s", "x", *commands, "-c", "set timeout")
            return done.is_ok().out

        before = limit()
        assert limit("-c", "set timeout 7") != before
        same(limit(), before)


# ---- ls, info, rm, gc ----

@test
def they_are_listed_and_removed():
    with Home() as home:
        for name in "b", "a":
            home.addesh("-s", name, "-c", "true", "-c", "true", "-c",
                        "var A=1 B=2").is_ok()
        ls = result(home, "session", "ls")["sessions"]
        same([s["name"] for s in ls], ["a", "b"])
        a = result(home, "session", "info", "a")
        same((a["steps"], a["variables"], a["processes"], a["environments"]),
             (2, 2, [], []))
        assert a["bytes"] > 0 and a["created"] <= a["last_used"], a
        assert "a" in home.addesh("session", "ls").is_ok().out
        same([i for i in result(home, "gc")["items"]
              if i["kind"] == "session"],
             [{"kind": "session", "name": n, "keep": True,
               "why": "it has a name; 'session rm' removes it"}
              for n in "ab"])
        done = home.addesh("session", "rm", "a").is_ok()
        assert done.out.startswith("a: 2 steps, 2 variables and 0 "), done
        done = home.addesh("session", "info", "aa").is_status(2)
        assert "there is no session 'aa'" in done.err, done
        done = home.addesh("session", "rm", "a").is_status(2)
        same(os.listdir(place(home)), ["b"])
        same(len(history(home, "b")), 2)
        home.addesh("session", "info").is_status(2)
        same(result(home, "-s", "b", "session", "info")["name"], "b")
        done = home.addesh("-s", "b", "-c", "session rm -f b").is_status(2)
        assert "this process's own" in done.err, done
        assert "ended:  addesh session rm b" in done.err, done
        done = home.addesh("session", "rm", "b", env={"ADDESH_SESSION": "b"})
        assert "env -u ADDESH_SESSION addesh session rm b" in done.err, done
        same(home.addesh("--complete", "session rm ").is_ok().out, "b\n")
        same(home.addesh("--complete", "-s ").is_ok().out, "b\n")


class Waiting:
    """addesh -s NAME that reads commands from a pipe; one object a command."""

    def __init__(self, home, name):
        self.process = home.spawn("--json", "-k", "-s", name,
                                  stdin=subprocess.PIPE)

    def do(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        err = self.process.stderr.read()
        check_end(self.process.wait(), err)
        self.process.stdout.close()
        self.process.stderr.close()
        return err.decode()

    def kill(self):
        self.process.kill()
        self.end_of_pipe = self.process.stdout.read()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout,
                     self.process.stderr):
            pipe.close()


@test
def one_in_which_nothing_was_done_is_not_left():
    with Home() as home:
        a, b = Waiting(home, "x"), Waiting(home, "x")
        for w in a, b:
            same(w.do("history")["result"]["steps"], [])
        a.end()
        same(os.listdir(place(home)), ["x"])
        b.end()
        same(os.listdir(place(home)), [])
        # a variable is something, and so is what was lost
        home.addesh("-s", "x", "var", "A=1").is_ok()
        home.addesh("-s", "x", "history").is_ok()
        same(os.listdir(place(home)), ["x"])
        with open(place(home, "x", "session.json"), "w") as f:
            f.write("?")
        home.addesh("-s", "x", "history").is_ok()
        same(os.listdir(place(home)), ["x"])
        home.addesh("session", "rm", "x").is_ok()
        # beside those who come nobody loses anything
        for turn in range(5):
            all_ = [home.spawn("-s", "x", *(["true"] if i == 3 else
                                            ["history"])) for i in range(8)]
            for process in all_:
                err = process.communicate(timeout=patient(60))[1]
                check_end(process.returncode, err)
                same((process.returncode, err), (0, b""))
            same(len(check_numbers(home, "x")), turn + 1)
        same(os.listdir(place(home)), ["x"])


@test
def what_is_in_use_is_not_removed_unless_forced():
    with Home() as home:
        w = Waiting(home, "x")
        same(w.do("true")["step"], 1)
        pid = w.process.pid
        same(result(home, "session", "info", "x")["processes"], [pid])
        done = home.addesh("session", "rm", "x").is_status(2)
        assert "in use by process %d" % pid in done.err, done
        assert "session rm -f x" in done.err, done
        home.addesh("session", "rm", "-f", "x").is_ok()
        assert not os.path.exists(place(home, "x"))
        # another one of that name is none of its business
        home.addesh("-s", "x", "true").is_ok()
        same(len(history(home, "x")), 1)
        got = w.do("true")
        same(got["ok"], True)
        same(w.do("var A=1")["ok"], True)
        same(w.do("var")["result"]["variables"],
             [{"name": "A", "value": "1"}])
        err = w.end()
        same(err.count("session x was removed"), 1)
        same(len(history(home, "x")), 1)
        same(result(home, "session", "info", "x")["variables"], 0)


@test
def a_removal_beside_those_who_come_takes_no_step_of_theirs():
    with Home() as home:
        for turn in range(10):
            come = [home.spawn("--json", "-s", "x", "-c", "true", "-c",
                               "history") for _ in range(4)]
            go = [home.spawn("session", "rm", "x") for _ in range(4)]
            for process in come:
                out, err = process.communicate(timeout=patient(60))
                check_end(process.returncode, err)
                same((process.returncode, err), (0, b""))
                true, there = map(json.loads, out.splitlines())
                assert any(s["process"] == process.pid and s["step"] ==
                           true["step"] for s in there["result"]["steps"])
            for process in go:
                err = process.communicate(timeout=patient(60))[1]
                check_end(process.returncode, err)
                assert process.returncode == 0 or b"in use" in err or \
                    b"there is no session" in err, err
        same([n for n in os.listdir(place(home)) if n != "x"], [])


@test
def the_dead_do_not_use_it():
    with Home() as home:
        w = Waiting(home, "x")
        w.do("true")
        w.kill()
        same(result(home, "session", "info", "x")["processes"], [])
        home.addesh("-s", "x", "true").is_ok()
        same(os.listdir(place(home, "x", "use")), [])
        home.addesh("session", "rm", "x").is_ok()


@test
def what_is_no_step_is_answered_with_where_they_are():
    with Home() as home:
        home.addesh("-s", "x", "true").is_ok()
        for line, why, hint in (
                ("show @9", "there is no step @9", "see them:  history"),
                ("show x", "'x' is neither a number of lines nor a step @N",
                 "the steps:  history"),
                ("logs @1x", "'@1x' is not a step @N", "the steps:  history"),
                ("show %1", "'%1' is neither", "a job writes:  logs %1"),
                ("history @1", "'@1' is not a number of steps",
                 "all of them:  history"),
                ("rerun @0", "'@0': steps count from 1",
                 "the steps:  history"),
                ("env new; wait x", "'x' is not the number of a job",
                 "see them:  jobs"),
                ("adde pull_imag", "unknown tool", "did you mean pull_image?"),
                ("adde x", "unknown tool", "its tools are in adde(1)")):
            done = home.addesh(*(() if "adde" in line else ("-s", "x")),
                               "-c", line).is_status(2)
            assert why in done.err and "\n  " in done.err and \
                done.err.endswith(hint + "\n"), done


# ---- several processes ----

@test
def each_sees_the_steps_and_variables_of_all():
    with Home() as home:
        a, b = Waiting(home, "x"), Waiting(home, "x")
        same([a.do("true")["step"], b.do("true")["step"],
              b.do("true")["step"], a.do("true")["step"]], [1, 2, 3, 4])
        a.do("var A=from-a"), b.do("var B=from-b")
        for w in b, a:
            same(len(w.do("history")["result"]["steps"]), 4)
            same(w.do("show @3")["result"]["process"], b.process.pid)
            same(w.do("var")["result"]["variables"],
                 [{"name": "A", "value": "from-a"},
                  {"name": "B", "value": "from-b"}])
            same(w.do("show @5")["ok"], False)
        a.do("var N$n=$A$B")
        same(result(home, "session", "info", "x")["processes"],
             sorted((a.process.pid, b.process.pid)))
        a.end(), b.end()
        assert "N4    from-afrom-b" in home.addesh("-s", "x", "var").out


@test
def fifty_at_once_lose_no_step():
    with Home() as home:
        commands = []
        for i in range(8):
            commands += ["-c", "true"]
        all_ = [home.spawn("--json", "-s", "x", *commands, "-c",
                           "var V%d=%d" % (i, i)) for i in range(50)]
        seen = []
        for process in all_:
            out, err = process.communicate(timeout=patient(120))
            check_end(process.returncode, err)
            same((process.returncode, err), (0, b""))
            got = [json.loads(line) for line in out.splitlines()]
            same([g["ok"] for g in got], [True] * 9)
            seen += [(g["step"], process.pid) for g in got[:8]]
        same(sorted(n for n, _ in seen), list(range(1, 401)))
        steps = check_numbers(home, "x")
        same(len(steps), 400)
        same({(s["step"], s["process"]) for s in steps}, set(seen))
        same({(s["state"], s["status"]) for s in steps}, {("done", 0)})
        same(len(result(home, "-s", "x", "var")["variables"]), 50)
        left = [n for n in os.listdir(place(home, "x", "steps"))
                if not n.endswith(".json")]
        same((left, os.listdir(place(home, "x", "use"))), (["last"], []))


@test
def a_stopped_process_is_named():
    with Home() as home:
        # one that was stopped while it holds the lock
        home.addesh("-s", "x", "true").is_ok()
        holder = subprocess.Popen(
            ["/usr/bin/python3", "-c",
             "import fcntl, os, sys\n"
             "f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX)\n"
             "print('process', os.getpid(), file=f, flush=True)\n"
             "print('held', flush=True); sys.stdin.read()",
             place(home, "x", "lock")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        same(holder.stdout.readline(), b"held\n")
        holder.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED)
        waiting = home.spawn("-s", "x", "true")
        done = home.addesh("session", "rm", "x").is_status(124)
        assert "in use by process %d" % holder.pid in done.err, done
        assert "which is stopped" in done.err, done
        assert "the signal CONT lets process %d" % holder.pid in done.err, done
        err = waiting.communicate(timeout=patient(60))[1].decode()
        same(waiting.returncode, 0)
        assert "in use by process %d" % holder.pid in err, err
        holder.send_signal(signal.SIGCONT)
        holder.communicate()
        same(len(history(home, "x")), 1)


# ---- kill -9 at any point ----

def check_after_kills(home, done):
    """What was reported as done is there; all there is can be read."""
    with open(place(home, "x", "session.json")) as f:
        state = json.load(f)
    steps = {s["step"]: s for s in check_numbers(home, "x")}
    for number, pid in done:
        s = steps[number]
        same((s["state"], s["status"], s["process"]), ("done", 0, pid), s)
    for s in steps.values():
        assert s["state"] in ("done", "interrupted"), s
        same(s["command"], "true")
    same(sorted(os.listdir(place(home, "x"))),
         ["lock", "session.json", "steps", "use"])
    same(os.listdir(place(home, "x", "use")), [])
    left = [n for n in os.listdir(place(home, "x", "steps"))
            if not n.endswith(".json")]
    same(left, ["last"])
    return state, steps


@test(deadline=240)
def killed_at_random_points_no_step_that_was_done_is_lost():
    chance = random.Random(4)
    with Home() as home:
        started = time.monotonic()
        home.addesh("-s", "x", "true").is_ok()
        # from before the first step to behind some, wherever this runs
        span = max(0.05, 4 * (time.monotonic() - started))
        done, variables = set(), {}
        script = "".join("true\nvar V%d=%%d\n" % i for i in range(40))
        for turn in range(40):
            several = []
            for _ in range(3):
                process = home.spawn("--json", "-s", "x",
                                     stdin=subprocess.PIPE)
                process.stdin.write((script % ((turn,) * 40)).encode())
                process.stdin.close()
                several.append(process)
            time.sleep(chance.random() * span)
            for process in several:
                process.send_signal(signal.SIGKILL)
            for process in several:
                # the last line may be cut
                lines = process.stdout.read().split(b"\n")[:-1]
                process.stderr.close()
                process.stdout.close()
                process.wait()
                for got in map(json.loads, lines):
                    same(got["ok"], True)
                    if got["cmd"] == "true":
                        done.add((got["step"], process.pid))
            same(len({n for n, _ in done}), len(done))
        home.addesh("-s", "x", "var", "LAST=1").is_ok()
        state, steps = check_after_kills(home, done)
        assert done, "every process was killed before its first step"
        same(state["vars"]["LAST"], {"text": "1"})


@test
def killed_while_it_runs_programs_no_log_is_lost():
    chance = random.Random(5)
    with SandboxHome("restricted") as home:
        home.addesh("-s", "x", "env", "new").is_ok()
        done = {}
        for turn in range(12):
            process = home.spawn("--json", "-s", "x", stdin=subprocess.PIPE)
            for i in range(20):
                process.stdin.write(b"exec echo %d.%d\n" % (turn, i))
            process.stdin.close()
            first = process.stdout.readline()
            time.sleep(chance.random() * patient(0.1))
            process.kill()
            lines = [first] + process.stdout.read().split(b"\n")[:-1]
            process.stdout.close()
            process.stderr.close()
            process.wait()
            for got in map(json.loads, lines):
                same((got["ok"], got["cmd"]), (True, "exec"), got)
                done[got["step"]] = got["result"]["stdout"]
        assert len(done) >= 12, done
        steps = {s["step"]: s["state"] for s in check_numbers(home, "x")}
        logs = []
        for number in done:
            same(steps[number], "done")
            logs += ["-c", "logs @%d" % number]
        got = home.addesh("--json", "-s", "x", *logs).is_ok().objects()
        same([[l["text"] + "\n" for l in g["result"]["lines"]] for g in got],
             [[text] for text in done.values()])


# ---- the directory is not as it should be ----

@test
def damaged_state_is_put_aside():
    with Home() as home:
        home.addesh("-s", "x", "-c", "true", "-c", "var A=1").is_ok()
        for text in "{\"v\":1,", "[]", "", "\0\0\0\0":
            with open(place(home, "x", "session.json"), "w") as f:
                f.write(text)
            done = home.addesh("-s", "x", "-c", "var", "-c", "var B=2", "-c",
                               "true").is_ok()
            same(done.err.count("has lost its variables"), 1, done)
            assert done.err.endswith("; what was there is %s\n" % place(
                home, "x", "session.json.damaged")), done
            with open(place(home, "x", "session.json.damaged")) as f:
                same(f.read(), text)
            same(home.addesh("-s", "x", "--plain", "var").is_ok().out,
                 "B\t2\n")
        same(len(check_numbers(home, "x")), 5)


@test
def the_state_of_another_version_is_left_alone():
    with Home() as home:
        home.addesh("-s", "x", "true").is_ok()
        text = '{"v":2,"vars":{"A":{"text":"1"}}}'
        with open(place(home, "x", "session.json"), "w") as f:
            f.write(text)
        done = home.addesh("-s", "x", "-c", "var B=2", "-c", "var", "-c",
                           "true", "--plain").is_ok()
        same((done.out, done.err.count("of another version of addesh"),
              done.err.count("\n")), ("B\t2\n", 1, 1), done)
        with open(place(home, "x", "session.json")) as f:
            same(f.read(), text)
        same(len(check_numbers(home, "x")), 2)


@test
def damaged_records_are_told_and_cost_no_other():
    with Home() as home:
        home.addesh("-s", "x", *["-c", "true"] * 6).is_ok()
        path = place(home, "x", "steps", "%d.json")
        open(path % 2, "w").close()
        with open(path % 3, "w") as f:
            f.write("[1]")
        os.unlink(path % 4)
        os.symlink("/nonexistent", path % 7)
        os.mkdir(place(home, "x", "steps", "99999999999999.json"))
        steps = history(home, "x")
        same([(s["step"], s["state"]) for s in steps],
             [(1, "done"), (2, "damaged"), (3, "damaged"), (5, "done"),
              (6, "done")])
        assert "damaged" in home.addesh("-s", "x", "show", "@2").is_ok().out
        assert "damaged" in home.addesh("-s", "x", "history").is_ok().out
        done = home.addesh("-s", "x", "show", "@4").is_status(2)
        assert "step @4 is not kept" in done.err, done
        got = home.addesh("--json", "-s", "x", "true").is_ok().objects()
        same(got[0]["step"], 8)


def make_steps(home, name, first, last):
    """Steps as if somebody had made them."""
    steps = place(home, name, "steps")
    with open(os.path.join(steps, "%d.json" % (first - 1))) as f:
        record = f.read()
    for n in range(first, last + 1):
        with open(os.path.join(steps, "%d.json" % n), "w") as f:
            f.write(record)
        with open(os.path.join(steps, "%d.log" % n), "w") as f:
            f.write("")


def numbers(home, name):
    return sorted(int(f.split(".")[0])
                  for f in os.listdir(place(home, name, "steps"))
                  if f.endswith(".json"))


@test
def of_very_many_steps_the_oldest_go():
    with Home() as home:
        process = home.spawn("--json", "-s", "x", stdin=subprocess.PIPE)
        try:
            process.stdin.write(b"true\n")
            process.stdin.flush()
            same(json.loads(process.stdout.readline())["step"], 1)
            make_steps(home, "x", 2, 10111)
            same(len(history(home, "x")), 10111)
            # it is looked at with each 64th step
            home.addesh("-s", "x", "-c", "true").is_ok()
            same(numbers(home, "x"), list(range(113, 10113)))
            logs = os.listdir(place(home, "x", "steps"))
            assert "113.log" in logs and "112.log" not in logs
            # who made an old one goes on with the newest number
            process.stdin.write(b"true\n")
            process.stdin.close()
            same(json.loads(process.stdout.readline())["step"], 10113)
        finally:
            process.kill()
            process.wait()
        steps = history(home, "x")
        same((steps[0]["step"], steps[-1]["step"]), (113, 10113))
        done = home.addesh("-s", "x", "show", "@112").is_status(2)
        assert "step @112 is not kept" in done.err, done


def processes(cmdline):
    """Those of this command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if f.read() == cmdline:
                    found.append(int(pid))
        except OSError:
            continue
    return found


@test
def one_that_outlasts_its_place_leaves_no_number_to_be_used_again():
    with SandboxHome("restricted") as home:
        w = Waiting(home, "x")
        w.do("env new")
        length = "1000.%09d" % os.getpid()
        w.process.stdin.write(b"exec sleep %s\n" % length.encode())
        w.process.stdin.flush()
        while not processes(b"sleep\0%s\0" % length.encode()):
            time.sleep(0.01)
        make_steps(home, "x", 3, 10111)
        home.addesh("-s", "x", "true").is_ok()
        same(numbers(home, "x"), list(range(113, 10113)))
        for pid in processes(b"sleep\0%s\0" % length.encode()):
            os.kill(pid, signal.SIGKILL)
        same(json.loads(w.process.stdout.readline())["status"], 137)
        same(w.do("true")["step"], 10113)
        assert "step 2 is not kept" in w.end()
        same(numbers(home, "x")[0], 113)


@test
def of_very_large_steps_the_oldest_go():
    with Home() as home:
        home.addesh("-s", "x", "-c", "true").is_ok()
        make_steps(home, "x", 2, 63)
        for n in 5, 40, 41:
            with open(place(home, "x", "steps", "%d.log" % n), "r+") as f:
                f.truncate(500 << 20)
        home.addesh("-s", "x", "-c", "true").is_ok()
        same(numbers(home, "x"), list(range(6, 65)))
        # the newest stays, however large
        with open(place(home, "x", "steps", "127.log"), "w") as f:
            f.truncate(2 << 30)
        make_steps(home, "x", 65, 126)
        home.addesh("-s", "x", "-c", "true", "-c", "true").is_ok()
        same(numbers(home, "x"), [128])


@test
def a_wrong_hint_at_the_newest_step_costs_nothing():
    with Home() as home:
        home.addesh("-s", "x", *["-c", "true"] * 3).is_ok()
        path = place(home, "x", "steps", "last")
        with open(path) as f:
            same(f.read(), "0000000003\n")
        for number, text in enumerate(
                ("0000000001\n", "0000000099\n", "", "x", "\0" * 70, "-1",
                 "99999999999999999999")):
            with open(path, "w") as f:
                f.write(text)
            got = home.addesh("--json", "-s", "x", "true").is_ok().objects()
            same(got[0]["step"], 4 + number, text)
            with open(path) as f:
                assert f.read().startswith("%010d\n" % (4 + number))
        same(len(check_numbers(home, "x")), 10)


@test("%s in the places of files are not waited for",
      ["FIFOs", "links", "directories"])
def _(what):
    with Home() as home:
        home.addesh("-s", "x", *["-c", "true"] * 3, "-c", "var A=1").is_ok()
        make = {"FIFOs": os.mkfifo, "directories": os.mkdir,
                "links": lambda path: os.symlink("/dev/zero", path)}[what]
        for name in "1.json", "2.log", "4.log", "last":
            path = place(home, "x", "steps", name)
            if os.path.exists(path):
                os.unlink(path)
            make(path)
        path = place(home, "x", "session.json")
        os.unlink(path)
        make(path)
        done = home.addesh("-s", "x", "-c", "var B=2", "-c", "true").is_ok()
        assert "has lost its variables" in done.err or \
            "session.json: Is a directory" in done.err, done
        same([s["step"] for s in history(home, "x") if s["state"] == "done"],
             [2, 3, 4])
        done = home.addesh("-s", "x", "logs", "@2").is_status(125)
        assert "2.log: " in done.err, done
        home.addesh("-s", "x", "show", "@2").is_ok()
        result(home, "session", "info", "x")
        # where not even the lock is one
        path = place(home, "x", "lock")
        os.unlink(path)
        make(path)
        done = home.addesh("-s", "x", "true").is_ok()
        if what == "FIFOs":  # which can be locked
            same(done.err, "")
            home.addesh("session", "rm", "x").is_ok()
        else:
            same(done.err.count("session x is not kept"), 1)
            done = home.addesh("session", "rm", "x").is_status(125)
            assert "by hand: " + place(home, "x") in done.err, done


class UserHome(SandboxHome):
    """That of an ordinary user, whom the permissions of files bind."""

    def __init__(self):
        super().__init__("restricted-user")


@test
def a_read_only_directory_is_told_once_and_all_works():
    with UserHome() as home:
        home.addesh("-s", "x", "-c", "true", "-c", "var A=1").is_ok()
        dirs = [place(home, "x", d) for d in ("use", "steps", "")]
        for path in dirs:
            os.chmod(path, 0o500)
        done = home.addesh("-s", "x", "-c", "true", "-c", "true", "-c",
                           "var B=2", "-c", "var C=$A$B", "-c", "var", "-c",
                           "history", "--plain").is_ok()
        same(done.err.count("not kept"), 1, done)
        same(done.out.splitlines()[:3], ["A\t1", "B\t2", "C\t12"])
        same(len(done.out.splitlines()), 4)
        for path in dirs:
            os.chmod(path, 0o700)
        same(len(check_numbers(home, "x")), 1)


def close_dirs(home, name):
    for path in [place(home, name, d) for d in ("use", "steps", "")]:
        os.chmod(path, 0o500)


@test
def whoever_asked_for_quiet_is_told_too():
    with UserHome() as home:
        home.addesh("-q", "-s", "x", "-c", "true", "-c", "var A=1").is_ok()
        close_dirs(home, "x")
        for mode in [], ["--json"], ["--plain"]:
            done = home.addesh("-q", *mode, "-s", "x", "-c", "true", "-c",
                               "var B=2", "-c", "true").is_ok()
            same((done.err.count("\n"), done.err.count("is not kept")),
                 (1, 1), done)


@test
def an_agent_is_told_in_its_answer():
    with UserHome() as home:
        def adde(tool, **request):
            done = home.addesh("adde", tool, json.dumps(request)).is_ok()
            same(done.err, "")
            return json.loads(done.out)

        made = adde("create_runtime_env", image="python")
        run = {"container_id": made["container_id"], "filename": "a.py",
               "code_content": "print(6 * 7)"}
        assert "warnings" not in adde("execute_code_block", **run)
        close_dirs(home, "adde")
        answer = adde("execute_code_block", **run)
        same(answer["log"]["stdout"], "42\n")
        same([w.split(":")[0] for w in answer["warnings"]
              if "not kept" in w.split(":")[0]],
             ["session adde is not kept"])
        os.chmod(place(home, "adde"), 0o700)
        adde("cleanup_env", container_id=made["container_id"])


@test
def no_state_directory_at_all_is_told_once_and_all_works():
    with UserHome() as home:
        os.chmod(home.env["XDG_STATE_HOME"], 0o500)
        for name in [], ["-s", "x"]:
            done = home.addesh(*name, "-c", "true", "-c", "var A=1", "-c",
                               "var B=$A", "-c", "true", "-c", "var",
                               "--plain").is_ok()
            same((done.out, done.err.count("\n")), ("A\t1\nB\t1\n", 1), done)
            assert "Permission denied" in done.err, done


@test("a session's directory that is %s is not used",
      ["a file", "a link", "writable for others"])
def _(how):
    with Home() as home:
        os.makedirs(place(home), 0o700)
        if how == "a file":
            open(place(home, "x"), "w").close()
        elif how == "a link":
            os.symlink(home.dir("elsewhere"), place(home, "x"))
        else:
            os.mkdir(place(home, "x"))
            os.chmod(place(home, "x"), 0o777)
        done = home.addesh("-s", "x", "-c", "true", "-c", "show").is_ok()
        same(done.err.count("session x is not kept"), 1, done)
        assert "@1 true" in done.out, done
        same(result(home, "session", "ls")["sessions"], [])
        home.addesh("session", "rm", "x").is_status(125)
        assert os.path.lexists(place(home, "x"))


def mount(home, size):
    """A small file system in the place of the state directory."""
    path = home.env["XDG_STATE_HOME"]
    if os.geteuid() or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "mode=700,size=%s" % size, "none",
             path], stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs to mount")
    return path


def fill(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except OSError:
        os.close(fd)


@test
def a_full_disk_is_told_once_and_all_works():
    with SandboxHome("restricted") as home:
        path = mount(home, "256k")
        try:
            home.addesh("-s", "x", "-c", "true", "-c", "var A=1", "-c",
                        "env new").is_ok()
            fill(os.path.join(path, "filler"))
            done = home.addesh(
                "--json", "-s", "x", "-c", "true", "-c",
                "exec python3 -c \"print('kept in memory')\"", "-c", "logs",
                "-c", "var B=$last.stdout", "-c", "var", "-c",
                "history").is_ok()
            same(done.err.count("steps are not kept"), 1, done)
            got = done.objects()
            same(got[1]["result"]["stdout"], "kept in memory\n")
            same(got[2]["result"]["lines"][0]["text"], "kept in memory")
            same(got[4]["result"]["variables"],
                 [{"name": "A", "value": "1"},
                  {"name": "B", "value": "kept in memory\n"}])
            os.unlink(os.path.join(path, "filler"))
            home.addesh("-s", "x", "true").is_ok()
            steps = history(home, "x")
            same([s["state"] for s in steps if s["command"] == "true"],
                 ["done", "done"])
            home.addesh("session", "rm", "x").is_ok()
        finally:
            subprocess.run(["umount", path], check=True)


# ---- runs ----

@test
def logs_and_last_are_those_of_the_session():
    with SandboxHome("restricted") as home:
        home.addesh("-s", "x", "-c", "env new", "-c",
                    "exec sh -c 'echo out; echo err >&2; exit 3'").is_status(3)
        home.addesh("-s", "x", "true").is_ok()
        done = home.addesh("-s", "x", "-c", "logs", "-c",
                           "var A=$last.exit_code/$last.status/$last.stderr",
                           "-c", "var", "--plain").is_ok()
        same(done.out, "out\n! err\nA\t3/failed/err \n")
        w = Waiting(home, "x")
        w.do("var A=$last.exit_code")
        home.addesh("-s", "x", "-c", "env new", "-c", "exec sh -c 'exit 7'",
                    ).is_status(7)
        w.do("var B=$last.exit_code")
        same([v["value"] for v in w.do("var")["result"]["variables"]],
             ["3", "7"])
        w.end()
        # of what wrote nothing, too
        home.addesh("-s", "x", "-c", "env new", "-c", "exec true").is_ok()
        same(result(home, "-s", "x", "logs"), {"step": 7, "lines": []})
        same(len(result(home, "-s", "x", "logs", "@2")["lines"]), 2)


@test
def what_a_run_wrote_is_on_disk_once():
    with SandboxHome("restricted") as home:
        script = "import sys; %s.write(%s)"
        for what in ("sys.stdout", "'un' 'ique'"), \
                ("sys.stderr.buffer", "b'un' b'ique\\xff'"):
            home.addesh("-s", "x", "-c", "env new", "-c",
                        "exec python3 -c \"%s\"" % (script % what)).is_ok()
        found = [path for paths in modes(place(home, "x")).values()
                 for path in paths
                 if os.path.isfile(path) and b"unique" in
                 open(path, "rb").read()]
        same(sorted(map(os.path.basename, found)), ["2.log", "4.log"])
        got = result(home, "-s", "x", "show", "@2")["result"]
        same((got["stdout"], got["stderr"]), ("unique", ""))
        assert list(got).index("stdout") < list(got).index("signal"), got
        got = result(home, "-s", "x", "show", "@4")["result"]
        same((got["stdout"], base64.b64decode(got["stderr_b64"])),
             ("", b"unique\xff"))
        # whoever has lost one knows it
        os.unlink(place(home, "x", "steps", "2.log"))
        got = result(home, "-s", "x", "show", "@2")["result"]
        same(("stdout" in got, got["stdout_bytes"]), (False, 6))
        assert "6 bytes of stdout" in home.addesh(
            "-s", "x", "show", "@2").is_ok().out


@test
def a_run_of_another_process_is_seen_while_it_runs_and_after_a_kill():
    with SandboxHome("restricted") as home:
        w = Waiting(home, "x")
        w.do("env new")
        w.process.stdin.write(
            b"exec sh -c 'echo begun; sleep 100'\n")
        w.process.stdin.flush()
        end = time.monotonic() + patient(60)
        while not home.addesh("-s", "x", "logs").out == "begun\n":
            assert time.monotonic() < end, "nothing is seen of it"
        step = history(home, "x")[-1]
        same((step["step"], step["state"], step["status"],
              step["duration_ms"], step["process"]),
             (2, "running", None, None, w.process.pid))
        done = home.addesh("-s", "x", "show")
        assert "running, process %d" % w.process.pid in done.out, done
        w.kill()
        step = history(home, "x")[-1]
        same((step["step"], step["state"]), (2, "interrupted"))
        done = home.addesh("-s", "x", "-c", "show", "-c", "logs").is_ok()
        assert "interrupted, process %d" % w.process.pid in done.out, done
        assert done.out.endswith("begun\n"), done
        same(result(home, "-s", "x", "-c", "true", "show")["step"], 3)


@test
def environments_belong_to_it_and_go_with_it():
    with SandboxHome("restricted") as home:
        home.addesh("-s", "x", "-c", "env new", "-c", "env new --name other",
                    "-c", "exec touch here").is_ok()
        same(result(home, "session", "info", "x")["environments"],
             ["e1", "other"])
        done = home.addesh("-s", "x", "exec", "ls").is_ok()
        same((done.out, done.err), ("here\n", ""))
        assert "e1, other" in home.addesh("session", "ls").is_ok().out
        done = home.addesh("session", "rm", "x").is_ok()
        assert " and 2 environments, " in done.out, done
        same(done.err, "")
        same(result(home, "env", "ls", "-a")["environments"], [])
        same(result(home, "-s", "x", "session", "info")["environments"], [])


@test
def two_users_of_one_name_do_not_meet():
    with Home() as one, UserHome() as other:
        one.addesh("-s", "x", "var", "A=1").is_ok()
        same(other.addesh("-s", "x", "--plain", "var").is_ok().out, "")
        if not os.geteuid():
            # not even where both were told the same directory
            other.env["XDG_STATE_HOME"] = one.env["XDG_STATE_HOME"]
            os.chmod(one.path, 0o755)
            done = other.addesh("-s", "x", "var").is_ok()
            same((done.out, "session x is not kept" in done.err), ("", True))
            os.chmod(one.env["XDG_STATE_HOME"], 0o755)
            os.chmod(os.path.join(one.env["XDG_STATE_HOME"], "addesh"), 0o755)
            done = other.addesh("-s", "x", "true").is_status(125)
            assert "is not a directory of ours alone" in done.err, done


main(beside=True)
