/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that a service manager made for us (the protocol of sd_listen_fds(3))
 *
 * A passed socket replaces our own bind of the node of that name: it may have had
 * connections waiting before we existed, and it stays when we end. Its address,
 * owner and mode are the manager's.
 */
#ifndef SERVER_ACTIVATION_H
#define SERVER_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

struct activation {
	struct passed_socket *sockets;	/* owned */
	size_t n_sockets;
};

/*
 * Take over what the environment tells of, and the variables off it. Each must be a
 * listening SOCK_SEQPACKET socket, bound to NAME in the runtime directory @dir; what
 * a client connects to is checked there. -EINVAL, said on the log.
 */
int activation_init(struct activation *activation, const char *dir);
/* The socket for node @name, which is the caller's from then on; -1 for none. */
int activation_take(struct activation *activation, const char *name);
/* Close what nobody took; @say: on the log. */
void activation_deinit(struct activation *activation, bool say);

#endif /* SERVER_ACTIVATION_H */
