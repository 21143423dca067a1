/*
 * What the engines' own clients leave for us: the meta.json of a context, an
 * engine's URL, lists of headers, and credentials.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/auth.h"
#include "engine/context.h"
#include "engine/endpoint.h"
#include "engine/secret.h"
#include "fuzz.h"

static void
try_url(const char *text)
{
	for (int tls = 0; tls < 2; tls++) {
		autoerr struct err err = ERR_INIT;
		struct endpoint ep = ENDPOINT_INIT, twin;

		if (!endpoint_parse(&ep, text, tls, &err)) {
			/* Nothing of it may mean something to a shell. */
			if (ep.scheme == ENDPOINT_SSH && ep.path &&
			    strpbrk(ep.path, "'\"`$;&|<>( \n\\*?"))
				abort();
			if (ep.host && ep.host[0] == '-')
				abort();
			endpoint_copy(&twin, &ep);
			endpoint_release(&twin);
		}
		endpoint_release(&ep);
	}
}

static void
try_headers(const char *text)
{
	autovec struct strvec env = STRVEC_INIT, headers = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;

	strvec_pushf(&env, "DOCKER_CUSTOM_HEADERS=%s", text);
	if (context_headers(&headers, &env, NULL, &err))
		return;
	for (size_t i = 0; i < headers.n; i++)
		if (strpbrk(headers.v[i], "\r\n"))
			abort();
}

static void
try_auth(const char *text)
{
	autovec struct strvec env = STRVEC_INIT;
	struct auth_inputs in = {.env = &env};
	struct reference ref = {.domain = (char *)"ghcr.io",
	    .path = (char *)"a/b"};
	autoerr struct err err = ERR_INIT;
	struct auth a;

	strvec_pushf(&env, "DOCKER_AUTH_CONFIG=%s", text);
	if (auth_find(&a, &ref, &in, &err) > 0) {
		char *header = auth_header(&a);

		if (strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				   "nopqrstuvwxyz0123456789-_=") !=
		    strlen(header))
			abort();
		secret_free(&header);
	}
	auth_release(&a);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	autoerr struct err err = ERR_INIT;
	struct endpoint ep = ENDPOINT_INIT;

	context_parse(&ep, "box", (const char *)data, size, size & 1, &err);
	endpoint_release(&ep);
	try_url(text);
	try_headers(text);
	try_auth(text);
	return 0;
}
