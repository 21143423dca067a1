# SPDX-License-Identifier: MIT
"""The engine client against an engine that misbehaves."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from engines import skip
from enginetool import TOOL, environment, finish, scratch, start, tool
from fake_engine import (Chunked, FakeEngine, Hijack, Http, Json, Reply,
                         error, frame)
from tap import main, same, test

# Milliseconds that a test of a deadline waits, in which this program answers
# what comes before the silence.
SILENT = 2000


def fails(result, message, kind="engine", code=None):
    same((result.status, result.kind, result.message), (1, kind, message))
    if code is not None:
        same(result.code, code, "code")


# Versions

@test("%s speaks API %s with us", [
    ("20.10.24", "1.41"), ("28.2.2", "1.50"), ("29.0.0", "1.52"),
    ("29.7.0", "1.52")])
def _(release, api):
    with FakeEngine(release) as engine:
        engine.on("GET", "/containers/json", Json([]))
        same(tool(engine.url, "version").out.decode(),
             "Docker %s api %s docker\n" % (release, api))
        same(tool(engine.url, "list").out, b"[]\n")
        same(engine.requests[-1].path, "/v%s/containers/json" % api)


@test
def an_engine_that_is_too_old_or_too_new():
    with FakeEngine("19.03.15") as engine:
        fails(tool(engine.url, "version"),
              "Docker 19.03.15 is too old: it speaks API 1.40, addesh needs "
              "1.41 or newer (Docker 20.10)")
    with FakeEngine("40.0.0") as engine:
        result = tool(engine.url, "version")
        fails(result, "Docker 40.0.0 is too new: it speaks API 1.60 and "
              "newer, this addesh 1.41 to 1.52")
        same(result.hint, ["use a newer addesh"])


@test
def a_version_that_the_user_chose():
    with FakeEngine("28.2.2") as engine:
        env = environment(DOCKER_API_VERSION="1.43")
        same(tool(engine.url, "version", env=env).out.decode(),
             "Docker 28.2.2 api 1.43 docker\n")
        env = environment(DOCKER_API_VERSION="1.51")
        fails(tool(engine.url, "version", env=env),
              "DOCKER_API_VERSION is 1.51: addesh and Docker 28.2.2 share "
              "1.41 to 1.50")


@test
def podman_is_known_by_its_components():
    with FakeEngine() as engine:
        engine.on("GET", "/version", Json({
            "Version": "4.3.1", "ApiVersion": "1.41",
            "Components": [{"Name": "Podman Engine"}]}))
        same(tool(engine.url, "version").out, b"Podman 4.3.1 api 1.41 podman\n")


@test
def facts_of_newer_and_older_engines():
    with FakeEngine() as engine:
        engine.on("GET", "/info", Json({
            "Name": "box", "KernelVersion": "6.1", "CgroupVersion": "2",
            "OperatingSystem": "Docker Desktop", "Architecture": "aarch64",
            "CgroupDriver": "systemd", "Driver": "overlayfs", "NCPU": 8,
            "MemTotal": 1 << 33, "SecurityOptions": ["name=rootless"]}),
            Json({}))
        same(tool(engine.url, "facts").out.decode(),
             "name=box kernel=6.1 os=Docker Desktop arch=arm64 "
             "cgroup=systemd/2 storage=overlayfs rootless=1 cpus=8 "
             "memory=8589934592 here=0\n")
        same(tool(engine.url, "facts").out.decode(),
             "name= kernel= os= arch= cgroup=/0 storage= rootless=0 cpus=0 "
             "memory=0 here=0\n")


# Nobody there

@test
def no_socket():
    with scratch() as d:
        os.mkdir(d + "/bin")
        with open(d + "/bin/docker", "w") as f:
            os.fchmod(f.fileno(), 0o755)
        env = environment(PATH=d + "/bin")
        path = d + "/docker.sock"
        result = tool("unix://" + path, "version", env=env)
        fails(result, "Docker is not running: there is no socket " + path)
        same(result.hint, ["start it: sudo systemctl start docker",
                           "unix://%s was chosen because --engine says "
                           "unix://%s" % (path, path)])
        path = d + "/podman.sock"
        result = tool("unix://" + path, "version", env=env)
        fails(result, "Podman is not running: there is no socket " + path)
        same(result.hint[0], "start it: sudo systemctl start podman.socket")
        path = d + "/other"
        fails(tool("unix://" + path, "version", env=env),
              "the engine is not running: there is no socket " + path)


@test
def nobody_listens():
    with scratch() as d:
        path = d + "/docker.sock"
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
        fails(tool("unix://" + path, "version"),
              "Docker is not running: nobody listens at " + path)
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        fails(tool("tcp://127.0.0.1:%d" % port, "version"),
              "cannot reach the engine at tcp://127.0.0.1:%d: "
              "Connection refused" % port)


@test
def no_permission():
    if os.getuid() == 0:
        def drop():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
    else:
        drop = None
    with FakeEngine() as engine:
        os.chmod(engine.directory, 0o755)
        path = engine.directory + "/docker.sock"
        os.rename(engine.path, path)
        os.chmod(path, 0)
        # the build may lie where only root can read
        copy = shutil.copy(TOOL, engine.directory)
        result = tool("unix://" + path, "version", preexec_fn=drop,
                      executable=copy)
        fails(result, "no permission to use the engine at " + path)
        same(result.hint[:2], [
            "join the group docker: sudo usermod -aG docker \"$USER\", then "
            "log in again (its members are as powerful as root)",
            "or use Podman without root: systemctl --user start "
            "podman.socket, and --engine podman"])


# An installed dockerd is found wherever PATH points: it is hidden.
HIDE = """for f in /usr/sbin/dockerd /usr/bin/dockerd; do
    test -e $f && mount --bind /dev/null $f
done
exec "$@"
"""


@test
def not_installed():
    hide = ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", HIDE,
            "sh"]
    if subprocess.run(hide + ["true"], stderr=subprocess.DEVNULL).returncode:
        skip("mount namespaces are not allowed here")
    p = subprocess.run(hide + ["env", "-i", "PATH=/nonexistent", TOOL, "-e",
                               "docker", "version"],
                       stderr=subprocess.PIPE, timeout=60)
    lines = p.stderr.decode().split("\n")
    same(lines[:3], [
        "engine 2 no container engine is installed here",
        "install one (Debian, Ubuntu: sudo apt install docker.io), or name "
        "another host's: --engine ssh://USER@HOST",
        "without an engine, sandbox: restricted in addesh.yaml uses the "
        "programs of this host"])


# Faults of HTTP

@test
def silence():
    with FakeEngine(first=Reply(then="hang")) as engine:
        result = tool(engine.url, "version", deadline=300)
        fails(result, "connecting to the engine: no answer from %s within "
              "300ms" % engine.url)


@test(beside=True)
def the_loop_goes_on_while_an_engine_is_silent():
    with FakeEngine(first=Reply(then="hang")) as engine:
        result = tool(engine.url, "-t", "version", deadline=SILENT)
        assert result.err.count(b"tick\n") >= 5, result.err


@test("silence while %s", [
    ("listing the containers", "GET", "/containers/json", ("list",)),
    ("creating the container", "POST", "/containers/create",
     ("create", "{}")),
    ("starting the container", "POST", "/containers/x/start",
     ("start", "x")),
    ("pulling a:b", "POST", "/images/create", ("pull", "a:b")),
    ("inspecting the image", "GET", "/images/a/json", ("image", "a"))],
    beside=True)
def _(doing, method, path, args):
    with FakeEngine() as engine:
        engine.on(method, path, Reply(then="hang"))
        fails(tool(engine.url, *args, deadline=SILENT),
              "%s: no answer from %s within 2s" % (doing, engine.url))


@test(beside=True)
def silence_in_the_middle():
    with FakeEngine() as engine:
        engine.on("GET", "/containers/json",
                  Http(200, b"[", length=2, then="hang"))
        fails(tool(engine.url, "list", deadline=SILENT),
              "listing the containers: no answer from %s within 2s" %
              engine.url)


@test
def ctrl_c_ends_a_wait():
    with FakeEngine() as engine:
        engine.on("GET", "/containers/json", Reply(then="hang"))
        p = start(engine.url, "list", deadline=60000)
        while not engine.asked("GET", "/containers/json"):
            time.sleep(0.005)
        p.send_signal(signal.SIGINT)
        fails(finish(p), "listing the containers: interrupted",
              "interrupted")


@test("it is no engine: %s", [
    ("an ssh server", Reply(b"SSH-2.0-OpenSSH_9.2\r\n", then="hang")),
    ("a page", Http(200, b"<html>hello</html>")),
    ("other JSON", Json({"hello": 1}))])
def _(name, reply):
    with FakeEngine() as engine:
        engine.on("GET", "/version", reply)
        result = tool(engine.url, "version")
        same((result.status, result.kind), (1, "engine"))
        assert result.message.startswith(
            "what answers at %s is no engine: " % engine.url), result.message


@test("GET /version is answered with %s", [
    ("nothing", Reply(then="close"),
     "the engine closed the connection without an answer"),
    ("half a head", Reply(b"HTTP/1.1 200 OK\r\nConte", then="close"),
     "connecting to the engine: the engine closed the connection in the middle of its answer"),
    ("half a body", Http(200, b'{"ApiVersion":"1.41"', length=100,
                         then="close"),
     "connecting to the engine: the engine closed the connection in the "
     "middle of its answer"),
    ("half a chunk", Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                           b"\r\n\r\n50\r\n{", then="close"),
     "connecting to the engine: the engine closed the connection in the "
     "middle of its answer"),
    ("500", error(500, "disk on fire"),
     "connecting to the engine: disk on fire"),
    ("500 and text", Http(500, b"panic\x1b[31m: x\nstack"),
     "connecting to the engine: panic [31m: x"),
    ("503 and nothing", Http(503),
     "connecting to the engine: the engine answered with status 503"),
    ("a redirection", Http(301, headers=[("Location", "http://elsewhere/")]),
     "connecting to the engine: the engine answered with status 301")])
def _(name, reply, message):
    with FakeEngine() as engine:
        engine.on("GET", "/version", reply)
        fails(tool(engine.url, "version"), message)


@test
def half_a_head_is_no_success():
    with FakeEngine() as engine:
        engine.on("POST", "/containers/c/start",
                  Reply(b"HTTP/1.1 204 No Content\r\nServ", then="close"))
        fails(tool(engine.url, "start", "c"), "starting the container: the "
              "engine closed the connection in the middle of its answer")


@test
def answers_cut_anywhere():
    with FakeEngine() as engine:
        whole = Json({"Id": "abc", "Warnings": ["careful"]}, 201)
        engine.on("POST", "/containers/create",
                  *[Http(201, whole.data.split(b"\r\n\r\n", 1)[1],
                         cut=[n] if n else 1)
                    for n in range(0, len(whole.data), 3)])
        for _ in range(0, len(whole.data), 3):
            same(tool(engine.url, "create", "{}").out,
                 b"abc\nwarning: careful\n")


@test("creating a container: %d", [
    (400, "invalid mount"), (404, "No such image: x"), (409, "Conflict"),
    (500, "driver failed")])
def _(status, message):
    with FakeEngine() as engine:
        engine.on("POST", "/containers/create", error(status, message))
        fails(tool(engine.url, "create", '{"Image":"x"}', "n"),
              "creating the container: " + message, code=status)
        sent = engine.asked("POST", "/containers/create")[0]
        same((sent.query, sent.body), ("name=n", b'{"Image":"x"}'))


@test
def an_answer_without_an_id():
    with FakeEngine() as engine:
        engine.on("POST", "/containers/create", Json({"Id": 5}, 201))
        fails(tool(engine.url, "create", "{}"),
              "creating the container: the engine's answer has no Id")


@test
def an_endless_answer():
    with FakeEngine() as engine:
        engine.on("GET", "/containers/json",
                  Http(200, b"[" * (17 << 20), then="close"))
        fails(tool(engine.url, "list"),
              "listing the containers: the engine's answer is longer than "
              "16777216 bytes")


@test
def an_endless_refusal():
    with FakeEngine() as engine:
        said = b"no " * 100000    # and no end comes
        engine.on("GET", "/containers/json", Http(
            500, said, length=10 ** 15, then="hang"))
        result = tool(engine.url, "list")
        same((result.status, result.kind, result.code), (1, "engine", 500))
        assert len(result.err) < len(said), len(result.err)


@test
def connections_are_used_again():
    with FakeEngine() as engine:
        engine.on("POST", "/volumes/create", Json({}, 201))
        engine.on("GET", "/volumes", Json({"Volumes": None}))
        engine.on("GET", "/volumes/v%2F", Json({"Name": "v"}))
        engine.on("DELETE", "/volumes/v%2F", Http(204), error(404, "gone"))
        same(tool(engine.url, "volume", "v/").out, b'[]\n{"Name":"v"}\n')
        same(engine.connections, 1, "connections")
        same(json.loads(engine.asked("POST", "/volumes/create")[0].body),
             {"Name": "v/", "Labels": {"addesh.test": "1"}})


@test
def a_kept_connection_that_died_is_replaced():
    with FakeEngine() as engine:
        engine.on("GET", "/version", Http(200, json.dumps({
            "Version": "20.10.24", "ApiVersion": "1.41"}).encode(),
            then="close"))
        engine.on("GET", "/containers/json", Json([]))
        same(tool(engine.url, "list").out, b"[]\n")


# Removal

@test("a removal that goes %s", [
    ("204", [Http(204)], 1),
    ("404", [error(404, "no such container")], 1),
    ("409 409 404", [error(409, "removal is already in progress"),
                     error(409, "removal is already in progress"),
                     error(404, "no such container")], 3),
    ("500 204", [error(500, "did not receive an exit event"), Http(204)], 2)])
def _(name, replies, times):
    with FakeEngine() as engine:
        engine.on("DELETE", "/containers/c", *replies)
        same(tool(engine.url, "remove", "c").status, 0)
        asked = engine.asked("DELETE", "/containers/c")
        same(len(asked), times)
        same(asked[0].query, "force=1&v=1")


@test
def a_removal_that_is_cut_off():
    with FakeEngine() as engine:
        engine.on("DELETE", "/containers/c", Reply(then="close"))
        fails(tool(engine.url, "remove", "c"), "removing the container: the "
              "engine closed the connection without an answer")


# Streams

ATTACH = "/containers/c/attach"
OUTPUT = frame(1, b"hello ") + frame(2, b"oh") + frame(1, b"") + \
    frame(1, b"world\x00\xff\n")


@test("attach cut into pieces of %d", [1, 2, 7, 8, 9, 15, 0])
def _(cut):
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Hijack(OUTPUT, cut=cut))
        result = tool(engine.url, "attach", "c")
        same((result.status, result.out, result.err),
             (0, b"hello world\x00\xff\n", b"complaint: oh\n"))
        asked = engine.asked("POST", ATTACH)[0]
        same(asked.query, "stream=1&stdin=1&stdout=1&stderr=1&detachKeys=")
        same(asked.headers["upgrade"], "tcp")


@test
def attach_cut_at_every_byte():
    with FakeEngine() as engine:
        size = len(Hijack(OUTPUT).data)
        engine.on("POST", ATTACH,
                  *[Hijack(OUTPUT, cut=[n]) for n in range(1, size)])
        for _ in range(1, size):
            same(tool(engine.url, "attach", "c").out,
                 b"hello world\x00\xff\n")


@test
def attach_without_an_upgrade():
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Hijack(OUTPUT, status=200))
        same(tool(engine.url, "attach", "c").out, b"hello world\x00\xff\n")


@test("attach ends within a frame: %d bytes", [1, 7, 8, 10])
def _(n):
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Hijack(OUTPUT[:n]))
        result = tool(engine.url, "attach", "c")
        fails(result, "stream: Protocol error", "io")
        same(result.out, b"hello "[:n - 8] if n > 8 else b"")


@test
def attach_with_garbage():
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Hijack(frame(1, b"ok") + b"garbage here"))
        result = tool(engine.url, "attach", "c")
        fails(result, "stream: Protocol error", "io")
        same(result.out, b"ok")


@test("attach is refused: %s", [
    ("by length", error(404, "No such container: c")),
    ("in chunks", Chunked(b'{"message":"No such container: c"}',
                          status=404)),
    ("in pieces", Http(404, b'{"cause":{"a":1},"message":'
                       b'"No such container: c"}', cut=3)),
    ("and closed", Reply(b"HTTP/1.1 404 Not Found\r\n\r\n"
                         b'{"message":"No such container: c"}',
                         then="close"))])
def _(name, reply):
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, reply)
        fails(tool(engine.url, "attach", "c"),
              "attaching to the container: No such container: c", code=404)


@test("attach: %s", [
    ("no answer", Reply(then="close"),
     "the engine closed the connection without an answer"),
    ("half a head", Reply(b"HTTP/1.1 101 UPG", then="close"),
     "the engine closed the connection without an answer"),
    ("garbage", Reply(b"hello\r\n\r\n", then="hang"),
     "what answers is no engine"),
    ("an endless head", Reply(b"HTTP/1.1 101 X\r\n" + b"x" * 70000,
                              then="hang"),
     "what answers is no engine"),
    ("a bare 500", Reply(b"HTTP/1.1 500 X\r\n\r\n", then="close"),
     "the engine answered with status 500")])
def _(name, reply, message):
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, reply)
        fails(tool(engine.url, "attach", "c"),
              "attaching to the container: " + message)


@test
def attach_and_silence():
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Reply(then="hang"))
        fails(tool(engine.url, "attach", "c", deadline=SILENT),
              "attaching to the container: no answer from " + engine.url)


@test
def stderr_is_bounded():
    with FakeEngine() as engine:
        engine.on("POST", ATTACH, Hijack(
            frame(2, b"e" * 1000000) + frame(1, b"out")))
        result = tool(engine.url, "attach", "c")
        same(result.out, b"out")
        same(len(result.err), len("complaint: \n") + 65536)


# Pulling

def progress(*objects):
    return b"".join(json.dumps(o).encode() + b"\r\n" for o in objects)


PULL = progress(
    {"status": "Pulling from library/a", "id": "b"},
    {"status": "Downloading", "id": "l1",
     "progressDetail": {"current": 5, "total": 10}},
    {"status": "Download complete", "id": "l1"},
    {"status": "Pull complete", "id": "l1"})


@test("a pull cut into pieces of %d", [1, 3, 50, 0])
def _(cut):
    with FakeEngine() as engine:
        engine.on("POST", "/images/create", Chunked(
            PULL[:70], PULL[70:75], PULL[75:], cut=cut))
        result = tool(engine.url, "pull", "a:b")
        same(result.out.decode().split("\n"), [
            "0/0 bytes 0/0 layers Pulling from library/a",
            "5/10 bytes 0/1 layers Downloading",
            "10/10 bytes 0/1 layers Download complete",
            "10/10 bytes 1/1 layers Pull complete", ""])
        same(engine.asked("POST", "/images/create")[0].query,
             "fromImage=docker.io%2Flibrary%2Fa&tag=b")


@test("a pull fails: %s", [
    ("in the stream", Chunked(PULL, progress(
        {"errorDetail": {"message": "unknown blob"}, "error": "x"})),
     "unknown blob", "image"),
    ("before it", error(404, "manifest unknown"), "manifest unknown",
     "image"),
    ("in the middle of an object", Chunked(PULL[:-5]),
     "the engine's answer ends in the middle", "engine"),
    ("with the connection", Chunked(PULL, end=False, then="close"),
     "the engine closed the connection in the middle of its answer",
     "engine"),
    ("with no JSON", Chunked(b"<html>"), "the engine's answer is not JSON",
     "engine")])
def _(name, reply, message, kind):
    with FakeEngine() as engine:
        engine.on("POST", "/images/create", reply)
        fails(tool(engine.url, "pull", "a:b"), "pulling a:b: " + message,
              kind)


@test
def a_pull_sends_the_right_words():
    with FakeEngine() as engine, scratch() as d:
        engine.on("POST", "/images/create", Chunked(PULL))
        with open(d + "/config.json", "w") as f:
            json.dump({"auths": {"r.example:5000": {
                "auth": base64.b64encode(b"me:pw").decode()}}}, f)
        env = environment(DOCKER_CONFIG=d,
                          DOCKER_DEFAULT_PLATFORM="linux/arm64",
                          DOCKER_CUSTOM_HEADERS="X-Team=a b")
        tool(engine.url, "pull", "r.example:5000/x", env=env)
        tool(engine.url, "pull", "x@sha256:" + 64 * "a", env=env)
        first, second = engine.asked("POST", "/images/create")
        same(first.query, "fromImage=r.example%3A5000%2Fx&tag=latest"
             "&platform=linux%2Farm64")
        same(json.loads(base64.urlsafe_b64decode(
            first.headers["x-registry-auth"])),
            {"username": "me", "password": "pw",
             "serveraddress": "r.example:5000"})
        same(first.headers["x-team"], "a b")
        assert "x-registry-auth" not in second.headers
        same(second.query, "fromImage=docker.io%2Flibrary%2Fx&tag=sha256%3A" +
             64 * "a" + "&platform=linux%2Farm64")


@test
def a_broken_login_is_told_only_when_it_matters():
    with FakeEngine() as engine, scratch() as d:
        engine.on("POST", "/images/create", Chunked(PULL),
                  error(401, "unauthorized"))
        with open(d + "/config.json", "w") as f:
            json.dump({"credsStore": "absent"}, f)
        env = environment(DOCKER_CONFIG=d)
        same(tool(engine.url, "pull", "a:b", env=env).status, 0)
        result = tool(engine.url, "pull", "a:b", env=env)
        fails(result, "pulling a:b: unauthorized", "image", 401)
        same(result.hint, ["no credentials were sent: credential helper: "
                           "docker-credential-absent: No such file or "
                           "directory"])


@test
def what_is_no_name_is_not_pulled():
    with FakeEngine() as engine:
        fails(tool(engine.url, "pull", "A B"), "image 'A B': the names of "
              "images are in lower case", "usage")
        same(len(engine.requests), 1)


# Images

@test
def an_image_that_is_not_here():
    with FakeEngine() as engine:
        engine.on("GET", "/images/.*/json", error(404, "No such image"))
        engine.on("GET", "/images/json", Json([
            {"RepoTags": ["python:3.12", "python:3.11-slim"]},
            {"RepoTags": ["docker.io/library/pythom:3.1"]},
            {"RepoTags": None}, {"RepoTags": ["<none>:<none>"]}, {}, 5,
            {"RepoTags": ["ruby:3", 7]}]))
        result = tool(engine.url, "image", "python:3.1")
        fails(result, "image python:3.1 is not here", "image", 404)
        same(result.hint, ["here are: python:3.12, python:3.11-slim, "
                           "pythom:3.1", "fetch it:  pull python:3.1"])
        result = tool(engine.url, "image", "quite/else")
        same(result.hint, ["fetch it:  pull quite/else"])


@test("the image of API %s", ["1.41", "1.52"])
def _(api):
    config = {"User": "", "Env": ["A=1"], "WorkingDir": "", "Cmd": None,
              "Entrypoint": None, "Volumes": {"/data": {}}, "Labels": None}
    if api == "1.52":
        # Since 1.50 empty fields of Config are left out.
        config = {k: v for k, v in config.items() if v}
    with FakeEngine() as engine:
        engine.on("GET", "/images/a:b/json", Json({
            "Id": "sha256:1", "Architecture": "amd64", "Os": "linux",
            "Size": 5, "RepoTags": None if api == "1.52" else [],
            "Config": config}))
        same(tool(engine.url, "image", "a:b").out.decode(),
             "id=sha256:1 arch=amd64 os=linux user= workdir= size=5\n"
             "volume /data\n")


main()
