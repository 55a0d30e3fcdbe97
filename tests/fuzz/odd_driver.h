/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TEE driver that answers whatever the input says
 *
 * A client and a privileged device. Each op returns an errno, sizes, ids, counts
 * and memory references from the input; but it keeps to what a driver owes the
 * core, and aborts when the core does not keep to what it owes a driver
 * (tee_core.h): checked ranges, memory of the caller's own context, the device
 * context on the way out. One instance for the process.
 */
#ifndef TESTS_FUZZ_ODD_DRIVER_H
#define TESTS_FUZZ_ODD_DRIVER_H

#include "fuzz.h"

struct tee_context;
struct tee_device;

struct odd_devices {
	struct tee_device *client;
	struct tee_device *priv;
};

/*
 * Both devices, which lack what the first bytes of @in say. False when the input
 * has made that fail; then nothing is left.
 */
bool odd_driver_probe(struct fuzz_in *in, struct odd_devices *ret);

/* Something that a driver does by itself: let go of memory, look at all of it. */
void odd_driver_act(void);

/* Every context is closed: let go of everything. Aborts when anything is left. */
void odd_driver_remove(struct odd_devices *devices);

/* The last session number that was given out, 0 for none */
uint32_t odd_driver_last_session(void);

#endif /* TESTS_FUZZ_ODD_DRIVER_H */
