# SPDX-License-Identifier: MIT
"""What is said of programs that fail: real ones in every language, those that
only write what such programs do, and whether what is suggested helps."""

import itertools
import json
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import addesh  # noqa: E402
import engines  # noqa: E402
import manual  # noqa: E402
from failures import CASES, FORGED, WRITTEN  # noqa: E402
from sandboxes import RESTRICTED, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

IMAGE = "langs:latest"
ROOM = "-m 512m --disk 512m --pids-limit 200"
# What can be typed while the others of a language go on in this environment.
HARMLESS = ("exec ", "help ", "jobs", "ls")
# About the same time each: they run side by side.
GROUPS = ["python shell ruby perl php lua c cpp", "typescript", "javascript r",
          "go rust java"]


def session(kind="docker", options=ROOM):
    if kind in RESTRICTED:
        return Session(kind, new="env new " + options)
    engines.load(kind, "langs")
    return Session(kind, new="env new %s %s" % (IMAGE, options))


def place(diagnosis):
    """FILE:LINE, as the cases have it."""
    line = ":%d" % diagnosis["line"] if "line" in diagnosis else ""
    return diagnosis["file"] + line if "file" in diagnosis else None


def found(r):
    d = r.get("diagnosis", {})
    return d.get("kind"), place(d), \
        d.get("suggestion", "").replace(IMAGE, "IMAGE") or None


def run_case(s, case):
    name, file, text, kind, at, suggestion = case[:6]
    more = case[6] if len(case) > 6 else {}
    for path, content in more.get("files", {}).items():
        s.run(path, content.rstrip("\n"))
    limit = more.get("limit", 120)
    # a short limit may pass before the program is at its line
    for factor in (1, 5) if kind == "timeout" else (1,):
        r = s.run(file, text.rstrip("\n"), options="-t %d" % (limit * factor))
        assert r["status"] != "completed", r
        if place(r.get("diagnosis", {})) == at:
            break
    if kind == "timeout":
        suggestion = "run -t %ds" % (2 * limit * factor)
    if found(r) != (kind, at, suggestion):
        diag(r.errs.decode(errors="replace"))
    same(found(r), (kind, at, suggestion), name)
    if suggestion and suggestion.startswith(HARMLESS) and kind != "crashed":
        s.ok(suggestion)
    s.ok("exec rm -f /dev/shm/f")


@test("what is said of programs that fail: %s", GROUPS, deadline=300)
def _(languages):
    with session() as s:
        here(s, "input.txt", "text\n")
        for language in languages.split():
            for case in CASES[language]:
                run_case(s, case)


# ---- what is written is not believed ----

WRITERS = {
    "a.py": "import sys\nsys.stderr.write(%s + '\\n')\nprint(%s)\n",
    "a.rb": "warn %s\nputs %s\n",
    "a.pl": "print STDERR %s, qq(\\n);\nprint %s, qq(\\n);\n",
    "a.lua": "io.stderr:write(%s, '\\n')\nprint(%s)\n",
    "a.php": "<?php\nfwrite(STDERR, %s . PHP_EOL);\necho %s;\n",
    "a.sh": "echo %s >&2\necho %s\n",
}


def quoted(name, text):
    """A literal of the program's language."""
    if name == "a.sh":
        return shlex.quote(text)
    if name in ("a.py", "a.lua"):
        return json.dumps(text)
    return "'%s'" % text.replace("\\", "\\\\").replace("'", "\\'")


@test("nothing is said of a program that succeeds, whatever it writes")
def _():
    with session() as s:
        for text, (name, program) in zip(
                WRITTEN, itertools.cycle(sorted(WRITERS.items()))):
            literal = quoted(name, text)
            r = s.run(name, program % (literal, literal))
            same((r["exit_code"], r.errs.decode()), (0, text + "\n"), name)
            same((r.get("diagnosis"), r.get("message"), r.get("hint")),
                 (None, None, None), text)


@test("no word of a program's gets into a command unchecked")
def _():
    with session() as s:
        for text, suggestion in FORGED:
            r = s.run("a.py", "import sys\nsys.exit(%r)" % text)
            same(found(r)[2], suggestion, text)
            file = r.get("diagnosis", {}).get("file", "a.py")
            assert ".." not in file and not file.startswith("/"), file


# ---- what is suggested helps ----

def here(s, name, text):
    """A file of the directory in which addesh runs."""
    s.home.own(s.home.write(name, text))


def suggested(s, file, text, kind, options="-t 60"):
    r = s.run(file, text, options=options)
    same(r.get("diagnosis", {}).get("kind"), kind, r.errs)
    return r["diagnosis"]["suggestion"]


def helps(s, file, text, kind, then=None):
    """The suggestion, typed; after it, or then(), the program succeeds."""
    for line in suggested(s, file, text, kind).split(" && "):
        s.ok(line)
    if then:
        then()
    r = s.run(file, text, options="-t 60")
    same(r["status"], "completed", r.errs)


@test("what is suggested helps: files")
def _():
    with session() as s:
        here(s, "data.csv", "1\n")
        here(s, "helper.py", "x = 1\n")
        here(s, "helper.rb", "X = 1\n")
        here(s, "utils.js", "\n")
        helps(s, "a.py", "open('data.csv')", "missing_file")
        helps(s, "a.py", "import helper", "missing_module")
        helps(s, "a.rb", "$: << '.'\nrequire 'helper'", "missing_module")
        helps(s, "a.js", "require('./utils')", "missing_file")
        s.run("tool", "#!/bin/sh\nexit 0", options="--lang shell")
        helps(s, "a.sh", "./tool", "permission_denied")
        helps(s, "a.py", "open('/etc/shadow')", "permission_denied")
        here(s, "input.txt", "1\n")
        same(s.ok(suggested(s, "a.py", "print(input())",
                            "no_input"))["stdout"], "1\n")


@test("what is suggested helps: limits, ports and networks")
def _():
    with session(options="-m 256m --disk 16m") as s:
        helps(s, "A.java", "class A { public static void main(String[] a) {\n"
              "Object o = new byte[120_000_000]; } }", "out_of_memory")
        helps(s, "a.py", "f = open('/dev/shm/f', 'wb', 0)\n"
              "for i in range(100): f.write(bytes(1 << 20))", "disk_full")
        listen = "import socket, sys, time\n" \
            "s = socket.create_server(('127.0.0.1', 8123))\n" \
            "open('there', 'w')\ntime.sleep(float(sys.argv[1]))"
        s.ok("run -d b.py 600", listen)
        s.ok("exec -- sh -c 'until test -e there; do sleep 0.1; done'")

        def stop():
            same([j["job"] for j in s.ok("jobs")["jobs"]], [1])
            s.ok("kill 1")
            s.do("wait 1")
        helps(s, "a.py", listen.replace("sys.argv[1]", "0"), "port_in_use",
              stop)
        index = engines.state("docker")["pip_index"]
        helps(s, "a.py", "import urllib.request\n"
              "urllib.request.urlopen(%r)" % index, "network_refused")
        same(suggested(s, "a.py", "import socket\n"
                       "socket.getaddrinfo('nosuch.invalid', 80)",
                       "name_not_resolved"), "exec cat /etc/resolv.conf")
        s.ok("exec cat /etc/resolv.conf")


@test("what is suggested helps: npm above which packages lie")
def _():
    engines.load("docker", "langs")
    with Session("docker", new="env new --net langs:node " + ROOM) as s:
        helps(s, "a.sh", "npm install --no-audit --registry %s addesh-sample"
              % engines.state("docker")["npm_registry"], "read_only_path")


@test("what is suggested helps: crashes are shown where they are")
def _():
    with session() as s:
        compile, show = suggested(
            s, "a.c", "int main(int n, char **v)\n{\n"
            "\treturn *(int *)(long)(n - 1);\n}", "crashed").split(" && ")
        s.ok(compile)
        got = s.do(show)["result"]
        same((got["diagnosis"]["kind"], place(got["diagnosis"])),
             ("memory_error", "a.c:3"), got)
        show = suggested(s, "a.py", "import ctypes\nctypes.string_at(0)",
                         "crashed")
        got = s.do(show)["result"]
        same((got["diagnosis"]["kind"], place(got["diagnosis"])),
             ("crashed", "a.py:2"), got)


@test("%s: what is said where the programs are this host's", RESTRICTED)
def _(kind):
    with session(kind, "-m 256m") as s:
        for text, wanted in (
                ("\nimport nosuch", ("missing_module", "a.py:2",
                 "env new --net python:3.11-slim && "
                 "exec -- python3 -m pip install --user nosuch")),
                ("import socket\nsocket.create_connection(('192.0.2.1', 1))",
                 ("network_refused", "a.py:2",
                  "env new --net python:3.11-slim")),
                ("x = bytearray(1 << 50)",
                 ("out_of_memory", "a.py:1",
                  "env new -m 512m python:3.11-slim")),
                ("def f():\n    g()\nf()",
                 ("undefined_name", "a.py:2", "exec -- sed -n 1,5p a.py"))):
            r = s.run("a.py", text)
            same(found(r), wanted, text)
            if wanted[2].startswith(HARMLESS):
                s.ok(wanted[2])


@test
def every_entry_can_match():
    """Patterns are ones, each has a word that is looked for, and languages
    are those that there are."""
    top = os.path.join(addesh.source(), "share", "addesh")
    with open(os.path.join(top, "diagnosis.yaml")) as f:
        text = f.read()
    with open(os.path.join(top, "languages.yaml")) as f:
        known = set(re.findall(r"^([a-z]+):", f.read(), re.M))
    kinds = set(re.findall(r"- kind: ([a-z_]+)", text))
    results = manual.sections("addesh-json.5", "Ss", "RESULTS")
    run = next(t for names, t in results.items()
               if "run" in names.split(", "))
    same(sorted(kinds - set(re.findall(r"[a-z_]+", "\n".join(run)))), [])
    for names in re.findall(r"languages: \[([^]]*)\]", text):
        assert set(names.split(", ")) <= known, names
    entries = text.split("\nfailures:\n")[1].split("\n  - kind: ")[1:]
    assert len(entries) > 90, len(entries)
    for entry in entries:
        assert "pattern:" not in entry or " has: " in entry, entry
    same([w for words in re.findall(r" has: (.*(?:\n {6}.*)*)", text)
          for w in re.findall(r'"[^"]*"|[^][,"\n]+', words)
          if len(w.strip().strip('"')) < 4 and w.strip()], [])
    for pattern in re.findall(r"(?:pattern|not|until): (.*)", text):
        pattern = re.sub(r"^(['\"])(.*)\1$", r"\2", pattern)
        done = subprocess.run(["grep", "-E", "-e", pattern.replace(
            "\\\\", "\\")], input=b"", stderr=subprocess.PIPE)
        same((done.returncode, done.stderr), (1, b""), pattern)


main(beside=True)
