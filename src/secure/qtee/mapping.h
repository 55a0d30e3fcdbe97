/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory objects, mapped (7)
 *
 * Only the driver knows what memory an object is: it is asked through the primordial
 * object, and answers with an address and with another object, which keeps the memory
 * there. The mapping ends when that is released; the client's own may be long gone.
 */
#ifndef SECURE_QTEE_MAPPING_H
#define SECURE_QTEE_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct object;

/* As much as is mapped at once */
#define MAPPING_MAX_SIZE ((uint64_t)1 << 30)

/*
 * Ask for @memory (borrowed) to be mapped. An object that keeps it so, with one
 * reference; it does nothing else. Also what the driver answers; BADOBJ for what is no
 * object of the normal world, MEM for memory that this world may not see.
 */
int32_t mapping_new(struct call *call, struct object *memory, struct object **ret_mapping);

/*
 * The bytes, mapped here until the object goes: MEM when they cannot be. They can change
 * at any time.
 */
int32_t mapping_bytes(struct object *mapping, const uint8_t **ret_data, size_t *ret_size);

/* For a TA host: where the memory is in a file that may be handed on */
struct mapping_share {
	int fd;			/* the receiver's; read only when @write is not set */
	uint64_t fd_offset;
	uint64_t size;
	bool write;
};
int32_t mapping_get_share(struct object *mapping, struct mapping_share *ret);

#endif /* SECURE_QTEE_MAPPING_H */
