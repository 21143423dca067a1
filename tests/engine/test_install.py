# SPDX-License-Identifier: MIT
"""What a program installs for its user is there for the next run."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from addesh import Home  # noqa: E402
from tap import main, same, test  # noqa: E402

SANDBOXES = engines.SANDBOXES


def session(kind, image, *commands):
    if image.startswith("langs"):
        engines.load(kind, "langs")
    with Home(options=engines.sandbox(kind)) as h:
        args = ["-c", "env new " + image]
        for command in commands:
            args += ["-c", command]
        return h.addesh("-q", *args).is_ok().out.splitlines()


def pip(kind):
    index = engines.state(kind)["pip_index"]
    host = index.split("/")[2].split(":")[0]
    return "--trusted-host %s --index-url %s addesh-sample" % (host, index)


def npm(kind):
    return "--registry %s addesh-sample" % engines.state(kind)["npm_registry"]


@test("exec pip install --user, then import: %s", engines.KINDS)
def _(kind):
    out = session(kind, "langs:latest --net",
                  "exec -- python3 -m pip install -q --user " + pip(kind),
                  "run a.py <<< 'import addesh_sample as a; print(a.value)'")
    same(out[-1], "42")


@test("a program that itself runs pip: %s", engines.KINDS)
def _(kind):
    out = session(kind, "langs:latest --net",
                  "run i.py <<E\nimport subprocess, sys\n"
                  "subprocess.run([sys.executable] + '-m pip install -q %s'"
                  ".split(), check=True)\nE" % pip(kind),
                  "run a.py <<< 'import addesh_sample as a; print(a.value)'")
    same(out[-1], "42")


@test("exec npm install, of a project and with -g, then require: %s",
      engines.KINDS)
def _(kind):
    for option in "", "-g ":
        out = session(kind, "langs:latest --net",
                      "exec -- npm install -s %s%s" % (option, npm(kind)),
                      "run a.js <<< 'console.log(require(\"addesh-sample\")"
                      ".value)'")
        same(out[-1], "42", option)


@test("a shell script has the variables of the tools it may call: %s",
      SANDBOXES)
def _(kind):
    out = session(kind, "python:3.11-slim", "run a.sh <<'E'\n"
                  "echo $PIP_BREAK_SYSTEM_PACKAGES $npm_config_prefix\nE",
                  "exec -- sh -c 'echo $NODE_PATH'")
    same(out, ["1 /tmp/home/.local",
               "/workspace/node_modules:/tmp/home/.local/lib/node_modules"])


@test("-e of the environment and of the run win over them: %s", SANDBOXES)
def _(kind):
    out = session(kind, "python:3.11-slim -e NODE_PATH=/a -e GOPATH=/b",
                  "exec -e GOPATH=/c -- sh -c 'echo $NODE_PATH $GOPATH'")
    same(out, ["/a /c"])


@test("200 MB fit where users install to: %s", SANDBOXES)
def _(kind):
    out = session(kind, "python:3.11-slim",
                  "exec -- sh -c 'head -c 200m /dev/zero > ~/big; "
                  "wc -c < ~/big'")
    same(out, [str(200 << 20)])


if __name__ == "__main__":
    main()
