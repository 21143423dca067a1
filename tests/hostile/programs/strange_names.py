# Names that are no text, that are commands to a terminal, or options.
import os

os.mkdir("names")
os.chdir(b"names")
for name in (b"n" * 255, b"new\nline", b"\x1b]0;title\x07", b"\xff\xfe",
             b"-rf", b"--help", b" ", b"a b", b"'\"$(id)`id`", b"\xe2\x80\xae"):
    with open(name, "wb") as f:
        f.write(name)
os.symlink(b"x" * 4000, b"long link")
os.mkfifo(b"fifo")
