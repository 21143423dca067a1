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

# Where adde is not what ADDE is, and nowhere else.  Each has its tests, and
# stands in adde(1) as it stands here.
DEVIATIONS = {
    "timeout": "The time limit is kept: exit_code is 124, timed_out is true, "
               "and what the program wrote until then is there, in the last "
               "log too.",
    "pull": "A pull that fails is an error.",
    "dependencies": "An install of dependencies that fails is an error with "
                    "install_log_summary, and needs no network of the "
                    "environment.",
    "ports": "Port bindings without network, or with a bad port, are an error "
             "that names the field.",
    "env_vars": "A name in env_vars that no variable can have is an error.",
    "extension": "An unknown extension is an error; what addesh knows beyond "
                 ".py, .js, .mjs, .ts and .sh is run.  .py is run with "
                 "python3, .sh with bash, and .ts with what can, where there "
                 "is one.",
    "tag": "foo:bar as tag is an error that says so.",
    "dockerignore": ".dockerignore is honoured.",
    "links": "Links in a context are sent as links.",
    "security": "The security check reads instructions, and no comments.",
    "filter_tag": "agent-env as filter_tag lists all agent images.",
    "tail_lines": "tail_lines counts lines.",
    "failed_layer": "It is the instruction that failed, with its number.",
    "build_log_summary": "It is the last 20 lines of the step that failed, or "
                         "of the build.",
    "cleanup": "Contexts and workspaces go with cleanup, which takes a moment.",
    "length": "A request on standard input, and a line of it, has any length.",
    "numbers": "JSON that is nested deeper than 1000 levels, and a whole "
               "number of more than 2^53, are refused.",
    "tools": "That a tool is unknown is told before standard input is read.",
    "required": "Without an image or a container_id no engine is asked.",
    "words": "What the engine says of a failure is told in the words of "
             "addesh, but for a container that is not there and a daemon "
             "that is not.",
    "containers": "The tools find what addesh keeps, and no other containers.",
    "hardening": "Programs have no capabilities, no swap, at most 128 "
                 "processes, a root file system that they cannot write to, "
                 "and the user who calls; HOME is in /tmp and stays.",
    "turns": "Calls in one environment are carried out in turn.",
    "background": "What a program leaves behind in the background ends with "
                  "it.",
    "output": "Of each stream at most the setting output_limit is kept, 64 "
              "MiB for agents, and what was left out is told.",
    "policy": "The policy binds: a timeout_sec above its ceiling is an error, "
              "as is an image that it does not allow.",
    "log": "The last log is kept on this host, and no .adde_last_run.json in "
           "the workspace.",
    "places": "Contexts and workspaces lie in the state directory of addesh "
              "and not in TMPDIR, and a container is labelled.",
    "image_cmd": "With use_image_cmd there is no workspace on this host, and "
                 "code is run by a user of the environment's own.",
    "leftovers": "A call that fails leaves no container, image, context or "
                 "workspace behind.",
}


def deviation(names, values):
    """A test of these deviations, for each of the values."""
    for name in names.split():
        assert name in DEVIATIONS, name
    return test("deviation: %s: %%s" % names, values)


def check_hints(response):
    """Whoever calls a tool has no shell: no hint names a command."""
    for name, value in response.items() if isinstance(response, dict) else ():
        if name in ("hint", "suggestion"):
            assert "  " not in value and "usage:" not in value, value
            assert "addesh " not in value, value
        check_hints(value)


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
        check_hints(self.json)

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
