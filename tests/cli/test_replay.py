# SPDX-License-Identifier: MIT
"""Session files: replayed, recorded, and run as scripts."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from sandboxes import SandboxHome                   # noqa: E402
from tap import Skip, main, patient, same, test           # noqa: E402

LESSON = """---
addesh-session: 1
title: A missing module
---
# A missing module

## An environment
```addesh
$ env new
! env [ENV] ([..]) ready in [TIME]
```

## Run it
```addesh {timeout: 20s, id: first}
$ run main.py <<'EOF'
> import nosuch
> EOF
! Traceback (most recent call last):
! ...
! ModuleNotFoundError: No module named 'nosuch'
! ...
[1]
% capture: N=/([0-9]+)/
$ run b.py <<< 'print(6 * 7)'
42
$ run c.py $N <<< 'import sys; print(sys.argv[1])'
4[0-9] (re)
```
"""


def replay(home, name, *options, **kw):
    return home.addesh("replay", *options, name, cwd=home.work, **kw)


def write(home, name, text):
    with open(os.path.join(home.work, name), "w") as f:
        f.write(text)
    return name


def fence(text):
    return "```addesh\n%s```\n" % text


def verdicts(done):
    """What TAP says of each step: "ok", "not ok", "skip"."""
    found = []
    for line in done.out.splitlines():
        m = re.match(r"(not ok|ok) \d+ - [^#]*(# SKIP)?", line)
        if m:
            found.append("skip" if m.group(2) else m.group(1))
    plan = re.search(r"^1\.\.(\d+)$", done.out, re.M)
    same(int(plan.group(1)), len(found))
    return found


def left(home):
    return os.listdir(home.env["TMPDIR"])


# ---- replay ----

@test
def what_is_as_expected_is_a_success():
    with SandboxHome("restricted") as home:
        done = replay(home, write(home, "lesson.md", LESSON)).is_ok()
        same(verdicts(done), ["ok"] * 4)
        assert "ok 2 - lesson.md:15 Run it: run main.py" in done.out, done
        same(os.listdir(home.work), ["lesson.md"])
        same(left(home), [])


@test
def what_is_not_is_said_and_ends_the_file():
    cases = [("42\n", "43\n"), ("[1]\n", ""), ("[1]\n", "[2]\n"),
             ("! Mod", "! Nod"), ("N=/([0-9]+)/", "N=/([a-z]+)/"),
             ("! env [ENV]", "env [ENV]")]
    with SandboxHome("restricted") as home:
        for old, new in cases:
            assert old in LESSON, old
            name = write(home, "lesson.md", LESSON.replace(old, new, 1))
            done = replay(home, name).is_status(1)
            found = verdicts(done)
            same(found.count("not ok"), 1, done.out)
            at = found.index("not ok")
            same(set(found[:at]) <= {"ok"}, True)
            same(set(found[at + 1:]) <= {"skip"}, True)
        done = replay(home, name, "-k").is_status(1)
        same(verdicts(done), ["not ok", "ok", "ok", "ok"])


@test
def variables_of_the_file_are_those_of_its_programs():
    text = "---\nenv: {A: front, B: front, C: front}\n---\n" + fence(
        "$ env new -e B=env -e C=env\n! ...\n"
        "$ run -e C=run a.py <<< 'import os; print(*(os.environ[n] for n in "
        "\"ABC\"))'\nfront env run\n")
    with SandboxHome("restricted") as home:
        replay(home, write(home, "a.md", text)).is_ok()
        home.addesh("a.md", cwd=home.work).is_ok()


@test
def options_of_steps():
    for option, met in (("max: 60s", 1), ("max: 1ms", 0), ("min: 50s", 0),
                        ("stream: stderr", 1), ("json: {exit_code: 0}", 1),
                        ("json: {exit_code: 1}", 0),
                        ("json: {cmd: run, result: {timed_out: false}}", 1),
                        ("skip-if: restricted", 1),
                        ("skip-if: not restricted", 1)):
        with SandboxHome("restricted") as home:
            text = fence("$ env new\n! ...\n%% %s\n$ run a.py <<< "
                         "'import time; time.sleep(.02); print(1)'\n%s"
                         % (option, "" if "stderr" in option else "1\n"))
            done = replay(home, write(home, "a.md", text))
            done.is_status(0 if met else 1)
            same(verdicts(done)[1], "not ok" if not met else
                 "skip" if option.endswith(": restricted") else "ok", option)


@test
def which_field_differs_is_said():
    with SandboxHome("restricted") as home:
        for want, said in (("{status: 0}", "status is 2, not 0"),
                           ("{error: {kind: io}}",
                            'error.kind is "usage", not "io"'),
                           ("{error: {kind: usage, no: {x: 1}}}",
                            "error.no.x is not there, not 1"),
                           ("{error: 1}", "error is {")):
            write(home, "a.md", fence("%% json: %s\n$ nope\n! ...\n[2]\n"
                                      % want))
            done = replay(home, "a.md").is_status(1)
            assert "# json: " + said in done.out, (said, done)


@test
def a_step_that_does_not_end_is_stopped():
    with SandboxHome("restricted") as home:
        text = fence("$ env new\n! ...\n% timeout: 1s\n"
                     "$ run -t 60s a.sh <<EOF\n> echo begun\n"
                     "> exec sleep 50\n> EOF\n"
                     "begun\n! ...\n[timeout]\n$ run b.py <<< 'print(2)'\n2\n")
        begun = time.monotonic()
        same(verdicts(replay(home, write(home, "a.md", text)).is_ok()),
             ["ok"] * 3)
        assert time.monotonic() - begun < patient(40)
        text = text.replace("[timeout]\n", "")
        replay(home, write(home, "a.md", text)).is_status(1)


@test
def retry_and_wait_go_on_until_it_is_as_expected():
    program = ("<<EOF\n> import os\n> open('n', 'a').write('x')\n"
               "> print(len(open('n').read()))\n> EOF\n")
    with SandboxHome("restricted") as home:
        for option, end in (("retry: 5 every 10ms", "3\n"),
                            ("wait: /^4/ within 30s", "4\n")):
            text = fence("$ env new\n! ...\n%% %s\n$ run a.py %s%s"
                         % (option, program, end))
            replay(home, write(home, "a.md", text)).is_ok()
        text = text.replace("4\n", "x\n").replace("30s", "300ms")
        replay(home, write(home, "a.md", text)).is_status(1)


@test
def an_expectation_of_the_next_step_takes_a_status_up():
    with SandboxHome("restricted") as home:
        text = fence("$ env new\n! ...\n$ run a.py <<< 'raise SystemExit(3)'\n"
                     "! ...\n$ expect exit %d\n")
        replay(home, write(home, "a.md", text % 3)).is_ok()
        same(verdicts(replay(home, write(home, "a.md", text % 4))
                      .is_status(1)), ["ok", "ok", "not ok"])


@test
def a_part_of_a_file():
    with SandboxHome("restricted") as home:
        write(home, "lesson.md", LESSON)
        env = {"CI": ""}
        for chosen in (("--only", "first"), ("--only", "2"),
                       ("--only", "/main.py/")):
            same(verdicts(replay(home, "lesson.md", *chosen, env=env)
                          .is_ok()), ["ok"])
        same(verdicts(replay(home, "lesson.md", "--from", "3", env=env)
                      .is_ok()), ["ok", "ok"])
        for none in ("9", "", "/", "//", "/nosuch/", "/(/", "/a{99999}/"):
            done = replay(home, "lesson.md", "--only", none, env=env)
            same(verdicts(done.is_status(99)), ["not ok"], none)
        same(verdicts(replay(home, "lesson.md:17", env=env).is_ok()), ["ok"])
        done = replay(home, "lesson.md:9999", env=env).is_status(99)
        assert "no step at line 9999" in done.out, done
        env = {"CI": "true"}
        done = replay(home, "lesson.md", "--only", "2", env=env).is_status(1)
        assert "--allow-partial" in done.err, done
        replay(home, "lesson.md", "--only", "2", "--allow-partial",
               env=env).is_ok()


@test
def what_is_not_there_skips_the_file():
    with SandboxHome("restricted") as home:
        text = "---\nrequires: [docker]\n---\n" + fence("$ nope\n")
        done = replay(home, write(home, "a.md", text)).is_status(77)
        same(verdicts(done), ["skip"])
        assert "needs docker" in done.out, done
        # what the sandbox would refuse, and what a program of this host is for
        text = "---\nrequires: [\"image:%s\"]\n---\n" + fence("$ true\n")
        write(home, "c.md", text % "nothere:1")
        replay(home, "c.md").is_status(77)
        write(home, "c.md", text % "python:3.11-slim")
        replay(home, "c.md").is_ok()
        write(home, "b.md", LESSON)
        done = home.addesh("replay", "a.md", "b.md", cwd=home.work).is_ok()
        same(verdicts(done), ["skip"] + ["ok"] * 4)


@test
def a_name_of_a_file_is_no_line_of_tap():
    with SandboxHome("restricted") as home:
        name = "a\nok 9 - b.md"
        write(home, name, fence("$ true\n"))
        done = replay(home, "./" + name).is_ok()
        same([line for line in done.out.splitlines() if "ok 9" in line],
             ["ok 1 - ./a ok 9 - b.md:2 true"])


@test
def files_that_are_wrong():
    wrong = [("```addesh\n$ env new\n", "a.md:1:"),
             (fence("$ run a.py <<EOF\n> print(1)\n"), "a.md:2:"),
             ("---\naddesh-session: 99\n---\n", "a.md:"),
             (fence("$ true\n(( (re)\n"), "line 3"),
             (fence("$ true\n\\xff\n"), "")]
    with SandboxHome("restricted") as home:
        for text, said in wrong[:-1]:
            done = replay(home, write(home, "a.md", text)).is_status(99)
            assert said in done.out, (said, done)
        with open(os.path.join(home.work, "a.md"), "wb") as f:
            f.write(fence("$ true\n").encode() + b"\xff\n")
        replay(home, "a.md").is_status(99)
        replay(home, "nosuch.md").is_status(99)
        home.addesh("replay").is_status(2)


@test
def a_descriptor_that_is_none_of_ours():
    with SandboxHome("restricted") as home:
        write(home, "a.md", fence("$ true\n"))
        for value in ("", "x", "1", "-1", "99", "3x", "99999999999"):
            done = replay(home, "a.md", env={"ADDESH_REPLAY_FD": value})
            assert "unset it" in done.is_status(2).err, (value, done)


@test
def the_forms_of_the_report():
    with SandboxHome("restricted") as home:
        write(home, "lesson.md", LESSON.replace("42\n", "<&> \"43\"\n"))
        done = replay(home, "lesson.md", "--json", "--junit", "r.xml")
        events = [json.loads(line) for line in
                  done.is_status(1).out.splitlines()]
        same([e["event"] for e in events], ["begin"] + ["step"] * 4 + ["end"])
        same([e.get("verdict") for e in events[1:-1]],
             ["ok", "ok", "not ok", "not reached"])
        same(events[0]["title"], "A missing module")
        same(events[2]["id"], "first")
        same((events[-1]["passed"], events[-1]["failed"]), (2, 1))
        tree = xml.etree.ElementTree.parse(home.work + "/r.xml").getroot()
        cases = tree.findall("./testsuite/testcase")
        same([[c.tag for c in case] for case in cases],
             [[], [], ["failure"], ["skipped"]])
        done = home.addesh("--json", "replay", "lesson.md", cwd=home.work)
        result = json.loads(done.is_status(1).out)["result"]
        same([s["verdict"] for s in result["files"][0]["steps"]],
             ["ok", "ok", "not ok", "not reached"])


@test
def several_at_once_are_told_in_their_order():
    with SandboxHome("restricted") as home:
        names = []
        for i in range(4):
            text = fence("$ env new\n! ...\n$ run a.py <<< 'import time; "
                         "time.sleep(%g); print(%d)'\n%d\n"
                         % (.9 - .2 * i, i, i))
            names.append(write(home, "f%d.md" % i, text))
        done = home.addesh("replay", "-j", "4", *names, cwd=home.work).is_ok()
        same(re.findall(r"^ok \d+ - (\S+):", done.out, re.M),
             sorted(names * 2))


@test
def nothing_of_the_users_is_part_of_it_and_nothing_stays():
    with SandboxHome("restricted") as home:
        home.addesh("-s", "mine", "var", "A=1").is_ok()
        text = fence("$ var\n$ session ls\n$ env new --keep\n! ...\n"
                     "$ set timeout 5s\n! ...\n$ env ls -a | grep -c kept\n"
                     "! ...\n1\n")
        replay(home, write(home, "a.md", text), "--tap").is_status(1)
        done = home.addesh("--allow-host", "replay", "a.md", cwd=home.work)
        same(verdicts(done.is_ok()), ["ok"] * 5)
        done = home.addesh("env", "ls", "-a").is_ok()
        assert "kept" not in done.out, done
        same(left(home), [])


@test
def whoever_is_stopped_leaves_nothing():
    for signo in (signal.SIGINT, signal.SIGTERM):
        with SandboxHome("restricted") as home:
            text = fence("$ env new\n! ...\n$ run -t 100s a.py <<< "
                         "'import time; time.sleep(90)'\n")
            write(home, "a.md", text)
            p = home.spawn("replay", "a.md", cwd=home.work)
            while "ok 1" not in p.stdout.readline().decode():
                pass
            p.send_signal(signo)
            out, _ = p.communicate(timeout=patient(60))
            assert p.returncode in (99, 128 + signo, 1), p.returncode
            same(left(home), [])


@test
def what_is_kept_goes_when_its_time_is_over():
    with SandboxHome("restricted") as home:
        write(home, "a.md", fence("$ env new\n! ...\n"))
        done = replay(home, "a.md", "--keep").is_ok()
        state = re.search("XDG_STATE_HOME=([^ ]*)", done.err).group(1)
        place = os.path.dirname(state)
        notes = os.path.join(home.env["XDG_RUNTIME_DIR"], "addesh/replay")
        note = os.path.join(notes, os.listdir(notes)[0])
        home.addesh("gc").is_ok()
        env = {"XDG_STATE_HOME": state}
        rows = home.addesh("env", "ls", "-a", env=env).is_ok().out
        assert "kept" in rows, rows
        same(open(note).read().splitlines()[0], place)
        with open(note, "w") as f:
            f.write(place + "\nuntil 1\n")
        kept = home.addesh("gc").is_ok().out
        assert re.search(re.escape(place) + " +keep", kept), kept
        home.addesh("env", "rm", "e1", env=env).is_ok()
        home.addesh("true").is_ok()
        same((os.path.exists(place), os.listdir(notes)), (False, []))
        # what else a note may say is nobody's to be removed
        other = home.dir("other")
        for text in ("", "x", "\n", "/\n", other + "\n",
                     home.path + "/addesh-replay-none\n"):
            with open(note, "w") as f:
                f.write(text)
            home.addesh("gc").is_ok()
            same((os.path.isdir(other), os.listdir(notes)), (True, []), text)


STRANGE = "---\norigin: elsewhere\n---\n"
# What a file of somebody else asks for, and the status that it gets.
BOUND = [
    ("set host.read /", 125), ("set memory_limit 3g", 125),
    ("set engine.url unix:///x", 125), ("set timeout 5s", 0),
    ("env new -m 3g", 125), ("env new --root", 125),
    ("env new -v /etc:/x:ro", 125), ("env new -v data:/x", 125),
    ("env new -e HOME", 125), ("run -e HOME c.py <<< 1", 125),
    ("run -t 1h c.py <<< 1", 125),
    ("put /etc/passwd", 125), ("put data", 0), ("get data copy", 125),
    ("run --stdin /etc/passwd c.py <<< x", 125),
    ("context add --from /etc passwd", 125), ("check /etc/passwd", 125),
    ("source /etc/passwd", 125),
    ("help > /etc/addesh-test", 125), ("help > out.txt", 125),
    ("help >> a.md", 125), ("help | cat", 125),
    ("env attach x", 125), ("login x", 125), ("logout x", 125),
    ("push x", 125), ("prune", 125), ("image rm x", 125),
    ("image tag x y", 125), ("session rm x", 125), ("adde x", 125),
    ("mcp", 125)]


def strange_home(steps):
    """With a file a.md, which asks for all that, and what is beside it."""
    home = SandboxHome("restricted")
    home.write("data/a.txt", "beside it\n")
    write(home, "a.md", fence("$ env new\n! ...\n" + "".join(
        "$ %s\n...\n! ...\n[%d]\n" % step for step in steps)))
    return home


def add_origin(home, name="a.md"):
    with open(os.path.join(home.work, name), "r+") as f:
        text = f.read()
        f.seek(0)
        f.write(STRANGE + text)


@test
def somebody_elses_file_is_bound():
    with strange_home(BOUND) as home:
        same(verdicts(replay(home, "a.md").is_status(1))[:2],
             ["ok", "not ok"])
        add_origin(home)
        before = open(home.work + "/a.md").read()
        replay(home, "a.md").is_ok()
        home.addesh("a.md", cwd=home.work).is_ok()
        same(open(home.work + "/a.md").read(), before)
        same(sorted(os.listdir(home.work)), ["a.md", "data"])
        assert not os.path.exists("/etc/addesh-test")


@test
def whose_it_is_shows_by_its_owner():
    if os.geteuid():
        raise Skip("only root can give a file away")
    with strange_home(BOUND) as home:
        os.chown(home.work + "/a.md", 12345, 12345)
        replay(home, "a.md").is_ok()
        home.addesh("a.md", cwd=home.work).is_ok()


@test
def beside_the_home_directory_it_reads_nothing():
    with strange_home([("put data", 125)]) as home:
        add_origin(home)
        home.addesh("a.md", cwd=home.work, env={"HOME": home.work}).is_ok()
        home.addesh("a.md", cwd=home.work, env={"HOME": home.path}) \
            .is_status(1)


@test
def it_may_write_where_a_replay_is_alone():
    with strange_home([]) as home:
        write(home, "a.md", fence("$ var A=1\n$ var > /tmp/x\n! ...\n"
                                  "[125]\n"))
        add_origin(home)
        replay(home, "a.md").is_ok()
        # what a person wants written is not for the file to ask
        write(home, "b.md", STRANGE + fence("$ var A=1\nx\n"))
        replay(home, "b.md", "--update=all").is_ok()
        same(open(home.work + "/b.md").read(),
             STRANGE + fence("$ var A=1\n"))


@test
def it_reaches_nothing_that_was_kept_before():
    with strange_home([("env use k1", 125), ("env rm k1", 125),
                       ("run --in k1 c.py <<< 1", 125),
                       ("env new --keep --name mine", 0),
                       ("env use mine", 0), ("env rm mine", 0)]) as home:
        add_origin(home)
        home.addesh("env", "new", "--keep", "--name", "k1").is_ok()
        home.addesh("a.md", cwd=home.work).is_ok()
        home.addesh("env", "rm", "k1").is_ok()


@test
def it_gets_nowhere_by_another_file():
    with SandboxHome("restricted") as home:
        write(home, "c.addesh", "$ var A=1\n")
        write(home, "b.addesh", STRANGE + "$ replay c.addesh\n[2]\n")
        done = home.addesh("b.addesh", cwd=home.work).is_ok()
        assert "replays no other" in done.err, done
        write(home, "c.addesh", "put /etc/passwd\n")
        write(home, "b.addesh", STRANGE + "$ env new\n! ...\n"
              "$ source c.addesh\n[125]\n")
        home.addesh("b.addesh", cwd=home.work).is_ok()


# ---- update ----

@test
def steps_are_listed_without_being_executed():
    text = LESSON.replace("$ env new", "$ nosuch command")
    with SandboxHome("restricted") as home:
        name = write(home, "lesson.md", text)
        done = replay(home, name, "--list").is_ok()
        lines = done.out.splitlines()
        same(lines[0].split(), ["STEP", "LINE", "ID", "HEADING", "COMMAND"])
        same([line.split()[:2] for line in lines[1:]],
             [["1", "9"], ["2", "15"], ["3", "24"], ["4", "26"]])
        assert re.search(r"2 +15  first +Run it +run main.py <<'EOF'$",
                         lines[2]), lines
        write(home, "two.md", fence("$ var A=1\n"))
        plain = home.addesh("--plain", "replay", "-l", name, "two.md",
                            cwd=home.work).is_ok().out.splitlines()
        same(plain[1], "lesson.md\t2\t15\tfirst\tRun it\t"
             "run main.py <<'EOF'")
        same(plain[4], "two.md\t1\t2\t\t\tvar A=1")
        steps = [json.loads(line) for line in
                 replay(home, name, "-l", "--json").is_ok().out.splitlines()]
        same(steps[1], {"file": name, "step": 2, "line": 15, "id": "first",
                        "heading": "Run it", "command":
                        "run main.py <<'EOF'\nimport nosuch\nEOF\n"})
        whole = json.loads(home.addesh("--json", "replay", "-l", name,
                                       cwd=home.work).out)
        same(whole["result"]["steps"], steps)
        replay(home, name, "--list", "--update=all").is_status(2)
        replay(home, "none.md", "--list").is_status(125)


@test
def what_differs_is_written_into_the_file():
    with SandboxHome("restricted") as home:
        good = LESSON + "\nprose, untouched\n"
        bad = good.replace("42\n", "43\n").replace("[1]\n", "[2]\n") \
            .replace("named 'nosuch'", "named 'other'")
        write(home, "lesson.md", bad)
        done = replay(home, "lesson.md", "--update=all").is_ok()
        same(verdicts(done), ["ok"] * 4)
        same(open(home.work + "/lesson.md").read(), good)
        replay(home, "lesson.md").is_ok()
        # one step only, and CRLF stays
        write(home, "one.md", fence("$ var A=1\nx\n$ var --plain\ny\n"))
        with open(home.work + "/one.md", "rb+") as f:
            crlf = f.read().replace(b"\n", b"\r\n")
            f.seek(0)
            f.write(crlf)
        replay(home, "one.md:4", "--update", env={"CI": ""})
        with open(home.work + "/one.md", "rb") as f:
            got = f.read()
        assert b"$ var A=1\r\nx\r\n" in got, got


@test
def what_is_not_written():
    with SandboxHome("restricted") as home:
        for text in (fence("$ env new\n! ...\n% timeout: 300ms\n"
                           "$ run -t 60s a.py <<< 'import time; "
                           "time.sleep(50)'\n"),
                     fence("% max: 0.001\n$ env new\n! ...\n"),
                     fence("% json: {nope: 1}\n$ var A=1\n"),
                     fence("% expect-fail: later\n$ var A=1\n")):
            write(home, "a.md", text)
            done = replay(home, "a.md", "--update=all").is_status(1)
            assert "not updated: " in done.out, done
            same(open(home.work + "/a.md").read(), text)
        write(home, "b.addesh", "nope\n")
        done = replay(home, "b.addesh", "--update=all").is_status(1)
        assert "not updated: b.addesh has only commands" in done.out, done


@test
def what_is_for_a_stop_is_for_nothing_else():
    with SandboxHome("restricted") as home:
        for word in ("accept", "continue", "edit", "retry", "skip"):
            done = home.addesh(word).is_status(2)
            assert "replay --break" in done.err, done


# ---- as a script ----

@test
def a_session_file_is_run_like_a_script():
    with SandboxHome("restricted") as home:
        write(home, "lesson.md", LESSON)
        done = home.addesh("lesson.md", cwd=home.work).is_ok()
        same(done.out, "42\n42\n")
        script = "#!/usr/bin/env addesh\n# of steps\n$ env new\n! ...\n"
        write(home, "a.addesh", script + "$ run a.py <<< 'print(5)'\n6\n"
              "$ run a.py <<< 'raise SystemExit(4)'\n$ true\n")
        done = home.addesh("a.addesh", cwd=home.work).is_status(4)
        same(done.out, "5\n")
        assert "a.addesh:7: status 4 ends it here" in done.err, done
        same(verdicts(replay(home, "a.addesh").is_status(1)),
             ["ok", "not ok", "skip", "skip"])
        # commands only: nothing is expected but success
        write(home, "b.addesh", "env new\nrun a.py <<EOF\nprint(1)\nEOF\n")
        same(verdicts(replay(home, "b.addesh")), ["ok", "ok"])


# ---- record ----

TYPED = """env new
run a.py <<'E F'
import sys
print("$ not a command\\n\\n[3]\\n! neither\\n...\\nplain")
print("to stderr", file=sys.stderr)
sys.exit(3)
E F
logs 3 --stdout
var A=1; var
help | head -2
nope
"""


@test
def a_recording_replays_live_and_without_anything():
    with SandboxHome("restricted") as home:
        home.addesh("--allow-host", "-k", "record", "r.md", cwd=home.work,
                    stdin=(TYPED + "record stop\nvar B=2\n").encode())
        home.addesh("record", "q.md", cwd=home.work, stdin=b"var\nquit\n")
        same(open(home.work + "/q.md").read().count("\n$ "), 1)
        text = open(home.work + "/r.md").read()
        same(text.count("\n$ "), 6)
        assert "var B" not in text and "record" not in text, text
        same(verdicts(home.addesh("--allow-host", "replay", "-k", "r.md",
                                  cwd=home.work).is_ok()), ["ok"] * 6)
        none = {"PATH": "/nonexistent"}
        same(verdicts(replay(home, "r.md", "--offline", env=none).is_ok()),
             ["ok"] * 6)
        with open(home.work + "/r.md", "w") as f:
            f.write("Some prose.\n" + text.replace("\nplain\n", "\nother\n"))
        same(verdicts(replay(home, "r.md", "--offline", "-k").is_status(1)),
             ["ok", "not ok", "not ok"] + ["ok"] * 3)
        with open(home.work + "/r.md", "w") as f:
            f.write(text.replace("$ nope", "$ nopes"))
        done = replay(home, "r.md", "--offline").is_status(99)
        assert "not recorded" in done.out, done


@test
def a_file_gets_its_recording_once_it_is_as_expected():
    with SandboxHome("restricted") as home:
        secret = "hunter2hunter2"
        write(home, "a.md", LESSON + fence(
            "$ run -e A_TOKEN=%s d.py <<< 'import os; "
            "print(os.environ[\"A_TOKEN\"], 1)'\n[..] 1\n" % secret))
        replay(home, "a.md", "--record").is_ok()
        same(verdicts(replay(home, "a.md", "--offline").is_ok()), ["ok"] * 5)
        before = open(home.work + "/a.rec.jsonl").read()
        same(before.count(secret), 1)    # the command, as in the file
        write(home, "a.md", LESSON.replace("42\n", "43\n"))
        replay(home, "a.md", "--record").is_status(1)
        same(open(home.work + "/a.rec.jsonl").read(), before)
        replay(home, "a.md", "--record", "--offline").is_status(2)


@test
def a_recording_is_whole_after_each_step():
    with SandboxHome("restricted") as home:
        p = home.spawn("-k", "record", "r.md", cwd=home.work,
                       stdin=subprocess.PIPE)
        p.stdin.write(b"env new\nrun a.py <<< 'print(1)'\nvar X=1\n"
                      b"run b.py <<< 'import time; time.sleep(60)'\n")
        p.stdin.flush()
        # what it came to is the last that is written of a step
        path = home.work + "/r.rec.jsonl"
        end = time.monotonic() + patient(30)
        while time.monotonic() < end:
            text = open(path).read() if os.path.exists(path) else ""
            if '"var X=1' in text and text.endswith("\n"):
                break
            time.sleep(.05)
        p.kill()
        p.communicate()
        same(verdicts(replay(home, "r.md").is_ok()), ["ok"] * 3)
        same(verdicts(replay(home, "r.md", "--offline").is_ok()), ["ok"] * 3)


@test
def a_cast_is_made_at_the_end():
    text = "env new\nrun a.py <<< 'print(6 * 7)'\n"
    with SandboxHome("restricted") as home:
        def cast(name):
            with open(os.path.join(home.work, name)) as f:
                return f.read()

        home.addesh("record", "--cast", "a.md", cwd=home.work,
                    stdin=text.encode()).is_ok()
        assert '"42\\r\\n"' in cast("a.cast"), cast("a.cast")
        home.addesh("export", "a.md", "-o", "b.cast", cwd=home.work).is_ok()
        same(cast("a.cast"), cast("b.cast"))
        done = home.addesh("-k", cwd=home.work, stdin=(
            "record --cast b.md\nrecord -f --cast b.md\n%srecord stop\n"
            % text).encode())
        same(done.err.splitlines()[0],
             "addesh: stdin:1: record: b.cast: File exists")
        assert '"42\\r\\n"' in cast("b.cast"), cast("b.cast")
        os.mkdir(os.path.join(home.work, "c.cast"))
        done = home.addesh("record", "-f", "--cast", "c.md", cwd=home.work,
                           stdin=text.encode())
        assert "addesh: record: c.cast" in done.err, done
        replay(home, "c.md").is_ok()


@test
def what_cannot_be_recorded():
    with SandboxHome("restricted") as home:
        write(home, "r.md", "mine\n")
        done = home.addesh("-c", "record r.md", cwd=home.work)
        assert done.status and "-f" in done.err, done
        same(open(home.work + "/r.md").read(), "mine\n")
        home.addesh("-c", "record -f r.md", cwd=home.work).is_ok()
        home.addesh("-c", "record stop").is_status(2)
        home.addesh("-c", "record a.md", "-c", "record b.md",
                    cwd=home.work).is_status(2)
        assert home.addesh("-c", "record /nonexistent/a.md").status == 125


@test
def damaged_recordings():
    with SandboxHome("restricted") as home:
        home.addesh("-c", "record r.md", "-c", "var A=1", "-c", "var",
                    cwd=home.work).is_ok()
        path = home.work + "/r.rec.jsonl"
        good = open(path, "rb").read()
        lines = good.splitlines(True)
        for bad in (b"", b"{}\n", b"\n" + good, b"[1]\n",
                    good.replace(b'"addesh-recording":1',
                                 b'"addesh-recording":9'),
                    lines[0] + b"\x00\xff\n" + b"".join(lines[1:]),
                    b"".join(lines[:2]), b"".join(lines[:3])[:-1],
                    lines[0] + b'{"command":"var A=1\\n"}\n' + b"[]\n"):
            with open(path, "wb") as f:
                f.write(bad)
            done = replay(home, "r.md", "--offline").is_status(99)
            assert "not ok" in done.out, done
        os.remove(path)
        replay(home, "r.md", "--offline").is_status(99)


main()
