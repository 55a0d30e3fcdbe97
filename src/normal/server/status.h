/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Status views: what is open, as JSON
 *
 * Read from the live lists of the core, the drivers and the server, each copied under
 * its own lock; nothing is locked while text is made. Figures of one list are of one
 * moment, figures of different lists may be some microseconds apart.
 */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include <stdint.h>

struct machines;
struct server;

/* @what: CONTROL_GET_... A text for free(), or NULL without memory. */
char *status_text(struct server *server, const struct machines *machines, uint32_t what);

#endif /* SERVER_STATUS_H */
