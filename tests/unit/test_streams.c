/* What engines send in pieces, cut at every byte: frames and progress. */
#include "engine/demux.h"
#include "engine/progress.h"

#include "tap.h"

#define FRAME(type, len) type "\0\0\0\0\0\0" len

static const char frames[] =
    FRAME("\1", "\5") "hello" FRAME("\2", "\3") "err" FRAME("\1", "\0")
	FRAME("\1", "\1") "\x10" FRAME("\3", "\4") "oops" FRAME("\0", "\2")
	    "in" FRAME("\1", "\6") "\0world";

/* Feeds all in pieces: up to cut, then of step bytes. */
static void
feed(struct demux *d, size_t cut, size_t step, struct strbuf *out)
{
	size_t n = sizeof(frames) - 1, at = 0, take = cut;

	while (at < n) {
		char piece[sizeof(frames)];

		if (take > n - at)
			take = n - at;
		memcpy(piece, frames + at, take);
		strbuf_add(out, piece, demux_feed(d, piece, take));
		at += take;
		take = step;
	}
}

static void
test_demux_cuts(void)
{
	static const char want[] = "hello\x10in\0world";
	size_t bad = 0;

	for (size_t cut = 0; cut < sizeof(frames); cut++) {
		for (size_t step = 1; step < sizeof(frames); step++) {
			autobuf struct strbuf out = STRBUF_INIT;
			autobuf struct strbuf said = STRBUF_INIT;
			struct demux d;

			demux_init(&d, &said, 100);
			feed(&d, cut, step, &out);
			bad += out.len != sizeof(want) - 1 ||
			       memcmp(out.buf, want, out.len) ||
			       strcmp(said.buf, "erroops") ||
			       !demux_at_end(&d);
		}
	}
	is_int(bad, 0, "frames cut anywhere give the same bytes");
}

static void
test_demux_ends(void)
{
	size_t bad = 0;

	for (size_t n = 0; n < sizeof(frames); n++) {
		autobuf struct strbuf said = STRBUF_INIT;
		char piece[sizeof(frames)];
		struct demux d;
		bool edge = n == 0 || n == 13 || n == 24 || n == 32 ||
			    n == 41 || n == 53 || n == 63 || n == 77;

		memcpy(piece, frames, n);
		demux_init(&d, &said, 100);
		demux_feed(&d, piece, n);
		bad += demux_at_end(&d) != edge;
	}
	is_int(bad, 0, "only the end of a frame may be the end");
}

static void
test_demux_hostile(void)
{
	char text[] = "\1\0\0\0\0\0\0\2okHTTP/1.1 500 Internal";
	char big[8 + 1000] = "\2\0\0\0\xff\xff\xff\xff";
	autobuf struct strbuf said = STRBUF_INIT;
	struct demux d;

	demux_init(&d, &said, 100);
	is_int(demux_feed(&d, text, sizeof(text) - 1), 2,
	    "what comes before garbage counts");
	ok(d.broken && !demux_at_end(&d), "garbage is noticed");
	is_int(demux_feed(&d, text, 5), 0, "and nothing is taken after it");

	demux_init(&d, &said, 100);
	memset(big + 8, 'x', 1000);
	is_int(demux_feed(&d, big, sizeof(big)), 0, "stderr is not stdout");
	is_int(said.len, 100, "no more of it is kept than was said");
	is_int(demux_feed(&d, big + 8, 1000), 0, "nor later");
	is_int(said.len, 100, "nor later, really");
}

static const char pulling[] =
    "{\"status\":\"Pulling from library/python\",\"id\":\"3.11\"}\r\n"
    "{\"status\":\"Already exists\",\"progressDetail\":{},\"id\":\"aaa\"}\r\n"
    "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"bbb\"}"
    "{\"status\":\"Pulling fs layer\",\"id\":\"ccc\"}"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":10,"
    "\"total\":100},\"progress\":\"[=> }{ \\\" ]\",\"id\":\"bbb\"}\n"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":50,"
    "\"total\":100},\"id\":\"bbb\"}"
    "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":7,"
    "\"total\":900},\"id\":\"ccc\"}"
    "{\"status\":\"Verifying Checksum\",\"id\":\"bbb\"}"
    "{\"status\":\"Extracting\",\"progressDetail\":{\"current\":3,"
    "\"total\":100},\"id\":\"bbb\"}"
    "{\"status\":\"Pull complete\",\"id\":\"bbb\"}"
    "{\"status\":\"Digest: sha256:1234\"}\n \t\n";

static void
note(void *arg, const struct progress *p)
{
	struct strbuf *sb = arg;

	strbuf_addf(sb, "%d/%d %u/%u;", (int)p->current, (int)p->total,
	    p->layers_done, p->layers);
}

static int
feed_pull(const char *text, size_t n, size_t cut, size_t step,
    struct strbuf *seen, char **digest, bool *at_end, struct err *err)
{
	struct objects o = OBJECTS_INIT;
	struct pull pull;
	size_t take = cut;
	int rc = 0;

	pull_init(&pull, note, seen);
	for (size_t at = 0; at < n && !rc; at += take, take = step) {
		if (take > n - at)
			take = n - at;
		rc = objects_feed(&o, text + at, take, pull_object, &pull,
		    err);
	}
	*digest = pull.digest ? xstrdup(pull.digest) : NULL;
	*at_end = objects_at_end(&o);
	pull_release(&pull);
	objects_release(&o);
	return rc;
}

static void
test_progress_cuts(void)
{
	static const char want[] = "0/0 0/0;0/0 1/1;0/0 1/2;0/0 1/3;"
	    "10/100 1/3;50/100 1/3;57/1000 1/3;107/1000 1/3;107/1000 1/3;"
	    "107/1000 2/3;107/1000 2/3;";
	size_t n = sizeof(pulling) - 1, bad = 0;

	for (size_t cut = 1; cut <= n; cut++) {
		for (size_t i = 0; i < 3; i++) {
			static const size_t steps[] = {1, 7, sizeof(pulling)};
			autobuf struct strbuf seen = STRBUF_INIT;
			autoerr struct err err = ERR_INIT;
			autofree char *digest = NULL;
			bool at_end;

			if (feed_pull(pulling, n, cut, steps[i], &seen,
				&digest, &at_end, &err) ||
			    strcmp(seen.buf, want) || !at_end || !digest ||
			    strcmp(digest, "sha256:1234")) {
				if (!bad++)
					printf("# %s\n# %s\n", seen.buf,
					    err.msg.buf);
			}
		}
	}
	is_int(bad, 0, "progress cut anywhere adds up to the same");
}

static void
fails(const char *text, size_t n, const char *message)
{
	autobuf struct strbuf seen = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autofree char *digest = NULL;
	bool at_end;

	is_int(feed_pull(text, n, n, n, &seen, &digest, &at_end, &err), -1,
	    "%.40s fails", text);
	is_str(err.msg.buf, message, "as it should");
}

#define FAILS(text, message) fails(text, sizeof(text) - 1, message)

static void
test_progress_failures(void)
{
	autofree char *endless = xmalloc(PROGRESS_OBJECT_MAX + 10);
	autobuf struct strbuf seen = STRBUF_INIT, deep = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autofree char *digest = NULL;
	bool at_end;

	FAILS("{\"errorDetail\":{\"code\":404,\"message\":\"gone\"},"
	      "\"error\":\"old\"}", "gone");
	FAILS("{\"error\":\"only the old field\"}", "only the old field");
	FAILS("{\"errorDetail\":{}}", "failed");
	FAILS("<html>", "the engine's answer is not JSON");
	FAILS("[]", "the engine's answer is not JSON");
	FAILS("{nonsense}", "not valid JSON at byte 2");
	memset(endless, 'x', PROGRESS_OBJECT_MAX + 10);
	endless[0] = '{';
	fails(endless, PROGRESS_OBJECT_MAX + 10,
	    "the engine's answer has an object of more than 8388608 bytes");
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&deep, i ? "[" : "{\"a\":[");
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&deep, "]");
	strbuf_adds(&deep, "}");
	ok(feed_pull(deep.buf, deep.len, 1000, 1000, &seen, &digest, &at_end,
	       &err) < 0, "what is nested too deep is refused");
	err_clear(&err);
	feed_pull("{\"status\":", 10, 10, 10, &seen, &digest, &at_end, &err);
	ok(!at_end, "half an object is no end");
}

int
main(void)
{
	test_demux_cuts();
	test_demux_ends();
	test_demux_hostile();
	test_progress_cuts();
	test_progress_failures();
	return done();
}
