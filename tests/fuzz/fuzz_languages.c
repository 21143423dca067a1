/* Files of languages; what they say is then used. */
#include <sys/mman.h>

#include <stdio.h>

#include "base/io.h"
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
	languages_by_image(ls, "docker.io/library/python:3@sha256:0");
	languages_free(ls);
	return 0;
}
