# SPDX-License-Identifier: MIT
"""The page of a session as a browser shows it: on a telephone and on a desk, in
light, in dark and printed, by keyboard; and what its policy keeps away."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home                             # noqa: E402
from browser import Browser                         # noqa: E402
from recordings import EXAMPLES, PLACE, answer, export, record  # noqa: E402
from tap import main, same, test                    # noqa: E402

WIDTHS = (360, 1280)
HOSTILE = "</pre></style></title><script>window.hit = 1</script>" \
    "<img src=x onerror='window.hit = 1'><svg onload='window.hit = 1'>" \
    "<style>body { display: none }</style>\"'>"
LONG = "unbroken" * 60
PROGRAM = "".join("def f%d(x):  # %s\n    return '%d' + x\n"
                  % (i, "a long remark " * 9, i) for i in range(30))

# Every text with the colours that it and what is behind it have at last.
TEXTS = """(() => {
    const parse = text => text.match(/[0-9.]+/g).map(Number);
    const behind = e => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0)
                return c;
        }
        return null;
    };
    const light = c => {
        const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045
            ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const low = [];
    let seen = 0;
    const walk = document.createTreeWalker(document.body,
        NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const e = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !e.checkVisibility())
            continue;
        seen++;
        const a = light(parse(getComputedStyle(e).color));
        const b = light(behind(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5)
            low.push([e.outerHTML.slice(0, 80), ratio]);
    }
    return [seen, low];
})()"""

# Elements with text that stands beyond the window, or is cut by its own box.
BEYOND = """[...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return e.checkVisibility() && box.width > 1 &&
        (box.right > innerWidth + 0.5 || e.scrollWidth > e.clientWidth + 1 &&
         getComputedStyle(e).display !== 'inline');
}).map(e => e.outerHTML.slice(0, 80))"""


def rich(home):
    """A session with all that a page can have; its path."""
    colours = "".join("\x1b[38;5;%dmcolour %d\x1b[0m " % (i, i)
                      for i in range(256)) + "\n" + \
        "".join("\x1b[%d;%dm x \x1b[0m" % (fg, bg)
                for fg in range(30, 38) for bg in range(40, 48)) + "\n"
    text = "# A rich `session` %s\n\n%s\n\n**%s** [a link](https://example.org"\
        "/%s)\n\n- one\n- `two`\n\n1. a\n2. b\n\n> quoted\n\n```js\nlet a = " \
        "\"%s\";\n```\n\n## First part\n\n```addesh\n$ run a.py <<EOF\n%s" \
        "> EOF\n$ run a.py <<EOF\n> print(2)\n> EOF\n```\n\n### %s\n\n" \
        "```addesh\n$ diff @1 @2\n$ true '%s'\n$ true %s\n```\n" % (
            HOSTILE, HOSTILE, HOSTILE, LONG, LONG,
            "".join("> %s\n" % line for line in PROGRAM.splitlines()),
            LONG, HOSTILE.replace("'", ""), LONG)
    lines = "".join("line %d of %s\n" % (i, LONG[:i % 200])
                    for i in range(300))
    record(home, "rich.md", text, [
        answer("run a.py <<EOF\n%sEOF" % PROGRAM, (1, "o", lines),
               (2, "e", HOSTILE + "\n"), us=2000000,
               object={"step": 1, "result": {"memory_peak": 12 << 20,
                                             "stderr": HOSTILE + "\n"}}),
        answer("run a.py <<EOF\nprint(2)\nEOF",
               (1, "o", lines.replace("7 of", "seven of")), (2, "e", LONG),
               object={"step": 2}, code=1),
        answer("diff @1 @2", (1, "o", HOSTILE), code=1),
        answer("true '%s'" % HOSTILE.replace("'", ""),
               (1, "o", colours + HOSTILE)),
        answer("true " + LONG, (1, "o", LONG), code=137, oom=True)])
    return os.path.join(home.work, "rich.md")


def session(home, name):
    return rich(home) if name == "rich" else os.path.join(PLACE, name)


def address(home, name):
    """Of the page that is made of it."""
    export(home, session(home, name), "-o", "page.html").is_ok()
    return "file://" + os.path.join(home.work, "page.html")


@test("%s on a screen", EXAMPLES + ["rich"])
def _(name):
    with Home() as home, Browser() as browser:
        url = address(home, name)
        for width in WIDTHS:
            for dark in (False, True):
                page = browser.open(url, width=width, dark=dark)
                same(page.evaluate("document.documentElement.scrollWidth"),
                     width, "no scrolling sideways")
                page.evaluate("document.querySelectorAll('details')"
                              ".forEach(e => e.open = true)")
                same(page.evaluate(BEYOND), [])
                seen, low = page.evaluate(TEXTS)
                assert seen > 20, seen
                same(low, [], "contrast, %s" % ("dark" if dark else "light"))
                back = page.evaluate(
                    "getComputedStyle(document.body).backgroundColor")
                same(back, "rgb(15, 19, 24)" if dark else "rgb(255, 255, 255)")
                same(page.said, [])
                same(page.requested, [url])


@test
def what_is_in_a_session_stays_text():
    with Home() as home, Browser() as browser:
        page = browser.open(address(home, "rich"))
        same(page.evaluate("[window.hit, document.scripts.length, "
                           "document.images.length, "
                           "document.querySelectorAll('style').length]"),
             [None, 0, 0, 1])
        text = page.evaluate("document.body.textContent")
        assert text.count(HOSTILE) >= 4, text.count(HOSTILE)
        same(page.evaluate("document.title"),
             "A rich session " + HOSTILE)


@test
def its_policy_lets_nothing_in():
    """What somebody would smuggle in is done by hand here."""
    with Home() as home, Browser() as browser:
        for what in (
                "const e = document.createElement('script');"
                "e.text = 'window.hit = 1'",
                "const e = document.createElement('script');"
                "e.src = 'http://127.0.0.1:9/x.js'",
                "const e = document.createElement('img');"
                "e.src = 'http://127.0.0.1:9/x.png'",
                "const e = document.createElement('style');"
                "e.textContent = 'body { display: none }'",
                "const e = document.createElement('iframe');"
                "e.src = 'http://127.0.0.1:9/'"):
            page = browser.open(address(home, "rich"))
            page.evaluate("{ %s; document.body.append(e); }" % what)
            same(page.evaluate(
                "new Promise(done => setTimeout(() => done([window.hit, "
                "getComputedStyle(document.body).display]), 100))"),
                [None, "grid"])
            assert any("Content Security Policy" in text
                       for text in page.said), (what, page.said)
            same([each for each in page.requested
                  if not each.startswith("file:")], [], what)


@test("by keyboard at %d pixels", WIDTHS)
def _(width):
    """What can be opened or followed gets the focus, in order, and shows it."""
    with Home() as home, Browser() as browser:
        page = browser.open(address(home, "rich"), width=width)
        count = page.evaluate("[...document.querySelectorAll('a, summary')]"
                              ".filter(e => e.checkVisibility()).length")
        assert count > 10, count
        for i in range(count):
            page.key("Tab")
            where = page.evaluate("""(() => {
                const e = document.activeElement;
                const all = [...document.querySelectorAll('a, summary')]
                    .filter(e => e.checkVisibility());
                const box = e.getBoundingClientRect();
                return [all.indexOf(e), getComputedStyle(e).outlineStyle,
                    box.top >= -1 && box.bottom <= innerHeight + 1,
                    e.textContent];
            })()""")
            same(where[:3], [i, "solid", True], where[3])
        page = browser.open(address(home, "rich"), width=width)
        page.key("Tab")
        page.key("Enter")
        same(page.evaluate("location.hash"), "#main")


@test
def printed_it_is_all_there():
    with Home() as home, Browser() as browser:
        page = browser.open(address(home, "rich"), width=800, media="print",
                            dark=True)
        same(page.evaluate("getComputedStyle(document.body).backgroundColor"),
             "rgb(255, 255, 255)")
        same(page.evaluate("""[...document.querySelectorAll('details pre')]
            .filter(e => !e.checkVisibility() ||
                         e.getBoundingClientRect().height < 10).length"""), 0)
        same(page.evaluate("document.documentElement.scrollWidth"), 800)


main(beside=True)
