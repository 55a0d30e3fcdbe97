/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader of TA images: asks the normal world for the file of a UUID
 */
#ifndef SECURE_OPTEE_LOADER_H
#define SECURE_OPTEE_LOADER_H

#include <stdint.h>

struct thread;

/*
 * The image as a memory file that nobody can change, looked at for being a program
 * of this machine. A TEE result: ITEM_NOT_FOUND and others as the normal world
 * says; BAD_FORMAT; SECURITY for a signed image, which this version does not check
 * and therefore does not take; OUT_OF_MEMORY. What a user has to mend is logged.
 */
uint32_t loader_load(struct thread *thread, const uint8_t uuid[16], int *ret_fd);

#endif /* SECURE_OPTEE_LOADER_H */
