# SPDX-License-Identifier: MIT
"""Programs that do their worst where they are root, or in somebody else's
container: neither can the runner be reached, nor is anything left."""

import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engines  # noqa: E402
from sandboxes import ENGINES, SandboxHome, Session  # noqa: E402
from tap import main, same, test  # noqa: E402

# What each of them comes to, and what it has written then.
PROGRAMS = (
    ("double_fork.py", 0, b"parent\n"),
    ("fork_and_exit.py", 0, b"parent\n"),
    ("orphans.py", 0, b"done\n"),
    ("closed_descriptors.py", 7, b"before\n"),
    ("forge.py", 7, None),
)
# For those that could signal the runner if it had their uid.
ATTACKS = (
    ("kill_all.py", "", 0, b"before\nafter\n"),
    ("attack_init.py", "parent", 0, b"all refused\n"),
)


def program(name):
    with open(os.path.join(HERE, "programs", name)) as f:
        return f.read()


@contextlib.contextmanager
def attached(kind, user):
    """A session in a container that has nothing to do with addesh."""
    api = engines.api(kind)
    made = api.post("/containers/create", {
        "Image": "python:3.11-slim", "Entrypoint": ["sleep", "10000"],
        "Cmd": [], "User": user, "WorkingDir": "/tmp",
        "HostConfig": {"Memory": 512 << 20, "PidsLimit": 200}})["Id"]
    try:
        api.post("/containers/%s/start" % made)
        with Session(kind, new=None) as s:
            s.ok("env attach " + made)
            s.renew()
            yield s
    finally:
        api.remove(made)


@contextlib.contextmanager
def of_the_caller(kind):
    """Programs write to this host, as root if that is who runs the test."""
    with Session(kind, new=None) as s:
        s.home.dir("work/out")
        s.ok("env new -v out:/workspace")
        s.renew()
        yield s


def attack(s, attacks):
    for name, code, out in PROGRAMS:
        r = s.run(name, program(name), options="-t 30")
        r.is_verdict(exit_code=code, environment_lost=False)
        assert out in (None, r.out), (name, r.out)
        s.works()
    s.run_into_limit("fork_bomb.py", program("fork_bomb.py"))
    s.works()
    for name, args, code, out in attacks:
        r = s.run(name, program(name), args, "-t 30")
        r.is_verdict(exit_code=code, environment_lost=False)
        same(r.out, out, name)
        s.works()


@test("with --root: %s", ENGINES)
def _(kind):
    with Session(kind, new="env new --root") as s:
        attack(s, ATTACKS + (("attack_init.py", "", 0, b"all refused\n"),))


@test("as who writes to a directory of this host: %s", ENGINES)
def _(kind):
    with of_the_caller(kind) as s:
        attack(s, ATTACKS + (("attack_init.py", "", 0, b"all refused\n"),))


@test("attached, where the container's user is root: %s", ENGINES)
def _(kind):
    with attached(kind, "0") as s:
        attack(s, ATTACKS)


@test("attached, where it is another: %s", ENGINES)
def _(kind):
    with attached(kind, "1234") as s:
        attack(s, ())
        # who has the runner's uid can end it, and no more
        r = s.run("kill_all.py", program("kill_all.py"), options="-t 30")
        r.is_verdict(environment_lost=True, status="error")
        state = engines.api(kind).get(
            "/containers/%s/json" % s.env["id"])["State"]
        same(state["Running"], True)


@contextlib.contextmanager
def beside_a_server(kind, user):
    """What runs there is the image's own command."""
    name = "local/hostile-%s-%d:1" % (user, os.getpid())
    with SandboxHome(kind) as h:
        h.write("app/Dockerfile", "FROM python:3.11-slim\nUSER %s\n"
                'CMD ["sleep", "54321"]\n' % user)
        h.addesh("build", "app", "-t", name).is_ok()
        try:
            with Session(kind, new="env new --image-cmd " + name) as s:
                yield s
        finally:
            h.addesh("image", "rm", "-f", name).is_ok()


@test("beside an image's own command, of root and of another: %s", ENGINES)
def _(kind):
    for user in "0", "1234":
        with beside_a_server(kind, user) as s:
            attack(s, ATTACKS)
            assert "sleep 54321 " in s.processes().values(), s.processes()


@test("a kept one that is root's: %s", ENGINES)
def _(kind):
    # nor can what carries the words of a later client be reached
    with SandboxHome(kind) as h:
        h.write("kill_all.py", program("kill_all.py"))
        h.addesh("-c", "env new --root --keep --name kept").is_ok()
        try:
            done = h.addesh("-k", "-c", "env use kept",
                            "-c", "run kill_all.py", "-c", "run kill_all.py")
            same(done.is_ok().out, 2 * "before\nafter\n", done.err)
        finally:
            h.addesh("-c", "env use kept", "-c", "env rm kept").is_ok()


main()
