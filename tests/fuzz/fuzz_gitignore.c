/* .gitignore of a foreign repository: whatever it holds becomes rules that can
   be read. */
#include "fuzz.h"
#include "pack/ignore.h"
#include "project/gitignore.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct ignore *ig;

	/* More patterns than there may be are an error. */
	if (size > 16384)
		return 0;
	gitignore_translate((const char *)data, size, &text);
	ig = ignore_parse("g", text.buf, text.len, &err);
	require(ig != NULL);
	ignore_path(ig, "a/b.c");
	ignore_free(ig);
	return 0;
}
