/*
 * Numbers and lines, and the small files of the kernel that hold them.  Needs
 * libc only, for both sides.
 */
#ifndef ADDESH_RUNNER_SCAN_H
#define ADDESH_RUNNER_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Decimal, hexadecimal or octal digits of v; returns their number. */
size_t text_number(char *out, uint64_t v, unsigned base);
/* Reads decimal digits at *p and moves it behind them; -1 if there are none. */
int text_scan(const char **p, uint64_t *v);
/* The next line of *p without its newline, or NULL; cuts the text up. */
char *text_line(char **p);
/* Where the first such word is, or NULL: strstr(3) in a fraction of its size,
   for texts of a few lines. */
char *text_find(const char *text, const char *word);
/* The number behind that word and blanks; 0: there is none. */
uint64_t text_number_behind(const char *text, const char *word);
/* The number after KEY and a space at the start of a line; -1: none. */
int text_key(const char *text, const char *key, uint64_t *v);

/* What an open file holds, from its beginning, as a string of at most size - 1
   bytes; -1 with errno. */
ssize_t file_text(int fd, char *buf, size_t size);
/* text_key() of a file. */
int file_key(int fd, const char *key, uint64_t *v);
/* One number; 0, 1 if the file says "max" or -1 ("none"), -1 unknown. */
int file_number(int fd, uint64_t *v);
/* The same of a limit in bytes: v1 says "no limit" with a number beyond all
   memory. */
int file_bytes(int fd, uint64_t *v);

#endif
