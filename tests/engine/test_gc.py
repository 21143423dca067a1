# SPDX-License-Identifier: MIT
"""gc: what dead sessions left goes, what lives or is not ours stays."""

import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home, program
from engineapi import ApiError
from leftovers import pause
from tap import Skip, main, patient, same, test

DEAD = 0x7ffffff    # above every pid_max


def gc(home, *args):
    """The items of `gc`, by their names."""
    done = home.addesh("--json", "gc", *args).is_ok()
    result = json.loads(done.out)["result"]
    same(result["dry_run"], "--dry-run" in args)
    return {item["name"]: item for item in result["items"]}, result


def dead_steps(home):
    path = home.path + "/state/addesh/sessions/dead"
    os.makedirs(path, 0o700)
    for name in (path + ".lock", path + "/1.json", path + "/1.log"):
        open(name, "w").close()
    return path


@test
def steps_of_a_dead_session_go():
    with Home(env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"}) as h:
        path = dead_steps(h)
        items, result = gc(h, "--dry-run")
        same(result["engine"], False)
        same(items[path], {"kind": "steps", "name": path, "keep": False,
                           "why": "its session has ended"})
        assert os.path.exists(path)
        done = h.addesh("gc").is_ok()
        same(done.out.splitlines()[1].split(None, 3),
             ["steps", path, "remove", "its session has ended"])
        assert done.err.startswith("only this host was looked at, no engine: "
                                   "Docker is not running"), done.err
        assert done.err.endswith("\n1 removed, 0 kept\n"), done.err
        same(os.listdir(os.path.dirname(path)), [])


@test
def steps_of_a_living_session_stay():
    with Home(env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"}) as h:
        # the inner one runs while the outer one has steps
        done = h.addesh("--json", "-c", "set timeout 3", "-c", "gc",
                        "-c", "show @1").is_ok()
        answers = done.objects()
        same(answers[1]["result"]["items"], [])
        same(answers[2]["result"]["command"], "set timeout 3")


class Apart:
    """A PID namespace of its own, which counts as a host of its own: other
    sessions on the engine leave alone what is labelled with it."""

    def __init__(self, home):
        self.process = subprocess.Popen(
            ["unshare", "-pf", "--mount-proc", "sleep", "1000"],
            stderr=subprocess.DEVNULL)
        children = "/proc/%d/task/%d/children" % ((self.process.pid,) * 2)
        self.inner = ""
        while not self.inner:    # the test's deadline ends this
            with open(children) as f:
                self.inner = f.read().strip()
        while os.readlink("/proc/%s/exe" % self.inner).endswith("unshare"):
            pass
        self.before = program()
        path = home.write("addesh", '#!/bin/sh\nexec nsenter -t %s -p -m '
                          '--wd="$PWD" %s "$@"\n' % (self.inner, self.before))
        os.chmod(path, 0o755)
        os.environ["ADDESH"] = path

    def start_of_first(self):
        """When the process with pid 1 in there began, in clock ticks."""
        with open("/proc/%s/stat" % self.inner) as f:
            return f.read().rpartition(")")[2].split()[19]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.environ["ADDESH"] = self.before
        os.kill(int(self.inner), signal.SIGKILL)
        self.process.wait()


def noted_cgroups(home):
    """Those of the one environment that is open."""
    directory = home.path + "/runtime/addesh/env"
    (name,) = os.listdir(directory)
    with open(directory + "/" + name) as f:
        return [line.split(" ", 1)[1].rstrip("\n")
                for line in f if line.startswith("cgroup ")]


@test
def a_cgroup_that_could_not_be_removed_goes_later():
    with Home(options=engines.sandbox("restricted")) as h:
        shell = h.spawn("-c", "env new", "-c", "exec echo open", "-i",
                        stdin=subprocess.PIPE)
        same(shell.stdout.readline(), b"open\n")
        dirs = [d for d in noted_cgroups(h) if os.path.isdir(d)]
        for path in dirs:  # with one below it none can be removed
            os.mkdir(path + "/busy")
        try:
            _, err = shell.communicate(b"quit\n", patient(30))
        finally:
            for path in dirs:
                os.rmdir(path + "/busy")
        if not dirs:
            raise Skip("no cgroup can be had here")
        assert shell.returncode == 125 and b"busy" in err, err
        items, _ = gc(h)
        same([items[path]["keep"] for path in dirs], [False] * len(dirs))
        same([path for path in dirs if os.path.exists(path)], [])
        same(os.listdir(h.path + "/runtime/addesh/env"), [])


def owner_of(kind, home):
    """HOST:BOOT, as the labels of its environments begin."""
    api = engines.api(kind)
    shell = home.spawn("-i", "-c", "env new --name gc-owner", stdin=-1)
    try:
        while True:    # the test's deadline ends this
            for c in containers(api):
                if c["Labels"].get("addesh.name") == "gc-owner":
                    return ":".join(
                        c["Labels"]["addesh.owner"].split(":")[:2])
            if shell.poll() is not None:
                raise AssertionError(shell.stderr.read())
            pause()
    finally:
        shell.communicate(b"quit\n", 90)


def containers(api):
    return api.containers("addesh.owner")


def make(api, labels, *argv, **query):
    body = {"Image": "busybox:latest", "Cmd": argv or ["sleep", "1000"],
            "Labels": labels}
    made = api.call("POST", "/containers/create", body, **query)["Id"]
    api.call("POST", "/containers/%s/start" % made)
    return made


def there(api, made):
    try:
        api.get("/containers/%s/json" % made)
        return True
    except ApiError as e:
        same(e.status, 404)
        return False


@test("%s: a container goes if its owner has ended", engines.KINDS)
def _(kind):
    api = engines.api(kind)
    with Home(options=engines.sandbox(kind)) as h, Apart(h) as apart:
        host = owner_of(kind, h)
        owners = {
            "dead": "%s:%d:1" % (host, DEAD),
            "reused pid": "%s:1:1" % host,
            "alive": "%s:1:%s" % (host, apart.start_of_first()),
            "elsewhere": "0123456789ab:0123456789ab:1:1",
            "no owner": "nonsense",
        }
        # young, so that nobody takes one away before it is started
        made = {name: make(api, {"addesh.owner": owner,
                                 "addesh.created": str(int(time.time()))})
                for name, owner in owners.items()}
        made["not ours"] = make(api, {"com.example": "addesh.owner"})
        try:
            gone = {made["dead"], made["reused pid"]}
            items, _ = gc(h, "--dry-run")
            for name, one in made.items():
                assert there(api, one), name
                same(one[:12] in items, one in gone, name)
            same(items[made["dead"][:12]]["why"], "its owner has ended")
            gc(h)
            same({name for name, one in made.items() if not there(api, one)},
                 {"dead", "reused pid"})
        finally:
            for one in made.values():
                try:
                    api.call("DELETE", "/containers/" + one, force=1)
                except ApiError as e:
                    same(e.status, 404)


def has_ended(api, made):
    """Waits until it has, or is gone."""
    try:
        api.post("/containers/%s/wait" % made)
    except ApiError as e:
        same(e.status, 404)


@test("%s: a kept container goes when it has ended, whoever made it",
      engines.KINDS)
def _(kind):
    api = engines.api(kind)
    labels = {"addesh.owner": "0123456789ab:0123456789ab:1:1",
              "addesh.created": str(int(time.time()))}
    name = "addesh-kept-%08x%08x"
    made = []
    with Home(options=engines.sandbox(kind)) as h:
        try:
            made.append(make(api, labels, name=name % (0, os.getpid())))
            end = time.monotonic() + patient(60)
            items = {}
            # a session beside this one may be the one that sweeps it
            while made[-1][:12] not in items and time.monotonic() < end:
                made.append(make(api, labels, "true",
                                 name=name % (len(made), os.getpid())))
                has_ended(api, made[-1])
                items, _ = gc(h)
            same(items[made[-1][:12]]["why"], "it has ended")
            # Docker shows for a moment what that session is removing
            while any(there(api, one) for one in made[1:]) and \
                    time.monotonic() < end:
                pause()
            same([there(api, one) for one in made],
                 [True] + [False] * (len(made) - 1))
        finally:
            for one in made:
                api.remove(one)


main()
