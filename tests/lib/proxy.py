# SPDX-License-Identifier: MIT
"""Between addesh and an engine: what is said can be held up, or cut off."""

import re
import socket
import threading


class Gate:
    """Holds up the first request that the pattern matches, or its answer,
    until it is opened."""

    def __init__(self, pattern, answer):
        self.pattern = re.compile(pattern)
        self.answer = answer
        self.used = False
        self.reached = threading.Event()
        self.opened = threading.Event()

    def stop(self):
        self.reached.set()
        self.opened.wait()


class Proxy:
    """A socket before an engine's.  `passed` tells that mark came from the
    engine."""

    def __init__(self, path, endpoint, mark=None):
        self.path = path
        self.target = endpoint[len("unix://"):]
        self.mark = mark
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.pairs = []
        self.gates = []
        self.frozen = threading.Event()
        self.passed = threading.Event()
        self.open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return "unix://" + self.path

    def hold(self, pattern, answer=False):
        """A Gate for the next request whose first line is like that."""
        self.gates.append(Gate(pattern, answer))
        return self.gates[-1]

    def _accept(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            b = socket.socket(socket.AF_UNIX)
            b.connect(self.target)
            self.pairs.append((a, b))
            held = []    # gates that the next answer waits at
            for copy in (self._requests, a, b, held), \
                    (self._answers, b, a, held):
                threading.Thread(target=self._copy, args=copy,
                                 daemon=True).start()

    def _requests(self, data, held):
        line = data.split(b"\r\n")[0].decode(errors="replace")
        for gate in self.gates:
            if gate.used or not gate.pattern.search(line):
                continue
            gate.used = True
            if gate.answer:
                held.append(gate)
            else:
                gate.stop()

    def _answers(self, data, held):
        while held:
            held.pop().stop()
        if self.mark and self.mark in data:
            self.passed.set()

    def _copy(self, look, x, y, held):
        seen = b""
        try:
            while True:
                data = x.recv(65536)
                if self.frozen.is_set():
                    return    # takes it and says nothing
                if not data:
                    break
                if look == self._answers and self.mark:
                    seen = seen[-len(self.mark):] + data
                look(seen or data, held)
                y.sendall(data)
            y.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Every connection, on both sides."""
        for gate in self.gates:
            gate.opened.set()
        for pair in self.pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
        self.pairs.clear()

    def close(self):
        if self.open:
            self.open = False
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        self.cut()
