#include "cmd/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

static struct {
	struct termios usual;
	struct termios shown; /* what terminal_hide() found */
	bool open;
	bool keys; /* terminal_use_keys() */
	bool borrowed; /* open for that alone */
	enum terminal_stops stops;
} terminal;

void
terminal_open(void)
{
	terminal.open = tcgetattr(STDIN_FILENO, &terminal.usual) == 0;
	terminal_take();
}

void
terminal_lend(void)
{
	if (terminal.open)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.usual);
}

void
terminal_take(void)
{
	struct termios ours = terminal.usual;

	ours.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	if (terminal.keys) {
		ours.c_lflag &= ~(tcflag_t)(ICANON | IEXTEN);
		ours.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR);
		ours.c_cc[VQUIT] = _POSIX_VDISABLE;
		ours.c_cc[VMIN] = 1;
		ours.c_cc[VTIME] = 0;
	}
	if (terminal.open)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
}

void
terminal_use_keys(bool on)
{
	if (on && !terminal.open) {
		terminal_open();
		terminal.borrowed = terminal.open;
	}
	terminal.keys = on;
	terminal_take();
	if (!on && terminal.borrowed)
		terminal_close();
}

bool
terminal_hide(void)
{
	struct termios hidden;

	if (tcgetattr(STDIN_FILENO, &terminal.shown))
		return false;
	hidden = terminal.shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	hidden.c_lflag |= ICANON | ISIG;
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

void
terminal_show(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.shown);
}

void
terminal_close(void)
{
	terminal_lend();
	terminal.open = terminal.keys = terminal.borrowed = false;
}

void
terminal_stop(void)
{
	if (terminal.stops == STOPS_NOT)
		return;
	terminal_lend();
	if (terminal.stops == STOPS_BOTH)
		kill(0, SIGSTOP);
	else
		raise(SIGSTOP);
	terminal_take();
}

void
terminal_set_stops(enum terminal_stops who)
{
	terminal.stops = who;
}
