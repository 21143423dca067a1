/* Coverage in XML: Cobertura and JaCoCo. */
#include "project/coverage_impl.h"

#include <string.h>

#include "base/xml.h"

#define SOURCES_MAX 100    /* of Cobertura's, that are looked into */
#define LOOKUPS_MAX 500000 /* for files in them, in all */

struct xml_coverage {
	struct coverage_reading *cr;
	bool seen;            /* the root is the right one */
	struct strvec dirs;   /* of Cobertura's sources */
	struct strbuf source; /* text of one of them */
	unsigned lookups;     /* for files in them */
	bool in_source, in_methods;
	char *package; /* of JaCoCo */
	struct coverage_file *file;
};

/* A count in an attribute, up to a bound; 0 where it is none. */
static int64_t
count_attr(const char *const *attrs, const char *name)
{
	const char *value = xml_attr(attrs, name);
	char *end;
	long long count = value ? strtoll(value, &end, 10) : 0;

	if (!value || end == value || *end || count < 0)
		return 0;
	return count < COVERAGE_LINES_MAX ? count : COVERAGE_LINES_MAX;
}

static int
check_root(struct xml_coverage *x, const char *name, const char *wanted,
    struct err *err)
{
	if (!x->seen && strcmp(name, wanted))
		return err_set(err, ERR_IO,
		    "no such coverage: its root is <%.40s>, not <%s>", name,
		    wanted);
	x->seen = true;
	return 0;
}

/* Names are relative to one of the sources, of which only the file system
   knows which, or to the project. */
static char *
cobertura_path(struct xml_coverage *x, const char *name)
{
	char *path = NULL;

	for (size_t i = 0; i < x->dirs.n && !path; i++) {
		if (x->lookups++ >= LOOKUPS_MAX) {
			err_set(x->cr->err, ERR_IO,
			    "coverage of too many files in too many "
			    "directories");
			return NULL;
		}
		path = source_path_at(x->cr->root, x->dirs.v[i], name);
	}
	return path || x->dirs.n ? path : source_path(x->cr->root, name);
}

static int
cobertura_start(
    void *arg, const char *name, const char *const *attrs, struct err *err)
{
	struct xml_coverage *x = arg;
	const char *file = xml_attr(attrs, "filename");

	if (check_root(x, name, "coverage", err))
		return -1;
	if (!strcmp(name, "source"))
		x->in_source = true;
	else if (!strcmp(name, "class") && file)
		x->file = coverage_begin(x->cr, cobertura_path(x, file));
	else if (!strcmp(name, "methods")) /* the same lines once more */
		x->in_methods = true;
	else if (!strcmp(name, "line") && x->file && !x->in_methods)
		coverage_line(x->cr, x->file, count_attr(attrs, "number"),
		    count_attr(attrs, "hits") > 0);
	return err->kind ? -1 : 0;
}

static int
cobertura_end(void *arg, const char *name, struct err *err)
{
	struct xml_coverage *x = arg;

	if (!strcmp(name, "source")) {
		x->in_source = false;
		if (x->source.len && x->dirs.n < SOURCES_MAX)
			strvec_push(&x->dirs, x->source.buf);
		strbuf_reset(&x->source);
	} else if (!strcmp(name, "methods")) {
		x->in_methods = false;
	} else if (!strcmp(name, "class")) {
		x->file = NULL;
	}
	return 0;
}

static void
cobertura_text(void *arg, const char *s, size_t n)
{
	struct xml_coverage *x = arg;

	if (x->in_source && x->source.len + n < SOURCE_PATH_MAX)
		strbuf_add(&x->source, s, n);
}

static int
parse(struct coverage_reading *cr, const struct xml_handlers *handlers,
    const char *text, size_t n)
{
	struct xml_coverage x = {
	    .cr = cr, .dirs = STRVEC_INIT, .source = STRBUF_INIT};
	int rc = xml_parse(text, n, handlers, &x, cr->err);

	strvec_release(&x.dirs);
	strbuf_release(&x.source);
	free(x.package);
	return rc;
}

int
coverage_read_cobertura(struct coverage_reading *cr, const char *text, size_t n)
{
	static const struct xml_handlers handlers = {
	    cobertura_start, cobertura_end, cobertura_text};

	return parse(cr, &handlers, text, n);
}

/* Behind the lines of a source stand their numbers, once: each more would count
   all of its lines again. */
static void
jacoco_counter(struct xml_coverage *x, const char *const *attrs)
{
	const char *type = xml_attr(attrs, "type");
	int64_t covered = count_attr(attrs, "covered");

	if (!type || strcmp(type, "LINE"))
		return;
	coverage_hold(x->cr, x->file, covered,
	    covered + count_attr(attrs, "missed"));
	x->file = NULL;
}

static int
jacoco_start(
    void *arg, const char *name, const char *const *attrs, struct err *err)
{
	struct xml_coverage *x = arg;
	const char *value = xml_attr(attrs, "name");

	if (check_root(x, name, "report", err))
		return -1;
	if (!strcmp(name, "package")) {
		free(x->package);
		x->package = xstrdup(value ? value : "");
	} else if (!strcmp(name, "sourcefile") && value) {
		autofree char *path =
		    xasprintf("%s%s%s", x->package ? x->package : "",
			x->package && *x->package ? "/" : "", value);

		x->file =
		    coverage_begin(x->cr, source_path_java(x->cr->root, path));
	} else if (!strcmp(name, "line") && x->file) {
		coverage_line(x->cr, x->file, count_attr(attrs, "nr"),
		    count_attr(attrs, "ci") > 0);
	} else if (!strcmp(name, "counter") && x->file) {
		jacoco_counter(x, attrs);
	}
	return err->kind ? -1 : 0;
}

static int
jacoco_end(void *arg, const char *name, struct err *err)
{
	struct xml_coverage *x = arg;

	if (!strcmp(name, "sourcefile"))
		x->file = NULL;
	return 0;
}

int
coverage_read_jacoco(struct coverage_reading *cr, const char *text, size_t n)
{
	static const struct xml_handlers handlers = {
	    jacoco_start, jacoco_end, NULL};

	return parse(cr, &handlers, text, n);
}
