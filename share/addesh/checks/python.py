# Python's own parser over what stands on standard input, for checks.yaml:
# nothing of it is run, and nothing is imported but what is built in.
import sys
from _ast import (AnnAssign, Assign, Attribute, Call, Constant, Dict, Expr,
                  Import, ImportFrom, JoinedStr, Name, arguments, keyword)

wanted = set(sys.argv[1].split())
IMPORTERS = ("__import__", "importlib.import_module")
out = []


def say(kind, node, *words):
    out.append("\t".join((kind, str(node.lineno), str(node.col_offset + 1))
                         + words))


def dotted(node, known):
    """The path of names that it is, by the last import of its first name."""
    return names(node, known)[-1]


def names(node, known):
    """All that it may be: an import may never happen, or in another place."""
    parts = []
    while isinstance(node, Attribute):
        parts.append(node.attr)
        node = node.value
    first = [""]
    if isinstance(node, Name):
        first = [node.id] + sorted(known.get(node.id, ()))
        if not parts and node.id in wanted:
            first += [m + "." + node.id for m in sorted(known.get("*", ()))]
    elif isinstance(node, Call) and node.args and is_text(node.args[0]) and \
            dotted(node.func, known) in IMPORTERS:
        first = [" ".join(node.args[0].value.split())]
    return [".".join([f] + parts[::-1]) for f in first]


def is_text(node):
    return isinstance(node, Constant) and isinstance(node.value, str)


def argument(node, known):
    if isinstance(node, Constant) and not is_text(node):
        return repr(node.value)
    if isinstance(node, Call):
        return dotted(node.func, known) + "()"
    return dotted(node, known) if isinstance(node, (Name, Attribute)) else ""


def keyword_words(key, value, known):
    if isinstance(value, Dict) and key is None:
        return [w for k, v in zip(value.keys, value.values) if is_text(k)
                for w in keyword_words(" ".join(k.value.split()), v, known)]
    number = isinstance(value, Constant) and isinstance(value.value, int)
    return [(key or "**") + "=" + (repr(bool(value.value)) if number else
                                   argument(value, known))]


def call(node, known):
    found = [n for n in names(node.func, known)
             if n.rpartition(".")[2] in wanted]
    if not found:
        return
    given = node.args + [k.value for k in node.keywords]
    fixed = all(isinstance(a, Constant) for a in given)
    words = ["=" + argument(a, known) for a in node.args]
    for k in node.keywords:
        words += keyword_words(k.arg, k.value, known)
    for name in found:
        say("c", node, name, "1" if fixed else "0", *words)


def text(node, name, done):
    value = node.value
    done.add(id(node))
    if len(value) < 6 or len(value) > 4096:
        return
    if name or (len(value) >= 20 and " " not in value) or \
            "://" in value or value.startswith("-----BEGIN "):
        say("s", node, name or "-",
            value.encode("utf-8", "surrogatepass").hex())


def last(node):
    return node.id if isinstance(node, Name) else \
        node.arg if hasattr(node, "arg") else \
        node.attr if isinstance(node, Attribute) else \
        node.value if is_text(node) else last(node.slice) \
        if hasattr(node, "slice") else None


def named(node, done):
    if isinstance(node, Assign):
        pairs = [(node.targets[0], node.value)]
    elif isinstance(node, AnnAssign):
        pairs = [(node.target, node.value)]
    elif isinstance(node, arguments):
        args = getattr(node, "posonlyargs", []) + node.args
        pairs = list(zip(args[len(args) - len(node.defaults):],
                         node.defaults))
        pairs += zip(node.kwonlyargs, node.kw_defaults)
    else:
        pairs = zip(node.keys, node.values)
    for key, value in pairs:
        if is_text(value):
            name = last(key)
            text(value, name and "".join(
                c for c in name if c.isalnum() or c in "_-"), done)


def imports(node, known):
    if isinstance(node, Import):
        for a in node.names:
            say("i", node, a.name)
            first = a.name.split(".")[0]
            known.setdefault(a.asname or first, set()).add(
                a.name if a.asname else first)
        return
    say("i", node, node.module or ".")
    for a in node.names:
        known.setdefault(a.asname or a.name, set()).add(
            node.module or "" if a.name == "*" else
            "%s.%s" % (node.module or "", a.name))


def renamed(node, known):
    """A name is given what the rules look for, as a module has it."""
    target = node.targets[0]
    if isinstance(target, Name) and isinstance(node.value, (Name, Attribute)) \
            and last(node.value) in wanted:
        for name in names(node.value, known):
            known.setdefault(target.id, set()).add(name)


def walk(tree):
    nodes, known, done = [], {}, set()
    todo = [tree]
    while todo:
        node = todo.pop()
        nodes.append(node)
        for field in node._fields:
            value = getattr(node, field, None)
            if hasattr(value, "_fields"):
                todo.append(value)
            elif isinstance(value, list):
                todo.extend(v for v in value if hasattr(v, "_fields"))
    for node in nodes:
        if isinstance(node, (Import, ImportFrom)):
            imports(node, known)
    for node in nodes:
        if isinstance(node, Assign):
            renamed(node, known)
    for node in nodes:
        if isinstance(node, Call):
            call(node, known)
        elif isinstance(node, (Assign, AnnAssign, Dict, arguments)):
            named(node, done)
        elif isinstance(node, keyword):
            if is_text(node.value) and node.arg:
                text(node.value, node.arg, done)
        elif isinstance(node, Expr) and is_text(node.value):
            done.add(id(node.value))
        elif isinstance(node, JoinedStr):
            done.update(id(v) for v in node.values)
    for node in nodes:
        if is_text(node) and id(node) not in done:
            text(node, None, done)


def one_line(e):
    return " ".join((getattr(e, "msg", None) or str(e)
                     or type(e).__name__).split())


def check(source):
    try:
        tree = compile(source, "checked", "exec", 1024, True)
        walk(tree)
        compile(tree, "checked", "exec", 0, True)
    except (RecursionError, MemoryError) as e:
        out.append("e\t0\t0\tit is nested too deeply for Python's parser")
    except SyntaxError as e:
        out.append("e\t%d\t%d\t%s" % (e.lineno or 0, e.offset or 0,
                                       one_line(e)))
    except ValueError as e:
        out.append("e\t0\t0\t" + one_line(e))


stdin = sys.stdin.buffer
while True:
    size = stdin.readline()
    if not size:
        break
    out.append("f")
    check(stdin.read(int(size)))
out.append("end\n")
sys.stdout.buffer.write("\n".join(out).encode("utf-8", "replace"))
