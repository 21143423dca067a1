/* A logical line taken apart: name, flags and arguments, each instruction in
   its own way, as frontend/dockerfile/parser does (line_parsers.go and
   split_command.go). */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/nearest.h"

enum form {
	FORM_TEXT,	   /* all of it */
	FORM_WORDS,	   /* between blanks */
	FORM_JSON_OR_TEXT,
	FORM_JSON_OR_WORDS,
	FORM_PAIRS,	   /* name=value, or one name and a value */
	FORM_QUOTED_WORDS, /* between blanks that are not quoted */
	FORM_HEALTHCHECK,
	FORM_ONBUILD,
};

static const struct keyword {
	const char *name;
	enum form form;
} keywords[] = {
    {"ADD", FORM_JSON_OR_WORDS},
    {"ARG", FORM_QUOTED_WORDS},
    {"CMD", FORM_JSON_OR_TEXT},
    {"COPY", FORM_JSON_OR_WORDS},
    {"ENTRYPOINT", FORM_JSON_OR_TEXT},
    {"ENV", FORM_PAIRS},
    {"EXPOSE", FORM_WORDS},
    {"FROM", FORM_WORDS},
    {"HEALTHCHECK", FORM_HEALTHCHECK},
    {"LABEL", FORM_PAIRS},
    {"MAINTAINER", FORM_TEXT},
    {"ONBUILD", FORM_ONBUILD},
    {"RUN", FORM_JSON_OR_TEXT},
    {"SHELL", FORM_JSON_OR_TEXT},
    {"STOPSIGNAL", FORM_TEXT},
    {"USER", FORM_TEXT},
    {"VOLUME", FORM_JSON_OR_WORDS},
    {"WORKDIR", FORM_TEXT},
};

/* What separates an instruction from its arguments, and words. */
static const char blanks[] = "\t\v\f\r ";

static const struct keyword *
find_keyword(const char *name, struct err *err)
{
	struct nearest near = NEAREST_INIT(name);

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (!strcasecmp(name, keywords[i].name))
			return &keywords[i];
		nearest_try(&near, keywords[i].name);
	}
	err_set(err, ERR_CONFIG, "unknown instruction: %.64s", name);
	if (near.best)
		err_hint(err, "the nearest is %s", near.best);
	return NULL;
}

/* A copy without spaces at both ends, the caller's. */
static char *
trim(const char *s)
{
	const char *end = s;
	size_t n;

	while ((n = dockerfile_space(s)))
		s += n;
	for (const char *p = s; *p; p += n ? n : 1) {
		n = dockerfile_space(p);
		if (!n)
			end = p + 1;
	}
	return xstrndup(s, end > s ? (size_t)(end - s) : 0);
}

/* A flag with its quotes and backslashes removed, from *p on. */
static bool
read_flag(const char **p, struct strbuf *out)
{
	char quote = 0;
	bool quoted = false;

	for (; **p && (quote || !dockerfile_space(*p)); (*p)++) {
		char c = **p;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			quoted = true;
		} else if (c == '\\') {
			if (!(*p)[1])
				continue;
			strbuf_addc(out, *++(*p));
		} else {
			strbuf_addc(out, c);
		}
	}
	return quoted || out->len;
}

/* What stands behind the flags. */
static const char *
read_flags(const char *p, struct strvec *flags)
{
	for (;;) {
		autobuf struct strbuf flag = STRBUF_INIT;
		size_t n;

		while ((n = dockerfile_space(p)))
			p += n;
		if (!str_starts(p, "--"))
			return p;
		read_flag(&p, &flag);
		if (!strcmp(flag.buf, "--"))
			return p;
		strvec_push(flags, flag.buf);
	}
}

static void
read_words(const char *s, struct strvec *args)
{
	/* Blanks at the end are gone, so no word is empty. */
	while (*s) {
		size_t n = strcspn(s, blanks);

		strvec_push_owned(args, xstrndup(s, n));
		s += n;
		s += strspn(s, blanks);
	}
}

/* Go's reader wants controls in strings escaped, which cJSON does not. */
static bool
has_raw_control(const char *s)
{
	bool in = false;

	for (; *s; s++) {
		if (*s == '"')
			in = !in;
		else if (in && *s == '\\' && s[1])
			s++;
		else if (in && (unsigned char)*s < ' ')
			return true;
	}
	return false;
}

/* 1 if it is an array of strings, 0 if it is no JSON array. */
static int
read_json(const char *s, struct strvec *args, struct err *err)
{
	autoerr struct err bad = ERR_INIT;
	autojson json *array = NULL;
	const json *item;

	if (*s != '[' || has_raw_control(s))
		return 0;
	array = json_parse(s, strlen(s), &bad);
	if (!cJSON_IsArray(array))
		return 0;
	json_each(item, array) {
		if (!cJSON_IsString(item))
			return err_set(err, ERR_CONFIG,
			    "the exec form takes strings only");
		strvec_push(args, item->valuestring);
	}
	return 1;
}

/* One word with its quotes and escapes, which variables are found by later. */
static const char *
quoted_word(const char *p, char escape, struct strbuf *word, bool *any)
{
	char quote = 0;

	*any = false;
	while (*p && (quote || !dockerfile_space(p))) {
		char c = *p++;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			*any = true;
		}
		if (c == escape && quote != '\'') {
			if (!*p)
				break;
			strbuf_addc(word, c);
			c = *p++;
		}
		strbuf_addc(word, c);
	}
	*any |= word->len > 0;
	return p;
}

static void
read_quoted_words(const char *p, char escape, struct strvec *args)
{
	while (*p) {
		autobuf struct strbuf word = STRBUF_INIT;
		size_t n = dockerfile_space(p);
		bool any;

		if (n) {
			p += n;
			continue;
		}
		p = quoted_word(p, escape, &word, &any);
		if (any)
			strvec_push(args, word.buf);
	}
}

static int
read_pairs(struct dockerfile_instruction *in, const char *rest, char escape,
    struct err *err)
{
	autovec struct strvec words = STRVEC_INIT;
	size_t n = strcspn(rest, blanks);

	read_quoted_words(rest, escape, &words);
	if (words.n && !strchr(words.v[0], '=')) { /* "ENV name value" */
		if (!rest[n])
			return err_set(err, ERR_CONFIG,
			    "%s takes a name and a value", in->name);
		strvec_push_owned(&in->args, xstrndup(rest, n));
		strvec_push(
		    &in->args, rest + n + strspn(rest + n, blanks));
		return 0;
	}
	for (size_t i = 0; i < words.n; i++) {
		const char *eq = strchr(words.v[i], '=');

		if (!eq)
			return err_set(err, ERR_CONFIG,
			    "%s has no = in \"%.64s\"", in->name, words.v[i]);
		strvec_push_owned(&in->args,
		    xstrndup(words.v[i], (size_t)(eq - words.v[i])));
		strvec_push(&in->args, eq + 1);
	}
	return 0;
}

static int read_args(struct dockerfile_instruction *in, enum form form,
    const char *rest, char escape, struct err *err);

/* "[FLAGS] CMD command" or "NONE" */
static int
read_healthcheck(struct dockerfile_instruction *in, const char *rest,
    char escape, struct err *err)
{
	size_t n = 0, space;

	while (rest[n] && !dockerfile_space(rest + n))
		n++;
	if (!n)
		return 0;
	strvec_push_owned(&in->args, xstrndup(rest, n));
	for (char *p = in->args.v[0]; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	rest += n;
	while ((space = dockerfile_space(rest)))
		rest += space;
	return read_args(in, FORM_JSON_OR_TEXT, rest, escape, err);
}

static int
read_onbuild(struct dockerfile_instruction *in, const char *rest, char escape,
    struct err *err)
{
	if (in->onbuild) {
		err_set(err, ERR_CONFIG, "ONBUILD may not be behind ONBUILD");
		return err_hint(err, "one of them is enough: what is behind it "
		    "is done where an image is built on this one");
	}
	if (!*rest)
		return err_set(err, ERR_CONFIG,
		    "ONBUILD takes an instruction");
	if (in->flags.n)
		return err_set(err, ERR_CONFIG, "ONBUILD has no flag %.64s",
		    in->flags.v[0]);
	in->onbuild = true;
	return dockerfile_read_instruction(in, rest, escape, err);
}

static int
read_args(struct dockerfile_instruction *in, enum form form, const char *rest,
    char escape, struct err *err)
{
	int exec = 0;

	if (form == FORM_JSON_OR_TEXT || form == FORM_JSON_OR_WORDS)
		exec = read_json(rest, &in->args, err);
	in->exec_form = exec > 0;
	if (exec)
		return exec < 0 ? -1 : 0;
	if (!*rest && form != FORM_ONBUILD)
		return 0;
	switch (form) {
	case FORM_TEXT:
	case FORM_JSON_OR_TEXT:
		strvec_push(&in->args, rest);
		break;
	case FORM_WORDS:
	case FORM_JSON_OR_WORDS:
		read_words(rest, &in->args);
		break;
	case FORM_QUOTED_WORDS:
		read_quoted_words(rest, escape, &in->args);
		break;
	case FORM_PAIRS:
		return read_pairs(in, rest, escape, err);
	case FORM_HEALTHCHECK:
		return read_healthcheck(in, rest, escape, err);
	case FORM_ONBUILD:
		return read_onbuild(in, rest, escape, err);
	}
	return 0;
}

int
dockerfile_read_instruction(struct dockerfile_instruction *in,
    const char *line, char escape, struct err *err)
{
	autofree char *trimmed = trim(line);
	size_t n = strcspn(trimmed, blanks);
	autofree char *name = xstrndup(trimmed, n);
	autofree char *rest = NULL;
	const struct keyword *keyword;

	keyword = find_keyword(name, err);
	if (!keyword)
		return -1;
	in->name = keyword->name;
	rest = trim(read_flags(
	    trimmed + n + strspn(trimmed + n, blanks), &in->flags));
	return read_args(in, keyword->form, rest, escape, err);
}
