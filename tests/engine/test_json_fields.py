# SPDX-License-Identifier: MIT
"""addesh-json(5) and real output: each field of the one is in the other."""

import contextlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
import fake_installer
import manual
from addesh import Home
from make_image import made
from tap import main, same, test

# Fields with these names have a part of their own in the manual.
MAPS = {"limits.applied", "environments[].limits.applied", "labels", "ended[]",
        "details", "unknown", "samples[].unknown", "tests.run.limits.applied",
        "build.run.limits.applied"}
OPEN = {"diagnosis": "diagnosis.*"}
# Needs a file that the run's user may not list; the helper runs as that user.
UNREADABLE = {"entries[].error"}

FILES = {
    "bytes.py": "import os; os.write(1, b'\\xff'); os.write(2, b'\\xff')",
    "odd.py": "import os\n"
              "open(b'\\xff', 'w'); os.symlink(b'\\xff', 'link')\n"
              "os.symlink('bin', 'plain')\n"
              "open('bin', 'wb').write(b'\\xff')\n",
    "missing.py": "import no_such_module",
    "s.md": "```addesh {id: x}\n$ var A=1\n$ var B=2\nwrong\n```\n",
    "words.md": "# No steps\n",
    "t.md": "```addesh\n$ var A=1\n```\n",
    "a.junit": '<testsuite tests="2"><testcase name="a" classname="b" '
               'time="1" file="a.fake" line="1"/><testcase name="c">'
               '<failure message="why">trace</failure></testcase></testsuite>',
    "a.lcov": "SF:a.fake\nDA:1,1\nDA:2,0\nend_of_record\n",
    "a.fake": "1\n2\n",
    "Dockerfile": "FROM python\nRUN --mount=type=cache,target=/x y\n",
}

DEPS = """
env new --dep {package} busybox:latest
env info
dep ls
dep add {package}-2
dep add broken
dep rm {package}
env rm --all
"""

SHARE = """
env new busybox:latest --net -v .:/data:ro -p 80
env info
env rm --all
env attach {container}
env info
env rm --all
env new --image-cmd busybox:latest
env info
logs --server
env rm --all
"""

BUILT = "local/json-fields:%d" % os.getpid()

COMMANDS = """
gc --dry-run
session info kept
session ls
session rm kept
help run
help
var NAME=x ODD=\udcff
var
replay s.md
replay --record t.md
replay --list s.md
present --rehearse s.md
present --rehearse t.md
export words.md -o words.txt
env new
env new --name second --writable --keep=60s
env keep second 90s
env info
run missing.py
env ls
env info
env use none
show
env use e1
run missing.py
run bytes.py
logs
show
run here.py <<END
print(1)
END
show
run here.sh <<END
echo \udcff
END
show
run odd.py
logs @18
exec python3 -c "print('x')"
expect exit 0
expect stdout = y
diff @1 @2
logs
exec -d sh -c 'echo $$ > pid'
exec -d sh -c 'while [ ! -s pid -o -e /proc/`cat pid` ]; do sleep 0.01; done'
wait 2
jobs
exec -d sleep 100
ps
stats -i 0
stats -n 1 -i 0
logs %3
kill 3
wait
ls
cat bin
cat odd.py
put missing.py copied.py
get copied.py out/
ls .
set timeout 20
set timeout
set
policy show
policy check policy.yaml
history
images
check Dockerfile
exec -- sh -c 'seq 3 | tee \udcff > edited; echo 3 \udcff | tr " " "\\\\n" >> edited'
apply <<END
diff --git "a/\\377" b/even
rename from "\\377"
rename to even
--- "a/\\377"
+++ b/even
@@ -1,3 +1,4 @@
 1
+\udcff
 2
 3
diff --git "a/\\377" "b/a\\377"
copy from edited
copy to "a\\377"
diff --git a/edited b/edited
--- a/edited
+++ b/edited
@@ -2,2 +2,2 @@
-1
+one
 2
END
apply <<END
--- a/edited
+++ b/edited
@@ -4,2 +4,2 @@
 3
-\udcfe
+\udcff
END
apply <<END
[{"path": "fresh", "content": "x"}]
END
apply <<END
--- a/fresh
+++ b/fresh
@@ -1 +1 @@
-y
+z
END
apply --undo
check --only performance .
check \udcff.py <<END
eval(x)
END
run --check missing.py
env reset
env rm second
env rm --all
doctor
context new
context add missing.py staged
context ls
context ls c1
context use c1
context rm c1 missing.py
"""


TEST = """
env new
put a.junit
put a.lcov
put a.fake
test --coverage
test --coverage --command true
project build
set project.auto_build on
set project.auto_test on
apply <<END
[{"path": "x", "content": "y"}]
END
set project.auto_build off
apply <<END
[{"path": "x", "content": "z"}]
END
set project.auto_test off
env rm --all
"""

PROJECT = """
project try app --no-deps --no-build --no-test <<END
[{"path": "x", "content": "y"}]
END
project open --keep=60s app
project ls
project info
project use app
exec -- sh -c 'echo x > changed'
changes
exec -- sh -c 'echo \udcff > \udcff'
changes
project apply changed
project apply
project rm app
"""

# With packages; and with an image of its own.
PROJECT_IMAGES = """
project open --lang fake --image busybox:latest app
project rm --images app
project open --name own built
project rm --images own
project try built --no-build --no-test <<END
[{"path": "x", "content": "y"}]
END
"""

IMAGES = """
pull {registry}/remote:latest
image tag {registry}/remote:latest {registry-auth}/fields:latest
image info {registry}/remote:latest
set engine.push_registries 127.*
login -u {user} --password-stdin {registry-auth}
push {registry-auth}/fields:latest
logout {registry-auth}
images --deps
prune --dry-run --older-than 0
image rm -f {registry-auth}/fields:latest {registry}/remote:latest
"""


def layer(kind):
    """An image of dependencies, for images --deps."""
    if kind != "docker":
        return contextlib.nullcontext()
    return made(kind, "addesh-deps:fields", {
        "addesh.image": "deps", "addesh.deps.key": "fields"})


@contextlib.contextmanager
def foreign(kind):
    """A container that addesh did not start, for env attach; its id."""
    if kind != "docker":
        yield ""
        return
    api = engines.api(kind)
    made = api.post("/containers/create", {
        "Image": "busybox:latest", "Cmd": ["sleep", "600"]})["Id"]
    try:
        api.post("/containers/%s/start" % made)
        yield made
    finally:
        api.remove(made)


def objects(kind):
    """Every object that a session with all commands writes."""
    with Home(options=engines.sandbox(kind)) as home:
        for name, text in FILES.items():
            home.write(name, text)
        os.mkdir(os.path.join(home.work, "out"))
        home.write("staged/a", "x")
        os.rename(os.path.join(home.work, "staged/a"), os.path.join(
            os.fsencode(home.work), b"staged/\xff"))
        home.addesh("-s", "kept", "true").is_ok()
        # what a session that died leaves, so that gc has something to say
        dead = os.path.join(home.path, "state/addesh/sessions/dead")
        os.makedirs(dead, 0o700)
        open(dead + ".lock", "w").close()
        home.write("policy.yaml",
                   "tools:\n  code_execution:\n    max: {timeout: 60}\n")
        home.write("config.yaml",
                   "tools:\n  code_execution:\n    max: {timeout: 60}\n")
        script, secret = COMMANDS + TEST, ""
        home.write("built/Dockerfile", "FROM scratch\nENV A=b\n")
        home.write("failing/Dockerfile",
                   "FROM busybox:latest\nRUN exit 3\n")
        # a file of each that tells, and one that is left out
        for name in ("a.py", "pytest.ini", "test_a.py", ".env"):
            home.write("app/" + name, "")
        home.write("app/p%d.fakes" % os.getpid(), "x=1\n")
        os.mkfifo(os.path.join(home.work, "app/fifo"))
        script += PROJECT.replace("app\n", "app\n" if kind == "restricted"
                                  else "app --no-deps --image busybox\n", 1)
        if kind == "docker":
            script += PROJECT_IMAGES
        if kind != "restricted":
            script += ("build built --dry-run\nbuild built -t %s\n"
                       "build failing\nimage rm -f %s\n" % (BUILT, BUILT))
        fake_installer.give(home)
        package = "fields-%d" % os.getpid()
        if kind == "docker":
            script += DEPS.format(package=package) + SHARE
            script += IMAGES.format(**engines.state(kind))
            secret = engines.state(kind)["password"]
        with engines.alone("remote"), layer(kind), foreign(kind) as made:
            script = script.replace("{container}", made)
            script = script.encode(errors="surrogateescape")
            done = home.script(script, "--json", "-k", "--config",
                               os.path.join(home.work, "config.yaml"),
                               stdin=secret)
            done.out += saved(home)
        found = done.objects()
        if kind == "docker":
            forget_layers(found)
        return found


SHOWN = """env new
var X=1
run a.py $X <<< 'print(1)'
run b.py <<EOF
#%s
EOF
""" % ("x" * (300 << 10))


def saved(home):
    """Of a session whose steps were shown to people."""
    home.script(SHOWN, "-s", "shown").is_ok()
    done = home.script("show @2\nexec true\nsave @2-@4 saved.md\n"
                       "env rm --all\n", "--json", "-s", "shown").is_ok()
    home.script("session rm shown\n").is_ok()
    return done.out


def forget_layers(found):
    """Those of packages, which outlive a session."""
    api = engines.api("docker")
    layers = {(o.get("result") or {}).get("layer") for o in found
              if o["cmd"].startswith(("env", "dep"))} - {None}
    for layer in layers:
        api.delete("/images/" + layer, force="1")


def flatten(value, name, found):
    """The fields of a value, as the manual writes them."""
    if name in MAPS:
        found.add(name + ".*")
    elif isinstance(value, dict):
        for key, item in value.items():
            path = "%s.%s" % (name, key) if name else key
            found.add(path)
            flatten(item, path, found)
    elif isinstance(value, list):
        for item in value:
            flatten(item, name + "[]", found)
    return found


# Commands that do what others do have their fields.
ELSEWHERE = {"apply": ["test", "project build"],
             "project try": ["project open", "apply", "test",
                             "project build"]}
# What stands for the fields of another command's result.
INSIDE = re.compile(r"(build|tests)\.run\.")


def described():
    """{command: fields} and the fields of the envelope."""
    commands = {}
    for heading, text in manual.sections("addesh-json.5", "Ss",
                                         "RESULTS").items():
        for name in heading.split(", "):
            commands[name] = manual.fields(text)
    commands["env info"] |= commands["env new"] - {
        "duration_ms", "layer_built", "install", "service_output"}
    edits = {f for f in commands["apply"] if re.match(
        r"(files|added|removed|diff(_b64)?)\b", f)} - {
            "files[].from", "files[].from_b64", "files[].moved_hunks",
            "files[].offset"}
    commands["changes"] = (commands["changes"] | edits) - {"written"}
    commands["project apply"] |= edits
    commands["stats"] |= {"samples[]." + f for f in commands["stats"]
                          if f != "env" and not f.startswith("samples")}
    for name in ("wait", "test", "project build"):
        commands[name] |= commands["run"]
    return commands, manual.fields(
        manual.sections("addesh-json.5")["ENVELOPE"])


def described_part(field):
    """Fields of an object that is described elsewhere, or freely."""
    return (field.startswith(
                ("diagnosis.", "install.", "build.", "image_build.",
                 "checks.")) or
            re.match(r"environments\[\]\.limits\.", field))


@test("%s: what is written is described", engines.SANDBOXES, deadline=300)
def _(kind):
    commands, envelope = described()
    for item in objects(kind):
        result = item.pop("result", None) or {}
        if item["cmd"] == "show":
            result.pop("result", None)
        same(sorted(flatten(item, "", set()) - envelope), [], item)
        found = {INSIDE.sub("", f)
                 for f in flatten(result, "", set()) - {"text"}}
        there = commands.get(item["cmd"], set()).union(
            *(commands[name] for name in ELSEWHERE.get(item["cmd"], ())))
        same(sorted(f for f in found - there if not described_part(f)),
             [], item["cmd"])


@test("what is described is written, on docker or in restricted",
      deadline=400)
def _():
    commands, envelope = described()
    seen, outside = {}, set()
    for item in objects("docker") + objects("restricted"):
        result = item.pop("result", None) or {}
        outside |= flatten(item, "", set()) | {"result"}
        seen.setdefault(item["cmd"], set()).update(
            flatten(result, "", set()))
    same(sorted(envelope - outside), [], "envelope")
    seen["run"] |= seen["exec"]
    seen["exec"] = seen["run"]
    for name in ("wait", "test", "project build"):
        seen[name] |= seen["run"]
    for name, fields in sorted(commands.items()):
        missing = {f for f in fields - seen.get(name, set())
                   if f not in UNREADABLE and not f.endswith(".*")}
        same(sorted(missing), [], name)


main()
