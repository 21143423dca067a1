# SPDX-License-Identifier: MIT
"""addesh is killed at any moment while it opens, keeps, uses and removes: none
is lost that was said to be kept, and nothing stays that nobody knows of."""

import json
import os
import random
import select
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from leftovers import Traces  # noqa: E402
from sandboxes import ENGINES, KINDS, SandboxHome, descendants  # noqa: E402
from tap import diag, main, patient, same, test  # noqa: E402

ROUNDS = int(os.environ.get("ADDESH_TEST_ROUNDS") or 20)
# until one is in the register its runner waits no longer for a client
OPENING = 30

# what is done in a round, and what each answer promises when it has come
LIVES = [
    ("env new --keep=1h --name {0}", "kept"),
    ("exec -- sh -c 'echo {0} > f'", "kept"),
    ("env keep 2h", "kept"),
    ("exec cat f", "kept"),
    ("env rm {0}", "gone"),
]
LATER = [("env new --name {0}", "open"), (LIVES[1][0], "open")] + LIVES[2:]


class Home(SandboxHome):
    def __init__(self, kind):
        super().__init__(kind)
        self.traces = Traces(self)
        self.said = {}    # name: the last promise that was heard, and begun

    def round(self, number, at):
        name = "r%d" % number
        life = LIVES if number % 3 else LATER
        words = ["--json", "-k"]
        for command, _ in life:
            words += ["-c", command.format(name)]
        if number % 4 == 1:
            words = ["-s", "work"] + words
        p = self.traces.spawn(*words)
        time.sleep(at)
        p.kill()
        out, err = p.communicate()
        answers = [json.loads(line)
                   for line in out.decode().splitlines(True)
                   if line.endswith("\n")]
        for answer in answers:
            assert answer["ok"], (answer, err)
        n = len(answers)
        self.said[name] = (life[n - 1][1] if n else "nothing",
                           life[n][1] if n < len(life) else "")

    def rows(self):
        done = self.addesh("--json", "env", "ls", "-a").is_ok()
        return {row["name"]: row
                for row in json.loads(done.out)["result"]["environments"]
                if row["name"] in self.said and row["id"] and
                row["state"] in ("kept", "lost", "ended", "unknown")}

    def lives(self):
        """How many there are, seen from outside."""
        if self.kind in ENGINES:
            return len(self.traces.owned_containers())
        return sum(line.startswith("/.addesh/runner") for line in
                   descendants(os.getpid()).values())

    def settle(self):
        """Until as many live as the register knows."""
        end = time.monotonic() + patient(OPENING + 30)
        while True:
            self.addesh("gc").is_ok()
            rows = self.rows()
            kept = [n for n in rows if rows[n]["state"] == "kept"]
            if self.lives() == len(kept) == len(rows):
                return kept
            assert time.monotonic() < end, (rows, self.lives())
            time.sleep(0.5)


@test(values=KINDS, deadline=120 + 12 * ROUNDS)
def nothing_is_lost_and_nothing_stays(kind):
    seed = random.randrange(1 << 32)
    diag("seed %d" % seed)
    rng = random.Random(seed)
    with Home(kind) as h:
        began = time.monotonic()
        p = h.traces.addesh("-c", "env new --keep --name r", "-c", "exec true",
                            "-c", "env rm r")
        took = time.monotonic() - began
        same(p.returncode, 0, p.stderr)
        for number in range(ROUNDS):
            h.round(number, rng.uniform(0, 1.5 * took))
        kept = h.settle()
        for name, (said, begun) in h.said.items():
            if said == "kept" and begun != "gone":
                assert name in kept, (name, kept)
            if said == "gone":
                assert name not in kept, (name, kept)
        for name in kept:
            done = h.addesh("-c", "env use " + name, "-c",
                            "exec -- sh -c 'cat f || :'").is_ok()
            assert done.out in (name + "\n", ""), done
            h.addesh("env", "rm", name).is_ok()
        h.addesh("session", "rm", "-f", "work")
        h.addesh("gc").is_ok()
        h.traces.gone()


LESSON = """```addesh
$ env new --keep=1h
! ...
$ env new
! ...
$ run -t 100s a.py <<< 'import time; time.sleep(90)'
```
"""


def end_at_once(h, p, both):
    """p and the process that it has for a file, or only that."""
    pids = [p.pid] + [pid for pid, line in descendants(p.pid).items()
                      if "replay" in line]
    same(len(pids), 2, pids)
    h.traces.note(pids[1])
    child = os.pidfd_open(pids[1])
    for signo in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids[not both:]:
            os.kill(pid, signo)
    p.wait()
    # until then it has its locks
    assert select.select([child], [], [], patient(20))[0], "it lives on"
    os.close(child)


def scratch(h):
    return [n for n in os.listdir(h.env["TMPDIR"]) if "-replay-" in n]


@test(values=KINDS + ("restricted-root alone",), deadline=120)
def nothing_stays_of_a_replay(kind):
    kind, _, alone = kind.partition(" ")
    with Home(kind) as h:
        if kind not in ENGINES:
            h.options += ["--engine", "restricted"]
        h.own(h.write("a.md", LESSON))
        p = h.traces.spawn("replay", "--tap", "a.md")
        while b"ok 2" not in p.stdout.readline():
            pass
        end_at_once(h, p, not alone)
        same(len(scratch(h)), 1)
        dry = h.addesh("gc", "--dry-run").is_ok().out
        assert "its replay has ended" in dry, dry
        same(len(scratch(h)), 1)
        if kind in ENGINES:
            h.addesh("gc").is_ok()
        else:
            h.addesh("true").is_ok()
        same(scratch(h), [])
        h.traces.gone()


engines.share()
main(beside=True)
