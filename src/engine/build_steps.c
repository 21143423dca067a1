#include "engine/build_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void
step_free(struct step *st)
{
	free(st->stage);
	free(st->text);
	free(st->error);
	free(st->key);
	free(st);
}

void
steps_release(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++)
		step_free(s->v[i]);
	free(s->v);
	*s = (struct steps){.ev = s->ev};
}

struct step *
steps_find(const struct steps *s, const char *key)
{
	/* What is told most is what came last. */
	for (size_t i = s->n; i-- > 0;)
		if (!strcmp(s->v[i]->key, key))
			return s->v[i];
	return NULL;
}

struct step *
steps_add(struct steps *s, const char *key)
{
	struct step *st;

	if (s->n == BUILD_STEPS_MAX)
		return NULL;
	st = xcalloc(1, sizeof(*st));
	GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = st;
	st->key = xstrdup(key);
	st->error = xstrdup("");
	st->told.id = (unsigned)s->n;
	steps_name(st, "", 0, 0, "");
	return st;
}

void
steps_name(struct step *st, const char *stage, unsigned n, unsigned total,
    const char *text)
{
	free(st->stage);
	free(st->text);
	st->stage = xstrndup(stage, BUILD_TEXT_MAX);
	st->text = xstrndup(text, BUILD_TEXT_MAX);
	st->told.n = n;
	st->told.total = total;
}

void
steps_tell(struct steps *s, struct step *st)
{
	st->told.stage = st->stage;
	st->told.text = st->text;
	st->told.error = st->error;
	if (s->ev->step)
		s->ev->step(s->ev->arg, &st->told);
}

void
steps_begin(struct steps *s, struct step *st)
{
	if (st->told.state == BUILD_RUNNING)
		return;
	st->told.state = BUILD_RUNNING;
	st->told.ended_ms = 0;
	if (!st->told.began_ms)
		st->told.began_ms = clock_ms();
	steps_tell(s, st);
}

void
steps_end(struct steps *s, struct step *st, enum build_state state)
{
	if (st->told.state == state)
		return;
	st->told.state = state;
	st->told.ended_ms = clock_ms();
	if (!st->told.began_ms)
		st->told.began_ms = st->told.ended_ms;
	steps_tell(s, st);
}

void
steps_fail(struct steps *s, struct step *st, const char *error, int exit_code)
{
	free(st->error);
	st->error = xstrndup(error, BUILD_TEXT_MAX);
	st->told.exit_code = exit_code;
	steps_end(s, st, BUILD_FAILED);
}

void
steps_withdraw(struct steps *s, struct step *st)
{
	if (st->told.state == BUILD_WAITING)
		return;
	st->told.state = BUILD_WAITING;
	st->told.began_ms = st->told.ended_ms = 0;
	st->cached = st->made = false;
	st->image[0] = st->container[0] = '\0';
	steps_tell(s, st);
}

void
steps_stop(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i]->told.state == BUILD_RUNNING)
			steps_end(s, s->v[i], BUILD_STOPPED);
}

void
steps_log(struct steps *s, const struct step *st, int fd, const void *p,
    size_t n)
{
	if (n && s->ev->log)
		s->ev->log(s->ev->arg, st ? st->told.id : 0, fd, p, n);
}

int
steps_exit_code(const char *text, const char *mark)
{
	const char *at = NULL, *next = text;
	long n;

	while ((next = strstr(next, mark)))
		at = next += strlen(mark);
	n = at ? strtol(at, NULL, 10) : 0;
	return n > 0 && n < 256 ? (int)n : 0;
}
