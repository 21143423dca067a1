/*
 * A workspace on a disk that it shares with others: how much the file system
 * fills up costs nothing to ask, and whose files these are only the client can
 * find out.  Until it has, or for as long as there is none, jobs are stopped;
 * what a client waits for goes on meanwhile, and is the client's to kill.
 */
#include "runner.h"

#include <errno.h>
#include <signal.h>

#define PERIOD_US 100000
/* Jobs are stopped for 1/4 of the time at most, as what fills up may be others'
   files; but while they rest from that, they get no more than the most room
   that there was. */
#define REST 4
#define REST_MAX_US 10000000

static bool
signal_jobs(const struct runner *rn, int number)
{
	bool any = false;

	for (size_t i = 0; i < rn->njobs; i++) {
		if (rn->jobs[i]->job == 0 || rn->jobs[i]->ended)
			continue;
		task_signal(rn, rn->jobs[i], number);
		any = true;
	}
	return any;
}

void
disk_job(struct runner *rn, const struct request *r)
{
	if (!rn->disk.held)
		return;
	task_signal(rn, r, SIGSTOP);
	rn->disk.stopped = true;
}

static void
tell(struct runner *rn)
{
	uint8_t buf[64];
	struct field_writer w;

	if (rn->disk.id == 0)
		return;
	rn->disk.told_us = rn->now;
	field_writer_init(&w, buf, sizeof(buf));
	field_put_text(&w, PROTO_K_TEXT, rn->disk.stopped ? "stopped" : "disk");
	queue_message(&rn->queue, PROTO_EVENT, rn->disk.id, &w);
}

void
disk_look(struct runner *rn, bool now)
{
	struct disk *d = &rn->disk;
	int64_t used;
	uint64_t room = d->room + (rn->now < d->rest_us ? d->room_max : 0);

	if (!d->watched || d->held || rn->nactive == 0) {
		d->next_us = 0;
		return;
	}
	if (d->next_us == 0)
		d->next_us = rn->now + PERIOD_US;
	if (!now && rn->now < d->next_us)
		return;
	d->next_us = rn->now + PERIOD_US;
	used = places_used(&rn->config);
	if (used < 0)
		return;
	if ((uint64_t)used < d->base)
		d->base = (uint64_t)used;
	if ((uint64_t)used - d->base <= room)
		return;
	d->held = true;
	d->used = (uint64_t)used;
	d->told_us = 0;
	d->stopped = signal_jobs(rn, SIGSTOP);
	tell(rn);
}

/* Who answers slowly is not asked again at once. */
static void
go_on(struct runner *rn)
{
	struct disk *d = &rn->disk;
	uint64_t rest =
	    d->told_us > 0 ? (rn->now - d->told_us) * (REST - 1) : 0;

	d->held = false;
	d->rest_us = rn->now + (rest < REST_MAX_US ? rest : REST_MAX_US);
	(void)signal_jobs(rn, SIGCONT);
}

static void
take_room(struct runner *rn, uint64_t room)
{
	struct disk *d = &rn->disk;

	d->base = d->held ? d->used : (uint64_t)places_used(&rn->config);
	d->room = room;
	if (room > d->room_max)
		d->room_max = room;
	d->watched = true;
	if (d->held)
		go_on(rn);
}

static void
kill_jobs(struct runner *rn, uint64_t used)
{
	for (size_t i = rn->njobs; used > 0 && i > 0; i--) {
		struct request *r = rn->jobs[i - 1];

		if (r->job == 0 || r->state != REQUEST_ACTIVE || r->killed)
			continue;
		r->disk_used = used;
		request_cancel(rn, r);
	}
}

void
disk_message(struct runner *rn, const struct message *m)
{
	struct field_reader fr;
	struct field f;
	uint64_t room;

	if (m->id == 0 || m->id == rn->disk.id || inquiry_exists(rn, m->id) ||
	    request_find(rn, m->id) != NULL)
		return request_refuse(rn, m->id, EEXIST, "request id");
	if (places_used(&rn->config) < 0)
		return request_refuse(rn, m->id, EOPNOTSUPP, "no such place");
	if (rn->disk.id != 0)
		queue_message(&rn->queue, PROTO_VERDICT, rn->disk.id, NULL);
	rn->disk.id = m->id;
	kill_jobs(rn, message_number(m, PROTO_K_DISK_USED));
	field_reader_init(&fr, m->data, m->len);
	while (field_next(&fr, &f) > 0)
		if (f.key == PROTO_K_ROOM && field_u64(&f, &room) == 0)
			take_room(rn, room);
	if (rn->disk.held)
		tell(rn);
}

void
disk_cancel(struct runner *rn, uint32_t id)
{
	if (rn->disk.id == 0 || (id != 0 && id != rn->disk.id))
		return;
	if (id != 0)
		request_refuse(rn, id, ECANCELED, "cancelled");
	rn->disk.id = 0;
}
