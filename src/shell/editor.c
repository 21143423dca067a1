#include "shell/editor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strvec.h"
#include "cmd/child.h"

enum { TEXT_MAX = 8 << 20 };

static const char *
editor_command(void)
{
	const char *s = getenv("VISUAL");

	s = s && *s ? s : getenv("EDITOR");
	return s && *s ? s : "vi";
}

static bool
run(struct loop *l, const char *path)
{
	autovec struct strvec argv = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	pid_t pid;

	child_words(&argv, editor_command());
	strvec_push(&argv, path);
	pid = child_start(argv.v, -1, &err);
	return pid > 0 && child_wait(l, pid) == 0;
}

bool
editor_edit(struct loop *l, struct strbuf *text)
{
	const char *tmp = getenv("TMPDIR");
	autofree char *path =
	    xasprintf("%s/addesh-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	autobuf struct strbuf edited = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	int fd = mkostemp(path, O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = io_write_all(fd, text->buf, text->len) == 0;
	close(fd);
	ok = ok && run(l, path) &&
	     io_read_file(path, &edited, TEXT_MAX, &err) == 0;
	unlink(path);
	if (!ok)
		return false;
	while (edited.len && edited.buf[edited.len - 1] == '\n')
		strbuf_truncate(&edited, edited.len - 1);
	strbuf_reset(text);
	strbuf_add(text, edited.buf, edited.len);
	return true;
}
