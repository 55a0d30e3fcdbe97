/* SPDX-License-Identifier: BSD-2-Clause */
#include "keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/log.h"
#include "machine/soc/world.h"
#include "server.h"

/* A world that dies so often in so short a time is not started again. */
#define MAX_QUICK_DEATHS 5
#define QUICK_DEATH_SECONDS 2

struct keeper {
	struct worker_job job;		/* the restart */
	bool restarting;		/* guarded by server.lock */
	struct server *server;
	const struct keeper_ops *ops;
	void *data;
	const char *name;
	struct soc_world *world;
	loop_id world_id;
	unsigned int quick_deaths;
	struct timespec started;
};

static void on_world_event(void *data, uint32_t events)
{
	struct keeper *keeper = data;
	struct server *server = keeper->server;

	/* A world sends nothing after its start: bytes are as bad as a hang-up. */
	loop_remove(server->loop, keeper->world_id);
	keeper->world_id = 0;
	if (server->ending)
		return;
	pthread_mutex_lock(&server->lock);
	keeper->restarting = true;
	pthread_mutex_unlock(&server->lock);
	worker_run(server->workers, &keeper->job);
}

int keeper_watch(struct keeper *keeper)
{
	return loop_add(keeper->server->loop, soc_world_get_fd(keeper->world),
			EPOLLIN | EPOLLRDHUP, on_world_event, keeper, &keeper->world_id);
}

static bool dies_too_often(struct keeper *keeper)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - keeper->started.tv_sec > QUICK_DEATH_SECONDS)
		keeper->quick_deaths = 0;
	keeper->started = now;
	return ++keeper->quick_deaths > MAX_QUICK_DEATHS;
}

static void restart_world(struct keeper *keeper)
{
	int r;

	log_warn("the %s world ended; its sessions are lost", keeper->name);
	soc_world_stop(keeper->world);
	/* Before a new one can be taken for the old one */
	keeper->ops->gone(keeper->data);
	if (dies_too_often(keeper)) {
		log_error("the %s world dies again and again: not started any more; look for "
			  "its messages above", keeper->name);
		return;
	}
	r = soc_world_start(keeper->world);
	if (r == 0)
		r = keeper_watch(keeper);
	if (r == 0)
		r = keeper->ops->back(keeper->data);
	if (r < 0)
		log_error("cannot bring the %s world back: %s", keeper->name, strerror(-r));
	else
		log_warn("the %s world is back", keeper->name);
}

static void restart_job(struct worker_job *job)
{
	struct keeper *keeper = (struct keeper *)job;
	struct server *server = keeper->server;

	restart_world(keeper);
	pthread_mutex_lock(&server->lock);
	keeper->restarting = false;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

int keeper_new(struct server *server, const struct soc_world_config *config,
	       const struct keeper_ops *ops, void *data, struct keeper **ret_keeper)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (!keeper)
		return -ENOMEM;
	keeper->job.fn = restart_job;
	keeper->server = server;
	keeper->ops = ops;
	keeper->data = data;
	keeper->name = config->name;
	r = soc_world_new(server->mem, config, &keeper->world);
	if (r < 0)
		goto err_free;
	clock_gettime(CLOCK_MONOTONIC, &keeper->started);
	r = soc_world_start(keeper->world);
	if (r < 0)
		goto err_world;
	*ret_keeper = keeper;
	return 0;

err_world:
	soc_world_free(keeper->world);
err_free:
	free(keeper);
	return r;
}

struct smc_conduit *keeper_get_conduit(struct keeper *keeper)
{
	return soc_world_get_conduit(keeper->world);
}

void keeper_settle(struct keeper *keeper)
{
	struct server *server = keeper->server;

	pthread_mutex_lock(&server->lock);
	while (keeper->restarting)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

void keeper_cut(struct keeper *keeper)
{
	log_warn("a trusted application does not end: stopping the %s world", keeper->name);
	loop_remove(keeper->server->loop, keeper->world_id);
	keeper->world_id = 0;
	soc_world_stop(keeper->world);
}

struct keeper *keeper_free(struct keeper *keeper)
{
	if (keeper) {
		loop_remove(keeper->server->loop, keeper->world_id);
		soc_world_free(keeper->world);
		free(keeper);
	}
	return NULL;
}
