/*
 * The user's directories as in the XDG Base Directory Specification 0.8:
 * relative values do not count.
 */
#ifndef ADDESH_BASE_XDG_H
#define ADDESH_BASE_XDG_H

/* An absolute path in a variable of the environment, or NULL. */
const char *xdg_variable(const char *name);
/* $XDG_CONFIG_HOME/addesh or ~/.config/addesh; NULL without a home.  The
   caller's. */
char *xdg_config_dir(void);

#endif
