#include "base/encode.h"

#include <sys/types.h>

#include <sha256.h>

#include <stdint.h>
#include <string.h>
#include <wchar.h>

int
utf8_next(const char *s, size_t n, unsigned *cp)
{
	static const unsigned lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	unsigned v;
	size_t len;

	if (!n)
		return -1;
	if (u[0] < 0x80)
		len = 1, v = u[0];
	else if (u[0] >= 0xc2 && u[0] < 0xe0)
		len = 2, v = u[0] & 0x1f;
	else if (u[0] >= 0xe0 && u[0] < 0xf0)
		len = 3, v = u[0] & 0x0f;
	else if (u[0] >= 0xf0 && u[0] < 0xf5)
		len = 4, v = u[0] & 0x07;
	else
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (i == n)
			return -1;
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (u[i] & 0x3f);
	}
	if (v < lowest[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	if (cp)
		*cp = v;
	return (int)len;
}

bool
utf8_valid(const char *s, size_t n)
{
	while (n) {
		int len = utf8_next(s, n, NULL);

		if (len <= 0)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

/* Columns of the character at s, and its bytes. */
static int
char_width(const char *s, size_t n, size_t *len)
{
	unsigned cp = 0;
	int bytes = utf8_next(s, n, &cp), width;

	*len = bytes > 0 ? (size_t)bytes : 1;
	width = wcwidth((wchar_t)cp);
	return width > 0 ? width : 0;
}

static int
width_of(const char *s, size_t n)
{
	size_t len;
	int width = 0;

	for (; n; s += len, n -= len)
		width += char_width(s, n, &len);
	return width;
}

int
text_width(const char *s)
{
	return width_of(s, strlen(s));
}

size_t
text_fit(const char *s, size_t n, int columns)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		columns -= char_width(s + i, n - i, &len);
		if (columns < 0)
			return i;
	}
	return n;
}

void
utf8_repair(struct strbuf *out, const char *s, size_t n)
{
	int len;

	if (utf8_valid(s, n)) {
		strbuf_add(out, s, n);
		return;
	}
	for (size_t i = 0; i < n; i += len > 0 ? len : 1) {
		len = utf8_next(s + i, n - i, NULL);
		if (len > 0)
			strbuf_add(out, s + i, len);
		else
			strbuf_adds(out, "\xef\xbf\xbd");
	}
}

static void
break_line(struct strbuf *sb, int indent)
{
	/* Sentences have two blanks between them. */
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		strbuf_truncate(sb, sb->len - 1);
	strbuf_addf(sb, "\n%*s", indent, "");
}

void
text_wrap(struct strbuf *sb, const char *text, int indent, int columns)
{
	int at = indent;

	while (*text) {
		size_t n = strcspn(text, " \n");
		int width = width_of(text, n);

		if (at > indent && at + 1 + width > columns) {
			break_line(sb, indent);
			at = indent;
		} else if (at > indent) {
			strbuf_addc(sb, ' ');
			at++;
		}
		strbuf_add(sb, text, n);
		at += width;
		text += n;
		if (*text == '\n') {
			strbuf_addf(sb, "\n\n%*s", indent, "");
			at = indent;
		}
		text += *text != 0;
	}
	strbuf_addc(sb, '\n');
}

static const char alphabets[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void
base64_encode(struct strbuf *out, const void *p, size_t n, bool url)
{
	const char *alphabet = alphabets[url];
	const unsigned char *u = p;

	for (; n; u += 3) {
		size_t take = n < 3 ? n : 3;
		uint32_t v = (uint32_t)u[0] << 16;
		char quad[4];

		if (take > 1)
			v |= (uint32_t)u[1] << 8;
		if (take > 2)
			v |= u[2];
		for (int i = 0; i < 4; i++)
			quad[i] = alphabet[v >> (18 - 6 * i) & 63];
		memset(quad + take + 1, '=', 3 - take);
		strbuf_add(out, quad, 4);
		n -= take;
	}
}

int
base64_decode(struct strbuf *out, const char *s, size_t n)
{
	if (n % 4)
		return -1;
	for (; n; s += 4, n -= 4) {
		uint32_t v = 0;
		size_t pad = 0;

		for (int i = 0; i < 4; i++) {
			const char *at = strchr(alphabets[0], s[i]);

			if (s[i] == '=' && i >= 2 && n == 4)
				pad++;
			else if (!s[i] || !at || pad)
				return -1;
			v = v << 6 | (pad ? 0 : (uint32_t)(at - alphabets[0]));
		}
		char three[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};

		strbuf_add(out, three, 3 - pad);
	}
	return 0;
}

_Static_assert(SHA256_HEX_SIZE == SHA256_DIGEST_STRING_LENGTH, "libmd's");

void
sha256_hex(const void *p, size_t n, char hex[SHA256_HEX_SIZE])
{
	SHA256Data(p, n, hex);
}
