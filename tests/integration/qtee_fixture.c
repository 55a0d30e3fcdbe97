/* SPDX-License-Identifier: BSD-2-Clause */
#include "qtee_fixture.h"

#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * What orders a client's threads is the TEE, which a sanitizer cannot see: who comes out
 * of it passes here, as did who went in.
 */
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;

static void order(void)
{
	pthread_mutex_lock(&order_lock);
	pthread_mutex_unlock(&order_lock);
}

static int32_t serve_upper(struct tee_ioctl_param *params, uint32_t n)
{
	/* What is sent is read when the answer is given, by this thread. */
	static _Thread_local uint8_t bytes[8192];
	const uint8_t *from;

	if (n != 2 || params[1].b < params[0].b || params[0].b > sizeof(bytes))
		return QTEE_ERROR_SIZE_OUT;
	from = (const uint8_t *)(uintptr_t)params[0].a;
	for (size_t i = 0; i < params[0].b; i++)
		bytes[i] = (uint8_t)(from[i] + 1);
	params[1].a = (uintptr_t)bytes;
	params[1].b = params[0].b;
	return QTEE_OK;
}

static int32_t serve_method(struct peer *peer, uint64_t id, uint32_t op,
			    struct tee_ioctl_param *params, uint32_t n)
{
	bool (*hook)(struct peer *, uint64_t, uint32_t, struct tee_ioctl_param *, uint32_t,
		     int32_t *) = peer->hook;
	int32_t result;

	if (hook && hook(peer, id, op, params, n, &result))
		return result;
	switch (op) {
	case QTEE_OBJECT_OP_RELEASE:
		peer->n_released++;
		return QTEE_OK;
	case PEER_OP_CALL:
		peer->n_calls++;
		return QTEE_OK;
	case PEER_OP_UPPER:
		return serve_upper(params, n);
	case PEER_OP_TAKE:
		peer->n_calls++;
		peer->taken = params[0];
		return QTEE_OK;
	case PEER_OP_GIVE:
		params[0].a = peer->give.a;
		params[0].b = peer->give.b;
		return QTEE_OK;
	default:
		return QTEE_ERROR_INVALID;
	}
}

static int32_t serve(struct object_client *client, uint64_t id, uint32_t op,
		     struct tee_ioctl_param *params, uint32_t n)
{
	int32_t result;

	order();
	result = serve_method(client->data, id, op, params, n);
	order();
	return result;
}

void peer_open(struct peer *peer, unsigned int n_servers)
{
	int32_t result;

	*peer = (struct peer){ .env = 0 };
	CHECK_EQ(object_client_open(&peer->client, serve, peer, n_servers), 0);
	CHECK_EQ(object_client_register(&peer->client, &peer->env, &result), 0);
	CHECK_EQ(result, QTEE_OK);
}

void peer_close(struct peer *peer)
{
	object_client_close(&peer->client);
}

int32_t peer_invoke(struct peer *peer, uint64_t id, uint32_t op, struct tee_ioctl_param *params,
		    uint32_t n)
{
	int32_t result;
	int r;

	order();
	r = object_invoke(&peer->client, id, op, params, n, &result);
	order();
	CHECK(r == 0, "object %llu, operation %u: %s", (unsigned long long)id, op, strerror(-r));
	return result;
}

void peer_release(struct peer *peer, uint64_t id)
{
	CHECK_EQ(object_release(&peer->client, id), 0);
}

void *mink_ta_read(const char *name, size_t *ret_size)
{
	const char *dir = getenv("TEST_MINK_TA_DIR");
	char path[4096];
	long size;
	void *data;
	FILE *f;

	CHECK(dir, "TEST_MINK_TA_DIR is not set");
	snprintf(path, sizeof(path), "%s/%s.mbn", dir, name);
	f = fopen(path, "re");
	CHECK(f && fseek(f, 0, SEEK_END) == 0, "%s", path);
	size = ftell(f);
	data = malloc((size_t)size);
	CHECK(data && fseek(f, 0, SEEK_SET) == 0 && fread(data, (size_t)size, 1, f) == 1, "%s",
	      path);
	fclose(f);
	*ret_size = (size_t)size;
	return data;
}

int32_t peer_try_load(struct peer *peer, const void *data, size_t size, bool from_region,
		      uint64_t *ret_controller)
{
	struct tee_ioctl_param params[] = { object_in(data, size), object_result() };
	struct peer_shm shm = { .fd = -1 };
	uint64_t loader;
	int32_t result;

	CHECK_EQ(object_env_open(&peer->client, peer->env, UID_APP_LOADER, &loader, &result), 0);
	CHECK_EQ(result, QTEE_OK);
	if (from_region) {
		peer_shm_new(peer, size, &shm);
		memcpy(shm.addr, data, size);
		params[0] = object_ref(shm.id, QTEE_OBJREF_MEM);
	}
	result = peer_invoke(peer, loader, from_region, params, 2);
	*ret_controller = params[1].a;
	if (from_region)
		peer_shm_free(&shm);
	peer_release(peer, loader);
	return result;
}

void peer_load(struct peer *peer)
{
	struct tee_ioctl_param param = object_result();
	size_t size;
	void *data = mink_ta_read(PROBE_TA_NAME, &size);

	CHECK_EQ(peer_try_load(peer, data, size, false, &peer->controller), QTEE_OK);
	free(data);
	CHECK_EQ(peer_invoke(peer, peer->controller, 2, &param, 1), QTEE_OK);
	peer->app = param.a;
}

void peer_unload(struct peer *peer)
{
	peer_release(peer, peer->app);
	peer_release(peer, peer->controller);
}

struct probe_count peer_count(struct peer *peer)
{
	struct probe_count count;
	struct tee_ioctl_param param = object_out(&count, sizeof(count));

	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_COUNT, &param, 1), QTEE_OK);
	CHECK_EQ(param.b, sizeof(count));
	return count;
}

void peer_await_released(struct peer *peer, unsigned int n)
{
	for (int i = 0; i < 1000 && peer->n_released < n; i++)
		sleep_ms(5);
	CHECK_EQ(peer->n_released, n);
}

void peer_shm_new(struct peer *peer, size_t size, struct peer_shm *shm)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };

	shm->fd = ioctl(peer->client.fd, TEE_IOC_SHM_ALLOC, &data);
	CHECK(shm->fd >= 0, "SHM_ALLOC");
	shm->id = (uint64_t)data.id;
	shm->size = data.size;
	shm->addr = mmap(NULL, shm->size, PROT_READ | PROT_WRITE, MAP_SHARED, shm->fd, 0);
	CHECK(shm->addr != MAP_FAILED, "mmap");
}

void peer_shm_free(struct peer_shm *shm)
{
	munmap(shm->addr, shm->size);
	close(shm->fd);
}

/* --- nesting --- */

#define NEST_OBJECT 400u

static bool hook_nest(struct peer *peer, uint64_t id, uint32_t op, struct tee_ioctl_param *params,
		      uint32_t n, int32_t *ret_result)
{
	struct tee_ioctl_param inner[2];
	uint32_t depth;

	if (op != PROBE_NEST)
		return false;
	memcpy(&depth, (const void *)(uintptr_t)params[0].a, sizeof(depth));
	CHECK_EQ(peer_count(peer).inside, *(uint32_t *)peer->data - depth + 2);
	if (--depth == 0) {
		*ret_result = 0x600d;
		return true;
	}
	inner[0] = object_in(&depth, sizeof(depth));
	inner[1] = object_ref(NEST_OBJECT, QTEE_OBJREF_USER);
	*ret_result = peer_invoke(peer, peer->app, PROBE_NEST, inner, 2);
	return true;
}

void peer_nest(struct peer *peer, uint32_t depth)
{
	struct tee_ioctl_param params[2] = {
		object_in(&depth, sizeof(depth)),
		object_ref(NEST_OBJECT, QTEE_OBJREF_USER),
	};

	peer->hook = hook_nest;
	peer->data = &depth;
	peer->n_released = 0;
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_NEST, params, 2), 0x600d);
	peer_await_released(peer, depth);
	CHECK_EQ(peer_count(peer).inside, 1);
	peer->hook = NULL;
}

void peer_warm_up(struct instance *instance)
{
	struct peer peer;

	instance_warm_up(instance);
	peer_open(&peer, 16);
	peer_load(&peer);
	peer_nest(&peer, 12);
	peer_unload(&peer);
	peer_close(&peer);
	sleep_ms(500);
}
