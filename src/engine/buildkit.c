#include "engine/buildkit.h"

#include <string.h>

/* protobuf.dev/programming-guides/encoding: the low bits of a tag. */
enum wire { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_LEN = 2, WIRE_I32 = 5 };

struct reader {
	const unsigned char *p, *end;
	bool broken;
};

struct field {
	uint64_t number;
	enum wire wire;
	uint64_t value;		   /* of WIRE_VARINT */
	struct buildkit_text data; /* of WIRE_LEN */
};

static uint64_t
read_varint(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->p < r->end && shift < 64; shift += 7) {
		unsigned char c = *r->p++;

		value |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return value;
	}
	r->broken = true;
	return 0;
}

static struct buildkit_text
read_bytes(struct reader *r, uint64_t n)
{
	struct buildkit_text t = {.p = (const char *)r->p};

	if (r->broken || n > (uint64_t)(r->end - r->p)) {
		r->broken = true;
		return (struct buildkit_text){0};
	}
	t.n = (size_t)n;
	r->p += n;
	return t;
}

/* False at the end, or at what is no field. */
static bool
read_field(struct reader *r, struct field *f)
{
	uint64_t tag;

	if (r->broken || r->p == r->end)
		return false;
	tag = read_varint(r);
	*f = (struct field){.number = tag >> 3, .wire = tag & 7};
	switch (f->wire) {
	case WIRE_VARINT:
		f->value = read_varint(r);
		break;
	case WIRE_I64:
		read_bytes(r, 8);
		break;
	case WIRE_LEN:
		f->data = read_bytes(r, read_varint(r));
		break;
	case WIRE_I32:
		read_bytes(r, 4);
		break;
	default:
		r->broken = true;
	}
	return !r->broken;
}

static struct reader
reader_of(struct buildkit_text t)
{
	const unsigned char *p = (const unsigned char *)(t.p ? t.p : "");

	return (struct reader){.p = p, .end = p + t.n};
}

/* google.protobuf.Timestamp; -1 too for what no clock says. */
static int64_t
read_time(struct buildkit_text t, bool *broken)
{
	struct reader r = reader_of(t);
	uint64_t seconds = 0, nanos = 0;
	struct field f;

	while (read_field(&r, &f)) {
		if (f.number == 1)
			seconds = f.value;
		else if (f.number == 2)
			nanos = f.value;
	}
	*broken |= r.broken;
	if (seconds > (uint64_t)INT64_MAX / 2000 || nanos > 999999999)
		return -1;
	return (int64_t)(seconds * 1000 + nanos / 1000000);
}

static bool
read_vertex(struct buildkit_text t, const struct buildkit_sink *sink)
{
	struct buildkit_vertex v = {.started = -1, .completed = -1};
	struct reader r = reader_of(t);
	struct field f;

	while (read_field(&r, &f)) {
		if (f.number == 1)
			v.digest = f.data;
		else if (f.number == 3)
			v.name = f.data;
		else if (f.number == 4)
			v.cached = f.value != 0;
		else if (f.number == 5)
			v.started = read_time(f.data, &r.broken);
		else if (f.number == 6)
			v.completed = read_time(f.data, &r.broken);
		else if (f.number == 7)
			v.error = f.data;
	}
	if (!r.broken)
		sink->vertex(sink->arg, &v);
	return !r.broken;
}

static bool
read_log(struct buildkit_text t, const struct buildkit_sink *sink)
{
	struct buildkit_log log = {.stream = 1};
	struct reader r = reader_of(t);
	struct field f;

	while (read_field(&r, &f)) {
		if (f.number == 1)
			log.vertex = f.data;
		else if (f.number == 3)
			log.stream = (int64_t)f.value;
		else if (f.number == 4)
			log.data = f.data;
	}
	if (!r.broken)
		sink->log(sink->arg, &log);
	return !r.broken;
}

static bool
read_warning(struct buildkit_text t, const struct buildkit_sink *sink)
{
	struct buildkit_text vertex = {0}, text = {0};
	struct reader r = reader_of(t);
	struct field f;

	while (read_field(&r, &f)) {
		if (f.number == 1)
			vertex = f.data;
		else if (f.number == 3)
			text = f.data;
	}
	if (!r.broken)
		sink->warning(sink->arg, vertex, text);
	return !r.broken;
}

int
buildkit_read(const void *p, size_t n, const struct buildkit_sink *sink,
    struct err *err)
{
	struct reader r = reader_of((struct buildkit_text){.p = p, .n = n});
	bool fine = true;
	struct field f;

	while (fine && read_field(&r, &f)) {
		if (f.number == 1)
			fine = read_vertex(f.data, sink);
		else if (f.number == 3)
			fine = read_log(f.data, sink);
		else if (f.number == 4)
			fine = read_warning(f.data, sink);
	}
	if (fine && !r.broken)
		return 0;
	return err_set(err, ERR_ENGINE,
	    "BuildKit's progress is no message of its protocol");
}
