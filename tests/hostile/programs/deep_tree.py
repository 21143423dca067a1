# A tree deeper than any path can be long, with names as long as they can be;
# says how many directories it has.
import errno
import os
import sys


def is_confined():
    """AppArmor cannot name, and so forbids, what has a longer path."""
    try:
        with open("/proc/self/attr/current") as f:
            return f.read().strip("\0\n") not in ("", "unconfined")
    except OSError:
        return False


os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
made = 1
for n in range(int(sys.argv[2])):
    name = "%d" % n + "d" * int(sys.argv[3])
    try:
        os.mkdir(name)
    except OSError as e:
        if e.errno == errno.ENAMETOOLONG and is_confined():
            break
        raise
    os.chdir(name)
    made += 1
if made > int(sys.argv[2]):
    with open("bottom", "w") as f:
        f.write("here")
print(made)
