/* What every fuzz target has; see driver.c. */
#ifndef ADDESH_FUZZ_FUZZ_H
#define ADDESH_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What must hold whatever the input is. */
static inline void
require(bool right)
{
	if (!right)
		abort();
}

#endif
