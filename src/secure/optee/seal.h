/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cryptography of trusted storage: AES-256-GCM for what is kept by the normal
 * world, HMAC-SHA256 for keys and names that are derived from others
 *
 * Functions neither keep state nor wait; any thread. They fail only when the
 * library does, for lack of memory.
 */
#ifndef SECURE_OPTEE_SEAL_H
#define SECURE_OPTEE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_SIZE 32u
#define SEAL_NONCE_SIZE 12u
#define SEAL_TAG_SIZE 16u

/* Bytes that are covered by the tag, but not encrypted */
struct seal_aad {
	const void *data;
	size_t size;
};

/* @nonce: never twice under one key. @out: @size bytes, not overlapping. 0, -ENOMEM. */
int seal_encrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
		 struct seal_aad aad, const void *in, void *out, size_t size,
		 uint8_t tag[SEAL_TAG_SIZE]);

/* -EBADMSG: not what was encrypted; @out is then of no use. */
int seal_decrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
		 struct seal_aad aad, const void *in, void *out, size_t size,
		 const uint8_t tag[SEAL_TAG_SIZE]);

/* HMAC-SHA256 over the name of the purpose, with its NUL, and then @data. 0, -ENOMEM. */
int seal_derive(const uint8_t key[SEAL_KEY_SIZE], const char *purpose, const void *data,
		size_t size, uint8_t out[SEAL_KEY_SIZE]);

/* Random bytes that nobody can foretell */
void seal_random(void *out, size_t size);

#endif /* SECURE_OPTEE_SEAL_H */
