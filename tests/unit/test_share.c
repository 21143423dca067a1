/* -v and -p of env new. */
#include "sandbox/port.h"
#include "sandbox/volume.h"

#include "tap.h"

static void
volume(const char *text, const char *source, const char *target, bool ro)
{
	autoerr struct err err = ERR_INIT;
	struct volume v;

	if (!ok(!volume_parse(&v, text, &err), "-v %s: %s", text, err.msg.buf))
		return;
	is_str(v.source, source, "source of %s", text);
	is_str(v.target, target, "target of %s", text);
	ok(v.read_only == ro, "%s is %s", text, ro ? "ro" : "rw");
	volume_release(&v);
}

static void
no_volume(const char *text, const char *why)
{
	autoerr struct err err = ERR_INIT;
	struct volume v;

	ok(volume_parse(&v, text, &err) < 0 && err.kind == ERR_USAGE &&
		strstr(err.msg.buf, why),
	    "-v %s is none, %s: %s", text, why, err.msg.buf);
	ok(!v.source && !v.target, "nothing is left of it");
}

static void
port(const char *text, unsigned host, unsigned container, bool udp)
{
	autoerr struct err err = ERR_INIT;
	struct port p;

	ok(!port_parse(&p, text, &err) && p.host == host &&
		p.container == container && p.udp == udp,
	    "-p %s is %u:%u", text, host, container);
}

static void
no_port(const char *text, const char *why)
{
	autoerr struct err err = ERR_INIT;
	struct port p;

	ok(port_parse(&p, text, &err) < 0 && err.kind == ERR_USAGE &&
		strstr(err.msg.buf, why),
	    "-p %s is none, %s: %s", text, why, err.msg.buf);
}

static void
volumes(void)
{
	static const char *const own[] = {"/", "//", "/proc", "/proc/1",
	    "/sys/fs", "/dev", "/dev/shm/x", "/.addesh", "/.addesh/runner",
	    "/tmp", "/tmp/", "/run", "/var", "/var/tmp", "/etc",
	    "/etc//passwd", "/etc/hosts", "/etc/resolv.conf"};

	volume("/a:/b", "/a", "/b", false);
	volume(".:/workspace:ro", ".", "/workspace", true);
	volume("a b:/x//y/:rw", "a b", "/x/y", false);
	volume("/a:/tmp/x", "/a", "/tmp/x", false);
	volume("/a:/etc/app", "/a", "/etc/app", false);
	volume("/a:/procs", "/a", "/procs", false);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		autofree char *text = xasprintf("/a:%s", own[i]);

		no_volume(text, "environment's own");
	}
	no_volume("", "HOSTDIR:PATH");
	no_volume("/a", "HOSTDIR:PATH");
	no_volume(":/a", "HOSTDIR:PATH");
	no_volume("/a:", "HOSTDIR:PATH");
	no_volume("/a:/b:ro:z", "HOSTDIR:PATH");
	no_volume("/a:/b:z", "ro or rw");
	no_volume("/a:/b:", "ro or rw");
	no_volume("/a:b", "no absolute path");
	no_volume("/a:/b/../c", "cannot be a path");
	no_volume("/a:/b/.", "cannot be a path");
	no_volume("/a,dst=/etc:/b", "comma");
	no_volume("/a:/b,ro=false", "comma");
	no_volume("/a\t:/b", "control");
}

static void
ports(void)
{
	port("8080:80", 8080, 80, false);
	port("127.0.0.1:8080:80/tcp", 8080, 80, false);
	port("53:53/udp", 53, 53, true);
	port("80", 0, 80, false);
	port(":80", 0, 80, false);
	port("0:80", 0, 80, false);
	port("127.0.0.1::80", 0, 80, false);
	port("65535:65535", 65535, 65535, false);
	no_port("", "HOST:CONTAINER");
	no_port("80:", "HOST:CONTAINER");
	no_port("0", "no port");
	no_port("80:0", "no port");
	no_port("65536:80", "no port");
	no_port("80:999999999999999999999", "no port");
	no_port("-1:80", "no port");
	no_port("+80", "no port");
	no_port("8000-8010:80", "no port");
	no_port("80/", "tcp or udp");
	no_port("80/sctp", "tcp or udp");
	no_port("80/tcp/udp", "tcp or udp");
	no_port("0.0.0.0:80:80", "127.0.0.1 only");
	no_port("::80:80", "127.0.0.1 only");
	no_port("[::1]:80:80", "127.0.0.1 only");
	no_port("localhost:80:80", "127.0.0.1 only");
}

int
main(void)
{
	volumes();
	ports();
	return done();
}
