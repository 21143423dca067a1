/* Architectures in Go's words, which are those of images and platforms. */
#ifndef ADDESH_BASE_ARCH_H
#define ADDESH_BASE_ARCH_H

/*
 * "amd64" for "x86_64", and so on: for a machine as uname(2) has it, and for
 * what platforms.Parse of github.com/containerd/platforms takes, letter case
 * aside.  name itself, borrowed, if it is none of these.
 */
const char *arch_name(const char *name);
/* Of this machine; static. */
const char *arch_host(void);

#endif
