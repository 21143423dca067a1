/*
 * Memory of a restricted sandbox where no cgroup can be had: looked at from
 * outside several times a second, and the run ended when it is too much.  That
 * is weaker than a limit of the kernel and is reported so.  Counted are
 * anonymous and shared pages (a page that several processes share once) and
 * memfds, mapped or not.  Content of files in the writable places has bounds of
 * its own; what the kernel needs for ever more empty ones is counted too.
 */
#ifndef ADDESH_SANDBOX_SAMPLER_H
#define ADDESH_SANDBOX_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

#define SAMPLER_PERIOD_MS 50

struct sampler;

/*
 * Of all descendants of root, or, without processes, of files only: where a
 * cgroup has a limit they would leave no room for the next run.  exceeded(arg)
 * is called once for each run.
 */
struct sampler *sampler_new(struct loop *loop, pid_t root, bool processes,
    uint64_t limit, void (*exceeded)(void *arg), void *arg);
void sampler_free(struct sampler *s); /* NULL is fine */
/* A run begins: forgets the last one. */
void sampler_start(struct sampler *s);
void sampler_stop(struct sampler *s);
bool sampler_hit(const struct sampler *s);
/* How many there were if it was files that were too much, else 0. */
uint64_t sampler_files(const struct sampler *s);
/* Bytes, the most that was seen in this run. */
uint64_t sampler_peak(const struct sampler *s);

#endif
