# SPDX-License-Identifier: MIT
"""Projects: opening one, testing it and checking a file, against what each is
in place of."""

import os
import subprocess
import tempfile

from common import (CPUS, IMAGE, LIMITS, PYTHON, Shell, docker, fill, in_turn,
                    native, timed)

# So many pass, beside nothing that takes its time.
TESTS = """import unittest


class Sums(unittest.TestCase):
    pass


for i in range(200):
    setattr(Sums, "test_%d" % i,
            lambda self, i=i: self.assertEqual(sum(range(i)), i * (i - 1) / 2))
"""


def bench_open(report, url, what):
    name = "addesh-bench-%d" % os.getpid()
    with tempfile.TemporaryDirectory(
            dir=os.environ.get("ADDESH_BENCH_DIR")) as tree, \
            Shell("--yes", "--engine", url) as shell:
        os.chmod(tree, 0o755)
        fill(tree + "/src", 10000)

        def mine():
            os.sync()
            took, answer = shell("project open %s --image %s" % (tree, IMAGE))
            shell("project rm " + answer["result"]["name"])
            return took

        def theirs():
            timed(docker(url, "run", "-d", "--name", name, "--network",
                         "none", *LIMITS, IMAGE, "sleep", "3600"))
            os.sync()
            took = timed(docker(url, "cp", tree, name + ":/workspace"))
            timed(docker(url, "rm", "-f", name))
            return took

        opened, copied = in_turn(9, mine, theirs)
    report.row("project open of 10,000 files on %s / docker cp" % what,
               opened, copied, 1.2)


def bench_test(report, url):
    """A project whose environment is there."""
    with tempfile.TemporaryDirectory() as tree, \
            Shell("--yes", "--engine", url) as shell:
        os.chmod(tree, 0o755)
        with open(tree + "/test_sums.py", "w") as f:
            f.write(TESTS)
        shell("project open %s --image %s" % (tree, IMAGE))

        def theirs():
            return timed([PYTHON, "-m", "unittest"], cwd=tree)

        mine, bare = in_turn(30, lambda: shell("test")[0], theirs)
    # 20 ms are what reading its report and the like may take
    report.row("test of a project, less 20 ms / the framework", mine - 0.02,
               bare, 1.15)


def bench_check(report, url):
    with tempfile.NamedTemporaryFile("wb", suffix=".py") as program:
        with open(subprocess.__file__, "rb") as f:
            program.write(f.read())
        program.flush()
        os.chmod(program.name, 0o644)
        with Shell("--engine", url) as shell:
            shell("env new %s --cpus %s" % (IMAGE, CPUS))
            mine, bare = in_turn(
                30, lambda: shell("check --only syntax " + program.name)[0],
                lambda: native([PYTHON, "-m", "py_compile", program.name]))
            every = in_turn(30, lambda: shell("check " + program.name)[0])[0]
    report.row("check --only syntax of a file / py_compile", mine, bare, 1.3)
    report.row("check of a file, every layer / py_compile", every, bare, 1.3)
