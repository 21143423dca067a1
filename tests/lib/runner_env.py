"""Environments for the runner's own tests, without an engine.

A runner is PID 1 of a new PID and mount namespace with the capabilities that
an engine gives it, and three sized tmpfs as writable places.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import runner_client
import tap

CAPS = "+setuid,+setgid,+kill,+chown,+setpcap"
UID = 23000
OTHER = 60123  # an ordinary user


def runner_path():
    path = os.environ.get("ADDESH_TEST_RUNNER")
    if not path:
        raise SystemExit("ADDESH_TEST_RUNNER names no runner")
    return path


def need(condition, reason):
    """Skips where something is missing, or fails where it must be there."""
    if condition:
        return
    if tap.required():
        raise AssertionError("needed here: " + reason)
    raise tap.Skip(reason)


def main(namespace, setup):
    """Runs the functions test_* of a program, each with a new environment."""
    def with_env(function):
        def run():
            env = setup()
            try:
                function(env)
            finally:
                env.finish()
        return run

    for name, function in list(namespace.items()):
        if name.startswith("test_"):
            title = (function.__doc__ or name[5:].replace("_", " "))
            tap.test(title.split("\n")[0])(with_env(function))
    tap.main()


def children(pid):
    """A process that is gone has none."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def status(pid):
    """Of a process that is gone it is empty."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def resident_kb(pid):
    return [int(s.split()[1]) for s in status(pid).splitlines()
            if s.startswith("VmRSS")][0]


class Cgroup:
    """A cgroup v1 or v2 of the test's own, with limits."""

    V1 = "/sys/fs/cgroup"
    count = 0

    def __init__(self, memory=None, pids=None, inherit=None):
        self.dirs = []
        self.fds = {}
        self.memory_dir = self.pids_dir = None
        Cgroup.count += 1
        self.name = name = "addesh-test-%d-%d" % (os.getpid(), Cgroup.count)
        need(os.access(self.V1, os.W_OK), "a writable cgroup")
        if os.path.isdir(self.V1 + "/memory"):
            self.memory_dir = self._make("memory/" + name)
            self.pids_dir = self._make("pids/" + name)
            files = ("memory.limit_in_bytes", "pids.max")
        else:
            self.memory_dir = self.pids_dir = self._make(name)
            files = ("memory.max", "pids.max")
        if memory:
            self._write(self.memory_dir, files[0], memory)
        if pids:
            self._write(self.pids_dir, files[1], pids)
        if inherit:
            self._open(inherit)

    def _open(self, join):
        """Descriptors for a runner that stays outside.  Code is born inside,
        on v1 of a thread (tasks), or enters by itself (procs)."""
        if self.memory_dir != self.pids_dir:
            enter = "tasks" if join == "tasks" else "cgroup.procs"
            names = [(join, self.memory_dir, enter, os.O_WRONLY),
                     (join, self.pids_dir, enter, os.O_WRONLY),
                     ("events", self.memory_dir, "memory.oom_control", 0),
                     ("memory_max", self.memory_dir,
                      "memory.limit_in_bytes", 0),
                     ("memory", self.memory_dir, "memory.usage_in_bytes", 0),
                     ("peak", self.memory_dir, "memory.max_usage_in_bytes",
                      os.O_RDWR)]
        else:
            names = [("procs", self.memory_dir, "cgroup.procs", os.O_WRONLY),
                     ("events", self.memory_dir, "memory.events", 0),
                     ("memory_max", self.memory_dir, "memory.max", 0),
                     ("memory", self.memory_dir, "memory.current", 0),
                     ("kill", self.memory_dir, "cgroup.kill", os.O_WRONLY),
                     # before Linux 6.12 it cannot be reset
                     ("peak", self.memory_dir, "memory.peak", 0)]
            if join == "tasks":
                names.append(("dir", self.memory_dir, ".", os.O_PATH))
        names += [("pids", self.pids_dir, "pids.current", 0),
                  ("pids_max", self.pids_dir, "pids.max", 0)]
        for role, directory, name, flags in names:
            self.fds[os.open(os.path.join(directory, name), flags)] = role

    def _make(self, name):
        path = os.path.join(self.V1, name)
        try:
            os.mkdir(path)
        except OSError as e:
            self.remove()
            raise tap.Skip("a cgroup of its own: %s" % e)
        self.dirs.append(path)
        return path

    @staticmethod
    def _write(directory, name, value):
        with open(os.path.join(directory, name), "w") as f:
            f.write(str(value))

    def enter(self):
        """For preexec_fn."""
        for path in self.dirs:
            self._write(path, "cgroup.procs", 0)

    def remove(self):
        deadline = time.monotonic() + tap.patient(60)
        for fd in self.fds:
            os.close(fd)
        self.fds = {}
        for path in self.dirs:
            while True:
                try:
                    os.rmdir(path)
                    break
                except OSError:  # its processes are still ending
                    if time.monotonic() > deadline:
                        raise
        self.dirs = []


# Shell text: a background tree of three programs, and waiting until it is up.
# The images of the tests have no pgrep(1).
SLEEPERS = """
setsid sh -c 'sleep 1000 & sleep 1000 & sleep 1000' &
until [ "$(cat /proc/[0-9]*/comm 2> /dev/null | grep -cx sleep)" = 3 ]; do :
done
"""
NAMES = "cat /proc/[0-9]*/comm 2> /dev/null"

# Leaves two objects of each kind of System V IPC behind.
IPC = """
import ctypes
libc = ctypes.CDLL(None)
for mode in (0o1600, 0o1000):
    shm = libc.shmget(0, 4 << 20, mode)
    p = libc.shmat
    p.restype = ctypes.c_void_p
    ctypes.memset(p(shm, None, 0), 1, 4 << 20) if mode & 0o600 else None
    print(shm >= 0, libc.msgget(0, mode) >= 0, libc.semget(0, 3, mode) >= 0)
"""

SETUP = """
mount --make-rprivate /
mount -t tmpfs -o mode=777,size=%(size)s none "$D/ws"
for d in tmp shm; do
    mount -t tmpfs -o mode=1777,size=%(size)s none "$D/$d"
done
exec %(wrap)s "$D/runner" %(args)s
"""


class Env(runner_client.Process):
    """A runner and its client; close() ends both and removes the places."""

    def __init__(self, size="32m", cgroup=None, check_crc=True, user="root",
                 caps=True, before="", cwd="/", leaf=None,
                 args="", socket=False):
        need(os.geteuid() == 0, "root")
        self.cgroup = cgroup
        self.leaf = leaf
        self.others = []
        program = runner_path()
        self.dir = tempfile.mkdtemp(prefix="addesh-runner-test-")
        os.chmod(self.dir, 0o755)
        for name in ("ws", "tmp", "shm"):
            os.mkdir(os.path.join(self.dir, name))
        shutil.copy(program, os.path.join(self.dir, "runner"))
        self.ws = self.dir + "/ws"
        self.tmp = self.dir + "/tmp"
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                   "--ipc", "--net", "--mount-proc"]
        wrap = "setpriv --bounding-set -all,%s --inh-caps -all" % CAPS
        if user != "root":
            unshare = ["setpriv", "--reuid", str(OTHER), "--regid",
                       str(OTHER), "--clear-groups", "unshare", "--user",
                       "--map-current-user", "--keep-caps"] + unshare[1:]
            wrap = "" if caps else "setpriv --ambient-caps -all"
        script = before + SETUP % {"size": size, "wrap": wrap, "args": args}
        super().__init__(
            unshare + ["sh", "-ec", script], check_crc=check_crc, cwd=cwd,
            env={"D": self.dir, "PATH": os.environ["PATH"],
                 "ASAN_OPTIONS": "detect_leaks=0"},
            pass_fds=leaf.fds if leaf else (),
            preexec_fn=cgroup.enter if cgroup else None, socket=socket)

    def config(self, **more):
        pairs = {"UID": UID, "GID": UID, "USER": "sandbox",
                 "ISOLATION": "uid", "WORKSPACE": self.ws}
        pairs.update(more)
        return [(k, v) for k, v in pairs.items() if v is not None] + [
            ("PLACE", self.ws), ("PLACE", self.tmp),
            ("PLACE", self.dir + "/shm")] + [
            ("CGROUP_FD", "%s=%d" % (role, fd)) for fd, role in
            (self.leaf.fds.items() if self.leaf else ())] + [
            ("BASE_ENV", "HOME=%s/home" % self.tmp),
            ("BASE_ENV", "TMPDIR=" + self.tmp),
            ("BASE_ENV", "PATH=/usr/local/bin:/usr/bin:/bin")]

    def open(self, **more):
        self.hello(self.config(**more))
        return self

    def runner_pid(self):
        """The runner's process id out here."""
        return children(self.proc.pid)[0]

    def helper_pid(self, timeout=60):
        """That of the helper, once the runner has one."""
        deadline = time.monotonic() + tap.patient(timeout)
        runner = self.runner_pid()
        while time.monotonic() < deadline:
            for pid in children(runner):
                if "\nUid:\t%d\t" % UID in status(pid):
                    return pid
        raise AssertionError("the runner has no helper")

    def second(self, **more):
        """Another runner in the same environment, as an engine's exec starts
        one, with uids of its own; finish() ends it, too."""
        other = self.exec()
        more.setdefault("UID", UID + 100)
        other.hello(self.config(**more))
        return other

    def exec(self, *args, **options):
        """The runner's program, started as an engine's exec does it."""
        other = runner_client.Process(
            ["nsenter", "-t", str(self.runner_pid()), "-m", "-p", "-i", "-n",
             "setpriv", "--bounding-set", "-all," + CAPS, "--inh-caps",
             "-all", self.dir + "/runner"] + list(args), **options)
        self.others.append(other)
        return other

    def finish(self):
        for other in self.others:
            other.kill()
            other.proc.stdin.close()
            other.proc.stdout.close()
        # one that is kept does not end with its parent
        kept = []
        for pid in children(self.proc.pid) if self.proc.poll() is None else ():
            try:
                kept.append(os.pidfd_open(pid))
            except ProcessLookupError:
                pass    # it has ended just now
        self.kill()
        for fd in kept:
            try:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(fd)
        for f in (self.proc.stdin, self.proc.stdout):
            if not f.closed:
                f.close()
        for cgroup in (self.cgroup, self.leaf):
            if cgroup:
                cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)
