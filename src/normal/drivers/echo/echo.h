/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo driver, as its platform sees it
 *
 * A complete driver without a TEE: what a client sends comes back (abi/echo.h). It
 * is the example that docs/writing-a-driver.md walks through, and a device on which
 * the core can be tested without a trusted OS.
 */
#ifndef NORMAL_DRIVERS_ECHO_H
#define NORMAL_DRIVERS_ECHO_H

struct echo;

/*
 * Make the client and the privileged device. ERR_PTR(-ENOMEM), or what registering
 * a device gives. echo_remove() takes NULL and waits for open files and memory.
 */
struct echo *echo_probe(void);
void echo_remove(struct echo *echo);

#endif /* NORMAL_DRIVERS_ECHO_H */
