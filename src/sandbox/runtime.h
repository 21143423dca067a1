/*
 * Where addesh keeps things on this host, who this process is to the next one,
 * and where its own installed files are.
 *
 *	runtime	$XDG_RUNTIME_DIR/addesh, or /tmp/addesh-UID without such a
 *		directory of this user: locks and what must not survive a
 *		reboot
 *	state	$XDG_STATE_HOME/addesh, or ~/.local/state/addesh: steps, logs
 *
 * (XDG Base Directory Specification 0.8.)  Both are made with mode 0700 and
 * refused if another user owns them.  Only the first must be there.
 */
#ifndef ADDESH_SANDBOX_RUNTIME_H
#define ADDESH_SANDBOX_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct runtime {
	char *runtime_dir;
	char *state_dir;
	char *owner; /* of this process: see owner_state() */
};

int runtime_init(struct runtime *rt, struct err *err);
/* False: it is not one that runtime_init() has made, or of somebody else. */
bool runtime_dir_is_ours(const char *dir);
void runtime_release(struct runtime *rt);

/*
 * An owner as it stands in labels and names: HOST:BOOT:PID:START, where HOST
 * and BOOT are the first 12 hexadecimal digits of /etc/machine-id (or a
 * checksum of the host name) and of /proc/sys/kernel/random/boot_id, and START
 * is field 22 of /proc/PID/stat (proc(5)), so that a reused pid is not
 * mistaken.
 */
enum owner_state {
	OWNER_ALIVE,
	OWNER_DEAD,	/* of this host, and gone */
	OWNER_ELSEWHERE, /* of another host, or not an owner at all */
};
enum owner_state owner_state(const char *owner);
/* That of a process of this host, the caller's; its pid, or 0. */
char *runtime_owner(pid_t pid);
pid_t owner_pid(const char *owner);
/* Whether it is, or was, a process of this machine, in whatever namespace. */
bool owner_is_near(const char *owner);
/* Kills it, if it lives, and waits up to timeout_ms for its end. */
void owner_end(const char *owner, int timeout_ms);

/*
 * A new environment's: 16 hexadecimal digits, the caller's.  The eight that
 * people are shown have a digit and a letter among them: no number and no word
 * looks so, and a recording can tell (see ID in replay/mask_table.c).
 */
char *runtime_new_id(void);
/*
 * The lock of one environment: exactly one process talks to its runner.  The
 * first line of RUNTIME/env/ID says who holds it.  Returns a descriptor to
 * close, or -1: after timeout_ms without it the error names the holder.
 */
int runtime_lock(const struct runtime *rt, const char *id, int64_t timeout_ms,
    struct err *err);
/* The path of its file, the caller's. */
char *runtime_lock_path(const struct runtime *rt, const char *id);
/* Of the socket of whoever holds it, see box_keep.c, and of the one at which
   the runner of a kept restricted sandbox listens; the caller's. */
char *runtime_wake_path(const struct runtime *rt, const char *id);
char *runtime_socket_path(const struct runtime *rt, const char *id);
/* Removes the files of one whose environment is gone. */
void runtime_lock_remove(const struct runtime *rt, const char *id);
/* Adds a line KIND WHAT to the lock's file: a thing of this host that must go
   when its owner is dead, the engine to look at then, or the record of a kept
   one. */
void runtime_lock_note(int fd, const char *kind, const char *what);
/* Removes the lock's file while it is held, and closes the descriptor. */
void runtime_unlock_remove(const struct runtime *rt, const char *id, int fd);

/*
 * The runner for an architecture as base/arch.h has it (NULL: this host's): its
 * path in the directory that was configured, in libexec/addesh beside that of the
 * program if it was installed elsewhere or moved or, for an addesh that runs from
 * its build tree, there.  The error says what is missing.  ADDESH_LIBEXECDIR
 * overrides the directory, ADDESH_RUNNER names another file for this host's
 * architecture.
 */
char *runtime_runner_path(const char *arch, struct err *err);
/* The path of a program of this host, looked up in PATH and in the usual
   directories of system programs; NULL if it is not there. */
char *runtime_find_program(const char *name);
/* A file below share/addesh, in the same way; ADDESH_DATADIR overrides. */
char *runtime_data_path(const char *name, struct err *err);

#endif
