/*
 * Commands with secrets: what is kept does not grow without bound, and the
 * value of a telling name is not in it, whatever it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

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

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf kept = STRBUF_INIT;
	const char *text = (const char *)data;
	size_t word = 0;

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
