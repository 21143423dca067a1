#include "work.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
write_all(const void *data, size_t n)
{
	const uint8_t *p = data;
	ssize_t done;

	while (n > 0) {
		done = write(STDOUT_FILENO, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			_exit(1);
		p += done;
		n -= (size_t)done;
	}
}

void
work_send(struct work *w, uint8_t type, const struct field_writer *f)
{
	struct message m = {.type = type, .id = w->r->id, .data = f->buf,
	    .len = f->len};
	size_t n = message_size(f->len);
	uint8_t *buf = malloc(n);

	if (buf == NULL || f->overflow)
		_exit(1);
	message_put(buf, &m);
	write_all(buf, n);
	free(buf);
}

void
work_send_data(struct work *w, const void *data, size_t n, bool end)
{
	uint8_t header[PROTO_HEADER_SIZE];
	struct frame f = {.type = PROTO_DATA, .id = w->r->id,
	    .flags = end ? PROTO_F_END : 0, .len = (uint16_t)n,
	    .payload = data};

	frame_header_put(header, &f);
	write_all(header, sizeof(header));
	write_all(data, n);
}

void
work_alive(void)
{
	static const uint8_t zeros[8];

	write_all(zeros, sizeof(zeros));
}

void
work_fail(struct work *w, int error, const char *text, const char *path)
{
	static uint8_t buf[16384];
	struct field_writer f;

	field_writer_init(&f, buf, sizeof(buf));
	field_put_u64(&f, PROTO_K_ERRNO, (uint64_t)error);
	field_put_text(&f, PROTO_K_TEXT, text);
	if (path != NULL && strlen(path) < 8192)
		field_put_text(&f, PROTO_K_PATH, path);
	work_send(w, PROTO_FAIL, &f);
	_exit(0);
}

void
work_verdict(struct work *w, const struct field_writer *f)
{
	work_send(w, PROTO_VERDICT, f);
	_exit(0);
}

static void
give_credit(struct work *w)
{
	uint8_t buf[64];
	struct field_writer f;

	if (w->consumed == 0)
		return;
	field_writer_init(&f, buf, sizeof(buf));
	field_put_u64(&f, PROTO_K_COUNT, w->consumed);
	work_send(w, PROTO_CREDIT, &f);
	w->consumed = 0;
}

void
work_next_frame(struct work *w, struct frame *f)
{
	uint8_t *p;
	size_t room;
	ssize_t n;

	while (!frame_reader_next(&w->reader, f)) {
		give_credit(w);
		p = frame_reader_space(&w->reader, &room);
		n = read(STDIN_FILENO, p, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (w->left != NULL)
				w->left(w);
			_exit(1);
		}
		frame_reader_add(&w->reader, (size_t)n);
	}
	w->consumed += PROTO_HEADER_SIZE + (size_t)f->len;
}

static char *
request_path(const struct request *r)
{
	struct field_reader fr;
	struct field f;
	char *path = NULL;

	field_reader_init(&fr, r->msg, r->msg_len);
	while (field_next(&fr, &f) > 0)
		if (f.key == PROTO_K_PATH && path == NULL)
			path = text_of_field(&f);
	return path;
}

void
work_main(const struct runner *rn, const struct request *r)
{
	static uint8_t input[3 * PROTO_FRAME_MAX];
	struct work w = {.rn = rn, .r = r, .path = request_path(r)};

	(void)signal(SIGPIPE, SIG_IGN);
	frame_reader_init(&w.reader, input, sizeof(input));
	if ((r->type == PROTO_PUT || r->type == PROTO_GET ||
		r->type == PROTO_EDIT) &&
	    (w.path == NULL || w.path[0] != '/'))
		work_fail(&w, EINVAL, "path", w.path);
	switch (r->type) {
	case PROTO_PUT:
		files_put(&w);
		break;
	case PROTO_GET:
		files_get(&w);
		break;
	case PROTO_EDIT:
		files_edit(&w);
		break;
	case PROTO_RESET:
		files_reset(&w);
		break;
	default:
		limits_probe(&w);
		break;
	}
	_exit(0);
}
