/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls to a TA host
 *
 * The instance's lane carries one operation at a time. While the TA runs it may
 * ask for services; the answer goes back on the same lane and the TA goes on.
 *
 * The thread that plays the CPU waits in the lane for as long as the TA computes,
 * as a CPU would. A host that dies ends the lane; one that dies before it took its
 * lane over is noticed by its socket.
 */
#include "secure/optee/user_ta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "machine/lane/lane.h"
#include "secure/common/shared.h"
#include "secure/optee/params.h"
#include "secure/optee/rpc.h"
#include "secure/optee/session.h"
#include "secure/optee/ta_manager.h"
#include "secure/optee/ta_time.h"
#include "secure/optee/user_ta_private.h"
#include "secure/optee/world.h"

/* --- life --- */

/* Its end only: what the host does not take is not waited for. */
static int user_ta_socket(struct user_ta *ta, int *ret_peer)
{
	int pair[2];
	int r = fdsock_pair(pair);

	if (r < 0)
		return r;
	ta->sock = pair[0];
	*ret_peer = pair[1];
	return fcntl(ta->sock, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int user_ta_spawn(struct optee_world *world, const uint8_t uuid[16], int lane_fd,
			 int image_fd, int peer)
{
	const int fds[] = { lane_fd, image_fd, peer };
	struct tahost_spawn spawn = {
		.type = TAHOST_SPAWN,
		.log_level = log_get_level(),
	};

	memcpy(spawn.uuid, uuid, sizeof(spawn.uuid));
	return ta_template_spawn(&world->template, &spawn, sizeof(spawn), fds,
				 sizeof(fds) / sizeof(fds[0]));
}

uint32_t user_ta_new(struct optee_world *world, const uint8_t uuid[16], uint64_t serial,
		     int image_fd, struct user_ta **ret_ta)
{
	AUTO(close_fd) int lane_fd = -1;
	AUTO(close_fd) int peer = -1;
	struct user_ta *ta = calloc(1, sizeof(*ta));
	int r;

	if (!ta)
		return TEE_R_OUT_OF_MEMORY;
	ta->serial = serial;
	memcpy(ta->uuid, uuid, sizeof(ta->uuid));
	uuid_to_string(uuid, ta->name);
	user_ta_mem_init(&ta->mem);
	ta_storage_init(&ta->storage, &world->storage, uuid);
	ta->sock = -1;

	r = lane_new(sizeof(struct tahost_call), &ta->lane, &lane_fd);
	if (r == 0) {
		/* A TA may compute for long. */
		lane_set_caller_flags(ta->lane, LANE_WIDEN);
		ta->call = lane_data(ta->lane);
		r = user_ta_socket(ta, &peer);
	}
	if (r == 0)
		r = user_ta_spawn(world, uuid, lane_fd, image_fd, peer);
	if (r < 0) {
		log_warn_ratelimited("TA %s cannot be started, there is no process for it: %s",
				     ta->name, strerror(-r));
		user_ta_free(world, ta);
		return r == -ENOENT || r == -EPIPE ? TEE_R_GENERIC : TEE_R_OUT_OF_MEMORY;
	}
	*ret_ta = ta;
	return TEE_R_SUCCESS;
}

void user_ta_watch(struct optee_world *world, struct user_ta *ta)
{
	struct epoll_event event = { .events = EPOLLRDHUP, .data.u64 = ta->serial };

	if (epoll_ctl(world->epoll_fd, EPOLL_CTL_ADD, ta->sock, &event) < 0)
		user_ta_kill(ta, "its process cannot be watched");
}

void user_ta_free(struct optee_world *world, struct user_ta *ta)
{
	if (!ta)
		return;
	if (ta->sock >= 0)
		(void)epoll_ctl(world->epoll_fd, EPOLL_CTL_DEL, ta->sock, NULL);
	if (ta->lane)
		lane_close(ta->lane);
	lane_free(ta->lane);
	close_fd(ta->sock);
	user_ta_mem_deinit(&ta->mem);
	ta_storage_deinit(&ta->storage);
	free(ta);
}

uint64_t user_ta_serial(const struct user_ta *ta)
{
	return ta->serial;
}

bool user_ta_is_dead(const struct user_ta *ta)
{
	return atomic_load_explicit(&ta->dead, memory_order_acquire);
}

/* True for who is the first to say so: it tells the user. */
static bool user_ta_end(struct user_ta *ta)
{
	bool first = !atomic_exchange(&ta->dead, true);

	/* Whichever way it lives on, it has nothing to say to us any more. */
	lane_close(ta->lane);
	(void)shutdown(ta->sock, SHUT_RDWR);
	return first && !atomic_load(&ta->ending);
}

void user_ta_kill(struct user_ta *ta, const char *why)
{
	if (user_ta_end(ta))
		log_warn_ratelimited("TA %s is ended: %s", ta->name, why);
}

static void user_ta_died(struct user_ta *ta)
{
	if (user_ta_end(ta))
		log_warn_ratelimited("TA %s died: its process was killed, or crashed without a report",
				     ta->name);
}

void user_ta_host_died(struct optee_world *world, struct user_ta *ta)
{
	(void)epoll_ctl(world->epoll_fd, EPOLL_CTL_DEL, ta->sock, NULL);
	user_ta_died(ta);
}

static void user_ta_panicked(struct user_ta *ta, uint32_t code)
{
	if (user_ta_end(ta))
		log_warn_ratelimited("TA %s panicked with code %#x; its sessions are dead",
				     ta->name, code);
}

/* --- services --- */

static uint32_t sys_ree_time(struct thread *thread, __u64 a[4])
{
	uint64_t s = 0;
	uint32_t ns = 0;
	uint32_t res = rpc_get_time(thread, &s, &ns);

	a[0] = s;
	a[1] = ns / 1000000;
	return res;
}

static uint32_t sys_ta_time(struct thread *thread, struct user_ta *ta, __u64 a[4])
{
	uint32_t s, ms;
	uint32_t res = ta_time_get(&thread->world->times, ta->uuid, &s, &ms);

	a[0] = s;
	a[1] = ms;
	return res;
}

/* Entry points run on behalf of a session, except the last one. */
static uint32_t sys_cancel(struct session *session, uint32_t nr, __u64 a[4])
{
	if (nr == TAHOST_SYS_GET_CANCEL)
		a[0] = session && session_is_cancelled(session);
	else
		a[0] = session ? atomic_exchange(&session->cancel_masked, a[0] != 0) : 1;
	return TEE_R_SUCCESS;
}

/* False when the host asks for something that there is not. */
static bool user_ta_serve(struct thread *thread, struct user_ta *ta, struct session *session)
{
	struct tahost_sys sys;

	shared_copy_in(&sys, &ta->call->sys, sizeof(sys));
	switch (sys.nr) {
	case TAHOST_SYS_WAIT:
		sys.result = ta_time_wait(thread, session, (uint32_t)sys.a[0]);
		break;
	case TAHOST_SYS_GET_REE_TIME:
		sys.result = sys_ree_time(thread, sys.a);
		break;
	case TAHOST_SYS_GET_TA_TIME:
		sys.result = sys_ta_time(thread, ta, sys.a);
		break;
	case TAHOST_SYS_SET_TA_TIME:
		sys.result = sys.a[1] < 1000 ? ta_time_set(&thread->world->times, ta->uuid,
							   (uint32_t)sys.a[0],
							   (uint32_t)sys.a[1]) :
					       TEE_R_BAD_PARAMETERS;
		break;
	case TAHOST_SYS_MASK_CANCEL:
	case TAHOST_SYS_GET_CANCEL:
		sys.result = sys_cancel(session, sys.nr, sys.a);
		break;
	case TAHOST_SYS_WINDOW:
		sys.result = user_ta_window_reserve(thread, ta, sys.a[0]);
		break;
	default:
		if (!user_ta_storage(thread, ta, &sys))
			return false;
		break;
	}
	ta->call->sys = sys;
	return true;
}

/* --- operations --- */

bool user_ta_run(struct thread *thread, struct user_ta *ta, struct session *session,
		 uint32_t op, uint32_t *result)
{
	struct tahost_call *call = ta->call;

	if (user_ta_is_dead(ta))
		return false;
	for (;;) {
		call->op = op;
		if (lane_call(ta->lane) < 0) {
			user_ta_died(ta);
			return false;
		}
		switch (SHARED_READ(call->answer)) {
		case TAHOST_DONE:
			*result = SHARED_READ(call->result);
			return true;
		case TAHOST_SYSCALL:
			/* The TA does not run then; and these happen within a service. */
			if (op == TAHOST_OP_MAP || op == TAHOST_OP_UNMAP) {
				user_ta_kill(ta, "its host asked for a service at the wrong time");
				return false;
			}
			if (!user_ta_serve(thread, ta, session)) {
				user_ta_kill(ta, "its host asked for an unknown service");
				return false;
			}
			op = TAHOST_OP_SYSRET;
			break;
		case TAHOST_PANIC:
			user_ta_panicked(ta, SHARED_READ(call->result));
			return false;
		default:
			user_ta_kill(ta, "its host gave an answer that there is not");
			return false;
		}
	}
}

/* What a host says goes to a log: one line, nothing that a terminal would obey. */
static void copy_message(const struct tahost_call *call, char message[sizeof(call->message)])
{
	const size_t size = sizeof(call->message);

	shared_copy_in(message, call->message, size);
	message[size - 1] = '\0';
	for (char *c = message; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

static bool flags_are_sane(uint32_t flags)
{
	return !(flags & ~TA_FLAGS_MASK);
}

uint32_t user_ta_load(struct thread *thread, struct user_ta *ta, uint32_t *ret_flags)
{
	char message[sizeof(ta->call->message)];
	uint32_t flags, res;

	if (!user_ta_run(thread, ta, NULL, TAHOST_OP_LOAD, &res))
		return TEE_R_TARGET_DEAD;
	if (res != TEE_R_SUCCESS) {
		copy_message(ta->call, message);
		log_warn_ratelimited("TA %s cannot be loaded (%#x): %s", ta->name, res,
				     message[0] ? message : "its host does not say why");
		atomic_store(&ta->ending, true);
		return res;
	}
	flags = SHARED_READ(ta->call->ta.flags);
	if (!flags_are_sane(flags)) {
		log_warn_ratelimited("TA %s cannot be loaded: its flags %#x have bits that there are not",
				     ta->name, flags);
		atomic_store(&ta->ending, true);
		return TEE_R_BAD_FORMAT;
	}
	ta->storage.keep_corrupt = flags & TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT;
	*ret_flags = flags;
	return TEE_R_SUCCESS;
}

/* The verdict of an entry point, and whose it is */
static uint32_t user_ta_verdict(bool alive, uint32_t result, uint32_t *origin)
{
	*origin = alive ? TEE_R_ORIGIN_TRUSTED_APP : TEE_R_ORIGIN_TEE;
	return alive ? result : TEE_R_TARGET_DEAD;
}

uint32_t user_ta_create(struct thread *thread, struct user_ta *ta, struct session *session,
			uint32_t *origin)
{
	uint32_t res = TEE_R_SUCCESS;
	bool alive = user_ta_run(thread, ta, session, TAHOST_OP_CREATE, &res);

	return user_ta_verdict(alive, res, origin);
}

/* OPEN or INVOKE */
static uint32_t user_ta_enter(struct thread *thread, struct user_ta *ta,
			      struct session *session, uint32_t op, uint32_t cmd,
			      struct ta_params *params, uint32_t *origin)
{
	struct tahost_call *call = ta->call;
	struct ta_copies copies;
	uint32_t res;
	bool alive;

	*origin = TEE_R_ORIGIN_TEE;
	if (user_ta_is_dead(ta))
		return TEE_R_TARGET_DEAD;
	res = user_ta_params_in(thread, ta, params, &copies);
	if (res != TEE_R_SUCCESS)
		return res;
	call->cmd = cmd;
	call->session = session->id;
	call->login = session->client.login;
	memcpy(call->client_uuid, session->client.uuid, sizeof(call->client_uuid));
	alive = user_ta_run(thread, ta, session, op, &res);
	if (alive)
		user_ta_params_out(thread, ta, params, &copies);
	return user_ta_verdict(alive, res, origin);
}

uint32_t user_ta_open(struct thread *thread, struct user_ta *ta, struct session *session,
		      struct ta_params *params, uint32_t *origin)
{
	return user_ta_enter(thread, ta, session, TAHOST_OP_OPEN, 0, params, origin);
}

uint32_t user_ta_invoke(struct thread *thread, struct user_ta *ta, struct session *session,
			uint32_t cmd, struct ta_params *params, uint32_t *origin)
{
	return user_ta_enter(thread, ta, session, TAHOST_OP_INVOKE, cmd, params, origin);
}

void user_ta_close(struct thread *thread, struct user_ta *ta, struct session *session)
{
	uint32_t ignored;

	ta->call->session = session->id;
	(void)user_ta_run(thread, ta, session, TAHOST_OP_CLOSE, &ignored);
}

void user_ta_destroy(struct thread *thread, struct user_ta *ta)
{
	uint32_t ignored;

	if (user_ta_is_dead(ta))
		return;
	/* It exits as soon as it is done, perhaps before its answer is seen. */
	atomic_store(&ta->ending, true);
	(void)user_ta_run(thread, ta, NULL, TAHOST_OP_DESTROY, &ignored);
	(void)user_ta_end(ta);
}
