/*
 * The keys of who presents, one by one: what a key means, whatever bytes it
 * sends.  Those that command have Ctrl, so that letters are free to type with;
 * the keys of a remote control for slides (page up, page down) count as well.
 */
#ifndef ADDESH_PRESENT_KEYS_H
#define ADDESH_PRESENT_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

struct host;
struct loop_fd;
struct signals;

enum present_key {
	KEY_NONE, /* none came in time */
	KEY_ANY,  /* one that means nothing: the next character */
	KEY_ENTER,
	KEY_NEXT, /* those behind it command something else */
	KEY_PREVIOUS,
	KEY_GO,
	KEY_SKIP,
	KEY_RETRY,
	KEY_TAKE,
	KEY_FALL_BACK,
	KEY_CLEAR,
	KEY_NOTES,
	KEY_STOP,    /* Ctrl-C */
	KEY_END,     /* Ctrl-D */
	KEY_RESUMED, /* none: we were stopped, and go on */
	KEY_GONE,    /* none will come: the terminal went, or we are to end */
};

struct keys {
	struct host *host;
	struct signals *signals;
	struct loop_fd *watch; /* NULL: they are somebody else's */
	struct strbuf in; /* bytes that no key was made of yet */
	char byte; /* the first one of the last key */
	bool woken, suspended, gone;
	/* Called at once for each key while this is set, for keys that do
	   something to what runs. */
	void (*live)(void *arg, enum present_key key);
	void *arg;
};

/* The terminal is open; from here on its keys are ours. */
void keys_open(struct keys *k, struct host *h, struct signals *signals);
/* They are somebody else's; keys_open() takes them back. */
void keys_close(struct keys *k);
/* Waits for one until that time of clock_ms() (INT64_MAX: for ever). */
enum present_key keys_wait(struct keys *k, int64_t until_ms);
/* What was pressed until now was not meant for what comes. */
void keys_forget(struct keys *k);

/* The list of `help --keys`. */
void keys_list(struct strbuf *sb);
/* The same in few words, for who cannot look it up just now. */
const char *keys_reminder(void);

#endif
