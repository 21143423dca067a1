/*
 * The files of a named session, one of which is the input: the first byte says
 * which.  Whatever they hold, the session is opened, read, each step is made
 * one of a session file, and it takes a step that is there afterwards.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/saved_step.h"
#include "session/named.h"
#include "session/steps.h"
#include "fuzz.h"

/* In memory where that can be had, as some files are synced. */
static char top[] = "/dev/shm/addesh-fuzz-XXXXXX";

static void
remove_top(void)
{
	autoerr struct err ignored = ERR_INIT;

	io_remove_tree(top, &ignored);
}

static void
make_top(void)
{
	static bool made;

	if (!made && !mkdtemp(top)) {
		memcpy(top, "/var/tmp", 8);
		if (!mkdtemp(top))
			abort();
	}
	if (!made)
		atexit(remove_top);
	made = true;
}

static void
write_file(const char *name, const void *p, size_t n)
{
	autofree char *path = io_join(top, name);
	autoclose int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || io_write_all(fd, p, n))
		abort();
}

static void
write_files(const unsigned char *data, size_t size)
{
	static const char *const names[] = {"named/x/session.json",
	    "named/x/steps/1.json", "named/x/steps/1.log",
	    "named/x/steps/last"};
	static const char *const usual[] = {"{}",
	    ("{\"command\":\"run a\",\"status\":0,\"result\":{},\"shown\":"
	    "{\"log\":[9,9],\"own\":[[1,\"o\",2,\"x\"],[2,\"e\",1,\"y\"]]}}"),
	    "", "1"};
	autofree char *dir = NULL;
	autoerr struct err err = ERR_INIT;

	make_top();
	remove_top();
	dir = io_join(top, "named/x/steps");
	if (io_mkdirs(dir, 0700, &err))
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (i == data[0] % ARRAY_SIZE(names))
			write_file(names[i], data + 1, size - 1);
		else
			write_file(names[i], usual[i], strlen(usual[i]));
}

static bool
read_record(void *arg, const struct step_record *r)
{
	/* Each byte that is handed over can be read. */
	for (size_t i = 0; i < r->n; i++)
		*(unsigned *)arg += (unsigned char)r->p[i];
	return true;
}

/* As a session file would have it. */
static void
save(struct steps *s, unsigned n)
{
	struct saved_step saved;
	autoerr struct err err = ERR_INIT;
	int rc = saved_step_read(&saved, s, n, &err);

	if (rc ? !err.kind : !saved.text.len || err.kind)
		abort();
	for (size_t i = 0; i < saved.answer.n_events; i++) {
		const struct answer_event *e = &saved.answer.events[i];

		if (e->start + e->n > saved.answer.stream[e->fd].len)
			abort();
	}
	saved_step_release(&saved);
}

static void
read_all(struct steps *s)
{
	unsigned last = steps_last(s), sum = 0;

	for (unsigned n = 1; n <= last && n < 4; n++) {
		autoerr struct err err = ERR_INIT;
		autojson json *j = steps_load_whole(s, n, &err);

		if (!j && !err.kind)
			abort();
		err_clear(&err);
		steps_read_log(s, n, read_record, &sum, &err);
		err_clear(&err);
		save(s, n);
	}
	steps_last_log(s);
}

static void
add_step(struct steps *s)
{
	struct step *st = step_begin(s, "true", NULL, NULL);
	unsigned n = step_number(st);
	autoerr struct err err = ERR_INIT;
	autojson json *j = NULL;

	if (step_end(st, 0, NULL, NULL, &err) || step_close(st, &err))
		abort();
	j = steps_load(s, n, &err);
	if (n < 2 || strcmp(json_str(j, "state", ""), "done"))
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autoerr struct err err = ERR_INIT;
	struct named_info info;
	struct named *n;
	struct steps *s;

	if (!size)
		return 0;
	write_files(data, size);
	n = named_open(top, "x", &err);
	if (!n || !named_process(n) || !cJSON_IsObject(named_state(n)))
		abort();
	s = steps_shared(n);
	read_all(s);
	add_step(s);
	steps_free(s);
	named_close(n);
	if (named_info(top, "x", &info, &err) || info.steps != 2)
		abort();
	named_info_release(&info);
	return 0;
}
