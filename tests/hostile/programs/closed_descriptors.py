# Closes all it has, and goes on for as long as an observer could take an end
# of the pipes for its own end.
import os

os.write(1, b"before\n")
os.closerange(0, 4096)
total = 0
for n in range(3000000):
    total += n
os._exit(7)
