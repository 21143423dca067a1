/*
 * What a client sends, into the runner's table of requests.  Processes are
 * left out: each that would be started has ended at the next turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runner/runner.h"
#include "fuzz.h"
#include "records.h"

static struct runner rn;

int
task_slot(struct runner *r, bool background)
{
	(void)background;
	for (int i = 0; i < SLOTS_MAX; i++) {
		if (r->slot_busy[i])
			continue;
		r->slot_busy[i] = true;
		return i;
	}
	return -1;
}

/* It has written already, in some cases more than is kept. */
static void
start_job(struct runner *r, struct request *request)
{
	static const uint64_t totals[] = {0, 100, 70000, 1000000};
	struct stream *s;

	for (int i = 0; i < 2; i++) {
		s = &request->out[i];
		stream_init(s, -1, i == 1, request->output_max);
		s->total = totals[(request->nargs + (size_t)i) % 4];
		s->head = calloc(1, (size_t)s->head_max + 1);
		s->ring = calloc(1, s->ring_size + 1);
	}
	job_begin(r, request);
}

static int
start(struct runner *r, struct request *request)
{
	if (request->nargs % 7 == 6) {
		errno = EAGAIN;
		return -1;
	}
	r->nactive++;
	request->state = REQUEST_ACTIVE;
	if (request->background)
		start_job(r, request);
	return 0;
}

void
forker_start(struct cgroup *cg)
{
	(void)cg;
}

int
run_start(struct runner *r, struct request *request)
{
	return start(r, request);
}

int
helper_start(struct runner *r, struct request *request)
{
	return start(r, request);
}

void
task_kill(struct runner *r, struct request *request)
{
	(void)r;
	request->killed = true;
}

void
task_signal(const struct runner *r, const struct request *request, int number)
{
	(void)r;
	(void)request;
	(void)number;
}

int
task_input(struct request *r, const struct frame *f)
{
	(void)r;
	return f->len > 1000 ? -1 : 0;
}

void
task_close(struct request *r)
{
	(void)r;
}

void
run_signal(struct request *r, int signal_number)
{
	(void)r;
	(void)signal_number;
}

void
run_resize(struct request *r, uint16_t rows, uint16_t cols)
{
	(void)r;
	(void)rows;
	(void)cols;
}

pid_t
pidns_fork(void)
{
	return -1;
}

int
pidns_mount(void)
{
	return -1;
}

uint64_t
runner_now(void)
{
	return 1;
}

void
fd_close(int *fd)
{
	*fd = -1;
}

/* Who may listen: nobody but sometimes somebody else already. */
int
channel_keep(struct runner *r)
{
	r->config.keep = !r->config.keep;
	errno = EADDRINUSE;
	return r->config.keep ? 0 : -1;
}

int
service_start(struct runner *r)
{
	errno = ENOENT;
	return r->config.service.argv.n % 2 == 0 ? 0 : -1;
}

void
channel_bind(struct runner *r)
{
	(void)r;
}

void
channel_take(struct runner *r, struct channel *ch)
{
	requests_abandon(r);
	queue_forget(&r->queue);
	r->client = ch;
}

/* What a client names as a place would be opened, and made writable. */
void
places_open(struct config *c)
{
	(void)c;
}

/* Now and then they fill up. */
int64_t
places_used(const struct config *c)
{
	static int64_t used;

	(void)c;
	return used++ % 1000;
}

void
leave_root(struct config *c)
{
	(void)c;
}

void
places_stats(const struct config *c, struct field_writer *w)
{
	(void)c;
	(void)w;
}

/* All that is active ends, as the loop would see it. */
static void
end_active(void)
{
	const struct field_writer verdict = {.buf = (uint8_t *)"12", .len = 2};
	struct request *r;

	for (size_t i = 0; i < rn.nrequests;) {
		r = rn.requests[i];
		if (r->state == REQUEST_WAITING) {
			i++;
			continue;
		}
		if (r->type == PROTO_HELLO) {
			rn.welcomed = true;
			runner_welcome(&rn);
		}
		if (r->job != 0)
			job_ended(&rn, r, &verdict);
		else
			request_done(&rn, r, !r->killed);
	}
}

static void
turn(const uint8_t *piece, size_t n)
{
	struct channel *ch = n % 16 == 15 ? &rn.late : &rn.stdio;
	struct frame f;
	size_t room;
	uint8_t *to = frame_reader_space(&ch->reader, &room);

	memcpy(to, piece, n);
	frame_reader_add(&ch->reader, n);
	while (frame_reader_next(&ch->reader, &f))
		request_frame(&rn, ch, &f);
	requests_advance(&rn);
	if (n % 2 == 0)
		end_active();
	inquiries_serve(&rn);
	rn.now += 100000;
	disk_look(&rn, false);
	rn.queue.head = rn.queue.tail = rn.queue.frame_end = 0;
	if (rn.queue.broken || rn.nrequests > PROTO_REQUESTS_MAX)
		abort();
}

static void
open_channel(struct channel *ch)
{
	frame_reader_init(&ch->reader, ch->input, sizeof(ch->input));
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static uint8_t piece[PROTO_SYNC_BYTES];
	struct records records = {data, data + size};
	size_t n;

	cgroup_init(&rn.cgroup);
	/* Else each HELLO would open the files of the target's own cgroup. */
	rn.cgroup.passed = true;
	queue_init(&rn.queue, -1);
	open_channel(&rn.stdio);
	open_channel(&rn.late);
	rn.client = &rn.stdio;
	while ((n = records_next(&records, piece)) > 0)
		turn(piece, n);
	requests_abandon(&rn);
	end_active();
	requests_advance(&rn);
	end_active();
	jobs_drop(&rn);
	if (rn.nrequests != 0 || rn.nactive != 0 || rn.njobs != 0 ||
	    rn.ninquiries != 0 || rn.disk.id != 0)
		abort();
	rn.jobs_made = 0;
	rn.now = 0;
	rn.disk = (struct disk){.id = 0};
	message_reader_release(&rn.stdio.messages);
	message_reader_release(&rn.late.messages);
	rn.config.set = rn.welcomed = rn.quit = false;
	return 0;
}
