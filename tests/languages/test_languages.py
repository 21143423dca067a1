# SPDX-License-Identifier: MIT
"""Each language for real, with what programs expect of the place they run in:
a home, a user, shared memory, their own loopback, and installs that stay."""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import engines  # noqa: E402
from programs import LANGUAGES  # noqa: E402
from sandboxes import ENGINES, KINDS, RESTRICTED, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

PATH = "/usr/local/bin:/usr/bin:/bin"
# compilers need room
ROOM = " -m 1g --disk 1g --cpus %d --pids-limit 512" % os.cpu_count()
T = "-t 120"
HERE_TOO = [name for name in sorted(LANGUAGES)
            if shutil.which(LANGUAGES[name].program, path=PATH)]
ALL = [("docker", name) for name in sorted(LANGUAGES)] + \
    [("restricted-root", name) for name in HERE_TOO] + \
    [("restricted-user", "python"), ("podman", "python")]


class Rooms:
    """One environment with all languages for each kind."""

    def __init__(self):
        self.open = {}

    def get(self, kind):
        if kind not in self.open:
            if kind in ENGINES:
                engines.load(kind, "langs")
            image = " langs:latest" if kind in ENGINES else ""
            room = ROOM if kind != "restricted-user" else " -m 1g"
            self.open[kind] = Session(kind, new="env new" + image + room)
        return self.open[kind]

    def close(self):
        for s in self.open.values():
            s.close()


rooms = Rooms()


def phases(r):
    return [e["phase"] for e in r["events"]]


@test("%s: a %s program that works", ALL)
def _(kind, name):
    lang = LANGUAGES[name]
    s = rooms.get(kind)
    data = s.home.own(s.home.write("input", "some text\n"))
    r = s.run(lang.file, lang.works, "'an arg'", T + " --stdin " + data)
    diag(r["execution_time"])
    r.is_verdict(exit_code=0, status="completed")
    same(r.out.decode().split(), ["works", "an", "arg", "SOME", "TEXT"])
    s.settled()


@test("%s: a %s program that fails", ALL)
def _(kind, name):
    lang = LANGUAGES[name]
    s = rooms.get(kind)
    r = s.run(lang.file, lang.fails, options=T)
    r.is_verdict(status="failed", timed_out=False)
    assert r["exit_code"] != 0, r
    same(r.out.decode(), "before\n")
    assert lang.says in r.errs.decode(), r.errs
    s.settled()


@test("%s: a %s program that is none", ALL)
def _(kind, name):
    lang = LANGUAGES[name]
    s = rooms.get(kind)
    r = s.run(lang.file, lang.broken, options=T)
    r.is_verdict(status="failed")
    assert r["exit_code"] not in (0, 126, 127), r["exit_code"]
    text = r.out.decode() + r.errs.decode()
    assert lang.complains in text, text
    assert "ran" not in r.out.decode().split(), text
    if lang.compiled:
        assert "compile" in phases(r) and "run" not in phases(r), phases(r)
    s.settled()


WHO = """
import getpass, os, pwd, subprocess, tempfile
home = os.path.expanduser("~")
assert home == os.environ["HOME"], home
open(os.path.join(home, "mine"), "w").close()
assert getpass.getuser() == os.environ["USER"] == os.environ["LOGNAME"]
assert pwd.getpwuid(os.getuid()).pw_dir, "no entry"
tempfile.TemporaryFile()
os.makedirs(os.path.join(os.environ["XDG_CACHE_HOME"], "x"))
os.makedirs(os.environ.get("MPLCONFIGDIR", home), exist_ok=True)
print("OK")
"""


@test("%s: a home, a user and their caches", KINDS)
def _(kind):
    r = rooms.get(kind).run("who.py", WHO, options=T)
    same((r.out, r.errs), (b"OK\n", b""))


GIT = """
set -e
mkdir repo && cd repo
git init -q .
git config --global user.name 'Somebody'
git config --global user.email 'somebody@example.org'
echo text > file
git add file
git commit -q -m 'first'
git log --format=%an
cd .. && rm -rf repo
"""


@test("%s: git", ["docker"] + [k for k in RESTRICTED
                               if shutil.which("git", path=PATH)])
def _(kind):
    r = rooms.get(kind).run("git.sh", GIT, options=T)
    same((r["exit_code"], r.out), (0, b"Somebody\n"), r.errs)


@test("%s: node, npm and Java know their user", ["docker"])
def _(kind):
    s = rooms.get(kind)
    r = s.run("user.js", "const os = require('os');\n"
              "console.log(os.userInfo().username, os.homedir());\n",
              options=T)
    name, home = r.out.decode().split()
    same(home, "/tmp/home")
    assert name, r
    r = s.ok("exec %s -- npm config get prefix" % T)
    assert r["stdout"].startswith("/"), r
    r = s.run("User.java", "public class User {\n"
              "public static void main(String[] a) {\n"
              "System.out.println(System.getProperty(\"user.home\"));\n} }\n",
              options=T)
    same(r.out, b"/tmp/home\n")


PARALLEL = """
import asyncio, multiprocessing, socket, sys, threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory

def square(n):
    return n * n

def serve(server):
    peer, _ = server.accept()
    peer.sendall(peer.recv(100).upper())
    peer.close()

async def tasks():
    p = await asyncio.create_subprocess_exec(
        "echo", "from a child", stdout=asyncio.subprocess.PIPE)
    out, _ = await p.communicate()
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(100)))
    return out

if __name__ == "__main__":
    with multiprocessing.Pool(4) as pool:
        assert pool.map(square, range(10))[9] == 81
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(square, [3])) == [9]
    got = []
    threads = [threading.Thread(target=got.append, args=(n,))
               for n in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(got) == 20
    assert asyncio.run(tasks()) == b"from a child\\n"
    shm = shared_memory.SharedMemory(create=True, size=1 << 20)
    shm.buf[0] = 7
    again = shared_memory.SharedMemory(shm.name)
    assert again.buf[0] == 7
    again.close()
    shm.close()
    shm.unlink()
    with socket.create_server(("localhost", 0)) as server:
        t = threading.Thread(target=serve, args=(server,))
        t.start()
        with socket.create_connection(
                ("localhost", server.getsockname()[1])) as c:
            c.sendall(b"text")
            assert c.recv(100) == b"TEXT"
        t.join()
    assert socket.gethostbyname("localhost") == "127.0.0.1"
    with multiprocessing.Manager() as m:
        assert m.dict(a=1)["a"] == 1
    print("OK")
"""


@test("%s: processes, threads, tasks, shared memory, its own loopback",
      KINDS)
def _(kind):
    s = rooms.get(kind)
    r = s.run("parallel.py", PARALLEL, options=T)
    same((r["exit_code"], r.out), (0, b"OK\n"), r.errs.decode())
    s.works()


@test("docker: the same in node and Go")
def _():
    s = rooms.get("docker")
    r = s.run("server.js",
              "const http = require('http');\n"
              "const s = http.createServer((q, a) => a.end('text'));\n"
              "s.listen(0, 'localhost', () => http.get("
              "`http://localhost:${s.address().port}`, a => {\n"
              "a.on('data', d => console.log(String(d)));\n"
              "a.on('end', () => s.close()); }));\n", options=T)
    same((r["exit_code"], r.out), (0, b"text\n"), r.errs)
    r = s.run("server.go", "package main\nimport (\n\"fmt\"\n\"io\"\n"
              "\"net/http\"\n\"net/http/httptest\"\n\"sync\"\n)\n"
              "func main() {\n"
              "s := httptest.NewServer(http.HandlerFunc(func(w "
              "http.ResponseWriter, r *http.Request) { "
              "io.WriteString(w, \"text\") }))\n"
              "var g sync.WaitGroup\n"
              "for i := 0; i < 10; i++ { g.Add(1); go func() { "
              "defer g.Done(); r, e := http.Get(s.URL); if e != nil { "
              "panic(e) }; b, _ := io.ReadAll(r.Body); "
              "if string(b) != \"text\" { panic(string(b)) } }() }\n"
              "g.Wait()\nfmt.Println(\"OK\")\n}\n", options=T)
    same((r["exit_code"], r.out), (0, b"OK\n"), r.errs)


@test("%s: what a program installs is there in the next run", ENGINES,
      deadline=300)
def _(kind):
    engines.load(kind, "langs")
    state = engines.state(kind)
    pip, npm = state["pip_index"], state["npm_registry"]
    host = pip.split("//")[1].split("/")[0].split(":")[0]
    with Session(kind, new="env new langs:latest --net" + ROOM) as s:
        for program, text in (
                ("install.py",
                 "import subprocess, sys\n"
                 "subprocess.run([sys.executable, '-m', 'pip', 'install', "
                 "'--user', '-q', '--trusted-host', %r, '--index-url', %r, "
                 "'addesh-sample'], check=True)\n" % (host, pip)),
                ("install.js",
                 "require('child_process').execFileSync('npm', ['install', "
                 "'--registry', '%s', 'addesh-sample'], "
                 "{stdio: 'inherit'});\n" % npm)):
            s.run(program, text, options=T).is_verdict(exit_code=0)
        r = s.run("use.py", "import addesh_sample\n"
                  "print(addesh_sample.value)\n", options=T)
        same((r["exit_code"], r.out), (0, b"42\n"), r.errs)
        r = s.run("use.js", "console.log(require('addesh-sample').value)\n",
                  options=T)
        same((r["exit_code"], r.out), (0, b"42\n"), r.errs)
        s.works()


@test("%s: without a network the install says why", ENGINES)
def _(kind):
    s = rooms.get(kind)
    r = s.run("need.py", "import addesh_sample\n", options=T)
    same((r["status"], r["diagnosis"]["kind"], r["diagnosis"]["module"]),
         ("failed", "missing_module", "addesh_sample"))
    same(r["diagnosis"]["suggestion"], "dep add --lang python addesh_sample")


@test("all environments close")
def _():
    rooms.close()


main()
