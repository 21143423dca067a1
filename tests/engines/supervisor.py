# SPDX-License-Identifier: MIT
"""Starts the engines of the tests, and ends them whatever happens.

	unshare --net --mount --propagation slave python3 supervisor.py ...

The supervisor lives in a network and a mount namespace of its own, with its
own /run and /dev/shm, so that nothing which an engine leaves there outlives
it, and is the reaper of all that the engines start (prctl(2),
PR_SET_CHILD_SUBREAPER).  It ends on SIGTERM, SIGINT, or when the other end
of the pipe --life is closed, which also happens when its user is killed.
"""

import argparse
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import daemons  # noqa: E402
import packages  # noqa: E402

PR_SET_CHILD_SUBREAPER = 36    # linux/prctl.h


def command(*argv):
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def isolate(base):
    """Loopback, and private /run and /dev/shm; /run/user stays visible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    command("ip", "link", "set", "lo", "up")
    # an address that containers reach through their default route
    command("ip", "addr", "add", packages.ADDRESS + "/32", "dev", "lo")
    run = os.path.join(base, "run.new")
    os.mkdir(run)
    command("mount", "-n", "-t", "tmpfs", "-o", "mode=755", "tmpfs", run)
    os.mkdir(os.path.join(run, "lock"))
    if os.path.isdir("/run/user"):
        os.mkdir(os.path.join(run, "user"))
        command("mount", "-n", "--rbind", "/run/user",
                os.path.join(run, "user"))
    command("mount", "-n", "--move", run, "/run")
    os.rmdir(run)
    command("mount", "-n", "-t", "tmpfs", "-o", "mode=1777", "tmpfs",
            "/dev/shm")
    # Podman asks it for the package of each of its programs whenever it tells
    # about itself, which is most of what an environment costs there
    if os.path.exists("/usr/bin/dpkg"):
        command("mount", "-n", "--bind", "/bin/false", "/usr/bin/dpkg")


def children():
    """The processes whose parent this is; orphans below it count."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as f:
                # the command in parentheses may hold anything
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(int(name))
    return found


def end_all():
    """Kills every descendant: the orphans of a child become children."""
    while True:
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def cgroups_below(name):
    """The directories of a cgroup in every hierarchy."""
    for root in ["/sys/fs/cgroup"] + [
            os.path.join("/sys/fs/cgroup", d)
            for d in os.listdir("/sys/fs/cgroup")]:
        for path, _, _ in os.walk(root + name):
            yield path


def empty_cgroups(name):
    """Those that hold no process."""
    found = set()
    for path in cgroups_below(name):
        try:
            with open(os.path.join(path, "cgroup.procs")) as f:
                if not f.read(1):
                    found.add(path)
        except OSError:
            pass
    return found


def remove_cgroups(paths):
    """Empty directories only: rmdir(2) refuses what is still in use."""
    for path in sorted(paths, reverse=True):    # the deepest first
        try:
            os.rmdir(path)
        except OSError:
            pass


def remove_shared_cgroups(name):
    """Another engine may have its own below it, and not be in them yet: what
    stays empty for a while is nobody's."""
    empty = empty_cgroups(name)
    if empty:
        time.sleep(3)
        remove_cgroups(empty & empty_cgroups(name))


def unmount_below(base):
    """What an engine mounted there would keep the directory busy."""
    with open("/proc/self/mountinfo") as f:
        points = [line.split()[4] for line in f]
    for point in sorted(points, reverse=True):
        if point.startswith(base + "/"):
            command("umount", "-n", "-l", point)


class Pair:
    """The engines and what belongs to them, started in order."""

    def __init__(self, base, want, archives):
        self.base = base
        self.want = want
        self.archives = archives
        self.running = []
        self.state = {"pid": os.getpid(), "base": base}

    def start(self):
        for kind in (daemons.Docker, daemons.Podman, daemons.MappedDocker,
                     daemons.RootlessPodman):
            if kind.name in self.want:
                self.launch(kind(self.base))
        engines = list(self.running)
        self.index()
        if "registry" in self.want:
            self.registries()
        # both at once: they read the same archive
        loaders = [threading.Thread(target=self.fill, args=(e,))
                   for e in engines]
        for t in loaders:
            t.start()
        for t in loaders:
            t.join()
        if "error" in self.state:
            raise daemons.EngineError(self.state["error"])

    def launch(self, daemon):
        self.running.append(daemon)
        daemon.start()
        self.state[daemon.name] = getattr(daemon, "endpoint", None) or \
            "127.0.0.1:%d" % daemon.port

    def fill(self, engine):
        """Twice: Podman has closed the connection on a busy machine."""
        for last in False, True:
            try:
                engine.load(self.archives.values())
                return
            except Exception as e:
                text = "%s: load: %s" % (engine.name, e)
                if last:
                    self.state["error"] = text
                    return
                print(text, file=sys.stderr)
            if not engine.answers():
                engine.stop()
                engine.start()

    def index(self):
        packages.serve(os.path.join(self.base, "packages"))
        self.state["pip_index"] = packages.PIP_INDEX
        self.state["npm_registry"] = packages.NPM_REGISTRY
        self.state["go_proxy"] = packages.GO_PROXY
        self.state["gem_source"] = packages.GEM_SOURCE

    def registries(self):
        store = os.path.join(self.base, "store")
        daemons.Store(store).fill(self.archives["small"])
        for auth in (False, True):
            self.launch(daemons.Registry(self.base, store, auth))
        self.state["user"] = daemons.USER
        self.state["password"] = daemons.PASSWORD

    def stop(self):
        for daemon in reversed(self.running):
            daemon.stop()
        end_all()
        unmount_below(self.base)
        remove_cgroups(cgroups_below(daemons.cgroup_parent(self.base)))
        if "podman" in self.want:
            remove_shared_cgroups("/libpod_parent")


def write_state(base, state):
    path = os.path.join(base, "state.json")
    with open(path + ".new", "w") as f:
        json.dump(state, f, indent=1)
    os.rename(path + ".new", path)


def reap():
    """A monitor of each container that has been becomes our child."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def wait_for_end(life):
    """Until the pipe is closed or a signal to end arrives."""
    wake, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                   signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    watched = [wake] + ([life] if life is not None else [])
    came = set()
    while came <= {signal.SIGCHLD}:
        reap()
        ready = select.select(watched, [], [])[0]
        if life in ready:
            return
        came = set(os.read(wake, 4096))


def stop_early(*_):
    raise SystemExit(1)


def supervise(args):
    pair = Pair(args.base, args.want.split(","), json.loads(args.archives))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop_early)
    try:
        os.chdir("/")    # keeps no directory of its user busy
        isolate(args.base)
        pair.start()
        write_state(args.base, pair.state)
        os.write(args.ready, b"ready\n")
        os.close(args.ready)
        wait_for_end(args.life)
    except (OSError, RuntimeError, subprocess.CalledProcessError,
            daemons.EngineError) as e:
        os.write(args.ready, str(e).encode()[-4000:])
        return 1
    finally:
        pair.stop()
        shutil.rmtree(args.base, ignore_errors=True)
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--want", required=True)
    parser.add_argument("--archives", required=True)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--life", type=int)
    args = parser.parse_args()
    for fd in (args.ready, args.life):
        if fd is not None:
            os.set_inheritable(fd, False)
    return supervise(args)


if __name__ == "__main__":
    sys.exit(main())
