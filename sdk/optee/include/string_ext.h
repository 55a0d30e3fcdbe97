/* SPDX-License-Identifier: BSD-2-Clause */
/* String functions of OP-TEE's C library that the host's may lack */
#ifndef STRING_EXT_H
#define STRING_EXT_H

#include <features.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 38)
/* Copy as much as fits with a NUL; returns the length of @src. */
static inline size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

/* Append likewise; returns the length that was tried for. */
static inline size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t used = strnlen(dst, size);

	return used + strlcpy(dst + used, src, size - used);
}
#endif

/* memcmp() whose time depends on @n only */
static inline int consttime_memcmp(const void *p1, const void *p2, size_t n)
{
	const unsigned char *a = (const unsigned char *)p1;
	const unsigned char *b = (const unsigned char *)p2;
	int result = 0;

	/* From the last byte to the first, so that the first difference wins. */
	while (n--) {
		int diff = (int)a[n] - (int)b[n];
		int differs = -(int)(((unsigned int)diff | -(unsigned int)diff) >> 31);

		result = (result & ~differs) | (diff & differs);
	}
	return result;
}

static inline int buf_compare_ct(const void *p1, const void *p2, size_t n)
{
	return consttime_memcmp(p1, p2, n);
}

/* Zero that the compiler does not remove */
static inline void memzero_explicit(void *s, size_t n)
{
	memset(s, 0, n);
	__asm__ volatile("" : : "r"(s) : "memory");
}

#ifdef __cplusplus
}
#endif

#endif /* STRING_EXT_H */
