#include "project/dockerfile_shell.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 6
#define VARIABLES_MAX 200

struct script {
	const struct shell_visit *v;
	const char *begin;
	struct strvec set; /* NAME=VALUE, of the script itself */
	unsigned depth, inner; /* inner: scripts in words of it */
	size_t offset;	       /* of the command with the inner ones */
};

/* A command while it is read. */
struct reading {
	struct script *s;
	const char *p;
	size_t began; /* offset of the command */
	struct strvec words;
	struct strbuf word;
	bool in_word;
};

static void read_script(struct script *s, const char **p, char stop);

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t
name_length(const char *s)
{
	size_t n = 0;

	while (is_name_char(s[n]))
		n++;
	return isdigit((unsigned char)*s) ? 0 : n;
}

/* Bytes of "NAME=" at the beginning of a word; 0: it is no assignment. */
static size_t
assignment_length(const char *word)
{
	size_t n = name_length(word);

	return n && word[n] == '=' ? n + 1 : 0;
}

/* Programs that run the one behind their options. */
static bool
is_wrapper(const char *word)
{
	static const char *const words[] = {"!", "{", "builtin", "command",
	    "do", "doas", "elif", "else", "env", "exec", "export", "if",
	    "ionice", "local", "nice", "nohup", "readonly", "setsid", "stdbuf",
	    "sudo", "then", "time", "timeout", "until", "while", "xargs",
	    NULL};
	const char *slash = strrchr(word, '/');

	return str_in(slash ? slash + 1 : word, words);
}

/* Of a wrapper; a number is that of `timeout 5` or `nice -n 5`. */
static bool
is_option(const char *word)
{
	return *word == '-' || isdigit((unsigned char)*word);
}

size_t
shell_program(const struct strvec *words)
{
	bool wrapped = false;
	size_t i = 0;

	for (; i < words->n; i++) {
		const char *w = words->v[i];

		if (is_wrapper(w))
			wrapped = true;
		else if (!assignment_length(w) && !(wrapped && is_option(w)))
			break;
	}
	return i;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The script that the command runs: of `sh -c`, `su -c` and `eval`; the
   caller's, or NULL. */
static char *
inner_script(const struct strvec *words, size_t program)
{
	static const char *const shells[] = {"ash", "bash", "busybox", "dash",
	    "ksh", "sh", "su", "zsh", NULL};
	const char *name = base_name(words->v[program]);
	struct strbuf text = STRBUF_INIT;
	bool option = false;

	if (!strcmp(name, "eval")) {
		for (size_t i = program + 1; i < words->n; i++)
			strbuf_addf(&text, "%s ", words->v[i]);
		return strbuf_detach(&text);
	}
	for (size_t i = program + 1; str_in(name, shells) && i < words->n;
	    i++) {
		const char *w = words->v[i];

		if (option && *w != '-')
			return xstrdup(w);
		if (*w == '-' && w[1] != '-' && strchr(w, 'c'))
			option = true;
	}
	return NULL;
}

static void
remember(struct script *s, const struct strvec *words)
{
	for (size_t i = 0; i < words->n; i++) {
		if (!assignment_length(words->v[i])) {
			if (!is_wrapper(words->v[i]))
				return;
		} else if (s->set.n < VARIABLES_MAX) {
			strvec_env_set(&s->set, words->v[i]);
		}
	}
}

static void
command(struct script *s, const struct strvec *words, size_t offset)
{
	size_t program = shell_program(words);
	autofree char *inner = NULL;
	const char *p;

	if (!words->n)
		return;
	s->v->command(s->v->arg, words, offset);
	remember(s, words);
	if (program == words->n)
		return;
	p = inner = inner_script(words, program);
	if (!p)
		return;
	if (s->depth == DEPTH_MAX) {
		s->v->too_much(s->v->arg, offset);
		return;
	}
	s->offset = offset;
	s->depth++;
	s->inner++;
	read_script(s, &p, 0);
	s->inner--;
	s->depth--;
}

static void
end_word(struct reading *r)
{
	if (r->in_word)
		strvec_push(&r->words, r->word.buf);
	strbuf_reset(&r->word);
	r->in_word = false;
}

static void
end_command(struct reading *r)
{
	end_word(r);
	command(r->s, &r->words, r->began);
	strvec_release(&r->words);
}

static void
add(struct reading *r, char c)
{
	strbuf_addc(&r->word, c);
	r->in_word = true;
}

static size_t
offset_of(const struct reading *r)
{
	return r->s->inner ? r->s->offset : (size_t)(r->p - r->s->begin);
}

static const char *
value_of(struct reading *r, const char *name, size_t n)
{
	const struct shell_visit *v = r->s->v;
	autofree char *copy = xstrndup(name, n);
	const char *value = strvec_env_get(&r->s->set, copy);

	if (!value)
		value = dockerfile_variable(v->in, name, n);
	if (!value)
		return NULL;
	if (strlen(value) >= *v->budget) {
		v->too_much(v->arg, offset_of(r));
		return NULL;
	}
	*v->budget -= strlen(value) + 1;
	return value;
}

/* Splits at blanks unless it is quoted. */
static void
add_value(struct reading *r, const char *value, bool quoted)
{
	for (; *value; value++) {
		if (!quoted && isspace((unsigned char)*value))
			end_word(r);
		else
			add(r, *value);
	}
}

static void
substitute(struct reading *r, char stop)
{
	struct script *s = r->s;

	add(r, '$'); /* what it prints is not known */
	if (s->depth == DEPTH_MAX)
		return;
	s->depth++;
	read_script(s, &r->p, stop);
	s->depth--;
}

/* At the '$'.  Of ${NAME:-WORD} without a value the WORD stays. */
static void
dollar(struct reading *r, bool quoted)
{
	bool brace = r->p[1] == '{';
	const char *name = r->p + 1 + brace;
	size_t n = name_length(name);
	const char *value = n ? value_of(r, name, n) : NULL;

	if (r->p[1] == '(' && r->p[2] != '(') {
		r->p += 2;
		substitute(r, ')');
		return;
	}
	if (!n) {
		add(r, *r->p++);
		return;
	}
	if (!value && !brace)
		strbuf_add(&r->word, r->p, n + 1);
	r->in_word |= !value;
	r->p = name + n;
	if (!value)
		return;
	add_value(r, value, quoted);
	while (brace && *r->p && *r->p != '}' && *r->p != '\n')
		r->p++;
	r->p += brace && *r->p == '}';
}

static void
double_quotes(struct reading *r)
{
	r->in_word = true;
	for (r->p++; *r->p && *r->p != '"';) {
		if (*r->p == '$') {
			dollar(r, true);
		} else if (*r->p == '`') {
			r->p++;
			substitute(r, '`');
		} else {
			if (*r->p == '\\' && r->p[1])
				r->p++;
			add(r, *r->p++);
		}
	}
	r->p += *r->p == '"';
}

static void
single_quotes(struct reading *r)
{
	r->in_word = true;
	for (r->p++; *r->p && *r->p != '\''; r->p++)
		add(r, *r->p);
	r->p += *r->p == '\'';
}

static void
escaped(struct reading *r)
{
	if (!*++r->p)
		return;
	if (*r->p != '\n')
		add(r, *r->p);
	r->p++;
}

static void
separator(struct reading *r)
{
	char c = *r->p++;

	if (c == '>' || c == '<') { /* ">&2" ends no command */
		end_word(r);
		r->p += *r->p == '&';
		return;
	}
	end_command(r);
}

static void
read_next(struct reading *r)
{
	if (!r->in_word && !r->words.n)
		r->began = offset_of(r);
	if (*r->p == '\\')
		escaped(r);
	else if (*r->p == '\'')
		single_quotes(r);
	else if (*r->p == '"')
		double_quotes(r);
	else if (*r->p == '$')
		dollar(r, false);
	else if (*r->p == '#' && !r->in_word)
		r->p += strcspn(r->p, "\n");
	else if (*r->p == '`')
		r->p++, substitute(r, '`');
	else if (strchr("\n;&|()<>", *r->p))
		separator(r);
	else if (isspace((unsigned char)*r->p))
		r->p++, end_word(r);
	else
		add(r, *r->p++);
}

/* Up to the stop or the end; *p is behind it then. */
static void
read_script(struct script *s, const char **p, char stop)
{
	struct reading r = {
	    .s = s, .p = *p, .words = STRVEC_INIT, .word = STRBUF_INIT};

	while (*r.p && (!stop || *r.p != stop))
		read_next(&r);
	end_command(&r);
	*p = r.p + (stop && *r.p == stop);
	strvec_release(&r.words);
	strbuf_release(&r.word);
}

void
shell_commands(const struct shell_visit *v, const char *script)
{
	struct script s = {.v = v, .begin = script, .set = STRVEC_INIT};

	read_script(&s, &script, 0);
	strvec_release(&s.set);
}

void
shell_words(const struct shell_visit *v, const struct strvec *words)
{
	struct script s = {.v = v, .set = STRVEC_INIT};

	command(&s, words, 0);
	strvec_release(&s.set);
}
