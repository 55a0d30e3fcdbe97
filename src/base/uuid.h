/* SPDX-License-Identifier: BSD-2-Clause */
/* UUIDs as 16 octets in RFC 4122 order (the order in which the text is printed) */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdint.h>

#define UUID_STRING_LEN 36

/* @ret holds UUID_STRING_LEN + 1 bytes; lower case. Returns @ret. */
char *uuid_to_string(const uint8_t octets[16], char *ret);

/* Exactly the 36-character form, either case; -EINVAL otherwise. */
int uuid_from_string(const char *s, uint8_t ret[16]);

#endif /* BASE_UUID_H */
