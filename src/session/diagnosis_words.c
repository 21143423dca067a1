#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session/diagnosis_impl.h"

#define HEAD 4	     /* bytes of a word that are hashed */
#define SLOTS 4096   /* far more than words, so that most are empty */

struct word {
	const char *text;
	size_t n, entry, next; /* of the slot: index + 1, or 0 */
};

struct diagnosis_words {
	struct word *v;
	size_t n;
	size_t *seen;  /* of each entry: the look that found a word of it */
	bool *always;  /* of each entry: it has no words to look for */
	bool any_always;
	size_t looks;
	uint16_t slots[SLOTS]; /* index + 1, or 0 */
};

/* Multiplicative hashing by 2^32 over the golden ratio (D. Knuth, The Art of
   Computer Programming 3, 6.4). */
static unsigned
slot_of(const char *p)
{
	uint32_t head;

	memcpy(&head, p, HEAD);
	return head * 2654435769u >> 20;
}

static void
add_word(struct diagnosis_words *w, size_t entry, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	unsigned slot;

	if (n < HEAD || w->n == UINT16_MAX) {
		w->always[entry] = w->any_always = true;
		return;
	}
	slot = slot_of(text);
	w->v = xreallocarray(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n] = (struct word){text, n, entry, w->slots[slot]};
	w->slots[slot] = (uint16_t)++w->n;
}

struct diagnosis_words *
diagnosis_words_new(const struct yaml_node *entries, const char *language)
{
	struct diagnosis_words *w = xcalloc(1, sizeof(*w));

	w->seen = xcalloc(entries->n, sizeof(*w->seen));
	w->always = xcalloc(entries->n, sizeof(*w->always));
	for (size_t i = 0; i < entries->n; i++) {
		const struct yaml_node *has =
		    yaml_get(entries->items[i], "has");

		if (!yaml_get(entries->items[i], "pattern") ||
		    !diagnosis_for_language(entries->items[i], language))
			continue;
		if (!has || has->kind != YAML_SEQ)
			add_word(w, i, has ? has->text : NULL);
		else
			for (size_t k = 0; k < has->n; k++)
				add_word(w, i, has->items[k]->text);
	}
	return w;
}

void
diagnosis_words_free(struct diagnosis_words *w)
{
	free(w->v);
	free(w->seen);
	free(w->always);
	free(w);
}

bool
diagnosis_words_look(struct diagnosis_words *w, const char *line)
{
	size_t n = strlen(line);
	bool any = w->any_always;

	w->looks++;
	for (size_t at = 0; at + HEAD <= n; at++) {
		size_t k = w->slots[slot_of(line + at)];

		for (; k; k = w->v[k - 1].next) {
			const struct word *word = &w->v[k - 1];

			if (word->n > n - at ||
			    memcmp(line + at, word->text, word->n))
				continue;
			w->seen[word->entry] = w->looks;
			any = true;
		}
	}
	return any;
}

bool
diagnosis_words_have(const struct diagnosis_words *w, size_t entry)
{
	return w->always[entry] || w->seen[entry] == w->looks;
}
