/*
 * Readers of test reports, with files that real frameworks wrote, in
 * tests/unit/reports: NAME is the report and NAME.want what it says:
 *
 *	format: FORMAT  root: DIR  module: NAME  status: EXIT
 *	files: PATH...		those of the project; none: all are
 *	---
 *	STATE SUITE > NAME [FILE:LINE]: first line of the message
 *	...
 *	total N passed N ...	that are not 0
 *	inconsistent: WHY
 *	error: WHY
 */
#include <dirent.h>

#include "base/io.h"
#include "base/strvec.h"
#include "project/report.h"
#include "tap.h"

struct expected {
	struct strvec files;
	char *format, *dir, *module;
	int status; /* -1: not given */
	const char *text;
};

static bool
is_listed(void *arg, const char *path)
{
	const struct expected *e = arg;

	return strvec_has(&e->files, path);
}

static void
read_directive(struct expected *e, char *line)
{
	char *word, *value = strchr(line, ':');

	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " ");
	if (!strcmp(line, "format"))
		e->format = xstrdup(value);
	else if (!strcmp(line, "root"))
		e->dir = xstrdup(value);
	else if (!strcmp(line, "module"))
		e->module = xstrdup(value);
	else if (!strcmp(line, "status"))
		e->status = atoi(value);
	else if (!strcmp(line, "files"))
		while ((word = strsep(&value, " ")))
			strvec_push(&e->files, word);
}

static void
read_expected(struct expected *e, char *text)
{
	char *line;

	*e = (struct expected){.files = STRVEC_INIT, .status = -1};
	while ((line = strsep(&text, "\n")) && strcmp(line, "---"))
		read_directive(e, line);
	e->text = text ? text : "";
}

static void
release_expected(struct expected *e)
{
	strvec_release(&e->files);
	free(e->format);
	free(e->dir);
	free(e->module);
}

static void
add_case(struct strbuf *out, const struct test_case *c)
{
	strbuf_addf(out, "%s%s %s > %s", test_state_name(c->state),
	    c->collection ? " (collection)" : "", c->suite ? c->suite : "-",
	    c->name);
	if (c->file)
		strbuf_addf(out, " [%s:%u]", c->file, c->line);
	if (c->message)
		strbuf_addf(
		    out, ": %.*s", (int)strcspn(c->message, "\n"), c->message);
	strbuf_addc(out, '\n');
}

static void
add_report(struct strbuf *out, const struct test_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		add_case(out, &r->cases[i]);
	strbuf_addf(out, "total %d", (int)test_report_total(r));
	for (int i = 0; i < TEST_STATES; i++)
		if (r->counts[i])
			strbuf_addf(out, " %s %d", test_state_name(i),
			    (int)r->counts[i]);
	strbuf_addc(out, '\n');
	if (r->inconsistent)
		strbuf_addf(out, "inconsistent: %s\n", r->inconsistent);
}

static void
test_file(const char *dir, const char *name)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	autofree char *expected_path = xasprintf("%s.want", path);
	autobuf struct strbuf text = STRBUF_INIT, want = STRBUF_INIT;
	autobuf struct strbuf got = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct source_root root = {0};
	struct test_report r;
	struct expected e;

	if (io_read_file(path, &text, TEST_REPORT_BYTES_MAX, &err) ||
	    io_read_file(expected_path, &want, 1 << 20, &err)) {
		ok(0, "%s", err.msg.buf);
		return;
	}
	read_expected(&e, want.buf);
	root.dir = e.dir;
	root.module = e.module;
	root.exists = e.files.n ? is_listed : NULL;
	root.arg = &e;
	test_report_init(&r);
	if (test_report_read(
		&r, e.format ? e.format : "", text.buf, text.len, &root, &err))
		strbuf_addf(&got, "error: %s\n", err.msg.buf);
	if (e.status >= 0)
		test_report_judge(&r, e.status);
	add_report(&got, &r);
	is_str(got.buf, e.text, "%s", name);
	test_report_release(&r);
	release_expected(&e);
}

/* Each file with an expectation beside it. */
static void
test_files(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), count = 0;

	for (int i = 0; i < n; i++) {
		char *name = names[i]->d_name;

		if (str_ends(name, ".want")) {
			name[strlen(name) - 5] = '\0';
			test_file(dir, name);
			count++;
		}
		free(names[i]);
	}
	free(n >= 0 ? names : NULL);
	ok(count, "reports in %s", dir);
}

int
main(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *dir =
	    xasprintf("%s/tests/unit/reports", source ? source : ".");

	test_files(dir);
	return done();
}
