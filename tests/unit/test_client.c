/* sandbox: the client of the protocol against a runner that says anything. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "sandbox/box_impl.h"
#include "sandbox/client.h"
#include "tap.h"

static struct loop *loop;
static unsigned interrupts;

/* ---- a runner whose answers the tests write ---- */

struct peer {
	int fd;
	struct loop_fd *watch;
	struct frame_reader reader;
	struct message_reader messages;
	/* What to do at a request; the HELLO is answered before. */
	void (*on_request)(struct peer *p, const struct message *m);
	const char *before_welcome; /* raw bytes */
	size_t before_len;
	bool silent, wrong_nonce;
	bool impatient; /* Ctrl-C again once it was asked to stop */
	unsigned cancels;
	uint8_t input[4 * PROTO_FRAME_MAX];
};

static void
say(struct peer *p, uint8_t type, uint32_t id, const struct field_writer *w)
{
	struct message m = {.type = type, .id = id,
	    .data = w ? w->buf : NULL, .len = w ? w->len : 0};
	autofree uint8_t *out = xmalloc(message_size(m.len));

	message_put(out, &m);
	io_write_all(p->fd, out, message_size(m.len));
}

static void
say_raw(struct peer *p, uint8_t type, uint8_t flags, uint32_t id,
    const char *text)
{
	struct frame f = {.type = type, .flags = flags,
	    .len = (uint16_t)strlen(text), .id = id,
	    .payload = (const uint8_t *)text};
	uint8_t header[PROTO_HEADER_SIZE];

	frame_header_put(header, &f);
	io_write_all(p->fd, header, sizeof(header));
	io_write_all(p->fd, text, f.len);
}

static void
answer_hello(struct peer *p, const struct message *m)
{
	struct field_reader r;
	struct field f;
	uint8_t buf[256];
	struct field_writer w;

	if (p->before_welcome)
		io_write_all(p->fd, p->before_welcome, p->before_len);
	if (p->silent)
		return;
	field_writer_init(&w, buf, sizeof(buf));
	field_reader_init(&r, m->data, m->len);
	while (field_next(&r, &f) > 0)
		if (f.key == PROTO_K_NONCE)
			field_put(&w, PROTO_K_NONCE,
			    p->wrong_nonce ? (const uint8_t *)
						 "0123456789abcdef"
					   : f.data,
			    f.len);
	field_put_u64(&w, PROTO_K_VERSION, PROTO_VERSION);
	field_put_text(&w, PROTO_K_LIMIT, "memory=42");
	say(p, PROTO_WELCOME, 0, &w);
}

static void
peer_message(struct peer *p, const struct message *m)
{
	if (m->type == PROTO_HELLO)
		answer_hello(p, m);
	else if (m->type == PROTO_CANCEL) {
		p->cancels++;
		interrupts += p->impatient;
	} else if (p->on_request)
		p->on_request(p, m);
}

static void
peer_ready(void *arg, int fd, unsigned events)
{
	struct peer *p = arg;
	struct frame f;
	struct message m;
	size_t room;
	uint8_t *to = frame_reader_space(&p->reader, &room);
	ssize_t n = read(fd, to, room);

	if (n <= 0) {
		loop_fd_remove(p->watch);
		p->watch = NULL;
		return;
	}
	frame_reader_add(&p->reader, n);
	while (frame_reader_next(&p->reader, &f))
		if (f.type != PROTO_DATA &&
		    message_add(&p->messages, &f, &m) > 0)
			peer_message(p, &m);
}

static struct client *
connect_to(struct peer *p)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	p->fd = pair[1];
	frame_reader_init(&p->reader, p->input, sizeof(p->input));
	p->watch = loop_fd_add(loop, p->fd, POLLIN, peer_ready, p);
	return client_new(loop, stream_from_fd(pair[0]));
}

static void
peer_end(struct peer *p)
{
	loop_fd_remove(p->watch);
	p->watch = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	message_reader_release(&p->messages);
}

static int
hello(struct client *c, int64_t ms, struct err *err)
{
	struct client_config cfg = CLIENT_CONFIG_INIT;
	int bad;

	cfg.workspace = "/workspace";
	bad = client_hello(c, &cfg, clock_ms() + ms, &interrupts, err);
	client_config_release(&cfg);
	return bad;
}

/* ---- opening ---- */

static void
test_opening(void)
{
	static struct peer good, text, other, garbage;
	static char rest[27 + PROTO_SYNC_BYTES]; /* as the runner does it */
	autoerr struct err err = ERR_INIT;
	struct client *c = connect_to(&good);

	ok(!hello(c, 5000, &err), "a WELCOME opens: %s", err.msg.buf);
	is_str(client_welcome(c)->limits.v[0], "memory=42", "and has limits");
	client_free(c);
	peer_end(&good);

	text.before_welcome = "exec format error\n";
	text.before_len = strlen(text.before_welcome);
	text.silent = true;
	c = connect_to(&text);
	ok(hello(c, 1000, &err), "text in the place of a WELCOME");
	is_str(err.msg.buf, "the runner could not start: exec format error",
	    "is the reason");
	client_free(c);
	peer_end(&text);

	other.wrong_nonce = true;
	c = connect_to(&other);
	ok(hello(c, 100, &err), "the WELCOME of another client");
	is_str(err.msg.buf, "the runner did not answer in time", "is none");
	client_free(c);
	peer_end(&other);

	memcpy(rest, "\0\0AdR1\x40\0\xff\xff" "AdR1 half a frame", 27);
	garbage.before_welcome = rest;
	garbage.before_len = sizeof(rest);
	c = connect_to(&garbage);
	ok(!hello(c, 5000, &err), "what a former client left is skipped");
	client_free(c);
	peer_end(&garbage);
}

/* The loop turns between the two, while a container is started. */
static void
test_gone_before(void)
{
	static struct peer p;
	struct client_config cfg = CLIENT_CONFIG_INIT;
	autoerr struct err err = ERR_INIT;
	struct client *c = connect_to(&p);

	peer_end(&p);
	while (!client_lost(c))
		loop_step(loop, 1000);
	cfg.workspace = "/workspace";
	cfg.silence_ms = 10000;
	ok(client_hello(c, &cfg, clock_ms() + 5000, &interrupts, &err),
	    "a stream that ended before the HELLO");
	is_str(err.msg.buf, "the runner could not start: its connection ended",
	    "is told");
	client_config_release(&cfg);
	client_free(c);
}

static void
on_press(void *arg)
{
	interrupts++;
}

static void
test_interrupt(void)
{
	static struct peer silent = {.silent = true};
	autoerr struct err err = ERR_INIT;
	struct client *c = connect_to(&silent);
	struct loop_timer *t =
	    loop_timer_add(loop, clock_ms() + 20, on_press, NULL);

	ok(hello(c, 60000, &err) && err.kind == ERR_INTERRUPTED,
	    "Ctrl-C ends opening");
	loop_timer_remove(t);
	client_free(c);
	peer_end(&silent);
}

/* ---- a box over a peer ---- */

static void
no_kill(struct box *box, struct verdict *v)
{
	strbuf_adds(&v->why, "; looked at");
}

static const struct box_ops no_ops = {.kill = no_kill};

static void
box_over(struct box *box, struct peer *p)
{
	autoerr struct err err = ERR_INIT;

	*box = (struct box){.ops = &no_ops, .lock_fd = -1};
	env_spec_init(&box->spec);
	box->ctx.loop = loop;
	box->ctx.interrupts = &interrupts;
	box->client = connect_to(p);
	if (hello(box->client, 5000, &err))
		abort();
}

static void
box_end(struct box *box, struct peer *p)
{
	client_free(box->client);
	env_spec_release(&box->spec);
	peer_end(p);
}

static struct strbuf seen = STRBUF_INIT;

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	strbuf_addf(&seen, "%d%s:%.*s ", fd, tail ? "+" : "", (int)n,
	    (const char *)p);
}

static int
run_true(struct box *box, struct verdict *v, uint64_t timeout_ms,
    struct err *err)
{
	struct run_spec run = RUN_SPEC_INIT;
	struct box_sink sink = {.out = on_out};
	int bad;

	strbuf_reset(&seen);
	strvec_push(&run.argv, "true");
	run.timeout_ms = timeout_ms;
	bad = box_run(box, &run, &sink, v, err);
	run_spec_release(&run);
	return bad;
}

static void
verdict_for(struct peer *p, uint32_t id, enum proto_key key, uint64_t value)
{
	uint8_t buf[256];
	struct field_writer w;

	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, key, value);
	field_put_u64(&w, PROTO_K_OUT_BYTES, 8);
	say(p, PROTO_VERDICT, id, &w);
}

static void
good_run(struct peer *p, const struct message *m)
{
	say(p, PROTO_STARTED, m->id, NULL);
	say_raw(p, PROTO_OUT, 0, m->id, "abc");
	say_raw(p, PROTO_OUT, PROTO_F_STDERR, m->id, "e");
	say_raw(p, PROTO_OUT, 0, m->id + 7, "of nobody");
	io_write_all(p->fd, "noise between frames", 20);
	say_raw(p, PROTO_OUT, PROTO_F_TAIL, m->id, "z");
	verdict_for(p, m->id, PROTO_K_EXIT, 3);
	verdict_for(p, m->id, PROTO_K_EXIT, 4);
}

static void
test_run(void)
{
	static struct peer p = {.on_request = good_run};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct box box;

	box_over(&box, &p);
	ok(!run_true(&box, &v, 0, &err), "a run: %s", err.msg.buf);
	is_str(seen.buf, "1:abc 2:e 1+:z ", "its output, in order, alone");
	ok(v.started && v.exited && v.exit_code == 3 && !v.lost,
	    "its first verdict counts");
	is_int(v.out_bytes, 8, "what it wrote");
	ok(v.out_truncated && !v.err_truncated, "more than came");
	is_int(v.oom, OOM_UNKNOWN, "no counter was named");
	verdict_release(&v);
	box_end(&box, &p);
}

static void
die_in_run(struct peer *p, const struct message *m)
{
	say_raw(p, PROTO_OUT, 0, m->id, "half");
	shutdown(p->fd, SHUT_RDWR);
}

static void
test_lost(void)
{
	static struct peer p = {.on_request = die_in_run};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct box box;

	box_over(&box, &p);
	ok(!run_true(&box, &v, 0, &err) && v.lost, "the end is a verdict");
	is_str(seen.buf, "1:half ", "and what came is kept");
	is_str(v.why.buf, "its connection ended; looked at", "with its reason");
	ok(!box_alive(&box), "the box knows");
	verdict_release(&v);
	ok(run_true(&box, &v, 0, &err), "no run after that");
	is_str(err.msg.buf, "environment lost: its connection ended", "says why");
	verdict_release(&v);
	box_end(&box, &p);
}

static void
say_nothing(struct peer *p, const struct message *m)
{
}

static void
test_watchdog(void)
{
	static struct peer p = {.on_request = say_nothing};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct box box;
	int64_t began = clock_ms();

	box_over(&box, &p);
	ok(!run_true(&box, &v, 100, &err) && v.lost && v.timed_out,
	    "a runner without a verdict is given up");
	ok(clock_ms() - began < 30000, "soon after the deadline");
	verdict_release(&v);
	box_end(&box, &p);
}

/* Lives, and is longer at it than a silence may be. */
static void
end_late(struct peer *p, const struct message *m)
{
	static uint32_t run;
	static unsigned pings;

	if (m->type != PROTO_PING)
		run = m->id;
	else if (pings++ < 5)
		say(p, PROTO_PONG, 0, NULL);
	else
		verdict_for(p, run, PROTO_K_EXIT, 3);
}

static void
test_slow(void)
{
	static struct peer p = {.on_request = end_late};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct box box;

	box_over(&box, &p);
	ok(!run_true(&box, &v, 100, &err) && !v.lost && v.exit_code == 3,
	    "one that is asked and answers is waited for");
	verdict_release(&v);
	box_end(&box, &p);
}

static void
test_ctrl_c(void)
{
	static struct peer p = {.on_request = say_nothing, .impatient = true};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct loop_timer *first;
	struct box box;

	box_over(&box, &p);
	first = loop_timer_add(loop, clock_ms() + 20, on_press, NULL);
	ok(!run_true(&box, &v, 0, &err) && v.lost, "twice gives it up");
	is_int(p.cancels, 1, "once asks the runner to stop");
	loop_timer_remove(first);
	verdict_release(&v);
	box_end(&box, &p);
}

static void
fail_run(struct peer *p, const struct message *m)
{
	uint8_t buf[256];
	struct field_writer w;

	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_ERRNO, ENOENT);
	field_put_text(&w, PROTO_K_TEXT, "cwd");
	field_put_text(&w, PROTO_K_PATH, "/nope");
	say(p, PROTO_FAIL, m->id, &w);
}

static void
test_fail(void)
{
	static struct peer p = {.on_request = fail_run};
	autoerr struct err err = ERR_INIT;
	struct verdict v = VERDICT_INIT;
	struct box box;

	box_over(&box, &p);
	ok(run_true(&box, &v, 0, &err), "a FAIL is an error");
	is_str(err.msg.buf, "/nope: No such file or directory", "with a path");
	is_int(err.code, ENOENT, "and an errno");
	verdict_release(&v);
	box_end(&box, &p);
}

/* ---- a stream that never runs dry, as one of TLS can be ---- */

struct flood {
	struct stream stream;
	uint8_t frame[PROTO_HEADER_SIZE + 8];
};

static ssize_t
flood_read(struct stream *s, void *p, size_t n)
{
	struct flood *f = (struct flood *)s;
	size_t at = 0;

	for (; at + sizeof(f->frame) <= n; at += sizeof(f->frame))
		memcpy((char *)p + at, f->frame, sizeof(f->frame));
	return (ssize_t)at;
}

static ssize_t
flood_write(struct stream *s, const void *p, size_t n)
{
	return (ssize_t)n;
}

static bool
flood_pending(struct stream *s)
{
	return true;
}

static void
flood_close(struct stream *s)
{
	close(s->fd);
	strbuf_release(&s->complaint);
}

static void
test_flood(void)
{
	static const struct stream_ops flood_ops = {.read = flood_read,
	    .write = flood_write, .pending = flood_pending,
	    .close = flood_close};
	struct flood flood = {.stream = {.ops = &flood_ops,
	    .fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    .complaint = STRBUF_INIT}};
	struct frame f = {.type = PROTO_OUT, .len = 8, .id = 7,
	    .payload = (const uint8_t *)"12345678"};
	struct client *c;
	struct loop_timer *t =
	    loop_timer_add(loop, clock_ms() + 20, on_press, NULL);
	autoerr struct err err = ERR_INIT;

	frame_header_put(flood.frame, &f);
	memcpy(flood.frame + PROTO_HEADER_SIZE, f.payload, f.len);
	c = client_new(loop, &flood.stream);
	alarm(60); /* what hangs must fail */
	ok(hello(c, 30000, &err) && err.kind == ERR_INTERRUPTED,
	    "Ctrl-C is heard beside a flood");
	alarm(0);
	loop_timer_remove(t);
	client_free(c);
}

/* ---- files from someone who lies ---- */

static const struct entry {
	const char *path, *target;
	char type;
	const char *data;
} *entries;

static void
send_entries(struct peer *p, const struct message *m)
{
	uint8_t buf[1024];
	struct field_writer w;

	if (m->type != PROTO_GET)
		return;
	for (const struct entry *e = entries; e->type; e++) {
		field_writer_init(&w, buf, sizeof(buf));
		field_put_text(&w, PROTO_K_PATH, e->path);
		field_put_u64(&w, PROTO_K_TYPE, (unsigned char)e->type);
		field_put_u64(&w, PROTO_K_MODE, 07777);
		if (e->target)
			field_put_text(&w, PROTO_K_TARGET, e->target);
		say(p, PROTO_ENTRY, m->id, &w);
		if (e->data)
			say_raw(p, PROTO_DATA, PROTO_F_END, m->id, e->data);
	}
	verdict_for(p, m->id, PROTO_K_COUNT, 1);
}

static int
get(const char *dest, const struct entry *list, struct box_count *count,
    struct err *err)
{
	static struct peer p;
	struct box box;
	int bad;

	p = (struct peer){.on_request = send_entries};
	entries = list;
	box_over(&box, &p);
	bad = box_get(&box, "tree", dest, 0, count, err);
	box_end(&box, &p);
	return bad;
}

static void
test_get(const char *dir)
{
	static const struct entry good[] = {{"", NULL, 'd', NULL},
	    {"a", NULL, 'd', NULL}, {"a/f", NULL, 'f', "text"},
	    {"a/l", "f", 'l', NULL}, {"p", NULL, 'p', NULL}, {0}};
	autofree char *dest = io_join(dir, "good");
	autofree char *file = io_join(dest, "a/f");
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct box_count n;
	struct stat st;
	mode_t old = umask(022);

	ok(!get(dest, good, &n, &err), "a tree comes: %s", err.msg.buf);
	ok(n.files == 1 && n.dirs == 2 && n.links == 1 && n.skipped == 1 &&
		n.bytes == 4, "and is counted");
	ok(!io_read_file(file, &sb, 100, &err), "the file is there");
	is_str(sb.buf, "text", "with its content");
	ok(!stat(file, &st) && (st.st_mode & 07777) == 0755,
	    "without set-id bits, less what umask says");
	umask(old);
	ok(!get(dest, good, &n, &err), "again, over what is there");
}

static void
test_get_hostile(const char *dir)
{
	static const struct entry lists[][5] = {
	    {{"../out", NULL, 'f', "x"}, {0}},
	    {{"", NULL, 'd', NULL}, {"/etc/out", NULL, 'f', "x"}, {0}},
	    {{"", NULL, 'd', NULL}, {"a/../../out", NULL, 'f', "x"}, {0}},
	    {{"", NULL, 'd', NULL}, {"l", "..", 'l', NULL},
		{"l/out", NULL, 'f', "x"}, {0}},
	    {{"", NULL, 'd', NULL}, {"l", "..", 'l', NULL},
		{"l", NULL, 'd', NULL}, {"l/out", NULL, 'f', "x"}, {0}},
	    {{"", "..", 'l', NULL}, {"out", NULL, 'f', "x"}, {0}}};
	autofree char *out = io_join(dir, "out");
	struct box_count n;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		autofree char *dest = xasprintf("%s/h%zu", dir, i);
		autoerr struct err err = ERR_INIT;

		ok(get(dest, lists[i], &n, &err), "hostile names %zu: %s", i,
		    err.msg.buf);
		ok(access(out, F_OK), "write nothing outside");
	}
}

int
main(void)
{
	char dir[] = "/tmp/addesh-test-client-XXXXXX";
	autoerr struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		return 1;
	loop = loop_new();
	test_opening();
	test_gone_before();
	test_interrupt();
	test_run();
	test_lost();
	test_watchdog();
	test_slow();
	test_ctrl_c();
	test_fail();
	test_flood();
	test_get(dir);
	test_get_hostile(dir);
	strbuf_release(&seen);
	loop_free(loop);
	io_remove_tree(dir, &err);
	return done();
}
