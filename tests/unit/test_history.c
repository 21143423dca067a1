/* shell/history: the file of what was typed, where it is not as usual. */
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "shell/history.h"
#include "tap.h"

static bool no_locks;

/* In place of the C library's, which only makes the system call. */
int
flock(int fd, int how)
{
	if (!no_locks)
		return 0;
	errno = ENOLCK;
	return -1;
}

static void
test_kept(const char *path)
{
	autovec struct strvec texts = STRVEC_INIT;

	ok(history_append(path, "run a.py\n", 0, HISTORY_MASK, NULL), "a line");
	ok(!history_append(path, " secret\n", 0, HISTORY_MASK, NULL),
	    "one that begins with a blank is not kept");
	history_load(&texts, path, 10);
	is_int(texts.n, 1, "one line is loaded");
	is_str(texts.v[0], "run a.py", "as it was typed");
}

/* As on some network file systems: the shell goes on without. */
static void
test_no_locks(const char *path)
{
	autovec struct strvec texts = STRVEC_INIT;

	no_locks = true;
	alarm(20); /* not for ever */
	ok(history_append(path, "run b.py\n", 0, HISTORY_MASK, NULL),
	    "without locks a line is remembered");
	alarm(0);
	no_locks = false;
	history_load(&texts, path, 10);
	is_int(texts.n, 1, "and not written");
}

int
main(void)
{
	char top[] = "/tmp/addesh-history-XXXXXX";
	autoerr struct err err = ERR_INIT;

	if (!mkdtemp(top))
		abort();
	autofree char *path = io_join(top, "history");

	test_kept(path);
	test_no_locks(path);
	io_remove_tree(top, &err);
	return done();
}
