/* The rules that look into commands and into files of heredocs. */
#include "project/dockerfile_find.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "project/dockerfile_shell.h"

/* Longer ones are tried at no socket. */
#define PATTERN_MAX 200

static const char socket_remedy[] =
    "leave it out: who reaches an engine is root on its host";

/* Where engines listen: Docker, Podman, containerd, CRI-O, BuildKit. */
static const char *const sockets[] = {"docker.sock", "podman.sock",
    "containerd.sock", "containerd.sock.ttrpc", "crio.sock",
    "cri-dockerd.sock", "dockershim.sock", "buildkitd.sock"};

static bool
is_part(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* A name of a socket as a whole component of a path. */
static const char *
find_socket(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		size_t n = strlen(sockets[i]);

		for (const char *p = text; (p = strcasestr(p, sockets[i]));
		    p += n)
			if ((p == text || !is_part(p[-1])) && !is_part(p[n]))
				return sockets[i];
	}
	return NULL;
}

/* "/var/run/d*.sock" and "/run/docker.soc?", though not "*". */
static const char *
find_pattern(const char *text)
{
	static const char *const begins[] = {"/run/", "/var/run/",
	    "/run/podman/", "/run/containerd/", "/run/crio/"};
	const char *path = strchr(text, '/');

	if (!path || strlen(path) > PATTERN_MAX || !strpbrk(path, "*?") ||
	    !strstr(path, "run/") || !strcasestr(path, "so"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sockets); j++) {
			autofree char *whole =
			    xasprintf("%s%s", begins[i], sockets[j]);

			if (glob_match(path, whole))
				return sockets[j];
		}
	return NULL;
}

void
dockerfile_find_socket(
    struct finder *f, unsigned line, const char *where, const char *text)
{
	const char *name = find_socket(text);

	if (!name)
		name = find_pattern(text);
	if (name)
		dockerfile_report(f, RULE_ENGINE_SOCKET, line, socket_remedy,
		    "%s names the socket of an engine: %s", where, name);
}

void
dockerfile_find_host(struct finder *f, unsigned line, const char *name,
    const char *value)
{
	static const char *const names[] = {"DOCKER_HOST", "CONTAINER_HOST",
	    "BUILDKIT_HOST", "CONTAINERD_ADDRESS", NULL};

	if (*value && str_in(name, names))
		dockerfile_report(f, RULE_ENGINE_SOCKET, line, socket_remedy,
		    "%s leads to an engine: %.64s", name, value);
}

/* What is looked for in a command or a file, and of which instruction. */
struct place {
	struct finder *f;
	const struct dockerfile_instruction *in;
	const char *where;
	const struct dockerfile_heredoc *heredoc; /* or NULL: the instruction */
	size_t counted;	  /* bytes of the heredoc whose lines were counted */
	unsigned newlines;
};

/* The line of the file at this byte of the text. */
static unsigned
line_at(struct place *at, size_t offset)
{
	if (!at->heredoc)
		return at->in->exec_form ? at->in->line
					 : dockerfile_line_at(at->in, offset);
	/* A command around a $( ) comes after it. */
	while (at->counted > offset)
		at->newlines -= at->heredoc->body[--at->counted] == '\n';
	for (; at->counted < offset; at->counted++)
		at->newlines += at->heredoc->body[at->counted] == '\n';
	return at->heredoc->line + at->newlines;
}

/* "KEY: VALUE", "KEY": "VALUE" or KEY=VALUE, blanks and quotes ignored. */
static bool
has_setting(const char *text, const char *key, const char *const *values)
{
	size_t n = strlen(key);

	for (const char *p = text; (p = strcasestr(p, key)); p += n) {
		const char *q = p + n;

		if (p > text && (is_part(p[-1])))
			continue;
		q += strspn(q, "\"' \t\\");
		if (*q != ':' && *q != '=')
			continue;
		q++;
		q += strspn(q, "\"' \t\\");
		for (size_t i = 0; values[i]; i++) {
			size_t len = strlen(values[i]);

			if (!strncasecmp(q, values[i], len) &&
			    !is_part(q[len]))
				return true;
		}
	}
	return false;
}

/* Files of Compose, Kubernetes and the engines' API. */
static void
find_settings(const struct place *at, unsigned line, const char *text)
{
	static const char *const yes[] = {"true", "yes", "on", "1", NULL};
	static const char *const host[] = {"host", NULL};

	if (has_setting(text, "privileged", yes))
		dockerfile_report(at->f, RULE_PRIVILEGED, line,
		    "leave out privileged: true",
		    "%s writes privileged: true, which is root on the host",
		    at->where);
	if (has_setting(text, "network_mode", host) ||
	    has_setting(text, "NetworkMode", host) ||
	    has_setting(text, "hostNetwork", yes))
		dockerfile_report(at->f, RULE_HOST_NETWORK, line,
		    "leave out the host's network",
		    "%s writes the host's network into a file", at->where);
}

/* The value of an option, "--net=host" or "--net" "host"; NULL: it is another
   one. */
static const char *
option_value(const struct strvec *words, size_t i, const char *option)
{
	const char *w = words->v[i];
	size_t n = strlen(option);

	if (strncmp(w, option, n))
		return NULL;
	if (w[n] == '=')
		return w + n + 1;
	if (w[n])
		return NULL;
	return i + 1 < words->n ? words->v[i + 1] : "";
}

static void
find_rights(const struct place *at, unsigned line, const struct strvec *words,
    size_t i)
{
	static const char *const remedy =
	    "leave it out, or start the container where the image is used";
	static const struct {
		const char *option, *value; /* what the value begins with */
	} rights[] = {{"--pid", "host"}, {"--ipc", "host"}, {"--uts", "host"},
	    {"--userns", "host"}, {"--cgroupns", "host"}, {"--cap-add", "ALL"},
	    {"--cap-add", "CAP_SYS_"}, {"--cap-add", "SYS_"},
	    {"--cap-add", "all"}, {"--security-opt", "seccomp=unconfined"},
	    {"--security-opt", "seccomp:unconfined"},
	    {"--security-opt", "apparmor=unconfined"},
	    {"--security-opt", "apparmor:unconfined"},
	    {"--security-opt", "systempaths=unconfined"},
	    {"--security-opt", "label=disable"}, {"--device", "/"},
	    {"--entitlement", "security.insecure"},
	    {"--allow", "security.insecure"}};
	const char *w = words->v[i];

	if (!strcmp(w, "--privileged") || (str_starts(w, "--privileged=") &&
					      strcmp(w, "--privileged=false")))
		dockerfile_report(at->f, RULE_PRIVILEGED, line, remedy,
		    "%s starts a container with --privileged, which is root "
		    "on the host", at->where);
	for (size_t j = 0; j < ARRAY_SIZE(rights); j++) {
		const char *value = option_value(words, i, rights[j].option);

		if (value && str_starts(value, rights[j].value))
			dockerfile_report(at->f, RULE_PRIVILEGED, line, remedy,
			    "%s starts a container with %s=%.64s", at->where,
			    rights[j].option, value);
	}
}

static void
find_network(const struct place *at, unsigned line,
    const struct strvec *words, size_t i)
{
	const char *value = option_value(words, i, "--net");

	if (!value)
		value = option_value(words, i, "--network");
	if (value && (!strcmp(value, "host") || !strcmp(value, "name=host")))
		dockerfile_report(at->f, RULE_HOST_NETWORK, line,
		    "leave out the host's network",
		    "%s starts a container with the host's network",
		    at->where);
}

/* "-v /a:/b", "-v/a:/b", "--volume=/a:/b" and "--mount type=bind,src=/a". */
static void
find_volume(const struct place *at, unsigned line,
    const struct strvec *words, size_t i)
{
	const char *w = words->v[i];
	const char *value = option_value(words, i, "-v");
	const char *mount = option_value(words, i, "--mount");

	if (!value)
		value = option_value(words, i, "--volume");
	if (!value && str_starts(w, "-v"))
		value = w + 2;
	if (!value && mount && strstr(mount, "type=bind"))
		value = strstr(mount, "src=") ? strstr(mount, "src=") + 4
		    : strstr(mount, "source=")
		    ? strstr(mount, "source=") + 7
		    : NULL;
	if (value && *value && strchr("/~.$", *value) &&
	    (mount || strchr(value, ':')))
		dockerfile_report(at->f, RULE_HOST_MOUNT, line,
		    "leave it out, or COPY the files into the image",
		    "%s starts a container with a directory of the host: %.64s",
		    at->where, value);
}

/* "docker -H tcp://10.0.0.1:2375", whatever listens there. */
static void
find_engine(const struct place *at, unsigned line,
    const struct strvec *words, size_t i)
{
	static const char *const options[] = {
	    "-H", "--host", "--url", "--addr"};
	const char *w = words->v[i];

	for (size_t j = 0; j < ARRAY_SIZE(options); j++) {
		const char *value = option_value(words, i, options[j]);

		if (!value && !j && str_starts(w, options[j]))
			value = w + strlen(options[j]);
		if (value && *value)
			dockerfile_report(at->f, RULE_ENGINE_SOCKET, line,
			    socket_remedy, "%s leads to an engine: %s %.64s",
			    at->where, options[j], value);
	}
}

static bool
is_client(const char *word)
{
	static const char *const clients[] = {"buildah", "buildctl", "crictl",
	    "ctr", "docker", "docker-compose", "nerdctl", "podman",
	    "podman-compose", "podman-remote", NULL};
	const char *slash = strrchr(word, '/');

	return str_in(slash ? slash + 1 : word, clients);
}

static void
find_assignments(
    const struct place *at, unsigned line, const struct strvec *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *eq = strchr(words->v[i], '=');
		autofree char *name = NULL;

		if (!eq || *words->v[i] == '-')
			continue;
		name = xstrndup(words->v[i], (size_t)(eq - words->v[i]));
		dockerfile_find_host(at->f, line, name, eq + 1);
	}
}

static void
find_in_command(void *arg, const struct strvec *words, size_t offset)
{
	struct place *at = arg;
	unsigned line = line_at(at, offset);
	autobuf struct strbuf joined = STRBUF_INIT;
	size_t program = shell_program(words);

	for (size_t i = 0; i < words->n; i++) {
		dockerfile_find_socket(at->f, line, at->where, words->v[i]);
		strbuf_addf(&joined, "%s%s", i ? " " : "", words->v[i]);
	}
	find_settings(at, line, joined.buf);
	find_assignments(at, line, words);
	if (program == words->n || !is_client(words->v[program]))
		return;
	for (size_t i = program + 1; i < words->n; i++) {
		find_engine(at, line, words, i);
		find_rights(at, line, words, i);
		find_network(at, line, words, i);
		find_volume(at, line, words, i);
	}
}

/* What cannot be looked through may hold anything. */
static void
find_too_much(void *arg, size_t offset)
{
	struct place *at = arg;

	dockerfile_report(at->f, RULE_ENGINE_SOCKET, line_at(at, offset),
	    "write the command out",
	    "%s has more variables, or scripts in scripts, than are looked "
	    "through", at->where);
}

static void
cut_comment(char *line)
{
	for (char *p = line; *p; p++)
		if (*p == '#' &&
		    (p == line || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
}

/* A file that COPY writes: line by line, without what a # makes a comment. */
static void
find_in_file(const struct place *at)
{
	const char *text = at->heredoc->body;

	for (unsigned n = at->heredoc->line; *text; n++) {
		size_t len = strcspn(text, "\n");
		autofree char *line = xstrndup(text, len);

		cut_comment(line);
		dockerfile_find_socket(at->f, n, at->where, line);
		find_settings(at, n, line);
		text += len + (text[len] == '\n');
	}
}

static void
find_in_heredocs(struct place *at, const struct shell_visit *v)
{
	for (size_t i = 0; i < at->in->nheredocs; i++) {
		at->heredoc = &at->in->heredocs[i];
		at->counted = at->newlines = 0;
		if (!strcmp(at->in->name, "RUN"))
			shell_commands(v, at->heredoc->body);
		else
			find_in_file(at);
	}
}

void
dockerfile_find_in_commands(
    struct finder *f, const struct dockerfile_instruction *in)
{
	static const char *const holders[] = {
	    "RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", NULL};
	struct place at = {.f = f, .in = in, .where = in->name};
	struct shell_visit v = {.in = in,
	    .command = find_in_command,
	    .too_much = find_too_much,
	    .arg = &at,
	    .budget = &f->budget};
	size_t first = !strcmp(in->name, "HEALTHCHECK");

	if (str_in(in->name, holders) && in->args.n > first) {
		struct strvec words = {
		    .v = in->args.v + first, .n = in->args.n - first};

		if (in->exec_form)
			shell_words(&v, &words);
		else
			shell_commands(&v, words.v[0]);
	}
	find_in_heredocs(&at, &v);
}
