# Everything a process could try on pid 1, or with the argument "parent" on its
# parent; prints what was not refused.
import ctypes
import os
import platform
import resource
import signal
import sys

PID = os.getppid() if sys.argv[1:] == ["parent"] else 1
PROC = "/proc/%d/" % PID
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


def call(number, *args):
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args)) < 0:
        raise OSError(ctypes.get_errno(), "syscall")


def touch(path, flags):
    os.close(os.open(path, flags))


def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text)
    finally:
        os.close(fd)


def read(path):
    with open(path, "rb") as f:
        if not f.read(1):
            raise OSError("empty")


def vm(number):
    data = ctypes.create_string_buffer(8)
    vec = (ctypes.c_size_t * 2)(ctypes.addressof(data), 8)
    there = (ctypes.c_size_t * 2)(0x400000, 8)
    call(number, PID, ctypes.addressof(vec), 1, ctypes.addressof(there), 1, 0)


attempt("ptrace attach", call, 117 if ARM else 101, 16, PID, 0, 0)
attempt("ptrace seize", call, 117 if ARM else 101, 0x4206, PID, 0, 0)
attempt("process_vm_readv", vm, 270 if ARM else 310)
attempt("process_vm_writev", vm, 271 if ARM else 311)
for name in ("mem", "environ", "maps", "smaps", "auxv", "pagemap", "stack",
             "syscall", "io", "timers"):
    attempt("read " + name, read, PROC + name)
attempt("open mem", touch, PROC + "mem", os.O_RDWR)
for name, text in (("clear_refs", b"1"), ("oom_score_adj", b"1000"),
                   ("comm", b"x"), ("coredump_filter", b"0"),
                   ("attr/current", b"x"), ("timerslack_ns", b"1"),
                   ("autogroup", b"19"), ("sched", b"0")):
    attempt("write " + name, write, PROC + name, text)
for name in ("fd", "fdinfo", "map_files", "root", "cwd", "task/%d/fd" % PID):
    attempt("list " + name, os.listdir, PROC + name)
for name in ("root", "cwd", "exe", "fd/0", "fd/1", "ns/pid", "ns/mnt"):
    attempt("link " + name, os.readlink, PROC + name)
for fd in range(64):
    attempt("open fd %d" % fd, touch, PROC + "fd/%d" % fd,
            os.O_RDWR | os.O_NONBLOCK)
attempt("nice", os.setpriority, os.PRIO_PROCESS, PID, 19)
attempt("affinity", os.sched_setaffinity, PID, {0})
attempt("scheduler", os.sched_setscheduler, PID, os.SCHED_BATCH,
        os.sched_param(0))
attempt("ioprio_set", call, 30 if ARM else 251, 1, PID, 3 << 13)
attempt("move_pages", call, 239 if ARM else 279, PID, 1, 0, 0, 0, 0)
attempt("migrate_pages", call, 238 if ARM else 256, PID, 0, 0, 0)
attempt("kcmp", call, 272 if ARM else 312, os.getpid(), PID, 0, 1, 1)
for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS,
               resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    attempt("prlimit %d" % number, resource.prlimit, PID, number, (4, 4))
attempt("setns", lambda: call(268 if ARM else 308,
                              os.open(PROC + "ns/mnt", os.O_RDONLY), 0))
if hasattr(os, "pidfd_open"):
    try:
        pidfd = os.pidfd_open(PID)
        attempt("pidfd_send_signal", signal.pidfd_send_signal, pidfd, 9)
        for fd in range(8):
            attempt("pidfd_getfd %d" % fd, call, 438, pidfd, fd, 0)
    except OSError:
        pass
for number in sorted(signal.valid_signals()):
    attempt("kill %d" % number, os.kill, PID, number)
print("; ".join(done) or "all refused")
