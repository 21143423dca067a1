# SPDX-License-Identifier: MIT
"""Recorded sessions as casts, reports and text: of the examples, and of
recordings by somebody who wants out of the format."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home, source                     # noqa: E402
from tap import main, same, test                    # noqa: E402

PLACE = os.path.join(source(), "share", "addesh", "sessions")
EXAMPLES = sorted(name for name in os.listdir(PLACE)
                  if name.endswith((".md", ".addesh")))
FORMATS = ("md", "txt")


def answer(command, *events, code=0, us=5000, id=None, object=None, **status):
    """A line of a recording; events: (microseconds, "o" or "e", text)."""
    return {"id": id, "command": command + "\n",
            "status": dict({"code": code, "signal": None, "timed_out": False,
                            "oom": False}, **status),
            "us": us, "cut": False, "events": [list(e) for e in events],
            "object": object}


def record(home, name, text, answers, created="2026-01-31T12:00:00.000Z"):
    """Writes a session file and its recording; returns the file's name."""
    home.write(name, text)
    lines = [{"addesh-recording": 1, "program": "0", "created": created}]
    home.write(os.path.splitext(name)[0] + ".rec.jsonl",
               "".join(json.dumps(line) + "\n" for line in lines + answers))
    return name


def one_step(home, *events, name="s.md", **kw):
    """A session of one step that showed this."""
    return record(home, name, "# A session\n\n```addesh\n$ true\n```\n",
                  [answer("true", *events, **kw)])


def export(home, *args, **kw):
    return home.addesh("export", *args, cwd=home.work, **kw)


def text_of(home, *args, **kw):
    return export(home, *args, **kw).is_ok().out


# ---- the command ----

@test("%s as %s", [(name, form) for name in EXAMPLES for form in FORMATS])
def _(name, form):
    """No engine is there, and two exports are the same."""
    with Home() as home:
        path = os.path.join(PLACE, name)
        first, second = (
            export(home, path, "--format", form,
                   env={"PATH": "/nonexistent"}).is_ok() for _ in range(2))
        same(first.out_bytes, second.out_bytes)
        same(first.err, "")
        assert "python:3.11-slim" in first.out


@test
def the_format_is_that_of_the_name():
    with Home() as home:
        one_step(home)
        export(home, "s.md", "-o", "a.txt").is_ok()
        export(home, "s.md", "-o", "b.markdown").is_ok()
        export(home, "s.md", "-o", "c.txt", "--format", "md").is_ok()
        a, b, c = (open(os.path.join(home.work, name)).read()
                   for name in ("a.txt", "b.markdown", "c.txt"))
        assert "  $ true\n" in a, a
        assert "```sh\ntrue\n```\n" in b, b
        same(b, c)
        same(text_of(home, "s.md"), a)
        done = export(home, "s.md", "-o", "demo.gif").is_status(2)
        assert "--format" in done.err, done.err
        assert not os.path.exists(os.path.join(home.work, "demo.gif"))


@test
def json_says_what_was_written():
    with Home() as home:
        one_step(home)
        done = home.addesh("--json", "export", "s.md", "-o", "a.txt",
                           cwd=home.work).is_ok()
        same(json.loads(done.out)["result"],
             {"file": "a.txt", "format": "txt", "bytes":
              os.path.getsize(os.path.join(home.work, "a.txt"))})
        done = home.addesh("--json", "export", "s.md", cwd=home.work).is_ok()
        assert "$ true" in json.loads(done.out)["result"]["text"], done.out


@test
def what_is_exported_is_not_written_over():
    with Home() as home:
        one_step(home)
        os.symlink("s.md", os.path.join(home.work, "link.md"))
        for name in ("s.md", "s.rec.jsonl", "link.md"):
            done = export(home, "s.md", "--format", "md", "-o", name)
            assert "not written over" in done.is_status(2).err, done.err
        text_of(home, "s.md")


@test
def a_file_that_is_there_is_replaced_and_a_device_written_to():
    with Home() as home:
        one_step(home)
        home.write("a.txt", "x" * 100000)
        export(home, "s.md", "-o", "a.txt").is_ok()
        assert os.path.getsize(os.path.join(home.work, "a.txt")) < 1000
        pipe = os.path.join(home.work, "pipe.txt")
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        export(home, "s.md", "-o", "pipe.txt").is_ok()
        same(os.read(reader, 10000).decode(), text_of(home, "s.md"))
        os.close(reader)
        done = export(home, "s.md", "--format", "txt", "-o", "/dev/full")
        assert "No space left" in done.is_status(125).err, done.err
        done = export(home, "s.md", "--format", "txt", "-o", ".")
        assert "directory" in done.is_status(125).err, done.err
        same(sorted(os.listdir(home.work)),
             ["a.txt", "pipe.txt", "s.md", "s.rec.jsonl"])


@test
def what_is_not_recorded_is_an_error():
    with Home() as home:
        home.write("none.md", "```addesh\n$ true\n```\n")
        done = export(home, "none.md").is_status(125)
        assert "addesh replay --record none.md" in done.err, done.err
        record(home, "part.md", "```addesh\n$ true\n$ false\n```\n",
               [answer("true")])
        done = export(home, "part.md", "-o", "part.txt").is_status(125)
        assert "part.md:3: not recorded: step 2" in done.err, done.err
        assert not os.path.exists(os.path.join(home.work, "part.txt"))


@test
def a_step_that_was_skipped_is_said_to_be():
    with Home() as home:
        record(home, "s.md", "```addesh\n$ true\n% skip-if: docker\n"
               "$ false\n```\n", [answer("true")])
        assert "  $ false\n  not run\n" in text_of(home, "s.md")


@test
def a_file_without_steps_needs_no_recording():
    with Home() as home:
        home.write("s.md", "# Only words\n\nThese.\n")
        same(text_of(home, "s.md"), "Only words\n==========\n\nThese.\n\n")


@test
def a_script_is_exported_with_its_comments():
    with Home() as home:
        for text in ("#!/usr/bin/env addesh\n# A <b> *b*\ntrue\n",
                     "# A <b> *b*\n$ true\n"):
            record(home, "s.addesh", text, [answer("true", (1, "o", "x\n"))])
            assert text_of(home, "s.addesh").startswith(
                "A <b> *b*\n\n  $ true\n      x\n"), text
            assert text_of(home, "s.addesh", "--format", "md").startswith(
                "A \\<b\\> \\*b\\*\n\n```sh\ntrue\n```\n"), text


@test
def what_is_hidden_is_not_shown_and_what_is_said_is():
    with Home() as home:
        record(home, "s.md", "<!-- note: to myself -->\n<!-- nor this -->\n"
               "```addesh\n% hide: true\n$ true\n% say: Look.\n$ false\n```\n",
               [answer("true"), answer("false")])
        text = text_of(home, "s.md")
        assert text.startswith("Look.\n\n  $ false\n"), text
        assert "true" not in text and "myself" not in text, text


# ---- hostile content ----

@test
def a_fence_in_output_stays_in_its_fence():
    with Home() as home:
        one_step(home, (1, "o", "```\n# forged\n~~~~\n`````\n"))
        text = text_of(home, "s.md", "--format", "md")
        assert "``````text\n```\n# forged\n~~~~\n`````\n``````\n" in text, text


@test
def output_cannot_forge_a_line_of_the_text():
    with Home() as home:
        one_step(home, (1, "o", "\n  exit 0 in 1s\r\n\x1b[2K\x1b[1A  $ rm\n"))
        same(text_of(home, "s.md").splitlines()[3:],
             ["  $ true", "", "        exit 0 in 1s", "      ^[[1A  $ rm",
              "  exit 0 in 0.01s", "", "Recorded 2026-01-31 12:00 UTC."])


@test
def a_title_is_one_line_and_no_markup():
    with Home() as home:
        record(home, "s.md",
               '---\naddesh-session: 1\ntitle: "a\\n<!-- # b\\e[31m"\n---\n'
               "```addesh\n$ true\n```\n", [answer("true")])
        same(text_of(home, "s.md").splitlines()[:2],
             ["a <!-- # b\ufffd[31m", "=" * 15])
        same(text_of(home, "s.md", "--format", "md").splitlines()[0],
             "# a \\<!-- # b\ufffd\\[31m")


@test("no control gets into %s", FORMATS)
def _(form):
    with Home() as home:
        every = "".join(chr(c) for c in range(256)) + "\u202e\u2066\n"
        record(home, "s.md", "# \x1b]0;t\x07\n\nA \x1b[31mtext\x9b1m\r.\n\n"
               "```addesh\n$ true \x1b[5m\n```\n",
               [answer("true \x1b[5m", (1, "o", every), (1, "e", every),
                       (2, "o", {"b64": "//4bWzFt"}))])
        text = text_of(home, "s.md", "--format", form)
        same(re.findall(r"[^\n\t -~\u00a0-\u2010\ufffd]", text), [])


@test
def a_secret_is_hidden_once_more():
    with Home() as home:
        record(home, "s.md", "```addesh\n$ true -e API_TOKEN=hunter2hunter2\n"
               "$ false\n```\n",
               [answer("true -e API_TOKEN=hunter2hunter2"),
                answer("false", (1, "o", "it is hunter2hunter2\n"))])
        for form in FORMATS:
            text = text_of(home, "s.md", "--format", form)
            assert "hunter2" not in text and "it is ***" in text, text


@test
def too_much_output_is_cut():
    with Home() as home:
        one_step(home, (1, "o", "\u00e9" * (1 << 20)))
        text = text_of(home, "s.md")
        assert (1 << 20) <= len(text.encode()) < (1 << 20) + 1000
        assert "exit 0 in 0.01s, output cut\n" in text


@test
def a_recording_of_something_else_is_an_error():
    with Home() as home:
        one_step(home)
        for text in ("", "x\n", '{"addesh-recording":2}\n',
                     '{"addesh-recording":1}\n{"command":\n'):
            home.write("s.rec.jsonl", text)
            export(home, "s.md").is_status(125)


main()
