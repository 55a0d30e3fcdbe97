/* SPDX-License-Identifier: BSD-2-Clause */
/* Heap memory by the names of QSEE; malloc() and free() are the same */
#ifndef MINK_QSEE_HEAP_H
#define MINK_QSEE_HEAP_H

#include <stdlib.h>

#define qsee_malloc(size) malloc(size)
#define qsee_calloc(n, size) calloc((n), (size))
#define qsee_zalloc(size) calloc(1, (size))
#define qsee_realloc(p, size) realloc((p), (size))
#define qsee_free(p) free(p)

#define QSEE_ZALLOC_TYPE(type) ((type *)calloc(1, sizeof(type)))
#define QSEE_ZALLOC_ARRAY(type, n) ((type *)calloc((n), sizeof(type)))
/* Free, and forget the pointer */
#define QSEE_FREE_PTR(p) \
	do { \
		free(p); \
		(p) = NULL; \
	} while (0)

#endif /* MINK_QSEE_HEAP_H */
