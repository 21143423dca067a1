# Everything a process could try on pid 1; prints what was not refused.
import ctypes
import os
import platform
import resource
import signal

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
    call(number, 1, ctypes.addressof(vec), 1, ctypes.addressof(there), 1, 0)


attempt("ptrace attach", call, 117 if ARM else 101, 16, 1, 0, 0)
attempt("ptrace seize", call, 117 if ARM else 101, 0x4206, 1, 0, 0)
attempt("process_vm_readv", vm, 270 if ARM else 310)
attempt("process_vm_writev", vm, 271 if ARM else 311)
for name in ("mem", "environ", "maps", "smaps", "auxv", "pagemap", "stack",
             "syscall", "io", "timers"):
    attempt("read " + name, read, "/proc/1/" + name)
attempt("open mem", touch, "/proc/1/mem", os.O_RDWR)
for name, text in (("clear_refs", b"1"), ("oom_score_adj", b"1000"),
                   ("comm", b"x"), ("coredump_filter", b"0"),
                   ("attr/current", b"x"), ("timerslack_ns", b"1"),
                   ("autogroup", b"19"), ("sched", b"0")):
    attempt("write " + name, write, "/proc/1/" + name, text)
for name in ("fd", "fdinfo", "map_files", "root", "cwd", "task/1/fd"):
    attempt("list " + name, os.listdir, "/proc/1/" + name)
for name in ("root", "cwd", "exe", "fd/0", "fd/1", "ns/pid", "ns/mnt"):
    attempt("link " + name, os.readlink, "/proc/1/" + name)
for fd in range(64):
    attempt("open fd %d" % fd, touch, "/proc/1/fd/%d" % fd,
            os.O_RDWR | os.O_NONBLOCK)
attempt("nice", os.setpriority, os.PRIO_PROCESS, 1, 19)
attempt("affinity", os.sched_setaffinity, 1, {0})
attempt("scheduler", os.sched_setscheduler, 1, os.SCHED_BATCH,
        os.sched_param(0))
attempt("ioprio_set", call, 30 if ARM else 251, 1, 1, 3 << 13)
attempt("move_pages", call, 239 if ARM else 279, 1, 1, 0, 0, 0, 0)
attempt("migrate_pages", call, 238 if ARM else 256, 1, 0, 0, 0)
attempt("kcmp", call, 272 if ARM else 312, os.getpid(), 1, 0, 1, 1)
for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS,
               resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    attempt("prlimit %d" % number, resource.prlimit, 1, number, (4, 4))
attempt("setns", lambda: call(268 if ARM else 308,
                              os.open("/proc/1/ns/mnt", os.O_RDONLY), 0))
if hasattr(os, "pidfd_open"):
    try:
        pidfd = os.pidfd_open(1)
        attempt("pidfd_send_signal", signal.pidfd_send_signal, pidfd, 9)
        for fd in range(8):
            attempt("pidfd_getfd %d" % fd, call, 438, pidfd, fd, 0)
    except OSError:
        pass
for number in sorted(signal.valid_signals()):
    attempt("kill %d" % number, os.kill, 1, number)
print("; ".join(done) or "all refused")
