# SPDX-License-Identifier: MIT
"""save: steps that were done become the session file that record would have
written."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402
from terminal import Terminal                       # noqa: E402

# own texts before, between and after a program's; errors; no output; bytes
STEPS = """env new
run a.py one <<'EOF'
import sys, time
print("out", sys.argv)
sys.stdout.flush()
time.sleep(.02)
print("err", file=sys.stderr)
sys.exit(3)
EOF
run b.py <<< 'print("no end", end="")'
cat a.py
cat nothing
exec sh -c 'echo x; echo y >&2; echo z'
run -t 1s c.sh <<< 'echo 1; exec sleep 99'
get b.py there.py
run b.py > redirected <<< 'print(1)'
quiet run b.py <<< 'print(1)'
run d.py <<< 'import sys; sys.stdout.buffer.write(b"\\xff\\0\\n")'
exec sh -c 'echo a; seq 30; echo end >&2'
true
"""


def session(home, text, *args, **kw):
    return home.addesh("-k", *args, stdin=text.encode(), cwd=home.work, **kw)


def read(home, name):
    with open(os.path.join(home.work, name), errors="replace") as f:
        return f.read()


def answers(home, name):
    """What the recording has, without what time does."""
    found = []
    for line in read(home, name).splitlines()[1:]:
        j = json.loads(line)
        events = {"o": "", "e": ""}
        for _, stream, text in j["events"]:
            events[stream] += text if isinstance(text, str) else text["b64"]
        obj = j["object"] or {}
        found.append((j["command"], j["status"], events, obj.get("cmd"),
                      obj.get("status"),
                      (obj.get("result") or {}).get("stdout")))
    return found


def replays(home, name, **kw):
    for options in ((), ("--offline",)):
        done = home.addesh("replay", *options, name, cwd=home.work, **kw)
        same(done.status, 0, done)
    return done.out.count("\nok ")


def commands(text):
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


@test
def it_is_what_record_writes():
    with SandboxHome("restricted") as home:
        done = session(home, "record r.md\n" + STEPS + "record stop\n"
                       "save s.md\n")
        assert "s.md: 13 steps; compare them:  replay s.md" in done.err, done
        same(read(home, "s.md"), read(home, "r.md"))
        same(answers(home, "s.rec.jsonl"), answers(home, "r.rec.jsonl"))
        same(replays(home, "s.md"), 13)


@test
def another_process_saves_a_named_session():
    with SandboxHome("restricted") as home:
        for line in ("env new", "run a.py <<< 'print(6*7)'", "logs",
                     "expect exit 0"):
            session(home, line + "\n", "-s", "x").is_ok()
        session(home, "save ./s.md\n", "-s", "x").is_ok()
        same(commands(read(home, "s.md")),
             ["env new", "run a.py <<< 'print(6*7)'"])
        same(replays(home, "s.md"), 2)
        script = home.write("x.addesh", "cat nothing\n")
        home.addesh("-s", "x", script, cwd=home.work)
        session(home, "save @3 t.md\n", "-s", "x").is_ok()
        assert "! addesh: cat: /workspace/nothing" in read(home, "t.md")
        session(home, "session rm x\n").is_ok()


@test
def what_the_range_needs_is_included():
    with SandboxHome("restricted") as home:
        done = session(home, """env new --name one
run a.py <<< 'print(1)'
var N='7 $8'
run b.py $N <<< 'import sys; print(sys.argv[1:])'
env new --name two
run c.py <<< 'print(3)'
run --in one d.py <<< 'print(4)'
env use one
run e.py $N $env <<< 'import sys; print(sys.argv[1:])'
save @3-@4 a.md
save @5 b.md
save @6-8 c.md
save @8 @3 @2 d.md
""")
        for n, step in ((3, "one"), (5, "two"), (6, "one")):
            assert "is included, as @%d needs %s" % (n, step) in done.err, done
        same(commands(read(home, "a.md")),
             ["env new --name one", "var N='7\\ \\$8'".replace("'", ""),
              "run b.py $N <<< 'import sys; print(sys.argv[1:])'",
              "env new --name two"])
        same(commands(read(home, "b.md")),
             ["env new --name two", "run c.py <<< 'print(3)'"])
        same(commands(read(home, "d.md"))[-1],
             "run e.py $N $env <<< 'import sys; print(sys.argv[1:])'")
        for name in ("a.md", "b.md", "c.md", "d.md"):
            replays(home, name)
        home.write("app/a.py", "print(5)\n")
        done = session(home, """project open app
exec python3 a.py
env new
project use app
exec ls
save e.md
save @2 f.md
""")
        assert "which no step" not in done.err, done
        same(commands(read(home, "e.md")), [
            "project open app", "exec python3 a.py", "env new",
            "project use app", "exec ls"])
        same(commands(read(home, "f.md")),
             ["project open app", "exec python3 a.py"])
        for name in ("e.md", "f.md"):
            replays(home, name)


@test
def what_cannot_be_saved_is_said():
    long = "#" + "x" * (300 << 10)
    with SandboxHome("restricted") as home:
        done = session(home, """env new
run a.py <<EOF
%s
EOF
save @2 a.md
save a.md
save a.md
save -f a.md
save @2
save @9 b.md
save @2-@1 b.md
save b.md c.md
save no/b.md
""" % long)
        same(done.err.count("@2 is left out: its heredoc was too long"), 5,
             done)
        for line in ("save: there is no step to be saved\n",
                     "a.md: 1 step;", "save: a.md: File exists\n"
                     "  save -f replaces it", "into which file?",
                     "there is no step @9", "'@2-@1' ends before it begins",
                     "'b.md' is not a step @N",
                     "no/b.rec.jsonl"):
            assert line in done.err, (line, done)
        same(done.err.count("a.md: 1 step;"), 2)
        assert not os.path.exists(os.path.join(home.work, "b.md"))


@test
def steps_whose_display_is_not_known():
    with SandboxHome("restricted") as home:
        session(home, "env new\n", "-s", "x").is_ok()
        session(home, "run a.py <<< 'import sys; print(1); "
                "print(2, file=sys.stderr); sys.exit(4)'\n", "-s", "x",
                "--json")
        session(home, "exec echo 5 | cat\n", "-s", "x", "--allow-host")
        done = session(home, "save s.md\n", "-s", "x").is_ok()
        assert "@2 @3: what people would have been shown is not" in done.err, \
            done
        text = read(home, "s.md")
        assert "\n1\n! 2\n! ...\n[4]\n" in text, text
        text = text.replace("exec echo 5 | cat", "exec echo 5")
        home.write("s.md", text)
        home.addesh("replay", "s.md", cwd=home.work).is_ok()
        session(home, "session rm x\n").is_ok()


@test
def steps_of_an_agent():
    """They are those of the session adde."""
    with SandboxHome("restricted") as home:
        def adde(tool, **request):
            return json.loads(home.addesh("adde", tool, json.dumps(request))
                              .is_ok().out)

        made = adde("create_runtime_env", image="python")
        for name, text in (("a.py", "print(6 * 7)"), ("b.py", "1 / 0")):
            adde("execute_code_block", container_id=made["container_id"],
                 filename=name, code_content=text)
        history = session(home, "history\n", "-s", "adde").out
        done = session(home, "save s.md\n", "-s", "adde").is_ok()
        text = read(home, "s.md")
        assert "\n42\n" in text and "ZeroDivisionError" in text, text
        assert "what people would have been shown is not known" in done.err
        same(len(commands(text)) >= history.count("\n") - 1, True)
        replays(home, "s.md")
        adde("cleanup_env", container_id=made["container_id"])


@test
def the_prefix_of_a_line_is_not_that_of_its_step():
    with SandboxHome("restricted") as home:
        session(home, """env new
time exec echo a
time -n 2 exec echo b
time quiet exec echo c; exec false || exec echo d
save s.md
""")
        same(commands(read(home, "s.md")),
             ["env new", "exec echo a", "exec echo b", "exec echo b",
              "quiet exec echo c", "exec false", "exec echo d"])
        same(read(home, "s.md").count("\nb\n"), 2)
        same(replays(home, "s.md"), 7)


@test
def what_was_typed_at_a_terminal():
    with SandboxHome("restricted") as home:
        with Terminal(home.argv(), home.env, home.work, columns=60) as t:
            t.expect("> ")
            for line in ("env new", "run a.py <<< 'print(6 * 7)'", "ls",
                         "save s.md"):
                t.line(line)
                t.expect("^addesh( e1)?( .*)?> ")
            t.line("quit")
            same(t.wait(), 0)
        text = read(home, "s.md")
        assert "\n42\n```" in text, text
        same(replays(home, "s.md"), 3)


main()
