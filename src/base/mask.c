#include "base/mask.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define STARS "***"

static bool
contains(const char *s, size_t n, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp(s + i, what, len))
			return true;
	return false;
}

static bool
ends(const char *s, size_t n, const char *what)
{
	size_t len = strlen(what);

	return n >= len && !strncasecmp(s + n - len, what, len);
}

static bool
is_secret_name(const char *s, size_t n)
{
	return ends(s, n, "_KEY") || ends(s, n, "-KEY") ||
	       ends(s, n, "APIKEY") || ends(s, n, "TOKEN") ||
	       ends(s, n, "SECRET") || contains(s, n, "PASSWORD") ||
	       contains(s, n, "PASSWD");
}

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Bytes of the rest of a word with its quotes; of one that began inside a quote
   up to that. */
static size_t
word_length(const char *s, size_t n, char outer)
{
	const char *end = outer ? memchr(s, outer, n) : NULL;
	char quote = 0;
	size_t i;

	if (outer)
		return end ? (size_t)(end - s) : n;
	for (i = 0; i < n; i++) {
		if (quote) {
			quote = s[i] == quote ? 0 : quote;
		} else if (s[i] == '\'' || s[i] == '"') {
			quote = s[i];
		} else if (s[i] == '\\' && i + 1 < n) {
			i++;
		} else if (strchr(" \t\n;|&<>", s[i])) {
			break;
		}
	}
	return i;
}

/* "://USER[:PASSWORD]@": bytes up to and without the @, or 0. */
static size_t
userinfo_length(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '@')
			return i;
		if (strchr("/ \t\n'\"", s[i]))
			return 0;
	}
	return 0;
}

void
mask_secrets(struct strbuf *out, const char *s, size_t n)
{
	size_t name = 0, i = 0; /* name: bytes of it just before i */
	char quote = 0;
	bool option;

	while (i < n) {
		size_t skip = 0;

		option = s[i] == ' ' && name > 2 && s[i - name] == '-' &&
			 s[i - name + 1] == '-';
		strbuf_addc(out, s[i]);
		if (s[i] == quote)
			quote = 0;
		else if (!quote && (s[i] == '\'' || s[i] == '"'))
			quote = s[i];
		if ((s[i] == '=' || option) &&
		    is_secret_name(s + i - name, name))
			skip = word_length(s + i + 1, n - i - 1, quote);
		else if (s[i] == '/' && i > 1 && s[i - 1] == '/' &&
			 s[i - 2] == ':')
			skip = userinfo_length(s + i + 1, n - i - 1);
		name = is_name_char(s[i]) ? name + 1 : 0;
		i++;
		if (skip) {
			strbuf_adds(out, STARS);
			i += skip;
			name = 0;
		}
	}
}
