# SPDX-License-Identifier: MIT
"""A program on a terminal, as a person has it.

Terminal	a pty: send bytes, wait for a pattern with a deadline
Screen		tmux: the same, but what is seen is the screen after all escape
		sequences have been carried out

Neither sleeps: what is waited for is a pattern, and its absence at the
deadline fails the test and shows what there was.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

from addesh import check_end
from tap import patient

LIMIT = 60
# control sequences (ECMA-48), operating system commands, the short escapes
ESCAPES = re.compile("\x1b(\\[[0-9;:?>=]*[ -/]*[@-~]|"
                     "\\][^\x07\x1b]*(\x07|\x1b\\\\)|"
                     "[()][A-Z0-9]|[=>78DEHMc])|\x07")
LINE_ENDS = re.compile("\r*\n\r*")
UNFINISHED = re.compile("(\x1b(\\[[0-9;:?>= -/]*|\\][^\x07]*|[()])?|\n?\r+)$")


class NotSeen(AssertionError):
    """The pattern did not come."""


class Terminal:
    """argv on a new pty; `seen` holds all that it wrote.  user: arguments of
    Popen that make it another user."""

    def __init__(self, argv, env, cwd=None, rows=24, columns=80,
                 user=None):
        self.fd, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            **(user or {}))
        os.close(slave)
        self.seen = b""
        self.at = 0    # how much of text() expect() has consumed

    def resize(self, rows, columns):
        """The kernel sends SIGWINCH when this changes the size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        while data:
            data = data[os.write(self.fd, data):]

    def line(self, text):
        """Types a line and Enter."""
        self.send(text + "\r")

    def _read(self, end):
        """False at the end of the output."""
        left = max(0, end - time.monotonic())
        if not select.select([self.fd], [], [], left)[0]:
            raise TimeoutError
        try:
            data = os.read(self.fd, 65536)
        except OSError:    # EIO: nobody holds the other side any more
            data = b""
        self.seen += data
        return bool(data)

    def expect(self, pattern, limit=LIMIT):
        """Waits for the regular expression in what came since the last
        match, without escape sequences; `seen` has these too."""
        regex = re.compile(pattern, re.S | re.M)
        end = time.monotonic() + patient(limit)
        while True:
            match = regex.search(self.text()[self.at:])
            if match:
                self.at += match.end()
                return match
            try:
                more = self._read(end)
            except TimeoutError:
                raise NotSeen(self._report(pattern, "in %d s" % limit))
            if not more:
                raise NotSeen(self._report(pattern, "before the end"))

    def _report(self, pattern, when):
        return "%r did not come %s; since the last match:\n%s" % (
            pattern, when, self.text()[self.at:])

    def text(self):
        """All that was written, without escape sequences."""
        text = ESCAPES.sub("", self.seen.decode(errors="ignore"))
        # returns at either end of a line move nothing
        return LINE_ENDS.sub("\n", UNFINISHED.sub("", text))

    def wait(self, limit=LIMIT):
        """Reads until the program ends; its status."""
        end = time.monotonic() + patient(limit)
        try:
            while self._read(end):
                pass
        except TimeoutError:
            raise NotSeen(self._report("the end", "in %d s" % limit))
        status = self.process.wait(max(0.1, end - time.monotonic()))
        check_end(status, self.seen, self.process.args)
        return status

    def close(self):
        """Ends the program if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Screen:
    """argv in a tmux server of its own, without anybody's configuration."""

    def __init__(self, argv, env, cwd="/", rows=24, columns=80):
        self.dir = tempfile.mkdtemp(prefix="addesh-tmux-")
        self.socket = os.path.join(self.dir, "s")
        self.env = {**env, "TERM": "xterm-256color"}
        # the first command keeps a pane whose program has ended
        self.tmux("-f", "/dev/null", "start-server", ";",
                  "set-option", "-g", "remain-on-exit", "on", ";",
                  "set-option", "-g", "default-terminal", "screen-256color",
                  ";", "new-session", "-d", "-x", str(columns),
                  "-y", str(rows), "-c", cwd, *argv)

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *args],
                              env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True,
                              timeout=patient(LIMIT))
        if done.returncode != 0:
            raise RuntimeError("tmux %s: %s" % (args[0], done.stderr))
        return done.stdout

    def type(self, text):
        """Characters as they are."""
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *names):
        """Keys by tmux's names: Enter, Tab, C-c, Up, M-b ..."""
        self.tmux("send-keys", *names)

    def paste(self, text):
        """As a terminal pastes: bracketed, where the program asked."""
        self.tmux("set-buffer", "-b", "paste", "--", text)
        self.tmux("paste-buffer", "-p", "-r", "-d", "-b", "paste")

    def resize(self, rows, columns):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def capture(self, colours=False):
        """The lines of the screen, without the blanks at their ends."""
        text = self.tmux("capture-pane", "-p", *(["-e"] if colours else []))
        return [line.rstrip() for line in text.rstrip("\n").split("\n")]

    def wait_for(self, pattern, limit=LIMIT, colours=False):
        """Waits until the screen matches; returns the match."""
        regex = re.compile(pattern, re.M | re.S)
        end = time.monotonic() + patient(limit)
        while True:
            screen = "\n".join(self.capture(colours))
            match = regex.search(screen)
            if match:
                return match
            if time.monotonic() > end:
                raise NotSeen("%r was not on the screen in %d s:\n%s" % (
                    pattern, limit, screen))
            # tmux cannot be asked to say when the screen changes
            time.sleep(0.05)

    def cursor(self):
        """(row, column), from 0."""
        row, column = self.tmux(
            "display-message", "-p", "#{cursor_y} #{cursor_x}").split()
        return int(row), int(column)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       stdin=subprocess.DEVNULL, capture_output=True)
        for name in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, name))
        os.rmdir(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
