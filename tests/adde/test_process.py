# SPDX-License-Identifier: MIT
"""adde as a process: arguments, standard input, exit status, which stream says
what, and JSON as Go's encoding/json reads and writes it.  No engine is there."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import DEVIATIONS, Adde, addesh, deviation
from tap import main, patient, same, test

TOOLS = ["pull_image", "create_runtime_env", "execute_code_block",
         "get_container_logs", "get_stats", "cleanup_env",
         "prepare_build_context", "build_image_from_context",
         "build_image_from_path", "list_agent_images",
         "prune_build_cache", "delete_image"]
HOME = Adde()


def streams(done):
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@test
def without_a_tool_it_says_how_it_is_used():
    done = HOME.run()
    same((done.returncode, done.stdout), (2, b""))
    for tool in TOOLS:
        assert tool in done.stderr.decode(), tool


@test
def an_unknown_tool_is_status_2():
    same(streams(HOME.run("x", "{}")),
         (2, "", 'adde: unknown tool "x"\n'))
    for option in ("--help", "-h"):
        same(streams(HOME.run(option)), streams(HOME.run()), option)


@test
def an_address_that_is_none_comes_first():
    done = HOME.run("x", env={"DOCKER_HOST": "bogus"})
    same((done.returncode, done.stdout), (1, b""))
    assert done.stderr.startswith(b"adde: docker client: "), done.stderr


@deviation("words", ["a daemon that is not there"])
def _(_):
    error = HOME.fails("list_agent_images", {})
    same(error, "Cannot connect to the Docker daemon at "
         "unix:///nonexistent.sock. Is the docker daemon running?")
    error = HOME.fails("create_runtime_env", image="busybox")
    assert error.startswith("Cannot connect to the Docker daemon at "), error


BROKEN = [
    ("", "unexpected end of JSON input"),
    ("[1", None), ("{", None), ("nul", None), ('{"a":1} x', None),
    ('{"image":"\n"}', None), ('{"image":01}', None), ("{'a':1}", None),
    ('{"image":"\\x"}', None), ('{"image":"\\u12g4"}', None), ("{}{}", None),
    ('{"a":1,}', None), ("\ufeff{}", None), ("{}\0", None), ('"', None),
    ('{"a":.5}', None), ('{"a":1.}', None), ('{"a":+1}', None),
]


@test("no JSON: %s", [(repr(text), text, says) for text, says in BROKEN])
def _(_, text, says):
    """Told on both streams, with Error in upper case."""
    done = HOME.run("pull_image", stdin=text.encode()) if "\0" in text \
        else HOME.run("pull_image", text)
    error = json.loads(done.stdout)
    same((done.returncode, sorted(error)), (1, ["Error"]))
    same(done.stderr.decode(), "adde: %s\n" % error["Error"])
    if says:
        same(error["Error"], says)


TYPES = [
    ("pull_image", '{"image":5}'), ("pull_image", '{"image":["a"]}'),
    ("pull_image", "[]"), ("pull_image", '"x"'), ("pull_image", "5"),
    ("get_container_logs", '{"tail_lines":"5"}'),
    ("get_container_logs", '{"tail_lines":1.5}'),
    ("get_container_logs", '{"tail_lines":1.0}'),
    ("get_container_logs", '{"tail_lines":1e2}'),
    ("get_container_logs", '{"tail_lines":99999999999999999999}'),
    ("get_container_logs", '{"tail_lines":true}'),
    ("delete_image", '{"force":"true"}'), ("delete_image", '{"force":1}'),
    ("create_runtime_env", '{"dependencies":"six"}'),
    ("create_runtime_env", '{"dependencies":[1]}'),
    ("create_runtime_env", '{"env_vars":{"A":1}}'),
    ("create_runtime_env", '{"port_bindings":{"80":8080}}'),
    ("prepare_build_context", '{"files":{"a":{}}}'),
    ("prepare_build_context", '{"files":[]}'),
]


@test("a wrong type: %s %s", TYPES)
def _(tool, request):
    done = HOME.run(tool, request)
    error = json.loads(done.stdout)
    same((done.returncode, sorted(error)), (1, ["Error"]))
    assert done.stderr.decode().startswith("adde: "), done.stderr


@test
def a_field_is_found_as_go_finds_it():
    """Without regard to case, the last one, null as nothing."""
    wanted = "image name is required"
    for request in ('{"image":" "}', '{"IMAGE":"\\t"}', "{}", "null",
                    '{"image":null}', '{"other":[{"a":1.5}]}',
                    '{"image":"busybox","Image":""}',
                    ' {"image":""}\n', '{"image":"","image":null}'):
        same(HOME.fails("pull_image", request), wanted, request)
    for request in ('{"image":"","image":"a"}', '{"image":"a","IMAGE":null}'):
        error = HOME.fails("pull_image", request)
        assert "Cannot connect" in error, (request, error)


@test
def maps_of_one_name_become_one():
    request = '{"files":{"a":"1","b":"1"},"Files":{"b":"2","c":null}}'
    path = HOME.ok("prepare_build_context", request)["context_id"]
    got = {}
    for name in "abc":
        with open(os.path.join(path, name)) as f:
            got[name] = f.read()
    same(got, {"a": "1", "b": "2", "c": ""})
    same(HOME.fails("prepare_build_context",
                    '{"files":{"a":"1"},"files":null}'),
         "files map is required and must not be empty")


REQUIRED = [
    ("create_runtime_env", {"image": " "}, "image name is required"),
    ("cleanup_env", {}, "container_id is required"),
    ("get_container_logs", {}, "container_id is required"),
    ("execute_code_block", {"filename": "a.py"}, "container_id is required"),
    ("pull_image", {}, "image name is required"),
    ("delete_image", {}, "image is required"),
    ("prepare_build_context", {}, "files map is required and must not be "
     "empty"),
    ("prepare_build_context", {"files": {}}, "files map is required and must "
     "not be empty"),
    ("build_image_from_context", {}, "context_id is required"),
    ("build_image_from_path", {}, "path is required"),
]


@deviation("required",
           [(tool, request, says) for tool, request, says in REQUIRED])
def _(tool, request, says):
    same(HOME.fails(tool, request), says)


@deviation("tools", ["adde"])
def _(_):
    read, write = os.pipe()
    done = subprocess.run([HOME.binary, "x"], stdin=read, env=HOME.env,
                          capture_output=True, timeout=patient(30))
    os.close(read)
    os.close(write)
    same(streams(done), (2, "", 'adde: unknown tool "x"\n'))


@deviation("numbers", ["adde"])
def _(_):
    deep = '{"x":%s1%s,"image":""}'
    for request, refused in ((deep % (900 * "[", 900 * "]"), False),
                             (deep % (1500 * "[", 1500 * "]"), True)):
        error = json.loads(HOME.run("pull_image", request).stdout)
        same("Error" in error, refused, error)
    for number, refused in ((2 ** 53, False), (2 ** 63 - 1, True)):
        error = json.loads(HOME.run(
            "execute_code_block", '{"timeout_sec":%d}' % number).stdout)
        same("Error" in error, refused, error)


@deviation("length", ["adde"])
def _(_):
    """And no line ends."""
    big = "x" * (3 << 20)
    request = json.dumps({"files": {"a": big}}, indent=1)
    done = HOME.run("prepare_build_context", stdin=request.encode())
    same(done.returncode, 0)
    path = json.loads(done.stdout)["context_id"]
    with open(os.path.join(path, "a")) as f:
        same(f.read() == big, True)
    # a line's end is dropped wherever it stands
    done = HOME.run("prepare_build_context",
                    stdin=b'{"files":{"a":"b\r\nc"}}\n')
    with open(os.path.join(json.loads(done.stdout)["context_id"], "a")) as f:
        same(f.read(), "bc")
    # an argument that is empty is a request, and none to be read
    same(streams(HOME.run("pull_image", "", stdin=b'{"image":"x"}')),
         (1, '{"Error":"unexpected end of JSON input"}\n',
          "adde: unexpected end of JSON input\n"))


@test
def further_arguments_are_ignored():
    same(HOME.run("pull_image", "{}", "x", "--y").returncode, 1)


@test
def a_huge_map_takes_no_time_of_its_own():
    """Of one name the last one counts also there."""
    files = ['"f%d":"1"' % n for n in range(40000)] * 2
    request = '{"files":{%s,"f7":"2"},"env_vars":{"a":"b"}}' % ",".join(files)
    began = time.monotonic()
    done = HOME.run("prepare_build_context", stdin=request.encode())
    assert time.monotonic() - began < patient(15)
    path = json.loads(done.stdout)["context_id"]
    same(len(os.listdir(path)), 40001)
    with open(os.path.join(path, "f7")) as f:
        same(f.read(), "2")
    shutil.rmtree(path)


@test
def every_byte_comes_through():
    """NULs, halves of surrogate pairs, bytes that are not UTF-8."""
    request = (b'{"files":{"nul":"a\\u0000b","pair":"\\ud83d\\ude00",'
               b'"half":"\\ud83dx","bytes":"\xff\xfe","esc":"\\"\\\\\\/\\b"}}')
    done = HOME.run("prepare_build_context", stdin=request)
    path = json.loads(done.stdout)["context_id"]
    got = {}
    for name in ("nul", "pair", "half", "bytes", "esc"):
        with open(os.path.join(path, name), "rb") as f:
            got[name] = f.read()
    same(got, {"nul": b"a\0b", "pair": "\U0001f600".encode(),
               "half": "\ufffdx".encode(), "bytes": "\ufffd\ufffd".encode(),
               "esc": b'"\\/\b'})


@test
def what_is_printed_is_one_compact_line():
    name = "<&> \u2028\u2029 \xe9"
    done = HOME.run("pull_image", json.dumps({"image": "sha256:" + name}))
    text = done.stdout.decode()
    same(text.count("\n"), 1)
    same(text[-1], "\n")
    assert '": ' not in text.split('"error"')[0], text
    done = HOME.run("prepare_build_context",
                    json.dumps({"files": {"../" + name: "x"}}))
    text = done.stdout.decode()
    assert "<&> \\u2028\\u2029 \xe9" in text, text


@test
def addesh_adde_is_the_same():
    for argv in (["pull_image", "{}"], ["pull_image", '{"image":5}']):
        done = subprocess.run([addesh.program(), "adde"] + argv, env=HOME.env,
                              cwd=HOME.work, capture_output=True)
        same(streams(done), streams(HOME.run(*argv)))
    done = subprocess.run([addesh.program(), "adde", "pull_image"],
                          env=HOME.env, cwd=HOME.work, capture_output=True,
                          input=b'{"image":"\n"}')
    same((done.returncode, json.loads(done.stdout)["error"]),
         (1, "image name is required"))
    same(HOME.addesh("adde", "x", "{}").status, 2)


@test
def a_session_of_a_person_is_none_of_an_agent():
    done = HOME.addesh("-c", "env ls", "-c", "adde list_agent_images {}")
    same(done.status, 2)
    assert "a session is open" in done.err, done.err


@test
def the_clients_exception_is_the_response():
    try:
        HOME.client().call("pull_image", {"image": ""})
    except RuntimeError as e:
        same(json.loads(str(e)), {"ok": False,
                                  "error": "image name is required"})
    else:
        raise AssertionError("no exception")


@test
def a_state_directory_that_cannot_be_had_is_an_error():
    path = HOME.write("file", "x")
    done = HOME.run("prepare_build_context", '{"files":{"a":"b"}}',
                    env={"XDG_STATE_HOME": path})
    same(done.returncode, 1)
    assert path in json.loads(done.stdout)["error"], done.stdout


@test
def a_reader_that_is_gone_is_told():
    done = subprocess.run(
        ["sh", "-c", '"$0" pull_image "{}"; echo $? >&2', HOME.binary],
        env=HOME.env, stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE)
    lines = done.stderr.decode().splitlines()
    same(lines[-1], "1")
    assert lines[0].startswith("adde: writing the response: "), lines


@test
def each_deviation_has_a_test():
    found = set()
    here = os.path.dirname(os.path.abspath(__file__))
    for name in os.listdir(here):
        if name.startswith("test_"):
            with open(os.path.join(here, name)) as f:
                for names in re.findall(r'^@deviation\("([a-z_ ]+)"',
                                        f.read(), re.M):
                    found |= set(names.split())
    same(sorted(found), sorted(DEVIATIONS))


@test
def each_deviation_stands_in_the_manual():
    path = os.path.join(addesh.source(), "man", "adde.1")
    with open(path) as f:
        section = f.read().split(".Sh DIFFERENCES FROM ADDE\n")[1].split(
            "\n.Sh ")[0]
    items = section.split("\n.It ")[1:]
    said = {}
    for item in items:
        name, _, text = item.split("\n.El")[0].partition("\n")
        said[name] = " ".join(text.replace("\\&", "").split())
    same(said, {k: " ".join(v.split()) for k, v in DEVIATIONS.items()})


@test
def contexts_are_made_as_they_were_asked_for():
    response = HOME.ok("prepare_build_context", files={
        "requirements.txt": "six", "a/b/c.py": "1", "/abs/d": "2",
        "../out": "3", "x/../../out": "4", "./e": "5"}, context_id="ignored")
    path = response["context_id"]
    assert os.path.isabs(path), path
    same(os.stat(path).st_mode & 0o777, 0o700)
    found = sorted(os.path.relpath(os.path.join(top, name), path)
                   for top, _, names in os.walk(path) for name in names)
    same(found, [".dockerignore", "Dockerfile", "a/b/c.py", "abs/d", "e",
                 "requirements.txt"])
    same(sorted(response["skipped"]), ["../out", "x/../../out"])
    with open(os.path.join(path, ".dockerignore")) as f:
        same(f.read().split(), [".git", ".gitignore", "*.md", ".env",
                                ".venv", "__pycache__", "node_modules",
                                "*.pyc", ".DS_Store", "*.log"])
    with open(os.path.join(path, "Dockerfile")) as f:
        same(f.read().splitlines(), [
            "FROM python:3-alpine", "WORKDIR /app", "COPY requirements.txt .",
            "RUN pip install --no-cache-dir -r requirements.txt",
            "COPY . ."])


@test("a Dockerfile is added: %s", [
    ({"package.json": ""}, "FROM node:20-alpine"),
    ({"sub/package.json": ""}, "FROM node:20-alpine"),
    ({"requirements.txt": "", "package.json": ""}, "FROM python:3-alpine"),
    ({"package.json": "", "d/Dockerfile.dev": ""}, None),
    ({"main.py": ""}, None)])
def _(files, begins):
    path = HOME.ok("prepare_build_context", files=files)["context_id"]
    dockerfile = os.path.join(path, "Dockerfile")
    same(os.path.exists(dockerfile), begins is not None)
    if begins:
        with open(dockerfile) as f:
            same(f.readline().strip(), begins)


@test
def a_file_in_the_way_leaves_no_context():
    before = set(HOME.files())
    error = HOME.fails("prepare_build_context",
                       files={"a": "1", "a/b": "2"})
    assert error.startswith("files: a/b: "), error
    same(set(HOME.files()), before)


main()
