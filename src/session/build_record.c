/* What a build came to. */
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "session/build_impl.h"

void
build_record_init(struct build_record *r)
{
	*r = (struct build_record){.tags = STRVEC_INIT,
	    .skipped = STRVEC_INIT,
	    .ignored = STRVEC_INIT,
	    .warnings = STRVEC_INIT,
	    .why = ERR_INIT};
}

void
build_record_release(struct build_record *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->steps[i].stage);
		free(r->steps[i].text);
		free(r->steps[i].trigger);
		strbuf_release(&r->steps[i].log);
	}
	free(r->steps);
	free(r->id);
	free(r->builder);
	strvec_release(&r->tags);
	strvec_release(&r->skipped);
	strvec_release(&r->ignored);
	strvec_release(&r->warnings);
	for (size_t i = 0; i < r->ntriggers; i++) {
		free(r->triggers[i].image);
		strvec_release(&r->triggers[i].texts);
	}
	free(r->triggers);
	err_clear(&r->why);
}

const char *
build_status_name(enum build_status status)
{
	static const char *const names[] = {
	    [BUILD_COMPLETED] = "completed",
	    [BUILD_UNSUCCESSFUL] = "failed",
	    [BUILD_TIMEOUT] = "timeout",
	    [BUILD_INTERRUPTED] = "interrupted",
	};

	return names[status];
}

static const char *
state_name(const struct build_record_step *step)
{
	static const char *const names[] = {
	    [BUILD_WAITING] = "stopped",
	    [BUILD_RUNNING] = "stopped",
	    [BUILD_STOPPED] = "stopped",
	    [BUILD_CACHED] = "cached",
	    [BUILD_DONE] = "done",
	    [BUILD_FAILED] = "failed",
	};

	return names[step->state];
}

static json *
step_json(const struct build_record_step *step)
{
	json *j = json_object();

	json_put_int(j, "step", step->n);
	json_put_int(j, "line", step->line);
	json_put_str(j, "stage", *step->stage ? step->stage : NULL);
	json_put_bytes(j, "instruction", step->text, strlen(step->text));
	json_put_str(j, "status", state_name(step));
	json_put_bool(j, "cached", step->state == BUILD_CACHED);
	json_put_int(j, "duration_ms", step->before_ms +
	    (step->ended_ms ? step->ended_ms - step->began_ms : 0));
	return j;
}

static void
put_failure(json *j, const struct build_record *r)
{
	const struct build_record_step *f = r->failed;

	json_put_str(j, "message", r->why.msg.buf);
	json_put_str(j, "hint", r->why.hint.len ? r->why.hint.buf : NULL);
	if (!f)
		return;
	json_put_int(j, "failed_step", f->n);
	json_put_bytes(j, "failed_instruction", f->text, strlen(f->text));
	json_put_int(j, "failed_line", f->line);
	json_put_bytes(j, "failed_log", f->log.buf, f->log.len);
	json_put_bool(j, "failed_log_truncated", f->log_cut);
}

json *
build_record_json(const struct build_record *r)
{
	json *j = json_object(), *steps = json_array(), *sent = json_object();

	json_put_str(j, "status", build_status_name(r->status));
	if (r->exit_code || r->status == BUILD_COMPLETED)
		json_put_int(j, "exit_code", r->exit_code);
	else
		json_put_str(j, "exit_code", NULL);
	json_put_str(j, "id", r->id);
	json_put(j, "tags", json_from_strings(&r->tags));
	json_put_int(j, "size", (int64_t)r->size);
	json_put_int(j, "duration_ms", r->duration_ms);
	json_put_str(j, "builder", r->builder);
	if (r->memory)
		json_put_int(j, "memory_limit", (int64_t)r->memory);
	else
		json_put_str(j, "memory_limit", NULL);
	json_put_int(sent, "files", (int64_t)r->context.files);
	json_put_int(sent, "bytes", (int64_t)r->context.bytes);
	json_put_int(sent, "ignored", (int64_t)r->context.ignored);
	json_put(sent, "skipped", json_from_strings(&r->skipped));
	json_put(j, "context", sent);
	json_put(j, "ignored_files", json_from_strings(&r->ignored));
	json_put(j, "warnings", json_from_strings(&r->warnings));
	for (size_t i = 0; i < r->n; i++)
		if (r->steps[i].seen)
			json_push(steps, step_json(&r->steps[i]));
	json_put(j, "steps", steps);
	if (r->status != BUILD_COMPLETED)
		put_failure(j, r);
	return j;
}

/* The name that a stage has for people: none where there is but one. */
static char *
stage_name(const struct dockerfile *d, size_t i)
{
	if (d->nstages == 1)
		return xstrdup("");
	return d->stages[i].name ? xstrdup(d->stages[i].name)
				 : xasprintf("%zu", i);
}

void
build_record_triggers(struct build_record *r, const char *image,
    const struct strvec *texts)
{
	struct build_triggers *t;

	r->triggers =
	    xreallocarray(r->triggers, r->ntriggers + 1, sizeof(*t));
	t = &r->triggers[r->ntriggers++];
	*t = (struct build_triggers){xstrdup(image), STRVEC_INIT};
	strvec_pushv(&t->texts, texts->v, texts->n);
}

static const struct strvec *
find_triggers(const struct build_record *r, const char *image)
{
	for (size_t i = 0; i < r->ntriggers; i++)
		if (!strcmp(r->triggers[i].image, image))
			return &r->triggers[i].texts;
	return NULL;
}

void
build_record_plan(struct build_record *r, const struct dockerfile *d,
    enum builder_kind kind)
{
	size_t cap = 0;

	for (size_t i = 0; i < d->nstages; i++) {
		const struct dockerfile_stage *stage = &d->stages[i];

		if (!stage->used && (kind == BUILDER_BUILDKIT ||
					!stage->before_target))
			continue;
		for (size_t k = stage->first; k <= stage->last; k++) {
			const struct dockerfile_instruction *in =
			    &d->instructions[k];

			GROW(r->steps, r->n, &cap);
			r->steps[r->n] = (struct build_record_step){
			    .n = (unsigned)r->n + 1,
			    .line = in->line,
			    .stage = stage_name(d, i),
			    .nstage = i,
			    .text = xstrdup(in->text),
			    .triggers = k == stage->first
				? find_triggers(r, stage->base)
				: NULL,
			    .log = STRBUF_INIT};
			r->n++;
		}
	}
}

/* The same text, blanks and the case of the first word aside. */
static bool
same_text(const char *a, const char *b)
{
	size_t word = strcspn(a, " ");

	if (strncasecmp(a, b, word) != 0)
		return false;
	for (a += word, b += word; *a && *b; a++, b++) {
		while (*a == ' ' && a[1] == ' ')
			a++;
		while (*b == ' ' && b[1] == ' ')
			b++;
		if (*a != *b)
			return false;
	}
	return *a == *b;
}

static bool
same_keyword(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return n == strcspn(b, " ") && !strncasecmp(a, b, n);
}

/* BuildKit tells a stage by its name, or as "stage-0"; buildah by its number
   from 1, whether it has a name or not. */
static bool
same_stage(const struct build_map *m, const struct build_record_step *step,
    const char *told)
{
	static const char prefix[] = "stage-";
	unsigned long number, first = 1;
	char *end;

	if (!*told || !*step->stage || !strcasecmp(step->stage, told))
		return true;
	if (str_starts(told, prefix)) {
		told += strlen(prefix);
		first = m->stages;
	}
	number = strtoul(told, &end, 10);
	return !*end && number >= first && number - first == step->nstage;
}

/* BuildKit writes variables and quotes of a RUN out, and sums up a heredoc;
   other text of a RUN comes as it was written. */
static bool
may_differ(const char *text)
{
	return strncasecmp(text, "RUN ", 4) || strpbrk(text, "$<\\\"'`");
}

/* FROM, of which a trigger (ONBUILD) is a part: it is not in the Dockerfile. */
static struct build_record_step *
find_from(const struct build_map *m, const struct build_step *told)
{
	struct build_record *r = m->record;

	for (size_t i = r->n; i-- > 0;)
		if (r->steps[i].seen &&
		    same_stage(m, &r->steps[i], told->stage) &&
		    same_keyword(r->steps[i].text, "FROM "))
			return &r->steps[i];
	return NULL;
}

/* BuildKit counts what makes a layer, WORKDIR among it. */
static unsigned
count_triggers(const struct strvec *texts)
{
	static const char *const counted[] = {
	    "RUN ", "COPY ", "ADD ", "WORKDIR "};
	unsigned n = 0;

	for (size_t i = 0; i < texts->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(counted); k++)
			n += same_keyword(texts->v[i], counted[k]);
	return n;
}

/*
 * They come first.  buildah counts them as soon as it has the image; BuildKit
 * numbers them beyond its total, and Docker says what the image has of them,
 * where Podman does not.  To the classic builder they are no steps.
 */
static bool
is_trigger(struct build_map *m, const struct build_step *told)
{
	const struct build_record_step *from = find_from(m, told);

	if (m->kind == BUILDER_BUILDKIT) {
		m->triggers = from && from->triggers
				  ? count_triggers(from->triggers)
				  : 0;
	} else if (told->n == 1) {
		m->total = told->total;
		m->triggers = 0;
	} else if (told->n == 2 && m->kind == BUILDER_BUILDAH) {
		m->triggers = told->total > m->total
				  ? told->total - m->total
				  : 0;
	}
	return told->n > 1 && told->n <= 1 + m->triggers;
}

/*
 * Builders number only what they do themselves, each in its own way, and some
 * write variables out; so their text counts, then the order.
 */
static struct build_record_step *
find_step(struct build_map *m, const struct build_step *told)
{
	struct build_record *r = m->record;
	struct build_record_step *second = NULL;

	if (is_trigger(m, told))
		return find_from(m, told);
	for (size_t i = 0; i < r->n; i++) {
		struct build_record_step *step = &r->steps[i];

		if (step->seen || !same_stage(m, step, told->stage))
			continue;
		if (same_text(step->text, told->text))
			return step;
		if (!second && may_differ(step->text) &&
		    same_keyword(step->text, told->text))
			second = step;
	}
	if (!second && same_keyword(told->text, "RUN "))
		return find_from(m, told);
	return second;
}

/* The classic builder tells an ARG above the first FROM, too. */
static bool
is_above_all(const struct build_record *r, const struct build_step *told)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->steps[i].seen)
			return false;
	return same_keyword(told->text, "ARG ");
}

struct build_record_step *
build_record_step(struct build_map *m, const struct build_step *told)
{
	struct build_record_step *step;

	for (size_t i = 0; i < m->n; i++)
		if (m->ids[i].id == told->id)
			return m->ids[i].step;
	if (!told->n || (m->ours && strstr(told->text, m->ours)) ||
	    is_above_all(m->record, told))
		return NULL;
	step = find_step(m, told);
	if (!step)
		return NULL;
	if (step->seen) {
		if (step->ended_ms)
			step->before_ms += step->ended_ms - step->began_ms;
		free(step->trigger);
		step->trigger = xasprintf("ONBUILD %s", told->text);
	}
	step->seen = true;
	GROW(m->ids, m->n, &m->cap);
	m->ids[m->n++] = (struct build_map_id){told->id, step};
	return step;
}

void
build_record_args(struct build_record *r, const struct dockerfile *d,
    const struct strvec *args)
{
	for (size_t i = 0; i < args->n; i++) {
		size_t n = strcspn(args->v[i], "=");

		if (!dockerfile_takes_arg(d, args->v[i], n))
			strvec_pushf(&r->warnings,
			    "no ARG of the Dockerfile takes --build-arg %.*s",
			    (int)n, args->v[i]);
	}
}

bool
build_record_clipped(const struct build_record_step *step)
{
	static const char mark[] = "[output clipped, log limit ";

	return step->log_cut || memmem(step->log.buf, step->log.len, mark,
				    strlen(mark)) != NULL;
}

/* buildah says again which step it is. */
static void
drop_step(struct strbuf *words, const char *text)
{
	autofree char *prefix = xasprintf("building at STEP \"%s\": ", text);

	if (str_starts(words->buf, prefix))
		strbuf_consume(words, strlen(prefix));
}

void
build_record_name_failure(struct build_record *r)
{
	const struct build_record_step *f = r->failed;
	struct strbuf *words = &r->why.msg;

	if (r->status == BUILD_INTERRUPTED) {
		strbuf_reset(words);
		strbuf_adds(words, "the build was interrupted");
	} else if (r->status == BUILD_UNSUCCESSFUL && f && r->exit_code) {
		strbuf_reset(words);
		strbuf_addf(words, "%s ended with exit %d",
		    f->trigger ? f->trigger : "the command", r->exit_code);
	} else if (r->status == BUILD_UNSUCCESSFUL && f) {
		drop_step(words, f->trigger ? f->trigger + strlen("ONBUILD ")
					    : f->text);
	}
}

/* What buildah starts a RUN with writes it to the log, and exits with 1
   (run_common.go of containers/buildah). */
bool
build_record_killed(const struct build_record *r)
{
	return r->exit_code == 128 + SIGKILL ||
	       (r->failed && str_ends(r->failed->log.buf,
				 "container exited on killed\n"));
}

void
build_record_forget(struct build_map *m, unsigned id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->ids[i].id != id)
			continue;
		m->ids[i].step->seen = false;
		m->ids[i] = m->ids[--m->n];
		return;
	}
}

void
build_record_log(struct build_record_step *step, const void *p, size_t n)
{
	if (n > BUILD_LOG_MAX) {
		p = (const char *)p + (n - BUILD_LOG_MAX);
		n = BUILD_LOG_MAX;
		step->log_cut = true;
	}
	strbuf_add(&step->log, p, n);
	if (step->log.len > 2 * BUILD_LOG_MAX) {
		strbuf_consume(&step->log, step->log.len - BUILD_LOG_MAX);
		step->log_cut = true;
	}
}
