# SPDX-License-Identifier: MIT
"""The manual pages as the tests see them: mdoc(7) source, read line by line."""

import os
import re

from addesh import source


def path(page):
    return os.path.join(source(), "man", page)


def lines(page):
    with open(path(page), encoding="utf-8") as f:
        return [l.rstrip("\n") for l in f if not l.startswith('.\\"')]


def sections(page, level="Sh", within=None):
    """{heading: lines} of the .Sh, or of the .Ss of one .Sh."""
    found, current = {}, None
    text = lines(page) if within is None else sections(page)[within]
    for line in text:
        if line.startswith(".%s " % level):
            current = found.setdefault(line[4:].strip('"'), [])
        elif current is not None:
            current.append(line)
    return found


def usage(text):
    """The line of a command's paragraph that says how it is written."""
    return [l[4:] for l in text if l.startswith(".Dl ")]


def options(text):
    """The options that have an .It: "-m", "--memory"."""
    found = set()
    for line in text:
        if line.startswith(".It Fl "):
            found |= {"--" + long if long else "-" + short
                      for long, short in re.findall(
                          r"Fl (?:Fl ([a-z-]+)|([A-Za-z])(?= |$))", line)}
    return found


def fields(text):
    """The names of .It Va a , b."""
    found = set()
    for line in text:
        if line.startswith(".It Va "):
            found |= {word for word in line[7:].split() if word != ","}
    return found
