/* What the parts of diagnosis share. */
#ifndef ADDESH_SESSION_DIAGNOSIS_IMPL_H
#define ADDESH_SESSION_DIAGNOSIS_IMPL_H

#include <regex.h>

#include "base/strvec.h"
#include "base/yaml.h"
#include "session/diagnosis.h"

#define DIAGNOSIS_GROUPS 10

/* An entry of the file, and the line that it matched. */
struct matched {
	const struct yaml_node *entry;
	const struct strvec *lines; /* the last one first */
	size_t at;		    /* which of them */
	regmatch_t m[DIAGNOSIS_GROUPS];
	const struct volume *volume; /* that the line is about, or NULL */
};

/* Whether a map without `languages`, or with this one among them. */
bool diagnosis_for_language(const struct yaml_node *map, const char *language);
/* text with \1 .. \9 replaced by groups of the line, or by what names (NULL:
   nothing) has for a group; the caller's. */
char *diagnosis_fill(const char *text, const char *line, const regmatch_t *m,
    const struct yaml_node *names);

/*
 * The words that entries say occur in each line of theirs (`has`), found in one
 * pass over a line: so few patterns are ever compiled, and few lines matched.
 */
struct diagnosis_words;
/* Of the entries that count for this language. */
struct diagnosis_words *diagnosis_words_new(const struct yaml_node *entries,
    const char *language);
void diagnosis_words_free(struct diagnosis_words *w);
/* Whether any entry may match the line; which ones says the other. */
bool diagnosis_words_look(struct diagnosis_words *w, const char *line);
bool diagnosis_words_have(const struct diagnosis_words *w, size_t entry);

/* The read-only directory of this host that a line is about, or NULL. */
const struct volume *diagnosis_volume(const struct diagnosis_input *in,
    const char *line);

/* A place in the user's own code. */
struct place {
	char *path;		/* absolute; NULL: there is none */
	unsigned line, column;	/* 0: not known */
};

/* Looks where the entry, or `places` of the file, says; release frees path. */
void diagnosis_place(const struct diagnosis_input *in,
    const struct yaml_node *data, const struct matched *found,
    struct place *place);
void place_release(struct place *place);

/* All that is known of it; the caller's. */
json *diagnosis_tell(const struct diagnosis_input *in,
    const struct matched *found, const struct place *place);

#endif
