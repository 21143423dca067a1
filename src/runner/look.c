/*
 * What is asked about an environment while programs run in it: how much it
 * uses, and its processes.  Nothing is forked for that, so it works where no
 * process can be added any more.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"
#include "process.h"

#define PAGE_SIZE_MAX (32u << 10) /* of one answer, within the reserve */

static void
add_stat(void *arg, const char *text)
{
	field_put_text(arg, PROTO_K_STAT, text);
}

static void
service_stat(const struct runner *rn, struct field_writer *w)
{
	char text[48] = "service=ended ";

	if (rn->config.service.argv.n == 0)
		return;
	text_number(text + strlen(text), (uint64_t)rn->status, 10);
	add_stat(w, rn->service > 0 ? "service=running" : text);
}

/* procfs is the container's own, and nothing can be mounted over it by code. */
static int
open_proc(void)
{
	return open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void
look_stats(struct runner *rn, const struct message *m)
{
	uint8_t buf[2048];
	struct field_writer w;
	const struct observer o = {add_stat, &w};
	int proc = open_proc();

	field_writer_init(&w, buf, sizeof(buf));
	observe_put(&o, "at_us", runner_now());
	cgroup_stats(&rn->cgroup, &o);
	if (proc >= 0)
		observe_network(proc, "self", &o);
	if (proc >= 0 && (rn->cgroup.memory < 0 || rn->cgroup.cpu < 0))
		observe_sums(proc, getpid(), &o);
	if (proc >= 0)
		close(proc);
	places_stats(&rn->config, &w);
	service_stat(rn, &w);
	queue_message(&rn->queue, PROTO_VERDICT, m->id, &w);
}

struct page {
	int proc;
	pid_t after, last;
	bool more;
	struct field_writer *w;
};

static bool
add_process(void *arg, const char *name, const struct process_stat *st)
{
	struct page *page = arg;
	char packed[PROCESS_PACKED_MAX];
	struct process p;
	size_t n;

	if (st->pid <= page->after || st->pid == getpid())
		return true;
	if (process_read(page->proc, name, st, &p) < 0)
		return true;
	n = process_pack(&p, packed);
	/* Room for the number that says where to go on. */
	if (page->w->len + FIELD_SIZE(n) + FIELD_SIZE(8) > page->w->size) {
		page->more = true;
		return false;
	}
	field_put(page->w, PROTO_K_PROCESS, packed, n);
	page->last = st->pid;
	return true;
}

void
look_processes(struct runner *rn, const struct message *m)
{
	uint8_t buf[PAGE_SIZE_MAX];
	struct field_writer w;
	struct page page = {.proc = open_proc(),
	    .w = &w,
	    .after = (pid_t)message_number(m, PROTO_K_PID)};

	if (page.proc < 0)
		return request_refuse(rn, m->id, errno, "/proc");
	field_writer_init(&w, buf, sizeof(buf));
	if (process_each(page.proc, add_process, &page) < 0) {
		close(page.proc);
		return request_refuse(rn, m->id, errno, "/proc");
	}
	close(page.proc);
	if (page.more)
		field_put_u64(&w, PROTO_K_PID, (uint64_t)page.last);
	queue_message(&rn->queue, PROTO_VERDICT, m->id, &w);
}
