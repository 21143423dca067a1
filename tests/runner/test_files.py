#!/usr/bin/env python3
"""PUT, GET and RESET, and what code may have put in their way."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import runner_client as rc  # noqa: E402
import runner_env  # noqa: E402
from tap import Skip, same as check  # noqa: E402

ENOENT, EACCES, EEXIST, ENOTDIR, EISDIR = 2, 13, 17, 20, 21
EINVAL, EFBIG, ENOSPC, ELOOP, E2BIG = 22, 27, 28, 40, 7


def setup():
    return runner_env.Env().open()


def ok(result):
    assert result.end.kind == "VERDICT", result
    return result


def failed(result, error):
    check((result.end.kind, result.get("ERRNO")), ("FAIL", error), "failure")
    return result


def test_put_and_get(env):
    for size in (0, 1, 65519, 65520, 65521, 250000):
        content = os.urandom(size)
        ok(env.put(env.ws + "/f", content))
        r = ok(env.get(env.ws + "/f"))
        check([(e["PATH"], chr(e["TYPE"]), e["SIZE"]) for e in r.entries],
              [(b"", "f", size)])
        check(r.entries[0]["DATA"] == content, True, "content")
        check((r.get("COUNT"), r.get("OUT_BYTES")), (1, size))


def test_put_more_than_the_window(env):
    """8 MB with credit"""
    ident = env.request("PUT", [("PATH", env.ws + "/big")])
    res = env.results[ident]
    res.credit = sent = 0

    def send(data):
        nonlocal sent
        while sent - res.credit + len(data) > rc.WINDOW:
            env.take(env.recv())
        env.send(data)
        sent += len(data)
    send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f")),
                                     ("MODE", 0o600)]))
    block = rc.frame("DATA", ident, bytes(range(256)) * 128)
    for _ in range(256):
        send(block)
    send(rc.frame("DATA", ident, b"", rc.F_END))
    send(rc.frame("ENTRY", ident))
    ok(env.wait(ident))
    check(env.sh("stat -c '%s %a' big").out, b"8388608 600\n")


def test_put_tree(env):
    ident = env.put_start(env.ws + "/t", [
        ("", "d", 0o755, b""), ("a", "d", 0o555, b""),
        ("a/x", "f", 0o444, b"x"), ("b/c/y", "f", 0o755, b"y"),
        ("l", "l", 0, "../../etc/passwd"), ("dang", "l", 0, "nowhere")])
    ok(env.wait(ident))
    r = env.sh("cd t && find . -printf '%P %y %m %l\\n' | sort")
    check(r.out.decode().splitlines(), [
        " d 755 ", "a d 755 ", "a/x f 444 ", "b d 775 ", "b/c d 775 ",
        "b/c/y f 755 ", "dang l 777 nowhere", "l l 777 ../../etc/passwd"])


def test_put_refuses_ways_out(env):
    for name in ("../x", "/etc/x", "a/../../x", "a/b/../c"):
        ident = env.put_start(env.ws + "/t", [(name, "f", 0o644, b"")])
        failed(env.wait(ident), EINVAL)
    failed(env.put(env.ws + "/../x", b""), EINVAL)
    failed(env.put("relative", b""), EINVAL)
    failed(env.put(env.ws + "/" + "n" * 256, b""), 36)
    failed(env.put("/", b""), EACCES)


def test_put_nul_is_refused(env):
    failed(env.wait(env.request("PUT", [("PATH", b"/a\0b")])), EINVAL)


def test_put_over_what_stands_there(env):
    """A link or FIFO is replaced and never opened; a directory refuses"""
    env.sh("ln -s /proc/self/fd/1 a; ln -s /etc/passwd b; mkfifo -m 666 c;"
           "ln -s nowhere d; mkdir e; python3 -c 'import socket as s;"
           "s.socket(s.AF_UNIX).bind(\"f\")'; touch g; chmod 0 g")
    for name in "abcdfg":
        ok(env.put(env.ws + "/" + name, name.encode()))
    failed(env.put(env.ws + "/e", b"x"), EISDIR)
    r = env.sh("stat -c '%F' a b c d e f g; cat a b c d f g")
    check(r.out, b"regular file\n" * 4 + b"directory\n" +
          b"regular file\n" * 2 + b"abcdfg")
    check(env.skipped, 0)


def test_put_through_links_of_code(env):
    """A link of code's on the way is not followed"""
    env.sh("mkdir real; ln -s real link; ln -s / root; mkdir -m 0 closed;"
           "ln -s /proc/self/fd fd")
    failed(env.put(env.ws + "/link/x", b""), ELOOP)
    failed(env.put(env.ws + "/root/x", b""), ELOOP)
    failed(env.put(env.ws + "/fd/1", b"forged"), ELOOP)
    failed(env.put(env.ws + "/closed/x", b""), EACCES)
    ident = env.put_start(env.ws, [("link/x", "f", 0o644, b"")])
    r = failed(env.wait(ident), ELOOP)
    check(r.get("PATH"), b"link/x")
    check(env.sh("ls real").out, b"")
    failed(env.get(env.ws + "/link/x"), ELOOP)
    check(env.skipped, 0)


def test_put_through_a_file(env):
    env.put(env.ws + "/file", b"")
    failed(env.put(env.ws + "/file/x", b""), ENOTDIR)


def test_put_where_root_owns(env):
    failed(env.put("/etc/addesh-test", b""), EACCES)
    failed(env.put("/proc/sys/kernel/core_pattern", b"core"), ENOENT)


def test_get_over_links_of_root(env):
    """/bin may be a link to usr/bin: links of root lead on"""
    if not os.path.islink("/bin"):
        raise Skip("/bin is no link")
    r = ok(env.get("/bin/sh", depth=0))
    check(len(r.entries), 1)
    check(chr(ok(env.get("/bin", depth=0)).entries[0]["TYPE"]), "l")


def test_put_no_space(env):
    """ENOSPC is told, the temporary file is gone, and the next one fits"""
    env.sh("head -c 31m /dev/zero > full")
    ident = env.request("PUT", [("PATH", env.ws + "/x")])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    res = env.results[ident]
    res.credit = sent = 0
    while res.end is None and sent < 4 << 20:
        block = rc.frame("DATA", ident, bytes(65000))
        while sent - res.credit + len(block) > rc.WINDOW and not res.end:
            env.take(env.recv())
        if not res.end:
            env.send(block)
            sent += len(block)
    failed(env.wait(ident), ENOSPC)
    check(env.sh("rm full; ls -A").out, b"")
    ok(env.put(env.ws + "/x", b"fits"))


def test_put_cut_short(env):
    """Cancelled half way: no temporary file, the old content stays"""
    env.put(env.ws + "/x", b"old")
    ident = env.request("PUT", [("PATH", env.ws + "/x")])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    env.data(ident, b"half", end=False)
    env.send(rc.message("CANCEL", ident))
    failed(env.wait(ident), 125)
    check(env.sh("cat x").out, b"old")


def test_put_protocol_errors(env):
    ident = env.put_start(env.ws, [("x", "q", 0o644, b"")])
    failed(env.wait(ident), EINVAL)
    ident = env.request("PUT", [("PATH", env.ws)])
    env.data(ident, b"no entry")
    failed(env.wait(ident), 71)
    ident = env.request("PUT", [("PATH", env.ws + "/x")])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    env.send(rc.frame("ENTRY", ident))
    failed(env.wait(ident), 71)
    check(env.sh("ls -A").out, b"")


def test_put_mode_has_no_setuid(env):
    ok(env.put(env.ws + "/x", b"", 0o6755))
    check(env.sh("stat -c %a x").out, b"755\n")


def test_put_beside_a_run(env):
    """What was put during a run can be changed, replaced and removed after"""
    run = env.start("sleep", "1000")
    env.wait_started(run)
    for name in "abcd":
        ok(env.put(env.ws + "/" + name, b"1", 0o644))
    env.send(rc.message("CANCEL", run))
    env.wait(run)
    r = env.sh("stat -c '%u %a' a; echo 2 > a && rm b && mv a c")
    check((r.out, r.err), (b"%d 664\n" % (runner_env.UID + 1), b""))
    ok(env.put(env.ws + "/d", b"3"))
    check(env.sh("stat -c '%u %a' d").out, b"%d 644\n" % runner_env.UID)


def test_put_mtime(env):
    ident = env.request("PUT", [("PATH", env.ws + "/x")])
    env.send(rc.message("ENTRY", ident, [
        ("PATH", ""), ("TYPE", ord("f")), ("MTIME", 1000000000)]))
    env.data(ident, b"")
    env.send(rc.frame("ENTRY", ident))
    ok(env.wait(ident))
    check(env.sh("stat -c %Y x").out, b"1000000000\n")


def test_put_waits_for_client_without_deadline(env):
    """A slow client is not a helper without progress"""
    ident = env.request("PUT", [("PATH", env.ws + "/x"), ("TIMEOUT_MS", 1000)])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    for _ in range(2):
        env.data(ident, b"x", end=False)
        env.sh("sleep 1.1")
    env.data(ident, b"")
    env.send(rc.frame("ENTRY", ident))
    ok(env.wait(ident))


def test_stopped_helper_meets_its_deadline(env):
    ident = env.request("PUT", [("PATH", env.ws + "/x"), ("TIMEOUT_MS", 300)])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    env.data(ident, b"x", end=False)
    os.kill(env.helper_pid(), signal.SIGSTOP)
    env.data(ident, b"y", end=False)
    failed(env.wait(ident), 110)
    check(env.sh("echo on").out, b"on\n")


def test_killed_helper_is_told(env):
    ident = env.request("PUT", [("PATH", env.ws + "/x")])
    env.send(rc.message("ENTRY", ident, [("PATH", ""), ("TYPE", ord("f"))]))
    os.kill(env.helper_pid(), signal.SIGKILL)
    failed(env.wait(ident), 4)


def test_get_tree(env):
    env.sh("mkdir -p t/d; echo 1 > t/d/f; ln -s f t/d/l; mkfifo t/p;"
           "chmod 0 t/d/f; chmod 750 t; touch t/empty")
    r = ok(env.get(env.ws + "/t"))
    got = {e["PATH"].decode(): (chr(e["TYPE"]), e["MODE"], e.get("ERRNO"),
                                e.get("TARGET"), e["DATA"])
           for e in r.entries}
    check(got, {"": ("d", 0o750, None, None, b""),
                "d": ("d", 0o775, None, None, b""),
                "d/f": ("f", 0, EACCES, None, b""),
                "d/l": ("l", 0o777, None, b"f", b""),
                "empty": ("f", 0o664, None, None, b""),
                "p": ("p", 0o664, None, None, b"")})
    order = [e["PATH"] for e in r.entries]
    assert order.index(b"d") < order.index(b"d/f")


def test_get_listing(env):
    env.sh("mkdir -p d/e/g; echo 12345 > d/f")
    r = ok(env.get(env.ws + "/d", depth=1))
    check(sorted((e["PATH"], e["DATA"]) for e in r.entries),
          [(b"", b""), (b"e", b""), (b"f", b"")])
    check(len(ok(env.get(env.ws + "/d", depth=2)).entries), 4)
    check(len(ok(env.get(env.ws + "/d", depth=0)).entries), 1)
    owner = [e["OWNER"] for e in r.entries if e["PATH"] == b"f"][0]
    check(owner, runner_env.UID << 32 | runner_env.UID)


def test_get_nothing(env):
    failed(env.get(env.ws + "/none"), ENOENT)
    failed(env.get(""), EINVAL)
    check(len(ok(env.get("/", depth=0)).entries), 1)


def test_get_unreadable(env):
    env.sh("echo x > f; chmod 0 f; mkdir -m 0 d")
    failed(env.get(env.ws + "/f"), EACCES)
    failed(env.get(env.ws + "/d"), EACCES)
    env.sh("mkdir -p e/sub; touch e/f; chmod 444 e")
    r = ok(env.get(env.ws + "/e", depth=9))
    check(sorted((e["PATH"], e.get("ERRNO")) for e in r.entries),
          [(b"", None), (b"f", EACCES), (b"sub", EACCES)])


def test_get_fifo_does_not_block(env):
    env.sh("mkfifo p")
    check(chr(ok(env.get(env.ws + "/p")).entries[0]["TYPE"]), "p")


def test_get_proc(env):
    """Files that say they are empty are read"""
    r = ok(env.get("/proc/self/mountinfo"))
    assert b"/proc" in r.entries[0]["DATA"]


def test_get_of_pid_1_is_refused(env):
    for name in ("environ", "maps", "mem", "root/etc/passwd", "fd/1"):
        r = env.get("/proc/1/" + name)
        check(r.end.kind, "FAIL", name)


def test_get_bounds(env):
    env.sh("truncate -s 1T sparse; seq 100000 > n; mkdir many; cd many;"
           "seq 3000 | xargs touch")
    started = time.monotonic()
    r = failed(env.get(env.ws + "/sparse", bytes_max=1 << 20), EFBIG)
    check(r.get("PATH"), (env.ws + "/sparse").encode())
    failed(env.get(env.ws, bytes_max=1 << 20), EFBIG)
    r = failed(env.get(env.ws + "/many", entries_max=100), E2BIG)
    check(len(r.entries), 100)
    assert time.monotonic() - started < 20    # reading 1 TB takes minutes


def test_get_deep(env):
    env.run("/usr/bin/python3", "-c", "import os\nfor i in range(300):\n"
            " os.mkdir('d'); os.chdir('d')")
    failed(env.get(env.ws), E2BIG)


def test_get_while_code_swaps(env):
    """A file that becomes a link to elsewhere is never followed"""
    run = env.start("/usr/bin/python3", "-c", """
import os
open("g", "w").write("mine")
print("up", flush=True)
while True:
    for make in (lambda: os.symlink("/etc/passwd", "t"),
                 lambda: open("t", "w").write("mine"),
                 lambda: os.mkfifo("t")):
        try:
            make()
            os.rename("t", "f")
        except OSError:
            pass
""")
    env.wait_output(run, b"up")
    for _ in range(200):
        r = env.get(env.ws + "/f")
        if not r.failed:
            for e in r.entries:
                assert e["DATA"] in (b"", b"mine"), e
    for _ in range(100):
        env.put(env.ws + "/f", b"put")
    env.send(rc.message("CANCEL", run))
    env.wait(run)


def test_slow_client_of_get(env):
    """While the client does not read, a GET has no deadline"""
    env.sh("head -c 20m /dev/zero > z")
    env.check_crc = False
    ident = env.request("GET", [("PATH", env.ws + "/z"),
                                ("TIMEOUT_MS", 1000)])
    time.sleep(2.5)  # the client is what is slow here
    ok(env.wait(ident))
    check(env.results[ident].get("OUT_BYTES"), 20 << 20)


def test_reset(env):
    env.sh("echo x > f; mkdir -p d/e; touch d/e/f; chmod 0 d/e d;"
           "ln -s / root; mkfifo p; echo y > $TMPDIR/t; touch .hidden;"
           "rm -rf $HOME; ln -s /etc $HOME")
    a = env.start("sleep", "1000")
    env.wait_started(a)
    ok(env.reset())
    check(env.wait(a).get("CANCELLED"), 1)
    r = env.sh("ls -A . $TMPDIR; cd $HOME && pwd")
    check(r.out.decode().split(), [".:", env.tmp + ":", "home",
                                   env.tmp + "/home"])
    assert os.path.exists("/etc/passwd")


def test_reset_of_other_uids(env):
    """Directories of several uids, one in the other, all closed"""
    a = env.start("sh", "-c", "mkdir a; echo up; sleep 1000")
    env.wait_output(a, b"up")
    b = env.start("sh", "-c", "umask 077; mkdir a/b; mkdir a/b/c;"
                  "chmod 777 a/b/c a/b; echo up; sleep 1000")
    env.wait_output(b, b"up")
    env.sh("umask 077; mkdir -p a/b/c/d/e; touch a/b/c/d/e/f; id -u")
    env.send(rc.message("CANCEL", b))
    env.wait(b)
    ok(env.reset())
    check(env.sh("ls -A").out, b"")


def test_reset_deep_tree(env):
    """A tree that is deeper than any path can be"""
    r = env.run("/usr/bin/python3", "-c", "import os\nfor i in range(6000):\n"
                " os.mkdir('d'); os.chdir('d')\nopen('f', 'w')")
    check(r.get("EXIT"), 0)
    ok(env.reset())
    check(env.sh("ls -A").out, b"")


def test_reset_many(env):
    r = env.sh("seq 100000 | xargs touch", wait=60)
    check(r.get("EXIT"), 0)
    ok(env.reset())
    check(env.sh("ls -A").out, b"")


def test_reset_keeps_what_is_not_ours(env):
    """What root put there stays, without what code has put into that"""
    top = "/proc/%d/root" % env.runner_pid()
    for place in env.ws, env.tmp:
        for name, mode in (("rooted", 0o755), ("rooted/x", 0o755),
                           ("rooted/x/open", 0o777),
                           ("rooted/sticky", 0o1777), ("closed", 0o700)):
            os.mkdir("%s%s/%s" % (top, place, name))
            os.chmod("%s%s/%s" % (top, place, name), mode)
        for name in "rooted/f", "rooted/x/open/f", "rooted/sticky/f":
            open("%s%s/%s" % (top, place, name), "w").close()
    plant = "for top in . $TMPDIR/.; do cd $top/rooted; umask 077; " \
        "touch sticky/$(id -u); mkdir -p x/open/$(id -u)/d/e/g; " \
        "echo x >x/open/$(id -u)/d/e/g/h; chmod 0 x/open/$(id -u)/d/e " \
        "x/open/$(id -u)/d; cd - >/dev/null; done; "
    a = env.start("sh", "-c", plant + "echo up; sleep 1000")
    env.wait_output(a, b"up")
    env.sh(plant + "touch mine")
    ok(env.reset())
    r = env.sh("for top in . $TMPDIR; do (cd $top; find . ! -path './home/*' "
               "| sort); done; cd $HOME && pwd")
    # /tmp is sticky: there root's file in the open directory goes, too
    stay = [".", "./rooted", "./rooted/f", "./rooted/sticky",
            "./rooted/sticky/f", "./rooted/x", "./rooted/x/open"]
    check(r.out.decode().split(), stay + ["."] + ["./closed", "./home"] +
          stay[1:] + [env.tmp + "/home"])


def test_reset_that_cannot_tell(env):
    """A directory that may be entered and not read may hold anything"""
    path = "/proc/%d/root%s/dark" % (env.runner_pid(), env.tmp)
    os.mkdir(path)
    os.mkdir(path + "/x")
    os.chmod(path, 0o711)
    failed(env.reset(), 39)


runner_env.main(globals(), setup)
