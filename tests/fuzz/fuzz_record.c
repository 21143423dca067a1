/*
 * What is recorded of a step is read back as the same step, and expects the
 * output that it was written from.  The input is a command's text and what came
 * on stdout and stderr, with a byte 0xfe in between.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secrets.h"
#include "replay/match.h"
#include "replay/record.h"
#include "replay/transcript.h"
#include "fuzz.h"

static void
check_stream(const struct masks *m, const struct transcript_lines *lines,
    const char *output, size_t n)
{
	autofree struct expected_text *texts =
	    xcalloc(lines->n + 1, sizeof(*texts));
	autobuf struct strbuf masked = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct actual a;

	for (size_t i = 0; i < lines->n; i++)
		texts[i] = (struct expected_text){
		    lines->v[i].text, lines->v[i].n, lines->v[i].line};
	secrets_hide(NULL, &masked, output, n, true);
	actual_read(&a, masked.buf, masked.len);
	require(!expectation_init(&x, texts, lines->n, m, &err));
	require(expectation_matches(&x, &a) || expectation_exhausted(&x));
	expectation_release(&x);
	actual_release(&a);
}

/* The parts of the input; n bytes follow the first one. */
static const char *
part(const char **p, const char *end, size_t *n)
{
	const char *s = *p, *mark = memchr(s, 0xfe, (size_t)(end - s));

	*n = (size_t)((mark ? mark : end) - s);
	*p = mark ? mark + 1 : end;
	return s;
}

static void
read_back(const struct masks *m, const struct record_step *s,
    const struct strbuf *file)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct transcript *t =
	    transcript_read("a.md", file->buf, file->len, &err);

	secrets_hide(NULL, &text, s->text, s->n, false);
	if (!text.len || text.buf[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	require(t && t->n_steps == 1);
	require(t->steps[0].n == text.len &&
	      !memcmp(t->steps[0].text, text.buf, text.len));
	require(t->steps[0].status.kind == s->status.kind &&
	      t->steps[0].status.number == s->status.number);
	check_stream(m, &t->steps[0].out, s->out, s->n_out);
	check_stream(m, &t->steps[0].err, s->err, s->n_err);
	transcript_free(t);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct record_front front = {.title = "A title"};
	autobuf struct strbuf file = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct masks *m = masks_new();
	struct record_step s = {.heading = "A step"};

	s.status.number = size % 3;
	s.text = part(&p, end, &s.n);
	s.out = part(&p, end, &s.n_out);
	s.err = part(&p, end, &s.n_err);
	record_add_front(&file, &front);
	if (record_add_step(&file, m, &s, &err)) {
		/* What is no text of a step is recorded as another one. */
		s.text = "logs";
		s.n = 4;
		require(!record_add_step(&file, m, &s, &err));
	}
	read_back(m, &s, &file);
	masks_free(m);
	return 0;
}
