"""A second implementation of the runner's protocol (src/runner/protocol.h).

It is written from the header alone and shares nothing with the C code, so that
a mistake in the codec cannot hide by being made on both sides.
"""
import os
import select
import struct
import subprocess
import time
from socket import socketpair

from tap import patient

# Seconds for what is there at once, or hangs.
LIMIT = 60

MAGIC = b"AdR1"
PAYLOAD_MAX = 65536 - 16
SYNC = 65536
WINDOW = 256 << 10

F_MORE, F_END, F_STDERR, F_TAIL = 1, 2, 4, 8

TYPES = {
    "HELLO": 1, "PING": 2, "RUN": 3, "PUT": 4, "GET": 5, "RESET": 6,
    "SIGNAL": 7, "CANCEL": 8, "RESIZE": 9, "STATS": 10, "QUIT": 11, "KEEP": 12,
    "JOBS": 13, "JOB": 14, "KILL_JOB": 15, "FORGET_JOB": 16,
    "DISK": 17, "EDIT": 18, "PROCESSES": 19,
    "ENTRY": 32, "DATA": 33,
    "WELCOME": 64, "PONG": 65, "STARTED": 66, "OUT": 67, "CREDIT": 68,
    "EVENT": 69, "VERDICT": 70, "FAIL": 71,
}
TYPE_NAMES = {v: k for k, v in TYPES.items()}

_NUMBERS = {
    "VERSION": 2, "RUNNER": 3, "ERRNO": 7,
    "UID": 32, "GID": 33, "LEASE_MS": 38, "KEEP": 39, "NOFILE": 43,
    "NPROC": 44, "SILENCE_MS": 46, "AGAIN": 52,
    "STDIN": 67, "TIMEOUT_MS": 68, "INTERRUPT": 69, "GRACE_MS": 70,
    "OUTPUT_MAX": 71, "AFTER": 72, "PTY": 73, "BACKGROUND": 74,
    "TYPE": 96, "MODE": 97, "SIZE": 98, "MTIME": 100, "DEPTH": 101,
    "OWNER": 102, "ENTRIES_MAX": 103, "BYTES_MAX": 104,
    "WAS_SIZE": 106, "WAS_CRC": 107,
    "EXIT": 128, "SIGNAL": 129, "TIMED_OUT": 130, "OOM": 131,
    "CANCELLED": 132, "WALL_US": 133, "USER_US": 134, "SYS_US": 135,
    "MAXRSS_KB": 136, "PEAK": 137, "OUT_BYTES": 138, "ERR_BYTES": 139,
    "LEFTOVERS": 140, "EXEC_ERRNO": 141, "COUNT": 142, "ROWS": 143,
    "COLS": 144, "JOB": 146, "RUNNING": 147, "FOLLOW": 148,
    "ROOM": 149, "DISK_USED": 150, "PID": 151,
}
_BYTES = {
    "NONCE": 1, "LIMIT": 4, "NOTE": 5, "TEXT": 6, "PATH": 8,
    "USER": 34, "ISOLATION": 35, "WORKSPACE": 36, "PLACE": 37,
    "SECCOMP": 40, "CGROUP_FD": 41, "BASE_ENV": 42,
    "SERVICE_ARG": 47, "SERVICE_ENV": 48, "SERVICE_CWD": 49,
    "SERVICE_USER": 50,
    "ARG": 64, "ENV": 65, "CWD": 66,
    "TARGET": 99, "ITEM": 105, "STAT": 145, "PROCESS": 152,
}
KEYS = {**_NUMBERS, **_BYTES}
KEY_NAMES = {v: k for k, v in KEYS.items()}


def _crc_table():
    table = []
    for i in range(256):
        crc = i
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def frame(kind, ident, payload=b"", flags=0):
    head = MAGIC + struct.pack("<BBHI", TYPES[kind], flags, len(payload),
                               ident)
    return head + struct.pack("<I", crc32c(head + payload)) + payload


def fields(pairs):
    out = []
    for key, value in pairs:
        if isinstance(value, bool):
            value = int(value)
        if isinstance(value, int):
            value = struct.pack("<Q", value)
        elif isinstance(value, str):
            value = os.fsencode(value)
        out.append(struct.pack("<HI", KEYS[key], len(value)) + value)
    return b"".join(out)


def message(kind, ident, pairs=()):
    data = fields(pairs)
    frames = []
    while True:
        part, data = data[:PAYLOAD_MAX], data[PAYLOAD_MAX:]
        frames.append(frame(kind, ident, part, F_MORE if data else 0))
        if not data:
            return b"".join(frames)


def parse_fields(data):
    """A list of (name, value); numbers are int, everything else bytes."""
    out = []
    while data:
        key, n = struct.unpack_from("<HI", data)
        if len(data) < 6 + n:
            raise ValueError("field is cut")
        value, data = data[6:6 + n], data[6 + n:]
        name = KEY_NAMES.get(key, key)
        if name in _NUMBERS:
            (value,) = struct.unpack("<Q", value)
        out.append((name, value))
    return out


class Lost(Exception):
    """The runner's stream ended."""


class Frame:
    def __init__(self, kind, ident, flags, payload):
        self.kind, self.id, self.flags = kind, ident, flags
        self.payload = payload

    @property
    def fields(self):
        return parse_fields(self.payload)

    def get(self, name, default=None):
        for key, value in self.fields:
            if key == name:
                return value
        return default

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def __repr__(self):
        body = self.payload if self.kind in ("OUT", "DATA") else self.fields
        return "<%s %d %d %.300r>" % (self.kind, self.id, self.flags, body)


class Result:
    """All that came for one request."""

    def __init__(self):
        self.out, self.err = b"", b""
        self.tail_out, self.tail_err = b"", b""
        self.entries, self.events = [], []
        self.started = False
        self.end = None
        self.seconds = 0

    @property
    def failed(self):
        return self.end.kind == "FAIL"

    def get(self, name, default=None):
        return self.end.get(name, default)

    def __repr__(self):
        return "<Result out=%.200r err=%.200r events=%r %r>" % (
            self.out, self.err, self.events, self.end)


class Client:
    """One client on the two descriptors of a runner."""

    def __init__(self, rfd, wfd, check_crc=True):
        self.rfd, self.wfd = rfd, wfd
        self.check_crc = check_crc
        self.buf = bytearray()
        self.skipped = 0
        self.next_id = 1
        self.results = {}
        self.last = {}

    # -- bytes --------------------------------------------------------------
    def send(self, data):
        view = memoryview(data)
        while view:
            n = os.write(self.wfd, view)
            view = view[n:]

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.rfd], [], [], left)[0]:
            raise TimeoutError("no frame from the runner")
        data = os.read(self.rfd, 1 << 20)
        if not data:
            raise Lost()
        self.buf += data

    def _parse(self):
        buf = self.buf
        while buf:
            if buf[0] == 0:
                n = len(buf) - len(buf.lstrip(b"\0"))
                del buf[:n]
                continue
            if len(buf) < 16 and MAGIC.startswith(bytes(buf[:4])):
                return None
            if bytes(buf[:4]) == MAGIC:
                kind, flags, n, ident = struct.unpack_from("<BBHI", buf, 4)
                if n <= PAYLOAD_MAX:
                    if len(buf) < 16 + n:
                        return None
                    (crc,) = struct.unpack_from("<I", buf, 12)
                    payload = bytes(buf[16:16 + n])
                    if not self.check_crc or crc == crc32c(
                            bytes(buf[:12]) + payload):
                        del buf[:16 + n]
                        return Frame(TYPE_NAMES.get(kind, kind), ident, flags,
                                     payload)
            del buf[0]
            self.skipped += 1
        return None

    def recv(self, timeout=LIMIT):
        return self._recv(time.monotonic() + patient(timeout))

    def _recv(self, deadline):
        while True:
            got = self._parse()
            if got:
                if got.flags & F_MORE and got.kind not in ("OUT", "DATA"):
                    more = self._recv(deadline)
                    got.payload += more.payload
                return got
            self._fill(deadline)

    # -- conversations ------------------------------------------------------
    def hello(self, config=(), timeout=LIMIT):
        nonce = os.urandom(16)
        self.send(bytes(SYNC) + message(
            "HELLO", 0, [("NONCE", nonce), ("VERSION", 1)] + list(config)))
        while True:
            got = self.recv(timeout)
            if got.kind == "FAIL" and got.id == 0:
                raise RuntimeError(repr(got))
            if got.kind == "WELCOME" and got.get("NONCE") == nonce:
                self.welcome = got
                self.skipped = 0
                return got

    def limits(self):
        return dict(os.fsdecode(v).split("=", 1)
                    for v in self.welcome.all("LIMIT"))

    def request(self, kind, pairs=()):
        ident = self.next_id
        self.next_id += 1
        self.results[ident] = Result()
        self.send(message(kind, ident, pairs))
        return ident

    def data(self, ident, data=b"", end=True):
        """DATA without regard for the window: for small content."""
        while True:
            part, data = data[:PAYLOAD_MAX], data[PAYLOAD_MAX:]
            last = end and not data
            self.send(frame("DATA", ident, part, F_END if last else 0))
            if not data:
                return

    def take(self, got):
        """Files a frame under its request."""
        res = self.results.get(got.id)
        if res is None:
            return
        if got.kind == "OUT":
            name = "err" if got.flags & F_STDERR else "out"
            if got.flags & F_TAIL:
                name = "tail_" + name
            setattr(res, name, getattr(res, name) + got.payload)
        elif got.kind == "STARTED":
            res.started = True
        elif got.kind == "EVENT":
            res.events.append(os.fsdecode(got.get("TEXT")))
        elif got.kind == "ENTRY":
            entry = dict(got.fields)
            entry["DATA"] = b""
            res.entries.append(entry)
        elif got.kind == "DATA":
            res.entries[-1]["DATA"] += got.payload
        elif got.kind == "CREDIT":
            res.credit = getattr(res, "credit", 0) + got.get("COUNT")
        elif got.kind in ("VERDICT", "FAIL"):
            res.end = got

    def wait(self, ident, timeout=LIMIT):
        res = self.results[ident]
        deadline = time.monotonic() + patient(timeout)
        while res.end is None:
            self.take(self._recv(deadline))
        return res

    def wait_started(self, ident, timeout=LIMIT):
        while not self.results[ident].started:
            self.take(self.recv(timeout))

    def wait_event(self, ident, timeout=LIMIT):
        while not self.results[ident].events:
            self.take(self.recv(timeout))

    def wait_output(self, ident, needle, timeout=LIMIT):
        res = self.results[ident]
        deadline = time.monotonic() + patient(timeout)
        while needle not in res.out + res.err:
            if res.end is not None:
                raise AssertionError("ended without %r: %r" % (needle, res))
            self.take(self._recv(deadline))

    def start(self, *argv, **opts):
        """RUN; options are fields in lower case, env a dict."""
        pairs = [("ARG", a) for a in argv]
        for key, value in opts.pop("env", {}).items():
            pairs.append(("ENV", "%s=%s" % (key, value)))
        pairs += [(key.upper(), value) for key, value in opts.items()]
        return self.request("RUN", pairs)

    def run(self, *argv, wait=LIMIT, **opts):
        return self.wait(self.start(*argv, **opts), wait)

    def run_into_limit(self, *argv, timeout_ms, **opts):
        """run() of what writes and does not end, with a time limit that is
        longer each time until the program got to write: on a busy machine a
        short one may pass before it is loaded."""
        for factor in 1, 5, 25:
            r = self.run(*argv, timeout_ms=factor * timeout_ms, wait=120,
                         **opts)
            if r.out:
                break
        return r

    def sh(self, script, **opts):
        return self.run("sh", "-c", script, **opts)

    def put_start(self, path, entries, **opts):
        """entries: (path, type, mode, content or target)."""
        ident = self.request("PUT", [("PATH", path)] + [
            (key.upper(), value) for key, value in opts.items()])
        for name, kind, mode, content in entries:
            pairs = [("PATH", name), ("TYPE", ord(kind)), ("MODE", mode)]
            if kind == "l":
                pairs.append(("TARGET", content))
            self.send(message("ENTRY", ident, pairs))
            if kind == "f":
                self.data(ident, content)
        self.send(frame("ENTRY", ident))
        return ident

    def put(self, path, content, mode=0o644, **opts):
        return self.wait(self.put_start(path, [("", "f", mode, content)],
                                        **opts))

    def get(self, path, **opts):
        return self.wait(self.request("GET", [("PATH", path)] + [
            (key.upper(), value) for key, value in opts.items()]))

    def reset(self, timeout=LIMIT):
        return self.wait(self.request("RESET"), timeout)

    def ping(self, timeout=LIMIT):
        self.send(frame("PING", 0))
        while True:
            got = self.recv(timeout)
            if got.kind == "PONG":
                return
            self.take(got)


class Process(Client):
    """A runner that was started as argv, and a client on its pipes, or with
    socket=True on one end of a pair whose other end is its stdin and stdout."""

    def __init__(self, argv, socket=False, **opts):
        check_crc = opts.pop("check_crc", True)
        if socket:
            self._start_on_socket(argv, opts)
        else:
            self.proc = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, bufsize=0,
                                         **opts)
        super().__init__(self.proc.stdout.fileno(),
                         self.proc.stdin.fileno(), check_crc)

    def _start_on_socket(self, argv, opts):
        ours, theirs = socketpair()
        with ours, theirs:
            self.proc = subprocess.Popen(argv, stdin=theirs, stdout=theirs,
                                         **opts)
            self.proc.stdin = os.fdopen(os.dup(ours.fileno()), "wb", 0)
            self.proc.stdout = os.fdopen(os.dup(ours.fileno()), "rb", 0)

    def close(self, timeout=LIMIT):
        """Ends the runner by EOF; its exit status."""
        if not self.proc.stdin.closed:
            self.proc.stdin.close()
        try:
            while os.read(self.rfd, 1 << 20):
                pass
        except OSError:
            pass
        self.proc.stdout.close()
        return self.proc.wait(patient(timeout))

    def kill(self):
        self.proc.kill()
        self.proc.wait()
