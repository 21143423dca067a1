# SPDX-License-Identifier: MIT
"""What .dockerignore means, written down a second time, for generated rules.

decide() is today's meaning.  classic() is what the client of Docker 20.10 sends
of a tree, with its faults: a directory matches a pattern only at the depth that
the pattern has, and one that is left out is looked into only if an exception
begins with its name.  Where the two agree, the client's own tar is the proof;
where they do not, it proves that these faults are the reason.
"""

import posixpath
import re


class Rule:
    def __init__(self, line):
        self.keeps = line.startswith("!")
        path = posixpath.normpath(line.lstrip("!"))
        self.text = path.lstrip("/")
        self.depth = self.text.count("/") + 1
        self.expression = re.compile(translate(self.text))

    def matches(self, path):
        return bool(self.expression.fullmatch(path))

    def matches_now(self, path):
        # a suffix in bytes, not in components
        if re.fullmatch(r"\*\*[^][*?\\]+", self.text) and self.text != "**":
            return path.endswith(self.text[2:]) or \
                path == self.text[2:].lstrip("/")
        return self.matches(path)


def translate(pattern):
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            at += 3 if pattern.startswith("**/", at) else 2
            out += "(.*/)?" if at < len(pattern) else ".*"
            continue
        c = pattern[at]
        out += {"*": "[^/]*", "?": "[^/]", ".": "\\.", "$": "\\$"}.get(c, c)
        at += 1
    return out


def parents(path):
    """The path and the directories above it."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]


def decide(rules, path):
    """Is it left out?"""
    left_out = False
    for rule in rules:
        if any(rule.matches_now(p) for p in parents(path)):
            left_out = not rule.keeps
    return left_out


def _matches_classic(rules, path):
    left_out = False
    above = path.split("/")[:-1]
    for rule in rules:
        match = rule.matches(path)
        if not match and above and rule.depth <= len(above):
            match = rule.matches("/".join(above[:rule.depth]))
        if match:
            left_out = not rule.keeps
    return left_out


def classic(rules, paths, directories):
    """Those of the sorted paths that it sends."""
    result, skipped = set(), []
    for path in paths:
        if any(path.startswith(d + "/") for d in skipped):
            continue
        if not _matches_classic(rules, path):
            result.add(path)
        elif path in directories and not any(
                rule.keeps and (rule.text + "/").startswith(path + "/")
                for rule in rules):
            skipped.append(path)
    return result
