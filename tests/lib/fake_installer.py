# SPDX-License-Identifier: MIT
"""A language of busybox whose packages need no index, for tests of `dep`, and
whose tests write reports that lie there, a.junit and a.lcov.

	with SandboxHome(kind) as home:
	    fake_installer.give(home)

Every word that is installed becomes a line WORD=1 of /opt/fake/list, but
"broken" says REASON and fails, "slow" says BEGUN and is never done, "hungry"
takes memory without end, and "index" becomes index=$FAKE_INDEX.
"""

import json
import os

REASON = "error: command 'gcc' failed: No such file or directory"
BEGUN = "this will take a while"

INSTALL = """\
mkdir -p /opt/fake
for p; do
    case $p in
    broken) echo "%s" >&2; exit 3;;
    slow) echo "%s" >&2; sleep 100000;;
    hungry) x=x; while :; do x=$x$x; done;;
    index) echo "index=$FAKE_INDEX";;
    *) echo "$p=1";;
    esac >>/opt/fake/list.new || exit
done
cat /opt/fake/list.new >>/opt/fake/list
""" % (REASON, BEGUN)

LANGUAGES = {"fake": {
    "recipes": [["sh", "{file}"]],
    "extensions": [".fake"],
    "images": ["busybox"],
    "dependencies": {
        "dir": "/opt/addesh/fake",
        "env": {"FAKE_ENV": "a b"},
        "variables": ["FAKE_INDEX"],
        "packages": ["sh", "-c", INSTALL, "sh", "{packages}"],
        "files": {"*.fakes": ["sh", "-c",
                              'mkdir -p /opt/fake && cat "$1" '
                              ">>/opt/fake/list", "sh", "{file}"],
                  "lock.fakes": []},
        "beside": ["fake_modules", "none"],
        "set": {"FAKE_SET": "$PATH:/opt/fake"},
        "list": ["cat", "/opt/fake/list"],
        "installed": "^([^=]+)=(.*)$",
    },
    "tests": [{
        "name": "fake test",
        "found_by": [{"files": ["/a.junit"]}],
        "command": ["sh", "-c", 'cat a.junit >"$1"; cat a.lcov >"$2"; exit 1',
                    "sh", "{report}", "{coverage}"],
        "report_format": "junit",
        "coverage": {"format": "lcov"}}],
    "builds": [{
        "name": "fake build",
        "found_by": [{"files": ["/a.junit"]}],
        "command": ["sh", "-c", "printf '\\377'; printf '\\377' >&2; "
                    "echo x >`printf 'odd\\377'`; echo x >made"],
        "artifacts": ["/made", "/odd*"]}],
}}


def give(home):
    """Writes it as the user's languages.yaml."""
    path = os.path.join(home.env["XDG_CONFIG_HOME"], "addesh")
    os.makedirs(path, 0o700, exist_ok=True)
    with open(os.path.join(path, "languages.yaml"), "w") as f:
        json.dump(LANGUAGES, f)    # JSON is YAML
