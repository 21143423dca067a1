# SPDX-License-Identifier: MIT
"""The page that a recorded session becomes, read as XML: it is well-formed, it
can do nothing, and all that is in the session is text in it."""

import base64
import hashlib
import os
import re
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))
from addesh import Home                             # noqa: E402
from recordings import EXAMPLES, PLACE, answer, one_step, record, \
    text_of                                         # noqa: E402
from tap import main, patient, same, test           # noqa: E402

ELEMENTS = set(
    "html head meta title style body a header h1 h2 h3 h4 h5 h6 ul ol li nav "
    "main details summary table thead tbody tfoot tr th td svg rect p div span "
    "pre b i code em strong br hr blockquote mark footer time col "
    "colgroup".split())
ATTRIBUTES = set(
    "lang charset http-equiv content name class href id rel aria-label "
    "aria-hidden role open scope colspan viewBox preserveAspectRatio x width "
    "height datetime start".split())
HOSTILE = "</pre></title></style><script>alert(1)</script>" \
    "\"'><img src=x onerror=alert(2)>&lt;&amp;&#0;]]>-->"


def check(root, text):
    """What holds for every page."""
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    same(len(ids), len(set(ids)), "ids")
    for e in root.iter():
        assert e.tag in ELEMENTS, e.tag
        for name, value in e.items():
            assert name in ATTRIBUTES, "%s %s" % (e.tag, name)
            if name == "href" and value.startswith("#"):
                assert value[1:] in ids, value
            elif name == "href":
                assert re.match("(https?://|mailto:)", value, re.I), value
                same(e.get("rel"), "noopener noreferrer")
    levels = [int(e.tag[1]) for e in root.iter() if re.match("h[1-6]$", e.tag)]
    same(levels.count(1), 1, "h1")
    for before, level in zip(levels, levels[1:]):
        assert level <= before + 1, levels
    style = root.find("head/style").text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    same(root.find("head/meta[@http-equiv]").get("content"),
         "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
         "form-action 'none'" % digest)
    assert "url(" not in style and "@import" not in style
    same(re.findall("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
                    text), [])


def page_of(home, name, **kw):
    text = text_of(home, name, "--format", "html", **kw)
    root = ElementTree.fromstring(text)
    check(root, text)
    return root


def words(element):
    return "".join(element.itertext())


def output_of(root, n=1):
    """Of a step, without the newline that HTML takes for none of it."""
    step = root.find(".//*[@id='step-%d']" % n)
    return "".join(words(e)[1:] for e in step.iter("pre")
                   if e.get("class") == "out")


def spans(root, n=1):
    """(class, text) of what looks otherwise in a step's output."""
    step = root.find(".//*[@id='step-%d']" % n)
    return [(e.get("class"), words(e)) for pre in step.iter("pre")
            if pre.get("class") == "out" for e in pre.iter("span")]


# ---- what is there ----

@test("%s", EXAMPLES)
def _(name):
    """All of the file that people see, and the same each time."""
    with Home() as home:
        path = os.path.join(PLACE, name)
        root = page_of(home, path, env={"PATH": "/nonexistent"})
        same(root.get("lang"), "en")
        assert root.find("head/meta[@name='viewport']") is not None
        same(text_of(home, path, "--format", "html"),
             text_of(home, path, "--format", "html"))
        text = re.sub(r"\s+", " ", words(root))
        with open(path) as f:
            commands = re.findall(r"^\$ (\S+ \S+)", f.read(), re.M)
        for command in commands:
            assert "$ " + command in text, command
        assert "python:3.11-slim" in text


@test
def what_a_step_came_to_is_beside_it():
    with Home() as home:
        record(home, "s.md", "# T\n\n```addesh\n$ run a.py <<EOF\n> print(1)\n"
               "> EOF\n[3]\n$ true\n$ false\n```\n", [
                   answer("run a.py <<EOF\nprint(1)\nEOF",
                          (1, "o", "1\n"), (2, "e", "no\n"),
                          (3, "e", "exit 3 in 1.25s, 9 MB\n"), code=3,
                          us=1300000, object={"step": 1, "result": {
                              "stderr": "no\n", "duration_ms": 1250,
                              "memory_peak": 9 << 20}}),
                   answer("true", us=40),
                   answer("false", signal="KILL", code=137, oom=True)])
        root = page_of(home, "s.md")
        same(words(root.find("head/title")), "T")
        step = root.find(".//*[@id='step-1']")
        same(words(step.find("p")), "Step 1 exit 3 1.25s 9 MB")
        assert "bad" in step.get("class")
        same(output_of(root), "1\n! no\nexit 3 in 1.25s, 9 MB\n")
        same(spans(root), [("e", "! no"), ("n", "exit 3 in 1.25s, 9 MB")])
        rows = [[words(cell) for cell in row]
                for row in root.find(".//details[@class='time']").iter("tr")]
        same(rows[1:], [
            ["1", "run a.py <<EOF", "exit 3", "", "1.25s", "9 MB"],
            ["2", "true", "exit 0", "", "<0.1 ms", ""],
            ["3", "false", "out of memory", "", "5 ms", ""],
            ["", "All", "", "", "1.25s", "9 MB"]])
        bars = [(int(e.get("x")), int(e.get("width")))
                for e in root.iter("rect")]
        assert bars[0][0] == 0 and bars[0][1] > 980, bars
        assert all(x + width <= 1000 for x, width in bars), bars
        facts = words(root.find("body/header/ul")).split("\n")
        same([f for f in facts if f], [
            "3 steps", "2 failed", "1.25s in all", "peak 9 MB",
            "recorded 2026-01-31"])
        same(root.find("body/header/ul//a").get("href"), "#step-1")


@test("stderr of %s", ["a line of commands", "what is not in the result"])
def _(what):
    """Who wrote it is not known, so it is not said to be addesh's."""
    command = "run a.py || logs" if "line" in what else "run a.py"
    with Home() as home:
        record(home, "s.md", "```addesh\n$ %s\n```\n" % command, [
            answer(command, (1, "e", "Traceback\n"), object={
                "step": 1, "result": {"stderr": "" if "line" in what
                                      else "the end of it\n"}})])
        same(spans(page_of(home, "s.md")), [("e", "! Traceback")])


@test
def programs_are_marked_by_their_language():
    program = "# a # b\nfor x in 'it''s':\n    y = \"\"\"<b>\n1\"\"\" + 0x1F\n"
    with Home() as home:
        heredoc = "".join("> %s\n" % line for line in program.splitlines())
        record(home, "s.md", "```addesh\n$ run dir/a.py <<EOF\n%s> EOF\n```\n"
               % heredoc, [answer("run dir/a.py <<EOF\n%sEOF" % program)])
        code = page_of(home, "s.md").find(".//pre[@class='code']")
        same(words(code), "\n" + program)
        same(marked(code), [
            ("d", "# a # b"), ("k", "for"), ("k", "in"), ("q", "'it'"),
            ("q", "'s'"), ("q", '"""<b>'), ("q", '1"""'), ("m", "0x1F")])


def marked(code):
    return [(e.get("class"), e.text) for e in code]


@test
def each_language_has_its_own_marks():
    fences = [
        ("css", "/* a */ b { color: 'c' }", [("d", "/* a */"), ("q", "'c'")]),
        ("Dockerfile", "FROM a#b # c\n", [("k", "FROM"), ("d", "# c")]),
        ("js", "`a\n${b}` // c",
         [("q", "`a"), ("q", "${"), ("q", "}`"), ("d", "// c")]),
        ("json", '{"a": true}', [("q", '"a"'), ("k", "true")]),
        ("lua", "--[[ a\nb ]] end",
         [("d", "--[[ a"), ("d", "b ]]"), ("k", "end")]),
        ("php", "# a\n// b", [("d", "# a"), ("d", "// b")]),
        ("rs", "'a' \"b\"", [("q", "'a'"), ("q", '"b"')]),
        ("sh", "echo a#b '\\' # c", [("q", "'\\'"), ("d", "# c")]),
        ("nonsense", "if '1' // 2", []),
    ]
    with Home() as home:
        record(home, "s.md", "".join("```%s\n%s\n```\n\n" % f[:2]
                                     for f in fences), [])
        codes = page_of(home, "s.md").findall(".//main/pre[@class='code']")
        same(len(codes), len(fences))
        for code, (name, text, spans) in zip(codes, fences):
            same(words(code).rstrip("\n"), text.rstrip("\n"), name)
            same(marked(code), spans, name)


@test
def narration_is_markdown():
    with Home() as home:
        record(home, "s.md", """# A `title`

Some *emphasis*, **more**, `code <b>`, and a
[link](https://example.org/?a=1&b=2 "title"), <mailto:me@example.org>.

3. three
4. four

## The [*next*](https://example.org/) `part` ##

### Last

> quoted

    indented

```py
import os
```

Setext
------
<!-- a comment -->
""", [])
        root = page_of(home, "s.md")
        same(words(root.find(".//h1/code")), "title")
        same([e.tag for e in root.find(".//main/p")],
             ["em", "strong", "code", "a", "a"])
        same([e.get("href") for e in root.findall(".//main/p/a")],
             ["https://example.org/?a=1&b=2", "mailto:me@example.org"])
        same(root.find(".//ol").get("start"), "3")
        same(words(root.find(".//ol")), "\nthree\nfour\n")
        same([words(e) for e in root.iter("h2")], ["The next part", "Setext"])
        same(words(root.find("head/title")), "A title")
        entry = root.find(".//nav//a")
        same([words(entry), [e.tag for e in entry]],
             ["The next part", ["em", "code"]])
        same(root.find(".//h2/a").get("href"), "https://example.org/")
        same(words(root.find(".//blockquote/p")), "quoted")
        same([words(e) for e in root.findall(".//main/pre")],
             ["indented\n", "import os\n"])
        same(root.find(".//main/pre/span").text, "import")
        assert "a comment" not in words(root)


@test
def headings_follow_each_other_whatever_their_levels():
    with Home() as home:
        record(home, "s.md", "### First\n##### Second\n# Third\n###### Last\n",
               [])
        root = page_of(home, "s.md")
        same([(e.tag, words(e)) for e in root.iter()
              if re.match("h[1-6]$", e.tag)],
             [("h1", "s.md"), ("h2", "First"), ("h3", "Second"),
              ("h2", "Third"), ("h3", "Last")])
        same([words(e) for e in root.findall(".//nav//a")],
             ["First", "Second", "Third", "Last"])


# ---- output ----

def luminance(rgb):
    parts = [int(rgb[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
             for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    a, b = sorted((luminance(a), luminance(b)))
    return (b + 0.05) / (a + 0.05)


def full(rgb):
    return rgb if len(rgb) == 6 else "".join(c * 2 for c in rgb)


def themes(root):
    """Of the page, in light and in dark: the variables, and the rules."""
    style = root.find("head/style").text
    variables = [dict(re.findall("--([a-z-]+):#([0-9a-f]+)", rule))
                 for rule in re.findall(r":root{([^}]*)}", style)]
    rules = re.findall(
        r"^\.c(\d+){color:#([0-9a-f]{6})(?:;background:#([0-9a-f]{6}))?}",
        style, re.M)
    half = len(rules) // 2
    same(len(variables), 2)
    same([r[0] for r in rules[:half]], [r[0] for r in rules[half:]])
    return zip(variables, (rules[:half], rules[half:]))


@test
def output_has_its_colours():
    text = ("\x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[39m "
            "\x1b[48;2;1;2;3m\x1b[38:2::250:251:252mtrue\x1b[m "
            "\x1b[4;3;9mlines\x1b[24mstruck\x1b[0m \x1b[7minverse\x1b[27m\n"
            "\x1b[32mtwo\nlines\x1b[0m\x1b[2K\x1b]0;title\x07\x1b[5Cend\n")
    with Home() as home:
        one_step(home, (1, "o", text))
        root = page_of(home, "s.md")
        same(output_of(root),
             "red orange true linesstruck inverse\n"
             "two\nlines^[]0;title^G^[[5Cend\n")
        same(spans(root), [
            ("b c1", "red"), ("c2", "orange"), ("c3", "true"),
            ("i u s us", "lines"), ("i s", "struck"), ("c4", "inverse"),
            ("c5", "two"), ("c5", "lines")])
        for variables, rules in themes(root):
            rules = {number: (fg, bg) for number, fg, bg in rules}
            same(rules["3"], ("fafbfc", "010203"))
            same(rules["4"], (full(variables["box"]), full(variables["text"])))


@test
def every_colour_can_be_read():
    """Of output on whatever the program put behind it, and of the page."""
    colors = ["38;5;%d" % i for i in range(256)]
    colors += ["38;5;%d;48;5;%d" % (i, i * 7 % 256) for i in range(256)]
    colors += ["2;38;2;%d;%d;%d" % (i, 255 - i, i * 5 % 256)
               for i in range(256)]
    colors += ["7;48;2;%d;%d;%d" % (i * 3 % 256, i, i) for i in range(256)]
    text = "".join("\x1b[%smx\x1b[0m\n" % c for c in colors)
    with Home() as home:
        one_step(home, (1, "o", text))
        for variables, rules in themes(page_of(home, "s.md")):
            assert len(rules) > 900, len(rules)
            box = full(variables["box"])
            for number, fg, bg in rules:
                assert contrast(fg, bg or box) >= 4.5, (number, fg, bg)
            backs = {name: full(variables[name]) for name in
                     ("page", "box", "head", "del", "ins", "mark-del",
                      "mark-ins")}
            for name, back in backs.items():
                assert contrast(full(variables["text"]), back) >= 4.5, name
            for name in ("soft", "link", "bad", "note", "name", "word",
                         "string", "number", "remark"):
                for back in ("page", "box", "head"):
                    ratio = contrast(full(variables[name]), backs[back])
                    assert ratio >= 4.5, (name, back, ratio)


@test
def what_is_written_over_is_gone():
    with Home() as home:
        one_step(home, (1, "o", "\x1b[31m10%\r"), (2, "o", "20%\rdone\r\n"),
                 (3, "o", "\x1b[0ma\x1b[32m|\x1b[0m\b/\b\bb\n"),
                 (4, "o", "open"), (5, "e", "and that\n"))
        root = page_of(home, "s.md")
        same(output_of(root), "done\nb\nopen\nand that\n")
        same(spans(root)[0], ("c1", "done"))


@test
def the_middle_of_long_output_folds():
    lines = ["line %d" % i for i in range(1000)]
    with Home() as home:
        one_step(home, (1, "o", "\n" + "\n".join(lines) + "\n"))
        root = page_of(home, "s.md")
        same(output_of(root), "\n" + "\n".join(lines) + "\n")
        fold = root.find(".//details[@class='fold']")
        same(words(fold.find("summary")), "969 more lines")
        one_step(home, (1, "o", "x" * 100000))
        root = page_of(home, "s.md")
        fold = root.find(".//details[@class='fold']")
        same(words(fold.find("summary")), "1 long line")
        one_step(home, (1, "o", "\n".join(lines[:40])))
        assert page_of(home, "s.md").find(".//*[@class='fold']") is None


@test
def a_flood_does_not_drown_the_page():
    line = "\x1b[3%dmAll work and no play <makes> %d\x1b[0m\n"
    text = "".join(line % (i % 8, i) for i in range(250000))
    steps = 40
    with Home() as home:
        record(home, "s.md", "```addesh\n" + "$ true\n" * steps + "```\n",
               [answer("true", (1, "o", text))] +
               [answer("true", (1, "o", text[:1000000]))] * (steps - 1))
        began = time.monotonic()
        size = len(text_of(home, "s.md", "--format", "html"))
        assert size < 40 << 20, size
        assert time.monotonic() - began < patient(30)
        root = page_of(home, "s.md")
        assert "more output than was kept" in words(root)
        shown = output_of(root)
        assert 300000 < len(shown) < 420000, len(shown)
        assert shown.startswith("All work and no play <makes> 0\n")
        before, lines, after = re.match(
            r"(?s)(.*)\((\d+) lines, [0-9.]+ KB, left out of this page\)\n(.*)",
            shown).groups()
        same(before.count("\n") + int(lines) + after.count("\n"),
             text[:1 << 20].count("\n") + 1)
        assert 0.8 < len(before) / len(after) < 1.25


# ---- what wants to be more than text ----

@test
def nothing_of_a_session_is_markup():
    shown = HOSTILE + "\x1b[31m" + HOSTILE
    with Home() as home:
        record(home, "s.md", "# %s\n\n%s\n\n**%s**\n\n<div onclick=x>\n%s\n\n"
               "## %s\n\n```%s\n%s\n```\n\n```addesh\n$ true %s\n> %s\n"
               "```\n" % ((HOSTILE.replace("\n", ""),) * 7 +
                          ("<<'%s'" % "<b>", "</b>\n> <b>")), [
                   answer("true <<'<b>'\n</b>\n<b>", (1, "o", shown),
                          (2, "e", shown + "\n" + HOSTILE),
                          id=None)])
        root = page_of(home, "s.md")
        plain = HOSTILE.replace("&lt;&amp;&#0;", "<&\ufffd")
        assert plain in words(root.find("body/header/h1")), \
            words(root.find("body/header/h1"))
        assert plain in words(root.find("head/title"))
        assert HOSTILE in output_of(root)
        assert HOSTILE in words(root.find(".//main/pre[@class='code']"))
        same(root.findall(".//script") + root.findall(".//img"), [])


@test
def links_lead_where_links_may():
    targets = ["javascript:alert(1)", "JaVaScRiPt:alert(1)",
               "&#106;avascript:x", "java&Tab;script:x", "data:text/html,x",
               "vbscript:x", "file:///etc/passwd", "//example.org/x",
               "other.md", "#main", "https:x", "blob:https://x",
               "\x01javascript:x"]
    text = "".join("[text %d](<%s>)\n\n![image %d](<%s>)\n\n"
                   % (i, t, i, t) for i, t in enumerate(targets))
    text += "<javascript:alert(1)>\n\n[r]\n\n[r]: javascript:x\n\n" \
        "[![in](https://example.org/a.png)](https://example.org/b) " \
        "![a [b](https://example.org/c) c](https://example.org/d\"x)\n"
    with Home() as home:
        record(home, "s.md", text, [])
        root = page_of(home, "s.md")
        same([e.get("href") for e in root.findall(".//main//a")],
             ["https://example.org/b", "https://example.org/d\"x"])
        for i in range(len(targets)):
            assert "text %d" % i in words(root)
            assert "image %d" % i in words(root)


@test
def bytes_that_are_no_text_are_shown():
    raw = b"\0\xff\xc3(\xed\xa0\x80\xf4\x90\x80\x80\x1b\x9b\x07" + \
        "\u202e\u2066\u009b\ufffe\U0001fffe\ufdd0\u2028".encode() + b"\n\xc3"
    with Home() as home:
        one_step(home, (1, "o", {"b64": base64.b64encode(raw).decode()}))
        shown = output_of(page_of(home, "s.md"))
        same(shown, "^@\\xff\\xc3(\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80^["
             "\\x9b^G<U+202E><U+2066><U+009B><U+FFFE><U+1FFFE><U+FDD0>"
             "\u2028\n\\xc3\n")
        record(home, "s.md", "# \u202e\x1b[31m\x07\n\n\u2066*\x08*\u202d\n\n"
               "```addesh\n$ true \u202e\x1b]0;x\x07\n```\n",
               [answer("true \u202e\x1b]0;x\x07")])
        page_of(home, "s.md")


@test("narration that takes a reader of Markdown long: %s", [
    ("brackets", "[" * 60000), ("links", "[a](" * 15000),
    ("emphasis", "*a **b " * 9000), ("code", "`a``b" * 12000),
    ("quotes", "> " * 30000), ("lists", "- " * 30000),
    ("comments", "<!--" * 15000), ("images", "![[]()" * 10000),
    ("references", "[a]: <b\n" * 7000 + "[a]" * 2500),
    ("definitions", "\n[a]: b\n" * 6000 + "[a]" * 3000),
    ("a long text", "a" * (5 << 20))])
def _(_, text):
    with Home() as home:
        record(home, "s.md", "x\n" + text.replace("<!--", "x<!--") + "\n", [])
        began = time.monotonic()
        text_of(home, "s.md", "--format", "html")
        assert time.monotonic() - began < patient(5), "took too long"


# ---- two runs ----

def table_of(root, n):
    """Rows of the comparison beneath a step."""
    table = root.find(".//*[@id='step-%d']/details[@class='diff']/table" % n)
    if table is None:
        return None
    return [[words(cell) for cell in row] for row in table.iter("tr")]


@test
def two_runs_of_a_program_stand_side_by_side():
    first = "".join("line %d\n" % i for i in range(20)) + "total 6\nold\n"
    second = first.replace("total 6", "total 7").replace("old\n", "")
    with Home() as home:
        record(home, "s.md", "```addesh\n$ run a.py <<EOF\n> print(6)\n"
               "> EOF\n$ true\n$ run a.py <<EOF\n> print(7)\n> EOF\n"
               "$ run b.py\n$ diff @1\n$ run a.py\n$ rerun @2\n```\n", [
                   answer("run a.py <<EOF\nprint(6)\nEOF", (1, "o", first),
                          object={"step": 1}),
                   answer("true"),
                   answer("run a.py <<EOF\nprint(7)\nEOF", (1, "o", second),
                          (2, "e", "exit 0 in 1s\n"), object={"step": 2}),
                   answer("run b.py", (1, "o", "b\n"), object={"step": 3}),
                   answer("diff @1", (1, "o", "- line 0\n"), code=1),
                   answer("run a.py", (1, "o", second), object={"step": 4}),
                   answer("rerun @2", (1, "o", second), object={"step": 5})])
        root = page_of(home, "s.md")
        same(table_of(root, 1), None)
        same(table_of(root, 3), [
            ["Step 1", "Step 3"], ["Program"],
            ["1", "- print(6)", "1", "+ print(7)"], ["Output"],
            ["", "18 equal lines"],
            ["19", "line 18", "19", "line 18"],
            ["20", "line 19", "20", "line 19"],
            ["21", "- total 6", "21", "+ total 7"],
            ["22", "- old", "", ""]])
        same([e.text for e in root.find(".//*[@id='step-3']").iter("mark")],
             ["6", "7", "6", "7"])
        same(table_of(root, 4), None)
        same(table_of(root, 5)[0], ["Step 1", "Step 4"])
        same(root.find(".//*[@id='step-5']/details").get("open"), "")
        # both wrote the same, and nothing is known of their programs
        same(table_of(root, 6), None)
        same(table_of(root, 7), None)


@test
def long_outputs_with_nothing_in_common_are_compared_when_that_is_asked_for():
    first, second = ("".join("%s %d\n" % (word, i) for i in range(100))
                     for word in ("it was", "there will be"))
    with Home() as home:
        record(home, "s.md", "```addesh\n$ run a.py\n$ run a.py\n"
               "$ diff @1 @2\n```\n", [
                   answer("run a.py", (1, "o", first), object={"step": 1}),
                   answer("run a.py", (1, "o", second), object={"step": 2}),
                   answer("diff @1 @2", code=1)])
        root = page_of(home, "s.md")
        same(table_of(root, 2), None)
        rows = table_of(root, 3)
        assert len(rows) >= 102, len(rows)


@test
def a_comparison_shows_text_only():
    with Home() as home:
        record(home, "s.md", "```addesh\n$ run a.py\n$ run a.py\n```\n", [
            answer("run a.py", (1, "o", HOSTILE + "a\n\u202e\x1b[31mx\n")),
            answer("run a.py", (1, "o", HOSTILE + "b\n\u202d\x1b[31mx\n"))])
        rows = table_of(page_of(home, "s.md"), 2)
        same(rows[2], ["1", "- " + HOSTILE + "a", "1", "+ " + HOSTILE + "b"])


@test
def a_step_that_was_not_run_says_so():
    with Home() as home:
        record(home, "s.md", "```addesh\n$ true\n% skip-if: docker\n"
               "$ run a.py\n```\n", [answer("true")])
        root = page_of(home, "s.md")
        same(words(root.find(".//*[@id='step-2']/p")), "Step 2 not run")


main(beside=True)
