/*
 * The hijacked connection of attach and exec start as a stream
 * (base/stream.h).  Without a terminal the engine sends both outputs on it in
 * frames (moby pkg/stdcopy: type, 3 zero bytes, length as 32 bits big-endian):
 * stdout is what stream_read() gives, stderr goes to stream->complaint, of
 * which the first ATTACH_COMPLAINT_MAX bytes are kept.  An end within a frame,
 * or what is no frame, is -1 with EPROTO.
 */
#ifndef ADDESH_ENGINE_ATTACH_H
#define ADDESH_ENGINE_ATTACH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stream.h"
#include "engine/engine.h"

#define ATTACH_COMPLAINT_MAX 65536

/*
 * POST path (as of engine_path()) with a JSON body (or NULL), and the
 * connection becomes the stream.  tty: the bytes come without frames.
 */
struct stream *attach_open(struct engine *e, const char *doing,
    const char *path, const char *body, bool tty, struct err *err);

#endif
