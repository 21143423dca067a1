# SPDX-License-Identifier: MIT
"""The program adde as a client calls it.

	with Adde("docker") as adde:
	    env = adde.ok("create_runtime_env", image="busybox")
	    ...

Client is what ADDE's Python client does, and nothing more: it must do with adde
as it is.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import addesh
import engines
import sandboxes
from tap import diag, patient, same, test

# Where adde is not what ADDE is, and nowhere else.  Each has its tests.
DEVIATIONS = {
    "timeout": "the time limit is kept: exit_code 124, timed_out, and what "
               "the program wrote until then",
    "pull": "a failed pull is an error",
    "dependencies": "a failed install of dependencies is an error",
    "ports": "port bindings without network, or with a bad port, are an "
             "error that names the field",
    "extension": "an unknown extension is an error",
    "tag": "foo:bar as tag is a clear error",
    "dockerignore": ".dockerignore is honoured",
    "links": "links in a context work",
    "security": "the security check reads instructions",
    "filter_tag": "agent-env as filter_tag lists all agent images",
    "tail_lines": "tail_lines counts lines",
    "failed_layer": "it is the instruction that failed, with its number",
    "build_log_summary": "the last 20 lines of that step, or of the build",
    "cleanup": "contexts and workspaces go with cleanup, at once",
}


def deviation(names, values):
    """A test of these deviations, for each of the values."""
    for name in names.split():
        assert name in DEVIATIONS, name
    return test("deviation: %s: %%s" % names, values)


class Client:
    """Runs BIN TOOL JSON with its own standard input, and raises what either
    stream says when the status is not 0."""

    def __init__(self, binary, env=None, cwd=None):
        assert os.path.isfile(binary)
        self.binary, self.env, self.cwd = binary, env, cwd

    def call(self, tool, request, timeout=120):
        done = subprocess.run([self.binary, tool, json.dumps(request)],
                              capture_output=True, text=True, env=self.env,
                              cwd=self.cwd, timeout=patient(timeout))
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or done.stdout.strip())
        return json.loads(done.stdout)


class Answer:
    """What a call left: status, standard error, and the response."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode(errors="replace")
        self.json = json.loads(done.stdout) if done.stdout else None

    def __str__(self):
        return "status %d\n%s\n%s" % (self.status,
                                      self.out[:4000], self.err[:4000])


class Adde(addesh.Home):
    """A home with the program adde; kind: an engine of tests/lib/engines.py,
    or None where none is needed."""

    def __init__(self, kind=None, env=None, policy=None):
        url = engines.endpoint(kind) if kind else "unix:///nonexistent.sock"
        super().__init__({"DOCKER_HOST": url, **(env or {})})
        if kind:
            self._wait_longer()
        self.kind = kind
        self.user = {}
        self.made = []    # environments
        self.binary = os.path.join(self.dir("bin"), "adde")
        os.symlink(addesh.program(), self.binary)
        if policy:
            path = os.path.join(self.dir("config/addesh"), "addesh.yaml")
            with open(path, "w") as f:
                f.write(policy)

    def become_nobody(self):
        """From now on it is run by an ordinary user, who may use the engine
        as a member of its group."""
        uid, gid = sandboxes.nobody()
        copy = sandboxes.readable_copy()
        socket = engines.endpoint(self.kind)[len("unix://"):]
        self.user = {"user": uid, "group": gid,
                     "extra_groups": [os.stat(socket).st_gid]}
        self.env["ADDESH_LIBEXECDIR"] = copy
        self.env["ADDESH_DATADIR"] = os.path.join(copy, "share")
        os.unlink(self.binary)
        os.symlink(os.path.join(copy, "addesh"), self.binary)
        for top, dirs, files in os.walk(self.path):
            os.chown(top, uid, gid)
            for name in files:
                os.lchown(os.path.join(top, name), uid, gid)

    def run(self, *argv, stdin=b"", env=None, timeout=90):
        done = subprocess.run([self.binary] + list(argv), input=stdin,
                              capture_output=True, cwd=self.work,
                              env={**self.env, **(env or {})},
                              timeout=patient(timeout), **self.user)
        addesh.check_end(done.returncode, done.stderr, argv)
        return done

    def call(self, tool, request=None, **fields):
        """An answer, whatever it is; a request that is text goes as it is."""
        if not isinstance(request, (str, bytes)):
            request = json.dumps({**(request or {}), **fields})
        answer = Answer(self.run(tool, request))
        if answer.json and answer.json.get("container_id"):
            self.made.append(answer.json["container_id"])
        return answer

    def ok(self, tool, request=None, **fields):
        """The response of a call that succeeds, and says nothing else."""
        answer = self.call(tool, request, **fields)
        if answer.status or answer.err or "error" in answer.json:
            diag(answer)
            raise AssertionError("%s failed" % tool)
        return answer.json

    def fails(self, tool, request=None, **fields):
        """The error of one that does not: it is all in the response."""
        answer = self.call(tool, request, **fields)
        same((answer.status, answer.err), (1, ""), answer)
        return answer.json["error"]

    def client(self):
        return Client(self.binary, self.env, self.work)

    def close(self):
        for env in self.made:
            self.run("cleanup_env", json.dumps({"container_id": env}))
        super().close()
