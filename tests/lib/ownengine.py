# SPDX-License-Identifier: MIT
"""An engine that a test has for itself, so that it may kill it.

	with OwnEngine("docker") as engine:
	    home.options = ["--engine", engine.endpoint]
	    ...
	    engine.kill()
	    engine.start()

What the engine starts after that is none of its supervisor's: the test ends
its containers itself.
"""

import json
import os
import signal
import subprocess

import engines
import sandboxes
from engineapi import Api, ApiError

PROGRAMS = {"docker": "dockerd ", "podman": "podman "}


class OwnEngine:
    def __init__(self, kind):
        engines.endpoint(kind)    # a skip, where there is none
        import control
        self.kind = kind
        self.own = control.Engines(want=[kind], archives=["small"])
        self.state = self.own.start()
        self.endpoint = self.state[kind]
        self.api = Api(self.endpoint)
        self.again = None
        self.pid = next(p for p, line in
                        sandboxes.children(self.state["pid"]).items()
                        if line.startswith(PROGRAMS[kind]))
        self.argv = self._read("cmdline")
        self.env = dict(pair.split("=", 1) for pair in self._read("environ"))

    def _read(self, name):
        with open("/proc/%d/%s" % (self.pid, name)) as f:
            return f.read().split("\0")[:-1]

    def path(self, name):
        return os.path.join(self.state["base"], name)

    def configure(self, **settings):
        """Docker only: settings that it takes over while it runs."""
        with open(self.path("docker.json")) as f:
            config = json.load(f)
        config.update(settings)
        with open(self.path("docker.json"), "w") as f:
            json.dump(config, f)
        os.kill(self.pid, signal.SIGHUP)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        if self.again:
            self.again.wait()

    def start(self):
        """Again, in the namespaces of its supervisor."""
        import daemons
        # whom they name is taken for alive while nobody has reaped it
        for name in "docker.pid", "exec/containerd/containerd.pid":
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        with open(self.path("again.log"), "wb") as log:
            self.again = subprocess.Popen(
                ["nsenter", "-t", str(self.state["pid"]), "-n", "-m",
                 *self.argv],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        self.pid = self.again.pid
        daemons.wait_until(self.kind, 60, self.answers, self.again,
                           self.path("again.log"))

    def answers(self):
        try:
            self.api.get("/_ping", timeout=5)
        except (OSError, ApiError):
            return False
        return True

    def close(self):
        if self.again:
            self.again.terminate()
            self.again.wait()
        self.own.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
