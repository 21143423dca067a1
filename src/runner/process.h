/*
 * Processes, as procfs has them: proc(5).  Needs libc only, for both sides.
 * What they are called and what their arguments are is their own doing, and
 * hostile.
 */
#ifndef ADDESH_RUNNER_PROCESS_H
#define ADDESH_RUNNER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_COMMAND_MAX 1000 /* bytes of it that are kept */
/* Of process_pack(). */
#define PROCESS_PACKED_MAX (PROCESS_COMMAND_MAX + 9 * 21)

/* Of /proc/PID/stat. */
struct process_stat {
	pid_t pid, parent;
	char state; /* R S D T t Z X I */
	uint64_t threads;
	uint64_t cpu_us;      /* its own */
	uint64_t children_us; /* of those below it that were waited for */
	uint64_t started_us;  /* since the machine was */
	char name[64];	      /* as the kernel has it, shortened */
};

/* The text of /proc/PID/stat, which is cut up; -1: it is none. */
int process_parse(char *text, struct process_stat *st);
/* Of /proc/NAME/stat; -1: it is no number, or gone. */
int process_stat_read(int proc, const char *name, struct process_stat *st);
/* Calls fn for each, in the order of their numbers, until it returns false; -1
   with errno. */
int process_each(int proc,
    bool (*fn)(void *arg, const char *name, const struct process_stat *st),
    void *arg);
/*
 * Bytes that are its own: anonymous and shared pages.  exact: what several have
 * together is divided among them, where the kernel lets us know.
 */
uint64_t process_memory(int proc, const char *name, bool exact);

struct process {
	pid_t pid, parent;
	uint32_t uid; /* effective, as the reader's user namespace has it */
	char state;
	uint64_t threads;
	uint64_t cpu_us, memory;
	uint64_t elapsed_us; /* since it was started */
	/* Its arguments, blanks between them; without any "[NAME]". */
	char command[PROCESS_COMMAND_MAX + 1];
	size_t command_len;
};

/* All there is to say of one; -1: it is gone. */
int process_read(int proc, const char *name, const struct process_stat *st,
    struct process *p);
/* As one text, "PID PARENT UID STATE THREADS CPU_US MEMORY ELAPSED_US COMMAND",
   whose length is returned; the command may hold any byte but zero. */
size_t process_pack(const struct process *p, char *out);
/* And back; -1: it is malformed. */
int process_unpack(const char *text, size_t n, struct process *p);

#endif
