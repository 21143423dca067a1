/* Names of images: a full name is its own full name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/reference.h"
#include "fuzz.h"

/* Both ways to write it must mean the same image. */
static void
check(const char *name, const char *full)
{
	autoerr struct err err = ERR_INIT;
	autofree char *again = NULL;
	struct reference ref;

	if (reference_parse(&ref, name, &err))
		abort();
	again = reference_full(&ref);
	if (strcmp(again, full))
		abort();
	reference_release(&ref);
}

/* A registry's name must be that of its images. */
static void
check_registry(const char *text)
{
	autoerr struct err err = ERR_INIT;
	autofree char *domain = reference_registry(text, &err), *name = NULL;
	struct reference ref;

	if (!domain)
		return;
	name = xasprintf("%s/a", domain);
	if (reference_parse(&ref, name, &err) || strcmp(ref.domain, domain))
		abort();
	reference_release(&ref);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *name = xstrndup((const char *)data, size);
	autofree char *full = NULL, *familiar = NULL;
	autoerr struct err err = ERR_INIT;
	struct reference ref;

	check_registry(name);
	if (reference_parse(&ref, name, &err))
		return 0;
	full = reference_full(&ref);
	familiar = reference_familiar(&ref);
	check(full, full);
	check(familiar, full);
	reference_release(&ref);
	return 0;
}
