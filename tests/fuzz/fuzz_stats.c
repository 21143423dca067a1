/*
 * What an engine says of a container, what a runner says of a process, and
 * what procfs says of one: numbers and commands of strangers.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/stats.h"
#include "runner/process.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
of_engine(const char *text, size_t n)
{
	autoerr struct err err = ERR_INIT;
	autojson json *j = json_parse(text, n, &err);
	autovec struct strvec out = STRVEC_INIT;

	if (!j || container_stats_read(j, ENGINE_DOCKER, &out))
		return;
	for (size_t i = 0; i < out.n; i++)
		if (!strchr(out.v[i], '='))
			abort();
	container_stats_read(j, ENGINE_PODMAN, &out);
}

static void
of_runner(const char *text, size_t n)
{
	char packed[PROCESS_PACKED_MAX];
	struct process p, q;
	size_t len;

	if (process_unpack(text, n, &p))
		return;
	if (p.command_len > PROCESS_COMMAND_MAX || p.command[p.command_len])
		abort();
	len = process_pack(&p, packed);
	if (len > sizeof(packed) || process_unpack(packed, len, &q) ||
	    q.pid != p.pid || q.command_len != p.command_len)
		abort();
}

static void
of_procfs(const char *text, size_t n)
{
	autofree char *copy = xstrndup(text, n);
	struct process_stat st;

	if (!process_parse(copy, &st) &&
	    (st.pid <= 0 || strlen(st.name) >= sizeof(st.name)))
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *text = (const char *)data;

	of_engine(text, size);
	of_runner(text, size);
	of_procfs(text, size);
	return 0;
}
