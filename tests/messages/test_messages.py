# SPDX-License-Identifier: MIT
"""Every failure that users meet has a sentence of its own and a remedy, word
for word; and a remedy names only commands and options that there are."""

import os
import re
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import addesh  # noqa: E402
import engines  # noqa: E402
from sandboxes import ENGINES, KINDS, RESTRICTED, SandboxHome  # noqa: E402
from tap import main, same, test  # noqa: E402

IMAGE = "python:3.11-slim"
# Takes the engines that this machine has out of sight.
HIDE = """
for f in /usr/bin/dockerd /usr/sbin/dockerd /usr/bin/docker \\
    /usr/local/bin/docker /usr/bin/podman
do
    [ ! -e $f ] || mount -n --bind /dev/null $f || exit 99
done
mount -n -t tmpfs none /run || exit 99
exec "$@"
"""
hints = []    # all that were seen, for the last test


def is_said(done, wanted, status):
    """stderr is these lines, where ~...~ is a regular expression."""
    text = done.err.rstrip("\n")
    pattern = "".join(part if n % 2 else re.escape(part)
                      for n, part in enumerate(wanted.split("~")))
    if not re.fullmatch(pattern, text):
        raise AssertionError("said\n%s\nwanted\n%s" % (text, wanted))
    same(done.status, status)
    hints.append(text)


def engine_home(**settings):
    """A home in which only an engine is tried, and none is named."""
    home = SandboxHome("docker", config={"tools": {
        "code_execution": {"sandbox": "docker", **settings}}})
    home.options = []
    return home


def run_in(home, argv, *args, **kw):
    p = subprocess.run(argv + home.argv(*args), env=home.env, cwd=home.work,
                       capture_output=True, timeout=60, **kw)
    return addesh.Done(p.args, p.returncode, p.stdout, p.stderr)


# ---- the engine ----

@test
def no_engine_is_installed():
    with engine_home() as home:
        done = run_in(home, ["unshare", "-m", "sh", "-c", HIDE, "sh"],
                      "-c", "env new")
        is_said(done, """\
addesh: env new: no container engine is installed here
  install one (Debian, Ubuntu: sudo apt install docker.io), or name another \
host's: --engine ssh://USER@HOST
  without an engine, sandbox: restricted in addesh.yaml uses the programs of \
this host
  unix:///var/run/docker.sock was chosen because no socket of an engine is \
there""", 125)


@test("%s is not running: no socket", [("Docker", "docker", "docker"),
                                       ("Podman", "podman", "podman.socket")])
def _(name, word, unit):
    with engine_home() as home:
        url = "unix://%s/%s.sock" % (home.work, word)
        is_said(home.addesh("--engine", url, "-c", "env new"), """\
addesh: env new: %s is not running: there is no socket %s
  start it: sudo systemctl start %s
  %s was chosen because the option --engine says %s""" % (
            name, url[7:], unit, url, url), 125)


@test
def docker_is_not_running_nobody_listens():
    with engine_home() as home, socket.socket(socket.AF_UNIX) as s:
        path = os.path.join(home.work, "docker.sock")
        s.bind(path)
        is_said(home.addesh("--engine", "unix://" + path, "-c", "env new"),
                """\
addesh: env new: Docker is not running: nobody listens at %s
  start it: sudo systemctl start docker
  unix://%s was chosen because the option --engine says unix://%s""" % (
                    path, path, path), 125)


@test
def no_permission_on_the_socket():
    with SandboxHome("restricted-user", config={"tools": {
            "code_execution": {"sandbox": "docker"}}}) as home, \
            socket.socket(socket.AF_UNIX) as s:
        directory = home.dir("closed")
        path = os.path.join(directory, "docker.sock")
        s.bind(path)
        s.listen()
        os.chmod(path, 0)
        os.chmod(directory, 0o755)
        is_said(home.addesh("--engine", "unix://" + path, "-c", "env new"),
                """\
addesh: env new: no permission to use the engine at %s
  join the group docker: sudo usermod -aG docker "$USER", then log in again \
(its members are as powerful as root)
  or use Podman without root: systemctl --user start podman.socket, and \
--engine podman
  unix://%s was chosen because the option --engine says unix://%s""" % (
                    path, path, path), 125)


@test
def the_engine_is_said_to_be_missing_once_and_the_host_serves():
    engines.sandbox("restricted")
    with SandboxHome("restricted-root", config={"tools": {
            "code_execution": {"sandbox": "auto"}}}) as home:
        done = run_in(home, ["unshare", "-m", "sh", "-c", HIDE, "sh"],
                      "-c", "env new", "-c", "env new --name again")
        is_said(done, """\
addesh: restricted sandbox, no engine: no container engine is installed here
~(addesh: warning: .*\n)*~env e1 (python:3.11-slim, here: Python ~[0-9.]+~) \
ready in ~[0-9.m]+~s
~(addesh: warning: .*\n)*~env again (python:3.11-slim, here: Python ~[0-9.]+~\
) ready in ~[0-9.m]+~s""", 0)


# ---- the image ----

@test("image not found, names near it: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as home:
        is_said(home.addesh("-c", "env new --pull never pyhton:3.11-slim"),
                """\
addesh: env new: image pyhton:3.11-slim is not here
  here are: ~(.*, )?~python:3.11-slim~(, .*)?~
  fetch it:  pull pyhton:3.11-slim""", 125)


@test("image not in its registry either: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as home:
        is_said(home.addesh("-c", "env new 127.0.0.1:5000/remot:latest"),
                """\
addesh: env new: image 127.0.0.1:5000/remot:latest is not here: pulling \
127.0.0.1:5000/remot:latest: ~.*manifest.*unknown.*~~(\n  here are: .*)?~""",
                125)


# ---- runs ----

def failed_run(kind, name, body, options="", new="env new", status=1):
    """stderr of a script with one run, without what opening it said."""
    home = SandboxHome(kind)
    with home:
        script = home.own(home.write(
            "s", "%s\nrun %s %s <<'EOF-BODY'\n%s\nEOF-BODY\n" % (
                new, options, name, body)))
        done = home.addesh(script)
        same(done.status, status, str(done))
        return done.err.split("\n", 1 + done.err.count("warning:"))[-1]


def run_said(text, wanted):
    """The last lines are these, before the one that names the script."""
    done = addesh.Done([], 0, b"", b"")
    lines = text.rstrip("\n").split("\n")
    assert re.fullmatch(r"addesh: \S*s:2: status \d+ ends it here "
                        r"\(-k goes on\)", lines[-1]), text
    done.err = "\n".join(lines[-1 - wanted.count("\n") - 1:-1])
    is_said(done, wanted, 0)


@test("time limit: %s", KINDS)
def _(kind):
    run_said(failed_run(kind, "a.py", "while True: pass", "-t 1",
                        status=124), """\
stopped after ~[0-9.]+~s, ~[0-9.]+ .B~: the time limit is 1s (-t)
  more time:  run -t 2s ...""")


@test("time limit of the configuration, and where it stands: %s",
      RESTRICTED[:1])
def _(kind):
    with SandboxHome(kind, config={"tools": {"code_execution": {
            "sandbox": "restricted", "timeout": 1}}}) as home:
        done = home.script("env new\nrun a.py <<E\nwhile True: pass\nE\n")
        same(done.status, 124)
        run_said(done.err.replace("script.addesh:", "s:"), """\
stopped after ~[0-9.]+~s, ~[0-9.]+ .B~: the time limit is 1s \
(%s/addesh/addesh.yaml:1)
  more time:  run -t 2s ...      for all:  set timeout 2s""" %
                 home.env["XDG_CONFIG_HOME"])


@test("out of memory: %s", KINDS)
def _(kind):
    limit = "256 MB" if kind == "restricted-user" else \
        "~[0-9]+ MB~ (256 MB for programs, ~[0-9]+ MB~ for files)"
    run_said(failed_run(kind, "a.py", "x = b'x' * (900 << 20)", status=137),
             """\
out of memory after ~[0-9.]+~s: the limit is %s, the peak was ~[0-9.]+ .B~
  more memory:  env new -m 512m %s""" % (limit, IMAGE))


@test("disk full: %s", KINDS)
def _(kind):
    run_said(failed_run(kind, "a.py", "f = open('f', 'wb', 0)\n"
                        "while True: f.write(b'x' * 65536)"), """\
exit 1 in ~[0-9.]+~s, ~[0-9.]+ .B~: no space left in /workspace, /tmp or \
/dev/shm
  try:  set tmp_limit 512m && env new --disk 512m --shm-size 512m %s""" % IMAGE)


@test("the limit of processes: %s", KINDS)
def _(kind):
    run_said(failed_run(kind, "a.py", "import threading\n"
                        "e = threading.Event()\nn = 0\ntry:\n"
                        "    for n in range(200):\n"
                        "        threading.Thread(target=e.wait).start()\n"
                        "finally:\n    e.set()"), """\
exit 1 in ~[0-9.]+~s, ~[0-9.]+ .B~: there can be no more processes and \
threads here
  try:  env new --pids-limit 512 %s""" % IMAGE)


@test("a signal is not explained by what was said before: %s", KINDS[:1])
def _(kind):
    run_said(failed_run(kind, "a.sh", "no-such-program; kill -SEGV $$",
                        status=139), """\
killed by SEGV after ~[0-9.]+~s, ~[0-9.]+ .B~""")


@test("what --json suggests can be typed as it is: %s", KINDS)
def _(kind):
    full = "run full.py <<E\nf = open('/tmp/f', 'wb', 0)\n" \
        "for i in range(320): f.write(b'x' * 65536)\nE"

    def results(home, *commands):
        done = home.addesh("--json", "-k",
                           *sum((["-c", c] for c in commands), []))
        found = done.objects()
        assert all(o["ok"] or "result" in o for o in found), done.out
        return [o["result"] for o in found]

    with SandboxHome(kind, config={"tools": {"code_execution": {
            "tmp_limit": "8m"}}}) as home:
        found = results(home, "env new -m 64m " + IMAGE, full,
                        "run large.py <<<\"x = b'x' * (900 << 20)\"",
                        "set timeout 1s", "run late.py <<<'while 1: pass'")
        said = [r["diagnosis"]["suggestion"] for r in found
                if "diagnosis" in r]
        same(said, ["set tmp_limit 512m && env new --disk 512m "
                    "--shm-size 512m " + IMAGE,
                    "env new -m 128m " + IMAGE, "set timeout 2s"])
        found = results(home, said[1], said[2], said[0], "set timeout 1m",
                        full)
        same(found[-1]["exit_code"], 0, found[-1])


@test("a write outside the workspace: %s", KINDS)
def _(kind):
    # Restricted has no files of its own that could be made writable.
    remedy = ""
    if kind in ENGINES:
        remedy = "\n  try:  env new --writable --root " + IMAGE
    run_said(failed_run(kind, "a.py", "open('/usr/f', 'w')"), """\
exit 1 in ~[0-9.]+~s, ~[0-9.]+ .B~: only /workspace, /tmp and /dev/shm can be \
written here""" + remedy)


@test("the remedy for a write outside works: %s", ENGINES)
def _(kind):
    with SandboxHome(kind) as home:
        done = home.script("env new --writable --root\nrun a.py <<E\n"
                           "open('/usr/f', 'w')\nprint('OK')\nE\n")
        same((done.status, done.out), (0, "OK\n"), done.err)


@test("interpreter missing: %s", ENGINES)
def _(kind):
    run_said(failed_run(kind, "a.rb", "puts 1", status=127), """\
exit 127 in ~[0-9.]+~s~(, [0-9.]+ .B)?~: ruby is missing in this environment \
(python:3.11-slim)
  an image that has it:  env new ruby:3.2-slim""")


@test("a program of exec is missing: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as home:
        done = home.addesh("-c", "env new", "-c", "exec no-such-program")
        same((done.status, done.out), (127, ""))
        at = -2 if kind in ENGINES else -3
        assert re.fullmatch(r"exit 127 in [0-9.]+s(, [0-9.]+ .B)?: "
                            r"no-such-program is missing in this environment "
                            r"\(%s\)" % re.escape(IMAGE),
                            done.err.split("\n")[at]), done.err


@test("what cannot be executed says why, with -q too: %s", KINDS)
def _(kind):
    with SandboxHome(kind) as home:
        home.own(home.write("p", "no program\n"))
        done = home.addesh("-q", "-k", home.own(home.write(
            "s", "env new\nput p\nexec chmod -x p\nexec ./p\n"
            "exec chmod +x p\nexec ./p\nexec echo %s\n"
            "exec /etc/passwd\n" % (200000 * "x"))))
        same((done.status, done.out), (126, ""))
        said = re.sub("exit 126 in [^:]*: ", "", done.err)
        said = re.sub("^addesh: warning: .*\n", "", said, flags=re.M)
        same(said, """\
./p cannot be executed: Permission denied
  try:  exec chmod +x ./p
./p cannot be executed: Exec format error
  it is no program for this machine, and no script that begins with #!
echo cannot be executed: Argument list too long
  one argument has at most 128 KB; give the text in a file:  put FILE
/etc/passwd cannot be executed: Permission denied
""")
        hints.append(done.err)


@test("a module is missing: %s", KINDS)
def _(kind):
    remedy = "dep add requests" if kind in ENGINES else \
        "env new --net %s && exec -- python3 -m pip install --user " \
        "requests" % IMAGE
    run_said(failed_run(kind, "a.py", "import requests"), """\
exit 1 in ~[0-9.]+~s, ~[0-9.]+ .B~: the module requests is not installed here
  try:  """ + remedy)


@test("a module whose package has another name: %s", ENGINES[:1])
def _(kind):
    run_said(failed_run(kind, "a.py", "import yaml"), """\
exit 1 in ~[0-9.]+~s, ~[0-9.]+ .B~: the module yaml is not installed here
  try:  dep add pyyaml""")


@test("an unknown extension: %s", RESTRICTED[:1])
def _(kind):
    text = failed_run(kind, "a.xyz", "text", status=2)
    lines = text.split("\n")
    same(re.sub(r"\S*s:2", "s:2", "\n".join(lines[:2])), """\
addesh: s:2: run: the language of a.xyz is not known: neither its name nor a \
#! line tells it
  name the language:  run --lang NAME a.xyz""")
    hints.append(text)
    text = failed_run(kind, "-", "text", status=2)
    assert "run --lang NAME -\n" in text, text
    hints.append(text)


@test("running code is disabled: %s", ["enabled: false", "sandbox: disabled"])
def _(line):
    name, value = line.split(": ")
    with SandboxHome("restricted-root", config={"tools": {"code_execution": {
            name: {"false": False}.get(value, value)}}}) as home:
        where = home.env["XDG_CONFIG_HOME"] + "/addesh/addesh.yaml:1"
        is_said(home.addesh("-c", "env new"), """\
addesh: env new: running code is disabled: tools.code_execution.%s is %s (%s)
  to allow it, change %s""" % (name, value, where, where), 125)


@test
def no_environment():
    engines.sandbox("restricted")
    with SandboxHome("restricted-root") as home:
        is_said(home.addesh("-c", "exec true"), """\
addesh: exec: no environment is selected
  open one:  env new python:3.11-slim""", 2)


@test
def logs_without_a_run():
    engines.sandbox("restricted")
    with SandboxHome("restricted-root") as home:
        is_said(home.addesh("-c", "logs"), """\
addesh: logs: nothing was run in this session
  logs live as long as their session; those with a name stay (-s)""", 2)


# ---- what remedies name ----

def commands():
    """The names of the table."""
    with addesh.Home() as home:
        listing = home.addesh("help", "--list").is_ok().out
    return {line.split("\t")[0] for line in listing.splitlines()}


def named_commands(text):
    """What follows "LABEL:  " in a hint, and what is joined to that."""
    found = []
    for line in text.split("\n"):
        for part in line.split("      "):
            label, _, rest = part.partition(":  ")
            if rest and line.startswith("  "):
                found += re.split(" && |  or  ", rest)
    return [c.strip() for c in found if not re.match("[%']", c.strip())]


def source_hints():
    """The remedies in the sources and the data, as they are written there."""
    top = addesh.source()
    found = []
    for place, _, names in os.walk(os.path.join(top, "src")):
        for name in names:
            if not name.endswith(".c"):
                continue
            with open(os.path.join(place, name)) as f:
                text = f.read()
            for call in re.findall(r"err_hint\(([^;]*);", text):
                # a member's name is no part of the text
                call = re.sub(r"json_str\([^()]*\)", "", call)
                words = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', call))
                found += named_commands("  " + words.replace("\\n", "\n  "))
    with open(os.path.join(top, "share", "addesh", "diagnosis.yaml")) as f:
        for line in f:
            match = re.match(r'\s+suggestion\w*: ([^"].*)', line)
            if match:
                found += match.group(1).split(" && ")
    return found


def is_known(command, table, usage):
    """Its words begin with a row of the table, and its options are there."""
    words = command.split()
    row = next((" ".join(words[:n]) for n in (2, 1)
                if " ".join(words[:n]) in table), None)
    if row is None:
        return False
    options = [w for w in words[:words.index("--") if "--" in words
                                else len(words)] if w.startswith("-")]
    if row not in usage:
        with addesh.Home() as home:
            usage[row] = home.addesh("help", *row.split()).is_ok().out
    return all(re.search(r"(?<!\S)%s\b" % re.escape(o), usage[row])
               for o in options)


@test
def remedies_name_only_commands_and_options_that_there_are():
    table, usage = commands(), {}
    seen = sum((named_commands(text) for text in hints), [])
    written = source_hints()
    assert len(written) > 15, written
    bad = [c for c in seen + written if not is_known(c, table, usage)]
    same(bad, [], "not in the table")


main()
