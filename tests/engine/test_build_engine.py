# SPDX-License-Identifier: MIT
"""Building with the three builders of the real engines."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from addesh import Home
from buildtool import Built, archive, argv, build
from engineapi import ApiError
from engines import api, endpoint, sandbox
from enginetool import finish, start
from tap import main, patient, same, test

BUILDERS = ("classic", "buildkit", "buildah")
TEXT_BUILDERS = ("classic", "buildah")    # those that leave images


class Engine:
    """An engine, and what this test program makes there."""

    def __init__(self, builder):
        self.builder = builder
        self.kind = "podman" if builder == "buildah" else "docker"
        self.url = endpoint(self.kind)
        self.api = api(self.kind)
        # In each Dockerfile, so that nobody else's images are taken for it.
        self.nonce = uuid.uuid4().hex[:12]
        self.tag = "build-engine-%s:1" % self.nonce
        self.before = self.images()

    def images(self):
        return {i["Id"] for i in self.api.get("/images/json", all="1")}

    def ours(self):
        """Images of this test: those with its nonce in their history."""
        found = []
        for image in sorted(self.images() - self.before):
            try:
                history = self.api.get("/images/%s/history" % image)
            except ApiError:
                continue    # another's, and gone
            if self.nonce in json.dumps(history):
                found.append(image)
        return found

    def containers(self):
        """Of this test, those of buildah included."""
        if self.kind == "docker":
            listed = self.api.get("/containers/json", all="1")
        else:
            listed = self.api.get("/v4.0.0/libpod/containers/json",
                                  all="true", external="true")
        ours = [i[:12] for i in self.ours()]
        return [c for c in listed if self.nonce in json.dumps(c) or
                any(i in json.dumps(c) for i in ours)]

    def options(self, options):
        given = {"tag": self.tag}
        if self.builder != "buildah":
            given["builder"] = self.builder
        given.update(options)
        return {k: v for k, v in given.items() if v is not None}

    def dockerfile(self, *lines, base="busybox"):
        return "\n".join(("FROM " + base, "ENV NONCE=" + self.nonce) +
                         lines) + "\n"

    @contextlib.contextmanager
    def keeper(self):
        """The options that name a container for a PID namespace."""
        if self.builder != "buildah":
            yield {}
            return
        made = self.api.post("/containers/create", {
            "Image": "busybox", "Cmd": ["sleep", "1000"]})["Id"]
        self.api.post("/containers/%s/start" % made)
        try:
            yield {"keeper": made}
        finally:
            self.api.remove(made)

    def build(self, *lines, base="busybox", files=(), **options):
        context = archive(self.dockerfile(*lines, base=base), **dict(files))
        return build(self.url, context, **self.options(options))

    def leaves_nothing(self):
        same((self.ours(), self.containers()), ([], []), "left")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.api.delete("/images/" + self.tag, force="1")
        except ApiError:
            pass
        for _ in range(8):    # children first
            for image in self.ours():
                try:
                    self.api.delete("/images/" + image, force="1")
                except ApiError:
                    pass


def processes(mark):
    return subprocess.run(["pgrep", "-f", mark],
                          stdout=subprocess.PIPE).stdout.split()


def is_soon(condition, seconds=10):
    end = time.monotonic() + patient(seconds)
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


# What is built

@test("%s builds", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        done = e.build("ARG WHO", "RUN echo hello $WHO; echo bad >&2",
                       "COPY a.txt /a", files={"a__txt": "A"},
                       arg=["WHO=you=me"], label=["x.y=1 2", "z="],
                       tag=[e.tag]).is_ok()
        image = e.api.get("/images/%s/json" % e.tag)
        same(image["Id"], done.id)
        labels = image["Config"]["Labels"]
        same((labels["x.y"], labels["z"]), ("1 2", ""))
        assert "NONCE=" + e.nonce in image["Config"]["Env"]
        run = done.step("RUN echo hello")
        same((run["state"], run["error"], run["exit_code"]), ("done", "", 0))
        assert 0 < run["ms"] < 60000, run
        assert "hello you=me\n" in done.log(run) and \
            "bad\n" in done.log(run), done.logs
        if builder != "buildah":    # whose stream does not say which is which
            same((done.log(run, 1), done.log(run, 2)),
                 ("hello you=me\n", "bad\n"))
        assert done.sent == 10240, done.sent
        steps = [s for s in done.steps.values() if s["n"]]
        # What builds at one time have in common BuildKit has once, under the
        # name that the first gave it: "[1/2] FROM" of another test.
        same({s["total"] for s in steps if s["n"] > 1}, {len(steps)})
        same(sorted(s["n"] for s in steps),
             list(range(1, len(steps) + 1)))
        same({s["state"] for s in done.steps.values()} -
             {"done", "cached"}, set())
        same(e.containers(), [])


@test("%s takes steps from its cache, unless it must not", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        first = e.build("RUN echo once > /once").is_ok()
        same(first.step("RUN echo")["state"], "done")
        again = e.build("RUN echo once > /once").is_ok()
        run = again.step("RUN echo")
        same((run["state"], again.log(run)), ("cached", ""))
        fresh = e.build("RUN echo once > /once", no_cache=1).is_ok()
        same(fresh.step("RUN echo")["state"], "done")


@test("%s builds the stage that is asked for", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        lines = ("RUN echo first > /one", "FROM busybox AS middle",
                 "COPY --from=0 /one /two", "FROM busybox", "RUN exit 3")
        done = e.build(*lines, target="middle").is_ok()
        same([t for t, _ in done.mine() if "exit 3" in t], [])
        stages = {s["stage"] for s in done.steps.values() if s["n"]}
        if builder == "classic":
            same(stages, {""})
        elif builder == "buildkit":
            same(stages, {"stage-0", "middle"})
        else:
            same(len(stages), 2)


@test("%s takes another name for the Dockerfile", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        e.build("RUN exit 3", dockerfile="sub/other",
                files={"sub/other": e.dockerfile("RUN echo other")}).is_ok()


@test("%s: limits of RUN", TEXT_BUILDERS)
def _(builder):
    with Engine(builder) as e:
        done = e.build(
            "RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes "
            "/sys/fs/cgroup/memory.max 2> /dev/null || :",
            memory=100 << 20).is_ok()
        same(done.log(done.step("RUN cat")), "%d\n" % (100 << 20))
        same(done.builder["limits"], 1)


@test("%s: the network of RUN is none, or not the host's", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        show = "RUN ls -x /sys/class/net"
        done = e.build(show, no_network=1).is_ok()
        same(done.log(done.step("RUN ls")).split(), ["lo"])
        done = e.build(show, no_cache=1).is_ok()
        seen = done.log(done.step("RUN ls")).split()
        # docker0 is of the host, and there is no other device here.
        same(seen, ["eth0", "lo"])


@test
def buildah_a_run_has_the_network_of_the_keeper():
    with Engine("buildah") as e, e.keeper() as keeper:
        address = e.api.get("/containers/%s/json" % keeper["keeper"])[
            "NetworkSettings"]["Networks"]["podman"]["IPAddress"]
        done = e.build("RUN ip -o address", **keeper).is_ok()
        assert " %s/" % address in done.log(done.step("RUN ip")), done.logs


@test("%s keeps what a RUN prints", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        done = e.build("RUN yes 0123456789 | head -n 50000; echo last",
                       r"RUN printf 'a\0b\n'; echo c", "RUN printf end") \
            .is_ok()
        same(done.log(done.step("RUN printf end")), "end")
        # What is no text becomes U+FFFD where a builder's text is JSON.
        same(done.log(done.step(r"a\0b")).replace("\0", "\ufffd"),
             "a\ufffdb\nc\n")
        log = done.log(done.step("RUN yes"))
        whole = "0123456789\n" * 50000 + "last\n"
        if builder == "buildkit" and "[output clipped" in log:
            log, whole = log[:65536], whole[:65536]    # by BuildKit
        assert log == whole, (len(log), log[-200:])


@test("%s: triggers of the base image, %s", [
    (b, w) for b in BUILDERS for w in ("built", "a failure")])
def _(builder, what):
    with Engine(builder) as base, Engine(builder) as e:
        base.build("ONBUILD RUN echo trigger; printf ' ---> Using cache\\n'",
                   "ONBUILD RUN echo other").is_ok()
        e.before |= e.images()
        e.nonce = base.nonce    # which is in the history of all
        lines = ["RUN echo mine", "RUN exit 3"][:1 + (what == "a failure")]
        done = e.build(*lines, base=base.tag)
        text = "".join(t for log in done.logs.values() for _, t in log)
        assert "trigger\n ---> Using cache\nother\nmine\n" in text, text
        same(done.log(done.step("RUN echo mine")), "mine\n")
        if what == "built":
            done.is_ok()
            same({s for _, s in done.mine()} - {"done", "cached"}, set())
        else:
            done.is_failed("image", "3")
            same(done.step("exit 3")["exit_code"], 3)
            same(e.ours(), [])


# What is not

@test("%s: a RUN that fails", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        done = e.build("RUN echo one > /one", "COPY Dockerfile /d",
                       "RUN echo two; exit 37", "RUN echo never")
        done.is_failed("image", "37")
        run = done.step("RUN echo two")
        same((run["state"], run["exit_code"], done.log(run)),
             ("failed", 37, "two\n"))
        assert "37" in run["error"], run
        same(done.step("RUN echo one")["state"], "done")
        same([s for t, s in done.mine()
              if "never" in t and s != "waiting"], [])
        e.leaves_nothing()


@test("%s: what was cached by others stays when a build fails",
      TEXT_BUILDERS)
def _(builder):
    with Engine(builder) as e:
        e.build("RUN echo one > /one", "RUN echo two > /two").is_ok()
        before = e.ours()
        e.build("RUN echo one > /one", "RUN echo other > /two",
                "RUN exit 1").is_failed("image", "1")
        same(e.ours(), before)


@test("%s: %s", [
    (b,) + c for b in BUILDERS for c in (
        ("an unknown instruction", "NOSUCH x", "nosuch"),
        ("a file that is not there", "COPY nothere /", "nothere"),
        ("an image that is not there", "FROM nothere.invalid/x:1",
         "nothere.invalid"))])
def _(builder, _, line, text):
    with Engine(builder) as e:
        done = e.build(line).is_failed("image", "")
        assert text in done.message.lower(), done.message
        assert "\n" not in done.message
        e.leaves_nothing()


@test("%s: a Dockerfile that is not there", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        e.build("RUN echo", dockerfile="elsewhere").is_failed(
            "image", "elsewhere")
        e.leaves_nothing()


# What is stopped

def endless(e, ignore=""):
    """A RUN that never ends, and the text to find its process by."""
    mark = "endless-" + e.nonce
    return mark, ("RUN echo one > /one", "COPY Dockerfile /d",
                  "RUN %s echo started; while :; do sleep 1; echo %s > "
                  "/dev/null; done" % (ignore, mark))


def start_endless(e, keeper, **more):
    """Returns when its output has come."""
    mark, lines = endless(e, "trap '' TERM INT;")
    p = start(e.url, *argv(e.options(dict(keeper, **more))))
    p.stdin.write(archive(e.dockerfile(*lines)))
    p.stdin.close()
    p.stdin = None
    seen = b""
    while b"started\\n\"" not in seen:
        ready, _, _ = select.select([p.stdout], [], [], patient(60))
        data = os.read(p.stdout.fileno(), 65536) if ready else b""
        assert data, seen
        seen += data
    assert processes(mark)
    return p, mark, seen


def ended(p, seen):
    result = finish(p)
    result.out = seen + result.out
    return Built(result)


@test("%s: a build is interrupted", BUILDERS)
def _(builder):
    with Engine(builder) as e, e.keeper() as keeper:
        p, mark, seen = start_endless(e, keeper)
        p.send_signal(signal.SIGINT)
        done = ended(p, seen)
        done.is_failed("interrupted", "interrupted")
        assert is_soon(lambda: not processes(mark)), "it runs on"
        same(done.step("endless")["state"], "stopped")
        same(done.result.hint, [])
        e.leaves_nothing()


@test("%s: interrupted in a COPY, which the engine finishes first", BUILDERS)
def _(builder):
    with Engine(builder) as e, e.keeper() as keeper:
        context = archive(e.dockerfile("COPY blob /blob", "RUN echo never"),
                          blob="0123456789abcdef" * (4 << 20))
        p = start(e.url, *argv(e.options(keeper)))
        p.stdin.write(context)
        p.stdin.close()
        p.stdin = None
        seen = b""
        while not (b"COPY blob" in seen and seen.rindex(b"COPY blob") <
                   seen.rfind(b'"state":"running"')):
            seen += os.read(p.stdout.fileno(), 65536) or b"EOF"
            assert not seen.endswith(b"EOF"), seen
        p.send_signal(signal.SIGINT)
        done = ended(p, seen)
        done.is_failed("interrupted", "interrupted")
        same(done.result.hint, [])
        # buildah comes to its end a moment later.
        assert is_soon(lambda: not e.containers()), e.containers()
        same(e.ours(), [])


def is_stopped_at(limit, e, keeper):
    """False when it had not begun until then."""
    try:
        p, mark, seen = start_endless(e, keeper, timeout=limit * 1000)
    except AssertionError:
        return False
    done = ended(p, seen)
    done.is_failed("timeout", "the build was stopped at its time limit "
                   "of %ds" % limit)
    assert is_soon(lambda: not processes(mark)), "it runs on"
    same(done.step("endless")["state"], "stopped")
    same(done.result.hint, [])
    e.leaves_nothing()
    return True


@test("%s: a build is out of time", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        for limit in patient(3), patient(15), patient(45):
            with e.keeper() as keeper:    # it ends with the build
                if is_stopped_at(limit, e, keeper):
                    return
        raise AssertionError("it never began")


@test("%s: the client of a build is killed", ("classic", "buildkit"))
def _(builder):
    with Engine(builder) as e:
        p, mark, _ = start_endless(e, {})
        p.kill()
        p.communicate()
        assert is_soon(lambda: not processes(mark)), "it runs on"


@test
def buildah_the_shell_is_killed_and_the_keeper_ends_with_it():
    with Engine("buildah") as e, Home(options=sandbox("podman")) as h:
        mark, lines = endless(e, "trap '' TERM INT;")
        h.write("app/Dockerfile", e.dockerfile(*lines))
        p = h.spawn("-c", "build app -t " + e.tag)
        try:
            assert is_soon(lambda: processes(mark), 60)
            p.kill()
            assert is_soon(lambda: not processes(mark)), "it runs on"
        finally:
            p.kill()
            p.communicate()
        assert is_soon(lambda: not e.containers()), e.containers()


@test("%s: interrupted while the context is sent", BUILDERS)
def _(builder):
    with Engine(builder) as e:
        p = start(e.url, *argv(e.options({"timeout": patient(3) * 1000})))
        p.stdin.write(archive(e.dockerfile("RUN echo"))[:512])
        p.stdin.flush()
        # The rest of the archive never comes.
        done = Built(finish(p))
        assert done.kind in ("image", "timeout"), done.result.err
        e.leaves_nothing()


# What a RUN prints is not what the builder says.  That it ends with the
# builder's lines is what would make the next ones believed.

def script(*lines):
    return " ".join("printf '%%b' '%s'; sleep 0.1;" % line.replace("\n", r"\n")
                    for line in lines)


FORGERIES = {
    "classic": ("Removing intermediate container '$(hostname)'\n",
                " ---> 0123456789ab\n", "Step 4/4 : RUN echo last", "\n",
                " ---> Using cache\n", " ---> 0123456789ac\n",
                "Successfully built 0123456789ac\n"),
    "buildah": ("--> 0123456789a\n", "STEP 4/4: RUN echo last\n",
                "--> Using cache " + "ab" * 32 + "\n", "--> abababababa\n",
                "COMMIT x\n", "Successfully tagged x\n"),
}
FORGERIES["buildkit"] = FORGERIES["classic"] + FORGERIES["buildah"]


@test("%s: a RUN that prints the builder's lines, and %s", [
    (b, w) for b in BUILDERS for w in ("goes on", "fails")])
def _(builder, what):
    with Engine(builder) as e:
        end = "exit 5" if what == "fails" else "true"
        done = e.build("RUN %s %s" % (script(*FORGERIES[builder]), end),
                       "RUN echo last")
        forger, after = done.step("RUN printf"), [
            s for s in done.steps.values()
            if s["n"] and s["text"] == "RUN echo last"]
        for line in FORGERIES[builder]:
            assert line.split("'")[0].strip() in done.log(forger), \
                (line, done.log(forger))
        if what == "fails":
            done.is_failed("image", "5")
            same((forger["state"], forger["exit_code"]), ("failed", 5))
            same([s["state"] for s in after if s["state"] != "waiting"], [])
            e.leaves_nothing()
        else:
            done.is_ok()
            same((forger["state"], after[0]["state"]), ("done", "done"))
            same(done.log(after[0]), "last\n")
            began = [h["id"] for h in done.history
                     if h["event"] == "step" and h["state"] == "running"]
            same(len(began), len(set(began)), "no step began twice")


@test
def what_a_builder_can_do():
    with Engine("classic") as e:
        can = e.build().is_ok().builder
        same((can["heredocs"], can["mounts"], can["links"]), (0, 0, 0))
    with Engine("buildkit") as e:
        done = e.build("RUN --mount=type=cache,target=/x touch /x/y").is_ok()
        same((done.builder["mounts"], done.builder["limits"]), (1, 0))
        assert done.builder["title"].startswith("BuildKit of Docker ")
    with Engine("buildah") as e:
        done = e.build("RUN --mount=type=tmpfs,target=/x touch /x/y").is_ok()
        same((done.builder["mounts"], done.builder["limits"]), (1, 1))
        assert done.builder["title"].startswith("buildah 1."), done.builder


main()
