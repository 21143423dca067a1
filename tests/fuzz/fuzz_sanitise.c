/* Program output: what comes out is the same however it is cut, is UTF-8, and
   holds no control but those that are known to be harmless. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "fuzz.h"

static void
check_escape(const char *p)
{
	size_t n = strspn(p + 2, "0123456789;:");

	if (p[1] != '[' || (p[2 + n] != 'm' && p[2 + n] != 'K'))
		abort();
}

static void
check_safe(const struct strbuf *sb)
{
	if (!utf8_valid(sb->buf, sb->len))
		abort();
	for (size_t i = 0; i < sb->len; i++) {
		unsigned char c = sb->buf[i];

		if (c == '\033')
			check_escape(sb->buf + i);
		else if ((c < ' ' && !strchr("\t\n\r\b", c)) || c == 0x7f || !c)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf whole = STRBUF_INIT, cut = STRBUF_INIT;
	struct sanitiser a = {.mark = "! "}, b = {.mark = "! "};
	size_t half = size ? data[0] % size : 0;

	sanitise_add(&a, &whole, data, size);
	sanitise_end(&a, &whole);
	sanitise_add(&b, &cut, data, half);
	for (size_t i = half; i < size; i++)
		sanitise_add(&b, &cut, data + i, 1);
	sanitise_end(&b, &cut);
	check_safe(&whole);
	if (whole.len != cut.len || memcmp(whole.buf, cut.buf, cut.len) != 0)
		abort();
	return 0;
}
