# SPDX-License-Identifier: MIT
"""doctor: what it finds, what it advises, and that it leaves nothing."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from sandboxes import readable_copy
from tap import Skip, main, same, test

NOBODY = 54321
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def doctor(home, *args, status=0, env=None):
    """The answer's findings by name, and its environments by kind."""
    done = home.addesh("--json", *args, "doctor",
                       env=env).is_status(status)
    answer = json.loads(done.out)
    result = answer["result"]
    found = {}
    for item in result["findings"]:
        found.setdefault(item["name"], []).append(item)
    return found, {e["kind"]: e for e in result["environments"]}, answer


def ours(kind):
    """Containers with our labels that the engine has."""
    listed = engines.api(kind).call(
        "GET", "/containers/json", all=1,
        filters=json.dumps({"label": ["addesh.owner"]}))
    return {c["Id"] for c in listed
            if c["Labels"].get("addesh.name", "").startswith("doctor-")}


@test("%s works, and nothing of it stays", engines.KINDS)
def _(kind):
    with Home(options=engines.sandbox(kind)) as h:
        found, environments, answer = doctor(h)
        tried = environments[kind]
        same((answer["ok"], tried["ok"], tried["message"]),
             (True, True, None))
        for name in ("open_ms", "run_ms", "close_ms"):
            assert 0 <= tried[name] < 20000, tried
        assert int(tried["limits"]["applied"]["memory"]) > 0, tried
        same(found["engine"][0]["state"], "ok")
        assert "API 1.41" in found["engine"][0]["text"], found["engine"]
        same(found[kind][0]["state"], "ok")
        assert found[kind][0]["text"].startswith("OK in "), found[kind]
        assert not ours(kind)
        same([f for f in h.files() if "runtime" in f], [])


@test("%s without the image: it is not fetched, and it is said how",
      engines.KINDS)
def _(kind):
    with Home(options=engines.sandbox(kind)) as h:
        h.write("policy.yaml", "tools: {code_execution: {image: nope/x:1}}\n")
        # the option leaves no other kind
        found, environments, answer = doctor(
            h, "--config", h.work + "/policy.yaml", status=125)
        same((environments[kind]["ok"], answer["error"]["message"]),
             (False, "no environment can be opened here"))
        same(found["restricted"][0]["state"], "info")
        same(found[kind][0]["state"], "fail")
        assert "pull nope/x:1" in found[kind][0]["fix"], found[kind]


@test
def restricted_alone_is_enough():
    with Home(env=NO_ENGINE) as h:
        engines.sandbox("restricted")
        found, environments, answer = doctor(h)
        same((answer["status"], list(environments)), (0, ["restricted"]))
        same(found["engine"][0]["state"], "warn")
        assert "/nonexistent/docker.sock" in found["engine"][0]["text"]
        same(found["bubblewrap"][0]["state"], "ok")
        same([f for f in h.files() if "runtime" in f], [])


@test
def people_read_a_line_for_each():
    with Home(env=NO_ENGINE) as h:
        engines.sandbox("restricted")
        done = h.addesh("doctor").is_ok()
        same(done.err, "")
        for line in done.out.splitlines():
            assert line[:6] in ("ok    ", "info  ", "warn  ", "fail  ",
                                "      "), line
        assert "\nok    bubblewrap       bubblewrap " in done.out, done.out


@test
def the_policy_is_kept():
    with Home(env=NO_ENGINE) as h:
        h.write("off.yaml", "tools: {code_execution: {enabled: false}}\n")
        found, environments, _ = doctor(
            h, "--config", h.work + "/off.yaml", status=125)
        same((environments, found["execution"][0]["text"]),
             ({}, "running code is disabled: tools.code_execution.enabled is "
                  "false (%s/off.yaml:1)" % h.work))
        h.write("docker.yaml", "tools: {code_execution: {sandbox: docker}}\n")
        found, environments, _ = doctor(
            h, "--config", h.work + "/docker.yaml", status=125)
        same((environments, found["restricted"][0]["text"]),
             ({}, "not used: sandbox is docker, %s/docker.yaml:1" % h.work))


@test
def a_wrong_configuration_is_a_finding():
    with Home(env=NO_ENGINE) as h:
        h.write("bad.yaml", "tools: {code_execution: {timout: 3}}\n")
        found, environments, _ = doctor(
            h, "--config", h.work + "/bad.yaml", status=125)
        same(environments, {})
        same((found["configuration"][0]["state"],
              found["configuration"][0]["text"]),
             ("fail", "%s/bad.yaml:1:26: tools.code_execution.timout: unknown "
                      "key; the nearest is timeout" % h.work))
        assert "bubblewrap" in found


def in_namespace(home, script, *args, user=False):
    """Runs addesh where a script has changed mounts; needs root."""
    if os.getuid():
        raise Skip("only root can put files over those of /proc")
    argv = ["unshare", "-m", "sh", "-ec", script + "\nexec \"$@\"", "sh"]
    command = home.argv(*args)
    env = {**home.env, "T": home.work}
    if user:
        for top, _, _ in os.walk(home.path):
            os.chown(top, NOBODY, NOBODY)
        argv += ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                 "--clear-groups"]
        # the build may lie where only root can read
        copy = readable_copy()
        command[0] = os.path.join(copy, "addesh")
        env["ADDESH_LIBEXECDIR"] = copy
        env["ADDESH_DATADIR"] = os.path.join(copy, "share")
    done = subprocess.run(
        argv + command, cwd=home.work, env=env, capture_output=True,
        text=True, timeout=60)
    return json.loads(done.stdout)["result"]["findings"], done.returncode


@test
def nothing_at_all_can_be_had():
    with Home(env=NO_ENGINE) as h:
        findings, status = in_namespace(
            h, "! test -e /usr/bin/bwrap || "
               "mount --bind /dev/null /usr/bin/bwrap", "--json", "doctor")
        found = {f["name"]: f for f in findings}
        same((status, found["bubblewrap"]["state"],
              found["bubblewrap"]["text"], found["restricted"]["state"]),
             (125, "fail", "bwrap is not installed; restricted needs it",
              "fail"))
        assert "bubblewrap" in found["bubblewrap"]["fix"], found


@test("a kernel of WSL %s is known", [
    ("2", "5.15.1-microsoft-standard-WSL2 (gcc)", "ok"),
    ("1", "4.4.0-19041-Microsoft (gcc)", "fail")])
def _(version, text, state):
    with Home(env=NO_ENGINE) as h:
        h.write("version", "Linux version " + text + "\n")
        findings, _ = in_namespace(
            h, "mount --bind version /proc/version", "--json", "doctor")
        found = {f["name"]: f for f in findings}
        if version == "2":
            same(found["wsl"]["text"], "WSL 2")
        same(found["system"]["state"], state)
        same("wsl --set-version" in (found["system"]["fix"] or ""),
             version == "1")


APPARMOR = """
mkdir kernel module
cp -r /proc/sys/kernel/seccomp kernel/ 2>/dev/null || true
for f in random/boot_id overflowuid overflowgid pid_max cap_last_cap; do
	mkdir -p kernel/$(dirname $f)
	cat /proc/sys/kernel/$f > kernel/$f
done
echo 1 > kernel/apparmor_restrict_unprivileged_userns
mount --bind kernel /proc/sys/kernel
mkdir -p module/apparmor/parameters etc
echo Y > module/apparmor/parameters/enabled
mount --bind module /sys/module
mkdir -p /etc/apparmor.d
mount -t tmpfs none /etc/apparmor.d
"""


@test("Ubuntu's AppArmor: %s", [
    ("no profile", "", "fail", "restricted cannot work"),
    ("a profile", "touch /etc/apparmor.d/bwrap-userns-restrict",
     "ok", "bubblewrap has a profile")])
def _(_, more, state, text):
    with Home(env=NO_ENGINE) as h:
        findings, _ = in_namespace(h, APPARMOR + more, "--json", "doctor",
                                   user=True)
        found = {f["name"]: f for f in findings}["apparmor"]
        same(found["state"], state, found)
        assert found["text"].endswith(text), found
        if state == "fail":
            assert "profile bwrap /usr/bin/bwrap flags=(unconfined)" in \
                found["fix"], found
            assert "sudo systemctl reload apparmor" in found["fix"], found


@test("cgroups of version 2 without controllers, %s", ["root", "a user"])
def _(who):
    engines.sandbox("restricted")
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        raise Skip("here version 2 has the controllers")
    with Home(env=NO_ENGINE) as h:
        findings, status = in_namespace(
            h, "mount -t cgroup2 none /sys/fs/cgroup", "--json", "doctor",
            user=who != "root")
        found = {f["name"]: f for f in findings}
        same((status, found["cgroups"]["state"]), (0, "warn"))
        if who == "root":
            same(found["cgroups"]["text"], "version 2, ours to use in "
                 "restricted: nothing; not: memory pids cpu")
        else:
            assert found["cgroups"]["text"].startswith(
                "version 2, nothing is delegated to this user"), found
            assert "Delegate=cpu memory pids" in found["cgroups"]["fix"]
        limits = [f["text"] for f in findings if f["name"] == "limit"]
        assert any(l.startswith("memory_limit is weak") for l in limits), \
            limits


@test
def an_ordinary_user_is_told_what_is_weak():
    engines.sandbox("restricted")
    with Home(env=NO_ENGINE) as h:
        findings, status = in_namespace(h, "", "--json", "doctor", user=True)
        same(status, 0, findings)
        found = {f["name"]: f for f in findings}
        assert found["restricted"]["text"].startswith("OK in "), found
        if found["cgroups"]["state"] == "warn":
            assert found["cgroups"]["fix"], found
            limits = [f["text"] for f in findings if f["name"] == "limit"]
            assert any(l.startswith("memory_limit is weak") for l in limits), \
                limits


main()
