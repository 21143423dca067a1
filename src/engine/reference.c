#include "engine/reference.h"

#include <ctype.h>
#include <string.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define OFFICIAL "library/"
#define PATH_MAX_LEN 255
#define TAG_MAX_LEN 128

void
reference_release(struct reference *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){0};
}

/* The grammar is of ASCII, whatever the locale. */
static bool
lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
letter_or_digit(char c)
{
	return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static size_t
span(const char *s, bool (*is)(char))
{
	size_t n = 0;

	while (is(s[n]))
		n++;
	return n;
}

/* Length of a separator within a path component: one of . _ __ or any -. */
static size_t
separator(const char *s)
{
	if (*s == '-')
		return strspn(s, "-");
	if (*s == '_')
		return s[1] == '_' ? 2 : 1;
	return *s == '.';
}

static bool
path_ok(const char *s)
{
	for (;;) {
		size_t n = span(s, lower_or_digit);

		if (!n)
			return false;
		s += n;
		if (!*s)
			return true;
		n = *s == '/' ? 1 : separator(s);
		if (!n)
			return false;
		s += n;
	}
}

static bool
port_ok(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

static bool
domain_ok(const char *s)
{
	if (*s == '[') {
		size_t n = strspn(s + 1, "0123456789abcdefABCDEF:");

		s += 1 + n;
		if (!n || *s++ != ']')
			return false;
		return !*s || (*s == ':' && port_ok(s + 1));
	}
	for (;;) {
		size_t n = 0;

		while (letter_or_digit(s[n]) || s[n] == '-')
			n++;
		if (!n || s[0] == '-' || s[n - 1] == '-')
			return false;
		s += n;
		if (*s == ':')
			return port_ok(s + 1);
		if (!*s)
			return true;
		if (*s++ != '.')
			return false;
	}
}

static bool
tag_ok(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > TAG_MAX_LEN || *s == '.' || *s == '-')
		return false;
	for (; *s; s++)
		if (!letter_or_digit(*s) && !strchr("_.-", *s))
			return false;
	return true;
}

/* The algorithms that github.com/opencontainers/go-digest knows. */
static bool
digest_ok(const char *s)
{
	static const struct {
		const char *prefix;
		size_t digits;
	} known[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_starts(s, known[i].prefix))
			return strlen(s + 7) == known[i].digits &&
			       strspn(s + 7, "0123456789abcdef") ==
				   known[i].digits;
	return false;
}

/* The part before the first slash is a domain if it can be no path. */
static bool
has_domain(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] == '.' || name[i] == ':' ||
		    (name[i] >= 'A' && name[i] <= 'Z'))
			return true;
	return n == 9 && !strncmp(name, "localhost", n);
}

static void
split_domain(struct reference *ref, const char *name)
{
	const char *slash = strchr(name, '/');

	if (slash && has_domain(name, (size_t)(slash - name))) {
		ref->domain = xstrndup(name, (size_t)(slash - name));
		name = slash + 1;
	} else {
		ref->domain = xstrdup(DEFAULT_DOMAIN);
	}
	if (!strcmp(ref->domain, LEGACY_DOMAIN)) {
		free(ref->domain);
		ref->domain = xstrdup(DEFAULT_DOMAIN);
	}
	if (!strcmp(ref->domain, DEFAULT_DOMAIN) && !strchr(name, '/'))
		ref->path = xasprintf(OFFICIAL "%s", name);
	else
		ref->path = xstrdup(name);
}

/* Cuts tag and digest off the path. */
static void
split_path(struct reference *ref)
{
	char *at = strchr(ref->path, '@'), *slash, *colon;

	if (at) {
		*at = '\0';
		ref->digest = xstrdup(at + 1);
	}
	slash = strrchr(ref->path, '/');
	colon = strchr(slash ? slash : ref->path, ':');
	if (colon) {
		*colon = '\0';
		ref->tag = xstrdup(colon + 1);
	}
}

static const char bad_tag[] = "the tag is not valid";

static const char *
complaint(const struct reference *ref, const char *name)
{
	if (!*name)
		return "the name of an image is empty";
	if (strlen(name) == 64 &&
	    strspn(name, "0123456789abcdef") == 64)
		return "this is the id of an image, not a name";
	if (!domain_ok(ref->domain))
		return "the registry's name is not valid";
	for (const char *s = ref->path; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			return "the names of images are in lower case";
	if (!path_ok(ref->path))
		return "the name is not valid";
	if (strlen(ref->path) > PATH_MAX_LEN)
		return "the name is longer than 255 characters";
	if (ref->tag && !tag_ok(ref->tag))
		return bad_tag;
	if (ref->digest && !digest_ok(ref->digest))
		return "the digest is not valid";
	return NULL;
}

/* What was typed may be anything, and errors have one line. */
static char *
printable(const char *name)
{
	struct strbuf sb = STRBUF_INIT;

	for (; *name; name++)
		if (*name >= 0x20 && *name < 0x7f)
			strbuf_addc(&sb, *name);
		else
			strbuf_addf(&sb, "\\x%02x", (unsigned char)*name);
	return strbuf_detach(&sb);
}

int
reference_parse(struct reference *ref, const char *name, struct err *err)
{
	autofree char *shown = NULL;
	const char *why;

	*ref = (struct reference){0};
	split_domain(ref, name);
	split_path(ref);
	why = complaint(ref, name);
	if (!why)
		return 0;
	reference_release(ref);
	shown = printable(name);
	err_set(err, ERR_USAGE, "image '%s': %s", shown, why);
	return why == bad_tag
		   ? err_hint(err, "behind the name and a colon stands one "
			 "tag, of letters, digits, '.', '_' and '-'")
		   : -1;
}

char *
reference_registry(const char *name, struct err *err)
{
	static const char *const hub[] = {
	    LEGACY_DOMAIN, "registry-1.docker.io", NULL};
	const char *s = name;
	autofree char *domain = NULL, *shown = NULL;
	size_t n;

	if (str_starts(s, "https://"))
		s += 8;
	else if (str_starts(s, "http://"))
		s += 7;
	n = strcspn(s, "/");
	domain = xstrndup(s, n);
	if (str_in(domain, hub))
		return xstrdup(DEFAULT_DOMAIN);
	/* "/v1/" and "/v2/" stand behind it in files of Docker's client. */
	if (has_domain(domain, n) && domain_ok(domain) &&
	    (!s[n] || !s[n + 1] || s != name))
		return steal(&domain);
	shown = printable(name);
	err_set(err, ERR_USAGE, "'%s' is not the name of a registry", shown);
	err_hint(err, "a registry is a host: ghcr.io, localhost:5000");
	return NULL;
}

bool
reference_is_implicit(const struct reference *ref)
{
	return !ref->tag && !ref->digest;
}

static char *
add_rest(const struct reference *ref, char *name)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, name);
	free(name);
	if (ref->tag)
		strbuf_addf(&sb, ":%s", ref->tag);
	else if (!ref->digest)
		strbuf_adds(&sb, ":latest");
	if (ref->digest)
		strbuf_addf(&sb, "@%s", ref->digest);
	return strbuf_detach(&sb);
}

char *
reference_full(const struct reference *ref)
{
	return add_rest(ref, xasprintf("%s/%s", ref->domain, ref->path));
}

char *
reference_familiar_name(const struct reference *ref)
{
	const char *slash = strchr(ref->path, '/');

	/* Without its domain "docker.io/a.b/c" would be of the registry a.b. */
	if (strcmp(ref->domain, DEFAULT_DOMAIN) ||
	    (slash && has_domain(ref->path, (size_t)(slash - ref->path))))
		return xasprintf("%s/%s", ref->domain, ref->path);
	if (str_starts(ref->path, OFFICIAL) &&
	    !strchr(ref->path + strlen(OFFICIAL), '/'))
		return xstrdup(ref->path + strlen(OFFICIAL));
	return xstrdup(ref->path);
}

char *
reference_familiar(const struct reference *ref)
{
	return add_rest(ref, reference_familiar_name(ref));
}

char *
reference_shorten(const char *name)
{
	struct reference ref = {0};
	autoerr struct err ignored = ERR_INIT;
	char *text;

	if (reference_parse(&ref, name, &ignored))
		return xstrdup(name);
	text = reference_familiar(&ref);
	reference_release(&ref);
	return text;
}
