/* What the built-in masks match, and what recording takes for a value. */
#ifndef ADDESH_REPLAY_MASK_TABLE_H
#define ADDESH_REPLAY_MASK_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Where two record the same, the upper one of the table has it. */
struct mask_builtin {
	const char *name;
	const char *match;
	const char *record; /* or NULL: its values only, see mask.h */
	const char *first;  /* the bytes that what is recorded begins with */
	/* Is what stands at `at` and has n bytes such a value?  NULL: yes. */
	bool (*is_sure)(const char *s, size_t at, size_t n);
};

extern const struct mask_builtin mask_builtins[];
extern const size_t mask_builtins_n;

#endif
