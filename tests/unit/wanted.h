/*
 * Files of tools, and what a reader has to make of them: beside each NAME of a
 * directory lies NAME.want:
 *
 *	format: FORMAT
 *	root: DIR  module: NAME  status: EXIT	(each on its own line)
 *	files: PATH...		those of the project; none: all are
 *	---
 *	what the test writes of it
 */
#ifndef ADDESH_TESTS_WANTED_H
#define ADDESH_TESTS_WANTED_H

#include <dirent.h>

#include "base/io.h"
#include "base/strvec.h"
#include "project/source_path.h"
#include "tap.h"

struct wanted {
	struct strvec files;
	char *format, *dir, *module;
	int status; /* -1: not given */
	struct source_root root;
	const char *text;
};

/* What is written of the n bytes of a file. */
typedef void (*wanted_write)(
    const struct wanted *w, const char *text, size_t n, struct strbuf *out);

static inline bool
wanted_exists(void *arg, const char *path)
{
	const struct wanted *w = arg;

	return strvec_has(&w->files, path);
}

/* Nothing is there, and the size_t says how often it was asked. */
static inline bool
wanted_count_lookup(void *arg, const char *path)
{
	(void)path;
	++*(size_t *)arg;
	return false;
}

static inline void
wanted_directive(struct wanted *w, char *line)
{
	char *word, *value = strchr(line, ':');

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " ");
	if (!strcmp(line, "format"))
		w->format = xstrdup(value);
	else if (!strcmp(line, "root"))
		w->dir = xstrdup(value);
	else if (!strcmp(line, "module"))
		w->module = xstrdup(value);
	else if (!strcmp(line, "status"))
		w->status = atoi(value);
	else if (!strcmp(line, "files"))
		while ((word = strsep(&value, " ")))
			strvec_push(&w->files, word);
}

static inline void
wanted_read(struct wanted *w, char *text)
{
	char *line;

	*w = (struct wanted){.files = STRVEC_INIT, .status = -1};
	while ((line = strsep(&text, "\n")) && strcmp(line, "---"))
		wanted_directive(w, line);
	w->text = text ? text : "";
	w->root = (struct source_root){.dir = w->dir,
	    .module = w->module,
	    .exists = w->files.n ? wanted_exists : NULL,
	    .arg = w};
}

static inline void
wanted_test(const char *dir, const char *name, wanted_write write)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	autofree char *want_path = xasprintf("%s.want", path);
	autobuf struct strbuf text = STRBUF_INIT, want = STRBUF_INIT;
	autobuf struct strbuf got = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct wanted w;

	if (io_read_file(path, &text, 1 << 20, &err) ||
	    io_read_file(want_path, &want, 1 << 20, &err)) {
		ok(0, "%s", err.msg.buf);
		return;
	}
	wanted_read(&w, want.buf);
	write(&w, text.buf, text.len, &got);
	is_str(got.buf, w.text, "%s", name);
	strvec_release(&w.files);
	free(w.format);
	free(w.dir);
	free(w.module);
}

/* All of a directory of the source. */
static inline void
wanted_test_all(const char *below_source, wanted_write write)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *dir =
	    xasprintf("%s/%s", source ? source : ".", below_source);
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), count = 0;

	for (int i = 0; i < n; i++) {
		char *name = names[i]->d_name;

		if (str_ends(name, ".want")) {
			name[strlen(name) - 5] = '\0';
			wanted_test(dir, name, write);
			count++;
		}
		free(names[i]);
	}
	free(n >= 0 ? names : NULL);
	ok(count, "files in %s", below_source);
}

#endif
