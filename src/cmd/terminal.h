/*
 * The modes of the terminal on stdin while this shell has it.  Between the
 * lines that are read it shows no keys: what is typed while a command runs
 * appears once, at the next prompt, and not in the middle of an output.  Keys
 * that end or stop a program work all the time.
 *
 * A process has one terminal, so its modes are kept here and not handed
 * around.  Before terminal_open(), and where stdin is none, nothing is done.
 */
#ifndef ADDESH_CMD_TERMINAL_H
#define ADDESH_CMD_TERMINAL_H

#include <stdbool.h>

void terminal_open(void);
/* As it was at terminal_open(): for a program of this host, for a question
   that is answered in a line, while the shell is stopped. */
void terminal_lend(void);
/* Ours again, whatever modes it was left in. */
void terminal_take(void);
void terminal_close(void);
/* From now on (or no longer) each key can be read as it is pressed, but for
   Ctrl-C and Ctrl-Z, which stay signals.  Where it is not open it is for so
   long. */
void terminal_use_keys(bool on);
/* For a line that must not be seen, whether or not it is open; false: keys
   cannot be hidden.  terminal_show() brings back what was before. */
bool terminal_hide(void);
void terminal_show(void);
/*
 * Stops the shell, as Ctrl-Z asks for; returns when it goes on.  Where a process
 * of ours has the terminal, only that can put it in order before anybody stops:
 * it stops both of us, since one that stopped later would not be there when the
 * other goes on.
 */
void terminal_stop(void);
enum terminal_stops { STOPS_ITSELF, STOPS_BOTH, STOPS_NOT };
void terminal_set_stops(enum terminal_stops who);

#endif
