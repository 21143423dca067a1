/* Files of languages; what they say is then used. */
#include <sys/mman.h>

#include <stdio.h>

#include "base/io.h"
#include "project/detect.h"
#include "project/template.h"
#include "fuzz.h"

static void
choose(const struct languages *ls, const char *file, const unsigned char *text,
    size_t n)
{
	static const struct language_places places = {.file = "/w/-a.py",
	    .out = "/tmp/o/a", .home = "/tmp/home", .tmp = "/tmp"};
	autovec struct strvec out = STRVEC_INIT;
	autobuf struct strbuf programs = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct language_choice c;

	if (languages_choose(ls, NULL, file, (const char *)text, n, &c, &err))
		return;
	for (size_t i = 0; i < c.n_recipes; i++)
		language_expand(&c.recipes[i].run, &places, &out);
	if (c.language)
		language_env(c.language, &places, &out);
	language_add_programs(&c, &programs);
	language_choice_release(&c);
}

static void
choose_template(const struct languages *ls)
{
	autovec struct strvec names = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	struct template_choice c;

	strvec_push(&names, "Gemfile");
	strvec_push(&names, "requirements.txt");
	if (!template_choose(ls, &names, ".", &c, &err))
		template_choice_release(&c);
}

struct input {
	const unsigned char *p;
	size_t n;
};

static int
read_input(void *arg, const char *path, size_t max, struct strbuf *out)
{
	const struct input *in = arg;

	(void)path;
	strbuf_add(out, in->p, in->n < max ? in->n : max);
	return 0;
}

/* The same bytes are the file of languages and the project's files. */
static void
detect(const struct languages *ls, const unsigned char *data, size_t size)
{
	struct input in = {data, size};
	autovec struct strvec paths = STRVEC_INIT, out = STRVEC_INIT;
	struct project_source source = {
	    .paths = &paths, .read = read_input, .arg = &in};
	struct framework_places places = {.report = "/r", .args = &paths};
	autoerr struct err err = ERR_INIT;
	struct detection d;

	strvec_push(&paths, "package.json");
	strvec_push(&paths, "tests/test_a.py");
	if (!project_detect(ls, &source, NULL, &d, &err))
		json_free(detection_json(&d));
	for (size_t i = 0; i < d.ntests; i++)
		framework_expand(
		    &d.tests[i].framework->command, &places, &out);
	detection_release(&d);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autoclose int fd = memfd_create("languages", MFD_CLOEXEC);
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	autoerr struct err err = ERR_INIT;
	struct languages *ls;

	if (fd < 0 || io_write_all(fd, data, size))
		abort();
	ls = languages_load(path, NULL, &err);
	if (!ls)
		return 0;
	choose(ls, "a.py", data, size);
	choose(ls, "tool", data, size);
	choose(ls, "tool", (const unsigned char *)"#!/bin/x y", 10);
	choose_template(ls);
	detect(ls, data, size);
	languages_by_image(ls, "docker.io/library/python:3@sha256:0");
	languages_free(ls);
	return 0;
}
