/*
 * Directories and ports of this host in a container: what the engine is told,
 * and what has to be so before it is.
 */
#include "sandbox/engine_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "engine/container.h"

/* ---- volumes ---- */

static int
refuse_unseen(const struct volume *v, struct err *err)
{
	err_set(err, ERR_USAGE,
	    "-v: the engine does not see this host's %s", v->source);
	return err_hint(err, "open it without and copy the files:  put %s",
	    v->source);
}

/* A name that code of another environment has changed since it was looked at
   would lead the engine elsewhere. */
static int
check_source(struct engine *e, const struct volume *v, struct err *err)
{
	autofree char *real = realpath(v->source, NULL);

	if (!real)
		return err_sys(err, errno, "-v: %s", v->source);
	if (strcmp(real, v->source))
		return err_set(err, ERR_POLICY,
		    "-v: %s has become a link to %s", v->source, real);
	/* Over a network the same path may well be another directory. */
	if (engine_endpoint(e)->scheme != ENDPOINT_UNIX ||
	    !engine_can_bind(e, v->source))
		return refuse_unseen(v, err);
	return 0;
}

/* What resets empty is moved about there: the runner leaves a mount alone, but
   not a directory that holds one. */
static int
check_depth(const struct volume *v, const struct strvec *places,
    struct err *err)
{
	for (size_t i = 0; i < places->n; i++) {
		const char *place = places->v[i];
		size_t n = strlen(place);

		if (!volume_is_below(v->target, place) || !v->target[n] ||
		    !strchr(v->target + n + 1, '/'))
			continue;
		err_set(err, ERR_USAGE,
		    "-v: %s is too deep: %s is emptied by 'env reset'",
		    v->target, place);
		return err_hint(err, "directly in there:  %s%.*s", place,
		    (int)(1 + strcspn(v->target + n + 1, "/")),
		    v->target + n);
	}
	return 0;
}

/* The engine would make a missing one, in the user's directory and as root. */
static int
check_mount_point(const struct env_spec *s, const struct volume *v,
    struct err *err)
{
	for (size_t i = 0; i < s->nvolumes; i++) {
		const struct volume *over = &s->volumes[i];
		autofree char *point = NULL;
		struct stat st;

		if (over == v || !volume_is_below(v->target, over->target))
			continue;
		point = xasprintf("%s%s", over->source,
		    v->target + strlen(over->target));
		if (!stat(point, &st))
			continue;
		err_set(err, ERR_USAGE, "-v: %s would have to be made in %s",
		    v->target, over->source);
		return err_hint(err, "make %s first", point);
	}
	return 0;
}

/* Who may do with it what everybody may could not use it as it was given. */
static bool
is_closed(const struct volume *v)
{
	struct stat st;
	mode_t needed;

	if (!v->read_only)
		return true;
	if (stat(v->source, &st))
		return false;
	needed = S_ISDIR(st.st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
	return (st.st_mode & needed) != needed;
}

/* The first for which programs have to be the caller, or NULL.  Beside a server
   they never are: its own directories are all read-only. */
static const struct volume *
first_closed(const struct env_spec *s)
{
	for (size_t i = 0; !s->image_cmd && i < s->nvolumes; i++)
		if (is_closed(&s->volumes[i]))
			return &s->volumes[i];
	return NULL;
}

static int
refuse_mapping(const struct volume *v, struct err *err)
{
	if (v->read_only) {
		err_set(err, ERR_USAGE, "-v: this engine maps users "
		    "(userns-remap), and programs could not read %s",
		    v->source);
		return err_hint(err, "open it to others (chmod o+rX), or copy "
		    "the files:  put %s", v->source);
	}
	err_set(err, ERR_USAGE, "-v: this engine maps users (userns-remap), "
	    "and programs could not write to %s", v->source);
	return err_hint(err, "read-only:  env new -v %s:%s:ro      or copy the "
	    "files:  put %s", v->source, v->target, v->source);
}

/* With other uids in there nobody is the caller. */
static int
check_mapping(struct engine *e, const struct volume *v, struct err *err)
{
	const struct engine_facts *f;

	if (engine_kind(e) == ENGINE_PODMAN) /* it has no such mode */
		return 0;
	f = engine_facts(e, err);
	if (!f)
		return -1;
	for (size_t i = 0; i < f->security.n; i++)
		if (str_starts(f->security.v[i], "name=userns"))
			return refuse_mapping(v, err);
	return 0;
}

int
container_check_volumes(struct box *box, const struct strvec *places,
    struct err *err)
{
	const struct env_spec *s = &box->spec;
	const struct volume *closed = first_closed(s);

	for (size_t i = 0; i < s->nvolumes; i++) {
		const struct volume *v = &s->volumes[i];

		if (check_source(box->ctx.engine, v, err) ||
		    check_depth(v, places, err) ||
		    check_mount_point(s, v, err))
			return -1;
	}
	return closed ? check_mapping(box->ctx.engine, closed, err) : 0;
}

/* Without those that are mounted below it: neither would read-only hold for
   them, nor is it known what they are. */
void
container_push_volumes(const struct box *box, json *mounts)
{
	for (size_t i = 0; i < box->spec.nvolumes; i++) {
		const struct volume *v = &box->spec.volumes[i];
		json *m = json_object(), *options = json_object();

		json_put_str(m, "Type", "bind");
		json_put_str(m, "Source", v->source);
		json_put_str(m, "Target", v->target);
		json_put_bool(m, "ReadOnly", v->read_only);
		json_put_bool(options, "NonRecursive", true);
		json_put(m, "BindOptions", options);
		json_push(mounts, m);
	}
}

/* Podman is rootless where its service is not root's; to ask it takes as long as
   to make the container. */
static bool
is_rootless(struct engine *e)
{
	autoerr struct err ignored = ERR_INIT;
	const struct engine_facts *f;
	uid_t uid;

	if (engine_kind(e) == ENGINE_PODMAN &&
	    endpoint_listener(engine_endpoint(e), &uid) > 0)
		return uid != 0;
	f = engine_facts(e, &ignored);
	return f && f->rootless;
}

/*
 * Who programs are, so that what they write belongs to whoever opened the
 * environment: the same uid, or what a rootless engine maps it to.  The
 * caller's; NULL: of this host only what is open to everybody is read.
 */
char *
container_caller(const struct box *box)
{
	if (!first_closed(&box->spec))
		return NULL;
	if (is_rootless(box->ctx.engine))
		return xstrdup("0:0");
	return xasprintf("%u:%u", (unsigned)geteuid(), (unsigned)getegid());
}

void
container_note_volumes(struct box *box)
{
	for (size_t i = 0; i < box->spec.nvolumes; i++) {
		const struct volume *v = &box->spec.volumes[i];
		bool all = !strcmp(v->target, SANDBOX_WORKSPACE);
		autofree char *room = xasprintf("room in %s", v->target);
		autobuf struct strbuf asked = STRBUF_INIT;

		if (v->read_only)
			continue;
		if (all && box->spec.limits.disk)
			units_add_size_exact(&asked, box->spec.limits.disk);
		else
			strbuf_adds(&asked, "a limit");
		box_gap_add(box, all ? "disk_limit" : room, asked.buf, "none",
		    false, "it is a directory of this host, where nothing "
		    "bounds it");
	}
}

/* ---- ports ---- */

static bool
is_same_port(const struct port *a, const struct port *b)
{
	return a->container == b->container && a->udp == b->udp;
}

/* All that one port of the container is bound to. */
static json *
bindings_json(const struct env_spec *s, const struct port *p)
{
	json *list = json_array();

	for (size_t i = 0; i < s->nports; i++) {
		autofree char *number =
		    s->ports[i].host ? xasprintf("%u", s->ports[i].host)
				     : xstrdup("");
		json *one;

		if (!is_same_port(&s->ports[i], p))
			continue;
		one = json_object();
		json_put_str(one, "HostIp", PORT_ADDRESS);
		json_put_str(one, "HostPort", number);
		json_push(list, one);
	}
	return list;
}

static char *
port_key(const struct port *p)
{
	return xasprintf("%u/%s", p->container, port_protocol(p));
}

void
container_put_ports(const struct env_spec *s, json *container, json *host)
{
	json *exposed = json_object(), *bindings = json_object();

	for (size_t i = 0; i < s->nports; i++) {
		autofree char *key = port_key(&s->ports[i]);

		if (json_get(exposed, key))
			continue;
		json_put(exposed, key, json_object());
		json_put(bindings, key, bindings_json(s, &s->ports[i]));
	}
	json_put(container, "ExposedPorts", exposed);
	json_put(host, "PortBindings", bindings);
}

static bool
has_binding(const struct env_spec *s, const struct port *p)
{
	for (size_t i = 0; i < s->nports; i++)
		if (is_same_port(&s->ports[i], p) &&
		    s->ports[i].host == p->host)
			return true;
	return false;
}

/* One of its port's that none of the others has asked for or got. */
static void
take_binding(const struct env_spec *s, struct port *p, const json *ports)
{
	autofree char *key = port_key(p);
	const json *one;

	json_each(one, json_get(ports, key))
	{
		autoerr struct err ignored = ERR_INIT;
		struct port got;

		if (port_parse(&got, json_str(one, "HostPort", ""), &ignored))
			continue;
		got = (struct port){.host = got.container,
		    .container = p->container,
		    .udp = p->udp};
		if (has_binding(s, &got))
			continue;
		*p = got;
		return;
	}
}

int
container_read_ports(struct box *box, const char *id, struct err *err)
{
	struct env_spec *s = &box->spec;
	autojson json *c = NULL;

	for (size_t i = 0; i < s->nports; i++) {
		struct port *p = &s->ports[i];

		if (p->host)
			continue;
		if (!c)
			c = container_inspect(box->ctx.engine, id, err);
		if (!c)
			return -1;
		take_binding(s, p, json_path(c, "NetworkSettings.Ports"));
		if (!p->host)
			return err_set(err, ERR_ENGINE,
			    "-p: the engine does not say which port it chose "
			    "for %u/%s", p->container, port_protocol(p));
	}
	return 0;
}

/* The one that is named in "... 127.0.0.1:8080 ...", or NULL. */
static const struct port *
find_named(const struct env_spec *s, const char *text)
{
	for (size_t i = 0; i < s->nports; i++) {
		autofree char *name =
		    xasprintf(PORT_ADDRESS ":%u", s->ports[i].host);
		const char *at = strstr(text, name);

		if (at && strspn(at + strlen(name), "0123456789") == 0)
			return &s->ports[i];
	}
	return NULL;
}

/* What an engine says of a port that somebody has: it stays in the message
   where it does not name one of ours. */
bool
container_port_taken(const struct env_spec *s, struct err *why)
{
	const struct port *p = find_named(s, why->msg.buf);

	if (!s->nports || (!strstr(why->msg.buf, "already allocated") &&
			      !strstr(why->msg.buf, "already in use")))
		return false;
	if (p)
		err_set(why, ERR_USAGE, "-p %u:%u: port %u of " PORT_ADDRESS
		    " is taken", p->host, p->container, p->host);
	else
		err_prefix(why, "-p");
	why->kind = ERR_USAGE;
	err_hint(why, "any that is free:  env new --net -p %u",
	    p ? p->container : s->ports[0].container);
	return true;
}
