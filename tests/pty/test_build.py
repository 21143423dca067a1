# SPDX-License-Identifier: MIT
"""build on a terminal: the step that runs with its last lines, one line for
each that ended, the whole log of one that failed.  Most of the time steps
sleep so that it can be seen, hence side by side."""

import json
import os
import re
import sys
import time
from contextlib import contextmanager

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home
from fake_engine import Chunked, FakeEngine, Http, Reply
from tap import main, same, test
from terminal import Screen

# It goes on when the test says so, by the file that the last image holds.
SLOW = """FROM busybox:healthcheck
ENV TEST_OF=%s
RUN for i in 1 2 3 4 5 6; do echo "line $i"; done; printf '\\033[2Jx\\n'; \
    sleep 8
RUN echo "why it fails"; exit 7
USER 1
"""


@contextmanager
def building(h, words="", **env):
    """The screen once `build ./app` was typed."""
    s = Screen(h.argv("--no-history"), {**h.env, **env}, cwd=h.work)
    try:
        s.wait_for("^addesh.*>$")
        s.type("build ./app" + words)
        s.keys("Enter")
        yield s
    finally:
        s.close()


@test("%s: a build that fails", engines.KINDS)
def _(kind):
    with Home(options=engines.sandbox(kind)) as h:
        h.write("app/Dockerfile", SLOW % h.path)
        with building(h, " --no-cache") as s:
            # the last four lines under the step, dim; nothing of the program's
            # own clears the screen
            s.wait_for(r"^\[3/5\] RUN for i in .*\nline 4\nline 5\nline 6\n"
                       r".*x$")
            colours = "\n".join(s.capture(colours=True))
            assert "\033[2mline 4" in colours, colours
            s.wait_for("failed with exit 7.*^addesh")
            lines = [l for l in s.capture() if l][1:]
            text = "\n".join(lines)
            same(lines[1].split("  ")[0], "[1/5] FROM busybox:healthcheck", text)
            assert re.match(r"\[3/5\] RUN for i .*  \d", lines[3]), text
            assert re.match(r"\[4/5\] RUN .*  failed after \d", lines[4]), text
            same(lines[5], "why it fails", text)
            assert lines[6].startswith(
                "step 4/5 failed with exit 7: Dockerfile:4: RUN echo"), text


WIDE = """FROM busybox:latest
RUN for i in 1 2 3 4; do echo "line $i is as long as a terminal that is wide \
has room for it"; done; sleep 1000003
"""


# Its step and its lines are the last ones, and nothing of them is elsewhere.
DRAWN = (r"\A(?!.*\[2/2\].*\[2/2\])(?!.*line 1.*line 1)(?!.*line 4.*line 4)"
         r".*^\[2/2\] [^\n]*\nline 1[^\n]*\nline 2[^\n]*\nline 3[^\n]*"
         r"\nline 4[^\n]*\Z")


def seconds(screen, more):
    """Waits until the step's line was drawn that many seconds later."""
    shown = r"^\[2/2\] RUN .* (?:(\d+)m)?(\d+)s$"

    def now():
        match = screen.wait_for(shown)
        return 60 * int(match[1] or 0) + int(match[2])
    end = now() + more
    while now() < end:
        time.sleep(0.2)


@test("%s: the terminal gets another size", engines.KINDS)
def _(kind):
    with Home(options=engines.sandbox(kind)) as h:
        h.write("app/Dockerfile", WIDE)
        with building(h) as s:
            s.wait_for(r"^\[2/2\] RUN for i.*\nline 1.*\nline 4[^\n]*$")
            for rows, columns in ((24, 40), (24, 100), (12, 50), (24, 44),
                                  (24, 80)):
                s.resize(rows, columns)
                seconds(s, 2)
                # as a whole: it may be seen while it is drawn
                s.wait_for(DRAWN, limit=10)
            s.keys("C-c")
            s.wait_for(r"interrupted\naddesh .*\[130\]>")
            text = "\n".join(s.capture())
            same((text.count("\nline "), text.count("[2/2]")), (0, 1), text)


@test("%s, BuildKit %s: Ctrl-C", [("docker", "0"), ("docker", "1"),
                                  ("podman", "0")])
def _(kind, buildkit):
    with Home(options=engines.sandbox(kind)) as h:
        h.write("app/Dockerfile",
                "FROM busybox:latest\nRUN echo began; sleep 1000002\n")
        with building(h, DOCKER_BUILDKIT=buildkit) as s:
            s.wait_for(r"^\[2/2\] RUN echo began; sleep 1000002.*\nbegan$")
            s.keys("C-c")
            s.wait_for(r"interrupted\naddesh .*\[130\]>")
            # what was drawn is gone, and nothing was put behind it
            text = "\n".join(s.capture())
            assert not re.search("^began", text, re.M), text


SAID = b"".join(json.dumps({"stream": text}).encode() + b"\n" for text in (
    "Step 1/2 : FROM scratch\n", " ---> \n", "Step 2/2 : ENV A=1\n"))


@test
def what_is_left_is_removed_until_ctrl_c():
    with FakeEngine() as e, Home(options=["--engine", e.url]) as h:
        e.on("GET", "/_ping", Http(200, b"OK", [
            ("Date", "Sat, 21 Nov 2026 16:19:21 GMT")]))
        e.on("GET", "/images/json", Reply(then="hang"))
        e.on("POST", "/build", Chunked(SAID, end=False, then="hang"))
        h.write("app/Dockerfile", "FROM scratch\nENV A=1\nUSER 1\n")
        with building(h, " -t a/b") as s:
            s.wait_for(r"^\[2/3\] ENV A=1.*\.\.\.")
            s.keys("C-c")
            s.wait_for("^removing what the build left on the engine; Ctrl-C "
                       "leaves it$")
            s.keys("C-c")
            s.wait_for(r"interrupted\n  something of the build may be left on "
                       r"the engine: .*\n(.*\n)?addesh .*\[130\]>")


engines.share()
main(beside=True)
