# SPDX-License-Identifier: MIT
"""Building with engines that refuse, lie, hang and die; no real engine is
needed."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from addesh import Home
from buildtool import Built, archive, argv, build
from enginetool import TOOL, environment, finish
from fake_engine import Chunked, FakeEngine, Http, Json, Reply, error
from tap import main, patient, same, test

BUILD = ("POST", "/build")
IMAGE = "sha256:" + "ab" * 32
CONTEXT = archive("FROM x\nRUN true\n")
DATE = ("Date", "Sat, 21 Nov 2026 16:19:21 GMT")
BEFORE, DURING = "2026-11-21T16:19:20.9Z", "2026-11-21T18:19:22.5+02:00"


def lines(*objects):
    return b"".join(json.dumps({"stream": o} if isinstance(o, str) else o)
                    .encode() + b"\n" for o in objects)


def classic(*steps):
    """What the classic builder says: (instruction, its lines...)."""
    said = []
    for i, step in enumerate(steps):
        said += ["Step %d/%d : %s" % (i + 1, len(steps), step[0]), "\n"]
        said += step[1:]
    return said


BUILT = [{"aux": {"ID": IMAGE}}, "Successfully built abababababab\n"]
FROM = ("FROM x", " ---> 33dc6ff0c4d1\n")


def engine(*replies, **how):
    e = FakeEngine(**how)
    e.on("GET", "/_ping", Http(200, b"OK", [DATE]))
    e.on("GET", "/images/.*/json", Json({"Id": IMAGE, "Created": DURING}))
    e.on("GET", "/images/json", Json([]))
    e.on("GET", "/containers/.*/json", error(404, "No such container"))
    if replies:
        e.on(*BUILD, *replies)
    return e


def podman(*replies, rootless=False, cgroup="1"):
    e = engine(*replies)
    e.on("GET", "/info", Json({
        "CgroupVersion": cgroup,
        "SecurityOptions": ["name=rootless"] if rootless else []}))
    e.on("GET", "/version", Json({
        "Version": "4.3.1", "ApiVersion": "1.41", "MinAPIVersion": "1.24",
        "Components": [{"Name": "Podman Engine", "Version": "4.3.1"}]}))
    e.on("GET", "/_ping", Http(200, b"OK", [
        DATE, ("Libpod-Buildah-Version", "1.28.2")]))
    return e


def query(e):
    asked = e.asked(*BUILD)
    assert len(asked) == 1, e.requests
    return sorted(asked[0].query.split("&"))


# Which builder

@test("Docker with %s: %s, DOCKER_BUILDKIT %s", [
    (a,) + b for a in ("20.10.24", "28.2.2") for b in (
        ("", None, "the classic builder"), ("2", None, "BuildKit"),
        ("1", None, "the classic builder"), ("", "buildkit", "BuildKit"),
        ("2", "classic", "the classic builder"))])
def _(release, version, wish, title):
    with engine(Chunked(lines(*BUILT)), release=release) as e:
        headers = [DATE] + ([("Builder-Version", version)] if version else [])
        e.on("GET", "/_ping", Http(200, b"OK", headers))
        done = build(e.url, CONTEXT, **({"builder": wish} if wish else {}))
        done.is_ok()
        same(done.builder["title"], "%s of Docker %s" % (title, release))
        kit, newer = title == "BuildKit", release != "20.10.24"
        same([done.builder[k] for k in ("mounts", "heredocs", "links",
                                        "limits")],
             [int(kit), int(kit and newer), int(kit and newer), int(not kit)])
        same("version=2" in query(e), kit)


@test("buildah %s: heredocs %s, --link %s", [
    ("1.28.2", 0, 0), ("1.33.0", 1, 0), ("1.40.1", 1, 0), ("1.41.0", 1, 1),
    ("2.0.0", 1, 1), ("", 0, 0), ("x.y", 0, 0)])
def _(version, heredocs, links):
    with podman(Chunked(lines(*BUILT))) as e:
        e.on("GET", "/_ping", Http(200, b"OK", [
            ("Libpod-Buildah-Version", version)]))
        can = build(e.url, CONTEXT).builder
        same((can["heredocs"], can["links"]), (heredocs, links))


@test("buildah %s, cgroup %s: limits %s", [
    ("of root", "1", 1), ("of root", "2", 1), ("of a user", "1", 0),
    ("of a user", "2", 1)])
def _(who, cgroup, limits):
    with podman(Chunked(lines(*BUILT)), rootless=who == "of a user",
                cgroup=cgroup) as e:
        done = build(e.url, CONTEXT, memory=1048576)
        same(done.builder["limits"], limits)
        same("memory=1048576" in query(e), bool(limits))


# What is asked for

@test
def the_query_of_the_classic_builder():
    with engine(Chunked(lines(*BUILT))) as e:
        done = build(e.url, CONTEXT, tag=["a/b:1", "c:2"],
                     arg=["A=1=2", "B=", "C", 'D="&%'], label=["l=v"],
                     target="t&u", memory=1048576, no_cache=1, no_network=1,
                     platform="linux/arm64", dockerfile="sub/x y")
        same(done.is_ok().id, IMAGE)
        same(query(e), sorted([
            "rm=1", "forcerm=1", "dockerfile=sub%2Fx%20y", "t=a%2Fb%3A1",
            "t=c%3A2", "buildargs=%7B%22A%22%3A%221%3D2%22%2C%22B%22%3A%22%22"
            "%2C%22D%22%3A%22%5C%22%26%25%22%7D",
            "labels=%7B%22l%22%3A%22v%22%7D", "target=t%26u",
            "memory=1048576", "memswap=1048576", "nocache=1",
            "networkmode=none", "platform=linux%2Farm64"]))
        asked = e.asked(*BUILD)[0]
        same(asked.body, CONTEXT)
        same(asked.headers["content-type"], "application/x-tar")
        same(asked.headers["transfer-encoding"], "chunked")


@test("the platform is %s", [
    ("the engine's own", {}, None, []),
    ("DOCKER_DEFAULT_PLATFORM", {}, "linux/arm64", ["linux%2Farm64"]),
    ("what is asked for", {"platform": "linux/386"}, "linux/arm64",
     ["linux%2F386"])])
def _(_, options, default, wanted):
    with engine(Chunked(lines(*BUILT))) as e:
        env = environment(DOCKER_HOST=e.url)
        if default:
            env["DOCKER_DEFAULT_PLATFORM"] = default
        build(None, CONTEXT, env=env, **options).is_ok()
        same([q[9:] for q in query(e) if q.startswith("platform=")], wanted)


@test("the namespaces of buildah, %s", [
    ("no network", {"no_network": 1}, "NetworkDisabled", ""),
    ("the keeper's network", {}, "NetworkEnabled", "/proc/4711/ns/net")])
def _(_, options, mode, path):
    with podman(Chunked(lines(*BUILT))) as e:
        e.on("GET", "/containers/k1/json", Json({"State": {"Pid": 4711}}))
        build(e.url, CONTEXT, keeper="k1", **options).is_ok()
        asked = urllib.parse.parse_qs(e.asked(*BUILD)[0].query)
        same(asked["networkmode"], [mode])
        same(json.loads(asked["nsoptions"][0]), [
            {"Name": "network", "Host": False, "Path": path},
            {"Name": "pid", "Host": False, "Path": "/proc/4711/ns/pid"}])


@test("a keeper that %s", [
    ("is not there", error(404, "no container k1"), "no container k1"),
    ("does not run", Json({"State": {"Pid": 0}}), "is not running")])
def _(_, reply, text):
    with podman(Chunked(lines(*BUILT))) as e:
        e.on("GET", "/containers/k1/json", reply)
        build(e.url, CONTEXT, keeper="k1").is_failed("engine", text)
        same(e.asked(*BUILD), [])


# The upload

def source(megabytes):
    """A context of so many megabytes, which is no archive."""
    return subprocess.Popen(["head", "-c", "%dM" % megabytes, "/dev/zero"],
                            stdout=subprocess.PIPE)


def build_from(e, pipe, *options, **options_by_name):
    args = [TOOL, "-d", "10000", "-e", e.url] + list(options) + \
        argv(options_by_name)
    p = subprocess.Popen(args, stdin=pipe, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=environment())
    return p


REFUSALS = [
    (400, b"{\"message\": \"invalid tag\"}", "image", "invalid tag"),
    (500, b"{\"message\": \"no space left\"}", "image", "no space left"),
    (403, b"denied by a plugin", "image", "denied by a plugin")]


@test("status %d in the middle of the upload, then %s", [
    (s, then, body, kind, text) for s, body, kind, text in REFUSALS
    for then in ("wait", "close")])
def _(status, then, body, kind, text):
    with engine() as e:
        e.early(*BUILD, Http(status, body, then=then))
        with source(64) as data:
            done = Built(finish(build_from(e, data.stdout)))
            data.stdout.close()
        done.is_failed(kind, "building the image: " + text)
        same(done.result.code, status)
        assert done.sent < 64 << 20


@test
def an_error_in_the_stream_in_the_middle_of_the_upload():
    with engine() as e:
        e.early(*BUILD, Chunked(lines({"errorDetail": {"message": "full"}}),
                                then="wait"))
        with source(64) as data:
            done = Built(finish(build_from(e, data.stdout)))
            data.stdout.close()
        done.is_failed("image", "full")


@test
def an_engine_that_closes_in_the_middle_of_the_upload():
    with engine() as e:
        e.early(*BUILD, Reply(b"", then="close"))
        with source(64) as data:
            done = Built(finish(build_from(e, data.stdout)))
            data.stdout.close()
        done.is_failed("engine", "building the image: the engine closed the "
                       "connection without an answer")


@test
def a_source_that_fails():
    with engine(Chunked(lines(*BUILT))) as e:
        directory = os.open("/", os.O_RDONLY)
        done = Built(finish(build_from(e, directory)))
        os.close(directory)
        done.is_failed("io", "stdin: Is a directory")
        same(e.asked(*BUILD), [])


@test
def the_loop_turns_while_the_engine_does_not_read():
    with engine() as e:
        e.early(*BUILD, Reply(b"", then="wait"))
        with source(64) as data:
            p = build_from(e, data.stdout, "-t", timeout=patient(1) * 1000)
            data.stdout.close()
            out, err = p.communicate(timeout=patient(60))
        assert err.count(b"tick\n") > 10, err
        assert b"the build was stopped at its time limit of 1s" in err or \
            patient(1) > 1, err


@test
def ctrl_c_while_the_engine_does_not_read():
    with engine() as e:
        e.early(*BUILD, Reply(b"", then="wait"))
        with source(64) as data:
            p = build_from(e, data.stdout, "-t")
            data.stdout.close()
            while not e.asked(*BUILD):
                assert p.stderr.readline() == b"tick\n"
            p.send_signal(signal.SIGINT)
            out, err = p.communicate(timeout=patient(60))
        assert b"interrupted 0 building the image: interrupted" in err, err


@test
def memory_does_not_grow_with_the_context():
    peaks = []
    for megabytes in (1, 256):
        with engine(Chunked(lines(*BUILT))) as e, source(megabytes) as data:
            p = build_from(e, data.stdout)
            data.stdout.close()
            _, status, usage = os.wait4(p.pid, 0)
            same(status, 0)
            peaks.append(usage.ru_maxrss)
            same(len(e.asked(*BUILD)[0].body), megabytes << 20)
    assert peaks[1] - peaks[0] < 4096, peaks


# The answer

@test("an answer that %s", [
    ("ends in the middle", Chunked(b"{\"stream\": \"Step"), "engine",
     "the engine's answer ends in the middle"),
    ("says no image", Chunked(lines(*classic(FROM))), "engine",
     "the engine does not say which image it built"),
    ("is no JSON", Chunked(b"<html>"), "engine", "is not JSON"),
    ("breaks off", Chunked(lines(*classic(FROM)), end=False, then="close"),
     "engine", "closed the connection in the middle of its answer"),
    ("is an error", error(500, "out of order"), "image", "out of order"),
    ("has an error", Chunked(lines({"errorDetail": {"message": "bad\n\n"}})),
     "image", "bad"),
    ("breaks off behind an error", Chunked(
        lines({"error": "bad", "errorDetail": {}}), end=False, then="close"),
     "image", "bad")])
def _(_, reply, kind, text):
    with engine(reply) as e:
        build(e.url, CONTEXT).is_failed(kind, text)


@test
def an_image_that_is_not_there_afterwards():
    with engine(Chunked(lines(*BUILT))) as e:
        e.on("GET", "/images/.*/json", error(404, "no such image"))
        build(e.url, CONTEXT).is_failed("image", "is not here")


@test("buildkit's progress: %s", [
    ("no base64", "?"), ("no message", "CgUBAg=="), ("no text", 7),
    ("an endless number", base64.b64encode(b"\xff" * 40).decode())])
def _(_, trace):
    with engine(Chunked(lines({"id": "moby.buildkit.trace", "aux": trace},
                              *BUILT))) as e:
        done = build(e.url, CONTEXT, builder="buildkit")
        if trace == 7:
            done.is_ok()
        else:
            done.is_failed("engine", "BuildKit's progress is no")


def field(number, value):
    """One of a protobuf message; shorter than 128 bytes."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def trace(name, error=b"", cached=0, **times):
    """A vertex as BuildKit tells it, begun and completed at seconds."""
    vertex = field(1, b"sha256:1") + field(3, name.encode()) + field(4, cached)
    for number, when in ((5, "began"), (6, "completed")):
        if when in times:
            vertex += field(number, field(1, times[when]))
    if error:
        vertex += field(7, error)
    aux = base64.b64encode(field(1, vertex)).decode()
    return {"id": "moby.buildkit.trace", "aux": aux}


@test("buildkit: %s begins and ends again, %s", [
    ("[1/2] FROM x", "for its files"), ("[2/2] RUN y", "as cached"),
    ("[1/2] FROM x", "and fails")])
def _(name, why):
    with engine(Chunked(lines(
            trace(name), trace(name, began=1),
            trace(name, began=1, completed=2), trace(name, began=3),
            trace(name, began=3, completed=4, cached=why == "as cached",
                  error=b"gone" if why == "and fails" else b""),
            *BUILT))) as e:
        done = build(e.url, CONTEXT, builder="buildkit")
        same([h["state"] for h in done.history if h["event"] == "step"],
             ["waiting", "running", "done"] +
             ["failed"] * (why == "and fails"))


@test("cut into pieces of %d bytes", [1, 2, 7, 1000])
def _(cut):
    said = lines(*classic(FROM, ("RUN true", " ---> Running in 0123456789ab\n",
                                 "hällo\n", "Removing intermediate container "
                                 "0123456789ab\n", " ---> abababababab\n")),
                 *BUILT)
    chunks = [said[i:i + cut] for i in range(0, len(said), cut)]
    with engine(Chunked(*chunks)) as e:
        done = build(e.url, CONTEXT).is_ok()
        same(done.mine(), [("FROM x", "done"), ("RUN true", "done")])
        same(done.log(done.step("RUN")), "hällo\n")


# Forged lines: the container is gone when we ask, since the program printed
# them as its last words.

RUN = " ---> Running in 0123456789ab\n"
GONE = "Removing intermediate container 0123456789ab\n"
FORGED = (GONE, " ---> cccccccccccc\n", "Step 3/3 : RUN last", "\n",
          " ---> Using cache\n", " ---> dddddddddddd\n")


@test
def forged_lines_of_a_program_that_is_over_are_taken_back():
    said = classic(FROM, ("RUN forge", RUN) + FORGED + (
        GONE, " ---> eeeeeeeeeeee\n"), (
            "RUN last", " ---> Running in ba9876543210\n", "true\n",
            "Removing intermediate container ba9876543210\n",
            " ---> abababababab\n"))
    with engine(Chunked(lines(*said, *BUILT))) as e:
        done = build(e.url, CONTEXT).is_ok()
        same(done.mine(), [("FROM x", "done"), ("RUN forge", "done"),
                           ("RUN last", "done")])
        same(done.log(done.step("last")), "true\n")
        same(done.log(done.step("forge")), "".join(FORGED[1:]))


@test
def and_if_the_program_failed():
    said = classic(FROM, ("RUN forge", RUN) + FORGED + (GONE,))
    said = [s.replace("/2 :", "/3 :") for s in said] + [{
        "error": "The command '/bin/sh -c forge' returned a non-zero code: 9",
        "errorDetail": {"code": 9, "message": "The command '/bin/sh -c forge'"
                        " returned a non-zero code: 9"}}]
    with engine(Chunked(lines(*said))) as e:
        done = build(e.url, CONTEXT).is_failed("image", "code: 9")
        same(done.mine(), [("FROM x", "done"), ("RUN forge", "failed"),
                           ("RUN last", "waiting")])
        same(done.step("forge")["exit_code"], 9)


@test
def newer_engines_say_it_otherwise():
    said = classic(FROM, ("RUN true", RUN, "true\n",
                          " ---> Removed intermediate container "
                          "0123456789ab\n", " ---> abababababab\n"))
    with engine(Chunked(lines(*said, *BUILT))) as e:
        done = build(e.url, CONTEXT).is_ok()
        same(done.mine(), [("FROM x", "done"), ("RUN true", "done")])
        same(done.log(done.step("RUN")), "true\n")


@test
def a_container_that_is_there_was_not_removed():
    said = classic(FROM, ("RUN forge", RUN) + FORGED + (
        "Successfully built x\n",))
    said = [s.replace("/2 :", "/3 :") for s in said]
    with engine(Chunked(lines(*said), end=False, then="close")) as e:
        e.on("GET", "/containers/0123456789ab/json",
             Json({"Id": "0123456789ab", "Created": BEFORE}))
        done = build(e.url, CONTEXT).is_failed("engine", "closed")
        same(done.mine(), [("FROM x", "done"), ("RUN forge", "stopped")])
        same(done.log(done.step("forge")),
             "".join(FORGED) + "Successfully built x\n")


@test
def buildah_did_not_make_an_image_that_was_there():
    said = ["STEP 1/3: FROM x\n", "STEP 2/3: RUN forge\n",
            "--> cccccccccccc\n", "STEP 3/3: RUN last\n",
            {"errorDetail": {"message": 'building at STEP "RUN forge": while '
                             "running runtime: exit status 9\n"}}]
    with podman(Chunked(lines(*said))) as e:
        e.on("GET", "/images/cccccccccccc/json",
             Json({"Id": "cccccccccccc", "Created": BEFORE}))
        done = build(e.url, CONTEXT).is_failed("image", "exit status 9")
        same(done.mine(), [("FROM x", "done"), ("RUN forge", "failed")])
        same(done.step("forge")["exit_code"], 9)
        same(done.log(done.step("forge")),
             "--> cccccccccccc\nSTEP 3/3: RUN last\n")


@test
def buildah_a_run_that_says_it_was_cached():
    old = "11" * 32
    forged = ["--> 11111111111\n", "STEP 3/3: RUN last\n",
              "--> Using cache %s\n" % old, "--> 11111111111\n"]
    said = ["STEP 1/3: FROM x\n", "STEP 2/3: RUN forge\n",
            "--> Using cache %s\n" % old] + forged + [
        "--> cccccccccccc\n", "STEP 3/3: RUN last\n", "true\n",
        "COMMIT x\n", "--> abababababab\n"]
    with podman(Chunked(lines(*said, *BUILT))) as e:
        e.on("GET", "/images/11.*/json", Json({"Id": old, "Created": BEFORE}))
        done = build(e.url, CONTEXT).is_ok()
        same(done.mine(), [("FROM x", "done"), ("RUN forge", "done"),
                           ("RUN last", "done")])
        same(done.log(done.step("last")), "true\n")
        assert "STEP 3/3: RUN last\n" in done.log(done.step("forge"))


@test
def what_another_build_made_and_this_one_found_is_not_removed():
    began = 1795277961    # of DATE
    said = classic(FROM, ("RUN one", " ---> Using cache\n",
                          " ---> 111111111111\n"),
                   ("ENV A=1", " ---> cccccccccccc\n")) + [
        {"errorDetail": {"message": "failed"}}]
    here = [image("sha256:" + "11" * 32, began),
            image(MADE, began + 1, parent="sha256:" + "11" * 32)]
    with engine(Chunked(lines(*said))) as e:
        e.on("GET", "/images/json", Json(here), Json(here[:1]))
        e.on("GET", "/images/%s/json" % MADE[7:], error(404, "gone"))
        e.on("DELETE", "/images/.*", Json([]))
        build(e.url, CONTEXT).is_failed("image", "failed")
        same([r.path for r in e.asked("DELETE", "/.*")],
             ["/v1.41/images/" + MADE[7:]])


# What is left

MADE = "sha256:" + "cc" * 32


def image(name, created, tags=None, parent=""):
    return {"Id": name, "Created": created, "RepoTags": tags,
            "ParentId": parent}


@test
def only_what_this_build_made_is_removed():
    began = 1795277961    # of DATE
    said = classic(FROM, ("RUN one", RUN, GONE, " ---> cccccccccccc\n"),
                   ("RUN two", " ---> Using cache\n", " ---> 111111111111\n"),
                   ("ENV A=1", " ---> 222222222222\n"),
                   ("ENV B=1", " ---> 333333333333\n")) + [
        {"errorDetail": {"message": "failed"}}]
    child = "sha256:" + "dd" * 32
    here = [image(MADE, began), image(child, began + 1, parent=MADE),
            image("sha256:" + "11" * 32, began + 1),
            image("sha256:" + "22" * 32, began - 1),
            image("sha256:" + "33" * 32, began + 1, ["named:1"]),
            image("sha256:" + "ee" * 32, began + 1, ["<none>:<none>"])]
    with engine(Chunked(lines(*said))) as e:
        e.on("GET", "/images/json", Json(here), Json(here[2:]))
        e.on("GET", "/images/(%s|%s)/json" % (MADE[7:], child[7:]),
             error(404, "no such image"))
        e.on("DELETE", "/images/.*", Json([]))
        build(e.url, CONTEXT).is_failed("image", "failed")
        same([r.target for r in e.asked("DELETE", "/.*")],
             ["/v1.41/images/%s?noprune=1" % i
              for i in ("dd" * 32, "cc" * 32)])


@test
def a_container_that_was_there_before_is_not_removed():
    said = classic(FROM, ("RUN one", RUN)) + [
        {"errorDetail": {"message": "failed"}}]
    for created, removed in ((BEFORE, 0), (DURING, 1)):
        with engine(Chunked(lines(*said))) as e:
            e.on("GET", "/containers/0123456789ab/json",
                 Json({"Id": "0123456789ab", "Created": created}))
            e.on("DELETE", "/containers/.*", Http(204))
            e.on("POST", "/containers/.*", Http(204))
            if removed:
                e.on("GET", "/containers/0123456789ab/json",
                     Json({"Id": "0123456789ab", "Created": created}),
                     Json({"Id": "0123456789ab", "Created": created}),
                     error(404, "No such container"))
            build(e.url, CONTEXT).is_failed("image", "failed")
            same(len(e.asked("DELETE", "/containers/.*")), removed)


@test
def what_cannot_be_removed_is_told():
    said = classic(FROM, ("ENV A=1", " ---> cccccccccccc\n")) + [
        {"errorDetail": {"message": "failed"}}]
    with engine(Chunked(lines(*said))) as e:
        e.on("GET", "/images/json", Json([image(MADE, 1795277961)]))
        e.on("DELETE", "/images/.*", error(500, "read-only file system"))
        done = build(e.url, CONTEXT).is_failed("image", "failed")
        same(done.result.hint, [
            "something of the build may be left on the engine: removing an "
            "image of the build: read-only file system"])


RACES = ["creating build container: image not known",
         "mounting new container: layer not known",
         "identifier is not a container",
         'building at STEP "RUN true": while running runtime: '
         "signal: killed"]
NO_RACE = 'building at STEP "RUN echo: layer not known": while running ' \
    "runtime: exit status 1"


@test("Podman's own race: %s", [(r[:30], r) for r in RACES + [NO_RACE]])
def _(_, message):
    failed = Chunked(lines("STEP 1/2: FROM x\n", {
        "error": message, "errorDetail": {"message": message}}))
    with podman(failed, Chunked(lines(
            "STEP 1/2: FROM x\n", "STEP 2/2: ENV A=1\n", *BUILT))) as e, \
            Home(options=["--engine", e.url]) as h:
        h.write("tree/Dockerfile", "FROM scratch\nENV A=1\nUSER 1\n")
        done = h.addesh("-c", "build tree -t y:1")
        if message == NO_RACE:
            same((done.status, len(e.asked(*BUILD))), (1, 1))
            return
        same((done.status, len(e.asked(*BUILD))), (0, 2), done.err)
        assert "the build begins again" in done.err, done.err
        # the context is sent anew
        same(*(r.body for r in e.asked(*BUILD)))


@test("a child of the base is removed meanwhile: %s", [
    ("digest", "failed to get digest sha256:%s: open /x: no such file"),
    ("image", 'unable to find image "sha256:%s"')])
def _(_, message):
    message %= "ab" * 32
    steps = FROM, ("ENV A=1", " ---> cccccccccccc\n")
    failed = classic(*steps) + [
        {"error": message, "errorDetail": {"message": message}}]
    with engine(Chunked(lines(*failed)),
                Chunked(lines(*classic(*steps), *BUILT))) as e, \
            Home(options=["--engine", e.url]) as h:
        h.env["DOCKER_BUILDKIT"] = "0"
        h.write("tree/Dockerfile", "FROM scratch\nENV A=1\nUSER 1\n")
        done = h.addesh("-c", "build tree -t y:1")
        same((done.status, len(e.asked(*BUILD))), (0, 2), done.err)
        assert "the build begins again" in done.err, done.err


main()
