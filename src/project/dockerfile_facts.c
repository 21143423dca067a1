/* What a builder has to know of a Dockerfile before it gets it. */
#include "project/dockerfile_impl.h"

#include <string.h>

static bool
is(const struct dockerfile_instruction *in, const char *name)
{
	return !strcmp(in->name, name);
}

/* Those of docs.docker.com/reference/dockerfile, "Predefined ARGs" and
   "BuildKit built-in build args". */
static bool
is_predefined(const char *name, size_t n)
{
	static const char *const names[] = {"http_proxy", "https_proxy",
	    "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"};

	if (str_starts(name, "BUILDKIT_"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && !strncasecmp(names[i], name, n))
			return true;
	return false;
}

bool
dockerfile_takes_arg(const struct dockerfile *d, const char *name, size_t n)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];

		for (size_t k = 0; is(in, "ARG") && k < in->args.n; k++)
			if (strcspn(in->args.v[k], "=") == n &&
			    !strncmp(in->args.v[k], name, n))
				return true;
	}
	return is_predefined(name, n);
}

static void
visit_image(const struct dockerfile *d, const char *from,
    void (*visit)(void *arg, const char *image), void *arg)
{
	if (strcmp(from, "scratch") != 0 &&
	    dockerfile_find_stage(d, from) == SIZE_MAX)
		visit(arg, from);
}

void
dockerfile_visit_images(const struct dockerfile *d,
    const struct dockerfile_instruction *in,
    void (*visit)(void *arg, const char *image), void *arg)
{
	const char *from = is(in, "COPY") ? dockerfile_flag(in, "from") : NULL;
	struct dockerfile_mount m;

	if (in->onbuild)
		return;
	if (is(in, "FROM") && d->stages[in->stage].parent == SIZE_MAX &&
	    strcmp(d->stages[in->stage].base, "scratch"))
		visit(arg, d->stages[in->stage].base);
	if (from)
		visit_image(d, from, visit, arg);
	for (size_t i = 0; dockerfile_next_mount(in, &i, &m);) {
		if (m.from)
			visit_image(d, m.from, visit, arg);
		dockerfile_mount_release(&m);
	}
}

/* As the builders tell a URL and a git repository from a path;
   util/gitutil/git_ref.go of moby/buildkit. */
bool
dockerfile_is_remote(const char *source)
{
	static const char *const begins[] = {"http://", "https://", "git://",
	    "ssh://", "git@", "github.com/"};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncasecmp(source, begins[i], strlen(begins[i])))
			return true;
	/* USER@HOST:PATH */
	return strchr(source, '@') && strchr(source, ':') &&
	       strchr(source, '@') < strchr(source, ':') &&
	       strcspn(source, "/") > (size_t)(strchr(source, ':') - source);
}

static bool
mounts_context(const struct dockerfile_instruction *in)
{
	struct dockerfile_mount m;
	bool does = false;

	for (size_t i = 0; dockerfile_next_mount(in, &i, &m);) {
		does |= !strcmp(m.type, "bind") && !m.from;
		dockerfile_mount_release(&m);
	}
	return does;
}

bool
dockerfile_takes_context(const struct dockerfile_instruction *in)
{
	size_t others = in->nheredocs;

	if (in->onbuild)
		return false;
	if (is(in, "RUN"))
		return mounts_context(in);
	if ((!is(in, "COPY") && !is(in, "ADD")) || dockerfile_flag(in, "from"))
		return false;
	for (size_t i = 0; is(in, "ADD") && i + 1 < in->args.n; i++)
		others += dockerfile_is_remote(in->args.v[i]);
	return others + 1 < in->args.n;
}

struct images {
	struct strvec *names, *platforms;
	const char *platform; /* of the instruction at hand, or "" */
};

static void
add_image(void *arg, const char *image)
{
	struct images *all = arg;

	for (size_t i = 0; i < all->names->n; i++)
		if (!strcmp(all->names->v[i], image) &&
		    (!all->platforms ||
			!strcmp(all->platforms->v[i], all->platform)))
			return;
	strvec_push(all->names, image);
	if (all->platforms)
		strvec_push(all->platforms, all->platform);
}

static bool
counts(const struct dockerfile *d, const struct dockerfile_instruction *in,
    bool stage_by_stage)
{
	const struct dockerfile_stage *s = &d->stages[in->stage];

	return stage_by_stage ? s->before_target : s->used;
}

void
dockerfile_images(const struct dockerfile *d, bool stage_by_stage,
    struct strvec *images, struct strvec *platforms)
{
	struct images all = {images, platforms, ""};

	for (size_t i = d->stages[0].first; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];
		const char *platform = d->stages[in->stage].platform;

		all.platform = is(in, "FROM") && platform ? platform : "";
		if (counts(d, in, stage_by_stage))
			dockerfile_visit_images(d, in, add_image, &all);
	}
}

struct constructs {
	struct dockerfile_construct *v;
	size_t n, cap;
};

static void
add(struct constructs *c, enum dockerfile_need need, unsigned line,
    const char *what)
{
	for (size_t i = c->n; i-- > 0 && c->v[i].line == line;)
		if (!strcmp(c->v[i].what, what))
			return;
	GROW(c->v, c->n, &c->cap);
	c->v[c->n++] = (struct dockerfile_construct){
	    .need = need, .line = line, .what = what};
}

static void
add_mount(struct constructs *c, const struct dockerfile_instruction *in,
    const char *value)
{
	static const struct {
		const char *type, *what;
		enum dockerfile_need need;
	} types[] = {
	    {"bind", "RUN --mount=type=bind", NEEDS_MOUNT},
	    {"cache", "RUN --mount=type=cache", NEEDS_MOUNT},
	    {"tmpfs", "RUN --mount=type=tmpfs", NEEDS_MOUNT},
	    {"secret", "RUN --mount=type=secret", NEEDS_SECRET},
	    {"ssh", "RUN --mount=type=ssh", NEEDS_SECRET},
	};
	struct dockerfile_mount m;
	autoerr struct err err = ERR_INIT;

	if (dockerfile_mount_parse(&m, value, &err)) {
		add(c, NEEDS_MOUNT, in->line, "RUN --mount");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(m.type, types[i].type))
			add(c, types[i].need, in->line, types[i].what);
	if (m.is_new)
		add(c, NEEDS_FRONTEND, in->line, "RUN --mount with size or env");
	dockerfile_mount_release(&m);
}

static void
add_flags(struct constructs *c, const struct dockerfile_instruction *in)
{
	static const struct {
		const char *instruction, *flag, *what;
		enum dockerfile_need need;
	} flags[] = {
	    {"ADD", "--checksum", "ADD --checksum", NEEDS_FRONTEND},
	    {"ADD", "--chmod", "ADD --chmod", NEEDS_NO_CLASSIC},
	    {"ADD", "--exclude", "ADD --exclude", NEEDS_FRONTEND},
	    {"ADD", "--keep-git-dir", "ADD --keep-git-dir", NEEDS_FRONTEND},
	    {"ADD", "--link", "ADD --link", NEEDS_LINK},
	    {"ADD", "--unpack", "ADD --unpack", NEEDS_FRONTEND},
	    {"COPY", "--chmod", "COPY --chmod", NEEDS_NO_CLASSIC},
	    {"COPY", "--exclude", "COPY --exclude", NEEDS_FRONTEND},
	    {"COPY", "--link", "COPY --link", NEEDS_LINK},
	    {"COPY", "--parents", "COPY --parents", NEEDS_FRONTEND},
	    {"HEALTHCHECK", "--start-interval", "HEALTHCHECK --start-interval",
		NEEDS_FRONTEND},
	    {"RUN", "--device", "RUN --device", NEEDS_FRONTEND},
	    {"RUN", "--network", "RUN --network", NEEDS_FRONTEND},
	    {"RUN", "--security", "RUN --security", NEEDS_FRONTEND},
	};

	for (size_t i = 0; i < in->flags.n; i++) {
		size_t n = strcspn(in->flags.v[i], "=");

		if (is(in, "RUN") && str_starts(in->flags.v[i], "--mount="))
			add_mount(
			    c, in, in->flags.v[i] + strlen("--mount="));
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
			if (is(in, flags[j].instruction) &&
			    strlen(flags[j].flag) == n &&
			    !memcmp(in->flags.v[i], flags[j].flag, n))
				add(c, flags[j].need, in->line, flags[j].what);
	}
}

static void
add_variables(struct constructs *c, const struct dockerfile_instruction *in)
{
	static const struct {
		unsigned used;
		const char *what;
		enum dockerfile_need need;
	} uses[] = {
	    {USED_OPERATOR, "${NAME-WORD}, ${NAME#PATTERN} and their like",
		NEEDS_FRONTEND},
	    {USED_IN_MOUNT, "a variable in RUN --mount",
		NEEDS_MOUNT_VARIABLE},
	    {USED_PLATFORM, "TARGETARCH and its like", NEEDS_NO_CLASSIC},
	    {USED_PARENT, "an ARG of the stage in FROM", NEEDS_BUILDKIT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		if (in->used & uses[i].used)
			add(c, uses[i].need, in->line, uses[i].what);
}

/* "COPY a b /c": the classic builder wants a slash behind the c. */
static void
add_destination(
    struct constructs *c, const struct dockerfile_instruction *in)
{
	const char *last = in->args.n > 2 ? in->args.v[in->args.n - 1] : "/";

	if ((is(in, "ADD") || is(in, "COPY")) && !in->onbuild &&
	    strcmp(last, ".") && !str_ends(last, "/"))
		add(c, NEEDS_NO_CLASSIC, in->line,
		    "several sources, and a destination without a / behind it");
}

/* The classic builder knows only the stages above, and takes any other name
   for an image. */
static void
add_order(struct constructs *c, const struct dockerfile *d,
    const struct dockerfile_instruction *in)
{
	const char *from = is(in, "COPY") ? dockerfile_flag(in, "from") : NULL;
	size_t stage = from ? dockerfile_find_stage(d, from) : SIZE_MAX;
	const char *name = d->stages[in->stage].name;

	if (stage != SIZE_MAX && stage > in->stage)
		add(c, NEEDS_BUILDKIT, in->line, "COPY --from a stage below");
	for (size_t i = 0; is(in, "FROM") && name && i < in->stage; i++)
		if (d->stages[i].name && !strcmp(d->stages[i].name, name))
			add(c, NEEDS_NO_CLASSIC, in->line,
			    "two stages of one name");
}

struct dockerfile_construct *
dockerfile_constructs(const struct dockerfile *d, size_t *n)
{
	static const struct {
		const char *instruction, *what;
	} heredocs[] = {{"ADD", "ADD <<EOF"}, {"COPY", "COPY <<EOF"},
	    {"RUN", "RUN <<EOF"}};
	struct constructs c = {0};

	if (d->late_escape)
		add(&c, NEEDS_FRONTEND, 1, "the directive check before escape");
	for (size_t i = 0; i < d->n; i++) {
		const struct dockerfile_instruction *in = &d->instructions[i];

		if (!counts(d, in, false) && !counts(d, in, true))
			continue;
		for (size_t j = 0; in->nheredocs && j < 3; j++)
			if (is(in, heredocs[j].instruction))
				add(&c, NEEDS_HEREDOC, in->line,
				    heredocs[j].what);
		add_flags(&c, in);
		add_variables(&c, in);
		add_destination(&c, in);
		add_order(&c, d, in);
	}
	*n = c.n;
	return c.v;
}
