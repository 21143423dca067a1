#include "base/mask.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>


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

bool
mask_is_secret_name(const char *s, size_t n)
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

/* Names of headers have a '-' where those of variables have none: the type
   that follows a parameter is no secret. */
static bool
is_secret_header(const char *s, size_t n)
{
	return ends(s, n, "authorization") ||
	       (n == 6 && ends(s, n, "cookie")) ||
	       (memchr(s, '-', n) && mask_is_secret_name(s, n));
}

/* "NAME: VALUE" up to the end of the word, the quote or the line. */
static size_t
header_length(const char *s, size_t n, char quote, size_t *lead)
{
	const char *end = memchr(s, '\n', n);

	if (end)
		n = (size_t)(end - s);
	while (quote && *lead < n && s[*lead] == ' ')
		(*lead)++;
	return word_length(s + *lead, n - *lead, quote);
}

/* `"NAME": "VALUE"`, in a string perhaps; key is just behind the NAME. */
static size_t
member_length(const char *s, size_t n, const char *from, const char *key,
    size_t *lead)
{
	const char *begin = key, *end;

	while (begin > from && is_name_char(begin[-1]))
		begin--;
	if (!mask_is_secret_name(begin, (size_t)(key - begin)))
		return 0;
	while (*lead < n && strchr(" \\", s[*lead]))
		(*lead)++;
	if (*lead == n || s[*lead] != '"')
		return 0;
	(*lead)++;
	end = memchr(s + *lead, '"', n - *lead);
	if (end && end > s + *lead && end[-1] == '\\')
		end--;
	return end ? (size_t)(end - s) - *lead : n - *lead;
}

/* "-u USER:PASSWORD" of curl, elsewhere it means other things. */
static size_t
user_length(const char *s, size_t n, char quote)
{
	size_t len = word_length(s, n, quote);

	return memchr(s, ':', len) ? len : 0;
}

/* What stands behind the byte at i and tells nobody; lead: bytes between that
   may be told; curl: its name came before. */
static size_t
secret_after(const char *s, size_t n, size_t i, size_t name, char quote,
    bool curl, size_t *lead)
{
	const char *word = s + i - name, *rest = s + i + 1;
	size_t left = n - i - 1;
	bool option = s[i] == ' ' && name > 2 && word[0] == '-' &&
		      word[1] == '-';

	if ((s[i] == '=' || option) && mask_is_secret_name(word, name))
		return word_length(rest, left, quote);
	if (s[i] == '/' && i > 1 && s[i - 1] == '/' && s[i - 2] == ':')
		return userinfo_length(rest, left);
	if (s[i] == ':' && is_secret_header(word, name))
		return header_length(rest, left, quote, lead);
	if (s[i] == ':' && i > 2 && s[i - 1] == '"')
		return member_length(rest, left, s,
		    s + i - 1 - (s[i - 2] == '\\'), lead);
	if (s[i] == ' ' && curl &&
	    ((name == 2 && !memcmp(word, "-u", 2)) ||
		(name == 6 && !memcmp(word, "--user", 6))))
		return user_length(rest, left, quote);
	return 0;
}

/* Tokens that begin as those of well-known services do. */
static size_t
token_length(const char *s, size_t n)
{
	static const char *const begins[] = {"ghp_", "gho_", "ghs_", "ghu_",
	    "ghr_", "github_pat_", "glpat-", "npm_", "pypi-", "hf_", "sk-",
	    "xoxb-", "xoxp-", "AKIA",
	    "ASIA"};
	size_t len = 0;

	while (len < n && is_name_char(s[len]))
		len++;
	/* npm_config_registry: npm's tokens have no second one */
	if (len > 4 && !strncmp(s, "npm_", 4) && memchr(s + 4, '_', len - 4))
		return 0;
	for (size_t i = 0; len >= 20 && i < ARRAY_SIZE(begins); i++)
		if (!strncmp(s, begins[i], strlen(begins[i])))
			return len;
	return 0;
}

void
mask_find(const char *s, size_t n, mask_found_fn *found, void *arg)
{
	size_t name = 0, i = 0; /* name: bytes of it just before i */
	bool curl = false;
	char quote = 0;

	while (i < n) {
		size_t lead = 0, skip = name ? 0 : token_length(s + i, n - i);

		if (!skip) {
			if (s[i] == quote)
				quote = 0;
			else if (!quote && (s[i] == '\'' || s[i] == '"'))
				quote = s[i];
			skip = secret_after(s, n, i, name, quote, curl, &lead);
			name = is_name_char(s[i]) ? name + 1 : 0;
			i++;
			curl = curl || ends(s, i, "curl");
		}
		if (skip) {
			found(arg, i + lead, skip);
			i += lead + skip;
			name = 0;
		}
	}
}

struct masking {
	struct strbuf *out;
	const char *s;
	size_t done; /* bytes of s that are in out */
};

static void
mask_one(void *arg, size_t start, size_t n)
{
	struct masking *m = arg;

	strbuf_add(m->out, m->s + m->done, start - m->done);
	strbuf_adds(m->out, MASK_TEXT);
	m->done = start + n;
}

void
mask_secrets(struct strbuf *out, const char *s, size_t n)
{
	struct masking m = {out, s, 0};

	mask_find(s, n, mask_one, &m);
	strbuf_add(out, s + m.done, n - m.done);
}
