# 10 GB of output: argv[1] is the descriptor.
import os
import sys

fd = int(sys.argv[1])
block = (b"x" * 63 + b"\n") * 16384
os.write(fd, b"first\n")
left = 10 << 30
while left:
    left -= os.write(fd, block[:left])
os.write(fd, b"last\n")
