/*
 * What a builder says while it builds, from the JSON objects of POST /build to
 * steps and logs.
 */
#ifndef ADDESH_ENGINE_BUILD_STREAM_H
#define ADDESH_ENGINE_BUILD_STREAM_H

#include "base/json.h"
#include "engine/build_steps.h"
#include "engine/progress.h"

/* Asks the engine about what a line of text claims; see build_text.h. */
struct build_witness {
	/* Container id (12 digits) is there. */
	bool (*is_there)(void *arg, const char *id);
	/* Image id (11 or 12 digits) is there and was made during this build,
	   or before it. */
	bool (*is_made)(void *arg, const char *id, bool during);
	void *arg;
};

struct build_stream {
	enum builder_kind kind;
	struct steps steps;
	const struct build_witness *witness;
	struct objects objects;
	char *image;	    /* the id that it ends with; or NULL */
	struct err failure; /* the builder's own error */
	/* Of the builders that write text: */
	struct step *now;	/* or NULL before the first */
	char container[65];	/* of the RUN whose output comes; or "" */
	char left[65];		/* what a line named that ended a RUN, while
				   that may yet turn out to be forged */
	char tip[65];		/* the image that the next step is put on */
	bool fresh;		/* the step has said nothing yet */
	struct strbuf doubtful; /* what came since an end was believed */
	struct strbuf held;	/* a line that may be the builder's */
	/* Of BuildKit: its clock minus ours, once it is known. */
	bool have_clock;
	int64_t clock;
	int64_t began_ms; /* clock_ms(); nothing happened before */
};

void build_stream_init(struct build_stream *s, enum builder_kind kind,
    const struct build_events *ev, const struct build_witness *witness);
void build_stream_release(struct build_stream *s);
/* An http_request's sink; -1 at what no builder says, and at the builder's own
   error, which is in failure then, of kind ERR_IMAGE. */
int build_stream_feed(void *stream, const void *p, size_t n, struct err *err);
/* After the last byte, or where there will be none. */
void build_stream_end(struct build_stream *s);

#endif
