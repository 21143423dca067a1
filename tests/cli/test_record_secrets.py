# SPDX-License-Identifier: MIT
"""What is recorded and kept has no secrets in it, and a recording is replayed
all the same."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from fake_engine import FakeEngine, error           # noqa: E402
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402
from terminal import Terminal                       # noqa: E402

GIVEN, TYPED, ELSEWHERE = "given-tea-at-five", "typed-tea-at-six", \
    "plain-tea-at-seven"
SECRETS = (GIVEN, TYPED, ELSEWHERE)

# by name and alone, in base64 and in a file's name
SESSION = """env new -e SHOP_API_KEY -e SHOP_TOKEN=%s
run a.py <<'EOF'
import base64, os, sys
key, token = os.environ["SHOP_API_KEY"], os.environ["SHOP_TOKEN"]
print(key, token)
print("x" + token, file=sys.stderr)
print(base64.b64encode(("user:" + token).encode()).decode())
print("DB_PASSWORD=%s")
print("It's TOKEN=" + key)
print("nothing secret")
open("/workspace/" + token, "w")
EOF
ls
record stop
""" % (TYPED, ELSEWHERE)


def forms(secret):
    """The secret, and what base64 of a text that holds it has in it."""
    found = {secret}
    for before in range(3):
        text = base64.b64encode(b"x" * before + secret.encode()).decode()
        found.add(text[(before * 8 + 5) // 6:-4])
    return found


def exported(home, form):
    """What export makes of it; of a cast what a terminal is sent, as what is
    typed comes key by key."""
    text = home.addesh("export", "r.md", "--format", form,
                       cwd=home.work).is_ok().out
    if form != "cast":
        return text
    return "".join(json.loads(line)[2] for line in text.splitlines()[1:])


def kept(home):
    files = {name: open(os.path.join(home.work, name)).read()
             for name in ("r.md", "r.rec.jsonl")}
    files.update((form, exported(home, form))
                 for form in ("cast", "html", "md", "txt"))
    return files


@test
def no_secret_is_recorded():
    with SandboxHome("restricted") as home:
        env = {"SHOP_API_KEY": GIVEN}
        home.addesh("-k", "record", "r.md", cwd=home.work,
                    stdin=SESSION.encode(), env=env).is_ok()
        files = kept(home)
        for name, text in files.items():
            for secret in SECRETS:
                for form in forms(secret):
                    assert form not in text, (name, form, text)
            assert "nothing secret" in text, text
            assert "***" in text, text
        done = home.addesh("replay", "--offline", "r.md", cwd=home.work)
        same((done.status, done.out.count("\nok ")), (0, 3), done)


@test
def without_its_secrets_a_recording_is_replayed():
    """The file does not have them, so *** is what its programs are given."""
    with SandboxHome("restricted") as home:
        text = SESSION
        for old, new in (("-e SHOP_API_KEY ", "-e SHOP_API_KEY=%s " % GIVEN),
                         ("print(base64", "# (base64"), ("\nls\n", "\n")):
            assert old in text, old
            text = text.replace(old, new)
        home.addesh("-k", "record", "r.md", cwd=home.work,
                    stdin=text.encode()).is_ok()
        done = home.addesh("replay", "r.md", cwd=home.work)
        same((done.status, done.out.count("\nok ")), (0, 2), done)


@test
def what_is_updated_has_none():
    text = ("```addesh\n$ env new\n! ...\n$ run -e SHOP_TOKEN=%s a.py <<EOF\n"
            "> import os, sys\n> print('it is', os.environ['SHOP_TOKEN'])\n"
            "> print(os.environ['SHOP_TOKEN'], file=sys.stderr)\n> EOF\n"
            "%s```\n")
    with SandboxHome("restricted") as home:
        name = home.write("a.md", text % (TYPED, "was something\n! other\n"))
        home.addesh("replay", "--update=all", "a.md", cwd=home.work).is_ok()
        same(open(name).read(), text % (TYPED, "it is ***\n! ***\n"))
        home.addesh("replay", "a.md", cwd=home.work).is_ok()


@test
def what_is_reported_has_none():
    text = ("```addesh\n$ env new\n! ...\n$ run -e SHOP_TOKEN=%s a.py <<EOF\n"
            "> import os\n> print('it is', os.environ['SHOP_TOKEN'])\n"
            "> EOF\nwas something\n```\n" % TYPED)
    with SandboxHome("restricted") as home:
        home.write("a.md", text)
        for options in (), ("--json",):
            done = home.addesh(*options, "replay", "--junit", "a.xml", "a.md",
                               cwd=home.work)
            done.is_status(1)
            report = open(home.work + "/a.xml").read()
            for said in done.out + done.err, report:
                assert "it is ***" in said and TYPED not in said, said


@test
def a_file_may_expect_what_looks_like_one():
    with SandboxHome("restricted") as home:
        with open(os.path.join(home.work, "a.md"), "w") as f:
            f.write("```addesh\n$ env new\n! ...\n$ run a.py <<< "
                    "'print(\"A_TOKEN=abcdefgh\")'\nA_TOKEN=abcdefgh\n```\n")
        home.addesh("replay", "a.md", cwd=home.work).is_ok()

# by name, alone, in two parts, without an end, in base64, in names of files,
# in what is said of an error
NAMED = """env new
run -e SHOP_API_KEY -e SHOP_TOKEN=%s a.py <<'EOF'
import base64, os, sys, time
key, token = os.environ["SHOP_API_KEY"], os.environ["SHOP_TOKEN"]
def show(text, out=sys.stdout):
    out.write(text)
    out.flush()
    time.sleep(.02)
DB_PASSWORD="%s"
show("x" + token[:5])
show(token[5:] + "\\n")
show(key + "\\nMY_TO")
show("KEN=" + DB_PASSWORD + "\\n")
show(base64.b64encode(("user:" + token).encode()).decode())
open("/workspace/" + token, "w").write(key + "\\nnothing secret\\n")
show(key)
EOF
ls
cat %s
get nothing-%s
exec %s
run -e SHOP_TOKEN=%s b.py <<< 'import os; raise SystemExit(os.environ["SHOP_TOKEN"])'
rerun @3
diff @2 @7
save -f s.md
""" % (TYPED, ELSEWHERE, TYPED, TYPED, TYPED, TYPED)


def all_files(*tops):
    found = {}
    for top in tops:
        for where, _, names in os.walk(top):
            for name in names:
                path = os.path.join(where, name)
                found[path] = name.encode()
                if os.path.isfile(path):
                    found[path] += open(path, "rb").read()
    return found


def is_nowhere(files):
    for path, data in files.items():
        for secret in SECRETS:
            for form in forms(secret):
                assert form.encode() not in data, (path, form, data)


@test
def no_secret_is_kept_of_a_session():
    with SandboxHome("restricted") as home:
        env = {"SHOP_API_KEY": GIVEN}
        done = home.addesh("-k", "-s", "shop", stdin=NAMED.encode(), env=env,
                           cwd=home.work)
        assert "x" + TYPED in done.out, done
        with FakeEngine() as engine:
            engine.on("GET", "/images/.*/json",
                      error(500, "registry said: %s, auth %s" % (
                          GIVEN, base64.b64encode(b"u:" + GIVEN.encode())
                          .decode())))
            failed = home.addesh("-k", "-s", "shop", "--engine", engine.url,
                                 "-c", "set sandbox docker",
                                 "-c", "env new busybox", env=env)
            assert GIVEN in failed.err, failed
        t = Terminal(home.argv("-s", "shop"), {**home.env, **env}, home.work)
        t.expect("> ")
        t.line("run -e SHOP_TOKEN=%s c.py <<< 'print(\"%s\")'"
               % (TYPED, TYPED))
        t.expect("^%s$" % TYPED)
        t.line("logs")
        t.expect("^\\*\\*\\*$")
        t.line("quit")
        same(t.wait(), 0)
        files = all_files(*(home.env[name] for name in home.env if
                            name.startswith("XDG_")), home.work)
        logs = [p for p in files if p.endswith(".log")]
        assert len(logs) >= 4, files.keys()
        assert any("history" in p for p in files), files.keys()
        assert b"nothing secret" in b"".join(files.values())
        is_nowhere(files)


main()
