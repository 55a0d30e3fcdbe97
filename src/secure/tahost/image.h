/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TA images: ELF shared objects made with the development kit
 *
 * image_check() reads the file as bytes and runs nothing of it; image_load() lets the
 * dynamic linker map it, which runs its constructors. A TA may link to the C library
 * that the host has loaded, to nothing else.
 */
#ifndef TAHOST_IMAGE_H
#define TAHOST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tee_api_types.h>
#include <user_ta_header.h>

#include "secure/host/elf_image.h"

struct sandbox;

/* A TA that asks for more stack is refused. */
#define IMAGE_MAX_STACK (64u << 20)

/* What the file says of itself */
struct image_info {
	uint32_t flags;		/* TA_FLAG_* */
	uint32_t stack_size;
	size_t heap_size;
	size_t no_share_heap_size;
};

struct ta_image {
	struct elf_image elf;
	TEE_Result (*create)(void);
	void (*destroy)(void);
	TEE_Result (*open_session)(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx);
	void (*close_session)(void *ctx);
	TEE_Result (*invoke)(void *ctx, uint32_t cmd, uint32_t types,
			     TEE_Param params[TEE_NUM_PARAMS]);
	const struct user_ta_property *props;
	size_t n_props;
	int *trace_level;
	const char *trace_prefix;
};

/*
 * Is the file @fd (stays the caller's) a TA for this host with UUID @uuid (RFC 4122
 * octets)? TEE_SUCCESS and *@ret_info; otherwise *@error says why and the result is
 * TEE_ERROR_BAD_FORMAT (not a TA for this machine), TEE_ERROR_SECURITY (another
 * TA), TEE_ERROR_NOT_SUPPORTED (calls a function that this host lacks) or
 * TEE_ERROR_OUT_OF_MEMORY.
 */
TEE_Result image_check(int fd, const uint8_t uuid[16], struct image_info *ret_info,
		       struct elf_error *error);

/*
 * Load what image_check() found good and described in @info, behind the sandbox.
 * TEE_ERROR_GENERIC without a sandbox.
 */
TEE_Result image_load(const struct sandbox *sandbox, const struct image_info *info,
		      struct ta_image *ret_image, struct elf_error *error);

/* Run its destructors and unmap it. */
void image_unload(struct ta_image *image);

#endif /* TAHOST_IMAGE_H */
