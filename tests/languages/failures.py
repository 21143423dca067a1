# SPDX-License-Identifier: MIT
"""Programs that fail, and what is said of each: data of test_diagnosis.py.

A case is (name, file, text, kind, place, suggestion), and a map of what else
it needs.  The place is the user's own code, "FILE:LINE", or FILE where no line
is said.  IMAGE in a suggestion stands for the environment's image; None: there
is none.

    limit	seconds, for what is to end by its time limit
    files	{name: text} that are written beside it
"""

CASES = {}

CASES["python"] = [
    ("no module", "a.py", """\
import os
import nosuch.thing
""",
     "missing_module", "a.py:2",
     "dep add --lang python nosuch"),
    ("a package of another name", "a.py", """\
def load():
    import yaml
load()
""",
     "missing_module", "a.py:2",
     "dep add --lang python pyyaml"),
    ("a module of a module", "main.py", """\
import helper
""",
     "missing_module", "helper.py:1",
     "dep add --lang python nosuch",
     {"files": {"helper.py": "import nosuch\n"}}),
    ("a syntax error", "a.py", """\
x = 1
def f(:
    pass
""",
     "syntax_error", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("a syntax error in a module", "main.py", """\
import broken
""",
     "syntax_error", "broken.py:2",
     "exec -- sed -n 1,5p broken.py",
     {"files": {"broken.py": "x = 1\nx = = 2\n"}}),
    ("an indentation", "a.py", """\
def f():
x = 1
""",
     "syntax_error", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("tabs and blanks", "a.py", """\
if True:
        x = 1
	y = 2
""",
     "syntax_error", "a.py:3",
     "exec -- sed -n 1,6p a.py"),
    ("an unknown name", "a.py", """\
def f():
    return undefined_thing
f()
""",
     "undefined_name", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("a name before its value", "a.py", """\
def f():
    n += 1
f()
""",
     "undefined_name", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("an assertion", "a.py", """\
def check(n):
    assert n == 2, "n is %d" % n

check(1)
""",
     "assertion_failed", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("an assertion below a library", "a.py", """\
import json
def hook(o):
    assert "b" in o
    return o
json.loads('{"a": 1}', object_hook=hook)
""",
     "assertion_failed", "a.py:3",
     "exec -- sed -n 1,6p a.py"),
    ("an error in a library", "a.py", """\
import json

json.loads("{")
""",
     "exception", "a.py:3",
     "exec -- sed -n 1,6p a.py"),
    ("a file of root", "a.py", """\
open("/etc/shadow")
""",
     "permission_denied", "a.py:1",
     "env new --writable --root IMAGE"),
    ("a file without permission", "a.py", """\
import os
open("locked", "w").close()
os.chmod("locked", 0)
open("locked")
""",
     "permission_denied", "a.py:4",
     "exec chmod u+rwx locked"),
    ("a script without permission", "a.py", """\
import subprocess
open("tool", "w").write("#!/bin/sh\\n")
subprocess.run(["./tool"])
""",
     "permission_denied", "a.py:3",
     "exec chmod u+rwx ./tool"),
    ("no network", "a.py", """\
import socket
socket.create_connection(("192.0.2.1", 80), 5)
""",
     "network_refused", "a.py:2",
     "env new --net IMAGE"),
    ("no network for a name", "a.py", """\
import urllib.request
urllib.request.urlopen("http://example.org/")
""",
     "network_refused", "a.py:2",
     "env new --net IMAGE"),
    ("nothing listens", "a.py", """\
import socket
def go():
    socket.create_connection(("127.0.0.1", 9), 5)
go()
""",
     "connection_refused", "a.py:3",
     "jobs"),
    ("nothing listens for urllib", "a.py", """\
import urllib.request
urllib.request.urlopen("http://127.0.0.1:9/")
""",
     "connection_refused", "a.py:2",
     "jobs"),
    ("a port in use", "a.py", """\
import socket
a = socket.create_server(("127.0.0.1", 8123))
b = socket.create_server(("127.0.0.1", 8123))
""",
     "port_in_use", "a.py:3",
     "jobs"),
    ("a full disk", "a.py", """\
with open("/dev/shm/f", "wb", 0) as f:
    while True:
        f.write(b"x" * (1 << 20))
""",
     "disk_full", "a.py:3",
     "set tmp_limit 512m && env new --disk 512m --shm-size 512m IMAGE"),
    ("no memory", "a.py", """\
x = bytearray(1 << 50)
""",
     "out_of_memory", "a.py:1",
     "env new -m 1g IMAGE"),
    ("a time limit", "a.py", """\
def spin():
    while True:
        pass
spin()
""",
     "timeout", "a.py:2",
     "run -t 2s",
     {"limit": 1}),
    ("no file", "a.py", """\
import csv
rows = list(csv.reader(open("data.csv")))
""",
     "missing_file", "a.py:2",
     "ls"),
    ("no input", "a.py", """\
name = input("name? ")
""",
     "no_input", "a.py:1",
     "exec --stdin input.txt python3 a.py"),
    ("a write elsewhere", "a.py", """\
open("/usr/f", "w")
""",
     "read_only_path", "a.py:1",
     "env new --writable --root IMAGE"),
    ("too many threads", "a.py", """\
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
""",
     "process_limit", "a.py:3",
     "env new --pids-limit 512 IMAGE"),
    ("recursion", "a.py", """\
def f(n):
    return f(n + 1)
f(0)
""",
     "exception", "a.py:2",
     "exec -- sed -n 1,5p a.py"),
    ("a crash", "a.py", """\
import ctypes
ctypes.string_at(0)
""",
     "crashed", "a.py",
     "exec -- python3 -X faulthandler a.py"),
    ("a child that fails", "a.py", """\
import subprocess
subprocess.run(["cat", "data.csv"], check=True)
""",
     "missing_file", "a.py",
     "ls"),
    ("no module of a package", "a.py", """\
import json.nosuch
""",
     "exception", "a.py:1",
     "exec -- sed -n 1,4p a.py"),
    ("a test", "a.py", """\
import unittest
class T(unittest.TestCase):
    def test_it(self):
        self.assertEqual(1, 2)
unittest.main()
""",
     "assertion_failed", "a.py:4",
     "exec -- sed -n 1,7p a.py"),
    ("no file elsewhere", "a.py", """\
open("/data/x.csv")
""",
     "missing_file", "a.py:1",
     "exec -- sed -n 1,4p a.py"),
]

CASES["javascript"] = [
    ("no module", "a.js", """\
const x = 1;
require('nosuch/lib');
""",
     "missing_module", "a.js:2",
     "dep add --lang javascript nosuch"),
    ("no module of a scope", "a.js", """\
require('@some/thing');
""",
     "missing_module", "a.js:1",
     "dep add --lang javascript @some/thing"),
    ("no module for import", "a.mjs", """\
import fs from 'fs';
import x from 'nosuch';
""",
     "missing_module", "a.mjs",
     "dep add --lang javascript nosuch"),
    ("no file beside it", "a.js", """\

const u = require('./utils');
""",
     "missing_file", "a.js:2",
     "ls"),
    ("a syntax error", "a.js", """\
const a = 1;
let = = 1;
""",
     "syntax_error", "a.js:2",
     "exec -- sed -n 1,5p a.js"),
    ("a syntax error in a module", "a.mjs", """\
const a = 1;
function ( {
""",
     "syntax_error", "a.mjs:2",
     "exec -- sed -n 1,5p a.mjs"),
    ("an unknown name", "a.js", """\
function f() {
  return undefinedThing;
}
f();
""",
     "undefined_name", "a.js:2",
     "exec -- sed -n 1,5p a.js"),
    ("an unknown name later", "a.js", """\
setTimeout(() => {
  undefinedThing();
}, 1);
""",
     "undefined_name", "a.js:2",
     "exec -- sed -n 1,5p a.js"),
    ("an assertion", "a.js", """\
const assert = require('assert');
function check(n) {
  assert.strictEqual(n, 2);
}
[1].forEach(check);
""",
     "assertion_failed", "a.js:3",
     "exec -- sed -n 1,6p a.js"),
    ("a file of root", "a.js", """\
require('fs').readFileSync('/etc/shadow');
""",
     "permission_denied", "a.js:1",
     "env new --writable --root IMAGE"),
    ("no network", "a.js", """\
require('http').get('http://192.0.2.1/');
""",
     "network_refused", "a.js",
     "env new --net IMAGE"),
    ("no network for a name", "a.js", """\
require('http').get('http://example.org/');
""",
     "network_refused", "a.js",
     "env new --net IMAGE"),
    ("no network for fetch", "a.js", """\
fetch('http://example.org/');
""",
     "network_refused", "a.js",
     "env new --net IMAGE"),
    ("nothing listens", "a.js", """\
require('net').connect(9, '127.0.0.1');
""",
     "connection_refused", "a.js",
     "jobs"),
    ("a port in use", "a.js", """\
const net = require('net');
net.createServer().listen(8123, () => {
  net.createServer().listen(8123);
});
""",
     "port_in_use", "a.js:3",
     "jobs"),
    ("a full disk", "a.js", """\
const fs = require('fs');
const f = fs.openSync('/dev/shm/f', 'w');
while (true)
  fs.writeSync(f, Buffer.alloc(1 << 20));
""",
     "disk_full", "a.js:4",
     "set tmp_limit 512m && env new --disk 512m --shm-size 512m IMAGE"),
    ("no memory", "a.js", """\
const a = [];
while (true) a.push(new Array(1000).fill(a.length));
""",
     "out_of_memory", "a.js",
     "env new -m 1g IMAGE"),
    ("a time limit", "a.js", """\
while (true);
""",
     "timeout", "a.js",
     "run -t 2s",
     {"limit": 1}),
    ("no file", "a.js", """\

require('fs').readFileSync('data.csv');
""",
     "missing_file", "a.js:2",
     "ls"),
    ("a null", "a.js", """\
const o = null;
console.log(o.x);
""",
     "exception", "a.js:2",
     "exec -- sed -n 1,5p a.js"),
]

CASES["typescript"] = [
    ("an unknown name", "a.ts", """\
const a: number = 1;
undefinedThing(a);
""",
     "undefined_name", "a.ts:2",
     "exec -- sed -n 1,5p a.ts"),
    ("no module", "a.ts", """\
import x from 'nosuch';
x();
""",
     "missing_module", "a.ts:1",
     "dep add --lang javascript nosuch"),
    ("a syntax error", "a.ts", """\
const a = 1;
const b = = 1;
""",
     "syntax_error", "a.ts:2",
     "exec -- sed -n 1,5p a.ts"),
    ("a wrong type", "a.ts", """\
const n: number = 'text';
""",
     "compile_error", "a.ts:1",
     "exec -- sed -n 1,4p a.ts"),
    ("an assertion", "a.ts", """\
declare var require: any;
const assert = require('assert');
function f(n: number): void {
  assert.equal(n, 2);
}
f(1);
""",
     "assertion_failed", "a.ts:4",
     "exec -- sed -n 1,7p a.ts"),
]

CASES["ruby"] = [
    ("no module", "a.rb", """\
require 'json'
require 'nosuch'
""",
     "missing_module", "a.rb:2",
     "dep add --lang ruby nosuch"),
    ("a syntax error in a file", "main.rb", """\
File.write('b.rb', "x = 1\\ndef f(\\nmodule A\\nend\\n")
require './b.rb'
""",
     "syntax_error", "b.rb:3",
     "exec -- sed -n 1,6p b.rb"),
    ("a file of an unknown gem", "a.rb", """\
require 'rake/nosuch'
""",
     "missing_module", "a.rb:1",
     None),
    ("a gem of its Gemfile", "a.rb", """\
File.write('Gemfile', "gem 'no-such', '~> 1.3'\\n")
at_exit { File.delete('Gemfile') }
require 'bundler/setup'
""",
     "missing_module", "a.rb:3",
     "dep add --lang ruby no-such"),
    ("a syntax error", "a.rb", """\
x = 1
def f(
""",
     "syntax_error", "a.rb:2",
     "exec -- sed -n 1,5p a.rb"),
    ("an unknown name", "a.rb", """\
def f
  undefined_thing
end
f
""",
     "undefined_name", "a.rb:2",
     "exec -- sed -n 1,5p a.rb"),
    ("an unknown method", "a.rb", """\
undefined_thing(1)
""",
     "undefined_name", "a.rb:1",
     "exec -- sed -n 1,4p a.rb"),
    ("an unknown constant", "a.rb", """\
x = 1
Nosuch.new
""",
     "undefined_name", "a.rb:2",
     "exec -- sed -n 1,5p a.rb"),
    ("a file of root", "a.rb", """\
File.read('/etc/shadow')
""",
     "permission_denied", "a.rb:1",
     "env new --writable --root IMAGE"),
    ("no network", "a.rb", """\
require 'socket'
TCPSocket.new('192.0.2.1', 80)
""",
     "network_refused", "a.rb:2",
     "env new --net IMAGE"),
    ("no network for a name", "a.rb", """\
require 'net/http'
Net::HTTP.get(URI('http://example.org/'))
""",
     "network_refused", "a.rb:2",
     "env new --net IMAGE"),
    ("nothing listens", "a.rb", """\
require 'socket'
TCPSocket.new('127.0.0.1', 9)
""",
     "connection_refused", "a.rb:2",
     "jobs"),
    ("a port in use", "a.rb", """\
require 'socket'
a = TCPServer.new('127.0.0.1', 8123)
b = TCPServer.new('127.0.0.1', 8123)
""",
     "port_in_use", "a.rb:3",
     "jobs"),
    ("a full disk", "a.rb", """\
File.open('/dev/shm/f', 'wb') do |f|
  loop { f.write('x' * (1 << 20)) }
end
""",
     "disk_full", "a.rb:2",
     "set tmp_limit 512m && env new --disk 512m --shm-size 512m IMAGE"),
    ("no memory", "a.rb", """\
x = 'x' * (1 << 50)
""",
     "out_of_memory", "a.rb",
     "env new -m 1g IMAGE"),
    ("a time limit", "a.rb", """\
def spin
  loop {}
end
spin
""",
     "timeout", "a.rb:2",
     "run -t 2s",
     {"limit": 1}),
    ("no file", "a.rb", """\
File.read('data.csv')
""",
     "missing_file", "a.rb:1",
     "ls"),
]

CASES["shell"] = [
    ("a syntax error", "a.sh", """\
echo one
if then fi
""",
     "syntax_error", "a.sh:2",
     "exec -- sed -n 1,5p a.sh"),
    ("no end", "a.sh", """\
if true; then
echo one
""",
     "syntax_error", "a.sh:3",
     "exec -- sed -n 1,6p a.sh"),
    ("no command", "a.sh", """\
echo one
nosuchcommand --help
""",
     "command_not_found", "a.sh:2",
     None),
    ("a command whose name ends as another's", "a.sh", """\
sh -c 'cmake .' cmake
""",
     "command_not_found", "a.sh",
     None),
    ("a script without permission", "a.sh", """\
echo 'exit 0' > tool.sh
./tool.sh
""",
     "permission_denied", "a.sh:2",
     "exec chmod u+rwx ./tool.sh"),
    ("an artifact that Maven does not have", "a.sh", """\
echo '[FATAL] Could not find artifact org.a:parent:pom:56 in central' >&2
exit 1
""",
     "package_not_found", "a.sh",
     "env new --net IMAGE"),
    ("a name that Maven's compiler does not know", "a.sh", """\
echo "[ERROR] /workspace/A.java:[3,5] cannot find symbol" >&2
exit 1
""",
     "undefined_name", "A.java:3",
     "exec -- sed -n 1,6p A.java", {"files": {"A.java": "class A { }\n"}}),
    ("a mistake in Maven's", "a.sh", """\
echo "[ERROR] /workspace/A.java:[3,5] ';' expected" >&2
exit 1
""",
     "syntax_error", "A.java:3",
     "exec -- sed -n 1,6p A.java", {"files": {"A.java": "class A { }\n"}}),
    ("a package in Maven's", "a.sh", """\
echo "[ERROR] /workspace/A.java:[3,5] package org.a does not exist" >&2
exit 1
""",
     "missing_module", "A.java:3",
     "exec -- sed -n 1,6p A.java", {"files": {"A.java": "class A { }\n"}}),
    ("a type in Maven's", "a.sh", """\
echo "[ERROR] /workspace/A.java:[3,5] incompatible types: int" >&2
exit 1
""",
     "compile_error", "A.java:3",
     "exec -- sed -n 1,6p A.java", {"files": {"A.java": "class A { }\n"}}),
    ("a mistake in Gradle's", "a.sh", """\
echo ":compileJava/workspace/A.java:3: error: ';' expected" >&2
exit 1
""",
     "syntax_error", "A.java:3",
     "exec -- sed -n 1,6p A.java", {"files": {"A.java": "class A { }\n"}}),
    ("an unset variable", "a.sh", """\
set -u
echo $undefined_thing
""",
     "undefined_name", "a.sh:2",
     "exec -- sed -n 1,5p a.sh"),
    ("a file of root", "a.sh", """\
set -e
cat < /etc/shadow
""",
     "permission_denied", "a.sh:2",
     "env new --writable --root IMAGE"),
    ("no file", "a.sh", """\
cat data.csv
""",
     "missing_file", "a.sh",
     "ls"),
    ("a full disk", "a.sh", """\
head -c 1G /dev/zero > /dev/shm/f
""",
     "disk_full", "a.sh",
     "set tmp_limit 512m && env new --disk 512m --shm-size 512m IMAGE"),
    ("a python program", "a.sh", """\
printf 'import nosuch\\n' > b.py
python3 b.py
""",
     "missing_module", "b.py:1",
     "dep add --lang python nosuch"),
    ("a crash", "a.sh", """\
echo one
sh -c 'kill -SEGV $$'
exit 3
""",
     "crashed", "a.sh:2",
     None),
    ("no network for pip", "a.sh", """\
python3 -m pip install --retries 0 requests
""",
     "package_not_found", "a.sh",
     "dep add --lang python requests"),
    ("no program of python's", "a.sh", """\
python3 -m nosuch
""",
     "missing_module", "a.sh",
     "dep add --lang python nosuch"),
    ("a test", "a.sh", """\
printf 'def test_it():\\n    assert 1 == 2\\n' > b.py
python3 -m pytest -q b.py
""",
     "assertion_failed", "b.py:2",
     "exec -- sed -n 1,5p b.py"),
    ("what a test's module lacks", "a.sh", """\
echo 'import os' > conftest.py
echo 'import nosuch' >> conftest.py
python3 -m pytest -q
""",
     "missing_module", "conftest.py:2",
     "dep add --lang python nosuch"),
    ("what a test imports", "a.sh", """\
echo 'x = = 2' > b.py
echo 'import b' > conftest.py
python3 -m pytest -q
status=$?
rm conftest.py
exit $status
""",
     "syntax_error", "b.py:1",
     "exec -- sed -n 1,4p b.py"),
    ("no compiler", "a.sh", """\
sh -c nosuchcommand
clang a.c
""",
     "command_not_found", "a.sh:2",
     None),
]

CASES["perl"] = [
    ("no module", "a.pl", """\
use strict;
use Nosuch::Thing;
""",
     "missing_module", "a.pl:2",
     "help build"),
    ("a syntax error", "a.pl", """\
my $x = 1;
my $y = = 2;
use strict;
""",
     "syntax_error", "a.pl:2",
     "exec -- sed -n 1,5p a.pl"),
    ("an unknown variable", "a.pl", """\
use strict;
$undefined_thing = 1;
""",
     "undefined_name", "a.pl:2",
     "exec -- sed -n 1,5p a.pl"),
    ("an unknown function", "a.pl", """\
my $x = 1;
undefined_thing($x);
""",
     "undefined_name", "a.pl:2",
     "exec -- sed -n 1,5p a.pl"),
    ("a file of root", "a.pl", """\
open(my $f, '<', '/etc/shadow') or die "cannot open: $!";
""",
     "permission_denied", "a.pl:1",
     None),
    ("no file", "a.pl", """\
open(my $f, '<', 'data.csv') or die "cannot open data.csv: $!";
""",
     "missing_file", "a.pl:1",
     "ls"),
    ("nothing listens", "a.pl", """\
use IO::Socket;
IO::Socket::INET->new('127.0.0.1:9') or die "connect: $!";
""",
     "connection_refused", "a.pl:2",
     "jobs"),
    ("a port in use", "a.pl", """\
use IO::Socket;
my $a = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:8123');
IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:8123')
    or die "listen: $!";
""",
     "port_in_use", "a.pl:3",
     "jobs"),
]

CASES["php"] = [
    ("a syntax error", "a.php", """\
<?php
$x = 1
$y = 2;
""",
     "syntax_error", "a.php:3",
     "exec -- sed -n 1,6p a.php"),
    ("an unknown function", "a.php", """\
<?php
function f() {
    undefined_thing();
}
f();
""",
     "undefined_name", "a.php:3",
     "exec -- sed -n 1,6p a.php"),
    ("an unknown class", "a.php", """\
<?php
new Nosuch();
""",
     "undefined_name", "a.php:2",
     "exec -- sed -n 1,5p a.php"),
    ("no file", "a.php", """\
<?php
require 'vendor/autoload.php';
""",
     "missing_file", "a.php:2",
     "ls"),
    ("an exception", "a.php", """\
<?php
throw new AssertionError("no");
""",
     "assertion_failed", "a.php:2",
     "exec -- sed -n 1,5p a.php"),
    ("nothing listens", "a.php", """\
<?php
$f = fsockopen('127.0.0.1', 9) or exit(1);
""",
     "connection_refused", "a.php:2",
     "jobs"),
]

CASES["lua"] = [
    ("no module", "a.lua", """\
local x = 1
require 'nosuch'
""",
     "missing_module", "a.lua:2",
     "help build"),
    ("a syntax error", "a.lua", """\
x = 1
y = = 2
""",
     "syntax_error", "a.lua:2",
     "exec -- sed -n 1,5p a.lua"),
    ("an unknown function", "a.lua", """\
function f()
  undefined_thing()
end
f()
""",
     "undefined_name", "a.lua:2",
     "exec -- sed -n 1,5p a.lua"),
    ("an unknown value", "a.lua", """\
local x = undefined_thing.field
""",
     "undefined_name", "a.lua:1",
     "exec -- sed -n 1,4p a.lua"),
    ("an assertion", "a.lua", """\
local function check(n)
  assert(n == 2)
end
check(1)
""",
     "assertion_failed", "a.lua:2",
     "exec -- sed -n 1,5p a.lua"),
    ("a file of root", "a.lua", """\
assert(io.open('/etc/shadow'))
""",
     "permission_denied", "a.lua:1",
     "env new --writable --root IMAGE"),
    ("no file", "a.lua", """\
for l in io.lines('data.csv') do end
""",
     "missing_file", "a.lua:1",
     "ls"),
    ("a time limit", "a.lua", """\
while true do end
""",
     "timeout", "a.lua:1",
     "run -t 2s",
     {"limit": 1}),
]

CASES["r"] = [
    ("no module", "a.R", """\
x <- 1
library(nosuch)
""",
     "missing_module", "a.R",
     "help build"),
    ("a syntax error", "a.R", """\
x <- 1
y <- <- 2
""",
     "syntax_error", "a.R",
     "exec cat a.R"),
    ("an unknown object", "a.R", """\
f <- function() undefined_thing + 1
f()
""",
     "undefined_name", "a.R",
     "exec cat a.R"),
    ("an unknown function", "a.R", """\
undefined_thing(1)
""",
     "undefined_name", "a.R",
     "exec cat a.R"),
    ("an assertion", "a.R", """\
stopifnot(1 == 2)
""",
     "assertion_failed", "a.R",
     "exec cat a.R"),
    ("no file", "a.R", """\
read.csv('data.csv')
""",
     "missing_file", "a.R",
     "ls"),
    ("no memory", "a.R", """\
x <- numeric(2^40)
""",
     "out_of_memory", "a.R",
     "env new -m 1g IMAGE"),
]

CASES["go"] = [
    ("no module", "a.go", """\
package main

import "example.org/nosuch"

func main() { nosuch.F() }
""",
     "missing_module", "a.go:3",
     "dep add --lang go example.org/nosuch"),
    ("a syntax error", "a.go", """\
package main

func main( {
}
""",
     "syntax_error", "a.go:3",
     "exec -- sed -n 1,6p a.go"),
    ("an unknown name", "a.go", """\
package main

func main() {
	undefinedThing()
}
""",
     "undefined_name", "a.go:4",
     "exec -- sed -n 1,7p a.go"),
    ("a panic", "a.go", """\
package main

func f(a []int) int {
	return a[5]
}

func main() { f(nil) }
""",
     "exception", "a.go:4",
     "exec -- sed -n 1,7p a.go"),
    ("nothing listens", "a.go", """\
package main

import "net"

func main() {
	_, e := net.Dial("tcp", "127.0.0.1:9")
	if e != nil {
		panic(e)
	}
}
""",
     "connection_refused", "a.go:8",
     "jobs"),
    ("a time limit", "a.go", """\
package main

import "time"

func main() {
	time.Sleep(time.Hour)
}
""",
     "timeout", "a.go:6",
     "run -t 8s",
     {"limit": 4}),
]

CASES["rust"] = [
    ("no module", "a.rs", """\
use nosuch::thing;
fn main() { thing(); }
""",
     "missing_module", "a.rs:1",
     "help build"),
    ("a syntax error", "a.rs", """\
fn main() {
    let x = = 1;
}
""",
     "syntax_error", "a.rs:2",
     "exec -- sed -n 1,5p a.rs"),
    ("an unknown name", "a.rs", """\
fn main() {
    undefined_thing();
}
""",
     "undefined_name", "a.rs:2",
     "exec -- sed -n 1,5p a.rs"),
    ("an assertion", "a.rs", """\
fn check(n: i32) {
    assert_eq!(n, 2);
}
fn main() { check(1); }
""",
     "assertion_failed", "a.rs:2",
     "exec -- sed -n 1,5p a.rs"),
    ("nothing listens", "a.rs", """\
fn main() {
    std::net::TcpStream::connect("127.0.0.1:9").unwrap();
}
""",
     "connection_refused", "a.rs:2",
     "jobs"),
]

CASES["c"] = [
    ("no header", "a.c", """\
#include <stdio.h>
#include <nosuch/thing.h>
int main(void) { return 0; }
""",
     "missing_module", "a.c:2",
     "help build"),
    ("a syntax error", "a.c", """\
int main(void)
{
	int x = 1
	return x;
}
""",
     "syntax_error", "a.c:4",
     "exec -- sed -n 1,7p a.c"),
    ("an unknown name", "a.c", """\
int main(void)
{
	return undefined_thing;
}
""",
     "undefined_name", "a.c:3",
     "exec -- sed -n 1,6p a.c"),
    ("an unknown function", "a.c", """\
int undefined_thing(void);
int main(void)
{
	return undefined_thing();
}
""",
     "undefined_name", "a.c:4",
     "exec -- sed -n 1,7p a.c"),
    ("an assertion", "a.c", """\
#include <assert.h>
int main(int argc, char **argv)
{
	assert(argc == 7);
	return 0;
}
""",
     "assertion_failed", "a.c:4",
     "exec -- sed -n 1,7p a.c"),
    ("a wrong type", "a.c", """\
struct s { int x; };
int main(void)
{
	struct s s = { 1 };
	return s;
}
""",
     "compile_error", "a.c:5",
     "exec -- sed -n 2,8p a.c"),
    ("a crash", "a.c", """\
int main(int argc, char **argv)
{
	return *(int *)(long)(argc - 1);
}
""",
     "crashed", "a.c",
     "exec -- gcc -g -fsanitize=address,undefined -o /tmp/crash a.c -lm"
     " && exec /tmp/crash"),
]

CASES["cpp"] = [
    ("no header", "a.cpp", """\
#include <nosuch.hpp>
int main() {}
""",
     "missing_module", "a.cpp:1",
     "help build"),
    ("an unknown name", "a.cpp", """\
int main() {
	undefined_thing();
}
""",
     "undefined_name", "a.cpp:2",
     "exec -- sed -n 1,5p a.cpp"),
    ("no memory", "a.cpp", """\
#include <vector>
int main() { std::vector<char> v(1UL << 50); return v[0]; }
""",
     "out_of_memory", "a.cpp",
     "env new -m 1g IMAGE"),
]

CASES["java"] = [
    ("no package", "A.java", """\
import org.nosuch.Thing;
public class A { public static void main(String[] a) { } }
""",
     "missing_module", "A.java:1",
     "help build"),
    ("a syntax error", "A.java", """\
public class A { public static void main(String[] a) {
    int x = 1
} }
""",
     "syntax_error", "A.java:2",
     "exec -- sed -n 1,5p A.java"),
    ("an unknown name", "A.java", """\
public class A { public static void main(String[] a) {
    undefinedThing();
} }
""",
     "undefined_name", "A.java:2",
     "exec -- sed -n 1,5p A.java"),
    ("an assertion", "A.java", """\
import java.util.*;
public class A {
    static void check(int n) {
        if (n != 2) throw new AssertionError("n is " + n);
    }
    public static void main(String[] a) { List.of(1).forEach(A::check); }
}
""",
     "assertion_failed", "A.java:4",
     "exec -- sed -n 1,7p A.java"),
    ("nothing listens", "A.java", """\
import java.net.*;
public class A { public static void main(String[] a) throws Exception {
    new Socket("127.0.0.1", 9);
} }
""",
     "connection_refused", "A.java:3",
     "jobs"),
    ("no memory", "A.java", """\
public class A { public static void main(String[] a) {
    long[][] x = new long[1000][];
    for (int i = 0; i < 1000; i++) x[i] = new long[10_000_000];
} }
""",
     "out_of_memory", "A.java:3",
     "env new -m 1g IMAGE"),
]

# What such programs write.
WRITTEN = [
    "ModuleNotFoundError: No module named 'yaml'",
    "Error: Cannot find module 'express'",
    "a.rb:1:in `require': cannot load such file -- rack (LoadError)",
    "there is no package called 'ggplot2'",
    "a.c:1:10: fatal error: zlib.h: No such file or directory",
    '  File "/workspace/a.py", line 2\nSyntaxError: invalid syntax',
    "/workspace/a.js:2\nSyntaxError: Unexpected token '='",
    "a.ts(2,1): error TS2304: Cannot find name 'x'.",
    "error[E0425]: cannot find function `f` in this scope\n --> a.rs:2:5",
    "/workspace/A.java:2: error: ';' expected",
    "./a.go:4:2: undefined: f",
    "NameError: name 'x' is not defined",
    "ReferenceError: x is not defined",
    "AssertionError: 1 != 2",
    "program: a.c:4: main: Assertion `0' failed.",
    "PermissionError: [Errno 13] Permission denied: '/etc/shadow'",
    "a.sh: line 2: ./tool.sh: Permission denied",
    "OSError: [Errno 101] Network is unreachable",
    "getaddrinfo EAI_AGAIN example.org",
    "connect ECONNREFUSED 127.0.0.1:9",
    "OSError: [Errno 98] Address already in use",
    "OSError: [Errno 28] No space left on device",
    "MemoryError",
    "FATAL ERROR: JavaScript heap out of memory",
    "java.lang.OutOfMemoryError: Java heap space",
    "KeyboardInterrupt",
    "nosuch: command not found",
    "EOFError: EOF when reading a line",
]

# And what would bring other words into a command, or another file: what is
# written, and the suggestion.
FORGED = [
    ("ModuleNotFoundError: No module named '-r/etc/passwd'", None),
    ("Error: Cannot find module 'x;rm -rf y'", None),
    ("Error: Cannot find module '-g'", None),
    ("PermissionError: [Errno 13] Permission denied: '-R'", None),
    ("PermissionError: [Errno 13] Permission denied: 'a b'", None),
    ("PermissionError: [Errno 13] Permission denied: 'a;b'", None),
    ("a.sh: line 2: ./x && y: Permission denied", None),
    ("FileNotFoundError: [Errno 2] No such file or directory: 'a.b;c'", None),
    ('  File "/workspace/a b.py", line 2\nNameError: x', None),
    ('  File "/workspace/a.py;b", line 2\nNameError: x', None),
    ('  File "/workspace/-i", line 2\nNameError: x', None),
    ('  File "/workspace/../etc/passwd", line 2\nNameError: x', None),
    ('  File "/etc/passwd", line 2\nNameError: x', None),
    ('  File "/workspace/node_modules/a.py", line 2\nNameError: x', None),
    ('  File "/workspace/b.py", line 99999999999\nNameError: x', None),
    ('  File "/workspace/b.py", line 9\nNameError: x',
     "exec -- sed -n 6,12p b.py"),
]
