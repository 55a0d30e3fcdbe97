/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/seal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"

/* The longest that is derived from: a purpose and an object identifier */
#define MAX_DERIVE 128u

static inline void cipher_free(EVP_CIPHER_CTX *ctx)
{
	EVP_CIPHER_CTX_free(ctx);
}

DEFINE_AUTO(EVP_CIPHER_CTX *, cipher_free);

/* The default nonce size of the cipher is ours. */
static EVP_CIPHER_CTX *cipher_new(const uint8_t *key, const uint8_t *nonce, struct seal_aad aad,
				  int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (!ctx)
		return NULL;
	if (!EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) ||
	    (aad.size && !EVP_CipherUpdate(ctx, NULL, &n, aad.data, (int)aad.size))) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int seal_encrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
		 struct seal_aad aad, const void *in, void *out, size_t size,
		 uint8_t tag[SEAL_TAG_SIZE])
{
	AUTO(cipher_free) EVP_CIPHER_CTX *ctx = cipher_new(key, nonce, aad, 1);
	uint8_t none[SEAL_TAG_SIZE];
	int n;

	if (!ctx || !EVP_CipherUpdate(ctx, out, &n, in, (int)size) ||
	    !EVP_CipherFinal_ex(ctx, none, &n) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_SIZE, tag))
		return -ENOMEM;
	return 0;
}

int seal_decrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
		 struct seal_aad aad, const void *in, void *out, size_t size,
		 const uint8_t tag[SEAL_TAG_SIZE])
{
	AUTO(cipher_free) EVP_CIPHER_CTX *ctx = cipher_new(key, nonce, aad, 0);
	uint8_t want[SEAL_TAG_SIZE], none[SEAL_TAG_SIZE];
	int n;

	/* The library takes a tag that it may write to. */
	memcpy(want, tag, sizeof(want));
	if (!ctx || !EVP_CipherUpdate(ctx, out, &n, in, (int)size) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_SIZE, want))
		return -ENOMEM;
	return EVP_CipherFinal_ex(ctx, none, &n) > 0 ? 0 : -EBADMSG;
}

int seal_derive(const uint8_t key[SEAL_KEY_SIZE], const char *purpose, const void *data,
		size_t size, uint8_t out[SEAL_KEY_SIZE])
{
	uint8_t buf[MAX_DERIVE];
	size_t len = strlen(purpose) + 1;

	if (len > sizeof(buf) || size > sizeof(buf) - len)
		return -EINVAL;
	memcpy(buf, purpose, len);
	if (size)
		memcpy(buf + len, data, size);
	return HMAC(EVP_sha256(), key, SEAL_KEY_SIZE, buf, len + size, out, NULL) ? 0 : -ENOMEM;
}

/* noinline: errno is looked at on one operating system thread (fiber.h). */
__attribute__((noinline)) void seal_random(void *out, size_t size)
{
	uint8_t *at = out;

	while (size) {
		ssize_t n = getrandom(at, size, 0);

		/* Every kernel that swtee runs on has it; without it there is no secret. */
		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
}
