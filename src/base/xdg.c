#include "base/xdg.h"

#include <stdlib.h>

#include "base/io.h"

const char *
xdg_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value == '/' ? value : NULL;
}

char *
xdg_config_dir(void)
{
	const char *config = xdg_variable("XDG_CONFIG_HOME");
	const char *home = xdg_variable("HOME");

	if (config)
		return io_join(config, "addesh");
	return home ? io_join(home, ".config/addesh") : NULL;
}
