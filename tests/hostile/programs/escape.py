# What only the kernel's administrator may do, and what has let programs out
# of sandboxes before; prints what was not refused.
import ctypes
import os
import platform
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
ARM = platform.machine() == "aarch64"
done = []


def attempt(name, function, *args):
    try:
        function(*args)
    except (OSError, ValueError):
        return
    done.append(name)


def call(x86, arm, *args):
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    if libc.syscall(ctypes.c_long(arm if ARM else x86), *args) < 0:
        raise OSError(ctypes.get_errno(), "syscall")


def in_child(name, function, *args):
    """What succeeds may change the process itself."""
    if os.fork() == 0:
        try:
            function(*args)
        except (OSError, ValueError):
            os._exit(0)
        os._exit(1)
    if os.wait()[1]:
        done.append(name)


def write(path):
    """Writes what is there, or nothing that has a meaning."""
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with open(path, "rb") as f:
            text = f.read(4096)
    except OSError:
        text = b"x"
    try:
        os.write(fd, text or b"x")
    finally:
        os.close(fd)


def touch(path):
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


for top, _, names in os.walk("/proc/sys"):
    for name in names:
        path = os.path.join(top, name)
        attempt("write " + path, write, path)
for path in ("/proc/sysrq-trigger", "/proc/acpi", "/proc/kcore",
             "/proc/kmsg", "/dev/mem", "/dev/kmsg", "/dev/port",
             "/dev/fuse", "/dev/kvm", "/sys/kernel/uevent_helper",
             "/sys/power/state"):
    attempt("write " + path, touch, path)
try:
    with open("/proc/kallsyms") as f:
        if any(int(line.split()[0], 16) for line in f):
            done.append("kallsyms has addresses")
except OSError:
    pass

in_child("mount", call, 165, 40, b"none", b"/tmp", b"tmpfs", 0, 0)
in_child("remount", call, 165, 40, b"none", b"/", b"", 32 | 4096, 0)
in_child("umount", call, 166, 39, b"/proc", 2)
in_child("fsopen", call, 430, 430, b"tmpfs", 0)
in_child("open_tree", call, 428, 428, -100, b"/", 1)
in_child("move_mount", call, 429, 429, -100, b"/tmp", -100, b"/workspace", 0)
in_child("pivot_root", call, 155, 41, b"/tmp", b"/tmp")
in_child("chroot", call, 161, 51, b"/tmp")
for name, flag in (("user", 0x10000000), ("mount", 0x20000),
                   ("pid", 0x20000000), ("net", 0x40000000),
                   ("ipc", 0x8000000), ("uts", 0x4000000),
                   ("cgroup", 0x2000000), ("time", 0x80)):
    in_child("unshare " + name, call, 272, 97, flag)


def clone_user():
    pid = libc.syscall(ctypes.c_long(220 if ARM else 56),
                       ctypes.c_long(0x10000000 | 17), 0, 0, 0, 0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def clone3_user():
    args = struct.pack("<11Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
    pid = libc.syscall(ctypes.c_long(435), args, ctypes.c_long(len(args)))
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone3")
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def traced_by_parent():
    """Attaches to a child that did not ask for it."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(r, 1)
        os._exit(0)
    try:
        call(101, 117, 0x4206, pid, 0, 0)
    finally:
        os.close(w)
        os.close(r)


in_child("clone user", clone_user)
in_child("clone3 user", clone3_user)
in_child("ptrace", traced_by_parent)
in_child("setns", lambda: call(308, 268, os.open("/proc/1/ns/net", 0), 0))
in_child("keyctl", call, 250, 219, 0, -3, 1)
in_child("add_key", call, 248, 217, b"user", b"addesh", b"x", 1, -3)
in_child("request_key", call, 249, 218, b"user", b"addesh", 0, -3)
in_child("bpf", call, 321, 280, 0,
         struct.pack("<IIII", 2, 4, 4, 1) + bytes(112), 128)
in_child("perf_event_open", call, 298, 241,
         struct.pack("<IIQ", 1, 120, 0) + bytes(104), 0, -1, -1, 0)
in_child("io_uring_setup", call, 425, 425, 4, bytes(120))
in_child("userfaultfd", call, 323, 282, 0)
in_child("open_by_handle_at", call, 304, 265, -100, bytes(128), 0)
in_child("init_module", call, 175, 105, b"x", 1, b"")
in_child("kexec_load", call, 246, 104, 0, 0, 0, 0)
in_child("reboot", call, 169, 142, 0xfee1dead, 672274793, 0, 0)
in_child("swapon", call, 167, 224, b"/workspace/x", 0)
in_child("acct", call, 163, 89, 0)
in_child("syslog", call, 103, 116, 3, 0, 0)
in_child("settimeofday", call, 164, 170, bytes(16), 0)
in_child("sethostname", call, 170, 161, b"x", 1)
in_child("iopl", call, 172, 9999, 3)
in_child("mknod", os.mknod, "/workspace/device", 0o20666, os.makedev(1, 3))
in_child("setuid 0", os.setuid, 0)
in_child("setgid 0", os.setgid, 0)
in_child("setgroups", os.setgroups, [0])
in_child("raw socket", socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
in_child("packet socket", socket.socket, socket.AF_PACKET, socket.SOCK_RAW)
in_child("vsock", socket.socket, 40, socket.SOCK_STREAM)
print("; ".join(done) or "all refused")
