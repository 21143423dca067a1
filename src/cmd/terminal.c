#include "cmd/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

static struct {
	struct termios usual;
	bool open;
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
	if (terminal.open)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
}

void
terminal_close(void)
{
	terminal_lend();
	terminal.open = false;
}

void
terminal_stop(void)
{
	terminal_lend();
	raise(SIGSTOP);
	terminal_take();
}
