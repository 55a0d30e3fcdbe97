/* SPDX-License-Identifier: BSD-2-Clause */
#include "qtee_fakeworld.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_IDS 4096

#define QW_CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: the driver broke a rule: %s\n", __FILE__, \
				__LINE__, #cond); \
			abort(); \
		} \
	} while (0)

enum qw_turn {
	QW_RUNNING,	/* the body's */
	QW_CALLBACK,	/* the driver's: it has to answer */
	QW_END,
};

struct qw_call_impl {
	struct qw_call call;
	struct qw_call_impl *next;
	enum qw_turn turn;
	qw_body body;
	int32_t result;
	unsigned int epoch;
};

struct qw_world_impl {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct qw_call_impl *calls;
	unsigned int n_calls;
	unsigned int n_threads;
	unsigned int epoch;
	bool dead;
	long n_refs;
	long refs[MAX_IDS];
};

static bool is_zero(const uint8_t *p, size_t size)
{
	while (size--)
		if (*p++)
			return false;
	return true;
}

static unsigned int first_of(const struct qw_call *call, unsigned int kind)
{
	uint32_t c = call->msg->counts;
	const unsigned int first[] = { QTEE_MSG_FIRST_IB(c), QTEE_MSG_FIRST_OB(c),
				       QTEE_MSG_FIRST_IO(c), QTEE_MSG_FIRST_OO(c) };

	return first[kind];
}

/* What the driver sends is as the specification says, to the byte. */
static void check_message(const struct qw_call *call, uint64_t size)
{
	const struct qtee_msg_invoke *msg = call->msg;
	unsigned int n = QTEE_MSG_NUM_ARGS(msg->counts);
	uint64_t offset = QTEE_MSG_PAYLOAD(n);

	QW_CHECK(!(msg->counts & QTEE_MSG_COUNTS_RESERVED));
	QW_CHECK(!(msg->cxt & QTEE_MSG_OBJECT_NS_BIT) && msg->cxt);
	QW_CHECK(offset <= size);
	for (unsigned int i = 0; i < QTEE_MSG_FIRST_IO(msg->counts); i++) {
		QW_CHECK(msg->args[i].b.offset == offset);
		QW_CHECK(qtee_msg_buffer_ok(msg->args[i].b.offset, msg->args[i].b.size, n, size));
		offset += QTEE_MSG_ALIGN_UP(msg->args[i].b.size);
	}
	for (unsigned int i = first_of(call, 2); i < n; i++)
		QW_CHECK(!msg->args[i].o.pad);
	QW_CHECK(is_zero(call->in + offset, size - offset));
}

long qw_n_refs(struct qw_world *world)
{
	long n;

	pthread_mutex_lock(&world->impl->lock);
	n = world->impl->n_refs;
	pthread_mutex_unlock(&world->impl->lock);
	return n;
}

unsigned int qw_n_calls(struct qw_world *world)
{
	unsigned int n;

	pthread_mutex_lock(&world->impl->lock);
	n = world->impl->n_calls;
	pthread_mutex_unlock(&world->impl->lock);
	return n;
}

uint32_t qw_give(struct qw_world *world, uint32_t id)
{
	QW_CHECK(id < MAX_IDS);
	pthread_mutex_lock(&world->impl->lock);
	world->impl->refs[id]++;
	world->impl->n_refs++;
	pthread_mutex_unlock(&world->impl->lock);
	return id;
}

static void take_back(struct qw_world *world, uint32_t id)
{
	QW_CHECK(id < MAX_IDS && id != QTEE_MSG_OBJECT_ROOT);
	pthread_mutex_lock(&world->impl->lock);
	QW_CHECK(world->impl->refs[id] > 0);
	world->impl->refs[id]--;
	world->impl->n_refs--;
	pthread_mutex_unlock(&world->impl->lock);
}

/* --- turns --- */

static bool is_over(const struct qw_world *world, const struct qw_call_impl *impl)
{
	return world->impl->dead || impl->epoch != world->impl->epoch;
}

static void unlink_call(struct qw_world *world, struct qw_call_impl *impl)
{
	struct qw_call_impl **p = &world->impl->calls;

	while (*p != impl)
		p = &(*p)->next;
	*p = impl->next;
	world->impl->n_calls--;
}

/* The asynchronous messages that the body left behind, where they belong. */
static void put_async(struct qw_call *call, size_t offset)
{
	QW_CHECK(offset + call->async_size <= QTEE_MSG_OUTBOUND_SIZE);
	memcpy(call->out + offset, call->async, call->async_size);
	call->async_size = 0;
}

static void release_inputs(struct qw_call *call)
{
	uint32_t ids[16];
	uint32_t n = 0;

	for (unsigned int i = 0; i < QTEE_MSG_NUM_IO(call->msg->counts); i++)
		if (qw_io(call, i) & QTEE_MSG_OBJECT_NS_BIT)
			ids[n++] = qw_io(call, i);
	if (n)
		qw_async_release(call, ids, n);
}

static int32_t run_body(struct qw_call_impl *impl)
{
	struct qw_call *call = &impl->call;
	int32_t result = impl->body ? impl->body(call) : QTEE_OK;

	/* In a world that died nobody may look at the driver's memory any more. */
	if (!call->world->keep && result != QW_DIED)
		release_inputs(call);
	return result;
}

/* The end of an invocation: nothing of a callback may stay in the buffer. */
static void write_end(struct qw_call *call)
{
	memset(call->out, 0, QTEE_MSG_OUTBOUND_SIZE);
	put_async(call, 0);
}

static void *body_main(void *data)
{
	struct qw_call_impl *impl = data;
	struct qw_world *world = impl->call.world;
	int32_t result = run_body(impl);

	pthread_mutex_lock(&world->impl->lock);
	impl->result = result;
	if (is_over(world, impl)) {
		/* The driver was told already that nobody answers. */
		unlink_call(world, impl);
		free(impl);
	} else {
		write_end(&impl->call);
		impl->turn = QW_END;
	}
	world->impl->n_threads--;
	pthread_cond_broadcast(&world->impl->cond);
	pthread_mutex_unlock(&world->impl->lock);
	return NULL;
}

/* The SMC of @impl: wait for the body, with the lock held. */
static void wait_for_body(struct qw_world *world, struct qw_call_impl *impl,
			  struct smc_regs *out)
{
	while (impl->turn == QW_RUNNING && !world->impl->dead)
		pthread_cond_wait(&world->impl->cond, &world->impl->lock);
	if (world->impl->dead) {
		out->a[0] = SMCCC_RET_UNKNOWN_FUNCTION;
		if (impl->turn == QW_END) {
			unlink_call(world, impl);
			free(impl);
		}
		return;
	}
	out->a[0] = QTEE_SMC_STATUS_OK;
	if (impl->turn == QW_CALLBACK) {
		out->a[1] = QTEE_SMC_RSP_CALLBACK;
		return;
	}
	out->a[2] = (uint32_t)impl->result;
	unlink_call(world, impl);
	free(impl);
}

static void start_body(struct qw_call_impl *impl)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 << 10);
	QW_CHECK(pthread_create(&thread, &attr, body_main, impl) == 0);
	pthread_attr_destroy(&attr);
}

static void do_invoke(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct qw_call_impl *impl;
	struct qw_call *call;

	if (!in->a[2]) {
		out->a[0] = (uint32_t)QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
		return;
	}
	QW_CHECK(in->a[1] == QTEE_SMC_INVOKE_ARGS);
	QW_CHECK(!(in->a[2] % 4096) && !(in->a[3] % 4096) && in->a[3] &&
		 in->a[3] <= QTEE_MSG_INBOUND_MAX);
	QW_CHECK(!(in->a[4] % 4096) && in->a[5] == QTEE_MSG_OUTBOUND_SIZE);

	impl = calloc(1, sizeof(*impl));
	QW_CHECK(impl);
	call = &impl->call;
	*call = (struct qw_call){
		.world = world, .in = (uint8_t *)in->a[2], .out = (uint8_t *)in->a[4],
		.msg = (void *)in->a[2], .impl = impl,
	};
	check_message(call, in->a[3]);
	QW_CHECK(is_zero(call->out, QTEE_MSG_OUTBOUND_SIZE));
	atomic_fetch_add(&world->n_invoke, 1);

	impl->body = world->body;
	if (call->msg->op == QTEE_MSG_OP_RELEASE) {
		QW_CHECK(!call->msg->counts);
		take_back(world, call->msg->cxt);
		atomic_fetch_add(&world->n_released, 1);
		impl->body = world->release;
	}
	if (!impl->body || world->in_place) {
		out->a[2] = (uint32_t)run_body(impl);
		write_end(call);
		free(impl);
		return;
	}

	pthread_mutex_lock(&world->impl->lock);
	impl->epoch = world->impl->epoch;
	impl->next = world->impl->calls;
	world->impl->calls = impl;
	world->impl->n_calls++;
	world->impl->n_threads++;
	start_body(impl);
	wait_for_body(world, impl, out);
	pthread_mutex_unlock(&world->impl->lock);
}

static void do_cb_rsp(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct qw_call_impl *impl;

	QW_CHECK(in->a[1] == QTEE_SMC_CB_RSP_ARGS && in->a[3] == QTEE_MSG_OUTBOUND_SIZE);
	pthread_mutex_lock(&world->impl->lock);
	for (impl = world->impl->calls; impl; impl = impl->next)
		if ((uint64_t)impl->call.out == in->a[2] && impl->epoch == world->impl->epoch)
			break;
	QW_CHECK(impl && impl->turn == QW_CALLBACK);
	impl->turn = QW_RUNNING;
	pthread_cond_broadcast(&world->impl->cond);
	wait_for_body(world, impl, out);
	pthread_mutex_unlock(&world->impl->lock);
}

static bool is_dead(struct qw_world *world)
{
	bool dead;

	pthread_mutex_lock(&world->impl->lock);
	dead = world->impl->dead;
	pthread_mutex_unlock(&world->impl->lock);
	return dead;
}

static void conduit_call(struct smc_conduit *conduit, const struct smc_regs *in,
			 struct smc_regs *out)
{
	struct qw_world *world = (struct qw_world *)conduit;
	qw_hook hook;

	memset(out, 0, sizeof(*out));
	atomic_fetch_add(&world->n_smc, 1);
	if (is_dead(world)) {
		out->a[0] = SMCCC_RET_UNKNOWN_FUNCTION;
		return;
	}
	hook = world->hook;
	if (hook && hook(world, in, out))
		return;
	if (in->a[0] == QTEE_SMC_INVOKE)
		do_invoke(world, in, out);
	else if (in->a[0] == QTEE_SMC_CB_RSP)
		do_cb_rsp(world, in, out);
	else
		QW_CHECK(!"a known function");
}

/* --- life --- */

void qw_init(struct qw_world *world)
{
	memset(world, 0, sizeof(*world));
	world->conduit.call = conduit_call;
	world->impl = calloc(1, sizeof(*world->impl));
	QW_CHECK(world->impl);
	pthread_mutex_init(&world->impl->lock, NULL);
	pthread_cond_init(&world->impl->cond, NULL);
}

/* With the lock held: until no body runs. */
static void wait_for_threads(struct qw_world *world)
{
	while (world->impl->n_threads)
		pthread_cond_wait(&world->impl->cond, &world->impl->lock);
}

void qw_fini(struct qw_world *world)
{
	pthread_mutex_lock(&world->impl->lock);
	world->impl->dead = true;
	pthread_cond_broadcast(&world->impl->cond);
	wait_for_threads(world);
	QW_CHECK(!world->impl->n_calls);
	pthread_mutex_unlock(&world->impl->lock);
	pthread_cond_destroy(&world->impl->cond);
	pthread_mutex_destroy(&world->impl->lock);
	free(world->impl);
}

void qw_kill(struct qw_world *world)
{
	pthread_mutex_lock(&world->impl->lock);
	world->impl->dead = true;
	pthread_cond_broadcast(&world->impl->cond);
	pthread_mutex_unlock(&world->impl->lock);
}

void qw_restart(struct qw_world *world)
{
	pthread_mutex_lock(&world->impl->lock);
	wait_for_threads(world);
	world->impl->epoch++;
	world->impl->dead = false;
	world->impl->n_refs = 0;
	memset(world->impl->refs, 0, sizeof(world->impl->refs));
	pthread_mutex_unlock(&world->impl->lock);
}

/* --- for bodies --- */

static union qtee_msg_arg *arg_of(struct qw_call *call, unsigned int kind, unsigned int n)
{
	return &call->msg->args[first_of(call, kind) + n];
}

void *qw_ib(struct qw_call *call, unsigned int n, uint32_t *ret_size)
{
	if (ret_size)
		*ret_size = arg_of(call, 0, n)->b.size;
	return call->in + arg_of(call, 0, n)->b.offset;
}

uint32_t qw_io(struct qw_call *call, unsigned int n)
{
	return arg_of(call, 2, n)->o.id;
}

void qw_ob(struct qw_call *call, unsigned int n, const void *data, uint32_t size)
{
	QW_CHECK(size <= arg_of(call, 1, n)->b.size);
	memcpy(call->in + arg_of(call, 1, n)->b.offset, data, size);
	arg_of(call, 1, n)->b.size = size;
}

void qw_oo(struct qw_call *call, unsigned int n, uint32_t id)
{
	arg_of(call, 3, n)->o.id = id;
}

void qw_async_raw(struct qw_call *call, const void *data, size_t size)
{
	QW_CHECK(call->async_size + size <= sizeof(call->async));
	memcpy(call->async + call->async_size, data, size);
	call->async_size += size;
}

void qw_async_release(struct qw_call *call, const uint32_t *ids, uint32_t count)
{
	uint32_t words[3 + 64 + 1] = { QTEE_MSG_ASYNC_VERSION_1_2, QTEE_MSG_ASYNC_OP_RELEASE,
				       count };

	QW_CHECK(count <= 64);
	memcpy(words + 3, ids, count * sizeof(*ids));
	qw_async_raw(call, words, QTEE_MSG_ASYNC_SIZE(count));
}

size_t qw_callback_write(struct qw_call *call, const struct qw_cb *cb)
{
	struct qtee_msg_callback *msg = (void *)call->out;
	unsigned int n = cb->n_ib + cb->n_ob + cb->n_io + cb->n_oo;
	uint32_t offset = QTEE_MSG_PAYLOAD(n);
	union qtee_msg_arg *arg = msg->args;

	memset(call->out, 0, QTEE_MSG_OUTBOUND_SIZE);
	msg->cxt = cb->cxt;
	msg->op = cb->op;
	msg->counts = QTEE_MSG_COUNTS(cb->n_ib, cb->n_ob, cb->n_io, cb->n_oo);
	for (unsigned int i = 0; i < cb->n_ib; i++, arg++) {
		arg->b = (struct qtee_msg_buffer){ offset, cb->ib_size[i] };
		if (offset + cb->ib_size[i] <= QTEE_MSG_OUTBOUND_SIZE && cb->ib_size[i])
			memcpy(call->out + offset, cb->ib[i], cb->ib_size[i]);
		offset += QTEE_MSG_ALIGN_UP(cb->ib_size[i]);
	}
	for (unsigned int i = 0; i < cb->n_ob; i++, arg++) {
		arg->b = (struct qtee_msg_buffer){ offset, cb->ob_size[i] };
		offset += QTEE_MSG_ALIGN_UP(cb->ob_size[i]);
	}
	for (unsigned int i = 0; i < cb->n_io; i++, arg++)
		arg->o.id = cb->io[i];
	put_async(call, offset < QTEE_MSG_OUTBOUND_SIZE ? offset : 0);
	return offset;
}

bool qw_callback_send(struct qw_call *call)
{
	struct qw_world_impl *w = call->world->impl;
	bool alive;

	QW_CHECK(!call->world->in_place);
	pthread_mutex_lock(&w->lock);
	call->impl->turn = QW_CALLBACK;
	pthread_cond_broadcast(&w->cond);
	while (call->impl->turn == QW_CALLBACK && !is_over(call->world, call->impl))
		pthread_cond_wait(&w->cond, &w->lock);
	alive = !is_over(call->world, call->impl);
	pthread_mutex_unlock(&w->lock);
	return alive;
}

bool qw_callback(struct qw_call *call, struct qw_cb *cb)
{
	struct qtee_msg_callback *msg = (void *)call->out;
	size_t tail = qw_callback_write(call, cb);
	union qtee_msg_arg *arg = msg->args + cb->n_ib;

	if (!qw_callback_send(call))
		return false;
	QW_CHECK(is_zero(call->out + tail, QTEE_MSG_OUTBOUND_SIZE - tail));
	cb->result = msg->result;
	for (unsigned int i = 0; i < cb->n_ob; i++, arg++) {
		if (cb->result)
			continue;
		QW_CHECK(arg->b.size <= cb->ob_size[i]);
		cb->ob_size[i] = arg->b.size;
		if (arg->b.size)
			memcpy(cb->ob[i], call->out + arg->b.offset, arg->b.size);
	}
	arg += cb->n_io;
	for (unsigned int i = 0; i < cb->n_oo; i++, arg++)
		cb->oo[i] = cb->result ? 0 : arg->o.id;
	return true;
}

int32_t qw_callback_simple(struct qw_call *call, uint32_t cxt, uint32_t op)
{
	struct qw_cb cb = { .cxt = cxt, .op = op };

	return qw_callback(call, &cb) ? (int32_t)cb.result : QW_DIED;
}
