/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device nodes: a listening socket <runtime dir>/<name> for each device, and
 * <runtime dir>/dma_heap/<name> for each heap
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-heap.h>

#include "access.h"
#include "activation.h"
#include "base/auto.h"
#include "base/log.h"
#include "normal/platform.h"
#include "normal/tee/tee_core.h"

#define BACKLOG 128

struct node {
	struct server *server;
	struct node *next;
	struct tee_device *teedev;	/* or */
	struct dma_heap *heap;		/* or */
	struct platform_misc *misc;
	int fd;
	loop_id id;
	bool bound;	/* by us, not passed to us */
};

static const char *node_name(const struct node *node)
{
	if (node->misc)
		return node->misc->name;
	return node->heap ? dma_heap_get_name(node->heap) : node->teedev->name;
}

/* How long the loop leaves the other clients alone when nothing else helps */
#define NO_FILES_PAUSE_NS 1000000

/*
 * No descriptor is left. Whoever connected would wait, and the socket would be ready
 * for ever: the spare descriptor goes for the moment in which they are told.
 */
static void refuse_one(struct node *node)
{
	static const struct timespec pause = { .tv_nsec = NO_FILES_PAUSE_NS };
	struct server *server = node->server;
	int fd;

	log_warn_ratelimited("no descriptor is left for an open of %s; see ulimit -n and section "
			     "[limits] of the configuration", node_name(node));
	server->spare_fd = close_fd(server->spare_fd);
	fd = accept4(node->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		file_refuse(fd, -ENFILE);
	else
		nanosleep(&pause, NULL);
	node_keep_spare(server);
}

static void on_connect(void *data, uint32_t events)
{
	struct node *node = data;
	int fd;

	/* What waits at a socket of others is for whoever serves it next. */
	if (node->server->ending && !node->bound) {
		loop_remove(node->server->loop, node->id);
		return;
	}
	fd = accept4(node->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			refuse_one(node);
		else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			log_warn_ratelimited("cannot accept an open of %s: %s",
					     node_name(node), strerror(errno));
		return;
	}
	if (node->misc)
		file_accept_misc(node->server, node->misc, fd);
	else if (node->heap)
		file_accept_heap(node->server, node->heap, fd);
	else
		file_accept(node->server, node->teedev, fd);
}

static int node_path(struct server *server, const char *name, struct sockaddr_un *addr)
{
	int n;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/%s", server->runtime_dir, name);
	return n < 0 || (size_t)n >= sizeof(addr->sun_path) ? -ENAMETOOLONG : 0;
}

static int listen_at(const struct sockaddr_un *addr, const struct access_rule *rule)
{
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	/* A socket left by an instance that was killed; ours is the directory. */
	(void)unlink(addr->sun_path);
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return -errno;
	/* Nobody gets in before the rule holds: there is no listen() yet. */
	r = access_apply(rule, addr->sun_path);
	if (r == 0 && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(addr->sun_path);
		return r;
	}
	return steal_fd(&fd);
}

int node_socket(struct server *server, const char *name, const struct access_rule *rule,
		bool *ret_bound)
{
	struct sockaddr_un addr;
	int r = node_path(server, name, &addr);

	*ret_bound = false;
	if (r < 0)
		return r;
	r = activation_take(server->activation, name);
	if (r >= 0)
		return r;
	*ret_bound = true;
	return listen_at(&addr, rule);
}

void node_remove_socket(struct server *server, const char *name)
{
	struct sockaddr_un addr;

	if (node_path(server, name, &addr) == 0)
		(void)unlink(addr.sun_path);
}

size_t node_get_devices(struct server *server, struct tee_device **devices, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&server->lock);
	for (struct node *node = server->nodes; node && n < max; node = node->next) {
		if (node->teedev && tee_device_get(node->teedev))
			devices[n++] = node->teedev;
	}
	pthread_mutex_unlock(&server->lock);
	return n;
}

void node_keep_spare(struct server *server)
{
	if (server->spare_fd < 0)
		server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void node_unlist(struct node *node)
{
	struct server *server = node->server;

	pthread_mutex_lock(&server->lock);
	for (struct node **p = &server->nodes; *p; p = &(*p)->next) {
		if (*p == node) {
			*p = node->next;
			break;
		}
	}
	pthread_mutex_unlock(&server->lock);
}

/* Its name in the runtime directory */
static void node_file(const struct node *node, char name[NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%s%s", node->heap ? FRONT_HEAP_DIR "/" : "",
		 node_name(node));
}

/* Heaps are for clients. */
static const struct access_rule *node_rule(const struct node *node)
{
	bool privileged = node->teedev && (node->teedev->desc->flags & TEE_DESC_PRIVILEGED);

	return privileged ? &node->server->access->priv : &node->server->access->client;
}

/* Away with the socket; one that was passed to us stays where it is. */
static void node_close(struct node *node)
{
	char name[NAME_MAX + 1];

	if (node->bound) {
		node_file(node, name);
		node_remove_socket(node->server, name);
	}
	node->fd = close_fd(node->fd);
}

/* From the first moment that it may be opened it is in the list. */
static int node_start(struct node *node)
{
	struct server *server = node->server;
	char name[NAME_MAX + 1];
	int r;

	node_file(node, name);
	node->fd = node_socket(server, name, node_rule(node), &node->bound);
	if (node->fd < 0)
		return node->fd;
	pthread_mutex_lock(&server->lock);
	node->next = server->nodes;
	server->nodes = node;
	pthread_mutex_unlock(&server->lock);
	r = loop_add(server->loop, node->fd, EPOLLIN, on_connect, node, &node->id);
	if (r < 0) {
		node_unlist(node);
		node_close(node);
	}
	return r;
}

static void node_stop(struct node *node)
{
	loop_remove(node->server->loop, node->id);
	node_unlist(node);
	node_close(node);
	free(node);
}

int node_publish(struct server *server, struct tee_device *teedev)
{
	struct node *node = calloc(1, sizeof(*node));
	int r;

	if (!node)
		return -ENOMEM;
	node->server = server;
	node->teedev = teedev;
	r = sysfs_add(server, teedev);
	if (r < 0)
		goto err_free;
	r = node_start(node);
	if (r < 0)
		goto err_sysfs;
	teedev->platform = node;
	return 0;

err_sysfs:
	sysfs_remove(server, teedev);
err_free:
	log_error("cannot make the node %s in %s: %s", teedev->name, server->runtime_dir,
		  strerror(-r));
	free(node);
	return r;
}

void node_withdraw(struct server *server, struct tee_device *teedev)
{
	struct node *node = teedev->platform;

	if (!node)
		return;
	node_stop(node);
	teedev->platform = NULL;
	sysfs_remove(server, teedev);
}

static bool misc_name_taken(struct server *server, const char *name)
{
	struct node *node;

	pthread_mutex_lock(&server->lock);
	for (node = server->nodes; node; node = node->next) {
		if (node->misc && !strcmp(node->misc->name, name))
			break;
	}
	pthread_mutex_unlock(&server->lock);
	return node;
}

int node_publish_misc(struct server *server, struct platform_misc *misc)
{
	struct node *node;
	int r;

	if (misc_name_taken(server, misc->name))
		return -EEXIST;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->server = server;
	node->misc = misc;
	misc->platform = node;
	r = node_start(node);
	if (r < 0) {
		log_error("cannot make the node %s in %s: %s", misc->name, server->runtime_dir,
			  strerror(-r));
		free(node);
	}
	return r;
}

void node_withdraw_misc(struct server *server, struct platform_misc *misc)
{
	node_stop(misc->platform);
}

static int heap_dir_path(const struct server *server, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/" FRONT_HEAP_DIR, server->runtime_dir);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int node_publish_heap(struct server *server, struct dma_heap *heap)
{
	struct node *node = calloc(1, sizeof(*node));
	char dir[PATH_MAX];
	int r;

	if (!node)
		return -ENOMEM;
	node->server = server;
	node->heap = heap;
	r = heap_dir_path(server, dir, sizeof(dir));
	if (r == 0 && mkdir(dir, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = node_start(node);
	if (r < 0) {
		log_error("cannot make the node " FRONT_HEAP_DIR "/%s in %s: %s",
			  dma_heap_get_name(heap), server->runtime_dir, strerror(-r));
		free(node);
	}
	return r;
}

void node_withdraw_heaps(struct server *server)
{
	char dir[PATH_MAX];
	struct node *node;

	do {
		pthread_mutex_lock(&server->lock);
		for (node = server->nodes; node && !node->heap; node = node->next)
			;
		pthread_mutex_unlock(&server->lock);
		if (node)
			node_stop(node);
	} while (node);
	if (heap_dir_path(server, dir, sizeof(dir)) == 0)
		(void)rmdir(dir);
}
