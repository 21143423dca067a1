# Memory that belongs to files without a name: no size of a file system
# bounds it, and it is nobody's resident set.
import os

print("before", flush=True)
for _ in range(60):
    if os.fork() == 0:
        break
block = b"x" * (1 << 20)
while True:
    try:
        os.write(os.memfd_create("m"), block)
    except OSError:
        pass
