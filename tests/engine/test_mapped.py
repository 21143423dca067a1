# SPDX-License-Identifier: MIT
"""Directories of this host on engines whose users are not this host's: Docker
with userns-remap, and Podman of an ordinary user."""

import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from sandboxes import SandboxHome, nobody
from tap import main, patient, same, test

BOTH = "env new busybox:latest -v in:/artifacts:ro -v out:/workspace/output"
PROGRAM = ("exec sh -c 'cat /artifacts/a; echo x > output/f; mkdir output/d; "
           "id -un; echo x > /artifacts/b'")


class Mapped:
    """One of these engines for a test alone, which nobody of it uses."""

    def __init__(self, name, kind):
        engines.endpoint(kind)    # a skip, where there is none
        if not shutil.which("newuidmap"):
            engines.skip("newuidmap is not installed (package uidmap)")
        import control
        self.own = control.Engines(want=[name], archives=["small"])
        self.endpoint = self.own.start()[name]
        self.kind = kind

    def home(self):
        h = SandboxHome(self.kind)
        h.options = ["--engine", self.endpoint]
        h.write("in/a", "hello\n")
        h.dir("work/out")
        return h

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.own.stop()


def outlives_its_session(h):
    """Another process finds a kept environment, which ends itself."""
    h.addesh("-c", "env new busybox:latest --keep=8s --name k1", "-c",
             "exec -- sh -c 'echo left > f'").is_ok()
    same(h.addesh("-c", "env use k1", "-c", "cat f").is_ok().out, "left\n")
    time.sleep(7)
    end = time.monotonic() + patient(60)
    while True:
        done = h.addesh("--json", "env", "ls", "-a").is_ok()
        rows = json.loads(done.out)["result"]["environments"]
        state = {r["name"]: r["state"] for r in rows}["k1"]
        if state == "ended":
            break
        assert state == "kept" and time.monotonic() < end, rows
        time.sleep(0.2)


def carries_out_tools(h, user):
    """What code leaves in the workspace is the caller's."""
    def call(tool, **request):
        done = h.addesh("adde", tool, json.dumps(request)).is_ok()
        return json.loads(done.out)

    env = call("create_runtime_env", image="busybox:latest")
    log = call("execute_code_block", container_id=env["container_id"],
               filename="a.sh", code_content="pwd; echo x > f")["log"]
    same((log["exit_code"], log["stdout"]), (0, "/workspace\n"), log)
    st = os.lstat(os.path.join(env["workspace"], "f"))
    same((st.st_uid, st.st_gid), user)
    same(call("cleanup_env", container_id=env["container_id"]), {"ok": True})
    assert not os.path.exists(env["workspace"])


def refused(h, line, *said):
    done = h.addesh("-c", line).is_status(2)
    same(done.err.splitlines()[-2:], list(said))


@test
def docker_that_maps_users():
    with Mapped("mapped", "docker") as engine, engine.home() as h:
        there = os.path.realpath(h.work)
        refused(h, BOTH, "addesh: env new: -v: this engine maps users "
                "(userns-remap), and programs could not write to %s/out" %
                there, "  read-only:  env new -v %s/out:/workspace/output:ro"
                "      or copy the files:  put %s/out" % (there, there))
        ro = "env new busybox:latest -v in:/artifacts:ro"
        done = h.addesh("-k", "-c", ro, "-c", "exec cat /artifacts/a",
                        "-c", "exec touch /artifacts/b")
        same(done.out, "hello\n", done.err)
        assert "/artifacts was given read-only" in done.err, done.err
        os.chmod(h.work + "/in", 0o700)
        refused(h, ro, "addesh: env new: -v: this engine maps users "
                "(userns-remap), and programs could not read %s/in" % there,
                "  open it to others (chmod o+rX), or copy the files:  put "
                "%s/in" % there)
        # as on any other engine, with an id of the map
        done = h.addesh("-c", "env new busybox:latest", "-c",
                        "run a.sh <<<'id -u'").is_ok()
        assert int(done.out) > 9999, done.out
        outlives_its_session(h)


@test
def podman_of_an_ordinary_user():
    with Mapped("rootless", "podman") as engine, engine.home() as h:
        os.chmod(h.work + "/in", 0o700)
        h._become(*nobody())
        done = h.addesh("-k", "-c", BOTH, "-c", PROGRAM)
        same(done.out, "hello\nroot\n", done.err)
        assert "/artifacts was given read-only" in done.err, done.err
        for name in "out/f", "out/d":
            st = os.lstat(os.path.join(h.work, name))
            same((st.st_uid, st.st_gid), nobody(), name)
        same(os.listdir(h.work + "/in"), ["a"])
        carries_out_tools(h, nobody())
        outlives_its_session(h)


main()
