/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership by scope
 *
 * AUTO(fn) destroys a local at scope exit, STEAL() hands it over on the success
 * line. Destructors accept the empty value (NULL, -1).
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <stdlib.h>
#include <unistd.h>

/* A destructor of type *p becomes usable as AUTO(fn): fn(x) on leaving scope */
#define DEFINE_AUTO(type, fn) \
	static inline void fn##_auto(type *p) \
	{ \
		(void)fn(*p); \
	} \
	struct auto_semicolon_##fn

#define AUTO(fn) __attribute__((cleanup(fn##_auto)))

/* The value, leaving the empty one behind */
#define STEAL(p) \
	({ \
		__typeof__(p) steal_value_ = (p); \
		(p) = NULL; \
		steal_value_; \
	})

static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

/* Close if open; returns -1 so that `fd = close_fd(fd)` reads well. Keeps errno. */
int close_fd(int fd);

static inline void free_ptr(void *p)
{
	free(p);
}

DEFINE_AUTO(int, close_fd);

static inline void auto_free(void *p)
{
	free(*(void **)p);
}
#define AUTO_FREE __attribute__((cleanup(auto_free)))

#endif /* BASE_AUTO_H */
