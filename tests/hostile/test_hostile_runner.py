# SPDX-License-Identifier: MIT
"""addesh against an environment whose PID 1 was replaced and says anything.

Its memory stays bounded, nothing is written outside of the place named, what
it was asked for ends with a clear error, and so does addesh.  Most take the
time for which a runner may be silent, hence side by side.
"""

import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LIB = os.path.join(HERE, "..", "lib")
sys.path.insert(0, LIB)
from addesh import check_end  # noqa: E402
from sandboxes import SandboxHome  # noqa: E402
from tap import main, same, skip_where_slow, test  # noqa: E402

# What addesh may have in memory, whatever is said to it.
MEMORY_KB = (1200 if os.environ.get("ADDESH_TEST_SANITIZERS") else 300) << 10
GIVEN_UP = "its runner gave no answer in time"


def text(*path):
    with open(os.path.join(*path)) as f:
        return f.read()


class Hostile(SandboxHome):
    """A home whose environments have such a runner."""

    def __init__(self, act):
        super().__init__("restricted-user")
        path = self.write("runner", "\n".join([
            "#!/usr/bin/python3 -IS", "import sys, types",
            "sys.modules['tap'] = types.SimpleNamespace("
            "patient=lambda seconds: seconds)",
            text(LIB, "runner_client.py"), "ACT = %r" % act,
            text(HERE, "programs", "runner.py")]))
        os.chmod(path, 0o755)
        os.chmod(self.path, 0o755)
        os.chmod(self.work, 0o777)
        self.env["ADDESH_RUNNER"] = path

    def say(self, *commands, json_form=True):
        """The objects that these commands gave, and what stderr said."""
        args = ["--json"] if json_form else []
        for command in ("env new",) + commands:
            args += ["-c", command]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            p = self.spawn(*args, "-k", stdout=out, stderr=err)
            try:
                _, status, usage = os.wait4(p.pid, 0)
            except BaseException:
                p.kill()
                p.wait()
                raise
            p.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            out, err = out.read(), err.read()
        check_end(p.returncode, err)
        assert usage.ru_maxrss <= MEMORY_KB, "%d KB" % usage.ru_maxrss
        if not json_form:
            return out, err
        return [json.loads(line) for line in out.splitlines()], err


def only(act, *commands, **kw):
    """The object of the last of these commands."""
    with Hostile(act) as home:
        got, err = home.say(*commands, **kw)
        same(len(got), 1 + len(commands), "answers: %r %r" % (got, err))
        if not got[0]["ok"]:
            raise AssertionError(got)
        got = got[-1]
    return got


@test
def words_at_the_opening():
    got = only("many_words", "exec true")
    same(got["result"]["exit_code"], 0)
    applied = got["result"]["limits"]["applied"]
    assert len(applied) <= 256, len(applied)
    assert "no value" not in applied
    with Hostile("many_words") as home:
        out, err = home.say("env info", "limits", json_form=False)
    assert len(out) + len(err) < 4 << 20, (len(out), len(err))


@test
def no_welcome_but_noise_without_end():
    with Hostile("no_welcome") as home:
        got, err = home.say()
    same(got[0]["ok"], False)
    same(got[0]["error"]["kind"], "sandbox")


@test
def a_version_without_end():
    with Hostile("version_flood") as home:
        got, err = home.say()
    same(got[0]["ok"], False)


@test
def a_second_welcome():
    got = only("again", "exec true")
    same(got["result"]["stdout"], "good")
    same(got["result"]["limits"]["applied"]["network"], "none")


@test
def numbers_that_cannot_be():
    result = only("run_numbers", "exec true")["result"]
    for name, value in result.items():
        if isinstance(value, int) and not isinstance(value, bool):
            assert 0 <= value < 1 << 62, (name, value)


@test
def what_comes_after_the_verdict():
    got = only("run_twice", "exec true", "exec true")
    same((got["result"]["exit_code"], got["result"]["stdout"]), (0, "good"))


@test
def events_without_end():
    got = only("run_events", "exec true")
    assert len(json.dumps(got)) < 8 << 20, len(json.dumps(got))


@test
def output_that_does_not_stop_at_the_deadline():
    got = only("run_flood", "exec -t 1s true")["result"]
    same((got["environment_lost"], got["timed_out"], got["exit_code"]),
         (True, True, 125))
    assert GIVEN_UP in got["message"], got["message"]


@test
def credit_for_what_was_never_sent():
    got = only("run_credit", "exec -t 5 --stdin /dev/zero cat")
    same(got["result"]["environment_lost"], True)
    with Hostile("put_credit") as home:
        big = home.write("big", b"")
        os.truncate(big, 1 << 30)
        got, _ = home.say("put %s" % big)
    same(got[1]["ok"], False)


@test
def failures_of_any_length():
    error = only("run_fail", "exec true")["error"]
    assert len(error["message"]) < 10000, len(error["message"])
    same(only("run_nothing", "exec true")["error"]["message"],
         "its runner gives no reason")


@test("entries without end: %s", [("ls", GIVEN_UP),
                                  ("get x", "Argument list too long")])
def _(command, error):
    got = only("get_entries", command)
    same(got["ok"], False)
    assert error in got["error"]["message"], got


@test
def a_file_without_end():
    with Hostile("get_long") as home:
        got, _ = home.say("get --max-size 1m x")
        same(got[1]["ok"], False)
        assert "File too large" in got[1]["error"]["message"], got[1]
        same(sorted(os.listdir(home.work)), ["runner"])
        got, _ = home.say("cat --max-size 1m x")
        assert "File too large" in got[1]["error"]["message"], got[1]


@test
def nothing_outside():
    with Hostile("get_outside") as home:
        os.mkdir(home.work + "/in", 0o777)
        os.chmod(home.work + "/in", 0o777)
        got, _ = home.say("get x in/y")
        same(got[1]["ok"], False)
        same(sorted(os.listdir(home.work)), ["in", "runner"])
        same(sorted(os.listdir(home.work + "/in/y")), ["up"])


@test(beside=False)
def names_of_any_length():
    skip_where_slow()    # ls would give it up before
    got = only("get_names", "ls")
    same(got["ok"], True)
    same(got["result"]["truncated"], True)


main(beside=True)
