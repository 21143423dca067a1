/* Prose of a session file: what a room is shown of it is UTF-8 and has no
   control but newlines, tabs and colours of our own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "present/narration.h"
#include "fuzz.h"

static size_t
skip_color(const char *p, bool color)
{
	static const char *const ours[] = {"\033[1m", "\033[22m", "\033[36m",
	    "\033[39m"};

	for (size_t i = 0; color && i < ARRAY_SIZE(ours); i++)
		if (str_starts(p, ours[i]))
			return strlen(ours[i]);
	abort();
}

static void
check(const struct strbuf *sb, bool color)
{
	if (!utf8_valid(sb->buf, sb->len) || strlen(sb->buf) != sb->len)
		abort();
	if (sb->len && (*sb->buf == '\n' || sb->buf[sb->len - 1] != '\n'))
		abort();
	for (const char *p = sb->buf; *p;) {
		unsigned char c = (unsigned char)*p;

		if (c == '\033')
			p += skip_color(p, color);
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			abort();
		else
			p++;
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int columns = size ? 1 + data[0] % 100 : 72;

	for (int color = 0; color < 2; color++) {
		autobuf struct strbuf out = STRBUF_INIT;

		narration_add(&out, (const char *)data, size, columns, color);
		check(&out, color);
	}
	return 0;
}
