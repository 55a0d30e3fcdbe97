/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end: waiting for clients, and cutting them off
 *
 * In the loop's thread, when loop_run() has returned and server.ending is set. The
 * waits go on dispatching, so that hang-ups, signals and status requests are served.
 */
#ifndef SERVER_STOP_H
#define SERVER_STOP_H

#include <stdbool.h>

struct server;

/* Before any client comes. */
int stop_init(struct server *server);
void stop_deinit(struct server *server);

/*
 * Wait at most @timeout_ms (-1: for ever) until no file is open, or until there is
 * neither a file nor a client's lane. Given up when *@forced becomes true, which may
 * be NULL. Returns whether it is so.
 */
bool stop_wait_files(struct server *server, long timeout_ms, const bool *forced);
bool stop_wait_all(struct server *server, long timeout_ms, const bool *forced);

/* As if every client had gone. Calls under way end in their time. */
void stop_drop_clients(struct server *server);

#endif /* SERVER_STOP_H */
