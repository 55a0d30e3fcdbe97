/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects through the whole of it: client, driver, trusted OS, TA, and back
 *
 * Numbers of sections are those of the facts on the QTEE.
 */
#include "qtee_fixture.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* RELEASE goes its way in the background. */
static void await_objects(struct peer *peer, uint32_t n)
{
	for (int i = 0; i < 1000 && peer_count(peer).objects != n; i++)
		sleep_ms(5);
	CHECK_EQ(peer_count(peer).objects, n);
}

/* 6.5: figures, and the names of what is loaded */
static void test_diagnostics(struct peer *peer)
{
	uint32_t heap[6] = { 0 }, scattered = 0, status[4] = { 0 };
	uint64_t pimem[3], ddr[3], registers[42], stack, address, info[3];
	char names[64];
	struct tee_ioctl_param params[4];
	uint64_t service;
	int32_t result;

	CHECK_EQ(object_env_open(&peer->client, peer->env, UID_DIAGNOSTICS, &service, &result), 0);
	CHECK_EQ(result, QTEE_OK);
	params[0] = object_out(heap, sizeof(heap));
	CHECK_EQ(peer_invoke(peer, service, 0, params, 1), QTEE_OK);
	/* A sanitizer has a heap of its own, of which the C library knows nothing. */
	CHECK(scaled(100) != 100 || (heap[0] && heap[1] && heap[1] <= heap[0]), "%u of %u used",
	      heap[1], heap[0]);
	params[0] = object_out(heap, 20);
	CHECK_EQ(peer_invoke(peer, service, 0, params, 1), QTEE_ERROR_INVALID);

	params[0] = object_out(names, sizeof(names));
	CHECK_EQ(peer_invoke(peer, service, 1, params, 1), QTEE_OK);
	CHECK(!strcmp(names, PROBE_TA_NAME) && params[0].b == sizeof(PROBE_TA_NAME), "%s", names);
	params[0] = object_out(names, 2);
	CHECK_EQ(peer_invoke(peer, service, 1, params, 1), QTEE_ERROR_SIZE_OUT);

	params[0] = object_out(pimem, sizeof(pimem));
	params[1] = object_out(ddr, sizeof(ddr));
	params[2] = object_out(&scattered, sizeof(scattered));
	CHECK_EQ(peer_invoke(peer, service, 2, params, 3), QTEE_OK);
	CHECK(ddr[0] >= ddr[1] && ddr[1] >= ddr[2] && ddr[2], "a region");

	params[0] = object_in(PROBE_TA_NAME, sizeof(PROBE_TA_NAME) - 1);
	params[1] = object_out(info, sizeof(info));
	CHECK_EQ(peer_invoke(peer, service, 3, params, 2), QTEE_OK);
	memcpy(status, info, sizeof(status));
	CHECK_EQ(status[0], 1);
	CHECK(status[1] >= 65536 && info[2], "stack %u", status[1]);
	params[0] = object_in("nobody", 6);
	CHECK_EQ(peer_invoke(peer, service, 3, params, 2), 10);

	params[0] = object_in(PROBE_TA_NAME, sizeof(PROBE_TA_NAME));
	params[1] = object_out(registers, sizeof(registers));
	params[2] = object_out(&stack, sizeof(stack));
	params[3] = object_out(&address, sizeof(address));
	CHECK_EQ(peer_invoke(peer, service, 4, params, 4), 11);
	CHECK_EQ(peer_invoke(peer, service, 5, params, 4), QTEE_ERROR_INVALID);
	peer_release(peer, service);
}

static void check_echo(struct peer *peer, size_t size)
{
	uint8_t *in = malloc(size + 1), *out = calloc(1, size + 1);
	struct tee_ioctl_param params[2];

	CHECK(in && out, "memory");
	for (size_t i = 0; i < size; i++)
		in[i] = (uint8_t)(i * 7 + size);
	out[size] = 0xee;
	params[0] = object_in(in, size);
	params[1] = object_out(out, size);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_ECHO, params, 2), QTEE_OK);
	CHECK_EQ(params[1].b, size);
	CHECK(!memcmp(in, out, size) && out[size] == 0xee, "%zu bytes", size);
	free(in);
	free(out);
}

static void test_buffers(struct peer *peer)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 4040, 4096, 65536, 300000, 2000000 };
	char small[4];
	struct tee_ioctl_param params[2];
	int32_t result = 0x0afafafa;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_echo(peer, sizes[i]);
	params[0] = object_in("hello", 5);
	params[1] = object_out(small, sizeof(small));
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_ECHO, params, 2), QTEE_ERROR_SIZE_OUT);
	/* 2.4: who says that it wrote more than there is room for is not believed. */
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_TOO_MUCH, params + 1, 1), QTEE_ERROR_SIZE_OUT);
	/* A TA's own word gets through. */
	params[0] = object_in(&result, sizeof(result));
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_RETURN, params, 1), 0x0afafafa);
	result = -96;
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_RETURN, params, 1), -96);
}

/* 6.8: callbacks with buffers and objects; references end where they should. */
static void test_callbacks(struct peer *peer)
{
	const uint32_t upper = PEER_OP_UPPER;
	char text[1000], got[1000];
	struct tee_ioctl_param params[4];

	memset(text, 'a', sizeof(text));
	peer->n_released = 0;
	params[0] = object_in(&upper, sizeof(upper));
	params[1] = object_in(text, sizeof(text));
	params[2] = object_out(got, sizeof(got));
	params[3] = object_ref(200, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_CALL, params, 4), QTEE_OK);
	CHECK_EQ(params[2].b, sizeof(got));
	CHECK(got[0] == 'b' && got[999] == 'b', "%c", got[0]);
	peer_await_released(peer, 1);

	/* Kept, called later, given up */
	params[0] = object_ref(201, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, params, 1), QTEE_OK);
	CHECK_EQ(peer_count(peer).kept, 1);
	peer->n_calls = 0;
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_CALL_KEPT, NULL, 0), QTEE_OK);
	CHECK_EQ(peer->n_calls, 1);
	/* 1.5: our own object comes back as what it is. */
	params[0] = object_result();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_GIVE_KEPT, params, 1), QTEE_OK);
	CHECK_EQ(params[0].a, 201);
	CHECK_EQ(params[0].b, QTEE_OBJREF_USER);
	CHECK_EQ(peer->n_released, 1);
	params[0] = object_null();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, params, 1), QTEE_OK);
	peer_await_released(peer, 2);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_CALL_KEPT, NULL, 0), PROBE_ERROR_NULL);
}

static void test_passing(struct peer *peer)
{
	struct tee_ioctl_param params[2];
	uint64_t child;

	peer->n_released = 0;
	/* One of our objects to another one */
	params[0] = object_ref(300, QTEE_OBJREF_USER);
	params[1] = object_ref(301, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_PASS, params, 2), QTEE_OK);
	CHECK_EQ(peer->taken.a, 300);
	CHECK_EQ(peer->taken.b, QTEE_OBJREF_USER);
	peer_await_released(peer, 2);

	/* One of the TA's own to us, by way of us */
	params[0] = object_result();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_NEW, params, 1), QTEE_OK);
	child = params[0].a;
	CHECK_EQ(peer_count(peer).objects, 2);
	params[0] = object_ref(child, QTEE_OBJREF_TEE);
	params[1] = object_ref(302, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_PASS, params, 2), QTEE_OK);
	CHECK_EQ(peer->taken.b, QTEE_OBJREF_TEE);
	CHECK_EQ(peer_invoke(peer, peer->taken.a, PROBE_COUNT, NULL, 0), QTEE_ERROR_INVALID);
	peer_release(peer, child);
	/* ... which has a reference of its own. */
	CHECK_EQ(peer_count(peer).objects, 2);
	peer_release(peer, peer->taken.a);
	peer_await_released(peer, 3);
	await_objects(peer, 1);

	/* What a callback gives comes out: ours, the TA's, nothing */
	params[0] = object_ref(303, QTEE_OBJREF_USER);
	params[1] = object_result();
	peer->give = object_ref(304, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_FETCH, params, 2), QTEE_OK);
	CHECK_EQ(params[1].a, 304);
	CHECK_EQ(params[1].b, QTEE_OBJREF_USER);
	peer->give = object_ref(peer->app, QTEE_OBJREF_TEE);
	params[0] = object_ref(303, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_FETCH, params, 2), QTEE_OK);
	CHECK_EQ(params[1].b, QTEE_OBJREF_TEE);
	CHECK_EQ(peer_count(peer).objects, 1);
	peer_release(peer, params[1].a);
	peer->give = object_null();
	params[0] = object_ref(303, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_FETCH, params, 2), QTEE_OK);
	CHECK_EQ(params[1].a, TEE_OBJREF_NULL);
	peer_await_released(peer, 7);
	await_objects(peer, 1);
}

static void test_many(struct peer *peer)
{
	struct tee_ioctl_param params[15];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 15; i++)
			params[i] = object_result();
		CHECK_EQ(peer_invoke(peer, peer->app, PROBE_MANY, params, 15), QTEE_OK);
		CHECK_EQ(peer_count(peer).objects, 16);
		for (int i = 0; i < 15; i++)
			peer_release(peer, params[i].a);
		await_objects(peer, 1);
	}
}

/* 7: mapped, mapped twice, and outliving the client's own mapping */
static void test_memory(struct peer *peer)
{
	struct probe_map answer;
	struct tee_ioctl_param params[2];
	struct peer_shm shm;
	uint64_t word = 0xfeedc0def00d0001;

	peer_shm_new(peer, 9000, &shm);
	memcpy(shm.addr, &word, sizeof(word));
	for (int i = 0; i < 2; i++) {
		params[0] = object_out(&answer, sizeof(answer));
		params[1] = object_ref(shm.id, QTEE_OBJREF_MEM);
		CHECK_EQ(peer_invoke(peer, peer->app, PROBE_MAP, params, 2), QTEE_OK);
		CHECK_EQ(answer.first, i ? 0x5eed : word);
		CHECK_EQ(answer.size, 12288);
		CHECK_EQ(answer.perms, 6);
		CHECK_EQ(*(volatile uint64_t *)shm.addr, 0x5eed);
	}
	/* Twice at a time */
	params[0] = object_ref(shm.id, QTEE_OBJREF_MEM);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP_MAP, params, 1), QTEE_OK);
	params[0] = object_out(&answer, sizeof(answer));
	params[1] = object_ref(shm.id, QTEE_OBJREF_MEM);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_MAP, params, 2), QTEE_OK);
	peer_shm_free(&shm);
	params[0] = object_null();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP_MAP, params, 1), QTEE_OK);

	/* What is no memory; what is memory, but used as an object */
	params[0] = object_out(&answer, sizeof(answer));
	params[1] = object_ref(500, QTEE_OBJREF_USER);
	CHECK(peer_invoke(peer, peer->app, PROBE_MAP, params, 2) != QTEE_OK, "a user's object");
	params[0] = object_out(&answer, sizeof(answer));
	params[1] = object_ref(peer->app, QTEE_OBJREF_TEE);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_MAP, params, 2), QTEE_ERROR_BADOBJ);
	peer_shm_new(peer, 4096, &shm);
	params[0] = object_ref(shm.id, QTEE_OBJREF_MEM);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, params, 1), QTEE_OK);
	CHECK(peer_invoke(peer, peer->app, PROBE_CALL_KEPT, NULL, 0) != QTEE_OK, "memory acts");
	params[0] = object_result();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_GIVE_KEPT, params, 1), QTEE_OK);
	CHECK_EQ(params[0].a, shm.id);
	CHECK_EQ(params[0].b, QTEE_OBJREF_MEM);
	params[0] = object_null();
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, params, 1), QTEE_OK);
	peer_shm_free(&shm);
}

static void test_identity(struct peer *peer)
{
	uint64_t uid = 77;
	struct tee_ioctl_param param = object_out(&uid, sizeof(uid));

	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_WHO, &param, 1), QTEE_OK);
	CHECK_EQ(uid, getuid());
}

/* 6.6: what the loader says of what it does not load */
static void test_loader(struct peer *peer)
{
	static uint8_t text[5000];
	uint64_t controller;
	size_t size;
	uint8_t *image = mink_ta_read(PROBE_TA_NAME, &size);
	struct tee_ioctl_param params[2];
	uint32_t flag = 1, got = 7;
	int32_t result;
	uint64_t loader;

	for (int region = 0; region < 2; region++) {
		memset(text, 'x', sizeof(text));
		CHECK_EQ(peer_try_load(peer, text, sizeof(text), region, &controller), 10);
		CHECK_EQ(peer_try_load(peer, image, 100, region, &controller), 12);
		/* For another machine; not of the kit: nobody here can check signatures. */
		memcpy(text, image, sizeof(text));
		text[18] = 0xb9;
		CHECK_EQ(peer_try_load(peer, text, sizeof(text), region, &controller), 12);
		CHECK_EQ(peer_try_load(peer, image, size, region, &controller), 16);
	}
	CHECK_EQ(peer_try_load(peer, text, 0, false, &controller), 10);
	free(image);
	CHECK_EQ(object_env_open(&peer->client, peer->env, UID_APP_LOADER, &loader, &result), 0);
	params[0] = object_in("cmnlib", 6);
	params[1] = object_result();
	CHECK_EQ(peer_invoke(peer, loader, 2, params, 2), 17);
	params[0] = object_ref(600, QTEE_OBJREF_USER);
	CHECK(peer_invoke(peer, loader, 1, params, 2) != QTEE_OK, "no memory");
	peer_release(peer, loader);

	/* A TA that held its own controller would never end. */
	params[0] = object_ref(peer->controller, QTEE_OBJREF_TEE);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, params, 1), QTEE_ERROR_BADOBJ);
	params[0] = object_ref(601, QTEE_OBJREF_USER);
	params[1] = object_result();
	peer->give = object_ref(peer->controller, QTEE_OBJREF_TEE);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_FETCH, params, 2), QTEE_ERROR_BADOBJ);

	params[0] = object_in(&flag, sizeof(flag));
	CHECK_EQ(peer_invoke(peer, peer->controller, 3, params, 1), QTEE_OK);
	params[0] = object_out(&got, sizeof(got));
	CHECK_EQ(peer_invoke(peer, peer->controller, 4, params, 1), QTEE_OK);
	CHECK_EQ(got, 1);
	flag = 2;
	params[0] = object_in(&flag, sizeof(flag));
	CHECK_EQ(peer_invoke(peer, peer->controller, 3, params, 1), QTEE_ERROR_INVALID);
}

/* The client unloads the TA from within a callback of it, and calls it again. */
static bool hook_unload(struct peer *peer, uint64_t id, uint32_t op,
			struct tee_ioctl_param *params, uint32_t n, int32_t *ret_result)
{
	if (op != PROBE_NEST)
		return false;
	CHECK_EQ(peer_invoke(peer, peer->controller, 1, NULL, 0), 13);
	*ret_result = QTEE_OK;
	return true;
}

/* After the unload others are as they were, but defunct; releasing them works. */
static void test_unload(struct peer *peer)
{
	uint32_t depth = 1;
	struct tee_ioctl_param params[2] = {
		object_in(&depth, sizeof(depth)),
		object_ref(700, QTEE_OBJREF_USER),
	};

	peer->hook = hook_unload;
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_NEST, params, 2), QTEE_OK);
	peer->hook = NULL;
	CHECK_EQ(peer_invoke(peer, peer->controller, 1, NULL, 0), QTEE_OK);
	CHECK_EQ(peer_invoke(peer, peer->controller, 1, NULL, 0), 12);
	params[0] = object_result();
	CHECK_EQ(peer_invoke(peer, peer->controller, 2, params, 1), 12);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_CALL_KEPT, NULL, 0), QTEE_ERROR_DEFUNCT);
	peer_unload(peer);
	/* And it can be loaded again. */
	peer_load(peer);
	CHECK_EQ(peer_count(peer).objects, 1);
}

int main(void)
{
	struct instance instance;
	struct counts before;
	struct peer peer;

	instance_find_world(&instance, "swtee-qtee");
	peer_warm_up(&instance);
	counts_take(&instance, &before);

	peer_open(&peer, 16);
	peer_load(&peer);
	test_diagnostics(&peer);
	test_buffers(&peer);
	test_callbacks(&peer);
	test_passing(&peer);
	test_many(&peer);
	peer_nest(&peer, 12);
	test_memory(&peer);
	test_identity(&peer);
	test_loader(&peer);
	test_unload(&peer);
	peer_unload(&peer);
	peer_close(&peer);
	CHECK_EQ(peer.client.credentials_released, 1);
	counts_settle(&instance, &before);
	return 0;
}
