# SPDX-License-Identifier: MIT
"""build: a directory becomes an image, or the step is named that failed."""

import base64
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
import make_image
from addesh import Home
from engineapi import ApiError
from tap import main, patient, same, test

BUILDERS = ("classic", "buildkit", "buildah")
KIND = {"classic": "docker", "buildkit": "docker", "buildah": "podman"}
# An image of its own, so that no test finds another's cache.
BASE = "FROM busybox:latest\nENV TEST_OF=%s\n"


class Build(Home):
    """A home with a directory `app`, and the builder chosen."""

    def __init__(self, builder, name=None):
        self.kind = KIND[builder]
        super().__init__(options=engines.sandbox(self.kind))
        if self.kind == "docker":
            self.env["DOCKER_BUILDKIT"] = str(int(builder == "buildkit"))
        self.api = engines.api(self.kind)
        self.name = name or "test-%d" % os.getpid()
        self.before = self.state()

    def state(self):
        """Containers, and images without a name, that are there."""
        nameless = self.api.get("/images/json", filters=json.dumps(
            {"dangling": ["true"]}))
        return ({c["Id"] for c in self.api.containers()},
                {i["Id"] for i in nameless})

    def leaves_nothing(self):
        """What is new since the beginning: other tests remove and make theirs,
        so only what carries this test's variable counts."""
        mine = "TEST_OF=" + self.name
        containers, images = self.state()
        left = []
        for path, ids in (("/containers/", containers - self.before[0]),
                          ("/images/", images - self.before[1])):
            for i in ids:
                try:
                    c = self.api.get(path + i + "/json")["Config"]
                except Exception:
                    continue
                if mine in (c.get("Env") or []):
                    left.append(path + i)
        same(left, [], "left behind")

    def has_container(self):
        """Waits for a container of this build, which carries our label."""
        mine = "TEST_OF=" + self.name
        end = time.monotonic() + patient(60)
        while time.monotonic() < end:
            for c in self.api.containers("addesh.image=build"):
                try:
                    c = self.api.get("/containers/%s/json" % c["Id"])
                except ApiError as e:    # another build's, gone by now
                    same(e.status, 404)
                    continue
                if mine in c["Config"]["Env"]:
                    return
            time.sleep(0.1)    # there is no event to wait for
        raise AssertionError("no container with the label")

    def dockerfile(self, text, **files):
        self.write("app/Dockerfile", BASE % self.name + text)
        for name, data in files.items():
            self.write("app/" + name, data)

    def build(self, *options, **kw):
        """(object, Done)"""
        done = self.addesh("--json", "-c", "build ./app " + " ".join(options),
                           **kw)
        return json.loads(done.out), done

    def ok(self, *options):
        got, done = self.build(*options)
        done.is_ok()
        return got["result"]

    def close(self):
        for image in self.api.get("/images/json", filters=json.dumps(
                {"label": ["addesh.image=build"]})):
            for tag in image.get("RepoTags") or []:
                if self.name in tag:
                    self.api.delete("/images/" + tag, force="1")
        super().close()


def name(builder, what):
    return "t%d-%s-%s" % (os.getpid(), builder, what)


@test("%s: an image is built, and environments open on it", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "first")) as h:
        h.dockerfile("WORKDIR /app\nCOPY main.sh .\nRUN echo built >result\n",
                     **{"main.sh": "cat /app/result\n"})
        r = h.ok("-t", h.name)
        same(r["status"], "completed")
        same(len(r["tags"]), 1)
        assert re.fullmatch(r"agent-env:%s-\d{8}-\d{6}-\d{6}" % h.name,
                            r["tags"][0]), r["tags"]
        image = h.api.get("/images/%s/json" % r["tags"][0])
        same(r["id"].split(":")[-1], image["Id"].split(":")[-1])
        same(image["Config"]["Labels"]["addesh.image"], "build")
        same([s["line"] for s in r["steps"] if s["instruction"][:3] in
              ("COP", "RUN")], [4, 5])
        done = h.addesh("-c", "env new %s && exec sh /app/main.sh" %
                        r["tags"][0]).is_ok()
        same(done.out, "built\n")
        again = h.ok("-t", "local/%s:1" % h.name)
        same(again["tags"], ["local/%s:1" % h.name])
        assert all(s["cached"] for s in again["steps"]
                   if s["instruction"][:3] in ("COP", "RUN")), again["steps"]
        h.leaves_nothing()


@test("%s: a base whose programs cannot run here", BUILDERS)
def _(builder):
    other = "amd64" if os.uname().machine == "aarch64" else "arm64"
    with Build(builder, name(builder, "other")) as h:
        h.write("app/Dockerfile", "FROM --platform=linux/%s busybox:arm64\n"
                "ENV TEST_OF=%s\nCOPY Dockerfile /\n" % (other, h.name))
        r = h.ok("-t", "local/%s:1" % h.name)
        same(h.api.get("/images/%s/json" % r["id"])["Architecture"], other)
        assert "is here for" not in str(r["warnings"]), r["warnings"]
        h.leaves_nothing()


@test("%s: triggers of the base are told with its FROM", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "trigger")) as h:
        base = "local/%s:base" % h.name
        h.dockerfile("ONBUILD RUN echo one $TEST_OF\n"
                     "ONBUILD COPY . /ctx/\nONBUILD RUN echo two; exit $(cat "
                     "/ctx/status)\n", status="0")
        h.ok("-t", base)
        text = "FROM %s\nRUN echo \"own\"\nCOPY status /own\n" % base
        h.write("app/Dockerfile", text)
        done = h.addesh("-c", "build ./app -t local/%s:1" % h.name).is_ok()
        steps = [re.sub(r" +(cached|[\d.]+s)$", "", l)
                 for l in done.err.splitlines()
                 if re.match(r"\[\d/3\] ", l) and " ... " not in l]
        own = ["[2/3] RUN echo \"own\"", "[3/3] COPY status /own"]
        if builder == "classic":    # which does not say one by one
            same(steps, ["[1/3] FROM %s (with its ONBUILD triggers)" % base] +
                 own)
        else:
            same([s.replace(" (with its ONBUILD triggers)", "")
                  for s in steps],
                 ["[1/3] FROM " + base,
                  "[1/3] ONBUILD RUN echo one " +
                  (h.name if builder == "buildkit" else "$TEST_OF"),
                  "[1/3] ONBUILD COPY . /ctx/",
                  "[1/3] ONBUILD RUN echo two; exit $(cat /ctx/status)"] + own)
        h.write("app/status", "9")
        got, done = h.build()
        r = got["result"]
        same((r["failed_step"], r["exit_code"], r["failed_instruction"]),
             (1, 9, "FROM " + base))
        same(r["message"],
             "the command ended with exit 9" if builder == "classic" else
             "ONBUILD RUN echo two; exit $(cat /ctx/status) ended with exit 9")


@test("%s: failures are said in the same words", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "words")) as h:
        h.dockerfile("RUN exit 3\n")
        same(h.build()[0]["result"]["message"],
             "the command ended with exit 3")
        h.dockerfile("COPY nothing /\n")
        r = h.build()[0]["result"]
        assert "nothing" in r["message"], r
        assert "STEP" not in r["message"], r


@test("%s: an image of others that loses its name is named", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "lost")) as h:
        tag = "local/%s:1" % h.name
        with make_image.made(h.kind, tag, {"made.for": h.name}) as other:
            try:
                h.dockerfile("")
                r = h.ok("-t", tag)
                same([w for w in r["warnings"] if tag in w],
                     ["%s was a name of %s, which addesh did not make; to "
                      "give it back:  image tag %s %s" % (
                          tag, other.split(":")[-1][:12],
                          other.split(":")[-1][:12], tag)])
                h.dockerfile("ENV X=y\n")
                same([w for w in h.ok("-t", tag)["warnings"] if tag in w], [])
            finally:
                make_image.remove(h.kind, other)


@test("%s: builds within a second have names of their own", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "names")) as h:
        made = {}
        for i in range(4):
            h.dockerfile("ENV N=%d\n" % i)
            r = h.ok("-t", h.name)
            made[r["tags"][0]] = r["id"]
        same(len(made), 4, made)
        same({tag: h.api.get("/images/%s/json" % tag)["Id"].split(":")[-1]
              for tag in made},
             {tag: i.split(":")[-1] for tag, i in made.items()})


@test("%s: the step that fails is named, with its log and status", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "fails")) as h:
        h.dockerfile("\n# a comment\nRUN echo fine\n"
                     "RUN echo first; \\\n  echo last >&2; exit 42\n"
                     "RUN echo never\n")
        got, done = h.build()
        done.is_status(1)
        r = got["result"]
        same((got["ok"], r["status"], r["exit_code"], r["failed_line"],
              r["failed_instruction"], r["failed_step"], r["id"]),
             (False, "failed", 42, 6,
              "RUN echo first;   echo last >&2; exit 42", 4, None))
        assert "first\n" in r["failed_log"] and "last\n" in r["failed_log"], r
        assert not any("never" in s["instruction"] for s in r["steps"]), r
        done = h.addesh("-k", "-c", "build ./app", "-c", "logs")
        assert "\nfirst\n" in done.err and "\nlast\n" in done.err, done.err
        assert "step 4/5 failed with exit 42: Dockerfile:6: RUN echo first;" in done.err
        assert "first\n" in done.out and "fine\n" in done.out, done.out
        h.leaves_nothing()


# BuildKit of 20.10 has no limit of memory.
@test("%s: what more memory is asked for with, where a RUN was killed",
      ("classic", "buildah"))
def _(builder):
    with Build(builder, name(builder, "memory")) as h:
        h.dockerfile("RUN dd if=/dev/zero of=/dev/null bs=200M count=1\n")
        got, done = h.build("-m", "32m")
        done.is_status(1)
        same(got["result"]["hint"], "it was killed: perhaps it needed more "
             "memory than 32m:  build -m 64m ...", got)


@test("%s: the steps of each stage are told as those of that stage", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "stages")) as h:
        base = BASE % h.name
        h.write("app/Dockerfile", base.replace("\n", " AS made\n", 1) +
                "RUN echo %s >/made\n" % h.name + base +
                "COPY --from=made /made /\nRUN exit 3\n")
        got, done = h.build()
        done.is_status(1)
        r = got["result"]
        same([(s["line"], s["stage"], s["status"]) for s in r["steps"]
              if s["instruction"][:3] in ("COP", "RUN")],
             [(3, "made", "done"), (6, "1", "done"), (7, "1", "failed")])
        same(r["failed_line"], 7)
        err = h.addesh("-c", "build ./app").is_status(1).err
        assert re.search(r"^\[made 3/7\] RUN echo", err, re.M), err
        assert re.search(r"^\[stage-1 7/7\] RUN exit 3  failed after [0-9.]+",
                         err, re.M), err
        h.leaves_nothing()


@test("%s: a build that never ends is stopped at its limit", BUILDERS,
      beside=True)
def _(builder):
    with Build(builder, name(builder, "limit")) as h:
        h.dockerfile("RUN echo begun; exec sleep 1000000\n")
        for limit in patient(3), patient(15), patient(45):
            got, done = h.build("--timeout", "%ds" % limit)
            done.is_status(124)
            r = got["result"]
            if r.get("failed_log"):    # else it had not come so far
                break
        same((r["status"], r["failed_line"], r["failed_log"]),
             ("timeout", 3, "begun\n"))
        same([s["status"] for s in r["steps"]][-1], "stopped")
        h.leaves_nothing()
        for limit in limit, 5 * limit:
            done = h.addesh("-c", "set build.timeout %d" % limit,
                            "-c", "build ./app").is_status(124)
            if "\nbegun\n" in done.err:
                break
        assert re.search(r"^\[3/3\] RUN echo .*  stopped after [0-9.]+s$",
                         done.err, re.M), done.err
        for line in ("begun", "step 3/3 did not end: Dockerfile:3: RUN echo "
                     "begun; exec sleep 1000000",
                     "the build was stopped at its time limit of %ds" % limit,
                     "  more time:  build --timeout %ds ..." % (2 * limit)):
            assert "\n%s\n" % line in done.err, (line, done.err)


@test("%s: Ctrl-C stops it on the engine", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "ctrl-c")) as h:
        h.dockerfile("RUN echo begun; exec sleep 1000001\n")
        p = h.spawn("-v", "-c", "build ./app")
        try:
            line = b""
            while b"exec sleep" not in line:
                line = p.stderr.readline()
                assert line, "it ended"
            if builder == "classic":
                h.has_container()
            p.send_signal(signal.SIGINT)
            p.communicate(timeout=patient(60))
        finally:
            p.kill()
            p.wait()
        same(p.returncode, 130)
        h.leaves_nothing()


@test("%s: build arguments, labels and stages", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "options")) as h:
        h.write("app/Dockerfile", "FROM busybox:latest AS First\nARG V=1\n"
                "ENV OUT=$V\nFROM busybox:latest AS last\nENV LAST=yes\n")
        r = h.ok("-t", "local/%s:a" % h.name, "--target", "0",
                 "--build-arg", "V=2", "--label", "who=me")
        c = h.api.get("/images/%s/json" % r["tags"][0])["Config"]
        assert "OUT=2" in c["Env"] and "LAST=yes" not in c["Env"], c["Env"]
        same(c["Labels"]["who"], "me")


@test("%s: an image that is neither here nor to be had", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "missing")) as h:
        h.write("app/Dockerfile", "FROM busybox:lattest\nUSER 1\n")
        done = h.addesh("-c", "build ./app").is_status(125)
        assert "addesh: build: image busybox:lattest is not here: pulling " \
            in done.err, done.err
        assert "here are: busybox:latest" in done.err, done.err


@test("%s: arguments above the stages, and those that nothing takes", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "args")) as h:
        h.write("app/Dockerfile", "ARG FROM_HERE=busybox\nFROM $FROM_HERE:latest"
                "\nENV TEST_OF=%s\nARG V=1\nRUN exit $V\n" % h.name)
        got, done = h.build("--build-arg", "V=3", "--build-arg", "NOPE=1",
                            "--build-arg", "HTTP_PROXY=")
        done.is_status(1)
        r = got["result"]
        same((r["failed_line"], r["failed_step"], r["exit_code"]), (5, 4, 3))
        steps = [s["step"] for s in r["steps"]]
        same(steps, sorted(steps))
        same([w for w in r["warnings"] if "--build-arg" in w],
             ["no ARG of the Dockerfile takes --build-arg NOPE"])
        h.leaves_nothing()


@test("%s: limits of runs do not hold for builds", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "limits")) as h:
        h.dockerfile("RUN sleep 2\n")
        h.addesh("-c", "set timeout 1", "-c", "set network none", "-c",
                 "build ./app").is_ok()


@test("%s: what is no Dockerfile, and what cannot be had", BUILDERS)
def _(builder):
    with Build(builder) as h:
        for text, wanted in (
                ("FROM\n", "Dockerfile:1: "),
                ("FROM busybox:latest\nRUM x\n", "Dockerfile:2: "),
                ("", "Dockerfile"),
                ("FROM no/such:image\n", "no/such:image")):
            h.write("app/Dockerfile", text)
            done = h.addesh("-c", "build ./app")
            assert done.status in (2, 125), done.status
            assert wanted in done.err, (text, done.err)
        h.write("app/Dockerfile", "FROM busybox:latest\n")
        h.write("off.yaml", "tools: {code_execution: {enabled: false}}\n")
        done = h.addesh("--config", "off.yaml", "-c", "build ./app")
        assert "enabled" in done.is_status(125).err, done.err
        done = h.addesh("-c", "build ./nowhere").is_status(125)
        assert "nowhere: No such file or directory" in done.err, done.err
        h.write("app/Dockerfile", "FROM busybox:latest\n")
        for tag in ("x/UPPER", "a b", "x:", "a/b:c:d", "'-x'", "a@b"):
            done = h.addesh("-c", "build ./app --tag=%s" % tag)
            same(done.status, 2, done.err)


@test("%s: base images are the policy's, and fetched with credentials",
      BUILDERS)
def _(builder):
    closed = "127.0.0.1:5001/remote:latest"
    with engines.alone("remote"), Build(builder) as h:
        state = engines.state(h.kind)
        h.write("app/Dockerfile", "FROM %s\n" % closed)
        if h.api.has_image(closed):
            h.api.delete("/images/" + closed, force="1")
        done = h.addesh("-c", "build ./app").is_status(125)
        assert "log in:  login 127.0.0.1:5001" in done.err, done.err
        with open(h.dir("home/.docker") + "/config.json", "w") as f:
            json.dump({"auths": {"127.0.0.1:5001": {"auth": base64.b64encode(
                ("%s:%s" % (state["user"], state["password"])).encode()
            ).decode()}}}, f)
        r = h.ok("-t", "local/private:%d" % os.getpid())
        h.ok("--pull", "-t", r["tags"][0])
        h.write("only.yaml", "tools: {code_execution: {images: [python]}}\n")
        done = h.addesh("--config", "only.yaml", "-c", "build ./app")
        assert "is not allowed" in done.is_status(125).err, done.err
        for tag in r["tags"] + [closed]:
            h.api.delete("/images/" + tag, force="1")


@test("%s: a heredoc is the Dockerfile, and not in the image", BUILDERS)
def _(builder):
    with Build(builder, name(builder, "heredoc")) as h:
        h.write("app/x", "here\n")
        done = h.addesh("--json", "-c", "build ./app <<EOF\n" +
                        BASE % h.name + "COPY . /c/\nEOF").is_ok()
        tag = json.loads(done.out)["result"]["tags"][0]
        done = h.addesh("-c", "env new %s && exec ls -a /c" % tag).is_ok()
        same(done.out.split(), [".", "..", "x"])
        h.api.delete("/images/" + tag, force="1")


@test
def a_template_is_shown_and_written_only_when_asked():
    with Build("classic") as h:
        h.write("app/requirements.txt", "")
        before = os.listdir(h.work + "/app")
        done = h.addesh("-c", "build ./app --dry-run").is_ok()
        assert done.out.startswith("FROM python:3"), done.out
        assert "requirements.txt" in done.err, done.err
        same(os.listdir(h.work + "/app"), before)
        done = h.addesh("-c", "build ./app --write --dry-run").is_status(2)
        same(os.listdir(h.work + "/app"), before)
        done = h.addesh("-c", "build ./empty").is_status(125)
        os.mkdir(h.work + "/empty")
        done = h.addesh("-c", "build ./empty").is_status(2)
        assert "requirements.txt" in done.err, done.err


WRONG = {
    "-t a:b:c": (2, "image 'a:b:c': the tag is not valid\n  behind the name "
                 "and a colon stands one tag"),
    "-t ''": (2, "the name of an image is empty"),
    "-f ''": (2, "-f: the name of the Dockerfile is empty\n  without -f "),
    "-f dev": (125, "dev: No such file or directory\n  -f is a path from here, "
               "not from ./app\n"),
    "--target nope": (125, "Dockerfile has no stage nope\n  its stages, those "
                      "without a name by number: base, 1\n"),
    "-f app/trigger": (125, "app/trigger:2: ONBUILD may not be behind ONBUILD"
                       "\n  one of them is enough"),
    "": (125, "/app/.dockerignore:2: the brackets are not closed, are empty, "
         "or hold half a range\n  a bracket of a name is written \\[\n"),
}


@test("build %s: the error says what to do", list(WRONG))
def _(options):
    status, text = WRONG[options]
    with Build("classic") as h:
        h.write("app/Dockerfile", "FROM busybox AS base\nFROM base\n")
        h.write("app/dev", "FROM busybox\n")
        h.write("app/trigger", "FROM busybox\nONBUILD ONBUILD RUN x\n")
        h.write("app/.dockerignore", "a\n[b\n")
        done = h.addesh("-c", "build ./app " + options).is_status(status)
        same(text in done.err, True, done.err)


@test("a Dockerfile that is a link, %s", ("found", "by -f"))
def _(how):
    """What it leads to outside of the directory is neither shown nor sent."""
    with Build("classic") as h:
        h.write("secret", "root:x:0:0\n")
        h.write("app/sub/real", "FROM busybox\n")
        link = os.path.join(h.work, "app", "Dockerfile")
        line = "build app --dry-run" + \
            (" -f app/Dockerfile" if how == "by -f" else "")
        os.symlink("../secret", link)
        done = h.addesh("-c", line).is_status(2)
        assert "is a link that leads out of the directory\n  if that file " \
            "is meant:  build -f %s/secret app\n" % h.work in done.err, done
        assert "root:x" not in done.out + done.err, done
        os.unlink(link)
        os.symlink("sub/real", link)
        same(h.addesh("-c", line).is_ok().out, "FROM busybox\n")
        done = h.addesh("-c", "build app --dry-run -f secret").is_ok()
        same(done.out, "root:x:0:0\n")


@test
def what_write_keeps_builds_the_same_again():
    with Build("classic", name("classic", "write")) as h:
        h.env["XDG_CONFIG_HOME"] = h.work + "/config"
        h.write("config/addesh/languages.yaml", "mine: {recipes: [[mine]], "
                "project: [{files: [my.project], template: mine}]}\n")
        h.write("config/addesh/templates/mine.Dockerfile",
                BASE % h.name + "COPY . /app/\nRUN ! test -e /app/.env && "
                "test -e /app/my.project\n")
        h.write("app/my.project", "")
        h.write("app/.env", "TOKEN=1\n")
        app = os.path.join(h.work, "app")
        done = h.addesh("-c", "build app --write -t " + h.name).is_ok()
        assert "%s/Dockerfile written\n" % app in done.err, done.err
        assert "%s/.dockerignore written\n" % app in done.err, done.err
        h.addesh("-c", "build app -t " + h.name).is_ok()
        done = h.addesh("-c", "build app --write").is_status(2)
        assert "there is a Dockerfile" in done.err, done.err
        # one's own is not replaced
        os.unlink(app + "/Dockerfile")
        h.write("app/.dockerignore", ".env\n")
        h.addesh("-c", "build app --write -t " + h.name).is_ok()
        with open(app + "/.dockerignore") as f:
            same(f.read(), ".env\n")


main()
