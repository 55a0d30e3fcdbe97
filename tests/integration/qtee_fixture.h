/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients of the QTEE, for integration tests: an environment, the probe TA, objects
 * of the client's own
 */
#ifndef TESTS_INTEGRATION_QTEE_FIXTURE_H
#define TESTS_INTEGRATION_QTEE_FIXTURE_H

#include <stdatomic.h>

#include "fixture.h"
#include "object_client.h"
#include "probe.h"

#define UID_APP_LOADER 3u
#define UID_DIAGNOSTICS 143u

/* Methods of the client's objects beside those that the probe calls by number */
#define PEER_OP_CALL 0u		/* counts */
#define PEER_OP_UPPER 1u	/* IB, OB: every byte + 1 */
#define PEER_OP_TAKE 3u		/* IO: what came is in `taken` */
#define PEER_OP_GIVE 4u		/* OO: `give` */

struct peer {
	struct object_client client;
	uint64_t env, controller, app;
	_Atomic unsigned int n_calls, n_released;
	struct tee_ioctl_param taken;
	struct tee_ioctl_param give;
	/*
	 * Asked first, may be NULL; true: it has served. It is set while notices of what
	 * was released before are still being served.
	 */
	bool (*_Atomic hook)(struct peer *peer, uint64_t id, uint32_t op,
			     struct tee_ioctl_param *params, uint32_t n, int32_t *ret_result);
	void *_Atomic data;
};

/* With an environment; @n_servers threads serve the client's objects. */
void peer_open(struct peer *peer, unsigned int n_servers);
/* Load the probe and get its object. */
void peer_load(struct peer *peer);
/* What loading the file gives; @from_region: by a memory object */
int32_t peer_try_load(struct peer *peer, const void *data, size_t size, bool from_region,
		      uint64_t *ret_controller);
void peer_unload(struct peer *peer);
void peer_close(struct peer *peer);

/* The ioctl must work; what the QTEE says. */
int32_t peer_invoke(struct peer *peer, uint64_t id, uint32_t op, struct tee_ioctl_param *params,
		    uint32_t n);
void peer_release(struct peer *peer, uint64_t id);
struct probe_count peer_count(struct peer *peer);
/* Wait until @n of the client's objects were released. */
void peer_await_released(struct peer *peer, unsigned int n);

/*
 * The TA calls an object of the client, which calls the TA, and so on: @depth calls in
 * the TA at once, and as many threads of the client as that takes to serve.
 */
void peer_nest(struct peer *peer, uint32_t depth);

/* As instance_warm_up(), for the QTEE and its TAs */
void peer_warm_up(struct instance *instance);

/* Shared memory: its id, and where it is mapped; ends with its descriptor. */
struct peer_shm {
	int fd;
	uint64_t id;
	void *addr;
	size_t size;
};
void peer_shm_new(struct peer *peer, size_t size, struct peer_shm *shm);
void peer_shm_free(struct peer_shm *shm);

/* The file of the TA @name */
void *mink_ta_read(const char *name, size_t *ret_size);

#endif /* TESTS_INTEGRATION_QTEE_FIXTURE_H */
