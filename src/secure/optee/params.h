/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters of a TA, decoded from a message
 */
#ifndef SECURE_OPTEE_PARAMS_H
#define SECURE_OPTEE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/optee_msg.h"

#define PARAMS_MAX 4u

/* GP's TEE_PARAM_TYPE_*, in 4 bits each */
enum param_type {
	PARAM_NONE = 0,
	PARAM_VALUE_INPUT = 1,
	PARAM_VALUE_OUTPUT = 2,
	PARAM_VALUE_INOUT = 3,
	PARAM_MEMREF_INPUT = 5,
	PARAM_MEMREF_OUTPUT = 6,
	PARAM_MEMREF_INOUT = 7,
};

#define PARAM_TYPES(t0, t1, t2, t3) ((t0) | (t1) << 4 | (t2) << 8 | (t3) << 12)

struct mobj;
struct thread;

struct ta_param {
	enum param_type type;
	union {
		struct {
			uint32_t a, b;
		} value;
		struct {
			struct mobj *mobj;	/* counted; NULL: no memory, size 0 */
			uint64_t offset;	/* checked against the object */
			uint64_t size;
			uint64_t ret_size;	/* what goes back */
		} mem;
	} u;
};

struct ta_params {
	uint32_t types;		/* PARAM_TYPES() of all */
	bool has_memory;
	bool has_protected;	/* some of it is protected memory */
	struct ta_param p[PARAMS_MAX];
};

/*
 * @n parameters of a private copy of a message. A TEE result; on success
 * params_put() gives the references back, on failure there are none.
 */
uint32_t params_decode(struct thread *thread, const struct optee_msg_param *msg, size_t n,
		       struct ta_params *ret);
void params_put(struct thread *thread, struct ta_params *params);

/* Outputs into the message in shared memory, nothing else. */
void params_write_back(const struct ta_params *params, struct optee_msg_param *msg, size_t n);

static inline bool param_is_memref(const struct ta_param *p)
{
	return p->type >= PARAM_MEMREF_INPUT;
}

static inline bool param_is_output(const struct ta_param *p)
{
	return p->type & 2;
}

/*
 * The bytes of a memref, mapped here. A TEE result: SUCCESS with NULL for no
 * memory, OUT_OF_MEMORY.
 */
uint32_t param_va(struct thread *thread, const struct ta_param *p, uint8_t **ret_va);

#endif /* SECURE_OPTEE_PARAMS_H */
