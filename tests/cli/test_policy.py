# SPDX-License-Identifier: MIT
"""set, policy show and policy check, and files, as a user sees them."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from addesh import Home, source                 # noqa: E402
from tap import main, same, test                # noqa: E402

CODE = "tools:\n  code_execution:\n"


class Place(Home):
    """Without a site's file, whatever this machine has."""

    def __init__(self, user=None, project=None):
        super().__init__()
        self.site = self.dir("site")
        self.env["XDG_CONFIG_DIRS"] = self.site
        if user:
            self.put(os.path.join(self.path, "config", "addesh",
                                  "addesh.yaml"), user)
        if project:
            self.write(".addesh.yaml", project)

    def put(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def put_site(self, text):
        return self.put(os.path.join(self.site, "addesh", "addesh.yaml"),
                        text)

    def short(self, text):
        return text.replace(os.path.realpath(self.path), "T") \
                   .replace(self.path, "T")

    def ends(self, *args, status=0, out=None, err="", **kw):
        """Runs, and compares everything that is given."""
        done = self.addesh(*args, **kw)
        same(self.short(done.err), err, "stderr")
        if out is not None:
            same(self.short(done.out), out, "stdout")
        return done.is_status(status)


@test
def a_setting_is_set_shown_and_explained():
    with Place(CODE + "    timeout: 45\n") as home:
        home.ends("-c", "set timeout 5m", "-c", "set --explain timeout", out=(
            "tools.code_execution.timeout: 5m\n"
            "  set by   'set'\n"
            "  besides  45s (T/config/addesh/addesh.yaml:3)\n"
            "  besides  30s (the default)\n"
            "  what     time limit of a run\n"))


@test
def what_cannot_be_set_is_said():
    with Place() as home:
        home.ends("-c", "set tiemout 5", status=2, err=(
            "addesh: set: no setting is named 'tiemout'\n"
            "  the nearest is timeout\n"))
        home.ends("-c", "set network some", status=2, err=(
            "addesh: set: network: must be none or full, not 'some'\n"))


@test
def a_ceiling_holds_for_everybody():
    with Place(CODE + "    timeout: 5m\n") as home:
        home.put_site(CODE + "    max: {timeout: 1m, network: none}\n")
        warning = (
            "addesh: T/config/addesh/addesh.yaml:3: "
            "tools.code_execution.timeout: 5m is lowered to the ceiling of "
            "1m (T/site/addesh/addesh.yaml:3)\n")
        home.ends("-c", "set timeout 2m", status=125, err=warning + (
            "addesh: set: timeout: 2m is above the ceiling of 1m "
            "(T/site/addesh/addesh.yaml:3)\n"))
        home.ends("-c", "env new --net", status=125, err=warning + (
            "addesh: env new: network: full is above the ceiling of none "
            "(T/site/addesh/addesh.yaml:3)\n"))


@test
def a_project_may_only_tighten():
    with Place(project=CODE + "    timeout: 10\nshell: {init: [x]}\n") as home:
        home.ends("-c", "set", status=125, err=(
            "addesh: set: .addesh.yaml:4:15: shell.init: a project's file "
            "may not set this\n"))
        home.write(".addesh.yaml", CODE + "    timeout: 10\n")
        done = home.ends("--json", "-c", "set timeout")
        setting = json.loads(done.out)["result"]["setting"]
        same((setting["value"], setting["where"]), (10000, ".addesh.yaml:3"))
        done = home.ends("--json", "--no-config", "-c", "set timeout")
        same(json.loads(done.out)["result"]["setting"]["value"], 30000)


@test
def unknown_keys_are_errors_with_their_places():
    with Place("shell:\n  promt: x\noutput:\n  colour: x\n") as home:
        home.ends("-c", "set", status=125, err=(
            "addesh: set: T/config/addesh/addesh.yaml:2:3: shell.promt: "
            "unknown key; the nearest is prompt\n"
            "  T/config/addesh/addesh.yaml:4:3: output.colour: unknown key; "
            "the nearest is color\n"))


@test
def yaml_that_is_none_is_an_error_with_its_place():
    with Place("tools: [\n") as home:
        home.ends("-c", "set", status=125, err=(
            "addesh: set: T/config/addesh/addesh.yaml:2:1: not YAML: did not "
            "find expected node content (while parsing a flow node)\n"))


@test("running is refused where %s", ["enabled: false", "sandbox: disabled"])
def _(line):
    key, value = line.split(": ")
    with Place(CODE + "    " + line + "\n") as home:
        home.ends("-c", "env new", status=125, err=(
            "addesh: env new: running code is disabled: "
            "tools.code_execution.%s is %s (T/config/addesh/addesh.yaml:3)\n"
            "  to allow it, change T/config/addesh/addesh.yaml:3\n" % (
                key, value)))


@test
def what_sigma_is_told_by_variables_counts_here():
    said = {"TEST_TIMEOUT": ("project.timeout", "2m", 120000),
            "BUILD_TIMEOUT": ("project.build_timeout", "30", 30000),
            "MIN_TEST_COVERAGE": ("project.min_coverage", "0.70", 70),
            "AUTO_TEST": ("project.auto_test", "true", True),
            "AUTO_BUILD": ("project.auto_build", "false", False),
            "DOCKER_REGISTRY": ("engine.registry", "ghcr.io/x", "ghcr.io/x"),
            "DOCKER_IMAGE_PREFIX": ("project.image_prefix", "sigma", "sigma"),
            "DOCKER_ENABLED": ("tools.code_execution.sandbox", "false",
                               "restricted")}
    with Place() as home:
        done = home.ends("--json", *[
            word for name, _, _ in said.values()
            for word in ("-c", "set --explain " + name)],
            env={name: text for name, (_, text, _) in said.items()})
        settings = [json.loads(line)["result"]["setting"]
                    for line in done.out.splitlines()]
        same([(s["name"], s["value"], s["where"]) for s in settings],
             [(name, value, "the variable " + variable)
              for variable, (name, _, value) in said.items()])
        home.ends("-c", "set --explain min_coverage", out=(
            "project.min_coverage: 0\n"
            "  set by   the default\n"
            "  variable MIN_TEST_COVERAGE\n"
            "  what     percent of its lines that a project's tests must "
            "run\n"))


@test
def a_coverage_is_a_fraction_in_the_variable():
    for text, value in (("1", 100), ("0", 0), ("0.5", 50), ("0.705", 70.5)):
        with Place() as home:
            done = home.ends("--json", "-c", "set min_coverage",
                             env={"MIN_TEST_COVERAGE": text})
            same(json.loads(done.out)["result"]["setting"]["value"], value)
    for text in ("70", "0.7x", "-0.5", "0.", ".5", "0,7", "01"):
        with Place() as home:
            home.ends("-c", "set", env={"MIN_TEST_COVERAGE": text}, err=(
                "addesh: the variable MIN_TEST_COVERAGE is ignored: it must "
                "be a fraction from 0 to 1, such as 0.7\n"
                "every setting is at its default\n"))


@test
def what_another_program_means_by_a_variable_is_said_to_be_ignored():
    with Place() as home:
        home.ends("-c", "set", env={"TEST_TIMEOUT": "soon"}, err=(
            "addesh: the variable TEST_TIMEOUT is ignored: project.timeout "
            "must be a time such as 30s, 500ms or 5m, not 'soon'\n"
            "every setting is at its default\n"))
    for name, setting in (("AUTO_TEST", "auto_test"),
                          ("AUTO_BUILD", "auto_build"),
                          ("DOCKER_ENABLED", "it")):
        for text in (" false", "maybe", "2"):
            with Place() as home:
                home.ends("-c", "set", env={name: text}, err=(
                    "addesh: the variable %s is ignored: %s must be true or "
                    "false, not '%s'\n"
                    "every setting is at its default\n" % (
                        name, setting, text)))


@test
def no_variable_allows_what_a_file_forbids():
    off = {"DOCKER_ENABLED": "false"}
    with Place(CODE + "    sandbox: disabled\n") as home:
        done = home.ends("--json", "-c", "set sandbox", env=off)
        same(json.loads(done.out)["result"]["setting"]["value"], "disabled")
    with Place(CODE + "    sandbox: docker\n") as home:
        done = home.ends("--json", "-c", "set sandbox", env=off)
        same(json.loads(done.out)["result"]["setting"]["value"], "restricted")


@test
def limits_of_projects_have_the_ceilings_of_the_others():
    with Place(CODE + "    max: {memory_limit: 512m, timeout: 1m}\n") as home:
        done = home.ends("--json", "-c", "set --explain project.memory_limit",
                         "-c", "set --explain project.timeout")
        same([json.loads(line)["result"]["setting"]["text"]
              for line in done.out.splitlines()], ["512m", "1m"])
        home.ends("-c", "set project.memory_limit 1g", status=125, err=(
            "addesh: set: project.memory_limit: 1g is above the ceiling of "
            "512m (T/config/addesh/addesh.yaml:3)\n"))
        home.ends("-c", "set project.timeout", env={"TEST_TIMEOUT": "2m"},
                  err="addesh: the variable TEST_TIMEOUT: project.timeout: "
                      "2m is lowered to the ceiling of 1m "
                      "(T/config/addesh/addesh.yaml:3)\n")


@test
def a_project_may_ask_for_more_coverage_and_not_for_less():
    for mine, theirs, value in (("10", "80", 80), ("90", "80", 90)):
        with Place("project: {min_coverage: %s}\n" % mine,
                   "project: {min_coverage: %s}\n" % theirs) as home:
            done = home.ends("--json", "-c", "set min_coverage")
            same(json.loads(done.out)["result"]["setting"]["value"], value)


@test
def files_are_chosen_by_option_and_variable():
    with Place(CODE + "    timeout: 1\n") as home:
        own = home.write("own.yaml", CODE + "    timeout: 2\n")

        def timeout(*args, **kw):
            done = home.ends("--json", *args, "-c", "set timeout", **kw)
            return json.loads(done.out)["result"]["setting"]["value"]

        same(timeout(), 1000)
        same(timeout(env={"ADDESH_CONFIG": own}), 2000)
        same(timeout(env={"ADDESH_CONFIG": ""}), 30000)
        same(timeout("--config", own, env={"ADDESH_CONFIG": ""}), 2000)
        same(timeout("--policy", "small"), 15000)
        same(timeout("--policy", "./own.yaml"), 2000)
        home.ends("--policy", "tiny", "-c", "set", status=2, err=(
            "addesh: set: no policy is named 'tiny'\n"
            "  there are: default, large, project, small; a file's name has "
            "a '/' or ends in .yaml\n"))
        home.ends("--config", "nope.yaml", "-c", "set", status=125, err=(
            "addesh: --config nope.yaml: No such file or directory\n"))


@test
def the_shown_policy_is_a_policy():
    with Place(CODE + "    memory_limit: 1g\n") as home:
        shown = home.ends("-c", "policy show").out
        assert "memory_limit: 1g                # " in shown, shown
        path = home.write("shown.yaml", shown)
        again = home.ends("--config", path, "-c", "policy show").out

        def values(text):
            return [line.split(" #")[0].rstrip() for line in
                    text.splitlines() if not line.startswith("#")]

        same(values(again), values(shown))


@test
def the_file_of_another_program_is_checked():
    with Place() as home:
        path = os.path.join(source(), "tests", "data", "agent-assistant.yaml")
        done = home.addesh("-c", "policy check " + path).is_ok()
        same(done.err, "")
        same([line for line in done.out.splitlines() if line[0] != "#"], [
            "tools.code_execution.enabled: true",
            "tools.code_execution.sandbox: docker",
            "tools.code_execution.timeout: 30s",
            "tools.code_execution.memory_limit: 256m",
            "tools.code_execution.allowed_languages: [python]"])
        same([line.split(" (")[0] for line in done.out.splitlines()
              if line[0] == "#"],
             ["# not ours, ignored: " + name for name in (
                 "llm", "memory", "tools.web_search", "tools.file_operations",
                 "tools.calculator", "agent", "logging")])


@test
def a_wrong_file_is_checked():
    with Place() as home:
        home.write("bad.yaml", CODE + "    memry_limit: 1\n    timeout: x\n")
        home.ends("-c", "policy check bad.yaml", status=125, out="", err=(
            "addesh: policy check: bad.yaml:3:5: "
            "tools.code_execution.memry_limit: unknown key; the nearest is "
            "memory_limit\n"
            "  bad.yaml:4:14: tools.code_execution.timeout: must be a time "
            "such as 30s, 500ms or 5m, not 'x'\n"))


@test
def the_form_of_output_is_a_setting():
    with Place("output: {format: json}\n") as home:
        done = home.ends("-c", "var A=1", "-c", "set output plain", "-c",
                         "var")
        first, rest = done.out.split("\n", 1)
        same(json.loads(first)["cmd"], "var")
        assert rest.endswith("A\t1\n"), rest
        done = home.ends("--plain", "-c", "set --explain output")
        assert done.out.startswith(
            "output.format: plain\n  set by   the option --plain\n"), done.out


@test
def a_wrong_file_is_no_reason_to_refuse_help():
    with Place("shell: 1\n") as home:
        assert home.ends("-c", "help set").out.startswith("usage: set")
        home.ends("-c", "set", status=125, err=(
            "addesh: set: T/config/addesh/addesh.yaml:1:8: shell: must be a "
            "map, not text\n"))


@test
def a_stranger_s_file_of_mistakes_is_not_read_out():
    lines = "".join("shel%d: 1\n" % n for n in range(10000))
    with Place(project=lines) as home:
        same(home.addesh("-c", "set").is_ok().err.count(" is ignored"), 20)


@test("no file but a %s in the place of the project's", ["pipe", "device",
                                                        "directory"])
def _(kind):
    with Place() as home:
        path = os.path.join(home.work, ".addesh.yaml")
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            os.symlink("/dev/zero", path)
        else:
            os.mkdir(path)
        done = home.addesh("-c", "set", timeout=10).is_status(125)
        assert "regular file" in done.err or "directory" in done.err, done.err


@test
def escapes_in_a_stranger_s_file_do_not_reach_the_terminal():
    with Place(project='tools:\n  "code_execution\\e]0": 1\n') as home:
        home.ends("-c", "quiet set", err=(
            "addesh: .addesh.yaml:2:3: tools.code_execution^[]0 is "
            "ignored; the nearest name of ours is code_execution\n"))


main()
