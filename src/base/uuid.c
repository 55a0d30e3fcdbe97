/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/uuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_dash(size_t pos)
{
	return pos == 8 || pos == 13 || pos == 18 || pos == 23;
}

char *uuid_to_string(const uint8_t octets[16], char *ret)
{
	static const char hex[] = "0123456789abcdef";
	size_t pos = 0;

	for (size_t i = 0; i < 16; i++) {
		if (is_dash(pos))
			ret[pos++] = '-';
		ret[pos++] = hex[octets[i] >> 4];
		ret[pos++] = hex[octets[i] & 0xf];
	}
	ret[pos] = '\0';
	return ret;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int uuid_from_string(const char *s, uint8_t ret[16])
{
	uint8_t octets[16];
	size_t pos = 0;

	if (strnlen(s, UUID_STRING_LEN + 1) != UUID_STRING_LEN)
		return -EINVAL;
	for (size_t i = 0; i < 16; i++) {
		int hi, lo;

		if (is_dash(pos) && s[pos++] != '-')
			return -EINVAL;
		hi = hex_value(s[pos++]);
		lo = hex_value(s[pos++]);
		if (hi < 0 || lo < 0)
			return -EINVAL;
		octets[i] = (uint8_t)(hi << 4 | lo);
	}
	memcpy(ret, octets, sizeof(octets));
	return 0;
}
