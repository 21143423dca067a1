# SPDX-License-Identifier: MIT
"""A few calls of the Docker Engine API over a unix socket.

For tests that prepare an engine or look at what addesh left on it; addesh
itself has its own client.
"""

import http.client
import json
import re
import socket
import time
from urllib.parse import quote, urlencode

from tap import patient


# What Podman says of any image, layer or container while another one goes.
PODMAN_RACE = re.compile("(image|layer|container) not known|"
                         "locating item named |reading data blob |"
                         "identifier is not a container|"
                         "while running runtime: signal: killed")


class ApiError(Exception):
    """An answer of 400 and above."""

    def __init__(self, what, status, message):
        super().__init__("%s: %d %s" % (what, status, message))
        self.status = status
        self.message = message


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Api:
    """An engine at unix://PATH."""

    def __init__(self, endpoint, timeout=60):
        if not endpoint.startswith("unix://"):
            raise ValueError("not a unix endpoint: " + endpoint)
        self.endpoint = endpoint
        self.path = endpoint[len("unix://"):]
        self.timeout = timeout

    def call(self, method, path, body=None, timeout=None, **query):
        """The decoded JSON of the answer, or its text; body is an object to
        send as JSON, or a binary file to send as a tar archive."""
        headers = {}
        if hasattr(body, "read"):
            headers["Content-Type"] = "application/x-tar"
        elif body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if query:
            path += "?" + urlencode(query)
        conn = _Connection(self.path, patient(timeout or self.timeout))
        try:
            conn.request(method, path, body, headers)
            answer = conn.getresponse()
            data = answer.read()
        finally:
            conn.close()
        return _decode(method + " " + path, answer, data)

    def get(self, path, **query):
        """Asks Podman again where it fails by another client's removal."""
        for _ in range(50):
            try:
                return self.call("GET", path, **query)
            except ApiError as e:
                if e.status < 500 or not PODMAN_RACE.search(e.message):
                    raise
                again = e
            time.sleep(0.1)    # there is no event to wait for
        raise again

    def post(self, path, body=None, **query):
        return self.call("POST", path, body, **query)

    def delete(self, path, **query):
        return self.call("DELETE", path, **query)

    def containers(self, *labels):
        """Every container, or those with all the labels (KEY or KEY=VALUE)"""
        filters = json.dumps({"label": list(labels)} if labels else {})
        return self.get("/containers/json", all="1", filters=filters)

    def volumes(self):
        return self.get("/volumes").get("Volumes") or []

    def remove(self, container):
        """Force-removes; one that is gone already is no error."""
        try:
            self.delete("/containers/" + quote(container, safe=""),
                        force="1", v="1")
        except ApiError as e:
            if e.status not in (404, 409):
                raise

    def load(self, archive):
        """Loads an archive as written by docker-save(1)."""
        with open(archive, "rb") as f:
            text = self.post("/images/load", f, timeout=600, quiet="1")
        if "error" in str(text).lower():
            raise ApiError("load " + archive, 200, text)

    def has_image(self, name):
        try:
            self.get("/images/%s/json" % quote(name, safe=""))
        except ApiError as e:
            if e.status == 404:
                return False
            raise
        return True


def _decode(what, answer, data):
    text = data.decode(errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if answer.status >= 400:
        message = value.get("message", text) if isinstance(value, dict) \
            else text
        raise ApiError(what, answer.status, message)
    return value
