# SPDX-License-Identifier: MIT
"""Packages of an environment: env new --dep, dep add, dep ls, dep rm."""

import itertools
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
import fake_installer  # noqa: E402
from engineapi import ApiError  # noqa: E402
from fake_installer import BEGUN, REASON  # noqa: E402
from sandboxes import ENGINES, KINDS, SandboxHome  # noqa: E402
from tap import diag, main, patient, same, test  # noqa: E402
from terminal import Screen  # noqa: E402

IMAGE = "busybox:latest"
counter = itertools.count()


def fresh(name="p"):
    """A package that nobody has asked for on this engine."""
    return "%s-%d-%d" % (name, os.getpid(), next(counter))


class Deps(SandboxHome):
    """Runs commands with --json; the layers that they make go at the end."""

    def __init__(self, kind, image=IMAGE, env=None, config=None):
        super().__init__(kind, env=env, config=config)
        fake_installer.give(self)
        self.image = image
        self.layers = set()

    def results(self, *commands):
        found = super().results(*commands)
        for o in found:
            result = o.get("result") or {}
            if o["cmd"] in ("dep add", "dep rm", "env new") and \
                    result.get("layer"):
                self.layers.add(result["layer"])
        return found

    def close(self):
        api = engines.api(self.kind) if self.kind in ENGINES else None
        for layer in self.layers:
            try:
                api.delete("/images/" + layer, force="1")
            except ApiError as e:
                diag(e)
        super().close()


def rows(listed):
    return [(d["name"], d["requested"], d["installed"])
            for d in listed["dependencies"]]


@test("dep add installs, and carries everything over: %s", ENGINES)
def _(kind):
    one = fresh()
    with Deps(kind) as h:
        found = h.ok(
            "env new --name mine -e KEPT=yes -m 99m --pids-limit 55 -w sub " +
            h.image, "env info",
            "exec -w /workspace -- sh -c 'mkdir -p sub/d; cd sub; echo "
            "text >d/f; chmod 751 d/f; echo x >ro; chmod 440 ro; ln -s d/f l;"
            " ln -s /nowhere dangling; head -c 3000000 /dev/zero >big; "
            "touch \"$(printf \"odd\\tname\")\"'",
            "dep add " + one, "env info", "dep ls",
            "exec -- sh -c 'cat d/f ro l; readlink l; readlink dangling; stat -c %a "
            "d/f ro; wc -c <big; ls | wc -l; echo $KEPT $PWD; "
            "cat /opt/fake/list; echo $FAKE_SET; ls /sys/class/net'",
            "env ls")
        before, after, added = found[1], found[4], found[3]
        same(found[6]["stdout"].split(),
             ["text", "x", "text", "d/f", "/nowhere", "751", "440", "3000000",
              "6", "yes", "/workspace/sub", one + "=1",
              "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"
              "/opt/fake", "lo"])
        same(rows(found[5]), [(one, one, "1")])
        same((added["layer_built"], added["dependencies"], added["name"]),
             (True, [one], "mine"))
        same({k: added["carried"][k] for k in ("files", "links", "skipped")},
             {"files": 4, "links": 2, "skipped": 0})
        same(after["layer"], added["layer"])
        same(after["image_id"], added["layer"])
        assert before["id"] != after["id"]
        limits = [{l["name"]: l.get("value") for l in info["limits"]
                   if l["name"] in ("memory", "pids")}
                  for info in (before, after)]
        same(limits[0], limits[1])
        same([(e["name"], e["image"], e["state"])
              for e in found[7]["environments"]],
             [("mine", h.image, "open")])


@test("the second time needs no network and builds nothing: %s", ENGINES)
def _(kind):
    one, two = fresh(), fresh()
    with Deps(kind) as h:
        first = h.ok("env new --dep %s --dep %s %s" % (one, two, h.image))[0]
        # another session; the order does not count
        again, listed, added, same_as = h.ok(
            "set dependencies.network none",
            "env new --dep %s --dep %s %s" % (two, one, h.image), "dep ls",
            "env new " + h.image, "dep add %s %s" % (two, one))[1:]
        same((first["layer_built"], again["layer_built"],
              same_as["layer_built"]), (True, False, False))
        same(again["layer"], first["layer"])
        same(same_as["layer"], first["layer"])
        assert "install" not in again and "install" in first
        same(sorted(rows(listed)), sorted([(one, one, "1"), (two, two, "1")]))
        # the use is kept for prune
        uses = os.listdir(os.path.join(h.env["XDG_STATE_HOME"],
                                       "addesh/deps"))
        same(uses, [first["layer"].split(":")[1]])


@test("signatures are asked for on a layer, too: %s", ENGINES)
def _(kind):
    one = fresh()
    with Deps(kind) as h:
        h.ok("env new --dep %s %s" % (one, h.image))
        h.env["DOCKER_CONTENT_TRUST"] = "1"
        done = h.addesh("-c", "env new --dep %s %s" % (one, h.image))
        assert "DOCKER_CONTENT_TRUST is set" in done.is_status(125).err, \
            done.err


@test("one that fails is shown, logged and changes nothing: %s", ENGINES)
def _(kind):
    one = fresh()
    with Deps(kind) as h:
        found = h.results(
            "env new --dep %s %s" % (one, h.image), "env info",
            "exec -- sh -c 'echo here >file'", "dep add broken " + one,
            "logs", "env info", "exec cat file /opt/fake/list",
            "env new --name other --dep broken " + h.image, "env ls")
        failed = found[3]
        same((failed["ok"], failed["status"]), (False, 125))
        assert "the installer ended with status 3" in \
            failed["error"]["message"], failed
        same(failed["result"]["install"]["exit_code"], 3)
        assert REASON in failed["result"]["install"]["failed_log"], failed
        same(failed["result"]["install"]["diagnosis"]["kind"],
             "build_tools_missing")
        assert "has no gcc" in failed["error"]["hint"], failed
        assert REASON in json.dumps(found[4]), found[4]
        same(found[5]["result"]["id"], found[1]["result"]["id"])
        same(found[6]["result"]["stdout"], "here\n%s=1\n" % one)
        same((found[7]["ok"], found[7]["status"]), (False, 125))
        same([e["name"] for e in found[8]["result"]["environments"]], ["e1"])
        done = h.addesh("-c", "env new --dep broken " + h.image)
        same((done.status, done.out), (125, ""))
        assert REASON + "\n" in done.err, done


@test("one that needs more memory: %s", ENGINES)
def _(kind):
    with Deps(kind) as h:
        done = h.addesh("-c", "set dependencies.memory_limit 32m", "-c",
                        "env new --dep hungry " + h.image).is_status(125)
        assert "installing hungry failed: the installer ended with status" \
            in done.err, done.err
        assert "perhaps it needed more memory than 32m:  set " \
            "dependencies.memory_limit 64m\n" in done.err, done.err


@test("a package that reads like commands is a word all the way: %s", ENGINES)
def _(kind):
    bad = "a%s; rm -rf /" % fresh()
    quoted = "'%s'" % bad
    with Deps(kind) as h:
        added, failed, listed = h.results(
            "env new --dep \"%s\" %s" % (bad, h.image),
            "dep add broken", "images --deps")
        assert added["ok"], added
        same(added["result"]["dependencies"], [bad])
        same([i["deps"] for i in listed["result"]["images"]
              if i["id"] == added["result"]["layer"]], [quoted])
        same(failed["error"]["message"], "installing %s broken failed: the "
             "installer ended with status 3" % quoted)
        same(failed["result"]["install"]["message"],
             "the installer ended with status 3")
        done = h.addesh("-c", "env new --name x --dep \"%s\" %s" %
                        (bad, h.image))
        same(done.status, 0)
        assert "%s + %s)" % (h.image, quoted) in done.err, done


@test("one that never ends is stopped: %s", ENGINES, beside=True)
def _(kind):
    if not is_stopped_at(patient(5), kind):    # a busy machine
        assert is_stopped_at(patient(25), kind), "it says nothing"


def is_stopped_at(limit, kind):
    """False when it had not begun until then."""
    with Deps(kind, config={"dependencies": {"timeout": limit}}) as h:
        found = h.results("env new " + h.image, "env info", "dep add slow",
                          "env info", "exec echo alive", "logs @2")
        same((found[2]["ok"], found[2]["status"]), (False, 124))
        assert "took longer than" in found[2]["error"]["message"], found[2]
        same(found[2]["error"]["hint"], "more time:  set "
             "dependencies.timeout %ds" % (2 * limit))
        same(found[3]["result"]["id"], found[1]["result"]["id"])
        same(found[4]["result"]["stdout"], "alive\n")
        if BEGUN not in json.dumps(found[5]):
            return False
        if kind == "docker":    # for people too
            done = h.addesh("-c", "env new --dep slow " + h.image)
            same((done.status, done.out), (124, ""))
            return BEGUN + "\n" in done.err
        return True


@test("Ctrl-C stops it: %s", ENGINES)
def _(kind):
    one = fresh()
    with Deps(kind) as h:
        p = h.spawn("-c", "env new --dep slow --dep %s %s" % (one, h.image))
        try:
            line = b""
            while b"installing " not in line:
                line = p.stderr.readline()
                assert line, "it ended"
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=patient(60))
        finally:
            p.kill()
            p.wait()
        same(p.returncode, 130, err)
        # environments on other tests' layers inherit the label
        same([c for c in engines.api(kind).containers("addesh.image=deps")
              if "addesh.owner" not in c["Labels"] and
              one in c["Command"]], [])


@test("dep rm goes back: %s", ENGINES)
def _(kind):
    one, two = fresh(), fresh()
    with Deps(kind) as h:
        found = h.ok("env new --dep %s %s" % (one, h.image),
                     "dep add " + two, "run a.fake <<< 'echo kept >f'",
                     "dep rm " + two, "dep ls", "dep rm " + one, "dep ls",
                     "exec -- sh -c 'cat f; ls -d /opt/fake || :'",
                     "env info")
        same((found[3]["layer"], found[3]["layer_built"]),
             (found[0]["layer"], False))
        same(rows(found[4]), [(one, one, "1")])
        same((found[5]["layer"], found[5]["dependencies"]), (None, []))
        same(found[6]["dependencies"], [])
        # at the end it is the image alone
        same(found[7]["stdout"], "kept\n")
        assert "layer" not in found[8], found[8]


@test("what cannot be carried over changes nothing: %s", ENGINES)
def _(kind):
    with Deps(kind) as h:
        found = h.results(
            "env new " + h.image, "env info",
            "exec -- sh -c 'echo x >no; chmod 0 no; mkfifo fifo'",
            "dep add " + fresh(), "env info", "exec chmod u+r no",
            "dep add " + fresh(), "exec -- sh -c 'cat no; ls'")
        assert "no: Permission denied" in found[3]["error"]["message"], found
        assert "exec chmod" in found[3]["error"]["hint"], found[3]
        same(found[4]["result"]["id"], found[1]["result"]["id"])
        same(found[6]["result"]["carried"]["skipped"], 1)
        assert "1 sockets, FIFOs or devices" in h.done.err, h.done.err
        same(found[7]["result"]["stdout"], "x\nno\n")


@test("a layer that was removed is told, and installed again: %s", ENGINES)
def _(kind):
    one = fresh()
    with Deps(kind) as h:
        first = h.ok("env new --dep %s %s" % (one, h.image))[0]
        h.ok("image rm -f " + first["layer"].split(":")[1])
        h.layers.clear()
        again = h.ok("env new --dep %s %s" % (one, h.image),
                     "exec cat /opt/fake/list")
        same((again[0]["layer_built"], again[1]["stdout"]),
             (True, one + "=1\n"))


@test("packages are words, whatever is in them: %s", ENGINES)
def _(kind):
    odd = ["a b", "$(touch /evil)", "`id`", "x;y|z&", "q'uote", 'd"uote',
           "back\\slash", "$HOME", "<<EOF", "é☃", "#no", "*", "[x]>=1,<2"]
    odd = [o + fresh() for o in odd]
    quoted = " ".join("'%s'" % o.replace("'", "'\\''") for o in odd)
    with Deps(kind) as h:
        found = h.ok("env new " + h.image, "dep add -- " + quoted,
                     "exec cat /opt/fake/list")
        same(sorted(found[2]["stdout"].splitlines()),
             sorted(o + "=1" for o in odd))


def refused(kind, command, wanted, image=IMAGE, status=2, **kw):
    with Deps(kind, **kw) as h:
        found = h.results("env new " + image, command, "exec echo alive")
        same((found[1]["ok"], found[1]["status"]), (False, status), found[1])
        error = found[1]["error"]
        assert wanted in "%s\n%s" % (error["message"], error["hint"]), error
        same(found[2]["result"]["stdout"], "alive\n")


REFUSED = [
    ("dep add", "which packages?"),
    ("dep add -- --index-url=x", "it would be an option of the installer"),
    ("dep add ''", "a package needs a name"),
    ("dep add 'a\nRUN touch /x'", "a control character"),
    ("dep add 'a\x7f'", "a control character"),
    ("dep add --lang java junit", "build DIR"),
    ("dep add --lang typescript x", "--lang javascript"),
    ("dep add --lang lua x", "packages of lua are not installed by name"),
    ("dep add --lang cobol x", "no language is named 'cobol'"),
    ("dep add --file notes.txt", "notes.txt"),
    ("dep rm x", "'x' was not asked for here"),
]


@test("%s: refused", [c for c, _ in REFUSED])
def _(command):
    refused("docker", command, dict(REFUSED)[command],
            status=125 if "notes" in command else 2)


@test("an image without the installer: %s", ENGINES)
def _(kind):
    with Deps(kind) as h:
        found = h.results("env new --dep six python:3.11-slim",
                          "env new --lang python --dep six " + h.image)
        for o, kind, text in zip(
                found, ("missing_module", "command_not_found"),
                ("has no pip", "python3 is not in this image")):
            same((o["ok"], o["status"]), (False, 125))
            same(o["result"]["install"]["diagnosis"]["kind"], kind)
            assert text in o["error"]["hint"], o


@test
def tab_completes_what_dep_rm_takes():
    one = fresh("tabbed")
    with Deps("docker") as h:
        h.ok("env new --dep %s %s" % (one, h.image))
        s = Screen(h.argv(), h.env, cwd=h.work)
        try:
            s.wait_for("^addesh.*>$")
            s.type("env new --dep %s %s" % (one, h.image))
            s.keys("Enter")
            s.wait_for("ready in.*^addesh e1.*>$")
            s.type("dep rm tabb")
            s.keys("Tab")
            s.wait_for("> dep rm %s" % one)
            s.keys("C-u")
            s.type("env rm e1")
            s.keys("Enter")
            s.wait_for("env rm e1\n^addesh[^1]*>$")
        finally:
            s.close()


@test("an image that does not tell its language: %s", ENGINES)
def _(kind):
    image = engines.api(kind).get("/images/%s/json" % IMAGE)["Id"]
    refused(kind, "dep add x", "say it:  dep add --lang python",
            image=image.split(":")[-1])
    with Deps(kind) as h:
        done = h.results("env new --dep x " + image)[0]
        same(done["error"]["hint"], "say it:  env new --lang python ...")


@test("the policy bounds it")
def _():
    with Deps("docker", config={
            "dependencies": {"network": "none"},
            "tools": {"code_execution": {
                "sandbox": "docker", "images": ["busybox:*"]}}}) as h:
        found = h.results("env new " + IMAGE, "dep add x",
                          "set dependencies.network full", "dep add x" +
                          fresh(), "exec cat /opt/fake/list",
                          "env new --dep x python:3.11-slim")
        same((found[1]["status"], found[1]["error"]["kind"]),
             (125, "policy"))
        assert "dependencies.network" in found[1]["error"]["message"]
        # the layer is none of the images that were asked for
        same((found[3]["ok"], found[4]["ok"]), (True, True), found[3])
        same(found[5]["error"]["kind"], "policy")
    refused("docker", "dep add x", "allowed_languages", status=125, config={
        "tools": {"code_execution": {"sandbox": "docker",
                                     "allowed_languages": ["python"]}}})


@test("%s has no images to install into", KINDS[2:])
def _(kind):
    with Deps(kind) as h:
        found = h.results("env new", "dep add x", "dep rm x", "dep ls",
                          "env new --lang python --dep x", "env ls")
        for o in found[1], found[2], found[4]:
            same((o["ok"], o["status"]), (False, 2))
            assert "has no images" in o["error"]["message"], o
            assert "engine" in o["error"]["hint"], o
        same(found[3]["result"]["dependencies"], [])
        same(len(found[5]["result"]["environments"]), 1)


@test("the image's user, directory and command stay: %s", ENGINES)
def _(kind):
    api = engines.api(kind)
    with Deps(kind) as h:
        new, who = h.ok(
            "env new --user image --dep %s busybox:entrypoint" % fresh(),
            "exec -- sh -c 'id -u; id -g'")
        same(who["stdout"], "1234\n1234\n")
        wanted, got = (api.get("/images/%s/json" % i)["Config"]
                       for i in ("busybox:entrypoint", new["layer"]))
        for key in "User", "WorkingDir", "Entrypoint", "Cmd":
            same(got[key], wanted[key], key)
        path = [e for e in got["Env"] if e.startswith("PATH=")]
        same(path, [e for e in wanted["Env"] if e.startswith("PATH=")])
        labels = got["Labels"]
        same((labels["addesh.image"], labels["addesh.base"]),
             ("deps", "busybox:entrypoint"))
        same(sorted(k for k in labels if not k.startswith("addesh.deps")),
             ["addesh.base", "addesh.image"] if kind == "docker" else
             sorted(k for k in labels if not k.startswith("addesh.deps")))


@test("lists: %s", ENGINES)
def _(kind):
    one, two, three = fresh(), fresh(), fresh()
    with Deps(kind) as h:
        path = h.write("dir/my.fakes", one + "=7\n")
        lock = h.write("dir/lock.fakes", "not read\n")
        found = h.ok("env new --dep-file %s --dep %s %s" % (
                         path, two, h.image),
                     "dep ls", "dep add --file " + path)
        same(found[0]["dependencies"], ["my.fakes", two])
        same(rows(found[1]), [("my.fakes", "my.fakes", None),
                              (two, two, "1"), (one, None, "7")])
        same(found[2]["layer_built"], False)
        # another content is another layer
        h.write("dir/my.fakes", three + "=8\n")
        found = h.ok("env new --dep-file %s --dep-file %s %s" % (
                         path, lock, h.image),
                     "dep ls", "exec cat /opt/addesh/fake/lock.fakes",
                     "dep rm my.fakes", "dep rm lock.fakes", "dep ls")
        same(rows(found[1])[2:], [(three, None, "8")])
        same(found[2]["stdout"], "not read\n")
        same(found[5]["dependencies"], [])


@test("a list of any name, where the language is known: %s", ENGINES)
def _(kind):
    one = fresh()
    image = engines.api(kind).get("/images/%s/json" % IMAGE)["Id"]
    with Deps(kind) as h:
        path = h.write("needed/dev.txt", one + "=7\n")
        found = h.ok("env new --lang fake --dep-file %s %s" % (path, h.image),
                     "dep ls", "env new --name other " + h.image,
                     "dep add --file " + path)
        same(rows(found[1]), [("dev.txt", "dev.txt", None), (one, None, "7")])
        same(found[3]["layer_built"], False)
        found = h.results("env new --dep-file %s %s" % (
            path, image.split(":")[-1]))[0]
        same(found["ok"], False)
        assert "--lang" in found["error"]["hint"], found


@test("the installer's variables come from the environment, else from addesh",
      )
def _():
    other = fresh()
    with Deps("docker", env={"FAKE_INDEX": "mine", "FAKE_ENV": "x"}) as h:
        found = h.ok(
            "env new --dep index --dep %s %s" % (other, IMAGE),
            "exec cat /opt/fake/list",
            "env new -e FAKE_INDEX=its --dep index --dep %s %s" % (other,
                                                                   IMAGE),
            "exec cat /opt/fake/list", "exec env")
        same(found[1]["stdout"], "index=mine\n%s=1\n" % other)
        same(found[3]["stdout"], "index=its\n%s=1\n" % other)
        # what is only for the installer stays with it
        assert "FAKE_ENV" not in found[4]["stdout"], found[4]["stdout"]


@test("installed again with --no-cache, and replaced by name")
def _():
    one = fresh()
    with Deps("docker") as h:
        found = h.ok("env new --dep %s==1 %s" % (one, h.image),
                     "dep add --no-cache %s==1" % one,
                     "dep add %s==2" % one, "dep ls")
        same(found[1]["layer_built"], True)
        same(found[2]["dependencies"], [one + "==2"])
        same(rows(found[3]), [(one, one + "==2", "=2=1")])


main()
