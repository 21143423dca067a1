# SPDX-License-Identifier: MIT
"""addesh(1) says what the program does: every command and option of the one
stands in the other."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import json

import manual
from addesh import Home, source
from tap import Skip, main, same, test

PAGES = sorted(os.listdir(os.path.join(source(), "man")))
# in the help of each command, and said once for all in the manual
COMMON = {"-h", "--help", "--in"}
COMMON_JSON = "      --json              the result as one JSON object\n"

HOME = Home()


def rows():
    """{full name: usage} as the program has them."""
    done = HOME.addesh("--json", "help").is_ok()
    return {row["name"]: row["usage"]
            for row in json.loads(done.out)["result"]["commands"]}


def shown_options(text):
    """The options that a help text lists, one a line."""
    found = set()
    for short, long in re.findall(
            r"^ +(?:-(\w), )?--([a-z-]+)", text, re.M):
        found |= {"--" + long} | ({"-" + short} if short else set())
    return found


@test("%s is right mdoc", PAGES)
def _(page):
    if not shutil.which("mandoc"):
        raise Skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning",
                           manual.path(page)], capture_output=True, text=True)
    same((done.returncode, done.stdout + done.stderr), (0, ""))


@test
def every_command_has_a_paragraph():
    same(sorted(manual.sections("addesh.1", "Ss", "COMMANDS")),
         sorted(rows()))


@test
def help_list_has_the_same_commands():
    done = HOME.addesh("help", "--list").is_ok()
    listed = [line.split("\t")[0] for line in done.out.splitlines()]
    same(sorted(set(rows()) - set(listed)), [])


@test
def every_usage_line_is_the_programs():
    paragraphs = manual.sections("addesh.1", "Ss", "COMMANDS")
    for name, usage in sorted(rows().items()):
        same(manual.usage(paragraphs[name]), [usage], name)


@test
def every_option_of_a_command_is_described():
    paragraphs = manual.sections("addesh.1", "Ss", "COMMANDS")
    for name in sorted(rows()):
        text = HOME.addesh("help", *name.split()).is_ok().out
        same(text.count(COMMON_JSON), 0 if name == "replay" else 1, name)
        wanted = shown_options(text.replace(COMMON_JSON, "")) - COMMON
        there = manual.options(paragraphs[name])
        same(sorted(wanted - there), [], name + ": not in the manual")
        for option in sorted(there - wanted):
            done = HOME.addesh(*name.split(), option)
            assert "%s is refused: " % option in done.err, \
                "%s: the manual has %s" % (name, option)


@test
def every_option_of_addesh_is_described():
    shown = shown_options(HOME.addesh("--help").is_ok().out)
    there = manual.options(
        manual.sections("addesh.1", "Ss", "DESCRIPTION")["Invocation"])
    same(sorted(there), sorted(shown))


@test
def the_synopsis_has_both_forms():
    usage = HOME.addesh("--help").is_ok().out
    synopsis = "\n".join(manual.sections("addesh.1")["SYNOPSIS"])
    same(synopsis.count(".Nm"), 2)
    same(len(re.findall(r"^(?:Usage:| +or:) +addesh ", usage, re.M)), 2)


@test
def every_exit_status_is_described():
    text = "\n".join(manual.sections("addesh.1")["EXIT STATUS"])
    for status in (0, 2, 124, 125, 126, 127, 130):
        assert ".It %d\n" % status in text, status


@test
def every_variable_is_described():
    """What the sources read from the environment has an entry."""
    read = set()
    for top, _, names in os.walk(os.path.join(source(), "src")):
        for name in names:
            if name.endswith(".c") and not top.endswith("runner"):
                with open(os.path.join(top, name)) as f:
                    read |= set(re.findall(
                        r'(?:getenv|absolute_env|env_true)\("(\w+)"\)',
                        f.read()))
    text = "\n".join(manual.sections("addesh.1")["ENVIRONMENT"])
    there = set(re.findall(r"\b[A-Z][A-Z_]+\b", text))
    same(sorted(read - there), [])


main()
