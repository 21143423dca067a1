# SPDX-License-Identifier: MIT
"""Kept environments: they outlive their session, one process at a time works
in them, and they end with their lease or with `env rm`."""

import glob
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from engineapi import ApiError
from sandboxes import ENGINES, KINDS, SandboxHome
from tap import main, patient, same, test


def answer(done):
    return json.loads(done.is_ok().out.splitlines()[-1])["result"]


def until(condition, what, limit=60):
    end = time.monotonic() + patient(limit)
    while not condition():
        assert time.monotonic() < end, "still not: " + what
        time.sleep(0.05)


# of environments in the register; others are any container's on the engine
REGISTERED = ("kept", "lost", "ended", "unknown", "open")


class Kept(SandboxHome):
    """A home with a kept environment, which a session has left behind."""

    def __init__(self, kind, new="env new --keep --name k1", **kw):
        super().__init__(kind, **kw)
        self.made = None
        try:
            self.made = self.make(new)
        except BaseException:
            self.close()
            raise

    def make(self, new):
        done = self.addesh("--json", "-c", new, "-c",
                           "exec -- sh -c 'echo left > f'").is_ok()
        return json.loads(done.out.splitlines()[0])["result"]

    def in_it(self, *commands, name="k1"):
        """Commands of another process."""
        words = []
        for command in ("env use " + name,) + commands:
            words += ["-c", command]
        return self.addesh(*words)

    def records(self):
        return glob.glob(self.env["XDG_STATE_HOME"] + "/addesh/kept/*.json")

    def rows(self):
        rows = answer(self.addesh("--json", "env", "ls", "-a"))
        return {row["name"]: row for row in rows["environments"]
                if row["state"] in REGISTERED}

    def lives(self):
        """Whether what it is made of is still there, seen from outside."""
        if self.kind in ENGINES:
            try:
                engines.api(self.kind).get(
                    "/containers/%s/json" % self.made["container"])
                return True
            except ApiError:
                return False
        path = os.path.join(self.env["XDG_RUNTIME_DIR"], "addesh", "env")
        return any(name.endswith(".sock") and connects(path + "/" + name)
                   for name in os.listdir(path))

    def close(self):
        try:
            self.close_kept()
            same(self.records(), [])
        finally:
            super().close()


def connects(path):
    import socket
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False


@test(values=KINDS)
def it_outlives_its_session(kind):
    with Kept(kind) as h:
        same(h.made["keep"]["lease_ms"], 24 * 3600 * 1000)
        assert h.lives()
        done = h.in_it("cat f", "exec -- sh -c 'echo more >> f'").is_ok()
        same(done.out, "left\n")
        # by its id too, and by that of its container
        same(h.in_it("cat f", name=h.made["keep"]["id"][:6]).is_ok().out,
             "left\nmore\n")
        if kind in ENGINES:
            same(h.in_it("cat f", name=h.made["container"]).is_ok().out,
                 "left\nmore\n")
        row = h.rows()["k1"]
        same((row["state"], row["id"]), ("kept", h.made["keep"]["id"]))
        mode = os.stat(h.records()[0]).st_mode & 0o777
        same(oct(mode), "0o600")
        h.addesh("env", "rm", "k1").is_ok()
        assert not h.lives()
        same(h.records(), [])
        same(h.rows(), {})
        same(os.listdir(h.env["XDG_RUNTIME_DIR"] + "/addesh/env"), [])


@test(values=KINDS)
def one_that_is_open_can_be_kept(kind):
    with Kept(kind, "env new --name k1 -e SECRET=s3cret --disk 8m") as h:
        assert not h.records() and not h.lives()
        done = h.addesh("--json", "-c", "env new --name k1 -e SECRET=s3cret "
                        "--disk 8m", "-c", "exec -- sh -c 'echo left > f'",
                        "-c", "env keep 7d", "-c", "env keep k1 2h").is_ok()
        lines = [json.loads(line)["result"]
                 for line in done.out.splitlines()]
        h.made = lines[0]
        same([line["lease_ms"] for line in lines[2:]],
             [7 * 24 * 3600 * 1000, 2 * 3600 * 1000])
        assert h.lives()
        done = h.in_it("cat f", "exec -- sh -c 'echo $SECRET'",
                       "env info").is_ok()
        assert done.out.startswith("left\ns3cret\n"), done.out
        assert "8 MB" in done.out, done.out
        assert "until it has been idle for 2h" in done.out, done.out


@test(values=KINDS, beside=True)
def its_lease_ends_it(kind):
    with Kept(kind, "env new --keep=6s --name k1") as h:
        # use renews it
        for _ in range(4):
            time.sleep(2)
            same(h.in_it("cat f").is_ok().out, "left\n")
        until(lambda: not h.lives(), "ended by its lease")
        same(h.rows()["k1"]["state"], "ended")
        done = h.in_it("cat f").is_status(125)
        assert "environment k1 has ended" in done.err, done.err
        same(h.records(), [])
        done = h.in_it("cat f").is_status(2)
        assert "there is no environment 'k1'" in done.err, done.err
        cgroups = [p for p in glob.glob("/sys/fs/cgroup/**/addesh-*",
                                        recursive=True)
                   if h.made["keep"]["id"] in p]
        same(cgroups, [])


@test(values=KINDS, beside=True)
def one_in_use_does_not_end(kind):
    """Neither in a run that is longer than the lease, nor in a session that
    does nothing; when both are over it does."""
    with Kept(kind, "env new --keep=5s --name k1") as h:
        same(h.in_it("exec -- sh -c 'sleep 7; cat f'").is_ok().out, "left\n")
        idle = h.spawn("--json", "-k", stdin=-1)
        for command in b"env use k1\n", b"cat f\n":
            idle.stdin.write(command)
            idle.stdin.flush()
            assert json.loads(idle.stdout.readline())["ok"]
            time.sleep(7)
        idle.communicate()
        same(idle.returncode, 0)
        until(lambda: not h.lives(), "ended by its lease")


# writes a little each second, for longer than a client may be silent
TALKS = "i=0; while [ $i -lt 14 ]; do head -c 50000 /dev/zero; sleep 1; " \
    "i=$((i+1)); done; echo end"


@test(values=KINDS, beside=True)
def whoever_reads_its_output_may_rest(kind):
    """A pager that is left alone ends nothing, and costs no time."""
    with Kept(kind) as h:
        p = h.spawn("-c", "env use k1", "-c", "exec -t 120 -- sh -c '%s'" %
                    TALKS)
        time.sleep(13)
        with open("/proc/%d/stat" % p.pid) as f:
            spent = sum(map(int, f.read().rpartition(")")[2].split()[11:13]))
        out, err = p.communicate(timeout=patient(60))
        same((p.returncode, err), (0, b""))
        same((len(out), out[-4:]), (14 * 50000 + 4, b"end\n"))
        assert spent < 200, spent    # of 1300 ticks


@test(values=KINDS, beside=True)
def a_client_that_is_killed_leaves_nothing_running(kind):
    with Kept(kind) as h:
        mark = "7%d" % os.getpid()
        client = h.spawn("-c", "env use k1", "-c",
                         "exec -t 300 -- sleep " + mark)
        found = lambda: [p for p in os.listdir("/proc") if p.isdigit() and
                         ("sleep\0" + mark).encode() in cmdline(p)
                         and b"addesh" not in cmdline(p)]
        until(found, "started")
        client.send_signal(signal.SIGKILL)
        client.communicate()
        until(lambda: not found(), "killed by the runner")
        same(h.in_it("cat f").is_ok().out, "left\n")


@test(beside=True)
def times_and_names_of_keep():
    with Kept("restricted-root") as h:
        for words, wanted in (
                ("k1 0", "lease: must be at least 1s"),
                ("k1 999ms", "lease: must be at least 1s"),
                ("k1 366d", "lease: must be at most"),
                ("k1 99999999999999999999d", "is no time"),
                ("k1 -1", "there is no option -1"),
                ("k1 -- -1", "'-1' is no time"),
                ("k1 soon", "'soon' is no time"),
                ("k1 ''", "'' is no time"),
                ("soon", "there is no environment 'soon'"),
                ("k1 5m 5m", "usage: env keep")):
            done = h.in_it("env keep " + words).is_status(2)
            assert wanted in done.err, done.err
        # the last one that was given counts, and a time may be a name
        for words, ms in (("", 24 * 3600), ("365d", 365 * 24 * 3600),
                          ("k1 90", 90), ("k1 2h", 7200)):
            done = h.addesh("--json", "-c", "env use k1", "-c",
                            "env keep " + words).is_ok()
            result = json.loads(done.out.splitlines()[1])["result"]
            same((result["name"], result["lease_ms"]), ("k1", ms * 1000))
        h.addesh("-c", "env new --name 5m", "-c", "env new --name e",
                 "-c", "env keep 5m", "-c", "env keep 5m 7m").is_ok()
        same(sorted(h.rows()), ["5m", "k1"])
        done = h.addesh("-c", "env use k1", "-c", "env keep",
                        "-c", "env rm k1", "-c", "env rm 5m").is_ok()
        same(h.rows(), {})


@test(values=KINDS)
def sweeps_leave_it(kind):
    with Kept(kind) as h:
        done = h.addesh("--json", "gc").is_ok()
        items = {i["kind"] + " " + i["name"]: i
                 for i in json.loads(done.out)["result"]["items"]}
        item = items["environment k1"]
        same((item["keep"], item["why"]),
             (True, "kept: it ends after 24h without use"))
        same(h.in_it("cat f").is_ok().out, "left\n")


@test(values=ENGINES)
def one_that_was_removed_behind_our_back(kind):
    with Kept(kind) as h:
        engines.api(kind).delete(
            "/containers/%s?force=1" % h.made["container"])
        same(h.rows()["k1"]["state"], "ended")
        done = h.addesh("--json", "gc").is_ok()
        items = [i for i in json.loads(done.out)["result"]["items"]
                 if i["kind"] == "environment"]
        same([(i["keep"], i["why"]) for i in items],
             [(False, "it has ended")])
        same(h.records(), [])


@test
def one_that_was_started_anew_is_another():
    """Its files are gone, and its runner knows nothing of its user.  (Podman
    removes a container before it could be started again.)"""
    with Kept("docker") as h:
        engines.api("docker").post("/containers/%s/restart?t=0" %
                                   h.made["container"])
        done = h.in_it("exec id").is_status(125)
        assert "environment k1 has ended: it was started anew" in done.err, \
            done.err
        assert not h.lives()
        same(h.rows(), {})


@test(values=KINDS)
def one_process_at_a_time(kind):
    with Kept(kind) as h:
        first = h.spawn("-c", "env use k1", "-c",
                        "exec -- sh -c 'echo on; sleep 2; echo 1 >> f'")
        same(first.stdout.readline(), b"on\n")
        done = h.in_it("exec -- sh -c 'echo 2 >> f'", "cat f").is_ok()
        same(first.wait(patient(60)), 0)
        first.communicate()
        same(done.out, "left\n1\n2\n")


@test(values=KINDS)
def who_is_idle_lets_go(kind):
    with Kept(kind) as h:
        holder = h.spawn("--json", "-k", stdin=-1)
        try:
            for command in b"env use k1\n", b"cat f\n":
                holder.stdin.write(command)
                holder.stdin.flush()
                assert json.loads(holder.stdout.readline())["ok"]
            began = time.monotonic()
            same(h.in_it("cat f", "exec -- sh -c 'echo x > f'").is_ok().out,
                 "left\n")
            assert time.monotonic() - began < patient(20)
            holder.stdin.write(b"cat f\n")
            holder.stdin.flush()
            got = json.loads(holder.stdout.readline())
            same(got["result"]["content"], "x\n")
        finally:
            holder.stdin.close()
            holder.wait(patient(60))
            holder.stdout.close()
            holder.stderr.close()


@test(values=KINDS)
def twenty_take_turns(kind):
    with Kept(kind) as h:
        h.in_it("exec -- sh -c 'echo 0 > f'").is_ok()
        clients = [h.spawn(
            "-c", "env use k1", "-c", "exec -t 100 -- sh -c 'n=$(cat f); "
            "sleep 0.02; echo $((n+1)) > f'", "-c",
            "exec -t 100 -- sh -c 'echo $(($(cat f)+1)) > f'")
            for _ in range(20)]
        for p in clients:
            _, err = p.communicate(timeout=patient(120))
            same((p.returncode, err), (0, b""))
        same(h.in_it("cat f").is_ok().out, "40\n")


def cmdline(pid):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as f:
            return f.read()
    except OSError:
        return b""


@test
def of_two_that_are_meant_none_is_taken():
    with Kept("restricted-root") as h:
        h.make("env new --keep --name k1")
        done = h.in_it("cat f").is_status(2)
        assert "'k1' is the name of several kept env" in done.err, done.err
        # ids that begin alike
        (one, a), (two, b) = [(path, os.path.basename(path)[:16])
                              for path in sorted(h.records())]
        with open(two) as f:
            text = f.read()
        other = a[:8] + b[8:]
        with open(two.replace(b, other), "w") as f:
            f.write(text.replace(b, other))
        for name in a[:4], a[:8]:
            done = h.in_it("cat f", name=name).is_status(2)
            assert "%s (k1)" % a in done.err, done.err
            assert "%s (k1)" % other in done.err, done.err
        os.unlink(two.replace(b, other))
        for path, name in (one, a), (two, b[:8]):
            same(h.in_it("cat f", name=name).is_ok().out, "left\n")


@test
def the_stopped_holder_is_named():
    with Kept("restricted-root") as h:
        holder = h.spawn("--json", "-k", stdin=-1)
        holder.stdin.write(b"env use k1\n")
        holder.stdin.flush()
        assert json.loads(holder.stdout.readline())["ok"]
        holder.send_signal(signal.SIGSTOP)
        try:
            done = h.addesh("-c", "set lock_timeout 1s", "-c",
                            "env use k1").is_status(124)
            assert ("in use by process %d, which is stopped" % holder.pid
                    in done.err), done.err
        finally:
            holder.send_signal(signal.SIGCONT)
            holder.communicate()


@test(values=("docker", "restricted-root"))
def a_login_and_a_service_have_one_lock(kind):
    with Kept(kind) as h:
        login = h.spawn("--json", "-k", stdin=-1)
        try:
            login.stdin.write(b"env use k1\nexec sleep 2\n")
            login.stdin.flush()
            assert json.loads(login.stdout.readline())["ok"]
            time.sleep(0.5)
            other = dict(h.env, XDG_RUNTIME_DIR=h.dir("other"))
            done = h.addesh("-c", "env use k1", "-c", "cat f",
                            env=other).is_ok()
            same(done.out, "left\n")
            assert json.loads(login.stdout.readline())["ok"]
        finally:
            login.communicate()


@test
def a_damaged_record_is_told():
    with Kept("restricted-root") as h:
        path = h.records()[0]
        with open(path) as f:
            text = f.read()
        for damage in "", "{", text[:len(text) // 2], "[]", "{}":
            with open(path, "w") as f:
                f.write(damage)
            done = h.in_it("cat f")
            assert done.status == 2, done
        with open(path, "w") as f:
            f.write(text)
        same(h.in_it("cat f").is_ok().out, "left\n")


@test(values=KINDS)
def a_named_session_goes_on_with_its_environments(kind):
    with Kept(kind) as h:
        first = h.addesh("-s", "lesson", "-c", "env new", "-c",
                         "exec -- sh -c 'echo 1 > f'", "-c",
                         "env new --name two").is_ok()
        assert "env e1 " in first.err and "env two " in first.err, first.err
        done = h.addesh("--json", "-s", "lesson", "-c", "env ls", "-c",
                        "ls", "-c", "env use e1", "-c", "cat f").is_ok()
        rows, _, _, content = [json.loads(line)["result"]
                               for line in done.out.splitlines()]
        same([(r["name"], r["current"], r["state"], r["session"])
              for r in rows["environments"]],
             [("e1", False, "kept", "lesson"), ("two", True, "kept",
                                                "lesson")])
        same(content["content"], "1\n")
        # the one that was selected last, and names that are free
        done = h.addesh("-s", "lesson", "-c", "cat f", "-c",
                        "env new").is_ok()
        same(done.out, "1\n")
        assert "env e3 " in done.err or "env e2 " in done.err, done.err
        # not those of another session
        done = h.addesh("--json", "-s", "other", "env", "ls").is_ok()
        same(json.loads(done.out)["result"]["environments"], [])
        # whoever else works in one and keeps it, it stays of its session
        for others in [], ["-s", "other"]:
            h.addesh(*others, "-c", "env use two", "-c",
                     "env keep 2h").is_ok()
        sessions = answer(h.addesh("--json", "session", "ls"))["sessions"]
        same({s["name"]: len(s["environments"]) for s in sessions},
             {"lesson": 3, "other": 0})
        removed = answer(h.addesh("--json", "session", "rm", "lesson"))
        same(len(removed["removed"][0]["environments"]), 3)
        same(len(h.records()), 1)    # of the home itself


main(abreast=8)
