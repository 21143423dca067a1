/* What the files of building an image share: build*.c. */
#ifndef ADDESH_SESSION_BUILD_IMPL_H
#define ADDESH_SESSION_BUILD_IMPL_H

#include "sandbox/box.h"
#include "session/build.h"

/* The builder's steps and ours. */
struct build_map {
	struct build_record *record;
	enum builder_kind kind;
	const char *ours; /* instructions that hold this are ours; or NULL */
	unsigned stages; /* that we put in front of all */
	/* Of buildah's stage: the steps that it counted at FROM, and the
	   triggers (ONBUILD) that come behind that. */
	unsigned total, triggers;
	struct build_map_id {
		unsigned id; /* the builder's */
		struct build_record_step *step;
	} *ids;
	size_t n, cap;
};

/*
 * What is sent to the builder.  The first four are the caller's to set and
 * borrowed; the rest is zero before build_context_make().
 */
struct build_context {
	const struct build_plan *plan;
	const struct dockerfile *dockerfile;
	struct build_map *map; /* says of which kind the builder is, and gets
				  what is ours of what is sent */
	struct build_record *record;
	struct context *context;
	/* The context's files: the plan's, and what we put over it. */
	struct context_file *files;
	size_t nfiles;
	struct strbuf ignore;
	char *changed; /* the Dockerfile that is sent instead; or NULL */
	struct context_file above; /* it, above the context */
	const char *under;
};

/* Fills in what spec says of the Dockerfile, of labels and of reading, which
   is valid until c is released. */
int build_context_make(struct build_context *c, struct build_spec *spec,
    struct err *err);
/* It is sent once more, from its beginning. */
int build_context_rewind(struct build_context *c,
    const struct build_spec *spec, struct err *err);
/* Files that were named and are left out all the same.  ERR_INTERRUPTED. */
int build_context_note_ignored(const struct build_context *c,
    struct session *s, struct err *err);
/* What was sent and what could not be, once it was read. */
void build_context_note_sent(const struct build_context *c);
void build_context_release(struct build_context *c);

/*
 * The builder that the engine, DOCKER_BUILDKIT and the Dockerfile ask for.  why
 * becomes a line to tell if that is not the engine's own, the caller's.  b is
 * the caller's in any case, for builder_release().
 */
int build_choose_builder(struct engine *e, const struct dockerfile *d,
    const char *name, struct builder *b, char **why, struct err *err);
/* A hint where the builder's error does not say what to do.  link: the first
   of the context that leads out of it, or NULL. */
void build_explain(const struct builder *b, const struct dockerfile *d,
    const char *link, struct err *err);
struct build_bases {
	struct engine *engine;
	enum builder_kind kind;
	const char *platform; /* of all that FROM says no other of; or NULL */
	bool pull; /* even what is here */
	const struct build_watch *watch;
	/* Gets warnings of a base for another platform, and the triggers. */
	struct build_record *record;
};
/* Pulls what is not here yet for its platform. */
int build_have_images(const struct build_bases *b, const struct dockerfile *d,
    struct err *err);
void build_record_triggers(struct build_record *r, const char *image,
    const struct strvec *texts);
/* The steps that this kind of builder makes of the Dockerfile. */
void build_record_plan(struct build_record *r, const struct dockerfile *d,
    enum builder_kind kind);
/* Which of ours the builder speaks of; NULL: none. */
struct build_record_step *build_record_step(struct build_map *m,
    const struct build_step *told);
/* Warns of build arguments that change nothing, as a mistyped one does. */
void build_record_args(struct build_record *r, const struct dockerfile *d,
    const struct strvec *args);
/* The words of builders, even where they mean the same. */
void build_record_name_failure(struct build_record *r);
/* It has not begun after all. */
void build_record_forget(struct build_map *m, unsigned id);
/* Is its log not all that it wrote?  BuildKit leaves out what is too much or too
   fast for it, and says so in the log (util/progress/logs of moby/buildkit). */
bool build_record_clipped(const struct build_record_step *step);
/* Was the RUN that failed killed?  No builder says by whom. */
bool build_record_killed(const struct build_record *r);
void build_record_log(struct build_record_step *step, const void *p, size_t n);

/*
 * What a build by buildah is killed with (sandbox/keeper.h), made of an image
 * of the Dockerfile.  *keeper: the caller's to close; NULL where none is
 * needed.
 */
int build_keeper_open(struct session *s, const struct dockerfile *d,
    enum builder_kind kind, bool network, struct box **keeper,
    struct err *err);

#endif
