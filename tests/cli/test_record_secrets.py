# SPDX-License-Identifier: MIT
"""What is recorded has no secrets in it, and is replayed all the same."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402

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
    files.update((form, exported(home, form)) for form in ("cast", "md", "txt"))
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
def a_file_may_expect_what_looks_like_one():
    with SandboxHome("restricted") as home:
        with open(os.path.join(home.work, "a.md"), "w") as f:
            f.write("```addesh\n$ env new\n! ...\n$ run a.py <<< "
                    "'print(\"A_TOKEN=abcdefgh\")'\nA_TOKEN=abcdefgh\n```\n")
        home.addesh("replay", "a.md", cwd=home.work).is_ok()


main()
