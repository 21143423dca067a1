#include "pack/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

static la_ssize_t
on_write(struct archive *a, void *arg, const void *p, size_t n)
{
	strbuf_add(arg, p, n);
	return (la_ssize_t)n;
}

static int
add(struct archive *a, struct archive_entry *ae, const struct tar_entry *t)
{
	archive_entry_clear(ae);
	archive_entry_set_pathname(ae, t->path);
	archive_entry_set_mode(ae, t->mode);
	archive_entry_set_mtime(ae, 0, 0);
	archive_entry_set_size(ae,
	    S_ISREG(t->mode) ? (la_int64_t)t->size : 0);
	if (archive_write_header(a, ae) != ARCHIVE_OK)
		return -1;
	if (!S_ISREG(t->mode) || !t->size)
		return 0;
	return archive_write_data(a, t->data, t->size) == (la_ssize_t)t->size
	    ? 0
	    : -1;
}

int
tar_write(struct strbuf *out, const struct tar_entry *entries, size_t n,
    struct err *err)
{
	struct archive *a = archive_write_new();
	struct archive_entry *ae = archive_entry_new();
	int rc = -1;

	if (!a || !ae)
		abort();
	archive_write_set_format_pax_restricted(a);
	/* Podman's reader goes when it has seen the end, and what is sent behind
	   it fails (containers/buildah issue 6573): nothing is. */
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open(a, out, NULL, on_write, NULL) == ARCHIVE_OK)
		rc = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = add(a, ae, &entries[i]);
	if (!rc && archive_write_close(a) != ARCHIVE_OK)
		rc = -1;
	if (rc)
		err_set(err, ERR_IO, "making a tar archive: %s",
		    archive_error_string(a));
	archive_entry_free(ae);
	archive_write_free(a);
	return rc;
}
