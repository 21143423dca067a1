/* What Tab offers: line with the cursor at |, and the candidates. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mask.h"
#include "cmd/host.h"
#include "shell/complete.h"
#include "tap.h"

static const struct {
	const char *line, *want; /* start:items, each text alone */
} cases[] = {
    {"hel|", "0:help"},
    {"  hel|", "2:help"},
    {"help; hel|", "6:help"},
    {"help && hel|", "8:help"},
    {"time quiet hel|", "11:help"},
    {"hel|p nothing", "0:help"},
    {"nope x|", "5:"},
    {"env |", "4:attach,info,keep,ls,new,reset,rm,use"},
    {"env r|", "4:reset,rm"},
    {"help env n|", "9:new"},
    {"help en|", "5:env"},
    {"help --l|", "5:--list"},
    {"help -- --l|", "8:"},
    {"env new --net|", "8:--net,--network"},
    {"env new --network |", "18:full,none"},
    {"env new --network n|", "18:none"},
    {"env new --network=n|", "8:--network=none"},
    {"env new --privil|", "8:"},
    {"source f|", "7:f1,f2 x"},
    {"source 'f2|", "8:f2 x"},
    {"source \"f|", "8:f1,f2 x"},
    {"source d|", "7:d/"},
    {"source d/|", "7:d/in"},
    {"source .h|", "7:.hidden"},
    {"help > f|", "7:f1,f2 x"},
    {"test --format j|", "14:jest,junit"},
    {"help | f|", "8:"},
    {"run <<EOF f|", "10:f1,f2 x"},
    {"var A=$FI|", "7:FIRST"},
    {"var A=\"x$FI|", "9:FIRST"},
    {"var A='$FI|", "4:"},
    {"var FI|", "4:FIRST="},
    {"help # hel|", "10:"},
};

static void
make_files(void)
{
	static const char *const names[] = {"f1", "f2 x", "d/in", ".hidden"};

	mkdir("d", 0700);
	for (size_t i = 0; i < 4; i++) {
		FILE *f = fopen(names[i], "w");

		if (!f)
			abort();
		fclose(f);
	}
}

static void
remove_files(void)
{
	unlink("f1");
	unlink("f2 x");
	unlink("d/in");
	unlink(".hidden");
	rmdir("d");
}

static void
check(struct host *h, const char *text, const char *want)
{
	autofree char *line = xstrdup(text);
	autobuf struct strbuf got = STRBUF_INIT;
	char *cursor = strrchr(line, '|');
	struct completion c;

	memmove(cursor, cursor + 1, strlen(cursor));
	complete_line(h, line, cursor - line, &c);
	strbuf_addf(&got, "%zu:", c.start);
	for (size_t i = 0; i < c.items.n; i++)
		strbuf_addf(&got, "%s%.*s", i ? "," : "",
		    (int)strcspn(c.items.v[i], "\t"), c.items.v[i]);
	is_str(got.buf, want, "%s", text);
	completion_release(&c);
}

static void
test_common(void)
{
	struct completion c = {.items = STRVEC_INIT};
	autofree char *one = NULL, *two = NULL;

	strvec_push(&c.items, "abé\tfirst");
	one = completion_common(&c);
	is_str(one, "abé", "one candidate, without its description");
	strvec_push(&c.items, "abè");
	two = completion_common(&c);
	is_str(two, "ab", "a common part never ends inside a character");
	completion_release(&c);
}

static const struct {
	const char *in, *out;
} secrets[] = {
    {"run a.py", "run a.py"},
    {"env new -e API_KEY=abc -e X=1", "env new -e API_KEY=*** -e X=1"},
    {"run --env='MY_TOKEN=a b' x", "run --env='MY_TOKEN=***' x"},
    {"env new --token abc x", "env new --token *** x"},
    {"var DB_PASSWORD='a b' c", "var DB_PASSWORD=*** c"},
    {"pull https://me:pw@host/x y", "pull https://***@host/x y"},
    {"pull https://host/a@b", "pull https://host/a@b"},
    {"var KEYS=1 TOKENS=2", "var KEYS=1 TOKENS=2"},
    {"exec curl -H 'Authorization: Bearer x y' z",
	"exec curl -H 'Authorization: ***' z"},
    {"exec curl -H \"PRIVATE-TOKEN: x\" z",
	"exec curl -H \"PRIVATE-TOKEN: ***\" z"},
    {"exec curl -H X-Api-Key:x z", "exec curl -H X-Api-Key:*** z"},
    {"exec curl -u me:pw h", "exec curl -u *** h"},
    {"exec curl --user 'me:p w' h", "exec curl --user *** h"},
    {"exec id -u me:pw", "exec id -u me:pw"},
    {"exec x -d '{\"password\": \"a b\", \"n\": 1}'",
	"exec x -d '{\"password\": \"***\", \"n\": 1}'"},
    {"exec x -d \"{\\\"password\\\":\\\"x\\\"}\"",
	"exec x -d \"{\\\"password\\\":\\\"***\\\"}\""},
    {"def f(password: str):", "def f(password: str):"},
    {"d = {\"token\": token}", "d = {\"token\": token}"},
    {"exec npm_0123456789abcdefghijklmnop x", "exec *** x"},
    {"run -e npm_config_update_notifier=false x",
	"run -e npm_config_update_notifier=false x"},
    {"exec git clone ghp_0123456789abcdefghij x", "exec git clone *** x"},
    {"exec sk-1 task-0123456789abcdefghij",
	"exec sk-1 task-0123456789abcdefghij"},
    {"x Authorization:", "x Authorization:"},
    {"x \"password\":", "x \"password\":"},
    {"x \"password\": \"", "x \"password\": \""},
    {"curl -u ", "curl -u "},
};

static void
test_mask(void)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		autobuf struct strbuf out = STRBUF_INIT;

		mask_secrets(&out, secrets[i].in, strlen(secrets[i].in));
		is_str(out.buf, secrets[i].out, "kept of: %s", secrets[i].in);
	}
}

int
main(void)
{
	char dir[] = "/tmp/addesh-test-XXXXXX";
	struct host h;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	host_init(&h);
	strvec_env_set(&h.vars, "FIRST=1");
	make_files();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&h, cases[i].line, cases[i].want);
	test_common();
	test_mask();
	remove_files();
	rmdir(dir);
	host_release(&h);
	return done();
}
