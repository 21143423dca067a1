/* Which steps are two runs of a program: see html_find_pair(). */
#include <stdlib.h>
#include <string.h>

#include "export/html_impl.h"

enum { BACK_MAX = 64 }; /* steps in which an earlier run is looked for */

static ptrdiff_t
step_of(const struct html_page *page, size_t before, unsigned number)
{
	for (size_t i = before; number && i--;)
		if (page->steps[i].session == number)
			return (ptrdiff_t)i;
	return -1;
}

/* "@K"; *end is behind it. */
static unsigned
read_step(const char *s, const char **end)
{
	char *stop;
	unsigned long n;

	s = strchr(s, '@');
	n = s ? strtoul(s + 1, &stop, 10) : 0;
	*end = n ? stop : NULL;
	return n < 1000000 ? (unsigned)n : 0;
}

static unsigned
last_session_step(const struct html_page *page, size_t before)
{
	for (size_t i = before; i--;)
		if (page->steps[i].session)
			return page->steps[i].session;
	return 0;
}

/* diff @A [@B] */
static bool
find_named(const struct html_page *page, size_t i, size_t pair[2])
{
	const char *text = page->s->t->steps[i].text, *end, *ignored;
	unsigned a = read_step(text, &end);
	unsigned b = end ? read_step(end, &ignored) : 0;
	ptrdiff_t before = step_of(page, i, a), after;

	after = step_of(page, i, b ? b : last_session_step(page, i));
	if (before < 0 || after < 0)
		return false;
	pair[0] = (size_t)before;
	pair[1] = (size_t)after;
	return before != after;
}

static bool
is_run(const struct html_step *s)
{
	return s->name && s->operand && !strcmp(s->name, "run");
}

static bool
find_run(const struct html_page *page, size_t i, size_t pair[2])
{
	const struct html_step *steps = page->steps;
	size_t least = i > BACK_MAX ? i - BACK_MAX : 0;

	for (size_t k = i; k-- > least;) {
		if (!is_run(&steps[k]) || !page->s->steps[k].recorded ||
		    strcmp(steps[k].operand, steps[i].operand) != 0)
			continue;
		pair[0] = k;
		pair[1] = i;
		return true;
	}
	return false;
}

bool
html_find_pair(const struct html_page *page, size_t i, size_t pair[2])
{
	const struct html_step *s = &page->steps[i];
	const char *ignored;
	ptrdiff_t before;

	if (!page->s->steps[i].recorded || !s->name)
		return false;
	if (!strcmp(s->name, "diff"))
		return find_named(page, i, pair);
	if (is_run(s))
		return find_run(page, i, pair);
	if (strcmp(s->name, "rerun") != 0)
		return false;
	before =
	    step_of(page, i, read_step(page->s->t->steps[i].text, &ignored));
	pair[0] = before < 0 ? i : (size_t)before;
	pair[1] = i;
	return before >= 0;
}
