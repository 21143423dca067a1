# SPDX-License-Identifier: MIT
"""Running addesh with a home and an environment of its own.

	with Home() as home:
	    done = home.addesh("-c", "env new", timeout=20)
	    done.is_ok()
	    assert "ready" in done.out

A death by a signal, and a report of a sanitizer, fail the test by themselves.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from tap import SLOW, diag, patient, same

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60
SANITIZER = re.compile(rb"(Address|Leak|Undefined\w*)Sanitizer|"
                       rb"[.][ch]:\d+:\d+: runtime error:")


def program():
    """The addesh under test: $ADDESH, else that of the directory build."""
    return os.environ.get("ADDESH") or os.path.abspath("addesh")


def source():
    """The top of the source tree."""
    return os.environ.get("ADDESH_SOURCE") or os.path.abspath(
        os.path.join(os.path.dirname(__file__), "..", ".."))


class Died(AssertionError):
    """addesh ended by a signal, or a sanitizer found a fault."""


def check_end(status, err, argv=()):
    """Raises Died unless it is an ordinary end."""
    what = " ".join(map(str, argv)) or "addesh"
    if SANITIZER.search(err):
        raise Died("%s: a sanitizer's report\n%s" % (
            what, err.decode(errors="replace")))
    if status < 0:
        raise Died("%s: died of %s\n%s" % (
            what, signal.Signals(-status).name,
            err.decode(errors="replace")))


def _unique(pairs):
    found = dict(pairs)
    same(len(found), len(pairs), "a name stands twice: %r" % (pairs,))
    return found


def result_object(line):
    """What one command wrote with --json; no name stands twice in it."""
    return json.loads(line, object_pairs_hook=_unique)


class Done:
    """What a command left: status, and both streams as bytes and text."""

    def __init__(self, argv, status, out, err):
        self.argv = argv
        self.status = status
        self.out_bytes = out
        self.err_bytes = err
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")

    def objects(self):
        """Of each command that was called with --json."""
        return [result_object(line) for line in self.out.splitlines()]

    def is_status(self, wanted):
        """Fails, showing all, unless the status is this; returns self."""
        if self.status != wanted:
            diag(self)
            raise AssertionError("status %d, wanted %d" % (self.status,
                                                           wanted))
        return self

    def is_ok(self):
        return self.is_status(0)

    def __str__(self):
        return "%s\nstatus %d\nstdout:\n%s\nstderr:\n%s" % (
            self.argv, self.status, self.out[-4000:], self.err[-4000:])


class Home:
    """A directory with HOME, XDG directories, TMPDIR and a place to work.

    env		more variables of the environment, which is otherwise clean
    options	options before the arguments of every command, for instance
		engines.sandbox("docker")
    """

    def __init__(self, env=None, options=()):
        self.path = tempfile.mkdtemp(prefix="addesh-test-")
        self.options = list(options)
        self.env = {
            "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
            "LSAN_OPTIONS": "print_suppressions=0:suppressions=" +
                            os.path.join(HERE, "lsan.supp"),
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS",
                                            "print_stacktrace=1"),
        }
        for name, place in (("HOME", "home"), ("TMPDIR", "tmp"),
                            ("XDG_CONFIG_HOME", "config"),
                            ("XDG_STATE_HOME", "state"),
                            ("XDG_CACHE_HOME", "cache"),
                            ("XDG_DATA_HOME", "data"),
                            ("XDG_RUNTIME_DIR", "runtime")):
            self.env[name] = self.dir(place)
        self.work = self.dir("work")
        if SLOW > 1 or any(o.startswith("unix:") for o in self.options):
            self._wait_longer()
        self.env.update(env or {})

    def _wait_longer(self):
        """On a busy machine no engine keeps the default deadlines: Podman
        answers nothing while it waits for its storage."""
        with open(self.dir("site/addesh") + "/addesh.yaml", "w") as f:
            f.write("engine: {connect_timeout: %ds, start_timeout: %ds, "
                    "answer_timeout: %ds}\n" % (
                        patient(2), patient(60), patient(30)))
        self.env["XDG_CONFIG_DIRS"] = self.dir("site")

    def dir(self, name):
        path = os.path.join(self.path, name)
        os.makedirs(path, 0o700, exist_ok=True)
        return path

    def write(self, name, data):
        """Writes a file of the place to work; returns its path."""
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def argv(self, *args):
        return [program()] + self.options + [str(a) for a in args]

    def spawn(self, *args, env=None, **kw):
        """A Popen of addesh, for tests that talk to it or kill it."""
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        kw.setdefault("cwd", self.work)
        return subprocess.Popen(self.argv(*args),
                                env={**self.env, **(env or {})}, **kw)

    def addesh(self, *args, stdin=b"", timeout=LIMIT, env=None, cwd=None):
        """Runs it to its end; more than timeout seconds is a failure."""
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        process = self.spawn(*args, env=env, stdin=subprocess.PIPE,
                             cwd=cwd or self.work)
        try:
            out, err = process.communicate(data, patient(timeout))
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            diag(Done(process.args, -9, out, err))
            raise
        check_end(process.returncode, err, process.args)
        return Done(process.args, process.returncode, out, err)

    def script(self, text, *args, **kw):
        """Runs the lines as a script file; the arguments come before it."""
        return self.addesh(*args, self.write("script.addesh", text), **kw)

    def files(self):
        """Every path below it that is not a directory or the work's own:
        what addesh left behind."""
        return sorted(
            os.path.relpath(os.path.join(top, name), self.path)
            for place in ("home", "tmp", "config", "state", "cache", "data",
                          "runtime")
            for top, _, names in os.walk(os.path.join(self.path, place))
            for name in names)

    def close_kept(self):
        """Ends the environments that outlive the commands of this home."""
        path = os.path.join(self.env["XDG_STATE_HOME"], "addesh", "kept")
        for name in os.listdir(path) if os.path.isdir(path) else ():
            if not name.endswith(".json"):
                continue
            with open(os.path.join(path, name)) as f:
                engine = json.load(f).get("box", {}).get("engine")
            options = ["--engine", engine] if engine else []
            self.addesh(*options, "env", "rm", name[:-len(".json")])

    def close(self):
        try:
            self.close_kept()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
