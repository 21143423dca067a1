/* Stages, their variables and which of them the target needs, as
   frontend/dockerfile/dockerfile2llb of moby/buildkit. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arch.h"
#include "base/nearest.h"
#include "engine/reference.h"

/* Bytes and steps that replacing variables may take: "ENV a=$a$a" doubles. */
#define BUDGET (32u << 20)
#define STAGES_MAX 1000
#define STAGES_SHOWN 10 /* in a message */
/* A name of 255, a tag of 128 and a digest; with room. */
#define IMAGE_MAX 1000
/* "$x" is looked for among all of them. */
#define VARIABLES_MAX 4000

struct eval {
	struct dockerfile *d;
	const struct dockerfile_options *o;
	const struct dockerfile_variable *global; /* ARG before FROM */
	const struct dockerfile_variable *scope;  /* of the stage */
	const struct dockerfile_variable **ends;  /* of each stage */
	uint64_t budget;
	unsigned used; /* by the instruction at hand */
	struct err *err;
};

static bool
is(const struct dockerfile_instruction *in, const char *name)
{
	return !strcmp(in->name, name);
}

static size_t
stage_at_hand(const struct eval *e)
{
	return e->d->nstages ? e->d->nstages - 1 : SIZE_MAX;
}

/* Takes the value, which may be NULL. */
static int
add_variable(struct eval *e, const struct dockerfile_variable **scope,
    const char *name, size_t n, char *value, bool env)
{
	struct dockerfile *d = e->d;
	struct dockerfile_variable *v = xcalloc(1, sizeof(*v));

	GROW(d->variables, d->nvariables, &d->variables_cap);
	d->variables[d->nvariables++] = v;
	*v = (struct dockerfile_variable){.before = *scope,
	    .name = xstrndup(name, n),
	    .value = value,
	    .stage = stage_at_hand(e),
	    .env = env};
	*scope = v;
	if (d->nvariables > VARIABLES_MAX)
		return err_set(
		    e->err, ERR_CONFIG, "there are too many variables");
	return 0;
}

static struct dockerfile_lexer
lexer(struct eval *e)
{
	return (struct dockerfile_lexer){.scope = e->scope,
	    .escape = e->d->escape,
	    .budget = &e->budget,
	    .stage = stage_at_hand(e),
	    .used = &e->used};
}

/* A copy with variables replaced, the caller's, or NULL. */
static char *
expand(struct eval *e, const char *word)
{
	struct dockerfile_lexer x = lexer(e);
	struct strbuf out = STRBUF_INIT;

	if (!dockerfile_expand(&x, word, &out, e->err))
		return strbuf_detach(&out);
	strbuf_release(&out);
	return NULL;
}

static int
expand_in_place(struct eval *e, char **word)
{
	char *s = expand(e, *word);

	if (!s)
		return -1;
	free(*word);
	*word = s;
	return 0;
}

const char *
dockerfile_variable(
    const struct dockerfile_instruction *in, const char *name, size_t n)
{
	const char *arg = NULL;

	for (const struct dockerfile_variable *v = in->scope; v;
	    v = v->before) {
		if (!v->value || strncmp(v->name, name, n) || v->name[n])
			continue;
		if (v->env)
			return v->value;
		arg = arg ? arg : v->value;
	}
	return arg;
}

/* PREFIXPLATFORM, PREFIXOS, PREFIXARCH and PREFIXVARIANT of "os/arch/v7". */
static void
add_platform(struct eval *e, const char *prefix, const char *platform)
{
	static const char *const parts[] = {"OS", "ARCH", "VARIANT"};
	autofree char *name = xasprintf("%sPLATFORM", prefix);
	const char *p = platform;

	add_variable(
	    e, &e->global, name, strlen(name), xstrdup(platform), false);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		autofree char *part = xasprintf("%s%s", prefix, parts[i]);
		size_t n = strcspn(p, "/");

		add_variable(e, &e->global, part, strlen(part),
		    xstrndup(p, n), false);
		p += n + !!p[n];
	}
	for (size_t i = 0; i < e->d->nvariables; i++)
		e->d->variables[i]->platform = true;
}

static void
add_platforms(struct eval *e)
{
	autofree char *host = xasprintf("linux/%s", arch_host());

	add_platform(e, "BUILD", host);
	add_platform(e, "TARGET", e->o->platform ? e->o->platform : host);
}

static const char *
given_arg(const struct eval *e, const char *name)
{
	return e->o->args ? strvec_env_get(e->o->args, name) : NULL;
}

static const struct dockerfile_variable *
find_global(const struct eval *e, const char *name)
{
	for (const struct dockerfile_variable *v = e->global; v; v = v->before)
		if (v->value && !strcmp(v->name, name))
			return v;
	return NULL;
}

/* "NAME=VALUE" or "NAME", its own variables replaced: what was given counts,
   then the default, then what stands before the first FROM. */
static int
define_arg(
    struct eval *e, const struct dockerfile_variable **scope, const char *arg)
{
	size_t n = strcspn(arg, "=");
	autofree char *name = xstrndup(arg, n);
	const char *value = given_arg(e, name);
	const struct dockerfile_variable *global;

	if (!value && arg[n])
		value = arg + n + 1;
	if (!value && (global = find_global(e, name))) {
		value = global->value;
		e->used |= global->platform ? USED_PLATFORM : 0;
	}
	return add_variable(
	    e, scope, name, n, value ? xstrdup(value) : NULL, false);
}

static int
define_args(struct eval *e, struct dockerfile_instruction *in,
    const struct dockerfile_variable **scope)
{
	for (size_t i = 0; i < in->args.n; i++)
		if (define_arg(e, scope, in->args.v[i]))
			return -1;
	return 0;
}

static int
define_env(struct eval *e, struct dockerfile_instruction *in)
{
	for (size_t i = 0; i + 1 < in->args.n; i += 2)
		if (add_variable(e, &e->scope, in->args.v[i],
			strlen(in->args.v[i]), xstrdup(in->args.v[i + 1]),
			true))
			return -1;
	return 0;
}

static int
expand_args(struct eval *e, struct dockerfile_instruction *in)
{
	for (size_t i = 0; i < in->args.n; i++) {
		bool tabs, quoted;
		autofree char *heredoc = in->nheredocs
		    ? dockerfile_heredoc_name(in->args.v[i], &tabs, &quoted)
		    : NULL;

		if (!heredoc && expand_in_place(e, &in->args.v[i]))
			return -1;
	}
	return 0;
}

/* EXPOSE $PORTS may be several. */
static int
expand_ports(struct eval *e, struct strvec *args)
{
	struct dockerfile_lexer x = lexer(e);
	struct strvec ports = STRVEC_INIT;

	for (size_t i = 0; i < args->n; i++)
		if (dockerfile_split(&x, args->v[i], &ports, e->err)) {
			strvec_release(&ports);
			return -1;
		}
	strvec_release(args);
	*args = ports;
	return 0;
}

static int
expand_mount(struct eval *e, char **flag)
{
	static const char begin[] = "--mount=";
	struct dockerfile_lexer x = lexer(e);
	autobuf struct strbuf out = STRBUF_INIT;
	struct dockerfile_mount m;

	strbuf_adds(&out, begin);
	if (strchr(*flag, '$'))
		e->used |= USED_IN_MOUNT;
	if (dockerfile_mount_expand(
		&x, *flag + strlen(begin), &out, e->err) ||
	    dockerfile_mount_parse(&m, out.buf + strlen(begin), e->err))
		return -1;
	dockerfile_mount_release(&m);
	free(*flag);
	*flag = strbuf_detach(&out);
	return 0;
}

static int
expand_flags(struct eval *e, struct dockerfile_instruction *in)
{
	static const char *const begins[] = {
	    "--chown=", "--chmod=", "--checksum="};

	for (size_t i = 0; i < in->flags.n; i++) {
		char **flag = &in->flags.v[i];

		if (str_starts(*flag, "--mount=") && expand_mount(e, flag))
			return -1;
		for (size_t j = 0; j < ARRAY_SIZE(begins); j++)
			if (str_starts(*flag, begins[j]) &&
			    expand_in_place(e, flag))
				return -1;
	}
	return 0;
}

/* A file's content: quotes are nothing special there, the backslash is,
   whatever the escape. */
static int
expand_heredocs(struct eval *e, struct dockerfile_instruction *in)
{
	struct dockerfile_lexer x = lexer(e);

	x.escape = '\\';
	x.no_quotes = true;
	for (size_t i = 0; i < in->nheredocs; i++) {
		struct dockerfile_heredoc *h = &in->heredocs[i];
		struct strbuf out = STRBUF_INIT;

		if (h->quoted)
			continue;
		if (dockerfile_expand(&x, h->body, &out, e->err)) {
			strbuf_release(&out);
			return -1;
		}
		free(h->body);
		h->body = strbuf_detach(&out);
	}
	return 0;
}

static int
expand_instruction(struct eval *e, struct dockerfile_instruction *in)
{
	static const char *const replaced[] = {"ADD", "ARG", "COPY", "ENV",
	    "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", NULL};

	if (is(in, "EXPOSE"))
		return expand_ports(e, &in->args);
	if (expand_flags(e, in) ||
	    (str_in(in->name, replaced) && expand_args(e, in)))
		return -1;
	if (is(in, "ARG"))
		return define_args(e, in, &e->scope);
	if (is(in, "ENV"))
		return define_env(e, in);
	return is(in, "ADD") || is(in, "COPY") ? expand_heredocs(e, in) : 0;
}

static size_t
find_name(const struct dockerfile *d, const char *name)
{
	for (size_t i = d->nstages; i-- > 0;)
		if (d->stages[i].name && !strcasecmp(d->stages[i].name, name))
			return i;
	return SIZE_MAX;
}

/* A number as Go's Atoi reads it; -1: it is none. */
static long
stage_number(const char *s)
{
	char *end;
	long n;

	if (!*s || strspn(s, "+0123456789") != strlen(s))
		return -1;
	n = strtol(s, &end, 10);
	return *end ? -1 : n;
}

size_t
dockerfile_find_stage(const struct dockerfile *d, const char *from)
{
	long n = stage_number(from);

	return n >= 0 ? (size_t)n : find_name(d, from);
}

/* The variables of a stage begin with those of the one it is built upon, or
   below them are an image's. */
static int
begin_scope(struct eval *e, const struct dockerfile_stage *s)
{
	if (s->parent != SIZE_MAX) {
		e->scope = e->ends[s->parent];
		return 0;
	}
	e->scope = NULL;
	if (add_variable(e, &e->scope, "", 0, NULL, false))
		return -1;
	e->d->variables[e->d->nvariables - 1]->open =
	    strcmp(s->base, "scratch") != 0;
	return 0;
}

/* "OS", "OS/ARCH" or "OS/ARCH/VARIANT"; nothing is as if it were not there. */
static int
check_platform(const char *platform, struct err *err)
{
	size_t parts = *platform ? 1 : 0;

	for (const char *p = platform; *p; p++) {
		parts += *p == '/';
		if (!isalnum((unsigned char)*p) && !strchr("_-/", *p))
			parts = SIZE_MAX / 2;
		if (*p == '/' && (p == platform || p[1] == '/' || !p[1]))
			parts = SIZE_MAX / 2;
	}
	if (parts <= 3)
		return 0;
	return err_set(err, ERR_CONFIG,
	    "FROM --platform is such as linux/arm64, not \"%.64s\"",
	    platform);
}

static int
begin_stage(struct eval *e, struct dockerfile_instruction *in, size_t index)
{
	struct dockerfile *d = e->d;
	const char *platform = dockerfile_flag(in, "platform");
	struct dockerfile_stage s = {.first = index, .last = index,
	    .parent = SIZE_MAX};

	if (d->nstages == STAGES_MAX)
		return err_set(
		    e->err, ERR_CONFIG, "there are too many stages");
	e->scope = e->global;
	s.base = expand(e, in->args.v[0]);
	if (!s.base)
		return -1;
	s.platform = platform ? expand(e, platform) : NULL;
	s.name = in->args.n > 1 ? xstrdup(in->args.v[2]) : NULL;
	for (char *p = s.name; p && *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
	s.parent = find_name(d, s.base);
	GROW(d->stages, d->nstages, &d->stages_cap);
	d->stages[d->nstages++] = s;
	in->stage = d->nstages - 1;
	if (platform && (!s.platform || check_platform(s.platform, e->err)))
		return -1;
	if (!*s.base)
		return err_set(e->err, ERR_CONFIG,
		    "FROM %.64s names no image: its ARG stands before the "
		    "first FROM or is given", in->args.v[0]);
	free(in->args.v[0]);
	in->args.v[0] = xstrdup(s.base);
	return begin_scope(e, &s);
}

static int
evaluate_instruction(
    struct eval *e, struct dockerfile_instruction *in, size_t i)
{
	struct dockerfile *d = e->d;

	in->scope = d->nstages ? e->scope : e->global;
	if (is(in, "FROM"))
		return begin_stage(e, in, i);
	if (!d->nstages && !is(in, "ARG"))
		return err_set(e->err, ERR_CONFIG,
		    "%s stands before the first FROM", in->name);
	if (!d->nstages) {
		e->scope = e->global;
		return expand_args(e, in) ||
			       define_args(e, in, &e->global)
		    ? -1
		    : 0;
	}
	in->stage = d->nstages - 1;
	d->stages[in->stage].last = i;
	if (!in->onbuild && (expand_instruction(e, in) ||
				dockerfile_check_expanded(in, e->err)))
		return -1;
	e->ends[in->stage] = e->scope;
	return 0;
}

static int
evaluate_all(struct eval *e, const char *name)
{
	for (size_t i = 0; i < e->d->n; i++) {
		struct dockerfile_instruction *in = &e->d->instructions[i];

		e->used = 0;
		if (evaluate_instruction(e, in, i))
			return err_prefix(e->err, "%s:%u", name, in->line);
		in->used = e->used;
		if (is(in, "FROM"))
			e->ends[in->stage] = e->scope;
	}
	if (!e->d->nstages)
		return err_set(e->err, ERR_CONFIG, "%s has no %s", name,
		    e->d->n ? "FROM" : "instructions");
	return 0;
}

/* The stages that an instruction takes files from, by calling visit(). */
static int
visit_sources(const struct dockerfile *d,
    const struct dockerfile_instruction *in,
    int (*visit)(void *arg, size_t stage), void *arg)
{
	const char *from = is(in, "COPY") ? dockerfile_flag(in, "from") : NULL;
	size_t stage = from ? dockerfile_find_stage(d, from) : SIZE_MAX;
	struct dockerfile_mount m;

	if (in->onbuild)
		return 0;
	if (stage != SIZE_MAX && visit(arg, stage))
		return -1;
	for (size_t i = 0; dockerfile_next_mount(in, &i, &m);) {
		int rc = 0;

		stage = m.from ? dockerfile_find_stage(d, m.from) : SIZE_MAX;
		if (stage != SIZE_MAX)
			rc = visit(arg, stage);
		dockerfile_mount_release(&m);
		if (rc)
			return -1;
	}
	return 0;
}

/* A walk along what stages need. */
struct walk {
	struct dockerfile *d;
	const char *name;
	unsigned char *state; /* of each stage: not seen, open, closed */
	unsigned line;	      /* of the instruction that leads on */
	struct err *err;
};

static int visit_stage(void *arg, size_t stage);

static int
visit_needs(struct walk *w, const struct dockerfile_stage *s)
{
	if (s->parent != SIZE_MAX && visit_stage(w, s->parent))
		return -1;
	for (size_t i = s->first; i <= s->last; i++) {
		w->line = w->d->instructions[i].line;
		if (visit_sources(
			w->d, &w->d->instructions[i], visit_stage, w))
			return -1;
	}
	return 0;
}

static int
visit_stage(void *arg, size_t stage)
{
	struct walk *w = arg;

	if (stage >= w->d->nstages)
		return err_set(w->err, ERR_CONFIG,
		    "%s:%u: there is no stage %zu", w->name, w->line, stage);
	if (w->state[stage] == 1)
		return err_set(w->err, ERR_CONFIG,
		    "%s:%u: the stage needs itself", w->name, w->line);
	if (w->state[stage] == 2)
		return 0;
	w->state[stage] = 1;
	if (visit_needs(w, &w->d->stages[stage]))
		return -1;
	w->state[stage] = 2;
	return 0;
}

/* The stages that a target can name. */
static int
hint_stages(const struct dockerfile *d, struct err *err)
{
	autobuf struct strbuf names = STRBUF_INIT;
	size_t i;

	for (i = 0; i < d->nstages && i < STAGES_SHOWN; i++) {
		strbuf_addf(&names, "%s", i ? ", " : "");
		if (d->stages[i].name)
			strbuf_addf(&names, "%.64s", d->stages[i].name);
		else
			strbuf_addf(&names, "%zu", i);
	}
	return err_hint(err, "its stages, those without a name by number: "
	    "%s%s", names.buf, i < d->nstages ? " ..." : "");
}

static int
find_target(struct dockerfile *d, const char *name, const char *target,
    struct err *err)
{
	struct nearest near = NEAREST_INIT(target);

	d->target = d->nstages - 1;
	if (!target || !*target)
		return 0;
	d->target = dockerfile_find_stage(d, target);
	if (d->target < d->nstages)
		return 0;
	for (size_t i = 0; i < d->nstages; i++)
		if (d->stages[i].name)
			nearest_try(&near, d->stages[i].name);
	err_set(err, ERR_CONFIG, "%s has no stage %.64s", name, target);
	return near.best ? err_hint(err, "the nearest is %s", near.best)
			 : hint_stages(d, err);
}

static int
mark_stages(struct dockerfile *d, const char *name, struct err *err)
{
	autofree unsigned char *state = xcalloc(d->nstages, 1);
	struct walk w = {.d = d, .name = name, .state = state, .err = err};

	if (visit_stage(&w, d->target))
		return -1;
	for (size_t i = 0; i < d->nstages; i++) {
		d->stages[i].used = state[i] == 2;
		d->stages[i].before_target = i <= d->target;
	}
	for (size_t i = 0; i < d->nstages; i++)
		if (visit_stage(&w, i))
			return -1;
	return 0;
}

/* The classic builder takes an image's id, too. */
static bool
is_image_id(const char *s)
{
	if (str_starts(s, "sha256:"))
		s += strlen("sha256:");
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static void
check_image(void *arg, const char *image)
{
	struct err *err = arg;
	autoerr struct err bad = ERR_INIT;
	struct reference ref;

	if (err->kind != ERR_NONE || is_image_id(image))
		return;
	if (strlen(image) > IMAGE_MAX) {
		err_set(err, ERR_CONFIG, "the name of an image is too long");
		return;
	}
	if (!reference_parse(&ref, image, &bad)) {
		reference_release(&ref);
		return;
	}
	err_set(err, ERR_CONFIG, "%s", bad.msg.buf);
	if (bad.hint.len)
		err_hint(err, "%s", bad.hint.buf);
}

/* Once all stages are known, as their names are no images. */
static int
check_images(const struct dockerfile *d, const char *name, struct err *err)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];

		dockerfile_visit_images(d, in, check_image, err);
		if (err->kind != ERR_NONE)
			return err_prefix(err, "%s:%u", name, in->line);
	}
	return 0;
}

int
dockerfile_evaluate(struct dockerfile *d, const char *name,
    const struct dockerfile_options *options, struct err *err)
{
	autofree const struct dockerfile_variable **ends =
	    xcalloc(STAGES_MAX, sizeof(*ends));
	struct eval e = {.d = d, .o = options, .ends = ends,
	    .budget = BUDGET, .err = err};

	add_platforms(&e);
	if (evaluate_all(&e, name) ||
	    find_target(d, name, options->target, err) ||
	    check_images(d, name, err))
		return -1;
	return mark_stages(d, name, err);
}
