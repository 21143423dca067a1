# SPDX-License-Identifier: MIT
"""Private container engines and a registry, for tests.

They are started by supervisor.py in namespaces of their own, keep everything
below one directory, and are told apart from engines of the machine by it.
"""

import gzip
import hashlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import engineapi  # noqa: E402

# Debian's tools; a newer client in /usr/local would be another product
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
START_LIMIT = 60
STOP_LIMIT = 20


class EngineError(Exception):
    """An engine that does not start or stop; the text says which and why."""


def wait_until(what, limit, ready, process=None, log=None):
    """Polls ready() until it is true; raises when limit seconds passed or
    the process ended before."""
    end = time.monotonic() + limit
    while not ready():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > end:
            raise EngineError("%s: %s%s" % (
                what, "it ended" if ended else "no answer in %d s" % limit,
                "\n" + _tail(log) if log else ""))
        time.sleep(0.02)


def _tail(path):
    with open(path, "rb") as f:
        return f.read()[-2000:].decode(errors="replace")


class Daemon:
    """A program in the foreground with its output in DIR/NAME.log."""

    name = ""

    def __init__(self, base):
        self.base = base
        self.log = os.path.join(base, self.name + ".log")
        self.process = None

    def path(self, name):
        return os.path.join(self.base, name)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def spawn(self, argv, **env):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                argv, cwd=self.base, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
                env={"PATH": PATH, "HOME": self.base, "LC_ALL": "C.UTF-8",
                     "TMPDIR": self.base, **env})

    def wait_ready(self, ready):
        wait_until(self.name, START_LIMIT, ready, self.process, self.log)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Engine(Daemon):
    """A daemon that answers the Docker Engine API at self.endpoint."""

    def __init__(self, base):
        super().__init__(base)
        self.socket = self.path(self.name + ".sock")
        self.endpoint = "unix://" + self.socket
        self.api = engineapi.Api(self.endpoint)

    def answers(self):
        try:
            self.api.get("/_ping", timeout=5)
        except (OSError, engineapi.ApiError):
            return False
        return True

    def load(self, archives):
        for archive in archives:
            try:
                self.api.load(archive)
            except OSError as e:    # it ended, or closed the connection
                raise EngineError("%s\n%s" % (e, _tail(self.log)))

    def stop(self):
        """Removes every container first: closing waits for nobody."""
        if self.process is not None and self.answers():
            for container in self.api.containers():
                try:
                    self.api.remove(container["Id"])
                except (OSError, engineapi.ApiError):
                    pass    # the supervisor ends what is left
        super().stop()


class Docker(Engine):
    name = "docker"
    options = ()

    def start(self):
        self.spawn(["dockerd", *self.options, "--data-root", self.path("docker"),
                    "--exec-root", self.path("exec"),
                    "-H", self.endpoint,
                    "--pidfile", self.path("docker.pid"),
                    "--config-file",
                    self.write("docker.json", json.dumps({
                        "storage-driver": "overlay2",
                        "exec-opts": ["native.cgroupdriver=cgroupfs"],
                        "cgroup-parent": cgroup_parent(self.base),
                        "shutdown-timeout": 2,
                    }))])
        self.wait_ready(self.answers)


# soft and hard alike, as Podman 4.3 swaps them on its Docker API
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=2048:2048"]
[engine]
image_copy_tmp_dir = "{base}"
[network]
network_config_dir = "{base}/networks"
"""

STORAGE_CONF = """[storage]
driver = "overlay"
graphroot = "{base}/root"
runroot = "{base}/run"
"""

REGISTRIES_CONF = """unqualified-search-registries = ["docker.io"]
[[registry]]
location = "127.0.0.1:5000"
insecure = true
[[registry]]
location = "127.0.0.1:5001"
insecure = true
[[registry]]
location = "localhost:5001"
insecure = true
"""


class Podman(Engine):
    """Its ulimits lie below the hard limits, as on some distributions: what
    asks for more than they allow is then refused by the runtime."""

    name = "podman"

    def start(self):
        conf = self.write("containers.conf",
                          CONTAINERS_CONF.format(base=self.base))
        registries = self.write("registries.conf", REGISTRIES_CONF)
        storage = self.write("storage.conf",
                             STORAGE_CONF.format(base=self.base))
        self.spawn(["podman", "--runtime", "runc",
                    "--cgroup-manager", "cgroupfs",
                    "--root", self.path("root"), "--runroot",
                    self.path("run"), "system", "service", "--time=0",
                    self.endpoint],
                   CONTAINERS_CONF=conf, CONTAINERS_STORAGE_CONF=storage,
                   CONTAINERS_REGISTRIES_CONF=registries,
                   REGISTRY_AUTH_FILE=self.path("auth.json"))
        self.wait_ready(self.answers)


SUBORDINATE = "nobody:200000:65536\n"


def map_users(daemon):
    """The user nobody has others below it, for all that the supervisor starts
    in its own mount namespace."""
    for name in "subuid", "subgid":
        path = daemon.write(name, SUBORDINATE)
        subprocess.run(["mount", "-n", "--bind", path, "/etc/" + name],
                       check=True)


class MappedDocker(Docker):
    """With userns-remap; its containers have no network but none."""

    name = "mapped"
    options = ("--userns-remap", "nobody:nogroup", "--bridge", "none",
               "--iptables=false")

    def start(self):
        map_users(self)
        super().start()


class RootlessPodman(Podman):
    """Of the user nobody; what it keeps is in a directory of that user."""

    name = "rootless"

    def start(self):
        map_users(self)
        home = self.path("home")
        os.mkdir(home, 0o711)
        os.mkdir(os.path.join(home, "run"), 0o700)
        conf = self.write("containers.conf", "[engine]\n"
                          'image_copy_tmp_dir = "%s"\n' % home)
        storage = self.write("storage.conf", STORAGE_CONF.format(base=home))
        self.socket = os.path.join(home, "podman.sock")
        self.endpoint = "unix://" + self.socket
        self.api = engineapi.Api(self.endpoint)
        user = pwd.getpwnam("nobody")
        for path in home, os.path.join(home, "run"):
            os.chown(path, user.pw_uid, user.pw_gid)
        self.spawn(["setpriv", "--reuid", str(user.pw_uid),
                    "--regid", str(user.pw_gid), "--clear-groups",
                    "podman", "--runtime", "runc",
                    "--cgroup-manager", "cgroupfs", "system", "service",
                    "--time=0", self.endpoint],
                   HOME=home, TMPDIR=home,
                   XDG_RUNTIME_DIR=os.path.join(home, "run"),
                   CONTAINERS_CONF=conf, CONTAINERS_STORAGE_CONF=storage)
        self.wait_ready(self.answers)


def cgroup_parent(base):
    """The cgroup of the containers of the Docker below base."""
    return "/addesh-test-" + hashlib.sha256(base.encode()).hexdigest()[:12]


REGISTRY_YML = """version: 0.1
storage:
  filesystem:
    rootdirectory: {store}
  maintenance:
    readonly:
      enabled: {readonly}
http:
  addr: 127.0.0.1:{port}
"""

REGISTRY_AUTH = """auth:
  htpasswd:
    realm: addesh
    path: {htpasswd}
"""

USER = "tester"
PASSWORD = "correct horse"
# bcrypt of PASSWORD, the only kind that the registry reads
HTPASSWD = (USER +
            ":$2b$05$hA2QZAJDm5NTg8uDJyU7h.JXiL1B7A685nqTcVkxRxP0.kRZxQ7Xi\n")


class Registry(Daemon):
    """Read-only; with auth=True it wants USER and PASSWORD, and takes what is
    pushed."""

    def __init__(self, base, store, auth=False):
        self.auth = auth
        self.port = 5001 if auth else 5000
        self.name = "registry-auth" if auth else "registry"
        self.store = store
        super().__init__(base)

    def start(self):
        text = REGISTRY_YML.format(
            store=self.store, port=self.port,
            readonly="false" if self.auth else "true")
        if self.auth:
            text += REGISTRY_AUTH.format(
                htpasswd=self.write("htpasswd", HTPASSWD))
        self.spawn(["docker-registry", "serve",
                    self.write(self.name + ".yml", text)],
                   OTEL_TRACES_EXPORTER="none")
        self.wait_ready(self.listens)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Store:
    """The registry's own storage below a directory, written without it.

    Layout: github.com/distribution/distribution,
    registry/storage/paths.go.
    """

    def __init__(self, root):
        self.root = os.path.join(root, "docker/registry/v2")

    def _write(self, path, data):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)

    def blob(self, repo, data, keep=True):
        """The digest of a blob of the repository; without keep the
        repository knows it, and the registry does not have it."""
        digest = hashlib.sha256(data).hexdigest()
        if keep:
            self._write("blobs/sha256/%s/%s/data" % (digest[:2], digest),
                        data)
        self._write("repositories/%s/_layers/sha256/%s/link" %
                    (repo, digest), b"sha256:" + digest.encode())
        return "sha256:" + digest

    def image(self, repo, tag, config, layers, whole=True):
        """Adds REPO:TAG; unless whole, without its last layer's blob."""
        kind = "application/vnd.docker."
        entries = []
        for i, data in enumerate(layers):
            data = gzip.compress(data, 1, mtime=0)
            keep = whole or i < len(layers) - 1
            entries.append({
                "mediaType": kind + "image.rootfs.diff.tar.gzip",
                "size": len(data), "digest": self.blob(repo, data, keep)})
        manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": kind + "distribution.manifest.v2+json",
            "config": {
                "mediaType": kind + "container.image.v1+json",
                "size": len(config), "digest": self.blob(repo, config)},
            "layers": entries,
        }).encode()
        digest = self.blob(repo, manifest)
        link = digest.encode()
        tags = "repositories/%s/_manifests/tags/%s" % (repo, tag)
        self._write("repositories/%s/_manifests/revisions/sha256/%s/link" %
                    (repo, digest[7:]), link)
        self._write(tags + "/current/link", link)
        self._write(tags + "/index/sha256/%s/link" % digest[7:], link)

    def fill(self, archive):
        """remote:latest, the first image of an archive, and broken:latest,
        the same and one more layer, which the registry does not have."""
        with tarfile.open(archive) as tar:
            entry = json.load(tar.extractfile("manifest.json"))[0]
            config = tar.extractfile(entry["Config"]).read()
            layers = [tar.extractfile(l).read() for l in entry["Layers"]]
        self.image("remote", "latest", config, layers)
        lost = b"\0" * 10240    # an empty archive
        broken = json.loads(config)
        broken["rootfs"]["diff_ids"].append(
            "sha256:" + hashlib.sha256(lost).hexdigest())
        broken["history"].append(broken["history"][0])
        self.image("broken", "latest", json.dumps(broken).encode(),
                   layers + [lost], whole=False)
