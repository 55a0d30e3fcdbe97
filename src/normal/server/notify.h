/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/*
 * Tell the service manager @state, lines of NAME=VALUE as in sd_notify(3). Nothing
 * happens without one ($NOTIFY_SOCKET); what fails is said on the log.
 */
__attribute__((format(printf, 1, 2))) void notify_manager(const char *fmt, ...);

#endif /* SERVER_NOTIFY_H */
