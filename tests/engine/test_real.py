# SPDX-License-Identifier: MIT
"""The engine client against real Docker and real Podman."""

import base64
import hashlib
import json
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from engineapi import Api
from engines import KINDS, alone, endpoint, state
from enginetool import environment, finish, start, tool
from tap import main, same, test

# Every container of this program, and nothing else, has it.
MARK = "addesh.enginetest=" + uuid.uuid4().hex


def body(*argv, image="busybox", **more):
    name, value = MARK.split("=")
    host = {"LogConfig": {"Type": "none"}, **more.pop("HostConfig", {})}
    return json.dumps({
        "Image": image, "Cmd": list(argv), "OpenStdin": True,
        "StdinOnce": True, "AttachStdin": True, "AttachStdout": True,
        "AttachStderr": True, "NetworkDisabled": True,
        "Labels": {name: value}, "HostConfig": host, **more})


def good(result):
    same((result.status, result.err), (0, b""), "status and stderr")
    return result.out


def created(kind, *argv, **how):
    return good(tool(endpoint(kind), "create",
                     body(*argv, **how))).decode().split("\n")[0]


def nothing_left(kind):
    same(good(tool(endpoint(kind), "list", MARK)), b"[]\n", "left behind")


@test("%s: version and facts", KINDS)
def _(kind):
    words = good(tool(endpoint(kind), "version")).decode().split()
    same((words[0].lower(), words[-1]), (kind, kind))
    facts = good(tool(endpoint(kind), "facts")).decode()
    assert "name=%s " % os.uname().nodename in facts, facts
    assert "kernel=%s " % os.uname().release in facts, facts
    assert facts.endswith("here=1\n"), facts
    same(good(tool(endpoint(kind), "ping")), b"")


@test("%s: stdin, stdout and stderr", KINDS)
def _(kind):
    result = tool(endpoint(kind), "run", body(
        "sh", "-c", "head -c 6; echo oops >&2"), data=b"hello\n")
    same((result.status, result.out, result.err),
         (0, b"hello\n", b"complaint: oops\n\n"))
    nothing_left(kind)


# A byte that is a detach key must not be kept by the engine.
KEYS = [b"x" * 32768 + b"\x10", b"\x10", b"\x10\x11", bytes(range(256))]


@test("%s: every byte passes", KINDS)
def _(kind):
    for data in KEYS:
        out = good(tool(endpoint(kind), "run", body(
            "head", "-c", str(len(data))), data=data))
        same(out, data)


@test("%s: every byte passes through an exec", KINDS)
def _(kind):
    name = created(kind, "sleep", "1000")
    good(tool(endpoint(kind), "start", name))
    # Podman keeps a single 0x10 for itself until another byte comes.
    more = b"\0" if kind == "podman" else b""
    for data in KEYS:
        out = good(tool(endpoint(kind), "exec", name, "head", "-c",
                        str(len(data)), data=data + more))
        same(out[:len(data)], data)
        same(json.loads(out[len(data):])["ExitCode"], 0)
    out = good(tool(endpoint(kind), "exec", name, "sh", "-c", "exit 3"))
    same(json.loads(out)["ExitCode"], 3)
    good(tool(endpoint(kind), "remove", name))
    nothing_left(kind)


@test("%s: 64 MB pass whole", KINDS)
def _(kind):
    script = ("i=0; while [ $i -lt 64 ]; do head -c 1048576 /dev/zero | "
              "tr '\\000' $((i % 10)); i=$((i + 1)); done")
    out = good(tool(endpoint(kind), "run", body("sh", "-c", script)))
    want = hashlib.sha256()
    for i in range(64):
        want.update(b"%d" % (i % 10) * 1048576)
    same((len(out), hashlib.sha256(out).hexdigest()),
         (64 << 20, want.hexdigest()))


@test("%s: a terminal", KINDS)
def _(kind):
    out = good(tool(endpoint(kind), "run", body(
        "sh", "-c", "test -t 1 && echo yes; echo no >&2", Tty=True)))
    same(out, b"yes\r\nno\r\n")


@test("%s: a program that does not heed TERM is removed at once", KINDS)
def _(kind):
    name = created(kind, "sh", "-c", "trap '' TERM; while :; do sleep 1; "
                   "done")
    good(tool(endpoint(kind), "start", name))
    good(tool(endpoint(kind), "remove", name))
    good(tool(endpoint(kind), "remove", name))
    same(tool(endpoint(kind), "inspect", name).code, 404)


@test("%s: removal while the engine removes it itself", KINDS)
def _(kind):
    for _ in range(5):
        result = tool(endpoint(kind), "run", body(
            "true", HostConfig={"AutoRemove": True}))
        good(result)
    nothing_left(kind)


@test("%s: two remove the same container", KINDS)
def _(kind):
    name = created(kind, "sleep", "1000")
    good(tool(endpoint(kind), "start", name))
    for process in [start(endpoint(kind), "remove", name) for _ in range(3)]:
        good(finish(process))
    nothing_left(kind)


@test("%s: what fails says why", KINDS)
def _(kind):
    result = tool(endpoint(kind), "create", body("x", image="no-such-image"))
    same((result.status, result.code), (1, 404))
    assert result.message.startswith("creating the container: "), result.err
    result = tool(endpoint(kind), "run", body("/no/such/program"))
    same(result.status, 1)
    # Podman prepares a container when somebody attaches to it.
    doing = "starting" if kind == "docker" else "attaching to"
    assert result.message.startswith(doing + " the container: "), result.err
    nothing_left(kind)
    result = tool(endpoint(kind), "attach", "no-such-container")
    same((result.status, result.code), (1, 404))
    assert result.message.startswith("attaching to the container: "), \
        result.err


@test
def docker_raises_a_cpu_limit():
    name = created("docker", "sleep", "1000",
                   HostConfig={"NanoCpus": 100000000})
    good(tool(endpoint("docker"), "start", name))
    good(tool(endpoint("docker"), "cpus", name))
    got = json.loads(good(tool(endpoint("docker"), "inspect", name)))
    same(got["HostConfig"]["NanoCpus"], 2000000000)
    good(tool(endpoint("docker"), "remove", name))


def mounted(volume, readonly):
    return {"ReadonlyRootfs": True, "Mounts": [{
        "Type": "volume", "Source": volume, "Target": "/mnt",
        "ReadOnly": readonly}]}


@test("%s: a volume is filled through a container", KINDS)
def _(kind):
    volume = "addesh-enginetest-" + uuid.uuid4().hex[:8]
    good(tool(endpoint(kind), "volume", volume + "-x"))
    name = created(kind, "true", HostConfig=mounted(volume, False))
    good(tool(endpoint(kind), "put", name, "/mnt", "hello", "world\n"))
    good(tool(endpoint(kind), "remove", name))
    same(good(tool(endpoint(kind), "run", body(
        "sh", "-c", "cat /mnt/hello; ls -l /mnt | grep -o rwxr-xr-x",
        HostConfig=mounted(volume, True)))), b"world\nrwxr-xr-x\n")
    Api(endpoint(kind)).call("DELETE", "/volumes/" + volume)


@test("%s: images", KINDS)
def _(kind):
    def image(name):
        return good(tool(endpoint(kind), "image", name)).decode()
    first = image("busybox").split("\n")
    assert " arch=amd64 os=linux " in first[0] or \
        os.uname().machine != "x86_64", first
    assert any(t.endswith("busybox:latest") for t in first), first
    assert "volume /data\n" in image("busybox:volume")
    assert "entrypoint " in image("busybox:entrypoint")
    assert "arch=arm64" in image("busybox:arm64")
    same(image(first[0].split()[0][len("id="):]).split("\n")[0], first[0])
    result = tool(endpoint(kind), "image", "busibox")
    same((result.kind, result.code), ("image", 404))
    same(result.message, "image busibox is not here")
    assert result.hint[0].startswith("here are: busybox:latest, "), \
        result.hint
    same(result.hint[1], "fetch it:  pull busibox")


@test("%s: pull", KINDS)
def _(kind):
    s = state(kind)
    url = endpoint(kind)
    free, guarded = s["registry"], s["registry-auth"]
    with alone("remote"):
        for name in (free + "/remote", guarded + "/remote"):
            tool(url, "rmi", name)
        out = good(tool(url, "pull", free + "/remote")).decode()
        assert out.strip(), "no progress"
        assert "tag %s/remote:latest" % free in good(
            tool(url, "image", free + "/remote")).decode()
        result = tool(url, "pull", free + "/broken")
        same((result.status, result.kind), (1, "image"))
        assert result.message.startswith(
            "pulling %s/broken: " % free), result.err
        result = tool(url, "pull", free + "/absent:v1")
        same((result.status, result.kind), (1, "image"))
        result = tool(url, "pull", guarded + "/remote")
        same((result.status, result.kind), (1, "image"))
        login = base64.b64encode(("%s:%s" % (
            s["user"], s["password"])).encode()).decode()
        config = {"auths": {guarded: {"auth": login}}}
        env = environment(DOCKER_AUTH_CONFIG=json.dumps(config))
        good(tool(url, "pull", guarded + "/remote", env=env))
        for name in (free + "/remote", guarded + "/remote"):
            good(tool(url, "rmi", name))
        same(tool(url, "rmi", free + "/remote").code, 404)


main()
