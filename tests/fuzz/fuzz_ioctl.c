/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the ioctl layer of the TEE core
 *
 * The input is a program of opens, ioctls, closes of descriptors and of contexts,
 * on a client and a privileged device with a driver that answers nonsense
 * (odd_driver.h). Fields of the arguments are the input's, ids mostly ones that
 * were returned before. Memory faults and changes between two reads (umem.h),
 * allocations fail. Afterwards nothing may be left.
 *
 * Each step: operation, flags (see call()), then what the operation needs.
 */
#include <fcntl.h>
#include <unistd.h>

#include <linux/err.h>
#include <linux/errno.h>

#include "abi/dma_heap.h"
#include "base/kernel/dmabuf.h"
#include "base/kernel/kmem.h"
#include "base/kernel/task.h"
#include "base/log.h"
#include "fuzz.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_core.h"
#include "odd_driver.h"
#include "platform_fuzz.h"
#include "umem.h"

#define MAX_STEPS 128
#define MAX_CONTEXTS 6
#define MAX_IDS 16

/* Where a program puts the argument of an ioctl and what that points to */
#define ARG_ADDR (UMEM_BASE + 0x100)
#define BUF_ADDR (UMEM_BASE + 0x1000)
/* Where it registers memory; the window's end is not all there. */
#define DATA_ADDR (UMEM_BASE + 0x4000)

/* Bits of the flags of a step */
#define STEP_CHANGE 0x01	/* memory changes between two reads */
#define STEP_FAULT 0x02		/* memory faults after some bytes */
#define STEP_NO_MEMORY 0x04	/* an allocation fails */
#define STEP_ODD_PLACE 0x08	/* the argument is somewhere else */
#define STEP_ODD_LENGTH 0x10	/* buf_len is not what num_params says */
#define STEP_ODD_COUNT 0x20	/* num_params is not how many there are */
#define STEP_PLATFORM 0x40	/* the platform fails */

static struct {
	struct fuzz_in in;
	uint8_t flags;
	struct odd_devices devices;
	struct tee_context *ctx[MAX_CONTEXTS];
	int32_t ids[MAX_IDS];
	unsigned int n_ids;
} f;

/* --- what the other sides do --- */

static int platform_may_fail(void)
{
	if (!(f.flags & STEP_PLATFORM) || !(fuzz_u8(&f.in) & 1))
		return 0;
	return -(1 + fuzz_u8(&f.in) % 40);
}

static void note_id(int32_t id)
{
	f.ids[f.n_ids++ % MAX_IDS] = id;
}

static uint64_t pick_id(void)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xe0 ? (uint64_t)f.ids[code % MAX_IDS] : fuzz_number(&f.in);
}

/* --- an ioctl --- */

static struct tee_context *pick_context(void)
{
	return f.ctx[fuzz_below(&f.in, MAX_CONTEXTS)];
}

static long call(struct tee_context *ctx, unsigned int cmd, unsigned long arg)
{
	long fault_after = -1;
	long rc;

	if (f.flags & STEP_FAULT)
		fault_after = (long)fuzz_number(&f.in) & 0xffff;
	if (f.flags & STEP_ODD_PLACE)
		arg += fuzz_number(&f.in);
	umem_new_call(f.flags & STEP_CHANGE, fault_after);
	if (f.flags & STEP_NO_MEMORY)
		kfault_set(1 + fuzz_u8(&f.in) % 8);
	rc = tee_cdev_ioctl(ctx, cmd, arg);
	kfault_clear();
	umem_new_call(false, -1);
	/* An errno of this kernel, -ERESTARTSYS and -ENOTSUPP among them */
	FUZZ_CHECK(rc >= -4095 && rc <= INT_MAX);
	return rc;
}

static void put_arg(const void *arg, size_t size)
{
	memcpy(umem_at(ARG_ADDR, size), arg, size);
}

static void do_version(struct tee_context *ctx)
{
	(void)call(ctx, TEE_IOC_VERSION, ARG_ADDR);
}

static void do_shm_alloc(struct tee_context *ctx)
{
	struct tee_ioctl_shm_alloc_data data = { .size = fuzz_number(&f.in) };
	long fd;

	if (fuzz_u8(&f.in) & 1)
		data.size *= 4096;
	if (f.flags & STEP_ODD_COUNT)
		data.flags = fuzz_u32(&f.in);
	put_arg(&data, sizeof(data));
	fd = call(ctx, TEE_IOC_SHM_ALLOC, ARG_ADDR);
	if (fd < 0)
		return;
	FUZZ_CHECK(platform_fuzz_fd_shm((int)fd) != NULL);
	if (!(f.flags & STEP_ODD_PLACE)) {
		memcpy(&data, umem_at(ARG_ADDR, sizeof(data)), sizeof(data));
		FUZZ_CHECK(platform_fuzz_fd_shm((int)fd)->id == data.id && data.id > 0);
	}
	note_id(platform_fuzz_fd_shm((int)fd)->id);
}

static void do_shm_register(struct tee_context *ctx)
{
	struct tee_ioctl_shm_register_data data = { .addr = DATA_ADDR + fuzz_number(&f.in) };
	long fd;

	data.length = fuzz_number(&f.in);
	if (f.flags & STEP_ODD_COUNT)
		data.flags = fuzz_u32(&f.in);
	if (f.flags & STEP_ODD_LENGTH)
		data.addr = fuzz_number(&f.in);
	put_arg(&data, sizeof(data));
	fd = call(ctx, TEE_IOC_SHM_REGISTER, ARG_ADDR);
	if (fd < 0)
		return;
	FUZZ_CHECK(platform_fuzz_fd_shm((int)fd) != NULL);
	note_id(platform_fuzz_fd_shm((int)fd)->id);
}

static void do_shm_register_fd(struct tee_context *ctx)
{
	struct tee_ioctl_shm_register_fd_data data = { .fd = (int64_t)fuzz_number(&f.in) };
	struct tee_shm *shm;
	long fd;

	if (f.flags & STEP_ODD_COUNT)
		data.flags = fuzz_u32(&f.in);
	if (!(f.flags & STEP_ODD_LENGTH))
		data.fd %= 8;
	put_arg(&data, sizeof(data));
	fd = call(ctx, TEE_IOC_SHM_REGISTER_FD, ARG_ADDR);
	if (fd < 0)
		return;
	shm = platform_fuzz_fd_shm((int)fd);
	FUZZ_CHECK(shm != NULL && tee_shm_is_protected(shm) && !shm->kaddr);
	FUZZ_CHECK(shm->paddr >= 0x10000000 && shm->size &&
		   shm->paddr - 0x10000000 + shm->size <= 8 * 4096);
	note_id(shm->id);
}

static void do_heap_alloc(void)
{
	struct dma_heap_allocation_data data = { .len = fuzz_number(&f.in) };
	unsigned int cmd = DMA_HEAP_IOCTL_ALLOC;
	long rc;

	if (!(f.flags & STEP_ODD_LENGTH))
		data.len = data.len % (9 * 4096);
	if (f.flags & STEP_ODD_COUNT) {
		data.fd_flags = fuzz_u32(&f.in);
		data.heap_flags = fuzz_u8(&f.in);
		cmd = fuzz_u32(&f.in);
	}
	put_arg(&data, sizeof(data));
	umem_new_call(f.flags & STEP_CHANGE, f.flags & STEP_FAULT ? fuzz_u8(&f.in) & 31 : -1);
	if (f.flags & STEP_NO_MEMORY)
		kfault_set(1 + fuzz_u8(&f.in) % 4);
	rc = dma_heap_ioctl(platform_fuzz_heap(), cmd, ARG_ADDR);
	kfault_clear();
	umem_new_call(false, -1);
	FUZZ_CHECK(rc <= 0 && rc >= -4095);
}

/* As much as is used; a memref mostly of memory that there is. */
static void make_param(struct tee_ioctl_param *param)
{
	uint8_t type = fuzz_u8(&f.in);

	*param = (struct tee_ioctl_param){ .attr = type & 15 };
	if (type & 0x10)
		param->attr |= TEE_IOCTL_PARAM_ATTR_META;
	if (type >= 0xf0)
		param->attr = fuzz_number(&f.in);
	if (!(type & 15))
		return;
	param->a = fuzz_number(&f.in);
	param->b = fuzz_number(&f.in);
	param->c = pick_id();
}

/*
 * The header of @size bytes, whose number of parameters is at @num_at, then the
 * parameters, then the tee_ioctl_buf_data that leads there.
 */
static long call_with_params(struct tee_context *ctx, unsigned int cmd, const void *header,
			     size_t size, size_t num_at)
{
	uint32_t n = fuzz_u8(&f.in) % 8;
	struct tee_ioctl_buf_data buf = {
		.buf_ptr = BUF_ADDR,
		.buf_len = size + n * sizeof(struct tee_ioctl_param),
	};
	uint8_t *at = umem_at(BUF_ADDR, size + 8 * sizeof(struct tee_ioctl_param));

	memcpy(at, header, size);
	for (uint32_t i = 0; i < n; i++) {
		struct tee_ioctl_param param;

		make_param(&param);
		memcpy(at + size + i * sizeof(param), &param, sizeof(param));
	}
	if (f.flags & STEP_ODD_COUNT)
		n = (uint32_t)fuzz_number(&f.in);
	memcpy(at + num_at, &n, sizeof(n));
	if (f.flags & STEP_ODD_LENGTH) {
		bool fits = !(fuzz_u8(&f.in) & 1);

		buf.buf_len = fits ? size + (uint64_t)n * sizeof(struct tee_ioctl_param) :
				     fuzz_number(&f.in);
	}
	put_arg(&buf, sizeof(buf));
	return call(ctx, cmd, ARG_ADDR);
}

static void do_open_session(struct tee_context *ctx)
{
	static const uint32_t logins[] = {
		TEE_IOCTL_LOGIN_PUBLIC, TEE_IOCTL_LOGIN_USER, TEE_IOCTL_LOGIN_GROUP,
		TEE_IOCTL_LOGIN_APPLICATION, TEE_IOCTL_LOGIN_REE_KERNEL_MIN,
		TEE_IOCTL_LOGIN_REE_KERNEL_MAX, TEE_IOCTL_LOGIN_REE_KERNEL_MAX + 1u,
	};
	struct tee_ioctl_open_session_arg arg = { .session = 0x11, .ret = 0x22 };
	uint8_t login = fuzz_u8(&f.in);

	arg.clnt_login = login < 0xf0 ? logins[login % (sizeof(logins) / sizeof(logins[0]))] :
					fuzz_u32(&f.in);
	if (arg.clnt_login == TEE_IOCTL_LOGIN_GROUP) {
		uint32_t gid = fuzz_u8(&f.in) & 1 ? 1000 : (uint32_t)fuzz_number(&f.in);

		memcpy(arg.clnt_uuid, &gid, sizeof(gid));
	}
	(void)call_with_params(ctx, TEE_IOC_OPEN_SESSION, &arg, sizeof(arg),
			       offsetof(struct tee_ioctl_open_session_arg, num_params));
}

static uint32_t pick_session(void)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xc0 ? odd_driver_last_session() : (uint32_t)fuzz_number(&f.in);
}

static void do_invoke(struct tee_context *ctx)
{
	struct tee_ioctl_invoke_arg arg = { .session = pick_session() };

	(void)call_with_params(ctx, TEE_IOC_INVOKE, &arg, sizeof(arg),
			       offsetof(struct tee_ioctl_invoke_arg, num_params));
}

static void do_object_invoke(struct tee_context *ctx)
{
	struct tee_ioctl_object_invoke_arg arg = { .id = fuzz_number(&f.in) };

	(void)call_with_params(ctx, TEE_IOC_OBJECT_INVOKE, &arg, sizeof(arg),
			       offsetof(struct tee_ioctl_object_invoke_arg, num_params));
}

static void do_cancel(struct tee_context *ctx)
{
	struct tee_ioctl_cancel_arg arg = { .session = pick_session() };

	put_arg(&arg, sizeof(arg));
	(void)call(ctx, TEE_IOC_CANCEL, ARG_ADDR);
}

static void do_close_session(struct tee_context *ctx)
{
	struct tee_ioctl_close_session_arg arg = { .session = pick_session() };

	put_arg(&arg, sizeof(arg));
	(void)call(ctx, TEE_IOC_CLOSE_SESSION, ARG_ADDR);
}

static void do_supp_recv(struct tee_context *ctx)
{
	struct tee_iocl_supp_recv_arg arg = { .func = 0 };

	(void)call_with_params(ctx, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg),
			       offsetof(struct tee_iocl_supp_recv_arg, num_params));
	platform_fuzz.warned = false;
}

static void do_supp_send(struct tee_context *ctx)
{
	struct tee_iocl_supp_send_arg arg = { .ret = fuzz_u8(&f.in) };

	(void)call_with_params(ctx, TEE_IOC_SUPPL_SEND, &arg, sizeof(arg),
			       offsetof(struct tee_iocl_supp_send_arg, num_params));
}

/* Any word as the command, any bytes as its argument */
static void do_raw(struct tee_context *ctx)
{
	uint32_t cmd = fuzz_u32(&f.in);
	uint8_t bytes[64];

	if (fuzz_u8(&f.in) & 1)
		cmd = 0x8010a400 | (cmd & 15);
	fuzz_bytes(&f.in, bytes, sizeof(bytes));
	put_arg(bytes, sizeof(bytes));
	(void)call(ctx, cmd, ARG_ADDR);
	platform_fuzz.warned = false;
}

static void (*const ioctls[])(struct tee_context *ctx) = {
	do_version, do_shm_alloc, do_shm_register, do_shm_register_fd, do_open_session, do_invoke,
	do_object_invoke, do_cancel, do_close_session, do_supp_recv, do_supp_send, do_raw,
};

#define N_IOCTLS (sizeof(ioctls) / sizeof(ioctls[0]))

/* --- the rest of a program --- */

static void do_open(bool privileged)
{
	unsigned int n = fuzz_below(&f.in, MAX_CONTEXTS);
	struct tee_context *ctx;

	if (f.ctx[n])
		return;
	if (f.flags & STEP_NO_MEMORY)
		kfault_set(1 + fuzz_u8(&f.in) % 4);
	ctx = tee_cdev_open(privileged ? f.devices.priv : f.devices.client);
	kfault_clear();
	if (!IS_ERR(ctx))
		f.ctx[n] = ctx;
}

static void do_close(unsigned int n)
{
	struct tee_context *ctx = f.ctx[n];

	f.ctx[n] = NULL;
	if (ctx)
		tee_cdev_release(ctx);
}

static void run_step(void)
{
	uint8_t op = fuzz_u8(&f.in) % 21;
	struct tee_context *ctx;

	f.flags = fuzz_u8(&f.in);
	if (op < N_IOCTLS) {
		ctx = pick_context();
		if (ctx)
			ioctls[op](ctx);
		return;
	}
	switch (op) {
	case 12:
	case 13:
		do_open(op == 13);
		break;
	case 14:
		do_close(fuzz_below(&f.in, MAX_CONTEXTS));
		break;
	case 15:
	case 16:
		platform_fuzz_fd_close(fuzz_below(&f.in, PLATFORM_FUZZ_MAX_FDS));
		break;
	case 17:
		odd_driver_act();
		break;
	case 20:
		do_heap_alloc();
		break;
	case 18:
		platform_fuzz.euid = fuzz_u32(&f.in);
		break;
	default:
		fuzz_bytes(&f.in, umem_at(DATA_ADDR, 64), 64);
		break;
	}
}

static void run_program(void)
{
	bool fds_first;

	/* One client is there without asking. */
	f.ctx[0] = tee_cdev_open(f.devices.client);
	if (IS_ERR(f.ctx[0]))
		f.ctx[0] = NULL;
	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++)
		run_step();

	f.flags = 0;
	fds_first = fuzz_u8(&f.in) & 1;
	for (int i = 0; fds_first && i < PLATFORM_FUZZ_MAX_FDS; i++)
		platform_fuzz_fd_close(i);
	for (unsigned int n = 0; n < MAX_CONTEXTS; n++)
		do_close(n);
	for (int i = 0; i < PLATFORM_FUZZ_MAX_FDS; i++)
		platform_fuzz_fd_close(i);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a client provokes in the log is not what we are after. */
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
	task_enter(&task);

	if (odd_driver_probe(&f.in, &f.devices)) {
		run_program();
		odd_driver_remove(&f.devices);
	}

	task_leave(&task);
	platform_fuzz_check_empty();
	FUZZ_CHECK(kmem_live() == live);
	return 0;
}
