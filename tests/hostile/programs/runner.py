# PID 1 of an environment that code has replaced.  It opens the connection as a
# runner does and then says what ACT names.  The tests put this behind
# tests/lib/runner_client.py and a line that sets ACT.
HUGE = (1 << 64) - 1
ESC = "\033]0;owned\007\033[2J\r\n"


def say(*args):
    c.send(message(*args))


def flood(*parts):
    """Says this without end."""
    data = b"".join(parts)
    data *= max(1, (1 << 20) // len(data))
    while True:
        c.send(data)


def entry(ident, path, kind, data=None, **more):
    pairs = [("PATH", path), ("TYPE", ord(kind)), ("MODE", 0o7777)]
    out = message("ENTRY", ident, pairs + [
        (name.upper(), value) for name, value in more.items()])
    return out if data is None else out + frame("DATA", ident, data, F_END)


def end(ident, *pairs):
    return message("VERDICT", ident, [("EXIT", 0)] + list(pairs))


def out(ident, data, flags=0):
    return frame("OUT", ident, data, flags)


def welcome(nonce, *more):
    limits = ["network=none", "memory=1", "uid=0"]
    say("WELCOME", 0, [("NONCE", nonce), ("VERSION", 1), ("RUNNER", HUGE)] +
        [("LIMIT", v) for v in limits] + list(more))


# ---- at the opening ----

def many_words(nonce):
    welcome(nonce, *([("NOTE", ESC + "n" * 100000)] * 9 +
                     [("LIMIT", "no value")] * 9 +
                     [("LIMIT", "a\0b=c"), ("LIMIT", "")] +
                     [("LIMIT", "l%d=%s" % (n, ESC)) for n in range(40000)]))


def no_welcome(nonce):
    flood(b"AdR" * 1000 + frame("WELCOME", 0, fields([("NONCE", b"x" * 16)])))


# ---- when asked for something; the first word of an act's name is what ----

def run_numbers(i):
    c.send(end(i, *[(name, HUGE) for name in (
        "EXIT", "SIGNAL", "WALL_US", "USER_US", "SYS_US", "MAXRSS_KB", "PEAK",
        "OUT_BYTES", "ERR_BYTES", "LEFTOVERS", "COUNT")]))


def run_twice(i):
    c.send(out(i + 9, b"of nobody") + out(0, b"of nobody") + out(i, b"good") +
           end(i) + out(i, b"late") + end(i, ("EXIT", 7)) +
           message("FAIL", i, [("TEXT", "late")]))


def run_events(i):
    event = message("STARTED", i) + message("EVENT", i, [("TEXT", "e" * 60000)])
    for _ in range(2000):
        c.send(event)
    c.send(end(i))


def version_flood(i):
    flood(out(i, b"3" * 60000))


def run_flood(i):
    flood(out(i, b"o" * 60000), out(i, b"t" * 60000, F_TAIL))


def run_credit(i):
    flood(message("CREDIT", i, [("COUNT", HUGE)]))


def run_fail(i):
    say("FAIL", i, [("PATH", ESC + "p" * 100000), ("TEXT", "a " * 100000),
                    ("ERRNO", HUGE)])


def run_nothing(i):
    c.send(message("FAIL", i))


def get_names(i):
    c.send(entry(i, "", "d"))
    for n in range(30):
        c.send(entry(i, "%d" % n + "n" * 4000000, "f", target="t" * 100))
    c.send(entry(i, ESC, "f", target=ESC) + end(i))


def get_entries(i):
    flood(entry(i, "", "d"))


def get_long(i):
    c.send(entry(i, "", "f", size=3))
    flood(frame("DATA", i, b"x" * 60000))


def get_outside(i):
    c.send(entry(i, "", "d") + entry(i, "up", "l", target="..") +
           entry(i, "up/out", "f", b"x") + end(i))


def put_credit(i):
    flood(message("CREDIT", i, [("COUNT", HUGE)]))


def again(i):
    """WELCOME once more, while its limits are looked at."""
    for _ in range(100):
        welcome(c.nonce, ("LIMIT", "network=up"))
    c.send(out(i, b"good") + end(i))


def ordinary(i):
    c.send(end(i))


c = Client(0, 1, check_crc=False)
while True:
    try:
        got = c.recv(1 << 20)
    except Lost:
        break
    if got.kind == "HELLO":
        c.nonce = got.get("NONCE")
        (globals()[ACT] if ACT in ("many_words", "no_welcome") else
         welcome)(c.nonce)
    elif got.kind in ("RUN", "GET", "PUT", "RESET", "STATS"):
        if "--version" in str(got.fields):
            version_flood(got.id) if ACT == "version_flood" else c.send(
                out(got.id, b"Python 3") + end(got.id))
            continue
        mine = ACT == "again" or ACT.startswith(got.kind.lower() + "_")
        (globals()[ACT] if mine else ordinary)(got.id)
