# SPDX-License-Identifier: MIT
"""The engines, images, registry and package index that other tests use."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from engineapi import ApiError  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

DOCKER = "/usr/bin/docker"
NAMES = ["python:3.11-slim", "busybox:latest", "busybox:healthcheck",
         "busybox:volume", "busybox:entrypoint", "busybox:arm64",
         "static:latest"]


def docker(kind, *args):
    """The client of the package docker.io, against either engine."""
    done = subprocess.run([DOCKER, "-H", engines.endpoint(kind), *args],
                          capture_output=True, text=True,
                          stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/"})
    diag(done.stderr)
    return done


@test("%s has every image", engines.KINDS)
def _(kind):
    api = engines.api(kind)
    same([n for n in NAMES if not api.has_image(n)], [])


@test("%s runs python and the static program", engines.KINDS)
def _(kind):
    for name in ("python", "python3"):
        done = docker(kind, "run", "--rm", "python:3.11-slim", name, "-c",
                      "print(6 * 7)")
        same(done.stdout, "42\n")
    done = docker(kind, "run", "--rm", "static", "/static", "a", "b")
    # not the status: this client does not get it from Podman
    same(done.stdout, "a\nb\n")


@test
def docker_uses_overlay2():
    same(engines.api("docker").get("/info")["Driver"], "overlay2")


@test
def podman_has_limits_below_the_hard_ones():
    done = docker("podman", "run", "--rm", "busybox", "sh", "-c",
                  "ulimit -Hn; ulimit -Hu")
    same(done.stdout, "4096\n2048\n")


def pull(kind, name):
    """The last error of the progress stream, or None."""
    lines = engines.api(kind).post("/images/create", fromImage=name,
                                   tag="latest")
    return "error" in str(lines)


@test("%s pulls from the registry", engines.KINDS)
def _(kind):
    name = engines.state(kind)["registry"] + "/remote"
    with engines.alone("remote"):
        assert not pull(kind, name)
        engines.api(kind).delete("/images/" + name + ":latest")


@test("%s cannot pull what lacks a layer", engines.KINDS)
def _(kind):
    assert pull(kind, engines.state(kind)["registry"] + "/broken")


@test("%s cannot pull without the password", engines.KINDS)
def _(kind):
    try:
        failed = pull(kind, engines.state(kind)["registry-auth"] + "/remote")
    except ApiError as e:
        failed = "basic auth" in str(e) or "unauthorized" in str(e)
    assert failed


@test("containers of %s reach the package index", engines.KINDS)
def _(kind):
    done = docker(kind, "run", "--rm", "busybox", "wget", "-q", "-O", "-",
                  engines.state(kind)["pip_index"] + "addesh-sample/")
    assert "addesh_sample-1.0" in done.stdout


main()
