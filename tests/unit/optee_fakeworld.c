/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mutex for everything. A secure thread and the caller that plays its CPU
 * hand the registers to each other under it; one of the two always sleeps.
 */
#include "optee_fakeworld.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mm.h>

#define RPC_MSG_SIZE OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS)

enum fw_state {
	FW_FREE,
	FW_RUNNING,
	FW_SUSPENDED,
	FW_LEAVING,		/* its caller has yet to fetch the registers */
};

struct fw_thread {
	struct fw_world *world;
	unsigned int id;
	enum fw_state state;
	atomic_bool lost;	/* its world died while it was in a call */
	uint32_t generation;
	pthread_t pthread;
	pthread_cond_t go;
	pthread_cond_t back;
	bool go_flag;
	bool started;	/* on its message */
	bool back_flag;
	struct smc_regs regs;	/* in, then out */
	struct optee_msg_arg *msg;
	struct optee_msg_arg *rpc;
	uint64_t rpc_cookie;
};


struct fw_session {
	uint32_t id;		/* 0: free */
	bool devices;
};

struct fw_world_impl {
	pthread_mutex_t lock;
	bool dead;
	bool ending;
	uint32_t generation;
	uint32_t next_session;
	struct fw_thread threads[FW_MAX_THREADS];
	struct fw_shm shm[FW_MAX_SHM];
	struct fw_session sessions[FW_MAX_SESSIONS];
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* --- shared memory --- */

static struct fw_shm *find_shm(struct fw_world_impl *impl, uint64_t cookie)
{
	for (size_t i = 0; i < FW_MAX_SHM; i++)
		if (impl->shm[i].cookie && impl->shm[i].cookie == cookie)
			return &impl->shm[i];
	return NULL;
}

/* Follows the list as the real one does: 511 entries, then the next list. */
static void read_page_list(struct fw_shm *shm, uint64_t buf_ptr)
{
	const struct optee_msg_page_list *list;
	size_t n = 0;

	shm->offset = buf_ptr & 4095;
	shm->n_pages = (shm->size + shm->offset - 1) / 4096 + 1;
	shm->pages = calloc(shm->n_pages, sizeof(*shm->pages));
	check(shm->pages);
	list = (const void *)(uintptr_t)(buf_ptr & ~(uint64_t)4095);
	while (n < shm->n_pages) {
		for (size_t i = 0; i < OPTEE_MSG_PAGES_PER_LIST && n < shm->n_pages; i++) {
			check(list->pages[i] && !(list->pages[i] & 4095));
			shm->pages[n++] = list->pages[i];
		}
		if (n < shm->n_pages) {
			check(list->next && !(list->next & 4095));
			list = (const void *)(uintptr_t)list->next;
		}
	}
}

static uint32_t add_shm(struct fw_world_impl *impl, uint64_t cookie, uint64_t buf_ptr,
			uint64_t size)
{
	check(cookie && size && !find_shm(impl, cookie));
	for (size_t i = 0; i < FW_MAX_SHM; i++) {
		struct fw_shm *shm = &impl->shm[i];

		if (shm->cookie)
			continue;
		shm->cookie = cookie;
		shm->size = size;
		read_page_list(shm, buf_ptr);
		return TEE_R_SUCCESS;
	}
	return TEE_R_OUT_OF_MEMORY;
}

static void remove_shm(struct fw_shm *shm)
{
	free(shm->pages);
	*shm = (struct fw_shm){};
}

/* The pages of one buffer follow each other here, which the test platform makes. */
static void *shm_va(const struct fw_shm *shm, uint64_t offs, uint64_t size)
{
	if (!shm || offs > shm->size || size > shm->size - offs)
		return NULL;
	for (size_t i = 1; i < shm->n_pages; i++)
		check(shm->pages[i] == shm->pages[0] + i * 4096);
	return (char *)(uintptr_t)shm->pages[0] + shm->offset + offs;
}

void *fw_shm_va(struct fw_world *world, uint64_t cookie, uint64_t offs, uint64_t size)
{
	void *va;

	pthread_mutex_lock(&world->impl->lock);
	va = shm_va(find_shm(world->impl, cookie), offs, size);
	pthread_mutex_unlock(&world->impl->lock);
	return va;
}

/* --- messages --- */

static bool is_meta(const struct optee_msg_param *p)
{
	return p->attr == (OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META);
}

static uint32_t new_session(struct fw_world_impl *impl, bool devices, uint32_t *ret_id)
{
	for (size_t i = 0; i < FW_MAX_SESSIONS; i++) {
		if (impl->sessions[i].id)
			continue;
		*ret_id = impl->next_session++;
		impl->sessions[i] = (struct fw_session){ *ret_id, devices };
		return TEE_R_SUCCESS;
	}
	return TEE_R_OUT_OF_MEMORY;
}

static struct fw_session *find_session(struct fw_world_impl *impl, uint32_t id)
{
	for (size_t i = 0; i < FW_MAX_SESSIONS; i++)
		if (id && impl->sessions[i].id == id)
			return &impl->sessions[i];
	return NULL;
}

static void do_open(struct fw_thread *t, struct optee_msg_arg *msg)
{
	static const uint8_t device_service[] = { 0x70, 0x11, 0xa6, 0x88 };
	struct fw_world_impl *impl = t->world->impl;
	uint32_t ret = TEE_R_SUCCESS;
	uint32_t session = 0;
	bool devices;

	if (msg->num_params < 2 || !is_meta(&msg->params[0]) || !is_meta(&msg->params[1])) {
		msg->ret = TEE_R_BAD_PARAMETERS;
		msg->ret_origin = TEE_R_ORIGIN_TEE;
		return;
	}
	devices = !memcmp(msg->params[0].u.octets, device_service, sizeof(device_service));
	if (t->world->open && !devices)
		ret = t->world->open(t, msg);
	if (t->lost)
		return;
	pthread_mutex_lock(&impl->lock);
	if (ret == TEE_R_SUCCESS)
		ret = new_session(impl, devices, &session);
	pthread_mutex_unlock(&impl->lock);
	msg->ret = ret;
	msg->ret_origin = ret ? TEE_R_ORIGIN_TEE : TEE_R_ORIGIN_TRUSTED_APP;
	msg->session = session;
}

static void do_close(struct fw_world *world, struct optee_msg_arg *msg)
{
	struct fw_session *session;

	pthread_mutex_lock(&world->impl->lock);
	session = find_session(world->impl, msg->session);
	check(session != NULL && msg->num_params == 0);
	session->id = 0;
	pthread_mutex_unlock(&world->impl->lock);
	atomic_fetch_add(&world->n_closed, 1);
	msg->ret = TEE_R_SUCCESS;
	msg->ret_origin = TEE_R_ORIGIN_TEE;
}

static void do_invoke(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct fw_world_impl *impl = t->world->impl;
	uint32_t ret = TEE_R_SUCCESS;
	struct fw_session *session;
	fw_body body;

	pthread_mutex_lock(&impl->lock);
	session = find_session(impl, msg->session);
	check(session != NULL);
	body = session->devices ? t->world->devices : t->world->invoke;
	pthread_mutex_unlock(&impl->lock);
	if (body)
		ret = body(t, msg);
	if (t->lost)
		return;
	msg->ret = ret;
	msg->ret_origin = TEE_R_ORIGIN_TRUSTED_APP;
}

static void do_register(struct fw_world *world, struct optee_msg_arg *msg)
{
	const struct optee_msg_param *p = &msg->params[0];

	msg->ret_origin = TEE_R_ORIGIN_TEE;
	msg->ret = world->refuse_register;
	if (msg->ret)
		return;
	check(msg->num_params == 1 && p->attr == 0x20a);
	pthread_mutex_lock(&world->impl->lock);
	msg->ret = add_shm(world->impl, p->u.tmem.shm_ref, p->u.tmem.buf_ptr, p->u.tmem.size);
	pthread_mutex_unlock(&world->impl->lock);
}

static void do_unregister(struct fw_world *world, struct optee_msg_arg *msg)
{
	struct fw_shm *shm;

	check(msg->num_params == 1);
	pthread_mutex_lock(&world->impl->lock);
	shm = find_shm(world->impl, msg->params[0].u.rmem.shm_ref);
	check(shm != NULL);
	remove_shm(shm);
	pthread_mutex_unlock(&world->impl->lock);
	msg->ret = TEE_R_SUCCESS;
	msg->ret_origin = TEE_R_ORIGIN_TEE;
}

static uint32_t run_message(struct fw_thread *t)
{
	struct optee_msg_arg *msg = t->msg;

	switch (msg->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		do_open(t, msg);
		break;
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
		do_invoke(t, msg);
		break;
	case OPTEE_MSG_CMD_CLOSE_SESSION:
		do_close(t->world, msg);
		break;
	case OPTEE_MSG_CMD_CANCEL:
		atomic_fetch_add(&t->world->n_cancelled, 1);
		msg->ret = TEE_R_SUCCESS;
		break;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		do_register(t->world, msg);
		break;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		do_unregister(t->world, msg);
		break;
	default:
		return OPTEE_SMC_RETURN_EBADCMD;
	}
	return OPTEE_SMC_RETURN_OK;
}

/* --- secure threads --- */

static void *thread_main(void *data)
{
	struct fw_thread *t = data;
	struct fw_world_impl *impl = t->world->impl;

	pthread_mutex_lock(&impl->lock);
	for (;;) {
		uint32_t ret;

		while (!t->go_flag && !impl->ending)
			pthread_cond_wait(&t->go, &impl->lock);
		if (impl->ending)
			break;
		t->go_flag = false;
		t->started = true;
		pthread_mutex_unlock(&impl->lock);

		ret = run_message(t);
		if (t->rpc_cookie && !t->lost) {
			struct smc_regs regs = { .a = { 0, t->rpc_cookie >> 32,
							(uint32_t)t->rpc_cookie } };

			(void)fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FREE);
		}

		pthread_mutex_lock(&impl->lock);
		t->started = false;
		t->state = FW_FREE;
		t->rpc = NULL;
		t->rpc_cookie = 0;
		if (!t->lost) {
			t->state = FW_LEAVING;
			memset(&t->regs, 0, sizeof(t->regs));
			t->regs.a[0] = ret;
			t->back_flag = true;
			pthread_cond_signal(&t->back);
		}
		t->lost = false;
	}
	pthread_mutex_unlock(&impl->lock);
	return NULL;
}

/* The caller plays the CPU until the thread leaves. With the lock. */
static void run_thread_locked(struct fw_thread *t, struct smc_regs *out)
{
	struct fw_world_impl *impl = t->world->impl;

	t->state = FW_RUNNING;
	t->go_flag = true;
	pthread_cond_signal(&t->go);
	while (!t->back_flag)
		pthread_cond_wait(&t->back, &impl->lock);
	t->back_flag = false;
	*out = t->regs;
	if (t->state == FW_LEAVING)
		t->state = FW_FREE;
}

bool fw_rpc_raw(struct fw_thread *t, struct smc_regs *regs, uint32_t func)
{
	struct fw_world_impl *impl = t->world->impl;
	bool alive;

	pthread_mutex_lock(&impl->lock);
	if (t->lost) {
		pthread_mutex_unlock(&impl->lock);
		return false;
	}
	t->regs = *regs;
	t->regs.a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | func;
	t->regs.a[3] = 0x1000 + t->id;
	t->regs.a[6] = 0x66;
	t->regs.a[7] = 0x77;
	t->state = FW_SUSPENDED;
	t->back_flag = true;
	pthread_cond_signal(&t->back);
	while (!t->go_flag)
		pthread_cond_wait(&t->go, &impl->lock);
	t->go_flag = false;
	alive = !t->lost;
	*regs = t->regs;
	pthread_mutex_unlock(&impl->lock);
	return alive;
}

/* A world without RPC_ARG has its message in memory of the normal world. */
static bool alloc_rpc_msg(struct fw_thread *t)
{
	struct smc_regs regs = { .a = { 0, RPC_MSG_SIZE } };

	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_ALLOC))
		return false;
	t->rpc = (void *)(uintptr_t)(regs.a[1] << 32 | regs.a[2]);
	t->rpc_cookie = regs.a[4] << 32 | regs.a[5];
	return t->rpc != NULL;
}

uint32_t fw_rpc_cmd_n(struct fw_thread *t, uint32_t cmd, struct optee_msg_param *params,
		      uint32_t num_params)
{
	struct smc_regs regs = {};

	if (!t->rpc && !alloc_rpc_msg(t))
		return 0;
	memset(t->rpc, 0, RPC_MSG_SIZE);
	t->rpc->cmd = cmd;
	t->rpc->ret = TEE_R_GENERIC;
	t->rpc->num_params = num_params;
	if (num_params)
		memcpy(t->rpc->params, params,
		       (num_params < 4 ? num_params : 4) * sizeof(*params));
	regs.a[1] = t->rpc_cookie >> 32;
	regs.a[2] = (uint32_t)t->rpc_cookie;
	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_CMD))
		return 0;
	if (num_params)
		memcpy(params, t->rpc->params,
		       (num_params < 4 ? num_params : 4) * sizeof(*params));
	return t->rpc->ret;
}

uint64_t fw_shm_alloc(struct fw_thread *t, uint64_t type, size_t size, void **ret_va)
{
	struct optee_msg_param p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, type, size, 8);
	struct fw_shm shm = {};

	if (fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_ALLOC, &p, 1) || t->lost)
		return 0;
	check(p.attr == (OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG));
	check(p.u.tmem.size >= size && p.u.tmem.shm_ref);
	shm.size = p.u.tmem.size;
	read_page_list(&shm, p.u.tmem.buf_ptr);
	if (ret_va)
		*ret_va = shm_va(&shm, 0, size);
	free(shm.pages);
	return p.u.tmem.shm_ref;
}

uint32_t fw_shm_free(struct fw_thread *t, uint64_t type, uint64_t cookie)
{
	struct optee_msg_param p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, type, cookie, 0);

	return fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_FREE, &p, 1);
}

struct optee_msg_arg *fw_rpc_msg(struct fw_thread *t)
{
	return t->rpc;
}

struct fw_world *fw_world_of(struct fw_thread *t)
{
	return t->world;
}

unsigned int fw_thread_id(struct fw_thread *t)
{
	return t->id;
}

/* --- SMC --- */

static bool find_msg(struct fw_world *world, const struct smc_regs *in, struct fw_thread *t)
{
	uint64_t ref = in->a[1] << 32 | in->a[2];
	char *va = NULL;

	if (in->a[0] == OPTEE_SMC_CALL_WITH_REGD_ARG) {
		const struct fw_shm *shm = find_shm(world->impl, ref);

		if (shm && in->a[3] < shm->size)
			va = shm_va(shm, in->a[3], sizeof(struct optee_msg_arg));
	} else {
		check(!(ref & 4095));
		va = (char *)(uintptr_t)ref;
	}
	if (!va)
		return false;
	t->msg = (struct optee_msg_arg *)va;
	check(t->msg->num_params <= 6);
	t->rpc = NULL;
	if (in->a[0] != OPTEE_SMC_CALL_WITH_ARG)
		t->rpc = (struct optee_msg_arg *)
			 (va + OPTEE_MSG_GET_ARG_SIZE(t->msg->num_params));
	return true;
}

static void start_call_locked(struct fw_world *world, const struct smc_regs *in,
			      struct smc_regs *out)
{
	struct fw_thread *t = NULL;

	for (unsigned int i = 0; i < world->config.n_threads; i++) {
		if (world->impl->threads[i].state == FW_FREE) {
			t = &world->impl->threads[i];
			break;
		}
	}
	if (!t) {
		atomic_fetch_add(&world->n_thread_limit, 1);
		out->a[0] = OPTEE_SMC_RETURN_ETHREAD_LIMIT;
		return;
	}
	if (!find_msg(world, in, t)) {
		out->a[0] = OPTEE_SMC_RETURN_EBADADDR;
		return;
	}
	atomic_fetch_add(&world->n_calls, 1);
	t->generation = world->impl->generation;
	run_thread_locked(t, out);
}

static void resume_locked(struct fw_world *world, const struct smc_regs *in,
			  struct smc_regs *out)
{
	unsigned int id = (unsigned int)in->a[3] - 0x1000;
	struct fw_thread *t;

	check(id < world->config.n_threads);
	t = &world->impl->threads[id];
	/* Never into a world that did not begin the call. */
	check(t->state == FW_SUSPENDED && t->generation == world->impl->generation);
	check(in->a[6] == 0x66 && in->a[7] == 0x77);
	t->regs = *in;
	run_thread_locked(t, out);
}

static void fast_call(struct fw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	const struct fw_config *config = &world->config;

	switch (in->a[0]) {
	case OPTEE_SMC_CALLS_UID:
		*out = (struct smc_regs){ .a = { OPTEE_MSG_UID_0, OPTEE_MSG_UID_1,
						 OPTEE_MSG_UID_2, OPTEE_MSG_UID_3 } };
		break;
	case OPTEE_SMC_CALL_GET_OS_REVISION:
		*out = (struct smc_regs){ .a = { 4, 7, 0xabcdef01 } };
		break;
	case OPTEE_SMC_CALLS_REVISION:
		*out = (struct smc_regs){ .a = { 2, 0 } };
		break;
	case OPTEE_SMC_GET_THREAD_COUNT:
		out->a[0] = config->reported_threads ? 0 : OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
		out->a[1] = config->reported_threads;
		break;
	case OPTEE_SMC_EXCHANGE_CAPABILITIES:
		check(in->a[1] == 0);
		*out = (struct smc_regs){ .a = { 0, config->caps, config->max_notif,
						 config->rpc_params } };
		break;
	case OPTEE_SMC_GET_PROTMEM_CONFIG:
		check(config->caps & OPTEE_SMC_SEC_CAP_PROTMEM);
		*out = (struct smc_regs){ .a = { 0, config->protmem_pa, config->protmem_size,
						 32 } };
		break;
	default:
		out->a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
		break;
	}
}

static void conduit_call(struct smc_conduit *conduit, const struct smc_regs *in,
			 struct smc_regs *out)
{
	struct fw_world *world = (struct fw_world *)conduit;

	atomic_fetch_add(&world->n_smc, 1);
	memset(out, 0, sizeof(*out));
	if (world->hook && world->hook(world, in, out))
		return;

	pthread_mutex_lock(&world->impl->lock);
	if (world->impl->dead)
		out->a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
	else if (in->a[0] & SMCCC_FAST_CALL)
		fast_call(world, in, out);
	else if (in->a[0] == OPTEE_SMC_CALL_RETURN_FROM_RPC)
		resume_locked(world, in, out);
	else
		start_call_locked(world, in, out);
	pthread_mutex_unlock(&world->impl->lock);
}

/* --- life --- */

void fw_init(struct fw_world *world)
{
	struct fw_world_impl *impl = calloc(1, sizeof(*impl));

	check(impl);
	memset(world, 0, sizeof(*world));
	world->conduit.call = conduit_call;
	world->impl = impl;
	world->config = (struct fw_config){
		.n_threads = 2,
		.reported_threads = 2,
		.caps = OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_MEMREF_NULL |
			OPTEE_SMC_SEC_CAP_RPC_ARG,
		.rpc_params = OPTEE_RPC_NUM_PARAMS,
	};
	pthread_mutex_init(&impl->lock, NULL);
	impl->next_session = 1;
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++) {
		struct fw_thread *t = &impl->threads[i];

		t->world = world;
		t->id = i;
		pthread_cond_init(&t->go, NULL);
		pthread_cond_init(&t->back, NULL);
		check(!pthread_create(&t->pthread, NULL, thread_main, t));
	}
}

static void forget(struct fw_world_impl *impl)
{
	for (size_t i = 0; i < FW_MAX_SHM; i++)
		if (impl->shm[i].cookie)
			remove_shm(&impl->shm[i]);
	memset(impl->sessions, 0, sizeof(impl->sessions));
	impl->next_session = 1;
}

void fw_fini(struct fw_world *world)
{
	struct fw_world_impl *impl = world->impl;

	pthread_mutex_lock(&impl->lock);
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++)
		check(impl->threads[i].state == FW_FREE);
	impl->ending = true;
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++)
		pthread_cond_signal(&impl->threads[i].go);
	pthread_mutex_unlock(&impl->lock);
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++)
		pthread_join(impl->threads[i].pthread, NULL);
	forget(impl);
	free(impl);
}

/* A caller whose thread runs gets its answer, a thread that is suspended ends. */
static void lose_thread_locked(struct fw_thread *t)
{
	if ((t->state != FW_RUNNING && t->state != FW_SUSPENDED) || t->lost)
		return;
	t->lost = t->started;
	if (t->state == FW_RUNNING) {
		/* One that did not begin never will: the message is the caller's again. */
		if (!t->started) {
			t->go_flag = false;
			t->state = FW_LEAVING;
		}
		memset(&t->regs, 0, sizeof(t->regs));
		t->regs.a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
		t->back_flag = true;
		pthread_cond_signal(&t->back);
	} else {
		t->go_flag = true;
		pthread_cond_signal(&t->go);
	}
}

void fw_kill(struct fw_world *world)
{
	pthread_mutex_lock(&world->impl->lock);
	world->impl->dead = true;
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++)
		lose_thread_locked(&world->impl->threads[i]);
	pthread_mutex_unlock(&world->impl->lock);
}

void fw_restart(struct fw_world *world)
{
	struct fw_world_impl *impl = world->impl;

	fw_kill(world);
	while (fw_n_busy(world))
		sched_yield();
	pthread_mutex_lock(&impl->lock);
	forget(impl);
	impl->generation++;
	impl->dead = false;
	pthread_mutex_unlock(&impl->lock);
}

size_t fw_n_shm(struct fw_world *world)
{
	size_t n = 0;

	pthread_mutex_lock(&world->impl->lock);
	for (size_t i = 0; i < FW_MAX_SHM; i++)
		n += world->impl->shm[i].cookie != 0;
	pthread_mutex_unlock(&world->impl->lock);
	return n;
}

bool fw_knows(struct fw_world *world, uint64_t cookie)
{
	bool known;

	pthread_mutex_lock(&world->impl->lock);
	known = find_shm(world->impl, cookie) != NULL;
	pthread_mutex_unlock(&world->impl->lock);
	return known;
}

size_t fw_n_sessions(struct fw_world *world)
{
	size_t n = 0;

	pthread_mutex_lock(&world->impl->lock);
	for (size_t i = 0; i < FW_MAX_SESSIONS; i++)
		n += world->impl->sessions[i].id != 0;
	pthread_mutex_unlock(&world->impl->lock);
	return n;
}

unsigned int fw_n_busy(struct fw_world *world)
{
	unsigned int n = 0;

	pthread_mutex_lock(&world->impl->lock);
	for (unsigned int i = 0; i < FW_MAX_THREADS; i++)
		n += world->impl->threads[i].state != FW_FREE;
	pthread_mutex_unlock(&world->impl->lock);
	return n;
}

/* --- parameters --- */

struct optee_msg_param fw_value(uint64_t type, uint64_t a, uint64_t b, uint64_t c)
{
	return (struct optee_msg_param){ .attr = type, .u.value = { a, b, c } };
}

struct optee_msg_param fw_rmem(uint64_t type, uint64_t cookie, uint64_t offs, uint64_t size)
{
	return (struct optee_msg_param){ .attr = type, .u.rmem = { offs, size, cookie } };
}
