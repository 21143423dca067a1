#include "shell/hostpath.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_NAMES = 2000 };

static bool
is_dir(DIR *d, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN && e->d_type != DT_LNK)
		return e->d_type == DT_DIR;
	return fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

void
hostpath_complete(const char *prefix, bool only_dirs, struct strvec *out)
{
	const char *slash = strrchr(prefix, '/');
	const char *name = slash ? slash + 1 : prefix;
	autofree char *head = xstrndup(prefix, name - prefix);
	DIR *d = opendir(*head ? head : ".");
	const struct dirent *e;

	while (d && (e = readdir(d)) && out->n < MAX_NAMES) {
		bool dir;

		if (!str_starts(e->d_name, name) || strchr(e->d_name, '\n') ||
		    strchr(e->d_name, '\t') ||
		    (e->d_name[0] == '.' && name[0] != '.') ||
		    !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		dir = is_dir(d, e);
		if (dir || !only_dirs)
			strvec_pushf(out, "%s%s%s", head, e->d_name,
			    dir ? "/" : "");
	}
	if (d)
		closedir(d);
}
