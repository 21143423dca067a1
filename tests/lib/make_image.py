# SPDX-License-Identifier: MIT
"""Images with labels, made by the engine's own API.

	with made("docker", "addesh-test:1", {"addesh.image": "build"}) as id:
	    ...
"""

import contextlib
import json
from urllib.parse import urlencode

import engines
from engineapi import ApiError

BASE = "busybox:latest"


def make(kind, name, labels, changes=()):
    """One more layer on BASE with a file of its own; name may be None.  Its
    id, "sha256:..."."""
    api = engines.api(kind)
    container = api.post("/containers/create", {
        "Image": BASE, "Cmd": ["sh", "-c", "echo $RANDOM$$ > /made"]})["Id"]
    try:
        api.post("/containers/%s/start" % container)
        api.post("/containers/%s/wait" % container)
        query = [("container", container), ("comment", "made by a test")]
        if name:
            repo, tag = name.rsplit(":", 1)
            query += [("repo", repo), ("tag", tag)]
        query += [("changes", "LABEL %s=%s" % (k, json.dumps(v)))
                  for k, v in labels.items()]
        query += [("changes", change) for change in changes]
        answer = api.post("/commit?" + urlencode(query), {})
    finally:
        api.remove(container)
    digits = answer["Id"].split(":")[-1]
    return "sha256:" + digits


def remove(kind, name):
    """With force; one that is gone already is fine."""
    try:
        engines.api(kind).delete("/images/" + name, force="1")
    except ApiError as e:
        if e.status != 404:
            raise


@contextlib.contextmanager
def made(kind, name, labels, changes=()):
    image = make(kind, name, labels, changes)
    try:
        yield image
    finally:
        remove(kind, name or image)
