#include "sandbox/jobs.h"

#include <errno.h>
#include <string.h>

#include "sandbox/box_impl.h"

#define ANSWER_MS 30000 /* of what is done at once */

/* ---- what comes back ---- */

/* A call that is on. */
struct asking {
	const struct box_sink *sink;
	struct verdict *v;
	uint64_t seen[2];
	job_fn *fn;
	void *arg;
};

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct asking *a = arg;

	a->seen[fd == 2] += n;
	if (a->sink && a->sink->out)
		a->sink->out(a->sink->arg, fd, p, n, tail);
}

/* The fields that are a job's and no verdict's. */
static void
read_job(const struct field_reader *fields, struct job *job, char **label)
{
	struct field_reader r = *fields;
	struct field f;
	uint64_t n;

	while (field_next(&r, &f) > 0) {
		if (f.key == PROTO_K_TEXT && !*label)
			*label = xstrndup((const char *)f.data, f.len);
		if (f.key == PROTO_K_JOB && !field_u64(&f, &n))
			job->number = n < UINT32_MAX ? (unsigned)n : 0;
		if (f.key == PROTO_K_RUNNING && !field_u64(&f, &n))
			job->running = n != 0;
	}
}

static void
on_entry(void *arg, struct field_reader *fields)
{
	struct asking *a = arg;
	struct verdict v = VERDICT_INIT;
	autofree char *label = NULL;
	struct job job = {.v = &v};

	read_job(fields, &job, &label);
	job.label = label ? label : "";
	box_verdict_read(&v, fields);
	if (job.number)
		a->fn(a->arg, &job);
	verdict_release(&v);
}

/* ---- requests ---- */

static int
check_lost(struct box *box, struct err *err)
{
	if (!client_lost(box->client))
		return 0;
	return err_set(err, ERR_SANDBOX, "environment lost: %s",
	    client_lost_why(box->client));
}

/* Waits for the VERDICT, and frees the request; read gets its fields. */
static int
finish(struct box *box, struct request *r, uint64_t limit_ms,
    void (*read)(struct asking *a, struct field_reader *fields),
    struct asking *a, struct err *err)
{
	struct field_reader fields;
	int rc = 0;

	box_wait(box, r, limit_ms);
	if (request_verdict(r, &fields)) {
		if (read)
			read(a, &fields);
	} else if (request_cancelled(r) && !client_lost(box->client)) {
		rc = err_set(err, ERR_INTERRUPTED, "interrupted");
	} else {
		rc = request_error(r, err);
	}
	request_free(r);
	return rc;
}

static struct request *
ask(struct box *box, enum proto_type type, unsigned number,
    enum proto_key more, uint64_t value, const struct request_ops *ops,
    struct asking *a)
{
	uint8_t buf[64];
	struct field_writer w;

	field_writer_init(&w, buf, sizeof(buf));
	if (number)
		field_put_u64(&w, PROTO_K_JOB, number);
	if (value)
		field_put_u64(&w, more, value);
	return client_request(box->client, type, buf, w.len, ops, a);
}

static int
no_such_job(const struct box *box, unsigned number, struct err *err)
{
	if (err->code != ESRCH)
		return -1;
	err_set(err, ERR_USAGE, "%s has no job %u",
	    box->spec.name ? box->spec.name : "the environment", number);
	return err_hint(err, "which there are:  jobs");
}

/* ---- calls ---- */

/* What is only watched while a run is waited for would be no limit at all. */
static int
check_limits(const struct box *box, struct err *err)
{
	if (!box->sampled)
		return 0;
	err_set(err, ERR_SANDBOX, "without a cgroup nothing limits the memory "
	    "of what runs in the background");
	err->code = EOPNOTSUPP;
	return err_hint(err, "what this host allows:  doctor");
}

static void
read_number(struct asking *a, struct field_reader *fields)
{
	struct job job = {.number = 0};
	autofree char *label = NULL;

	read_job(fields, &job, &label);
	box_verdict_read(a->v, fields);
	a->v->started = job.number != 0;
	*(unsigned *)a->arg = job.number;
}

/* Where all programs have one uid. */
static int
one_user_error(const struct box *box, struct err *err)
{
	enum user_kind user = box->spec.limits.user;
	bool guest = box->spec.attach != NULL;
	bool ours = user == USER_SANDBOX;

	err_set(err, ERR_SANDBOX, "with %s one program at a time can run here, "
	    "and none in the background",
	    guest    ? "what somebody else started beside it"
	    : ours ? "a directory of this host, whose user its programs have,"
	    : user == USER_ROOT ? "its user root"
				: "its user of the image's");
	err->code = EOPNOTSUPP;
	if (guest)
		return -1;
	return err_hint(err, ours ? "env new  without -v, and the files by "
				    "'put' and 'get'"
				  : "env new --user sandbox");
}

static int
start_error(struct box *box, struct err *err)
{
	if (err->code == EOPNOTSUPP)
		return one_user_error(box, err);
	if (err->code == EUSERS) {
		err_set(err, ERR_SANDBOX, "%s has as many jobs as are kept, "
		    "with those that nobody has waited for", box->spec.name);
		err->code = EUSERS;
		return err_hint(err, "which there are:  jobs      what came of "
		    "them:  wait JOB");
	}
	return box_run_refused(box, err);
}

int
job_start(struct box *box, const struct run_spec *run, const char *label,
    unsigned *number, struct verdict *v, struct err *err)
{
	static const struct request_ops ops = {.out = NULL};
	size_t n = strnlen(label, JOB_LABEL_MAX);
	size_t size = box_run_size(box, run) + FIELD_SIZE(n) + FIELD_SIZE(8);
	autofree uint8_t *buf = xmalloc(size);
	struct asking a = {.v = v, .arg = number};
	struct field_writer w;
	struct request *put = NULL, *r;
	int rc;

	if (check_lost(box, err) || check_limits(box, err))
		return -1;
	*number = 0;
	if (run->program_path)
		put = box_put_program(box, run);
	field_writer_init(&w, buf, size);
	box_run_put(&w, box, run, put ? request_id(put) : 0);
	field_put_u64(&w, PROTO_K_BACKGROUND, 1);
	field_put(&w, PROTO_K_TEXT, label, n);
	if (w.overflow || w.len > PROTO_MESSAGE_MAX) {
		request_free(put);
		return err_sys(err, E2BIG, "the command line");
	}
	r = client_request(box->client, PROTO_RUN, buf, w.len, &ops, &a);
	rc = finish(box, r, ANSWER_MS, read_number, &a, err);
	if (rc && put && request_done(put) && err->code == ECANCELED)
		rc = request_error(put, err);
	request_free(put);
	if (rc && run->cwd && err->code == ENOENT)
		return err_prefix(err, "-w %s", run->cwd);
	return rc ? start_error(box, err) : 0;
}

int
job_list(struct box *box, job_fn *fn, void *arg, struct err *err)
{
	static const struct request_ops ops = {.entry = on_entry};
	struct asking a = {.fn = fn, .arg = arg};

	if (check_lost(box, err))
		return -1;
	return finish(box, ask(box, PROTO_JOBS, 0, 0, 0, &ops, &a), ANSWER_MS,
	    NULL, &a, err);
}

static void
read_end(struct asking *a, struct field_reader *fields)
{
	struct job job = {.number = 0};
	autofree char *label = NULL;
	struct verdict *v = a->v;

	read_job(fields, &job, &label);
	box_verdict_read(v, fields);
	v->started = true;
	v->out_truncated = a->seen[0] < v->out_bytes;
	v->err_truncated = a->seen[1] < v->err_bytes;
	*(bool *)a->arg = job.running;
}

int
job_output(struct box *box, unsigned number, bool follow,
    const struct box_sink *sink, bool *running, struct verdict *v,
    struct err *err)
{
	static const struct request_ops ops = {.out = on_out};
	struct asking a = {.sink = sink, .v = v, .arg = running};
	struct request *r;

	if (check_lost(box, err))
		return -1;
	r = ask(box, PROTO_JOB, number, PROTO_K_FOLLOW, follow, &ops, &a);
	if (!finish(box, r, follow ? 0 : ANSWER_MS, read_end, &a, err))
		return 0;
	return no_such_job(box, number, err);
}

int
job_kill(struct box *box, unsigned number, int signal, struct err *err)
{
	static const struct request_ops ops = {.out = NULL};
	struct request *r;

	if (check_lost(box, err))
		return -1;
	r = ask(box, PROTO_KILL_JOB, number, PROTO_K_SIGNAL, (unsigned)signal,
	    &ops, NULL);
	if (!finish(box, r, ANSWER_MS, NULL, NULL, err))
		return 0;
	return no_such_job(box, number, err);
}

int
job_forget(struct box *box, unsigned number, struct err *err)
{
	static const struct request_ops ops = {.out = NULL};
	struct request *r;

	if (check_lost(box, err))
		return -1;
	r = ask(box, PROTO_FORGET_JOB, number, 0, 0, &ops, NULL);
	if (!finish(box, r, ANSWER_MS, NULL, NULL, err))
		return 0;
	return no_such_job(box, number, err);
}
