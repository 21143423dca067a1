# SPDX-License-Identifier: MIT
"""A package index for pip and one for npm, with one package each.

Both hold addesh-sample 1.0: in Python `import addesh_sample`, in Node
`require("addesh-sample")`, with a value 42.  Served over HTTP at an address
from TEST-NET-1 (RFC 5737), which containers with a network reach.

Formats: PEP 427 (wheel), PEP 503 (simple index), and the document that npm
reads at REGISTRY/PACKAGE.
"""

import base64
import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
import zipfile

ADDRESS = "192.0.2.1"
PORT = 8000
ROOT = "http://%s:%d" % (ADDRESS, PORT)
PIP_INDEX = ROOT + "/simple/"
NPM_REGISTRY = ROOT + "/npm/"

WHEEL = "addesh_sample-1.0-py3-none-any.whl"
TARBALL = "addesh-sample-1.0.0.tgz"


def _wheel():
    info = "addesh_sample-1.0.dist-info/"
    files = {
        "addesh_sample.py": b"value = 42\n",
        info + "METADATA": b"Metadata-Version: 2.1\n"
                           b"Name: addesh-sample\nVersion: 1.0\n",
        info + "WHEEL": b"Wheel-Version: 1.0\nGenerator: addesh\n"
                        b"Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = info + "RECORD"
    lines = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        lines.append("%s,sha256=%s,%d" % (
            name, digest.rstrip(b"=").decode(), len(data)))
    files[record] = "\n".join(lines + [record + ",,\n"]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in files.items():
            z.writestr(name, data)
    return out.getvalue()


MANIFEST = {"name": "addesh-sample", "version": "1.0.0", "main": "index.js"}


def _tarball():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in (
                ("package/package.json", json.dumps(MANIFEST).encode()),
                ("package/index.js", b"exports.value = 42;\n")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _write(root, path, data):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def _fill(root):
    wheel = _wheel()
    _write(root, "files/" + WHEEL, wheel)
    _write(root, "simple/addesh-sample/index.html",
           ('<!DOCTYPE html><a href="/files/%s#sha256=%s">%s</a>\n' % (
               WHEEL, hashlib.sha256(wheel).hexdigest(), WHEEL)).encode())
    tarball = _tarball()
    _write(root, "files/" + TARBALL, tarball)
    version = dict(MANIFEST, dist={
        "tarball": "%s/files/%s" % (ROOT, TARBALL),
        "shasum": hashlib.sha1(tarball).hexdigest(),
    })
    _write(root, "npm/addesh-sample", json.dumps({
        "name": "addesh-sample",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": version},
    }).encode())


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(root):
    """Fills the directory and serves it for the rest of the process."""
    _fill(root)

    def handler(*args):
        return _Handler(*args, directory=root)

    server = http.server.ThreadingHTTPServer((ADDRESS, PORT), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
