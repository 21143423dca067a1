# SPDX-License-Identifier: MIT
"""adde's tools for images, on real engines."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import Adde, deviation, engines
from tap import main, same, test

KINDS = engines.KINDS
TAG = "adde-test-%d" % os.getpid()
LINES = "i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done"


class Images(Adde):
    """Removes what it has built."""

    def __init__(self, kind, **kw):
        super().__init__(kind, **kw)
        self.tags = []

    def build(self, text, tag, files=(), **fields):
        """The answer of a build of one Dockerfile."""
        path = os.path.dirname(self.write(tag + "/Dockerfile", text))
        for name, data in files:
            self.write(tag + "/" + name, data)
        self.tags.append("agent-env:" + tag)
        return self.call("build_image_from_path", path=path, tag=tag, **fields)

    def close(self):
        for tag in self.tags:
            self.call("delete_image", image=tag)
        super().close()


@test("pull_image: %s", KINDS)
def _(kind):
    registry = engines.state(kind)["registry"]
    with engines.alone("remote"), Adde(kind) as adde:
        same(adde.ok("pull_image", image=" %s/remote:latest " % registry),
             {"ok": True})
        answer = adde.call("pull_image", image=registry + "/none:1")
        same((answer.status, answer.json["ok"]), (1, False))


@deviation("pull", KINDS)
def _(kind):
    registry = engines.state(kind)["registry"]
    with Adde(kind) as adde:
        answer = adde.call("pull_image", image=registry + "/broken:latest")
        same((answer.status, answer.json["ok"]), (1, False))
        assert answer.json["error"], answer


@test("a build, what it says, and what becomes of the image: %s", KINDS)
def _(kind):
    with Images(kind) as adde:
        got = adde.build("FROM busybox\nARG WHAT\nRUN echo $WHAT > /what\n"
                         "RUN %s\n" % LINES, TAG,
                         build_args={"WHAT": "it is"}).json
        same((got["status"], got["tag"]), ("success", "agent-env:" + TAG))
        assert re.match("sha256:[0-9a-f]{64}$", got["image_id"]), got
        assert isinstance(got["size_mb"], float) and got["size_mb"] > 0.5, got
        assert isinstance(got["build_log_summary"], str)
        assert got["build_log_summary"].count("\n") <= 20, got
        assert "failed_layer" not in got and "error" not in got, got
        listed = adde.ok("list_agent_images", filter_tag=TAG)["images"]
        same([(i["id"], i["tags"], i["size_mb"] > 0) for i in listed],
             [(got["image_id"], [got["tag"]], True)])
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$",
                        listed[0]["created"]), listed
        error = adde.fails("delete_image", image=got["image_id"],
                           agent_env_only=True)
        assert "agent-env:" in error, error
        gone = adde.ok("delete_image", image=got["tag"], agent_env_only=True)
        same(gone["ok"], True)
        assert any(t.startswith("Untagged: ") and t.endswith(got["tag"])
                   for t in gone["deleted"]), gone
        assert any(t.startswith("Deleted: ") for t in gone["deleted"]), gone
        same(adde.ok("list_agent_images", filter_tag=TAG), {})
        assert adde.fails("delete_image", image=got["tag"])


@deviation("failed_layer build_log_summary", KINDS)
def _(kind):
    with Images(kind) as adde:
        answer = adde.build(
            "FROM busybox\nRUN true\nRUN %s; exit 7\n" % LINES, TAG + "-f")
        got = answer.json
        same((answer.status, answer.err, got["status"]), (1, "", "error"))
        same(got["failed_layer"], "step 3: RUN %s; exit 7" % LINES)
        same(got["build_log_summary"],
             "".join("line %d\n" % n for n in range(11, 31)))
        assert got["error"].startswith("build failed: "), got
        assert "image_id" not in got and "tag" not in got, got


@deviation("dockerignore links", KINDS)
def _(kind):
    with Images(kind) as adde:
        path = adde.ok("prepare_build_context", files={
            "Dockerfile": "FROM busybox\nCOPY . /x\n"
                          "RUN test ! -e /x/.env && test -L /x/link && "
                          "cat /x/link | grep -q seen\n",
            ".env": "SECRET=1", "file": "seen"})["context_id"]
        os.symlink("file", os.path.join(path, "link"))
        adde.tags.append("agent-env:%s-c" % TAG)
        same(adde.ok("build_image_from_context", context_id=path,
                     tag="agent-env:%s-c" % TAG)["tag"],
             "agent-env:%s-c" % TAG)


@deviation("security", ["docker"])
def _(kind):
    with Images(kind) as adde:
        for text in ("RUN curl --unix-socket /var/run/docker.sock x",
                     "RUN --mount=type=bind,source=docker.sock true",
                     "RUN docker run --privileged x"):
            got = adde.build("FROM busybox\n%s\n" % text, TAG + "-s").json
            assert got["error"].startswith("security check failed"), got
        got = adde.build("FROM busybox\n# /var/run/docker.sock, privileged "
                         "true\n", TAG + "-s").json
        same(got["status"], "success")


@deviation("tag", ["docker"])
def _(kind):
    with Images(kind) as adde:
        adde.write("d/Dockerfile", "FROM busybox\n")
        for tag in ("foo:bar", "a/b", "agent-env:a:b"):
            error = adde.fails("build_image_from_path", path="d", tag=tag)
            assert error.startswith("tag: '%s' " % tag), error
        assert adde.fails("build_image_from_path", path="d", tag="a b")


@test("a tag is made where there is none: %s", ["docker"])
def _(kind):
    with Images(kind) as adde:
        adde.write("d/Dockerfile", "FROM busybox\nLABEL n=%s\n" % TAG)
        got = adde.ok("build_image_from_path", path="d")
        adde.tags.append(got["tag"])
        assert re.match(r"agent-env:build-\d{10}$", got["tag"]), got
        got = adde.ok("build_image_from_path", path="d", tag=" agent-env ")
        adde.tags.append(got["tag"])
        same(got["tag"], "agent-env:agent-env")


@deviation("filter_tag", KINDS)
def _(kind):
    with Images(kind) as adde:
        text = "FROM busybox\nLABEL n=%s\n" % TAG
        adde.build(text, TAG + "-l1")
        adde.build(text, TAG + "-l2")

        def tags(filter_tag):
            images = adde.ok("list_agent_images",
                             filter_tag=filter_tag).get("images", [])
            return sorted(t for i in images for t in i["tags"] if TAG in t)

        both = ["agent-env:%s-l%d" % (TAG, n) for n in (1, 2)]
        same(tags("agent-env"), both)
        same(tags(""), both)
        same(tags(TAG), both)
        same(tags(both[1]), both[1:])
        same(tags("busybox:"), [])
        # one image with two names is one entry
        images = adde.ok("list_agent_images", filter_tag=TAG)["images"]
        same(len(images), len({i["id"] for i in images}))


@test
def what_is_no_directory_or_has_no_dockerfile():
    with Adde("docker") as adde:
        os.mkdir(os.path.join(adde.work, "empty"))
        error = adde.fails("build_image_from_path", path="none")
        assert error.startswith("path is not a valid directory: "), error
        error = adde.fails("build_image_from_context", context_id="empty")
        assert error.startswith(
            "Dockerfile not found or unreadable in context_id: "), error


@test("prune_build_cache: %s", ["docker"])
def _(kind):
    """What is young stays: other tests may build now."""
    with Adde(kind) as adde:
        same(adde.ok("prune_build_cache", older_than_hrs=100000), {})


@test
def an_image_that_addesh_did_not_make_can_be_deleted():
    registry = engines.state("docker")["registry"]
    with engines.alone("remote"), Adde("docker") as adde:
        name = registry + "/remote:latest"
        adde.ok("pull_image", image=name)
        engines.api("docker").post("/images/%s/tag?repo=%s&tag=1" % (
            name, TAG))
        same(adde.ok("delete_image", image=TAG + ":1")["deleted"],
             ["Untagged: %s:1" % TAG])


main(beside=True)
