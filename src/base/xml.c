#include "base/xml.h"

#include <ctype.h>
#include <expat.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"

struct xml {
	XML_Parser parser;
	const struct xml_handlers *handlers;
	void *arg;
	unsigned depth;
	struct err *err; /* of a handler, or of what is refused */
	bool stopped;
};

/* The place goes in front of what was set. */
static void
stop(struct xml *x)
{
	if (x->stopped)
		return;
	x->stopped = true;
	err_prefix(x->err, "line %lu, column %lu",
	    XML_GetCurrentLineNumber(x->parser),
	    XML_GetCurrentColumnNumber(x->parser) + 1);
	XML_StopParser(x->parser, XML_FALSE);
}

static void
refuse(struct xml *x, const char *what)
{
	if (x->stopped)
		return;
	err_set(x->err, ERR_IO, "%s", what);
	stop(x);
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct xml *x = arg;

	if (x->stopped)
		return;
	if (++x->depth > XML_DEPTH_MAX)
		refuse(x, "elements are nested too deeply");
	else if (x->handlers->start && x->handlers->start(x->arg, name,
					   (const char *const *)attrs, x->err))
		stop(x);
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct xml *x = arg;

	if (x->stopped)
		return;
	x->depth--;
	if (x->handlers->end && x->handlers->end(x->arg, name, x->err))
		stop(x);
}

static void XMLCALL
on_text(void *arg, const XML_Char *s, int n)
{
	struct xml *x = arg;

	if (!x->stopped && x->handlers->text)
		x->handlers->text(x->arg, s, (size_t)n);
}

static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int has_internal_subset)
{
	if (has_internal_subset)
		refuse(arg, "declares entities or elements of its own");
}

static void XMLCALL
on_entity(void *arg, const XML_Char *name, int is_parameter,
    const XML_Char *value, int value_length, const XML_Char *base,
    const XML_Char *system_id, const XML_Char *public_id,
    const XML_Char *notation)
{
	refuse(arg, "declares entities or elements of its own");
}

const char *
xml_attr(const char *const *attrs, const char *name)
{
	for (; *attrs; attrs += 2)
		if (!strcmp(attrs[0], name))
			return attrs[1];
	return NULL;
}

/* Does the text say nothing else of itself?  (XML 1.0, 4.3.3 and F) */
static bool
is_utf8_by_head(const char *text, size_t n)
{
	autofree char *head = xstrndup(text, n < 200 ? n : 200);
	char *end = strstr(head, "?>"), *encoding;

	if (n >= 2 && (!text[0] || !text[1] || !memcmp(text, "\xff\xfe", 2) ||
			  !memcmp(text, "\xfe\xff", 2)))
		return false;
	if (!str_starts(head, "<?xml") || !end)
		return true;
	*end = '\0';
	encoding = strstr(head, "encoding");
	if (!encoding)
		return true;
	encoding += strcspn(encoding, "\"'");
	return !*encoding || !strncasecmp(encoding + 1, "utf-8", 5) ||
	       !strncasecmp(encoding + 1, "us-ascii", 8);
}

/* Bytes of the character at p where XML takes it (2.2), else 0. */
static size_t
char_size(const char *p, size_t n)
{
	unsigned cp;
	int size;

	if ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
		return 1;
	if (*p == '\t' || *p == '\n' || *p == '\r')
		return 1;
	size = utf8_next(p, n, &cp);
	if (size < 2 || cp == 0xfffe || cp == 0xffff)
		return 0;
	return (size_t)size;
}

/* Bytes at the front that need no change. */
static size_t
clean_size(const char *text, size_t n)
{
	size_t i = 0, size;

	while (i < n && (size = char_size(text + i, n - i)))
		i += size;
	return i;
}

static void
repair(struct strbuf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t clean = clean_size(text + i, n - i);

		strbuf_add(out, text + i, clean);
		i += clean;
		if (i < n)
			strbuf_adds(out, "\xef\xbf\xbd");
		i++;
	}
}

static int
parse(struct xml *x, const char *text, size_t n)
{
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	XML_SetEntityDeclHandler(x->parser, on_entity);
	if (XML_Parse(x->parser, text, (int)n, XML_TRUE) == XML_STATUS_OK)
		return 0;
	if (!x->stopped)
		refuse(x, XML_ErrorString(XML_GetErrorCode(x->parser)));
	return -1;
}

int
xml_parse(const char *text, size_t n, const struct xml_handlers *handlers,
    void *arg, struct err *err)
{
	struct xml x = {.handlers = handlers, .arg = arg, .err = err};
	autobuf struct strbuf repaired = STRBUF_INIT;
	int rc;

	if (n > XML_TEXT_MAX)
		return err_set(
		    err, ERR_IO, "more than %u MB of XML", XML_TEXT_MAX >> 20);
	if (is_utf8_by_head(text, n) && clean_size(text, n) < n) {
		repair(&repaired, text, n);
		text = repaired.buf;
		n = repaired.len;
	}
	x.parser = XML_ParserCreate(NULL);
	if (!x.parser)
		abort();
	rc = parse(&x, text, n);
	XML_ParserFree(x.parser);
	return rc;
}
