/*
 * What is kept of a project: the fuzzer's bytes stand behind the first line of
 * such a file.  What is read lies in the bytes, and its paths lead nowhere
 * else.
 */
#include <string.h>

#include "fuzz.h"
#include "project/snapshot.h"

static const char magic[] = "addesh snapshot 1\n";

static void
check_entry(const struct snapshot *s, size_t i, const struct strbuf *all)
{
	const struct snapshot_entry *e = snapshot_at(s, i);
	const char *data = e->data;

	require(snapshot_find(s, e->path) == e);
	require(*e->path && *e->path != '/' && strcmp(e->path, "..") &&
		strncmp(e->path, "../", 3) && !strstr(e->path, "/../"));
	require((e->type == 'l') == (e->target != NULL));
	require((e->type == 'f') == (e->data != NULL));
	if (data)
		require(data >= all->buf &&
			e->size <= (uint64_t)(all->buf + all->len - data));
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf all = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct snapshot *s;

	strbuf_adds(&all, magic);
	strbuf_add(&all, data, size);
	s = snapshot_parse(all.buf, all.len, &err);
	require(!s == (err.kind == ERR_IO));
	for (size_t i = 0; s && i < snapshot_count(s); i++)
		check_entry(s, i, &all);
	snapshot_close(s);
	return 0;
}
