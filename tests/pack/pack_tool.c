/*
 * Drives the build context by hand and from the tests.
 *
 *	pack_tool tar [-f DOCKERFILE] [-d IGNORE] [-o PATH=TEXT]... [-b BYTES]
 *	    [-u DIR -a PATH=TEXT] DIRECTORY|-
 *
 * writes the tar to stdout, reading it in pieces of BYTES (64 KiB).  -o lies
 * over the directory, -a above it when -u puts it under DIR.  "-": none.  Then
 * "files N bytes N ignored N skipped N" and the paths that were skipped go to
 * stderr.
 *
 *	pack_tool ignored FILE PATH...
 *
 * writes those of the paths that FILE leaves out.  An error goes to stderr as
 * KIND MESSAGE, and the exit status is 1.
 */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "pack/context.h"
#include "pack/ignore.h"

static int
send_all(struct context *c, size_t piece, struct err *err)
{
	autofree char *p = xmalloc(piece);
	ssize_t n;

	while ((n = context_read(c, p, piece, err)) > 0 || n == CONTEXT_LATER)
		if (n > 0 && io_write_all(1, p, (size_t)n))
			return err_set(err, ERR_IO, "stdout");
	return (int)n;
}

static void
tell(const struct context *c)
{
	const struct context_count *count = context_count(c);
	const struct strvec *skipped = context_skipped(c);

	fprintf(stderr, "files %llu bytes %llu ignored %llu skipped %llu\n",
	    (unsigned long long)count->files, (unsigned long long)count->bytes,
	    (unsigned long long)count->ignored,
	    (unsigned long long)count->skipped);
	for (size_t i = 0; i < skipped->n; i++)
		fprintf(stderr, "%s\n", skipped->v[i]);
}

static void
add_file(struct context_file *files, size_t n, char *arg)
{
	char *text = strchr(arg, '=');

	*text++ = '\0';
	files[n] = (struct context_file){
	    .path = arg, .mode = 0644, .data = text, .size = strlen(text)};
}

static int
do_tar(int argc, char **argv, struct err *err)
{
	struct context_file files[32], above;
	struct context_spec spec = {.files = files};
	size_t piece = 65536;
	struct context *c;
	int o, rc;

	while ((o = getopt(argc, argv, "f:d:o:b:u:a:")) != -1) {
		if (o == 'f')
			spec.dockerfile = optarg;
		else if (o == 'd')
			spec.ignore = optarg;
		else if (o == 'o' && spec.nfiles < ARRAY_SIZE(files) &&
			 strchr(optarg, '='))
			add_file(files, spec.nfiles++, optarg);
		else if (o == 'u')
			spec.under = optarg;
		else if (o == 'a' && strchr(optarg, '='))
			add_file(&above, 0, optarg);
		else if (o == 'b')
			piece = strtoul(optarg, NULL, 10);
		else
			return err_set(err, ERR_USAGE, "see the source");
	}
	spec.above = spec.under ? &above : NULL;
	spec.root = strcmp(argv[optind], "-") ? argv[optind] : NULL;
	c = context_open(&spec, err);
	rc = c ? send_all(c, piece, err) : -1;
	if (c)
		tell(c);
	context_close(c);
	return rc;
}

static int
do_ignored(int argc, char **argv, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct ignore *ig;

	if (io_read_file(argv[1], &text, 4u << 20, err))
		return -1;
	ig = ignore_parse(argv[1], text.buf, text.len, err);
	if (!ig)
		return -1;
	for (char **path = argv + 2; *path; path++)
		if (ignore_path(ig, *path))
			puts(*path);
	ignore_free(ig);
	return 0;
}

int
main(int argc, char **argv)
{
	autoerr struct err err = ERR_INIT;
	int rc = -1;

	if (argc > 2 && !strcmp(argv[1], "tar"))
		rc = do_tar(argc - 1, argv + 1, &err);
	else if (argc > 2 && !strcmp(argv[1], "ignored"))
		rc = do_ignored(argc - 1, argv + 1, &err);
	else
		err_set(&err, ERR_USAGE, "pack_tool: no such command");
	if (rc)
		fprintf(
		    stderr, "%s %s\n", err_kind_name(err.kind), err.msg.buf);
	return rc ? 1 : 0;
}
