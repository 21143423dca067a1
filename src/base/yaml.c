#include "base/yaml.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/io.h"

#define ANCHORS_MAX 1000

/* A node with what only the parser needs to know of it. */
struct built {
	struct yaml_node node; /* first: nodes are built ones */
	size_t weight;	       /* nodes below and with it, aliases counted in */
};

struct anchor {
	char *name;
	struct built *node;
};

struct yaml {
	char *name;
	unsigned line, column; /* of the first byte in the file, from 1 */
	struct yaml_node *root;
	struct built **nodes; /* each once, whoever points to it */
	size_t n_nodes, nodes_cap;
	/* Of use while parsing only. */
	yaml_parser_t parser;
	struct anchor *anchors;
	size_t n_anchors, anchors_cap;
	unsigned depth;
	struct err *err;
};

static struct built *parse_node(struct yaml *y, const yaml_event_t *event);

static unsigned
line_of(const struct yaml *y, const yaml_mark_t *mark)
{
	return mark->line + y->line;
}

static unsigned
column_of(const struct yaml *y, const yaml_mark_t *mark)
{
	return mark->column + (mark->line ? 1 : y->column);
}

static int
fail_at(struct yaml *y, const yaml_mark_t *mark, const char *what)
{
	return err_set(y->err, ERR_CONFIG, "%s:%u:%u: %s", y->name,
	    line_of(y, mark), column_of(y, mark), what);
}

/* libyaml's own reason; it has no place for bytes that are no text at all. */
static int
fail_syntax(struct yaml *y)
{
	const yaml_parser_t *p = &y->parser;
	const char *why = p->problem ? p->problem : "out of memory";
	autofree char *what = NULL;

	if (p->error == YAML_READER_ERROR)
		return err_set(y->err, ERR_CONFIG, "%s: byte %zu: not text: %s",
		    y->name, p->problem_offset, why);
	if (p->context)
		what = xasprintf("not YAML: %s (%s)", why, p->context);
	else
		what = xasprintf("not YAML: %s", why);
	return fail_at(y, &p->problem_mark, what);
}

static int
next_event(struct yaml *y, yaml_event_t *event)
{
	if (!yaml_parser_parse(&y->parser, event))
		return fail_syntax(y);
	return 0;
}

static struct built *
new_node(struct yaml *y, enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct built *b;

	if (y->n_nodes >= YAML_NODES_MAX) {
		fail_at(y, mark, "too many nodes");
		return NULL;
	}
	b = xcalloc(1, sizeof(*b));
	b->node.kind = kind;
	b->node.line = line_of(y, mark);
	b->node.column = column_of(y, mark);
	b->weight = 1;
	GROW(y->nodes, y->n_nodes, &y->nodes_cap);
	y->nodes[y->n_nodes++] = b;
	return b;
}

/*
 * Known from here on, and so not to aliases inside of the node itself.  Few,
 * since each alias is looked for among all of them.
 */
static int
add_anchor(struct yaml *y, const yaml_char_t *name, struct built *node)
{
	if (!name)
		return 0;
	if (y->n_anchors >= ANCHORS_MAX)
		return yaml_error(y->err, y, &node->node, "too many anchors");
	GROW(y->anchors, y->n_anchors, &y->anchors_cap);
	y->anchors[y->n_anchors++] = (struct anchor){
	    .name = xstrdup((const char *)name), .node = node};
	return 0;
}

static struct built *
find_anchor(struct yaml *y, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = y->n_anchors; i-- > 0;)
		if (!strcmp(y->anchors[i].name, name))
			return y->anchors[i].node;
	fail_at(y, &event->start_mark, "an alias to nothing that is complete");
	return NULL;
}

static struct built *
parse_scalar(struct yaml *y, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t n = event->data.scalar.length;
	struct built *b;

	if (memchr(value, '\0', n)) {
		fail_at(y, &event->start_mark, "a NUL in a text");
		return NULL;
	}
	b = new_node(y, YAML_SCALAR, &event->start_mark);
	if (!b)
		return NULL;
	b->node.text = xstrndup(value, n);
	b->node.plain =
	    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return add_anchor(y, event->data.scalar.anchor, b) ? NULL : b;
}

/* Keeps the sum of what aliases repeat below the bound, whatever they nest. */
static int
add_weight(struct yaml *y, struct built *b, const struct built *child,
    const yaml_mark_t *mark)
{
	b->weight += child->weight;
	if (b->weight > YAML_NODES_MAX)
		return fail_at(y, mark, "too many nodes");
	return 0;
}

/* The next child of a collection; 1 at its end, -1 on an error. */
static int
parse_child(struct yaml *y, struct built *parent, yaml_event_type_t end,
    struct built **child)
{
	yaml_event_t event;
	int r = -1;

	if (next_event(y, &event))
		return -1;
	if (event.type == end) {
		r = 1;
	} else {
		*child = parse_node(y, &event);
		if (*child &&
		    !add_weight(y, parent, *child, &event.start_mark))
			r = 0;
	}
	yaml_event_delete(&event);
	return r;
}

static int
fill_seq(struct yaml *y, struct built *b)
{
	struct yaml_node *node = &b->node;
	struct built *child = NULL;
	size_t cap = 0;
	int r;

	while (!(r = parse_child(y, b, YAML_SEQUENCE_END_EVENT, &child))) {
		GROW(node->items, node->n, &cap);
		node->items[node->n++] = &child->node;
	}
	return r < 0 ? -1 : 0;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	return x->line != y->line ? (x->line < y->line ? -1 : 1)
				  : (x->column > y->column) -
		(x->column < y->column);
}

/* Sorted, as a hostile map would make comparing each with each take hours. */
static int
check_keys(struct yaml *y, const struct yaml_node *map)
{
	autofree struct yaml_node **keys = NULL;

	if (map->n < 2)
		return 0;
	keys = xmemdup(map->keys, map->n * sizeof(*keys));
	qsort(keys, map->n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < map->n; i++)
		if (!strcmp(keys[i - 1]->text, keys[i]->text))
			return yaml_error(y->err, y, keys[i],
			    "'%s' stands twice, first in line %u",
			    keys[i]->text, keys[i - 1]->line);
	return 0;
}

static int
fill_map(struct yaml *y, struct built *b)
{
	struct yaml_node *node = &b->node;
	struct built *key = NULL, *value = NULL;
	size_t keys_cap = 0, items_cap = 0;
	int r;

	while (!(r = parse_child(y, b, YAML_MAPPING_END_EVENT, &key))) {
		if (key->node.kind != YAML_SCALAR)
			return yaml_error(y->err, y, &key->node,
			    "a key must be text, not %s",
			    yaml_kind_name(&key->node));
		if (parse_child(y, b, YAML_NO_EVENT, &value))
			return -1;
		GROW(node->keys, node->n, &keys_cap);
		GROW(node->items, node->n, &items_cap);
		node->keys[node->n] = &key->node;
		node->items[node->n++] = &value->node;
	}
	return r < 0 ? -1 : check_keys(y, node);
}

static struct built *
parse_collection(struct yaml *y, const yaml_event_t *event)
{
	bool seq = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *anchor = seq ? event->data.sequence_start.anchor
					: event->data.mapping_start.anchor;
	struct built *b;
	int r;

	if (y->depth >= YAML_DEPTH_MAX) {
		fail_at(y, &event->start_mark, "nested too deeply");
		return NULL;
	}
	b = new_node(y, seq ? YAML_SEQ : YAML_MAP, &event->start_mark);
	if (!b)
		return NULL;
	y->depth++;
	r = seq ? fill_seq(y, b) : fill_map(y, b);
	y->depth--;
	return r || add_anchor(y, anchor, b) ? NULL : b;
}

static struct built *
parse_node(struct yaml *y, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return parse_scalar(y, event);
	case YAML_ALIAS_EVENT:
		return find_anchor(y, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return parse_collection(y, event);
	default:
		fail_at(y, &event->start_mark, "unexpected end");
		return NULL;
	}
}

static int
take_event(struct yaml *y, yaml_event_t *event)
{
	struct built *b;

	switch (event->type) {
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (y->root)
			return fail_at(y, &event->start_mark,
			    "a second document");
		return 0;
	default:
		b = parse_node(y, event);
		if (!b)
			return -1;
		y->root = &b->node;
		return 0;
	}
}

static int
parse_stream(struct yaml *y)
{
	bool end = false;

	while (!end) {
		yaml_event_t event;
		int r;

		if (next_event(y, &event))
			return -1;
		end = event.type == YAML_STREAM_END_EVENT;
		r = take_event(y, &event);
		yaml_event_delete(&event);
		if (r)
			return -1;
	}
	return 0;
}

static void
forget_anchors(struct yaml *y)
{
	for (size_t i = 0; i < y->n_anchors; i++)
		free(y->anchors[i].name);
	free(y->anchors);
	y->anchors = NULL;
	y->n_anchors = y->anchors_cap = 0;
}

struct yaml *
yaml_parse(const char *name, const char *text, size_t n, struct err *err)
{
	return yaml_parse_at(name, 1, 1, text, n, err);
}

struct yaml *
yaml_parse_at(const char *name, unsigned line, unsigned column,
    const char *text, size_t n, struct err *err)
{
	struct yaml *y;
	int r;

	if (n > YAML_TEXT_MAX) {
		err_set(err, ERR_CONFIG, "%s: more than %u bytes", name,
		    YAML_TEXT_MAX);
		return NULL;
	}
	y = xcalloc(1, sizeof(*y));
	y->name = xstrdup(name);
	y->line = line;
	y->column = column;
	y->err = err;
	if (!yaml_parser_initialize(&y->parser))
		abort(); /* out of memory, as everywhere */
	yaml_parser_set_input_string(&y->parser, (const yaml_char_t *)text, n);
	r = parse_stream(y);
	yaml_parser_delete(&y->parser);
	forget_anchors(y);
	if (r) {
		yaml_doc_free(y);
		return NULL;
	}
	return y;
}

struct yaml *
yaml_parse_file(const char *path, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (io_read_file(path, &text, YAML_TEXT_MAX, err))
		return NULL;
	return yaml_parse(path, text.buf, text.len, err);
}

void
yaml_doc_free(struct yaml *y)
{
	if (!y)
		return;
	for (size_t i = 0; i < y->n_nodes; i++) {
		struct yaml_node *node = &y->nodes[i]->node;

		free((char *)node->text);
		free(node->keys);
		free(node->items);
		free(y->nodes[i]);
	}
	free(y->nodes);
	free(y->name);
	free(y);
}

const char *
yaml_name(const struct yaml *y)
{
	return y->name;
}

const struct yaml_node *
yaml_root(const struct yaml *y)
{
	return y->root;
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, key))
			return map->items[i];
	return NULL;
}

const char *
yaml_text(const struct yaml_node *map, const char *key, const char *def)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && node->kind == YAML_SCALAR ? node->text : def;
}

bool
yaml_is_null(const struct yaml_node *node)
{
	if (!node)
		return true;
	return node->kind == YAML_SCALAR && node->plain &&
	    (!*node->text || !strcmp(node->text, "~") ||
		!strcasecmp(node->text, "null"));
}

const char *
yaml_kind_name(const struct yaml_node *node)
{
	if (yaml_is_null(node))
		return "nothing";
	switch (node->kind) {
	case YAML_SEQ:
		return "a list";
	case YAML_MAP:
		return "a map";
	default:
		return "text";
	}
}

int
yaml_error(struct err *err, const struct yaml *y, const struct yaml_node *at,
    const char *fmt, ...)
{
	autobuf struct strbuf what = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_CONFIG, "%s:%u:%u: %s", y->name, at->line,
	    at->column, what.buf);
}
