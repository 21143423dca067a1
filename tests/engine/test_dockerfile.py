# SPDX-License-Identifier: MIT
"""How addesh reads a Dockerfile, and how Docker's builders do: what it
refuses they refuse, what it takes they take unless it says that they do not,
and variables come to the same.

The cases are those of tests/unit/dockerfile.txt, by which the parser is tested
alone, and CASES here, which `check` is asked about.
"""

import io
import json
import os
import re
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines
from addesh import Home, source
from engineapi import _Connection
from tap import main, patient, same, test

LABEL = "addesh-test-dockerfile-%d" % os.getpid()
FILES = ("a", "b", "x", "y")
# POST /build?version=...
BUILDERS = {"classic": "1", "buildkit": "2"}
# enum dockerfile_need of src/project/dockerfile.h: what Docker 20.10 takes
TAKES = {"classic": set(), "buildkit": {1, 4, 5}}
# A file without FROM ends dockerd 20.10 as a whole: addesh never sends it.
DEADLY = {"no FROM"}
# Only these can be built here.
BASES = {"scratch", "busybox", "busybox:latest"}
# What Docker 20.10 does otherwise, and why.
DIFFERS = {
    # there ENV does not count more than a later ARG
    "the order of ARG": ("buildkit",),
    # newer ones know stages by number
    "a target by its index": ("classic", "buildkit"),
    # what a base image sets is not known before it is there
    "what only the base image knows stays": ("classic", "buildkit"),
    # it is taken, for something else
    "check, and escape behind it": ("classic", "buildkit"),
    # that it cannot be carried out is found out by who builds on the image
    "ONBUILD and what is no instruction": ("classic", "buildkit"),
    # read, and then there is no such user
    "USER, WORKDIR and MAINTAINER take all of the line": ("buildkit",),
}

# Dockerfiles that follow "FROM scratch": taken, or refused.
TAKEN = [
    "ARG A=1\nARG A=2\nLABEL x=$A",
    "ENV T=abc\nLABEL x=$T",
    "LABEL \"a b\"=1 c=\"d\\\"e\" f=g\\ h",
    "COPY [\"a\", \"/x y\"]\nCOPY a b /d/",
    "COPY a b /d",
    "ENTRYPOINT\nCMD\nLABEL a=1",
    "EXPOSE 80:90 127.0.0.1:8080:80/tcp",
    "EXPOSE 0",
    "USER \"\"",
    "CMD [\"a\" \"b\"]",
    "CMD [\"\\x\"]",
    "CMD {\"a\":1}",
    "CMD -- --help",
    "ARG a b=1 c=2\nLABEL x=$b$c",
    "ENV a=b=c d='=e'",
    "HEALTHCHECK --interval=.5s CMD x",
    "HEALTHCHECK --interval=1h1m1.5s --timeout=9s CMD x",
    "STOPSIGNAL 65",
    "STOPSIGNAL SIGRTMIN+15",
    "STOPSIGNAL RTMAX-14",
    "STOPSIGNAL SIGCLD",
    "STOPSIGNAL sigterm",
    "LABEL a=1 \\\n# c\n\n b=2",
    "LABEL a=1 \\ \n b=2 \\\t\n c=3",
    "LABEL a=1 \\\r\n b=2\r",
    "ENV a=\\\nb",
    "LABEL a=1 #b=2",
    "\\\nLABEL a=1",
    "LABEL a=$b$\nLABEL c=$ d=$$",
    "LABEL \u00a0a=1",
    "COPY a /q\nFROM scratch\nCOPY --from=0 /q /",
    "COPY a /q\nFROM scratch\nCOPY --from=+0 /q /",
    "FROM scratch AS a\nFROM scratch AS a\nLABEL a=1",
    "FROM --platform=linux/amd64 scratch\nLABEL a=1",
    "FROM --platform= scratch\nLABEL a=1",
    "ADD --chown=1:1 a /\nCOPY --chmod=600 b /",
    "COPY a\\ b /\nCOPY \"a\" /q/",
    "VOLUME ['/a']",
    "ONBUILD COPY --from=x $A /\nONBUILD run echo $A",
    "FROM --platform=$BUILDPLATFORM scratch\nLABEL a=1",
    "FROM busybox:latest\nRUN --mount=type=cache,target=/x true",
    "FROM busybox:latest\nRUN --mount=type=bind,target=/x,ro cat /x/a",
    "FROM busybox:latest\nARG T=x\n"
    "RUN --mount=type=cache,target=/$T mount | grep -q ' /x '",
    "FROM busybox:latest\nRUN [\"true\"]\nRUN t\\\nrue",
]
REFUSED = [
    "MAINTAINER", "STOPSIGNAL", "VOLUME []", "LABEL", "ENV", "ARG", "ONBUILD",
    "HEALTHCHECK", "HEALTHCHECK CMD []", "EXPOSE", "EXPOSE 80/foo",
    "EXPOSE 90-80", "USER", "WORKDIR", "CMD [\"a\", null]",
    "CMD [\"a\",[\"b\"]]", "HEALTHCHECK --interval=0.5ms CMD x",
    "HEALTHCHECK --interval=-5s CMD x", "HEALTHCHECK --interval=5 CMD x",
    "STOPSIGNAL 0", "STOPSIGNAL SIGRTMIN+16", "COPY --from=-1 /q /",
    "LABEL a=1 # b", "LABEL a=1\n\\", "LABEL a='1\nLABEL b='2",
    "SHELL [\"/x\",1]", "FROM --platform=foo/bar/baz/qux scratch",
    "FROM --plat=x scratch", "ONBUILD --x LABEL a=1", "ENTRYPOINT --help",
    "CMD --help", "ENV --x=1 a=1", "COPY a ", "VOLUME \"/a b\"", "FROM a:b:c",
    "FROM", "FROM a b c", "FROM scratch AS 1", "FROM scratch As a/b",
    "COPY --from=9 a /", "COPY --from=Not:A:Name a /", "LABEL a=${", "RUM x",
    "RUN --nothing=1 x", "RUN --mount=type=none,target=/x y",
    "RUN --mount=type=cache,target=/x,sharing=none y",
]


def archive(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in FILES + ("Dockerfile",):
            data = text if name == "Dockerfile" else b"1\n"
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def build(api, text, version, args, target):
    """(what was wrong or "", the image's id or None)"""
    query = {"forcerm": 1, "rm": 1, "version": version, "networkmode": "none",
             "labels": json.dumps({LABEL: "1"}), "buildargs": json.dumps(args)}
    if target:
        query["target"] = target
    conn = _Connection(api.path, patient(60))
    try:
        conn.request("POST", "/build?" + urlencode(query), archive(text),
                     {"Content-Type": "application/x-tar"})
        answer = conn.getresponse()
        data = answer.read().decode(errors="replace")
    finally:
        conn.close()
    if answer.status != 200:
        return json.loads(data)["message"], None
    error, image = "", None
    for line in filter(None, data.splitlines()):
        item = json.loads(line)
        error = item.get("error", error)
        if isinstance(item.get("aux"), dict) and "ID" in item["aux"]:
            image = item["aux"]["ID"]
    return error, None if error else image


def built(text, builder, args=None, target=None):
    """(what was wrong or "", {label: value})"""
    api = engines.api("docker")
    error, image = build(api, text, BUILDERS[builder], args or {}, target)
    labels = {}
    if image:
        labels = api.get("/images/%s/json" % image)["Config"]["Labels"] or {}
        labels.pop(LABEL, None)
    return error, labels


class Case:
    """One of dockerfile.txt; see there."""

    def __init__(self, text):
        head, body, want = (text.split("\n---\n") + [""])[:3]
        self.title, *options = head.split("\n")
        options = [o.split(" ", 1) for o in options if o]
        self.args = dict(v.split("=", 1) for k, v in options if k == "arg")
        self.target = dict(options).get("target")
        self.special = any(k in ("label", "platform") for k, _ in options)
        for name, byte in (("<TAB>", "\t"), ("<CR>", "\r"),
                           ("<NBSP>", "\u00a0"), ("<BOM>", "\ufeff")):
            body = body.replace(name, byte)
        body += "\n"
        self.body = re.sub(r"\\c\n", "", body).encode()
        self.refused = want.startswith("D")
        self.needs = {int(n) for n in re.findall(r"(?m)^\d+ needs (\d+):",
                                                 want)}
        last = re.split(r"(?m)^\d+(?:-\d+)? FROM ", want)[-1]
        self.labels = {
            unescape(k): unescape(v) for line in
            re.findall(r"(?m)^\d+(?:-\d+)? LABEL (.*)$", last)
            for k, v in re.findall(r"\[([^]]*)\] \[([^]]*)\]", line)}
        self.bases = set(re.findall(
            r"(?m)^\d+(?:-\d+)? FROM (?:\{[^}]*\} )?\[([^]]*)\]", want))
        self.runs = bool(re.search(r"(?m)^\d+(?:-\d+)? (RUN|COPY|ADD)", want))

    def can_be_built(self):
        if self.refused:
            return self.title not in DEADLY
        return not self.special and not self.runs and self.bases <= BASES


def unescape(text):
    return text.replace("\\n", "\n").replace("\\t", "\t")


def table():
    with open(os.path.join(source(), "tests", "unit", "dockerfile.txt"),
              encoding="utf-8") as f:
        text = f.read()
    return [case for case in map(Case, re.split(r"(?m)^=== ", text)[1:])
            if case.can_be_built()]


def compare(case, builder):
    """What is wrong, or None."""
    if builder in DIFFERS.get(case.title, ()):
        return None
    error, labels = built(case.body, builder, case.args, case.target)
    taken = not case.refused and case.needs <= TAKES[builder]
    if taken != (not error):
        return "%s, %s: %s" % (case.title, builder, error or "is taken")
    if taken and labels != case.labels:
        return "%s, %s: %r, not %r" % (case.title, builder, labels,
                                       case.labels)
    return None


def problems(function, items):
    try:
        with ThreadPoolExecutor(2) as pool:
            return [p for p in pool.map(function, items) if p]
    finally:
        engines.api("docker").post("/images/prune", filters=json.dumps(
            {"label": [LABEL], "dangling": ["true"]}))


@test("the table of the parser, with %s", BUILDERS, deadline=300)
def _(builder):
    cases = table()
    assert len(cases) > 80, len(cases)
    assert sum(case.refused for case in cases) > 40
    same(problems(lambda case: compare(case, builder), cases), [])


def with_from(text):
    return text if text.startswith("FROM") else "FROM scratch\n" + text


def checked():
    """[(Dockerfile, whether it is taken, its notes)] as `check` has it."""
    texts = [with_from(text) + "\n" for text in TAKEN + REFUSED]
    with Home() as home:
        lines = []
        for i, text in enumerate(texts):
            home.write("%d/Dockerfile" % i, text)
            lines.append("check %d/Dockerfile\n" % i)
        done = home.script("".join(lines), "--json", "-k")
    answers = done.objects()
    same(len(answers), len(texts))
    return [(text, "error" not in answer or not answer["error"],
             [note["text"] for note in
              (answer.get("result") or {}).get("notes", [])])
            for text, answer in zip(texts, answers)]


def takes(builder, notes):
    """By the words of `check`."""
    return not any(
        "that of Docker 20.10" in note or "1.4" in note or
        "does not offer" in note or
        (builder == "classic" and " needs BuildKit" in note)
        for note in notes)


@test
def check_takes_what_it_should():
    wanted = [True] * len(TAKEN) + [False] * len(REFUSED)
    same([text for (text, taken, _), want in zip(checked(), wanted)
          if taken != want], [])


@test("more than the table, with %s", BUILDERS, deadline=300)
def _(builder):
    def one(item):
        text, taken, notes = item
        error, _ = built(text.encode(), builder)
        if (taken and takes(builder, notes)) == (not error):
            return None
        return "%r: %s; %s" % (text, error or "is taken", notes)

    # what both take is read by the same parser, and building it takes time
    same(problems(one, [item for item in checked() if builder == "buildkit"
                        or not item[1] or item[2]]), [])


main()
