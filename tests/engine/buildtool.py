# SPDX-License-Identifier: MIT
"""Builds with engine_tool for the tests of this directory."""

import base64
import io
import json
import tarfile

from engineapi import PODMAN_RACE
from enginetool import finish, start


def archive(dockerfile, **files):
    """A build context; keywords are paths, with __ for a dot."""
    data = {"Dockerfile": dockerfile}
    data.update((name.replace("__", "."), text)
                for name, text in files.items())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in data.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def argv(options):
    """engine_tool's form of keywords; a list is said once for each item."""
    args = ["build"]
    for name, value in options.items():
        for item in value if isinstance(value, list) else [value]:
            args.append("%s=%s" % (name, item))
    return args


class Built:
    """What came of a build: the last state of each step, its log."""

    def __init__(self, result):
        self.result = result
        self.steps = {}    # by id, in their order
        self.logs = {}     # by id: text; 0 is what was said of none
        self.history = []  # every event
        self.id = None
        for line in result.out.decode().splitlines():
            event = json.loads(line)
            self.history.append(event)
            if event["event"] == "step":
                self.steps[event["id"]] = event
            elif event["event"] == "log":
                text = event["text"] if "text" in event else \
                    base64.b64decode(event["text_b64"]).decode()
                self.logs.setdefault(event["id"], []).append(
                    (event["fd"], text))
            elif event["event"] == "end":
                self.id = event["id"] or None
                self.sent = event["sent"]
            else:
                self.builder = event
        self.kind = result.kind if result.status else None
        self.message = result.message if result.status else None

    def mine(self):
        """The steps of the Dockerfile: (text, state)."""
        return [(s["text"], s["state"]) for s in self.steps.values()
                if s["n"]]

    def step(self, text):
        """The step whose instruction holds text."""
        found = [s for s in self.steps.values()
                 if s["n"] and text in s["text"]]
        assert len(found) == 1, (text, self.mine())
        return found[0]

    def log(self, step, fd=None):
        return "".join(text for f, text in self.logs.get(step["id"], ())
                       if fd in (None, f))

    def is_ok(self):
        assert self.id and not self.result.status, \
            (self.result.err, self.history[-5:])
        return self

    def is_failed(self, kind, message):
        assert self.result.status == 1 and not self.id, self.result.out
        assert self.kind == kind and message in self.message, \
            self.result.err
        return self


def build(url, context, env=None, **options):
    for _ in range(5):
        built = Built(finish(start(url, *argv(options), env=env), context))
        if not PODMAN_RACE.search(built.message or ""):
            break
    return built
