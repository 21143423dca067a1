# SPDX-License-Identifier: MIT
"""The engines that a test uses.

`make check` starts them once and names them in the environment (see
tests/engines/engines); a test program that is run by hand starts its own and
ends them with itself.
"""

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import sys

from engineapi import Api
from tap import Skip, required

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "engines"))

KINDS = ("docker", "podman")
SANDBOXES = KINDS + ("restricted",)


class Missing(Exception):
    """An engine is missing where it is required: not a skip, a failure."""


def skip(why):
    """Ends the test: skipped, or failed where engines are required."""
    raise (Missing if required() else Skip)(why)


_own = None


def _start():
    """Starts both engines for this process, once."""
    global _own
    import control
    lack = control.missing()
    if len(lack) == len(control.ENGINES):
        return control.environment({}, lack)
    if _own is None:
        _own = control.Engines()
        atexit.register(_own.stop)
        os.environ.update(control.environment(_own.start(), lack))
    return os.environ


def share():
    """For a program whose tests run side by side, which is several processes:
    starts what they need now, unless it is there."""
    if "ADDESH_TEST_DOCKER" not in os.environ and \
            "ADDESH_TEST_NO_DOCKER" not in os.environ:
        _start()


def of_my_own():
    """For tests that change what all users of an engine share: this program
    starts a pair for itself when it needs one."""
    for name in ("DOCKER", "PODMAN", "ENGINES"):
        os.environ.pop("ADDESH_TEST_" + name, None)


def endpoint(kind):
    """unix://PATH of the engine; skips the test where there is none."""
    name = "ADDESH_TEST_" + kind.upper()
    env = os.environ
    if name not in env and "ADDESH_TEST_NO_" + kind.upper() not in env:
        env = _start()
    if name not in env:
        skip(env["ADDESH_TEST_NO_" + kind.upper()])
    return env[name]


def api(kind):
    return Api(endpoint(kind))


def load(kind, archive):
    """Makes sure that the images of an archive of tests/engines/images.py
    are there: those that a new engine does not have from the start."""
    import control
    engine = api(kind)
    path = control.build(control.cache(), [archive])[archive]
    with open(path) as lock:    # several tests may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not engine.has_image(archive + ":latest"):
            engine.load(path)


def state(kind="docker"):
    """What tests/engines/supervisor.py says of itself: pid (its network
    namespace is the engines'), registry, registry-auth, user, password,
    pip_index, npm_registry, go_proxy, gem_source."""
    endpoint(kind)
    path = os.environ.get("ADDESH_TEST_ENGINES")
    if path is None:
        skip("these engines were not started by tests/engines")
    with open(path) as f:
        return json.load(f)


def enter(argv, kind="docker"):
    """The command that runs argv in the network of the engines."""
    return ["nsenter", "-t", str(state(kind)["pid"]), "-n"] + list(argv)


def sandbox(kind):
    """The options that choose a sandbox: one of SANDBOXES."""
    if kind != "restricted":
        return ["--engine", endpoint(kind)]
    if not shutil.which("bwrap"):
        skip("bwrap is not installed (package bubblewrap)")
    return ["--engine", "restricted"]


@contextlib.contextmanager
def alone(what):
    """Keeps other test programs out that use the same thing of an engine."""
    state = os.environ.get("ADDESH_TEST_ENGINES")
    if state is None:    # then there is no engine to share
        yield
        return
    with open("%s.%s.lock" % (state, what), "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield
