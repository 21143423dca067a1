/* project/dockerfile against dockerfile.txt, and what the data cannot say. */
#include "tap.h"

#include "base/io.h"
#include "project/dockerfile.h"

struct test {
	struct strbuf title, text, want;
	struct strvec args;
	char *target, *platform, *label;
};

static void
add_escaped(struct strbuf *sb, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			strbuf_adds(sb, "\\n");
		else if (*s == '\t')
			strbuf_adds(sb, "\\t");
		else if (*s == '\r')
			strbuf_adds(sb, "\\r");
		else
			strbuf_addc(sb, *s);
	}
}

static void
dump_list(struct strbuf *sb, const struct strvec *sv, const char *around)
{
	for (size_t i = 0; i < sv->n; i++) {
		strbuf_addf(sb, " %c", around[0]);
		add_escaped(sb, sv->v[i]);
		strbuf_addc(sb, around[1]);
	}
}

static void
dump_instruction(struct strbuf *sb, const struct dockerfile_instruction *in)
{
	strbuf_addf(sb, "%u", in->line);
	if (in->end_line != in->line)
		strbuf_addf(sb, "-%u", in->end_line);
	strbuf_addf(sb, "%s %s%s", in->onbuild ? " ONBUILD" : "", in->name,
	    in->exec_form ? " exec" : "");
	dump_list(sb, &in->flags, "{}");
	dump_list(sb, &in->args, "[]");
	for (size_t i = 0; i < in->nheredocs; i++) {
		const struct dockerfile_heredoc *h = &in->heredocs[i];

		strbuf_addf(sb, " <<%s%s%s \"", h->quoted ? "'" : "", h->name,
		    h->quoted ? "'" : "");
		add_escaped(sb, h->body);
		strbuf_addc(sb, '"');
	}
	strbuf_addc(sb, '\n');
}

static void
dump_stages(struct strbuf *sb, const struct dockerfile *d)
{
	for (size_t i = 0; i < d->nstages && d->nstages > 1; i++) {
		const struct dockerfile_stage *s = &d->stages[i];

		strbuf_addf(sb, "stage %zu", i);
		if (s->name)
			strbuf_addf(sb, " %s", s->name);
		strbuf_addf(sb, " of %s%s%s%s%s\n", s->base,
		    s->parent != SIZE_MAX ? " (a stage)" : "",
		    s->used ? " used" : "", i == d->target ? " target" : "",
		    s->before_target ? "" : " after");
	}
}

static void
dump_facts(struct strbuf *sb, const struct dockerfile *d)
{
	autovec struct strvec images = STRVEC_INIT;
	size_t n;
	struct dockerfile_construct *c = dockerfile_constructs(d, &n);

	dockerfile_images(d, false, &images, NULL);
	if (images.n) {
		strbuf_adds(sb, "images");
		dump_list(sb, &images, "[]");
		strbuf_addc(sb, '\n');
	}
	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%u needs %d: %s\n", c[i].line, (int)c[i].need,
		    c[i].what);
	free(c);
	if (d->syntax)
		strbuf_addf(sb, "syntax %s\n", d->syntax);
	for (size_t i = 0; i < d->nwarnings; i++)
		strbuf_addf(sb, "warning %u: %s\n", d->warnings[i].line,
		    d->warnings[i].text);
}

static void
dump(struct strbuf *sb, const struct test *t)
{
	struct dockerfile_options options = {.args = &t->args,
	    .target = t->target, .platform = t->platform};
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d = dockerfile_parse(
	    "D", t->text.buf, t->text.len, &options, &err);

	if (!d) {
		strbuf_addf(sb, "%s\n%s%s", err.msg.buf, err.hint.buf,
		    err.hint.len ? "\n" : "");
		return;
	}
	if (t->label) {
		autofree char *s = dockerfile_with_label(
		    d, t->text.buf, t->text.len, t->label);

		strbuf_adds(sb, s);
	} else {
		for (size_t i = 0; i < d->n; i++)
			dump_instruction(sb, &d->instructions[i]);
		dump_stages(sb, d);
		dump_facts(sb, d);
	}
	dockerfile_free(d);
}

/* <TAB> <CR> <NBSP> stand for the bytes, \c at the end for no newline. */
static void
add_line(struct strbuf *sb, const char *s, size_t n)
{
	static const char *const names[][2] = {{"<TAB>", "\t"},
	    {"<CR>", "\r"}, {"<NBSP>", "\xc2\xa0"}, {"<BOM>", "\xef\xbb\xbf"}};

	for (size_t i = 0; i < n;) {
		size_t k = 0, len = 0;

		if (i + 2 == n && !strncmp(s + i, "\\c", 2))
			return;
		for (; k < ARRAY_SIZE(names); k++) {
			len = strlen(names[k][0]);
			if (!strncmp(s + i, names[k][0], len))
				break;
		}
		if (k < ARRAY_SIZE(names)) {
			strbuf_adds(sb, names[k][1]);
			i += len;
		} else {
			strbuf_addc(sb, s[i++]);
		}
	}
	strbuf_addc(sb, '\n');
}

static void
read_option(struct test *t, const char *line)
{
	if (str_starts(line, "arg "))
		strvec_push(&t->args, line + 4);
	else if (str_starts(line, "target "))
		t->target = xstrdup(line + 7);
	else if (str_starts(line, "platform "))
		t->platform = xstrdup(line + 9);
	else if (str_starts(line, "label "))
		t->label = xstrdup(line + 6);
	else if (*line)
		abort();
}

static void
run(struct test *t)
{
	autobuf struct strbuf got = STRBUF_INIT;

	if (!t->title.len)
		return;
	dump(&got, t);
	is_str(got.buf, t->want.buf, "%s", t->title.buf);
	strvec_release(&t->args);
	strbuf_reset(&t->title);
	strbuf_reset(&t->text);
	strbuf_reset(&t->want);
	free(t->target);
	free(t->platform);
	free(t->label);
	t->target = t->platform = t->label = NULL;
}

/* "=== TITLE", options, "---", the file, "---", what it is read as. */
static void
test_table(const char *path)
{
	autobuf struct strbuf file = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct test t = {.title = STRBUF_INIT, .text = STRBUF_INIT,
	    .want = STRBUF_INIT, .args = STRVEC_INIT};
	char *rest, *line;
	int part = 0;

	if (io_read_file(path, &file, 1u << 20, &err))
		abort();
	for (rest = file.buf; (line = strsep(&rest, "\n")) && rest;) {
		if (str_starts(line, "=== ")) {
			run(&t);
			strbuf_adds(&t.title, line + 4);
			part = 0;
		} else if (!strcmp(line, "---")) {
			part++;
		} else if (part == 0 && t.title.len) {
			read_option(&t, line);
		} else if (part == 1) {
			add_line(&t.text, line, strlen(line));
		} else if (part == 2 && *line) {
			strbuf_addf(&t.want, "%s\n", line);
		}
	}
	run(&t);
	strbuf_release(&t.title);
	strbuf_release(&t.text);
	strbuf_release(&t.want);
}

static struct dockerfile *
parse(const char *text, size_t len, struct err *err)
{
	err_clear(err);
	return dockerfile_parse("D", text, len, NULL, err);
}

static void
refused(struct strbuf *text, const char *with, const char *what)
{
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d = parse(text->buf, text->len, &err);

	ok(!d && strstr(err.msg.buf, with), "%s: %s", what, err.msg.buf);
	dockerfile_free(d);
	strbuf_reset(text);
}

static void
test_bounds(void)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "FROM scratch\nENV a=xxxxxxxxxxxxxxxx\n");
	for (int i = 0; i < 64; i++)
		strbuf_adds(&text, "ENV a=$a$a\n");
	refused(&text, "grow too long", "a value that doubles");
	strbuf_adds(&text, "FROM scratch\nENV a=");
	for (int i = 0; i < 10000; i++)
		strbuf_adds(&text, "${a:-");
	refused(&text, "nested too deep", "braces in braces");
	strbuf_adds(&text, "FROM scratch\nRUN ");
	for (int i = 0; i < 70000; i++)
		strbuf_addc(&text, 'x');
	refused(&text, "longer than 65535", "a long line");
	strbuf_adds(&text, "FROM scratch\n");
	for (int i = 0; i < 10001; i++)
		strbuf_adds(&text, "RUN x\n");
	refused(&text, "too many instructions", "many instructions");
	for (int i = 0; i < 1001; i++)
		strbuf_adds(&text, "FROM scratch\n");
	refused(&text, "too many stages", "many stages");
	strbuf_adds(&text, "FROM scratch\nARG");
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, " a%d", i);
	strbuf_addc(&text, '\n');
	refused(&text, "too many variables", "many variables");
	for (int i = 0; i < 200000; i++)
		strbuf_adds(&text, "# xxxx\n");
	refused(&text, "longer than 1 MB", "a long file");
	strbuf_add(&text, "FROM scratch\0", 13);
	refused(&text, "NUL", "a NUL byte");
	strbuf_adds(&text, "FROM scratch\nENV a=");
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&text, "abcdefghij");
	strbuf_adds(&text, "\nENV b=${a//*a*b*c*d*e*f*g*h*i*j*z/x}\n");
	refused(&text, "grow too long", "a pattern that is tried everywhere");
}

int
main(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path = xasprintf(
	    "%s/tests/unit/dockerfile.txt", source ? source : ".");

	test_table(path);
	test_bounds();
	return done();
}
