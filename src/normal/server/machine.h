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

struct config;
struct server;

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
};

extern const struct machine_ops echo_machine_ops;
extern const struct machine_ops optee_machine_ops;

#endif /* SERVER_MACHINE_H */
