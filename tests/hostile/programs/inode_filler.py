# Empty files in a directory until there is no room for another one.
import errno
import os
import sys

top = sys.argv[1] + "/inodes"
os.mkdir(top)
made = 0
try:
    while True:
        os.mkdir("%s/%d" % (top, made))
        for n in range(10000):
            os.close(os.open("%s/%d/%d" % (top, made, n),
                             os.O_CREAT | os.O_WRONLY))
        made += 1
        print(made, flush=True)
except OSError as e:
    print(errno.errorcode[e.errno], flush=True)
