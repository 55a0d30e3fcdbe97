/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A swteed of a few nodes without anything behind: the server's end of the front
 * wire, for tests of its client's. A test says what a call answers.
 */
#ifndef TEST_FAKE_FRONT_H
#define TEST_FAKE_FRONT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/front.h"

struct lane;

/* One request: a private copy of its words, and a look at the lane itself */
struct fake_call {
	struct lane *lane;
	struct front_call *shared;
	pid_t pid;		/* of the client */
	const char *node;	/* of the context that it is for */
	unsigned int cmd;
	uint64_t arg;
	unsigned int n_windows;
	struct front_window win[FRONT_MAX_WINDOWS];
	int reply_fd;		/* to be sent along and closed; -1 */
	bool reply_cloexec;
	bool die;		/* end the lane instead of answering */
};

typedef long (*fake_serve)(struct fake_call *call);

struct fake_front;

/* Serves every node in @nodes (up to NULL) in a new directory below /tmp. */
struct fake_front *fake_front_new(const char *const *nodes, fake_serve serve);

/* The same in @dir, which exists and is not removed at the end. */
struct fake_front *fake_front_new_in(const char *dir, const char *const *nodes, fake_serve serve);
void fake_front_free(struct fake_front *fake);
const char *fake_front_dir(const struct fake_front *fake);

/* What the next opens answer: 0 or a negative errno. */
void fake_front_set_open_error(struct fake_front *fake, int error);

/* Counts since the start, and what is alive now */
unsigned int fake_front_lanes_made(struct fake_front *fake);
unsigned int fake_front_binds(struct fake_front *fake);
unsigned int fake_front_lanes(struct fake_front *fake);
unsigned int fake_front_contexts(struct fake_front *fake);

/* End every lane, or hang up every context, as swteed may at any time. */
void fake_front_drop_lanes(struct fake_front *fake);
void fake_front_hang_up(struct fake_front *fake);

/* Copy in and out of the client: by window if there is one. 0 or -EFAULT. */
int fake_read(struct fake_call *call, void *to, uint64_t from, size_t n);
int fake_write(struct fake_call *call, uint64_t to, const void *from, size_t n);

#endif /* TEST_FAKE_FRONT_H */
