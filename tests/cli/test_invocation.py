# SPDX-License-Identifier: MIT
"""The command line of addesh itself: options, forms, exit status."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import addesh                                   # noqa: E402
import engines                                  # noqa: E402
from addesh import Home                         # noqa: E402
from tap import main, same, test                # noqa: E402


def check(done, status, out=None, err=""):
    same(done.err, err, "stderr")
    if out is not None:
        same(done.out, out, "stdout")
    done.is_status(status)


@test
def help_and_version_are_as_gnu_has_them():
    with Home() as home:
        done = home.addesh("--version", "nope").is_ok()
        lines = done.out.splitlines()
        name, version = lines[0].rsplit(" ", 1)
        same(name, "addesh (ADDE)")
        assert version[0].isdigit(), version
        assert any("NO WARRANTY" in line for line in lines)
        for library in ("libedit", "libcjson", "libcurl", "libarchive",
                        "yaml", "libseccomp"):
            assert library in lines[-1], (library, lines[-1])
        done = home.addesh("--help").is_ok()
        assert done.out.startswith("Usage: addesh "), done.out
        assert "\nReport bugs to: " in done.out, done.out
        same(done.err, "")
        assert all(len(line) <= 80 for line in done.out.splitlines())


@test
def a_word_of_the_table_is_run_without_the_lexer():
    with Home() as home:
        done = home.addesh("--plain", "help", "--list").is_ok()
        assert "help\tsay what the commands are" in done.out, done.out
        done = home.addesh("var", "A=$X;nope 'b").is_ok()
        same(done.out + done.err, "")
        check(home.addesh("quit", "4"), 4, "")
        check(home.addesh("env", "nwe"), 2, "",
              "addesh: there is no command 'env nwe'\n  near: env new\n")


@test("what is typed by habit is named as it is called here: %s", [
    ("rm e1", "env rm, image rm"),
    ("rmi a:1", "image rm"), ("fg %1", "wait, logs -f"),
    ("docker ps", "env new, exec, run, put, get, logs, images"),
    ("cp a e1:b", "put, get"), ("env list", "env ls"), ("image ls", "images"),
    ("cd /tmp", "exec -w DIR, run -w DIR")])
def _(typed, here):
    with Home() as home:
        words = typed.split()
        name = " ".join(words[:1 + (words[0] in ("env", "image"))])
        check(home.addesh("-c", typed), 2, "",
              "addesh: there is no command '%s'\n  here: %s\n" % (name, here))


@test
def options_of_a_command_are_not_those_of_addesh():
    with Home() as home:
        done = home.addesh("help", "--version")
        check(done, 2, "", "addesh: help: there is no option --version\n"
              "  usage: help [-k] [-l] [COMMAND]...\n")
        done = home.addesh("help", "--plain")
        check(done, 2, "", "addesh: help: there is no option --plain\n"
              "  it stands before the command, as in 'addesh --plain help'; "
              "at the prompt:  set output plain\n"
              "  usage: help [-k] [-l] [COMMAND]...\n")
        done = home.addesh("-c", "set output json", "-c", "context ls")
        assert done.is_ok().out.startswith('{"v":1,'), done


@test
def json_behind_a_command_is_for_that_one():
    with Home() as home:
        before = home.addesh("--json", "context", "ls").is_ok().out
        same(home.addesh("context", "ls", "--json").is_ok().out, before)
        done = home.addesh("-k", "-c", "context ls --json", "-c", "help quit",
                           "-c", "help --json --nope", "-c", "nope")
        lines = done.out.splitlines()
        same(lines[:2], [before.rstrip("\n"), "usage: quit [STATUS]"])
        same(json.loads(lines[-1])["error"]["message"],
             "there is no option --nope")
        same((done.status, done.err),
             (2, "addesh: there is no command 'nope'\n"
                 "  help lists the commands\n"))
        # the object is the result, and goes where that goes
        done = home.addesh("--allow-host", "-c", "context ls --json > f",
                           "-c", "context ls --json | cat",
                           "-c", "context ls --json > /dev/full")
        with open(os.path.join(home.work, "f")) as f:
            same((f.read(), done.out), (before, before))
        same((done.status, done.err),
             (125, "addesh: context ls: writing /dev/full: No space left on "
              "device\n"))
        # a group has no result
        same(home.addesh("context", "--json").status, 2)


@test
def what_is_installed_may_be_moved_as_a_whole():
    with Home() as home:
        prefix = home.dir("prefix")
        program = os.path.join(home.dir("prefix/bin"), "addesh")
        shutil.copy(addesh.program(), program)
        shutil.copytree(os.path.join(addesh.source(), "share", "addesh"),
                        os.path.join(prefix, "share", "addesh"))
        runners = home.dir("prefix/libexec/addesh")
        for name in os.listdir(os.path.dirname(addesh.program())):
            if name.startswith("runner-"):
                shutil.copy(os.path.join(
                    os.path.dirname(addesh.program()), name), runners)

        def run(*args):
            return subprocess.run([program, *args], env=home.env, text=True,
                                  cwd=home.work, capture_output=True)

        checked = ("check", "--only", "performance", "x.py")
        home.write("x.py", "1\n")
        same((run(*checked).returncode, run(*checked).stderr), (0, ""))
        found = json.loads(run("--json", "doctor").stdout)["result"]
        assert "for " in [f["text"] for f in found["findings"]
                          if f["name"] == "runner"][0], found
        # anybody could have put them there
        os.chmod(prefix, 0o1777)
        done = run(*checked)
        assert done.returncode == 125 and "is not installed in" in \
            done.stderr and "\n  install addesh with" in done.stderr, done


@test
def wrong_calls_say_what_is_wrong_and_do_nothing():
    with Home() as home:
        usage = "  usage: addesh [OPTION]... [FILE]...\n"
        check(home.addesh("--nope"), 2, "",
              "addesh: there is no option --nope\n" + usage)
        check(home.addesh("--josn"), 2, "",
              "addesh: there is no option --josn\n  near: --json\n" + usage)
        check(home.addesh("-c"), 2, "",
              "addesh: -c needs a value: CMD\n" + usage)
        check(home.addesh("--color", "red"), 2, "",
              "addesh: --color takes one of auto|always|never, not 'red'\n"
              + usage)
        check(home.addesh("--json=1"), 2, "",
              "addesh: --json takes no value\n" + usage)
        check(home.addesh("hlep"), 2, "",
              "addesh: 'hlep' is neither a file nor a command\n"
              "  near: help\n")
        check(home.addesh("zqxw"), 2, "",
              "addesh: 'zqxw' is neither a file nor a command\n"
              "  help lists the commands\n")
        check(home.addesh("zqxw", "a"), 2, "",
              "addesh: 'zqxw' is neither a file nor a command\n"
              "  help lists the commands\n")
        check(home.addesh("-C", "missing", "-c", "help"), 125, "",
              "addesh: --config missing: No such file or directory\n")
        check(home.addesh("./missing"), 125, "",
              "addesh: ./missing: No such file or directory\n")
        check(home.addesh("--status-fd", "77"), 2, "",
              "addesh: --status-fd 77 is no open descriptor\n")


@test
def options_may_follow_the_file():
    with Home() as home:
        path = home.write("s", "var A=1\nvar\n")
        check(home.addesh(path, "--plain"), 0, "A\t1\n")
        check(home.addesh(path, "more"), 2, "",
              "addesh: 'more' is one word too many\n")
        check(home.addesh("--plain", "-c", "var B=2", path), 0,
              "A\t1\nB\t2\n")


@test
def interactive_without_a_terminal_reads_on_from_stdin():
    with Home() as home:
        check(home.addesh("--plain", "-i", "-c", "var A=1", stdin="var\n"), 0,
              "A\t1\n")


@test
def json_is_one_object_for_each_command():
    with Home() as home:
        done = home.addesh("--json", "-k", "-c",
                           "var A=1; var; nope; quit 999; var 'B")
        lines = done.objects()
        same(done.err, "")
        done.is_status(2)
        same(len(lines), 1)
        same(lines[0]["error"], {
            "kind": "usage", "code": 0, "hint": None,
            "message": "the quote ' is not closed"})
        same(lines[0]["env"], None)
        done = home.addesh("--json", "-k", "-c",
                           "var A=1; var; nope; quit 999")
        lines = done.objects()
        same(lines[0], {"v": 1, "step": None, "cmd": "var", "ok": True,
                        "status": 0, "result": None, "env": None})
        same(lines[1]["result"],
             {"variables": [{"name": "A", "value": "1"}]})
        same((lines[2]["cmd"], lines[2]["status"], lines[2]["error"]),
             (None, 2, {"kind": "usage", "code": 0,
                        "message": "there is no command 'nope'",
                        "hint": "help lists the commands"}))
        same((lines[3]["cmd"], lines[3]["ok"], lines[3]["error"]["kind"]),
             ("quit", False, "usage"))
        same(len(lines), 4)


@test
def json_of_a_wrong_call_is_json_too():
    with Home() as home:
        done = home.addesh("--json", "--status-fd", "77", "-c", "help")
        same(json.loads(done.out)["status"], 2)
        same(json.loads(done.out)["env"], None)
        same(done.err, "")


@test
def json_of_what_is_no_command_names_the_environment_too():
    with Home(options=engines.sandbox("restricted")) as home:
        done = home.addesh("--json", "-k", "-c", "env new python:3.11-slim",
                           "-c", "nope", "-c", "ls $nope", "-c", "ls &")
        done.is_status(2)
        same([json.loads(line)["env"] for line in done.out.splitlines()],
             ["e1", "e1", "e1", "e1"])


@test
def the_status_descriptor_gets_a_line_for_each_command():
    with Home() as home:
        r, w = os.pipe()
        process = home.spawn("--status-fd", str(w), "-k", "-c",
                             "var A=1; nope; quit 999", pass_fds=(w,))
        os.close(w)
        process.communicate(timeout=60)
        with os.fdopen(r) as f:
            same(f.read(), "0 ok var\n2 usage -\n2 usage quit\n")
        same(process.returncode, 2)


@test
def verbose_says_what_is_done_and_how_long_it_took():
    with Home(options=engines.sandbox("restricted")) as home:
        done = home.addesh("-v", "-c", "env new python:3.11-slim").is_ok()
        lines = done.err.splitlines()
        assert any("stands in for python:3.11-slim" in line
                   for line in lines), done.err
        assert re.fullmatch(r"time [0-9.]+s", lines[-1]), done.err
        quiet = home.addesh("-q", "-c", "env new python:3.11-slim").is_ok()
        same(quiet.out + quiet.err, "")


@test
def what_cannot_be_written_is_no_success():
    with Home() as home:
        for argv in (["--help"], ["--version"], ["help"], ["-c", "help"]):
            with open("/dev/full", "w") as full:
                process = home.spawn(*argv, stdout=full)
                err = process.communicate(timeout=60)[1].decode()
            assert "No space left on device" in err, (argv, err)
            same(process.returncode, 125, argv)


@test
def a_reader_that_has_seen_enough_is_told_nothing():
    with Home() as home:
        r, w = os.pipe()
        os.close(r)
        process = home.spawn("-c", "help", stdout=w)
        os.close(w)
        same(process.communicate(timeout=60)[1], b"")
        same(process.returncode, 125)


@test
def missing_descriptors_are_not_written_to():
    with Home() as home:
        path = home.work + "/out"
        script = 'exec "$0" -c "help > out" >&- 2>&- <&-'
        import subprocess
        done = subprocess.run(["sh", "-c", script, home.argv()[0]],
                              env=home.env, cwd=home.work, timeout=60)
        same(done.returncode, 0)
        with open(path) as f:
            assert f.read().startswith("Commands")


@test("%s ends it and is told by the status",
      [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def _(number):
    with Home() as home:
        import subprocess
        process = home.spawn(stdin=subprocess.PIPE)
        process.stdin.write(b"help\n")
        process.stdin.flush()
        # it listens once it has answered
        process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        same(err, b"")
        same(process.returncode, 128 + number)


@test
def commands_are_executed_as_they_arrive():
    with Home() as home:
        import subprocess
        process = home.spawn("--plain", stdin=subprocess.PIPE)
        process.stdin.write(b"var A=1\nvar\n")
        process.stdin.flush()
        same(process.stdout.readline(), b"A\t1\n")
        process.stdin.write(b"var B=2; v")
        process.stdin.flush()
        process.stdin.write(b"ar\n")
        process.stdin.flush()
        same(process.stdout.readline() + process.stdout.readline(),
             b"A\t1\nB\t2\n")
        process.communicate(timeout=60)
        same(process.returncode, 0)


@test
def the_locale_is_utf_8_whatever_it_is():
    with Home() as home:
        for locale in ("C", "POSIX", "nowhere", ""):
            done = home.addesh("--plain", "-c", "var A=é中; var",
                               env={"LC_ALL": locale})
            check(done, 0, "A\té中\n")


@test
def nothing_is_left_where_nothing_was_opened():
    with Home() as home:
        home.addesh("-c", "help; var A=1").is_ok()
        same(home.files(), [])


@test
def what_never_ends_a_line_is_no_script():
    with Home() as home:
        for args in (("-k", "-c", "source /dev/zero"), ("-k", "/dev/zero")):
            done = home.addesh(*args, timeout=60)
            assert "a command without an end" in done.err, done.err


main()
