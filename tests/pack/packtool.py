# SPDX-License-Identifier: MIT
"""Runs pack_tool, and the engine's own client, for the tests of this directory.

A tree is a dict of paths (bytes) to contents: bytes are a file, None a
directory.  What both programs send is a list of Entry.
"""

import io
import os
import subprocess
import tarfile
import tempfile

from fake_engine import FakeEngine, Json
from tap import Skip, required

TOOL = os.path.join(os.environ.get("ADDESH_BUILD", "."), "tests/pack/pack_tool")
DOCKER = "/usr/bin/docker"


class Entry:
    def __init__(self, archive, member):
        self.name = os.fsencode(member.name)
        self.kind = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory",
                     tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link",
                     tarfile.FIFOTYPE: "FIFO"}[member.type]
        self.mode = member.mode & 0o7777
        self.target = os.fsencode(member.linkname)
        self.owner = (member.uid, member.gid)
        self.mtime = member.mtime
        self.capability = member.pax_headers.get(
            "SCHILY.xattr.security.capability")
        body = archive.extractfile(member) if self.kind == "file" else None
        self.content = body.read() if body else b""

    def facts(self):
        return vars(self)

    def __repr__(self):
        return "%s %r" % (self.kind, self.name)


def entries(data):
    """Those of a tar; it must be whole to its last block."""
    assert data[-1024:] == b"\0" * 1024, "the tar has no end"
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape",
                      encoding="utf-8") as archive:
        return [Entry(archive, member) for member in archive]


def start(*args, **how):
    """Its stdout is not buffered: what was not read is in the pipe."""
    return subprocess.Popen([TOOL, "tar"] + list(args), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, bufsize=0, **how)


def run(*args, **how):
    """Status, the tar, and the lines of stderr."""
    process = start(*args, **how)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err.split(b"\n")[:-1]


def sent(*args, **how):
    status, out, err = run(*args, **how)
    assert status == 0, (status, err)
    return entries(out)


def make(tree, directory=None):
    """Makes the tree, in a new directory unless one is named."""
    directory = os.fsencode(directory or tempfile.mkdtemp(prefix="pack-"))
    for path, content in tree.items():
        whole = os.path.join(directory, path)
        os.makedirs(whole if content is None else os.path.dirname(whole),
                    exist_ok=True)
        if content is not None:
            with open(whole, "wb") as f:
                f.write(content)
    return directory


class Client:
    """The engine's own client, which sends its contexts to a fake engine."""

    def __init__(self):
        if not os.path.exists(DOCKER):
            if required():
                raise AssertionError("no " + DOCKER)
            raise Skip("no " + DOCKER)
        self.engine = FakeEngine()
        self.engine.on("POST", "/build", Json({"stream": "done"}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.close()

    def build(self, directory):
        """The entries that the classic client sends; None: it refuses."""
        del self.engine.requests[:]
        done = subprocess.run(
            [DOCKER, "-H", self.engine.url, "build", "-q", directory],
            env={"DOCKER_BUILDKIT": "0", "PATH": "/usr/bin:/bin",
                 "HOME": "/nonexistent"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        builds = self.engine.asked("POST", "/build")
        if done.returncode or not builds:
            return None
        return entries(builds[0].body)
