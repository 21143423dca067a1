# SPDX-License-Identifier: MIT
"""pull, images, image rm and doctor with engines that fail half way; no real
engine is needed."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home
from fake_engine import Chunked, FakeEngine, Http, Json, Reply, error
from tap import main, same, test
from terminal import Terminal

PULL = ("POST", "/images/create")
LAYER = {"status": "Downloading", "id": "aa",
         "progressDetail": {"current": 5 << 20, "total": 10 << 20}}
IMAGE = {"Id": "sha256:" + "ab" * 32, "Architecture": "amd64", "Os": "linux",
         "Size": 10 << 20, "RepoTags": ["x:1"], "RepoDigests": [],
         "Config": {}}
OURS = {**IMAGE, "Config": {"Labels": {"addesh.image": "build"}}}


def lines(*objects):
    return b"".join(json.dumps(o).encode() + b"\r\n" for o in objects)


def run(engine, *args, **kw):
    with Home(options=["--engine", engine.url]) as h:
        return h.addesh(*args, **kw)


@test
def a_pull_that_works():
    with FakeEngine() as engine:
        engine.on(*PULL, Chunked(lines({"status": "Pulling"}, LAYER), cut=7))
        engine.on("GET", "/images/.*/json", Json(IMAGE))
        done = run(engine, "-c", "pull x:1").is_ok()
        same(done.out, "")
        assert done.err.startswith("x:1 is here: abababababab, 10 MB, in "), \
            done.err
        asked = engine.asked("POST", "/images/create")[0]
        same(sorted(asked.query.split("&")), ["fromImage=docker.io%2Flibrary%2Fx", "tag=1"])


@test("a pull fails: %s", [
    ("an error in the stream", Chunked(lines(
        LAYER, {"errorDetail": {"message": "disk full"},
                "error": "disk full"})), "disk full"),
    ("only the newer form of it", Chunked(lines(
        {"errorDetail": {"code": 5, "message": "no layer"}})), "no layer"),
    ("the stream is cut in an object", Chunked(
        b"{\"status\": \"Downl", end=True), ""),
    ("the connection ends", Chunked(lines(LAYER), end=False, then="close"),
     ""),
    ("what comes is no JSON", Chunked(b"<html>"), ""),
    ("500", error(500, "out of order"), "out of order"),
    ("404", error(404, "pull access denied for x"), "pull access denied")])
def _(_, reply, text):
    with FakeEngine() as engine:
        engine.on(*PULL, reply)
        engine.on("GET", "/images/.*/json", Json(IMAGE))
        done = run(engine, "-c", "pull x:1").is_status(125)
        same(done.out, "")
        assert done.err.startswith("addesh: pull: pulling x:1: "), done.err
        assert text in done.err and "is here" not in done.err, done.err


@test
def a_pull_that_says_nothing_wrong_and_brings_nothing():
    with FakeEngine() as engine:
        engine.on(*PULL, Chunked(lines(LAYER)))
        engine.on("GET", "/images/.*/json", error(404, "No such image: x:1"))
        engine.on("GET", "/images/json", Json([]))
        done = run(engine, "-c", "pull x:1").is_status(125)
        assert "is not here" in done.err, done.err


@test
def ctrl_c_ends_a_pull():
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on(*PULL, Chunked(lines(LAYER), end=False, then="hang"))
        with Terminal(h.argv(), h.env, h.work) as t:
            t.expect("^addesh.*> ")
            t.line("pull x:1")
            while not engine.asked("POST", "/images/create"):
                pass    # the test's deadline ends this
            t.process.send_signal(signal.SIGINT)
            t.expect("^addesh: pull: .*interrupted")
            t.expect("^addesh.*\\[130\\]> ")
            t.line("quit")
            same(t.wait(), 0)


@test
def ctrl_c_before_a_build_is_sent():
    """It comes while something is asked whose failing does not matter."""
    name = ("GET", "/images/agent-env:.*/json")
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("GET", "/_ping", Http(200, b"OK", [
            ("Date", "Sat, 21 Nov 2026 16:19:21 GMT")]))
        engine.on(*name, Reply(then="hang"), error(404, "No such image"))
        h.write("app/Dockerfile", "FROM scratch\nUSER 1\n")
        p = h.spawn("-c", "build app -t x")
        while not engine.asked(*name):
            pass    # the test's deadline ends this
        p.send_signal(signal.SIGINT)
        _, err = p.communicate()
        same(p.returncode, 130)
        assert b"the build was interrupted\n" in err, err
        same(engine.asked("POST", "/build"), [])


@test
def images_without_names_are_listed():
    with FakeEngine() as engine:
        engine.on("GET", "/images/json", Json([
            {"Id": "sha256:" + "cd" * 32, "RepoTags": None, "Size": 1,
             "Created": 0, "Labels": None},
            {"Id": "sha256:" + "ef" * 32, "RepoTags": ["<none>:<none>"]},
            {"Id": "sha256:" + "01" * 32, "Labels": {"addesh.built": "1"},
             "RepoTags": ["docker.io/library/mine:1", "host:5000/a/b:c"]},
            {}]))
        engine.on("GET", "/containers/json", Json([]))
        done = run(engine, "--plain", "-c", "images -a").is_ok()
        same(sorted(l.split("\t")[:3] for l in done.out.splitlines()), [
            ["(no name)", "", "0 bytes"],
            ["(no name)", "cd" * 6, "1 byte"],
            ["(no name)", "ef" * 6, "0 bytes"],
            ["host:5000/a/b:c", "01" * 6, "0 bytes"],
            ["mine:1", "01" * 6, "0 bytes"]])
        done = run(engine, "--plain", "-c", "images").is_ok()
        same([l.split("\t")[0] for l in done.out.splitlines()],
             ["host:5000/a/b:c", "mine:1"])
        same(done.err, "3 others are on the engine:  images -a\n")


@test
def a_list_that_podman_fails_while_an_image_goes_is_asked_for_again():
    gone = error(500, "ab12: image not known")
    with FakeEngine() as engine:
        engine.on("GET", "/images/json", gone, gone, Json([]))
        engine.on("GET", "/containers/json", Json([]))
        engine.on("GET", "/system/df", gone, Json({}))
        done = run(engine, "-c", "prune").is_ok()
        same(done.err, "0 removed, 0 bytes reclaimed\n")
        same(len(engine.asked("GET", "/images/json")), 3)
        engine.on("GET", "/images/json", gone)
        done = run(engine, "-c", "images").is_status(125)
        same(done.err, "addesh: images: listing the images: ab12: image not "
                       "known\n")


@test
def what_an_image_says_of_itself_forges_no_line():
    labels = {"addesh.image": "deps", "addesh.deps": "six\nforged\tcell\r",
              "a\nforged": "b\nours          yes"}
    config = {"Labels": labels, "Env": ["A=b\nours          yes"],
              "User": "me\nours          yes"}
    with FakeEngine() as engine:
        engine.on("GET", "/images/json", Json([
            {"Id": "sha256:" + "cd" * 32, "RepoTags": ["x:1"],
             "Labels": labels}]))
        engine.on("GET", "/images/.+/json", Json({**IMAGE, "Config": config}))
        engine.on("GET", "/containers/json", Json([]))
        for mode in "--color=never", "--plain":
            done = run(engine, mode, "-c", "images --deps", "-c",
                       "image info x:1").is_ok()
            found = [l for l in done.out.splitlines()
                     if l.startswith(("forged", "ours"))]
            same([l.split() for l in found], [["ours", "yes"]], done.out)


@test
def a_conflict_is_told_in_the_engines_words():
    with FakeEngine() as engine:
        engine.on("DELETE", "/images/.*", error(
            409, "conflict: unable to remove repository reference"))
        engine.on("GET", "/images/.*/json", Json(OURS))
        done = run(engine, "-c", "image rm x:1").is_status(125)
        same(done.err, "addesh: image rm: removing the image: conflict: "
                       "unable to remove repository reference\n")


@test
def of_several_images_the_first_failure_ends_it():
    with FakeEngine() as engine:
        engine.on("DELETE", "/images/a:1", Json([]))
        engine.on("DELETE", "/images/b:1", error(500, "no"))
        done = run(engine, "--json", "-c",
                   "image rm -f a:1 b:1 c:1").is_status(125)
        answer = json.loads(done.out)
        same((answer["result"]["removed"], answer["error"]["message"]),
             (["a:1"], "removing the image: no"))
        same(len(engine.asked("DELETE", "/images/c:1")), 0)


@test
def image_rm_asks_a_person():
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("DELETE", "/images/.*", Json([]))
        engine.on("GET", "/images/.*/json", Json(OURS))
        with Terminal(h.argv(), h.env, h.work) as t:
            t.expect("^addesh.*> ")
            t.line("image rm a:1 b:1")
            t.expect("remove the images a:1, b:1\\? \\[y/N\\] ")
            t.line("n")
            t.expect("^addesh: image rm: .*")
            same(len(engine.asked("DELETE", "/images/.*")), 0)
            t.line("image rm a:1")
            t.expect("remove the image a:1\\? \\[y/N\\] ")
            t.line("y")
            t.expect("^image a:1 removed")
            t.line("set shell.confirm.image_rm false")
            t.line("image rm b:1")
            t.expect("^image b:1 removed")
            t.line("quit")
            same(t.wait(), 0)


@test("a bad name is refused before anything is sent: %s", [
    ("a newline", "a\nb"), ("upper case", "UPPER"), ("a blank", "a b"),
    ("in the tag", "x:bad tag"), ("nothing", ""), ("an escape", "b\x1b[2J"),
    ("not UTF-8", b"caf\xe9"), ("a short digest", "x@sha256:12"),
    ("a dash", "-x:1"), ("too long", "a" * 300)])
def _(_, name):
    with FakeEngine() as engine, Home(options=["--engine", engine.url]) as h:
        errors = set()
        for words in (["image", "info", "--", name],
                      ["image", "rm", "--", name],
                      ["image", "rm", "-f", "--", name],
                      ["image", "tag", "--", name, "good:1"],
                      ["image", "tag", "--", "good:1", name],
                      ["push", "--", name], ["pull", "--", name]):
            argv = [os.fsencode(w) for w in h.argv() + words]
            done = subprocess.run(argv, env=h.env, cwd=h.work,
                                  capture_output=True)
            same(done.returncode, 2, done.stderr)
            lines = done.stderr.splitlines()
            # a tag has a hint
            same(len(lines), 2 if name == "x:bad tag" else 1, done.stderr)
            errors.add(done.stderr.split(b": ", 2)[2])
            assert all(0x20 <= b < 0x7f for b in b"".join(lines)), lines
        same(len(errors), 1, errors)
        same({r.path for r in engine.requests}, {"/version"})


@test("build -t refuses before anything is sent: %s", [
    ("a newline", "a\nb", "tag"), ("a blank", "a b", "tag"),
    ("nothing", "", "empty"), ("a dash", "-x", "tag"),
    ("not UTF-8", b"caf\xe9", "tag"), ("too long", "a" * 129, "tag"),
    ("no tag behind a colon", "a:", "tag"), ("two tags", "a:b:c", "tag"),
    ("a name below /", "/a", "name"), ("upper case", "a/B", "lower case"),
    ("a registry in upper case", "Team/app", "lower case"),
    ("a digest", "x@sha256:" + "0" * 64, "a digest is no tag")])
def _(_, name, why):
    with FakeEngine() as engine, Home(options=["--engine", engine.url]) as h:
        h.write("app/Dockerfile", "FROM scratch\n")
        done = subprocess.run(
            [os.fsencode(w) for w in h.argv() + ["build", "app", "-t", name]],
            env=h.env, cwd=h.work, capture_output=True)
        same(done.returncode, 2, done.stderr)
        assert why.encode() in done.stderr, done.stderr
        assert all(0x20 <= b < 0x7f for b in
                   done.stderr.replace(b"\n", b"")), done.stderr
        same(engine.requests, [])


PLATFORMS = """FROM --platform=linux/arm64 a:1 AS one
FROM --platform=$BUILDPLATFORM a:1
COPY --from=one /x /
COPY --from=b:1 /x /
USER 1
"""
DATE = Http(200, b"OK", [("Date", "Sat, 21 Nov 2026 20:00:00 GMT")])


@test("bases are pulled for the platform that %s says: %s", [
    ("their FROM alone", [], {}, ["a=linux%2Farm64", "a=HOST", "b="]),
    ("an option", ["--platform", "linux/386"], {},
     ["a=linux%2Farm64", "a=HOST", "b=linux%2F386"]),
    ("DOCKER_DEFAULT_PLATFORM", [],
     {"DOCKER_DEFAULT_PLATFORM": "linux/riscv64"},
     ["a=linux%2Farm64", "a=HOST", "b=linux%2Friscv64"])])
def _(_, options, env, wanted):
    host = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    with FakeEngine() as engine:
        engine.on(*PULL, Chunked(lines({"status": "done"})))
        engine.on("GET", "/_ping", DATE)
        # each is here once it was pulled
        for path, times in (("/images/a:1/json", 2), ("/images/b:1/json", 1)):
            engine.on("GET", path, *times * [
                error(404, "none"),
                Json({**IMAGE, "Architecture": "s390x"})])
        with Home(options=["--engine", engine.url]) as h:
            h.env.update(env)
            h.write("app/Dockerfile", PLATFORMS)
            h.addesh("build", "app", *options)
        asked = []
        for r in engine.asked(*PULL):
            q = dict(pair.split("=") for pair in r.query.split("&"))
            asked.append("%s=%s" % (q["fromImage"].split("%2F")[-1],
                                    q.get("platform", "")))
        same(asked, [w.replace("HOST", "linux%2F" + host) for w in wanted])
        same(len(engine.asked("POST", "/build")), 1)


@test("a base for linux/arm is here, %s is asked for: %s", [
    ("linux/arm", False), ("linux/arm/v7", False), ("linux/armhf", False),
    ("arm", False), ("linux", False), ("linux/arm64", True),
    ("linux/aarch64", True), ("arm64", True), ("windows/arm", True)])
def _(platform, other):
    with FakeEngine() as engine:
        engine.on("GET", "/images/.*/json", Json(
            {**IMAGE, "Architecture": "arm", "Variant": "v6"}))
        engine.on("GET", "/_ping", DATE)
        with Home(options=["--engine", engine.url]) as h:
            h.write("app/Dockerfile",
                    "FROM --platform=%s x:1\nUSER 1\n" % platform)
            done = h.addesh("build", "app")
        same("addesh: warning: x:1 is here for linux/arm, which the classic "
             "builder takes for %s too; to have that:  pull --platform %s "
             "x:1\n" % (platform, platform) in done.err, other, done.err)
        same(engine.asked(*PULL), [])
        same(len(engine.asked("POST", "/build")), 1)


WORDS = (["images", "-a"], ["images", "--deps"], ["image", "info", "x:1"],
         ["image", "rm", "x:1"], ["image", "rm", "-f", "x:1"],
         ["image", "tag", "x:1", "y:1"], ["pull", "x:1"], ["push", "x:1"],
         ["prune"], ["login", "r.example", "-u", "x", "--password-stdin"])


@test("every command with an engine that answers with %s", [
    ("500", error(500, "out of order"), "out of order"),
    ("an error of two lines", error(500, "out\nof order\x1b[2J"), "out"),
    ("no JSON", Chunked(b"<html>"), ""),
    ("half an object", Chunked(b'{"Id": "sha'), ""),
    ("the end of the connection", Reply(b"", then="close"), "")])
def _(_, reply, text):
    with FakeEngine() as engine, Home(options=["--engine", engine.url]) as h:
        h.write("c.yaml", "engine: {push_registries: ['*']}\n")
        for method in ("POST", "DELETE", "GET"):
            engine.on(method, "/(images|auth|containers|system).*", reply)
        for words in WORDS:
            done = h.addesh("--config", h.work + "/c.yaml", *words,
                            stdin="pw\n")
            name = " ".join(words[:2]) if words[0] == "image" else words[0]
            if name in ("image rm", "image tag") and text == "" and \
                    done.status == 0:
                continue    # a success whose body does not matter
            done.is_status(125)
            assert done.err.startswith("addesh: %s: " % name), done
            assert text in done.err and "\x1b" not in done.err, done
            same(done.out, "")


@test("every command with an engine whose answers are %s", [
    ("of the wrong type", b'"text"'), ("lists of nothing", b"[null, 5, []]"),
    ("empty objects", b"{}"), ("objects of the wrong type",
                               b'{"Id": 5, "RepoTags": {"a": 1}, "Config": '
                               b'[], "Labels": 7, "Images": 1, "Size": "x"}'),
    ("lists of such", b'[{"Id": [], "RepoTags": "x", "Labels": ["a"], '
                      b'"Created": "now", "Size": -1}]')])
def _(_, body):
    with FakeEngine() as engine, Home(options=["--engine", engine.url]) as h:
        h.write("c.yaml", "engine: {push_registries: ['*']}\n")
        for method in ("POST", "DELETE", "GET"):
            engine.on(method, "/(images|auth|containers|system).*",
                      Http(200, body))
        for words in WORDS:
            done = h.addesh("--config", h.work + "/c.yaml", *words,
                            stdin="pw\n")
            assert done.status in (0, 2, 125), done


@test
def doctor_with_an_engine_that_is_silent():
    with FakeEngine(first=Reply(then="hang")) as engine:
        with Home(env={"DOCKER_HOST": engine.url}) as h:
            h.write("c.yaml", "engine: {start_timeout: 300ms}\n")
            done = h.addesh("--json", "--config", "c.yaml", "doctor")
            found = {f["name"]: f
                     for f in json.loads(done.out)["result"]["findings"]}
            same(found["engine"]["state"], "warn")
            assert "300ms" in found["engine"]["text"] or \
                "0.30s" in found["engine"]["text"], found["engine"]


@test("doctor with an engine that %s", [
    ("limits nothing", {"CgroupDriver": "none", "CgroupVersion": "2"},
     "the engine uses none: no limits at all"),
    ("is rootless on version 1",
     {"CgroupDriver": "cgroupfs", "CgroupVersion": "1",
      "SecurityOptions": ["name=rootless"]},
     "rootless on version 1: no limits at all")])
def _(_, info, text):
    with FakeEngine() as engine:
        engine.on("GET", "/info", Json({
            "Name": "there", "KernelVersion": "6.1", "Architecture": "x86_64",
            "OperatingSystem": "Any", "NCPU": 1, "MemTotal": 1 << 30,
            "Warnings": ["WARNING: No swap limit support"], **info}))
        engine.on("GET", "/images/.*/json", error(404, "No such image"))
        engine.on("GET", "/images/json", Json([]))
        engine.on("GET", "/containers/json", Json([]))
        done = run(engine, "--json", "doctor").is_status(125)
        found = {f["name"]: f
                 for f in json.loads(done.out)["result"]["findings"]}
        same((found["engine cgroups"]["state"],
              found["engine cgroups"]["text"]), ("warn", text))
        assert found["engine cgroups"]["fix"]
        assert "No swap limit" in found["engine warning"]["text"]


main()
