# SPDX-License-Identifier: MIT
"""What addesh processes have left behind, wherever they leave things.

	traces = Traces(home)
	p = traces.spawn("-c", "env new")
	...
	traces.gone()

Only what carries the owner of a process that was started here counts: other
people may use the same engine.
"""

import glob
import os
import select
import subprocess
import time

import engines
import sandboxes
from engineapi import ApiError
from tap import diag, patient


class Traces:
    def __init__(self, home):
        sandboxes.subreaper()
        self.home = home
        self.started = {}    # pid: its start time, since pids come again
        self.containers = set()
        self.api = None
        if home.kind in sandboxes.ENGINES:
            self.api = engines.api(home.kind)
        self.mounts = self._mounts()
        self.files = set(home.files())
        self.others = set(sandboxes.descendants(os.getpid()))

    def spawn(self, *args, **kw):
        process = self.home.spawn(*args, **kw)
        self.note(process.pid)
        return process

    def note(self, pid):
        """A child that was just started is one of ours, for good."""
        self.started[pid] = sandboxes.start_time(pid)

    def addesh(self, *args, timeout=90):
        """Runs one to its end; a subprocess.CompletedProcess."""
        p = self.spawn(*args)
        try:
            out, err = p.communicate(timeout=patient(timeout))
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            diag(err.decode(errors="replace"))
            raise
        return subprocess.CompletedProcess(p.args, p.returncode,
                                           out.decode(errors="replace"),
                                           err.decode(errors="replace"))

    def is_owner(self, owner):
        """Of HOST:BOOT:PID:START; a name goes on after that."""
        fields = owner.split(":")
        if len(fields) != 4:
            return False    # a test's, that is made by hand
        return self.started.get(int(fields[2])) == \
            int(fields[3].split("-")[0])

    def _mounts(self):
        with open("/proc/self/mountinfo") as f:
            return {l for l in f if self.home.path in l or "/.addesh" in l}

    def owned_containers(self):
        found = []
        for c in self.api.containers("addesh.owner"):
            if self.is_owner(c["Labels"]["addesh.owner"]):
                self.containers.add(c["Id"])
                found.append(c)
        return found

    def programs(self):
        """Command lines in the environments."""
        roots = self.started
        if self.api:
            roots = [self._init(c["Id"]) for c in self.owned_containers()]
        return [line for r in roots if r
                for line in sandboxes.descendants(r).values()]

    def _init(self, container):
        """The pid of its pid 1; 0 if there is none (any more)."""
        try:
            return self.api.get("/containers/%s/json" % container)[
                "State"]["Pid"]
        except ApiError as e:
            if e.status != 404:
                raise
            return 0

    def _cgroups(self):
        found = []
        for top, names, _ in os.walk("/sys/fs/cgroup"):
            for name in names:
                if name.startswith("addesh-") and \
                        self.is_owner(name[len("addesh-"):]):
                    found.append("cgroup " + os.path.join(top, name))
        return found

    def _processes(self):
        """Those below this one, and those of the engine that serve a
        container of ours (conmon, runc, a shim).  Podman keeps what has
        served an exec for five minutes."""
        found = ["process %d %s" % (p, c)
                 for p, c in sandboxes.descendants(os.getpid()).items()
                 if c and p not in self.others]    # a zombie has none
        for name in os.listdir("/proc"):
            text = sandboxes.command_line(int(name)) if name.isdigit() else ""
            if any(c in text for c in self.containers) and \
                    " --exec-attach " not in text:
                found.append("process %s %s" % (name, text))
        return found

    def left(self):
        """All of it, one line each."""
        found = ["file " + f for f in
                 sorted(set(self.home.files()) - self.files)]
        found += ["mount " + m for m in self._mounts() - self.mounts]
        if self.api:
            found += ["container %s %s %s" % (c["Id"][:12], c["State"],
                                              c["Labels"])
                      for c in self.owned_containers()]
        return found + self._cgroups() + self._processes()

    def gone(self, limit=60):
        """Waits until nothing is left; fails with what is."""
        end = time.monotonic() + patient(limit)
        while True:
            found = self.left()
            if not found:
                return
            if time.monotonic() > end:
                raise AssertionError("left behind:\n" + "\n".join(
                    line[:300] for line in found))
            pause()


def pause():
    """Between two looks at what has no event to wait for."""
    select.select([], [], [], 0.05)


def heard(home, text, limit=60):
    """Waits until addesh has what a program wrote: it is in a step's log."""
    logs = home.env["XDG_STATE_HOME"] + "/addesh/**/*.log"
    end = time.monotonic() + patient(limit)
    while time.monotonic() < end:
        for path in glob.glob(logs, recursive=True):
            with open(path, "rb") as f:
                if text in f.read():
                    return
        pause()
    raise AssertionError("%r is in no log" % text)


def wait_output(process, text, limit=60):
    """Reads stdout until it holds text; returns all that came."""
    end = time.monotonic() + patient(limit)
    seen = b""
    while text not in seen:
        left = max(0, end - time.monotonic())
        if not select.select([process.stdout], [], [], left)[0]:
            raise AssertionError("%r did not come in %d s: %r" % (
                text, limit, seen))
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            raise AssertionError("%r did not come: %r %r" % (
                text, seen, process.stderr.read()))
        seen += data
    return seen
