/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine: one trusted OS with its world and the driver that binds to it
 *
 * One file machine_*.c each. main.c starts those that the configuration enables
 * and ends them in the order of the ops below, all machines through one step
 * before any goes to the next.
 */
#ifndef SERVER_MACHINE_H
#define SERVER_MACHINE_H

#include <stdbool.h>

#include <stddef.h>
#include <stdint.h>

struct config;
struct server;
struct tee_device;

/* An open session; @ctx: serial of its context on @teedev */
struct session_info {
	const struct tee_device *teedev;
	uint64_t ctx;
	uint32_t id;
	uint8_t uuid[16];	/* in RFC 4122 order */
	bool system;
	bool dead;		/* its world died */
};

/* One reference of a driver; @shm: serial on @teedev. Of memory lent to its world, or
 * of a request that a supplicant has taken. */
struct driver_shm_ref {
	const struct tee_device *teedev;
	uint64_t shm;
	bool supplicant;
};

struct machine_ops {
	const char *name;
	bool (*enabled)(const struct config *config);
	/*
	 * Start the world, bind the driver. Says on the log what went wrong. After
	 * a failure *ret_machine, if set, is ended like a started one. @config
	 * outlives the machine.
	 */
	int (*start)(struct server *server, const struct config *config, void **ret_machine);
	/* server.ending is set: nothing that could start again is under way after it. */
	void (*settle)(void *machine);
	/* Clients do not end in time: cut their calls off. */
	void (*cut)(void *machine);
	/* No client and no memory is left: unbind the driver. */
	void (*unbind)(void *machine);
	/* No worker is left: free the rest. */
	void (*free)(void *machine);
	/* For status views; either may be NULL. See session_info, driver_shm_ref. */
	size_t (*get_sessions)(void *machine, struct session_info *infos, size_t max);
	size_t (*get_shm_refs)(void *machine, struct driver_shm_ref *refs, size_t max);
};

/* The machines of this swteed */
#define MAX_MACHINES 8
struct machines {
	struct {
		const struct machine_ops *ops;
		void *machine;
	} v[MAX_MACHINES];
	size_t n;
};

extern const struct machine_ops echo_machine_ops;
extern const struct machine_ops optee_machine_ops;
extern const struct machine_ops qtee_machine_ops;

#endif /* SERVER_MACHINE_H */
