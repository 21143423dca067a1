# Many short children whose parents are gone: pid 1 has to collect them.
import os

for _ in range(50):
    if os.fork() == 0:
        for _ in range(3):
            if os.fork() == 0:
                os._exit(0)
        os._exit(0)
    os.wait()
print("done")
