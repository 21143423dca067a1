/*
 * What was typed, in $XDG_STATE_HOME/addesh/history (ADDESH_HISTFILE names
 * another file; empty: none).  One JSON object per line:
 *
 *   {"t":1790000000,"cwd":"9f86d081","status":0,"text":"run main.py"}
 *
 * t is in seconds since the epoch, cwd a hash of the directory.  Lines are
 * appended under a lock, so that sessions do not overwrite each other.  A
 * command that begins with a space is not kept; passwords, tokens and keys are
 * masked (or as the setting history.redact says); of a text over 4 KiB only the
 * first line is kept.
 */
#ifndef ADDESH_SHELL_HISTORY_H
#define ADDESH_SHELL_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secrets.h"
#include "base/strvec.h"

/* What becomes of a text that holds secrets, in the order of the words of the
   setting history.redact. */
enum history_secrets { HISTORY_KEEP, HISTORY_REMOVE, HISTORY_MASK };

/* Where the file is, the caller's; NULL: there is to be none. */
char *history_path(void);
/*
 * Adds the last max texts, the oldest first; a file that is not there has none.
 * One that has grown to twice as many is cut back.  path may be NULL.
 */
void history_load(struct strvec *texts, const char *path, size_t max);
/*
 * Appends text (its last newline excluded).  False if such a text is not to be
 * kept anywhere.  A file that cannot be written is no reason to disturb
 * anybody.  path may be NULL.  known: see base/secrets.h; may be NULL.
 */
bool history_append(const char *path, const char *text, int status,
    enum history_secrets secrets, const struct secrets *known);

#endif
