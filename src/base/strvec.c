#include "base/strvec.h"

#include <string.h>

char *strvec_empty[1];

void
strvec_init(struct strvec *sv)
{
	*sv = (struct strvec)STRVEC_INIT;
}

void
strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	if (sv->cap)
		free(sv->v);
	strvec_init(sv);
}

void
strvec_push_owned(struct strvec *sv, char *s)
{
	if (sv->n + 1 >= sv->cap) {
		size_t cap = sv->cap ? sv->cap * 2 : 8;

		sv->v = xreallocarray(sv->cap ? sv->v : NULL, cap,
		    sizeof(*sv->v));
		sv->cap = cap;
	}
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void
strvec_push(struct strvec *sv, const char *s)
{
	strvec_push_owned(sv, xstrdup(s));
}

void
strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strvec_push_owned(sv, xvasprintf(fmt, ap));
	va_end(ap);
}

void
strvec_pushv(struct strvec *sv, char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strvec_push(sv, v[i]);
}

void
strvec_remove(struct strvec *sv, size_t i)
{
	free(sv->v[i]);
	memmove(sv->v + i, sv->v + i + 1, (sv->n - i) * sizeof(*sv->v));
	sv->n--;
}

bool
strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strvec_sort(struct strvec *sv)
{
	if (sv->n > 1)
		qsort(sv->v, sv->n, sizeof(*sv->v), compare);
}

static char **
env_find(const struct strvec *sv, const char *name, size_t n)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strncmp(sv->v[i], name, n) && sv->v[i][n] == '=')
			return &sv->v[i];
	return NULL;
}

void
strvec_env_set(struct strvec *sv, const char *name_value)
{
	char **slot = env_find(sv, name_value, strcspn(name_value, "="));

	if (!slot) {
		strvec_push(sv, name_value);
		return;
	}
	free(*slot);
	*slot = xstrdup(name_value);
}

const char *
strvec_env_get(const struct strvec *sv, const char *name)
{
	char **slot = env_find(sv, name, strlen(name));

	return slot ? *slot + strlen(name) + 1 : NULL;
}
