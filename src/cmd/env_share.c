#include "cmd/env_share.h"

#include <string.h>

#include "session/session.h"

/* ---- the options ---- */

static int
parse_volumes(struct call *c, struct env_spec *spec)
{
	const struct strvec *texts = call_list(c, "volume");

	for (size_t i = 0; texts && i < texts->n; i++) {
		struct volume v;

		if (volume_parse(&v, texts->v[i], &c->err))
			return -1;
		if (env_spec_volume(spec, v.target)) {
			err_set(&c->err, ERR_USAGE,
			    "-v: two directories for %s", v.target);
			volume_release(&v);
			return -1;
		}
		env_spec_add_volume(spec, &v);
	}
	return 0;
}

static int
check_twice(struct call *c, const struct env_spec *spec, const struct port *p)
{
	for (size_t i = 0; p->host && i < spec->nports; i++)
		if (spec->ports[i].host == p->host &&
		    spec->ports[i].udp == p->udp)
			return err_set(&c->err, ERR_USAGE,
			    "-p: port %u of this host cannot lead to two",
			    p->host);
	return 0;
}

static int
parse_ports(struct call *c, struct env_spec *spec)
{
	const struct strvec *texts = call_list(c, "publish");

	for (size_t i = 0; texts && i < texts->n; i++) {
		struct port p;

		if (port_parse(&p, texts->v[i], &c->err) ||
		    check_twice(c, spec, &p))
			return -1;
		env_spec_add_port(spec, &p);
	}
	if (!spec->nports || spec->limits.network == NET_FULL)
		return 0;
	err_set(&c->err, ERR_USAGE,
	    "-p %s: the environment has no network to be reached by",
	    texts->v[0]);
	return err_hint(&c->err, "open it with one:  env new --net -p %s",
	    texts->v[0]);
}

int
env_share_parse(struct call *c, struct env_spec *spec)
{
	return parse_volumes(c, spec) || parse_ports(c, spec) ? -1 : 0;
}

/* The engine's own socket, if it is a file of this host. */
static const char *
engine_socket(const struct session *s)
{
	const struct endpoint *ep =
	    s->engine ? engine_endpoint(s->engine) : NULL;

	return ep && ep->scheme == ENDPOINT_UNIX ? ep->path : NULL;
}

/* The policy sees where links lead, not what was written. */
int
env_share_resolve(struct call *c, struct env_spec *spec)
{
	const char *socket = engine_socket(c->session);

	for (size_t i = 0; i < spec->nvolumes; i++) {
		struct volume *v = &spec->volumes[i];

		if (volume_resolve(v, socket, &c->err) ||
		    call_may_use_path(c, SET_HOST_READ, v->source) ||
		    (!v->read_only &&
			call_may_use_path(c, SET_HOST_WRITE, v->source)))
			return -1;
	}
	return 0;
}

/* ---- what there is ---- */

static json *
volumes_json(const struct env_spec *spec)
{
	json *list = json_array();

	for (size_t i = 0; i < spec->nvolumes; i++) {
		const struct volume *v = &spec->volumes[i];
		json *one = json_object();

		json_put_str(one, "source", v->source);
		json_put_str(one, "target", v->target);
		json_put_bool(one, "read_only", v->read_only);
		json_push(list, one);
	}
	return list;
}

static json *
ports_json(const struct port *ports, size_t n)
{
	json *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json *one = json_object();

		json_put_str(one, "address", PORT_ADDRESS);
		json_put_int(one, "host", ports[i].host);
		json_put_int(one, "container", ports[i].container);
		json_put_str(one, "protocol", port_protocol(&ports[i]));
		json_push(list, one);
	}
	return list;
}

void
env_share_put(json *j, const struct env *env)
{
	size_t n;
	const struct port *ports = box_ports(env->box, &n);

	if (env->spec.nvolumes)
		json_put(j, "volumes", volumes_json(&env->spec));
	if (n)
		json_put(j, "ports", ports_json(ports, n));
}

void
env_share_volumes(const struct env *env, struct strbuf *sb)
{
	for (size_t i = 0; i < env->spec.nvolumes; i++) {
		const struct volume *v = &env->spec.volumes[i];

		strbuf_addf(sb, "%s%s at %s%s", i ? ", " : "", v->source,
		    v->target, v->read_only ? " (read-only)" : "");
	}
}

void
env_share_ports(const struct env *env, struct strbuf *sb)
{
	size_t n;
	const struct port *ports = box_ports(env->box, &n);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s" PORT_ADDRESS ":%u to %u/%s",
		    i ? ", " : "", ports[i].host, ports[i].container,
		    port_protocol(&ports[i]));
}
