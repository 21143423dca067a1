#include "engine/secret.h"

#include <string.h>

void
secret_free(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

static void
wipe_strings(json *j)
{
	for (; j; j = j->next) {
		if (cJSON_IsString(j) && j->valuestring)
			explicit_bzero(j->valuestring, strlen(j->valuestring));
		wipe_strings(j->child);
	}
}

void
secret_free_json(json *j)
{
	wipe_strings(j);
	json_free(j);
}

/* The most that a tree takes as text; a byte grows to six ("\\u0001"). */
static size_t
text_size(const json *j, size_t depth)
{
	size_t n = 0;

	for (; j; j = j->next) {
		/* A number, and what stands around the others. */
		n += 64 + 2 * depth;
		if (j->string)
			n += 6 * strlen(j->string);
		if (cJSON_IsString(j) && j->valuestring)
			n += 6 * strlen(j->valuestring);
		n += text_size(j->child, depth + 1);
	}
	return n;
}

char *
secret_print(const json *j, bool lines)
{
	size_t max = text_size(j, 0);
	char *text = xcalloc(1, max);

	if (!cJSON_PrintPreallocated((json *)j, text, (int)max, lines))
		abort();
	return text;
}

void
secret_release(struct strbuf *sb)
{
	explicit_bzero(sb->buf, sb->len);
	strbuf_release(sb);
}
