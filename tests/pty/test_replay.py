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
def a_file_that_is_none_is_told_in_one_line():
    with home_of() as home:
        os.remove(os.path.join(home.work, "a.md"))
        with replay(home) as t:
            ends(t, 99, "^a.md: No such file or directory\n")
            assert "as expected" not in t.text(), t.text()


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
def whose_it_is_counts_when_it_is_read_again():
    bound = LESSON.replace("41", "42") + \
        "```addesh\n$ set memory_limit 3g\n! ...\n[125]\n```\n"
    with home_of() as home:
        home.write("b.md", "---\norigin: elsewhere\n---\n" + bound)
        home.write("ed", "#!/bin/sh\ncat b.md >\"$2\"\n")
        os.chmod(home.work + "/ed", 0o755)
        with stopped(home, env={"EDITOR": home.work + "/ed"}) as t:
            t.line("edit")
            t.expect(PROMPT)
            t.line("retry")
            ends(t, 0, "a.md: 4 steps as expected\n")


QUESTION = "\\(%d/%d\\) write it into the file\\? \\[y,n,a,d,q,\\?\\]: "


@test
def what_somebody_wrote_meanwhile_stays():
    with home_of() as home, replay(home, "--update") as t:
        t.expect(QUESTION % (1, 1))
        home.write("a.md", LESSON + "More.\n")
        t.line("y")
        t.expect("a.md was changed since it was read")
        assert t.wait() != 0
        same(file_of(home), LESSON + "More.\n")


@test
def it_is_asked_before_it_is_written():
    for answer, status in (("y", 0), ("n", 1), ("q", 1), ("a", 0), ("d", 1)):
        with home_of() as home, replay(home, "--update") as t:
            t.expect("- 41")
            t.expect(QUESTION % (1, 1))
            t.line("?")
            t.expect("^y  write this change")
            t.expect(QUESTION % (1, 1))
            t.line(answer)
            ends(t, status, "a.md: %s" % (
                "3 steps" if not status else "1 step as expected, 1 not"
                if answer == "q" else "2 steps as expected, 1 not"))
            same(file_of(home), LESSON.replace("41", "42")
                 if not status else LESSON)


CHANGES = """```addesh
$ env new
! ...
$ run a.py <<EOF
> import sys
> for n in range(9): print("line", n, "of [TIME]" if n == 8 else "")
> sys.stderr.write("end")
> sys.exit(3)
> EOF
Line 0%(s)s
line 1%(s)s
line 2%(s)s
...
Line 7%(s)s
line 8 of [TIME]
! ...
[4]
$ run b.py <<< 'print(8)'
7
```
""" % {"s": " "}


@test
def each_change_is_asked_for():
    """One is taken and one not, and what is between them stays."""
    status = CHANGES.replace("[4]", "[3]")
    for answers, changed, end in (
            ("ynyy", status.replace("Line 0", "line 0").replace("\n7\n",
                                                                "\n8\n"),
             "2 steps as expected, 1 not"),
            ("yyyn", status.replace("Line", "line"),
             "2 steps as expected, 1 not"),
            ("nd" + "y", CHANGES.replace("\n7\n", "\n8\n"), "2 steps"),
            ("na", status.replace("Line 7", "line 7").replace(
                "\n7\n", "\n8\n"), "2 steps"),
            ("yq", CHANGES.replace("Line 0", "line 0"), "1 step as"),
            ("a", status.replace("Line", "line").replace("\n7\n", "\n8\n"),
             "3 steps as expected")):
        with home_of(CHANGES) as home, replay(home, "--update") as t:
            asked = [(1, 3), (2, 3), (3, 3), (1, 1)]
            if "d" in answers:
                asked.pop(2)
            for answer, numbers in zip(answers, asked):
                t.expect(QUESTION % numbers)
                t.line(answer)
            ends(t, 0 if end.startswith("3") else 1, "a.md: " + end)
            same(file_of(home), changed, answers)


@test
def what_was_stopped_at_its_limit_is_written_if_somebody_says_so():
    text = ("```addesh\n$ env new\n! ...\n%% timeout: 1s\n$ run -t 60s a.sh "
            "<<< 'echo 1; exec sleep 50'\n%s```\n")
    with home_of(text % "2\n! ...\n[timeout]\n") as home, \
            replay(home, "--update") as t:
        t.expect("stopped at its time limit")
        t.expect(QUESTION % (1, 1))
        t.line("y")
        ends(t, 0, "a.md: 2 steps as expected")
        same(file_of(home), text % "1\n! ...\n[timeout]\n")


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
