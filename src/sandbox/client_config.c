/* The fields of a HELLO. */
#include "sandbox/client.h"

#include <string.h>

void
client_config_release(struct client_config *c)
{
	strvec_release(&c->places);
	strvec_release(&c->base_env);
	strvec_release(&c->cgroup_fds);
	strvec_release(&c->service_argv);
	strvec_release(&c->service_env);
}

void
client_texts_put(struct field_writer *w, enum proto_key key,
    const struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		field_put_text(w, key, sv->v[i]);
}

static void
put_service(struct field_writer *w, const struct client_config *cfg)
{
	client_texts_put(w, PROTO_K_SERVICE_ARG, &cfg->service_argv);
	client_texts_put(w, PROTO_K_SERVICE_ENV, &cfg->service_env);
	field_put_text(w, PROTO_K_SERVICE_CWD, cfg->service_cwd);
	field_put_text(w, PROTO_K_SERVICE_USER, cfg->service_user);
	field_put_u64(w, PROTO_K_SERVICE_STAYS, 1);
}

void
client_config_put(struct field_writer *w, const struct client_config *cfg)
{
	field_put_u64(w, PROTO_K_UID, cfg->uid);
	field_put_u64(w, PROTO_K_GID, cfg->gid);
	field_put_text(w, PROTO_K_USER, cfg->user);
	field_put_text(w, PROTO_K_ISOLATION, cfg->isolation);
	field_put_text(w, PROTO_K_WORKSPACE, cfg->workspace);
	client_texts_put(w, PROTO_K_PLACE, &cfg->places);
	client_texts_put(w, PROTO_K_BASE_ENV, &cfg->base_env);
	client_texts_put(w, PROTO_K_CGROUP_FD, &cfg->cgroup_fds);
	field_put_u64(w, PROTO_K_LEASE_MS, cfg->lease_ms);
	field_put_u64(w, PROTO_K_KEEP, cfg->keep);
	if (cfg->silence_ms)
		field_put_u64(w, PROTO_K_SILENCE_MS, cfg->silence_ms);
	if (cfg->again)
		field_put_u64(w, PROTO_K_AGAIN, 1);
	if (cfg->seccomp_len)
		field_put(w, PROTO_K_SECCOMP, cfg->seccomp, cfg->seccomp_len);
	if (cfg->service_argv.n)
		put_service(w, cfg);
	if (cfg->nofile_hard)
		field_put_u64(w, PROTO_K_NOFILE,
		    cfg->nofile_soft << 32 | cfg->nofile_hard);
	if (cfg->nproc)
		field_put_u64(w, PROTO_K_NPROC, cfg->nproc);
}

size_t
client_texts_size(const struct strvec *sv)
{
	size_t size = 0;

	for (size_t i = 0; i < sv->n; i++)
		size += FIELD_SIZE(strlen(sv->v[i]));
	return size;
}

size_t
client_config_size(const struct client_config *cfg)
{
	return strlen(cfg->user) + strlen(cfg->isolation) +
	       strlen(cfg->workspace) + client_texts_size(&cfg->places) +
	       client_texts_size(&cfg->base_env) +
	       client_texts_size(&cfg->cgroup_fds) + cfg->seccomp_len +
	       client_texts_size(&cfg->service_argv) +
	       client_texts_size(&cfg->service_env) +
	       (cfg->service_cwd ? strlen(cfg->service_cwd) : 0) +
	       (cfg->service_user ? strlen(cfg->service_user) : 0) +
	       21 * FIELD_SIZE(8);
}
