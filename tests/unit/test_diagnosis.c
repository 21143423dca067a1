/* Which place of a program's output is the user's own, and what it costs to
   look for one. */
#include "session/diagnosis.h"

#include <time.h>

#include "tap.h"

static json *
find(struct diagnosis_input in, const char *text)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	json *found = NULL;

	strbuf_adds(&sb, text);
	in.err = &sb;
	ok(!diagnosis_find(&in, &found, &err), "the data can be read");
	return found;
}

static struct diagnosis_input
python_in(const char *workdir)
{
	return (struct diagnosis_input){.language = "python",
	    .image = "python:3",
	    .workspace = "/workspace",
	    .workdir = workdir};
}

/* ---- places ---- */

static const struct {
	const char *workdir, *cwd, *text, *file;
	int line;
	const char *suggestion; /* ends with this */
} places[] = {
    {"/workspace", NULL, "  File \"/workspace/a.py\", line 7, in f\n"
			 "NameError: x\n", "a.py", 7, " 4,10p a.py"},
    {"/workspace", NULL, "  File \"a.py\", line 1\r\nNameError: x\r\n",
	"a.py", 1, " 1,4p a.py"},
    {"/workspace", "/workspace/sub", "  File \"./a.py\", line 1\nNameError: x",
	"sub/a.py", 1, " 1,4p sub/a.py"},
    {"/workspace/sub", NULL, "  File \"a.py\", line 1\nNameError: x",
	"sub/a.py", 1, " 1,4p a.py"},
    {"/workspace/sub", NULL, "  File \"/workspace/a.py\", line 1\nNameError: x",
	"a.py", 1, " 1,4p /workspace/a.py"},
    {"/src", NULL, "  File \"/src/lib/a.py\", line 1\nNameError: x",
	"lib/a.py", 1, " 1,4p lib/a.py"},
    {"/", NULL, "  File \"/usr/lib/a.py\", line 1\nNameError: x", NULL, 0,
	NULL},
    {"/workspace", NULL, "  File \"/workspacex/a.py\", line 1\nNameError: x",
	NULL, 0, NULL},
    {"/workspace", NULL, "  File \"<string>\", line 1\nNameError: x", NULL, 0,
	NULL},
    {"/workspace", NULL,
	"  File \"/workspace/a.py\", line 2\n"
	"  File \"/workspace/venv/b.py\", line 3\n"
	"  File \"/usr/lib/c.py\", line 4\nNameError: x",
	"a.py", 2, " 1,5p a.py"},
    /* of another traceback */
    {"/workspace", NULL,
	"  File \"/workspace/a.py\", line 2\nValueError\n"
	"Traceback (most recent call last):\n"
	"  File \"/usr/lib/c.py\", line 4\nNameError: x",
	NULL, 0, NULL},
    {"/workspace", NULL, "  File \"/workspace/a\033.py\", line 2\nNameError: x",
	NULL, 0, NULL},
};

static void
check_places(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct diagnosis_input in = python_in(places[i].workdir);
		const char *said, *end = places[i].suggestion;
		autojson json *found = NULL;

		in.cwd = places[i].cwd;
		found = find(in, places[i].text);
		is_str(json_str(found, "kind", NULL), "undefined_name",
		    "%zu: what it is", i);
		is_str(json_str(found, "file", NULL), places[i].file,
		    "%zu: the file", i);
		is_int(json_int(found, "line", 0), places[i].line,
		    "%zu: the line", i);
		said = json_str(found, "suggestion", NULL);
		ok(end ? said && str_ends(said, end) : !said,
		    "%zu: the suggestion is %s", i, said ? said : "none");
	}
}

static void
check_the_file_that_was_run(void)
{
	struct diagnosis_input in = python_in("/workspace");
	autojson json *found = NULL;

	in.file = "dir/a.py";
	found = find(in, "NameError: x\n");
	is_str(json_str(found, "file", NULL), "dir/a.py", "it is told");
	ok(!json_get(found, "line"), "without a line");
	ok(!json_get(found, "suggestion"), "and none is suggested");
}

static void
check_a_limit(void)
{
	static const char text[] = "  File \"/workspace/a.py\", line 2\n"
				   "KeyboardInterrupt\n";
	struct diagnosis_input in = python_in("/workspace");
	json *found = find(in, text);

	ok(!found || strcmp(json_str(found, "kind", ""), "timeout"),
	    "an interrupt is no time limit by itself");
	json_free(found);
	in.end = ENDED_AT_LIMIT;
	found = find(in, text);
	is_int(json_int(found, "line", 0), 2, "at the limit it says where");
	json_free(found);
	found = find(in, "NameError: x\n");
	ok(!found, "what else was written then says nothing");
	json_free(found);
}

/* ---- the cost ---- */

static double
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The best of some, for as much of this line as is looked at, 64 KiB. */
static double
cost(const char *language, const char *line)
{
	autobuf struct strbuf log = STRBUF_INIT;
	struct diagnosis_input in = {.language = language, .err = &log};
	double best = 1e9;

	while (log.len < 65536)
		strbuf_addf(&log, "%s\n", line);
	for (int i = 0; i < 15; i++) {
		autoerr struct err err = ERR_INIT;
		double start = cpu_ms(), took;
		json *found;

		diagnosis_find(&in, &found, &err);
		took = cpu_ms() - start;
		best = took < best ? took : best;
		ok(!found, "a log says nothing");
		json_free(found);
	}
	return best;
}

static void
check_cost(void)
{
	static const char ordinary[] = "2024-01-01T00:00:00Z INFO server worker "
	    "17: handled request /api/v1/items?page=3 in 12.4 ms (status 200)";
	static const char words[] = "ERROR server worker 17: request failed, "
	    "Error: module or package not found, Permission refused, syntax "
	    "error expected at line 3 in a.go: no such thing; warning";
	const char *slow = getenv("ADDESH_TEST_SLOW");
	double limit = slow || getenv("ADDESH_TEST_SANITIZERS") ? 100 : 2;
	double took = cost("python", ordinary);

	ok(took < limit, "an ordinary log costs %.2f ms", took);
	took = cost("go", words);
	ok(took < limit, "one of many words costs %.2f ms", took);
	took = cost(NULL, ordinary);
	ok(took < limit, "and of no known language %.2f ms", took);
	took = cost(NULL, words);
	ok(took < 2 * limit, "both at once: %.2f ms", took);
}

int
main(void)
{
	check_places();
	check_the_file_that_was_run();
	check_a_limit();
	check_cost();
	return done();
}
