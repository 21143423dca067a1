# SPDX-License-Identifier: MIT
"""login, logout and push, images by their digest, and DOCKER_CONTENT_TRUST,
against a registry that wants a login and takes what is pushed."""

import base64
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from engineapi import ApiError
from fake_engine import Chunked, FakeEngine, Json, error
from make_image import made, remove
from tap import main, same, test
from terminal import Terminal

# Podman tries credentials without TLS only at a name of this host.
REGISTRY = "localhost:5001"
ALLOW = "engine: {push_registries: ['localhost:*']}\n"
OURS = {"addesh.image": "build"}
HELPER = """#!/usr/bin/python3
import json, os, sys
place = os.path.dirname(os.path.abspath(__file__)) + "/kept"
kept = json.load(open(place)) if os.path.exists(place) else {}
text = sys.stdin.read()
with open(place + ".calls", "a") as f:
    f.write(sys.argv[1] + "\\n")
if sys.argv[1] == "store":
    entry = json.loads(text)
    kept[entry["ServerURL"]] = entry
elif text not in kept:
    print("credentials not found in native keychain")
    sys.exit(1)
elif sys.argv[1] == "get":
    print(json.dumps(kept[text]))
elif sys.argv[1] == "erase":
    del kept[text]
json.dump(kept, open(place, "w"))
"""


def home(kind, config=None):
    engines.state(kind)    # the registry is its
    h = Home(options=engines.sandbox(kind))
    h.env["XDG_CONFIG_HOME"] = h.dir("config")
    os.makedirs(h.path + "/config/addesh")
    with open(h.path + "/config/addesh/addesh.yaml", "w") as f:
        f.write(ALLOW)
    if config is not None:
        write_config(h, kind, config)
    return h


def config_path(h, kind):
    if kind == "podman":
        return h.path + "/runtime/containers/auth.json"
    return h.path + "/home/.docker/config.json"


def write_config(h, kind, config):
    path = config_path(h, kind)
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    with open(path, "w") as f:
        json.dump(config, f)


def read_config(h, kind):
    with open(config_path(h, kind)) as f:
        return json.load(f)


def add_helper(h, name):
    path = h.dir("bin") + "/docker-credential-" + name
    with open(path, "w") as f:
        f.write(HELPER)
    os.chmod(path, 0o755)
    h.env["PATH"] = h.path + "/bin:" + h.env["PATH"]
    return h.path + "/bin/kept"


def password(kind):
    return engines.state(kind)["password"]


def login(h, kind, *args, secret=None):
    user = engines.state(kind)["user"]
    return h.addesh("login", "-u", user, "--password-stdin", REGISTRY, *args,
                    stdin=(secret or password(kind)) + "\n")


@test("%s: login, push, pull and logout", engines.KINDS)
def _(kind):
    name = REGISTRY + "/%s-trip:1" % kind
    with home(kind) as h, made(kind, name, OURS) as image:
        done = h.addesh("push", name).is_status(125)
        same(done.err.splitlines()[1:], ["  log in:  login " + REGISTRY])
        done = login(h, kind).is_ok()
        path = config_path(h, kind)
        assert done.err.startswith(
            "logged in to %s as tester\naddesh: warning: the password is in "
            "%s, not encrypted" % (REGISTRY, path)), done.err
        same(os.stat(path).st_mode & 0o777, 0o600)
        pair = base64.b64encode(b"tester:" + password(kind).encode())
        same(read_config(h, kind),
             {"auths": {REGISTRY: {"auth": pair.decode()}}})
        done = h.addesh("--json", "push", name).is_ok()
        pushed = json.loads(done.out)["result"]
        same((pushed["image"], pushed["registry"]), (name, REGISTRY))
        assert re.fullmatch("sha256:[0-9a-f]{64}", pushed["digest"]), pushed
        remove(kind, name)
        h.addesh("pull", name).is_ok()
        same(json.loads(h.addesh("--json", "image", "info", name).is_ok()
                        .out)["result"]["id"], image)
        done = h.addesh("push", name).is_ok()
        assert re.match("%s is at %s: sha256:[0-9a-f]{64}, in " % (
            name, REGISTRY), done.err), done.err
        done = h.addesh("push", "-q", name).is_ok()
        same((done.out, done.err), (name + "\n", ""))
        done = h.addesh("logout", REGISTRY).is_ok()
        same(done.err, "logged out of %s\n" % REGISTRY)
        same(read_config(h, kind), {"auths": {}})
        done = h.addesh("logout", REGISTRY).is_ok()
        same(done.err, "nothing was kept for %s\n" % REGISTRY)
        h.addesh("push", name).is_status(125)


@test("%s: a credential helper keeps the password: %s", [
    (kind, way) for kind in engines.KINDS
    for way in ("credsStore", "credHelpers")])
def _(kind, way):
    before = {"HttpHeaders": {"X-Meta": "kept"}, "detachKeys": "ctrl-e,e",
              way: "fake" if way == "credsStore" else {REGISTRY: "fake"},
              "auths": {"other.example": {"auth": "bzpw"}}}
    name = REGISTRY + "/%s-helper:1" % kind
    with home(kind, before) as h, made(kind, name, OURS):
        kept = add_helper(h, "fake")
        done = login(h, kind).is_ok()
        same(done.err, "logged in to %s as tester; docker-credential-fake "
                       "keeps the password\n" % REGISTRY)
        with open(kept) as f:
            same(json.load(f), {REGISTRY: {
                "ServerURL": REGISTRY, "Username": "tester",
                "Secret": password(kind)}})
        # an entry without secrets, by which Docker's client lists them
        after = dict(before, auths=dict(before["auths"], **{REGISTRY: {}}))
        same(read_config(h, kind), after)
        h.addesh("push", name).is_ok()
        done = h.addesh("--json", "logout", REGISTRY).is_ok()
        same(json.loads(done.out)["result"], {
            "registry": REGISTRY, "removed": True, "helper": "fake",
            "file": None})
        with open(kept) as f:
            same(json.load(f), {})
        same(read_config(h, kind), before)
        with open(kept + ".calls") as f:
            calls = f.read().split()
        same((calls[0], calls[-1], set(calls)),
             ("store", "get", {"store", "get", "erase"}))


@test("a helper that no file names: %s", [
    ("of pass", ["pass"], None, "pass"),
    ("of the desktop", ["secretservice"], None, "secretservice"),
    ("both", ["secretservice", "pass"], {}, "pass"),
    ("the file has credentials", ["pass"],
     {"auths": {"other.example": {"auth": "bzpw"}}}, None),
    ("the file names one for another registry", ["pass"],
     {"credHelpers": {"other.example": "x"}}, None),
    ("it does not work", ["broken pass"], None, None)])
def _(_, helpers, config, used):
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("POST", "/auth", Json({"Status": "Login Succeeded"}))
        for name in helpers:
            kept = add_helper(h, name.split()[-1])
            if name.startswith("broken"):
                with open(h.path + "/bin/docker-credential-pass", "w") as f:
                    f.write("#!/bin/sh\nexit 1\n")
        if config is not None:
            write_config(h, "docker", config)
        done = h.addesh("login", "r.example", "-u", "me", "--password-stdin",
                        stdin="pw").is_ok()
        found = read_config(h, "docker")
        same(found.get("credsStore"), used)
        same("not encrypted" in done.err, used is None, done.err)
        same(found["auths"]["r.example"],
             {} if used else {"auth": "bWU6cHc="})
        same(os.path.exists(kept), used is not None)


@test("%s: a wrong password is kept nowhere", engines.KINDS)
def _(kind):
    with home(kind) as h:
        done = login(h, kind, secret="s3cret").is_status(125)
        same(done.err, "addesh: login: %s does not know this user with this "
                       "password\n" % REGISTRY)
        assert not os.path.exists(config_path(h, kind))


@test("%s: a helper that fails", engines.KINDS)
def _(kind):
    with home(kind, {"credsStore": "broken"}) as h:
        path = h.dir("bin") + "/docker-credential-broken"
        with open(path, "w") as f:
            f.write("#!/bin/sh\ncat\nexit 3\n")
        os.chmod(path, 0o755)
        h.env["PATH"] = h.path + "/bin:" + h.env["PATH"]
        done = login(h, kind).is_status(125)
        same(done.err, "addesh: login: docker-credential-broken: it failed "
                       "with status 3\n")
        same(read_config(h, kind), {"credsStore": "broken"})
        os.unlink(path)
        done = login(h, kind).is_status(125)
        assert "docker-credential-broken: No such file" in done.err, done.err


@test("a password is asked for without showing it, and stands nowhere: %s",
      ["in the shell", "as a command"])
def _(how):
    kind = "docker"
    with home(kind) as h:
        shell = how == "in the shell"
        argv = h.argv() if shell else h.argv("login", REGISTRY)
        with Terminal(argv, h.env, h.work) as t:
            if shell:
                t.expect("^addesh.*> ")
                t.line("login " + REGISTRY)
            t.expect("user name: ")
            t.line("tester")
            t.expect("password: ")
            t.line(password(kind))
            t.expect("^logged in to %s as tester" % REGISTRY)
            if shell:
                t.expect("^addesh.*> ")
                t.line("show @1")
                t.expect("^addesh.*> ")
                t.line("history")
                t.expect("^addesh.*> ")
                t.line("quit")
            same(t.wait(), 0)
            screen = t.text()
        assert "tester" in screen and password(kind) not in screen, screen
        for name in h.files():
            with open(os.path.join(h.path, name), "rb") as f:
                assert password(kind).encode() not in f.read(), name


@test
def ctrl_c_at_the_password_brings_the_terminal_back():
    with home("docker") as h, Terminal(h.argv(), h.env, h.work) as t:
        t.expect("^addesh.*> ")
        t.line("login -u me " + REGISTRY)
        t.expect("password: ")
        t.send("\x03")
        t.expect("^addesh: login: interrupted")
        t.expect("^addesh.*> ")
        t.line("login -u me " + REGISTRY)
        t.expect("password: ")
        t.send("\x04")    # the end of the input
        t.expect("^addesh: login: interrupted")
        t.expect("^addesh.*> ")
        t.line("quit")
        same(t.wait(), 0)


@test("login is called wrongly: %s", [
    ("-p", ["login", "-u", "x", "-p", "y", "r.example"], "is refused"),
    ("a name of no registry", ["login", "team"], "'team' is not the name"),
    ("a path", ["login", "r.example/team"], "is not the name of a registry"),
    ("an option", ["login", "--", "-x"], "is not the name of a registry"),
    ("nobody to ask", ["login", "r.example"], "nobody is there to be asked"),
    ("nobody to ask for it", ["login", "r.example", "-u", "x"],
     "password: nobody is there to be asked"),
    ("an empty password", ["login", "r.example", "-u", "x",
                           "--password-stdin"], "the password is empty"),
    ("an empty user", ["login", "r.example", "-u", "", "--password-stdin"],
     "the user's name is empty"),
    ("a user of two lines", ["login", "r.example", "-u", "a\nb",
                             "--password-stdin"], "control character"),
    ("logout", ["logout", "a b"], "'a b' is not the name of a registry")])
def _(_, words, text):
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        done = h.addesh(*words).is_status(125 if "-p" in words else 2)
        assert text in done.err, done.err
        same({r.path for r in engine.requests} - {"/version"}, set())
        same(h.files(), [])


@test
def a_password_of_commands_that_come_from_stdin():
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        done = h.addesh(stdin="login r.example -u x --password-stdin\nabc\n")
        same(done.status, 2)
        assert "come from standard input, not a password" in done.err, \
            done.err


@test
def an_identity_token_is_kept_in_place_of_the_password():
    token = {"Status": "Login Succeeded", "IdentityToken": "t0ken" * 2000}
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("POST", "/auth", Json(token))
        os.makedirs(h.path + "/home/.docker")
        path = h.path + "/home/.docker/config.json"
        done = h.addesh("login", "https://r.example/v1/", "-u", "me",
                        "--password-stdin", stdin="pw\n").is_ok()
        assert "logged in to r.example as me" in done.err, done.err
        sent = json.loads(engine.asked("POST", "/auth")[0].body)
        same(sent, {"username": "me", "password": "pw",
                    "serveraddress": "r.example"})
        with open(path) as f:
            same(json.load(f)["auths"], {"r.example": {
                "auth": base64.b64encode(b"me:").decode(),
                "identitytoken": token["IdentityToken"]}})
        kept = add_helper(h, "fake")
        with open(path, "w") as f:
            json.dump({"credsStore": "fake"}, f)
        h.addesh("login", "-u", "me", "--password-stdin",
                 stdin="pw\n").is_ok()
        hub = "https://index.docker.io/v1/"
        with open(kept) as f:
            same(json.load(f)[hub], {"ServerURL": hub, "Username": "<token>",
                                     "Secret": token["IdentityToken"]})
        same(json.loads(engine.asked("POST", "/auth")[1].body)
             ["serveraddress"], hub)


@test
def a_file_that_is_a_link_stays_one_and_a_broken_one_is_not_touched():
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("POST", "/auth", Json({"Status": "Login Succeeded"}))
        os.makedirs(h.path + "/home/.docker")
        path = h.path + "/home/.docker/config.json"
        os.symlink(h.write("real.json", '{"a": [1.5, true, null, "x"]}'),
                   path)
        words = ["login", "r.example", "-u", "me", "--password-stdin"]
        h.addesh(*words, stdin="pw").is_ok()
        assert os.path.islink(path)
        with open(path) as f:
            same(json.load(f), {"a": [1.5, True, None, "x"], "auths": {
                "r.example": {"auth": "bWU6cHc="}}})
        for text in ('{"auths": ', "[1]", ""):
            h.write("real.json", text)
            done = h.addesh(*words, stdin="pw").is_status(125)
            assert done.err.startswith("addesh: login: %s: " % path), done.err
            with open(path) as f:
                same(f.read(), text)


@test
def credentials_that_stay_elsewhere_are_told():
    config = json.dumps({"auths": {"r.example": {"auth": "bWU6cHc="}}})
    with FakeEngine() as engine, Home(
            env={"DOCKER_AUTH_CONFIG": config},
            options=["--engine", engine.url]) as h:
        done = h.addesh("logout", "r.example").is_ok()
        same(done.err.splitlines(), [
            "nothing was kept for r.example",
            "addesh: warning: credentials for r.example are still found "
            "elsewhere: DOCKER_AUTH_CONFIG, or the file of another client"])


@test("%s: nothing is pushed that the policy does not list", engines.KINDS)
def _(kind):
    name = REGISTRY + "/%s-policy:1" % kind
    with home(kind) as h, made(kind, name, OURS):
        login(h, kind).is_ok()
        for listed in ("[]", "[ghcr.io]", "['*/other']", "['localhost']",
                       "['localhost:5001/other*']", "['*.example']"):
            h.write("p.yaml", "engine: {push_registries: %s}\n" % listed)
            done = h.addesh("--config", h.work + "/p.yaml", "push",
                            name).is_status(125)
            assert done.err.startswith(
                "addesh: push: pushing to %s is not allowed: "
                "engine.push_registries is " % name[:-2]), done.err
            assert "p.yaml:1" in done.err, done.err
        for listed in ("['localhost:*']", "[x, '*']",
                       "['localhost:5001/%s-*']" % kind):
            h.write("p.yaml", "engine: {push_registries: %s}\n" % listed)
            h.addesh("--config", h.work + "/p.yaml", "push", name).is_ok()
        # a name without a registry is none of a user's own
        done = h.addesh("push", "agent-env:x").is_status(125)
        assert "image tag agent-env:x REGISTRY/agent-env:x" in done.err, \
            done.err
        # a project narrows it, and does not widen it
        h.write(".addesh.yaml", "engine: {push_registries: ['ghcr.io']}\n")
        done = h.addesh("push", name).is_status(125)
        assert ".addesh.yaml:1" in done.err, done.err


@test("a push fails: %s", [
    ("an error in the stream", Chunked(
        b'{"status":"Preparing","id":"aa"}\r\n'
        b'{"errorDetail":{"message":"denied: no"},"error":"denied: no"}'),
     "denied: no"),
    ("the stream ends in the middle", Chunked(b'{"status":"Push'),
     "ends in the middle"),
    ("500", error(500, "out of order"), "out of order")])
def _(_, reply, text):
    with FakeEngine() as engine, Home(
            options=["--engine", engine.url]) as h:
        engine.on("GET", "/images/.*/json", Json({"Id": "sha256:ab"}))
        engine.on("POST", "/images/.*/push", reply)
        done = h.addesh("-c", "set engine.push_registries r.example",
                        "-c", "push r.example/a/b").is_status(125)
        assert text in done.err and " is at " not in done.err, done.err
        asked = engine.asked("POST", "/images/.*/push")[0]
        same((asked.path.split("/", 2)[2], asked.query),
             ("images/r.example/a/b/push", "tag=latest"))
        # older engines want the header even without credentials
        same(asked.headers["x-registry-auth"], "e30=")


@test("%s: what cannot be pushed", engines.KINDS)
def _(kind):
    with home(kind) as h, made(kind, REGISTRY + "/near:1", OURS):
        done = h.addesh("push", REGISTRY + "/naer:1").is_status(125)
        same(done.err.splitlines(), [
            "addesh: push: image %s/naer:1 is not here" % REGISTRY,
            "  here are: %s/near:1" % REGISTRY])
        done = h.addesh("push", "%s/x@sha256:%s" % (
            REGISTRY, "a" * 64)).is_status(2)
        assert "what is pushed has a tag, not a digest" in done.err, done.err


def push_one(h, kind, name):
    login(h, kind).is_ok()
    done = h.addesh("--json", "push", name).is_ok()
    return json.loads(done.out)["result"]["digest"]


@test("%s: a digest is kept as it is given", engines.KINDS)
def _(kind):
    repo = REGISTRY + "/%s-digest" % kind
    with home(kind) as h, made(kind, repo + ":1", OURS) as image:
        name = repo + "@" + push_one(h, kind, repo + ":1")
        remove(kind, repo + ":1")
        remove(kind, image)
        try:
            # under that name it is listed, so it has one
            h.addesh("pull", name).is_ok()
            listed = json.loads(h.addesh("--json", "images", "--filter",
                                         repo).is_ok().out)["result"]
            same([i["image"] for i in listed["images"]], [name])
            done = h.addesh("--json", "prune", "-n", "--older-than", "0")
            assert image not in done.is_ok().out, done.out
            done = h.addesh("--json", "-c", "pull " + name, "-c",
                            "image info " + name, "-c",
                            "env new %s --name d" % name, "-c", "env info",
                            "-c", "image tag %s %s:again" % (name, repo),
                            "-c", "exec true").is_ok()
            found = [json.loads(l)["result"] for l in done.out.splitlines()]
            same(found[0]["image"], name)
            same(found[1]["id"], image)
            same((found[2]["image"], found[3]["image"]), (name, name))
            same(found[4], {"source": name, "image": repo + ":again",
                            "taken_from": None})
            assert "latest" not in done.out + done.err, done.out
        finally:
            remove(kind, repo + ":again")
            remove(kind, image)
        # opening pulls it under that name too
        try:
            done = h.addesh("env", "new", name).is_ok()
            assert "env e1 (%s) ready" % name in done.err, done.err
        finally:
            remove(kind, image)


@test("%s: DOCKER_CONTENT_TRUST=%s", [
    (kind, value) for kind in engines.KINDS
    for value in ("1", "yes", "0")])
def _(kind, value):
    repo = REGISTRY + "/%s-trust" % kind
    on = value != "0"
    with home(kind) as h, made(kind, repo + ":1", OURS) as image:
        name = repo + "@" + push_one(h, kind, repo + ":1")
        remove(kind, repo + ":1")
        remove(kind, image)
        h.env["DOCKER_CONTENT_TRUST"] = value
        try:
            for line in ("pull %s:1" % repo, "env new %s:1" % repo,
                         "env new --pull always %s:1" % repo,
                         "push %s:1" % repo):
                done = h.addesh("-c", line).is_status(125 if on else 0)
                same("DOCKER_CONTENT_TRUST is set" in done.err, on, done.err)
                same("unset DOCKER_CONTENT_TRUST" in done.err, on, done.err)
            h.addesh("pull", name).is_ok()
            h.addesh("env", "new", name).is_ok()
        finally:
            remove(kind, repo + ":1")
            remove(kind, image)


@test("%s: builds and DOCKER_CONTENT_TRUST", engines.KINDS)
def _(kind):
    repo = REGISTRY + "/%s-base" % kind
    with home(kind) as h, made(kind, repo + ":1", OURS) as image:
        name = repo + "@" + push_one(h, kind, repo + ":1")
        h.env["DOCKER_CONTENT_TRUST"] = "1"
        h.write("tag/Dockerfile", "FROM %s:1\nENV A=b\n" % repo)
        h.write("digest/Dockerfile", "FROM %s\nENV A=b\n" % name)
        done = h.addesh("build", "tag", "--pull").is_status(125)
        assert "DOCKER_CONTENT_TRUST is set" in done.err, done.err
        remove(kind, repo + ":1")
        remove(kind, image)
        done = h.addesh("build", "tag").is_status(125)
        assert "DOCKER_CONTENT_TRUST is set" in done.err, done.err
        try:
            h.addesh("build", "digest", "-t", repo + ":built").is_ok()
        finally:
            remove(kind, repo + ":built")
            remove(kind, image)


main()
