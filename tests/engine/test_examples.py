# SPDX-License-Identifier: MIT
"""The session files that come with addesh: each replays from its recording
without anything, and live on each sandbox."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines                                      # noqa: E402
from addesh import Home, source                     # noqa: E402
from sandboxes import SandboxHome                   # noqa: E402
from tap import main, same, test                    # noqa: E402

PLACE = os.path.join(source(), "share", "addesh", "sessions")
FILES = sorted(name for name in os.listdir(PLACE)
               if name.endswith((".md", ".addesh")))


@test
def each_file_is_installed_with_its_recording():
    with open(os.path.join(source(), "Makefile.am")) as f:
        text = f.read()
    assert len(FILES) > 5, FILES
    for name in os.listdir(PLACE):
        assert "share/addesh/sessions/%s" % name in text, name
    for name in FILES:
        assert os.path.exists(os.path.join(
            PLACE, os.path.splitext(name)[0] + ".rec.jsonl")), name


@test("offline: %s", FILES)
def _(name):
    with Home() as home:
        home.addesh("replay", "--offline", os.path.join(PLACE, name),
                    env={"PATH": "/nonexistent"}).is_ok()


@test("%s", engines.SANDBOXES, beside=True)
def _(kind):
    with SandboxHome(kind) as home:
        done = home.addesh("replay", *(os.path.join(PLACE, name)
                                       for name in FILES), timeout=300)
        same([line for line in done.is_ok().out.splitlines()
              if " # SKIP" in line], [])


main()
