/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/tahost/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encoded_size(size_t size)
{
	return (size + 2) / 3 * 4 + 1;
}

void base64_encode(const void *data, size_t size, char *ret)
{
	const uint8_t *in = data;

	for (size_t i = 0; i < size; i += 3) {
		size_t n = size - i < 3 ? size - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= n > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= n > 2 ? in[i + 2] : 0;
		*ret++ = alphabet[bits >> 18];
		*ret++ = alphabet[bits >> 12 & 63];
		*ret++ = n > 1 ? alphabet[bits >> 6 & 63] : '=';
		*ret++ = n > 2 ? alphabet[bits & 63] : '=';
	}
	*ret = '\0';
}

size_t base64_decode(const char *text, void *ret, size_t capacity)
{
	uint8_t *out = ret;
	uint32_t bits = 0;
	unsigned int n_bits = 0;
	size_t n = 0;

	for (; *text && *text != '='; text++) {
		const char *digit = strchr(alphabet, *text);

		if (!digit)
			continue;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		if (n < capacity)
			out[n] = (uint8_t)(bits >> n_bits);
		n++;
	}
	return n;
}
