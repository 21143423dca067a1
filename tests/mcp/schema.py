# SPDX-License-Identifier: MIT
"""What the protocol's own schemas say of a message, and JSON Schema of a value:
tests/mcp/judge.cjs asks the packages that the protocol's authors publish.

	schema.answer(message, "2025-11-25", "tools/list")
	schema.value({"a": 1}, {"type": "object", ...})

Where npm or its registry cannot be reached nothing is checked, and the test
that calls at_hand() is skipped or fails, and says why.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import npm  # noqa: E402
from tap import diag  # noqa: E402

# The newest of 1.x and 2.x are clients as well; the others had theirs as the
# newest.
SDK = "@modelcontextprotocol/sdk"
CLIENT = "@modelcontextprotocol/client"
RULES = {"2026-07-28": CLIENT, "2025-11-25": SDK, "2025-06-18": "sdk-2025-06",
         "2025-03-26": "sdk-2025-03", "2024-11-05": "sdk-2024-11"}
PACKAGES = (SDK + "@1.32.2", CLIENT + "@2.4.0",
            "sdk-2025-06@npm:%s@1.23.1" % SDK,
            "sdk-2025-03@npm:%s@1.12.3" % SDK,
            "sdk-2024-11@npm:%s@1.7.0" % SDK)
REVISIONS = tuple(RULES)
MODERN = REVISIONS[0]

HERE = os.path.dirname(os.path.abspath(__file__))


class Invalid(AssertionError):
    """A message or a value does not conform; the text says where."""


class Judge:
    """A process that answers each question."""

    def __init__(self):
        self.process = subprocess.Popen(
            [npm.node(20), os.path.join(HERE, "judge.cjs"),
             npm.install(*PACKAGES), *("%s=%s" % r for r in RULES.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, question):
        """Why not, or None."""
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


_judge = []    # one, or why there is none


def _find():
    if not _judge:
        try:
            _judge.append(Judge())
        except Exception as e:
            _judge.append(e)
    return _judge[0]


def at_hand():
    """Raises what keeps the schemas from being asked."""
    if not isinstance(_find(), Judge):
        raise _judge[0]


def why_not(**question):
    """What the judge says, None if it has nothing against it."""
    judge = _find()
    return judge.ask(question) if isinstance(judge, Judge) else None


def _check(what, **question):
    why = why_not(**question)
    if why:
        diag(json.dumps(what)[:2000])
        raise Invalid(why)


def answer(message, revision, method=None):
    """A message of the server; method is what it answers, if anything."""
    _check(message, got=message, revision=revision, to=method)


def value(given, rules):
    """A value, as rules have it, which are a JSON Schema themselves."""
    _check(given, schema=rules, value=given)
