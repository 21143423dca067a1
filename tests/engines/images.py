# SPDX-License-Identifier: MIT
"""The container images of the tests, made from Debian or Ubuntu packages.

build() makes archives in the format of docker-save(1), which Docker and
Podman both load.  They are kept in a cache directory under a name that holds
a hash of this file, so that a change of a recipe makes them anew.

archive	images in it
python	python:3.11-slim
small	busybox:latest and its variants healthcheck, volume, entrypoint and
    arm64; static:latest
langs	langs:latest, every language of share/addesh/languages.yaml, and what
    projects in them are tested and built with; langs:node, where a project
    finds jest, vitest and mocha as if they were its own dependencies

Needs root, debootstrap, busybox-static, a C compiler, GNU tar.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ARCHIVES = ("python", "small", "langs")

LANGS = """nodejs npm node-typescript ts-node esbuild ruby golang-go
default-jdk-headless gcc g++ libc6-dev rustc perl php-cli lua5.4 r-base-core
git python3-pip ca-certificates
python3-pytest python3-pytest-cov python3-coverage make
ruby-rspec ruby-minitest ruby-simplecov rake bundler cargo
gradle maven junit4 libjacoco-java
libmaven-clean-plugin-java libmaven-compiler-plugin-java
libmaven-dependency-plugin-java libmaven-deploy-plugin-java
libmaven-install-plugin-java libmaven-jar-plugin-java
libmaven-resources-plugin-java libmaven-site-plugin-java
libsurefire-java
libdevel-cover-perl
pyflakes3 shellcheck rustfmt""".split()

# What npm installs for projects in JavaScript: a package.json and its lock.
JAVASCRIPT = os.path.join(HERE, "javascript")

# Maven 3.9 and later take options from a variable by themselves.
MVN = """#!/bin/sh
exec /usr/bin/mvn $MAVEN_ARGS "$@"
"""
MVN_SETTINGS = """<settings><mirrors><mirror>
<id>debian</id><mirrorOf>*</mirrorOf>
<url>file:///usr/share/maven-repo</url>
</mirror></mirrors></settings>
"""

SLIM = """path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/bin/*-lto-dump-*
path-exclude=/usr/lib/go-*/pkg/linux_*/cmd/*
path-exclude=/usr/share/go-*/test/*
path-exclude=/usr/lib/jvm/*/jmods/*
force-unsafe-io
"""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "2024-01-01T00:00:00Z"
# Go's name of this machine, which is what image configurations use
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine,
                                                   os.uname().machine)


class Layer:
    """An uncompressed layer: a file, and the hash that names it."""

    def __init__(self, path):
        self.path = path
        h = hashlib.sha256()
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                h.update(block)
        self.digest = h.hexdigest()


class Image:
    """A name, its layers and what its configuration says."""

    def __init__(self, tag, layers, arch=ARCH, **config):
        self.tag = tag
        self.layers = layers
        config.setdefault("Env", ["PATH=" + PATH])
        self.config = json.dumps({
            "architecture": arch,
            "os": "linux",
            "created": CREATED,
            "config": config,
            "rootfs": {
                "type": "layers",
                "diff_ids": ["sha256:" + l.digest
                             for l in layers],
            },
            "history": [{"created": CREATED} for _ in layers],
        }, sort_keys=True).encode()
        self.digest = hashlib.sha256(self.config).hexdigest()


def _add(tar, name, data=None, mode=0o644, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    info.linkname = link
    info.size = len(data) if data is not None else 0
    tar.addfile(info, io.BytesIO(data) if data is not None else None)


def save(images, path):
    """Writes the images as one archive; layers shared by them only once."""
    done = set()
    with tarfile.open(path, "w") as tar:
        for image in images:
            _add(tar, image.digest + ".json", image.config)
            for layer in image.layers:
                if layer.digest in done:
                    continue
                done.add(layer.digest)
                tar.add(layer.path, layer.digest + ".tar",
                        filter=_plain)
        _add(tar, "manifest.json", json.dumps([{
            "Config": i.digest + ".json",
            # the whole name: Podman takes a short one as localhost/NAME
            "RepoTags": ["docker.io/library/" + i.tag],
            "Layers": [l.digest + ".tar" for l in i.layers],
        } for i in images]).encode())


def _plain(info):
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


def run(argv, **kw):
    """Runs a command; its output is shown only when it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **kw)
    if done.returncode != 0:
        raise RuntimeError("%s: status %d\n%s" % (
            " ".join(argv), done.returncode,
            done.stdout.decode(errors="replace")[-4000:]))
    return done.stdout.decode(errors="replace")


def suite():
    """The release that this machine runs, from os-release(5)."""
    with open("/etc/os-release") as f:
        fields = dict(line.rstrip().split("=", 1)
                      for line in f if "=" in line)
    return fields["ID"].strip('"'), fields["VERSION_CODENAME"].strip('"')


def _mirror(codename):
    """Where apt gets the release from, or None for debootstrap's default."""
    out = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True, text=True)
    for line in out.stdout.splitlines():
        site, release, component = line.split()
        if (release == codename and component == "main" and
            site.startswith(("http://", "https://"))):
            return site
    return None


def _debootstrap(root):
    ident, codename = suite()
    parts = "main,universe" if ident == "ubuntu" else "main"
    mirror = _mirror(codename)
    # a mount namespace, so that a failure leaves no mount
    run(["unshare", "-m", "debootstrap", "--variant=minbase",
         "--include=python3", "--components=" + parts, codename, root] +
        ([mirror] if mirror else []))
    link = os.path.join(root, "usr/local/bin")
    for name in ("python", "python3"):
        os.symlink("/usr/bin/python3", os.path.join(link, name))


def _tidy(root):
    """What a published image does not hold either."""
    for name in ("var/cache/apt", "var/lib/apt/lists", "var/log"):
        path = os.path.join(root, name)
        shutil.rmtree(path)
        os.makedirs(path)
    os.makedirs(os.path.join(root, "var/cache/apt/archives/partial"))
    for name in ("etc/resolv.conf", "etc/hostname",
                 "usr/sbin/policy-rc.d"):
        path = os.path.join(root, name)
        if os.path.lexists(path):
            os.unlink(path)
    # pip in an image that is only for Python installs without a venv
    lib = os.path.join(root, "usr/lib")
    for name in os.listdir(lib):
        mark = os.path.join(lib, name, "EXTERNALLY-MANAGED")
        if name.startswith("python3.") and os.path.exists(mark):
            os.unlink(mark)


def _pack(root, path):
    run(["tar", "-C", root, "--numeric-owner", "--one-file-system",
         "-cf", path, "."])
    return Layer(path)


def _python(work, cache):
    root = os.path.join(work, "root")
    os.mkdir(root)
    _debootstrap(root)
    _tidy(root)
    layer = _pack(root, os.path.join(work, "layer"))
    return [Image("python:3.11-slim", [layer], Cmd=["python3"],
                  Env=["PATH=" + PATH, "LANG=C.UTF-8"])]


def unpack(archive, root):
    """The layers of the first image of an archive, as files."""
    os.mkdir(root)
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        for name in manifest[0]["Layers"]:
            unpack = subprocess.Popen(["tar", "-C", root, "--numeric-owner",
                                       "-xpf", "-"], stdin=subprocess.PIPE)
            with unpack.stdin:
                shutil.copyfileobj(tar.extractfile(name), unpack.stdin)
            if unpack.wait() != 0:
                raise RuntimeError("cannot unpack " + archive)


def install(root, packages):
    """Installs packages into an unpacked system, without their documents."""
    with open(os.path.join(root, "etc/dpkg/dpkg.cfg.d/slim"), "w") as f:
        f.write(SLIM)
    shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
    _add_policy(os.path.join(root, "usr/sbin/policy-rc.d"))
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C",
               PATH=PATH)
    apt = ("mount -t proc proc $0/proc && chroot $0 apt-get -qq update && "
           "exec chroot $0 apt-get -qq install --no-install-recommends "
           '"$@"')
    # a mount namespace, so that a failure leaves no mount
    run(["unshare", "-m", "sh", "-c", apt, root] + packages, env=env)
    _tidy(root)


def _maven(root):
    with open(os.path.join(root, "usr/local/bin/mvn"), "w") as f:
        f.write(MVN)
        os.fchmod(f.fileno(), 0o755)
    with open(os.path.join(root, "etc/maven/settings.xml"), "w") as f:
        f.write(MVN_SETTINGS)


def _javascript(root, work):
    """Where npm install --global puts packages."""
    made = os.path.join(work, "javascript")
    shutil.copytree(JAVASCRIPT, made)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=made)
    lib = os.path.join(root, "usr/local/lib/node_modules")
    os.rename(os.path.join(made, "node_modules"), lib)
    for name in ("c8", "jest", "mocha", "vitest"):
        os.symlink("../lib/node_modules/.bin/" + name,
                   os.path.join(root, "usr/local/bin", name))


def _link_layer(path):
    """As a layer of a project's dependencies has it: modules of ECMAScript
    are looked for in directories node_modules above a program only."""
    with tarfile.open(path, "w") as tar:
        _add(tar, "node_modules", None, 0o777, tarfile.SYMTYPE,
             "usr/local/lib/node_modules")
    return Layer(path)


def _langs(work, cache):
    root = os.path.join(work, "root")
    unpack(build(cache, ["python"])["python"], root)
    install(root, LANGS)
    _maven(root)
    _javascript(root, work)
    layer = _pack(root, os.path.join(work, "layer"))
    link = _link_layer(os.path.join(work, "link"))
    config = {"Cmd": ["bash"], "Env": ["PATH=" + PATH, "LANG=C.UTF-8"]}
    return [Image("langs:latest", [layer], **config),
            Image("langs:node", [layer, link], **config)]


def _add_policy(path):
    """No package starts a service while it is installed."""
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexit 101\n")
    os.chmod(path, 0o755)


def _busybox_layer(path):
    binary = "/bin/busybox"
    names = run([binary, "--list"]).split()
    with open(binary, "rb") as f:
        data = f.read()
    with tarfile.open(path, "w") as tar:
        for name in ("bin", "etc", "root", "dev", "proc", "sys",
                     "usr", "var", "home"):
            _add(tar, name, None, 0o755, tarfile.DIRTYPE)
        _add(tar, "tmp", None, 0o1777, tarfile.DIRTYPE)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\n")
        _add(tar, "bin/busybox", data, 0o755)
        for name in names:
            if name != "busybox":
                _add(tar, "bin/" + name, None, 0o777,
                     tarfile.SYMTYPE, "busybox")
    return Layer(path)


def _volume_layer(path):
    with tarfile.open(path, "w") as tar:
        _add(tar, "data", None, 0o777, tarfile.DIRTYPE)
    return Layer(path)


def _static_layer(work, path):
    binary = os.path.join(work, "static")
    run([os.environ.get("HOSTCC", "cc"), "-static", "-O1", "-o", binary,
         os.path.join(HERE, "static.c")])
    with open(binary, "rb") as f:
        data = f.read()
    with tarfile.open(path, "w") as tar:
        _add(tar, "static", data, 0o755)
    return Layer(path)


def _small(work, cache):
    box = _busybox_layer(os.path.join(work, "busybox"))
    data = _volume_layer(os.path.join(work, "volume"))
    static = _static_layer(work, os.path.join(work, "static.layer"))
    second = 1000000000
    return [
        Image("busybox:latest", [box], Cmd=["sh"]),
        Image("busybox:healthcheck", [box], Cmd=["sh"], Healthcheck={
            "Test": ["CMD-SHELL", "id > /tmp/health"],
            "Interval": second, "Retries": 1}),
        Image("busybox:volume", [box, data], Cmd=["sh"],
              Volumes={"/data": {}}),
        Image("busybox:entrypoint", [box], User="1234:1234",
              Entrypoint=["/bin/echo", "entrypoint"], Cmd=["cmd"],
              WorkingDir="/tmp"),
        Image("busybox:arm64", [box], Cmd=["sh"],
              arch="arm64" if ARCH != "arm64" else "amd64"),
        Image("static:latest", [static], Cmd=["/static"]),
    ]


def _key():
    h = hashlib.sha256(suite()[1].encode())
    for name in ("images.py", "static.c", "javascript/package-lock.json"):
        with open(os.path.join(HERE, name), "rb") as f:
            h.update(f.read())
    return h.hexdigest()[:12]


def _build_one(cache, name, path):
    recipe = {"python": _python, "small": _small, "langs": _langs}[name]
    work = tempfile.mkdtemp(prefix="build-", dir=cache)
    try:
        out = os.path.join(work, "archive")
        save(recipe(work, cache), out)
        os.rename(out, path)
    finally:
        shutil.rmtree(work)


def _prune(cache, name):
    """Archives of former recipes, once nobody can be using them."""
    for entry in os.scandir(cache):
        if (entry.name.startswith(name + "-") and
            entry.stat().st_mtime < time.time() - 86400):
            os.unlink(entry.path)


def build(cache, names=ARCHIVES):
    """Returns {name: path of its archive}, making those that are missing.

    Several callers may share a cache: each archive is made under a lock.
    """
    os.makedirs(cache, exist_ok=True)
    found = {}
    for name in names:
        path = os.path.join(cache, "%s-%s.tar" % (name, _key()))
        with open(os.path.join(cache, name + ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(path):
                _build_one(cache, name, path)
                _prune(cache, name)
        found[name] = path
    return found


def missing():
    """What this machine lacks for build(): a list of sentences."""
    lack = [] if os.geteuid() == 0 else ["not root"]
    for tool, package in (("debootstrap", "debootstrap"),
                          ("busybox", "busybox-static"),
                          ("unshare", "util-linux"), ("cc", "gcc"),
                          ("npm", "npm")):
        if not shutil.which(tool, path=PATH):
            lack.append("%s is not installed (package %s)" %
                        (tool, package))
    return lack
