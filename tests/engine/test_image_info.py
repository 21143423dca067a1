# SPDX-License-Identifier: MIT
"""images --filter and --deps, image info, image rm and image tag."""

import calendar
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from make_image import made, make, remove
from tap import main, same, test

OURS = {"addesh.image": "build"}


def home(kind):
    return Home(options=engines.sandbox(kind))


def result(h, *args):
    done = h.addesh("--json", *args).is_ok()
    return json.loads(done.out.splitlines()[-1])["result"]


def listed(h, *args):
    return {i["image"]: i for i in result(h, "images", *args)["images"]}


@test("%s: those of ours, the newest first, with their age", engines.KINDS)
def _(kind):
    names = ["agent-env:list-%d" % i for i in range(3)]
    with home(kind) as h:
        try:
            made_at = {}
            for name in names:
                made_at[name] = make(kind, name, OURS)
                while _created(kind, name) >= int(time.time()):
                    pass    # the next one has another second
            images = [i for i in result(h, "images")["images"]
                      if i["image"] in names]
            same([i["image"] for i in images], names[::-1])
            for i in images:
                same((i["id"], i["ours"], i["environments"], i["elsewhere"]),
                     (made_at[i["image"]], True, [], []))
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                                    i["created"]), i
            text = h.addesh("images", "--filter", "agent-env:list-").is_ok()
            for line, name in zip(text.out.splitlines()[1:], names[::-1]):
                assert re.match(re.escape(name) + r" +[0-9a-f]{12} .* "
                                r"(now|\d+ (second|minute)s? ago)$",
                                line), text.out
        finally:
            for name in names:
                remove(kind, name)


def _created(kind, name):
    """In seconds; both engines say it in UTC."""
    text = engines.api(kind).get("/images/%s/json" % name)["Created"]
    assert text.endswith("Z"), text
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


@test("%s: a filter is the beginning of a name", engines.KINDS)
def _(kind):
    with home(kind) as h, made(kind, "agent-env:filter", OURS), \
            made(kind, "other-agent-env:filter", OURS), \
            made(kind, "addesh-test-hidden:1", {}):
        for prefix in ("agent-env", "agent-env:", "agent-env:filter",
                       "docker.io/library/agent-env"):
            found = listed(h, "--filter", prefix)
            assert "agent-env:filter" in found, (prefix, found)
            assert "other-agent-env:filter" not in found, (prefix, found)
        same(list(listed(h, "-a", "--filter", "addesh-test-hid")),
             ["addesh-test-hidden:1"])
        done = h.addesh("images", "--filter", "addesh-test-hid").is_ok()
        same((done.out, done.err),
             ("", "1 other is on the engine:  images -a --filter "
                  "addesh-test-hid\n"))
        done = h.addesh("images", "-a", "--filter", "zzz").is_ok()
        same((done.out, done.err), ("", "no image's name begins with zzz\n"))


@test("%s: environments of this session and of another", engines.KINDS)
def _(kind):
    with home(kind) as h, home(kind) as other, \
            made(kind, "addesh-test-users:1", OURS) as image:
        p = other.spawn("-c", "env new %s --name theirs" % image,
                        "-c", "exec sleep 1000")
        try:
            while b"ready" not in p.stderr.readline():
                assert p.poll() is None
            lines = h.addesh("--json", "-c", "env new %s --name mine" % image,
                             "-c", "images", "-c", "image info " +
                             image).is_ok().out.splitlines()
            row = [i for i in json.loads(lines[1])["result"]["images"]
                   if i["image"] == "addesh-test-users:1"][0]
            info = json.loads(lines[2])["result"]
            for found in row, info:
                same((found["environments"], found["elsewhere"]),
                     (["mine"], ["theirs"]))
            text = h.addesh("images", "--filter", "addesh-test-users").is_ok()
            assert text.out.endswith("  theirs (another session)\n"), text
            done = h.addesh("image", "rm", image).is_status(125)
            assert "  environment theirs of another session uses it\n" in \
                done.err, done.err
        finally:
            p.terminate()
            p.wait()
            p.stdout.close()
            p.stderr.close()


@test("%s: layers of dependencies", engines.KINDS)
def _(kind):
    labels = {"addesh.image": "deps", "addesh.base": "busybox:latest",
              "addesh.deps": "six requests==2.31",
              "addesh.deps.key": "test-list"}
    name = "addesh-deps:test-list"
    with home(kind) as h, made(kind, name, labels) as image, \
            made(kind, "addesh-test-built:1", OURS):
        found = listed(h, "--deps")
        assert "addesh-test-built:1" not in found, found
        row = found[name]
        same((row["id"], row["last_used"], row["base"], row["deps"]),
             (image, None, "busybox:latest", "six requests==2.31"))
        text = h.addesh("--plain", "images", "--deps").is_ok()
        line = [l for l in text.out.splitlines() if l.startswith(name)][0]
        same(line.split("\t")[4:7],
             ["never", "busybox:latest", "six requests==2.31"])
        # a use, as session/dep_use.h says
        use = h.dir("state/addesh/deps") + "/" + image.split(":")[1]
        open(use, "w").close()
        os.utime(use, (86400, 86400))
        same(listed(h, "--deps")[name]["last_used"],
             "1970-01-02T00:00:00.000Z")
        h.addesh("image", "rm", name).is_ok()
        assert not os.path.exists(use)


@test("%s: what an image is", engines.KINDS)
def _(kind):
    labels = dict(OURS, note="two words", api_token="abc def")
    changes = ['ENV PLAIN="a b"', 'ENV API_TOKEN="s3cret words"',
               "ENV URL=https://me:s3cret@host/", "USER 1234",
               "WORKDIR /srv", "VOLUME /data", 'ENTRYPOINT ["/bin/x", "y z"]',
               'CMD ["--flag"]']
    with home(kind) as h, made(kind, "addesh-test-info:1", labels,
                               changes) as image:
        for name in ("addesh-test-info:1", image, image.split(":")[1]):
            info = result(h, "image", "info", name)
            same((info["id"], info["tags"]), (image, ["addesh-test-info:1"]))
        same((info["user"], info["workdir"], info["volumes"]),
             ("1234", "/srv", ["/data"]))
        same((info["entrypoint"], info["cmd"]),
             (["/bin/x", "y z"], ["--flag"]))
        same((info["os"], info["layers"], info["ours"]), ("linux", 2, True))
        same(info["labels"]["note"], "two words")
        same(info["labels"]["api_token"], "***")
        env = info["env"]
        assert "PLAIN=a b" in env and "API_TOKEN=***" in env, env
        assert "URL=https://***@host/" in env, env
        done = h.addesh("image", "info", image).is_ok()
        assert "s3cret" not in done.out and "words\n" not in \
            done.out.split("labels")[0], done.out
        lines = done.out.splitlines()
        assert "architecture  " in done.out and lines[0].endswith(image)
        assert "%-18s/bin/x" % "entrypoint" in lines, lines
        assert " " * 18 + "y z" in lines, lines
        plain = h.addesh("--plain", "image", "info", image).is_ok()
        assert "cmd\t--flag" in plain.out.splitlines(), plain.out


@test("%s: one more name", engines.KINDS)
def _(kind):
    with home(kind) as h, made(kind, "addesh-test-tag:1", OURS) as image:
        try:
            done = h.addesh("image", "tag", "addesh-test-tag:1",
                            "addesh-test-tag").is_ok()
            same(done.err, "addesh-test-tag:1 is now called "
                           "addesh-test-tag:latest too\n")
            same(result(h, "image", "tag", image, "host:5000/a/b:c"),
                 {"source": image, "image": "host:5000/a/b:c",
                  "taken_from": None})
            same(sorted(result(h, "image", "info", image)["tags"]),
                 ["addesh-test-tag:1", "addesh-test-tag:latest",
                  "host:5000/a/b:c"])
            done = h.addesh("image", "tag", "addesh-test-tga:1",
                            "x:1").is_status(125)
            assert "here are: addesh-test-tag:1, " in done.err, done.err
        finally:
            remove(kind, "host:5000/a/b:c")
            remove(kind, "addesh-test-tag:latest")


@test("%s: a name cannot get around the policy", engines.KINDS)
def _(kind):
    with home(kind) as h:
        h.write("p.yaml", "tools: {code_execution: {images: ['python:*']}}\n")
        done = h.addesh("--config", h.work + "/p.yaml", "image", "tag",
                        "busybox:latest", "python:evil").is_status(125)
        assert "the image busybox:latest is not allowed" in done.err, done.err


@test("%s: what addesh did not make stays without -a", engines.KINDS)
def _(kind):
    with home(kind) as h, made(kind, "addesh-test-foreign:1",
                               {"not.addesh.image": "build"}), \
            made(kind, "addesh-test-own:1", OURS):
        done = h.addesh("image", "rm", "addesh-test-own:1",
                        "addesh-test-foreign:1").is_status(2)
        same(done.err.splitlines(), [
            "addesh: image rm: addesh did not make the image "
            "addesh-test-foreign:1: it has no label of ours",
            "  remove it all the same:  image rm -a addesh-test-foreign:1"])
        names = listed(h, "-a")
        assert "addesh-test-foreign:1" in names, names
        assert "addesh-test-own:1" in names, names
        h.addesh("image", "rm", "addesh-test-own:1").is_ok()
        h.addesh("image", "rm", "-a", "addesh-test-foreign:1").is_ok()
        names = listed(h, "-a")
        assert "addesh-test-foreign:1" not in names, names
        assert "addesh-test-own:1" not in names, names


@test("%s: an image of others that loses its name is named", engines.KINDS)
def _(kind):
    name, own = "addesh-test-lost:1", "addesh-test-taker:1"
    with home(kind) as h, made(kind, name, {"a": "b"}) as other, \
            made(kind, own, OURS) as ours:
        try:
            same(result(h, "image", "tag", name, name)["taken_from"], None)
            done = h.addesh("image", "tag", own, name).is_ok()
            short = other.split(":")[-1][:12]
            assert done.err.endswith(
                "addesh: warning: %s was a name of %s, which addesh did not "
                "make; to give it back:  image tag %s %s\n" % (
                    name, short, short, name)), done
            # back, as it says; and from an image of ours without a word
            done = h.addesh("image", "tag", short, name).is_ok()
            assert "warning" not in done.err, done
            same(result(h, "image", "tag", own, name)["taken_from"], other)
        finally:
            remove(kind, other)


main()
