# A tree deeper than any path can be long, with names as long as they can be.
import os
import sys

os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
for n in range(int(sys.argv[2])):
    name = "%d" % n + "d" * int(sys.argv[3])
    os.mkdir(name)
    os.chdir(name)
with open("bottom", "w") as f:
    f.write("here")
