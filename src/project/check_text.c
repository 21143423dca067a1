#include "project/check_text_impl.h"

void
check_text_blank(const struct check_lexis *x, const char *s, size_t n,
    bool strings, struct strbuf *out)
{
	struct scan sc = SCAN_INIT(x, s, n);
	struct token t;

	strbuf_add(out, s, n);
	for (scan_token(&sc, &t); t.kind != TOKEN_END; scan_token(&sc, &t)) {
		size_t from = t.kind == TOKEN_COMMENT ? t.start : t.inner;
		size_t to = t.kind == TOKEN_COMMENT ? t.end : t.inner_end;

		if (t.kind != TOKEN_COMMENT &&
		    (strings || t.kind != TOKEN_STRING))
			continue;
		for (; from < to; from++)
			if (out->buf[from] != '\n')
				out->buf[from] = ' ';
	}
}

static enum check_part
part_of(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_COMMENT:
		return CHECK_PART_COMMENT;
	case TOKEN_STRING:
		return CHECK_PART_STRING;
	case TOKEN_NAME:
		return CHECK_PART_NAME;
	case TOKEN_NUMBER:
		return CHECK_PART_NUMBER;
	case TOKEN_OTHER:
	case TOKEN_END:
		break;
	}
	return CHECK_PART_OTHER;
}

void
check_text_parts(const struct check_lexis *x, const char *s, size_t n,
    check_part_fn *fn, void *arg)
{
	struct scan sc = SCAN_INIT(x, s, n);
	struct token t;
	size_t at = 0;

	do {
		scan_token(&sc, &t);
		if (t.start > at)
			fn(arg, CHECK_PART_OTHER, s + at, t.start - at);
		if (t.end > t.start)
			fn(arg, part_of(t.kind), s + t.start, t.end - t.start);
		at = t.end;
	} while (t.kind != TOKEN_END);
}
