/*
 * A session file, whatever it says, and output, whatever it holds: what is made
 * of them is in its format.  The input is the file up to a NUL, then events:
 * a byte that says when and where, one with the number of bytes, these.
 */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "export/export_impl.h"
#include "fuzz.h"
#include "page.h"

/* ---- the input ---- */

/* Part of stderr is the program's, the rest is addesh's. */
static void
add_object(struct answer *a, size_t index)
{
	json *result = json_object();

	a->object = json_object();
	json_put_str(a->object, "env", "e1");
	json_put_bytes(result, "stderr", a->stream[2].buf,
	    index % 2 ? a->stream[2].len / 2 : a->stream[2].len);
	json_put_int(a->object, "step", (int64_t)index + 1);
	json_put(a->object, "result", result);
}

static void
add_events(struct export_session *s, const unsigned char *p, size_t n)
{
	const unsigned char *end = p + n;
	size_t len, step = 0;

	while (s->t->n_steps && end - p > 2) {
		struct export_step *to = &s->steps[step++ % s->t->n_steps];

		len = p[1] < end - p - 2 ? p[1] : (size_t)(end - p - 2);
		answer_add(&to->answer, (uint64_t)(p[0] >> 2) * 1000 * step,
		    p[0] & 1 ? 2 : 1, p + 2, len);
		to->recorded = true;
		p += 2 + len;
	}
	for (size_t i = 0; i < s->t->n_steps; i++)
		if (s->steps[i].recorded)
			add_object(&s->steps[i].answer, i);
}

/* ---- the formats ---- */

/* Nothing of it does anything to a terminal or an editor. */
static void
check_text(const char *p, size_t n, bool tabs)
{
	require(utf8_valid(p, n));
	for (size_t i = 0; i < n; i++)
		require((unsigned char)p[i] >= ' ' || p[i] == '\n' ||
		      (p[i] == '\t' && tabs));
	require(!memchr(p, 0x7f, n));
}

/* Colours, the erasing of the line, and what moves within it. */
static void
check_screen(const char *p)
{
	for (; *p; p++) {
		if (*p == '\033') {
			require(*++p == '[');
			p += 1 + strspn(p + 1, "0123456789;:");
			require(*p == 'm' || *p == 'K');
		} else {
			require(
			    (unsigned char)*p >= ' ' || strchr("\n\r\t\b", *p));
			require(*p != 0x7f);
		}
	}
}

static void
check_event(const json *event, unsigned version, double *before)
{
	const json *at = cJSON_GetArrayItem(event, 0);
	const json *data = cJSON_GetArrayItem(event, 2);

	require(cJSON_GetArraySize(event) == 3 && cJSON_IsNumber(at) &&
	      cJSON_IsString(data));
	require(at->valuedouble >= (version == 2 ? *before : 0));
	*before = at->valuedouble;
	check_screen(data->valuestring);
}

static void
check_cast(const struct export_session *s, unsigned version)
{
	const struct export_options o = {.cast_version = version,
	    .idle_ms = 2000,
	    .columns = 40,
	    .rows = 24,
	    .wpm = 220};
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	double before = 0;

	require(export_cast(&out, s, &o, &err) == 0);
	check_text(out.buf, out.len, false);
	for (char *p = out.buf, *nl; *p; p = nl + 1) {
		nl = strchr(p, '\n');
		require(nl && nl > p);
		autojson json *j = json_parse(p, nl - p, &err);
		require(j && cJSON_IsObject(j) == (p == out.buf));
		if (p > out.buf)
			check_event(j, version, &before);
	}
}

static void
check_html(const struct export_session *s)
{
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	require(export_html(&out, s, NULL, &err) == 0);
	check_text(out.buf, out.len, true);
	check_page(&out);
}

static void
check_txt(const struct export_session *s)
{
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	require(export_txt(&out, s, NULL, &err) == 0);
	check_text(out.buf, out.len, true);
}

/* Fences of the file, of commands and of output; headings. */
static void
count_items(const struct export_session *s, size_t *fences, size_t *headings)
{
	*fences = *headings = 0;
	for (size_t i = 0; i < s->n_items; i++) {
		const struct export_item *item = &s->items[i];
		autobuf struct strbuf text = STRBUF_INIT;

		*headings += item->kind == EXPORT_HEADING;
		*fences += item->kind == EXPORT_CODE;
		if (item->kind != EXPORT_STEP)
			continue;
		export_add_output(&text, &s->steps[item->step]);
		*fences += text.len ? 2 : 1;
	}
}

/* Nothing gets out of its fence, and nothing is there to be executed. */
static void
check_md(const struct export_session *s)
{
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct transcript *t;
	size_t fences, headings;

	require(export_md(&out, s, NULL, &err) == 0);
	check_text(out.buf, out.len, true);
	t = transcript_read("report.md", out.buf, out.len, &err);
	require(t && !t->n_steps);
	count_items(s, &fences, &headings);
	require(t->n_headings == headings);
	for (size_t i = 0; i < t->n_blocks; i++)
		fences -= t->blocks[i].kind == BLOCK_CODE;
	require(fences == 0);
	transcript_free(t);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const names[] = {"a.md", "a.addesh"};
	const char *text = (const char *)data;
	size_t n = size ? strnlen(text, size) : 0;

	for (int i = 0; i < 2; i++) {
		autoerr struct err err = ERR_INIT;
		struct transcript *t = transcript_read(names[i], text, n, &err);
		struct export_session *s =
		    t ? export_join(t, NULL, &err) : NULL;

		if (!s)
			continue;
		if (n < size)
			add_events(s, data + n + 1, size - n - 1);
		check_cast(s, 2);
		check_cast(s, 3);
		check_html(s);
		check_txt(s);
		check_md(s);
		export_close(s);
	}
	return 0;
}
