/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the QTEE driver between clients that also serve, and a QTEE, none of
 * which can be trusted
 *
 * The input is a program of calls; it also says what the QTEE answers and asks
 * (odd_qtee.h). There is a single thread: where a client would wait for a server, a
 * piece of the server's program runs; when that did not answer, the client is killed.
 * Work is done when the program says so. Afterwards nothing may be left.
 *
 * Each step: operation, flags, then what the operation needs.
 */
#include <fcntl.h>
#include <unistd.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/errno.h>

#include "base/kernel/kmem.h"
#include "base/kernel/task.h"
#include "base/log.h"
#include "deferred_work.h"
#include "fuzz.h"
#include "normal/drivers/qtee/qcomtee_private.h"
#include "normal/tee/tee_cdev.h"
#include "odd_qtee.h"
#include "platform_fuzz.h"
#include "umem.h"

#define MAX_STEPS 48
#define MAX_CONTEXTS 3
#define MAX_IDS 8
/* Servers that wait for a server that waits ... */
#define MAX_NESTED 3
#define MAX_TURN 6
#define MAX_PARAMS 12

/* The arguments of calls, one page each depth; then data */
#define ARG_ADDR (UMEM_BASE + 0x1000)
#define DATA_ADDR (UMEM_BASE + 0x6000)
#define ROOM_ADDR (UMEM_BASE + 0x8000)

#define STEP_NO_MEMORY 0x01
#define STEP_CHANGE 0x04
#define STEP_FAULT 0x08

struct user {
	struct tee_context *ctx;
	unsigned int n_calls;		/* under way: it cannot be closed */
	int32_t shm_ids[MAX_IDS];
	unsigned int n_shm_ids;
};

/* A request as a server received it */
struct request {
	uint32_t word;
	uint32_t num_params;
	struct tee_ioctl_param params[MAX_PARAMS];
};

static struct {
	struct fuzz_in in;
	uint8_t flags;
	struct qcomtee *q;
	struct user users[MAX_CONTEXTS];
	struct task_struct server_task;
	unsigned int depth;
	struct request taken[MAX_CONTEXTS];
	bool restarted;
} f;

/* --- calls --- */

static void arm(void)
{
	if (f.flags & STEP_NO_MEMORY && !f.depth)
		kfault_set(1 + fuzz_u8(&f.in) % 16);
	umem_new_call(f.flags & STEP_CHANGE,
		      f.flags & STEP_FAULT ? (long)(fuzz_number(&f.in) & 0xfff) : -1);
}

static void disarm(void)
{
	kfault_clear();
	umem_new_call(false, -1);
}

static unsigned long arg_addr(void)
{
	return ARG_ADDR + 0x1000ul * f.depth;
}

static long user_ioctl(struct user *user, unsigned int cmd, const void *arg, size_t size)
{
	unsigned long addr = arg_addr();
	long rc;

	if (!user->ctx)
		return -EBADF;
	memcpy(umem_at(addr, size), arg, size);
	arm();
	user->n_calls++;
	rc = tee_cdev_ioctl(user->ctx, cmd, addr);
	user->n_calls--;
	disarm();
	FUZZ_CHECK(rc >= -4095 && rc <= INT_MAX);
	return rc;
}

static long user_buf_ioctl(struct user *user, unsigned int cmd, const void *buf, size_t size)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = arg_addr() + 0x40, .buf_len = size };

	memcpy(umem_at(data.buf_ptr, size), buf, size);
	return user_ioctl(user, cmd, &data, sizeof(data));
}

static void shm_alloc(struct user *user)
{
	struct tee_ioctl_shm_alloc_data data = { .size = fuzz_number(&f.in) & 0xffff };
	long fd = user_ioctl(user, TEE_IOC_SHM_ALLOC, &data, sizeof(data));

	if (fd >= 0)
		user->shm_ids[user->n_shm_ids++ % MAX_IDS] = platform_fuzz_fd_shm((int)fd)->id;
}

static void open_context(struct user *user)
{
	struct tee_context *ctx;

	if (user->ctx)
		return;
	arm();
	ctx = tee_cdev_open(f.q->teedev);
	disarm();
	if (!IS_ERR(ctx))
		user->ctx = ctx;
}

static void close_context(struct user *user)
{
	struct tee_context *ctx = user->ctx;

	if (!ctx || user->n_calls)
		return;
	user->ctx = NULL;
	tee_cdev_release(ctx);
}

static void restart(void)
{
	uint8_t how = fuzz_u8(&f.in);

	/* Not while it is inside: an SMC of the old one does not end in the new one. */
	if (f.depth)
		return;
	qcomtee_world_gone(f.q);
	odd_qtee_start(&f.in);
	f.restarted = true;
	if (how < 0xf0)
		(void)qcomtee_reset(f.q);
}

static void make_objref(const struct user *user, struct tee_ioctl_param *p)
{
	uint8_t code = fuzz_u8(&f.in);

	p->a = code % 8;
	p->b = 1u << (code >> 3) % 3;
	if (p->b == QTEE_OBJREF_MEM)
		p->a = (uint64_t)user->shm_ids[code % MAX_IDS];
	if (code >= 0xe0)
		p->a = TEE_OBJREF_NULL;
	if (code >= 0xf0) {
		p->a = fuzz_number(&f.in);
		p->b = fuzz_number(&f.in);
	}
}

static void make_ubuf(struct tee_ioctl_param *p)
{
	uint8_t code = fuzz_u8(&f.in);

	p->a = DATA_ADDR + code;
	p->b = code >> 2;
	if (code >= 0xf0) {
		p->a = fuzz_number(&f.in);
		p->b = fuzz_number(&f.in);
	}
}

static void make_param(const struct user *user, struct tee_ioctl_param *p)
{
	static const uint8_t attrs[] = { 8, 9, 11, 12 };
	uint8_t type = fuzz_u8(&f.in);

	*p = (struct tee_ioctl_param){ .attr = attrs[type % 4] };
	if (type >= 0xf8)
		p->attr = fuzz_u16(&f.in);
	if (type % 4 < 2)
		make_ubuf(p);
	else
		make_objref(user, p);
}

static void object_invoke(struct user *user)
{
	union {
		struct tee_ioctl_object_invoke_arg arg;
		uint64_t words[3 + 4 * MAX_PARAMS];
	} buf = {};
	uint8_t how = fuzz_u8(&f.in);

	buf.arg.id = how < 0x80 ? TEE_OBJREF_NULL : how % 8;
	if (how >= 0xf8)
		buf.arg.id = fuzz_number(&f.in);
	buf.arg.op = fuzz_u8(&f.in);
	if (buf.arg.op >= 0xf0)
		buf.arg.op = (uint32_t)fuzz_number(&f.in);
	buf.arg.num_params = fuzz_below(&f.in, MAX_PARAMS + 1);
	for (uint32_t i = 0; i < buf.arg.num_params; i++)
		make_param(user, &buf.arg.params[i]);
	(void)user_buf_ioctl(user, TEE_IOC_OBJECT_INVOKE, &buf,
			     sizeof(buf.arg) + buf.arg.num_params * 32);
}

static void object_release(struct user *user)
{
	struct tee_ioctl_object_invoke_arg arg = { .op = QTEE_OBJECT_OP_RELEASE };

	arg.id = fuzz_number(&f.in);
	(void)user_buf_ioctl(user, TEE_IOC_OBJECT_INVOKE, &arg, sizeof(arg));
}

/* --- servers --- */

static void supp_recv(struct user *user, struct request *taken)
{
	struct request req = { .num_params = MAX_PARAMS };
	uint8_t how = fuzz_u8(&f.in);

	req.params[0] = (struct tee_ioctl_param){
		.attr = QTEE_SUPP_RECV_META, .a = ROOM_ADDR, .b = 0x1000,
	};
	if (how >= 0xe0)
		req.num_params = how % MAX_PARAMS;
	if (how >= 0xf0)
		req.params[0].b = fuzz_number(&f.in);
	if (how >= 0xf8)
		make_param(user, &req.params[how & 1]);
	if (!user_buf_ioctl(user, TEE_IOC_SUPPL_RECV, &req, 8 + req.num_params * 32))
		memcpy(taken, umem_at(arg_addr() + 0x40, sizeof(*taken)), sizeof(*taken));
}

static void supp_send(struct user *user, const struct request *taken)
{
	struct request req = *taken;
	uint8_t how = fuzz_u8(&f.in);

	if (req.num_params > MAX_PARAMS)
		req.num_params = MAX_PARAMS;
	req.word = how >= 0xe0 ? fuzz_u32(&f.in) : 0;
	req.params[0] = (struct tee_ioctl_param){
		.attr = QTEE_SUPP_SEND_META, .a = taken->params[0].b,
	};
	for (uint32_t i = 1; i < req.num_params; i++) {
		if (req.params[i].attr == 9) {
			uint64_t max = req.params[i].b;

			make_ubuf(&req.params[i]);
			if (!(how & 1) && req.params[i].b > max)
				req.params[i].b = max;
		} else if (req.params[i].attr == 12) {
			make_objref(user, &req.params[i]);
		}
	}
	if (how >= 0xd0)
		make_param(user, &req.params[how % MAX_PARAMS]);
	if ((how & 0xf0) == 0xc0)
		req.num_params = how % MAX_PARAMS;
	(void)user_buf_ioctl(user, TEE_IOC_SUPPL_SEND, &req, 8 + req.num_params * 32);
}

static void user_step(uint8_t op, unsigned int n)
{
	struct user *user = &f.users[n];

	switch (op) {
	case 0:
	case 1:
		object_invoke(user);
		break;
	case 2:
		object_release(user);
		break;
	case 3:
		shm_alloc(user);
		break;
	case 4:
		supp_recv(user, &f.taken[n]);
		break;
	case 5:
	case 6:
		supp_recv(user, &f.taken[n]);
		supp_send(user, &f.taken[n]);
		break;
	case 7:
		supp_send(user, &f.taken[n]);
		break;
	case 8:
		close_context(user);
		break;
	default:
		open_context(user);
		break;
	}
}

/* In the place of a client's wait for a server */
int __wrap_wait_for_completion_killable(struct completion *x);
int __real_wait_for_completion_killable(struct completion *x);

int __wrap_wait_for_completion_killable(struct completion *x)
{
	struct task_struct *waiter = task_current();

	if (f.depth < MAX_NESTED) {
		f.depth++;
		kfault_clear();
		task_enter(&f.server_task);
		for (int n = 0; n < MAX_TURN && !completion_done(x) && !fuzz_done(&f.in); n++) {
			uint8_t op = fuzz_u8(&f.in);

			user_step(op & 0x40 ? (op & 0xf) % 10 : 5, (op >> 4) % MAX_CONTEXTS);
		}
		task_enter(waiter);
		f.depth--;
	}
	return completion_done(x) ? __real_wait_for_completion_killable(x) : -ERESTARTSYS;
}

/* Nobody sleeps. */
void __wrap_msleep(unsigned int ms);
void __wrap_msleep(unsigned int ms)
{
}

long __wrap_schedule_timeout_killable(long timeout);
long __wrap_schedule_timeout_killable(long timeout)
{
	return 0;
}

static bool always(void *data)
{
	return true;
}

/* --- programs --- */

static struct qcomtee_stats stats(void)
{
	struct qcomtee_stats s;

	qcomtee_get_stats(f.q, &s);
	return s;
}

/* Between two steps only invocations of the worker may wait. */
static void check_rest(void)
{
	FUZZ_CHECK(stats().invocations <= stats().releases);
	FUZZ_CHECK(odd_qtee_n_suspended() <= stats().releases);
}

static void run_step(void)
{
	uint8_t op = fuzz_u8(&f.in) % 20;
	struct task_struct *client = task_current();
	struct qcomtee_id_info infos[4];

	f.flags = fuzz_u8(&f.in);
	if (op < 10) {
		/* RECV waits for nobody. */
		if (op >= 4)
			task_enter(&f.server_task);
		user_step(op, (f.flags >> 6) % MAX_CONTEXTS);
		task_enter(client);
	} else if (op < 13) {
		platform_fuzz_fd_close(fuzz_below(&f.in, PLATFORM_FUZZ_MAX_FDS));
	} else if (op == 13) {
		restart();
	} else if (op == 14) {
		(void)qcomtee_list_ids(f.q, infos, 4);
	} else if (op < 18) {
		deferred_work_run();
	} else {
		open_context(&f.users[f.flags % MAX_CONTEXTS]);
	}
	check_rest();
}

static void run_program(void)
{
	struct qcomtee_stats s;

	open_context(&f.users[0]);
	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++)
		run_step();

	/* From now on the QTEE does as it is told. */
	f.flags = 0;
	f.in.left = 0;
	for (int n = 0; n < MAX_CONTEXTS; n++)
		close_context(&f.users[n]);
	for (int fd = 0; fd < PLATFORM_FUZZ_MAX_FDS; fd++)
		platform_fuzz_fd_close(fd);
	deferred_work_run();
	s = stats();
	FUZZ_CHECK(!s.releases && !s.tee_objects && !s.invocations && !s.abandoned);
	FUZZ_CHECK(f.restarted || odd_qtee_n_refs() <= s.lost_releases);
	qcomtee_remove(f.q);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a QTEE provokes in the log is not what we are after. */
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcomtee_platform_data pdata = { .conduit = odd_qtee_conduit() };
	long live = kmem_live();
	struct task_struct task;

	memset(&f, 0, sizeof(f));
	f.in = (struct fuzz_in){ .p = data, .left = size };
	platform_fuzz_reset();
	umem_reset(&f.in);
	task_init(&task);
	task.uaccess = &umem_uaccess_ops;
	task_init(&f.server_task);
	f.server_task.uaccess = &umem_uaccess_ops;
	/* It never waits for a request. */
	f.server_task.interrupted = always;
	task_enter(&task);

	odd_qtee_start(&f.in);
	f.q = qcomtee_probe(&pdata);
	deferred_work_run();
	if (!IS_ERR(f.q))
		run_program();
	odd_qtee_end();

	task_leave(&task);
	platform_fuzz_check_empty();
	FUZZ_CHECK(kmem_live() == live);
	return 0;
}
