/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 (RFC 4648), the text form of binary block properties */
#ifndef TAHOST_BASE64_H
#define TAHOST_BASE64_H

#include <stddef.h>

/* Characters that @size bytes become, NUL included */
size_t base64_encoded_size(size_t size);

/* @ret holds base64_encoded_size(@size) bytes. */
void base64_encode(const void *data, size_t size, char *ret);

/*
 * Decode as far as the first "=" or the end; characters of no meaning are skipped
 * (GPD_SPE_010, 4.4). @ret holds @capacity bytes and may be NULL with 0. Returns how
 * many bytes the text stands for; more than @capacity are counted, not stored.
 */
size_t base64_decode(const char *text, void *ret, size_t capacity);

#endif /* TAHOST_BASE64_H */
