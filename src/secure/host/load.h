/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading the image of a TA behind the sandbox */
#ifndef SECURE_HOST_LOAD_H
#define SECURE_HOST_LOAD_H

#include <stddef.h>

struct elf_error;
struct elf_image;
struct sandbox;

/*
 * Put the sandbox up and load the file HOST_FD_IMAGE, which was found good, with
 * @stack_size for the main thread. 0, an errno of elf_load(), or -EPERM when there is
 * no sandbox: then the TA must not run. *@error tells a person.
 */
int load_image(const struct sandbox *sandbox, size_t stack_size, struct elf_image *ret_image,
	       struct elf_error *error);

#endif /* SECURE_HOST_LOAD_H */
