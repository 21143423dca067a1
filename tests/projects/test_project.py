# SPDX-License-Identifier: MIT
"""project open, ls, use, info and rm: what is copied, what is kept, and that
nothing is left."""

import glob
import itertools
import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
import fake_installer  # noqa: E402
from leftovers import Traces  # noqa: E402
from place import IMAGE, Place  # noqa: E402
from proxy import Proxy  # noqa: E402
from sandboxes import ENGINES  # noqa: E402
from tap import main, patient, same, test  # noqa: E402

KINDS = ENGINES + ("restricted-root",)
counter = itertools.count()


def tree(top):
    """Paths below it with what they are; times too."""
    found = {}
    for where, dirs, files in os.walk(os.fsencode(top)):
        for name in dirs + files:
            path = os.path.join(where, name)
            st = os.lstat(path)
            what = [oct(st.st_mode), st.st_mtime_ns]
            if os.path.islink(path):
                what.append(os.readlink(path))
            elif os.path.isfile(path):
                with open(path, "rb") as f:
                    what.append(f.read())
            found[os.path.relpath(path, os.fsencode(top))] = what
    return found


@test("what is in the directory is in the environment: %s", KINDS,
      beside=True)
def _(kind):
    files = {"a.txt": "one\n", "deep/er/b.txt": "two\n", "empty": "",
             "large": os.urandom(3 << 20), "run.sh": "#!/bin/sh\necho hi\n",
             "it's a name\nof two lines": "three\n"}
    with Place(kind, files) as h:
        odd = os.path.join(os.fsencode(h.app), b"\xff\xfe \x1b[31m")
        with open(odd, "wb") as f:
            f.write(b"four\n")
        os.chmod(os.path.join(h.app, "run.sh"), 0o755)
        os.mkdir(os.path.join(h.app, "nothing"))
        os.symlink("a.txt", os.path.join(h.app, "inside"))
        os.symlink("/etc/passwd", os.path.join(h.app, "outside"))
        os.symlink("..", os.path.join(h.app, "up"))
        os.mkfifo(os.path.join(h.app, "pipe"))
        sock = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(h.app)
        sock.bind("sock")
        os.chdir(here)
        os.utime(os.path.join(h.app, "a.txt"), (10**9, 10**9))
        before = tree(h.app)
        opened, _, ran = h.ok(h.open, "get . got", "exec -- sh -c './run.sh; "
                            "stat -c %Y a.txt; "
                            "echo changed >a.txt; rm -r deep; echo new >new'")
        sock.close()
        same(tree(h.app), before, "the directory of this host")
        same(ran["stdout"], "hi\n1000000000\n")
        project = opened["project"]
        same(sorted(opened["skipped"]), ["pipe (FIFO)", "sock (socket)"])
        same(project["skipped"], 2)
        same(project["sent"]["files"], 7)
        same(project["sent"]["links"], 3)
        same(project["sent"]["directories"], 3)
        got = tree(os.path.join(h.work, "got"))
        wanted = {path: what for path, what in before.items()
                  if path not in (b"pipe", b"sock")}
        same(sorted(got), sorted(wanted))
        for path, what in wanted.items():
            same(got[path][2:], what[2:], path)
            if what[2:] and not what[0].startswith("0o12"):
                same(got[path][0], what[0], path)


@test("limits are those of projects: %s", KINDS,
      beside=True)
def _(kind):
    config = {"project": {"memory_limit": "111m", "pids_limit": 77,
                          "cpu_limit": 0.7, "disk_limit": "9m",
                          "timeout": "1s"}}
    with Place(kind, config=config) as h:
        found = h.results(
            h.open, "env info", "run sleep.sh <<< 'sleep 60'",
            "run a.sh <<< 'echo Could not resolve host: a; exit 6'")
        info = found[1]["result"]
        limits = {l["name"]: l["value"] for l in info["limits"]}
        places = (256 + 16) << 20    # /tmp and /dev/shm come on top
        if kind not in ENGINES:
            places += 9 << 20
            same(int(limits["space:/workspace"]), 9 << 20)
        # Without a control group programs are watched, in the sandbox; other
        # places of an engine's own may come on top.
        more = 0 if limits["memory"] == "none" else \
            int(limits["memory"]) - (111 << 20) - places
        assert 0 <= more < 4 << 20, limits
        if kind in ENGINES:
            same([limits["pids"], limits["cpu"]], ["77", "700"])
        same(found[2]["status"], 124, found[2])
        said = found[3]["result"]["diagnosis"]
        same((said["kind"], said["suggestion"]),
             ("network_refused", "project open --net " + h.app))


@test("what does not fit is said and nothing stays: %s", KINDS,
      beside=True)
def _(kind):
    with Place(kind, {"big": "x" * 3000000},
               config={"project": {"disk_limit": "2m"}}) as h:
        traces = Traces(h)
        done = traces.addesh("-c", h.open)
        same(done.returncode, 2, done)
        assert "app is larger than 2 MB, its room in the environment" in \
            done.stderr, done.stderr
        assert "set project.disk_limit SIZE" in done.stderr, done.stderr
        same(h.kept_files(), [])
        traces.gone()


@test("rules leave out: %s", ("docker", "restricted-root"),
      beside=True)
def _(kind):
    files = {"a.py": "", ".env": "TOKEN=1", ".git/config": "x",
             "node_modules/m/index.js": "", "build/out": "", "x.o": "",
             "keep.o": "", "src/y.o": "", "notes.md": "", "sub/build/z": "",
             ".gitignore": "# made\n/build/\n*.o\n!keep.o\n"}
    listing = "exec -- sh -c 'find . -type f | sort'"
    with Place(kind, files) as h:
        opened, found = h.ok(h.open, listing)
        same(found["stdout"].split(),
             ["./.gitignore", "./a.py", "./keep.o", "./notes.md",
              "./sub/build/z"])
        same(opened["project"]["ignored"], 6)
        h.write("app/.dockerignore", "*.py\n!a.py\nsub\n.git\n")
        found = h.ok(h.open, listing)[1]
        same(found["stdout"].split(),
             ["./.dockerignore", "./.env", "./.gitignore", "./a.py",
              "./build/out", "./keep.o", "./node_modules/m/index.js",
              "./notes.md", "./src/y.o", "./x.o"])


@test("what is no project is refused: %s", ("docker", "restricted-root"),
      beside=True)
def _(kind):
    with Place(kind) as h:
        h.write("file", "x")
        os.symlink("app", os.path.join(h.work, "link"))
        found = h.results(
            "project open /", "project open file", "project open missing",
            "project open ''", "project open --lang nonsense app",
            "project open --name 'a b' app", "project info",
            "project use nobody", "project rm nobody", "env ls")
        same([o["status"] for o in found], [2, 125, 125, 125] + [2] * 5 +
             [0], found)
        texts = [(o.get("error") or {}).get("message", "") for o in found]
        assert texts[0].startswith("/ is all of this host"), texts
        assert texts[1].endswith("file: Not a directory"), texts
        assert "nonsense" in texts[4], texts
        same(found[-1]["result"]["environments"], [])
        same(h.kept_files(), [])
        h.ok(h.open.replace("app", "link"))


@test("host.read and a ceiling hold: %s", ("docker",),
      beside=True)
def _(kind):
    config = {"host": {"read": ["/etc"]}}
    with Place(kind, config=config) as h:
        found = h.results(h.open, "project open /etc/.. --image " + IMAGE)
        same([o["error"]["kind"] for o in found], ["policy", "policy"])
    with Place(kind, config={"tools": {"code_execution": {
            "sandbox": "docker", "max": {"memory_limit": "64m"}}}}) as h:
        info = h.ok(h.open, "env info")[1]
        same([l["value"] for l in info["limits"] if l["name"] == "memory"],
             [str((64 + 256 + 16) << 20)])


@test("each kind of project has its image: %s", ("docker",))
def _(kind):
    images = {"a.py": "python:3.11-slim", "package.json": "node:20-slim",
              "go.mod": "golang:1.22", "Gemfile": "ruby:3.2-slim",
              "pom.xml": "maven:3-eclipse-temurin-17",
              "build.gradle": "gradle:8-jdk17", "Cargo.toml": "rust:1-slim"}
    with Place(kind, config={"tools": {"code_execution": {
            "sandbox": "docker", "images": ["none"]}}}) as h:
        for name in images:
            h.write("%s-/%s" % (name, name), "")
        found = h.results(*["project open %s-" % name for name in images])
        for o, image in zip(found, images.values()):
            same(o["error"]["kind"], "policy", o)
            assert image in o["error"]["message"], (image, o)


@test("what only a project's own tools install is not, which is said: %s",
      ("docker",))
def _(kind):
    with Place(kind, {"all.own": "x\n"}) as h:
        h.write(os.path.join(h.env["XDG_CONFIG_HOME"], "addesh",
                             "languages.yaml"), json.dumps({"own": {
            "extensions": [".own"], "recipes": [["sh", "{file}"]],
            "image": IMAGE, "dependencies": {"instead": "by hand"},
            "project": [{"files": ["all.own"], "template": "maven"}]}}))
        note = "what all.own names is not installed"
        for options, said in (("", 1), (" --net", 0), (" --no-deps", 0),
                              (" --image " + IMAGE, 0)):
            done = h.addesh("-c", "project open app" + options).is_ok()
            same(done.err.count(note), said, done)
        h.write("app/Dockerfile", "FROM %s\n" % IMAGE)
        done = h.addesh("-c", "project open app", "-c",
                        "project rm app --images").is_ok()
        same(done.err.count(note), 0, done)


@test("names are made, and projects are listed, selected and closed: %s",
      KINDS,
      beside=True)
def _(kind):
    with Place(kind) as h:
        traces = Traces(h)
        found = h.ok(h.open, h.open, h.open + " --name other", "project ls",
                     "project use app-2", "project ls", "project info",
                     "project rm app app-2", "project ls",
                     "env ls", "env new", "project rm --all", "env ls")
        same([found[i]["name"] for i in (0, 1, 2)], ["app", "app-2", "other"])
        same([(p["name"], p["current"]) for p in found[3]["projects"]],
             [("app", False), ("app-2", False), ("other", True)])
        same([p["name"] for p in found[5]["projects"] if p["current"]],
             ["app-2"])
        same(found[6]["project"]["root"], os.path.realpath(h.app))
        same([p["name"] for p in found[8]["projects"]], ["other"])
        same([found[i]["removed"] for i in (7, 11)],
             [["app", "app-2"], ["other"]])
        same([e["name"] for e in found[12]["environments"]], ["e1"])
        same(h.kept_files(), [])
        traces.gone()
        two = h.results("env new", "project rm e1", "project info e1",
                        "project rm", "project rm --all e1",
                        "project rm --all")
        same([o["status"] for o in two], [0, 2, 2, 2, 2, 0], two)


@test("one that was lost or reset has its files again: %s", KINDS,
      beside=True)
def _(kind):
    with Place(kind) as h:
        change = "exec -- sh -c 'echo more >>a.txt; echo new >new'"
        found = h.ok(h.open, change, "env reset",
                     "exec -- sh -c 'cat *'", change,
                     "exec -- sh -c 'cat *'")
        same(found[3]["stdout"], "one\n")
        same(found[5]["stdout"], "one\nmore\nnew\n")
    if kind not in ENGINES:
        return
    with Place(kind) as h:
        with h.spawn("--json", "-k", stdin=-1) as p:
            def ask(line):
                p.stdin.write(line.encode() + b"\n")
                p.stdin.flush()
                return json.loads(p.stdout.readline())
            opened = ask(h.open)["result"]
            ask(change)
            p.stdin.write(b"exec sleep 60\n")
            p.stdin.flush()
            api = engines.api(kind)
            while "sleep 60" not in str(api.get(
                    "/containers/%s/top" % opened["container"])):
                time.sleep(0.01)
            api.delete("/containers/%s" % opened["container"], force="1")
            lost = json.loads(p.stdout.readline())
            assert "with the project's files in /workspace" in str(lost), lost
            again = ask("exec -- sh -c 'cat *'")
            p.stdin.close()
            err = p.stderr.read().decode()
            same(again["result"]["stdout"], "one\n", again)
            assert "with the project's files as they were opened" in err, err


@test("a project of a named session goes on in the next process: %s", KINDS,
      beside=True)
def _(kind):
    name = "p%d-%d" % (os.getpid(), next(counter))
    with Place(kind) as h:
        traces = Traces(h)
        named = ("-s", name)
        opened = h.ok(h.open, options=named)[0]
        same(len(h.kept_files()), 2)
        h.write("app/a.txt", "changed here\n")
        found = h.ok("project ls", "exec -- cat a.txt", "env reset",
                     "exec -- cat a.txt", "project info", "gc",
                     "project ls", options=named)
        same([p["name"] for p in found[0]["projects"]], ["app"])
        same([found[1]["stdout"], found[3]["stdout"]], ["one\n"] * 2)
        same(found[4]["project"], opened["project"])
        same([i for i in found[5]["items"] if i["kind"] == "project"], [])
        same(len(found[6]["projects"]), 1)
        same(h.kept_files(), [opened["project"]["id"],
                              opened["project"]["id"] + ".lock"])
        # nor do several at once open two of one name
        for wish in ("app", "both"):
            several = [h.spawn("--json", *named, "-c", "%s --name %s" % (
                h.open, wish)) for _ in range(3)]
            ends = sorted(p.communicate()[0].count(b'"ok":true')
                          for p in several)
            same(ends, [0, 0, int(wish == "both")])
        h.ok("project rm app both", options=named)
        same(h.kept_files(), [])
        h.ok("session rm " + name)
        traces.gone()


@test("one that is kept is a project for who comes later: %s", KINDS,
      beside=True)
def _(kind):
    with Place(kind) as h:
        traces = Traces(h)
        opened = h.ok(h.open, "env keep app 60s")[0]
        found = h.ok("project use app", "project info", "exec -- cat a.txt",
                     "env ls", "project rm app", "env ls -a")
        same(found[1]["project"], opened["project"])
        same(found[2]["stdout"], "one\n")
        ids = [{e["id"] for e in found[i]["environments"]} for i in (3, 5)]
        same(len(ids[0]), 1)
        # the engine has those of others, too
        assert not ids[0] & ids[1], found
        same(h.kept_files(), [])
        traces.gone()


@test("a full disk ends what fills it, and the project stays: %s", KINDS,
      beside=True)
def _(kind):
    with Place(kind, config={"project": {"disk_limit": "9m"}}) as h:
        found = h.results(
            h.open, "exec -- sh -c 'head -c 60000000 /dev/zero >big && "
            "sleep 20'", "exec rm -f big", "exec cat a.txt")
        same([o["ok"] for o in found[2:]], [True, True], found)
        ran = found[1]["result"]
        if kind in ENGINES:
            same(ran["status"], "failed", ran)
            same(ran["signal"], "KILL", ran)
        else:
            same(ran["exit_code"], 1, ran)
            assert "No space left on device" in ran["stderr"], ran


@test("Ctrl-C while it is copied leaves nothing: %s", ("docker",
                                                       "restricted-root"))
def _(kind):
    with Place(kind, {"big%d" % i: "x" * (20 << 20) for i in range(9)}) as h:
        traces = Traces(h)
        p = traces.spawn("-c", h.open)
        while not any(os.path.getsize(path) > 1 << 20 for path in
                      glob.glob(h.projects() + "/*/snapshot")):
            assert p.poll() is None, p.communicate()
            time.sleep(0.001)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=patient(60))
        same((p.returncode, err.decode().splitlines()[-1]),
             (130, "addesh: project open: interrupted"))
        same(h.kept_files(), [])
        traces.gone()


@test("Ctrl-C while its container is made leaves none: %s", ENGINES)
def _(kind):
    with Place(kind) as h:
        proxy = Proxy(os.path.join(h.path, "p.sock"), engines.endpoint(kind))
        h.options[h.options.index("--engine") + 1] = proxy.url
        made = proxy.hold("^POST .*/containers/create", answer=True)
        traces = Traces(h)
        try:
            p = traces.spawn("-c", h.open)
            assert made.reached.wait(patient(60))
            p.send_signal(signal.SIGINT)
            time.sleep(0.1)
            made.opened.set()
            out, err = p.communicate(timeout=patient(60))
        finally:
            proxy.close()
        same((p.returncode, err.decode().splitlines()[-1]),
             (130, "addesh: project open: creating the container: "
              "interrupted"))
        traces.gone()


@test
def ctrl_c_ends_hostile_rules():
    rules = "".join("*a*a*a*a*a*a*a*b%d\n" % i for i in range(2000))
    with Place("restricted-root", {".gitignore": rules}) as h:
        for i in range(3000):       # a minute of comparing
            h.write("app/%s%d" % ("a" * 240, i), "")
        p = h.spawn("-c", h.open)
        time.sleep(0.5)
        same(p.poll(), None)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=patient(10))
        same((p.returncode, err.decode().splitlines()[-1]),
             (130, "addesh: project open: interrupted"))


@test("what a killed session leaves is removed: %s", ("docker",
                                                      "restricted-root"),
      beside=True)
def _(kind):
    with Place(kind) as h:
        with h.spawn("--json", "-k", stdin=-1) as p:
            p.stdin.write(h.open.encode() + b"\n")
            p.stdin.flush()
            assert json.loads(p.stdout.readline())["ok"]
            same(len(h.kept_files()), 2)
            h.ok("gc")
            same(len(h.kept_files()), 2, "it lives")
            p.send_signal(signal.SIGKILL)
            p.wait()
        items = h.ok("gc")[0]["items"]
        same(len([i for i in items if i["kind"] == "project" and
                  not i["keep"]]), 1, items)
        same(h.kept_files(), [])


@test("packages in the WORKDIR of its image are found: %s", ENGINES)
def _(kind):
    files = {"Dockerfile": "FROM %s\nWORKDIR /app\nRUN mkdir fake_modules "
             "other && echo %d >fake_modules/m\n" % (IMAGE, os.getpid()),
             "a.fake": ""}
    with Place(kind, files) as h:
        fake_installer.give(h)
        found = h.ok(
            "project open --lang fake app --name linked", "exec cat "
            "fake_modules/m", "exec rm fake_modules", "env reset", "exec cat "
            "fake_modules/m", "exec ls", "project rm linked --images")
        same([found[i]["stdout"] for i in (1, 4, 5)],
             ["%d\n" % os.getpid()] * 2 +
             ["Dockerfile\na.fake\nfake_modules\n"])
        h.write("app/fake_modules", "a file of its own\n")
        found = h.ok("project open --lang fake app --name linked",
                     "exec cat fake_modules", "project rm linked --images")
        same(found[1]["stdout"], "a file of its own\n")


def images(kind):
    return {tag for image in engines.api(kind).get("/images/json")
            for tag in image.get("RepoTags") or []}


@test("packages of its lists are in a layer, which goes on request: %s",
      ENGINES)
def _(kind):
    word = "p-%d-%d" % (os.getpid(), next(counter))
    files = {"all.fakes": word + "=1\n", "main.fake": "echo hi\n",
             "sub/none.fakes": "other=1\n"}
    with Place(kind, files) as h:
        fake_installer.give(h)
        line = "project open --lang fake --image %s app" % IMAGE
        found = h.ok(line, "exec -- cat /opt/fake/list", "dep ls",
                     "project rm app", line, line + " --name other",
                     "project rm --all --images")
        same(found[0]["dependencies"], ["all.fakes"])
        same(found[1]["stdout"], word + "=1\n")
        same([found[0]["layer_built"], found[4]["layer_built"]],
             [True, False])
        same(found[0]["project"]["images"], [found[0]["layer"]])
        same(found[6]["images"], [found[0]["layer"]])
        assert "stays" not in h.done.err, h.done.err
        assert not engines.api(kind).has_image(found[0]["layer"])
        h.write("app/all.fakes", "x\n")
        done = h.results(line, "project open --no-deps --image %s app" % IMAGE)
        h.ok("project open --lang fake --image %s app" % IMAGE,
             "project rm app --images")
        same([o["ok"] for o in done], [True, True])
        none = h.results(
            "set dependencies.network none",
            "project open --lang fake --image %s app" % IMAGE)[1]
        same(none["error"]["kind"], "policy", none)
        assert "--no-deps app" in none["error"]["hint"], none
        same(h.kept_files(), [])


@test("a Dockerfile of its own is built and removed: %s", ENGINES)
def _(kind):
    mark = "m%d-%d" % (os.getpid(), next(counter))
    files = {"Dockerfile": "FROM %s\nCOPY a.txt /there\nRUN echo %s >/mark\n"
             "USER 1:1\n" % (IMAGE, mark), "a.txt": "one\n"}
    with Place(kind, files, env={"DOCKER_IMAGE_PREFIX": "pre" + mark}) as h:
        found = h.ok("project open app --name My.App_2",
                     "exec -- cat /mark /there a.txt",
                     "project info")
        same(found[0]["image"], "pre%s-my-app-2:latest" % mark)
        same(found[1]["stdout"], mark + "\none\none\n")
        same(found[2]["project"]["dockerfile"], "Dockerfile")
        def names():
            return [n for n in images(kind) if "pre" + mark in n]

        same(len(names()), 1)
        gone = h.ok("project open app --name My.App_2",
                    "project open app --name other",
                    "project rm --all --images")[2]
        same(len(set(gone["images"])), len(gone["images"]), gone)
        for image in gone["images"]:
            assert not engines.api(kind).has_image(image)
        # its name goes, whatever the prefix is by now; other names keep it
        h.ok("project open app --name My.App_2", "image tag %s other%s" % (
            found[0]["image"], mark))
        gone = h.ok("project open app --name My.App_2",
                    "set project.image_prefix changed",
                    "project rm My.App_2 --images")[2]
        same((gone["images"], names()), ([], []))
        h.ok("image rm other" + mark)
        same(names(), [])
        h.write("app/Dockerfile", "FROM %s\nRUN exit 3\n" % IMAGE)
        bad = h.results("project open app", "project ls")
        same([bad[0]["status"], bad[0]["error"]["message"]],
             [1, "the image of %s was not built" % os.path.realpath(h.app)])
        same(bad[1]["result"]["projects"], [])
        h.write("app/Dockerfile", "FROM %s\nRUN --network=host x\n" % IMAGE)
        bad = h.results("project open app")
        same(bad[0]["error"]["kind"], "policy", bad)
        same(h.kept_files(), [])


@test("names without a registry are of engine.registry: %s", ENGINES)
def _(kind):
    state = engines.state(kind)
    registry = state["registry"]
    name = "agent-env:own%d" % os.getpid()
    with engines.alone("remote"), Place(
            kind, {"Dockerfile": "FROM busybox:latest\nENV A=b\n"},
            env={"DOCKER_REGISTRY": registry + "/"}) as h:
        found = h.ok("pull remote:latest", "env new remote:latest",
                     "project open --no-deps --image remote:latest app",
                     "build app -t " + name, "env new " + name,
                     "set engine.registry ''", "env new " + IMAGE)
        full = registry + "/remote:latest"
        same([found[i]["image"] for i in (0, 1, 2, 4, 6)],
             [full, full, full, name, IMAGE])
        h.ok("image rm -f %s %s" % (full, name))
        none = h.results("env new nowhere:1")[0]
        assert registry + "/nowhere:1" in none["error"]["message"], none
    with Place(kind, config={"tools": {"code_execution": {
            "sandbox": "docker", "images": [registry + "/*"]}}},
            env={"DOCKER_REGISTRY": registry}) as h:
        same([o.get("error", {}).get("kind") for o in h.results(
            "env new docker.io/busybox", "env new nowhere:1 --pull never")],
            ["policy", "image"])


SESSION = """# A session

```addesh
$ project open --no-deps%s here
! ...
$ exec cat a.txt
beside
$ project open %s
! ...
[125]
$ project rm here
```
"""


@test("somebody else's session file opens what is beside it: %s", KINDS,
      beside=True)
def _(kind):
    image = " --image " + IMAGE if kind in ENGINES else ""
    with Place(kind) as h:
        h.write("theirs/here/a.txt", "beside\n")
        os.chown(h.write("theirs/s.md", SESSION % (image, h.app)), 12345, 1)
        done = h.addesh("replay", "--tap", "theirs/s.md")
        same(done.status, 0, done.out + done.err)


@test
def the_restricted_sandbox_says_what_it_does_not_do():
    with Place("restricted-root", {"Dockerfile": "FROM x\n"}) as h:
        h.ok("project open app")
        assert "no image is built from Dockerfile in the restricted" in \
            h.done.err, h.done.err
    with Place("restricted-root", {"requirements.txt": "six\n",
                                   "a.py": ""}) as h:
        h.ok("project open app")
        assert "the packages of requirements.txt are not installed" in \
            h.done.err, h.done.err
        h.ok("project open --no-deps app")
        assert "not installed" not in h.done.err, h.done.err


@test("fifty thousand files: %s", ("docker", "restricted-root"),
      beside=True)
def _(kind):
    tests = "import unittest\n\n\nclass A(unittest.TestCase):\n" \
        "    def test_a(self):\n        pass\n"
    with Place(kind, {"test_a.py": tests}) as h:
        for i in range(250):
            os.mkdir(os.path.join(h.app, "d%d" % i))
            for k in range(200):
                with open(os.path.join(h.app, "d%d/f%d" % (i, k)), "w"):
                    pass
        found = h.ok(h.open.replace(IMAGE, "python:3.11-slim"),
                     "exec -- sh -c 'find . -type f | wc -l; echo x >d7/f7; "
                     "rm d9/f9; echo n >d8/new'",
                     "changes", "test", "project apply", "changes",
                     options=["-y"])
        same(found[1]["stdout"].strip(), "50001")
        same(found[0]["project"]["sent"]["files"], 50001)
        for changed in found[2], found[4]:
            same([(f["path"], f["action"]) for f in changed["files"]],
                 [("d7/f7", "changed"), ("d8/new", "created"),
                  ("d9/f9", "removed")])
        same((found[3]["tests"]["state"], found[3]["tests"]["passed"]),
             ("passed", 1))
        same(found[5]["files"], [])
        same([os.path.exists(os.path.join(h.app, name))
              for name in ("d8/new", "d9/f9")], [True, False])


# Of several languages: what each has, and the files and lines that say it.
MIXED = {
    "package.json": '{\n  "scripts": {\n    "test": "jest",\n'
                    '    "build": "tsc -p ."\n  }\n}\n',
    "tsconfig.json": "{}\n", "src/a.js": "", "src/b.js": "",
    "pytest.ini": "[pytest]\n", "a.py": "",
    "Makefile": "all:\n\ttrue\n\ncheck: all\n\ttrue\n"}
FOUND = {
    "languages": [("javascript", "package.json, 2 files"),
                  ("python", "1 file")],
    "tests": [
        ("jest", "javascript", "jest", "package.json: \"test\": \"jest\","),
        ("npm test", "javascript", "npm test --",
         "package.json: \"test\": \"jest\","),
        ("pytest", "python", "python3 -m pytest", "pytest.ini"),
        ("make check", "c", "make -s check", "Makefile: check: all")],
    "builds": [
        ("npm run build", "javascript", "npm run build",
         "package.json: \"build\": \"tsc -p .\""),
        ("tsc", "javascript", "tsc -p .", "tsconfig.json"),
        ("node --check", "javascript", "node --check", "src/a.js"),
        ("compileall", "python", "python3 -m compileall -q .", "a.py"),
        ("make", "c", "make", "Makefile")]}


@test
def info_says_what_a_project_is_and_why():
    with Place("restricted-root", MIXED) as h:
        found = h.ok(h.open, "project info")[1]["detected"]
        same([(l["name"], l["why"]) for l in found["languages"]],
             FOUND["languages"])
        for part, name in (("tests", "framework"), ("builds", "name")):
            same([(d[name], d["language"], d["why"]) for d in found[part]],
                 [(n, l, why) for n, l, _, why in FOUND[part]])
            for d, (_, _, command, _) in zip(found[part], FOUND[part]):
                assert command in " ".join(d["command"]), d
        shown = h.addesh("-c", h.open, "-c", "project info").is_ok().out
        lines = [" ".join(line.split()) for line in shown.split("\n")]
        for name, why in FOUND["languages"]:
            assert "language %s (%s)" % (name, why) in lines, shown
        for name, _, command, why in FOUND["tests"]:
            at = lines.index("framework %s (%s)" % (name, why))
            assert lines[at + 1].startswith("command ") and \
                command in lines[at + 1], shown
        for _, _, command, why in FOUND["builds"]:
            assert any(l.startswith("build " + command) and l.endswith(
                "(%s)" % why) for l in lines), shown


@test
def what_cannot_be_read_is_left_out_and_said():
    with Place("restricted-user", {"a.txt": "one\n", "secret": "x",
                                   "dir/b": "y", "listed/c": "z"}) as h:
        for top, dirs, files in os.walk(h.app):
            h.own(top)
            for name in files:
                h.own(os.path.join(top, name))
        os.chmod(os.path.join(h.app, "secret"), 0)
        os.chmod(os.path.join(h.app, "dir"), 0)
        os.chmod(os.path.join(h.app, "listed"), 0o444)
        found = h.ok("project open --no-deps app",
                     "exec -- sh -c 'find . -type f'")
        same(sorted(found[0]["skipped"]),
             ["dir (unreadable)", "listed/c (unreadable)",
              "secret (unreadable)"])
        same(found[1]["stdout"], "./a.txt\n")
        os.chmod(os.path.join(h.app, "dir"), 0o755)
        os.chmod(os.path.join(h.app, "listed"), 0o755)
        # rules that cannot be read would leave secrets out
        rules = os.path.join(h.app, ".dockerignore")
        os.close(os.open(rules, os.O_CREAT, 0))
        h.own(rules)
        o, = h.results("project open --no-deps app")
        same((o["ok"], o["error"]["message"]),
             (False, rules + ": Permission denied"))


main()
