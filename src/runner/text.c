#include "runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *
text_copy(const void *data, size_t n)
{
	char *s;

	if (n > 0 && memchr(data, 0, n) != NULL) {
		errno = EINVAL;
		return NULL;
	}
	s = malloc(n + 1);
	if (s == NULL)
		return NULL;
	if (n > 0)
		memcpy(s, data, n);
	s[n] = '\0';
	return s;
}

/* Takes s; the list always ends in NULL, as argv and environ do. */
static int
texts_take(struct texts *t, char *s)
{
	char **v = realloc(t->v, (t->n + 2) * sizeof(*v));

	if (v == NULL) {
		free(s);
		return -1;
	}
	t->v = v;
	t->v[t->n++] = s;
	t->v[t->n] = NULL;
	return 0;
}

int
texts_add(struct texts *t, const void *data, size_t n)
{
	char *s = text_copy(data, n);

	return s == NULL ? -1 : texts_take(t, s);
}

int
texts_set_env(struct texts *t, const void *data, size_t n)
{
	char *s = text_copy(data, n), *equals;
	size_t name;

	if (s == NULL)
		return -1;
	equals = strchr(s, '=');
	if (equals == NULL || equals == s) {
		free(s);
		errno = EINVAL;
		return -1;
	}
	name = equals - s + 1;
	for (size_t i = 0; i < t->n; i++) {
		if (strncmp(t->v[i], s, name) == 0) {
			free(t->v[i]);
			t->v[i] = s;
			return 0;
		}
	}
	return texts_take(t, s);
}

const char *
texts_env(const struct texts *t, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < t->n; i++)
		if (strncmp(t->v[i], name, n) == 0 && t->v[i][n] == '=')
			return t->v[i] + n + 1;
	return NULL;
}

void
texts_release(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	memset(t, 0, sizeof(*t));
}

char *
text_of_field(const struct field *f)
{
	return text_copy(f->data, f->len);
}
