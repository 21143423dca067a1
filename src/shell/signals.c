#include "shell/signals.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/loop.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/terminal.h"

/* Ctrl-C asks; the end of the terminal or of the shell does not ask twice. */
enum { ABANDON = 2 };

static void
take(struct signals *s, int signo)
{
	switch (signo) {
	case SIGINT:
		s->host->interrupted++;
		break;
	case SIGTERM:
	case SIGHUP:
		s->host->terminated = signo;
		s->host->interrupted += ABANDON;
		break;
	case SIGTSTP:
		if (s->editor)
			break;
		output_erase_progress(s->out);
		terminal_stop();
		break;
	default:
		break;
	}
	if (s->editor)
		s->editor(s->arg, signo);
}

static void
on_signal(void *arg, int fd, unsigned events)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		take(arg, info.ssi_signo);
}

void
signals_init(struct signals *s, struct host *host, struct output *out)
{
	sigset_t set;

	memset(s, 0, sizeof(*s));
	s->host = host;
	s->out = out;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->watch = loop_fd_add(host->loop, s->fd, POLLIN, on_signal, s);
}

void
signals_release(struct signals *s)
{
	loop_fd_remove(s->watch);
	close(s->fd);
}
