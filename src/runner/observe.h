/*
 * What an environment uses, from the kernel's own files: counters of a cgroup
 * (cgroups(7), and the kernel's cgroup-v1/ and cgroup-v2.rst), of the network,
 * and of processes.  Needs libc only, for both sides: the runner looks at its
 * container, addesh itself at a restricted sandbox.
 *
 *	memory		bytes, page cache included
 *	memory_file	bytes of them that are page cache: content of files on
 *			disks, which the kernel drops when it needs room.  Files
 *			in memory (tmpfs) are not among them
 *	memory_peak	bytes, the most that memory was
 *	memory_limit	bytes, or "none"
 *	pids		processes and threads
 *	pids_limit	or "none"
 *	cpu_us		microseconds of processor time so far
 *	cpu_limit	thousandths of a CPU, or "none"
 *	block_read	bytes, from disks
 *	block_write
 *	network		"none": there is but the loopback interface; else
 *	rx tx		bytes, of all other interfaces
 *	at_us		microseconds of a clock of its own, when it was read
 *	sum_memory sum_pids sum_cpu_us
 *			the same of all processes added up, for where no cgroup
 *			tells: files in memory are not in them
 *
 * What is not known has no line.
 */
#ifndef ADDESH_RUNNER_OBSERVE_H
#define ADDESH_RUNNER_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

/* Takes NAME=VALUE. */
struct observer {
	void (*fn)(void *arg, const char *text);
	void *arg;
};

void observe_put(const struct observer *o, const char *name, uint64_t v);
/* Of a directory of a cgroup: what its files tell, of v1 or v2. */
void observe_cgroup(int dir, const struct observer *o);
/* proc: a directory of procfs; of the network namespace of a process there
   ("self"). */
void observe_network(int proc, const char *process, const struct observer *o);
/* Of all processes there but this one. */
void observe_sums(int proc, int except, const struct observer *o);

#endif
