# SPDX-License-Identifier: MIT
"""The engine client over TCP, TLS and ssh."""

import json
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

from engines import skip
from enginetool import environment, finish, scratch, start, tool
from fake_engine import FakeEngine, Hijack, Http, Json, Reply, frame
from tap import main, same, test


def ask(engine, env=None, **how):
    return tool(None, "version", env=env or environment(
        DOCKER_HOST=engine.url), **how)


SPOKE = b"Docker 20.10.24 api 1.41 docker\n"


def builds(engine, env):
    """A context goes whole to the engine, whose answer comes back."""
    image = "sha256:" + "ab" * 32
    engine.on("GET", "/_ping", Http(200, b"OK", [
        ("Date", "Sat, 21 Nov 2026 16:19:21 GMT")]))
    engine.on("GET", "/images/.*/json", Json({"Id": image}))
    engine.on("POST", "/build", Json({"aux": {"ID": image}}))
    context = random.Random(1).randbytes(3000000)
    result = tool(None, "build", env=env, data=context)
    same((result.err, result.status), (b"", 0))
    assert engine.asked("POST", "/build")[0].body == context
    assert image.encode() in result.out, result.out
    # As Go's server does, it leaves time to be heard before it closes.
    engine.early("POST", "/build", Json({"message": "no space left"}, 500,
                                        then="wait"))
    result = tool(None, "build", env=env, data=context)
    same(result.message, "building the image: no space left")


# TCP

@test
def tcp():
    with FakeEngine(tcp=True) as engine:
        same(ask(engine).out, SPOKE)
        env = environment(DOCKER_HOST=engine.url + "/base/path/")
        engine.on("GET", "/base/path/version", Json({"ApiVersion": "1.43"}))
        engine.on("GET", "/base/path/v1.43/containers/json", Json([]))
        same(tool(None, "list", env=env).out, b"[]\n")


@test
def tcp_builds():
    with FakeEngine(tcp=True) as engine:
        builds(engine, environment(DOCKER_HOST=engine.url))


@test
def proxies_of_web_pages_are_not_used():
    with FakeEngine(tcp=True) as engine:
        env = environment(DOCKER_HOST=engine.url,
                          http_proxy="http://127.0.0.1:1",
                          HTTP_PROXY="http://127.0.0.1:1",
                          ALL_PROXY="http://127.0.0.1:1")
        same(ask(engine, env).out, SPOKE)


@test
def a_host_that_is_not_known():
    result = tool("tcp://no-such-host.invalid:1", "version")
    same(result.message, "tcp://no-such-host.invalid:1: this host is not "
         "known")


@test
def a_host_that_drops_packets():
    # A listener whose queue is full does not answer.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(address)
            fillers.append(s)
        url = "tcp://127.0.0.1:%d" % address[1]
        result = tool(url, "version", deadline=300)
        for s in fillers:
            s.close()
        same((result.message, result.code),
             (url + " does not answer within 300ms", 110))


# TLS

def openssl(*args, **how):
    subprocess.run(("openssl",) + args, check=True, stdin=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **how)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def authority(d, name):
    openssl("req", "-x509", *KEY, "-keyout", d + "/%s-key.pem" % name,
            "-out", d + "/%s.pem" % name, "-subj", "/CN=" + name,
            "-days", "2")


def certificate(d, name, ca="ca", subject="IP:127.0.0.1", days=2):
    """NAME.pem and NAME-key.pem."""
    openssl("req", *KEY, "-keyout", d + "/%s-key.pem" % name,
            "-out", d + "/csr.pem", "-subj", "/CN=" + name)
    with open(d + "/ext", "w") as f:
        f.write("subjectAltName=%s\n" % subject)
    openssl("x509", "-req", "-in", d + "/csr.pem", "-CA", d + "/%s.pem" % ca,
            "-CAkey", d + "/%s-key.pem" % ca, "-CAcreateserial",
            "-days", str(days), "-extfile", d + "/ext",
            "-out", d + "/%s.pem" % name)


def server(d, name, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(d + "/%s.pem" % name, d + "/%s-key.pem" % name)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def tls_environment(engine, d, **more):
    return environment(DOCKER_HOST=engine.url, DOCKER_TLS_VERIFY="1",
                       DOCKER_CERT_PATH=d, **more)


@test
def tls_with_the_right_authority():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        with FakeEngine(tls=server(d, "server")) as engine:
            same(ask(engine, tls_environment(engine, d)).out, SPOKE)


@test
def tls_builds():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        with FakeEngine(tls=server(d, "server")) as engine:
            builds(engine, tls_environment(engine, d))


@test
def tls_streams():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        block = bytes(range(256)) * 120
        with FakeEngine(tls=server(d, "server")) as engine:
            engine.on("POST", "/containers/c/attach",
                      Hijack(frame(1, block) * 300))
            result = tool(None, "attach", "c",
                          env=tls_environment(engine, d))
            assert result.out == block * 300, len(result.out)
            same(result.status, 0)


@test("tls: %s is refused", [
    ("another authority", {"ca": "other"},
     "unable to get local issuer certificate"),
    ("an expired certificate", {"days": -1}, "certificate has expired"),
    ("another host's certificate", {"subject": "DNS:elsewhere.example"},
     "127.0.0.1")])
def _(name, how, words):
    with scratch() as d:
        authority(d, "ca")
        authority(d, "other")
        certificate(d, "server", **how)
        with FakeEngine(tls=server(d, "server")) as engine:
            result = ask(engine, tls_environment(engine, d))
            begin = "the certificate of %s is not accepted: " % engine.url
            assert result.message.startswith(begin) and \
                words in result.message, result.err
            same(engine.requests, [], "requests that came through")
            env = environment(DOCKER_HOST=engine.url, DOCKER_TLS="1")
            same(ask(engine, env).out, SPOKE, "unverified, as asked for")


@test
def tls_with_a_client_certificate():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        certificate(d, "cert")
        with FakeEngine(tls=server(d, "server", d + "/ca.pem")) as engine:
            env = tls_environment(engine, d)
            os.rename(d + "/cert-key.pem", d + "/key.pem")
            same(ask(engine, env).out, SPOKE)
            os.rename(d + "/cert.pem", d + "/moved.pem")
            same(ask(engine, env).status, 1)


@test
def tls_of_a_context():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        with FakeEngine(tls=server(d, "server")) as engine:
            # sha256 of "my-context"
            name = ("60b9683c6c2b05b8adc06ff4d150b15a"
                    "5c69d74c7a7ee35bd733df12861dd2b0")
            os.makedirs(d + "/contexts/meta/" + name)
            os.makedirs(d + "/contexts/tls/%s/docker" % name)
            shutil.copy(d + "/ca.pem", d + "/contexts/tls/%s/docker" % name)
            with open(d + "/contexts/meta/%s/meta.json" % name, "w") as f:
                json.dump({"Name": "my-context", "Endpoints": {
                    "docker": {"Host": engine.url}}}, f)
            env = environment(DOCKER_CONFIG=d, DOCKER_CONTEXT="my-context")
            same(ask(engine, env).out, SPOKE)


@test
def tls_files_that_cannot_be_used():
    with scratch() as d:
        authority(d, "ca")
        certificate(d, "server")
        with FakeEngine(tls=server(d, "server")) as engine:
            os.mkdir(d + "/empty")
            result = ask(engine, tls_environment(engine, d + "/empty"))
            assert result.message.startswith(
                "the TLS files for %s cannot be used: " % engine.url), \
                result.err


@test
def tls_where_there_is_none():
    with scratch() as d:
        authority(d, "ca")
        with FakeEngine(tcp=True) as engine:
            result = ask(engine, tls_environment(engine, d))
            same((result.status, result.kind), (1, "engine"))
            assert engine.url in result.message, result.err


# ssh

DIAL = """#!{python}
import os, socket, sys, threading
path = {path!r}
args = sys.argv[1:]
option = {option!r} + "=unix://"
if args[0].startswith(option):
    path = args.pop(0)[len(option):]
assert args == ["system", "dial-stdio"], args
with open({pids!r}, "a") as f:
    print(os.getpid(), file=f)
s = socket.socket(socket.AF_UNIX)
s.connect(path)
def copy(receive, send):
    while data := receive(65536):
        send(data)
    os._exit(0)
# A way each, as the real one has it: an engine that takes no more of what it
# is sent is still heard.
threading.Thread(target=copy,
                 args=(lambda n: os.read(0, n), s.sendall)).start()
copy(s.recv, lambda data: os.write(1, data))
"""


class Sshd:
    """sshd on loopback, and an ssh that trusts it in PATH."""

    def __init__(self, d, engine):
        self.d = d
        self.engine = engine
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.pids = d + "/pids"
        for sub in ("bin", "remote"):
            os.mkdir(d + "/" + sub)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", d + "/" + name], check=True)
        for name, option in (("docker", "--host"), ("podman", "--url")):
            self.script(d + "/remote/" + name, DIAL.format(
                python=sys.executable, path=engine.path, pids=self.pids,
                option=option))
        self.script(d + "/bin/ssh",
                    "#!/bin/sh\nexec /usr/bin/ssh -F %s/config \"$@\"\n" % d)
        self.write("config", "UserKnownHostsFile %s/known\n"
                   "IdentityFile %s/user\nIdentitiesOnly yes\n"
                   "StrictHostKeyChecking yes\n" % (d, d))
        os.chmod(d, 0o700)
        while not self.start():
            pass
        with open(d + "/host.pub") as f:
            self.known(f.read().split()[:2])

    def write(self, name, text):
        with open(self.d + "/" + name, "w") as f:
            f.write(text)

    def script(self, path, text):
        with open(path, "w") as f:
            f.write(text)
            os.fchmod(f.fileno(), 0o755)

    def known(self, key):
        self.write("known", "[127.0.0.1]:%d %s\n" % (
            self.port, " ".join(key)))

    def start(self):
        """False: another process has taken this port."""
        # below the ports that the kernel gives away (ip(7))
        self.port = random.randrange(20000, 32000)
        self.write("sshd_config", "\n".join([
            "Port %d" % self.port, "ListenAddress 127.0.0.1",
            "HostKey %s/host" % self.d, "PidFile none",
            "AuthorizedKeysFile %s/user.pub" % self.d, "StrictModes no",
            "PasswordAuthentication no", "PermitRootLogin yes",
            "UsePAM %s" % ("no" if os.getuid() else "yes"),
            # the second, so that bash takes itself for an inner shell, and
            # leaves the user's .bashrc alone
            "SetEnv PATH=%s/remote:/usr/bin:/bin SHLVL=2" % self.d, ""]))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", self.d + "/sshd_config"],
            stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.process.stderr:
            said += line
            if "Server listening" in line:
                return True
        self.process.wait()
        if "Address already in use" not in said:
            raise RuntimeError("sshd: " + said)
        return False

    def environment(self, path="", **more):
        return environment(
            PATH=self.d + "/bin:/usr/bin:/bin",
            DOCKER_HOST="ssh://%s@127.0.0.1:%d%s" % (
                self.user, self.port, path), **more)

    def gone(self):
        """Waits until nothing of ours runs at the other side."""
        with open(self.pids) as f:
            pids = f.read().split()
        end = time.monotonic() + 60
        while any(os.path.exists("/proc/" + pid) for pid in pids):
            assert time.monotonic() < end, "dial-stdio lives on"
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def with_sshd(function):
    """A test whose function gets a fake engine and sshd in front of it."""
    def run():
        for program in ("/usr/sbin/sshd", "/usr/bin/ssh"):
            if not os.path.exists(program):
                skip("there is no " + program)
        shell = pwd.getpwuid(os.getuid()).pw_shell
        if os.path.basename(shell) in ("nologin", "false"):
            skip("this user cannot log in")
        with scratch() as d, FakeEngine() as engine, Sshd(d, engine) as sshd:
            function(engine, sshd)
    run.__name__ = function.__name__
    return test(run)


@with_sshd
def ssh(engine, sshd):
    result = ask(engine, sshd.environment())
    same((result.out, result.err), (SPOKE, b""))
    sshd.gone()
    result = ask(engine, sshd.environment(path=engine.path))
    same((result.out, result.err), (SPOKE, b""))


@with_sshd
def ssh_to_podman(engine, sshd):
    os.unlink(sshd.d + "/remote/docker")
    for path in ("", engine.path):
        env = sshd.environment(path=path)
        env["CONTAINER_HOST"] = env.pop("DOCKER_HOST")
        result = ask(engine, env)
        same((result.out, result.err), (SPOKE, b""))


@with_sshd
def ssh_streams_and_reuse(engine, sshd):
    engine.on("GET", "/containers/json", Json([]))
    engine.on("POST", "/containers/c/attach",
              Hijack(frame(1, b"x" * 3000000)))
    result = tool(None, "list", env=sshd.environment())
    same((result.out, result.err), (b"[]\n", b""))
    with open(sshd.pids) as f:
        same(len(f.read().split()), 1, "logins for two requests")
    result = tool(None, "attach", "c", env=sshd.environment())
    same((result.err, result.status, len(result.out)), (b"", 0, 3000000))
    sshd.gone()


@with_sshd
def ssh_builds(engine, sshd):
    builds(engine, sshd.environment())


@with_sshd
def ssh_that_is_refused(engine, sshd):
    with open(sshd.d + "/user.pub") as f:
        key = f.read().split()[:2]
    sshd.known(key)
    result = ask(engine, sshd.environment())
    same(result.message, "cannot reach the engine over ssh")
    assert "Host key verification failed." in result.hint, result.err


@with_sshd
def ssh_to_a_host_without_docker(engine, sshd):
    os.unlink(sshd.d + "/remote/docker")
    sshd.script(sshd.d + "/remote/docker",
                "#!/bin/sh\necho 'docker: nothing here' >&2\nexit 127\n")
    result = ask(engine, sshd.environment())
    same((result.message, result.hint),
         ("cannot reach the engine over ssh", ["docker: nothing here"]))


@with_sshd
def ssh_is_left_at_ctrl_c(engine, sshd):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = sshd.environment()
        env["DOCKER_HOST"] = "ssh://127.0.0.1:%d" % silent.getsockname()[1]
        p = start(None, "version", env=env)
        conn, _ = silent.accept()
        p.send_signal(signal.SIGINT)
        same(finish(p).message, "connecting to the engine: interrupted")
        conn.settimeout(60)
        while conn.recv(4096):
            pass    # its banner; then ssh is gone


@with_sshd
def without_ssh(engine, sshd):
    env = sshd.environment()
    env["PATH"] = "/nonexistent"
    result = ask(engine, env)
    same((result.message, result.hint),
         ("cannot reach the engine over ssh",
          ["ssh: No such file or directory"]))


main()
