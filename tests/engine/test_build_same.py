# SPDX-License-Identifier: MIT
"""What `build` makes is what the engine's own client makes of the same tree:
files with their modes, owners, links and contents, and the configuration."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import engines
from addesh import Home
from dockerfiles import CASES
from engineapi import PODMAN_RACE, _Connection
from tap import diag, main, patient, same, test

# Set by the engine for each container, or by an export.
NOISE = {".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf",
         "run/.containerenv", "etc/mtab"}
# Those that come from the engine's clients and from addesh.
LABELS = ("addesh.", "io.buildah.")

TRIES = 5

BUILDERS = {
    "classic": ("docker", {"DOCKER_BUILDKIT": "0"}),
    "buildkit": ("docker", {"DOCKER_BUILDKIT": "1"}),
    "buildah": ("podman", {}),
}


def fill(root, tree):
    for path, what in tree.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if path.endswith("/"):
            continue
        kind = what[0] if isinstance(what, tuple) else "file"
        if kind == "link":
            os.symlink(what[1], full)
        elif kind == "tar":
            with tarfile.open(full, "w") as tar:
                for name, text in what[1].items():
                    info = tarfile.TarInfo(name)
                    info.size = len(text)
                    tar.addfile(info, io.BytesIO(text.encode()))
        else:
            with open(full, "w") as f:
                f.write(what[2] if kind == "mode" else what)
            os.chmod(full, what[1] if kind == "mode" else 0o644)


def files(api, image):
    """{path: what it is} of a container of the image."""
    made = api.post("/containers/create", {"Image": image, "Cmd": ["x"]})
    conn = _Connection(api.path, patient(60))
    try:
        conn.request("GET", "/containers/%s/export" % made["Id"])
        with tarfile.open(fileobj=io.BytesIO(conn.getresponse().read())) as t:
            return {m.name.strip("./"): entry(t, m) for m in t
                    if m.name.strip("./") not in NOISE}
    finally:
        conn.close()
        api.remove(made["Id"])


def entry(tar, m):
    data = ""
    if m.isreg():
        data = hashlib.sha256(tar.extractfile(m).read()).hexdigest()
    # a hard link is the same as its file, whichever comes first
    kind = "0" if m.islnk() else m.type.decode()
    return (kind, oct(m.mode), m.uid, m.gid, m.linkname if m.issym() else "",
            data if not m.islnk() else "hard link")


def config(api, image):
    c = api.get("/images/%s/json" % image)["Config"]
    c["Labels"] = {k: v for k, v in (c.get("Labels") or {}).items()
                   if not k.startswith(LABELS)}
    # of the container that made it, not of what is made from it
    for name in ("Hostname", "Domainname", "Image", "AttachStdin",
                 "AttachStdout", "AttachStderr", "Tty", "OpenStdin",
                 "StdinOnce", "ArgsEscaped"):
        c.pop(name, None)
    return {k: v for k, v in c.items() if v}


def native(kind, env, root, tag, options):
    url = engines.endpoint(kind)
    argv = {"docker": ["/usr/bin/docker", "-H", url],
            "podman": ["podman", "--remote", "--url", url]}[kind]
    for _ in range(TRIES):
        done = subprocess.run(argv + ["build", "-t", tag, *options, root],
                              cwd=root, env={**os.environ, **env},
                              capture_output=True, text=True,
                              timeout=patient(120))
        if not PODMAN_RACE.search(done.stdout + done.stderr):
            break
    if done.returncode:
        diag(done.stdout + done.stderr)
        raise AssertionError("the engine's own client: status %d" %
                             done.returncode)


def ours(h, env, root, tag, options):
    h.addesh("-c", "build . -t %s %s" % (
        tag, " ".join("'%s'" % o for o in options)), env=env,
        cwd=root).is_ok()


def drop(api, *tags):
    for tag in tags:
        if api.has_image(tag):
            api.delete("/images/" + tag, force="1")


# An image that is removed takes steps along which another build of the others
# may be about to use.
@test("%s: %s", [("buildkit", c) for c in CASES], beside=True)
@test("%s: %s", [(b, c) for b in BUILDERS if b != "buildkit" for c in CASES])
def _(builder, name):
    kind, env = BUILDERS[builder]
    dockerfile, tree, options = CASES[name]
    api = engines.api(kind)
    key = hashlib.sha256((builder + name).encode()).hexdigest()[:10]
    tags = ["localhost/same/%s-%s:1" % (who, key)
            for who in ("theirs", "ours")]
    with Home(options=engines.sandbox(kind)) as h:
        root = h.dir("work/tree")
        os.chmod(root, 0o755)
        fill(root, {**tree, **({"Dockerfile": dockerfile}
                               if dockerfile else {})})
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda call: call(), (
                    lambda: native(kind, env, root, tags[0], options),
                    lambda: ours(h, env, root, tags[1], options))))
            theirs, mine = (files(api, t) for t in tags)
            same({k: mine.get(k) for k in {*mine, *theirs}
                  if mine.get(k) != theirs.get(k)},
                 {k: theirs.get(k) for k in {*mine, *theirs}
                  if mine.get(k) != theirs.get(k)}, "files")
            same(config(api, tags[1]), config(api, tags[0]), "configuration")
        finally:
            drop(api, *tags)


main()
