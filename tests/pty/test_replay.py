# SPDX-License-Identifier: MIT
"""A replay that stops for a person, and one that asks before it writes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import engines                                  # noqa: E402
from addesh import Home                         # noqa: E402
from tap import main, same, test                # noqa: E402
from terminal import Terminal                   # noqa: E402

LESSON = """# Lesson
```addesh
$ env new
! ...
$ run a.py <<< 'print(6 * 7)'
41
$ run b.py <<< 'print(8)'
8
```
"""
STOPPED = "stopped: diff, retry, accept, skip, continue, edit, quit, .*\n"
PROMPT = "^addesh e1( .*)?> "


def home_of(text=LESSON):
    engines.sandbox("restricted")    # or skips
    home = Home()
    home.write("a.md", text)
    return home


def replay(home, *options, env=None):
    argv = home.argv("-E", "restricted", "replay", *options, "a.md")
    return Terminal(argv, {**home.env, **(env or {})}, home.work)


def stopped(home, *options, **kw):
    t = replay(home, *options, **kw)
    t.expect("^   1      . - 41\n        1 . \\+ 42\n")
    t.expect(STOPPED)
    t.expect(PROMPT)
    return t


def ends(t, status, text):
    t.expect(text)
    same(t.wait(), status)


def file_of(home):
    with open(home.work + "/a.md") as f:
        return f.read()


@test
def the_session_is_there_at_the_step():
    with home_of() as home, stopped(home) as t:
        t.line("exec cat a.py")
        t.expect("^print\\(6 \\* 7\\)$")
        t.expect(PROMPT)
        t.line("diff")
        t.expect("- 41")
        t.expect(PROMPT)
        t.line("retry")
        t.expect(STOPPED)
        t.expect(PROMPT)
        t.line("quit")
        ends(t, 1, "a.md: 1 step as expected, 1 not\n")
        same(file_of(home), LESSON)


@test
def each_way_to_go_on():
    for word, status, text in (
            ("continue", 1, "a.md: 2 steps as expected, 1 not\n"),
            ("skip", 0, "a.md: 2 steps as expected, 1 skipped\n"),
            ("accept", 0, "a.md: 3 steps as expected\n")):
        with home_of() as home, stopped(home, "--break") as t:
            t.line(word)
            ends(t, status, text)
            same(file_of(home), LESSON.replace("41", "42")
                 if word == "accept" else LESSON)


@test
def the_end_of_the_input_ends_it():
    with home_of() as home, stopped(home) as t:
        t.send(b"\x04")
        ends(t, 1, "a.md: 1 step as expected, 1 not\n")


@test
def what_was_edited_counts():
    with home_of() as home:
        home.write("ed", "#!/bin/sh\nsed -i s/41/42/ \"$2\"\n")
        os.chmod(home.work + "/ed", 0o755)
        with stopped(home, env={"EDITOR": home.work + "/ed"}) as t:
            t.line("edit")
            t.expect(PROMPT)
            t.line("accept")
            t.expect("the file was edited since: retry")
            t.expect(PROMPT)
            t.line("retry")
            ends(t, 0, "a.md: 3 steps as expected\n")


@test
def it_is_asked_before_it_is_written():
    for answer, status in (("y", 0), ("n", 1)):
        with home_of() as home, replay(home, "--update") as t:
            t.expect("- 41")
            t.expect("write it into the file\\? \\[y/N\\] ")
            t.line(answer)
            ends(t, status, "a.md: ")
            same(file_of(home), LESSON.replace("41", "42")
                 if answer == "y" else LESSON)


@test
def a_recording_is_made_while_somebody_types():
    with home_of() as home:
        argv = home.argv("-E", "restricted", "record", "r.md")
        with Terminal(argv, home.env, home.work) as t:
            t.expect("^addesh( .*)?> ")
            t.line("env new")
            t.expect(PROMPT)
            t.line("run a.py <<< 'print(5)'")
            t.expect("^5\n")
            t.expect(PROMPT)
            t.line("record stop")
            t.expect("r.md: 2 steps; compare them:  replay r.md")
            t.line("quit")
            same(t.wait(), 0)
        home.addesh("-E", "restricted", "replay", "r.md").is_ok()


main()
