/*
 * Which environments were made from an image: those of this session, and by
 * the labels of their containers those of others on the same engine.
 */
#ifndef ADDESH_CMD_IMAGE_USE_H
#define ADDESH_CMD_IMAGE_USE_H

#include "base/json.h"
#include "session/session.h"

struct image_use {
	const struct session *session;
	json *containers; /* of all sessions, as the engine lists them */
};

int image_use_init(struct image_use *u, struct session *s, struct err *err);
void image_use_release(struct image_use *u);

/* The names of this session's, and of others', in no order. */
struct image_users {
	struct strvec here, elsewhere;
};
#define IMAGE_USERS_INIT {.here = STRVEC_INIT, .elsewhere = STRVEC_INIT}
void image_users_release(struct image_users *users);
#define autousers __attribute__((cleanup(image_users_release)))

/* id: with or without "sha256:". */
void image_users_find(struct image_users *users, const struct image_use *u,
    const char *id);
bool image_users_any(const struct image_users *users);
/* "mine, e1 (another session)"; nothing if there are none. */
void image_users_add(const struct image_users *users, struct strbuf *out);
/* As the members environments and elsewhere. */
void image_users_put(const struct image_users *users, json *j);

#endif
