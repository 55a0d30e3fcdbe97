/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket (abi/control.h): answers status requests
 *
 * Requests are read and answers written by the loop, as far as the peer takes them;
 * a worker makes the text in between. A peer that does not read keeps its connection
 * and its text and nothing else, until newer connections push it out.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

struct control;
struct machines;
struct server;

/* @machines outlives it. Errors are said on the log. */
int control_new(struct server *server, const struct machines *machines,
		struct control **ret_control);
/*
 * Before the devices go, in the loop's thread: waits for the texts under way. Accepts
 * and returns NULL.
 */
struct control *control_free(struct control *control);

#endif /* SERVER_CONTROL_H */
