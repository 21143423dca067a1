# SPDX-License-Identifier: MIT
"""What a user does at the prompt, as session files: each is replayed on every
sandbox, then from what that recorded, and what is recorded of the same commands
is replayed, too."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines                                      # noqa: E402
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402

FILES = sorted(n for n in os.listdir(HERE) if n.endswith(".md"))
REQUIRES = re.compile(r"^requires: \[(.*?)\]", re.M)


def is_for(kind, name):
    """Whether this sandbox has what the file requires."""
    with open(os.path.join(HERE, name)) as f:
        words = REQUIRES.search(f.read())
    words = words.group(1).split(", ") if words else [kind]
    return kind in words or ("engine" in words and kind != "restricted")


def home_with_files(kind):
    """Beside them is what they read, and they write there, too."""
    home = SandboxHome(kind)
    for top, _, names in os.walk(HERE):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                home.write(os.path.relpath(path, HERE), f.read())
    return home


def commands(name):
    """Those of a file, without what `% wait` and the others do for them."""
    fenced, optional, lines = False, False, []
    with open(os.path.join(HERE, name)) as f:
        for line in f:
            if line.startswith("```"):
                fenced = line.startswith("```addesh")
            elif fenced and line[:2] == "% ":
                optional = True
            elif fenced and line[:2] in ("$ ", "> ", ">\n"):
                if line[0] == "$":
                    keep, optional = not optional, False
                if keep:
                    lines.append(line[2:] or "\n")
    return "".join(lines)


@test("%s: %s", [(kind, name) for name in FILES
                 for kind in engines.SANDBOXES if is_for(kind, name)],
      beside=True)
def _(kind, name):
    with home_with_files(kind) as home:
        home.addesh("replay", "-k", "--record", name, timeout=300).is_ok()
        home.addesh("replay", "--offline", "-k", name,
                    env={"PATH": "/nonexistent"}).is_ok()


@test("recorded, and replayed: %s",
      [name for name in FILES if is_for("restricted", name)], beside=True)
def _(name):
    with home_with_files("restricted") as before, \
            home_with_files("restricted") as home:
        before.addesh("-k", "record", home.work + "/fresh.md",
                      stdin=commands(name), timeout=120)
        home.addesh("replay", "-k", "fresh.md", timeout=120).is_ok()


@test("at once, in their order: %s", engines.SANDBOXES)
def _(kind):
    names = ["steps.md", "language.md", "environments.md"]
    with home_with_files(kind) as home:
        done = home.addesh("replay", "-j", "3", *names, timeout=300).is_ok()
        told = re.findall(r"^ok \d+ - ([a-z.]+):", done.out, re.M)
        same(sorted(set(told), key=told.index), names)
        same(told, sorted(told, key=names.index))


@test("what a file requires: %s", engines.SANDBOXES)
def _(kind):
    there = {kind, "image:python:3.11-slim"}
    there |= set() if kind == "restricted" else {"engine"}
    with home_with_files(kind) as home:
        for word in ("docker", "podman", "restricted", "engine",
                     "image:python:3.11-slim", "image:nosuch:1"):
            met = word in there
            for requires, status in ((word, 0 if met else 77),
                                     ("not " + word, 77 if met else 0)):
                home.write("a.md", '---\nrequires: ["%s"]\n---\n'
                           "```addesh\n$ true\n```\n" % requires)
                home.addesh("replay", "a.md").is_status(status)


main()
