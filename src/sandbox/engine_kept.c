/*
 * A kept container: known to sweeps by its name, and reached again by attaching
 * to it or by what is started in it.
 */
#include "sandbox/engine_impl.h"

#include <string.h>

#include "engine/container.h"
#include "engine/endpoint.h"

/* Of a runner that waits already; it is heard within milliseconds. */
#define ATTACH_MS 3000

/*
 * A sweep knows a kept container by its name, since labels cannot be changed
 * later; one that is made to be kept has the name from the beginning.
 */
int
engine_box_keep(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (!eb->named) {
		autofree char *name = container_kept_name(box);

		if (container_rename(box->ctx.engine, eb->container, name, err))
			return -1;
		eb->named = true;
	}
	return box_send_keep(box, err);
}

const char *
engine_box_url(const struct box *box)
{
	const struct engine_box *eb = box->impl;

	return eb->url ? eb->url : engine_endpoint(box->ctx.engine)->url;
}

void
engine_box_record(const struct box *box, json *members)
{
	const struct engine_box *eb = box->impl;

	json_put_str(members, "engine", engine_box_url(box));
	json_put_str(members, "container", eb->container);
	json_put_bool(members, "attach", eb->attach);
	json_put_int(members, "memory", (int64_t)eb->memory);
}

/* It is said to be gone only by an engine that knows what it has. */
static int
check_running(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	autoerr struct err why = ERR_INIT;
	autojson json *c =
	    container_inspect(box->ctx.engine, eb->container, &why);

	if (!c && why.code != 404)
		return err_move(err, &why);
	if (c && json_bool(json_get(c, "State"), "Running", false))
		return 0;
	if (box->far)
		return err_set(err, ERR_SANDBOX,
		    "it is not here: another machine opened it");
	err_set(err, ERR_SANDBOX, "its container has ended");
	err->code = BOX_ENDED;
	return -1;
}

static int
greet_on(struct box *box, struct stream *stream, bool pad, struct err *err)
{
	if (!stream)
		return -1;
	client_free(box->client);
	box->client = client_new(box->ctx.loop, stream);
	if (pad)
		client_pad(box->client);
	return box_greet_again(box, ATTACH_MS, err);
}

struct stream *
engine_box_exec_runner(struct box *box, const char *as, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;
	autojson json *body = json_object();
	json *cmd = json_array();
	autofree char *id = NULL;

	json_push_str(cmd, RUNNER_DIR "/runner");
	json_push_str(cmd, as);
	json_put(body, "Cmd", cmd);
	json_put_str(body, "User", "0:0");
	json_put_bool(body, "AttachStdin", true);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	id = container_exec_create(e, eb->container, body, err);
	return id ? container_exec_start(e, id, false, err) : NULL;
}

/* An engine that was started again has forgotten who could attach. */
static int
find_runner(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;
	struct engine *e = box->ctx.engine;
	autoerr struct err first = ERR_INIT;

	if (eb->attach &&
	    !greet_on(box, container_attach(e, eb->container, false, &first),
		false, &first))
		return 0;
	if (first.kind == ERR_INTERRUPTED || first.code == BOX_ENDED)
		return err_move(err, &first);
	return check_running(box, err) ||
	       greet_on(box, engine_box_exec_runner(box, "connect", err), true, err);
}

int
engine_box_connect(struct box *box, struct err *err)
{
	struct engine_box *eb = box->impl;

	if (find_runner(box, err))
		return -1;
	box_take_welcome(box);
	if (!eb->checked)
		engine_box_check_limits(box);
	if (eb->disk)
		disk_watch_connected(eb->disk, false);
	return 0;
}

/* It becomes a part of paths that the engine is asked for. */
static bool
is_id(const char *s)
{
	return *s && !s[strspn(s, "0123456789abcdef")];
}

int
engine_box_reopen(struct box *box, const json *members, struct err *err)
{
	struct engine_box *eb = engine_box_new(box);

	eb->container = xstrdup(json_str(members, "container", ""));
	eb->url = xstrdup(json_str(members, "engine", ""));
	eb->attach = json_bool(members, "attach", false);
	eb->memory = (uint64_t)json_int(members, "memory", 0);
	eb->named = true;
	return is_id(eb->container)
		   ? 0
		   : err_set(err, ERR_IO, "container: not the id of one");
}
