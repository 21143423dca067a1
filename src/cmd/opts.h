/*
 * Options and operands of a command line, parsed by its row: GNU long options
 * (--name VALUE, --name=VALUE), clusters of letters (-it, -m256m), "--", and
 * options anywhere unless the row is CMD_OPTS_FIRST.
 */
#ifndef ADDESH_CMD_OPTS_H
#define ADDESH_CMD_OPTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "cmd/table.h"

/* One option of the row, in the order of table_option(). */
struct optval {
	const struct opt *opt;
	bool given;
	struct strvec values; /* as written */
	uint64_t number;      /* TIME in ms, SIZE in bytes, INT */
	double real;	      /* NUM */
};

struct optset {
	struct optval *v;
	size_t n;
	struct strvec operands;
};

void optset_init(struct optset *set, const struct cmd *row);
void optset_release(struct optset *set);

/*
 * Parses words (those after the command's name) into set.  Nothing is checked
 * once --help was seen.  Errors are ERR_USAGE with the usage as hint, or
 * ERR_POLICY for a word that is known and refused.
 */
int opts_parse(struct optset *set, const struct cmd *row, char *const *words,
    size_t n, struct err *err);

/* NULL if the row has no such option. */
struct optval *optset_get(const struct optset *set, const char *name);

#endif
