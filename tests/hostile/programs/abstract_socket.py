# Looks for a socket of the host's that has no path.
import socket
import sys

s = socket.socket(socket.AF_UNIX)
try:
    s.connect("\0" + sys.argv[1])
    print("connected")
except OSError as e:
    print("refused:", e)
