#include "base/arch.h"

#include <strings.h>
#include <sys/utsname.h>

#include "base/xalloc.h"

const char *
arch_name(const char *name)
{
	static const char *const names[][2] = {{"x86_64", "amd64"},
	    {"x86-64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
	    {"armv6l", "arm"}, {"armhf", "arm"}, {"armel", "arm"},
	    {"i386", "386"}, {"i686", "386"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(name, names[i][0]))
			return names[i][1];
	return name;
}

const char *
arch_host(void)
{
	static struct utsname u;

	uname(&u);
	return arch_name(u.machine);
}
