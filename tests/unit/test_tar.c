/* Archives for an engine. */
#include <string.h>
#include <sys/stat.h>

#include "pack/tar.h"

#include "tap.h"

#define BLOCK 512 /* of ustar (POSIX.1-2017, pax) */

int
main(void)
{
	static const char zeros[2 * BLOCK];
	const struct tar_entry entries[] = {
	    {"bin", S_IFDIR | 0755, NULL, 0},
	    {"bin/a", S_IFREG | 0755, "hello\n", 6},
	};
	autoerr struct err err = ERR_INIT;
	autobuf struct strbuf tar = STRBUF_INIT, again = STRBUF_INIT;

	ok(!tar_write(&tar, entries, 2, &err), "is written: %s", err.msg.buf);
	ok(tar.len == 5 * BLOCK,
	    "two heads, the content and the end: %zu bytes", tar.len);
	ok(!memcmp(tar.buf + tar.len - sizeof(zeros), zeros, sizeof(zeros)),
	    "two blocks end it");
	is_str(tar.buf, "bin/", "a directory");
	is_str(tar.buf + BLOCK, "bin/a", "a file");
	is_str(tar.buf + 2 * BLOCK, "hello\n", "its content");
	ok(!tar_write(&again, entries, 2, &err) && again.len == tar.len &&
		!memcmp(again.buf, tar.buf, tar.len),
	    "the same entries give the same bytes");
	return done();
}
