#include "base/glob.h"

#include <stddef.h>

/* Does the head of p, which is no star, match c?  *next is what follows. */
static bool
match_one(const char *p, char c, const char **next)
{
	if (*p == '?') {
		*next = p + 1;
		return true;
	}
	if (*p == '\\' && p[1])
		p++;
	*next = p + 1;
	return *p == c;
}

bool
glob_match(const char *p, const char *s)
{
	const char *star = NULL, *resume = NULL, *next;

	while (*s) {
		if (*p == '*') {
			star = ++p;
			resume = s;
		} else if (*p && match_one(p, *s, &next)) {
			p = next;
			s++;
		} else if (star) {
			p = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

bool
glob_match_any(const struct strvec *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (glob_match(patterns->v[i], text))
			return true;
	return false;
}
