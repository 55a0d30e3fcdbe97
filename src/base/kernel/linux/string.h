/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_STRING_H
#define BASE_KERNEL_LINUX_STRING_H

#if __has_include_next(<linux/string.h>)
#include_next <linux/string.h>
#endif

#include <string.h>

#include <linux/array_size.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/types.h>

/*
 * strscpy(dst, src[, size]): always terminated unless @size is 0. The length copied,
 * or -E2BIG if @src did not fit. At most @size bytes of @src are read. Without
 * @size, @dst is an array.
 */
ssize_t sized_strscpy(char *dst, const char *src, size_t size);
#ifndef strscpy
#define STRSCPY_2_(dst, src) sized_strscpy(dst, src, ARRAY_SIZE(dst))
#define STRSCPY_3_(dst, src, size) sized_strscpy(dst, src, size)
#define STRSCPY_PICK_(a, b, c, name, ...) name
#define strscpy(...) STRSCPY_PICK_(__VA_ARGS__, STRSCPY_3_, STRSCPY_2_, )(__VA_ARGS__)
#endif
/* And the rest of @dst zero, for what goes to another world */
ssize_t strscpy_pad(char *dst, const char *src, size_t size);

/* Copies, to be freed with kfree; NULL for NULL and without memory */
char *__must_check kstrdup(const char *s, gfp_t gfp);
char *__must_check kstrndup(const char *s, size_t max, gfp_t gfp);
void *__must_check kmemdup(const void *src, size_t len, gfp_t gfp);
/* The copy of @len bytes is terminated */
char *__must_check kmemdup_nul(const char *s, size_t len, gfp_t gfp);

/* Not optimised away */
void memzero_explicit(void *s, size_t count);
/* The first byte that is not @c, or NULL */
void *memchr_inv(const void *start, int c, size_t bytes);

static inline bool strstarts(const char *str, const char *prefix)
{
	return strncmp(str, prefix, strlen(prefix)) == 0;
}

static inline size_t str_has_prefix(const char *str, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(str, prefix, len) == 0 ? len : 0;
}

#endif /* BASE_KERNEL_LINUX_STRING_H */
