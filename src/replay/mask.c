#include "replay/mask.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/regexp.h"
#include "base/strvec.h"
#include "replay/mask_table.h"

struct mask {
	char *name;
	struct strbuf pattern; /* what matches: of the table or its values */
	struct strvec values; /* those that recording replaces */
	struct strvec others;
	struct regexp *match;
	struct regexp *record;         /* NULL: its values only */
	const struct mask_builtin *builtin; /* NULL: of the file */
	bool recorded;
};

struct masks {
	struct mask *v;
	size_t n, cap;
	struct regexp_run *run; /* scratch */
};

static struct mask *
mask_new(struct masks *m, const char *name, const char *pattern)
{
	struct mask *k;

	GROW(m->v, m->n, &m->cap);
	k = &m->v[m->n++];
	*k = (struct mask){.name = xstrdup(name),
	    .pattern = STRBUF_INIT,
	    .values = STRVEC_INIT,
	    .others = STRVEC_INIT};
	strbuf_adds(&k->pattern, pattern);
	return k;
}

/* The table's own patterns are right: a test compiles them all. */
static struct regexp *
compile(const char *pattern)
{
	autoerr struct err err = ERR_INIT;

	return pattern ? regexp_new(pattern, strlen(pattern), &err) : NULL;
}

struct masks *
masks_new(void)
{
	static const struct regexp_run none = REGEXP_RUN_INIT;
	struct masks *m = xcalloc(1, sizeof(*m));

	m->run = xmemdup(&none, sizeof(none));
	for (size_t i = 0; i < mask_builtins_n; i++) {
		const struct mask_builtin *b = &mask_builtins[i];
		struct mask *k = mask_new(m, b->name, b->match);

		k->match = compile(b->match);
		k->record = compile(b->record);
		k->builtin = b;
		k->recorded = strcmp(b->name, "VERSION") != 0;
	}
	return m;
}

void
masks_free(struct masks *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		strbuf_release(&m->v[i].pattern);
		strvec_release(&m->v[i].values);
		strvec_release(&m->v[i].others);
		regexp_free(m->v[i].match);
		regexp_free(m->v[i].record);
	}
	regexp_run_release(m->run);
	free(m->run);
	free(m->v);
	free(m);
}

static bool
is_name(const char *s)
{
	if (!isupper((unsigned char)*s))
		return false;
	while (isupper((unsigned char)*s) || isdigit((unsigned char)*s) ||
	       *s == '_')
		s++;
	return !*s;
}

static struct mask *
find(const struct masks *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcasecmp(m->v[i].name, name))
			return &m->v[i];
	return NULL;
}

int
masks_add(struct masks *m, const char *name, const char *re, struct err *err)
{
	struct regexp *match;
	struct mask *k;

	if (!is_name(name))
		return err_set(err, ERR_CONFIG,
		    "mask %s: a name has capitals, digits and _", name);
	if (find(m, name))
		return err_set(
		    err, ERR_CONFIG, "mask %s: there is one already", name);
	if (strlen(re) > REGEXP_TEXT_MAX)
		return err_set(err, ERR_CONFIG,
		    "mask %s: a pattern has at most %d bytes", name,
		    REGEXP_TEXT_MAX);
	match = regexp_new(re, strlen(re), err);
	if (!match)
		return err_prefix(err, "mask %s", name);
	k = mask_new(m, name, re);
	k->match = match;
	k->record = compile(re);
	return 0;
}

static bool
has_values(const struct mask *k)
{
	return k->values.n || k->others.n;
}

static void
add_value(struct masks *m, const char *name, const char *value, bool recorded)
{
	struct mask *k = find(m, name);

	if (!k || !*value || strvec_has(&k->values, value) ||
	    strvec_has(&k->others, value))
		return;
	if (!has_values(k))
		strbuf_reset(&k->pattern);
	if (!has_values(k) && k->builtin && k->builtin->record)
		strbuf_adds(&k->pattern, k->builtin->record);
	if (k->pattern.len)
		strbuf_addc(&k->pattern, '|');
	strvec_push(recorded ? &k->values : &k->others, value);
	regexp_quote(&k->pattern, value, strlen(value));
}

void
masks_add_value(struct masks *m, const char *name, const char *value)
{
	add_value(m, name, value, true);
}

void
masks_add_env(struct masks *m, const char *name)
{
	size_t digits = *name == 'e' ? strspn(name + 1, "0123456789") : 0;

	add_value(m, "ENV", name, digits && !name[1 + digits]);
}

int
masks_record_only(
    struct masks *m, const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!find(m, names[i]))
			return err_set(err, ERR_CONFIG,
			    "normalize: there is no mask %s", names[i]);
	for (size_t i = 0; i < m->n; i++)
		m->v[i].recorded = false;
	for (size_t i = 0; i < m->n; i++)
		for (size_t j = 0; j < n; j++)
			if (!strcasecmp(m->v[i].name, names[j]))
				m->v[i].recorded = true;
	return 0;
}

/* Words: "1.52s" is none of "v1.52s", "1.52s.txt" or "0.1.52s". */
static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
begins_word(const char *s, size_t at)
{
	return at == 0 ||
	       (!is_word(s[at - 1]) &&
		   !(s[at - 1] == '.' && at > 1 && is_word(s[at - 2])));
}

static bool
ends_word(const char *s, size_t n, size_t end)
{
	if (end == n)
		return true;
	if (s[end] == '.')
		return end + 1 == n || !is_word(s[end + 1]);
	return !is_word(s[end]);
}

/* Of the values of this run, the longest that stands there. */
static size_t
known_value_at(const struct strvec *values, const char *s, size_t n, size_t at)
{
	size_t best = 0;

	for (size_t i = 0; i < values->n; i++) {
		size_t len = strlen(values->v[i]);

		if (len > best && len <= n - at &&
		    !memcmp(s + at, values->v[i], len) &&
		    ends_word(s, n, at + len))
			best = len;
	}
	return best;
}

static size_t
pattern_at(const struct masks *m, const struct regexp *re, const char *s,
    size_t n, size_t at)
{
	ptrdiff_t len = regexp_longest(re, m->run, s + at, n - at);

	return len > 0 && ends_word(s, n, at + len) ? (size_t)len : 0;
}

/* What recording takes that is no value of this run. */
static size_t
recorded_at(const struct masks *m, const struct mask *k, const char *s,
    size_t n, size_t at)
{
	const struct mask_builtin *b = k->builtin;
	size_t len;

	if (!k->record || (b ? !s[at] || !strchr(b->first, s[at])
			     : has_values(k)))
		return 0;
	len = pattern_at(m, k->record, s, n, at);
	return b && b->is_sure && !b->is_sure(s, at, len) ? 0 : len;
}

static size_t
longer(size_t a, size_t b)
{
	return a > b ? a : b;
}

size_t
masks_value_at(const struct masks *m, int index, const char *s, size_t n,
    size_t at)
{
	const struct mask *k = &m->v[index];

	if (at >= n || !begins_word(s, at))
		return 0;
	m->run->steps = REGEXP_STEPS;
	if (!has_values(k))
		return pattern_at(m, k->match, s, n, at);
	return longer(longer(known_value_at(&k->values, s, n, at),
			  known_value_at(&k->others, s, n, at)),
	    recorded_at(m, k, s, n, at));
}

/* The mask whose value at `at` is the longest; NULL: none has one. */
static const struct mask *
longest_at(const struct masks *m, bool known, const char *s, size_t n,
    size_t at, size_t *len)
{
	const struct mask *best = NULL;

	*len = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct mask *k = &m->v[i];
		size_t l = 0;

		if (known)
			l = known_value_at(&k->values, s, n, at);
		else if (k->recorded)
			l = longer(known_value_at(&k->values, s, n, at),
			    recorded_at(m, k, s, n, at));
		if (l > *len) {
			best = k;
			*len = l;
		}
	}
	return best;
}

static void
replace(const struct masks *m, bool known, struct strbuf *out,
    const char *line, size_t n)
{
	const struct mask *k;
	size_t len;

	m->run->steps = REGEXP_STEPS;
	for (size_t i = 0; i < n;) {
		k = begins_word(line, i)
			? longest_at(m, known, line, n, i, &len)
			: NULL;
		if (k) {
			strbuf_addf(out, "[%s]", k->name);
			i += len;
		} else {
			strbuf_addc(out, line[i++]);
		}
	}
}

void
mask_line(const struct masks *m, struct strbuf *out, const char *line, size_t n)
{
	if (n > MASK_LINE_MAX)
		strbuf_add(out, line, n);
	else
		replace(m, false, out, line, n);
}

void
mask_line_known(const struct masks *m, struct strbuf *out, const char *line,
    size_t n)
{
	replace(m, true, out, line, n);
}

int
masks_at(const struct masks *m, const char *s, size_t n, size_t *len)
{
	const char *end;

	if (n < 3 || *s != '[' || !isupper((unsigned char)s[1]))
		return -1;
	end = memchr(s, ']', n);
	for (size_t i = 0; end && i < m->n; i++) {
		size_t name = strlen(m->v[i].name);

		if ((size_t)(end - s) == name + 1 &&
		    !memcmp(s + 1, m->v[i].name, name)) {
			*len = name + 2;
			return (int)i;
		}
	}
	return -1;
}

const char *
masks_pattern(const struct masks *m, int index)
{
	return m->v[index].pattern.buf;
}
