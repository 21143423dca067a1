/* What can stand at the cursor, as far as the session knows it. */
#ifndef ADDESH_CMD_COMPLETE_SESSION_H
#define ADDESH_CMD_COMPLETE_SESSION_H

struct host;

/* Fills in host->complete[]; the shell knows files, commands and variables. */
void complete_session_init(struct host *h);

#endif
