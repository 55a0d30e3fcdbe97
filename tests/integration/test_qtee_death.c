/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill -9 of everybody around the QTEE: a client, a TA, the program that hosts TAs, the
 * trusted OS. Calls in progress end, references are given back, others go on.
 */
#include "qtee_fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void await_no_hosts(const struct instance *instance)
{
	for (int i = 0; i < 2000 && instance_ta_hosts(instance, NULL, 0); i++)
		sleep_ms(5);
	CHECK_EQ(instance_ta_hosts(instance, NULL, 0), 0);
}

/* --- a TA dies by its own hand --- */

static void test_ta_crashes(struct peer *peer, const struct instance *instance)
{
	static const uint32_t deaths[] = {
		PROBE_DEATH_SEGV, PROBE_DEATH_ABORT, PROBE_DEATH_EXIT, PROBE_DEATH_OPEN,
		PROBE_DEATH_STACK,
	};

	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		struct tee_ioctl_param param;
		uint64_t controller, app;

		/* Under a sanitizer there is no filter, and no end of the stack. */
		if (deaths[i] >= PROBE_DEATH_OPEN && scaled(100) != 100)
			continue;
		peer_load(peer);
		peer->n_released = 0;
		param = object_ref(200, QTEE_OBJREF_USER);
		CHECK_EQ(peer_invoke(peer, peer->app, PROBE_KEEP, &param, 1), QTEE_OK);
		param = object_in(&deaths[i], sizeof(deaths[i]));
		CHECK_EQ(peer_invoke(peer, peer->app, PROBE_DIE, &param, 1), QTEE_ERROR_DEFUNCT);
		/* What it kept is given back by the call that saw it die. */
		peer_await_released(peer, 1);
		CHECK_EQ(peer_invoke(peer, peer->app, PROBE_COUNT, NULL, 0), QTEE_ERROR_DEFUNCT);
		await_no_hosts(instance);

		/* Another one can be loaded while the dead one is not buried. */
		controller = peer->controller;
		app = peer->app;
		peer_load(peer);
		CHECK_EQ(peer_count(peer).objects, 1);
		peer_release(peer, app);
		peer_release(peer, controller);
		peer_unload(peer);
	}
}

/* --- a TA is killed from outside, while it waits for the client --- */

static bool hook_kill(struct peer *peer, uint64_t id, uint32_t op, struct tee_ioctl_param *params,
		      uint32_t n, int32_t *ret_result)
{
	const struct instance *instance = peer->data;
	pid_t host;

	if (op != PROBE_NEST)
		return false;
	CHECK_EQ(instance_ta_hosts(instance, &host, 1), 1);
	CHECK_EQ(kill(host, SIGKILL), 0);
	*ret_result = QTEE_OK;
	return true;
}

static void test_ta_killed(struct peer *peer, struct instance *instance)
{
	uint32_t depth = 1;
	struct tee_ioctl_param params[2] = {
		object_in(&depth, sizeof(depth)),
		object_ref(200, QTEE_OBJREF_USER),
	};

	/* The last one of the test before may still be ending. */
	await_no_hosts(instance);
	peer_load(peer);
	peer->n_released = 0;
	peer->hook = hook_kill;
	peer->data = instance;
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_NEST, params, 2), QTEE_ERROR_DEFUNCT);
	peer->hook = NULL;
	peer_await_released(peer, 1);
	peer_unload(peer);
}

/* --- a client dies --- */

/* In the child: hold whatever can be held, then be killed, inside a callback or not. */
static void child_main(bool inside)
{
	struct tee_ioctl_param params[2];
	uint32_t ms = 60000;
	struct peer_shm shm;
	struct peer peer;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	peer_open(&peer, 2);
	peer_load(&peer);
	peer_shm_new(&peer, 65536, &shm);
	params[0] = object_ref(shm.id, QTEE_OBJREF_MEM);
	CHECK_EQ(peer_invoke(&peer, peer.app, PROBE_KEEP_MAP, params, 1), QTEE_OK);
	params[0] = object_ref(200, QTEE_OBJREF_USER);
	CHECK_EQ(peer_invoke(&peer, peer.app, PROBE_KEEP, params, 1), QTEE_OK);
	if (inside) {
		params[0] = object_in(&ms, sizeof(ms));
		(void)peer_invoke(&peer, peer.app, PROBE_SPIN, params, 1);
	}
	pause();
}

static void test_client_killed(const struct instance *instance, bool inside)
{
	pid_t host, child;

	await_no_hosts(instance);
	child = fork();

	if (child == 0) {
		child_main(inside);
		_exit(1);
	}
	for (int i = 0; i < 1000 && instance_ta_hosts(instance, &host, 1) != 1; i++)
		sleep_ms(5);
	sleep_ms(200);
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	/* A TA that computes for ever keeps its CPU, as on a board: until it ends. */
	if (inside)
		CHECK_EQ(kill(host, SIGKILL), 0);
	await_no_hosts(instance);
}

/* --- the program that hosts TAs, and the trusted OS --- */

static pid_t child_named(pid_t parent, const char *name)
{
	char path[64], line[256];

	/* Children of one parent: there are few processes here. */
	for (pid_t pid = parent + 1; pid < parent + 2000; pid++) {
		FILE *f;
		bool found = false;
		int ppid = 0;

		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			found = found || (!strncmp(line, "Name:\t", 6) &&
					  !strncmp(line + 6, name, strlen(name)));
			(void)sscanf(line, "PPid: %d", &ppid);
		}
		if (f)
			fclose(f);
		if (found && ppid == parent)
			return pid;
	}
	return 0;
}

static void test_template_killed(struct peer *peer, const struct instance *instance)
{
	pid_t template = child_named(instance->world, "swtee-minkhost");
	uint64_t controller = 0;
	int32_t result = -1;
	size_t size;
	void *data = mink_ta_read(PROBE_TA_NAME, &size);

	CHECK(template > 0, "no swtee-minkhost");
	peer_load(peer);
	CHECK_EQ(kill(template, SIGKILL), 0);
	await_no_hosts(instance);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_COUNT, NULL, 0), QTEE_ERROR_DEFUNCT);
	peer_unload(peer);
	/* It is back after a moment. */
	for (int i = 0; i < 300 && result != QTEE_OK; i++) {
		result = peer_try_load(peer, data, size, false, &controller);
		if (result != QTEE_OK)
			sleep_ms(50);
	}
	CHECK_EQ(result, QTEE_OK);
	peer_release(peer, controller);
	free(data);
}

static bool hook_kill_world(struct peer *peer, uint64_t id, uint32_t op,
			    struct tee_ioctl_param *params, uint32_t n, int32_t *ret_result)
{
	const struct instance *instance = peer->data;

	if (op != PROBE_NEST)
		return false;
	CHECK_EQ(kill(instance->world, SIGKILL), 0);
	*ret_result = QTEE_OK;
	return true;
}

static void test_world_killed(struct peer *peer, struct instance *instance)
{
	uint32_t depth = 1;
	struct tee_ioctl_param params[2] = {
		object_in(&depth, sizeof(depth)),
		object_ref(200, QTEE_OBJREF_USER),
	};
	struct peer again;
	int32_t result = -1;
	uint64_t env;
	int r = -1;

	peer_load(peer);
	peer->hook = hook_kill_world;
	peer->data = instance;
	r = object_invoke(&peer->client, peer->app, PROBE_NEST, params, 2, &result);
	CHECK(r == -ENODEV, "%s", strerror(-r));
	peer->hook = NULL;

	/* The device is the same, objects of the old world are dead and can be released. */
	for (int i = 0; i < 500; i++) {
		r = object_client_register(&peer->client, &env, &result);
		if (r == 0 && result == QTEE_OK)
			break;
		sleep_ms(20);
	}
	CHECK(r == 0 && result == QTEE_OK, "the QTEE did not come back: %s, %d", strerror(-r),
	      result);
	CHECK_EQ(peer_invoke(peer, peer->app, PROBE_CALL_KEPT, NULL, 0), QTEE_ERROR_DEFUNCT);
	peer_unload(peer);
	peer_release(peer, peer->env);
	peer->env = env;
	peer_load(peer);
	CHECK_EQ(peer_count(peer).objects, 1);
	peer_unload(peer);
	peer_open(&again, 1);
	peer_close(&again);
	instance_find_world(instance, "swtee-qtee");
}

int main(void)
{
	struct instance instance;
	struct counts before;
	struct peer peer;

	instance_find_world(&instance, "swtee-qtee");
	peer_warm_up(&instance);
	counts_take(&instance, &before);

	peer_open(&peer, 4);
	test_ta_crashes(&peer, &instance);
	test_ta_killed(&peer, &instance);
	peer_close(&peer);
	test_client_killed(&instance, false);
	test_client_killed(&instance, true);
	/* Somebody has to call, so that what the dead left is told to the driver. */
	peer_open(&peer, 4);
	test_template_killed(&peer, &instance);
	peer_close(&peer);
	counts_settle(&instance, &before);

	peer_open(&peer, 4);
	for (int i = 0; i < 2; i++)
		test_world_killed(&peer, &instance);
	peer_close(&peer);
	return 0;
}
