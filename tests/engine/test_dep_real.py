# SPDX-License-Identifier: MIT
"""dep add with pip, npm, RubyGems and Go: a program that lacks a package says
what to type, and runs once that was typed, without a network."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from engineapi import ApiError  # noqa: E402
from sandboxes import ENGINES, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

# enough for Go
ROOM = " -m 1g --pids-limit 512 --cpus 2 langs:latest"
NO_NET = "; import socket; print(len(socket.if_nameindex()))"

# language, file, program, the module that it says is missing, package
PROGRAMS = (
    ("python", "a.py", "import addesh_sample as a\nprint(a.value)\n",
     "addesh_sample", "addesh_sample"),
    ("javascript", "a.js",
     "console.log(require('addesh-sample').value)\n",
     "addesh-sample", "addesh-sample"),
    ("javascript", "a.mjs",
     "import a from 'addesh-parent'\nconsole.log(a.value)\n",
     "addesh-parent", "addesh-parent"),
    ("ruby", "a.rb", "require 'addesh_sample'\nputs AddeshSample::VALUE\n",
     "addesh_sample", "addesh_sample"),
    ("go", "a.go", 'package main\n\nimport (\n\t"fmt"\n\n\t'
     '"example.com/addesh/sample"\n)\n\nfunc main() {\n'
     "\tfmt.Println(sample.Value())\n}\n",
     "example.com/addesh/sample", "example.com/addesh/sample"),
)


class Rooms:
    """A session with one environment for each engine; layers go at the end."""

    def __init__(self):
        self.open, self.layers = {}, set()

    def get(self, kind):
        if kind not in self.open:
            engines.load(kind, "langs")
            state = engines.state(kind)
            self.open[kind] = Session(kind, new="env new" + ROOM, env={
                "PIP_INDEX_URL": state["pip_index"],
                "PIP_TRUSTED_HOST": "192.0.2.1",
                "npm_config_registry": state["npm_registry"],
                "GOPROXY": state["go_proxy"], "GOSUMDB": "off",
                "GEM_SOURCE": state["gem_source"],
                "BUNDLE_MIRROR__ALL": state["gem_source"]})
        return self.open[kind]

    def ok(self, kind, line, **kw):
        result = self.get(kind).ok(line, limit=200, **kw)
        if result.get("layer"):
            self.layers.add((kind, result["layer"]))
        return result

    def close(self):
        for s in self.open.values():
            s.close()
        for kind, layer in self.layers:
            try:
                engines.api(kind).delete("/images/" + layer, force="1")
            except ApiError as e:
                diag(e)


rooms = Rooms()


def listed(kind):
    return {(d["language"], d["name"]): (d["requested"], d["installed"])
            for d in rooms.ok(kind, "dep ls")["dependencies"]}


@test("%s: %s, %s: what is suggested helps", [
    (kind, p[0], p[1], p) for kind in ENGINES for p in PROGRAMS
    if kind == "docker" or p[1] in ("a.py", "a.mjs")], deadline=300)
def _(kind, language, _, program):
    _, file, text, module, package = program
    s = rooms.get(kind)
    r = s.run(file, text, options="-t 120")
    same((r["status"], r["diagnosis"]["kind"], r["diagnosis"]["module"]),
         ("failed", "missing_module", module))
    # the image does not tell the language
    same(r["diagnosis"]["suggestion"],
         "dep add --lang %s %s" % (language, package))
    rooms.ok(kind, r["diagnosis"]["suggestion"])
    r = s.run(file, text, options="-t 120")
    same((r["exit_code"], r.out), (0, b"42\n"), r.errs)


@test("docker: what was installed is listed, with what came along")
def _():
    same(listed("docker"), {
        ("python", "addesh-sample"): ("addesh_sample", "1.0"),
        ("javascript", "addesh-sample"): ("addesh-sample", "1.0.0"),
        ("javascript", "addesh-parent"): ("addesh-parent", "1.1.0"),
        ("ruby", "addesh_sample"): ("addesh_sample", "1.0.0"),
        ("go", "example.com/addesh/sample"): ("example.com/addesh/sample",
                                              "v1.0.0")})


@test("docker: a version, lists, and no network")
def _():
    home = rooms.get("docker").home
    home.write("requirements.txt", "addesh-parent == 1.0\n")
    home.write("package.json", json.dumps({
        "name": "x", "dependencies": {"addesh-parent": "1.0.0"}}))
    rooms.ok("docker", "env new --name lists --dep-file requirements.txt "
             "--dep-file package.json" + ROOM)
    same(listed("docker"), {
        ("python", "requirements.txt"): ("requirements.txt", None),
        ("python", "addesh-parent"): (None, "1.0"),
        ("python", "addesh-sample"): (None, "1.0"),
        ("javascript", "package.json"): ("package.json", None),
        ("javascript", "addesh-parent"): (None, "1.0.0"),
        ("javascript", "addesh-sample"): (None, "1.0.0")})
    s = rooms.get("docker")
    r = s.run("v.py", "import addesh_parent as a; print(a.version)" + NO_NET)
    same((r["exit_code"], r.out), (0, b"1.0\n1\n"), r.errs)
    r = s.run("v.js", "console.log(require('addesh-parent').version)")
    same((r["exit_code"], r.out), (0, b"1.0.0\n"), r.errs)


PYPROJECT = """
[project]
name = "addesh-Parent"
dependencies = ["addesh_sample<9"]
optional-dependencies.test = ["addesh_parent[x]"]
optional-dependencies.docs = ["addesh-none"]
"""


@test("docker: what a pyproject.toml depends on, without itself")
def _():
    home = rooms.get("docker").home
    home.write("pyproject.toml", PYPROJECT)
    rooms.ok("docker", "env new --name toml --dep-file pyproject.toml" + ROOM)
    same(listed("docker"), {
        ("python", "pyproject.toml"): ("pyproject.toml", None),
        ("python", "addesh-sample"): (None, "1.0")})
    home.write("pyproject.toml", "[project]\nname = 'a'\n")
    rooms.ok("docker", "env new --name none --dep-file pyproject.toml" + ROOM)


GEMSPEC = """require_relative "lib/a/version"
Gem::Specification.new do |s|
  s.add_dependency "addesh_sample", "~> 1.0" # not 'this'
  # s.add_dependency "addesh-none"
end
"""


@test("docker: what a gem depends on, without itself")
def _():
    home = rooms.get("docker").home
    home.write("Gemfile", "source 'https://gems.example'\n\ngemspec\n")
    home.write("a.gemspec", GEMSPEC)
    rooms.ok("docker", "env new --name gem --dep-file Gemfile "
             "--dep-file a.gemspec" + ROOM)
    same(listed("docker")["ruby", "addesh_sample"], (None, "1.0.0"))


@test("docker: a list that names another one")
def _():
    s = rooms.get("docker")
    s.home.write("more/requirements.txt", "-r base.txt\n")
    s.home.write("more/base.txt", "addesh-parent == 1.0\n")
    line = "env new --name named --dep-file more/requirements.txt"
    got = s.do(line + ROOM, limit=120)
    same(got["ok"], False)
    same(got["result"]["install"]["diagnosis"]["kind"], "list_not_found")
    assert "names base.txt, which was not given" in got["error"]["hint"], got
    rooms.ok("docker", line + " --lang python --dep-file more/base.txt" + ROOM)
    same(listed("docker")[("python", "addesh-parent")], (None, "1.0"))


# language, package, a word of its output, diagnosis
FAILURES = (
    ("python", "addesh-broken", "the header addesh.h is missing", None),
    ("python", "addesh-none", "No matching distribution",
     "package_not_found"),
    ("javascript", "addesh-broken", "the header addesh.h is missing", None),
    ("javascript", "addesh-none", "404", "package_not_found"),
    ("ruby", "addesh-none", "Could not find", "package_not_found"),
    ("go", "example.com/none", "404", "package_not_found"),
)


@test("docker: %s, %s: the failure is told", [(f[0], f[1], f)
                                             for f in FAILURES])
def _(language, package, failure):
    s = rooms.get("docker")
    got = s.do("dep add --lang %s %s" % (language, package), limit=120)
    same((got["ok"], got["status"], got["error"]["kind"]),
         (False, 125, "image"))
    install = got["result"]["install"]
    assert failure[2] in install["failed_log"], install
    same(install.get("diagnosis", {}).get("kind"), failure[3])


@test
def all_environments_close():
    rooms.close()


main()
