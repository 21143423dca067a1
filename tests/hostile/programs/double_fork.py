# Leaves a daemon in a session of its own that holds both pipes.
import os
import signal

print("parent", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True:
            signal.pause()
    os._exit(0)
os.wait()
