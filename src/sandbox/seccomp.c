#include "sandbox/seccomp.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "base/io.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define NAMESPACES                                                             \
	(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |           \
	    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME)
#define FAMILY_MAX 47 /* one beyond the last of linux/socket.h */

/*
 * Never needed by a program without privileges, and each the entry of past
 * holes in the kernel: mounts and namespaces, keys, bpf and perf, io_uring,
 * memory of other processes, modules, clocks, quotas.  Names that this
 * machine's architecture does not have are left out by libseccomp.
 */
static const char *const refused[] = {"mount", "umount", "umount2",
    "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount",
    "listmount", "setns", "unshare", "keyctl", "add_key", "request_key", "bpf",
    "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "userfaultfd", "process_vm_readv", "process_vm_writev", "process_madvise",
    "pidfd_getfd", "kcmp", "kexec_load", "kexec_file_load", "init_module",
    "finit_module", "delete_module", "create_module", "get_kernel_syms",
    "query_module", "open_by_handle_at", "quotactl", "quotactl_fd", "swapon",
    "swapoff", "reboot", "acct", "syslog", "vhangup", "iopl", "ioperm",
    "modify_ldt", "vm86", "vm86old", "lookup_dcookie", "nfsservctl", "uselib",
    "ustat", "sysfs", "_sysctl", "settimeofday", "stime", "clock_settime",
    "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
    "fanotify_init", "lsm_set_self_attr", "mq_open_by_handle"};

static int
refuse(scmp_filter_ctx ctx, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), nr, 0);
}

/* New namespaces by clone(2); of clone3(2) the flags cannot be seen, and C
   libraries fall back to clone when it is missing. */
static int
refuse_namespaces(scmp_filter_ctx ctx)
{
	int bad = 0;

	for (unsigned bit = 0; bit < 32; bit++) {
		scmp_datum_t flag = (scmp_datum_t)1 << bit;

		if (NAMESPACES & flag && flag != CLONE_NEWTIME)
			bad |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
			    SCMP_SYS(clone), 1,
			    SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
	}
	return bad | seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
			 SCMP_SYS(clone3), 0);
}

/*
 * A debugger may trace what it starts (PTRACE_TRACEME), nobody may attach.
 */
static int
refuse_tracing(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 1,
		   SCMP_A0(SCMP_CMP_EQ, PTRACE_ATTACH)) |
	       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 1,
		   SCMP_A0(SCMP_CMP_EQ, PTRACE_SEIZE));
}

/* Sockets of other families than these reach past a network namespace (vsock)
   or rarely used code of the kernel. */
static int
refuse_families(scmp_filter_ctx ctx)
{
	int bad = 0;

	for (int family = 0; family < FAMILY_MAX; family++)
		if (family != AF_UNIX && family != AF_INET &&
		    family != AF_INET6 && family != AF_NETLINK)
			bad |= seccomp_rule_add(ctx,
			    SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	return bad | seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT),
			 SCMP_SYS(socket), 1,
			 SCMP_A0(SCMP_CMP_GE, FAMILY_MAX));
}

/* Typing into a terminal from outside: ioctl_tty(2). */
static int
refuse_typing(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		   SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCSTI)) |
	       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		   SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCLINUX));
}

static int
build(scmp_filter_ctx ctx)
{
	int bad = 0;

	/* The runner has set it already; other architectures' system calls
	   (x32, i386) must not be a way around. */
	bad |= seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	bad |= seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_ERRNO(ENOSYS));
	/* A binary tree: what is allowed costs few comparisons. */
	bad |= seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		bad |= refuse(ctx, refused[i]);
	return bad | refuse_namespaces(ctx) | refuse_tracing(ctx) |
	       refuse_families(ctx) | refuse_typing(ctx);
}

int
seccomp_export(struct strbuf *out, struct err *err)
{
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int bad;

	if (fd < 0 || !ctx) {
		seccomp_release(ctx);
		return err_sys(err, fd < 0 ? errno : ENOMEM, "seccomp");
	}
	bad = build(ctx);
	if (!bad)
		bad = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	if (bad || lseek(fd, 0, SEEK_SET))
		return err_sys(err, bad ? EINVAL : errno, "seccomp");
	return io_read_all(fd, out, 1 << 20, err);
}
