# SPDX-License-Identifier: MIT
"""check and run --check, with the languages' own parsers."""

import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import addesh  # noqa: E402
import engines  # noqa: E402
from sandboxes import SandboxHome, Session  # noqa: E402
from tap import diag, main, same, test  # noqa: E402

ROOM = "env new langs:latest -m 1g --disk 1g --cpus %d --pids-limit 512" % \
    os.cpu_count()
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
SECRET = "hunter" + "22"    # no secret of ours stands in our own code


class Rooms:
    """One environment with all languages, one with Python alone."""

    def __init__(self):
        self.open = {}

    def get(self, image="langs"):
        if image not in self.open:
            if image == "langs":
                engines.load("docker", "langs")
            self.open[image] = Session(
                "docker", new=ROOM if image == "langs" else
                "env new python:3.11-slim")
            self.open[image].ok("set timeout 60s")
        return self.open[image]

    def close(self):
        for s in self.open.values():
            s.close()


rooms = Rooms()


def check(name, text, options="", image="langs"):
    """The record of one text, given as a heredoc."""
    got = rooms.get(image).do("check %s %s" % (options, name), text)
    assert "error" not in got, got
    same(got["status"], 0 if got["result"]["passed"] else 1)
    return got["result"]


def found(record, *keys):
    return [tuple(f[k] for k in keys) for f in record["findings"]]


# A program, one with a mistake with its place (column 0: its parser tells
# none), one with risks with their lines and rules, and whether the language
# has a parser here that finds them.
PY = """\
import os as o, pickle
from subprocess import run as r
# eval(x) in a comment, os.system("x") too
TEXT = "eval(x); os.system(y)"
o.system("rm " + TEXT)
r(TEXT, shell=True)
pickle.loads(TEXT)
password = "%s"
eval(TEXT)
""" % SECRET
JS = """\
const { exec: e } = require('node:child_process');
// eval(x)
const text = "eval(x)", other = `document.write(x)`;
eval(text);
document.getElementById('a').innerHTML = text;
document.write(text);
e('ls ' + text);
const p = { password: '%s', dangerouslySetInnerHTML: { __html: text } };
""" % SECRET
RISKS = {
    "python": ("a.py", "print(1)\n", "a = 1\nb = (2,\n", (2, 5), PY,
               [(5, "shell"), (6, "shell"), (7, "deserialise"),
                (8, "secret"), (9, "eval")], True),
    "javascript": ("a.js", "console.log(1)\n", "let a = 1;\nlet b = ;\n",
                   (2, 9), JS,
                   [(1, "child-process"), (4, "eval"),
                    (5, "html-injection"), (6, "html-injection"),
                    (7, "shell"), (8, "secret"), (8, "html-injection")],
                   True),
    "typescript": ("a.ts", "const a: number = 1; export { a };\n",
                   "let a: number = 1;\nlet b: = 2;\n", (2, 8),
                   JS.replace("const p =", "const p: any ="),
                   [(1, "child-process"), (4, "eval"),
                    (5, "html-injection"), (6, "html-injection"),
                    (7, "shell"), (8, "secret"), (8, "html-injection")],
                   True),
    "ruby": ("a.rb", "puts 1\n", "def a(\n  b =\nend\n", (3, 0),
             "# eval(x)\nt = 'eval(x)'\neval(t)\nsystem(\"ls #{t}\")\n"
             "Marshal.load(t)\nAPI_KEY = '%s'\n`ls #{t}`\n" % SECRET,
             [(3, "eval"), (4, "shell"), (5, "deserialise"), (6, "secret"),
              (7, "shell")], True),
    "php": ("a.php", "<?php echo 1;\n", "<?php\n$a = ;\n", (2, 0),
            "<?php\n// eval($x)\n$t = 'eval($x)';\neval($t);\n"
            "system($t);\nunserialize($t);\n$password = '%s';\n"
            "$o->eval($t);\n" % SECRET,
            [(4, "eval"), (5, "shell"), (6, "deserialise"), (7, "secret")],
            True),
    "r": ("a.R", "print(1)\n", "a <- 1\nb <- (2\n}\n", (3, 1),
          "# system(x)\nt <- 'system(x)'\nsystem(t)\n"
          "eval(parse(text = t))\npassword <- '%s'\n" % SECRET,
          [(3, "shell"), (4, "eval"), (5, "secret")], True),
    "java": ("A.java", "class A { }\n", "class A {\n  int a = ;\n}\n",
             (2, 11),
             "// Runtime.getRuntime().exec(x)\nclass A {\n"
             "  String t = \"Runtime.getRuntime().exec(x)\";\n"
             "  void a() throws Exception {\n"
             "    Runtime.getRuntime().exec(t);\n"
             "    o.readObject();\n"
             "    String password = \"%s\";\n  }\n}\n" % SECRET,
             [(5, "shell"), (6, "deserialise"), (7, "secret")], True),
    "go": ("a.go", "package main\n\nfunc main() {}\n",
           "package main\n\nfunc main() { a := }\n", (3, 20),
           "package main\n\nimport (\n\t\"fmt\"\n\trun \"os/exec\"\n)\n"
           "// exec.Command(x)\nvar t = \"exec.Command(x)\"\n"
           "var password = \"%s\"\n\nfunc main() {\n"
           "\trun.Command(t)\n\tfmt.Command(t)\n\texec.Command(t)\n}\n"
           % SECRET,
           [(9, "secret"), (12, "shell"), (14, "shell")], True),
    "c": ("a.c", "int main(void) { return 0; }\n",
          "int main(void)\n{\n\treturn 0\n}\n", (3, 10),
          "/* system(x) */\nint system(const char *);\n"
          "char *t = \"system(x)\";\nchar *password = \"%s\";\n"
          "int main(void) { return system(t); }\n" % SECRET,
          [(2, "shell"), (4, "secret"), (5, "shell")], False),
    "cpp": ("a.cpp", "int main() { return 0; }\n",
            "int main()\n{\n\treturn 0\n}\n", (3, 10),
            "int f(char *t) { return std::system(t); }\n",
            [(1, "shell")], False),
    "rust": ("a.rs", "fn main() {}\n", "fn main() {\n    let a = ;\n}\n",
             (2, 13), "// unsafe\nfn main() {\n"
             "    std::process::Command::new(\"unsafe\");\n}\n",
             [(3, "shell")], False),
    "perl": ("a.pl", "use strict;\nprint 1;\n", "use strict;\nmy $a = ;\n",
             (2, 0), "# eval $x\nmy $t = 'eval $x';\neval $t;\n"
             "eval { 1 };\nsystem($t);\nmy $password = '%s';\n"
             "print `ls $t`;\n" % SECRET,
             [(3, "eval"), (5, "shell"), (6, "secret"), (7, "shell")], False),
    "lua": ("a.lua", "print(1)\n", "a = 1\nb = = 2\n", (2, 0),
            "-- os.execute(x)\nt = 'os.execute(x)'\nos.execute(t)\n"
            "load(t)()\npassword = '%s'\n" % SECRET,
            [(3, "shell"), (4, "eval"), (5, "secret")], False),
    "shell": ("a.sh", "echo 1\n", "echo 1\n)\n", (2, 0),
              "# eval x\nt='eval x'\neval \"$t\"\n", [(3, "eval")], False),
}
ALL = sorted(RISKS)


@test("%s: what is right passes", ALL)
def _(name):
    file, good = RISKS[name][:2]
    r = check(file, good)
    same(r["findings"], [])
    same(r["passed"], True)
    same([r["details"][k]["passed"] for k in
          ("syntax", "structure", "security", "performance")], [True] * 4)


@test("%s: a mistake has its line and column", ALL)
def _(name):
    file, _, bad, place = RISKS[name][:4]
    r = check(file, bad)
    diag(r["findings"])
    first = r["findings"][0]
    same((first["layer"], first["rule"], first["severity"],
          first["action"]), ("syntax", "syntax", "error", "refuse"))
    same((first["line"], first["column"]), place)
    assert first["message"], first
    same(r["details"]["syntax"]["passed"], False)


@test("%s: risks are found in code, and not in comments and texts", ALL)
def _(name):
    file, _, _, _, risky, wanted, parser = RISKS[name]
    r = check(file, risky, "--only security")
    diag(r["findings"])
    same([(f["line"], f["rule"]) for f in r["findings"]], wanted)
    same({f["by_text"] for f in r["findings"]}, {not parser})
    assert SECRET not in json.dumps(r), r


# What is no risk, and what looks like it and is one.
SAFE = {
    "a.py": ("import pickle\npickle.loads(pickle.dumps(x))\n",
             "import pickle\npickle.loads(x.dumps)\n"),
    "a.rb": ("a.instance_eval { b }\nA.class_eval(&b)\n"
             "A.class_eval do\n  c\nend\nMarshal.load(Marshal.dump(a))\n",
             "a.instance_eval(*b)\n"),
    "a.php": ("<?php unserialize(serialize($a));\n",
              "<?php unserialize($serialize($a));\n"),
    "a.pl": ("print 1 if /a `b/;\n$VERSION = eval $VERSION;\n"
             "my @exec = (exec => 'a', 1, $a{system});\n\n=head1 NAME\n\nsystem $x; eval $x;\n\n=cut\n\n"
             "__END__\nsystem $x;\n",
             "print 1;\n=head1 NAME\n\n=cut\n\neval $x;\n"),
}
FIXED = {
    "a.rb": "A.class_eval <<-E, __FILE__, 1 + 1\n  def a; end\nE\n",
    "a.php": "<?php exec('which hg', $out);\n`which hg`;\n",
    "a.pl": "eval 'require A';\neval \"require A\";\neval q{require A};\n",
}
OPEN = {
    "a.rb": "A.class_eval self\n",
    "a.php": "<?php exec('which ' . $a, $out);\n`which $a`;\n",
    "a.pl": "eval 'require ' . $a;\neval \"require $a\";\neval q{1}.$a;\n",
}


def severities(file, text):
    return {f["severity"] for f in
            check(file, text, "--only security")["findings"]}


@test("no risk in %s", sorted(SAFE))
def _(file):
    safe, risky = SAFE[file]
    same(severities(file, safe), set())
    same(severities(file, risky), {"error"})


@test("what %s runs is a literal, or not", sorted(FIXED))
def _(file):
    same(severities(file, FIXED[file]), {"warning"})
    same(severities(file, OPEN[file]), {"error"})


# Lines, each with the rule that finds it ("": none; behind a +, in the second
# of two) and whether its arguments are literals, which makes a warning of it.
KEY = "-----BEGIN RSA PRIVATE " + "KEY-----"
BODY = "MIIEpAIBAAKCAQEA" * 2
LINES = {"a.py": [
    ("import yaml, subprocess, os, builtins as b", ""),
    ("from yaml import load as l", ""),
    ("exec(TEXT)", "eval"), ("exec('x = 1')", "eval?"),
    ("b.exec(TEXT)", "eval"), ("__builtins__.exec(TEXT)", "eval"),
    ("object.exec(TEXT)", ""),
    ("yaml.load(TEXT)", "deserialise"), ("l(TEXT)", "deserialise"),
    ("yaml.load(TEXT, yaml.Loader)", "deserialise"),
    ("yaml.load(TEXT, Loader=yaml.FullLoader)", "deserialise"),
    ("yaml.load_all(TEXT)", "deserialise"),
    ("yaml.unsafe_load(TEXT)", "deserialise"),
    ("yaml.load(TEXT, Loader=yaml.SafeLoader)", ""),
    ("yaml.load(TEXT, yaml.CSafeLoader)", ""), ("yaml.safe_load(TEXT)", ""),
    ("subprocess.run(TEXT)", ""),
    ("subprocess.run('ls', shell=True)", "shell?"),
    ("asyncio.create_subprocess_shell(TEXT)", "shell"),
    ("__import__('os').system(TEXT)", "shell"),
    ("d = {'password': '%s', 'user': '%s'}" % (SECRET, SECRET), "secret"),
    ("connect(password='%s')" % SECRET, "secret"),
    ("os.environ['API_KEY'] = '%s'" % SECRET, "secret"),
    ("def f(a, password='%s', *, b=None): pass" % SECRET, "secret"),
    ("def f(a, b=None, *, password='%s'): pass" % SECRET, "secret"),
    ("name = 'AKIA%s'" % ("A1B2" * 4), "secret"),
    ("load('%s\\n%s')" % (KEY, BODY), "secret"),
    ("load('%s')" % KEY, ""),
    ("password = os.environ['PASSWORD']", ""), ("password = input()", ""),
    ("def never(): import json as os", ""), ("os.system(TEXT)", "shell"),
    ("def never(): from a import b as eval", ""), ("eval(TEXT)", "eval"),
    ("from os import *", ""), ("popen(TEXT)", "shell"),
    ("r = subprocess.run", ""), ("r(TEXT, shell=1)", "shell"),
    ("r(TEXT, shell=0)", ""), ("r(TEXT, **{'shell': True})", "shell"),
    ("e = '\\ud83d\\ude00\\ud83d\\ude00'", ""),
    ("run = o.run", ""), ("run(TEXT, shell=True)", "")],
    "a.mjs": [
    ("import cp from 'child_process';", "child-process"),
    ("import { execSync, spawn as s } from 'node:child_process';",
     "child-process"),
    ("const late = await import('child_process');", "child-process"),
    ("late.exec(text);", "shell"), ("cp.exec(text);", "shell"),
    ("execSync(text);", "shell"), ("execSync('ls');", "shell?"),
    ("s('ls', [text]);", ""), ("s(text, { shell: true });", "shell"),
    ("cp.execFile(text, [], { shell: true });", "shell"),
    ("cp.execFile(text, []);", ""), ("pattern.exec(text);", ""),
    ("new Function(text)();", "eval"), ("globalThis['eval'](text);", "eval"),
    ("process.env.API_KEY = '%s';" % SECRET, "secret"),
    ("const o = { 'api_key': '%s' };" % SECRET, "secret"),
    ("const f = (password = '%s') => {};" % SECRET, "secret"),
    ("const k = `%s\n%s`;" % (KEY, BODY), "secret"),
    ("const password = process.env.PASSWORD;", ""),
    ("const never = () => { const cp = require('a'); };", ""),
    ("cp.exec(text);", "shell"), ("(0, eval)(text);", "eval"),
    ("const t = require(`child_process`);", "child-process"),
    ("t.exec(text);", "shell"),
    ("let p; p = require('child_process');", "child-process"),
    ("p.exec(text);", "shell"),
    ("el[`innerHTML`] = text;", "html-injection"),
    ("el['outerHTML'] = text;", "html-injection")]}
LINES["a.mts"] = LINES["a.mjs"]
LINES["a.php"] = [
    ("`<?php", ""), ("exec('a' . \"b\" . __DIR__);", "shell?"),
    ("$a = \"a`$b\"; `ls`;", "shell?"), ("`$a`;", "shell"),
    ("system(\\f());", "shell"), ("system(${'_GET'}['c']);", "shell"),
    ("`ls ${'_GET'}`;", "shell"), ("system(include 'a');", "shell"),
    ("$password = '%s';" % SECRET, "secret")]
LINES["A.java"] = [
    ("class A { void a(B project) throws Exception {", ""),
    ("Runtime r = Runtime.getRuntime();", ""), ("r.exec(t);", "shell"),
    ("var v = java.lang.Runtime.getRuntime();", ""), ("v.exec(t);", "shell"),
    ("project.exec(t);", ""),
    ("new java.lang.ProcessBuilder(t);", "shell?"),
    ("new java.io.ObjectInputStream(t);", "deserialise"),
    ("new SafeObjectInputStream(t);", ""), ("} }", "")]
LINES["a.go"] = [
    ("package main", ""), ('import InsecureSkipVerify "fmt"', ""),
    ('import password "fmt"', ""), ('import . "os/exec"', ""),
    ("//line x.go:70:7\nvar a = tls.Config{InsecureSkipVerify: true}",
     "+tls-unverified?"),
    ("func f() {", ""), ("Command(x)", "shell?"),
    ("c.InsecureSkipVerify = true", "tls-unverified?"),
    ('m["password"] = "%s"' % SECRET, "secret"),
    ('password = ("%s")' % SECRET, "secret"),
    ('o = map[string]string{"password": ("%s")}' % SECRET, "secret"),
    ('password.Command("%s")' % SECRET, ""), ("}", "")]


@test("what is found of %s, line by line", sorted(LINES))
def _(file):
    at, wanted, lax = 1, [], set()
    for line, rule in LINES[file]:
        place = at + rule.startswith("+")
        if rule:
            wanted.append((place, rule.strip("+?")))
        if rule.endswith("?") or rule == "child-process":
            lax.add(place)
        at += 1 + line.count("\n")
    text = "".join(line + "\n" for line, _ in LINES[file])
    r = check(file, text, "--only syntax,security")
    same(found(r, "line", "rule"), wanted)
    same({f["line"] for f in r["findings"] if f["severity"] == "warning" and
          f["rule"] != "secret"}, lax)


# What only a parser finds: where a name was imported from.
MISSED = {"javascript": (7, "shell"), "typescript": (7, "shell")}


@test("%s: the same by the text alone", [n for n in ALL if n != "python"])
def _(name):
    file, _, _, _, risky, wanted, _ = RISKS[name]
    r = check(file, risky, "--only security", image="python")
    same([(f["line"], f["rule"]) for f in r["findings"]],
         [w for w in wanted if w != MISSED.get(name)])
    same({f["by_text"] for f in r["findings"]}, {True})


# ---- what is not executed ----

# What would run if a parser ran a part of what it reads.
SIDE = {
    "python": ("a.py", "open('/tmp/ran', 'w')\nimport side_effect\n"),
    "ruby": ("a.rb", "BEGIN { File.write('/tmp/ran', '') }\n"),
    "javascript": ("a.mjs", "import fs from 'fs';\n"
                   "fs.writeFileSync('/tmp/ran', '');\n"),
    "php": ("a.php", "<?php file_put_contents('/tmp/ran', '');\n"),
    "lua": ("a.lua", "io.open('/tmp/ran', 'w')\n"),
    "r": ("a.R", "file.create('/tmp/ran')\n"),
    "shell": ("a.sh", "$(touch /tmp/ran)\n"),
    "java": ("A.java", "class A { static { new java.io.File(\"/tmp/ran\")"
             ".mkdir(); } }\n"),
}
PERL = [
    "BEGIN { mkdir '/tmp/ran' }",
    "use constant X => mkdir '/tmp/ran';",
    "use if mkdir('/tmp/ran'), 'POSIX';",
    "use lib do { mkdir '/tmp/ran'; 'x' };",
    "sub MODIFY_CODE_ATTRIBUTES { mkdir '/tmp/ran' } sub f : X {}",
    "sub Carp::import { mkdir '/tmp/ran' } use Carp;",
    "package Carp; sub import { mkdir '/tmp/ran' } use Carp;",
    "use POSIX @{[mkdir '/tmp/ran']};",
    "my $s = \"\n# \"; use POSIX mkdir '/tmp/ran';",
    "=pod\n\n=cut\n\nuse POSIX mkdir('/tmp/ran');",
    "\ufeffuse strict mkdir('/tmp/ran');",
    "\nBEGIN { mkdir '/tmp/ran' }".encode("utf-16-le").decode(),
    "use parent '/tmp/inc/POSIX';", "use base 'Evil';", "use ok 'Evil';",
    "use autodie 'Evil';", "use Math::BigInt lib => 'Evil';",
    "sub IsX { mkdir '/tmp/ran'; '' } 'a' =~ m'\\p{main::IsX}';",
    "s'a'use POSIX mkdir \"/tmp/ran\"'e;",
    "5 %s,a\\,b, use POSIX mkdir('/tmp/ran'),e;",
    "s(a)(use POSIX mkdir '/tmp/ran')e;",
    "s{a} \"use POSIX mkdir '/tmp/ran'\"e;",
    "s{a}#use POSIX mkdir '/tmp/ran'#e;",
    "s #\n zazBEGIN{mkdir '/tmp/ran'}ze;",
    "s{a} zBEGIN{mkdir '/tmp/ran'}ze;",
    "use Carp; package Carp; sub croak { mkdir '/tmp/ran' } package main; "
    "use POSIX 'none';",
    "use Carp; sub #\nCarp::croak { mkdir '/tmp/ran' } use POSIX 'none';",
]
# These are read, but not with what they ask for.
PERL_READ = ["%s#!perl -I/tmp/inc\nuse POSIX;" % at for at in
             ("", "\ufeff", " ", ":", "\n", "#line 0\n")] + \
    ["use POSIX qw(floor);\nuse constant A => 1;\n"
     "use constant { B => 'b', C => 2, };\n"
     "# See <a>.\n\nuse List::Util 'sum';\ns{a} {b};\n"]


@test
def perl_runs_nothing_of_what_it_reads():
    s = rooms.get()
    os.makedirs(s.home.work + "/perl", exist_ok=True)
    for i, text in enumerate(PERL + PERL_READ):
        s.home.write("perl/%02d.pl" % i, text + "\n1;\n")
    s.ok("exec -- sh -c 'mkdir /tmp/inc; "
         "echo \"mkdir q(/tmp/ran);\" >/tmp/inc/POSIX.pm'")
    r = s.do("check --only syntax perl")["result"]
    s.ok("exec -- rm -r /tmp/inc")
    same(s.ok("exec -- sh -c 'ls -d /tmp/ran; true'")["stdout"], "")
    same(found(r, "file", "rule"), [("perl/%02d.pl" % i, "not-checked")
                                    for i in range(len(PERL))])


SIDES = [(n,) + SIDE[n] for n in sorted(SIDE)]


@test("%s: nothing of it is run, and nothing is left", SIDES)
def _(name, file, text):
    s = rooms.get()
    check(file, text)
    listed = s.ok("exec -- sh -c 'ls -A /tmp/ran /workspace; true'")
    same(listed["stdout"].replace("/workspace:\n", ""), "")


@test
def what_a_file_takes_from_others_may_be_missing():
    """Headers are found where projects have them; what follows from a module
    that is missing is no mistake."""
    s = rooms.get()
    h = s.home
    h.write("c/lib/a.h", "int a;\n")
    h.write("c/lib/a.c", '#include "a.h"\nint *b = &a;\nint c = ;\n')
    h.write("c/d/b.c", '#include <a.h>\n#include "config.h"\nint *b = &a;\n')
    h.write("c/d/c.rs", "mod eval;\npub fn f() { eval::g() }\n")
    for name in ("lib", "d"):
        s.ok("put %s %s" % (os.path.join(h.work, "c", name), name))
    r = s.do("check --workspace lib d --only syntax")["result"]
    s.ok("exec -- rm -r lib d")
    same(found(r, "file", "line", "rule"),
         [("d/b.c", 0, "not-checked"), ("d/c.rs", 0, "not-checked"),
          ("lib/a.c", 3, "syntax")])


@test
def what_perl_would_run_is_said_and_not_checked():
    r = check("a.pl", PERL[0] + "\neval $x;\n")
    same(found(r, "rule", "severity", "by_text"),
         [("not-checked", "warning", False), ("eval", "error", True)])
    same(r["details"]["syntax"]["passed"], None)
    assert "BEGIN" in r["details"]["syntax"]["message"], r


# ---- without a parser ----

@test
def without_a_parser_the_text_itself_is_looked_at():
    r = check("a.js", JS, image="python")
    same(found(r, "line", "rule", "by_text"), [
        (0, "not-checked", False), (1, "child-process", True),
        (4, "eval", True), (5, "html-injection", True),
        (6, "html-injection", True), (8, "secret", True),
        (8, "html-injection", True)])
    same(r["details"]["syntax"]["passed"], None)
    assert "nothing that reads javascript" in \
        r["details"]["syntax"]["message"], r
    done = rooms.get("python").do("check a.js", "eval(x)\n")
    assert done["status"] == 1, done


def goroot():
    return rooms.get().ok("exec go env GOROOT")["stdout"].strip()


@test
def go_that_cannot_compile_our_program_is_looked_at_by_text():
    with Session("docker", new=None) as s:
        nothing = s.home.path + "/nothing"
        os.mkdir(nothing)
        s.ok(ROOM + " -v %s:%s/pkg:ro" % (nothing, goroot()))
        r = s.do("check a.go", RISKS["go"][2])["result"]
        same(found(r, "line", "column", "rule", "by_text")[0],
             RISKS["go"][3] + ("syntax", False))
        r = s.do("check a.go", RISKS["go"][4])["result"]
        same(found(r, "line", "rule", "by_text"),
             [(line, rule, True) for line, rule in RISKS["go"][5]])
        same(r["details"]["syntax"]["passed"], True)


@test
def what_reads_go_is_compiled_once_for_an_environment():
    """Without a compiled library, as Go comes since 1.20."""
    text, risks = RISKS["go"][4:6]
    wanted = [(line, rule, False) for line, rule in risks]
    with SandboxHome("docker") as home:
        nothing = home.path + "/nothing"
        os.mkdir(nothing)
        home.write("a.go", text)
        home.addesh("-s", "n", "-c", ROOM + " --writable --root -v %s:%s/pkg/linux_"
                    "%s:ro" % (nothing, goroot(), ARCH)).is_ok()
        done = home.addesh("-s", "n", "-v", "-c", "set timeout 3m",
                           "-c", "check a.go")
        same(done.err.count("compiling what reads go, once for e1\n"), 1)
        # Another process has it, and the environment no compiler any more.
        home.addesh("-s", "n", "-c", "exec rm /usr/bin/go").is_ok()
        done = home.addesh("-s", "n", "-c", "check a.go --json")
        same(found(json.loads(done.out)["result"], "line", "rule", "by_text"),
             wanted)
        kept = home.env["XDG_STATE_HOME"] + "/addesh/kept"
        same(len([n for n in os.listdir(kept) if ".check-" in n]), 1)
        home.addesh("env", "rm", "e1").is_ok()
        same([n for n in os.listdir(kept) if ".check-" in n], [])


@test
def what_no_parser_reads_is_still_looked_at():
    for name, text in (("a.py", "eval(x)\ndef f(:\n"),
                       ("a.go", "func f() { exec.Command(x) }\n"),
                       ("a.c", "int f(char *t) { return system(t) }\n")):
        r = check(name, text, "--only security")
        same([f["by_text"] for f in r["findings"]], [True], name)
        same(r["details"]["security"]["passed"], name == "a.go")


@test
def people_are_told_of_a_few_files_that_were_not_checked():
    with SandboxHome("docker") as home:
        for i in range(5):
            home.write("app/%d.js" % i, "let a = 1;\n")
        done = home.script("env new python:3.11-slim\ncheck app\n")
        shown = done.out.split("\n")[:-1]
        same(len([l for l in shown if l.endswith("(not-checked)")]), 3, shown)
        same(shown[-2:],
             ["... and 2 more that were not checked wholly:  set output json",
              "0 denied, 5 warnings"])


@test
def a_policy_may_insist_on_the_parser():
    s = rooms.get("python")
    s.ok("set checks.rules '{not-checked: refuse}'")
    r = check("a.js", "let a = 1;\n", image="python")
    same((r["passed"], r["denied"]), (False, 1))
    s.ok("set checks.rules '{}'")


JSX = """const a = <p title="eval(x)">eval(x)</p>;
const b = <p dangerouslySetInnerHTML={{ __html: a }} />;
"""


@test("elements in %s", ["a.jsx", "a.tsx"])
def _(file):
    for image in ("langs", "python"):
        r = check(file, JSX, "--only security", image=image)
        assert (2, "html-injection", image == "python") in \
            found(r, "line", "rule", "by_text"), r
    same(found(check(file, JSX), "rule"), [("html-injection",)])
    same(found(check(file, "const a = <p>;\n"), "rule"), [("syntax",)])


# ---- the other layers ----

PAGE = """<!DOCTYPE html>
<html><head><title>t</title>
<!-- <script>eval(comment)</script> -->
<script>
let a = 1;
eval(a + text);
</script>
<script type="text/template">eval(</script>
<script src="x.js">eval(</script>
<script type="module">
let a = ;
</script></head><body>don't</body></html>
"""


@test
def the_programs_of_a_page():
    r = check("a.html", PAGE)
    same(found(r, "line", "rule"), [(6, "eval"), (11, "syntax")])


EVAL = "<script>eval(x)</script>"
PAGES = [
    ("a comment in the program",
     "<script>/*<!--*/eval(x)/*-->*/</script>", True),
    ("a comment", "<!-- %s --> <!-- %s" % (EVAL, EVAL), False),
    ("an empty comment", "<!-->" + EVAL + "-->", True),
    ("a comment's other end", "<!-- --!>" + EVAL + "-->", True),
    ("no comment in a title", "<title><!--</title>" + EVAL + "-->", True),
    ("no comment in a value", "<p title='<!--'>" + EVAL + "-->", True),
    ("no comment in a declaration", "<!x <!-- >" + EVAL + "-->", True),
    ("no comment in CDATA", "<svg><![CDATA[><!--]]>" + EVAL + "-->", True),
    ("a title of SVG",
     "<svg><title a='</title><!--'>" + EVAL + "</title>-->", True),
    ("a quote that is none", "<p \"><script>eval(x)</script><p \">", True),
    ("a tag in a value", "<p title='%s'>" % EVAL, False),
    ("> in a value", "<script a='>'>eval(x)</script>", True),
    ("src in a value", "<script title='a src=b'>eval(x)</script>", True),
    ("src", "<script src = b>eval(x)</script>", False),
    ("the first type counts",
     "<script type='' type=text/template>eval(x)</script>", True),
    ("an end that is none", "<script>'</scripts>'; eval(x)</script>", True),
    ("an end in a comment",
     "<script>/*<!--<script>*/ /*</script>*/ eval(x)</script>", True),
    ("another element", "<scripts>eval(x)</scripts>", False),
] + [(t, "<script type='%s'>eval(x)</script>" % t, True) for t in (
    "text/jscript", "text/x-javascript", "application/x-javascript",
    "text/x-ecmascript", "application/x-ecmascript", "text/ecmascript",
    "application/ecmascript", "text/livescript", "text/javascript1.5",
    " Module ", "text/java&#115;cript")]


@test
def programs_are_where_browsers_find_them():
    s = rooms.get("python")
    os.makedirs(s.home.work + "/pages", exist_ok=True)
    for i, (_, page, _) in enumerate(PAGES):
        s.home.write("pages/%02d.html" % i, page)
    r = s.do("check --only security pages")["result"]
    seen = {f["file"] for f in r["findings"] if f["rule"] == "eval"}
    same([what for i, (what, _, is_found) in enumerate(PAGES)
          if ("pages/%02d.html" % i in seen) != is_found], [])


@test
def programs_beyond_those_looked_at_are_said():
    for n, state in ((64, True), (65, None)):
        r = check("a.html", "<script>a = 1</script>\n" * n,
                  "--only syntax,security")
        same([r["details"][k]["passed"] for k in ("syntax", "security")],
             [state, state])
        same(set(found(r, "rule", "message")), set() if state else
             {("not-checked", "more than 64 programs in a page")})


@test("structure: %s", [
    ("a.html", "no page", ["html-document"]),
    ("a.html", "<html></html>", ["html-title", "html-body"]),
    ("a.html", "{% extends 'b.html' %}", []),
    ("__init__.py", "", []),
    ("a.py", "", ["empty"]),
    ("a.html", "<html><title></title><p>x</p></html>", []),
    ("a.html", "<!-- <html><title><body> -->", ["html-document"]),
    ("a.css", "/* { */", ["css-rule"]),
    ("a.css", "a { b: c", ["css-braces"]),
    ("a.css", "a { content: '}' }", []),
    ("a.css", "a { } }", ["css-braces"]),
    ("a.js", "// nothing", ["empty"]),
])
def _(file, text, rules):
    r = check(file, text, "--only structure")
    same(sorted(f["rule"] for f in r["findings"]), sorted(rules))


@test
def what_is_large_is_warned_of():
    r = check("a.py", "# %s\n" % ("x" * 103000), "--only performance")
    same(found(r, "rule", "severity", "action"),
         [("size", "warning", "warn")])
    same(check("a.py", "# %s\n" % ("x" * 102000),
               "--only performance")["findings"], [])


@test
def lint_only_if_it_is_asked_for():
    text = "int f(int a) { return 0; }\n"
    same(check("a.c", text)["findings"], [])
    r = check("a.c", text, "--only lint")
    same(found(r, "line", "layer", "rule", "severity"),
         [(1, "lint", "unused-parameter", "warning")])


# Each has a finding of each linter, with the place that the linter gives.
LINT = [
    ("a.py", "import os\n\n\ndef f():\n    return y\n",
     [(1, 1, "pyflakes", "'os' imported but unused"),
      (5, 12, "pyflakes", "undefined name 'y'")]),
    ("a.sh", "#!/bin/sh\n\nif [[ $1 ]]; then echo \"$c\"; fi\n",
     [(3, 4, "SC3010", "In POSIX sh, [[ ]] is undefined."),
      (3, 25, "SC2154", "c is referenced but not assigned.")]),
    ("a.go", "package main\n\nfunc main() { a  := 1; _ = a }\n",
     [(1, 0, "gofmt", "gofmt would write it otherwise")]),
    ("a.c", "int f(int a)\n{\n\treturn 0;\n}\n",
     [(1, 11, "unused-parameter", "unused parameter ‘a’")]),
    ("a.rs", "fn main() {}\n" + "// a\n" * 9 + "fn f( ) {}\n",
     [(8, 0, "rustfmt", "rustfmt would write it otherwise")]),
]


def lint(file, text):
    """A heredoc ends its last line, and formatters want no empty one."""
    return check(file, text[:-1], "--only lint")


@test("linters: %s", LINT)
def _(file, text, wanted):
    r = lint(file, text)
    same(found(r, "line", "column", "rule", "message"), wanted)
    same({(f["layer"], f["severity"], f["action"]) for f in r["findings"]},
         {("lint", "warning", "warn")})


@test
def what_a_linter_likes_has_passed_and_a_missing_one_is_said():
    for file, text in (("a.py", "x = 1\n"), ("a.sh", "echo 1\n"),
                       ("a.go", "package main\n\nfunc main() {}\n"),
                       ("a.c", "int f(void) { return 0; }\n"),
                       ("a.rs", "fn main() {}\n")):
        r = lint(file, text)
        same((file, r["findings"], r["details"]["lint"]["passed"]),
             (file, [], True))
    for file in ("a.py", "a.rs"):
        r = check(file, "", "--only lint", image="python")
        same(found(r, "layer", "rule", "severity"),
             [("lint", "not-checked", "warning")])
        same((r["passed"], r["details"]["lint"]["passed"]), (True, None))
        assert "no linter" in r["findings"][0]["message"], r


# ---- files, directories, steps ----

@test
def a_directory_is_one_project():
    s = rooms.get()
    h = s.home
    h.write("app/main.py", "eval(x)\n")
    h.write("app/lib/util.py", "def f(:\n")
    h.write("app/Dockerfile", "FROM python:3.11-slim\nADD https://x.y/z /\n")
    h.write("app/notes.xyz", "eval(x)")
    h.write("app/node_modules/m/index.js", "eval(x)")
    h.write("app/.dockerignore", "lib/skip.py\nnode_modules\n")
    h.write("app/lib/skip.py", "def f(:\n")
    os.symlink("/etc/passwd", os.path.join(h.work, "app", "link.py"))
    r = s.do("check app")["result"]
    same(sorted((f["file"], f["rule"]) for f in r["findings"]),
         [("app/Dockerfile", "add-url"), ("app/Dockerfile", "no-user"),
          ("app/lib/util.py", "syntax"), ("app/main.py", "eval")])
    same(r["skipped"], 2)    # .dockerignore and notes.xyz
    h.write("outside", "*.py\n")
    os.unlink(h.work + "/app/.dockerignore")
    os.symlink("../outside", h.work + "/app/.dockerignore")
    same(found(s.do("check --only structure,security app/lib app")["result"],
               "file", "rule")[-1:], [("app/main.py", "eval")])


@test
def files_of_the_environment():
    s = rooms.get()
    s.home.write("tree/src/a.py", "def f(:\n")
    s.home.write("tree/b.js", "eval(x)\n")
    s.home.write("tree/node_modules/m/index.js", "eval(x)\n")
    s.home.write("tree/c.xyz", "?")
    s.ok("put tree")
    os.unlink(s.home.work + "/tree/b.js")
    try:
        for path, names in ((".", ["tree/b.js", "tree/src/a.py"]),
                            ("tree/", ["tree/b.js", "tree/src/a.py"]),
                            ("tree/src/a.py", ["tree/src/a.py"])):
            r = s.do("check --workspace " + path)["result"]
            same(found(r, "file"), [(n,) for n in names])
        got = s.do("check --workspace none.py")
        assert "none.py" in got["error"]["message"], got
    finally:
        s.ok("env reset")


@test
def without_a_file_it_is_the_project():
    with Session("docker") as s:
        same(s.do("check")["error"]["message"], "which files?")
        s.home.write("tree/a.py", "def f(:\n")
        s.home.write("tree/node_modules/m/index.js", "eval(x)\n")
        s.ok("project open tree --image python:3.11-slim")
        os.unlink(s.home.work + "/tree/a.py")
        same(found(s.do("check")["result"], "file", "line"), [("a.py", 1)])
        got = s.do("check", "def f(:\n")
        assert "which name" in got["error"]["message"], got


@test
def what_a_directory_is_expected_to_have():
    s = rooms.get()
    s.home.write("site/index.html",
                 "<html><title>t</title><body><!-- <main> --></body></html>")
    s.ok("set checks.expect '{index.html: \"<main\", style.css: \"\"}'")
    r = s.do("check --only structure site")["result"]
    same(sorted((f["file"], f["rule"], f["action"]) for f in r["findings"]),
         [("site/index.html", "missing-marker", "refuse"),
          ("style.css", "missing-file", "refuse")])
    r = s.do("check --only structure site/index.html")["result"]
    same([f["rule"] for f in r["findings"]], ["missing-marker"])
    s.ok("set checks.expect '{}'")


@test
def the_program_of_a_step():
    s = rooms.get()
    got = s.do("run -t 20 first.py", "print(eval('1'))\n")
    r = s.do("check @%d" % got["step"])["result"]
    same(found(r, "file", "line", "rule"),
         [("@%d:first.py" % got["step"], 1, "eval")])
    s.home.write("second.rb", "puts eval(x)\n")
    got = s.do("run --lang python second.rb")
    r = s.do("check @%d" % got["step"])["result"]
    same(found(r, "rule", "by_text"), [("eval", True), ("syntax", False)])
    got = s.do("exec true")
    got = s.do("check @%d" % got["step"])
    assert "is no run" in got["error"]["message"], got


@test
def the_language_can_be_named():
    r = check("text", "eval(x)\n", "--lang python")
    same(found(r, "rule"), [("eval",)])
    got = rooms.get().do("check --lang klingon text", "x")
    assert "no language" in got["error"]["message"], got
    got = rooms.get().do("check --only sintax a.py", "x")
    assert "no layer" in got["error"]["message"], got


# ---- the policy, and run --check ----

@test
def severities_and_rules_are_mapped():
    s = rooms.get("python")
    try:
        s.ok("set checks.error warn")
        r = check("a.py", "eval(x)\n", image="python")
        same((r["passed"], r["denied"]), (True, 0))
        s.ok("set checks.rules '{eval: refuse}'")
        r = check("a.py", "eval(x)\nos.system(x)\n", image="python")
        same(found(r, "rule", "severity", "action"),
             [("eval", "error", "refuse"), ("shell", "error", "warn")])
        s.ok("set checks.rules '{eval: perhaps}'")
        got = s.do("check a.py", "eval(x)\n")
        assert "must be refuse, warn or allow" in got["error"]["message"]
        s.ok("set checks.layers performance")
        s.ok("set checks.rules '{}'")
        same(list(check("a.py", "eval(x)\n", image="python")["details"]),
             ["performance"])
    finally:
        s.ok("set checks.error refuse")
        s.ok("set checks.layers syntax,structure,security,performance")


@test
def rules_in_a_copy_of_the_installed_data():
    """addesh.yaml(5), FILES: the only way to others."""
    with tempfile.TemporaryDirectory() as top:
        data = shutil.copytree(os.path.join(addesh.source(), "share/addesh"),
                               top + "/data")
        for name, at, more in (
                ("checks.yaml", "    rules:\n",
                 "      - name: own\n        calls: [frobnicate]\n"
                 "        message: it is frobnicated\n"),
                ("diagnosis.yaml", "\nfailures:\n",
                 "  - kind: own\n    pattern: '^frob: (.*)$'\n    has: frob\n"
                 "    message: it has frobbed \\1\n")):
            with open(os.path.join(data, name), "r+") as f:
                text = f.read().replace(at, at + more, 1)
                assert more in text, name
                f.seek(0)
                f.write(text)
        with Session("restricted-root", env={"ADDESH_DATADIR": data}) as s:
            r = s.do("check a.py", "frobnicate(x)\neval(x)\n")["result"]
            same(found(r, "line", "rule"), [(1, "own"), (2, "eval")])
            r = s.do("exec -- sh -c 'echo frob: much; exit 1'")["result"]
            same((r["diagnosis"]["kind"], r["diagnosis"]["message"]),
                 ("own", "it has frobbed much"))


@test
def run_refuses_what_is_not_allowed():
    s = rooms.get("python")
    got = s.do("run --check bad.py", "open('/tmp/ran', 'w')\neval(x)\n")
    r = got["result"]
    same((got["ok"], got["status"], r["status"], r["exit_code"]),
         (False, 125, "refused", 125))
    same(found(r["checks"], "line", "rule"), [(2, "eval")])
    same((r["checks"]["passed"], r["checks"]["message"]),
         (False, "1 denied, 0 warnings"))
    same(s.ok("exec -- sh -c 'ls -A /workspace /tmp/ran; true'")["stdout"],
         "/workspace:\n")
    kept = s.ok("show @%d" % got["step"])["result"]
    same((kept["status"], kept["checks"]["denied"]), ("refused", 1))


@test
def run_keeps_what_was_found():
    s = rooms.get("python")
    got = s.do("run --check good.py", "print(eval('1'))\n")
    r = got["result"]
    same((got["ok"], r["status"], r["stdout"]), (True, "completed", "1\n"))
    same((r["checks"]["passed"], found(r["checks"], "rule", "action")),
         (True, [("eval", "warn")]))
    assert "checks" not in s.do("run good.py", "print(1)\n")["result"]


@test("%s: checks and refusals", ["podman", "restricted-root",
                                  "restricted-user"])
def _(kind):
    s = Session(kind)
    try:
        got = s.do("check a.py", RISKS["python"][4])
        same(found(got["result"], "line", "rule"), RISKS["python"][5])
        got = s.do("check a.py", RISKS["python"][2])
        same(found(got["result"], "line", "column"), [RISKS["python"][3]])
        got = s.do("run --check a.py", "eval(x)\n")
        same(got["result"]["status"], "refused")
        s.settled()
    finally:
        s.close()


# ---- hostile texts ----

@test("%s", [
    ("nested brackets", "a.py", "(" * 100000, 1),
    ("nested lists", "a.py", "[" * 90 + "]" * 90 + "\n", 0),
    ("a NUL", "a.py", "a = 1\0\n", 1),
    ("bytes that are no UTF-8", "a.py", "a = '\udcff'\n", 1),
    ("nested brackets", "a.js", "(" * 100000, 1),
    ("new.target and return", "a.js", "new.target; eval(x);\nreturn;", 1),
    ("a large array", "a.js", "eval(x); [" + "1," * 200000 + "]", 1),
    ("an unread sum", "a.js", "eval(x); " + "1+" * 20000 + "1", 1),
    ("unread arrays", "a.ts", "[" * 20000 + "]" * 20000, 0),
    ("nested arrays", "a.rb", "[" * 20000 + "]" * 20000, None),
    ("nested arrays", "a.php", "<?php $a = " + "[" * 50000, 1),
    ("an endless comment", "a.c", "/*" + "x" * 100000, 1),
])
def _(what, file, text, denied):
    s = rooms.get()
    s.home.write(file, text.encode("utf-8", "surrogateescape"))
    r = s.do("check --only syntax,security %s" % file)["result"]
    diag(str(r)[:1000])
    if denied is not None:
        same(r["denied"], denied)
    same(("not-checked",) in found(r, "rule"), "unread" in what)
    s.ok("exec true")


FAKE = """import os
path = os.path.expanduser("~/.local/bin/python3")
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path, "w") as f:
    f.write("#!/bin/sh\\necho f\\necho end\\n")
os.chmod(path, 0o755)
"""


@test
def a_program_cannot_answer_in_the_parser_s_place():
    s = rooms.get("python")
    s.run("plant.py", FAKE)
    same(s.ok("exec python3 x")["stdout"], "f\nend\n")
    try:
        same(found(check("a.py", "eval(x)\n", image="python"), "rule"),
             [("eval",)])
    finally:
        s.ok("env reset")


@test("words of %s do not end the parser's answer", [
    ("javascript", "a.js", "eval(x);\nx[\"\\nend\\n\"].y = 1;\n"
     "eval(1, { \"\\nend\\n\": 1 });\nx[\"\\nend\\n\"].eval(x);\n"),
    ("typescript", "a.ts", "eval(x);\nx[\"\\nend\\n\"].y = 1;\n"
     "eval(1, { \"\\nend\\n\": a });\nx[\"\\nend\\n\"].eval(x);\n"),
    ("ruby", "a.rb", "require \"\nend\n\"\neval(x)\n"),
    ("R", "a.R", "system(`\nend\n` = x)\nsystem(x)\n"),
])
def _(name, file, text):
    r = check(file, text, "--only syntax,security")
    diag(str(r)[:1000])
    want = [(i + 1, {"eval(": "eval", "syste": "shell"}[line[:5]])
            for i, line in enumerate(text.split("\n"))
            if line.startswith(("eval(", "system("))]
    assert set(want) <= set(found(r, "line", "rule")), r
    same(r["details"]["syntax"], {"passed": True,
                                  "message": "0 denied, 0 warnings"})


# What Python's parser tells of it is more than is read.
MUCH = "import %s as m\n%sm.eval(x)\n" % ("a" * 3000000, "m.eval(x)\n" * 2)
WITH_NUL = {"nul.py": 'if 0: __import__("\\0").system()\neval(x)\n',
            "nul.js": "require('\\0').exec(1);\neval(x);\n"}


@test
def one_text_takes_nothing_from_the_others():
    s = rooms.get()
    for name, text in dict(WITH_NUL, **{
            "a.py": "eval(x)\n", "much.py": MUCH, "z.py": "def f(:\n",
            "a.js": "eval(x);\n"}).items():
        s.home.write("many/" + name, text)
    for i in range(20):
        s.home.write("many/b%02d.py" % i, "def f(:\n")
    r = s.do("check --only syntax,security many")["result"]
    want = ([("many/%s.py" % n, "syntax", "syntax")
             for n in ["b%02d" % i for i in range(20)] + ["z"]] +
            [("many/" + n, "security", "eval")
             for n in ("a.js", "a.py", "nul.js", "nul.py")] +
            [("many/much.py", layer, "not-checked")
             for layer in ("security", "syntax")])
    same(sorted((f["file"], f["layer"], f["rule"]) for f in r["findings"]
                if not f["by_text"]), sorted(want))
    r = s.do("check --only security many/much.py")["result"]
    same([f["layer"] for f in r["findings"] if not f["by_text"]],
         ["security"])
    same(list(r["details"]), ["security"])
    assert "too much" in r["details"]["security"]["message"], r["details"]


@test
def what_nobody_looked_at_has_not_passed():
    s = rooms.get("python")
    got = s.do("check none.py")
    assert "none.py" in got["error"]["message"], got
    assert "passed" not in (got.get("result") or {}), got
    os.makedirs(s.home.work + "/bare", exist_ok=True)
    r = s.do("check bare")["result"]
    same((r["passed"], r["checked"]), (None, 0))
    same({k["passed"] for k in r["details"].values()}, {None})
    r = check("a.css", "p { }\n", "--only syntax,security,lint",
              image="python")
    same({k: v["passed"] for k, v in r["details"].items()},
         {"syntax": None, "security": True, "lint": None})


@test
def nothing_of_a_helper_stays():
    s = rooms.get()
    same(s.ok("exec -- sh -c 'ls -A /tmp | grep addesh-check; true'")
         ["stdout"], "")
    check("A.java", "class A { }\n")
    same(s.ok("exec -- sh -c 'ls -A /tmp | grep addesh-check; true'")
         ["stdout"], "")


@test
def a_parser_that_takes_too_long_is_said():
    s = rooms.get()
    s.ok("set timeout 100ms")
    try:
        r = check("a.R", "x <- 1\n", "--only syntax")
        same(found(r, "rule"), [("not-checked",)])
        assert "longer" in r["findings"][0]["message"], r
        same(r["details"]["syntax"]["passed"], None)
    finally:
        s.ok("set timeout 60s")


@test
def there_is_an_end_of_findings():
    r = check("a.py", "eval(x)\n" * 10050, image="python")
    same((len(r["findings"]), r["passed"]), (10001, False))
    assert "too-many" in {f["rule"] for f in r["findings"]}, r["message"]


# A name, a text in it, and whether that is a secret.
SECRETS = [
    ("password", SECRET, True), ("db_password", SECRET, True),
    ("SECRET_KEY", "deterministic", "warning"),
    ("API_KEY", "abcdef123456", True), ("api_key", "", False),
    ("SITE_PUBLIC_KEY", "a1" * 20, False), ("AUTH_KEY", "a1" * 20, True),
    ("cdata_key", "_CDATA_", False), ("page_token", "next-page-2", False),
    ("password", "short", False), ("password", "%(password)s", False),
    ("password", "${PASSWORD}", False), ("password", "<password>", False),
    ("password_label", "Enter your password", False),
    ("TOKEN_KEY", "access_token", False),
    ("name", "gh" + "p_" + "a1" * 18, True), ("name", "hunter", False),
    ("url", "https://user:" + SECRET + "@example.org/", True),
    ("url", "https://elastic:changeme@10.0.0.1:9200", "warning"),
    ("url", "https://user:pass@example.org/", False),
    ("url", "https://user:@acme.org/", False),
    ("url", "https://example.org/a:b@c", False),
    ("url", "ssh://git@example.org/", False),
    ("url", "https://user:{}@example.org/", False),
]


@test("a secret in %s = %s: %s", SECRETS)
def _(name, value, secret):
    for file, line in (("a.py", "%s = %r\n"), ("a.js", "let %s = %r;\n"),
                       ("a.go", "var %s = \"%s\"\n")):
        r = check(file, line % (name, value), "--only security")
        same([(f["rule"], f["severity"]) for f in r["findings"]],
             [("secret", "error" if secret is True else secret)]
             if secret else [], file)


@test
def a_text_of_c_does_not_say_of_which_file_it_is():
    bad = "int main(void) { return 0 }\n"
    for line in ('#line 1 "b.c"', '# 7 "b.c"', '/* */ %:\\\nline 3 "b.c"',
                 '#line 1 "a\\nother.py:1: error: forged (eval)\\nb.c"'):
        r = check("a.c", line + "\n" + bad, "--only syntax")
        same(found(r, "file", "line", "rule", "action"),
             [("a.c", 2 + line.count("\n"), "syntax", "refuse")], line)


@test
def what_a_linter_says_of_its_failure_is_one_line():
    r = check("a.rb", "def a(\n  b =\nend\n", "--only lint")
    same(found(r, "rule"), [("not-checked",)])
    message = r["findings"][0]["message"]
    assert "syntax error" in message and "\n" not in message, r


@test("all environments close")
def _():
    rooms.close()


main()
