# SPDX-License-Identifier: MIT
"""The language as scripts, -c and pipes have it: status and stderr, exactly."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from addesh import Home                         # noqa: E402
from tap import main, same, test                # noqa: E402

STOPPED = "addesh: %s:%d: status %d ends it here (-k goes on)\n"


def check(done, status, out=None, err=""):
    same(done.err, err, "stderr")
    if out is not None:
        same(done.out, out, "stdout")
    done.is_status(status)


def vars_of(**values):
    """What `var` prints with --plain."""
    return "".join("%s\t%s\n" % item for item in sorted(values.items()))


@test
def a_script_stops_at_the_first_failure_and_names_the_line():
    with Home() as home:
        done = home.script("var A=1\n\nvar 2=x\nvar B=2\n")
        path = home.work + "/script.addesh"
        check(done, 2, "", "addesh: %s:3: var: '2=x' is not NAME=VALUE\n"
              "  show them all:  var      a setting:  set NAME VALUE\n"
              % path + STOPPED % (path, 3, 2))


@test
def keep_going_goes_on_and_keeps_the_first_status():
    with Home() as home:
        check(home.script("quit 999\nvar A=1\nnope\nvar\n", "-k", "--plain"),
              2, "A\t1\n",
              "addesh: {0}:1: quit: STATUS is a number from 0 to 255, not "
              "'999'\naddesh: {0}:3: there is no command 'nope'\n"
              "  help lists the commands\n".format(
                  home.work + "/script.addesh"))


@test
def a_text_of_one_line_needs_no_position():
    with Home() as home:
        check(home.addesh("-c", "nope"), 2, "",
              "addesh: there is no command 'nope'\n"
              "  help lists the commands\n")
        check(home.addesh("-c", "var A=1\nvar B=$C"), 2, "",
              "addesh: -c:2: $C is not defined\n"
              "  define it:  var C=VALUE      or quote it:  '$C'\n"
              + STOPPED % ("-c", 2, 2))


@test
def several_c_are_one_session_and_stop_together():
    with Home() as home:
        check(home.addesh("--plain", "-c", "var A=1", "-c", "var B=${A}2",
                          "-c", "var"), 0, vars_of(A="1", B="12"))
        check(home.addesh("-c", "quit 999", "-c", "var A=1; var"), 2, "",
              "addesh: quit: STATUS is a number from 0 to 255, not '999'\n")


@test
def standard_input_is_a_script():
    with Home() as home:
        check(home.addesh("--plain", stdin="var A=1 # comment\nvar"), 0,
              "A\t1\n")
        check(home.addesh(stdin="\nnope\n"), 2, "",
              "addesh: stdin:2: there is no command 'nope'\n"
              "  help lists the commands\n" + STOPPED % ("stdin", 2, 2))


@test
def and_or_and_then():
    with Home() as home:
        check(home.addesh("--plain", "-c",
                          "var A=1 && var B=2 || var C=3; var D=4; var"), 0,
              vars_of(A="1", B="2", D="4"))
        done = home.addesh("--plain", "-c",
                           "nope || var B=$? && var C=3; var")
        same(done.out, vars_of(B="2", C="3"))
        done.is_ok()
        done = home.addesh("-c", "nope && var B=1; var C=3; var")
        same(done.out, "")
        done.is_status(2)


@test
def an_expansion_is_one_word():
    with Home() as home:
        check(home.addesh("--plain", "-c",
                          "var 'A=a  b; nope' && var B=$A C=\"[$A]\"; var"),
              0, vars_of(A="a  b; nope", B="a  b; nope", C="[a  b; nope]"))


@test
def read_only_variables_cannot_be_set():
    with Home() as home:
        for name in ("env", "last", "n", "workspace"):
            check(home.addesh("-c", "var %s=1" % name), 2, "",
                  "addesh: var: $%s cannot be set: it shows the state of the "
                  "session\n" % name)


@test
def mistakes_of_syntax_are_named_where_they_begin():
    with Home() as home:
        path = home.work + "/script.addesh"
        for text, line, message in (
                ("help\nvar 'a\nb\n", 2, "the quote ' is not closed"),
                ("var A=1 &\n", 1,
                 "& is not known: commands run one after the other"),
                ("\nrun x <<EOF\nEO\n", 2,
                 "the heredoc is not ended: no line is EOF"),
                ("var A=1 ||\n", 1, "no command after ||")):
            done = home.script(text)
            same(done.err, "addesh: %s:%d: %s\n" % (path, line, message)
                 + STOPPED % (path, line, 2))
            done.is_status(2)


@test
def the_result_goes_to_a_file():
    with Home() as home:
        check(home.addesh("--plain", "-c", "var A=1; var > 'o ut'; "
                          "var B=2; var >> 'o ut'"), 0, "")
        with open(home.work + "/o ut") as f:
            same(f.read(), "A\t1\nA\t1\nB\t2\n")
        check(home.addesh("-c", "help > no/such"), 125, "",
              "addesh: no/such: No such file or directory\n")
        check(home.addesh("-c", "help > /dev/full"), 125, "",
              "addesh: help: writing /dev/full: No space left on device\n")


@test
def the_hosts_shell_needs_a_person_or_an_option():
    with Home() as home:
        check(home.addesh("-c", "help | cat"), 125, "",
              "addesh: | runs a command of this host, which only a person at "
              "a terminal may\n  --allow-host allows it here\n")
        check(home.addesh("--plain", "--allow-host", "-c",
                          "var A=1; var | tr 1 2 | cat\nvar"), 0,
              "A\t2\nA\t1\n")
        check(home.addesh("--allow-host", "-c", "var | exit 7"), 7)


@test
def source_executes_a_file():
    with Home() as home:
        home.write("inner", "var A=$X\nnope\nvar B=1\n")
        check(home.addesh("--plain", "-c",
                          "var X=5; source inner || var C=$?; var"), 0,
              vars_of(A="5", C="2", X="5"),
              "addesh: inner:2: there is no command 'nope'\n"
              "  help lists the commands\n" + STOPPED % ("inner", 2, 2))
        check(home.addesh("-c", "source missing"), 125, "",
              "addesh: source: missing: No such file or directory\n")
        home.write("loop", "source loop\n")
        done = home.addesh("-c", "source loop")
        assert "loop: files are nested more than 16 deep" in done.err
        done.is_status(2)


@test
def a_redirect_of_source_is_that_of_its_commands():
    with Home() as home:
        home.write("inner", "var A=1\nvar\nvar\n")
        check(home.addesh("--plain", "-c",
                          "source inner > out; quiet source inner; var"), 0,
              "A\t1\n")
        with open(home.work + "/out") as f:
            same(f.read(), "A\t1\nA\t1\n")


@test
def quiet_hides_no_error_object():
    with Home() as home:
        done = home.addesh("--json", "-k", "-c", "quiet nope", "-c",
                           "quiet var 2=x")
        same([json.loads(line)["error"]["message"]
              for line in done.is_status(2).out.splitlines()],
             ["there is no command 'nope'", "'2=x' is not NAME=VALUE"])


@test
def quiet_and_time():
    with Home() as home:
        check(home.addesh("-c", "quiet help"), 0, "")
        done = home.addesh("-c", "quiet time var A=1")
        same(done.out, "")
        assert done.err.startswith("time 0.0"), done.err


@test
def quit_ends_everything_with_its_status():
    with Home() as home:
        check(home.addesh("-c", "quit 7; help", "-c", "help"), 7, "")
        check(home.script("quit 9\nhelp\n"), 9, "")
        check(home.script("nope\nquit\n", "-k"), 2, "",
              "addesh: %s:1: there is no command 'nope'\n"
              "  help lists the commands\n" % (home.work + "/script.addesh"))
        check(home.addesh("-c", "exit 3"), 3, "")
        home.write("inner", "quit 4\n")
        check(home.addesh("-c", "source inner; help"), 4, "")


@test
def unique_prefixes_are_for_people():
    with Home() as home:
        check(home.addesh("-c", "hel"), 2, "",
              "addesh: there is no command 'hel'\n  near: help\n")


@test
def a_heredoc_is_only_for_commands_that_take_one():
    with Home() as home:
        check(home.addesh("-c", "help <<X\na\nX\n"), 2, "",
              "addesh: help: takes no heredoc\n")


@test
def long_lines_and_many_lines():
    with Home() as home:
        word = "x" * (1 << 20)
        done = home.addesh("--plain",
                           stdin="var A=%s\n" % word
                           + "var B=1; \\\n" * 20000 + "var\n")
        same(done.out == vars_of(A=word, B="1"), True, "the variables")
        done.is_ok()


@test
def bytes_that_are_no_text():
    with Home() as home:
        done = home.addesh("--plain", stdin=b"var A=\xff\xfe\nvar\n")
        same(done.out_bytes, b"A\t\xff\xfe\n")
        check(home.addesh(stdin=b"var A=\0\n"), 2, "",
              "addesh: stdin:1: a NUL byte\n" + STOPPED % ("stdin", 1, 2))
        done = home.addesh("--plain",
                           stdin=b"var A=1\r\nvar \\\r\n B=2\r\nvar\r\n")
        check(done, 0, vars_of(A="1", B="2"))


def configure(home, text):
    with open(home.dir("config/addesh") + "/addesh.yaml", "w") as f:
        f.write(text)


@test
def aliases_stand_for_first_words():
    with Home() as home:
        configure(home, """
shell:
  trace: true
  aliases: {v: "var 'A=x y'", help: "quit 9", bad: "a; b", open: "var 'x"}
""")
        check(home.addesh("--plain", "-c", "v B=2; var"), 0,
              vars_of(A="x y", B="2"), "+ var A=x\\ y B=2\n+ var\n")
        done = home.addesh("-c", "help quit")
        assert done.out.startswith("usage: quit"), done.out
        check(home.addesh("-c", "bad"), 125, "",
              "addesh: alias bad: it is not one command\n")
        check(home.addesh("-c", "open"), 2, "",
              "addesh: alias open: the quote ' is not closed\n")


@test
def settings_choose_the_form_and_the_limits():
    with Home() as home:
        configure(home, "output: {format: json}\n"
                        "shell: {max_heredoc: 1k}\n")
        same(home.addesh("-c", "var A=1").out,
             '{"v":1,"step":null,"cmd":"var","ok":true,"status":0,'
             '"result":null,"env":null}\n')
        check(home.addesh("--plain", "-c", "var A=1; var"), 0, "A\t1\n")
        done = home.addesh("--plain", stdin="help <<X\n%s\nX\n"
                           % ("y" * 200000))
        same(done.err, "addesh: stdin:1: the heredoc is larger than 1024 "
             "bytes (max_heredoc)\n" + STOPPED % ("stdin", 1, 2))
        done = home.addesh("--plain", "-c", "var A=1; var; set output text; "
                           "var > f", "-c", "var")
        same(done.out, "A\t1\nNAME  VALUE\nA     1\n")


@test
def the_policy_says_what_may_be_done_to_the_host():
    with Home() as home:
        configure(home, "host: {pipe: never, write: [./out]}\n")
        done = home.addesh("-c", "var | cat").is_status(125)
        same(done.err, "addesh: | runs a command of this host, which "
             "%s forbids (host.pipe)\n"
             % (home.path + "/config/addesh/addesh.yaml:1"))
        os.mkdir(home.work + "/out")
        check(home.addesh("-c", "var > out/f"), 0, "")
        done = home.addesh("-c", "var > f").is_status(125)
        assert "f is not allowed" in done.err or "host.write" in done.err, \
            done.err
        assert not os.path.exists(home.work + "/f")


main()
