/*
 * What a builder says, cut anywhere, adds up to the same steps and logs.  The
 * first byte chooses the builder, and what the engine answers when it is asked
 * about a line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/build_stream.h"
#include "fuzz.h"

struct run {
	struct strbuf told;
	unsigned answers; /* a bit for each question */
	unsigned steps;	  /* the highest id so far */
};

static bool
answer(struct run *r)
{
	bool bit = r->answers & 1;

	r->answers = r->answers >> 1 | (unsigned)bit << 7;
	return bit;
}

static bool
is_there(void *arg, const char *id)
{
	return answer(arg);
}

static bool
is_made(void *arg, const char *id, bool during)
{
	return answer(arg);
}

static void
on_step(void *arg, const struct build_step *st)
{
	struct run *r = arg;

	if (!st->id || st->id > r->steps + 1 || st->n > st->total)
		abort();
	if (st->id > r->steps)
		r->steps = st->id;
	if (st->state == BUILD_FAILED ? !*st->error : st->exit_code)
		abort();
	if (st->ended_ms && st->ended_ms < st->began_ms)
		abort();
	strbuf_addf(&r->told, "%u %u/%u %s %s %d %d %s\n", st->id, st->n,
	    st->total, st->stage, st->text, st->state, st->exit_code,
	    st->error);
}

static void
on_log(void *arg, unsigned step, int fd, const void *p, size_t n)
{
	struct run *r = arg;

	if (step > r->steps || (fd != 1 && fd != 2) || !n)
		abort();
	strbuf_addf(&r->told, "%u:%d:", step, fd);
	strbuf_add(&r->told, p, n);
}

static void
check_end(const struct build_stream *s)
{
	for (size_t i = 0; i < s->steps.n; i++)
		if (s->steps.v[i]->told.state == BUILD_RUNNING)
			abort();
}

static void
feed(const unsigned char *data, size_t size, size_t step, struct run *r)
{
	const struct build_events ev = {
	    .step = on_step, .log = on_log, .arg = r};
	const struct build_witness witness = {
	    .is_there = is_there, .is_made = is_made, .arg = r};
	autoerr struct err err = ERR_INIT;
	struct build_stream s;
	int rc = 0;

	r->answers = data[0] >> 2;
	build_stream_init(&s, data[0] % 3, &ev, &witness);
	for (size_t at = 1; at < size && !rc; at += step)
		rc = build_stream_feed(&s, data + at,
		    size - at < step ? size - at : step, &err);
	if (rc && !err.msg.len)
		abort();
	build_stream_end(&s);
	check_end(&s);
	strbuf_addf(&r->told, "%s %s %s %d", err.msg.buf, s.failure.msg.buf,
	    s.image ? s.image : "", objects_at_end(&s.objects));
	build_stream_release(&s);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct run whole = {.told = STRBUF_INIT};

	if (!size)
		return 0;
	feed(data, size, size, &whole);
	for (size_t step = 1; step <= 7; step += 3) {
		struct run cut = {.told = STRBUF_INIT};

		feed(data, size, step, &cut);
		if (cut.told.len != whole.told.len ||
		    memcmp(cut.told.buf, whole.told.buf, cut.told.len))
			abort();
		strbuf_release(&cut.told);
	}
	strbuf_release(&whole.told);
	return 0;
}
