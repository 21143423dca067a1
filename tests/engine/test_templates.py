# SPDX-License-Identifier: MIT
"""Projects without a Dockerfile are built from the templates, and their tests
run in an environment of the image, without a network.

The base images that the templates name are all the one of every language; what
is fetched comes from the tests' own index.
"""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
import engines  # noqa: E402
from addesh import Home, source  # noqa: E402
from engineapi import ApiError  # noqa: E402
from sandboxes import SandboxHome  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

TEMPLATES = os.path.join(source(), "share", "addesh", "templates")
NAMES = sorted(n[:-len(".Dockerfile")] for n in os.listdir(TEMPLATES)
               if n.endswith(".Dockerfile"))
# what a build gets of the tests' index
ARGS = {"pip": ("PIP_INDEX_URL={pip_index}", "PIP_TRUSTED_HOST=192.0.2.1"),
        "npm": ("npm_config_registry={npm_registry}",),
        "go": ("GOPROXY={go_proxy}", "GOSUMDB=off"),
        "gem": ("BUNDLE_MIRROR__ALL={gem_source}",)}

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>addesh</groupId><artifactId>app</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
  </properties>
  <dependencies><dependency>
    <groupId>junit</groupId><artifactId>junit</artifactId>
    <version>4.13.2</version><scope>test</scope>
  </dependency></dependencies>
  <build><pluginManagement><plugins><plugin>
    <artifactId>maven-site-plugin</artifactId><version>3.12.1</version>
  </plugin></plugins></pluginManagement></build>
</project>
"""
# the archives that the tests' npm registry serves, as npm wrote it
LOCK = {"name": "app", "lockfileVersion": 3, "requires": True, "packages": {
    "": {"name": "app", "dependencies": {"addesh-sample": "^1.0.0"}},
    "node_modules/addesh-sample": {
        "version": "1.0.0",
        "resolved": "{npm_registry}../files/addesh-sample-1.0.0.tgz"}}}
PACKAGE = {"name": "app", "dependencies": {"addesh-sample": "^1.0.0"},
           "scripts": {"test": "node --test", "build": "echo was built >b"}}
NODE_TEST = """\
const assert = require('assert')
require('node:test')('sample', () =>
    assert.equal(require('addesh-sample').value, 42))
"""
PY_TEST = "import addesh_sample\n" \
    "def test_sample():\n    assert addesh_sample.value == 42\n"

# template: (index, files, the test command, what it says if all is well)
PROJECTS = {
    "python-requirements": ("pip", {
        "requirements.txt": "-r base.txt\n",
        "base.txt": "addesh-sample==1.0\n",
        "test_it.py": PY_TEST},
        "python3 -m pytest -q -p no:cacheprovider", r"1 passed"),
    "python-pyproject": ("pip", {
        "pyproject.toml":
            '[project]\nname = "app"\nversion = "1"\n'
            'dependencies = ["addesh-parent<1.1"]\n'
            '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
            'backend-path = ["."]\n',
        # one that installs nothing, and needs nothing to do it
        "backend.py": """\
import zipfile

def build_editable(to, settings=None, metadata=None):
    name, info = "app-1-py3-none-any.whl", "app-1.dist-info/"
    with zipfile.ZipFile(to + "/" + name, "w") as z:
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\\n"
                   "Name: app\\nVersion: 1\\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\n"
                   "Root-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr(info + "RECORD", "")
    return name
""",
        "test_it.py": "from importlib.metadata import version\n"
                      "import addesh_parent\n"
                      "def test_it():\n"
                      "    assert addesh_parent.version == '1.0'\n"
                      "    assert version('app') == '1'\n"},
        "python3 -m pytest -q -p no:cacheprovider", r"1 passed"),
    "node": ("npm", {"package.json": json.dumps(PACKAGE),
                     "it.test.js": NODE_TEST}, "npm test", r"pass 1"),
    "node-lock": ("npm", {"package.json": json.dumps(PACKAGE),
                          "package-lock.json": json.dumps(LOCK),
                          "it.test.js": NODE_TEST}, "npm test", r"pass 1"),
    "go": ("go", {
        "go.mod": "module app\n\ngo 1.19\n\n"
                  "require example.com/addesh/sample v1.0.0\n",
        "main.go": "package main\n\nimport \"example.com/addesh/sample\"\n\n"
                   "func main() { println(sample.Value()) }\n",
        "main_test.go": """\
package main

import (
\t"testing"

\t"example.com/addesh/sample"
)

func TestIt(t *testing.T) {
\tif sample.Value() != 42 {
\t\tt.Fail()
\t}
}
"""}, "go test ./...", r"^ok\s+app"),
    "maven": (None, {
        "pom.xml": POM,
        "src/main/java/A.java":
            "public class A { static int f() { return 42; } }\n",
        "src/test/java/ATest.java":
            "import static org.junit.Assert.*;\n"
            "public class ATest { @org.junit.Test public void t() "
            "{ assertEquals(42, A.f()); } }\n"},
        "mvn --batch-mode --offline test", r"Tests run: 1, Failures: 0"),
    "ruby": ("gem", {
        "Gemfile": 'source "https://gems.example"\ngem "addesh_sample"\n',
        "spec/it_spec.rb":
            'require "addesh_sample"\nRSpec.describe("it") do\n'
            "  it { expect(AddeshSample::VALUE).to eq(42) }\nend\n"},
        "rspec", r"1 example, 0 failures"),
    "ruby-gem": ("gem", {
        "Gemfile": 'source "https://gems.example"\ngemspec\n',
        "app.gemspec":
            "Gem::Specification.new do |s|\n  s.name = 'app'\n"
            "  s.version = File.read('VERSION')\n  s.summary = 's'\n"
            "  s.authors = ['a']\n  s.files = []\n"
            "  s.add_dependency 'addesh_sample'\nend\n",
        "VERSION": "1.0",
        "test/it_test.rb":
            'require "minitest/autorun"\nrequire "addesh_sample"\n'
            "class It < Minitest::Test\n"
            "  def test_it = assert_equal(42, AddeshSample::VALUE)\nend\n"},
        "ruby test/it_test.rb", r"1 runs, 1 assertions, 0 failures"),
    "rust": (None, {
        "Cargo.toml": '[package]\nname = "app"\nversion = "1.0.0"\n',
        "src/main.rs": "fn main() {}\n#[test]\nfn it() {}\n"},
        "env CARGO_TARGET_DIR=/tmp/target cargo test --offline",
        r"1 passed"),
    # it is not packaged in a version that runs here
    "gradle": (None, {
        "build.gradle": "// nothing\n",
        "gradlew.txt": "x"}, "gradle --no-daemon --offline test",
        r"gradle --no-daemon --offline test"),
}
GRADLE = "RUN printf '#!/bin/sh\\necho gradle \"$@\"\\n' " \
    ">/usr/local/bin/gradle && chmod 755 /usr/local/bin/gradle\n"


@test
def every_template_has_a_project():
    same(sorted(PROJECTS), NAMES)


@test
def the_rules_find_nothing_in_a_template():
    with Home() as home:
        for name in NAMES:
            done = home.addesh("-c", "check " + os.path.join(
                TEMPLATES, name + ".Dockerfile")).is_ok()
            same(done.out + done.err, "0 denied, 0 warnings\n", name)


def base_of(template):
    with open(os.path.join(TEMPLATES, template + ".Dockerfile")) as f:
        return re.search(r"^FROM (\S+)$", f.read(), re.M).group(1)


class Base:
    """The image of all languages under the name that a template starts
    from, unless it is there."""

    def __init__(self, kind, template):
        self.api = engines.api(kind)
        self.name = base_of(template)
        self.made = not self.api.has_image(self.name)
        engines.load(kind, "langs")

    def __enter__(self):
        repo, tag = self.name.rsplit(":", 1)
        if self.made:
            self.api.post("/images/langs:latest/tag", tag=tag,
                          repo="docker.io/library/" + repo)
        return self

    def __exit__(self, *_):
        if self.made:
            self.api.delete("/images/docker.io/library/" + self.name)


# Each language on both engines but Java, whose Maven takes its time, and each
# template once; Docker's other builder once more.
PODMAN = ("go", "node", "python-requirements", "ruby")
BUILDS = [("docker", "1", "python-requirements")] + \
    [("docker", "0", name) for name in NAMES
     if name not in ("node", "python-requirements")] + \
    [("podman", "", name) for name in PODMAN]


def tested_in(home, image, command):
    """What a project's tests print in an environment of its image."""
    done = home.addesh(
        "-k", "-c", "env new -m 1g --disk 512m --pids-limit 512 --cpus 2 " +
        image, "-c", "exec test ! -e /app/.env -a ! -e /app/.git", "-c",
        "exec cp -r /app /workspace/p", "-c",
        "exec -t 150 -w /workspace/p -- " + command, timeout=300)
    diag(done.out[-2000:] + done.err[-2000:])
    return done.is_ok().out


@test("%s %s: %s", BUILDS, deadline=400)
def _(kind, buildkit, template):
    index, files, command, wanted = PROJECTS[template]
    state = engines.state(kind)
    image = "addesh-test/%s:%d" % (template, os.getpid())
    env = {"DOCKER_BUILDKIT": buildkit} if buildkit else {}
    with SandboxHome(kind, env=env) as home, Base(kind, template) as base:
        for path, text in files.items():
            home.write("app/" + path,
                       text.replace("{npm_registry}", state["npm_registry"]))
        home.write("app/.env", "PASSWORD=secret\n")
        home.write("app/.git/config", "[core]\n")
        if template == "gradle":
            home.write("base/Dockerfile",
                       "FROM %s\n%s" % (base.name, GRADLE))
            home.addesh("-c", "build base -t " + base.name,
                        timeout=300).is_ok()
        args = "".join(" --build-arg " + a.format(**state)
                       for a in ARGS.get(index, ()))
        done = home.addesh("-c", "build app -t %s%s" % (image, args),
                           timeout=380)
        diag(done.err[-3000:])
        done.is_ok()
        assert "the template %s fits" % template in done.err, done.err
        # a finding would be a warning
        assert "warning" not in done.err, done.err
        try:
            same(base.api.get("/images/%s/json" % image)["Config"]["User"],
                 "10001:10001")
            out = tested_in(home, image, command)
            assert re.search(wanted, out, re.M), out
        finally:
            try:
                base.api.delete("/images/" + image, force="1")
            except ApiError as e:
                diag(e)


main()
