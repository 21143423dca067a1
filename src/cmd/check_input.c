#include "cmd/check_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cmd/check_dockerfile.h"
#include "cmd/dispatch.h"
#include "cmd/opts.h"
#include "cmd/step_call.h"
#include "lexer/lexer.h"
#include "pack/beneath.h"
#include "pack/tree.h"
#include "project/template.h"
#include "session/project_tree.h"

void
check_texts_release(struct check_texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free((char *)t->v[i].name);
		free((char *)t->v[i].text);
	}
	free(t->v);
}

void
check_texts_add(struct check_texts *t, const char *name, const char *text,
    size_t n, const char *language)
{
	GROW(t->v, t->n, &t->cap);
	t->v[t->n++] = (struct check_input){.name = xstrdup(name),
	    .text = n ? xmemdup(text, n) : xstrdup(""),
	    .n = n,
	    .language = language};
}

static int
read_file(struct check_texts *t, struct call *c, const char *path,
    const char *language)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (io_read_file(path, &text, CHECK_TEXT_MAX, &c->err))
		return -1;
	check_texts_add(t, path, text.buf, text.len, language);
	return 0;
}

/* ---- directories ---- */

static struct ignore *
read_ignore(const char *dir, struct err *err)
{
	autofree char *path = io_join(dir, ".dockerignore");
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *ready = NULL;
	size_t len;
	int rc = project_rules_file(dir, ".dockerignore", &text, err);

	if (rc)
		return rc < 0 ? NULL
			      : ignore_parse(path, text.buf, text.len, err);
	ready = template_read("dockerignore", &len, err);
	return ready ? ignore_parse("dockerignore", ready, len, err) : NULL;
}

int
check_texts_too_many(struct call *c, const char *dir)
{
	err_set(&c->err, ERR_USAGE, "%s holds too much to be checked at once: "
	    "more than %d files, or %u MB", dir, CHECK_FILES_MAX,
	    CHECK_BYTES_MAX >> 20);
	return err_hint(&c->err, "name a directory in it");
}

bool
check_texts_may_know(struct session *s, const char *path)
{
	struct check_input in = {.name = path, .text = "", .n = 0};

	return check_is_dockerfile_name(path) || check_knows(s, &in);
}

/* As the directory has it now: one that became a link is left out. */
static int
read_entry(struct check_texts *t, struct call *c, const struct tree_entry *e,
    const char *path)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoclose int fd = open_beneath(e->dir, e->name, O_RDONLY);
	struct stat st;

	if (fd < 0 && errno != ELOOP && errno != ENOENT)
		return err_sys(&c->err, errno, "%s", path);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		t->skipped++;
		return 0;
	}
	if (io_read_all(fd, &text, CHECK_TEXT_MAX, &c->err))
		return err_prefix(&c->err, "%s", path);
	check_texts_add(t, path, text.buf, text.len, NULL);
	return 0;
}

static int
take_entry(struct check_texts *t, struct call *c, const char *dir,
    const struct tree_entry *e, size_t *bytes)
{
	autofree char *path = NULL;
	size_t had = t->n;

	if (!S_ISREG(e->st.st_mode))
		return 0;
	path = !strcmp(dir, ".") ? xstrdup(e->path) : io_join(dir, e->path);
	if (!check_texts_may_know(c->session, path)) {
		t->skipped++;
		return 0;
	}
	if (read_entry(t, c, e, path))
		return -1;
	*bytes += t->n > had ? t->v[had].n : 0;
	return t->n <= CHECK_FILES_MAX && *bytes <= CHECK_BYTES_MAX
		   ? 0
		   : check_texts_too_many(c, dir);
}

static int
walk(struct check_texts *t, struct call *c, const char *dir, int fd,
    const struct ignore *ig)
{
	struct context_count count = {0};
	autovec struct strvec skipped = STRVEC_INIT;
	struct overlay none = {0};
	struct tree_spec spec = {.root = fd,
	    .title = dir,
	    .prefix = "",
	    .overlay = &none,
	    .ignore = ig,
	    .count = &count,
	    .skipped = &skipped};
	struct tree *tree = tree_open(&spec, &c->err);
	struct tree_entry e;
	size_t bytes = 0;
	int rc = tree ? 1 : -1;

	while (rc > 0) {
		rc = tree_next(tree, &e, &c->err);
		if (rc == 1 && take_entry(t, c, dir, &e, &bytes))
			rc = -1;
	}
	tree_close(tree);
	return rc;
}

static int
read_directory(struct check_texts *t, struct call *c, const char *path)
{
	size_t n = strlen(path);
	autofree char *dir = NULL;
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ignore *ig;
	int rc;

	if (fd < 0)
		return err_sys(&c->err, errno, "%s", path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	dir = xstrndup(path, n);
	t->directory = true;
	ig = read_ignore(dir, &c->err);
	if (!ig)
		return -1;
	rc = walk(t, c, dir, fd, ig);
	ignore_free(ig);
	return rc;
}

/* ---- steps ---- */

/* $NAME has in a step the value that the step's record has for it. */
static char *
value_of(void *arg, const char *name)
{
	const char *value = strvec_env_get(arg, name);

	return xstrdup(value ? value : "");
}

static int
split(const char *text, const json *record, struct strvec *words,
    struct err *err)
{
	autovec struct strvec vars = STRVEC_INIT;
	struct lex_line line;
	int rc = -1;

	json_strings(json_path(record, "about.vars"), &vars);
	if (lex_line(&line, text, strlen(text), 1, 0, SIZE_MAX, err) ==
		LEX_OK && line.n) {
		rc = 0;
		for (size_t i = 0; i < line.cmds[0].n && !rc; i++) {
			struct strbuf word = STRBUF_INIT;

			rc = lex_expand(&line.cmds[0].words[i], value_of,
			    &vars, &word, err);
			strvec_push_owned(words, strbuf_detach(&word));
		}
	}
	lex_line_release(&line);
	return rc;
}

/* The program of a `run`: what stood in its heredoc, else the file that it
   named, as that is now. */
static int
take_run(struct check_texts *t, struct call *c, const json *record,
    const char *word, const struct optset *set)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const struct optval *lang = optset_get(set, "lang");
	const char *file = set->operands.n ? set->operands.v[0] : "program";
	const char *language =
	    lang->given ? lang->values.v[lang->values.n - 1] : NULL;
	autofree char *name = NULL;

	if (!step_call_input(record, &text)) {
		call_note(c, "%s ran %s, which is checked as it is now", word,
		    file);
		if (call_may_use_path(c, SET_HOST_READ, file))
			return -1;
		if (io_read_file(file, &text, CHECK_TEXT_MAX, &c->err))
			return -1;
	} else if (json_bool(record, "input_truncated", false)) {
		return err_set(&c->err, ERR_USAGE,
		    "%s: its heredoc was too long to be kept whole", word);
	}
	name = xasprintf("%s:%s", word, strcmp(file, "-") ? file : "program");
	check_texts_add(t, name, text.buf, text.len, NULL);
	/* The set goes, and the languages of the session stay. */
	if (language) {
		struct languages *all =
		    session_languages(c->session, &c->err);
		const struct language *l =
		    all ? languages_by_name(all, language) : NULL;

		t->v[t->n - 1].language = l ? l->name : NULL;
	}
	return 0;
}

static int
read_step(struct check_texts *t, struct call *c, const char *word)
{
	autovec struct strvec words = STRVEC_INIT;
	autobuf struct strbuf text = STRBUF_INIT;
	autojson json *record = NULL;
	const struct cmd *row;
	struct optset set;
	unsigned step;
	size_t used;
	int rc = -1;

	record = step_call_load(c, word, &step);
	if (!record || step_call_text(record, &text, &c->err) ||
	    split(text.buf, record, &words, &c->err))
		return record ? err_prefix(&c->err, "%s", word) : -1;
	row = dispatch_resolve(words.v, words.n, false, &used, &c->err);
	if (!row)
		return -1;
	if (strcmp(row->name, "run"))
		return err_set(&c->err, ERR_USAGE,
		    "%s is no run: it has no program", word);
	optset_init(&set, row);
	if (!opts_parse(
		&set, row, words.v + used, words.n - used, &c->err))
		rc = take_run(t, c, record, word, &set);
	optset_release(&set);
	return rc;
}

int
check_texts_read(struct check_texts *t, struct call *c, const char *word,
    const char *language)
{
	struct stat st;

	if (c->heredoc) {
		check_texts_add(t, word, c->heredoc->buf, c->heredoc->len,
		    language);
		return 0;
	}
	if (word[0] == '@' && word[1] >= '0' && word[1] <= '9')
		return read_step(t, c, word);
	if (call_may_use_path(c, SET_HOST_READ, word))
		return -1;
	if (!stat(word, &st) && S_ISDIR(st.st_mode))
		return read_directory(t, c, word);
	return read_file(t, c, word, language);
}
