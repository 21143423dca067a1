# Tries to make a file in every directory, and says where that worked and how
# large each of these file systems is.
import json
import os

found = {}
for top, dirs, _ in os.walk("/"):
    if top == "/":
        dirs[:] = [d for d in dirs if d not in ("proc", "sys")]
    name = os.path.join(top, "x-%d" % os.getpid())
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(name)
    except OSError:
        continue
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    st = os.statvfs(top)
    found[top] = st.f_blocks * st.f_frsize
print(json.dumps(found))
