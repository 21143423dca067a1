#include "shell/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/host.h"
#include "lexer/lexer.h"
#include "shell/edit.h"

/* A command without its heredocs: what is no text may have no line's end. */
enum { CHUNK = 64 << 10, COMMAND_MAX = 4 << 20 };

void
source_init_text(struct source *s, const char *name, const char *text)
{
	*s = (struct source){.name = name, .line = 1, .fd = -1,
	    .text = STRBUF_INIT, .eof = true};
	strbuf_adds(&s->text, text);
}

void
source_init_fd(struct source *s, const char *name, int fd)
{
	*s = (struct source){.name = name, .line = 1, .fd = fd,
	    .text = STRBUF_INIT, .stdin_taken = fd == STDIN_FILENO};
}

void
source_init_edit(struct source *s, struct edit *edit)
{
	*s = (struct source){.line = 1, .fd = -1, .edit = edit,
	    .text = STRBUF_INIT, .interactive = true, .goes_on = true,
	    .stdin_taken = true};
}

void
source_release(struct source *s)
{
	strbuf_release(&s->text);
}

void
source_use(struct source *s, size_t n, unsigned lines)
{
	s->pos += n;
	s->looked = s->pos;
	s->line += lines;
	/* Moved down rarely, so that long texts take linear time. */
	if (s->pos > CHUNK && s->pos > s->text.len / 2) {
		strbuf_consume(&s->text, s->pos);
		s->pos = s->looked = 0;
	}
}

void
source_looked(struct source *s)
{
	const char *last = memrchr(s->text.buf, '\n', s->text.len);

	if (last && (size_t)(last + 1 - s->text.buf) > s->looked)
		s->looked = last + 1 - s->text.buf;
}

/* One read(2), waiting on the loop so that signals and leases live on. */
static enum source_status
read_chunk(struct source *s, struct host *h, struct err *err)
{
	ssize_t n;

	if (!host_wait_input(h, s->fd, h->interrupted))
		return SOURCE_CANCELLED;
	strbuf_grow(&s->text, CHUNK);
	n = read(s->fd, s->text.buf + s->text.len, CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return SOURCE_OK;
	if (n < 0)
		err_sys(err, errno, "reading the commands");
	if (n <= 0) {
		s->eof = true;
		return SOURCE_EOF;
	}
	s->text.len += n;
	s->text.buf[s->text.len] = 0;
	return SOURCE_OK;
}

/* A line that is there already and is what is waited for. */
static bool
have_line(struct source *s, const struct lex_need *need)
{
	const char *p = s->text.buf + s->looked, *nl;

	while ((nl = memchr(p, '\n', s->text.buf + s->text.len - p))) {
		bool met = lex_need_met(need, p, nl - p);

		p = nl + 1;
		s->looked = p - s->text.buf;
		if (met)
			return true;
	}
	return false;
}

enum source_status
source_read(struct source *s, struct host *h, const struct lex_need *need,
    size_t max_heredoc, struct err *err)
{
	enum source_status r = SOURCE_OK;

	while (!have_line(s, need)) {
		if (s->eof)
			return SOURCE_EOF;
		if (s->edit)
			r = edit_read(s->edit, need, &s->text);
		else
			r = read_chunk(s, h, err);
		if (r == SOURCE_CANCELLED || err->kind)
			return r;
		/* Ctrl-D ends a heredoc, as in cat(1); and an empty prompt. */
		if (r == SOURCE_EOF && s->edit &&
		    need->what == LEX_NEED_HEREDOC) {
			strbuf_adds(&s->text, need->tag);
			strbuf_addc(&s->text, '\n');
		} else if (r == SOURCE_EOF) {
			s->eof = !s->edit;
			return SOURCE_EOF;
		}
		if (need->what != LEX_NEED_HEREDOC &&
		    s->text.len - s->pos > COMMAND_MAX + max_heredoc) {
			err_set(err, ERR_USAGE, "a command without an end");
			s->eof = true;
			s->pos = s->looked = s->text.len;
			return SOURCE_EOF;
		}
		/* Too much for a heredoc: the lexer says so. */
		if (need->what == LEX_NEED_HEREDOC &&
		    s->text.len - s->pos > max_heredoc + CHUNK)
			return SOURCE_OK;
	}
	return SOURCE_OK;
}
