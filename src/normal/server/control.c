/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection goes through three states, and in each somebody owns it: READING, the
 * loop; BUILDING, a worker, while the loop does not watch it; WRITING, the loop again,
 * from the moment at which it first finds the connection writable. The lock guards the
 * list and the states. Lock order: the loop's, then ours.
 */
#include "control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/control.h"
#include "access.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "server.h"
#include "status.h"
#include "worker.h"

/* So many at once; the oldest makes room. */
#define MAX_CONNECTIONS 32

enum state {
	READING,
	BUILDING,
	WRITING,
};

struct connection {
	struct worker_job job;
	struct control *control;
	struct connection *next, **prev;	/* newest first */
	enum state state;
	int fd;
	loop_id id;
	uint32_t what;
	char *text;
	size_t size, done;
	bool has_head;		/* the reply is sent, the text follows */
};

struct control {
	struct server *server;
	const struct machines *machines;
	int fd;
	bool bound;
	loop_id id;
	pthread_mutex_t lock;
	pthread_cond_t built;
	struct connection *connections;
	size_t n_connections, n_building;
};

static void connection_unlink_locked(struct connection *conn)
{
	*conn->prev = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	conn->control->n_connections--;
}

static void connection_free(struct connection *conn)
{
	close_fd(conn->fd);
	free(conn->text);
	free(conn);
}

/* In the loop's thread, not while it is BUILDING. */
static void connection_end(struct connection *conn)
{
	struct control *control = conn->control;

	loop_remove(control->server->loop, conn->id);
	pthread_mutex_lock(&control->lock);
	connection_unlink_locked(conn);
	pthread_mutex_unlock(&control->lock);
	connection_free(conn);
}

/* The last word on a connection; what the peer does not take now it does not get. */
static void send_error(int fd, int error)
{
	struct control_reply reply = { .version = CONTROL_VERSION, .error = error };

	(void)send(fd, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- writing --- */

/* 1: all is sent; 0: the peer takes no more now. */
static int send_some(struct connection *conn)
{
	while (!conn->has_head || conn->done < conn->size) {
		struct control_reply reply = {
			.version = CONTROL_VERSION,
			.size = conn->size,
		};
		const void *from = &reply;
		size_t n = sizeof(reply);

		if (conn->has_head) {
			from = conn->text + conn->done;
			n = conn->size - conn->done;
		}
		if (n > CONTROL_CHUNK)
			n = CONTROL_CHUNK;
		if (send(conn->fd, from, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (conn->has_head)
			conn->done += n;
		conn->has_head = true;
	}
	return 1;
}

static void on_writable(void *data, uint32_t events)
{
	struct connection *conn = data;

	pthread_mutex_lock(&conn->control->lock);
	conn->state = WRITING;
	pthread_mutex_unlock(&conn->control->lock);
	if ((events & (EPOLLHUP | EPOLLERR)) || send_some(conn) != 0)
		connection_end(conn);
}

/* In a worker. When it has put the connection into the loop it must not touch it. */
static void build(struct worker_job *job)
{
	struct connection *conn = (struct connection *)job;
	struct control *control = conn->control;
	int r;

	conn->text = status_text(control->server, control->machines, conn->what);
	conn->size = conn->text ? strlen(conn->text) : 0;
	if (!conn->text)
		send_error(conn->fd, -ENOMEM);

	r = conn->text ? loop_add(control->server->loop, conn->fd, EPOLLOUT, on_writable, conn,
				  &conn->id) : -ENOMEM;

	pthread_mutex_lock(&control->lock);
	if (r < 0)
		connection_unlink_locked(conn);
	control->n_building--;
	pthread_cond_broadcast(&control->built);
	pthread_mutex_unlock(&control->lock);
	if (r < 0)
		connection_free(conn);
}

/* --- reading --- */

static int read_request(struct connection *conn)
{
	struct control_request request;
	ssize_t n = fdsock_recv(conn->fd, &request, sizeof(request), NULL, 0, NULL, NULL,
				MSG_DONTWAIT);

	if (n == -EAGAIN || n == -EINTR)
		return -EAGAIN;
	if (n == 0 || (n < 0 && n != -EMSGSIZE))
		return -EPIPE;
	if (n != sizeof(request) || request.version != CONTROL_VERSION ||
	    request.what < CONTROL_GET_CONTEXTS || request.what > CONTROL_GET_SESSIONS)
		return -EPROTO;
	conn->what = request.what;
	return 0;
}

static void on_readable(void *data, uint32_t events)
{
	struct connection *conn = data;
	struct control *control = conn->control;
	int r = read_request(conn);

	if (r == -EAGAIN && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	if (r < 0) {
		if (r == -EPROTO)
			send_error(conn->fd, r);
		connection_end(conn);
		return;
	}
	loop_remove(control->server->loop, conn->id);
	conn->id = 0;
	pthread_mutex_lock(&control->lock);
	conn->state = BUILDING;
	control->n_building++;
	pthread_mutex_unlock(&control->lock);
	worker_run(control->server->workers, &conn->job);
}

/* --- connecting --- */

/* The mode of the socket says the same, unless somebody else made it. */
static bool is_allowed(int fd)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

/* End the oldest that is not with a worker, if there are more than @n. Was there one? */
static bool make_room(struct control *control, size_t n)
{
	struct connection *found = NULL;

	pthread_mutex_lock(&control->lock);
	if (control->n_connections > n) {
		for (struct connection *conn = control->connections; conn; conn = conn->next) {
			if (conn->state != BUILDING)
				found = conn;
		}
	}
	pthread_mutex_unlock(&control->lock);
	if (!found)
		return false;
	send_error(found->fd, -EBUSY);
	connection_end(found);
	return true;
}

/* The socket stays ready: what cannot be accepted must not keep the loop busy. */
static void cannot_accept(struct control *control, int error)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	if (error == EAGAIN || error == ECONNABORTED || error == EINTR)
		return;
	log_warn_ratelimited("cannot accept a status request: %s", strerror(error));
	if (!make_room(control, 0))
		nanosleep(&pause, NULL);
}

static int connection_new(struct control *control, int fd)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	int r;

	if (!conn)
		return -ENOMEM;
	conn->job.fn = build;
	conn->control = control;
	conn->state = READING;
	conn->fd = fd;
	pthread_mutex_lock(&control->lock);
	conn->next = control->connections;
	conn->prev = &control->connections;
	if (conn->next)
		conn->next->prev = &conn->next;
	control->connections = conn;
	control->n_connections++;
	pthread_mutex_unlock(&control->lock);
	r = loop_add(control->server->loop, fd, EPOLLIN, on_readable, conn, &conn->id);
	if (r < 0) {
		conn->fd = -1;
		connection_end(conn);
	}
	return r;
}

static void on_connect(void *data, uint32_t events)
{
	struct control *control = data;
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r = -EPERM;

	if (fd < 0) {
		cannot_accept(control, errno);
		return;
	}
	if (is_allowed(fd)) {
		make_room(control, MAX_CONNECTIONS - 1);
		r = connection_new(control, fd);
	}
	if (r < 0) {
		send_error(fd, r);
		close_fd(fd);
	}
}

/* --- */

int control_new(struct server *server, const struct machines *machines,
		struct control **ret_control)
{
	static const struct access_rule owner_only = {
		.mode = 0600,
		.gid = (gid_t)-1,
		.mode_given = true,
	};
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->server = server;
	control->machines = machines;
	pthread_mutex_init(&control->lock, NULL);
	pthread_cond_init(&control->built, NULL);
	control->fd = node_socket(server, CONTROL_NODE, &owner_only, &control->bound);
	if (control->fd < 0)
		log_error("cannot make the control socket in %s: %s", server->runtime_dir,
			  strerror(-control->fd));
	r = control->fd < 0 ? control->fd :
			      loop_add(server->loop, control->fd, EPOLLIN, on_connect, control,
				       &control->id);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

struct control *control_free(struct control *control)
{
	if (!control)
		return NULL;
	loop_remove(control->server->loop, control->id);
	pthread_mutex_lock(&control->lock);
	while (control->n_building)
		pthread_cond_wait(&control->built, &control->lock);
	pthread_mutex_unlock(&control->lock);
	while (control->connections) {
		send_error(control->connections->fd, -ESHUTDOWN);
		connection_end(control->connections);
	}
	if (control->bound)
		node_remove_socket(control->server, CONTROL_NODE);
	close_fd(control->fd);
	pthread_cond_destroy(&control->built);
	pthread_mutex_destroy(&control->lock);
	free(control);
	return NULL;
}
