#include "cmd/pager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sanitise.h"
#include "base/strvec.h"
#include "cmd/child.h"
#include "cmd/output.h"

static const char *
pager_command(void)
{
	const char *p = getenv("ADDESH_PAGER");

	p = p ? p : getenv("PAGER");
	return p ? p : "less";
}

bool
pager_wanted(const struct output *o, const struct strbuf *text)
{
	const char *p = text->buf, *end = text->buf + text->len;
	const char *command = pager_command();
	int columns, rows, lines = 0;

	if (o->pager == OUTPUT_NEVER || !*command || !strcmp(command, "cat") ||
	    !isatty(STDIN_FILENO))
		return false;
	if (o->pager == OUTPUT_ALWAYS)
		return true;
	if (!output_is_smart()) /* less would only complain */
		return false;
	output_size(o, &columns, &rows);
	while (p < end && lines < rows) {
		const char *nl = memchr(p, '\n', end - p);

		nl = nl ? nl : end;
		lines += 1 + (nl - p) / columns;
		p = nl + 1;
	}
	return lines >= rows;
}

void
pager_show(struct loop *l, const struct strbuf *text)
{
	autobuf struct strbuf safe = STRBUF_INIT;
	autovec struct strvec argv = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	struct sanitiser plain = {0};
	int fd[2];
	pid_t pid = -1;

	sanitise_add(&plain, &safe, text->buf, text->len);
	sanitise_end(&plain, &safe);
	child_words(&argv, pager_command());
	/* Leave at once if it fits, keep colours, leave the screen alone, and
	   tell those who have never seen it how to get out. */
	setenv("LESS", "-FIRX -Ps?e(end):--more--. Space goes on, q ends$", 0);
	setenv("LESSCHARSET", "utf-8", 0);
	if (argv.n && pipe2(fd, O_CLOEXEC) == 0) {
		pid = child_start(argv.v, fd[0], &err);
		close(fd[0]);
		if (pid >= 0)
			child_feed(l, fd[1], safe.buf, safe.len);
		close(fd[1]);
	}
	if (pid < 0)
		io_write_all(STDOUT_FILENO, safe.buf, safe.len);
	else if (child_wait(l, pid) > 128) /* after the ^C on its line */
		io_write_all(STDOUT_FILENO, "\n", 1);
}
