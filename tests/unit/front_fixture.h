/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fake server in the test process and short words for calls to it, for tests of
 * the client's side of the front wire. VERSION answers with the number of its
 * node, INVOKE adds one to the session, CANCEL blocks until it is interrupted.
 */
#ifndef TEST_FRONT_FIXTURE_H
#define TEST_FRONT_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "fake_front.h"

/* CLOSE_SESSION with these answers in a particular way, else with -session. */
#define SESSION_DIE 10001
#define SESSION_TOO_BIG 10002
#define SESSION_TOO_SMALL 10003
#define SESSION_HOSTILE_DIRTY 10004

extern struct fake_front *fake;
extern _Atomic unsigned int last_n_windows;
extern _Atomic uint32_t blocked;	/* calls that wait in the server */
extern _Atomic int prepared_fd;		/* what SHM_ALLOC sends and closes */
extern unsigned char *_Atomic poke_at;	/* written by INVOKE behind a window's back */

/* A server of tee0, tee1 and teepriv0 for each test */
int front_setup(void **state);
int front_teardown(void **state);

int open_node(const char *node);

/* The number of the node that answers, or a negative errno */
int version(int fd);
int close_session(int fd, uint32_t session);
int block(int fd);

/*
 * Sanitizers may put locals elsewhere than on the stack; then there are no
 * windows, and the tests that count them have nothing to count.
 */
bool stack_is_real(void);

/* The descriptors from 900 on, where lane sockets are */
int high_fds(int *fds, int max);

/* Wait for what another thread does; a test that hangs here is killed by its runner. */
#define WAIT_FOR(cond) \
	do { \
		usleep(1000); \
	} while (!(cond))

#endif /* TEST_FRONT_FIXTURE_H */
