# SPDX-License-Identifier: MIT
"""check, as a user sees it."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home
from tap import main, same, test

GOOD = "FROM python:3.11-slim\nUSER 1000\n"
# Nothing that a comment says counts.
BAD = """\
# docker run --privileged -v /var/run/docker.sock:/x
FROM python:3.11-slim
RUN --mount=type=bind,source=docker.sock,target=/x \\
    # /run/docker.sock
    ls
ADD https://example.org/x /x
"""
FINDINGS = """\
Dockerfile:3: deny: RUN --mount names the socket of an engine: docker.sock \
(engine-socket)
    leave it out: who reaches an engine is root on its host
Dockerfile:6: deny: ADD takes what is found at https://example.org/x, \
whatever that is at the time (add-url)
    put the files beside the Dockerfile, and COPY them
Dockerfile:6: warn: there is no USER: what the image runs is root, if its \
base says no other (no-user)
    end with:  USER 1000
Dockerfile:3: note: RUN --mount=type=bind needs BuildKit, or Podman
"""
COUNT = "2 denied, 1 warning\n"
RULES = ["engine-socket", "add-url", "no-user"]


def check(text, *options, name="Dockerfile", policy=None, words=()):
    with Home() as home:
        home.write(name, text)
        if policy:
            home.write(".addesh.yaml", policy)
        return home.addesh(*options, "check", *words, name)


@test
def findings_have_line_severity_rule_and_remedy():
    done = check(BAD).is_status(1)
    same(done.out, FINDINGS + COUNT)
    same(done.err, "")


@test
def nothing_found():
    done = check(GOOD).is_ok()
    same((done.out, done.err), ("0 denied, 0 warnings\n", ""))


@test
def one_object_with_json():
    done = check(BAD, "--json").is_status(1)
    answer = json.loads(done.out)
    same((answer["ok"], answer["status"]), (False, 1))
    result = answer["result"]
    same([f["rule"] for f in result["findings"]], RULES)
    same([f["line"] for f in result["findings"]], [3, 6, 6])
    same([f["severity"] for f in result["findings"]],
         ["deny", "deny", "warn"])
    same(result["notes"], [
        {"file": "Dockerfile", "line": 3,
         "text": "RUN --mount=type=bind needs BuildKit, or Podman"}])
    same(result["denied"], 2)


@test
def plain_has_a_line_for_each():
    done = check(BAD, "--plain").is_status(1)
    same([line.split("\t")[:4] for line in done.out.splitlines()],
         [["Dockerfile", "3", "deny", "engine-socket"],
          ["Dockerfile", "6", "deny", "add-url"],
          ["Dockerfile", "6", "warn", "no-user"],
          ["Dockerfile", "3", "note", ""]])


@test
def a_heredoc():
    with Home() as home:
        done = home.script("check Dockerfile <<EOF\n" + BAD + "EOF\n")
        same(done.out, FINDINGS + COUNT)
        done.is_status(1)
        done = home.script("check a b <<EOF\nEOF\n").is_status(2)
        assert "a heredoc is one file, and 2 are named" in done.err, done


@test
def several_files():
    with Home() as home:
        home.write("Dockerfile", BAD)
        home.write("app.Dockerfile", "FROM python\nUSER 1\n")
        done = home.addesh("check", "Dockerfile", "app.Dockerfile")
        done.is_status(1)
        same(done.out, FINDINGS +
             "app.Dockerfile:1: warn: python has no tag: it is another image "
             "from day to day (latest-tag)\n"
             "    name a version, as in NAME:1.2, or a digest\n"
             "2 denied, 2 warnings\n")


@test
def the_settings_decide():
    with Home() as home:
        home.write("Dockerfile", BAD)
        done = home.addesh("-c", "set dockerfile.engine-socket warn",
                           "-c", "set dockerfile.add-url off",
                           "-c", "check Dockerfile").is_ok()
        assert "add-url" not in done.out, done
        assert done.out.endswith("0 denied, 2 warnings\n"), done
        done = home.addesh("-c", "set dockerfile.no-user maybe")
        done.is_status(2)
        done = home.addesh("-c", "set images 'node:*'",
                           "-c", "check Dockerfile").is_status(1)
        assert ("Dockerfile:2: deny: the image python:3.11-slim is not "
                "allowed: tools.code_execution.images is [\"node:*\"] ('set') "
                "(base-image)") in done.out, done


@test
def a_project_may_only_be_stricter():
    policy = "dockerfile:\n  no-user: deny\n  engine-socket: off\n"
    done = check(BAD, policy=policy).is_status(1)
    assert "Dockerfile:3: deny" in done.out, done
    assert "Dockerfile:6: deny: there is no USER" in done.out, done


@test
def unknown_rules_are_errors():
    done = check(GOOD, policy="dockerfile:\n  no-usr: deny\n").is_status(125)
    assert "dockerfile.no-usr: unknown key; the nearest is no-user" \
        in done.err, done


@test
def arguments_and_targets():
    text = ("ARG TAG=latest\nFROM python:$TAG AS first\nUSER 1\n"
            "FROM scratch\nADD http://example.org/ /\n")
    done = check(text, words=["--target", "first", "--build-arg",
                              "TAG=3.11"]).is_ok()
    same(done.out, "0 denied, 0 warnings\n")
    done = check(text, words=["--target=frist"]).is_status(125)
    same(done.err, "addesh: check: Dockerfile has no stage frist\n"
                   "  the nearest is first\n")


@test
def syntax_errors_have_a_line_and_the_nearest_name():
    done = check("FROM python:3\n\nRUM ls\n").is_status(125)
    same(done.err, "addesh: check: Dockerfile:3: unknown instruction: RUM\n"
                   "  the nearest is RUN\n")


@test
def what_is_no_dockerfile():
    done = check("import os\n", name="main.txt").is_status(125)
    same(done.err, "addesh: check: main.txt is no Dockerfile: main.txt:1: "
                   "unknown instruction: import\n"
                   "  for a program, name its language:  check --lang NAME "
                   "main.txt\n")
    done = check("import os\n", name="main.py").is_status(2)
    assert "no environment is selected" in done.err, done
    done = check(GOOD, name="build.txt").is_ok()
    same(done.out, "0 denied, 0 warnings\n")
    with Home() as home:
        done = home.addesh("check", "Dockerfile").is_status(125)
        assert "Dockerfile: No such file" in done.err, done
        done = home.addesh("check", "./").is_ok()
        same((done.out, done.err), ("0 denied, 0 warnings\n",
                                    "there was nothing to check\n"))
        done = home.addesh("check").is_status(2)


@test
def layers_that_need_no_environment():
    with Home() as home:
        home.write("main.py", "# nothing\n")
        home.write("page.html", "<html><title>t</title><p>x</p></html>\n")
        home.write("Dockerfile", GOOD)
        done = home.addesh("check", "--only", "structure,performance", ".")
        same(done.is_ok().out, "main.py: warning: there is no code in it "
                               "(empty)\n0 denied, 1 warning\n")
        home.addesh("check", "page.html").is_ok()
        done = home.addesh("--json", "check", "page.html").is_ok()
        result = json.loads(done.out)["result"]
        same((result["passed"], result["message"]),
             (True, "0 denied, 0 warnings"))
        same(list(result["details"]),
             ["syntax", "structure", "security", "performance"])


@test
def a_name_with_a_newline_begins_no_message():
    with Home() as home:
        done = home.addesh("check", "a\naddesh: b").is_status(125)
        same(done.err, "addesh: check: a\n  addesh: b: No such file or "
                       "directory\n")


@test
def host_read_applies():
    with Home() as home:
        home.write("Dockerfile", GOOD)
        home.write(".addesh.yaml", "host:\n  read: [/nowhere]\n")
        done = home.addesh("check", "Dockerfile").is_status(125)
        assert "host.read" in done.err, done
        # what is typed is no file of the host
        home.script("check Dockerfile <<EOF\n" + GOOD + "EOF\n").is_ok()


main()
