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


main()
