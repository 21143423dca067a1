#include "work.h"
void files_reset(struct work *w) { work_fail(w, 38, "get", NULL); }
