# SPDX-License-Identifier: MIT
"""Completion of what the session knows: environments, their files, images,
settings and their values, steps, languages, policies."""

import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test
from terminal import NotSeen, Screen

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def offered(home, line, *args):
    """The words that could stand at the end of the line."""
    done = home.addesh(*args, "--complete", line).is_ok()
    same(done.err, "")
    return [l.split("\t")[0] for l in done.out.splitlines()]


def tab(screen, pattern):
    """Tab, and again where a busy machine took longer than Tab waits."""
    for _ in range(5):
        screen.keys("Tab")
        try:
            return screen.wait_for(pattern, limit=6)
        except NotSeen as e:
            last = e
    raise last


@test
def settings_and_their_values():
    with Home(env=NO_ENGINE) as h:
        same(offered(h, "set time"), ["timeout"])
        same(offered(h, "set --explain shell.confirm."),
             ["shell.confirm.env_rm_all", "shell.confirm.image_rm"])
        same(offered(h, "set sandbox "),
             ["auto", "disabled", "docker", "restricted"])
        same(offered(h, "set enabled "), ["false", "true"])
        same(offered(h, "set timeout "), ["30s"])
        same(offered(h, "set nonsense "), [])


@test
def languages_and_policies():
    with Home(env=NO_ENGINE) as h:
        assert "python" in offered(h, "run --lang p"), offered(h, "run --lang ")
        same(offered(h, "set allowed_languages ru"), ["ruby", "rust"])


@test
def layers_of_checks():
    with Home(env=NO_ENGINE) as h:
        same(offered(h, "check --only "),
             ["lint", "performance", "security", "structure", "syntax"])
        same(offered(h, "check --only=sec"), ["--only=security"])
        same(offered(h, "check --only syntax,s"),
             ["syntax,security", "syntax,structure"])
        same(offered(h, "check --only syntax,security,structure,s"), [])
        same(offered(h, "check --only ,l"), [",lint"])


@test
def contexts():
    with Home(env=NO_ENGINE) as h:
        s = Screen(h.argv(), h.env, cwd=h.work)
        try:
            s.wait_for("^addesh.*>$")
            s.type("context new website")
            s.keys("Enter")
            s.wait_for("website is empty.*^addesh.*>$")
            s.type("context use web")
            tab(s, "> context use website$")
            s.keys("Enter")
            s.wait_for("website\n.*^addesh.*>$")
            s.type("context add index.html <<< hello")
            s.keys("Enter")
            s.wait_for("it holds 1,.*^addesh.*>$")
            s.type("context rm website in")
            tab(s, "> context rm website index.html")
            s.keys("C-u")
            s.type("build @w")
            tab(s, "> build @website")
        finally:
            s.close()


@test
def images_before_anything_was_asked():
    with Home(options=engines.sandbox("docker")) as h:
        for line in ("pull pyth", "env new pyth", "image rm pyth",
                     "set image pyth"):
            for _ in range(20):    # a busy engine may answer too late
                words = offered(h, line)
                if words:
                    break
            same(words, ["python:3.11-slim"], line)


@test("images of %s, by their short names", engines.KINDS)
def _(kind):
    # Podman takes longer to be connected to than Tab waits
    with Home(options=engines.sandbox(kind)) as h:
        s = Screen(h.argv(), h.env, cwd=h.work)
        try:
            s.wait_for("^addesh.*>$")
            s.type("images --filter no/such")
            s.keys("Enter")
            s.wait_for("begins with no/such.*^addesh.*>$")
            s.type("env new pyth")
            tab(s, "> env new python:3.11-slim$")
        finally:
            s.close()


@test
def an_engine_that_is_silent_is_not_waited_for():
    with Home() as h, socket.socket(socket.AF_UNIX) as s:
        path = h.path + "/silent"
        s.bind(path)
        s.listen(8)
        taken = []
        threading.Thread(target=lambda: taken.append(s.accept()),
                         daemon=True).start()
        h.env["DOCKER_HOST"] = "unix://" + path
        took = []
        for _ in range(5):    # a busy machine is slow now and then
            began = time.monotonic()
            same(offered(h, "pull x"), [])
            took.append(time.monotonic() - began)
        # 150 ms and a start; the deadline of an ordinary question is 5 s
        assert min(took) < 3, took
        assert taken, "it was not even asked"


@test
def environments_their_files_and_steps():
    with Home(options=engines.sandbox("restricted")) as h:
        h.write("shop/README", "goods\n")
        s = Screen(h.argv(), h.env, cwd=h.work)
        try:
            s.wait_for("^addesh.*>$")
            s.type("project open shop --name fish")
            s.keys("Enter")
            s.wait_for("^addesh fish.*> ?$")
            s.type("env new --name first")
            s.keys("Enter")
            s.wait_for("^addesh first.*> ?$")
            s.type("env new --name second")
            s.keys("Enter")
            s.wait_for("^addesh second.*> ?$")
            s.type("exec mkdir -p dir/deep")
            s.keys("Enter")
            s.wait_for("^exit 0.*^addesh second.*>$")
            s.type("env use fir")
            s.keys("Tab")
            s.wait_for("> env use first$")
            s.keys("C-u")
            for line in ("project use", "project rm", "changes --in"):
                s.type(line + " fi")    # first is no project
                tab(s, f"> {line} fish( |$)")
                s.keys("C-u")
            s.type("ls di")
            tab(s, "> ls dir/$")
            s.type("d")
            tab(s, "> ls dir/deep/$")
            s.keys("C-u")
            s.type("check --workspace di")
            tab(s, "> check --workspace dir/$")
            s.keys("C-u")
            s.type("show @")
            s.keys("Tab", "Tab")
            s.wait_for("@2 +env new --name first$.*"
                       "@4 +exec mkdir -p dir/deep$")
            s.keys("C-u")
            # what is completed leaves no interrupt behind
            s.type("exec echo done")
            s.keys("Enter")
            s.wait_for("^done$")
            s.type("exec -d sleep 1000")
            s.keys("Enter")
            s.wait_for("^job 1 started:.*^addesh second.*> ?$")
            s.type("kill ")
            tab(s, "> kill 1 ")
            s.keys("C-u")
            s.type("quit; quit")    # the first asks because of the job
            s.keys("Enter")
            while s.tmux("display-message", "-p", "#{pane_dead}") != "1\n":
                pass    # the test's deadline ends this
        finally:
            s.close()
        same([f for f in h.files() if "runtime" in f], [])

@test
def a_listed_name_is_not_the_terminals_master():
    with Home(env=NO_ENGINE) as h:
        for name in ("evil-1\x1b[2J", "evil-2\x1b]0;title\x07"):
            h.write(name, "")
        s = Screen(h.argv(), h.env, cwd=h.work)
        try:
            s.wait_for("^addesh.*>$")
            s.type("put evil-")
            s.keys("Tab", "Tab")
            s.wait_for(r"evil-1\^\[\[2J$.*evil-2\^\[\]0;title\^G$")
        finally:
            s.close()


main()
