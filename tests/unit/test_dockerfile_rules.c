/* project/dockerfile_rules: what each rule catches, and what it leaves. */
#include "tap.h"

#include "project/dockerfile_rules.h"
#include "session/dockerfile_policy.h"

#define FROM "FROM python:3.11-slim\n"
#define END "USER 1000\n"
#define DOC "FROM scratch\nCOPY <<EOF /compose.yml\n"
#define SCRIPT "FROM busybox:1\nRUN <<EOF\n"

/* A file, and what is found in it: "LINE RULE" each; "" nothing. */
static const struct {
	const char *text, *found;
} cases[] = {
    /* engine-socket */
    {FROM "RUN --mount=type=bind,source=docker.sock,target=/x y\n" END,
	"2 engine-socket"},
    {FROM "RUN --mount=type=bind,source=.,target=/run/docker.sock y\n" END,
	"2 engine-socket"},
    {FROM "ARG S=/var/run/docker.sock\nRUN --mount=source=$S,target=/x y\n"
	END, "2 engine-socket 3 engine-socket"},
    {FROM "RUN curl --unix-socket /run/docker.sock http://x/info\n" END,
	"2 engine-socket"},
    {FROM "RUN [\"curl\", \"--unix-socket\", \"/run/podman/podman.sock\"]\n"
	END, "2 engine-socket"},
    {FROM "RUN [\"sh\", \"-c\", \"nc -U /run/crio/crio.sock\"]\n" END,
	"2 engine-socket"},
    {FROM "RUN docker -H unix:///var/run/docker.sock ps\n" END,
	"2 engine-socket"},
    {FROM "RUN docker run -v /var/run/docker.sock:/x y\n" END,
	"2 engine-socket 2 host-mount"},
    {FROM "RUN ctr -a /run/containerd/containerd.sock i ls\n" END,
	"2 engine-socket"},
    {FROM "ENV D=/run\nENV S=$D/docker.sock\n" END, "3 engine-socket"},
    {FROM "ENV D=/run N=docker\nRUN nc -U ${D}/$N.sock\n" END,
	"3 engine-socket"},
    {FROM "RUN S=docker; nc -U /run/$S.sock\n" END, "2 engine-socket"},
    {FROM "RUN nc -U ${S:-/run/docker.sock}\n" END, "2 engine-socket"},
    {FROM "RUN nc -U /run/dock''er.so\"ck\"\n" END, "2 engine-socket"},
    {FROM "RUN nc -U /run/docker\\.sock\n" END, "2 engine-socket"},
    {FROM "RUN nc -U /run/docker\\\n.sock\n" END, "2 engine-socket"},
    {FROM "RUN nc -U /var/run/d*.sock\n" END, "2 engine-socket"},
    {FROM "RUN nc -U /run/docker.soc?\n" END, "2 engine-socket"},
    {FROM "RUN echo \"$(cat /run/docker.sock)\"\n" END, "2 engine-socket"},
    {FROM "RUN echo `cat /run/docker.sock`\n" END, "2 engine-socket"},
    {FROM "RUN eval 'nc -U' /run/docker.sock\n" END, "2 engine-socket"},
    {FROM "RUN true && (cd / ; cat run/docker.sock)\n" END,
	"2 engine-socket"},
    {FROM "run --mount=type=bind,source=Docker.Sock,target=/x y\n" END,
	"2 engine-socket"},
    {FROM "VOLUME /var/run/docker.sock\n" END, "2 engine-socket"},
    {FROM "VOLUME [\"/run/docker.sock\"]\n" END, "2 engine-socket"},
    {FROM "COPY docker.sock /x\n" END, "2 engine-socket"},
    {FROM "ADD x /var/run/docker.sock\n" END, "2 engine-socket"},
    {FROM "ONBUILD COPY docker.sock /x\n" END, "2 engine-socket"},
    {FROM "ONBUILD RUN nc -U /run/docker.sock\n" END, "2 engine-socket"},
    {FROM "ENV DOCKER_HOST=unix:///var/run/docker.sock\n" END,
	"2 engine-socket"},
    {FROM "ENV DOCKER_HOST tcp://10.0.0.1:2375\n" END, "2 engine-socket"},
    {FROM "RUN DOCKER_HOST=tcp://10.0.0.1:2375 docker ps\n" END,
	"2 engine-socket"},
    {FROM "RUN export DOCKER_HOST=tcp://10.0.0.1:2375\n" END,
	"2 engine-socket"},
    {FROM "RUN docker -H tcp://10.0.0.1:2375 ps\n" END, "2 engine-socket"},
    {FROM "RUN docker -Htcp://10.0.0.1:2375 ps\n" END, "2 engine-socket"},
    {FROM "RUN docker --host=10.0.0.1 ps\n" END, "2 engine-socket"},
    {FROM "RUN podman --remote --url ssh://u@h/x ps\n" END,
	"2 engine-socket"},
    {FROM "RUN buildctl --addr tcp://10.0.0.1 build\n" END,
	"2 engine-socket"},
    {FROM "RUN curl -H 'Accept: x' --url http://x; docker -v\n" END, ""},
    {FROM "CMD curl --unix-socket /run/docker.sock http://x/info\n" END,
	"2 engine-socket"},
    {FROM "HEALTHCHECK CMD test -S /run/docker.sock\n" END,
	"2 engine-socket"},
    {FROM "HEALTHCHECK CMD [\"test\", \"-S\", \"/run/docker.sock\"]\n" END,
	"2 engine-socket"},
    {SCRIPT "set -e\nnc -U /run/docker.sock\nEOF\n" END, "4 engine-socket"},
    {DOC "volumes:\n- /run/docker.sock:/x\nEOF\n" END, "4 engine-socket"},
    {FROM "# /var/run/docker.sock\n  # docker run --privileged\n" END, ""},
    {FROM "RUN a \\\n# /var/run/docker.sock\n  b\n" END, ""},
    {FROM "RUN a # not /var/run/docker.sock\n" END, ""},
    {SCRIPT "# /run/docker.sock\nls # docker run --privileged\nEOF\n" END, ""},
    {DOC "x: 1 # privileged: true\n# - /run/docker.sock:/x\nEOF\n" END, ""},
    {FROM "LABEL d=\"needs no docker.sock\"\n" END, ""},
    {FROM "RUN touch /run/mydocker.sock /run/docker.sock.md\n" END, ""},
    {FROM "RUN rm -f /run/* /var/run/*.pid; ls *\n" END, ""},
    {FROM "ENV DOCKER_HOST=\n" END, ""},
    {FROM "COPY docker.socket.service /etc\n" END, ""},
    /* the line of the command */
    {FROM "RUN a && \\\n  b ; \\\n# c\n\n  nc -U /run/docker.sock\n" END,
	"6 engine-socket"},
    {FROM "RUN a \\\n  -U /run/docker.sock\n" END, "2 engine-socket"},
    {FROM "  run   --mount=type=cache,target=/x \\\n  a; \\\n  cat \"$(a;\\\n"
	  "nc -U /run/docker.sock)\" \n" END, "5 engine-socket"},
    {FROM "HEALTHCHECK --interval=5s \\\n CMD a; \\\n nc -U "
	  "/run/docker.sock\n" END, "4 engine-socket"},
    {FROM "ONBUILD \\\n RUN \\\n nc -U /run/docker.sock\n" END,
	"4 engine-socket"},
    {SCRIPT "a \\\n b\nsh -c '\nnc -U /run/docker.sock'\nEOF\n" END,
	"5 engine-socket"},
    /* privileged */
    {FROM "RUN docker run --privileged x\n" END, "2 privileged"},
    {FROM "RUN docker run --privileged=true x\n" END, "2 privileged"},
    {FROM "RUN docker container run -it --rm --privileged x\n" END,
	"2 privileged"},
    {FROM "RUN sudo -E podman run --privileged x\n" END, "2 privileged"},
    {FROM "RUN a; b && timeout 5 /usr/bin/docker run --privileged x\n" END,
	"2 privileged"},
    {FROM "RUN if true; then docker run --privileged x; fi\n" END,
	"2 privileged"},
    {FROM "RUN [\"docker\", \"run\", \"--privileged\", \"x\"]\n" END,
	"2 privileged"},
    {FROM "RUN bash -exc 'docker run --privileged x'\n" END, "2 privileged"},
    {FROM "RUN X=--privileged; docker run $X x\n" END, "2 privileged"},
    {FROM "ENV X=\"docker run --privileged\"\nRUN $X x\n" END,
	"3 privileged"},
    {FROM "RUN docker run --pid=host x\n" END, "2 privileged"},
    {FROM "RUN docker run --pid host x\n" END, "2 privileged"},
    {FROM "RUN docker run --cap-add SYS_ADMIN x\n" END, "2 privileged"},
    {FROM "RUN docker run --cap-add=ALL x\n" END, "2 privileged"},
    {FROM "RUN docker run --security-opt seccomp=unconfined x\n" END,
	"2 privileged"},
    {FROM "RUN --security=insecure x\n" END, "2 privileged"},
    {FROM "RUN echo 'privileged: true' > c.yml\n" END, "2 privileged"},
    {FROM "RUN echo privileged: true > c.yml\n" END, "2 privileged"},
    {FROM "RUN printf 'a:\\n  privileged:   yes\\n' > c.yml\n" END,
	"2 privileged"},
    {FROM "RUN curl -d '{\"Privileged\": true}' http://x\n" END,
	"2 privileged"},
    {FROM "RUN curl -d \"{\\\"Privileged\\\":true}\" http://x\n" END,
	"2 privileged"},
    {DOC "  privileged: true\nEOF\n" END, "3 privileged"},
    {SCRIPT "cat > x <<E\nprivileged: true\nE\nEOF\n" END, "4 privileged"},
    {FROM "RUN echo \"docker run --privileged is bad\"\n" END, ""},
    {FROM "RUN docker run --privileged=false x\n" END, ""},
    {FROM "RUN grep -- --privileged README\n" END, ""},
    {FROM "RUN echo privileged: false; echo unprivileged: true\n" END, ""},
    {FROM "RUN --security=sandbox x\n" END, ""},
    {DOC "  privileged: false\n  not_privileged: true\nEOF\n" END, ""},
    /* host-network */
    {FROM "RUN --network=host x\n" END, "2 host-network"},
    {FROM "RUN docker run --net=host x\n" END, "2 host-network"},
    {FROM "RUN docker run --network host x\n" END, "2 host-network"},
    {FROM "RUN docker build --network=host .\n" END, "2 host-network"},
    {DOC "  network_mode: \"host\"\nEOF\n" END, "3 host-network"},
    {FROM "RUN --network=none x\n" END, ""},
    {FROM "RUN docker run --network hostnet x\n" END, ""},
    {FROM "RUN x --network host\n" END, ""},
    /* host-mount */
    {FROM "RUN docker run -v /:/host x\n" END, "2 host-mount"},
    {FROM "RUN docker run -v/etc:/x y\n" END, "2 host-mount"},
    {FROM "RUN docker run --volume=$HOME:/x y\n" END, "2 host-mount"},
    {FROM "RUN docker run --mount type=bind,source=/etc,target=/x y\n" END,
	"2 host-mount"},
    {FROM "RUN docker run -v data:/x y; docker -v\n" END, ""},
    {FROM "RUN docker run --mount type=volume,source=d,target=/x y\n" END, ""},
    {FROM "RUN grep -v /etc:/x y\n" END, ""},
    /* secret-mount */
    {FROM "RUN --mount=type=secret,id=npm x\n" END, "2 secret-mount"},
    {FROM "RUN --mount=type=ssh x\n" END, "2 secret-mount"},
    {FROM "ARG T=secret\nRUN --mount=type=$T,id=x y\n" END,
	"3 secret-mount"},
    {FROM "RUN --mount=type=secret,id=given x\n" END, ""},
    {FROM "RUN --mount=type=secret,target=/run/secrets/given x\n" END, ""},
    {FROM "RUN --mount=type=cache,target=/x y\n" END, ""},
    /* add-url */
    {FROM "ADD https://example.org/x.tar.gz /x\n" END, "2 add-url"},
    {FROM "ADD HTTP://example.org/x /x\n" END, "2 add-url"},
    {FROM "ADD a git@github.com:a/b.git /x\n" END, "2 add-url"},
    {FROM "ADD git://example.org/a /x\n" END, "2 add-url"},
    {FROM "ADD github.com/a/b /x\n" END, "2 add-url"},
    {FROM "ADD user@example.org:a/b.git /x\n" END, "2 add-url"},
    {FROM "ARG U=https://example.org\nADD $U/x /x\n" END, "3 add-url"},
    {FROM "ADD [\"https://example.org/x\", \"/x\"]\n" END, "2 add-url"},
    {FROM "ONBUILD ADD https://example.org/x /x\n" END, "2 add-url"},
    {FROM "ADD x.tar.gz https/ a@b /x\n" END, ""},
    {FROM "RUN curl https://example.org/x\n" END, ""},
    {FROM "COPY a http://x/\n" END, ""},
    /* base-image */
    {"FROM forbidden:1\n" END, "1 base-image"},
    {"ARG I=forbidden\nFROM $I:1\n" END, "2 base-image"},
    {FROM "COPY --from=forbidden:2 a /\n" END, "2 base-image"},
    {FROM "RUN --mount=from=forbidden:2,target=/x y\n" END, "2 base-image"},
    {"FROM scratch AS forbidden\nFROM forbidden\n" END, ""},
    /* frontend */
    {"# syntax=evil/frontend:1\n" FROM END, "1 frontend"},
    {"#!/bin/x\n# syntax=evil/frontend:1\n" FROM END, "2 frontend"},
    {"# syntax=localhost:5000/docker/dockerfile:1\n" FROM END, "1 frontend"},
    {"# syntax=docker/dockerfile:1.4\n" FROM END, ""},
    {"# syntax=docker.io/docker/dockerfile-upstream:master\n" FROM END, ""},
    {"# x\n# syntax=evil/frontend:1\n" FROM END, ""},
    /* no-user */
    {FROM, "1 no-user"},
    {FROM "RUN a\nRUN b\n", "3 no-user"},
    {FROM "USER root\n", "2 no-user"},
    {FROM "USER 0\n", "2 no-user"},
    {FROM "USER 00:100\n", "2 no-user"},
    {FROM "USER app\nUSER root\n", "3 no-user"},
    {FROM "ONBUILD USER app\n", "2 no-user"},
    {FROM "USER app\nFROM scratch\n", "3 no-user"},
    {FROM "USER root\nUSER app\n", ""},
    {"FROM python:3 AS base\nUSER app:app\nFROM base\n", ""},
    {FROM "USER rooty\n", ""},
    /* secret-env */
    {FROM "ENV API_TOKEN=x\n" END, "2 secret-env"},
    {FROM "ENV db_password swordfish\n" END, "2 secret-env"},
    {FROM "ARG NPM_TOKEN\n" END, "2 secret-env"},
    {FROM "ARG AWS_SECRET_ACCESS_KEY=x\n" END, "2 secret-env"},
    {FROM "ENV X=AKIAIOSFODNN7EXAMPLE\n" END, "2 secret-env"},
    {FROM "ENV X=ghp_0123456789abcdefghijABCDEFGHIJ\n" END, "2 secret-env"},
    {FROM "ENV X=\"-----BEGIN RSA PRIVATE KEY-----\"\n" END, "2 secret-env"},
    {FROM "ENV X=https://user:word@example.org/\n" END, "2 secret-env"},
    {FROM "ENV API_TOKEN=\n" END, ""},
    {FROM "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D\n" END, ""},
    {FROM "ENV DB_PASSWORD_FILE=/run/secrets/db SSL_KEY=/etc/x.key\n" END,
	""},
    {FROM "ENV PATH=$PATH:/x PUBLIC_KEY=abc\n" END, ""},
    {FROM "LABEL token=x\n" END, ""},
    /* latest-tag */
    {"FROM python\n" END, "1 latest-tag"},
    {"FROM python:latest\n" END, "1 latest-tag"},
    {"FROM localhost:5000/python\n" END, "1 latest-tag"},
    {FROM "COPY --from=busybox a /\n" END, "2 latest-tag"},
    {"ARG T=latest\nFROM python:$T\n" END, "2 latest-tag"},
    {"FROM python@sha256:"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" END,
	""},
    {"FROM scratch\n" END, ""},
    {"FROM python:3 AS latest\nFROM latest\n" END, ""},
    /* what counts */
    {"FROM python:3 AS a\nADD http://x/ /\nFROM scratch\n" END, "2 add-url"},
    {FROM "ADD http://x/ http://y/ /\nADD http://z/ /\n" END,
	"2 add-url 3 add-url"},
};

static int
allow(void *arg, const char *image, struct err *err)
{
	(void)arg;
	return str_starts(image, "forbidden")
	    ? err_set(err, ERR_POLICY, "the image %s is not allowed", image)
	    : 0;
}

static void
add_findings(struct strbuf *out, const char *text, const char *target)
{
	static char *offered[] = {(char *)"given", NULL};
	const struct strvec secrets = {.v = offered, .n = 1};
	const struct dockerfile_options options = {.target = target};
	struct dockerfile_checks checks = {.image = allow, .secrets = &secrets};
	struct dockerfile_findings all = {0};
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d =
	    dockerfile_parse("D", text, strlen(text), &options, &err);

	if (!d) {
		strbuf_adds(out, err.msg.buf);
		return;
	}
	dockerfile_find(d, &checks, &all);
	for (size_t i = 0; i < all.n; i++)
		strbuf_addf(out, "%s%u %s", i ? " " : "", all.v[i].line,
		    dockerfile_rule_names[all.v[i].rule]);
	ok(all.denied == all.n, "all are counted as denied");
	dockerfile_findings_release(&all);
	dockerfile_free(d);
}

static void
test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct strbuf found = STRBUF_INIT;
		autobuf struct strbuf title = STRBUF_INIT;

		for (const char *p = cases[i].text; *p; p++)
			strbuf_addf(&title, *p == '\n' ? "; " : "%c", *p);
		add_findings(&found, cases[i].text, NULL);
		is_str(found.buf, cases[i].found, "%s", title.buf);
	}
}

/* A stage behind the target that it does not need is never built. */
static void
test_target(void)
{
	autobuf struct strbuf found = STRBUF_INIT;

	add_findings(&found,
	    "FROM scratch AS a\nUSER 1\nFROM scratch\nADD http://x /\n", "a");
	is_str(found.buf, "", "a stage behind the target");
}

/* Who mends one of them must know of the others. */
static void
test_all_secrets(void)
{
	static const char text[] =
	    FROM "ENV A_TOKEN=x B=1 DB_PASSWORD=y\n" END;
	struct dockerfile_checks checks = {0};
	struct dockerfile_findings all = {0};
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d =
	    dockerfile_parse("D", text, strlen(text), NULL, &err);

	dockerfile_find(d, &checks, &all);
	is_int(all.n, 1, "one finding for all secrets of an instruction");
	is_str(all.v[0].message, "ENV A_TOKEN, DB_PASSWORD: who has the image "
	    "can read this secret", "names all of them");
	dockerfile_findings_release(&all);
	dockerfile_free(d);
}

/* Nobody reads them all; that something is denied is never lost. */
static void
test_many(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct dockerfile_checks checks = {0};
	struct dockerfile_findings all = {0};
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d;

	for (enum dockerfile_rule i = 0; i < RULE_COUNT; i++)
		checks.severity[i] =
		    i == RULE_PRIVILEGED ? SEVERITY_DENY : SEVERITY_WARN;
	strbuf_adds(&text, "FROM busybox:1\nRUN <<EOF\n");
	for (int i = 0; i < 40000; i++)
		strbuf_adds(&text, "a $(b) /run/docker.sock\n");
	strbuf_adds(&text, "docker run --privileged x\nEOF\nUSER 1\n");
	d = dockerfile_parse("D", text.buf, text.len, NULL, &err);
	dockerfile_find(d, &checks, &all);
	ok(all.n == 1000 && all.denied == 1, "of many findings a thousand");
	is_int(all.v[999].line, 40003, "the one that is denied among them");
	dockerfile_findings_release(&all);
	dockerfile_free(d);
}

/* What hides behind more than is looked through is refused. */
static void
test_hidden(void)
{
	autobuf struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;

	strbuf_adds(&text, "FROM busybox:1\nENV A=");
	for (int i = 0; i < 6000; i++)
		strbuf_adds(&text, "xxxxxxxxxx");
	strbuf_adds(&text, "\nENV D=docker\n");
	for (int i = 0; i < 200; i++)
		strbuf_adds(&text, "RUN x $A\n");
	strbuf_adds(&text, "RUN nc -U /run/$D.sock\nUSER 1\n");
	add_findings(&found, text.buf, NULL);
	ok(str_starts(found.buf, "143 engine-socket"), "many variables: %.40s",
	    found.buf);
	strbuf_reset(&text);
	strbuf_reset(&found);
	strbuf_adds(&text, "FROM busybox:1\nRUN ");
	for (int i = 0; i < 20; i++)
		strbuf_adds(&text, "eval ");
	strbuf_adds(&text, "docker run --privileged x\nUSER 1\n");
	add_findings(&found, text.buf, NULL);
	is_str(found.buf, "2 engine-socket", "scripts in scripts");
}

static void
test_settings(void)
{
	for (enum dockerfile_rule i = 0; i < RULE_COUNT; i++) {
		const struct setting *s =
		    &settings_table[SET_DOCKERFILE_FIRST + i];
		autofree char *path =
		    xasprintf("dockerfile.%s", dockerfile_rule_names[i]);
		autofree char *words = xasprintf("%s|%s|%s",
		    dockerfile_severity_names[SEVERITY_DENY],
		    dockerfile_severity_names[SEVERITY_WARN],
		    dockerfile_severity_names[SEVERITY_OFF]);

		is_str(s->path, path, "the setting of %s", path);
		is_str(s->words, words, "its words");
	}
}

static void
test_policy(void)
{
	static const char text[] = "FROM python\nRUN --network=host x\n"
				   "ADD http://x /y\nUSER 1\n";
	struct policy *p = policy_new();
	autoerr struct err err = ERR_INIT;
	struct dockerfile_findings all;
	struct dockerfile *d =
	    dockerfile_parse("D", text, strlen(text), NULL, &err);

	policy_find(p, d, NULL, &all);
	is_int(all.n, 3, "three findings");
	is_int(all.denied, 2, "two of them denied");
	is_int(policy_may_build(p, &all, "D", &err), -1, "it is refused");
	is_str(err.msg.buf,
	    "D:2: RUN --network=host reaches what listens on the host alone "
	    "(dockerfile.host-network is deny: the default)", "the first");
	ok(strstr(err.hint.buf, "D:3: ADD takes"), "the others are hints");
	dockerfile_findings_release(&all);
	err_clear(&err);
	policy_set(p, "dockerfile.host-network", "off", NULL, &err);
	policy_set(p, "dockerfile.add-url", "warn", NULL, &err);
	policy_set(p, "images", "busybox:*", NULL, &err);
	policy_set(p, "dockerfile.base-image", "warn", NULL, &err);
	policy_find(p, d, NULL, &all);
	is_int(all.n, 3, "the image, its tag and ADD");
	is_int(policy_may_build(p, &all, "D", &err), 0, "it is not refused");
	dockerfile_findings_release(&all);
	dockerfile_free(d);
	policy_free(p);
}

int
main(void)
{
	test_cases();
	test_target();
	test_all_secrets();
	test_many();
	test_hidden();
	test_settings();
	test_policy();
	return done();
}
