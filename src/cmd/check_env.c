/* check --workspace: files of the environment. */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "cmd/check_input.h"
#include "project/template.h"
#include "session/session.h"

struct listing {
	struct call *c;
	struct ignore *ignore;
	struct strvec files; /* relative to what is listed; "": itself */
	size_t skipped;
	uint64_t bytes;
	bool directory;
};

static void
on_entry(void *arg, const struct box_entry *e)
{
	struct listing *l = arg;

	if (!*e->path) {
		l->directory = e->type == 'd';
		if (e->type == 'f')
			strvec_push(&l->files, "");
		return;
	}
	if (e->type != 'f' || e->sys || ignore_path(l->ignore, e->path))
		return;
	if (!check_texts_may_know(l->c->session, e->path)) {
		l->skipped++;
		return;
	}
	strvec_push(&l->files, e->path);
	l->bytes += e->size;
}

static void
on_bytes(void *arg, int fd, const void *p, size_t n, bool tail)
{
	strbuf_add(arg, p, n);
}

static int
take_file(struct check_texts *t, struct call *c, const char *path,
    const char *language)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct box_sink sink = {.out = on_bytes, .arg = &text};

	if (box_cat(c->env->box, path, CHECK_TEXT_MAX, &sink, &c->err))
		return err_prefix(&c->err, "%s", path);
	check_texts_add(t, path, text.buf, text.len, language);
	return 0;
}

static int
take_files(struct check_texts *t, struct listing *l, const char *path,
    const char *language)
{
	struct call *c = l->c;
	uint64_t bytes = 0;

	if (l->files.n > CHECK_FILES_MAX || l->bytes > CHECK_BYTES_MAX)
		return check_texts_too_many(c, path);
	strvec_sort(&l->files);
	for (size_t i = 0; i < l->files.n; i++) {
		const char *below = l->files.v[i];
		autofree char *file = !*below || !strcmp(path, ".")
					  ? xstrdup(*below ? below : path)
					  : io_join(path, below);

		if (take_file(t, c, file, *below ? NULL : language))
			return -1;
		/* It may have grown since it was listed. */
		bytes += t->v[t->n - 1].n;
		if (bytes > CHECK_BYTES_MAX)
			return check_texts_too_many(c, path);
	}
	t->directory |= l->directory;
	t->skipped += l->skipped;
	return 0;
}

int
check_texts_read_env(struct check_texts *t, struct call *c, const char *word,
    const char *language)
{
	struct listing l = {.c = c, .files = STRVEC_INIT};
	size_t n = strlen(word), len;
	autofree char *path = NULL, *rules = NULL;
	int rc = -1;

	while (n > 1 && word[n - 1] == '/')
		n--;
	path = xstrndup(word, n);
	rules = template_read("dockerignore", &len, &c->err);
	if (rules)
		l.ignore = ignore_parse("dockerignore", rules, len, &c->err);
	if (l.ignore &&
	    !box_list_all(c->env->box, path, on_entry, &l, &c->err))
		rc = take_files(t, &l, path, language);
	else if (l.ignore && c->err.code == ENOENT)
		err_hint(&c->err, "what is there:  ls");
	ignore_free(l.ignore);
	strvec_release(&l.files);
	return rc;
}
