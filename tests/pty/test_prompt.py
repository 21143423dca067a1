# SPDX-License-Identifier: MIT
"""The shell as a person has it: prompts, keys, Ctrl-C, history, completion."""

import json
import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import engines                                  # noqa: E402
from addesh import Home                         # noqa: E402
from tap import main, patient, same, test       # noqa: E402
from terminal import Screen, Terminal           # noqa: E402


def configure(home, text):
    with open(home.dir("config/addesh") + "/addesh.yaml", "w") as f:
        f.write(text)


def shell(home, *args, hints=False, **kw):
    """On a screen; grey text only where a test is about it."""
    if not hints:
        configure(home, "shell: {hints: false, suggestions: false}\n")
    return Screen(home.argv(*args), home.env, cwd=home.work, **kw)


def history(home):
    with open(home.path + "/state/addesh/history") as f:
        return [json.loads(line) for line in f]


def lines(screen):
    return [line for line in screen.capture() if line]


@test
def a_prompt_shows_the_last_status_and_quit_ends():
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.line("quit 999")
        t.expect("^addesh: quit: STATUS is a number from 0 to 255, not '999'$")
        t.expect("^addesh \\[2\\]> ")
        t.line("")
        t.expect("^addesh \\[2\\]> ")
        t.line("hel qui")
        t.expect("^usage: quit ")
        t.expect("^addesh> ")
        t.line("nope; quit")
        same(t.wait(), 0)


@test
def who_comes_for_the_first_time_is_told_how_to_begin():
    for options, greeted in ((), True), (("-q",), False), \
            (("-i", "-c", "help quit"), False):
        with Home() as home, \
                Terminal(home.argv(*options), home.env, home.work) as t:
            t.expect("^addesh> ")
            t.line("quit")
            same(t.wait(), 0)
            said = re.search("^addesh [0-9.]+: env new opens an environment, "
                             "help lists the commands$", t.text(), re.M)
            same(bool(said), greeted, options)


@test
def who_mistypes_the_name_of_a_session_sees_that_it_is_new():
    with Home() as home:
        home.addesh("-s", "lesson", "true").is_ok()
        for name, said in ("other", "new"), ("lessson", "new; there is lesson"):
            with Terminal(home.argv("-s", name), home.env, home.work) as t:
                t.expect("^session %s: %s\r?$" % (name, said))
                t.line("var A=1")
                t.line("quit")
                same(t.wait(), 0)
        # one of variables alone is not
        with Terminal(home.argv("-s", "other"), home.env, home.work) as t:
            t.expect("^session other: 0 steps, 0 environments\r?$")
            t.line("quit")
            same(t.wait(), 0)


@test
def who_comes_back_sees_where():
    restricted = ("--engine", "restricted")
    with Home(options=restricted) as home:
        home.addesh("-s", "lesson", "-c", "env new", "-c", "env new").is_ok()
        with Terminal(home.argv("-s", "lesson"), home.env, home.work) as t:
            t.expect("^session lesson: 2 steps, 2 environments, in e2\r?$")
            t.expect("^addesh e2 @restricted> ")
            t.line("quit")
            same(t.wait(), 0)


@test
def ctrl_d_ends_and_ctrl_c_cancels_the_line():
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.send("help nothing\x03")
        t.expect("^addesh \\[130\\]> ")
        t.line("var A='x")
        t.expect("^'> ")
        t.send("\x03")
        t.expect("^addesh \\[130\\]> ")
        t.line("var")
        t.expect("^addesh> ")
        t.send("\x04")
        same(t.wait(), 0)
        assert "NAME" not in t.text()


@test
def unfinished_lines_have_their_own_prompts():
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.line("var A='one")
        t.expect("^'> ")
        t.line("two' \\")
        t.expect("^\\\\> ")
        t.line("B=3; var")
        t.expect("^A +one\ntwo\nB +3$")
        t.expect("^addesh> ")
        t.line("help <<~END")
        t.expect("^END> ")
        t.line("x")
        t.expect("^END> ")
        t.line("  END")
        t.expect("takes no heredoc")
        t.line("help <<E")
        t.expect("^E> ")
        t.send("\x04")
        t.expect("takes no heredoc")
        t.line('var "x')
        t.expect('^"> ')
        t.send("\x04")
        t.expect('addesh: the quote " is not closed')
        t.line("quit")
        same(t.wait(), 0)


@test
def a_pasted_block_arrives_as_it_is():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.paste("var A='if x:\n\ty = \"é中\"\n'")
        s.wait_for("\"é中\"")
        s.keys("Enter")
        s.wait_for("^addesh>$")
        s.type("var > out")
        s.keys("Enter")
        s.wait_for("out\naddesh>$")
        with open(home.work + "/out", encoding="utf-8") as f:
            same(f.read(), 'NAME  VALUE\nA     if x:\n\ty = "é中"\n\n')


@test
def tab_completes_and_the_second_one_lists():
    with Home() as home, shell(home) as s:
        home.write("notes.txt", "")
        home.write("notice.txt", "")
        home.write("with blank", "")
        os.mkdir(home.work + "/nodir")
        s.wait_for("^addesh>$")
        s.type("sou")
        s.keys("Tab")
        s.wait_for("^addesh> source$")
        s.type("no")
        s.keys("Tab", "Tab")
        s.wait_for("^  nodir/\n  notes.txt\n  notice.txt\naddesh> source no$"
                   "|^  nodir/\n  notes.txt.*addesh> source no$"
                   "|^  nodir/\n  notice.txt\n  notes.txt\n"
                   "addesh> source no$")
        s.type("t")
        s.keys("Tab")
        s.wait_for("source noti?c?e?$")
        s.keys("C-u")
        s.type("source wi")
        s.keys("Tab")
        s.wait_for(r"source with\\ blank$")
        s.keys("C-u")
        s.type("source 'wi")
        s.keys("Tab")
        s.wait_for(r"source 'with blank'$")
        s.keys("C-u")
        s.type("help --l")
        s.keys("Tab")
        s.wait_for("help --list$")
        s.keys("C-u")
        s.type("var FILE=1")
        s.keys("Enter")
        s.type("var B=$FI")
        s.keys("Tab")
        s.wait_for(r"var B=\$FILE$")


@test
def tab_lists_commands_with_what_they_do():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.type("q")
        s.keys("Tab")
        s.wait_for("^addesh> quit$")
        s.keys("C-u")
        s.type("h")
        s.keys("Tab", "Tab")
        s.wait_for("^  help +say what the commands are")


@test
def a_tab_in_a_heredoc_is_a_tab():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.type("help <<X")
        s.keys("Enter")
        s.wait_for("^X>$")
        s.keys("Tab")
        s.type("so")
        s.wait_for("^X> +so$")
        s.keys("Tab")
        s.type("end")
        s.wait_for("^X> +so +end$")


@test
def history_is_kept_whole_and_comes_back():
    with Home() as home:
        with Terminal(home.argv(), home.env, home.work) as t:
            t.expect("^addesh> ")
            t.line("var A='1")
            t.expect("^'> ")
            t.line("2'")
            t.expect("^addesh> ")
            t.line(" var SECRET=hidden")
            t.expect("^addesh> ")
            t.line("var API_KEY=abc123")
            t.expect("^addesh> ")
            t.line("nope")
            t.expect("^addesh \\[2\\]> ")
            t.line("quit")
            same(t.wait(), 0)
        same([(e["text"], e["status"]) for e in history(home)],
             [("var A='1\n2'", 0), ("var API_KEY=***", 0), ("nope", 2),
              ("quit", 0)])
        path = home.path + "/state/addesh/history"
        same(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with shell(home) as s:
            s.wait_for("^addesh>$")
            s.type("var A")
            s.keys("Up")
            s.wait_for(r"^addesh> var API_KEY=\*\*\*$")
            s.keys("Up")
            s.wait_for("^addesh> var A='1\n2'$")


@test
def ctrl_r_searches():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        for line in ("var ALPHA=1", "var BETA=2"):
            s.type(line)
            s.keys("Enter")
        s.wait_for("BETA=2\naddesh>$")
        s.keys("C-r")
        s.type("ALP")
        s.wait_for("bck:ALP")
        s.keys("Enter")
        s.type("var")
        s.keys("Enter")
        s.wait_for("^ALPHA +1\nBETA +2$")


@test
def no_history_leaves_no_trace():
    with Home() as home:
        for args, env in ((("--no-history",), {}),
                          ((), {"ADDESH_HISTFILE": ""})):
            with Terminal(home.argv(*args), {**home.env, **env},
                          home.work) as t:
                t.expect("^addesh> ")
                t.line("var A=1")
                t.expect("^addesh> ")
                t.line("quit")
                same(t.wait(), 0)
        same(home.files(), [])


@test
def keys_of_emacs_move_and_delete():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.type("two three")
        s.keys("C-a")
        s.type("var one ")
        s.wait_for("^addesh> var one two three$")
        s.keys("C-e", "C-w")
        s.wait_for("^addesh> var one two$")
        s.keys("Left", "BSpace", "C-k", "Home", "DC", "DC", "DC", "DC")
        s.wait_for("^addesh> one t?w?$")
        s.keys("C-u")
        s.wait_for("^addesh>$")


@test
def the_line_can_be_edited_in_an_editor():
    with Home() as home:
        editor = home.write("editor", "#!/bin/sh\n"
                            "sed -i 's/é/ü/; $a B=2' \"$2\"; test $1 = -x\n")
        os.chmod(editor, 0o755)
        home.env["EDITOR"] = editor + " -x"
        with shell(home) as s:
            s.wait_for("^addesh>$")
            s.type("var A='é")
            s.keys("C-x", "C-e")
            s.wait_for("^addesh> var A='ü\nB=2$")
            s.type("'")
            s.keys("Enter")
            s.wait_for("^addesh>$")
            s.type("var > out")
            s.keys("Enter")
            s.wait_for("out\naddesh>$")
            with open(home.work + "/out", encoding="utf-8") as f:
                same(f.read(), "NAME  VALUE\nA     ü\nB=2\n")
        same([f for f in home.files() if f.startswith("tmp/")], [])


@test
def words_beyond_ascii_are_edited_as_characters():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.type("var A=aé中😀b")
        s.keys("Left", "BSpace", "Left", "BSpace", "C-e")
        s.type("!")
        s.keys("Enter")
        s.wait_for("^addesh>$")
        s.type("var > out")
        s.keys("Enter")
        s.wait_for("out\naddesh>$")
        with open(home.work + "/out", encoding="utf-8") as f:
            same(f.read(), "NAME  VALUE\nA     a中b!\n")


@test
def help_tells_the_keys():
    with Home() as home:
        done = home.addesh("help", "--keys").is_ok()
        assert "  Ctrl-R              search the history\n" in done.out
        assert all(len(line) <= 80 for line in done.out.splitlines())


@test
def an_accent_of_its_own_does_not_move_what_follows():
    with Home() as home, shell(home) as s:
        s.wait_for("^addesh>$")
        s.type("help 'e")
        s.type("\u0301")
        s.type(" 日本 x'")
        s.keys("BSpace", "BSpace", "BSpace", "BSpace")
        s.type("X'")
        s.wait_for("^addesh> help 'e\u0301? 日X'$")
        s.keys("Enter")
        s.wait_for("there is no command 'e\u0301 日X'$")


def last_and_once(text):
    """A pattern for a screen that ends so, however that is wrapped, and on
    which no other line begins so."""
    return "\\A(?!.*addesh> n?var.*addesh> n?var).*" + "\\s*".join(
        re.escape(c) for c in text if c != " ") + "\\s*\\Z"


def written_by(home, screen):
    """A file descriptor with what the program writes from now on."""
    path = home.path + "/written"
    os.mkfifo(path)
    screen.tmux("pipe-pane", "exec cat > '%s'" % path)
    return os.open(path, os.O_RDONLY)


def read_until(fd, mark):
    seen = b""
    while mark not in seen:
        data = os.read(fd, 65536)
        assert data, "it ended"
        seen += data


@test("a line is drawn once when the terminal's size changes: %s", [
    "1234567890 1234567890 1234567890 1234567890",
    "日本日本日本日本日本日本日本日本日本日本日本",
    "日 1234567890 本 1234567890 1234567890 1234567890 12345678901234567890"])
def _(text):
    with Home() as home, shell(home, columns=40) as s:
        s.wait_for("^addesh>$")
        # not on the first rows: a narrower screen would lose these
        s.type("help quit; help true")
        s.keys("Enter")
        s.wait_for("successfully.*^addesh>$")
        written = written_by(home, s)
        s.type("var A='" + text)
        s.wait_for(last_and_once("addesh> var A='" + text))
        for columns in 80, 31, 64, 33, 90, 40:
            s.resize(24, columns)
            # tmux tells the program of it only after a while
            read_until(written, b"\x1b[J")
            text += "x"
            s.type("x")
            s.wait_for(last_and_once("addesh> var A='" + text))
        s.keys("C-a")
        s.type("n")
        s.wait_for(last_and_once("addesh> nvar A='" + text))
        s.resize(24, 37)
        read_until(written, b"\x1b[J")
        s.keys("C-e")
        s.type("'")
        s.wait_for(last_and_once("addesh> nvar A='" + text + "'"))
        os.close(written)
        s.keys("Enter")
        s.wait_for("there is no command 'nvar'")


@test
def a_narrow_screen_and_a_resize():
    with Home() as home, shell(home, rows=10, columns=20) as s:
        s.wait_for("^addesh>$")
        s.type("var A='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'")
        s.wait_for("aaaa'$")
        s.resize(10, 60)
        s.keys("Enter")
        s.wait_for("^addesh>$")
        s.type("var")
        s.keys("Enter")
        s.wait_for("^A     a{40}$")


@test
def a_file_is_not_overwritten_without_asking():
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        path = home.write("f", "kept\n")
        t.expect("^addesh> ")
        t.line("var A=1; var > f")
        t.expect("overwrite f\\? \\[y/N\\] ")
        t.line("n")
        t.expect("not done: the answer was no")
        t.expect("^addesh \\[2\\]> ")
        with open(path) as f:
            same(f.read(), "kept\n")
        t.line("var >> f")
        t.expect("^addesh> ")
        t.line("var > f")
        t.expect("overwrite f\\? ")
        t.line("y")
        t.expect("^addesh> ")
        with open(path) as f:
            same(f.read(), "NAME  VALUE\nA     1\n")
        t.line("var > f")
        t.expect("overwrite f\\? ")
        t.send("\x03")
        t.expect("^addesh \\[130\\]> ")
        t.line("var > /dev/null")    # which has nothing to lose
        t.expect("^addesh> ")
        t.line("help | head -1")
        t.expect("^Commands \\(help")
        t.expect("^addesh> ")
        t.line("quit")
        same(t.wait(), 0)


@test
def what_a_name_holds_cannot_steer_the_terminal():
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.send(b"var A='\x16\x1b]0;evil\x16\x07'\r")
        t.expect("^addesh> ")
        t.line("var")
        t.expect(r"^A +\^\[\]0;evil\^G$")
        assert b"\x1b]0;evil" not in t.seen
        t.line("quit")
        same(t.wait(), 0)


@test
def marks_are_for_terminals_that_know_them():
    with Home() as home:
        for term, count in (("xterm", 1), ("dumb", 0)):
            with Terminal(home.argv(), {**home.env, "TERM": term},
                          home.work) as t:
                t.expect("^addesh> ")
                t.line("nope")
                t.expect("^addesh \\[2\\]> ")
                t.line("quit")
                same(t.wait(), 0)
                same(t.seen.count(b"\x1b]133;D;2\x1b\\"), count, term)
                same(t.seen.count(b"\x1b]133;C\x1b\\") > 0, count > 0, term)
                same(b"\x1b[?2004h" in t.seen, count > 0, term)


@test
def a_typewriter_has_no_pager():
    with Home({"PAGER": "false", "TERM": "dumb"}) as home, \
            Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.line("help run")
        t.expect("^usage: run ")
        t.expect("^addesh> ")
        t.line("quit")
        same(t.wait(), 0)


@test
def ctrl_z_stops_and_comes_back():
    with Home() as home:
        env = {**home.env, "PS1": "bash> "}
        with Terminal(["bash", "--norc", "-i"], env, home.work) as t:
            t.expect("bash> ")
            t.line("'%s' --no-history" % home.argv()[0])
            t.expect("addesh> ")
            t.send("var A=")
            t.expect("var A=")
            t.send("\x1a")
            t.expect("Stopped")
            t.expect("bash> ")
            t.line("echo back; fg")
            t.expect("^back$")
            t.expect("addesh> var A=")
            t.line("7; var")
            t.expect("^A     7$")
            t.expect("^addesh> ")
            t.line("quit 3")
            t.expect("bash> ")
            t.line("exit $?")
            same(t.wait(), 3)


@test
def hints_are_faint_where_there_are_no_colours():
    with Home({"NO_COLOR": "1"}) as home, shell(home, hints=True) as s:
        s.wait_for("^addesh>$")
        s.type("source ")
        s.wait_for("\x1b\\[2mFILE", colours=True)


@test
def hints_say_what_a_command_still_takes():
    with Home() as home, shell(home, hints=True) as s:
        s.wait_for("^addesh>$")
        s.type("source ")
        s.wait_for("^addesh> source FILE$")
        s.type("a")
        s.wait_for("^addesh> source a$")
        s.keys("C-u")
        s.type("put a ")
        s.wait_for(r"^addesh> put a \[DEST\]$")
        s.keys("C-u")
        s.type("var")
        s.wait_for(r"^addesh> var \[NAME=VALUE\]...$")
        assert "\x1b[90m" in "\n".join(s.capture(colours=True))
        s.keys("Enter")
        s.wait_for("^addesh> var\naddesh>$")
        s.type("set hints off")
        s.keys("Enter")
        s.wait_for("off(\n.*)?\naddesh>$")
        s.type("source ")
        s.wait_for("^addesh> source$")


@test
def suggestions_come_from_the_history_and_a_key_takes_them():
    with Home() as home, shell(home, hints=True) as s:
        s.wait_for("^addesh>$")
        s.type("var ALPHA=1 BETA=2")
        s.keys("Enter")
        s.wait_for("BETA=2\naddesh>$")
        s.type("va")
        s.wait_for("BETA=2\naddesh> var ALPHA=1 BETA=2$")
        same(s.cursor()[1], len("addesh> va"))
        s.keys("M-f")
        s.wait_for(r"BETA=2\naddesh> var \[NAME=VALUE\]...$")
        s.keys("C-u")
        s.type("v")
        s.wait_for("BETA=2\naddesh> var ALPHA=1 BETA=2$")
        s.keys("Right")
        s.type("7")
        s.keys("Enter")
        s.wait_for("BETA=27\naddesh>$")
        s.type("va")
        s.wait_for("BETA=27\naddesh> var ALPHA=1 BETA=27$")
        s.keys("End", "BSpace", "8", "Enter")
        s.type("var")
        s.keys("Enter")
        s.wait_for("^ALPHA +1\nBETA +28$")


@test
def a_screen_reader_hears_no_hints():
    with Home({"ACCESSIBLE": "1"}) as home, \
            Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.line("source ")
        t.expect("FILE is missing")
        t.expect("^addesh \\[2\\]> ")
        t.line("quit")
        same(t.wait(), 0)
        assert b"\x1b[90m" not in t.seen


@test
def settings_make_the_prompt_the_start_and_the_bell():
    with Home() as home:
        configure(home, """
shell:
  prompt: "[%n]{ %e}{ status %s} $ "
  init: ["var A=1", "nope", "var B=2"]
  long_running: 1ms
history: {size: 3, redact: remove}
""")
        with Terminal(home.argv(), home.env, home.work) as t:
            t.expect("^addesh: shell.init:1: there is no command 'nope'$")
            t.expect(r"^\[0\] \$ ")
            t.line("var")
            t.expect("^A +1\nB +2$")
            t.expect(r"^\[0\] \$ ")
            t.line("nope")
            t.expect(r"^\[0\] status 2 \$ ")
            seen = len(t.seen)
            home.write("slow", "var C=3\n" * 20000)
            t.line("source slow")
            t.expect(r"^\[0\] \$ ")
            assert b"\a" in t.seen[seen:]
            t.line("var MY_TOKEN=1")
            t.expect(r"^\[0\] \$ ")
            for n in range(9):
                t.line("var N=%d" % n)
                t.expect(r"^\[0\] \$ ")
            t.line("quit")
            same(t.wait(), 0)
        texts = [e["text"] for e in history(home)]
        assert "var MY_TOKEN=1" not in texts, texts
        same(len(texts), 13)
        with Terminal(home.argv(), home.env, home.work) as t:
            t.expect(r"^\[0\] \$ ")
            same([e["text"] for e in history(home)],
                 ["var N=7", "var N=8", "quit"])
            t.line("quit")
            same(t.wait(), 0)


@test
def a_wrong_file_is_told_and_the_prompt_comes():
    with Home() as home:
        configure(home, "shell: {promt: x}\n")
        with Terminal(home.argv(), home.env, home.work) as t:
            t.expect("addesh.yaml:1:9: ")
            t.expect("^addesh> ")
            t.line("help quit")
            t.expect("^usage: quit")
            t.line("quit")
            same(t.wait(), 0)


@test("%s at the prompt ends it", ["TERM", "HUP"])
def _(name):
    import signal
    number = getattr(signal, "SIG" + name)
    with Home() as home, Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh> ")
        t.process.send_signal(number)
        same(t.wait(), 128 + number)


@test("the engine in the prompt is short: %s", [
    ("unix:///a/very/long/path/to/docker.sock", "docker.sock"),
    ("tcp://builder.example:2376", "builder.example:2376"),
    ("restricted", "restricted")])
def _(engine, shown):
    with Home(options=["--engine", engine]) as home, \
            Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh @%s> " % shown)
        t.line("quit")
        same(t.wait(), 0)


@test("a terminal that goes away ends it, %s", [
    "at the prompt", "in a heredoc", "in a run"])
def _(where):
    options = engines.sandbox("restricted")
    with Home(options=options) as home, \
            Terminal(home.argv(), home.env, home.work) as t:
        t.expect("^addesh @restricted> ")
        if where != "at the prompt":
            t.line("env new")
            t.expect("^addesh e1 @restricted> ")
            t.line("run x.py <<E")
            t.expect("^E> ")
        if where == "in a run":
            t.line("print('begun', flush=True); import time; time.sleep(99)")
            t.line("E")
            t.expect("^begun")
        os.close(t.fd)
        t.fd = -1
        t.process.wait(patient(60))
        same([f for f in home.files() if f != "state/addesh/history"], [],
             "what is left behind")


main()
