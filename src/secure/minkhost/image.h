/* SPDX-License-Identifier: BSD-2-Clause */
/* Mink TA images: what the kit (sdk/mink) puts into them, and what their authors have to */
#ifndef MINKHOST_IMAGE_H
#define MINKHOST_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include <mink_ta_head.h>
#include <object.h>

#include "secure/host/elf_image.h"

struct sandbox;

#define IMAGE_MIN_STACK ((size_t)64 << 10)
#define IMAGE_MAX_STACK ((size_t)16 << 20)

/* What IAppLoader says of a file that it does not load (6.6) */
#define APP_LOADER_ERROR_INVALID_BUFFER 10
#define APP_LOADER_ERROR_ELF_SIGNATURE_ERROR 12
#define APP_LOADER_ERROR_METADATA_INVALID 13
#define APP_LOADER_ERROR_NO_NAME_IN_METADATA 15
#define APP_LOADER_ERROR_TA_APP_REGION_MALLOC_FAILURE 19

struct image_info {
	char name[MINK_TA_NAME_MAX];
	size_t stack_size;
};

/*
 * Is the file @fd a TA for this host? Object_OK and *@ret_info, or what the loader
 * says; then *@error says why, for a person.
 */
int32_t image_check(int fd, struct image_info *ret_info, struct elf_error *error);
/* Load what was found good, behind the sandbox. Results as above. */
int32_t image_load(const struct sandbox *sandbox, struct elf_image *ret_image,
		   struct elf_error *error);

/* Entry points of the TA that is loaded (qsee_ta_entry.h) */
void image_app_init(void);
int32_t image_get_app_object(Object credentials, Object *ret_object);
void image_app_shutdown(void);

#endif /* MINKHOST_IMAGE_H */
