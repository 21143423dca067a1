/* What instructions want of their flags and arguments, as
   frontend/dockerfile/instructions of moby/buildkit. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"

enum flag_kind { FLAG_VALUE, FLAG_BOOL, FLAG_LIST };

static const struct flag {
	const char *instruction, *name;
	enum flag_kind kind;
} flags[] = {
    {"ADD", "checksum", FLAG_VALUE},
    {"ADD", "chmod", FLAG_VALUE},
    {"ADD", "chown", FLAG_VALUE},
    {"ADD", "exclude", FLAG_LIST},
    {"ADD", "keep-git-dir", FLAG_BOOL},
    {"ADD", "link", FLAG_BOOL},
    {"ADD", "unpack", FLAG_BOOL},
    {"COPY", "chmod", FLAG_VALUE},
    {"COPY", "chown", FLAG_VALUE},
    {"COPY", "exclude", FLAG_LIST},
    {"COPY", "from", FLAG_VALUE},
    {"COPY", "link", FLAG_BOOL},
    {"COPY", "parents", FLAG_BOOL},
    {"FROM", "platform", FLAG_VALUE},
    {"HEALTHCHECK", "interval", FLAG_VALUE},
    {"HEALTHCHECK", "retries", FLAG_VALUE},
    {"HEALTHCHECK", "start-interval", FLAG_VALUE},
    {"HEALTHCHECK", "start-period", FLAG_VALUE},
    {"HEALTHCHECK", "timeout", FLAG_VALUE},
    {"RUN", "device", FLAG_LIST},
    {"RUN", "mount", FLAG_LIST},
    {"RUN", "network", FLAG_VALUE},
    {"RUN", "security", FLAG_VALUE},
};

static const struct count {
	const char *instruction;
	size_t least, most; /* arguments; most 0: any number */
} counts[] = {{"ADD", 2, 0}, {"ARG", 1, 0}, {"COPY", 2, 0}, {"ENV", 1, 0},
    {"EXPOSE", 1, 0}, {"FROM", 1, 3}, {"HEALTHCHECK", 1, 0}, {"LABEL", 1, 0},
    {"MAINTAINER", 1, 1}, {"SHELL", 1, 0}, {"STOPSIGNAL", 1, 1},
    {"USER", 1, 1}, {"VOLUME", 1, 0}, {"WORKDIR", 1, 1}};

static bool
is(const struct dockerfile_instruction *in, const char *name)
{
	return !strcmp(in->name, name);
}

static const struct flag *
find_flag(const struct dockerfile_instruction *in, const char *text,
    struct err *err)
{
	autofree char *name = xstrndup(text + 2, strcspn(text + 2, "="));
	struct nearest near = NEAREST_INIT(name);

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!is(in, flags[i].instruction))
			continue;
		if (!strcmp(name, flags[i].name))
			return &flags[i];
		nearest_try(&near, flags[i].name);
	}
	err_set(err, ERR_CONFIG, "%s has no flag --%.64s", in->name, name);
	if (near.best)
		err_hint(err, "the nearest is --%s", near.best);
	return NULL;
}

static int
check_flag(const struct dockerfile_instruction *in, size_t i, struct err *err)
{
	const struct flag *f = find_flag(in, in->flags.v[i], err);
	const char *value = strchr(in->flags.v[i], '=');

	if (!f)
		return -1;
	if (f->kind != FLAG_LIST)
		for (size_t j = 0; j < i; j++)
			if (str_starts(in->flags.v[j] + 2, f->name) &&
			    strchr("=", in->flags.v[j][2 + strlen(f->name)]))
				return err_set(err, ERR_CONFIG,
				    "%s has --%s twice", in->name, f->name);
	if (f->kind == FLAG_BOOL ? value && !value[1] : !value)
		return err_set(err, ERR_CONFIG, "%s --%s has no value",
		    in->name, f->name);
	if (f->kind == FLAG_BOOL && value && strcasecmp(value, "=true") &&
	    strcasecmp(value, "=false"))
		return err_set(err, ERR_CONFIG,
		    "%s --%s is true or false, not \"%.64s\"", in->name,
		    f->name, value + 1);
	return 0;
}

static int
check_choice(const struct dockerfile_instruction *in, const char *flag,
    const char *const *choices, struct err *err)
{
	const char *value = dockerfile_flag(in, flag);

	if (!value || str_in(value, choices))
		return 0;
	return err_set(err, ERR_CONFIG, "%s --%s cannot be \"%.64s\"", in->name,
	    flag, value);
}

static int
check_run(const struct dockerfile_instruction *in, struct err *err)
{
	static const char *const networks[] = {
	    "default", "none", "host", NULL};
	static const char *const modes[] = {"insecure", "sandbox", NULL};

	return check_choice(in, "network", networks, err) ||
		       check_choice(in, "security", modes, err)
	    ? -1
	    : 0;
}

static bool
is_stage_name(const char *s)
{
	if (!isalpha((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			return false;
	return true;
}

static int
check_from(const struct dockerfile_instruction *in, struct err *err)
{
	if (in->args.n != 1 &&
	    (in->args.n != 3 || strcasecmp(in->args.v[1], "as")))
		return err_set(err, ERR_CONFIG,
		    "FROM takes IMAGE or IMAGE AS NAME");
	if (in->args.n == 3 && !is_stage_name(in->args.v[2]))
		return err_set(err, ERR_CONFIG,
		    "\"%.64s\" cannot name a stage: a letter comes first, then "
		    "letters, digits, - _ and .", in->args.v[2]);
	return 0;
}

/* "1m30s" and "0.5s" as time.ParseDuration of Go; at least 1 ms, or 0. */
static int
check_duration(const struct dockerfile_instruction *in, const char *flag,
    struct err *err)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"\xc2\xb5s", 1e3},
	    {"\xce\xbcs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10},
	    {"h", 3.6e12}};
	const char *value = dockerfile_flag(in, flag), *p = value;
	double total = 0;
	bool bad = false;

	if (!p || !*p || !strcmp(p, "0"))
		return 0;
	for (p += *p == '+'; !bad;) {
		size_t n = strspn(p, "0123456789."), i = 0;
		double count = strtod(p, NULL);

		bad = !n || (n == 1 && *p == '.') || strchr(p, 'x') ||
		    memchr(p, '.', n) != memrchr(p, '.', n);
		p += n;
		n = strspn(p, "0123456789.") ? 0 : strcspn(p, "0123456789.");
		while (i < ARRAY_SIZE(units) &&
		       (strlen(units[i].unit) != n ||
			   memcmp(p, units[i].unit, n)))
			i++;
		bad |= i == ARRAY_SIZE(units);
		total += bad ? 0 : count * units[i].ns;
		p += n;
		if (!*p)
			break;
	}
	if (bad || (total != 0 && total < 1e6))
		return err_set(err, ERR_CONFIG,
		    "HEALTHCHECK --%s is a time such as 30s or 1m30s, not "
		    "\"%.64s\"", flag, value);
	return 0;
}

static int
check_retries(const struct dockerfile_instruction *in, struct err *err)
{
	const char *value = dockerfile_flag(in, "retries");
	char *end;
	long n;

	if (!value || !*value)
		return 0;
	n = strtol(value, &end, 10);
	if (*end || isspace((unsigned char)*value) || n < 0 || n > INT32_MAX)
		return err_set(err, ERR_CONFIG,
		    "HEALTHCHECK --retries is a number, not \"%.64s\"", value);
	return 0;
}

static int
check_healthcheck(const struct dockerfile_instruction *in, struct err *err)
{
	static const char *const times[] = {
	    "interval", "timeout", "start-period", "start-interval"};

	if (!strcmp(in->args.v[0], "NONE"))
		return in->args.n == 1 ? 0 : err_set(err, ERR_CONFIG,
		    "HEALTHCHECK NONE takes no command");
	if (strcmp(in->args.v[0], "CMD"))
		return err_set(err, ERR_CONFIG,
		    "HEALTHCHECK is CMD or NONE, not %.64s", in->args.v[0]);
	if (in->args.n == 1)
		return err_set(err, ERR_CONFIG,
		    "HEALTHCHECK CMD has no command");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (check_duration(in, times[i], err))
			return -1;
	return check_retries(in, err);
}

/* ENV and LABEL hold names and values by turns, ARG NAME or NAME=VALUE. */
static int
check_names(const struct dockerfile_instruction *in, struct err *err)
{
	size_t step = is(in, "ARG") ? 1 : 2;

	for (size_t i = 0; i < in->args.n; i += step)
		if (!*in->args.v[i] || (step == 1 && *in->args.v[i] == '='))
			return err_set(err, ERR_CONFIG,
			    "%s has a value without a name", in->name);
	return 0;
}

static int
check_volume(const struct dockerfile_instruction *in, struct err *err)
{
	for (size_t i = 0; i < in->args.n; i++) {
		const char *p = in->args.v[i];
		size_t n;

		while ((n = dockerfile_space(p)))
			p += n;
		if (!*p)
			return err_set(
			    err, ERR_CONFIG, "VOLUME has an empty path");
	}
	return 0;
}

static int
check_copy(const struct dockerfile_instruction *in, struct err *err)
{
	bool tabs, quoted;
	autofree char *name = in->exec_form ? NULL
	    : dockerfile_heredoc_name(
		  in->args.v[in->args.n - 1], &tabs, &quoted);
	const char *from = dockerfile_flag(in, "from");

	if (name)
		return err_set(err, ERR_CONFIG,
		    "%s has a heredoc where its destination is", in->name);
	/* As BuildKit and the classic builder: an image or stage is no
	   variable. */
	if (from && strchr(from, '$'))
		return err_set(err, ERR_CONFIG,
		    "COPY --from=%.64s: nothing is replaced there; FROM %.64s "
		    "AS NAME gives it a name", from, from);
	return 0;
}

static int
check_count(const struct dockerfile_instruction *in, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const struct count *c = &counts[i];

		if (!is(in, c->instruction) ||
		    (in->args.n >= c->least &&
			(!c->most || in->args.n <= c->most)))
			continue;
		return err_set(err, ERR_CONFIG, "%s takes %s", in->name,
		    c->least == 2   ? "a source and a destination"
		    : is(in, "FROM") ? "IMAGE or IMAGE AS NAME"
		    : c->most == 1   ? "one argument"
				     : "at least one argument");
	}
	return 0;
}

static int
check_onbuild(const struct dockerfile_instruction *in, struct err *err)
{
	if (in->onbuild && (is(in, "FROM") || is(in, "MAINTAINER")))
		return err_set(err, ERR_CONFIG,
		    "%s may not be behind ONBUILD", in->name);
	return 0;
}

int
dockerfile_check_instruction(
    const struct dockerfile_instruction *in, struct err *err)
{
	static const struct {
		const char *instruction;
		int (*check)(const struct dockerfile_instruction *in,
		    struct err *err);
	} checks[] = {{"ADD", check_copy}, {"ARG", check_names},
	    {"COPY", check_copy}, {"ENV", check_names}, {"FROM", check_from},
	    {"HEALTHCHECK", check_healthcheck}, {"LABEL", check_names},
	    {"RUN", check_run}, {"VOLUME", check_volume}};
	/* The builders do not look at flags of these. */
	bool unchecked = is(in, "ARG") || is(in, "STOPSIGNAL") ||
	    (is(in, "HEALTHCHECK") && in->args.n &&
		!strcmp(in->args.v[0], "NONE"));

	if (check_onbuild(in, err) || check_count(in, err))
		return -1;
	for (size_t i = 0; i < in->flags.n && !unchecked; i++)
		if (check_flag(in, i, err))
			return -1;
	if (is(in, "SHELL") && !in->exec_form)
		return err_set(err, ERR_CONFIG,
		    "SHELL takes the exec form: SHELL [\"/bin/sh\", \"-c\"]");
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (is(in, checks[i].instruction))
			return checks[i].check(in, err);
	return 0;
}

/* A number, or a name with or without SIG, RTMIN+n and RTMAX-n among them. */
static bool
is_signal(const char *s)
{
	char *end;
	long n;

	if (isdigit((unsigned char)*s) || *s == '-' || *s == '+') {
		n = strtol(s, &end, 10);
		return !*end && n != 0;
	}
	if (!strncasecmp(s, "SIG", 3))
		s += 3;
	if (!strncasecmp(s, "RTM", 3)) {
		s += 3;
		if (strncasecmp(s, "IN", 2) && strncasecmp(s, "AX", 2))
			return false;
		s += 2;
		n = *s ? strtol(s + 1, &end, 10) : 0;
		return !*s || (strchr("+-", *s) && s[1] && !*end && n < 16);
	}
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && !strcasecmp(name, s))
			return true;
	}
	return !strcasecmp(s, "CLD") || !strcasecmp(s, "IOT");
}

/* "[HOST:]PORT[-PORT][/tcp|udp|sctp]"; the addresses are Docker's affair. */
static bool
is_port(const char *s)
{
	const char *slash = strchr(s, '/');
	unsigned long from = 0, to;
	char *end;

	if (slash && strcasecmp(slash, "/tcp") && strcasecmp(slash, "/udp") &&
	    strcasecmp(slash, "/sctp"))
		return false;
	if (strrchr(s, ':'))
		s = strrchr(s, ':') + 1;
	if (!isdigit((unsigned char)*s))
		return false;
	from = to = strtoul(s, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		to = strtoul(end + 1, &end, 10);
	return from <= to && to <= 65535 && (!*end || end == slash);
}

int
dockerfile_check_expanded(
    const struct dockerfile_instruction *in, struct err *err)
{
	for (size_t i = 0; i < in->args.n; i++) {
		const char *arg = in->args.v[i];

		if (strchr(arg, '$')) /* of the base image's environment */
			continue;
		if (is(in, "EXPOSE") && !is_port(arg))
			return err_set(err, ERR_CONFIG,
			    "EXPOSE takes ports such as 80 or 53/udp, not "
			    "\"%.64s\"", arg);
		if (is(in, "STOPSIGNAL") && !is_signal(arg))
			return err_set(err, ERR_CONFIG,
			    "STOPSIGNAL takes a signal such as SIGTERM, not "
			    "\"%.64s\"", arg);
		if (is(in, "VOLUME") && !*arg)
			return err_set(
			    err, ERR_CONFIG, "VOLUME has an empty path");
	}
	return 0;
}
