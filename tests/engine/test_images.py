# SPDX-License-Identifier: MIT
"""pull, images and image rm, against engines with a registry."""

import base64
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from engineapi import ApiError
from make_image import made
from tap import main, same, test

OPEN = "127.0.0.1:5000"
CLOSED = "127.0.0.1:5001"


def home(kind):
    engines.state(kind)    # the registries are its
    return Home(options=engines.sandbox(kind))


def run(h, *lines):
    args = ["-k"]
    for line in lines:
        args += ["-c", line]
    return h.addesh(*args)


def forget(kind, name):
    """Takes the name away, if it is there."""
    try:
        engines.api(kind).call("DELETE", "/images/" + name)
    except ApiError as e:
        same(e.status, 404)


@test("%s: an image is pulled, used, listed and removed", engines.KINDS)
def _(kind):
    name = OPEN + "/remote:latest"
    with engines.alone("remote"), home(kind) as h:
        forget(kind, name)
        done = run(h, "pull " + name, "env new %s --name mine" % name,
                   "images", "image rm -f " + name, "images -a").is_ok()
        lines = done.err.splitlines()
        assert lines[0].startswith(name + " is here: "), lines
        assert "image %s removed" % name in lines, lines
        listed, everything = done.out.split("IMAGE ")[1:]
        row = [l for l in listed.splitlines() if l.startswith(name)][0]
        # environments of other sessions may be of this image, too
        users = re.split("  +", row.rstrip())[-1]
        assert "mine" in users.split(", "), row
        assert name not in everything
        assert "\npython:3.11-slim " in everything, everything
        assert not engines.api(kind).has_image(name)


@test("%s: without a tag latest is meant, which is said once", engines.KINDS)
def _(kind):
    name = OPEN + "/remote"
    with engines.alone("remote"), home(kind) as h:
        done = run(h, "pull " + name, "pull " + name).is_ok()
        same(done.err.count("addesh: %s without a tag means %s:latest\n" % (
            name, name)), 1, done.err)
        done = run(h, "pull -q %s:latest" % name).is_ok()
        same((done.out, done.err), (name + ":latest\n", ""))
        run(h, "image rm -f %s:latest" % name).is_ok()


@test("%s: a failure within the stream is a failure", engines.KINDS)
def _(kind):
    name = OPEN + "/broken:latest"
    with home(kind) as h:
        done = run(h, "pull " + name).is_status(125)
        same(done.out, "")
        assert done.err.startswith(
            "addesh: pull: pulling %s: " % name), done.err
        same(len(done.err.splitlines()), 1, done.err)
        assert "is here" not in done.err
        done = h.addesh("--json", "-c", "pull " + name).is_status(125)
        answer = json.loads(done.out)
        same((answer["ok"], answer["error"]["kind"], "result" in answer),
             (False, "image", False))
        assert not engines.api(kind).has_image(name)


@test("%s: what the registry does not have", engines.KINDS)
def _(kind):
    with home(kind) as h:
        done = run(h, "pull %s/nope:1" % OPEN).is_status(125)
        assert done.err.startswith(
            "addesh: pull: pulling %s/nope:1: " % OPEN), done.err
        assert "manifest unknown" in done.err, done.err
        done = run(h, "pull UPPER", "pull ''", "pull 'a b'").is_status(2)
        same(done.err.splitlines()[0],
             "addesh: pull: image 'UPPER': the names of images are in "
             "lower case")


@test("%s: a registry that wants credentials", engines.KINDS)
def _(kind):
    name = CLOSED + "/remote:latest"
    with engines.alone("remote"), home(kind) as h:
        forget(kind, name)
        done = run(h, "pull " + name).is_status(125)
        same(done.err.splitlines()[1:],
             ["  log in:  login " + CLOSED])
        assert not engines.api(kind).has_image(name)
        state = engines.state(kind)
        pair = "%s:%s" % (state["user"], state["password"])
        config = h.dir("home/.docker") + "/config.json"
        with open(config, "w") as f:
            json.dump({"auths": {CLOSED: {
                "auth": base64.b64encode(pair.encode()).decode()}}}, f)
        done = run(h, "pull " + name, "image rm -f " + name).is_ok()
        assert state["password"] not in done.out + done.err
        wrong = base64.b64encode(b"tester:wrong").decode()
        with open(config, "w") as f:
            json.dump({"auths": {CLOSED: {"auth": wrong}}}, f)
        done = run(h, "pull " + name).is_status(125)
        assert wrong not in done.err and not engines.api(kind).has_image(name)
        same(done.err.splitlines()[1:],
             ["  the credentials kept for %s were refused; again:  login %s" %
              (CLOSED, CLOSED)])


@test("%s: the policy says which images", engines.KINDS)
def _(kind):
    with home(kind) as h:
        h.write("policy.yaml", "tools:\n  code_execution:\n"
                               "    images: ['python:*']\n")
        done = h.addesh("--config", h.work + "/policy.yaml", "-c",
                        "pull %s/remote:latest" % OPEN).is_status(125)
        assert done.err.startswith("addesh: pull: "), done.err
        assert "policy.yaml:3" in done.err, done.err


@test("%s: removing what is not there", engines.KINDS)
def _(kind):
    with home(kind) as h:
        done = run(h, "image rm zzz/nothing:at-all").is_status(125)
        same(done.err.splitlines(), [
            "addesh: image rm: image zzz/nothing:at-all is not here",
            "  see what is there:  images -a"])
        done = run(h, "image rm pyton:3.11-slim").is_status(125)
        same(done.err.splitlines()[1], "  here are: python:3.11-slim")
        # looked for before a person is asked, and before any is removed
        name = "addesh-test-kept-%d:1" % os.getpid()
        with made(kind, name, {"addesh.image": "build"}):
            run(h, "image rm %s zzz/nothing" % name).is_status(125)
            assert engines.api(kind).has_image(name)


@test("%s: an image that is in use stays", engines.KINDS)
def _(kind):
    # an image of its own, so that no other test loses one
    name = "addesh-test-used:1"
    with engines.alone("used"), home(kind) as h, \
            made(kind, name, {"addesh.image": "build"}):
        done = run(h, "env new " + name, "image rm " + name).is_status(125)
        assert engines.api(kind).has_image(name)
        assert "  environment e1 uses it:  env rm e1\n" in done.err, done.err


@test("without an engine each of them says so")
def _():
    with Home(env={"DOCKER_HOST": "unix:///nonexistent/socket"}) as h:
        for line in ("pull x:1", "images", "image rm x"):
            done = h.addesh("-c", line).is_status(125)
            assert done.err.startswith(
                "addesh: %s: " % " ".join(line.split()[:-1] or [line])), \
                done.err
            assert "/nonexistent/socket" in done.err, done.err


main()
