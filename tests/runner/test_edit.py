#!/usr/bin/env python3
"""EDIT, which changes several files all or none, and GET of several."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import patient, same as check  # noqa: E402

ENOENT, ENOTDIR, EINVAL, ELOOP, EPROTO, ESTALE = 2, 20, 22, 40, 71, 116
ECANCELED = 125


def setup():
    return runner_env.Env().open()


def was(content):
    return [("WAS_SIZE", len(content)), ("WAS_CRC", rc.crc32c(content))]


def entry(ident, path, content, old=None, mode=0o644):
    """content None: it goes.  old None: it is not there."""
    pairs = [("PATH", path), ("TYPE", ord("x" if content is None else "f")),
             ("MODE", mode)] + ([] if old is None else was(old))
    data = rc.message("ENTRY", ident, pairs)
    if content is not None:
        data += rc.frame("DATA", ident, content, rc.F_END)
    return data


def edit_start(env, *entries):
    ident = env.request("EDIT", [("PATH", env.ws)])
    for e in entries:
        env.send(entry(ident, *e))
    return ident


def edit(env, *entries):
    ident = edit_start(env, *entries)
    env.send(rc.frame("ENTRY", ident))
    return env.wait(ident)


def ok(result):
    assert result.end.kind == "VERDICT", result
    return result


def failed(result, error):
    check((result.end.kind, result.get("ERRNO")), ("FAIL", error), "failure")
    return result


def tree(env):
    return env.sh("find . -mindepth 1 -printf '%P %y %m ' "
                  "\\( -type f -exec cat {} \\; -o -printf '\\n' \\) | sort"
                  ).out.decode().splitlines()


def test_change_make_and_remove(env):
    env.sh("printf 'a\\n' > a; mkdir d; printf 'g\\n' > d/gone; "
           "printf 'k\\n' > keep; chmod 640 a")
    r = ok(edit(env, (b"a", b"A\n", b"a\n", 0o640),
                (b"d/gone", None, b"g\n"), (b"n/e/w", b"w\n", None, 0o755)))
    check(r.get("COUNT"), 3)
    check(tree(env), ["a f 640 A", "keep f 664 k", "n d 775 ",
                      "n/e d 775 ", "n/e/w f 755 w"])


def test_all_or_none(env):
    """One that is not as it was said to be, and nothing has changed"""
    env.sh("printf 'a\\n' > a; printf 'b\\n' > b; mkdir d")
    before = tree(env)
    for wrong, error in (((b"b", b"B\n", b"x\n"), ESTALE),
                         ((b"b", b"B\n", b"bb"), ESTALE),
                         ((b"b", b"B\n", None), ESTALE),
                         ((b"b", None, b"x\n"), ESTALE),
                         ((b"c", b"C\n", b"c\n"), ESTALE),
                         ((b"no/c", None, b"c\n"), ESTALE),
                         ((b"d", b"D\n", b"d\n"), ESTALE),
                         ((b"d", b"D\n", None), ESTALE),
                         ((b"a/b", b"x\n", None), ENOTDIR)):
        r = failed(edit(env, (b"a", b"A\n", b"a\n"),
                        (b"new/dir/f", b"f\n", None), wrong), error)
        check(r.get("PATH"), wrong[0])
        check(tree(env), before)


def test_new_content_is_younger(env):
    """By a second at least, also where both are written within one"""
    env.sh("echo a > a")
    for old in b"a\n", b"b\n", b"c\n":
        before = int(env.sh("stat -c %Y a").out)
        ok(edit(env, (b"a", bytes([old[0] + 1]) + b"\n", old)))
        assert int(env.sh("stat -c %Y a").out) > before


def test_entries_that_are_none(env):
    for bad, error in (((b"../x", b"", None), EINVAL),
                       ((b"/etc/x", b"", None), EPROTO),
                       ((b"a/../x", b"", None), EINVAL),
                       ((b"", b"", None), EPROTO),
                       ((b"x", None, None), EPROTO)):
        failed(edit(env, bad), error)
    ident = edit_start(env)
    env.send(rc.frame("DATA", ident, b"x", rc.F_END))
    failed(env.wait(ident), EPROTO)
    ident = edit_start(env)
    env.send(rc.message("ENTRY", ident, [("PATH", b"f"),
                                         ("TYPE", ord("f"))]))
    env.send(rc.frame("ENTRY", ident))
    failed(env.wait(ident), EPROTO)
    check(tree(env), [])


def test_links_are_not_followed(env):
    env.sh("mkdir real; echo x > real/f; ln -s real link; ln -s real/f l; "
           "ln -s / root")
    before = tree(env)
    failed(edit(env, (b"link/f", b"y", b"x\n")), ELOOP)
    failed(edit(env, (b"root/etc/passwd", None, b"x\n")), ELOOP)
    failed(edit(env, (b"link/new", b"y", None)), ELOOP)
    failed(edit(env, (b"l", b"y", b"x\n")), ESTALE)
    failed(edit(env, (b"l", None, b"x\n")), ESTALE)
    check(tree(env), before)


def test_cancelled_before_its_end(env):
    """Neither the client's CANCEL nor its end leaves anything"""
    env.sh("echo a > a")
    before = tree(env)
    ident = edit_start(env, (b"a", b"A\n", b"a\n"), (b"n/x", b"x\n", None))
    while tree(env) == before:
        time.sleep(0.02)
    env.send(rc.frame("CANCEL", ident))
    failed(env.wait(ident), ECANCELED)
    check(tree(env), before)
    ident = edit_start(env, (b"a", b"A\n", b"a\n"), (b"n/x", b"x\n", None))
    while tree(env) == before:
        time.sleep(0.02)
    env.hello()    # which waits for nobody
    deadline = time.monotonic() + patient(20)
    while tree(env) != before:
        assert time.monotonic() < deadline, tree(env)


def test_cancelled_at_any_time(env):
    """All of it, or nothing, and the answer says which"""
    n, done = 40, 0
    names = [b"d%d/f" % i for i in range(n)]
    content = b"0"
    ok(edit(env, *((f, content, None) for f in names)))
    for turn in range(25):
        new = b"%d" % (turn + 1)
        ident = edit_start(env, *((f, new, content) for f in names))
        end, cancel = rc.frame("ENTRY", ident), rc.frame("CANCEL", ident)
        if turn % 2:
            env.send(end + cancel)
        else:
            env.send(end)
            time.sleep(0.0001 * 2 ** (turn // 2))
            env.send(cancel)
        if env.wait(ident).end.kind == "VERDICT":
            content = new
            done += 1
        got = env.sh("cat d*/f").out
        check(got, content * n)
        check(env.sh("ls -A d*/ | grep -c addesh").out, b"0\n")
    assert 0 < done < 25, "%d of 25 were done" % done


def test_programs_that_change_files_meanwhile(env):
    """A change of theirs is not lost: the edit fails, or came first"""
    ident = env.start("/bin/sh", "-c", "echo go; while :; do "
                      "for i in 1 2 3 4 5 6 7 8 9; do echo $i > t; "
                      "mv t race; done; done")
    env.wait_output(ident, b"go")
    for i in range(60):
        seen = env.get(env.ws + "/race")
        if seen.failed:
            continue
        old = seen.entries[0]["DATA"]
        r = edit(env, (b"race", b"ours", old), (b"other%d" % i, b"o", None))
        made = env.get(env.ws + "/other%d" % i)
        check(made.failed, r.failed)
        if r.failed:
            check(r.get("ERRNO"), ESTALE)
    env.send(rc.message("CANCEL", ident, [("SIGNAL", signal.SIGKILL)]))
    env.wait(ident)
    check(env.sh("ls -A | grep -c addesh").out, b"0\n")


def test_get_items(env):
    env.sh("mkdir d; echo a > a; echo b > d/b; ln -s a l; ln -s d dl; "
           "echo x > \"$(printf 'n\\nl')\"")
    r = ok(env.wait(env.request("GET", [
        ("PATH", env.ws), ("ITEM", b"a"), ("ITEM", b"d/b"), ("ITEM", b"d"),
        ("ITEM", b"l"), ("ITEM", b"none"), ("ITEM", b"no/ne"),
        ("ITEM", b"a/b"), ("ITEM", b"dl/b"), ("ITEM", b"n\nl")])))
    check([(e["PATH"], chr(e["TYPE"]), e.get("DATA"), e.get("ERRNO"))
           for e in r.entries],
          [(b"a", "f", b"a\n", None), (b"d/b", "f", b"b\n", None),
           (b"d", "d", b"", None), (b"l", "l", b"", None),
           (b"dl/b", "c", b"", ELOOP), (b"n\nl", "f", b"x\n", None)])
    for bad in (b"/etc/passwd", b"", b"a\0b"):
        failed(env.wait(env.request("GET", [("PATH", env.ws),
                                            ("ITEM", bad)])), EINVAL)
    r = ok(env.wait(env.request("GET", [("PATH", env.ws),
                                        ("ITEM", b"../x")])))
    check(r.entries[0]["ERRNO"], EINVAL)


runner_env.main(globals(), setup)
