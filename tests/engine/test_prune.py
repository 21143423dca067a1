# SPDX-License-Identifier: MIT
"""prune: what can be made again goes, what is used or others made stays; and
what gc says of images.  Builds of others on the same engine would lose their
cache in the middle, so it is one of its own."""

import io
import json
import os
import re
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
import fake_installer
from addesh import Home
from fake_engine import FakeEngine, Json, error
from make_image import made, remove
from sandboxes import SandboxHome
from tap import main, same, test

engines.of_my_own()

DAY = 86400


def deps(key):
    return {"addesh.image": "deps", "addesh.deps.key": key,
            "addesh.deps": "six", "addesh.base": "busybox:latest"}


def home(kind):
    return Home(options=engines.sandbox(kind))


def prune(h, *args):
    """{id or kind: item} and the whole result."""
    done = h.addesh("--json", "prune", *args).is_ok()
    result = json.loads(done.out)["result"]
    same(result["dry_run"], "--dry-run" in args)
    same(result["reclaimed"], sum(i["size"] for i in result["items"]))
    return {i["id"] or i["kind"]: i for i in result["items"]}, result


def there(kind, image):
    return engines.api(kind).has_image(image)


def use(h, image, ago):
    """As if an environment was opened with it so many seconds ago."""
    path = h.dir("state/addesh/deps") + "/" + image.split(":")[1]
    open(path, "w").close()
    at = time.time() - ago
    os.utime(path, (at, at))
    return path


@test("%s: images without a name, and only ours", engines.KINDS)
def _(kind):
    with home(kind) as h, \
            made(kind, None, {"addesh.image": "build"}) as ours, \
            made(kind, None, {"x.addesh.image": "build"}) as other, \
            made(kind, "addesh-test-named:1",
                 {"addesh.image": "build"}) as named:
        found, _ = prune(h, "--dry-run")
        same([i for i in (ours, other, named) if i in found], [], found)
        found, _ = prune(h, "--dry-run", "--older-than", "0")
        item = found[ours]
        same((item["kind"], item["name"], item["what"]),
             ("image", ours.split(":")[1][:12],
              "made by addesh, and without a name"))
        assert 0 < item["size"] < 1 << 20, item
        same([i for i in (other, named) if i in found], [], found)
        assert there(kind, ours)
        again, result = prune(h, "--older-than", "0")
        same(again[ours], item)
        assert result["reclaimed"] >= item["size"], result
        same([there(kind, i) for i in (ours, other, named)],
             [False, True, True])


@test("%s: layers of dependencies by their last use", engines.KINDS)
def _(kind):
    name = "addesh-deps:test-prune"
    with home(kind) as h, \
            made(kind, name, deps("test-prune")) as layer, \
            made(kind, "addesh-test-derived:1",
                 deps("test-prune")) as derived:
        # it was made a moment ago
        found, _ = prune(h, "--dry-run", "--older-than", "1h")
        assert layer not in found, found
        path = use(h, layer, -2 * DAY)
        found, _ = prune(h, "--dry-run", "--older-than", "0")
        assert layer not in found, found
        use(h, layer, 3 * DAY)
        found, _ = prune(h, "--dry-run", "--older-than", "0")
        same((found[layer]["kind"], found[layer]["name"],
              found[layer]["what"]), ("dependencies", name, "six"))
        same(derived in found, False, found)
        # an environment uses it, in whatever session
        done = h.addesh("--json", "-c", "env new " + name,
                        "-c", "prune --older-than 0").is_ok()
        result = json.loads(done.out.splitlines()[-1])["result"]
        same([i for i in result["items"] if i["id"] == layer], [])
        assert result["kept"] > 0 and there(kind, layer), result
        use(h, layer, 3 * DAY)
        found, _ = prune(h, "--older-than", "0")
        assert layer in found and not os.path.exists(path), found
        same([there(kind, name), there(kind, layer), there(kind, derived)],
             [False, False, True])


@test("%s: a layer that an environment was opened with", engines.KINDS)
def _(kind):
    with SandboxHome(kind) as h:
        fake_installer.give(h)
        done = h.addesh("--json", "-c",
                        "env new busybox:latest --dep pruned", "-c",
                        "images --deps", "-c", "prune --older-than 0").is_ok()
        new, listed, kept = [json.loads(line)["result"]
                             for line in done.out.splitlines()]
        row = [i for i in listed["images"] if i["id"] == new["layer"]][0]
        same((row["deps"], row["base"], row["environments"]),
             ("pruned", "busybox:latest", [new["name"]]))
        assert row["last_used"], row
        same([i for i in kept["items"] if i["id"] == row["id"]], [])
        found, result = prune(h, "--older-than", "1h")
        assert row["id"] not in found and result["kept"], result
        use = h.path + "/state/addesh/deps/" + row["id"].split(":")[1]
        assert os.path.exists(use)
        found, _ = prune(h, "--older-than", "0")
        same((found[row["id"]]["name"], found[row["id"]]["what"]),
             (row["image"], "pruned"))
        assert not there(kind, row["id"]) and not os.path.exists(use)


@test("%s: a layer that has another name stays under that", engines.KINDS)
def _(kind):
    name = "addesh-deps:test-named"
    with home(kind) as h, \
            made(kind, name, deps("test-named")) as layer:
        h.addesh("image", "tag", name, "addesh-test-mine:1").is_ok()
        try:
            found, _ = prune(h, "--older-than", "0")
            same((found[layer]["name"], found[layer]["size"]), (name, 0))
            same([there(kind, name), there(kind, "addesh-test-mine:1")],
                 [False, True])
        finally:
            remove(kind, "addesh-test-mine:1")


@test("%s: uses of what is gone are forgotten when they are old",
      engines.KINDS)
def _(kind):
    with home(kind) as h:
        old = use(h, "sha256:" + "ab" * 32, 2 * DAY)
        new = use(h, "sha256:" + "cd" * 32, DAY // 2)
        prune(h, "--dry-run")
        assert os.path.exists(old)
        prune(h)
        same((os.path.exists(old), os.path.exists(new)), (False, True))


def build(api, text):
    """With BuildKit, so that its cache has something."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text.encode()))
    out.seek(0)
    api.call("POST", "/build?version=2", out)


def cache_of(api, word):
    df = api.get("/system/df")
    return [c for c in df["BuildCache"] or () if word in c["Description"]]


@test
def the_build_cache_of_docker():
    api = engines.api("docker")
    word = "prune-test-%d" % os.getpid()
    with home("docker") as h:
        build(api, "FROM busybox:latest\nRUN echo %s > /x\n"
                   "FROM busybox:latest\nCOPY --from=0 /x /y\n" % word)
        assert cache_of(api, word)
        found, _ = prune(h, "--dry-run", "--older-than", "1h")
        prune(h, "--older-than", "1h")
        assert cache_of(api, word)
        found, _ = prune(h, "--dry-run", "--older-than", "0")
        item = found["build cache"]
        assert re.fullmatch(r"\d+ entr(y|ies)", item["name"]), item
        assert item["size"] > 0 and item["id"] is None, item
        found, _ = prune(h, "--older-than", "0")
        assert "build cache" in found
        same(cache_of(api, word), [])


@test("%s: what a person is shown", engines.KINDS)
def _(kind):
    name = "addesh-deps:test-text"
    with home(kind) as h, \
            made(kind, name, deps("test-text")) as layer:
        use(h, layer, 3 * DAY)
        for args, words in ((["-n"], ("would be removed",
                                      "would be reclaimed")),
                            ([], ("removed", "reclaimed"))):
            done = h.addesh("prune", "--older-than", "0", *args).is_ok()
            row = [l for l in done.out.splitlines() if name in l][0]
            assert re.match(r"dependencies +%s +\S+ \w+ +(now|\d+ seconds? "
                            r"ago) +six$" % name, row), done.out
            last = done.err.splitlines()[-1]
            assert re.match(r"\d+ %s, \S+ \w+ %s(; \d+ kept: in use)?$" %
                            words, last), last
        with made(kind, None, {"addesh.image": "build"}):
            done = h.addesh("prune").is_ok()
            assert done.err.endswith(
                " kept: in use, or used less than 1 day ago\n"), done.err


DANGLING = [{"Id": "sha256:" + c * 64, "RepoTags": None, "Created": 1000,
             "Labels": {"addesh.image": "build"}} for c in "abc"]


def fake(engine):
    engine.on("GET", "/images/json", Json(DANGLING))
    engine.on("GET", "/containers/json", Json([]))
    engine.on("GET", "/system/df", Json({"Images": [
        {"Id": i["Id"], "Size": 100, "SharedSize": 40} for i in DANGLING]}))


def run(engine, *args):
    with Home(options=["--engine", engine.url]) as h:
        return h.addesh("--json", "prune", *args)


@test
def what_cannot_be_removed_does_not_keep_the_rest():
    with FakeEngine() as engine:
        fake(engine)
        engine.on("DELETE", "/images/sha256:a+", error(500, "disk broken"))
        engine.on("DELETE", "/images/sha256:b+", error(409, "in use"))
        engine.on("DELETE", "/images/sha256:c+", Json([]))
        answer = json.loads(run(engine).is_status(125).out)
        same(answer["error"]["message"], "removing the image: disk broken")
        result = answer["result"]
        same(([i["id"][7] for i in result["items"]], result["kept"],
              result["reclaimed"]), (["c"], 1, 60))


STEP = {"Id": "d" * 64, "ImageID": DANGLING[0]["Id"], "State": "exited",
        "Created": 1000, "Labels": {"addesh.image": "build"}}
CONFIG = {"Image": DANGLING[0]["Id"], "Healthcheck": {"Test": ["NONE"]}}


@test("the container of a build that was cut off, and one %s", [
    ("that runs", {"State": "running"}, {}),
    ("of a moment ago", {"Created": int(time.time()) - 60}, {}),
    ("of an environment", {"Labels": {"addesh.image": "build",
                                      "addesh.owner": "a:b:1:2"}}, {}),
    ("of another image", {"Labels": {}}, {}),
    ("of an image by name", {}, {"Image": "agent-env:x"}),
    ("that a person made", {}, {"Healthcheck": None})])
def _(_, listed, config):
    other = {**STEP, "Id": "e" * 64, "ImageID": DANGLING[1]["Id"], **listed}
    with FakeEngine() as engine:
        fake(engine)
        engine.on("GET", "/containers/json", Json([STEP, other]))
        for c, more in ((STEP, {}), (other, config)):
            engine.on("GET", "/containers/%s/json" % c["Id"], Json({
                "Config": {**CONFIG, **more}, "State": {"Running": False}}))
        engine.on("DELETE", "/.*", Json([]))
        shown = json.loads(run(engine, "-n").is_ok().out)["result"]
        same(engine.asked("DELETE", "/.*"), [])
        result = json.loads(run(engine, "--older-than", "0").is_ok().out)
        same(result["result"]["items"], shown["items"])
        same([(i["kind"], i["name"][0]) for i in shown["items"]],
             [("container", "d"), ("image", "a"), ("image", "c")])
        same([r.path.split("/")[-1][:10]
              for r in engine.asked("DELETE", "/.*")],
             ["d" * 10, "sha256:aaa", "sha256:ccc"])


@test("sizes as engine %s tells them", [
    ("28.2.2", "type=image&type=build-cache"),
    ("29.0.0", "type=image&type=build-cache&verbose=1")])
def _(release, query):
    images = [{"Id": i["Id"], "Size": 100, "SharedSize": s}
              for i, s in zip(DANGLING, (40, -1, 200))]
    cache = [{"ID": str(i), "InUse": i == 2, "Shared": i == 1, "Size": 1000,
              "CreatedAt": "2026-01-01T01:00:00.5+01:00",
              "LastUsedAt": used} for i, used in enumerate((
                  None, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z",
                  "2999-01-01T00:00:00Z", "nonsense", 7))]
    df = {"Images": images, "BuildCache": cache}
    if release.startswith("29"):
        df = {"ImageUsage": {"Items": images},
              "BuildCacheUsage": {"Items": cache}}
    with FakeEngine(release=release) as engine:
        fake(engine)
        engine.on("GET", "/system/df", Json(df))
        result = json.loads(run(engine, "-n").is_ok().out)["result"]
        same([(i["name"], i["size"]) for i in result["items"]],
             [("a" * 12, 60), ("b" * 12, 0), ("c" * 12, 0),
              ("3 entries", 2000)])
        same(engine.asked("GET", "/system/df")[0].query, query)
        engine.on("DELETE", "/images/.*", Json([]))
        engine.on("POST", "/build/prune", Json({"SpaceReclaimed": 1500}))
        result = json.loads(run(engine, "--older-than", "2h").is_ok().out)
        same(result["result"]["items"][3]["size"], 1500)
        same(engine.asked("POST", "/build/prune")[0].query,
             "all=1&filters=%7B%22until%22%3A%5B%227200s%22%5D%7D")


@test("%s: gc lists images as kept", engines.KINDS)
def _(kind):
    with home(kind) as h, made(kind, "addesh-deps:gc", deps("gc")), \
            made(kind, "addesh-test-gc:1", {"addesh.image": "build"}), \
            made(kind, None, {"addesh.image": "build"}) as nameless:
        for args in ([], ["--dry-run"]):
            done = h.addesh("--json", "gc", *args).is_ok()
            found = {i["name"]: i["why"]
                     for i in json.loads(done.out)["result"]["items"]
                     if i["kind"] == "image" and i["keep"]}
            same([found[n] for n in ("addesh-deps:gc", "addesh-test-gc:1",
                                     nameless)],
                 ["installed dependencies, which 'prune' removes",
                  "an image that was built, which 'image rm' removes",
                  "an image without a name, which 'prune' removes"])
            assert there(kind, nameless)


main()
