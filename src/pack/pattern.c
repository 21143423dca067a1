#include "pack/pattern.h"

#include <string.h>

#include "pack/pattern_impl.h"

static bool
in_class(const struct pattern *p, const struct node *node, unsigned rune)
{
	for (unsigned i = node->first; i < node->first + node->n; i++)
		if (p->ranges[i].lo <= rune && rune <= p->ranges[i].hi)
			return !node->negated;
	return node->negated;
}

/* State i, and what it reaches without reading anything. */
static void
enter(const struct pattern *p, uint64_t *set, size_t i, bool at_start)
{
	for (;; i++) {
		const struct node *node = &p->nodes[i];
		uint64_t bit = UINT64_C(1) << (i % 64);

		if (set[i / 64] & bit)
			return;
		set[i / 64] |= bit;
		if (i == p->n)
			return;
		if (node->kind == NODE_PARENTS) {
			i++;
			set[i / 64] |= UINT64_C(1) << (i % 64);
		} else if (!node->star &&
			   !(node->kind == NODE_START && at_start)) {
			return;
		}
	}
}

static void
step(const struct pattern *p, uint64_t *next, size_t i, unsigned rune)
{
	const struct node *node = &p->nodes[i];
	bool taken = false;

	if (i == p->n)
		return;
	switch (node->kind) {
	case NODE_RUNE:
		taken = rune == node->first;
		break;
	case NODE_CLASS:
		taken = in_class(p, node, rune);
		break;
	case NODE_ANY:
		taken = rune != '\n';
		break;
	case NODE_WITHIN:
		if (rune != '\n')
			enter(p, next, i, false);
		taken = rune == '/';
		break;
	case NODE_START:
	case NODE_PARENTS:
		break;
	}
	if (taken)
		enter(p, next, node->star ? i : i + 1, false);
}

/* Reads s; the states are in p->set[0] then.  False: there are none. */
static bool
advance(const struct pattern *p, const char *s, size_t n)
{
	while (n) {
		uint64_t any = 0;
		unsigned rune;
		size_t len = pattern_rune(s, n, &rune);

		memset(p->set[1], 0, p->words * sizeof(*p->set[1]));
		for (size_t w = 0; w < p->words; w++)
			for (uint64_t left = p->set[0][w]; left;
			     left &= left - 1)
				step(p, p->set[1],
				    w * 64 + (size_t)__builtin_ctzll(left),
				    rune);
		for (size_t w = 0; w < p->words; w++)
			any |= p->set[0][w] = p->set[1][w];
		if (!any)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

static void
begin(const struct pattern *p)
{
	memset(p->set[0], 0, p->words * sizeof(*p->set[0]));
	enter(p, p->set[0], 0, true);
}

static bool
at_end(const struct pattern *p)
{
	return p->set[0][p->n / 64] >> (p->n % 64) & 1;
}

bool
pattern_match(const struct pattern *p, const char *path, size_t len)
{
	switch (p->kind) {
	case EXACT:
		return len == p->len && !memcmp(path, p->text, len);
	case PREFIX:
		return len >= p->len && !memcmp(path, p->text, p->len);
	case SUFFIX:
		if (len >= p->len &&
		    !memcmp(path + len - p->len, p->text, p->len))
			return true;
		return *p->text == '/' && len == p->len - 1 &&
		       !memcmp(path, p->text + 1, len);
	case EXPRESSION:
		begin(p);
		return advance(p, path, len) && at_end(p);
	}
	return false;
}

bool
pattern_match_above(const struct pattern *p, const char *path)
{
	const char *s = path;

	if (p->kind == EXPRESSION)
		begin(p);
	for (;; s++) {
		size_t n = strcspn(s, "/");

		if (p->kind != EXPRESSION) {
			if (pattern_match(p, path, (size_t)(s - path) + n))
				return true;
		} else if (!advance(p, s, n)) {
			return false;
		} else if (at_end(p)) {
			return true;
		}
		s += n;
		if (!*s || (p->kind == EXPRESSION && !advance(p, s, 1)))
			return false;
	}
}

bool
pattern_below(const struct pattern *p, const char *dir, size_t len)
{
	size_t n;

	switch (p->kind) {
	case EXACT:
		return p->len > len + 1 && !memcmp(p->text, dir, len) &&
		       p->text[len] == '/';
	case PREFIX:
		n = len < p->len ? len : p->len;
		return !memcmp(p->text, dir, n) &&
		       (p->len <= len || p->text[len] == '/');
	case SUFFIX:
		return true;
	case EXPRESSION:
		begin(p);
		return advance(p, dir, len) && advance(p, "/", 1);
	}
	return false;
}
