# Fills each place until the kernel says no; what it wrote stays.
import errno
import os
import sys

for place in sys.argv[1:]:
    with open(os.path.join(place, "filler"), "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError as e:
            print(place, errno.errorcode[e.errno])
