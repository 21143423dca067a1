/*
 * A session file whose steps are updated: the new file is read as it is meant,
 * expects what came out, and is the old one everywhere else.  The input is what
 * comes on stdout and stderr, and then the file, with a byte 0xfe in between;
 * the last bit of its size makes it a script.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/rewrite.h"
#include "fuzz.h"

/* The lines of a file as the comparison takes them. */
static struct expected_text *
texts_of(const struct transcript_lines *lines)
{
	struct expected_text *texts = xcalloc(lines->n + 1, sizeof(*texts));

	for (size_t i = 0; i < lines->n; i++)
		texts[i] = (struct expected_text){
		    lines->v[i].text, lines->v[i].n, lines->v[i].line};
	return texts;
}

/* False: what is expected is wrong, or takes too long. */
static bool
update(struct updated *u, const struct transcript_lines *lines,
    const struct actual *a, const struct masks *m, bool err_stream)
{
	autofree struct expected_text *texts = texts_of(lines);
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct alignment al;
	int status;

	*u = (struct updated){0};
	if (expectation_init(&x, texts, lines->n, m, &err))
		return false;
	align(&al, &x, a);
	status = update_lines(u, &al, &x, a, m, err_stream, NULL, &err);
	alignment_release(&al);
	expectation_release(&x);
	return !status;
}

static void
check_matches(const struct transcript_lines *lines, const struct actual *a,
    const struct masks *m)
{
	autofree struct expected_text *texts = texts_of(lines);
	autoerr struct err err = ERR_INIT;
	struct expectation x;

	require(!expectation_init(&x, texts, lines->n, m, &err));
	require(expectation_matches(&x, a) || expectation_exhausted(&x));
	expectation_release(&x);
}

/* All bytes but those of expected lines and statuses.  Empty lines beside steps
   stay too, but may be counted to their output or not. */
static void
add_rest(struct strbuf *sb, const struct transcript *t)
{
	for (size_t i = 0; i < t->n_blocks; i++) {
		const struct transcript_block *b = &t->blocks[i];
		size_t end = b->kind == BLOCK_STEP
				 ? t->steps[b->index].at_command.end
				 : b->at.end;

		for (size_t k = b->at.start; k < end; k++)
			if (b->kind != BLOCK_LAYOUT ||
			    !strchr(" \t\r\n", t->text[k]))
				strbuf_addc(sb, t->text[k]);
	}
}

struct run {
	const struct masks *m;
	struct actual out, err;
	struct rewrite_step *steps;
	struct updated *updated; /* two for each step */
	size_t n;
};

static void
update_all(struct run *r, const struct transcript *t)
{
	static const struct want_status status = {.kind = WANT_TIMEOUT};
	static const struct want_status well = {0};

	r->steps = xcalloc(t->n_steps + 1, sizeof(*r->steps));
	r->updated = xcalloc(2 * t->n_steps + 2, sizeof(*r->updated));
	for (size_t i = 0; i < t->n_steps; i++) {
		const struct transcript_step *s = &t->steps[i];
		struct updated *u = &r->updated[2 * i];

		if (update(&u[0], &s->out, &r->out, r->m, false) &&
		    update(&u[1], &s->err, &r->err, r->m, true))
			r->steps[r->n++] =
			    (struct rewrite_step){i, i % 4 == 3 ? NULL : &u[0],
				i % 4 == 2 ? NULL : &u[1],
				i % 3 ? i % 3 > 1 ? &well : &status : NULL};
	}
}

static void
check_file(
    const struct run *r, const struct transcript *t, const struct strbuf *file)
{
	autobuf struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct transcript *got =
	    transcript_read(t->name, file->buf, file->len, &err);

	require(got != NULL);
	for (size_t i = 0; i < r->n; i++) {
		const struct rewrite_step *s = &r->steps[i];

		if (s->out)
			check_matches(&got->steps[s->step].out, &r->out, r->m);
		if (s->err)
			check_matches(&got->steps[s->step].err, &r->err, r->m);
	}
	add_rest(&old, t);
	add_rest(&new, got);
	/* A last line may have got a newline. */
	if (new.len == old.len + 1 || new.len == old.len + 2)
		strbuf_truncate(&new, old.len);
	require(new.len == old.len && !memcmp(new.buf, old.buf, old.len));
	transcript_free(got);
}

static void
rewrite_all(struct run *r, const struct transcript *t)
{
	autobuf struct strbuf file = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	update_all(r, t);
	require(!rewrite(&file, t, r->steps, r->n, &err));
	check_file(r, t, &file);
	for (size_t i = 0; i < 2 * t->n_steps; i++)
		updated_release(&r->updated[i]);
	free(r->updated);
	free(r->steps);
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

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	const char *name = size % 2 ? "a.addesh" : "a.md";
	autoerr struct err err = ERR_INIT;
	struct masks *m = masks_new();
	struct run r = {.m = m};
	struct transcript *t;
	const char *text;
	size_t n;

	text = part(&p, end, &n);
	actual_read(&r.out, text, n);
	text = part(&p, end, &n);
	actual_read(&r.err, text, n);
	t = transcript_read(name, p, (size_t)(end - p), &err);
	if (t && t->kind != TRANSCRIPT_BARE)
		rewrite_all(&r, t);
	transcript_free(t);
	actual_release(&r.out);
	actual_release(&r.err);
	masks_free(m);
	return 0;
}
