# SPDX-License-Identifier: MIT
"""A home with a project in it."""

import os

from sandboxes import ENGINES, SandboxHome

IMAGE = "busybox:latest"


class Place(SandboxHome):
    """With a project in the directory app: {name: text}."""

    def __init__(self, kind, files=None, **kw):
        super().__init__(kind, **kw)
        self.app = os.path.join(self.work, "app")
        # what the restricted sandbox has is of this host
        self.open = "project open --no-deps app" + (
            " --image " + IMAGE if kind in ENGINES else "")
        os.mkdir(self.app)
        for name, text in (files or {"a.txt": "one\n"}).items():
            self.write(os.path.join("app", name), text)

    def projects(self):
        return os.path.join(self.env["XDG_STATE_HOME"], "addesh", "projects")

    def kept_files(self):
        """What is on this host of projects."""
        top = self.projects()
        return sorted(os.listdir(top)) if os.path.isdir(top) else []
