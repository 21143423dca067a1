/* project/snapshot and project/gitignore: what is kept of a project, and what
   is left out of it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "pack/ignore.h"
#include "project/gitignore.h"
#include "project/snapshot.h"
#include "tap.h"

static char *path;

static const struct snapshot_entry entries[] = {
    {.path = "a", .type = 'd', .mode = 0755, .mtime = 5},
    {.path = "a/b", .type = 'f', .mode = 0640, .mtime = -1, .size = 3},
    {.path = "a/l", .type = 'l', .mode = 0777, .target = "../../etc"},
    {.path = "a.b", .type = 'f', .mode = 0755, .size = 1000},
    {.path = "\xff\n", .type = 'f', .size = 0},
};

/* The second file grows while it is read, the third is as it was. */
static void
write_all(void)
{
	struct err err = ERR_INIT;
	struct snapshot_writer *w = snapshot_create(path, &err);
	bool good = w != NULL;

	for (size_t i = 0; good && i < ARRAY_SIZE(entries); i++) {
		good = !snapshot_add(w, &entries[i], &err);
		if (i == 1)
			good = good && !snapshot_write(w, "xyz", 3, &err);
		for (unsigned k = 0; good && i == 3 && k < 100000; k++)
			good = !snapshot_write(w, "0123456789", 10, &err);
	}
	ok(good && !snapshot_finish(w, &err), "it is written");
	ok(!snapshot_create(path, &err), "and never over another one");
	err_clear(&err);
}

static void
check_entries(const struct snapshot *s)
{
	const struct snapshot_entry *e;

	is_int(snapshot_count(s), ARRAY_SIZE(entries), "all are there");
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		e = snapshot_at(s, i);
		is_str(e->path, entries[i].path, "path %zu", i);
		ok(e->type == entries[i].type && e->mode == entries[i].mode &&
			e->mtime == entries[i].mtime,
		    "its type, mode and time");
		ok(snapshot_find(s, e->path) == e, "it is found");
	}
	e = snapshot_find(s, "a/b");
	ok(e->size == 3 && !memcmp(e->data, "xyz", 3), "content");
	is_str(snapshot_find(s, "a/l")->target, "../../etc", "a link");
	ok(!snapshot_find(s, "a/l")->data, "which has no content");
	e = snapshot_find(s, "a.b");
	ok(e->size == 1000000 &&
		!memcmp((const char *)e->data + 999990, "0123456789", 10),
	    "what grew");
	ok(!snapshot_find(s, "a/") && !snapshot_find(s, "b"), "no others");
}

static void
test_read(void)
{
	struct err err = ERR_INIT;
	struct snapshot *s = snapshot_open(path, &err);
	struct stat st;

	if (!ok(s != NULL, "it is read: %s", err.msg.buf))
		return;
	check_entries(s);
	snapshot_close(s);
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "mode 0600");
}

static void
refused(const void *p, size_t n, const char *what)
{
	struct err err = ERR_INIT;
	struct snapshot *s = snapshot_parse(p, n, &err);

	ok(!s && err.kind == ERR_IO, "refused: %s", what);
	snapshot_close(s);
	err_clear(&err);
}

/* Every part of it, and every byte of its beginning changed, is either read or
   refused; and no part is taken for the whole. */
static void
test_damage(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	size_t taken = 0;

	ok(!io_read_file(path, &text, 2u << 20, &err), "its bytes");
	for (size_t n = 0; n < text.len; n += n < 400 ? 1 : 997) {
		struct snapshot *s = snapshot_parse(text.buf, n, &err);

		taken += s != NULL;
		snapshot_close(s);
	}
	is_int(taken, 0, "no part is taken for the whole");
	for (size_t i = 0; i < 200; i++) {
		text.buf[i] ^= 0x55;
		snapshot_close(
		    snapshot_parse(text.buf, text.len, &err));
		text.buf[i] ^= 0x55;
	}
	strbuf_addc(&text, 'x');
	refused(text.buf, text.len, "more behind its end");
	refused("", 0, "nothing");
	err_clear(&err);
}

static void
test_paths(void)
{
	static const char *const bad[] = {"/a", "../a", "a/../b", "a//b", ".",
	    "a/", "a/."};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct snapshot_entry e = {.path = bad[i], .type = 'd'};
		struct err err = ERR_INIT;
		struct snapshot_writer *w;
		struct snapshot *s;

		unlink(path);
		w = snapshot_create(path, &err);
		snapshot_add(w, &e, &err);
		snapshot_finish(w, &err);
		s = snapshot_open(path, &err);
		ok(!s, "the path %s is refused", bad[i]);
		snapshot_close(s);
		err_clear(&err);
	}
}

static void
test_unfinished(void)
{
	struct err err = ERR_INIT;
	struct snapshot_writer *w;

	unlink(path);
	w = snapshot_create(path, &err);
	ok(w && !snapshot_add(w, &entries[0], &err), "one is begun");
	snapshot_abandon(w);
	ok(!snapshot_open(path, &err), "and is none");
	err_clear(&err);
}

/* ---- gitignore ---- */

static void
check_rules(const char *rules, const char *out, const char *in)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct ignore *ig;

	gitignore_translate(rules, strlen(rules), &text);
	ig = ignore_parse("g", text.buf, text.len, &err);
	if (!ok(ig != NULL, "rules: %s", err.msg.buf))
		return;
	if (out)
		ok(ignore_path(ig, out), "%s is left out", out);
	if (in)
		ok(!ignore_path(ig, in), "%s stays", in);
	ignore_free(ig);
	err_clear(&err);
}

static void
test_gitignore(void)
{
	check_rules("*.o\n", "a/b/x.o", "x.oo");
	check_rules("/x\n", "x", "a/x");
	check_rules("x/\n", "a/x/y", "a/xy");
	check_rules("a/x\n", "a/x", "b/a/x");
	check_rules("**/x/y\n", "b/x/y", "x/b/y");
	check_rules("*\n!*.c\n", "x.h", "d/x.c");
	check_rules("x\r\ny  \r\n", "y", "z");
	check_rules("\xef\xbb\xbfx\n", "x", "y");
	check_rules("# x\n\\#y\n", "#y", "x");
	check_rules("[\n!\n/\n!/\nx[\nz\n", "z", "x[");
	check_rules("x", "x", NULL);
	check_rules("", NULL, "x");
}

int
main(void)
{
	char dir[] = "/tmp/addesh-snapshot-XXXXXX";
	struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		return 1;
	path = io_join(dir, "s");
	write_all();
	test_read();
	test_damage();
	test_paths();
	test_unfinished();
	test_gitignore();
	io_remove_tree(dir, &err);
	free(path);
	return done();
}
