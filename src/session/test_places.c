/* Where the report of a run of tests will be, and that no old one is there. */
#include "session/test_run_impl.h"

#include <string.h>

#include "base/glob.h"

#define PLACES_MAX 1000 /* modules of a project, each with its reports */
#define PLACE_LEVELS 16 /* of directories in which those are looked for */

int
test_remove(struct testing *x, const struct strvec *paths, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;

	if (!paths->n)
		return 0;
	strvec_push(&argv, "rm");
	strvec_push(&argv, "-rf");
	strvec_push(&argv, "--");
	strvec_pushv(&argv, paths->v, paths->n);
	return test_ask(x, &argv, NULL, err) < 0 ? -1 : 0;
}

/* Directories of reports beside each file of a name, such as pom.xml. */
static void
add_beside(struct testing *x, const char *pattern, const char *path,
    struct strvec *out)
{
	for (size_t i = 0; i < x->files.paths.n; i++) {
		const char *file = x->files.paths.v[i];
		const char *slash = strrchr(file, '/');

		if (!glob_match(pattern, slash ? slash + 1 : file))
			continue;
		if (out->n >= PLACES_MAX) {
			x->places_cut = true;
			return;
		}
		strvec_pushf(out, "%s/%.*s%s", x->places.dir,
		    slash ? (int)(slash + 1 - file) : 0, file, path);
	}
}

struct finding {
	struct testing *x;
	const char *end;
	struct strvec *out;
};

static void
on_place(void *arg, const struct box_entry *e)
{
	struct finding *f = arg;
	size_t n = strlen(e->path), end = strlen(f->end);

	if (e->type != 'd' || n < end || strcmp(e->path + n - end, f->end) ||
	    (n > end && e->path[n - end - 1] != '/'))
		return;
	if (f->out->n >= PLACES_MAX)
		f->x->places_cut = true;
	else
		strvec_pushf(f->out, "%s/%s", f->x->places.dir, e->path);
}

int
test_find_places(
    struct testing *x, const char *end, struct strvec *out, struct err *err)
{
	struct finding f = {.x = x, .end = end, .out = out};

	return box_list(
	    x->env->box, "", PLACE_LEVELS, on_place, &f, err);
}

/*
 * A report where the framework always puts it may be an old one, or a
 * program's: it is removed, and what is still there then is no report.
 */
static int
clear_places(struct testing *x, const struct strvec *places, struct err *err)
{
	int rc = test_remove(x, places, err);

	for (size_t i = 0; !rc && i < places->n; i++)
		if (env_path_type(x->env, places->v[i]))
			rc = err_set(err, ERR_SANDBOX,
			    "an old report cannot be removed: %s",
			    places->v[i]);
	return rc;
}

int
test_clear_place(struct testing *x, const char *path, struct err *err)
{
	autovec struct strvec place = STRVEC_INIT;

	strvec_pushf(&place, "%s/%s", x->places.dir, path);
	return clear_places(x, &place, err);
}

/* Modules whose reports are wherever they are have no file that says so:
   theirs are found once more when the tests have run. */
static int
clear_anywhere(struct testing *x, struct err *err)
{
	autovec struct strvec old = STRVEC_INIT;

	if (test_find_places(x, x->anywhere, &old, err))
		return -1;
	if (x->places_cut)
		return err_set(err, ERR_IO, "there are more than %d "
		    "directories of old reports", PLACES_MAX);
	return clear_places(x, &old, err);
}

int
test_place_report(struct testing *x, struct err *err)
{
	const char *path = x->f ? x->f->report_path : NULL;

	x->format = x->f ? x->f->report_format : x->o->format;
	x->from_out = x->f ? path && !strcmp(path, "-") : !x->format;
	if (x->from_out && !x->format)
		x->format = "tap";
	if (!x->format || x->from_out)
		return 0;
	if (path && str_starts(path, "*/")) {
		x->anywhere = path + 2;
		return clear_anywhere(x, err);
	}
	if (path && *path != '{') {
		if (x->f->report_beside)
			add_beside(
			    x, x->f->report_beside, path, &x->reports);
		else
			strvec_pushf(
			    &x->reports, "%s/%s", x->places.dir, path);
		return clear_places(x, &x->reports, err);
	}
	strvec_push_owned(&x->reports,
	    framework_text(path ? path : "{report}", &x->places));
	return 0;
}
