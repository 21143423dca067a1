/* The programs of this host that addesh starts, and the loop meanwhile. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/strbuf.h"
#include "cmd/child.h"
#include "tap.h"

struct reader {
	struct loop *loop;
	struct loop_timer *timer;
	struct strbuf got;
	int fd;
};

/* Reads a piece now and then, as somebody does who turns pages. */
static void
turn_page(void *arg)
{
	struct reader *r = arg;
	char buf[50000];
	ssize_t n = read(r->fd, buf, sizeof(buf));

	if (n > 0)
		strbuf_add(&r->got, buf, n);
	loop_timer_set(r->timer, clock_ms() + 1);
}

static void
test_the_loop_goes_on(void)
{
	struct strbuf text = STRBUF_INIT;
	struct reader r = {.loop = loop_new(), .got = STRBUF_INIT};
	int p[2];

	for (int i = 0; text.len < 1000000; i++)
		strbuf_addf(&text, "%d\n", i);
	if (pipe2(p, O_CLOEXEC))
		abort();
	r.fd = p[0];
	r.timer = loop_timer_add(r.loop, clock_ms(), turn_page, &r);
	child_feed(r.loop, p[1], text.buf, text.len);
	ok(r.got.len >= text.len / 2, "timers ran while the pipe was full");
	close(p[1]);
	loop_timer_remove(r.timer);
	for (char buf[4096]; r.got.len < text.len;) {
		ssize_t n = read(p[0], buf, sizeof(buf));

		if (n <= 0)
			break;
		strbuf_add(&r.got, buf, n);
	}
	ok(r.got.len == text.len && !memcmp(r.got.buf, text.buf, text.len),
	    "all of it came, in order");
	close(p[0]);
	strbuf_release(&text);
	strbuf_release(&r.got);
	loop_free(r.loop);
}

static void
test_nobody_reads(void)
{
	static const char text[300000];
	struct loop *l = loop_new();
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		abort();
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	child_feed(l, p[1], text, sizeof(text));
	ok(1, "a reader that has gone ends it");
	close(p[1]);
	loop_free(l);
}

int
main(void)
{
	test_the_loop_goes_on();
	test_nobody_reads();
	return done();
}
