# SPDX-License-Identifier: MIT
"""Starting and ending a supervisor, for the tool `engines` and for tests.

	with control.Engines(archives=["small"]) as state:
		state["docker"]		# unix://...
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import daemons  # noqa: E402
import images  # noqa: E402

ARCHIVES = images.ARCHIVES
# what engines start with; langs takes long to load, see lib/engines.py
FIRST = ("python", "small")
build = images.build

# engine -> program and package, all that it needs
ENGINES = {
    "docker": (("dockerd", "docker.io"), ("runc", "runc"),
               ("iptables", "iptables")),
    "podman": (("podman", "podman"), ("runc", "runc"), ("conmon", "conmon"),
               ("iptables", "iptables")),
}
SHARED = (("docker-registry", "docker-registry"), ("ip", "iproute2"))


def cache():
    """Where image archives are kept: $ADDESH_TEST_CACHE, or below the
    directory of the build."""
    return os.path.abspath(os.environ.get("ADDESH_TEST_CACHE") or
                           "tests/engines/cache")


def missing():
    """{engine: why it cannot be started here}"""
    common = images.missing() + _lack(SHARED)
    found = {}
    for name, tools in ENGINES.items():
        lack = common + _lack(tools)
        if lack:
            found[name] = "; ".join(lack)
    return found


def _lack(tools):
    path = daemons.PATH
    return ["%s is not installed (package %s)" % (tool, package)
            for tool, package in tools if not shutil.which(tool, path=path)]


def environment(state, lack):
    """The environment of a command that uses the engines."""
    env = dict(os.environ, ADDESH_TEST_CACHE=cache())
    for name in ENGINES:
        if name in state:
            env["ADDESH_TEST_" + name.upper()] = state[name]
        else:
            env["ADDESH_TEST_NO_" + name.upper()] = lack[name]
    if state:
        env["ADDESH_TEST_ENGINES"] = os.path.join(state["base"],
                                                  "state.json")
    return env


class Engines:
    """What missing() does not name, started by start() or `with`.

    want	which: docker, podman, registry; all that can be had by default
    base	its directory; below $ADDESH_TEST_DIR or /var/tmp by default,
		as the overlay2 driver needs a real file system
    """

    def __init__(self, want=None, archives=FIRST, base=None, cache=None):
        self.want = want or ["registry"] + [
            name for name in ENGINES if name not in missing()]
        # what the registry holds comes from an archive too
        self.archives = list(archives) + [
            "small" for _ in self.want
            if _ == "registry" and "small" not in archives]
        self.base = base
        self.cache = cache or globals()["cache"]()
        self.process = None
        self.life = None

    def start(self, keep=False):
        """Returns the state; with keep they outlive this process."""
        # here, as the supervisor's network namespace leads nowhere
        archives = images.build(self.cache, self.archives)
        if self.base:
            os.mkdir(self.base, 0o711)
        else:
            self.base = tempfile.mkdtemp(
                prefix="addesh-",
                dir=os.environ.get("ADDESH_TEST_DIR", "/var/tmp"))
            os.chmod(self.base, 0o711)
        ready, ready_end = os.pipe()
        life_end, self.life = os.pipe()
        pass_fds = [ready_end] + ([] if keep else [life_end])
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "slave",
             sys.executable, "-B", os.path.join(HERE, "supervisor.py"),
             "--base", self.base, "--want", ",".join(self.want),
             "--archives", json.dumps(archives),
             "--ready", str(ready_end)] +
            ([] if keep else ["--life", str(life_end)]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if keep else None,
            pass_fds=pass_fds, start_new_session=True)
        os.close(ready_end)
        os.close(life_end)
        return self._wait_ready(ready)

    def _wait_ready(self, ready):
        with os.fdopen(ready, "rb") as f:
            answer = f.read().decode(errors="replace")
        if answer != "ready\n":
            self.stop()
            raise RuntimeError(answer or "the supervisor ended")
        with open(os.path.join(self.base, "state.json")) as f:
            return json.load(f)

    def stop(self):
        os.close(self.life)
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def stop(base):
    """Ends the engines that start(keep=True) left in base."""
    with open(os.path.join(base, "state.json")) as f:
        pid = json.load(f)["pid"]
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    _wait_pidfd(fd)


def _wait_pidfd(fd):
    import select
    select.select([fd], [], [])
    os.close(fd)
