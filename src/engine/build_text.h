/*
 * The text of the two builders that write it: Docker's classic one
 * (builder/dockerfile in moby/moby) and buildah behind Podman (imagebuildah in
 * containers/buildah).  Each write of theirs is one JSON object.
 *
 * The output of a RUN comes in the same way between the builder's lines, so a
 * program can print all that a builder does.  What can be told:
 *
 *  - An error, its exit code, and the image's id are members of their own,
 *    which no program can write.
 *  - Only a RUN has output, and the classic builder runs triggers (ONBUILD)
 *    within FROM.  What comes within one is output until the builder
 *    ends it: by "Removing intermediate container ID", or with buildah by
 *    "--> ID".  A program of the classic builder knows ID, it is its host name;
 *    but while the program lives, the container is there, and we ask.  An image
 *    of buildah must have been made since the build began, and we ask.
 *  - A program may print that and end before we have asked.  The builder then
 *    says it again: the same container removed twice, or a step that was
 *    begun already.  At that all steps since are taken back (they are WAITING
 *    again), and what was read as theirs is the log of the RUN.
 *
 * So steps may be wrong for a moment, and are right at the end.  What remains:
 * with buildah, "--> Using cache ID" as the first output of a RUN is believed
 * if ID is an image that was there before, until the RUN ends.
 */
#ifndef ADDESH_ENGINE_BUILD_TEXT_H
#define ADDESH_ENGINE_BUILD_TEXT_H

#include "engine/build_stream.h"

void build_text_read(struct build_stream *s, const char *text);
/* The step that an error is about; or NULL. */
struct step *build_text_failed(struct build_stream *s, const char *message);
/* Nothing more comes: what was held is output. */
void build_text_end(struct build_stream *s);

#endif
