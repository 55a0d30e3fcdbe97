/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of the trap (abi/trap.h)
 *
 * A process that is about to become a command puts a filter on itself whose
 * listener swteed serves: from then on the TEE's ioctls and the opens of its device
 * nodes reach swteed from whatever makes them, libc or not.
 */
#ifndef CLIENT_TRAP_H
#define CLIENT_TRAP_H

#include <linux/filter.h>

#define TRAP_FILTER_MAX 64

struct trap_filter {
	unsigned short n;
	struct sock_filter code[TRAP_FILTER_MAX];
};

void trap_filter_make(struct trap_filter *filter);

/* A connection to the instance whose runtime directory is @dir, or -errno. */
int trap_connect(const char *dir);

/*
 * Put @filter on the calling thread, which is the only one of its process. Returns
 * the listener; -EBUSY when a listener is there already, which covers this process
 * for somebody else; -EINVAL when the kernel is older than 5.19; another negative
 * errno. Without CAP_SYS_ADMIN the process gets no new privileges from now on.
 * Async-signal-safe, as is trap_hand_over().
 */
int trap_install(const struct trap_filter *filter);

/*
 * Give @listener to swteed over @sock and wait until it serves it. After an error
 * the process is lost: the calls that the filter catches wait for nobody.
 */
int trap_hand_over(int sock, int listener);

#endif /* CLIENT_TRAP_H */
