/*
 * What a file or a step of it needs of this host: `requires:` and `% skip-if:`
 * of addesh-session(5).  Whether it is there the caller finds out.
 */
#ifndef ADDESH_REPLAY_REQUIREMENT_H
#define ADDESH_REPLAY_REQUIREMENT_H

#include <stdbool.h>

#include "base/err.h"

enum requirement_kind {
	REQUIRE_ENGINE, /* any engine */
	REQUIRE_DOCKER, /* the engine is Docker */
	REQUIRE_PODMAN,
	REQUIRE_RESTRICTED, /* the restricted sandbox */
	REQUIRE_IMAGE,      /* "image:REF": it is there, or can be pulled */
};

struct requirement {
	enum requirement_kind kind;
	bool negated; /* "not ..." */
	char *arg;    /* of an image, else NULL */
};

/* -1: ERR_CONFIG without a place, and the nearest word if one is near. */
int requirement_parse(struct requirement *r, const char *s, struct err *err);
void requirement_release(struct requirement *r);
void requirement_add(struct strbuf *sb, const struct requirement *r);

#endif
