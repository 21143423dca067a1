/* The lines of a patch, and what one of them is by how it begins. */
#include "project/patch_impl.h"

#include <string.h>

bool
patch_peek(const struct patch_reader *r, struct patch_text *line)
{
	const char *nl;

	if (r->at == r->end)
		return false;
	nl = memchr(r->at, '\n', (size_t)(r->end - r->at));
	line->p = r->at;
	line->n = (size_t)((nl ? nl : r->end) - r->at);
	if (r->crlf && line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

void
patch_advance(struct patch_reader *r)
{
	const char *nl = memchr(r->at, '\n', (size_t)(r->end - r->at));

	r->at = nl ? nl + 1 : r->end;
	r->line++;
}

bool
patch_begins(const struct patch_text *t, const char *s)
{
	size_t n = strlen(s);

	return t->n >= n && !memcmp(t->p, s, n);
}

bool
patch_at_pair(const struct patch_reader *r, const char *first,
    const char *second)
{
	struct patch_reader next = *r;
	struct patch_text t;

	if (!patch_peek(r, &t) || !patch_begins(&t, first))
		return false;
	patch_advance(&next);
	return patch_peek(&next, &t) && patch_begins(&t, second);
}

bool
patch_at_names(const struct patch_reader *r)
{
	return patch_at_pair(r, "--- ", "+++ ");
}

bool
patch_is_signature(const struct patch_text *t)
{
	return t->n <= 3 && patch_begins(t, "--") &&
	       (t->n == 2 || t->p[2] == ' ');
}

bool
patch_is_binary(const struct patch_text *t)
{
	return patch_begins(t, "GIT binary patch") ||
	       (patch_begins(t, "Binary files ") && t->n > 7 &&
		   !memcmp(t->p + t->n - 7, " differ", 7));
}

int
patch_wrong(struct patch_reader *r, size_t line, const char *what)
{
	return err_set(r->err, ERR_USAGE, "line %zu of the patch: %s", line,
	    what);
}
