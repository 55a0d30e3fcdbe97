/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeping a world alive
 *
 * A world is watched by its control socket. When it hangs up, a worker tells the
 * driver, starts the world again and lets the driver bring its devices back; a
 * world that dies again and again is given up.
 */
#ifndef SERVER_KEEPER_H
#define SERVER_KEEPER_H

struct keeper;
struct server;
struct smc_conduit;
struct soc_world_config;

struct keeper_ops {
	/* The world is gone, no other is there yet: fail what waits for it. */
	void (*gone)(void *data);
	/* A new world runs: bring the devices back. 0 or negative errno. */
	int (*back)(void *data);
};

/*
 * Starts the world of @config, whose strings stay the caller's and must outlive
 * the keeper. Its death is not yet an event: keeper_watch() makes it one, when
 * the driver is bound.
 */
int keeper_new(struct server *server, const struct soc_world_config *config,
	       const struct keeper_ops *ops, void *data, struct keeper **ret_keeper);
int keeper_watch(struct keeper *keeper);
struct smc_conduit *keeper_get_conduit(struct keeper *keeper);

/* At the end, when server.ending is set: returns when no restart is under way. */
void keeper_settle(struct keeper *keeper);
/* Stop the world with whatever calls it runs. Any thread, after settle. */
void keeper_cut(struct keeper *keeper);
/* Stops the world. Accepts and returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

#endif /* SERVER_KEEPER_H */
