/*
 * Runs a fuzz target without libFuzzer, as a TAP program: each seed as it is,
 * then ADDESH_FUZZ_ROUNDS changed ones (2000).  The changes are the same each
 * time, so that what fails can be found again: its bytes are left in the file
 * that is named.
 *
 * A target is a C file with LLVMFuzzerTestOneInput(), and its seeds are the
 * files of tests/fuzz/seeds/NAME.  For real fuzzing:
 *
 *	configure CC=clang --enable-libfuzzer
 *	make tests/fuzz/fuzz_NAME
 *	tests/fuzz/fuzz_NAME DIRECTORY tests/fuzz/seeds/fuzz_NAME
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "fuzz.h"

#define INPUT_MAX (256u << 10)
#define SECONDS_MAX 20 /* for one input */
#define FILES_MAX 256

static struct strbuf input = STRBUF_INIT;
static char crash_path[256];

/* An input that crashes or hangs the target is kept for whoever looks into
   it. */
static void
keep_input(int signal)
{
	static const char bail[] = "Bail out! the input is in ";
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd >= 0)
		io_write_all(fd, input.buf, input.len);
	io_write_all(STDOUT_FILENO, bail, sizeof(bail) - 1);
	io_write_all(STDOUT_FILENO, crash_path, strlen(crash_path));
	io_write_all(STDOUT_FILENO, "\n", 1);
	_exit(1);
}

static void
run_input(void)
{
	/* Of its own size, so that a read behind the end is seen. */
	unsigned char *copy = xmemdup(input.buf, input.len ? input.len : 1);

	alarm(SECONDS_MAX);
	LLVMFuzzerTestOneInput(copy, input.len);
	alarm(0);
	free(copy);
}

/* xorshift64*, from a fixed start. */
static size_t
draw(size_t below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return below ? (size_t)((state * 2685821657736338717u) >> 33) % below
		     : 0;
}

static void
cut(size_t at, size_t n)
{
	memmove(input.buf + at, input.buf + at + n, input.len - at - n);
	strbuf_truncate(&input, input.len - n);
}

static void
insert(size_t at, const char *p, size_t n)
{
	autofree char *piece = xmemdup(p, n ? n : 1);

	if (input.len + n > INPUT_MAX)
		return;
	strbuf_add(&input, piece, n);
	memmove(input.buf + at + n, input.buf + at, input.len - n - at);
	memcpy(input.buf + at, piece, n);
}

static void
change_once(const struct strbuf *other)
{
	size_t at = draw(input.len), from = draw(other->len);
	size_t n = draw(input.len - at < 64 ? input.len - at : 64);
	char byte = (char)draw(256);

	switch (draw(6)) {
	case 0:
		if (input.len)
			input.buf[at] ^= (char)(1 << draw(8));
		break;
	case 1:
		if (input.len)
			input.buf[at] = byte;
		break;
	case 2:
		insert(at, &byte, 1);
		break;
	case 3:
		cut(at, n);
		break;
	case 4: /* a piece once more */
		insert(at, input.buf + at, n);
		break;
	default: /* a piece of another seed */
		insert(at, other->buf + from,
		    draw(other->len - from < 256 ? other->len - from : 256));
	}
}

static void
change(const struct strbuf *seeds, size_t n)
{
	const struct strbuf *seed = &seeds[draw(n)];

	strbuf_reset(&input);
	strbuf_add(&input, seed->buf, seed->len);
	for (size_t i = draw(8) + 1; i--;)
		change_once(&seeds[draw(n)]);
	run_input();
}

/* The seeds in an order that does not depend on the file system. */
static size_t
read_seeds(const char *dir, struct strbuf **seeds)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	size_t count = 0;

	*seeds = xcalloc(n > 0 ? (size_t)n : 1, sizeof(**seeds));
	for (int i = 0; i < n; i++) {
		autofree char *path = io_join(dir, names[i]->d_name);
		struct err err = ERR_INIT;

		strbuf_init(&(*seeds)[count]);
		if (*names[i]->d_name != '.' &&
		    !io_read_file(path, &(*seeds)[count], INPUT_MAX, &err))
			count++;
		err_clear(&err);
		free(names[i]);
	}
	free(n >= 0 ? names : NULL);
	return count;
}

/*
 * Files, not descriptors: accept(2) reserves one while it waits, the lowest that
 * happens to be free then.
 */
static unsigned
open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < FILES_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A thread of the target may be about to close its last one; what was forgotten
   stays. */
static bool
leaves_open(unsigned before)
{
	for (int i = 0; i < 200 && open_files() != before; i++)
		usleep(10000);
	return open_files() != before;
}

static void
run_all(const struct strbuf *seeds, size_t n, size_t rounds)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_reset(&input);
		strbuf_add(&input, seeds[i].buf, seeds[i].len);
		run_input();
	}
	for (size_t i = 0; i < rounds; i++)
		change(seeds, n);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("ADDESH_SOURCE");
	const char *rounds = getenv("ADDESH_FUZZ_ROUNDS");
	const char *slash = strrchr(argv[0], '/');
	const char *target = slash ? slash + 1 : argv[0];
	struct strbuf *seeds;
	autofree char *dir = NULL;
	size_t n;
	unsigned before;

	snprintf(crash_path, sizeof(crash_path), "/tmp/%s.crash", target);
	dir =
	    xasprintf("%s/tests/fuzz/seeds/%s", source ? source : ".", target);
	n = read_seeds(dir, &seeds);
	printf("1..3\n%sok 1 - %zu seeds in %s\n", n ? "" : "not ", n, dir);
	fflush(stdout);
	if (!n)
		return 1;
	signal(SIGALRM, keep_input);
	signal(SIGSEGV, keep_input);
	signal(SIGABRT, keep_input);
	run_input(); /* of nothing: the target may keep what it begins with */
	before = open_files();
	run_all(seeds, n, rounds ? strtoul(rounds, NULL, 10) : 2000);
	printf("ok 2 - %s ends on each input\n", target);
	printf("%sok 3 - and leaves no file open\n",
	    leaves_open(before) ? "not " : "");
	for (size_t i = 0; i < n; i++)
		strbuf_release(&seeds[i]);
	free(seeds);
	strbuf_release(&input);
	return 0;
}
