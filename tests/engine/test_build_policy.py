# SPDX-License-Identifier: MIT
"""What the policy says of a Dockerfile holds for builds; check says the same
without an engine, see tests/cli/test_check.py."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from tap import main, same, test

# Its own, so that no test finds another's cache.
BASE = "FROM busybox:latest\nENV TEST_OF=policy-%d\n" % os.getpid()


class Build(Home):
    def __init__(self, kind, text):
        super().__init__(options=engines.sandbox(kind))
        self.write("app/Dockerfile", text)
        self.api = engines.api(kind)

    def images(self):
        """Those with our label."""
        return {i["Id"] for i in self.api.get(
            "/images/json", filters=json.dumps({"label": ["addesh.image"]}))}

    def refused(self, *commands):
        done = self.addesh(*(w for c in commands for w in ("-c", c)),
                           "-c", "build ./app -t refused/a:1")
        assert not self.api.has_image("refused/a:1")
        return done.is_status(125)

    def built(self, *commands):
        """The result; the image is removed."""
        done = self.addesh("--json",
                           *(w for c in commands for w in ("-c", c)),
                           "-c", "build ./app").is_ok()
        result = json.loads(done.out.splitlines()[-1])["result"]
        for tag in result["tags"]:
            self.api.delete("/images/" + tag, force="1")
        return result


@test("%s: what is denied is not sent", engines.KINDS)
def _(kind):
    with Build(kind, BASE + "RUN touch /x\nRUN docker run --privileged x\n"
               "ADD https://example.org/x /\n") as h:
        done = h.refused()
        same(done.err.splitlines(), [
            "addesh: build: Dockerfile:4: RUN starts a container with "
            "--privileged, which is root on the host (dockerfile.privileged "
            "is deny: the default)",
            "  leave it out, or start the container where the image is used",
            "  Dockerfile:5: ADD takes what is found at https://example.org/x,"
            " whatever that is at the time"])
        same(done.out, "")


@test("%s: what is warned of is told and built", engines.KINDS)
def _(kind):
    with Build(kind, BASE + "ENV API_TOKEN=x\nUSER root\n") as h:
        same(h.built()["warnings"], [
            "Dockerfile:1: busybox:latest is another image from day to day "
            "(latest-tag)",
            "Dockerfile:3: ENV API_TOKEN: who has the image can read this "
            "secret (secret-env)",
            "Dockerfile:4: USER root: what the image runs is root (no-user)"])
        same(h.built("set dockerfile.latest-tag off",
                     "set dockerfile.no-user off",
                     "set dockerfile.secret-env off")["warnings"], [])
        done = h.refused("set dockerfile.no-user deny")
        assert "dockerfile.no-user is deny: 'set'" in done.err, done


@test("%s: base images are those that the policy allows", engines.KINDS)
def _(kind):
    with Build(kind, BASE + "USER 1\n") as h:
        done = h.refused("set images python:*")
        assert "the image busybox:latest is not allowed" in done.err, done
        warnings = h.built("set images python:*",
                           "set dockerfile.base-image warn")["warnings"]
        assert any("(base-image)" in w for w in warnings), warnings


@test
def a_file_without_from_never_reaches_an_engine():
    """BuildKit of Docker 20.10 ends with its daemon at such a file."""
    with Build("docker", "ARG a\n") as h:
        h.env["DOCKER_BUILDKIT"] = "1"
        done = h.refused()
        same(done.err, "addesh: build: Dockerfile has no FROM\n")
        h.api.get("/_ping")


# What no builder of these engines reads, and what each of them adds.
NONE = ("RUN <<EOF\nid\nEOF", "COPY <<EOF /x\nid\nEOF", "COPY --link a /a",
        "COPY --parents a /a", "ADD --checksum=sha256:00 a /a",
        "RUN --network=none id", "HEALTHCHECK --start-interval=5s CMD id",
        "ENV A=${B#x}")
SECRETS = ("RUN --mount=type=secret,id=x id", "RUN --mount=type=ssh id")
LACKS = {
    "the classic builder": NONE + SECRETS + (
        "RUN --mount=type=cache,target=/c id", "RUN --mount=target=/c id",
        "COPY --chmod=600 a /a"),
    "BuildKit": NONE + SECRETS,
    "buildah": NONE + SECRETS,
}
HINTS = {"the classic builder": "DOCKER_BUILDKIT asks for this builder",
         "BuildKit": "an engine with a newer BuildKit can",
         "buildah": "an engine with a newer BuildKit can"}


@test("%s: what it cannot do is refused by line and construct", LACKS)
def _(builder):
    kind = "podman" if builder == "buildah" else "docker"
    with Build(kind, "") as h:
        h.env["DOCKER_BUILDKIT"] = "1" if builder == "BuildKit" else "0"
        h.write("app/a", "")
        for text in LACKS[builder]:
            h.write("app/Dockerfile", BASE + "RUN true\n" + text + "\n")
            done = h.refused("set dockerfile.secret-mount off")
            lines = done.err.splitlines()
            same(len(lines), 2, done.err)
            assert lines[0].startswith("addesh: build: Dockerfile:4: ") and \
                lines[0].endswith(" cannot do this"), done.err
            assert builder in lines[0], done.err
            # by the words that stand there, those of its options among them
            what = lines[0].split(": ")[3]
            assert all(w[:2] in text for w in what.split()) or \
                what.startswith("${"), done.err
            hint = "addesh offers no secrets" if text in SECRETS else \
                HINTS[builder]
            assert hint in lines[1], done.err


@test
def what_docker_fetches_to_read_a_file_is_named():
    """With a network or without, nobody serves that version."""
    syntax = "# syntax=docker/dockerfile:0.0-none\n"
    with Build("docker", syntax + BASE + "USER 1\n") as h:
        h.env["DOCKER_BUILDKIT"] = "1"
        done = h.addesh("-c", "build ./app").is_status(1)
        assert done.err.splitlines()[-1].startswith(
            "  line 1, syntax=docker/dockerfile:0.0-none, has the engine fetch"), \
            done.err
        h.write("app/Dockerfile", syntax + BASE + "COPY --link a /a\n")
        same(h.refused().err.splitlines()[1:], [
            "  an engine with a newer BuildKit can, without fetching "
            "docker/dockerfile:0.0-none first"])


main()
