/*
 * The system calls that programs of a restricted sandbox do not get: a filter
 * in the kernel's own form, which the runner loads just before it executes a
 * program (seccomp(2)).  It does not bind the runner.
 */
#ifndef ADDESH_SANDBOX_SECCOMP_H
#define ADDESH_SANDBOX_SECCOMP_H

#include "base/err.h"
#include "base/strbuf.h"

/* Appends struct sock_filter[] for this machine. */
int seccomp_export(struct strbuf *out, struct err *err);

#endif
