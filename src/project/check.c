#include "project/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mask.h"
#include "base/secrets.h"
#include "base/units.h"
#include "base/xalloc.h"

/* Shorter ones are rather names; those of any key or token are longer. */
#define DRAWN_LENGTH_MIN 8
#define TOKEN_LENGTH_MIN 16

const char *const check_layer_names[] = {
    [CHECK_SYNTAX] = "syntax",
    [CHECK_STRUCTURE] = "structure",
    [CHECK_SECURITY] = "security",
    [CHECK_PERFORMANCE] = "performance",
    [CHECK_LINT] = "lint",
    [CHECK_LAYERS] = NULL,
};

const char *const check_severity_names[] = {
    "error", "warning", "info", NULL};
const char *const check_action_names[] = {"refuse", "warn", "allow", NULL};

int
check_layer_by_name(const char *name)
{
	for (int i = 0; i < CHECK_LAYERS; i++)
		if (!strcmp(name, check_layer_names[i]))
			return i;
	return -1;
}

static void
finding_release(struct check_finding *f)
{
	free(f->rule);
	free(f->file);
	free(f->message);
	free(f->remedy);
}

void
check_findings_release(struct check_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		finding_release(&f->v[i]);
	free(f->v);
	*f = (struct check_findings){0};
}

/* Which of the names this is, or past them. */
static size_t
rank(const char *severity)
{
	size_t i = 0;

	while (check_severity_names[i] &&
	       strcmp(check_severity_names[i], severity))
		i++;
	return i;
}

/* A parser may tell one place twice, and tells it soon after. */
static struct check_finding *
find_same(struct check_findings *f, const char *rule, const char *file,
    unsigned line, unsigned column)
{
	for (size_t i = f->n; i > 0 && i + 8 > f->n; i--) {
		struct check_finding *old = &f->v[i - 1];

		if (line && old->line == line && old->column == column &&
		    !strcmp(old->rule, rule) && !strcmp(old->file, file))
			return old;
	}
	return NULL;
}

static struct check_finding *
append(struct check_findings *f, enum check_layer layer, const char *rule,
    enum check_severity severity, const char *file, const char *message)
{
	struct check_finding *one;

	GROW(f->v, f->n, &f->cap);
	one = &f->v[f->n++];
	*one = (struct check_finding){.layer = layer,
	    .rule = xstrdup(rule),
	    .severity = check_severity_names[severity],
	    .action = severity == CHECK_ERROR ? CHECK_REFUSE : CHECK_WARN,
	    .file = xstrdup(file),
	    .message = xstrdup(message)};
	return one;
}

struct check_finding *
check_add(struct check_findings *f, enum check_layer layer, const char *rule,
    enum check_severity severity, const char *file, unsigned line,
    unsigned column, const char *message, const char *remedy)
{
	struct check_finding *one = find_same(f, rule, file, line, column);

	if (one) {
		if (severity < rank(one->severity))
			one->severity = check_severity_names[severity];
		return one;
	}
	if (f->n > CHECK_FINDINGS_MAX)
		return &f->v[f->n - 1];
	if (f->n == CHECK_FINDINGS_MAX)
		return append(f, layer, "too-many", CHECK_ERROR, file,
		    "more was found than is kept");
	one = append(f, layer, rule, severity, file, message);
	one->line = line;
	one->column = column;
	one->remedy = remedy ? xstrdup(remedy) : NULL;
	return one;
}

static int
compare(const void *pa, const void *pb)
{
	const struct check_finding *a = pa, *b = pb;
	int by_file = strcmp(a->file, b->file);

	if (by_file)
		return by_file;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->rule, b->rule);
}

void
check_findings_sort(struct check_findings *f)
{
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), compare);
}

void
check_size(
    struct check_findings *f, const char *file, size_t n, size_t limit)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (!limit || n <= limit)
		return;
	strbuf_adds(&text, "it has ");
	units_add_size(&text, n);
	strbuf_adds(&text, ", and more than ");
	units_add_size(&text, limit);
	strbuf_adds(&text, " is slow to load and to read");
	check_add(f, CHECK_PERFORMANCE, "size", CHECK_WARNING, file, 0, 0,
	    text.buf, "divide it, or leave out what is data");
}

/* ---- secrets ---- */

/* What stands for a value that comes later, or only shows its form. */
static bool
is_placeholder(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(" \t\r\n<>{}%$*", s[i]))
			return true;
	return mask_is_secret_name(s, n);
}

/* What a program drew, or a person who is careful: no plain word. */
static bool
is_drawn(const char *s, size_t n)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < n; i++) {
		digit |= isdigit((unsigned char)s[i]);
		letter |= isalpha((unsigned char)s[i]);
	}
	return n >= DRAWN_LENGTH_MIN && digit && letter;
}

/* Hosts of nobody's (RFC 2606), behind the '@' of a URL. */
static bool
is_example(const char *host)
{
	static const char *const names[] = {
	    "example.com", "example.org", "example.net"};
	size_t n = strcspn(host, "/:?#");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (n >= len && !strncasecmp(host + n - len, names[i], len))
			return true;
	}
	return false;
}

struct looking {
	const char *value;
	int worst;
};

static void
found(struct looking *l, int severity)
{
	if (l->worst < 0 || severity < l->worst)
		l->worst = severity;
}

/* A token of a known service, or the password in a URL: a user alone is no
   secret, and what hides it in a command need not be one in a program. */
static void
look(void *arg, size_t start, size_t n)
{
	struct looking *l = arg;
	const char *p = l->value + start;
	bool in_url = start >= 3 && !memcmp(p - 3, "://", 3);
	const char *password = memchr(p, ':', n);
	size_t len = password ? (size_t)(p + n - password) - 1 : 0;

	if (!in_url) {
		if ((start == 0 || p[-1] == ' ') && n >= 20 &&
		    !is_placeholder(p, n))
			found(l, CHECK_ERROR);
	} else if (len && !is_placeholder(password + 1, len)) {
		if (is_drawn(password + 1, len))
			found(l, CHECK_ERROR);
		else if (!is_example(p + n + 1))
			found(l, CHECK_WARNING);
	}
}

/* RFC 7468: a private key as text, with more than its first line. */
static bool
is_private_key(const char *s, size_t n)
{
	static const char begins[] = "-----BEGIN ", ends[] = "PRIVATE KEY-----";
	const char *p;

	if (n < sizeof(begins) || memcmp(s, begins, sizeof(begins) - 1))
		return false;
	p = memmem(s, n, ends, sizeof(ends) - 1);
	return p && (size_t)(s + n - p) > 2 * sizeof(ends);
}

/* Names of keys and tokens are many, and most of them are no secrets. */
static bool
is_sure_name(const char *name)
{
	return strcasestr(name, "pass") || strcasestr(name, "secret") ||
	       strcasestr(name, "apikey") || strcasestr(name, "api_key");
}

int
check_secret(const char *name, const char *value, size_t n)
{
	struct looking l = {.value = value, .worst = -1};

	if (memchr(value, 0, n))
		return -1;
	if (is_private_key(value, n))
		return CHECK_ERROR;
	if (!name || !mask_is_secret_name(name, strlen(name))) {
		mask_find(value, n, look, &l);
		return l.worst;
	}
	if (n < SECRET_LENGTH_MIN || is_placeholder(value, n) ||
	    strcasestr(name, "public"))
		return -1;
	if (!is_sure_name(name))
		return n >= TOKEN_LENGTH_MIN && is_drawn(value, n)
			   ? CHECK_ERROR
			   : -1;
	return is_drawn(value, n) ? CHECK_ERROR : CHECK_WARNING;
}
