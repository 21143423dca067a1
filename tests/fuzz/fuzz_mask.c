/*
 * Commands with secrets: what is kept does not grow without bound, and the
 * value of a telling name is not in it, whatever it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/secrets.h"
#include "fuzz.h"

static void
check_value(const char *value, size_t n)
{
	static const char name[] = "run -e API_TOKEN=";
	autobuf struct strbuf text = STRBUF_INIT;
	autobuf struct strbuf kept = STRBUF_INIT;

	strbuf_adds(&text, name);
	strbuf_add(&text, value, n);
	mask_secrets(&kept, text.buf, text.len);
	if (strcmp(kept.buf, "run -e API_TOKEN=***"))
		abort();
}

/* A value that is known is not in what is kept of any text. */
static void
check_known(const char *text, size_t size)
{
	size_t n = size < 8 ? size : 8;
	struct secrets *s = secrets_new();
	autobuf struct strbuf kept = STRBUF_INIT;

	secrets_add(s, text, n);
	secrets_learn(s, text, size);
	secrets_hide(s, &kept, text, size, true);
	if (n >= SECRET_LENGTH_MIN && !memchr(text, '*', n) &&
	    memmem(kept.buf, kept.len, text, n))
		abort();
	secrets_free(s);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf kept = STRBUF_INIT;
	const char *text = (const char *)data;
	size_t word = 0;

	check_known(text, size);
	mask_secrets(&kept, text, size);
	if (kept.len > 3 * size + 3)
		abort();
	while (word < size && strchr("abcXYZ019.:/@=-_", text[word]) &&
	       text[word])
		word++;
	if (word)
		check_value(text, word);
	return 0;
}
