# SPDX-License-Identifier: MIT
"""addesh on an engine that misbehaves: each fault has one line that says what
was being done, nothing of ours is left there, and the shell goes on."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from addesh import Home
from fake_engine import Chunked, FakeEngine, Hijack, Http, Json, Reply, \
    error, frame
from tap import main, same, test

CONFIG = "engine:\n  start_timeout: %s\n  answer_timeout: 2s\n"
MACHINE = os.uname().machine
IMAGE = Json({"Id": "sha256:1", "Os": "linux", "Config": {},
              "Architecture": {"x86_64": "amd64", "aarch64": "arm64",
                               "armv7l": "arm"}.get(MACHINE, MACHINE)})


def opens(engine, attach=None, start=None, create=None):
    """An engine that has the image, and these faults."""
    engine.on("GET", "/info", Json({"Name": "elsewhere"}))
    engine.on("GET", "/images/.*/json", IMAGE)
    engine.on("GET", "/containers/json", Json([]))
    engine.on("GET", "/volumes/.*", Json({"Name": "v"}))
    engine.on("GET", "/volumes", Json({"Volumes": []}))
    engine.on("DELETE", "/volumes/.*", Http(204))
    engine.on("POST", "/volumes/create", Json({"Name": "v"}, 201))
    engine.on("PUT", "/containers/c1/archive", Http(200))
    engine.on("POST", "/containers/create",
              create or Json({"Id": "c1", "Warnings": []}, 201))
    engine.on("POST", "/containers/c1/attach", attach or Hijack())
    engine.on("POST", "/containers/c1/start", start or Http(204))
    engine.on("DELETE", "/containers/[^/]*", Http(204))
    return engine


def told(engine, line, status=125, command="env new", start="20s"):
    """The command fails with this line, and the next one works."""
    with Home() as home:
        config = home.write("addesh.yaml", CONFIG % start)
        done = home.addesh("--plain", "-k", "--config", config, "--engine",
                           engine.url, "-c", command, "-c", "help quit")
        lines = done.err.split("\n")
        same(lines[0], line)
        assert "quit" in done.out, done
        same(done.status, status)
    made = [r for r in engine.requests
            if r.path.endswith("/containers/create")]
    removed = [r for r in engine.requests if r.method == "DELETE" and
               "/containers/" in r.path]
    return len(made), len(removed)


@test
def an_engine_that_says_nothing():
    with FakeEngine(first=Reply(then="hang")) as engine:
        told(engine, "addesh: env new: connecting to the engine: no answer "
             "from %s within 300ms" % engine.url, start="300ms")


@test
def an_engine_that_is_too_old():
    with FakeEngine("19.03.15") as engine:
        told(engine, "addesh: env new: Docker 19.03.15 is too old: it "
             "speaks API 1.40, addesh needs 1.41 or newer (Docker 20.10)")


@test
def an_engine_that_hangs_up():
    with FakeEngine(first=Reply(b"HTTP/1.1 200 OK\r\nCon",
                                then="hang")) as engine:
        told(engine, "addesh: env new: connecting to the engine: no answer "
             "from %s within 300ms" % engine.url, start="300ms")


@test
def creating_fails():
    with FakeEngine() as engine:
        opens(engine, create=error(500, "no space left on device"))
        told(engine, "addesh: env new: creating the container: no space "
             "left on device")


@test
def starting_fails():
    with FakeEngine() as engine:
        opens(engine, start=error(500, "cgroups: cannot find a cgroup"))
        made, removed = told(
            engine, "addesh: env new: starting the container: cgroups: "
            "cannot find a cgroup")
        assert removed >= made > 0, (made, removed)


@test("attaching: %s", [
    ("refused", error(500, "no attach today"),
     "attaching to the container: no attach today"),
    ("silence", Reply(then="hang"),
     "attaching to the container: no answer from %s"),
    ("closed", Reply(then="close"), "attaching to the container: the engine "
     "closed the connection without an answer")])
def _(name, reply, words):
    with FakeEngine() as engine:
        opens(engine, attach=reply)
        if "%s" in words:
            words %= engine.url
        made, removed = told(engine, "addesh: env new: " + words)
        assert removed >= made > 0, (made, removed)


@test("the runner: %s", [
    ("of another machine", Hijack(frame(2, b"exec /.addesh/runner: exec "
                                           b"format error\n")),
     "the runner could not start: exec /.addesh/runner: exec format error"),
    ("other words", Hijack(frame(1, b"hello from entrypoint\n")),
     "the runner could not start: hello from entrypoint")])
def _(name, reply, words):
    with FakeEngine() as engine:
        opens(engine, attach=reply)
        made, removed = told(engine, "addesh: env new: " + words)
        assert removed >= made > 0, (made, removed)


@test("pulling: %s", [
    ("unknown", error(404, "manifest unknown"), "manifest unknown"),
    ("fails in the stream", Chunked(
        b'{"status":"Pulling fs layer","id":"a"}\r\n'
        b'{"errorDetail":{"message":"unknown blob"},"error":"x"}\r\n'),
     "unknown blob"),
    ("ends in the middle", Chunked(b'{"status":"Pull'),
     "the engine's answer ends in the middle")])
def _(name, reply, words):
    with FakeEngine() as engine:
        engine.on("GET", "/images/.*/json", error(404, "No such image"))
        engine.on("GET", "/images/json", Json([]))
        engine.on("GET", "/info", Json({}))
        engine.on("GET", "/containers/json", Json([]))
        engine.on("POST", "/images/create", reply)
        told(engine, "addesh: env new: image a:b is not here: pulling a:b: " +
             words,
             command="env new a:b")
        told(engine, "addesh: pull: pulling a:b: " + words,
             command="pull a:b")


@test
def an_image_that_is_not_here():
    with FakeEngine() as engine:
        opens(engine)
        engine.on("GET", "/images/.*/json", error(404, "No such image"))
        engine.on("GET", "/images/json", Json([
            {"RepoTags": ["python:3.12-slim"]}]))
        with Home() as home:
            done = home.addesh("--plain", "--engine", engine.url, "-c",
                               "env new --pull never pyhton:3.12-slim")
            same((done.status, done.err.split("\n")[:3]), (125, [
                "addesh: env new: image pyhton:3.12-slim is not here",
                "  here are: python:3.12-slim",
                "  fetch it:  pull pyhton:3.12-slim"]))
            done = home.addesh("--json", "--engine", engine.url, "-c",
                               "env new --pull never pyhton:3.12-slim")
            same(json.loads(done.out.split("\n")[0])["error"]["kind"],
                 "image")


main()
