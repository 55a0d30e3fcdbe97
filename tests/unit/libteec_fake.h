/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TEE device inside the test process
 *
 * The test is linked with --wrap for open, ioctl, mmap, munmap and close, so
 * that what libteec asks of the kernel arrives here. The fake keeps a record of
 * the calls in words, holds what the kernel would hold, and counts as misuse
 * what a client must never do: a call on a descriptor that is closed, an id that
 * is gone, memory that is unmapped while it is registered.
 */
#ifndef LIBTEEC_FAKE_H
#define LIBTEEC_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/tee.h"

/* What OPEN_SESSION and INVOKE carried, and what is answered */
struct fake_call {
	unsigned long request;
	uint32_t func;				/* of INVOKE */
	uint32_t session;
	uint8_t uuid[TEE_IOCTL_UUID_LEN];	/* of OPEN_SESSION */
	uint8_t clnt_uuid[TEE_IOCTL_UUID_LEN];
	uint32_t clnt_login;
	uint32_t cancel_id;			/* of both */
	uint64_t buf_len;
	bool on_stack;
	struct tee_ioctl_param *params;
	uint32_t ret;
	uint32_t ret_origin;
};

struct fake_tee {
	/* Set by a test */
	unsigned int device;			/* the N of /dev/teeN that exists */
	struct tee_ioctl_version_data version;
	void (*answer)(struct fake_call *call);	/* NULL: success, nothing changed */
	void (*cancelled)(void);		/* called inside CANCEL */
	const void *read_only;			/* memory that cannot be registered */
	size_t read_only_size;
	int alloc_errno;			/* 0: SHM_ALLOC works */
	int register_errno;			/* 0: SHM_REGISTER works */
	unsigned int fail_at;			/* the call that fails, from 1; 0: none */
	int fail_errno;
	unsigned int fail_count;		/* so many in a row */

	/* For a test to look at */
	char log[8192];				/* the calls, a word each */
	unsigned int n_calls;
	unsigned int n_misuse;
	int open_flags;				/* of the last open */
	uint64_t alloc_size;				/* asked for by the last SHM_ALLOC */
	struct tee_ioctl_shm_register_data registered;	/* the last one */
	struct tee_ioctl_cancel_arg cancel;		/* the last one */
	uint32_t closed_session;			/* the last one */
};

extern struct fake_tee fake;

/* A new device: OP-TEE with REG_MEM and MEMREF_NULL at /dev/tee0, nothing held;
 * what was held is dropped */
void fake_reset(void);

/* Forget the record and the count of calls, keep what is held */
void fake_clear_log(void);

/* Descriptors, mappings and registrations that are held */
unsigned int fake_n_held(void);

/* The memory that a memref parameter refers to, NULL for a NULL reference;
 * aborts for a reference that the kernel would have refused */
uint8_t *fake_memory(const struct tee_ioctl_param *param);

#endif /* LIBTEEC_FAKE_H */
