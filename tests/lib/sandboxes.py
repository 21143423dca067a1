# SPDX-License-Identifier: MIT
"""One session of addesh in each kind of sandbox, and what is seen of its
environment from outside.

	with Session("docker") as s:
	    s.do("env new")
	    r = s.run("a.py", "print(1)")
	    s.settled()

The kinds are docker, podman, and the restricted sandbox as root and as an
ordinary user; without root the first three skip.
"""

import base64
import ctypes
import json
import os
import pwd
import select
import shutil
import tempfile
import time

import addesh
import engines
from tap import diag, patient, same

ENGINES = engines.KINDS
RESTRICTED = ("restricted-root", "restricted-user")
KINDS = ENGINES + RESTRICTED

# A sanitizer keeps what is freed for a while, to see it used: less of it.
LITTLE_KEPT = {"ASAN_OPTIONS": "quarantine_size_mb=1"}

# A command's answer comes within its own limits and this, or it hangs.
LIMIT = 90
END = "END-OF-PROGRAM"


def check_kind(kind):
    """Skips the test where this kind cannot be had."""
    if os.geteuid() and kind != "restricted-user":
        engines.skip("%s needs root" % kind)
    if kind in RESTRICTED and not shutil.which("bwrap"):
        engines.skip("bwrap is not installed (package bubblewrap)")


def subreaper():
    """Orphans of what this process starts become its children, so that none
    of them gets out of sight (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def nobody():
    """(uid, gid) of the ordinary user."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


_copy = None


def readable_copy():
    """A directory with addesh and all that it needs which an ordinary user
    can read, wherever the build is."""
    global _copy
    if _copy is None:
        _copy = tempfile.mkdtemp(prefix="addesh-test-copy-")
        os.chmod(_copy, 0o755)
        build = os.path.dirname(addesh.program())
        for name in os.listdir(build):
            if name == "addesh" or name.startswith("runner-"):
                shutil.copy(os.path.join(build, name), _copy)
        shutil.copytree(os.path.join(addesh.source(), "share", "addesh"),
                        os.path.join(_copy, "share"))
        import atexit
        atexit.register(shutil.rmtree, _copy, ignore_errors=True)
    return _copy


class SandboxHome(addesh.Home):
    """A Home whose commands use this kind of sandbox."""

    def __init__(self, kind, env=None, config=None, options=()):
        check_kind(kind)
        super().__init__(env=env, options=options)
        self.kind = kind
        self.user = {}
        settings = {"host": {"read": ["/"], "write": ["/"]},
                    "tools": {"code_execution": {}}}
        if kind in ENGINES:
            self.options += ["--engine", engines.endpoint(kind)]
            # a busy machine's may take longer than the default
            settings["engine"] = {"start_timeout": patient(60)}
            settings["tools"]["code_execution"]["sandbox"] = "docker"
        else:
            settings["tools"]["code_execution"]["sandbox"] = "restricted"
        if kind == "restricted":    # replays have no settings of the user's
            self.options += ["--engine", "restricted"]
        for section, values in (config or {}).items():
            settings.setdefault(section, {}).update(values)
        # JSON is YAML
        path = os.path.join(self.env["XDG_CONFIG_HOME"], "addesh")
        os.makedirs(path, 0o700)
        with open(os.path.join(path, "addesh.yaml"), "w") as f:
            json.dump(settings, f)
        if kind == "restricted-user" and not os.geteuid():
            self._become(*nobody())

    def _become(self, uid, gid):
        copy = readable_copy()
        self.user = {"user": uid, "group": gid, "extra_groups": []}
        self.env["ADDESH_LIBEXECDIR"] = copy
        self.env["ADDESH_DATADIR"] = os.path.join(copy, "share")
        for top, dirs, files in os.walk(self.path):
            for name in [top] + [os.path.join(top, f) for f in files]:
                os.chown(name, uid, gid)

    def argv(self, *args):
        argv = super().argv(*args)
        if self.user:
            argv[0] = os.path.join(readable_copy(), "addesh")
        return argv

    def spawn(self, *args, **kw):
        return super().spawn(*args, **{**self.user, **kw})

    def results(self, *commands, options=(), **kw):
        """The object of each command, those among the options too; none of
        them ends the session.  What they left is in done."""
        self.done = self.addesh("--json", "-k", *options, *sum(
            (["-c", c] for c in commands), []), **kw)
        found = self.done.objects()
        same(len(found), len(commands) + list(options).count("-c"), self.done)
        return found

    def ok(self, *commands, **kw):
        """The results of commands that must succeed."""
        found = self.results(*commands, **kw)
        for o, command in zip(found, commands):
            if not o["ok"]:
                diag(self.done)
                raise AssertionError("%s: %s" % (command, o))
        return [o["result"] for o in found]

    def own(self, path):
        """Gives a file that a test made to the user that addesh runs as."""
        if self.user:
            os.chown(path, self.user["user"], self.user["group"])
        return path


class Gone(AssertionError):
    """addesh ended, or did not answer in time."""


class Session:
    """addesh --json that reads commands from a pipe: one object a command."""

    def __init__(self, kind, env=None, config=None, new="env new"):
        self.home = SandboxHome(kind, env=env, config=config)
        self.kind = kind
        self.err = open(os.path.join(self.home.path, "stderr"), "w+b")
        self.process = self.home.spawn("--json", "-k", stdin=-1,
                                       stderr=self.err)
        self.buffer = b""
        self.env = self.base = None
        if new:
            self.env = self.ok(new)
            self.env = self.ok("env info")
            self.base = self.settled()

    # ---- commands ----

    def send(self, line, body=None):
        if body is not None:
            line += " <<'%s'\n%s\n%s" % (END, body, END)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, limit=LIMIT):
        """The next object that addesh writes."""
        end = time.monotonic() + patient(limit)
        out = self.process.stdout
        while b"\n" not in self.buffer:
            left = max(0, end - time.monotonic())
            if not select.select([out], [], [], left)[0]:
                raise Gone("no answer in %d s\n%s" % (limit, self.stderr()))
            data = os.read(out.fileno(), 1 << 20)
            if not data:
                self.process.wait()
                addesh.check_end(self.process.returncode, self.stderr_bytes())
                raise Gone("addesh ended with %d\n%s" % (
                    self.process.returncode, self.stderr()))
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return addesh.result_object(line)

    def do(self, line, body=None, limit=LIMIT):
        """One command; its whole object."""
        self.send(line, body)
        return self.answer(limit)

    def ok(self, line, body=None, limit=LIMIT):
        """One command that must succeed; its result."""
        got = self.do(line, body, limit)
        if not got["ok"]:
            diag(json.dumps(got)[:4000])
            raise AssertionError("%r failed: %s" % (
                line, got.get("error") or got["result"]))
        return got["result"]

    def run(self, name, body, args="", options="", limit=LIMIT):
        """`run` of a program; the result whatever its status was."""
        got = self.do("run %s %s %s" % (options, name, args), body, limit)
        if "error" in got:
            raise AssertionError("run %s: %s" % (name, got["error"]))
        return Result(got["result"])

    def run_into_limit(self, name, body, args="", enough=None):
        """run() of what does not end, with a time limit that is longer each
        time until enough(result) or, without that, anything was written: on
        a busy machine a short one may pass before the program is loaded."""
        for seconds in 1, 5, 25:
            r = self.run(name, body, args, "-t %d" % seconds)
            r.is_verdict(exit_code=124, timed_out=True, status="timeout",
                         oom_killed=False, environment_lost=False)
            # what may pass: the interrupt, the kill, two seconds for the
            # pipes, and a busy machine
            r.late_ms = r["duration_ms"] - 1000 * seconds
            assert 0 <= r.late_ms < patient(15000), r.late_ms
            if enough(r) if enough else r.out:
                break
        return r

    def is_small(self):
        """Fails if addesh itself took much memory at any time; with
        sanitizers start it with LITTLE_KEPT."""
        room = 256 if os.environ.get("ADDESH_TEST_SANITIZERS") else 64
        with open("/proc/%d/status" % self.process.pid) as f:
            peak = [l for l in f if l.startswith("VmHWM")][0].split()[1]
        assert int(peak) < room << 10, "addesh took %s kB" % peak

    def stderr_bytes(self):
        self.err.seek(0)
        return self.err.read()

    def stderr(self):
        return self.stderr_bytes()[-4000:].decode(errors="replace")

    # ---- the environment, from outside ----

    def root(self):
        """The pid under which all processes of the environment are."""
        if self.kind not in ENGINES:
            return self.process.pid
        state = engines.api(self.kind).get(
            "/containers/%s/json" % self.env["id"])["State"]
        return state["Pid"]

    def processes(self):
        """{pid: command line} of the environment, zombies too."""
        root = self.root()
        found = descendants(root)
        if self.kind in ENGINES:
            found[root] = command_line(root)
        return found

    def settled(self, limit=60):
        """Waits until nothing runs there but what did when it was new."""
        end = time.monotonic() + patient(limit)
        while True:
            now = self.processes()
            extra = {p: c for p, c in now.items()
                     if self.base is not None and p not in self.base}
            if not extra:
                return now
            if time.monotonic() > end:
                raise AssertionError("left in the environment: %s" % extra)
            select.select([], [], [], 0.02)    # there is no event to wait for

    def works(self):
        """Nothing is left, and the next run works."""
        self.settled()
        r = self.run("ok.py", "print('O' + 'K')")
        same((r["exit_code"], r.out), (0, b"OK\n"), "the next run")

    def renew(self):
        """After the environment was lost: the new one's facts."""
        self.env = self.ok("env info")
        self.base = None
        self.base = self.settled()

    def close(self):
        """Ends the session as its user would."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(patient(LIMIT))
            except Exception:
                self.process.kill()
                self.process.wait()
                raise
            finally:
                self.process.stdout.close()
        text = self.stderr_bytes()
        self.err.close()
        self.home.close()
        addesh.check_end(self.process.returncode, text)

    def kill(self):
        """Ends it at once, after a failure."""
        self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.err.close()
        self.home.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()
        else:
            diag(self.stderr())
            self.kill()


class Result(dict):
    """A run's result, with its streams as bytes."""

    def stream(self, name):
        if name in self:
            return self[name].encode()
        return base64.b64decode(self[name + "_b64"])

    @property
    def out(self):
        return self.stream("stdout")

    @property
    def errs(self):
        return self.stream("stderr")

    def is_verdict(self, **wanted):
        """Fails, showing all, unless these members have these values."""
        got = {name: self.get(name) for name in wanted}
        if got != wanted:
            diag(json.dumps(self)[:4000])
            same(got, wanted, "verdict")
        return self


class Shared:
    """Sessions that several tests use, one for each kind; a failed test takes
    its session with it."""

    def __init__(self, **kw):
        self.kw = kw
        self.open = {}

    def use(self, kind):
        if kind not in self.open:
            self.open[kind] = Session(kind, **self.kw)
        return _Use(self, kind)

    def close(self):
        for kind in list(self.open):
            self.open.pop(kind).close()


class _Use:
    def __init__(self, shared, kind):
        self.shared, self.kind = shared, kind

    def __enter__(self):
        return self.shared.open[self.kind]

    def __exit__(self, kind, value, trace):
        if kind is not None:
            session = self.shared.open.pop(self.kind)
            diag(session.stderr())
            session.kill()


# ---- /proc ----

def _stat(pid, field):
    """A number of /proc/PID/stat, by its place in proc(5)."""
    with open("/proc/%d/stat" % pid, "rb") as f:
        text = f.read()
    return int(text[text.rindex(b")") + 2:].split()[field - 3])


def start_time(pid):
    """In ticks since the machine was booted."""
    return _stat(pid, 22)


def _parents():
    """{pid: parent} of every process there is."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            found[int(name)] = _stat(int(name), 4)
        except OSError:
            continue
    return found


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def children(root):
    """{pid: command line} of its own children."""
    return {p: command_line(p) for p, parent in _parents().items()
            if parent == root}


def descendants(root):
    """{pid: command line} of all that descend from root, without it."""
    parents = _parents()
    found, fresh = {}, {root}
    while fresh:
        fresh = {p for p, parent in parents.items() if parent in fresh}
        found.update((p, command_line(p)) for p in fresh)
    return found
