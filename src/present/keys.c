#include "present/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/loop.h"
#include "cmd/host.h"
#include "cmd/terminal.h"
#include "shell/signals.h"

enum { ESC = 0x1b };
/* The bytes of one key come together. */
enum { KEY_MS = 50, KEY_MAX = 16 };

static const struct row {
	char byte;
	enum present_key key;
	const char *shown, *help;
} rows[] = {
    {0, KEY_ANY, "any key", "type the next character; show the next section"},
    {'\r', KEY_ENTER, "Enter", "the same; at the end of the command, run it"},
    {'\n', KEY_ENTER, NULL, NULL},
    {'N' & 31, KEY_NEXT, "Ctrl-N, Page Down",
	"all that comes next: a section, a command, its run"},
    {'P' & 31, KEY_PREVIOUS, "Ctrl-P, Page Up",
	"show the step before again, without running it"},
    {'G' & 31, KEY_GO, "Ctrl-G", "go to a step, by its number or id"},
    {'S' & 31, KEY_SKIP, "Ctrl-S", "leave the step out"},
    {'R' & 31, KEY_RETRY, "Ctrl-R", "run the last step once more"},
    {'T' & 31, KEY_TAKE, "Ctrl-T",
	"take over the prompt; the same key gives it back"},
    {'F' & 31, KEY_FALL_BACK, "Ctrl-F",
	"show what was recorded, where it goes wrong"},
    {'L' & 31, KEY_CLEAR, "Ctrl-L", "clear the screen"},
    {'Y' & 31, KEY_NOTES, "Ctrl-Y", "show the notes here"},
    {'C' & 31, KEY_STOP, "Ctrl-C", "stop the step that runs, and only that"},
    {'D' & 31, KEY_END, "Ctrl-D", "end; asks if steps are left"},
};

void
keys_list(struct strbuf *sb)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].shown)
			strbuf_addf(sb, "  %-20s%s\n", rows[i].shown,
			    rows[i].help);
}

const char *
keys_reminder(void)
{
	return "^N next, ^P again, ^G go to, ^S skip, ^R retry, ^T take over, "
	       "^F recorded, ^L clear, ^Y notes, ^C stop, ^D end";
}

static void
on_signal(void *arg, int signo)
{
	struct keys *k = arg;

	k->woken = true;
	k->suspended |= signo == SIGTSTP;
}

static enum present_key
key_of(char byte)
{
	for (size_t i = 1; i < ARRAY_SIZE(rows); i++)
		if (rows[i].byte == byte)
			return rows[i].key;
	return KEY_ANY;
}

/* Bytes of what an escape begins, 0: more are needed (ECMA-48, 5.4). */
static size_t
escape_length(const char *s, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return 0;
	if (s[1] == 'O')
		return n < 3 ? 0 : 3;
	if (s[1] != '[')
		return 2;
	while (i < n && (s[i] < 0x40 || s[i] > 0x7e))
		i++;
	return i < n ? i + 1 : 0;
}

static enum present_key
key_of_escape(const char *s, size_t n)
{
	if (n == 4 && !memcmp(s + 2, "6~", 2))
		return KEY_NEXT;
	if (n == 4 && !memcmp(s + 2, "5~", 2))
		return KEY_PREVIOUS;
	return KEY_ANY;
}

/* KEY_NONE: there is none, or (unless late) not yet all of it. */
static enum present_key
take(struct keys *k, bool late)
{
	enum present_key key = KEY_ANY;
	const char *s = k->in.buf;
	int n = 0;

	if (!k->in.len)
		return KEY_NONE;
	k->byte = *s;
	if (*s == ESC) {
		n = (int)escape_length(s, k->in.len);
		key = n ? key_of_escape(s, n) : KEY_ANY;
	} else if ((unsigned char)*s < 0x80) {
		n = 1;
		key = key_of(*s);
	} else {
		n = utf8_next(s, k->in.len, NULL);
		n = n < 0 ? 0 : n ? n : 1;
	}
	if (!n && !late && k->in.len < KEY_MAX)
		return KEY_NONE;
	strbuf_consume(&k->in, n ? (size_t)n : k->in.len);
	return key;
}

static void
on_input(void *arg, int fd, unsigned events)
{
	struct keys *k = arg;
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));
	enum present_key key;

	k->woken = true;
	if (n > 0)
		strbuf_add(&k->in, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		k->gone = true;
		loop_fd_set(k->watch, 0);
	}
	while (k->live && (key = take(k, false)) != KEY_NONE)
		k->live(k->arg, key);
}

void
keys_open(struct keys *k, struct host *h, struct signals *signals)
{
	k->host = h;
	k->signals = signals;
	strbuf_reset(&k->in);
	terminal_use_keys(true);
	k->watch = loop_fd_add(h->loop, STDIN_FILENO, POLLIN, on_input, k);
}

void
keys_close(struct keys *k)
{
	loop_fd_remove(k->watch);
	k->watch = NULL;
	strbuf_release(&k->in);
	terminal_use_keys(false);
}

void
keys_forget(struct keys *k)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
	strbuf_reset(&k->in);
}

/* What is no byte of the terminal. */
static enum present_key
happened(struct keys *k)
{
	struct host *h = k->host;

	if (h->terminated || k->gone)
		return KEY_GONE;
	if (h->interrupted) {
		h->interrupted = 0;
		strbuf_reset(&k->in);
		return KEY_STOP;
	}
	if (!k->suspended)
		return KEY_NONE;
	k->suspended = false;
	terminal_stop();
	return KEY_RESUMED;
}

static enum present_key
wait_key(struct keys *k, int64_t until_ms)
{
	enum present_key key;
	bool late = false;
	int64_t limit;

	for (;;) {
		if ((key = happened(k)) != KEY_NONE ||
		    (key = take(k, late)) != KEY_NONE)
			return key;
		if (clock_ms() >= until_ms)
			return KEY_NONE;
		limit = k->in.len ? clock_ms() + KEY_MS : until_ms;
		k->woken = false;
		late = !loop_until(k->host->loop, &k->woken,
		    limit < until_ms ? limit : until_ms);
	}
}

enum present_key
keys_wait(struct keys *k, int64_t until_ms)
{
	enum present_key key;

	k->signals->editor = on_signal;
	k->signals->arg = k;
	key = wait_key(k, until_ms);
	k->signals->editor = NULL;
	return key;
}
