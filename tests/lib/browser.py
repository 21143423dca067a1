# SPDX-License-Identifier: MIT
"""A headless Chromium, by its DevTools protocol over a pipe.

	with browser.Browser() as b:
	    page = b.open("file:///tmp/x.html", width=360, dark=True)
	    page.evaluate("document.title")
	    page.said        # what it wrote to its console, violations among it
	    page.requested   # each address that it asked for, and was let to
	    open("x.png", "wb").write(page.picture())

It needs no display, and has a profile of its own.  A page stands open until the
browser ends.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from engines import skip
from tap import Skip, patient

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
# The first two: the sandbox wants namespaces, which a container seldom has; the
# pages are our own files.  Without the others it asks its maker for updates.
OPTIONS = ("--no-sandbox", "--headless", "--disable-gpu",
           "--disable-dev-shm-usage", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--no-first-run",
           "--no-default-browser-check", "--hide-scrollbars",
           "--remote-debugging-pipe")


def _program():
    """The first that is installed.  A release without the package, such as
    Ubuntu's, whose Chromium is no package, cannot be asked for one."""
    for name in PROGRAMS:
        if shutil.which(name):
            return name
    known = shutil.which("apt-cache") and subprocess.run(
        ["apt-cache", "show", PROGRAMS[0]], capture_output=True).returncode
    if known:
        raise Skip("this release has no package %s" % PROGRAMS[0])
    skip("no Chromium is installed (package %s)" % PROGRAMS[0])


class Page:
    """One that is loaded."""

    def __init__(self, browser, session):
        self.browser, self.session = browser, session
        self.said, self.asked = [], {}
        self.loaded = False

    def call(self, method, **params):
        return self.browser.call(method, params, self.session)

    def take(self, method, params):
        """An event of this page."""
        if method == "Network.requestWillBeSent":
            self.asked[params["requestId"]] = params["request"]["url"]
        elif method == "Network.loadingFailed" and \
                params.get("blockedReason") == "csp":
            del self.asked[params["requestId"]]
        elif method == "Log.entryAdded":
            self.said.append(params["entry"]["text"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled",
                        "Page.javascriptDialogOpening"):
            self.said.append(json.dumps(params))
        elif method == "Page.loadEventFired":
            self.loaded = True

    @property
    def requested(self):
        return list(self.asked.values())

    def evaluate(self, expression):
        done = self.call("Runtime.evaluate", expression=expression,
                         returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise AssertionError(done["exceptionDetails"])
        return done["result"].get("value")

    def key(self, name):
        """Types a key, such as Tab."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[name])

    def picture(self):
        """All of it as PNG."""
        done = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(done["data"])


class Browser:
    def __init__(self):
        program = _program()
        self.profile = tempfile.mkdtemp(prefix="addesh-browser-")
        theirs, self.to = os.pipe()
        self.of, mine = os.pipe()
        # It reads commands from 3 and answers on 4.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&%d 4>&%d' % (theirs, mine), "sh",
             program, *OPTIONS, "--user-data-dir=" + self.profile],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, pass_fds=(theirs, mine),
            start_new_session=True)
        os.close(theirs)
        os.close(mine)
        self.number, self.read, self.pages = 0, b"", {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        os.close(self.of)
        # its other processes may be ending still
        end = time.monotonic() + patient(10)
        while os.path.exists(self.profile) and time.monotonic() < end:
            shutil.rmtree(self.profile, ignore_errors=True)
            time.sleep(0.01)
        assert not os.path.exists(self.profile), self.profile

    def _message(self):
        while b"\0" not in self.read:
            part = os.read(self.of, 1 << 16)
            if not part:
                raise AssertionError("the browser ended: %s"
                                     % self.process.wait(patient(10)))
            self.read += part
        text, self.read = self.read.split(b"\0", 1)
        return json.loads(text)

    def _event(self, message):
        page = self.pages.get(message.get("sessionId"))
        if page:
            page.take(message["method"], message["params"])

    def call(self, method, params, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self.number:
                break
            self._event(answer)
        if "error" in answer:
            raise AssertionError("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def open(self, url, width=1280, height=800, dark=False, media="screen"):
        """A page with a window of this size, when it is loaded."""
        target = self.call("Target.createTarget", {"url": "about:blank"})
        session = self.call("Target.attachToTarget", {
            "targetId": target["targetId"], "flatten": True})["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(domain + ".enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)
        page.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        page.loaded = False
        page.call("Page.navigate", url=url)
        while not page.loaded:
            self._event(self._message())
        return page
