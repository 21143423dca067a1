# SPDX-License-Identifier: MIT
"""Session files with their recordings, made or as they are shipped."""

import json
import os

from addesh import source

PLACE = os.path.join(source(), "share", "addesh", "sessions")
EXAMPLES = sorted(name for name in os.listdir(PLACE)
                  if name.endswith((".md", ".addesh")))


def answer(command, *events, code=0, us=5000, id=None, object=None, **status):
    """A line of a recording; events: (microseconds, "o" or "e", text)."""
    return {"id": id, "command": command + "\n",
            "status": dict({"code": code, "signal": None, "timed_out": False,
                            "oom": False}, **status),
            "us": us, "cut": False, "events": [list(e) for e in events],
            "object": object}


def record(home, name, text, answers, created="2026-01-31T12:00:00.000Z"):
    """Writes a session file and its recording; returns the file's name."""
    home.write(name, text)
    lines = [{"addesh-recording": 1, "program": "0", "created": created}]
    home.write(os.path.splitext(name)[0] + ".rec.jsonl",
               "".join(json.dumps(line) + "\n" for line in lines + answers))
    return name


def one_step(home, *events, name="s.md", **kw):
    """A session of one step that showed this."""
    return record(home, name, "# A session\n\n```addesh\n$ true\n```\n",
                  [answer("true", *events, **kw)])


def export(home, *args, **kw):
    return home.addesh("export", *args, cwd=home.work, **kw)


def text_of(home, *args, **kw):
    return export(home, *args, **kw).is_ok().out
