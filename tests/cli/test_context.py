# SPDX-License-Identifier: MIT
"""Staged contexts: what goes in and what is refused, and that it stays as it
was.  Building them is tests/engine's."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home                    # noqa: E402
from tap import main, same, test           # noqa: E402


def session(home, *lines, keep_on=False):
    """The objects that these lines of a script write."""
    options = ["--json"] + (["-k"] if keep_on else [])
    done = home.addesh(*options, stdin="\n".join(lines).encode() + b"\n")
    return done.objects()


def refused(home, *lines):
    """The message of the last line's error; those before must work."""
    *before, last = session(home, *lines)
    assert all(o["ok"] for o in before), before
    assert not last["ok"], last
    return last["error"]["message"]


def listed(objects):
    return {f["path"]: f for f in objects[-1]["result"]["files"]}


@test
def files_keep_path_and_mode():
    with Home() as home:
        home.write("src/run.sh", "echo\n")
        os.chmod(os.path.join(home.work, "src/run.sh"), 0o750)
        home.write("main.py", "print(1)\n")
        done = session(home, "context new web", "context add ./src/run.sh",
                       "context add main.py", "context ls web")
        same(done[0]["result"], {"name": "web"})
        same(done[1]["result"], {"context": "web", "added": 1, "bytes": 5,
                                 "ignored": 0, "skipped": [], "files": 1})
        files = listed(done)
        same(sorted(files), ["main.py", "src/run.sh"])
        same(files["src/run.sh"]["mode"], 0o750)
        same(files["main.py"]["size"], 9)


@test
def the_first_file_begins_a_context():
    with Home() as home:
        home.write("a", "a")
        done = session(home, "context add a", "context ls")
        same(done[-1]["result"]["contexts"],
             [{"current": True, "name": "c1", "files": 1, "bytes": 1}])
        done = session(home, "context add nothing", "context ls", keep_on=True)
        assert "No such file" in done[0]["error"]["message"]
        same(done[1]["result"]["contexts"], [])


@test
def a_heredoc_is_a_file():
    with Home() as home:
        done = session(home, "context add a/b.py <<EOF", "print(1)", "EOF",
                       "context add -x run <<EOF", "EOF",
                       "context add a/b.py <<EOF", "2", "EOF", "context ls c1")
        files = listed(done)
        same({p: (f["size"], f["mode"]) for p, f in files.items()},
             {"a/b.py": (2, 0o644), "run": (0, 0o755)})
        assert "one file" in refused(home, "context add a b <<EOF", "EOF")
        assert "directory" in refused(home, "context add a/ <<EOF", "EOF")


@test
def a_directory_is_added_without_what_nobody_wants():
    with Home() as home:
        for name in ("src/a.py", "src/lib/b.py", "src/lib/__pycache__/c.pyc",
                     "src/.git/config", "src/x.log", "node_modules/x/y",
                     "README.md", "NOTES.md"):
            home.write(name, "x")
        os.symlink("a.py", os.path.join(home.work, "src/link"))
        os.mkfifo(os.path.join(home.work, "src/pipe"))
        done = session(home, "context add src", "context ls c1")
        same(sorted(listed(done)), ["src/a.py", "src/lib/b.py"])
        same(done[0]["result"]["ignored"], 3)
        same(done[0]["result"]["skipped"],
             ["src/link (link)", "src/pipe (FIFO)"])
        done = session(home, "context add --from src lib .", "context ls c1")
        same(sorted(listed(done)), ["a.py", "lib/b.py"])
        done = session(home, "context add .", "context ls c1")
        same(sorted(listed(done)), ["README.md", "src/a.py", "src/lib/b.py"])
        # what is named is added, and told to be left out
        done = session(home, "context add src/x.log src/a.py", "context ls c1")
        same({p: f["ignored"] for p, f in listed(done).items()},
             {"src/a.py": False, "src/x.log": True})


@test
def a_directory_without_files_is_an_error():
    with Home() as home:
        os.mkdir(os.path.join(home.work, "empty"))
        home.write("logs/a.log", "x")
        done = session(home, "context add empty", "context add logs",
                       "context ls", "context add logs/a.log", keep_on=True)
        same([o["ok"] for o in done], [False, False, True, True])
        same(done[0]["error"]["message"], "there is no file to add")
        assert "1 left out" in done[1]["error"]["hint"], done[1]
        same(done[2]["result"]["contexts"], [])
        same(done[3]["result"]["context"], "c1")


@test
def rules_of_the_context_win():
    with Home() as home:
        for name in ("a.py", "b.log", "c/d"):
            home.write(name, "x")
        done = session(home, "context add .dockerignore <<EOF", "*.py", "c/d",
                       "EOF", "context add .", "context add a.py",
                       "context ls c1")
        same({p: f["ignored"] for p, f in listed(done).items()},
             {".dockerignore": False, "a.py": True, "b.log": False})
        message = refused(home, "context add .dockerignore <<EOF", "[z-a]",
                          "EOF", "context add .")
        assert message.startswith(".dockerignore:1: "), message


@test("context add %s is refused", ["/etc/passwd", "../a", "a/../b", "a/..",
                                    "''", "link", "linked/a", "pipe", "."])
def _(path):
    with Home() as home:
        home.write("dir/a", "x")
        os.symlink("dir", os.path.join(home.work, "linked"))
        os.symlink("dir/a", os.path.join(home.work, "link"))
        os.mkfifo(os.path.join(home.work, "pipe"))
        if path == ".":
            for n in range(3):
                with open(os.path.join(home.work, "large%d" % n), "wb") as f:
                    f.truncate(30 << 20)
        message = refused(home, "context add " + path)
        assert message, path


@test("of several files all are added or none: %s", [
    "none", "link", "d/x/none", "/etc/passwd", "large", "a/b"])
def _(bad):
    with Home() as home:
        for name in ("a", "b", "d/e", "d/f"):
            home.write(name, "new")
        os.symlink("a", os.path.join(home.work, "link"))
        with open(os.path.join(home.work, "large"), "wb") as f:
            f.truncate(100 << 20)
        done = session(home, "context add a d <<EOF", "EOF",
                       "context add a <<EOF", "old", "EOF",
                       "context add d/e <<EOF", "older", "EOF",
                       "context ls c1", "context add a b a d " + bad,
                       "context ls c1", "context ls", keep_on=True)
        same([o["ok"] for o in done],
             [False, True, True, True, False, True, True])
        same(done[5]["result"], done[3]["result"])
        same(sorted(listed(done[:6])), ["a", "d/e"])
        row = done[6]["result"]["contexts"][0]
        same((row["files"], row["bytes"]), (2, 10))
        # nor does a context begin
        done = session(home, "context add b " + bad, "context ls",
                       keep_on=True)
        same(done[1]["result"]["contexts"], [])
        # afterwards they can be added
        done = session(home, "context add a b a d " + bad,
                       "context add a b a d", "context ls c1", keep_on=True)
        same(sorted(listed(done)), ["a", "b", "d/e", "d/f"])


@test
def a_large_file_is_not_read():
    with Home() as home:
        with open(os.path.join(home.work, "large"), "wb") as f:
            f.truncate(5 << 30)
        assert "64 MB at most" in refused(home, "context add large")


@test
def files_stay_as_they_were_added():
    with Home() as home:
        home.write("a", "before")
        done = session(home, "context add a", "help run > a", "context ls c1")
        assert os.path.getsize(os.path.join(home.work, "a")) > 6
        same(listed(done)["a"]["size"], 6)


@test
def the_policy_says_what_may_be_read():
    with Home() as home:
        home.write("ok/a", "x")
        home.write("not/a", "x")
        done = session(home, "set host.read ok", "context add ok/a",
                       "context add not/a", "context add --from not a",
                       keep_on=True)
        same([o["ok"] for o in done], [True, True, False, False])
        same(done[2]["error"]["kind"], "policy")


@test
def odd_names_are_kept_as_bytes():
    with Home() as home:
        for name in (b"new\nline", b"\xff\xfe"):
            with open(os.path.join(os.fsencode(home.work), name), "wb"):
                pass
        done = session(home, "context add .", "context ls c1")
        files = done[-1]["result"]["files"]
        same([f.get("path", f.get("path_b64")) for f in files],
             ["new\nline", "//4="])
        done = home.addesh(stdin=b"context add .\ncontext ls c1\n").is_ok()
        assert "new?line" in done.out, done.out


@test
def what_is_left_out_is_told_with_what_decides_it():
    with Home() as home:
        home.write("src/.env", "TOKEN=1\n")
        home.write("src/main.py", "")
        home.write("secrets/.env", "TOKEN=1\n")
        rules = ("left out by the installed .dockerignore; one of its own "
                 "decides instead:  context add .dockerignore <<EOF\n")
        err = home.addesh("-c", "context add src").is_ok().err
        assert err.endswith("\n1 " + rules), err
        err = home.addesh("-c", "context add secrets").is_status(2).err
        assert "\n  1 " + rules in err, err
        err = home.addesh("-c", "context add .dockerignore <<< '**/*.py'", "-c",
                          "context add src").is_ok().err
        assert err.endswith("\n1 left out by its .dockerignore\n"), err


@test
def a_tilde_is_no_directory():
    with Home() as home:
        for line in ("context add --from ~/x .", "build ~/x", "check ~/x"):
            err = home.addesh("-c", line).is_status(125).err
            assert err.endswith(
                "No such file or directory\n  ~ is not replaced by a "
                "directory here; yours is %s\n" % home.env["HOME"]), err


@test
def what_would_be_built_is_shown_without_an_engine():
    with Home(env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"}) as home:
        done = session(home, "context add Cargo.toml <<< x",
                       "build @ --dry-run", "build nowhere", "build @",
                       keep_on=True)
        same(done[1]["result"]["template"], "rust")
        same([o["error"]["kind"] for o in done[2:]], ["io", "engine"])


@test
def names_are_completed():
    with Home() as home:
        done = home.addesh("--complete", "context ").is_ok()
        words = {line.split("\t")[0] for line in done.out.splitlines()}
        same(words, {"add", "ls", "new", "rm", "use"})


main()
