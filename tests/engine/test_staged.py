# SPDX-License-Identifier: MIT
"""build @NAME: files that were staged become an image, as a directory would."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test

BUILDERS = ("classic", "buildkit", "buildah")
TAG = "local/staged-%d:" % os.getpid()
DOCKERFILE = ["context add Dockerfile <<EOF", "FROM busybox:latest",
              "COPY . /app/", "RUN ls -la /app", "EOF"]


def home_of(builder):
    home = Home(options=engines.sandbox(
        "podman" if builder == "buildah" else "docker"))
    home.env["DOCKER_BUILDKIT"] = str(int(builder == "buildkit"))
    home.write("main.sh", "echo staged\n")
    home.write("bin/tool", "#!/bin/sh\n")
    os.chmod(os.path.join(home.work, "bin/tool"), 0o755)
    home.write("debug.log", "noise\n")
    home.write("other/Dockerfile", "FROM busybox:latest\nENV OTHER=1\n")
    return home


def session(home, *lines):
    """The objects that these lines write; the status is not looked at."""
    done = home.addesh("--json", "-k",
                       stdin="\n".join(lines).encode() + b"\n", timeout=180)
    return done.objects()


@test("%s: a staged context is built", BUILDERS)
def _(builder):
    with home_of(builder) as home:
        tag = TAG + builder
        err = home.addesh(
            "-c", "context add debug.log", "-c", "build @ -t %s <<EOF\n"
            "FROM busybox:latest\nEOF" % tag).is_ok().err
        assert "debug.log was added and is left out all the same by the " \
            "installed .dockerignore; one of its own" in err, err
        done = session(
            home, "context new web", *DOCKERFILE,
            "context add main.sh bin debug.log",
            "build @web -t " + tag, "env new " + tag,
            "exec sh -c 'cd /app && sh main.sh && ls -l bin/tool && ls'",
            "env rm --all", "image rm " + tag)
        assert all(o["ok"] for o in done), done
        build, run = done[3]["result"], done[5]["result"]
        same(build["status"], "completed", build)
        same(build["ignored_files"], ["debug.log"])
        same(build["tags"], [tag])
        lines = run["stdout"].split("\n")
        same(lines[0], "staged")
        assert lines[1].startswith("-rwxr-xr-x"), lines
        assert "main.sh" in lines and "debug.log" not in lines, lines


@test
def the_selected_context_and_a_dockerfile_of_it():
    with home_of("classic") as home:
        tag = TAG + "selected"
        done = session(home, "context add other/Dockerfile main.sh",
                       "build @ -f other/Dockerfile -t " + tag,
                       "image info " + tag, "image rm " + tag)
        same(done[1]["result"]["status"], "completed", done[1])
        same([s["instruction"] for s in done[1]["result"]["steps"]],
             ["FROM busybox:latest", "ENV OTHER=1"])


@test
def a_template_fits_what_is_staged():
    with home_of("classic") as home:
        done = session(home, "context add requirements.txt <<EOF", "flask",
                       "EOF", "build @ --dry-run", "build @ --write")
        same(done[1]["result"]["template"], "python-requirements")
        assert "no directory" in done[2]["error"]["message"], done[2]


@test
def what_is_not_there_is_refused():
    with home_of("classic") as home:
        done = session(home, "build @", "context new web", "build @web",
                       "build @wbe", "context add main.sh", "build @web")
        said = [o.get("error", {}).get("message") for o in done]
        same(said[:4], ["no context is selected", None,
                        "the context web is empty",
                        "there is no context 'wbe'"])
        assert "@web" in said[5], said
        hints = [o["error"]["hint"] for o in session(
            home, "context new web", "build web", "context add /etc/hosts",
            "context add ../x", "context add --from bin ../main.sh")[1:]]
        before = "its directory is named before:  context add --from "
        same(hints, ["the context of this name:  build @web",
                     before + "/etc hosts", before + ".. x",
                     before + "bin/.. main.sh"])
        for line in hints[1:2] + hints[3:]:
            done = session(home, line[len(before) - len("context add --from "):])
            same(done[0]["result"]["added"], 1, done)


main()
