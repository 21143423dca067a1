# SPDX-License-Identifier: MIT
"""Dockerfiles and contexts for test_build_same.py.

CASES	{name: (Dockerfile, {path: content}, options)}
A path that ends in / is a directory; content may be ("link", TARGET),
("mode", MODE, TEXT).  Each is one subject, and cheap to build.
"""

BUSY = "FROM busybox:latest\n"

TREE = {
    "a.txt": "a\n",
    "b.txt": "b\n",
    "dir/c.txt": "c\n",
    "dir/d.log": "d\n",
    "dir/sub/e.txt": "e\n",
    "empty/": None,
    "run.sh": ("mode", 0o755, "#!/bin/sh\necho hi\n"),
    "secret": ("mode", 0o600, "s\n"),
    "link": ("link", "dir/c.txt"),
    "dangling": ("link", "nowhere"),
    "out": ("link", "/etc/passwd"),
    "with space.txt": "w\n",
    "uml\u00e4ut.txt": "u\n",
}

CASES = {
    "one instruction": (BUSY, {}, ()),
    "the whole context": (BUSY + "COPY . /app/\n", TREE, ()),
    "a context with .dockerignore": (
        BUSY + "COPY . /app/\n",
        {**TREE, ".dockerignore": "**/*.log\ndir/sub\n!dir/sub/e.txt\n"},
        ()),
    ".dockerignore that leaves itself out": (
        BUSY + "COPY . /app/\n",
        {**TREE, ".dockerignore": ".dockerignore\nDockerfile\n*.txt\n"}, ()),
    ".dockerignore with everything and exceptions": (
        BUSY + "COPY . /app/\n",
        {**TREE, ".dockerignore": "*\n!dir\ndir/*.log\n"}, ()),
    "files by wildcard": (BUSY + "COPY *.txt /t/\n", TREE, ()),
    "a directory's content": (BUSY + "COPY dir /d/\n", TREE, ()),
    "one file under another name": (BUSY + "COPY a.txt /x/y/z\n", TREE, ()),
    "the exec form of COPY": (
        BUSY + 'COPY ["with space.txt", "/s p/"]\n', TREE, ()),
    "COPY --chown": (
        BUSY + "COPY --chown=12:34 run.sh secret /r/\n", TREE, ()),
    "links": (BUSY + "COPY link dangling out /l/\n", {
        "link": ("link", "a"), "a": "a\n",
        "dangling": "d\n", "out": "o\n"}, ()),
    "ADD unpacks an archive": (BUSY + "ADD a.tar /t/\n", {
        "a.tar": ("tar", {"x/y": "y\n"})}, ()),
    "ENV in both forms": (
        BUSY + "ENV A=1 B='two words' C=\"$A-c\"\nENV D four and more\n"
               "ENV E=${A:-x}${Z:-default}${A:+set}\n", {}, ()),
    "ENV in other instructions": (
        BUSY + "ENV D=/data/x N=9\nWORKDIR $D/sub\nEXPOSE $N\n"
               "COPY a.txt ${D}/\nUSER $N\nVOLUME $D/v\n", TREE, ()),
    "ARG with default": (
        BUSY + "ARG V=1\nARG W\nENV OUT=$V-$W\nRUN echo $V-$W >/v\n", {}, ()),
    "ARG with a value": (
        BUSY + "ARG V=1\nENV OUT=$V\nRUN echo \"$V\" >/v\n", {},
        ("--build-arg", "V=from the call")),
    "ARG before FROM": (
        "ARG TAG=latest\nFROM busybox:${TAG}\nARG TAG\nENV T=$TAG\n", {}, ()),
    "LABEL": (BUSY + "LABEL a=1 \"b c\"='two words'\nLABEL d e f\n", {}, ()),
    "WORKDIR, relative": (
        BUSY + "WORKDIR /a\nWORKDIR b\nRUN pwd >where\n", {}, ()),
    "CMD and ENTRYPOINT in exec form": (
        BUSY + 'ENTRYPOINT ["/bin/echo", "a b"]\nCMD ["c", "$HOME"]\n',
        {}, ()),
    "CMD in shell form": (BUSY + "CMD echo a  b && true\n", {}, ()),
    "ENTRYPOINT resets CMD": (
        "FROM busybox:entrypoint\nENTRYPOINT [\"/bin/true\"]\n", {}, ()),
    "SHELL": (
        BUSY + 'SHELL ["/bin/sh", "-ec"]\nRUN echo $0 >/s\nCMD x\n', {}, ()),
    "USER, EXPOSE, VOLUME, STOPSIGNAL": (
        BUSY + "EXPOSE 80 53/udp 1000-1002\nVOLUME /v [\"/w\"]\n"
               "VOLUME [\"/x\", \"/y z\"]\nSTOPSIGNAL SIGINT\nUSER 5:6\n",
        {}, ()),
    "HEALTHCHECK": (
        BUSY + "HEALTHCHECK --interval=5s --retries=2 CMD true || exit 1\n",
        {}, ()),
    "ONBUILD": (BUSY + "ONBUILD RUN echo later >/l\n"
                       "ONBUILD COPY . /o/\n", {}, ()),
    "continuations, comments and blank lines": (
        "# a comment\n\n" + BUSY + "RUN echo one \\\n"
        "  # a comment inside\n  && echo two \\\n\n  && echo three >/r\n"
        "env  lower=case\n", {}, ()),
    "another escape": (
        "# escape=`\n" + BUSY + "ENV P=C:\\dir\\\nRUN echo a `\n  b >/e\n",
        {}, ()),
    "several stages": (
        "FROM busybox:latest AS make\nWORKDIR /w\nRUN echo made >out\n"
        "FROM busybox:latest\nCOPY --from=make /w/out /final\n"
        "COPY --from=0 /w /copy\n", {}, ()),
    "a stage on a stage": (
        "FROM busybox:latest AS base\nENV X=1\nFROM base AS next\n"
        "ENV Y=$X\nRUN echo $Y >/y\n", {}, ()),
    "--target": (
        "FROM busybox:latest AS one\nENV S=1\nFROM one AS two\nENV S=2\n",
        {}, ("--target", "one")),
    "words between tabs": (
        "FROM\tbusybox:latest\tAS\tOne\t\nENV\tS=1\n"
        "FROM\tone\nENV\tS=2\n", {}, ("--target", "One")),
    "scratch": ("FROM scratch\nCOPY a.txt dir /\nCMD [\"/a.txt\"]\n",
                TREE, ()),
    "COPY --from an image": (
        BUSY + "COPY --from=static:latest /static /bin/static\n", {}, ()),
    "RUN in exec form": (
        BUSY + 'RUN ["/bin/sh", "-c", "echo \\"$HOME\\" >/h"]\n', {}, ()),
    "RUN changes modes, links and owners": (
        BUSY + "RUN mkdir -m 0700 /m && ln -s m /n && chown 7:8 /m && "
               "touch /f && ln /f /g && rm /bin/yes\n", {}, ()),
    "a Dockerfile of another name": (
        None, {"sub/My.docker": BUSY + "COPY sub /s/\n", "sub/x": "x\n"},
        ("-f", "sub/My.docker")),
}
