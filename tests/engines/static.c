/*
 * The only file of the image static:latest: no shell, no libc beside it, no
 * /etc.  It prints its arguments, one a line, and ends with their number.
 */
#include <stdio.h>

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		puts(argv[i]);
	return argc - 1;
}
