/* SPDX-License-Identifier: BSD-2-Clause */
#include "qtee_world_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/world.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"
#include "secure/qtee/world.h"

#define RAM_SIZE ((size_t)32 << 20)

/* {1: 0, 6: 1700000000000}, as a client that uses QCBOR sends it */
static const uint8_t credentials[] = {
	0xa2, 0x01, 0x00, 0x06, 0x1b, 0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00,
};

/* --- the SoC --- */

static void *memory_main(void *data)
{
	struct qrig *rig = data;
	struct world_map_req req;

	while (fdsock_recv(rig->memory_fd, &req, sizeof(req), NULL, 0, NULL, NULL, 0) ==
	       sizeof(req)) {
		struct world_map_rep rep = { 0 };
		struct soc_map map = { .fd = -1 };

		rep.error = soc_mem_map(rig->mem, req.pa, req.type == WORLD_MAP, &map);
		rep.flags = map.dedicated ? WORLD_MAP_DEDICATED : 0;
		rep.pa = map.pa;
		rep.size = map.size;
		rep.fd_offset = map.fd_offset;
		(void)fdsock_send(rig->memory_fd, &rep, sizeof(rep), &map.fd, map.fd >= 0);
		close_fd(map.fd);
	}
	return NULL;
}

struct run {
	struct qrig *rig;
	struct qtee_world_config config;
};

/* The parent of the TA hosts' template: it makes the world and runs it. */
static void *run_main(void *data)
{
	struct run run = *(struct run *)data;
	struct qtee_world *world;

	free(data);
	if (qtee_world_new(&run.config, &world) < 0)
		return NULL;
	run.rig->world = world;
	run.rig->run_result = qtee_world_run(world);
	return NULL;
}

static void add_cpu(struct qrig *rig, unsigned int i)
{
	struct world_msg msg = { .type = WORLD_CPU_ADD };
	int fd;

	assert_int_equal(lane_new(sizeof(struct smc_regs), &rig->cpus[i], &fd), 0);
	assert_int_equal(fdsock_send(rig->control_fd, &msg, sizeof(msg), &fd, 1), 0);
	close(fd);
}

/* When each has answered, the world runs and has taken all of them over. */
static void touch_cpus(struct qrig *rig)
{
	for (unsigned int i = 0; i < QRIG_CPUS; i++) {
		struct smc_regs in = { .a = { QTEE_SMC_INVOKE_LEGACY } }, out;

		assert_int_equal(qrig_smc(rig, i, &in, &out),
				 QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED);
	}
}

void qrig_start(struct qrig *rig, const char *minkhost)
{
	int control[2], memory[2], ram_fd;
	struct run *run = calloc(1, sizeof(*run));
	struct world_start start = {
		.type = WORLD_START,
		.epoch = 1,
		.num_threads = QRIG_CALLS,
		.log_level = 0,
	};
	struct world_msg msg;
	uint64_t pa, size;

	memset(rig, 0, sizeof(*rig));
	rig->run_result = -1;
	assert_non_null(run);
	assert_int_equal(soc_mem_new(RAM_SIZE, &rig->mem), 0);
	assert_int_equal(fdsock_pair(control), 0);
	assert_int_equal(fdsock_pair(memory), 0);
	rig->control_fd = control[0];
	rig->memory_fd = memory[0];
	assert_int_equal(pthread_create(&rig->memory_thread, NULL, memory_main, rig), 0);
	run->rig = rig;
	run->config = (struct qtee_world_config){
		.control_fd = control[1],
		.memory_fd = memory[1],
		.minkhost = minkhost,
	};
	assert_int_equal(pthread_create(&rig->run_thread, NULL, run_main, run), 0);

	soc_mem_get_ram(rig->mem, &ram_fd, &pa, &size);
	start.ram_pa = pa;
	start.ram_size = size;
	assert_int_equal(fdsock_send(rig->control_fd, &start, sizeof(start), &ram_fd, 1), 0);
	assert_int_equal(fdsock_recv(rig->control_fd, &msg, sizeof(msg), NULL, 0, NULL, NULL, 0),
			 sizeof(msg));
	assert_int_equal(msg.type, WORLD_STARTED);
	assert_int_equal(msg.error, 0);
	for (unsigned int i = 0; i < QRIG_CPUS; i++)
		add_cpu(rig, i);
	touch_cpus(rig);
}

void qrig_stop(struct qrig *rig)
{
	touch_cpus(rig);
	close(rig->control_fd);
	pthread_join(rig->run_thread, NULL);
	assert_int_equal(rig->run_result, 0);
	for (unsigned int i = 0; i < QRIG_CPUS; i++)
		lane_close(rig->cpus[i]);
	qtee_world_free(rig->world);
	for (unsigned int i = 0; i < QRIG_CPUS; i++)
		lane_free(rig->cpus[i]);
	pthread_join(rig->memory_thread, NULL);
	close(rig->memory_fd);
	soc_mem_free(rig->mem);
}

int32_t qrig_smc(struct qrig *rig, unsigned int cpu, const struct smc_regs *in,
		 struct smc_regs *out)
{
	struct lane *lane = rig->cpus[cpu];

	memcpy(lane_data(lane), in, sizeof(*in));
	assert_int_equal(lane_call(lane), 0);
	memcpy(out, lane_data(lane), sizeof(*out));
	return (int32_t)out->a[0];
}

bool qrig_was_released(const struct qrig *rig, uint32_t id)
{
	for (size_t i = 0; i < rig->n_released; i++) {
		if (rig->released[i] == id)
			return true;
	}
	return false;
}

/* --- messages --- */

void qcall_new(struct qrig *rig, struct qcall *call, size_t size)
{
	*call = (struct qcall){ .rig = rig };
	assert_int_equal(soc_region_new(rig->mem, size, false, &call->in), 0);
	assert_int_equal(soc_region_new(rig->mem, QTEE_MSG_OUTBOUND_SIZE, false, &call->out), 0);
	call->msg = soc_region_va(call->in);
}

void qcall_free(struct qcall *call)
{
	soc_region_free(call->in);
	soc_region_free(call->out);
}

void qcall_begin(struct qcall *call, uint32_t cxt, uint32_t op, uint32_t counts)
{
	memset(call->msg, 0, soc_region_size(call->in));
	memset(soc_region_va(call->out), 0, QTEE_MSG_OUTBOUND_SIZE);
	call->msg->cxt = cxt;
	call->msg->op = op;
	call->msg->counts = counts;
	call->used = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(counts));
}

void *qcall_buffer(struct qcall *call, uint32_t i, const void *data, uint32_t size)
{
	uint8_t *at = (uint8_t *)call->msg + call->used;

	assert_true(call->used + size <= soc_region_size(call->in));
	call->msg->args[i].b.offset = call->used;
	call->msg->args[i].b.size = size;
	if (data)
		memcpy(at, data, size);
	call->used = (uint32_t)QTEE_MSG_ALIGN_UP(call->used + size);
	return at;
}

void qcall_object(struct qcall *call, uint32_t i, uint32_t id)
{
	call->msg->args[i].o.id = id;
}

uint32_t qcall_id(const struct qcall *call, uint32_t i)
{
	return call->msg->args[i].o.id;
}

struct smc_regs qcall_regs(const struct qcall *call)
{
	return (struct smc_regs){ .a = {
		QTEE_SMC_INVOKE, QTEE_SMC_INVOKE_ARGS,
		soc_region_pa(call->in), soc_region_size(call->in),
		soc_region_pa(call->out), soc_region_size(call->out),
	} };
}

int32_t qcall_post(struct qcall *call, struct smc_regs *out)
{
	struct smc_regs in = qcall_regs(call);

	return qrig_smc(call->rig, call->cpu, &in, out);
}

int32_t qcall_answer(struct qcall *call, struct smc_regs *out)
{
	struct smc_regs in = { .a = {
		QTEE_SMC_CB_RSP, QTEE_SMC_CB_RSP_ARGS,
		soc_region_pa(call->out), soc_region_size(call->out),
	} };

	return qrig_smc(call->rig, call->cpu, &in, out);
}

/* --- the driver --- */

/* As a driver that trusts nothing: a message has to fit, and to be one. */
static void take_async(struct qcall *call, size_t offset)
{
	struct qrig *rig = call->rig;
	uint8_t *buf = soc_region_va(call->out);

	while (offset + sizeof(struct qtee_msg_async) <= QTEE_MSG_OUTBOUND_SIZE) {
		struct qtee_msg_async msg;

		memcpy(&msg, buf + offset, sizeof(msg));
		if (!msg.version)
			break;
		assert_int_equal(QTEE_MSG_ASYNC_VERSION_MAJOR(msg.version), 1);
		assert_int_equal(msg.op, QTEE_MSG_ASYNC_OP_RELEASE);
		assert_true(QTEE_MSG_ASYNC_SIZE(msg.count) <= QTEE_MSG_OUTBOUND_SIZE + 4 - offset);
		for (uint32_t i = 0; i < msg.count; i++) {
			uint32_t id;

			memcpy(&id, buf + offset + sizeof(msg) + 4 * i, sizeof(id));
			assert_true(id & QTEE_MSG_OBJECT_NS_BIT);
			assert_true(rig->n_released < QRIG_MAX_RELEASED);
			rig->released[rig->n_released++] = id;
		}
		offset += QTEE_MSG_ASYNC_SIZE(msg.count);
	}
}

static size_t callback_end(const struct qtee_msg_callback *msg)
{
	uint64_t end = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(msg->counts));

	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(msg->counts); i++) {
		/* No gaps: that is how the end is known. */
		assert_int_equal(msg->args[i].b.offset, end);
		end += QTEE_MSG_ALIGN_UP(msg->args[i].b.size);
	}
	assert_true(end <= QTEE_MSG_OUTBOUND_SIZE);
	return (size_t)end;
}

void qrig_serve_credentials(struct qtee_msg_callback *msg)
{
	uint8_t *buf = (uint8_t *)msg;
	uint64_t n = sizeof(credentials), offset;

	msg->result = QTEE_ERROR_INVALID;
	if (msg->op == 0 && msg->counts == QTEE_MSG_COUNTS(0, 1, 0, 0) &&
	    msg->args[0].b.size == sizeof(n)) {
		memcpy(buf + msg->args[0].b.offset, &n, sizeof(n));
		msg->result = QTEE_OK;
	} else if (msg->op == 1 && msg->counts == QTEE_MSG_COUNTS(1, 1, 0, 0)) {
		memcpy(&offset, buf + msg->args[0].b.offset, sizeof(offset));
		if (offset >= n)
			return;
		if (msg->args[1].b.size > n - offset)
			msg->args[1].b.size = (uint32_t)(n - offset);
		memcpy(buf + msg->args[1].b.offset, credentials + offset, msg->args[1].b.size);
		msg->result = QTEE_OK;
	}
}

static void serve(struct qcall *call)
{
	struct qtee_msg_callback *msg = soc_region_va(call->out);
	size_t end = callback_end(msg);

	take_async(call, end);
	memset((uint8_t *)msg + end, 0, QTEE_MSG_OUTBOUND_SIZE - end);
	call->rig->n_callbacks++;
	if (call->rig->serve && call->rig->serve(call->rig, call, msg))
		return;
	if (msg->cxt == QRIG_CREDENTIALS)
		qrig_serve_credentials(msg);
	else if (msg->cxt == QTEE_MSG_OBJECT_PRIMORDIAL && msg->op == QTEE_PRIMORDIAL_OP_YIELD)
		msg->result = QTEE_OK;
	else
		msg->result = (uint32_t)QTEE_ERROR_UNAVAIL;
}

int32_t qcall_finish(struct qcall *call, struct smc_regs *out)
{
	while ((uint32_t)out->a[1] == QTEE_SMC_RSP_CALLBACK) {
		serve(call);
		assert_int_equal(qcall_answer(call, out), QTEE_SMC_STATUS_OK);
	}
	take_async(call, 0);
	return (int32_t)out->a[2];
}

int32_t qcall_go(struct qcall *call)
{
	struct smc_regs out;

	assert_int_equal(qcall_post(call, &out), QTEE_SMC_STATUS_OK);
	return qcall_finish(call, &out);
}

/* --- common calls --- */

uint32_t qcall_register(struct qcall *call)
{
	qcall_begin(call, QTEE_MSG_OBJECT_ROOT, QTEE_CLIENT_ENV_OP_REGISTER,
		    QTEE_MSG_COUNTS(0, 0, 1, 1));
	qcall_object(call, 0, QRIG_CREDENTIALS);
	assert_int_equal(qcall_go(call), QTEE_OK);
	assert_true(qrig_was_released(call->rig, QRIG_CREDENTIALS));
	return qcall_id(call, 1);
}

uint32_t qcall_open(struct qcall *call, uint32_t env, uint32_t uid, int32_t *ret_result)
{
	int32_t result;

	qcall_begin(call, env, QTEE_CLIENT_ENV_OP_OPEN, QTEE_MSG_COUNTS(1, 0, 0, 1));
	qcall_buffer(call, 0, &uid, sizeof(uid));
	result = qcall_go(call);
	if (ret_result)
		*ret_result = result;
	else
		assert_int_equal(result, QTEE_OK);
	return qcall_id(call, 1);
}

void qcall_release(struct qcall *call, uint32_t id)
{
	qcall_begin(call, id, QTEE_MSG_OP_RELEASE, 0);
	assert_int_equal(qcall_go(call), QTEE_OK);
}
