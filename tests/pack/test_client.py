# SPDX-License-Identifier: MIT
"""A build context against what the engine's own client sends of the same tree:
entry by entry, the table of .dockerignore, and rules that are generated."""

import os
import random
import shutil
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
import model                                       # noqa: E402
from packtool import Client, make, run, sent       # noqa: E402
from tap import diag, main, same, test             # noqa: E402

SOURCE = os.environ.get("ADDESH_SOURCE", ".")
NAMES = {"<TAB>": b"\t", "<CR>": b"\r", "<NL>": b"\n", "<FF>": b"\xff",
         "<BOM>": b"\xef\xbb\xbf", "<NBSP>": b"\xc2\xa0"}
FILES = 300          # of generated rules
DECISIONS = 10000    # of these the client's own tar must agree with at least


def rich_tree():
    """One of everything that a context can hold."""
    top = make({
        b"Dockerfile": b"FROM scratch\n", b".dockerignore": b"left-out\n",
        b"left-out/x": b"x", b"a/b/c/d": b"deep", b"empty": None,
        b"nothing": b"", b"large": os.urandom(300000), b"a.b": b"", b"a-b": b"",
        b"a b/c d": b"blanks", b"new\nline": b"n", b"\xff\xfe/\x80": b"bytes",
        "été/日本".encode(): b"UTF-8", b"-rf": b"-",
        b"n" * 120 + b"/" + b"m" * 200: b"long"})
    at = lambda name: os.path.join(top, name)
    for name, target in ((b"out", b"/etc/passwd"), (b"loop", b"loop"),
                         (b"up", b"../../.."), (b"l\xff", b"\xfe\n"),
                         (b"dir", b"a/b"), (b"far", b"t" * 300)):
        os.symlink(target, at(name))
    os.link(at(b"a/b/c/d"), at(b"z-link"))
    os.link(at(b"nothing"), at(b"a/nothing"))
    with open(at(b"sparse"), "wb") as f:
        f.truncate(200000)
        f.seek(100000)
        f.write(b"in the middle")
    for name, mode in ((b"a.b", 0o4755), (b"a-b", 0o000), (b"a", 0o700),
                       (b"empty", 0o1777), (b"nothing", 0o640)):
        os.chmod(at(name), mode)
    os.utime(at(b"a.b"), (1, 1))
    os.utime(at(b"large"), (5e9, 5e9))
    os.utime(at(b"a-b"), ns=(0, 1234567891))
    return top


@test
def the_entries_are_those_of_the_client():
    top = rich_tree()
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(top, b"socket"))
    os.mkfifo(os.path.join(top, b"fifo"))
    if os.getuid() == 0:
        capability = bytes((1, 0, 0, 2, 0, 32, 0, 0)) + bytes(12)
        os.setxattr(os.path.join(top, b"a.b"), "security.capability",
                    capability)
        os.chmod(os.path.join(top, b"a.b"), 0o4755)
    with Client() as client:
        theirs = [e for e in client.build(top) if e.kind != "FIFO"]
    ours = sent("-f", "Dockerfile", top)
    same([e.name for e in ours], [e.name for e in theirs], "names")
    for our, their in zip(ours, theirs):
        same(our.facts(), their.facts(), repr(our))
    assert len(ours) > 25
    server.close()
    shutil.rmtree(top)


def named(text):
    data = text.encode()
    for name, value in NAMES.items():
        data = data.replace(name.encode(), value)
    return data


def blocks():
    """Of the table: title, rules, [(path, left out, the client differs)]; the
    path is None where the file is refused."""
    with open(os.path.join(SOURCE, "tests/pack/ignore.txt")) as f:
        lines = f.read().split("\n")
    result = []
    for line in lines[lines.index(""):]:
        if line.startswith("* "):
            result.append((line[2:], [], []))
        elif line.startswith("|"):
            result[-1][1].append(named(line[1:]))
        elif line[:1] in ("-", "+"):
            differs = line[1] == "~"
            result[-1][2].append((named(line[2 + differs:]), line[0] == "-",
                                  differs))
        elif line.startswith("!"):
            result[-1][2].append((None, True, line[1] == "~"))
    return result


def sent_paths(list_of_entries):
    """Without directories that are there for what is in them only."""
    names = {e.name for e in list_of_entries}
    return {e.name for e in list_of_entries if e.kind != "directory" or
            not any(n.startswith(e.name + b"/") for n in names)}


def check_refusal(client, title, rules, differs):
    top = make({b"Dockerfile": b"FROM scratch\n",
                b".dockerignore": b"\n".join(rules) + b"\n"})
    same(run("-f", "Dockerfile", top)[0], 1, title)
    same(client.build(top) is None, not differs, title + ": the client")
    shutil.rmtree(top)


def check_block(client, title, rules, paths):
    """The number of paths that were looked for."""
    if paths[0][0] is None:
        check_refusal(client, title, rules, paths[0][2])
        return 0
    tree = {path: b"" for path, _, _ in paths
            if not any(p.startswith(path + b"/") for p, _, _ in paths)}
    top = make(tree)
    make({b"Dockerfile": b"FROM scratch\n",
          b".dockerignore": b"\n".join(rules) + b"\n"}, top)
    ours = sent_paths(sent("-f", "Dockerfile", top))
    theirs = sent_paths(client.build(top))
    shutil.rmtree(top)
    for path, left_out, differs in paths:
        if path in tree:
            same(path not in ours, left_out, "%s: %r" % (title, path))
            same(path not in theirs, left_out != differs,
                 "%s: the client's %r" % (title, path))
    return len(tree)


@test
def the_table_is_what_the_client_does():
    with Client() as client:
        count = sum(check_block(client, *block) for block in blocks())
    diag("%d paths" % count)
    assert count >= 200


WORDS = ("a", "b", "ab", "src", "src.c", ".git", "x1", "README.md")


def generated_tree(draw):
    """Sixty files, and how they are found again."""
    files = set()
    while len(files) < 60:
        path = "/".join(draw.choice(WORDS)
                        for _ in range(draw.choice((1, 2, 2, 3, 3, 4))))
        if not any(f.startswith(path + "/") or path.startswith(f + "/")
                   for f in files):
            files.add(path)
    return sorted(files)


def generated_component(draw):
    word = draw.choice(WORDS)
    at = draw.randrange(len(word))
    return draw.choice((word, word, word, "*", "**", "?" + word[1:],
                        word[:at] + "*", "*" + word[at:],
                        word[:at] + "[a-m.]" + word[at + 1:],
                        word[:at] + "[^b1]" + word[at + 1:],
                        "**" + word, word + "**"))


def generated_rule(draw):
    rule = "/".join(generated_component(draw)
                    for _ in range(draw.choice((1, 1, 2, 2, 3))))
    return draw.choice(("", "", "!")) + draw.choice(("", "", "", "/")) + \
        rule + draw.choice(("", "", "", "/"))


def check_rules(client, top, paths, directories, lines):
    """How many of the decisions the client makes too."""
    make({b".dockerignore": "\n".join(lines).encode()}, top)
    rules = [model.Rule(line) for line in lines]
    ours = {os.fsdecode(p) for p in sent_paths(sent("-f", "Dockerfile", top))}
    theirs = client.build(top)
    assert theirs is not None, lines
    theirs = {os.fsdecode(e.name) for e in theirs}
    expected = model.classic(rules, paths, directories)
    agreed = 0
    for path in paths:
        left_out = model.decide(rules, path)
        same(path in theirs, path in expected,
             "the client's %r with %r" % (path, lines))
        if path not in directories:
            same(path not in ours, left_out, "%r with %r" % (path, lines))
            agreed += (path in theirs) == (path in ours)
    return agreed


@test(deadline=600)
def generated_rules_are_what_the_client_does():
    draw = random.Random(20231)
    files = generated_tree(draw)
    directories = {d for f in files for d in model.parents(f)[1:]}
    top = make({f.encode(): b"" for f in files})
    make({b"Dockerfile": b"FROM scratch\n"}, top)
    # as a walk meets them: sorted in each directory
    paths = sorted(directories.union(files), key=lambda p: p.split("/"))
    agreed = 0
    with Client() as client:
        for _ in range(FILES):
            lines = [generated_rule(draw) for _ in range(draw.randint(1, 5))]
            agreed += check_rules(client, top, paths, directories, lines)
    shutil.rmtree(top)
    diag("%d decisions, %d as the client" % (FILES * len(files), agreed))
    assert agreed >= DECISIONS


main()
