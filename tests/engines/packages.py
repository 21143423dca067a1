# SPDX-License-Identifier: MIT
"""Package indexes for pip, npm and RubyGems, and a proxy of Go's modules.

The same four packages in pip's and in npm's:

addesh-sample	1.0 (npm: 1.0.0); its value is 42
addesh-parent	1.0 and 1.1, which need addesh-sample; value is that of it,
		version their own
addesh-broken	1.0 cannot be installed: it says REASON and fails
addesh-slow	1.0 is never done with installing

In Python `import addesh_sample`, in Node `require("addesh-sample")`.  Go has
the module example.com/addesh/sample v1.0.0, with Value() 42, and Ruby the gem
addesh_sample 1.0.0, with AddeshSample::VALUE 42.  All is served over HTTP at an
address from TEST-NET-1 (RFC 5737), which containers with a network reach.

Formats: PEP 427 (wheel), PEP 517 and 643 (sdist), PEP 503 (simple index), the
document that npm reads at REGISTRY/PACKAGE, the protocol GOPROXY of
go.dev/ref/mod, and the older index of RubyGems, which Marshal of Ruby wrote.
"""

import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
import zipfile
import zlib

ADDRESS = "192.0.2.1"
PORT = 8000
ROOT = "http://%s:%d" % (ADDRESS, PORT)
PIP_INDEX = ROOT + "/simple/"
NPM_REGISTRY = ROOT + "/npm/"
GO_PROXY = ROOT + "/go"
GEM_SOURCE = ROOT + "/gem/"

REASON = "the header addesh.h is missing"
GO_MODULE = "example.com/addesh/sample"

# name, version, what it needs
SOUND = (("addesh-sample", "1.0", None),
         ("addesh-parent", "1.0", "addesh-sample"),
         ("addesh-parent", "1.1", "addesh-sample"))
# name, and what it does in place of being installed
UNSOUND = {
    "addesh-broken": ("print(%r)\nraise SystemExit(1)\n" % REASON,
                      "echo '%s' && exit 1" % REASON),
    "addesh-slow": ("import time\ntime.sleep(100000)\n", "sleep 100000"),
}


def _write(root, path, data):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def _zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in files.items():
            z.writestr(name, data)
    return out.getvalue()


def _tarball(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


# ---- pip

def _metadata(name, version, needs):
    return "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s" % (
        name, version, "Requires-Dist: %s\n" % needs if needs else "")


def _module(version, needs):
    if not needs:
        return "value = 42\n"
    return "from %s import value\nversion = %r\n" % (
        needs.replace("-", "_"), version)


def _wheel(name, version, needs):
    """Its file name, and what is in it."""
    short = name.replace("-", "_")
    info = "%s-%s.dist-info/" % (short, version)
    files = {
        short + ".py": _module(version, needs),
        info + "METADATA": _metadata(name, version, needs),
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: addesh\n"
                        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(
            hashlib.sha256(text.encode()).digest())
        lines.append("%s,sha256=%s,%d" % (
            path, digest.rstrip(b"=").decode(), len(text)))
    record = info + "RECORD"
    files[record] = "\n".join(lines + [record + ",,\n"])
    return "%s-%s-py3-none-any.whl" % (short, version), _zip(files)


def _sdist(name, code):
    """One whose build does something else; it needs nothing to build."""
    top = "%s-1.0/" % name.replace("-", "_")
    return top[:-1] + ".tar.gz", _tarball({
        top + "PKG-INFO": _metadata(name, "1.0", None),
        top + "pyproject.toml": '[build-system]\nrequires = []\n'
                                'build-backend = "backend"\n'
                                'backend-path = ["."]\n',
        top + "backend.py": code,
    })


def _fill_pip(root):
    files = [(name, *_wheel(name, version, needs))
             for name, version, needs in SOUND]
    files += [(name, *_sdist(name, code[0]))
              for name, code in UNSOUND.items()]
    pages = {}
    for name, file, data in files:
        _write(root, "files/" + file, data)
        pages[name] = pages.get(name, "<!DOCTYPE html>") + (
            '<a href="/files/%s#sha256=%s">%s</a>\n' % (
                file, hashlib.sha256(data).hexdigest(), file))
    for name, page in pages.items():
        _write(root, "simple/%s/index.html" % name, page)


# ---- npm

def _npm_version(root, name, version, needs=None, install=None):
    """Writes the package; returns its part of the document."""
    manifest = {"name": name, "version": version, "main": "index.js"}
    code = "exports.value = 42;\n"
    if needs:
        manifest["dependencies"] = {needs: "^1.0.0"}
        code = "exports.value = require(%r).value;\n" \
               "exports.version = %r;\n" % (needs, version)
    if install:
        manifest["scripts"] = {"install": install}
    file = "files/%s-%s.tgz" % (name, version)
    data = _tarball({"package/package.json": json.dumps(manifest),
                     "package/index.js": code})
    _write(root, file, data)
    dist = {"tarball": "%s/%s" % (ROOT, file),
            "shasum": hashlib.sha1(data).hexdigest()}
    extra = {"hasInstallScript": True} if install else {}
    return dict(manifest, dist=dist, **extra)


def _fill_npm(root):
    found = {}
    for name, version, needs in SOUND:
        version += ".0"
        found.setdefault(name, {})[version] = _npm_version(
            root, name, version, needs=needs)
    for name, code in UNSOUND.items():
        found[name] = {"1.0.0": _npm_version(root, name, "1.0.0",
                                             install=code[1])}
    for name, versions in found.items():
        _write(root, "npm/" + name, json.dumps({
            "name": name,
            "dist-tags": {"latest": max(versions)},
            "versions": versions,
        }))


# ---- Go

def _fill_go(root):
    version = "v1.0.0"
    module = "module %s\n\ngo 1.16\n" % GO_MODULE
    top = "%s@%s/" % (GO_MODULE, version)
    at = "go/%s/@v/" % GO_MODULE
    _write(root, at + "list", version + "\n")
    info = json.dumps({"Version": version, "Time": "2024-01-01T00:00:00Z"})
    _write(root, at + version + ".info", info)
    _write(root, "go/%s/@latest" % GO_MODULE, info)
    _write(root, at + version + ".mod", module)
    _write(root, at + version + ".zip", _zip({
        top + "go.mod": module,
        top + "sample.go": "package sample\n\n"
                           "func Value() int { return 42 }\n",
    }))


# ---- Ruby

# Marshal.dump([["addesh_sample", Gem::Version.new("1.0.0"), "ruby"]])
GEM_INDEX = (
    b'\x04\x08[\x06[\x08I"\x12addesh_sample\x06:\x06ETU:\x11Gem::Version'
    b'[\x06I"\n1.0.0\x06;\x00TI"\truby\x06;\x00T')
# Marshal.dump() of its Gem::Specification
GEM_SPEC = (
    b'\x04\x08u:\x17Gem::Specification\x01\xeb\x04\x08[\x18I"\x0b3.3.15'
    b'\x06:\x06ETi\tI"\x12addesh_sample\x06;\x00TU:\x11Gem::Version[\x06I"'
    b'\n1.0.0\x06;\x00TIu:\tTime\r\xa0\xaa\x1f\xc0\x00\x00\x00\x00\x06:'
    b'\tzoneI"\x08UTC\x06;\x00FI"\x06x\x06;\x00TU:\x15Gem::Requirement[\x06'
    b'[\x06[\x07I"\x07>=\x06;\x00TU;\x06[\x06I"\x060\x06;\x00TU;\t[\x06['
    b'\x06[\x07I"\x07>=\x06;\x00TU;\x06[\x06I"\x060\x06;\x00TI"\truby\x06;'
    b'\x00T[\x00I"\x00\x06;\x00T0[\x06I"\x06x\x06;\x00TI"\x00\x06;\x00F0T'
    b'@\x1e[\x00{\x00')
GEM_METADATA = """--- !ruby/object:Gem::Specification
name: addesh_sample
version: !ruby/object:Gem::Version
  version: 1.0.0
platform: ruby
authors: [x]
date: 2024-01-01 00:00:00.000000000 Z
dependencies: []
files: [lib/addesh_sample.rb]
require_paths: [lib]
specification_version: 4
summary: x
"""


def _fill_gem(root):
    name = "addesh_sample-1.0.0.gem"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for part, data in (
                ("metadata.gz", gzip.compress(GEM_METADATA.encode())),
                ("data.tar.gz", _tarball({"lib/addesh_sample.rb":
                    "module AddeshSample; VALUE = 42; end\n"}))):
            info = tarfile.TarInfo(part)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    _write(root, "gem/gems/" + name, out.getvalue())
    _write(root, "gem/quick/Marshal.4.8/%sspec.rz" % name,
           zlib.compress(GEM_SPEC))
    for index in ("specs", "latest_specs"):
        _write(root, "gem/%s.4.8.gz" % index, gzip.compress(GEM_INDEX))
    _write(root, "gem/prerelease_specs.4.8.gz", gzip.compress(b"\x04\x08[\x00"))


# ---- the server

class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(root):
    """Fills the directory and serves it for the rest of the process."""
    _fill_pip(root)
    _fill_npm(root)
    _fill_go(root)
    _fill_gem(root)

    def handler(*args):
        return _Handler(*args, directory=root)

    server = http.server.ThreadingHTTPServer((ADDRESS, PORT), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
