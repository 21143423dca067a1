# SPDX-License-Identifier: MIT
"""The examples of addesh(1) are carried out as they stand there."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
import manual
from addesh import Home, program
from tap import main, same, test
from terminal import Terminal

APP = "local/manual-%d:1" % os.getpid()
CONFIG = "tools: {code_execution: {sandbox: restricted}}\n"


def examples():
    """The blocks of lines of the section."""
    text = "\n".join(manual.sections("addesh.1")["EXAMPLES"])
    return [block.replace("\\e", "\\").splitlines() for block in re.findall(
        r"^\.Bd -literal -offset indent\n(.*?)\n\.Ed", text, re.S | re.M)]


def of_shell():
    return [block for block in examples() if block[0].startswith("addesh -")]


def home():
    """Restricted, and addesh in PATH."""
    engines.sandbox("restricted")
    h = Home()
    os.makedirs(h.path + "/config/addesh")
    with open(h.path + "/config/addesh/addesh.yaml", "w") as f:
        f.write(CONFIG)
    os.symlink(program(), h.path + "/addesh")
    h.env["PATH"] = h.path + ":" + h.env["PATH"]
    h.write("main.py", "print('it works')\n")
    return h


@test
def there_are_examples_of_each_kind():
    same(len(of_shell()), 2)
    same(len(examples()), 7)


@test("in the host's shell: %d", [0, 1])
def _(number):
    with home() as h:
        done = subprocess.run(
            ["sh", "-ec", "\n".join(of_shell()[number])], cwd=h.work,
            env=h.env, capture_output=True, text=True, timeout=60)
        same(done.returncode, 0, done.stderr)
        if number:
            result = json.loads(done.stdout)["result"]
            same((result["exit_code"], result["stdout"]), (0, "it works\n"))
        else:
            # what it wrote, and once more as its log
            same(done.stdout, "it works\nit works\n")


@test
def at_the_prompt():
    block = [b for b in examples() if b[0].startswith("addesh> ")][0]
    with home() as h, Terminal(h.argv(), h.env, h.work) as t:
        for line in block:
            prompt, typed = re.match(r"(.*?> )(.*)", line).groups()
            t.expect("^" + re.escape(prompt))
            t.line(typed)
        t.expect("^ZeroDivisionError: division by zero\n")
        t.expect("^exit 1 in ")
        t.line("quit")
        same(t.wait(), 0)


@test
def as_a_script_without_an_engine():
    block = [b for b in examples() if b[0] == "set sandbox restricted"][0]
    with home() as h:
        done = h.script("\n".join(block) + "\n").is_ok()
        assert done.out.startswith("Python 3."), done.out


@test
def with_a_package():
    """With the names of what the tests have."""
    block = [b for b in examples() if "--dep" in b[0]][0]
    engines.load("docker", "langs")
    state = engines.state("docker")
    with Home(options=engines.sandbox("docker"), env={
            "PIP_INDEX_URL": state["pip_index"],
            "PIP_TRUSTED_HOST": "192.0.2.1"}) as h:
        h.write("client.py", "import addesh_sample as a, socket\n"
                "print(a.value, len(socket.if_nameindex()))\n")
        text = "\n".join(block) + "\n"
        done = h.script(text.replace(
            "python:3.11-slim", "--lang python langs:latest").replace(
                "requests", "addesh-sample")).is_ok()
        same(done.out, "42 1\n")


def built(block, **files):
    """Done of a session on Docker; the images that it built go."""
    api = engines.api("docker")
    with Home(options=engines.sandbox("docker")) as h:
        for name, text in files.items():
            h.write(name.replace("__", "/"), text)
        text = "\n".join(line.replace("addesh> ", "") for line in block)
        try:
            return h.script(text.replace("team/app:1", APP) + "\n").is_ok()
        finally:
            mine = api.get("/images/json", filters=json.dumps(
                {"label": ["test=" + APP]}))
            for image in mine:
                api.delete("/images/" + image["Id"], force="1")


@test
def an_image_of_a_repository():
    block = [b for b in examples() if b[0].startswith("addesh> build")][0]
    done = built(block, repo__Dockerfile="FROM busybox:latest\nLABEL test=%s\n"
                 % APP)
    same(done.out, APP + "\n")


@test
def an_image_of_staged_files():
    block = [b for b in examples() if b[0].startswith("context new")][0]
    at = block.index("EOF")
    done = built(block[:at] + ["LABEL test=" + APP] + block[at:],
                 site__index="hello\n")
    assert re.match(r"agent-env:web(-[0-9]+){3}\n$", done.out), done.out


main()
