#include "engine/build_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/build_text.h"
#include "engine/build_vertex.h"

void
build_stream_init(struct build_stream *s, enum builder_kind kind,
    const struct build_events *ev, const struct build_witness *witness)
{
	*s = (struct build_stream){.kind = kind, .steps.ev = ev,
	    .witness = witness, .objects = OBJECTS_INIT, .failure = ERR_INIT,
	    .doubtful = STRBUF_INIT, .held = STRBUF_INIT,
	    .began_ms = clock_ms()};
}

void
build_stream_release(struct build_stream *s)
{
	steps_release(&s->steps);
	objects_release(&s->objects);
	strbuf_release(&s->doubtful);
	strbuf_release(&s->held);
	err_clear(&s->failure);
	free(s->image);
}

/* One line for the error: what builders say ends in newlines. */
static char *
trimmed(const char *text)
{
	size_t n = strlen(text);

	while (n && strchr(" \r\n", text[n - 1]))
		n--;
	return xstrndup(text, n < BUILD_TEXT_MAX ? n : BUILD_TEXT_MAX);
}

/* An error is the last that a builder says, whether or not it has read all of
   the context. */
static int
take_failure(struct build_stream *s, const char *text, int code,
    struct err *err)
{
	autofree char *message = trimmed(text);
	struct step *st = NULL;

	/* BuildKit's vertex has its error. */
	if (s->kind != BUILDER_BUILDKIT)
		st = build_text_failed(s, message);
	if (s->kind == BUILDER_BUILDAH)
		code = steps_exit_code(message, "exit status ");
	if (st)
		steps_fail(&s->steps, st, message, code);
	err_set(&s->failure, ERR_IMAGE, "%s", message);
	return err_set(err, ERR_IMAGE, "%s", message);
}

static void
take_id(struct build_stream *s, const json *aux)
{
	const char *id = json_str(aux, "ID", NULL);

	if (!id)
		return;
	free(s->image);
	s->image = xstrdup(id);
}

/* Of moby's pkg/jsonmessage.JSONMessage. */
static int
on_object(void *arg, const json *object, struct err *err)
{
	struct build_stream *s = arg;
	const json *failure = json_get(object, "errorDetail");
	const json *aux = json_get(object, "aux");
	const char *text = json_str(object, "stream", NULL);
	const char *error = json_str(object, "error", NULL);
	bool trace = !strcmp(json_str(object, "id", ""),
	    "moby.buildkit.trace");

	if (failure || error)
		return take_failure(s,
		    json_str(failure, "message", error ? error : "failed"),
		    (int)json_int(failure, "code", 0), err);
	else if (trace && s->kind == BUILDER_BUILDKIT)
		return build_vertex_read(s, json_str(object, "aux", ""), err);
	else if (aux)
		take_id(s, aux);
	else if (text && s->kind != BUILDER_BUILDKIT)
		build_text_read(s, text);
	return 0;
}

int
build_stream_feed(void *stream, const void *p, size_t n, struct err *err)
{
	struct build_stream *s = stream;

	return objects_feed(&s->objects, p, n, on_object, s, err);
}

void
build_stream_end(struct build_stream *s)
{
	bool built = s->image && !s->failure.kind;

	build_text_end(s);
	if (built && s->now && s->now->told.state == BUILD_RUNNING)
		steps_end(&s->steps, s->now, BUILD_DONE);
	steps_stop(&s->steps);
}
