#include "work.h"
void files_get(struct work *w) { work_fail(w, 38, "get", NULL); }

