/* SPDX-License-Identifier: BSD-2-Clause */
#include "optee_world_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "abi/world.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"
#include "secure/optee/world.h"

/* --- the SoC --- */

static void *memory_main(void *data)
{
	struct rig *rig = data;
	struct world_map_req req;

	while (fdsock_recv(rig->memory_fd, &req, sizeof(req), NULL, 0, NULL, NULL, 0) ==
	       sizeof(req)) {
		struct world_map_rep rep = { 0 };
		struct soc_map map = { .fd = -1 };

		rep.error = soc_mem_map(rig->mem, req.pa, req.type == WORLD_MAP, &map);
		rep.flags = map.dedicated ? WORLD_MAP_DEDICATED : 0;
		if (rep.error == -EACCES) {
			rep.error = soc_mem_map_protected(rig->mem, req.pa,
							  req.type == WORLD_MAP, &map);
			rep.flags = WORLD_MAP_PROTECTED;
		}
		rep.pa = map.pa;
		rep.size = map.size;
		rep.fd_offset = map.fd_offset;
		rig->n_map_requests++;
		(void)fdsock_send(rig->memory_fd, &rep, sizeof(rep), &map.fd, map.fd >= 0);
		close_fd(map.fd);
	}
	return NULL;
}

struct run {
	struct rig *rig;
	struct optee_world_config config;
};

/* The parent of the TA hosts' template: it makes the world and runs it. */
static void *run_main(void *data)
{
	struct run *run = data;
	struct rig *rig = run->rig;
	struct optee_world_config config = run->config;
	struct optee_world *world;

	free(run);
	if (optee_world_new(&config, &world) < 0)
		return NULL;
	rig->template_pid = world->template.pid;
	rig->world = world;
	rig->run_result = optee_world_run(world);
	return NULL;
}

static void rig_add_cpu(struct rig *rig, unsigned int i)
{
	struct world_msg msg = { .type = WORLD_CPU_ADD };
	int fd;

	assert_int_equal(lane_new(sizeof(struct smc_regs), &rig->cpus[i], &fd), 0);
	assert_int_equal(fdsock_send(rig->control_fd, &msg, sizeof(msg), &fd, 1), 0);
	close(fd);
}

/* When each has answered, the world runs and has taken all of them over. */
static void rig_touch_cpus(struct rig *rig)
{
	for (unsigned int i = 0; i < RIG_CPUS; i++) {
		struct smc_regs in = { .a = { OPTEE_SMC_CALLS_UID } }, out;

		assert_int_equal(rig_smc(rig, i, &in, &out), OPTEE_MSG_UID_0);
	}
}

void rig_start(struct rig *rig, uint32_t epoch)
{
	int control[2], memory[2], ram_fd;
	struct run *run = calloc(1, sizeof(*run));
	struct world_start start = {
		.type = WORLD_START,
		.epoch = epoch,
		.num_threads = RIG_THREADS,
		.log_level = 0,
	};
	uint64_t protected_pa, protected_size;
	struct world_msg msg;

	memset(rig, 0, sizeof(*rig));
	rig->run_result = -1;
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->notified, NULL);
	assert_non_null(run);
	assert_int_equal(soc_mem_new(RIG_RAM_SIZE, &rig->mem), 0);
	assert_int_equal(soc_mem_add_protected(rig->mem, RIG_PROTECTED_SIZE), 0);
	soc_mem_get_protected(rig->mem, &protected_pa, &protected_size);
	start.protected_pa = rig->protected_pa = protected_pa;
	start.protected_size = protected_size;
	assert_int_equal(fdsock_pair(control), 0);
	assert_int_equal(fdsock_pair(memory), 0);
	rig->control_fd = control[0];
	rig->memory_fd = memory[0];
	assert_int_equal(pthread_create(&rig->memory_thread, NULL, memory_main, rig), 0);
	run->rig = rig;
	run->config = (struct optee_world_config){
		.control_fd = control[1],
		.memory_fd = memory[1],
		.tahost = "/proc/self/exe",
	};
	assert_int_equal(pthread_create(&rig->run_thread, NULL, run_main, run), 0);

	{
		uint64_t pa, size;

		soc_mem_get_ram(rig->mem, &ram_fd, &pa, &size);
		start.ram_pa = pa;
		start.ram_size = size;
	}
	assert_int_equal(fdsock_send(rig->control_fd, &start, sizeof(start), &ram_fd, 1), 0);
	assert_int_equal(fdsock_recv(rig->control_fd, &msg, sizeof(msg), NULL, 0, NULL, NULL, 0),
			 sizeof(msg));
	assert_int_equal(msg.type, WORLD_STARTED);
	assert_int_equal(msg.error, 0);
	for (unsigned int i = 0; i < RIG_CPUS; i++)
		rig_add_cpu(rig, i);
	rig_touch_cpus(rig);
}

void rig_stop(struct rig *rig)
{
	rig_touch_cpus(rig);
	close(rig->control_fd);
	pthread_join(rig->run_thread, NULL);
	assert_int_equal(rig->run_result, 0);
	for (unsigned int i = 0; i < RIG_CPUS; i++)
		lane_close(rig->cpus[i]);
	optee_world_free(rig->world);
	for (unsigned int i = 0; i < RIG_CPUS; i++)
		lane_free(rig->cpus[i]);
	pthread_join(rig->memory_thread, NULL);
	close(rig->memory_fd);
	soc_mem_free(rig->mem);
	pthread_cond_destroy(&rig->notified);
	pthread_mutex_destroy(&rig->lock);
}

uint32_t rig_smc(struct rig *rig, unsigned int cpu, const struct smc_regs *in,
		 struct smc_regs *out)
{
	struct lane *lane = rig->cpus[cpu];

	memcpy(lane_data(lane), in, sizeof(*in));
	assert_int_equal(lane_call(lane), 0);
	memcpy(out, lane_data(lane), sizeof(*out));
	return (uint32_t)out->a[0];
}

uint32_t rig_fast(struct rig *rig, uint32_t func, struct smc_regs *out)
{
	struct smc_regs in = { .a = { func } };

	return rig_smc(rig, 0, &in, out);
}

/* --- messages --- */

void rig_arg_new(struct rig *rig, struct rig_arg *arg)
{
	assert_int_equal(soc_region_new(rig->mem, SOC_PAGE_SIZE, false, &arg->region), 0);
	arg->msg = soc_region_va(arg->region);
	arg->rpc = NULL;
}

void rig_arg_free(struct rig_arg *arg)
{
	soc_region_free(arg->region);
}

void rig_arg_prepare(struct rig_arg *arg, uint32_t cmd, uint32_t n)
{
	memset(arg->msg, 0, SOC_PAGE_SIZE);
	arg->msg->cmd = cmd;
	arg->msg->num_params = n;
	arg->msg->ret = 0xdeadbeef;
	arg->rpc = (void *)((uint8_t *)arg->msg + OPTEE_MSG_GET_ARG_SIZE(n));
}

static void set_pair(uint64_t *hi, uint64_t *lo, uint64_t v)
{
	*hi = v >> 32;
	*lo = (uint32_t)v;
}

static uint64_t get_pair(uint64_t hi, uint64_t lo)
{
	return (uint64_t)(uint32_t)hi << 32 | (uint32_t)lo;
}

struct smc_regs rig_arg_regs(const struct rig_arg *arg)
{
	struct smc_regs in = { .a = { OPTEE_SMC_CALL_WITH_RPC_ARG } };
	uint64_t a1, a2;

	set_pair(&a1, &a2, soc_region_pa(arg->region));
	in.a[1] = a1;
	in.a[2] = a2;
	return in;
}

uint64_t rig_page_list(struct rig *rig, const struct soc_region *region, size_t offset,
		       size_t size, struct soc_region **ret_list)
{
	size_t n = (offset + size + SOC_PAGE_SIZE - 1) / SOC_PAGE_SIZE;
	size_t n_lists = (n + OPTEE_MSG_PAGES_PER_LIST - 1) / OPTEE_MSG_PAGES_PER_LIST;
	struct optee_msg_page_list *list;

	assert_int_equal(soc_region_new(rig->mem, n_lists * SOC_PAGE_SIZE, false, ret_list), 0);
	list = soc_region_va(*ret_list);
	for (size_t i = 0; i < n; i++) {
		size_t l = i / OPTEE_MSG_PAGES_PER_LIST;

		list[l].pages[i % OPTEE_MSG_PAGES_PER_LIST] =
			soc_region_pa(region) + i * SOC_PAGE_SIZE;
		list[l].next = soc_region_pa(*ret_list) + (l + 1) * SOC_PAGE_SIZE;
	}
	return soc_region_pa(*ret_list) | offset;
}

void rig_shm_new(struct rig *rig, struct rig_arg *arg, size_t offset, size_t size,
		 bool dedicated, uint64_t cookie, struct rig_shm *shm)
{
	struct optee_msg_param *p = arg->msg->params;
	struct soc_region *list;

	assert_int_equal(soc_region_new(rig->mem, offset + size, dedicated, &shm->region), 0);
	shm->va = (uint8_t *)soc_region_va(shm->region) + offset;
	shm->size = size;
	shm->cookie = cookie;
	rig_arg_prepare(arg, OPTEE_MSG_CMD_REGISTER_SHM, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = rig_page_list(rig, shm->region, offset, size, &list);
	p->u.tmem.size = size;
	p->u.tmem.shm_ref = cookie;
	assert_int_equal(rig_call(rig, 0, arg), TEE_R_SUCCESS);
	soc_region_free(list);
}

uint32_t rig_shm_unregister(struct rig *rig, struct rig_arg *arg, uint64_t cookie)
{
	rig_arg_prepare(arg, OPTEE_MSG_CMD_UNREGISTER_SHM, 1);
	arg->msg->params[0].attr = OPTEE_MSG_ATTR_TYPE_RMEM_INPUT;
	arg->msg->params[0].u.rmem.shm_ref = cookie;
	return rig_call(rig, 0, arg);
}

void rig_shm_free(struct rig *rig, struct rig_arg *arg, struct rig_shm *shm)
{
	assert_int_equal(rig_shm_unregister(rig, arg, shm->cookie), TEE_R_SUCCESS);
	soc_region_free(shm->region);
}

/* --- RPC --- */

static uint32_t serve_notification(struct rig *rig, const struct optee_msg_param_value *v)
{
	struct timespec until;
	uint32_t ret = TEE_R_SUCCESS;

	if (v->b >= RIG_MAX_NOTIF)
		return TEE_R_BAD_PARAMETERS;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(v->c / 1000);
	pthread_mutex_lock(&rig->lock);
	if (v->a == OPTEE_RPC_NOTIFICATION_SEND) {
		rig->n_sends++;
		rig->notif[v->b] = true;
		pthread_cond_broadcast(&rig->notified);
	} else {
		rig->n_waits++;
		while (!rig->notif[v->b] && ret == TEE_R_SUCCESS) {
			if (pthread_cond_timedwait(&rig->notified, &rig->lock, &until))
				ret = TEE_R_BAD_PARAMETERS;
		}
		rig->notif[v->b] = false;
	}
	pthread_mutex_unlock(&rig->lock);
	return ret;
}

static uint32_t serve_load_ta(struct rig *rig, struct optee_msg_arg *rpc)
{
	struct optee_msg_param *p = rpc->params;
	size_t claimed = rig->image_claimed ? rig->image_claimed : rig->image_size;

	assert_int_equal(rpc->num_params, 2);
	assert_int_equal(p[0].attr, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT);
	rig->n_loads++;
	if (!rig->image || memcmp(p[0].u.octets, rig->image_uuid, 16))
		return TEE_R_ITEM_NOT_FOUND;
	if (p[1].attr == OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT) {
		assert_int_equal(p[1].u.tmem.buf_ptr | p[1].u.tmem.size | p[1].u.tmem.shm_ref, 0);
		p[1].u.tmem.size = claimed;
		return TEE_R_SUCCESS;
	}
	assert_int_equal(p[1].attr, OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT);
	assert_int_equal(p[1].u.rmem.shm_ref, 0x5eed);
	memcpy(soc_region_va(rig->lent), rig->image, rig->image_size);
	p[1].u.rmem.size = rig->lie == RIG_LIE_IMAGE ? 1 << 30 : claimed;
	return TEE_R_SUCCESS;
}

static uint32_t serve_shm_alloc(struct rig *rig, struct optee_msg_arg *rpc)
{
	struct optee_msg_param *p = rpc->params;

	if (rig->refuse_alloc)
		return TEE_R_OUT_OF_MEMORY;
	assert_null(rig->lent);
	assert_int_equal(soc_region_new(rig->mem, p->u.value.b, true, &rig->lent), 0);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = rig_page_list(rig, rig->lent, 0, soc_region_size(rig->lent),
					  &rig->lent_list);
	p->u.tmem.size = soc_region_size(rig->lent);
	p->u.tmem.shm_ref = 0x5eed;
	rig->n_allocs++;
	if (rig->lie == RIG_LIE_SIZE)
		p->u.tmem.size = 1;
	else if (rig->lie == RIG_LIE_ATTR)
		p->attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
	else if (rig->lie == RIG_LIE_LIST)
		*(uint64_t *)soc_region_va(rig->lent_list) = 0x1000;
	else if (rig->lie == RIG_LIE_CONTIGUOUS)
		*p = (struct optee_msg_param){
			.attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT,
			.u.tmem = { soc_region_pa(rig->lent), 4097, 0x5eed },
		};
	return TEE_R_SUCCESS;
}

static uint32_t serve_shm_free(struct rig *rig, struct optee_msg_arg *rpc)
{
	assert_int_equal(rpc->params[0].u.value.b, 0x5eed);
	rig->lent = soc_region_free(rig->lent);
	rig->lent_list = soc_region_free(rig->lent_list);
	rig->n_frees++;
	return TEE_R_SUCCESS;
}

static uint32_t serve_cmd(struct rig *rig, struct optee_msg_arg *rpc)
{
	struct optee_msg_param *p = rpc->params;
	struct timespec ts;

	assert_int_equal(rpc->ret, TEE_R_GENERIC);
	switch (rpc->cmd) {
	case OPTEE_RPC_CMD_LOAD_TA:
		return serve_load_ta(rig, rpc);
	case OPTEE_RPC_CMD_GET_TIME:
		p->u.value.a = 1234567;
		p->u.value.b = 890000000;
		return TEE_R_SUCCESS;
	case OPTEE_RPC_CMD_NOTIFICATION:
		return serve_notification(rig, &p->u.value);
	case OPTEE_RPC_CMD_SUSPEND:
		rig->n_suspends++;
		ts = (struct timespec){ .tv_nsec = (long)p->u.value.a * 1000000 };
		nanosleep(&ts, NULL);
		return TEE_R_SUCCESS;
	case OPTEE_RPC_CMD_SHM_ALLOC:
		return serve_shm_alloc(rig, rpc);
	case OPTEE_RPC_CMD_SHM_FREE:
		return serve_shm_free(rig, rpc);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

void rig_serve_rpc(struct rig *rig, struct rig_arg *arg, const struct smc_regs *out,
		   struct smc_regs *in)
{
	struct optee_msg_arg *rpc = arg->rpc;

	*in = *out;
	in->a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;
	switch (OPTEE_SMC_RETURN_RPC_FUNC((uint32_t)out->a[0])) {
	case OPTEE_SMC_RPC_FUNC_ALLOC:
		in->a[1] = in->a[2] = in->a[4] = in->a[5] = 0;
		if (rig->refuse_alloc)
			break;
		assert_null(rig->lent);
		assert_int_equal(soc_region_new(rig->mem, out->a[1], false, &rig->lent), 0);
		in->a[1] = soc_region_pa(rig->lent) >> 32;
		in->a[2] = (uint32_t)soc_region_pa(rig->lent);
		in->a[5] = 0x5eed;
		rig->n_allocs++;
		break;
	case OPTEE_SMC_RPC_FUNC_FREE:
		assert_int_equal(get_pair(out->a[1], out->a[2]), 0x5eed);
		rig->lent = soc_region_free(rig->lent);
		rig->n_frees++;
		break;
	case OPTEE_SMC_RPC_FUNC_CMD:
		if (get_pair(out->a[1], out->a[2]) == 0x5eed)
			rpc = soc_region_va(rig->lent);
		rpc->ret = serve_cmd(rig, rpc);
		break;
	default:
		fail_msg("unknown RPC %#x", (unsigned int)out->a[0]);
	}
}

uint32_t rig_call_regs(struct rig *rig, unsigned int cpu, struct rig_arg *arg,
		       struct smc_regs in)
{
	struct smc_regs out;
	uint32_t ret;

	for (;;) {
		ret = rig_smc(rig, cpu, &in, &out);
		if (!OPTEE_SMC_RETURN_IS_RPC(ret))
			return ret;
		rig_serve_rpc(rig, arg, &out, &in);
	}
}

uint32_t rig_call(struct rig *rig, unsigned int cpu, struct rig_arg *arg)
{
	assert_int_equal(rig_call_regs(rig, cpu, arg, rig_arg_regs(arg)), OPTEE_SMC_RETURN_OK);
	return arg->msg->ret;
}

/* --- sessions --- */

void rig_prepare_open(struct rig_arg *arg, const uint8_t uuid[16], uint32_t n)
{
	struct optee_msg_param *p = arg->msg->params;

	rig_arg_prepare(arg, OPTEE_MSG_CMD_OPEN_SESSION, 2 + n);
	p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	memcpy(p[0].u.octets, uuid, 16);
	p[1].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
}

uint32_t rig_open(struct rig *rig, unsigned int cpu, struct rig_arg *arg,
		  const uint8_t uuid[16], uint32_t *ret_session)
{
	uint32_t ret;

	rig_prepare_open(arg, uuid, 0);
	ret = rig_call(rig, cpu, arg);
	*ret_session = arg->msg->session;
	return ret;
}

void rig_prepare_invoke(struct rig_arg *arg, uint32_t session, uint32_t cmd, uint32_t n)
{
	rig_arg_prepare(arg, OPTEE_MSG_CMD_INVOKE_COMMAND, n);
	arg->msg->session = session;
	arg->msg->func = cmd;
}

uint32_t rig_close(struct rig *rig, struct rig_arg *arg, uint32_t session)
{
	rig_arg_prepare(arg, OPTEE_MSG_CMD_CLOSE_SESSION, 0);
	arg->msg->session = session;
	return rig_call(rig, 0, arg);
}
