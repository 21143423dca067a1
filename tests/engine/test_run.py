"""env, run, exec, logs, show and history, as a script uses them."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from addesh import Home  # noqa: E402
from tap import main, patient, same, test  # noqa: E402


def home(sandbox):
    return Home(options=engines.sandbox(sandbox))


def find(list_of_answers, command):
    return [a for a in list_of_answers if a["cmd"] == command]


@test("a program's streams and status come through: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("-c", "env new python:3.11-slim", "-c",
                        "run x.py a 'b c' <<E\n"
                        "import sys\n"
                        "print('out', sys.argv[1:])\n"
                        "print('err', file=sys.stderr)\n"
                        "sys.exit(7)\nE")
        same(done.status, 7, "status")
        same(done.out, "out ['a', 'b c']\n", "stdout")
        assert "err\n" in done.err, done.err
        assert "exit 7 in " in done.err, done.err


@test("the first session of the demo: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh(os.path.join(os.environ["ADDESH_SOURCE"], "share",
                                     "addesh", "sessions", "hello.addesh"))
        same(done.status, 0, "status")
        assert re.fullmatch(r"hello from Python 3[0-9.]+\n"
                            r"(! .*\n){2,3}no coffee today\n", done.out), \
            done.out
        assert "KeyError: 'coffee'\nexit 1 in " in done.err, done.err


@test("the JSON record: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("--json", "-k", "-c", "env new python:3.11-slim "
                        "--name j", "-c",
                        "run x.py <<E\nprint('a'); 1/0\nE", "-c",
                        "run ok.py <<E\nprint('\\xe4')\nE", "-c", "show @2")
        new, bad, good, show = done.objects()
        same(new["cmd"], "env new")
        same(new["result"]["name"], "j")
        result = bad["result"]
        same((bad["v"], bad["ok"], bad["status"], bad["env"], bad["step"]),
             (1, False, 1, "j", 2))
        same(result["exit_code"], 1)
        same(result["status"], "failed")
        same(result["stdout"], "a\n")
        assert result["stderr"].endswith(
            "ZeroDivisionError: division by zero\n"), result["stderr"]
        same((result["signal"], result["timed_out"], result["oom_killed"],
              result["stdout_truncated"]), (None, False, False, False))
        same((result["stdout_bytes"], result["stderr_bytes"]),
             (2, len(result["stderr"])))
        assert result["execution_time"].endswith("s")
        assert result["memory_peak"] > 1 << 20, result["memory_peak"]
        same(result["limits"]["applied"]["pids"], "128")
        same(result["limits"]["not_applied"], [])
        same((good["status"], good["result"]["stdout"]), (0, "\u00e4\n"))
        same(show["result"]["command"].split()[:2], ["run", "x.py"])
        same(done.status, 1, "the first failure's status, with -k")


@test("the time limit: partial output, 124, and the remedy: %s",
      engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        # a busy machine may give it no time to begin, or for its last words
        for limit in 1, 5, 25:
            done = h.addesh("-c", "env new python:3.11-slim", "-c",
                            "run -t %d loop.py <<E\nprint('begun')\n"
                            "while True: pass\nE" % limit)
            same(done.status, 124)
            line = done.err.splitlines()[-2:]
            assert re.fullmatch(
                r"stopped after [0-9.]+s, [0-9.]+ .B: the time limit is "
                r"%ds \(-t\)" % limit, line[0]), line
            same(line[1], "  more time:  run -t %ds ..." % (2 * limit))
            if "KeyboardInterrupt" in done.err:
                break
        same(done.out, "begun\n")
        assert "KeyboardInterrupt" in done.err, "the traceback says where"


@test("out of memory is told as such, and the next run works: %s",
      engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("--json", "-k", "-c",
                        "env new python:3.11-slim -m 64m --disk 16m", "-c",
                        "run m.py <<E\na = []\n"
                        "while True: a.append(bytearray(1 << 20))\nE", "-c",
                        "exec echo still here")
        _, bomb, after = done.objects()
        same((bomb["result"]["status"], bomb["result"]["oom_killed"],
              bomb["result"]["signal"], bomb["status"]),
             ("oom", True, "KILL", 137))
        same(bomb["result"]["diagnosis"]["kind"], "out_of_memory")
        assert re.fullmatch(r"out of memory after [0-9.]+s: the limit is "
                            r"35\d MB \(64 MB for programs, "
                            r"2\d\d MB for files\), the peak was 35\d MB",
                            bomb["result"]["message"]), bomb
        same(bomb["result"]["hint"],
             "more memory:  env new -m 128m python:3.11-slim")
        same(after["result"]["stdout"], "still here\n")


@test("a failure is one line and its remedy, which works here: %s",
      engines.SANDBOXES)
def _(sandbox):
    restricted = sandbox == "restricted"
    with home(sandbox) as h:
        def last(command):
            done = h.addesh("-k", "-c", "env new python:3.11-slim", "-c",
                            command)
            lines = done.err.splitlines()
            at = max(i for i, line in enumerate(lines)
                     if line.startswith("exit "))
            return lines[at].split(": ", 1)[1], lines[at + 1:]

        same(last("run a.py <<< 'open(\"/etc/x\", \"w\")'"),
             ("only /workspace, /tmp and /dev/shm can be written here",
              [] if restricted else ["  try:  env new --writable --root "
                                     "python:3.11-slim"]))
        same(last("exec nosuch"),
             ("nosuch is missing in this environment (python:3.11-slim)",
              ["  the programs are this host's: install it here, or use an "
               "engine (doctor)"] if restricted else []))
        if not restricted:
            same(last("run a.rb <<< 1"),
                 ("ruby is missing in this environment (python:3.11-slim)",
                  ["  an image that has it:  env new ruby:3.2-slim"]))
        same(last("run a.sh <<< 'head -c 1G /dev/zero > ~/x'"),
             ("no space left in /workspace, /tmp or /dev/shm",
              ["  try:  set tmp_limit 512m && env new --disk 512m "
               "--shm-size 512m python:3.11-slim"]))
        same(last("exec 'ls | wc -l'"),
             ("ls | wc -l is missing in this environment (python:3.11-slim)",
              ["  no shell reads the words unless asked:  exec -- sh -c "
               "'ls | wc -l'"]))


@test("the limit of output keeps head and tail: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("--json", "-c", "set output_limit 100k", "-c",
                        "env new python:3.11-slim", "-c",
                        "run x.py <<E\nfor i in range(200000): print(i)\nE")
        result = done.objects()[2]["result"]
        same(result["stdout_truncated"], True)
        same(result["stdout_bytes"],
             sum(len(str(i)) + 1 for i in range(200000)))
        text = result["stdout"]
        assert len(text) <= 100 << 10, len(text)
        assert text.startswith("0\n1\n2\n") and \
            text.endswith("199998\n199999\n")


@test("a result goes whole into a host file: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("-c", "env new python:3.11-slim", "-c",
                        "run x.py > out.txt <<E\nprint('x' * 3000000)\nE")
        done.is_ok()
        same(done.out, "")
        same(os.path.getsize(os.path.join(h.work, "out.txt")), 3000001)


@test("names of files are never shell text, nor lead elsewhere: %s",
      engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("-c", "env new python:3.11-slim", "-c",
                        "run 'a b;touch x' <<E\nE\n").is_status(2)
        assert "the language of a b;touch x is not known" in done.err
        done = h.addesh("-c", "env new python:3.11-slim", "-c",
                        "run '$(id).py' <<E\nprint(__file__)\nE").is_ok()
        same(done.out, "/workspace/$(id).py\n")
        for name in ("../x.py", "a/../../x.py", "/etc/x.py"):
            done = h.addesh("-c", "env new python:3.11-slim", "-c",
                            "run %s <<E\nE" % name).is_status(2)


@test("a host file, its arguments, stdin and variables: %s",
      engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.write("dir/main.py", "import os, sys\n"
                "print(sys.argv[1], sys.stdin.read(), os.environ['A'],"
                " os.environ['B'], os.getcwd())\n")
        h.write("in.txt", "text")
        done = h.addesh("-c", "env new python:3.11-slim -e A=1 -e B=2", "-c",
                        "run -e B=3 -w /tmp --stdin in.txt dir/main.py -v")
        same(done.is_ok().out, "-v text 1 3 /tmp\n")


@test("logs: last lines, in order, streams marked: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh(
            "-q", "-c", "env new python:3.11-slim", "-c",
            # Two pipes have no order but that in which they are read:
            # each line waits until that before it was.
            "quiet run x.py <<E\nimport fcntl, sys, termios\n"
            "def say(word, i, f):\n"
            "  print(word, i, file=f, flush=True)\n"
            "  while any(fcntl.ioctl(f, termios.FIONREAD, b'1234')):\n"
            "    pass\n"
            "for i in range(5):\n"
            "  say('o', i, sys.stdout)\n"
            "  say('e', i, sys.stderr)\nE", "-c",
            "logs 3", "-c", "logs --stdout 1", "-c", "logs @2 2 --stderr",
            "-c", "logs --tail 1", "-c", "logs -n 2 @2")
        same(done.is_ok().out,
             "! e 3\no 4\n! e 4\no 4\ne 3\ne 4\n! e 4\no 4\n! e 4\n")


@test
def logs_without_a_run_say_that_they_ended():
    with home("restricted") as h:
        done = h.addesh("-c", "logs").is_status(2)
        same(done.err.splitlines(), [
            "addesh: logs: nothing was run in this session",
            "  logs live as long as their session; those with a name stay (-s)"])
        done = h.addesh("-c", "logs --tail 0").is_status(2)
        same(done.err, "addesh: logs: --tail 0: lines count from 1\n")


@test
def var_tmp_can_be_used_in_the_restricted_sandbox():
    with home("restricted") as h:
        done = h.addesh("-q", "-c", "env new", "-c",
                        "exec sh -c 'cd /var/tmp && echo x >f && cat f'")
        same((done.out, done.status), ("x\n", 0))


@test
def a_directory_is_no_input():
    with home("restricted") as h:
        done = h.addesh("-q", "-c", "env new", "-c", "exec --stdin / cat")
        same((done.status, done.out, done.err),
             (125, "", "addesh: exec: /: Is a directory\n"))


@test("%s while run - reads its program", [("SIGINT", 130),
                                            ("SIGTERM", 143)])
def _(name, status):
    with home("restricted") as h:
        p = h.spawn("-q", "-c", "env new", "-c", "run --lang python -",
                    stdin=subprocess.PIPE)
        p.stdin.write(b"print(")
        p.stdin.flush()
        while fcntl.ioctl(p.stdin, termios.FIONREAD, b"\0\0\0\0") != bytes(4):
            same(p.poll(), None, "it reads")
            time.sleep(0.02)
        p.send_signal(getattr(signal, name))
        same(p.wait(patient(20)), status)
        same(p.stdout.read(), b"")
        p.communicate()


def commands():
    """The command lines of all processes that can be seen."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                yield f.read().split(b"\0")[:-1]
        except OSError:  # it has ended
            pass


@test
def ctrl_c_while_a_recipe_is_checked_starts_no_program():
    seconds = str(10 ** 9 + os.getpid())
    with home("restricted") as h:
        with open(h.dir("config/addesh") + "/languages.yaml", "w") as f:
            f.write("slow:\n  extensions: [.slow]\n  recipes:\n"
                    "    - check: [sleep, '%s']\n"
                    "      run: [sh, '{file}']\n" % seconds)
        p = h.spawn("--json", "-c", "env new", "-c",
                    "run -t 1h x.slow <<E\necho ran\nE")
        while [b"sleep", seconds.encode()] not in commands():
            same(p.poll(), None, "it runs")
            time.sleep(0.05)
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=patient(20))
        run = json.loads(out.splitlines()[1])
        same((run["status"], run["result"]["cancelled"],
              run["result"]["stdout"]), (130, True, ""))


@test
def ctrl_c_is_the_status_with_k_too():
    with home("restricted") as h:
        p = h.spawn("-q", "-k", "-c", "env new", "-c", "exec false", "-c",
                    "exec sh -c 'echo begun; sleep 100'", "-c", "exec true")
        same(p.stdout.readline(), b"begun\n")
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=patient(60))
        same(p.returncode, 130)


@test("--in runs in another environment: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("-c", "env new python:3.11-slim --name a", "-c",
                        "env new python:3.11-slim --name b", "-c",
                        "exec --in a sh -c 'echo a > /workspace/who'", "-c",
                        "exec --in a cat who", "-c", "exec ls", "-c",
                        "env rm a", "-c", "exec --in a true")
        same((done.status, done.out), (2, "a\n"))
        assert "there is no environment 'a'" in done.err, done.err


@test("reset empties and keeps: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        done = h.addesh("-c", "env new python:3.11-slim -e K=v", "-c",
                        "exec sh -c 'echo 1 > f; echo 2 > /tmp/g; "
                        "mkdir -p d/e; chmod 0 d'", "-c", "env reset", "-c",
                        "exec sh -c 'ls -A /workspace; echo $K; ls /tmp'")
        same(done.is_ok().out, "v\nhome\n")


@test("what Docker has and addesh refuses says why: %s",
      [("env new", "--privileged"), ("env new", "--cap-add"),
       ("env new", "--security-opt"), ("env new", "--device"),
       ("env new", "--pid"), ("env new", "--ipc"), ("env new", "--mount"),
       ("run", "-i"), ("run", "-v"), ("exec", "-i"), ("exec", "-p"), ("exec", "--volume")])
def _(command, option):
    with home("restricted") as h:
        value = "=x" if option.startswith("--") else " x"
        done = h.addesh("-c", "%s %s%s python" % (command, option, value))
        done.is_status(125)
        assert "%s is refused: " % option in done.err, done.err


@test("a variable of this host: %s", ["env new", "run", "exec"])
def _(command):
    options = {"env new": "", "run": "", "exec": "", command: "-e MINE -e NOT"}
    with home("restricted") as h:
        done = h.addesh(
            "-q", "-c", "env new %s" % options["env new"], "-c",
            "exec %s env" % options["exec"] if command != "run" else
            "run %s x.sh <<<env" % options["run"], env={"MINE": "a b"})
        same([l for l in done.out.splitlines() if l[:3] in ("MIN", "NOT")],
             ["MINE=a b"])


@test("nothing is left behind: %s", engines.SANDBOXES)
def _(sandbox):
    with home(sandbox) as h:
        h.addesh("-c", "env new python:3.11-slim", "-c",
                 "exec true").is_ok()
        same(h.files(), [])


main()
