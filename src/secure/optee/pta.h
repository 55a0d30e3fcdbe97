/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo TAs: services that are part of the trusted OS
 */
#ifndef SECURE_OPTEE_PTA_H
#define SECURE_OPTEE_PTA_H

#include <stdatomic.h>
#include <stdint.h>

#include "secure/optee/sync.h"

struct session;
struct ta_params;
struct thread;

struct pta {
	uint8_t uuid[16];
	uint32_t flags;		/* TA_FLAG_*; all have PTA_FLAGS */
	/* TEE results, whose origin is the TA. open may be NULL: everybody may. */
	uint32_t (*open)(struct thread *thread, struct session *session,
			 struct ta_params *params);
	uint32_t (*invoke)(struct thread *thread, struct session *session, uint32_t cmd,
			   struct ta_params *params);
};

#define PTA_FLAGS \
	(TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION | TA_FLAG_INSTANCE_KEEP_ALIVE)

/* All of them, from 0 on; NULL behind the last. */
const struct pta *pta_get(unsigned int i);

/* pta_device.c: what the normal world's driver enumerates */
extern const struct pta pta_device;
/* pta_tests.c */
extern const struct pta pta_invoke_tests;

/* What the commands of pta_invoke_tests share */
struct pta_tests {
	struct srwlock lock;
	_Atomic uint32_t waiting_readers, waiting_writers;
	_Atomic uint32_t inside_readers, inside_writers;
	uint64_t count, double_count;	/* guarded by lock */
};

void pta_tests_init(struct pta_tests *tests);
void pta_tests_deinit(struct pta_tests *tests);

#endif /* SECURE_OPTEE_PTA_H */
