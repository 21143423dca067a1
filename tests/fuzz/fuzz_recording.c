/*
 * A recording, whatever its lines hold: answers are found or not, and one that
 * is written again is the same when it is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "replay/recording.h"
#include "fuzz.h"

static struct recording *
open_bytes(int *fd, const void *p, size_t n)
{
	autoerr struct err ignored = ERR_INIT;
	char path[64];

	*fd = memfd_create("recording", MFD_CLOEXEC);
	require(*fd >= 0 && io_write_all(*fd, p, n) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return recording_open(path, &ignored);
}

/* Written and read, it is the same. */
static void
check_again(const struct answer *a)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct recording *r;
	struct answer b;
	int fd;

	answer_init(&b);
	recording_add_head(&text);
	recording_add(&text, NULL, "again\n", a);
	r = open_bytes(&fd, text.buf, text.len);
	require(r && recording_find(r, NULL, "again\n", &b, &err) == 1);
	for (int i = 1; i <= 2; i++)
		require(a->stream[i].len == b.stream[i].len &&
		      !memcmp(a->stream[i].buf, b.stream[i].buf,
			  b.stream[i].len));
	require(a->status.code == b.status.code &&
	      a->status.timed_out == b.status.timed_out);
	recording_close(r);
	answer_release(&b);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const commands[] = {"a\n", "b\n", "a\n", "none\n"};
	autoerr struct err err = ERR_INIT;
	struct recording *r;
	struct answer a;
	int fd;

	r = open_bytes(&fd, data, size);
	answer_init(&a);
	for (size_t i = 0; r && i < 4 && !err.kind; i++)
		if (recording_find(r, i == 1 ? "id" : NULL, commands[i], &a,
			&err) > 0)
			check_again(&a);
	answer_release(&a);
	recording_close(r);
	close(fd);
	return 0;
}
