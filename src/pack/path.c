#include "pack/path.h"

#include <string.h>

#include "base/strbuf.h"

static void
drop_last(struct strbuf *out, size_t keep)
{
	while (out->len > keep && out->buf[out->len - 1] != '/')
		strbuf_truncate(out, out->len - 1);
	if (out->len > keep)
		strbuf_truncate(out, out->len - 1);
}

char *
path_clean(const char *s)
{
	struct strbuf out = STRBUF_INIT;
	bool rooted = *s == '/';
	size_t keep = rooted; /* what ".." cannot take away */

	if (rooted)
		strbuf_addc(&out, '/');
	for (size_t n; *s; s += n) {
		s += strspn(s, "/");
		n = strcspn(s, "/");
		if (!n || (n == 1 && *s == '.'))
			continue;
		if (n == 2 && !memcmp(s, "..", 2) &&
		    (rooted || out.len > keep)) {
			drop_last(&out, keep);
			continue;
		}
		if (out.len > rooted)
			strbuf_addc(&out, '/');
		strbuf_add(&out, s, n);
		if (n == 2 && !memcmp(s, "..", 2))
			keep = out.len;
	}
	if (!out.len)
		strbuf_addc(&out, '.');
	return strbuf_detach(&out);
}

bool
path_is_below(const char *path)
{
	for (const char *s = path;; s++) {
		size_t n = strcspn(s, "/");

		if (!n || (n == 1 && *s == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += n;
		if (!*s)
			return true;
	}
}
