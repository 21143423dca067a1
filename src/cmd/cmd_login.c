/* Credentials for registries: login, logout. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/call.h"
#include "cmd/table.h"
#include "engine/login.h"
#include "engine/secret.h"
#include "session/session.h"

#define PASSWORD_MAX 65536
#define HUB "docker.io"

/* The registry's domain, the caller's; NULL with err. */
static char *
registry_operand(struct call *c)
{
	return reference_registry(c->argc ? c->argv[0] : HUB, &c->err);
}

static int
find_user(struct call *c, struct auth *a)
{
	struct strbuf name = STRBUF_INIT;
	const char *given = call_str(c, "user");

	if (given)
		strbuf_adds(&name, given);
	else if (call_ask(c, "user name", false, &name))
		return err_hint(&c->err, "name the user:  login -u USER");
	a->username = strbuf_detach(&name);
	if (!*a->username)
		return err_set(&c->err, ERR_USAGE, "the user's name is empty");
	for (const char *s = a->username; *s; s++)
		if (iscntrl((unsigned char)*s))
			return err_set(&c->err, ERR_USAGE,
			    "the user's name has a control character");
	return 0;
}

static int
read_password(struct call *c, struct strbuf *text)
{
	if (isatty(STDIN_FILENO)) {
		err_set(&c->err, ERR_USAGE,
		    "--password-stdin is for a file or a pipe");
		return err_hint(
		    &c->err, "leave it out, and the password is asked for");
	}
	if (c->stdin_taken)
		return err_set(&c->err, ERR_USAGE,
		    "the commands themselves "
		    "come from standard input, not a password");
	if (io_read_all(STDIN_FILENO, text, PASSWORD_MAX, &c->err))
		return err_prefix(&c->err, "the password");
	/* The end of the line is no part of it. */
	if (text->len && text->buf[text->len - 1] == '\n')
		strbuf_truncate(text, text->len - 1);
	if (text->len && text->buf[text->len - 1] == '\r')
		strbuf_truncate(text, text->len - 1);
	return 0;
}

static int
find_password(struct call *c, struct auth *a)
{
	struct strbuf text = STRBUF_INIT;
	int rc;

	/* So that it never moves and leaves a copy. */
	strbuf_grow(&text, PASSWORD_MAX + 1);
	if (call_has(c, "password-stdin")) {
		rc = read_password(c, &text);
	} else {
		rc = call_ask(c, "password", true, &text);
		if (rc && c->err.kind == ERR_USAGE)
			err_hint(&c->err, "hand it over on standard input:  "
					  "login --password-stdin < FILE");
	}
	if (!rc && (!text.len || strlen(text.buf) != text.len))
		rc = err_set(&c->err, ERR_USAGE, "the password is %s",
		    text.len ? "not a text" : "empty");
	if (!rc)
		a->password = xstrdup(text.buf);
	secret_release(&text);
	return rc;
}

static void
put_place(json *j, const struct login_place *place)
{
	json_put_str(j, "helper", place->helper);
	json_put_str(j, "file", place->helper ? NULL : place->file);
}

static void
report_login(struct call *c, const char *domain, const char *user,
    const struct login_place *place)
{
	json *j = call_data(c);

	json_put_str(j, "registry", domain);
	json_put_str(j, "user", user);
	put_place(j, place);
	if (place->helper) {
		call_note(c,
		    "logged in to %s as %s; docker-credential-%s "
		    "keeps the password",
		    domain, user, place->helper);
		return;
	}
	call_note(c, "logged in to %s as %s", domain, user);
	call_warn(c,
	    "the password is in %s, not encrypted; a credential "
	    "helper, named by credsStore there, would keep it safe",
	    place->file);
}

static int
login_exec(struct call *c)
{
	autofree char *domain = registry_operand(c), *user = NULL;
	autovec struct strvec env = STRVEC_INIT;
	struct login_place place = {0};
	struct auth_inputs in;
	struct auth a = {0};
	int rc = -1;

	auth_inputs_here(&in, c->session->engine, &env);
	if (domain && !find_user(c, &a) && !find_password(c, &a)) {
		user = xstrdup(a.username);
		rc = login_verify(c->session->engine, domain, &a, &c->err);
	}
	if (!rc)
		rc = login_store(&a, domain, &in, &place, &c->err);
	if (!rc)
		report_login(c, domain, user, &place);
	auth_release(&a);
	login_place_release(&place);
	return rc;
}

static const struct opt login_opts[] = {
    OPT_STR('u', "user", "USER", "who logs in, else it is asked", COMP_NONE),
    OPT_FLAG(0, "password-stdin", "read the password from standard input"),
    OPT_REFUSED('p', "password",
	"others would see it in the list of processes and in the history; it "
	"is asked for, or --password-stdin reads it"),
    OPT_END,
};

const struct cmd cmd_login = {
    .name = "login",
    .summary = "log in to a registry",
    .help =
	"Tries user and password at REGISTRY, docker.io if none is named, and "
	"keeps them where Docker's or Podman's client does: with the "
	"credential helper that its file names, else in the file itself.\n"
	"The password is asked for without showing it, and is kept nowhere "
	"else.",
    .examples = "login ghcr.io -u me",
    .opts = login_opts,
    .args = {ARG_OPTIONAL("REGISTRY", COMP_NONE)},
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = login_exec,
};

/* Docker's file also counts where the engine is Podman, and so does a
   variable. */
static void
warn_of_rest(struct call *c, char *domain, const struct auth_inputs *in)
{
	struct reference ref = {.domain = domain, .path = (char *)""};
	autoerr struct err ignored = ERR_INIT;
	struct auth a;

	if (auth_find(&a, &ref, in, &ignored) > 0)
		call_warn(c,
		    "credentials for %s are still found elsewhere: "
		    "DOCKER_AUTH_CONFIG, or the file of another client",
		    domain);
	auth_release(&a);
}

static int
logout_exec(struct call *c)
{
	autofree char *domain = registry_operand(c);
	autovec struct strvec env = STRVEC_INIT;
	struct login_place place = {0};
	struct auth_inputs in;
	int found;

	if (!domain)
		return -1;
	auth_inputs_here(&in, c->session->engine, &env);
	found = login_erase(domain, &in, &place, &c->err);
	if (found >= 0) {
		json_put_str(call_data(c), "registry", domain);
		json_put_bool(call_data(c), "removed", found);
		put_place(call_data(c), &place);
		call_note(c,
		    found ? "logged out of %s" : "nothing was kept for %s",
		    domain);
		warn_of_rest(c, domain, &in);
	}
	login_place_release(&place);
	return found < 0 ? -1 : 0;
}

const struct cmd cmd_logout = {
    .name = "logout",
    .summary = "forget the credentials for a registry",
    .help = "Removes what 'login' keeps for REGISTRY, docker.io if none is "
	    "named.",
    .examples = "logout ghcr.io",
    .args = {ARG_OPTIONAL("REGISTRY", COMP_NONE)},
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = logout_exec,
};
