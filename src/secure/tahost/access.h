/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which memory a TA may touch, and how
 *
 * Its own memory is: the segments of its image, its stack, its heap, and what it
 * got from malloc(). Memory of the world is what the parameters of the current call
 * refer to, as far as they do. Answers come from what the host knows; no memory is
 * touched to find out.
 */
#ifndef TAHOST_ACCESS_H
#define TAHOST_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ta_image;

/*
 * In the template, before it allocates much: where malloc()'s memory begins. A
 * @sanitizer has it all over the place: then the kernel's list of mappings is asked.
 */
void access_init(bool sanitizer);

/* @stack_base: no frame of the TA is above. @image must outlive all calls. */
void access_set_ta(const struct ta_image *image, const void *stack_base);

/*
 * The rules of TEE_CheckMemoryAccessRights() (GPD_SPE_010, 4.11.1) and OP-TEE's two
 * flags more. True for no bytes at all.
 */
bool access_ok(uint32_t flags, const void *buf, size_t size);

#endif /* TAHOST_ACCESS_H */
