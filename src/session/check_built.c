/*
 * Programs of ours that an environment has compiled.  That takes seconds where
 * a language brings no compiled library, so it is done once for an environment;
 * and what came out is kept here, not there, where code that ran since could
 * have put another in its place.
 */
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"
#include "sandbox/kept.h"
#include "session/check_impl.h"
#include "session/session_impl.h"

#define FILE_MAX_BYTES (9u << 20)

/* FILE: the digest of its source, a newline, and the program; nothing behind
   the newline says that it could not be compiled. */
static void
digest_line(const struct strbuf *source, struct strbuf *line)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(source->buf, source->len, hex);
	strbuf_addf(line, "%s\n", hex);
}

/* NULL: in memory. */
static char *
path_of(const struct checking *c, const char *name)
{
	return c->env->id
		   ? kept_check_path(&c->s->runtime, c->env->id, name)
		   : NULL;
}

void
env_built_release(struct env *env)
{
	struct env_built *b;

	while ((b = env->built)) {
		env->built = b->next;
		free(b->name);
		strbuf_release(&b->file);
		free(b);
	}
}

static struct strbuf *
in_memory(struct env *env, const char *name)
{
	struct env_built *b = env->built;

	while (b && strcmp(b->name, name) != 0)
		b = b->next;
	if (!b) {
		b = xcalloc(1, sizeof(*b));
		b->name = xstrdup(name);
		b->next = env->built;
		env->built = b;
	}
	return &b->file;
}

bool
check_built_find(struct checking *c, const char *name,
    const struct strbuf *source, struct strbuf *result)
{
	autofree char *path = path_of(c, name);
	autobuf struct strbuf line = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	struct strbuf *file = in_memory(c->env, name);

	if (!file->len && path && !access(path, F_OK) &&
	    io_read_file(path, file, FILE_MAX_BYTES, &ignored))
		strbuf_reset(file);
	digest_line(source, &line);
	if (file->len < line.len || memcmp(file->buf, line.buf, line.len) != 0)
		return false;
	strbuf_add(result, file->buf + line.len, file->len - line.len);
	return true;
}

void
check_built_keep(struct checking *c, const char *name,
    const struct strbuf *source, const struct strbuf *result)
{
	autofree char *path = path_of(c, name);
	autoerr struct err ignored = ERR_INIT;
	struct strbuf *file = in_memory(c->env, name);

	strbuf_reset(file);
	digest_line(source, file);
	strbuf_add(file, result->buf, result->len);
	if (!path)
		return;
	/* The next process compiles it again where this fails. */
	kept_put_beside(&c->s->runtime, c->env->id, path, file->buf, file->len,
	    &ignored);
}
