/*
 * Allocation that cannot fail (it aborts, as nothing useful can be done
 * without memory in a shell), and scope-bound cleanup.
 */
#ifndef ADDESH_BASE_XALLOC_H
#define ADDESH_BASE_XALLOC_H

#include <stddef.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* All return memory of the caller's, to be freed with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size); /* zeroed; checks the product */
void *xreallocarray(void *p, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Makes room for one more element in an array of count with capacity *cap. */
#define GROW(array, count, cap)                                                \
	do {                                                                   \
		if ((count) == *(cap)) {                                       \
			*(cap) = *(cap) ? *(cap)*2 : 8;                        \
			(array) =                                              \
			    xreallocarray((array), *(cap), sizeof(*(array)));  \
		}                                                              \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Hands over what a cleanup variable holds: `return steal(&p);` */
#define steal(pp)                                                              \
	({                                                                     \
		__typeof__(*(pp)) stolen_ = *(pp);                             \
		*(pp) = NULL;                                                  \
		stolen_;                                                       \
	})
#define steal_fd(pp)                                                           \
	({                                                                     \
		int stolen_ = *(pp);                                           \
		*(pp) = -1;                                                    \
		stolen_;                                                       \
	})

static inline void
cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void
cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* `autofree char *s = ...;`  `autoclose int fd = -1;` */
#define autofree __attribute__((cleanup(cleanup_free_)))
#define autoclose __attribute__((cleanup(cleanup_close_)))

#endif
