# SPDX-License-Identifier: MIT
"""Recorded sessions as casts, reports and text: of the examples, and of
recordings by somebody who wants out of the format."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home                             # noqa: E402
from recordings import EXAMPLES, PLACE, answer, export, one_step, \
    record, text_of                                 # noqa: E402
from tap import Skip, main, patient, same, test     # noqa: E402
from terminal import Terminal                       # noqa: E402

FORMATS = ("cast", "html", "md", "txt")
SGR = re.compile("\x1b\\[[0-9;]*m")


def cast_of(home, *args, **kw):
    """(header, [(seconds since the start, code, data)])"""
    lines = text_of(home, *args, "--format", "cast", **kw).splitlines()
    header, events = json.loads(lines[0]), [json.loads(l) for l in lines[1:]]
    if header["version"] == 3:
        now = 0.0
        for event in events:
            now += event[0]
            event[0] = now
    return header, [tuple(event) for event in events]


def screen_of(events):
    """What a terminal was sent."""
    return "".join(data for _, code, data in events if code == "o")


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
        assert "ready in" in first.out


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
        done = export(home, "s.md", "-o", "pipe.txt").is_status(125)
        assert "pipe.txt: No such device" in done.err, done.err
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
        assert "replay --record none.md" in done.err, done.err
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
def what_was_just_recorded_is_exported():
    """Also what came without a newline, from -c and at the end of a file."""
    with Home() as home:
        home.addesh("-c", "record s.md", "-c", "var A=1", "-c", "var",
                    "-c", "record stop", cwd=home.work).is_ok()
        home.addesh("replay", "--offline", "s.md", cwd=home.work).is_ok()
        text = text_of(home, "s.md")
        assert re.search(r"  \$ var\n +NAME +VALUE\n +A +1\n  exit 0", text), \
            text
        home.write("bare.addesh", "# Words\nvar B=2\nvar")
        home.addesh("replay", "--record", "bare.addesh",
                    cwd=home.work).is_ok()
        text = text_of(home, "bare.addesh")
        assert text.startswith("Words\n\n  $ var B=2\n"), text
        assert re.search(r"  \$ var\n +NAME +VALUE\n +B +2\n  exit 0", text), \
            text


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
        if form == "cast":
            same(re.findall(r"[^\n -~\u00a0-\u2010\ufffd]", text), [])
            text = SGR.sub("", screen_of(cast_of(home, "s.md")[1]))
            text = re.sub(r"\r\n|[\r\b]", "", text)
        same(re.findall(r"[^\n\t -~\u00a0-\u2010\ufffd]", text), [])


@test
def a_secret_is_hidden_once_more():
    with Home() as home:
        record(home, "s.md", "---\naddesh-session: 1\n"
               "env: {DB_PASSWORD: hunter2front}\n---\n"
               "```addesh\n$ true -e API_TOKEN=hunter2hunter2\n$ false\n"
               "```\n",
               [answer("true -e API_TOKEN=hunter2hunter2"),
                answer("false", (1, "o", "it is hunter2hunter2\n"),
                       (1, "e", "hunter2front\n"))])
        for form in FORMATS:
            text = text_of(home, "s.md", "--format", form)
            if form == "cast":
                text = screen_of(cast_of(home, "s.md")[1])
            assert "hunter2" not in text and "it is ***" in text, text


@test
def too_much_output_is_cut():
    with Home() as home:
        one_step(home, (1, "o", "\u00e9" * (1 << 20)))
        text = text_of(home, "s.md")
        assert (1 << 20) <= len(text.encode()) < (1 << 20) + 1000
        assert "exit 0 in 0.01s, output cut\n" in text


@test("a line written over and over is soon a line: %s", FORMATS)
def _(form):
    with Home() as home:
        for line in ("\x1b[31m\rx", "a\x1b[m\b", "a\rb"):
            one_step(home, (1, "o", line * 200000))
            export(home, "s.md", "--format", form,
                   timeout=patient(20)).is_ok()


@test
def a_recording_of_something_else_is_an_error():
    with Home() as home:
        one_step(home)
        for text in ("", "x\n", '{"addesh-recording":2}\n',
                     '{"addesh-recording":1}\n{"command":\n'):
            home.write("s.rec.jsonl", text)
            export(home, "s.md").is_status(125)


# ---- casts ----

def player(home, *args):
    """asciinema at a terminal, as it insists on one; what it wrote."""
    if not shutil.which("asciinema"):
        raise Skip("asciinema is not installed")
    with Terminal(["asciinema", *args], dict(home.env, COLUMNS="80"),
                  cwd=home.work) as t:
        same(t.wait(patient(30)), 0)
        return t.seen.decode()


@test("asciinema plays %s", EXAMPLES)
def _(name):
    with Home() as home:
        path = os.path.join(PLACE, name)
        export(home, path, "-o", "demo.cast").is_ok()
        events = cast_of(home, path)[1]
        shown = screen_of(events).replace("\r\n", "\n")
        for args in (("cat",), ("play", "-s", "100")):
            seen = player(home, *args, "demo.cast").replace("\r", "")
            assert shown in seen, (args, shown, seen)


@test("%s as a cast of version %d",
      [(name, version) for name in EXAMPLES for version in (2, 3)])
def _(name, version):
    with Home() as home:
        header, events = cast_of(home, os.path.join(PLACE, name),
                                 "--cast-version", version)
        same(header.pop("version"), version)
        terminal = {"width": 80, "height": 24} if version == 2 else {
            "term": {"cols": 80, "rows": 24, "type": "xterm-256color"}}
        env = {"SHELL": "addesh"}
        if version == 2:
            env["TERM"] = "xterm-256color"
        header.pop("title", None)
        assert header.pop("timestamp") > 1700000000
        same(header, dict(terminal, idle_time_limit=2, env=env))
        before = 0
        for at, code, data in events:
            assert code in "om" and isinstance(data, str), code
            assert before <= at <= before + 2.001, (before, at)
            before = at
        same(screen_of(events).count("\n"), screen_of(events).count("\r\n"))
        with open(os.path.join(PLACE, name)) as f:
            headings = re.findall(r"^#+ (.*)$", f.read(), re.M)
        if name.endswith(".md"):
            same([data for _, code, data in events if code == "m"], headings)


@test
def both_versions_tell_the_same_times():
    with Home() as home:
        path = os.path.join(PLACE, "tour.md")
        two, three = (cast_of(home, path, "--cast-version", v)[1]
                      for v in (2, 3))
        same([e[1:] for e in two], [e[1:] for e in three])
        same([(a, b) for (a, *_), (b, *_) in zip(two, three)
              if abs(a - b) > 0.00051], [])


@test
def the_shell_is_drawn_as_it_is():
    with Home() as home:
        record(home, "s.md", "```addesh\n$ env new\n$ run a.py <<EOF\n> a\n>\n"
               "> EOF\n$ exec echo 'a\n> b' \\\n> c\n```\n",
               [answer("env new", (1, "e", "ready\n"), object={"env": "e1"}),
                answer("run a.py <<EOF\na\n\nEOF", (1, "o", "x\ny"), code=3,
                       object={"env": "e1"}),
                answer("exec echo 'a\nb' \\\nc", (1, "o", "a b\r\n"))])
        same(screen_of(cast_of(home, "s.md")[1]).replace("\r\n", "\n"),
             "addesh> env new\nready\n"
             "addesh e1> run a.py <<EOF\nEOF> a\nEOF> \nEOF> EOF\nx\ny\n"
             "addesh e1 [3]> exec echo 'a\n'> b' \\\n\\> c\na b\r\n"
             "addesh e1> \n")


@test
def output_comes_when_it_came_but_no_pause_is_long():
    with Home() as home:
        one_step(home, (500000, "o", "a\n"), (1500000, "o", "b\n"),
                 (61500000, "o", "c\n"), us=62000000)
        for idle, gap in (("2s", 2), ("90s", 60)):
            times = {data: at for at, code, data in cast_of(
                home, "s.md", "--idle", idle)[1]}
            same(round(times["b\r\n"] - times["a\r\n"], 4), 1)
            same(round(times["c\r\n"] - times["b\r\n"], 4), gap)


@test
def keys_have_the_speed_that_is_asked_for():
    with Home() as home:
        command = "true " + "x" * 995
        for options, seconds in (("", 1000 * 60 / 5 / 100), ("% type: 20ms\n", 20),
                                 ("% type: instant\n", 0)):
            record(home, "s.md", "```addesh\n%s$ %s\n```\n" % (
                options, command), [answer(command)])
            events = cast_of(home, "s.md", "--wpm", 100)[1]
            typed = [at for at, _, data in events if data in command]
            took = (typed[-1] - typed[0]) if typed else 0
            assert seconds * 0.95 <= took <= seconds * 1.05, (options, took)


@test
def the_programs_errors_are_red_and_our_words_are_not():
    with Home() as home:
        one_step(home, (1, "e", "one\ntw"), (9000, "e", "o\nexit 1\n"), code=1,
                 object={"env": "e1", "result": {"stderr": "one\ntwo\n"}})
        text = screen_of(cast_of(home, "s.md")[1]).replace("\r\n", "\n")
        assert ("\x1b[31mone\x1b[0m\n\x1b[31mtwo\x1b[0m\nexit 1\n") in text, \
            repr(text)


@test
def characters_are_whole_and_what_is_none_is_replaced():
    with Home() as home:
        one_step(home, (1, "o", {"b64": "4oI="}), (9000, "o", {"b64": "rCE="}),
                 (19000, "o", {"b64": "4oL/"}), (29000, "o", {"b64": "8J8="}))
        data = [data for _, _, data in cast_of(home, "s.md")[1]]
        assert "\u20ac!" in data, data
        assert "\ufffd\ufffd\ufffd" in data, data
        same("".join(data).count("\ufffd"), 5)


@test
def only_colours_and_what_stays_in_its_line_get_to_the_player():
    with Home() as home:
        one_step(home, (1, "o", "\x1b[31"), (9000, "o", "mred\x1b[2J\x1b]0;t\x07"
                        "\x1b[5A\x1b[8mhid\n50%\r100%\x1b[K\n"))
        text = screen_of(cast_of(home, "s.md")[1])
        assert ("\x1b[31mred^[[2J^[]0;t^G^[[5A^[[8mhid\r\n"
                "50%\r100%\x1b[K\r\n\x1b[0m") in text, repr(text)


@test("%s is refused", ["--size 80", "--size 80x9", "--size 1001x24",
                        "--size 80x24x", "--size -80x24", "--wpm 0",
                        "--wpm 10001", "--idle 2h", "--cast-version 1"])
def _(words):
    with Home() as home:
        one_step(home)
        export(home, "s.md", "--format", "cast", *words.split()).is_status(2)


@test
def the_size_is_that_asked_for_and_prose_keeps_to_it():
    with Home() as home:
        record(home, "s.md", "# A session\n\n" + "word " * 50 + "\n", [])
        header, events = cast_of(home, "s.md", "--size", "40x12")
        same((header["width"], header["height"]), (40, 12))
        widest = max(len(l) for l in screen_of(events).splitlines())
        assert 35 < widest <= 40, widest


@test
def a_long_heredoc_takes_no_time_to_export():
    with Home() as home:
        body = "".join("line %d\n" % i for i in range(200000))
        for text in ("run a.py <<EOF\n%sEOF" % body,
                     "exec " + "x \\\n" * 20000 + "y"):
            record(home, "s.addesh", text + "\n", [answer(text)])
            export(home, "s.addesh", "--format", "cast",
                   timeout=patient(20)).is_ok()


main()
