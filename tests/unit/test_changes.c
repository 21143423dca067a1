/*
 * Patches and lists of changes.  The diffs of git and GNU diff are what these
 * programs wrote of the files that stand beside them here.
 */
#include "project/text_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "runner/swap.h"
#include "session/host_edit.h"
#include "tap.h"

/* A tree of a few files: their names and texts. */
struct tree {
	const char *paths[16];
	struct file_state states[16];
	size_t n;
};

static void
tree_add(struct tree *t, const char *path, const char *text, mode_t mode)
{
	t->paths[t->n] = path;
	t->states[t->n] = (struct file_state){
	    .exists = true, .mode = mode, .content = STRBUF_INIT};
	strbuf_adds(&t->states[t->n++].content, text);
}

static void
tree_release(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		strbuf_release(&t->states[i].content);
}

static const struct file_state *
tree_now(void *arg, const char *path)
{
	struct tree *t = arg;

	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->paths[i], path))
			return &t->states[i];
	return NULL;
}

/* A change of a tree, that is done or says why it is not. */
struct attempt {
	struct tree tree;
	struct changeset cs;
	struct edits edits;
	struct patch_miss miss;
	struct err err;
	int rc;
};

static void
attempt(struct attempt *a, const char *text, int strip)
{
	a->cs = (struct changeset)CHANGESET_INIT;
	a->edits = (struct edits)EDITS_INIT;
	a->miss = (struct patch_miss)PATCH_MISS_INIT;
	a->err = (struct err)ERR_INIT;
	a->rc = changeset_read(&a->cs, text, strlen(text), strip, &a->err);
	if (!a->rc)
		a->rc = changeset_resolve(&a->cs, tree_now, &a->tree,
		    &a->edits, &a->miss, &a->err);
}

static void
attempt_end(struct attempt *a)
{
	edits_release(&a->edits);
	changeset_release(&a->cs);
	patch_miss_release(&a->miss);
	err_clear(&a->err);
	tree_release(&a->tree);
	a->tree.n = 0;
}

static const struct edit *
edit_of(const struct attempt *a, const char *path)
{
	for (size_t i = 0; i < a->edits.n; i++)
		if (!strcmp(a->edits.v[i].path, path))
			return &a->edits.v[i];
	return NULL;
}

/* path becomes text (NULL: it is removed) with this mode. */
static void
becomes(const struct attempt *a, const char *path, const char *text,
    mode_t mode)
{
	const struct edit *e = edit_of(a, path);

	if (!ok(e && e->after.exists == (text != NULL), "%s is %s", path,
		text ? "changed" : "removed") || !text)
		return;
	is_str(e->after.content.buf, text, "the text of %s", path);
	is_int(e->after.mode, mode, "the mode of %s", path);
}

/* One file of this text, by a patch or a list. */
static void
makes(const char *patch, const char *before, const char *after)
{
	struct attempt a = {.tree = {.n = 0}};

	if (before)
		tree_add(&a.tree, "f", before, 0640);
	attempt(&a, patch, -1);
	ok(!a.rc, "applies: %s", a.err.msg.buf);
	becomes(&a, "f", after, before ? 0640 : 0644);
	attempt_end(&a);
}

static void
refused(const char *text, const char *before, const char *why)
{
	struct attempt a = {.tree = {.n = 0}};

	if (before)
		tree_add(&a.tree, "f", before, 0644);
	attempt(&a, text, -1);
	ok(a.rc < 0 && a.err.kind == ERR_USAGE && strstr(a.err.msg.buf, why),
	    "refused, %s: %s", why, a.err.msg.buf);
	is_int(a.edits.n, 0, "and nothing is left to be done");
	attempt_end(&a);
}

/* git diff -M --cached (git 2.39). */
static const char git_text[] =
    "diff --git a/a.txt b/a.txt\nindex c9e9e05..c61fe5e 100644\n"
    "--- a/a.txt\n+++ b/a.txt\n"
    "@@ -1,5 +1,5 @@\n one\n-two\n+TWO\n three\n four\n five\n"
    "@@ -8,3 +8,4 @@ seven\n eight\n nine\n ten\n+eleven\n"
    "diff --git a/crlf.txt b/crlf.txt\nindex b5eff57..d5a6cc6 100644\n"
    "--- a/crlf.txt\n+++ b/crlf.txt\n"
    "@@ -1,3 +1,3 @@\n a\r\n-b\r\n+B\r\n c\r\n"
    "diff --git a/empty.txt b/empty.txt\nnew file mode 100644\n"
    "index 0000000..e69de29\n"
    "diff --git a/gone.txt b/gone.txt\ndeleted file mode 100644\n"
    "index 286c5f5..0000000\n--- a/gone.txt\n+++ /dev/null\n"
    "@@ -1 +0,0 @@\n-gone\n"
    "diff --git a/mv.txt b/moved.txt\nsimilarity index 80%\n"
    "rename from mv.txt\nrename to moved.txt\nindex 229f31d..026db19 100644\n"
    "--- a/mv.txt\n+++ b/moved.txt\n"
    "@@ -1,5 +1,5 @@\n m1\n m2\n-m3\n+M3\n m4\n m5\n"
    "diff --git a/na me.txt b/na me.txt\nindex bca70f3..b26b2ef 100644\n"
    "--- a/na me.txt\t\n+++ b/na me.txt\t\n@@ -1 +1 @@\n-q\n+qq\n"
    "diff --git a/new.sh b/new.sh\nnew file mode 100755\n"
    "index 0000000..3e75765\n--- /dev/null\n+++ b/new.sh\n"
    "@@ -0,0 +1 @@\n+new\n"
    "diff --git a/open.txt b/open.txt\nindex 1b32298..b77b4eb 100644\n"
    "--- a/open.txt\n+++ b/open.txt\n"
    "@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+y\n"
    "diff --git a/s.sh b/s.sh\nold mode 100644\nnew mode 100755\n"
    "diff --git \"a/\\303\\244\\t\\\"\\377.txt\" "
    "\"b/\\303\\244\\t\\\"\\377.txt\"\n"
    "index 4ae8ef0..4f0734c 100644\n"
    "--- \"a/\\303\\244\\t\\\"\\377.txt\"\n"
    "+++ \"b/\\303\\244\\t\\\"\\377.txt\"\n"
    "@@ -1 +1 @@\n-u\n+U\n\\ No newline at end of file\n";

static void
git_diff(void)
{
	struct attempt a = {.tree = {.n = 0}};

	tree_add(&a.tree, "a.txt", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
	    "eight\nnine\nten\n", 0600);
	tree_add(&a.tree, "crlf.txt", "a\r\nb\r\nc\r\n", 0644);
	tree_add(&a.tree, "gone.txt", "gone\n", 0644);
	tree_add(&a.tree, "mv.txt", "m1\nm2\nm3\nm4\nm5\n", 0600);
	tree_add(&a.tree, "na me.txt", "q\n", 0644);
	tree_add(&a.tree, "open.txt", "x\ny", 0644);
	tree_add(&a.tree, "s.sh", "#!/bin/sh\n", 0640);
	tree_add(&a.tree, "\303\244\t\"\377.txt", "u\n", 0644);
	attempt(&a, git_text, -1);
	ok(!a.rc, "what git diff writes applies: %s", a.err.msg.buf);
	is_int(a.edits.n, 11, "each file is there, the renamed one twice");
	becomes(&a, "a.txt", "one\nTWO\nthree\nfour\nfive\nsix\nseven\n"
	    "eight\nnine\nten\neleven\n", 0600);
	becomes(&a, "crlf.txt", "a\r\nB\r\nc\r\n", 0644);
	becomes(&a, "empty.txt", "", 0644);
	becomes(&a, "gone.txt", NULL, 0);
	becomes(&a, "mv.txt", NULL, 0);
	becomes(&a, "moved.txt", "m1\nm2\nM3\nm4\nm5\n", 0600);
	becomes(&a, "na me.txt", "qq\n", 0644);
	becomes(&a, "new.sh", "new\n", 0755);
	becomes(&a, "open.txt", "x\ny\n", 0644);
	becomes(&a, "s.sh", "#!/bin/sh\n", 0750);
	becomes(&a, "\303\244\t\"\377.txt", "U", 0644);
	attempt_end(&a);
}

/* TZ=Europe/Paris diff -ruN o n (GNU diffutils 3.8). */
static void
gnu_diff(void)
{
	static const char text[] =
	    "diff -ruN o/new n/new\n"
	    "--- o/new\t1970-01-01 01:00:00.000000000 +0100\n"
	    "+++ n/new\t2026-11-22 10:20:23.589933448 +0100\n"
	    "@@ -0,0 +1 @@\n+new\n"
	    "diff -ruN o/old n/old\n"
	    "--- o/old\t2026-11-22 10:20:23.589933448 +0100\n"
	    "+++ n/old\t1970-01-01 01:00:00.000000000 +0100\n"
	    "@@ -1 +0,0 @@\n-old\n"
	    "diff -ruN o/x n/x\n"
	    "--- o/x\t2026-11-22 10:20:23.589933448 +0100\n"
	    "+++ n/x\t2026-11-22 10:20:23.589933448 +0100\n"
	    "@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
	struct attempt a = {.tree = {.n = 0}};

	tree_add(&a.tree, "old", "old\n", 0644);
	tree_add(&a.tree, "x", "a\nb\n", 0644);
	attempt(&a, text, -1);
	ok(!a.rc, "what GNU diff writes applies: %s", a.err.msg.buf);
	becomes(&a, "new", "new\n", 0644);
	becomes(&a, "old", NULL, 0);
	becomes(&a, "x", "a\nc\n", 0644);
	attempt_end(&a);
	tree_add(&a.tree, "o/x", "a\nb\n", 0644);
	attempt(&a, "--- o/x\n+++ o/x\n@@ -2 +2 @@\n-b\n+c\n", 0);
	becomes(&a, "o/x", "a\nc\n", 0644);
	attempt_end(&a);
	makes("--- f.orig\t2026-11-22\n+++ f\t2026-11-22\n@@ -1 +1 @@\n-a\n"
	      "+b\n", "a\n", "b\n");
	refused("--- one.py\n+++ two.py\n@@ -1 +1 @@\n-a\n+b\n", "a\n",
	    "which file is meant");
}

#define NAMES "--- a/f\n+++ b/f\n"

static void
places(void)
{
	struct attempt a = {.tree = {.n = 0}};

	makes(NAMES "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", "0\n0\n0\na\nb\n",
	    "0\n0\n0\na\nB\n");
	makes(NAMES "@@ -9,2 +9,2 @@\n a\n-b\n+B\n", "a\nb\n0\n0\na\nb\n",
	    "a\nb\n0\n0\na\nB\n");
	/* Both places are as near: the one before, as GNU patch takes it. */
	makes(NAMES "@@ -3 +3 @@\n-a\n+b\n", "a\nx\ny\nx\na\n",
	    "b\nx\ny\nx\na\n");
	/* The second hunk is where the first one was moved to. */
	makes(NAMES "@@ -1 +1 @@\n-a\n+A\n@@ -3 +3 @@\n-c\n+C\n",
	    "0\n0\na\nb\nc\nc\n", "0\n0\nA\nb\nC\nc\n");
	makes(NAMES "@@ -1,0 +2 @@\n+x\n", "a\nb\n", "a\nx\nb\n");
	makes(NAMES "@@ -0,0 +1 @@\n+x\n", "a\n", "x\na\n");
	makes(NAMES "@@ -0,0 +1 @@\n+x\n", NULL, "x\n");
	makes(NAMES "@@ -1,3 +1,2 @@\n a\n\n-b\n", "a\n\nb\n", "a\n\n");
	makes("Subject: x\n\n---\n f | 2 +-\n\n" NAMES
	      "@@ -1 +1 @@ main\n-a\n+b\n-- \n2.39.5\n", "a\n", "b\n");
	tree_add(&a.tree, "f", "0\na\n", 0644);
	attempt(&a, NAMES "@@ -1 +1 @@\n-a\n+b\n", -1);
	ok(a.edits.n == 1 && a.edits.v[0].moved == 1 &&
		a.edits.v[0].offset == 1, "a hunk that was moved is told");
	attempt_end(&a);
}

static void
ends_of_lines(void)
{
	makes(NAMES "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", "a\r\nb\r\nc\r\n",
	    "a\r\nB\r\nc\r\n");
	makes("--- a/f\r\n+++ b/f\r\n@@ -1,2 +1,2 @@\r\n a\r\n-b\r\n+B\r\n",
	    "a\nb\n", "a\nB\n");
	makes(NAMES "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
	      "\\ No newline at end of file\n", "a\r\nb", "a\r\nc");
	makes(NAMES "@@ -1 +1 @@\n-a\n+a\r\n", "a\n", "a\r\n");
	makes(NAMES "@@ -1 +1,2 @@\n a\n+\377\376\n", "a\n", "a\n\377\376\n");
	refused(NAMES "@@ -1 +1,2 @@\n a\n+b\n", "a",
	    "(without a newline at the end of the file)");
	refused(NAMES "@@ -1,0 +2 @@\n+b\n", "a", "does not apply");
	refused(NAMES "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n",
	    "a\nc\n", "does not apply");
	refused(NAMES "@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n b\n",
	    "a\nb\n", "is not the last one");
}

static void
misses(void)
{
	struct attempt a = {.tree = {.n = 0}};

	tree_add(&a.tree, "f", "one\ntwo\n3\nfour\n", 0644);
	attempt(&a, NAMES "@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n", -1);
	is_int(a.miss.hunk, 1, "the hunk");
	is_int(a.miss.line, 3, "the line of the file");
	is_int(a.miss.patch_line, 5, "the line of the patch");
	is_str(a.miss.wanted.buf, "three", "what should be there");
	is_str(a.miss.found.buf, "3", "what is there");
	ok(!a.miss.applied, "it was not applied before");
	attempt_end(&a);
	tree_add(&a.tree, "f", "one\nTWO\n", 0644);
	attempt(&a, NAMES "@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n", -1);
	ok(a.miss.applied && strstr(a.err.hint.buf, "applied before"),
	    "it was applied before, and that is said");
	attempt_end(&a);
	refused(NAMES "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "a\n",
	    "ends before line 2, which should be \"b\"");
	refused(NAMES "@@ -7,0 +8 @@\n+b\n", "a\n", "not so many lines");
	refused(NAMES "@@ -1 +1 @@\n-a\n+b\n", NULL, "there is no such file");
	refused("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n", "x\n",
	    "is there already");
	refused("--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "a\nb\n",
	    "has more in it");
}

#define FIRST NAMES "@@ -1,2 +1,2 @@\n-a\n+A\n b\n"

/* A change that is in no hunk is one that would be missing. */
static void
left_over(void)
{
	static const char *const more[] = {"@@\n-d\n+D\n",
	    "@@-4,2 +4,2 @@\n-d\n+D\n", "\n-d\n+D\n e\n", "e\n+f\n",
	    "-- \n-d\n", "--\n+d\n", "\n--- d\n+D\n", "\n---\n+++\n",
	    "\n--------------\n+d\n",
	    ("diff --git a/g b/h\nrename from g\nrename to h\n"
	     "\n+d\n")};
	autobuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		strbuf_reset(&text);
		strbuf_addf(&text, FIRST "%s", more[i]);
		refused(text.buf, "a\nb\nc\nd\ne\n", "of the patch: a ");
	}
	refused("@@ x\n" FIRST, "a\nb\n", "a hunk begins with");
	refused(NAMES "-a\n+b\n", "a\n", "that is in no hunk");
	refused("*** a/g\n--- b/g\n***************\n*** 1 ****\n! a\n"
		"--- 1 ----\n! A\n" FIRST, "a\nb\n", "a context diff");
	refused(FIRST "*** a/g\n--- b/g\n***************\n", "a\nb\n",
	    "a context diff");
}

/* What is written around changes by those who write them. */
static void
surroundings(void)
{
	/* git format-patch --stdout --attach (git 2.39), two of them. */
	makes("From 1 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] one\n\n"
	      "- this\n+ that\n---\n f | 2 +-\n\n" FIRST "-- \n2.39.5\n\n"
	      "From 2 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 2/2] two\n\n"
	      "- this\n+ that\n---\n g | 0\n\n"
	      "diff --git a/g b/g\nnew file mode 100644\n-- \n2.39.5\n\n",
	    "a\nb\n", "A\nb\n");
	makes("--------------2.39.5\nContent-Type: text/x-patch\n\n" FIRST
	      "\n\n--------------2.39.5--\n\n\n", "a\nb\n", "A\nb\n");
	/* svn diff (Subversion 1.14) */
	makes("Index: f\n======\n--- f\t(revision 1)\n"
	      "+++ f\t(working copy)\n@@ -1 +1 @@\n-a\n+A\n\n"
	      "Property changes on: f\n______\nAdded: svn:executable\n"
	      "## -0,0 +1 ##\n+*\n\\ No newline at end of property\n",
	    "a\n", "A\n");
	makes("commit 1\nAuthor: A <a@b.example>\n\n    - one\n\n"
	      "diff --git a/f b/f\n" FIRST "\ncommit 2\n\n    + two\n"
	      "    @@ x\n", "a\nb\n", "A\nb\n");
}

static void
bad_patches(void)
{
	refused("", NULL, "no change is in it");
	refused("*** Begin Patch\n*** Update File: f\n", NULL, "no change");
	refused(NAMES "@@ -1,3 +1,3 @@\n a\n-b\n+c\n", "a\n", "lacks 1 old");
	refused(NAMES "@@ -1 +1 @@\n-a\n+b\n+c\n", "a\n", "line 6 of the patch");
	refused(NAMES "@@ -1 +1 @\n-a\n+b\n", "a\n", "a hunk begins with");
	refused(NAMES "@@ -99999999999999999999 +1 @@\n-a\n+b\n", "a\n",
	    "a hunk begins with");
	refused("@@ -1 +1 @@\n-a\n+b\n", "a\n", "without the lines");
	refused("diff --git a/f b/f\nindex 1..2 100644\nGIT binary patch\n"
		"literal 3\nKc${NkU\n", "a\n", "binary");
	refused("Binary files a/f and b/f differ\n", "a\n", "binary");
	refused("diff --git a/f b/f\nnew file mode 120000\n--- /dev/null\n"
		"+++ b/f\n@@ -0,0 +1 @@\n+/etc/passwd\n", NULL,
	    "links are not made");
	refused("diff --git a/f b/f\nnew file mode 160000\n", NULL,
	    "submodule");
	refused("diff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 "
		"+1,1 @@@\n", "a\n", "a merge");
	refused("--- a/../../etc/passwd\n+++ b/../../etc/passwd\n"
		"@@ -1 +1 @@\n-a\n+b\n", NULL, "out of the workspace");
	refused("--- /dev/null\n+++ /etc/passwd\n@@ -0,0 +1 @@\n+b\n", NULL,
	    "absolute path");
	refused("diff --git a/f b/f\nrename from f\nrename to ../g\n", "a\n",
	    "out of the workspace");
	refused("diff --git a/f b/f\ncopy from ../g\ncopy to f\n", NULL,
	    "out of the workspace");
	refused(NAMES "@@ -1 +1 @@\n-a\n+b\n" NAMES "@@ -1 +1 @@\n-b\n+c\n",
	    "a\n", "stands twice");
	refused("--- \"a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", "a\n",
	    "no name of a file");
	refused("--- \"a/f\\000\"\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", "a\n",
	    "no name of a file");
}

static void
lists(void)
{
	struct attempt a = {.tree = {.n = 0}};

	makes("[{\"path\":\"f\",\"content\":\"b\\n\"}]", "a\n", "b\n");
	makes(" {\"changes\":[{\"file_path\":\"f\",\"new_content\":\"b\"}]}",
	    NULL, "b");
	makes("{\"files\":[{\"path\":\"f\",\"content_b64\":\"/wA=\"}]}", NULL,
	    "\377");
	makes("[{\"path\":\"f\",\"delete\":true}]", "a\n", NULL);
	makes("[{\"path\":\"f\",\"action\":\"delete\"}]", "a\n", NULL);
	tree_add(&a.tree, "same", "a", 0644);
	attempt(&a, "[{\"path\":\"x/y.sh\",\"content\":\"\",\"mode\":\"0755\"},"
		    "{\"path\":\"same\",\"content\":\"a\"}]", -1);
	is_int(a.edits.n, 1, "what stays as it is is left out");
	becomes(&a, "x/y.sh", "", 0755);
	attempt_end(&a);
	refused("[]", NULL, "is empty");
	refused("[{\"path\":\"f\"", NULL, "no JSON");
	refused("[{\"path\":\"f\"}]", NULL, "no \"content\"");
	refused("[{\"content\":\"f\"}]", NULL, "change 1 of the list");
	refused("[7]", NULL, "change 1 of the list");
	refused("{\"changes\":3}", NULL, "no list of changes");
	refused("[{\"path\":\"f\",\"content\":7}]", NULL, "no \"content\"");
	refused("[{\"path\":\"f\",\"content\":\"a\\u0000b\"}]", NULL, "NUL");
	refused("[{\"path\":\"f\",\"content_b64\":\"?\"}]", NULL, "base64");
	refused("[{\"path\":\"f\",\"content\":\"\",\"mode\":\"4755\"}]", NULL,
	    "no mode");
	refused("[{\"path\":\"f\",\"delete\":true}]", NULL, "does not exist");
	refused("[{\"path\":\"../f\",\"content\":\"\"}]", NULL, "out of");
	refused("[{\"path\":\"/etc/passwd\",\"content\":\"\"}]", NULL,
	    "absolute");
	refused("[{\"path\":\"a//b\",\"content\":\"\"}]", NULL, "out of");
	refused("[{\"path\":\"\",\"content\":\"\"}]", NULL, "empty path");
	refused("[{\"path\":\"g\",\"content\":\"\"},{\"path\":\"f\","
		"\"content\":\"\"},{\"path\":\"g\",\"delete\":true}]", NULL,
	    "g stands twice");
}

/* The diff of what becomes of a file, and that it says so. */
static void
shows(const char *before, const char *after, const char *want)
{
	struct edit e = {.path = xstrdup("f"),
	    .before = {before != NULL, 0644, STRBUF_INIT},
	    .after = {after != NULL, 0644, STRBUF_INIT}};
	autobuf struct strbuf out = STRBUF_INIT;
	struct diff_count count;

	strbuf_adds(&e.before.content, before ? before : "");
	strbuf_adds(&e.after.content, after ? after : "");
	text_diff(&out, &e, &count);
	is_str(out.buf, want, "a diff");
	free(e.path);
	strbuf_release(&e.before.content);
	strbuf_release(&e.after.content);
}

#define HEAD "diff --git a/f b/f\n"

static void
diffs(void)
{
	static const char forged[] = NAMES "@@ -1 +1 @@\n-\033[2J\n+b\n";
	autobuf struct strbuf out = STRBUF_INIT;

	shows("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
	    HEAD NAMES "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
	shows("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "2\n3\n4\n5\n6\n7\n8\n9",
	    HEAD NAMES "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n"
		       "@@ -6,4 +5,4 @@\n 6\n 7\n 8\n-9\n+9\n"
		       "\\ No newline at end of file\n");
	shows(NULL, "a\n", HEAD "new file mode 100644\n--- /dev/null\n+++ b/f\n"
				"@@ -0,0 +1 @@\n+a\n");
	shows("a\n", NULL, HEAD "deleted file mode 100644\n--- a/f\n"
				"+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
	shows(NULL, "", HEAD "new file mode 100644\n");
	shows("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
	    HEAD NAMES "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n");
	text_diff_show(&out, forged, strlen(forged), true);
	is_str(out.buf, "\033[1m--- a/f\033[0m\n\033[1m+++ b/f\033[0m\n"
			"\033[36m@@ -1 +1 @@\033[0m\n\033[31m-^[[2J\033[0m\n"
			"\033[32m+b\033[0m\n",
	    "colours are ours, controls are shown");
}

/* -------- too much -------- */

static void
says(const struct attempt *a, const char *why)
{
	ok(a->rc && a->err.kind == ERR_USAGE && strstr(a->err.msg.buf, why),
	    "%s", why);
}

static void
too_many_lines(void)
{
	static const char change[] = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-\n+x\n";
	struct attempt a = {.tree = {.n = 0}};
	autobuf struct strbuf lines = STRBUF_INIT;

	strbuf_adds(&lines, change);
	while (lines.len <= PATCH_LINES_MAX + sizeof(change))
		strbuf_addc(&lines, '\n');
	tree_add(&a.tree, "f", lines.buf + sizeof(change) - 1, 0644);
	attempt(&a, change, -1);
	says(&a, "f: a file of more than 4000000 lines is not patched");
	attempt_end(&a);
	attempt(&a, lines.buf, -1);
	says(&a, "a patch of more than 4000000 lines is not read");
	attempt_end(&a);
}

static void
renamed_giants(void)
{
	static const char from[] = "diff --git a/f b/g\nsimilarity index 100%\n"
				   "rename from f\nrename to g\n";
	struct attempt a = {.tree = {.n = 0}};
	autobuf struct strbuf patch = STRBUF_INIT;
	autofree char *giant = xcalloc(CHANGESET_FILE_MAX + 2, 1);

	memset(giant, 'x', CHANGESET_FILE_MAX + 1);
	tree_add(&a.tree, "f", giant, 0644);
	attempt(&a, from, -1);
	says(&a, "f: more than can be changed at once");
	attempt_end(&a);
	giant[CHANGESET_FILE_MAX] = '\0';
	tree_add(&a.tree, "f", giant, 0644);
	strbuf_addf(&patch, "%s--- a/f\n+++ b/g\n@@ -0,0 +1 @@\n+y\n", from);
	attempt(&a, patch.buf, -1);
	says(&a, "g: more than can be changed at once");
	attempt_end(&a);
}

static void
add_lines(struct strbuf *sb, const char *line, size_t n)
{
	while (n--)
		strbuf_adds(sb, line);
}

/* One file may be as far from what the patch says, and not many. */
static void
many_far_places(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	autobuf struct strbuf text = STRBUF_INIT, patch = STRBUF_INIT;
	struct attempt a = {.tree = {.n = 0}};

	add_lines(&text, "a\n", 16000);
	strbuf_adds(&text, "b\n");
	for (size_t i = 0; i < 5; i++) {
		tree_add(&a.tree, names[i], text.buf, 0644);
		strbuf_addf(&patch, "--- a/%s\n+++ b/%s\n"
		    "@@ -1,8001 +1,8001 @@\n", names[i], names[i]);
		add_lines(&patch, " a\n", 8000);
		strbuf_adds(&patch, "-b\n+c\n");
		if (i)
			continue;
		attempt(&a, patch.buf, -1);
		ok(!a.rc && a.edits.n == 1, "one is found");
		edits_release(&a.edits);
		changeset_release(&a.cs);
	}
	attempt(&a, patch.buf, -1);
	says(&a, "e: hunk 1: the patch takes too long");
	attempt_end(&a);
}

/* Lines that are new cost as much as those that are compared. */
static void
many_new_lines(void)
{
	autobuf struct strbuf text = STRBUF_INIT, patch = STRBUF_INIT;
	struct attempt a = {.tree = {.n = 0}};

	add_lines(&text, "a\n", 100000);
	tree_add(&a.tree, "f", text.buf, 0644);
	strbuf_adds(&patch, NAMES "@@ -1 +1,100000 @@\n");
	add_lines(&patch, "+b\n", 100000);
	strbuf_adds(&patch, "-x\n");
	attempt(&a, patch.buf, -1);
	says(&a, "f: hunk 1: the patch takes too long");
	attempt_end(&a);
}

static bool
ends_in_7(void *arg, const struct edit *e)
{
	++*(size_t *)arg;
	return e->path[strlen(e->path) - 1] == '7';
}

/* As many as a tree may have: each goes once, and the others move once. */
static void
many_are_left_out(void)
{
	struct edits edits = EDITS_INIT;
	size_t asked = 0;
	char name[16];
	clock_t began;

	for (int i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "%06d", i);
		edits_add(&edits, name);
	}
	began = clock();
	edits_keep(&edits, ends_in_7, &asked);
	ok(clock() - began < 2 * CLOCKS_PER_SEC, "that takes no time");
	is_int(asked, 200000, "each is asked for once");
	is_int(edits.n, 20000, "a tenth stays");
	is_str(edits.v[1].path, "000017", "in its order");
	is_str(edits.v[19999].path, "199997", "to the last");
	edits_release(&edits);
}

/* -------- what is written -------- */

static int
temp_dir(char *path)
{
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY) : -1;
}

static void
directory_is_put_back(void)
{
	char path[] = "/tmp/addesh-changes-XXXXXX";
	struct swap s = {.dir = temp_dir(path), .name = "f", .has_was = true};
	struct stat st;
	int fd = openat(s.dir, "f", O_WRONLY | O_CREAT | O_EXCL, 0600);

	ok(fd >= 0 && !fstat(fd, &s.seen), "a file is looked at");
	close(fd);
	close(swap_temp_file(s.dir, s.temp));
	ok(!unlinkat(s.dir, "f", 0) && !mkdirat(s.dir, "f", 0700),
	    "and becomes a directory");
	ok(swap_move(&s) && errno == ESTALE, "which is noticed");
	swap_undo(&s);
	ok(!fstatat(s.dir, "f", &st, AT_SYMLINK_NOFOLLOW) &&
		S_ISDIR(st.st_mode), "and it is put back");
	ok(faccessat(s.dir, s.old, F_OK, AT_SYMLINK_NOFOLLOW),
	    "nothing is left of the new content");
	unlinkat(s.dir, "f", AT_REMOVEDIR);
	close(s.dir);
	ok(!rmdir(path), "nor anything else");
}

static void
nothing_is_written_outside(void)
{
	char path[] = "/tmp/addesh-changes-XXXXXX";
	int dir = temp_dir(path);
	static const char *const bad[] = {
	    "../addesh-outside", "a/../../addesh-outside", "/tmp/x", "", "."};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct edits edits = EDITS_INIT;
		struct err err = ERR_INIT;

		edits_add(&edits, bad[i])->after.exists = true;
		ok(host_edit(path, &edits, &err) && err.kind == ERR_USAGE,
		    "\"%s\" is no path of an edit", bad[i]);
		err_clear(&err);
		edits_release(&edits);
	}
	close(dir);
	ok(!rmdir(path), "and nothing was made");
}

int
main(void)
{
	git_diff();
	gnu_diff();
	places();
	ends_of_lines();
	misses();
	left_over();
	surroundings();
	bad_patches();
	lists();
	diffs();
	too_many_lines();
	renamed_giants();
	many_far_places();
	many_new_lines();
	many_are_left_out();
	directory_is_put_back();
	nothing_is_written_outside();
	return done();
}
