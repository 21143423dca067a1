#include "cmd/opts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cmd/help.h"

void
optset_init(struct optset *set, const struct cmd *row)
{
	size_t n = 0;

	while (table_option(row, n))
		n++;
	set->v = xcalloc(n, sizeof(*set->v));
	set->n = n;
	for (size_t i = 0; i < n; i++) {
		set->v[i].opt = table_option(row, i);
		strvec_init(&set->v[i].values);
	}
	strvec_init(&set->operands);
}

void
optset_release(struct optset *set)
{
	for (size_t i = 0; i < set->n; i++)
		strvec_release(&set->v[i].values);
	free(set->v);
	set->v = NULL;
	set->n = 0;
	strvec_release(&set->operands);
}

struct optval *
optset_get(const struct optset *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i].opt->name, name))
			return &set->v[i];
	return NULL;
}

static int
parse_int(const char *s, uint64_t *n)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	*n = strtoull(s, &end, 10);
	return errno || *end ? -1 : 0;
}

/* Digits with decimals, above 0; never "inf", "0x1" or a blank. */
static int
parse_num(const char *s, double *d)
{
	char *end;

	if (!*s || strspn(s, "0123456789.") != strlen(s))
		return -1;
	*d = strtod(s, &end);
	return *end || !(*d > 0) ? -1 : 0;
}

/* What a value of this type has to look like. */
static const char *
form_of(const struct opt *opt)
{
	switch (opt->type) {
	case OPT_TYPE_TIME:
	case OPT_TYPE_MAY_TIME:
		return "a time such as 30, 90s, 5m, 12h or 7d";
	case OPT_TYPE_SIZE:
		return "a size such as 256m, 1g or 64KiB";
	case OPT_TYPE_INT:
		return "a whole number";
	default:
		return "a number above 0, such as 0.5";
	}
}

static int
take_value(struct optval *v, const char *shown, const char *value,
    struct err *err)
{
	int r = 0;

	switch (v->opt->type) {
	case OPT_TYPE_TIME:
	case OPT_TYPE_MAY_TIME:
		r = units_parse_duration(value, &v->number);
		break;
	case OPT_TYPE_SIZE:
		r = units_parse_size(value, &v->number);
		break;
	case OPT_TYPE_INT:
		r = parse_int(value, &v->number);
		break;
	case OPT_TYPE_NUM:
		r = parse_num(value, &v->real);
		break;
	case OPT_TYPE_CHOICE:
	case OPT_TYPE_MAY_WORD:
		if (!choice_has(v->opt->choices, value))
			return err_set(err, ERR_USAGE,
			    "%s takes one of %s, not '%s'", shown,
			    v->opt->choices, value);
		break;
	default:
		break;
	}
	if (r < 0)
		return err_set(err, ERR_USAGE, "%s takes %s, not '%s'", shown,
		    form_of(v->opt), value);
	v->given = true;
	strvec_push(&v->values, value);
	return 0;
}

static int
refuse(const struct opt *opt, const char *shown, struct err *err)
{
	return err_set(err, ERR_POLICY, "%s is refused: %s", shown, opt->help);
}

/* The option nearest to a misspelt one is named, never taken. */
static int
unknown_long(const struct cmd *row, const char *name, size_t len,
    struct err *err)
{
	autofree char *word = xstrndup(name, len);
	const struct opt *o;
	struct nearest near = NEAREST_INIT(word);

	for (size_t i = 0; (o = table_option(row, i)); i++)
		if (o->type != OPT_TYPE_REFUSED)
			nearest_try(&near, o->name);
	err_set(err, ERR_USAGE, "there is no option --%s", word);
	/* Of addesh itself, and at the prompt a setting. */
	if (!strcmp(word, "plain"))
		return err_hint(err, "it stands before the command, as in "
		    "'addesh --%s %s'; at the prompt:  set output %s", word,
		    row->name, word);
	return near.best ? err_hint(err, "near: --%s", near.best) : -1;
}

/* Words still to be parsed. */
struct words {
	char *const *v;
	size_t n, i;
};

static int
parse_long(struct optset *set, const struct cmd *row, struct words *w,
    struct err *err)
{
	const char *name = w->v[w->i] + 2;
	const char *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt *opt = table_find_long(row, name, len);
	struct optval *v;
	autofree char *shown = NULL;

	w->i++;
	if (!opt)
		return unknown_long(row, name, len, err);
	shown = xasprintf("--%s", opt->name);
	if (opt->type == OPT_TYPE_REFUSED)
		return refuse(opt, shown, err);
	v = optset_get(set, opt->name);
	if (opt_may_have_value(opt) && eq)
		return take_value(v, shown, eq + 1, err);
	if (!opt_has_value(opt)) {
		v->given = true;
		return eq ? err_set(err, ERR_USAGE, "%s takes no value", shown)
			  : 0;
	}
	if (eq)
		return take_value(v, shown, eq + 1, err);
	if (w->i == w->n)
		return err_set(err, ERR_USAGE, "%s needs a value: %s", shown,
		    opt->metavar);
	return take_value(v, shown, w->v[w->i++], err);
}

/* "-9" and "-KILL", where a row takes that: letters of options are small. */
static const struct opt *
find_bare(const struct cmd *row, const char *p)
{
	const struct opt *o;

	for (size_t i = 0; (o = table_option(row, i)); i++)
		if (o->bare && p[strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789")] == '\0')
			return o;
	return NULL;
}

/* "-it" is -i and -t; "-m256m" and "-m 256m" are the same. */
static int
parse_cluster(struct optset *set, const struct cmd *row, struct words *w,
    struct err *err)
{
	const char *p = w->v[w->i++] + 1;
	const struct opt *bare = find_bare(row, p);

	if (bare)
		return take_value(optset_get(set, bare->name), p - 1, p, err);
	for (; *p; p++) {
		const struct opt *opt = table_find_letter(row, *p);
		char shown[3] = {'-', *p, 0};
		struct optval *v;

		if (!opt)
			return err_set(err, ERR_USAGE, "there is no option %s",
			    shown);
		if (opt->type == OPT_TYPE_REFUSED)
			return refuse(opt, shown, err);
		v = optset_get(set, opt->name);
		if (!opt_has_value(opt)) {
			v->given = true;
			continue;
		}
		if (p[1])
			return take_value(v, shown, p + 1 + (p[1] == '='), err);
		if (w->i == w->n)
			return err_set(err, ERR_USAGE, "%s needs a value: %s",
			    shown, opt->metavar);
		return take_value(v, shown, w->v[w->i++], err);
	}
	return 0;
}

static int
check_operands(const struct optset *set, const struct cmd *row,
    struct err *err)
{
	const struct arg *a = row->args;
	size_t n = set->operands.n, i;

	for (i = 0; i < CMD_MAX_ARGS && a[i].name; i++) {
		if (i >= n && !a[i].optional)
			return err_set(err, ERR_USAGE, "%s is missing",
			    a[i].name);
		if (i < n && a[i].choices &&
		    !choice_has(a[i].choices, set->operands.v[i]))
			return err_set(err, ERR_USAGE,
			    "%s is one of %s, not '%s'", a[i].name,
			    a[i].choices, set->operands.v[i]);
		if (a[i].repeat)
			return 0;
	}
	if (n > i)
		return err_set(err, ERR_USAGE, "'%s' is one word too many",
		    set->operands.v[i]);
	return 0;
}

static int
parse_words(struct optset *set, const struct cmd *row, struct words *w,
    struct err *err)
{
	bool options = true;
	int r;

	while (w->i < w->n) {
		const char *word = w->v[w->i];

		if (!options || word[0] != '-' || !word[1]) {
			strvec_push(&set->operands, word);
			w->i++;
			options &= !(row->flags & CMD_OPTS_FIRST);
			continue;
		}
		if (!strcmp(word, "--")) {
			options = false;
			w->i++;
			continue;
		}
		r = word[1] == '-' ? parse_long(set, row, w, err)
				   : parse_cluster(set, row, w, err);
		if (r < 0)
			return -1;
		/* The last option of every row is --help. */
		if (set->v[set->n - 1].given)
			return 0;
	}
	return check_operands(set, row, err);
}

int
opts_parse(struct optset *set, const struct cmd *row, char *const *words,
    size_t n, struct err *err)
{
	struct words w = {words, n, 0};
	autobuf struct strbuf usage = STRBUF_INIT;

	if (parse_words(set, row, &w, err) == 0)
		return 0;
	if (err->kind == ERR_USAGE) {
		help_usage(&usage, row);
		err_hint(err, "usage: %s", usage.buf);
	}
	return -1;
}
