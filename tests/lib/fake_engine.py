# SPDX-License-Identifier: MIT
"""An engine that does what a test tells it to, faults above all.

	with FakeEngine() as engine:
	    engine.on("POST", "/containers/create", Json({"Id": "c1"}, 201))
	    engine.on("POST", "/containers/c1/attach",
	        Hijack(frame(1, b"hello"), cut=1))
	    ... engine.url, engine.requests ...

Replies to the same method and path are used up in turn; the last stays.  A
path is a regular expression for the whole path below /v1.N, without its query.
Reply objects are sequences of steps; see Reply.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import tempfile
import termios
import threading
import time

RELEASES = {
    # What the unversioned GET /version says: ApiVersion, MinAPIVersion.
    "20.10.24": ("1.41", "1.12"),
    "28.2.2": ("1.50", "1.24"),
    "29.0.0": ("1.52", "1.44"),
    "29.7.0": ("1.54", "1.40"),
    "19.03.15": ("1.40", "1.12"),
    "40.0.0": ("1.70", "1.60"),
}


def frame(kind, data):
    """A frame of an attached stream: 1 is stdout, 2 stderr."""
    return struct.pack(">BxxxL", kind, len(data)) + data


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body


class Reply:
    """Bytes to send, in pieces of cut bytes (0: as a whole; a list: pieces of
    these lengths, then the rest), each after the peer has read the one before;
    then "keep" the connection for another request, "close" it, "hang" until
    the peer gives up, "wait" for that without reading, or "echo" what it
    sends in frames of stdout."""

    def __init__(self, data=b"", cut=0, then="keep"):
        self.data = data
        self.cut = cut
        self.then = then

    def pieces(self):
        data, cut = self.data, self.cut
        sizes = list(cut) if isinstance(cut, (list, tuple)) else []
        while data:
            n = sizes.pop(0) if sizes else \
                cut if isinstance(cut, int) and cut else len(data)
            yield data[:n]
            data = data[n:]


class Http(Reply):
    """A whole answer with a Content-Length, or of this length."""

    def __init__(self, status, body=b"", headers=(), length=None, **how):
        lines = ["HTTP/1.1 %d Whatever" % status,
                 "Content-Length: %d" % (
                     len(body) if length is None else length)]
        lines += ["%s: %s" % pair for pair in headers]
        super().__init__("\r\n".join(lines + ["", ""]).encode() + body, **how)


class Json(Http):
    def __init__(self, value, status=200, **how):
        super().__init__(status, json.dumps(value).encode(),
                         [("Content-Type", "application/json")], **how)


class Chunked(Reply):
    """An answer of these chunks; end=False leaves out the last."""

    def __init__(self, *chunks, status=200, end=True, **how):
        data = ("HTTP/1.1 %d Whatever\r\n"
                "Transfer-Encoding: chunked\r\n\r\n" % status).encode()
        for chunk in chunks:
            data += b"%x\r\n%s\r\n" % (len(chunk), chunk)
        super().__init__(data + (b"0\r\n\r\n" if end else b""), **how)


class Hijack(Reply):
    """The connection becomes a stream of these bytes."""

    def __init__(self, data=b"", status=101, then="close", **how):
        head = ("HTTP/1.1 %d UPGRADED\r\nConnection: Upgrade\r\n"
                "Upgrade: tcp\r\n\r\n" % status).encode()
        super().__init__(head + data, then=then, **how)


def error(status, message):
    return Json({"message": message}, status)


class Lost(Exception):
    """The peer is gone."""


class FakeEngine:
    def __init__(self, release="20.10.24", tcp=False, tls=None, first=None):
        """tcp: listens there, with an ssl.SSLContext for tls.  first: a Reply
        to whatever comes first on each connection, instead of HTTP."""
        self.directory = tempfile.mkdtemp(prefix="fake-engine-")
        self.tls = tls
        self.first = first
        self.requests = []
        self.connections = 0
        self.scripts = []
        self.earlies = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.socks = []
        api, least = RELEASES[release]
        self.range = (int(least[2:]), int(api[2:]))
        self.on("GET", "/version", Json({
            "Version": release, "ApiVersion": api, "MinAPIVersion": least,
            "Components": [{"Name": "Engine", "Version": release}]}))
        self.on("GET", "/_ping", Http(200, b"OK"))
        if tcp or tls:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
            self.url = "tcp://127.0.0.1:%d" % self.port
        else:
            self.path = os.path.join(self.directory, "engine.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.listener.listen(16)
            self.url = "unix://" + self.path
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, method, path, *replies):
        """Newer scripts win."""
        self.scripts.insert(0, (method, re.compile(path), list(replies)))

    def early(self, method, path, reply):
        """Answers when the head of the request is there, and reads no more of
        that connection."""
        self.earlies.append((method, re.compile(path), reply))

    def asked(self, method, path):
        """The requests that match."""
        return [r for r in self.requests if r.method == method and
                re.fullmatch("(/v1\\.\\d+)?" + path, r.path)]

    def close(self):
        self.stopping.set()
        # else the thread would wait in accept(2) for ever
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.socks:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.socks.append(sock)
                self.connections += 1
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            if self.first:
                self._send(sock, self.first)
                return
            stream = sock.makefile("rb")
            while True:
                request = self._read_head(stream)
                if not request:
                    return
                reply = self._early(request)
                if reply:
                    with self.lock:
                        self.requests.append(request)
                    self._send(sock, reply)
                    return
                request.body = self._read_body(stream, request.headers)
                with self.lock:
                    self.requests.append(request)
                if not self._send(sock, self._reply(request)):
                    return
        except (OSError, ValueError, Lost):    # ValueError: no HTTP
            pass
        finally:
            sock.close()

    def _early(self, request):
        path = re.sub(r"^/v1\.\d+", "", request.path)
        for method, pattern, reply in self.earlies:
            if method == request.method and pattern.fullmatch(path):
                return reply
        return None

    def _read_head(self, stream):
        line = stream.readline()
        if not line:
            return None
        method, target, _ = line.decode().split(" ", 2)
        headers = {}
        while True:
            line = stream.readline().decode().rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, target, headers, b"")

    def _read_body(self, stream, headers):
        if headers.get("transfer-encoding") == "chunked":
            chunks = []
            while True:
                size = int(stream.readline(), 16)
                chunks.append(stream.read(size))
                stream.readline()
                if not size:
                    break
            body = b"".join(chunks)
        else:
            body = stream.read(int(headers.get("content-length", 0)))
        return body

    def _reply(self, request):
        version = re.match(r"/v1\.(\d+)(/.*)", request.path)
        path = version.group(2) if version else request.path
        if version:
            asked = int(version.group(1))
            if asked < self.range[0]:
                return error(400, "client version 1.%d is too old. Minimum "
                             "supported API version is 1.%d" % (
                                 asked, self.range[0]))
            if asked > self.range[1]:
                return error(400, "client version 1.%d is too new. Maximum "
                             "supported API version is 1.%d" % (
                                 asked, self.range[1]))
        with self.lock:
            for method, pattern, replies in self.scripts:
                if method == request.method and pattern.fullmatch(path):
                    return replies.pop(0) if len(replies) > 1 else replies[0]
        return error(404, "page not found")

    def _send(self, sock, reply):
        """True if another request may come."""
        for piece in reply.pieces():
            self._drained(sock)
            sock.sendall(piece)
        if reply.then == "keep":
            return True
        if reply.then == "wait":
            self.stopping.wait(60)
        if reply.then == "hang":
            while not self.stopping.is_set() and sock.recv(65536):
                pass
        if reply.then == "echo":
            while not self.stopping.is_set():
                data = sock.recv(65536)
                if not data:
                    break
                sock.sendall(frame(1, data))
        self._drained(sock)
        return False

    def _drained(self, sock):
        """Waits until the peer has taken what was sent."""
        if self.tls:
            return
        end = time.monotonic() + 60
        while struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ,
                                             b"\0" * 4))[0]:
            if self.stopping.is_set() or time.monotonic() > end:
                raise Lost()
            time.sleep(0.0002)
