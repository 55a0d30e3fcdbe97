/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the OP-TEE driver between a client, a supplicant and a trusted OS,
 * none of which can be trusted
 *
 * The input is a program of client calls; it also says what the trusted OS answers
 * and asks (odd_world.h), and what the supplicant does: one inside the platform, or
 * a process with the privileged device open. There is a single thread: where a
 * client would wait for the supplicant, a piece of the supplicant's program runs;
 * when that did not answer the client is killed. Afterwards nothing may be left.
 *
 * Each step: operation, flags, then what the operation needs.
 */
#include <fcntl.h>
#include <unistd.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>

#include "base/kernel/kmem.h"
#include "base/kernel/task.h"
#include "base/log.h"
#include "deferred_work.h"
#include "fuzz.h"
#include "normal/drivers/optee/optee_private.h"
#include "normal/tee/tee_cdev.h"
#include "odd_world.h"
#include "platform_fuzz.h"
#include "umem.h"

#define MAX_STEPS 48
#define MAX_CONTEXTS 3
#define MAX_IDS 8
/* Supplicants that wait for a supplicant that waits ... */
#define MAX_NESTED 3
#define MAX_TURN 6
#define MAX_PARAMS 7

/* The client's and the supplicant's arguments; then memory to register */
#define CLIENT_ADDR (UMEM_BASE + 0x1000)
#define SUPP_ADDR (UMEM_BASE + 0x2000)
#define DATA_ADDR (UMEM_BASE + 0x4000)

#define STEP_NO_MEMORY 0x01
#define STEP_PLATFORM 0x02
#define STEP_CHANGE 0x04
#define STEP_FAULT 0x08

/* One who holds a device open */
struct user {
	struct tee_context *ctx;
	unsigned int n_calls;		/* under way: it cannot be closed */
	unsigned long addr;		/* of its arguments */
	int32_t ids[MAX_IDS];
	unsigned int n_ids;
	uint32_t session;
};

/* A request as the supplicant received it */
struct supp_request {
	uint32_t func;
	uint32_t num_params;
	struct tee_ioctl_param params[MAX_PARAMS];
};

static struct {
	struct fuzz_in in;
	uint8_t flags;
	struct optee *optee;
	struct user clients[MAX_CONTEXTS];
	struct user supp;
	struct task_struct supp_task;
	unsigned int depth;
	struct supp_request taken;	/* the last one */
} f;

/* --- calls --- */

static int platform_may_fail(void)
{
	if (!(f.flags & STEP_PLATFORM) || f.depth || fuzz_u8(&f.in) < 0x80)
		return 0;
	return -ENOMEM;
}

/*
 * An allocation fails, but only outside of nested calls: who must not fail waits
 * for a call to end, which would be one that waits for it.
 */
static void arm(void)
{
	if ((f.flags & STEP_NO_MEMORY) && !f.depth)
		kfault_set(1 + fuzz_u8(&f.in) % 12);
	umem_new_call(f.flags & STEP_CHANGE,
		      f.flags & STEP_FAULT ? (long)(fuzz_number(&f.in) & 0xfff) : -1);
}

static void disarm(void)
{
	kfault_clear();
	umem_new_call(false, -1);
}

static long user_ioctl(struct user *user, unsigned int cmd, const void *arg, size_t size)
{
	long rc;

	/* A supplicant that waits may have been closed by its own other thread. */
	if (!user->ctx)
		return -EBADF;
	memcpy(umem_at(user->addr, size), arg, size);
	arm();
	user->n_calls++;
	rc = tee_cdev_ioctl(user->ctx, cmd, user->addr);
	user->n_calls--;
	disarm();
	FUZZ_CHECK(rc >= -4095 && rc <= INT_MAX);
	return rc;
}

/* Header and parameters stand some bytes behind the tee_ioctl_buf_data. */
static unsigned long buf_addr(const struct user *user)
{
	return user->addr + 0x40;
}

static long user_buf_ioctl(struct user *user, unsigned int cmd, const void *header,
			   size_t header_size, const struct tee_ioctl_param *params, uint32_t n)
{
	struct tee_ioctl_buf_data data = {
		.buf_ptr = buf_addr(user),
		.buf_len = header_size + n * sizeof(*params),
	};
	uint8_t *buf = umem_at(data.buf_ptr, data.buf_len);

	memcpy(buf, header, header_size);
	memcpy(buf + header_size, params, n * sizeof(*params));
	return user_ioctl(user, cmd, &data, sizeof(data));
}

static void note_fd(struct user *user, long fd)
{
	if (fd >= 0)
		user->ids[user->n_ids++ % MAX_IDS] = platform_fuzz_fd_shm((int)fd)->id;
}

static uint64_t pick_id(const struct user *user)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xf0 ? (uint64_t)user->ids[code % MAX_IDS] : fuzz_number(&f.in);
}

static uint64_t pick_size(void)
{
	uint64_t n = fuzz_number(&f.in);

	return fuzz_u8(&f.in) & 1 ? n * PAGE_SIZE : n;
}

static long shm_alloc(struct user *user, uint64_t size)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	long fd = user_ioctl(user, TEE_IOC_SHM_ALLOC, &data, sizeof(data));

	note_fd(user, fd);
	return fd;
}

static long shm_register(struct user *user)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = DATA_ADDR + fuzz_u16(&f.in) % 0x9000,
	};
	long fd;

	data.length = pick_size();
	fd = user_ioctl(user, TEE_IOC_SHM_REGISTER, &data, sizeof(data));
	note_fd(user, fd);
	return fd;
}

static void open_context(struct user *user, struct tee_device *teedev)
{
	struct tee_context *ctx;

	if (user->ctx)
		return;
	arm();
	ctx = tee_cdev_open(teedev);
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

static void reset(void)
{
	odd_world_start(&f.in);
	arm();
	(void)optee_reset(f.optee);
	disarm();
}

/* --- the client --- */

static void make_param(const struct user *user, struct tee_ioctl_param *param)
{
	uint8_t type = fuzz_u8(&f.in);

	*param = (struct tee_ioctl_param){ .attr = type & 7 };
	if (type >= 0xf0)
		param->attr = fuzz_u16(&f.in);
	if (!(param->attr & 7))
		return;
	param->a = fuzz_number(&f.in);
	param->b = fuzz_number(&f.in);
	param->c = type & 0x40 ? TEE_MEMREF_NULL : pick_id(user);
}

static uint32_t make_params(const struct user *user, struct tee_ioctl_param *params,
			    uint32_t max)
{
	uint32_t n = fuzz_u8(&f.in) % (max + 1);

	for (uint32_t i = 0; i < n; i++)
		make_param(user, &params[i]);
	return n;
}

static void open_session(struct user *user)
{
	struct tee_ioctl_open_session_arg arg = { .clnt_login = fuzz_u8(&f.in) % 4 };
	struct tee_ioctl_param params[MAX_PARAMS];
	long rc;

	arg.num_params = make_params(user, params, 5);
	rc = user_buf_ioctl(user, TEE_IOC_OPEN_SESSION, &arg, sizeof(arg), params,
			    arg.num_params);
	memcpy(&arg, umem_at(buf_addr(user), sizeof(arg)), sizeof(arg));
	if (!rc && !arg.ret)
		user->session = arg.session;
}

static uint32_t pick_session(const struct user *user)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xf0 ? user->session : (uint32_t)fuzz_number(&f.in);
}

static void invoke(struct user *user)
{
	struct tee_ioctl_invoke_arg arg = { .session = pick_session(user) };
	struct tee_ioctl_param params[MAX_PARAMS];

	arg.num_params = make_params(user, params, MAX_PARAMS);
	(void)user_buf_ioctl(user, TEE_IOC_INVOKE, &arg, sizeof(arg), params, arg.num_params);
}

static void close_session(struct user *user)
{
	struct tee_ioctl_close_session_arg arg = { .session = pick_session(user) };

	(void)user_ioctl(user, TEE_IOC_CLOSE_SESSION, &arg, sizeof(arg));
}

static void cancel(struct user *user)
{
	struct tee_ioctl_cancel_arg arg = { .session = pick_session(user) };

	(void)user_ioctl(user, TEE_IOC_CANCEL, &arg, sizeof(arg));
}

/* --- the supplicant inside the platform --- */

static u32 fallback_request(void *data, u32 func, size_t num_params, struct tee_param *param)
{
	uint8_t how;

	FUZZ_CHECK(num_params <= OPTEE_RPC_NUM_PARAMS);
	for (size_t n = 0; n < num_params; n++) {
		struct tee_param_memref *m = &param[n].u.memref;

		how = fuzz_u8(&f.in);
		if (!tee_param_is_memref(&param[n])) {
			param[n].u.value.a = fuzz_number(&f.in);
			continue;
		}
		if (m->shm) {
			FUZZ_CHECK(m->shm->kaddr && m->shm_offs <= m->shm->size &&
				   m->size <= m->shm->size - m->shm_offs);
			memset((char *)m->shm->kaddr + m->shm_offs, how, m->size);
		}
		if (how & 1)
			m->size = (size_t)fuzz_number(&f.in);
	}
	how = fuzz_u8(&f.in);
	return how < 0xc0 ? TEE_R_SUCCESS : fuzz_u32(&f.in);
}

static const struct optee_supp_fallback fallback = { .request = fallback_request };

/* --- the supplicant as a process --- */

static void supp_recv(void)
{
	struct tee_iocl_supp_recv_arg arg = { .num_params = 5 };
	struct tee_ioctl_param params[MAX_PARAMS] = {};
	uint8_t how = fuzz_u8(&f.in);

	if (!(how & 1))
		params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	if ((how & 0x70) == 0x70)
		arg.num_params = fuzz_u8(&f.in) % MAX_PARAMS;
	if ((how & 0x70) == 0x60)
		make_param(&f.supp, &params[how & 3]);
	if (!user_buf_ioctl(&f.supp, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), params,
			    arg.num_params))
		memcpy(&f.taken, umem_at(buf_addr(&f.supp), sizeof(f.taken)),
		       sizeof(f.taken));
}

/* Answer the last request, from the buffer that it was received into. */
static void supp_send(void)
{
	struct tee_iocl_supp_send_arg arg = { .ret = 0 };
	uint8_t how = fuzz_u8(&f.in);
	struct supp_request answer = f.taken;
	uint32_t n = answer.num_params < MAX_PARAMS ? answer.num_params : MAX_PARAMS;

	if (how >= 0xe0)
		arg.ret = fuzz_u32(&f.in);
	arg.num_params = (how & 31) == 31 ? fuzz_u8(&f.in) % MAX_PARAMS : n;
	for (uint32_t i = 0; i < n; i++) {
		struct tee_ioctl_param *p = &answer.params[i];

		how = fuzz_u8(&f.in);
		if (how & 1)
			p->b = fuzz_number(&f.in);
		if (how & 2)
			p->c = pick_id(&f.supp);
		if ((how & 0xc) == 0xc)
			p->a = fuzz_number(&f.in);
		if (how >= 0xf0)
			p->attr = fuzz_u16(&f.in);
	}
	(void)user_buf_ioctl(&f.supp, TEE_IOC_SUPPL_SEND, &arg, sizeof(arg), answer.params, n);
}

/* As tee-supplicant does it: take one; allocate when that is what is wanted; answer. */
static void supp_serve(void)
{
	supp_recv();
	if (f.taken.func == OPTEE_RPC_CMD_SHM_ALLOC && f.taken.num_params == 2 &&
	    shm_alloc(&f.supp, f.taken.params[1].b) >= 0)
		f.taken.params[1].c = (uint64_t)f.supp.ids[(f.supp.n_ids - 1) % MAX_IDS];
	supp_send();
}

static void supp_act(uint8_t op)
{
	if (op == 7)
		open_context(&f.supp, f.optee->supp_teedev);
	if (!f.supp.ctx)
		return;
	switch (op) {
	case 0:
		supp_recv();
		break;
	case 1:
		supp_send();
		break;
	case 2:
	case 3:
		supp_serve();
		break;
	case 4:
		(void)shm_alloc(&f.supp, pick_size());
		break;
	case 5:
		(void)shm_register(&f.supp);
		break;
	case 6:
		close_context(&f.supp);
		break;
	default:
		break;
	}
}

static void turn_step(void)
{
	uint8_t op = fuzz_u8(&f.in) % 16;

	if (op < 10)
		supp_act(op < 8 ? op : 2);
	else if (op < 12)
		platform_fuzz_fd_close(fuzz_below(&f.in, PLATFORM_FUZZ_MAX_FDS));
	else if (op == 12)
		reset();
}

/* In the place of the one wait of a client for a supplicant */
int __wrap_wait_for_completion_killable(struct completion *x);
int __real_wait_for_completion_killable(struct completion *x);

int __wrap_wait_for_completion_killable(struct completion *x)
{
	struct task_struct *waiter = task_current();

	if (++f.depth <= MAX_NESTED) {
		kfault_clear();
		odd_world_set_nested(true);
		task_enter(&f.supp_task);
		for (int n = 0; n < MAX_TURN && !completion_done(x) && !fuzz_done(&f.in); n++)
			turn_step();
		task_enter(waiter);
	}
	f.depth--;
	odd_world_set_nested(f.depth > 0);
	return completion_done(x) ? __real_wait_for_completion_killable(x) : -ERESTARTSYS;
}

static bool always(void *data)
{
	return true;
}

/* --- programs --- */

static void run_client_step(uint8_t op, struct user *user)
{
	switch (op) {
	case 0:
	case 1:
	case 2:
		invoke(user);
		break;
	case 3:
		open_session(user);
		break;
	case 4:
		close_session(user);
		break;
	case 5:
		cancel(user);
		break;
	case 6:
		(void)shm_alloc(user, pick_size());
		break;
	case 7:
		(void)shm_register(user);
		break;
	case 8:
		(void)optee_system_session(user->ctx, pick_session(user));
		break;
	default:
		close_context(user);
		break;
	}
}

static void run_supp_step(void)
{
	struct task_struct *client = task_current();

	task_enter(&f.supp_task);
	turn_step();
	task_enter(client);
}

/* Between two steps no call is in progress. */
static void check_rest(void)
{
	FUZZ_CHECK(odd_world_n_calls() == 0);
	FUZZ_CHECK(f.optee->shm.rpc_bytes == 0);
	FUZZ_CHECK(f.optee->cq.n_inside == 0);
	FUZZ_CHECK(f.optee->cq.free_thread_count == f.optee->cq.total_thread_count);
}

static void run_step(void)
{
	uint8_t op = fuzz_u8(&f.in) % 20;
	struct user *user;

	f.flags = fuzz_u8(&f.in);
	user = &f.clients[(f.flags >> 6) % MAX_CONTEXTS];
	if (op < 10) {
		if (user->ctx)
			run_client_step(op, user);
		else
			open_context(user, f.optee->teedev);
	} else if (op < 12) {
		platform_fuzz_fd_close(fuzz_below(&f.in, PLATFORM_FUZZ_MAX_FDS));
	} else if (op == 12) {
		reset();
	} else if (op == 13) {
		deferred_work_run();
	} else {
		run_supp_step();
	}
	check_rest();
}

static void close_all(void)
{
	for (int n = 0; n < MAX_CONTEXTS; n++)
		close_context(&f.clients[n]);
	for (int fd = 0; fd < PLATFORM_FUZZ_MAX_FDS; fd++)
		platform_fuzz_fd_close(fd);
	close_context(&f.supp);
}

static void end_program(void)
{
	f.flags = 0;
	if (fuzz_u8(&f.in) & 1)
		close_context(&f.supp);
	close_all();
	/* Meanwhile the supplicant may have gone on: not without an input. */
	f.in.left = 0;
	close_all();
	check_rest();

	/* Otherwise the removal would wait for ever: for the last user. */
	tee_device_put_all_dma_heaps(f.optee->teedev);
	FUZZ_CHECK(f.optee->teedev->num_users == 1);
	FUZZ_CHECK(f.optee->supp_teedev->num_users == 1);
}

static void run_program(void)
{
	bool usable;

	for (int n = 0; n < MAX_CONTEXTS; n++)
		f.clients[n].addr = CLIENT_ADDR;
	f.supp.addr = SUPP_ADDR;
	open_context(&f.clients[0], f.optee->teedev);
	if (f.clients[0].ctx)
		open_session(&f.clients[0]);
	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++)
		run_step();
	end_program();

	/* A trusted OS that is not usable is told nothing. */
	usable = f.optee->usable;
	optee_remove(f.optee);
	FUZZ_CHECK(!usable || odd_world_n_known() == 0);
}

static void probe(void)
{
	uint8_t config = fuzz_u8(&f.in);
	struct optee_platform_data pdata = {
		.conduit = odd_world_conduit(),
		.fallback = config & 1 ? NULL : &fallback,
	};

	f.flags = config >> 6;
	arm();
	f.optee = optee_probe(&pdata);
	disarm();
	f.flags = 0;
	if (IS_ERR(f.optee))
		f.optee = NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a trusted OS provokes in the log is not what we are after. */
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	platform_fuzz_make_heaps();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	long live = kmem_live();
	struct task_struct task;

	memset(&f, 0, sizeof(f));
	f.in = (struct fuzz_in){ .p = data, .left = size };
	platform_fuzz_reset();
	platform_fuzz.fail = platform_may_fail;
	umem_reset(&f.in);
	task_init(&task);
	task.uaccess = &umem_uaccess_ops;
	task_init(&f.supp_task);
	f.supp_task.uaccess = &umem_uaccess_ops;
	/* It never waits for a request. */
	f.supp_task.interrupted = always;
	task_enter(&task);

	odd_world_start(&f.in);
	probe();
	if (f.optee)
		run_program();
	odd_world_end();

	task_leave(&task);
	platform_fuzz_check_empty();
	FUZZ_CHECK(kmem_live() == live);
	return 0;
}
