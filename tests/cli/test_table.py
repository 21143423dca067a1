# SPDX-License-Identifier: MIT
"""Every row of the command table has what a command needs: help, options that
complete, examples that are commands, a test; and what messages suggest
exists."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home, source
from tap import main, same, test

HOME = Home()
# Names of the table itself in these say nothing about a test of a command.
NOT_TESTS = {"test_table.py", "test_man.py"}


def rows():
    done = HOME.addesh("--json", "help").is_ok()
    return json.loads(done.out)["result"]["commands"]


def names():
    """Every name that can stand first, groups among them."""
    full = {row["name"] for row in rows()}
    return full | {name.split()[0] for name in full}


def files(*parts, ends=(".c", ".py", ".yaml", ".addesh")):
    for top, _, found in os.walk(os.path.join(source(), *parts)):
        for name in found:
            if name.endswith(ends):
                with open(os.path.join(top, name), encoding="utf-8",
                          errors="replace") as f:
                    yield name, f.read()


def command_of(text, known):
    """The name of the command that the text begins with, or None."""
    words = re.sub(r"^ *(time( -n \d+)?|addesh) ", "", text).split()
    for n in (2, 1):
        if " ".join(words[:n]) in known:
            return " ".join(words[:n])
    return None


@test
def each_has_help_in_both_forms():
    for row in rows():
        words = row["name"].split()
        first = HOME.addesh("help", *words).is_ok()
        second = HOME.addesh(*words, "--help").is_ok()
        same(first.out, second.out, row["name"])
        same(first.out.splitlines()[0], "usage: " + row["usage"])
        assert row["summary"] and not row["summary"].endswith("."), row
        assert row["summary"] in first.out


@test
def the_list_is_sorted():
    listed = [l.split("\t")[0]
              for l in HOME.addesh("help", "-l").is_ok().out.splitlines()]
    same(listed, sorted(listed))
    same(len(listed), len(set(listed)))


@test
def each_completes_its_options():
    for row in rows():
        done = HOME.addesh("--complete", row["name"] + " --").is_ok()
        offered = {l.split("\t")[0] for l in done.out.splitlines()}
        text = HOME.addesh("help", *row["name"].split()).is_ok().out
        # what is refused is known but not offered
        shown = "\n".join(l for l in text.splitlines()
                          if "  refused: " not in l)
        same(sorted(offered), sorted(set(re.findall(
            r"^ +(?:-\w, )?(--[a-z-]+)", shown, re.M))), row["name"])


@test
def each_example_is_a_command():
    known = names()
    for row in rows():
        text = HOME.addesh("help", *row["name"].split()).is_ok().out
        examples = re.search(r"^Examples:\n((?:  .*\n)+)", text, re.M)
        for line in examples.group(1).splitlines() if examples else ():
            # the body of a heredoc is a program's
            if re.match(r"  \S", line) and not re.match(
                    r"  (print|EOF|FROM|COPY)", line):
                assert command_of(line, known), (row["name"], line)


@test
def each_has_a_test():
    text = "\n".join(body for name, body in files("tests", ends=(".py",))
                     if name not in NOT_TESTS)
    for row in rows():
        words = row["name"].split()
        pattern = r"['\"\n]%s\b|%s" % (
            re.escape(row["name"]),
            r"[\"'],\s+[\"']".join(map(re.escape, words)))
        assert re.search(pattern, text), row["name"]


def suggested():
    """(file, command) for what stands behind two blanks in messages, and what
    share/addesh/diagnosis.yaml suggests."""
    for name, text in files("src"):
        # parts of one literal belong together
        text = re.sub(r'"\s*\n\s*"', "", text)
        for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', text):
            for found in re.findall(r"(?::|or)  ([a-z][^,;]*)", literal):
                yield name, found
            for found in re.findall(r"[a-z]: (pull) %s", literal):
                yield name, found
    for name, text in files("share"):
        # "" says that there is none
        for found in re.findall(r"^\s+suggestion\w*: ([^\"].*)$", text, re.M):
            for part in found.split(" && "):
                yield name, part


@test
def what_messages_suggest_exists():
    known = names()
    found = list(suggested())
    assert len(found) > 10, found
    for name, text in found:
        if "addesh [OPTION]" in text:
            continue
        assert command_of(text, known), (name, text)


@test
def the_options_that_messages_suggest_exist():
    known = names()
    for name, text in suggested():
        command = command_of(text, known)
        if not command or command not in {r["name"] for r in rows()}:
            continue
        shown = HOME.addesh("help", *command.split()).is_ok().out
        rest = text.split("      or ")[0].split(" -- ")[0]
        if command == "exec":
            continue
        for option in re.findall(r" (--?[a-z-]+)", rest):
            assert re.search(r"(^|\s|, )%s\b" % re.escape(option), shown,
                             re.M), (name, text)


def readme():
    """(command, whether it is marked as planned) of README's session and of
    its table of what is elsewhere."""
    with open(os.path.join(source(), "README"), encoding="utf-8") as f:
        text = f.read()
    for found in re.findall(r"^ +addesh(?: e\d+)?(?: \[\d+\])?> (.+)$", text,
                            re.M):
        yield found, False
    for found in re.findall(r"-c '([^']+)'", text):
        yield found, False
    table = text.split("\nCOMING FROM\n")[1].split("\nLICENCE\n")[0]
    for line in table.splitlines():
        planned = False
        for part in re.split(r"[,;] ", line[36:].strip()):
            planned = planned or part.startswith("+ ")
            yield part.lstrip("+ "), planned


def has_options(command, text):
    shown = [l for l in HOME.addesh("help", *command.split()).is_ok()
             .out.splitlines() if "  refused: " not in l]
    words = text.split(" -- ")[0].split()
    return all(any(re.search(r"^ +(-\w, )?%s(?![\w-])" % re.escape(word), line)
                   for line in shown)
               for word in words if word.startswith("-"))


@test
def what_the_readme_names_exists():
    """And what it says is not there yet is not."""
    known, full = names(), {row["name"] for row in rows()}
    firsts = {name.split()[0] for name in full}
    seen = 0
    for text, planned in readme():
        if not planned and text.split()[0:1] and text.split()[0] in firsts:
            command = command_of(text, full)
            assert command and has_options(command, text), text
            seen += 1
        if planned:
            command = command_of(text, full)
            assert not command or not has_options(command, text), text
    assert seen > 20, seen


main()
