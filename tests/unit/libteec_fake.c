/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake device: see libteec_fake.h
 *
 * One lock guards all state. It is not held while an answer is made, so that a
 * call can block there as it can in a kernel.
 */
#include "libteec_fake.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define N_SLOTS 128

enum slot_kind {
	SLOT_FREE,
	SLOT_DEVICE,		/* fd */
	SLOT_REGISTERED,	/* fd, id, addr, size */
	SLOT_ALLOCATED,		/* fd until closed, id, addr (the TEE's view), size, n_maps */
	SLOT_MAPPING,		/* addr, size, id of the block or 0 for anonymous memory */
};

struct slot {
	enum slot_kind kind;
	int fd;
	int id;
	uint8_t *addr;
	size_t size;
	unsigned int n_maps;
};

struct fake_tee fake;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[N_SLOTS];
static int next_id;

int __real_close(int fd);
int __real_ioctl(int fd, unsigned long request, ...);
void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *addr, size_t length);

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *addr, size_t length);

static void misuse(const char *what)
{
	(void)fprintf(stderr, "misuse: %s\n", what);
	fake.n_misuse++;
}

static struct slot *slot_new(enum slot_kind kind, int fd)
{
	for (size_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].kind == SLOT_FREE) {
			slots[i] = (struct slot){ .kind = kind, .fd = fd };
			return &slots[i];
		}
	}
	abort();
}

static struct slot *slot_by_fd(int fd)
{
	for (size_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].kind != SLOT_FREE && slots[i].kind != SLOT_MAPPING &&
		    slots[i].fd == fd)
			return &slots[i];
	}
	return NULL;
}

static struct slot *slot_by_id(int id)
{
	for (size_t i = 0; i < N_SLOTS; i++) {
		if ((slots[i].kind == SLOT_REGISTERED || slots[i].kind == SLOT_ALLOCATED) &&
		    slots[i].id == id)
			return &slots[i];
	}
	return NULL;
}

static bool overlaps(const void *a, size_t a_size, const void *b, size_t b_size)
{
	return (uintptr_t)a < (uintptr_t)b + b_size && (uintptr_t)b < (uintptr_t)a + a_size;
}

static int new_fd(void)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

/* Takes the lock, records the call; false with errno set if it is to fail */
static bool enter(const char *word)
{
	size_t used;
	bool fail;

	(void)pthread_mutex_lock(&lock);
	used = strlen(fake.log);
	(void)snprintf(fake.log + used, sizeof(fake.log) - used, "%s%s", used ? " " : "", word);
	fake.n_calls++;
	fail = fake.fail_at && fake.n_calls >= fake.fail_at &&
	       fake.n_calls - fake.fail_at < fake.fail_count;
	if (fail)
		errno = fake.fail_errno;
	return !fail;
}

static int leave(int rc)
{
	int err = errno;

	(void)pthread_mutex_unlock(&lock);
	errno = err;
	return rc;
}

static int leave_errno(int err)
{
	errno = err;
	return leave(-1);
}

/* What a test that failed has left behind must not make the next one fail. */
static void drop_all(void)
{
	for (size_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].kind == SLOT_FREE)
			continue;
		if (slots[i].fd >= 0)
			(void)__real_close(slots[i].fd);
		if (slots[i].kind == SLOT_ALLOCATED || slots[i].kind == SLOT_MAPPING)
			(void)__real_munmap(slots[i].addr, slots[i].size);
		slots[i].kind = SLOT_FREE;
	}
}

void fake_reset(void)
{
	drop_all();
	fake = (struct fake_tee){
		.version = {
			.impl_id = TEE_IMPL_ID_OPTEE,
			.impl_caps = TEE_OPTEE_CAP_TZ,
			.gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM |
				    TEE_GEN_CAP_MEMREF_NULL,
		},
		.fail_count = 1,
	};
	next_id = 1;
}

void fake_clear_log(void)
{
	fake.log[0] = '\0';
	fake.n_calls = 0;
}

unsigned int fake_n_held(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < N_SLOTS; i++)
		n += slots[i].kind != SLOT_FREE;
	return n;
}

uint8_t *fake_memory(const struct tee_ioctl_param *param)
{
	struct slot *slot;

	if (param->c == TEE_MEMREF_NULL)
		return NULL;
	(void)pthread_mutex_lock(&lock);
	slot = slot_by_id((int)param->c);
	(void)pthread_mutex_unlock(&lock);
	if (!slot || param->a > slot->size || param->b > slot->size - param->a)
		abort();
	return slot->addr + param->a;
}

int __wrap_open(const char *path, int flags, ...)
{
	char expected[32];
	int fd;

	if (!enter("open"))
		return leave(-1);
	(void)snprintf(expected, sizeof(expected), "/dev/tee%u", fake.device);
	fake.open_flags = flags;
	if (strcmp(path, expected) != 0)
		return leave_errno(ENOENT);
	fd = new_fd();
	(void)slot_new(SLOT_DEVICE, fd);
	return leave(fd);
}

int __wrap_open64(const char *path, int flags, ...)
{
	return __wrap_open(path, flags);
}

/* The block lives as long as its descriptor or a mapping of it. */
static void allocated_put(struct slot *slot)
{
	if (slot->fd >= 0 || slot->n_maps)
		return;
	(void)__real_munmap(slot->addr, slot->size);
	slot->kind = SLOT_FREE;
}

int __wrap_close(int fd)
{
	struct slot *slot;
	bool ok = enter("close");

	slot = slot_by_fd(fd);
	if (!slot) {
		misuse("close of a descriptor that is not open");
		return leave_errno(EBADF);
	}
	/* As on Linux, the descriptor is gone also if close() fails. */
	(void)__real_close(fd);
	if (slot->kind == SLOT_ALLOCATED) {
		slot->fd = -1;
		allocated_put(slot);
	} else {
		slot->kind = SLOT_FREE;
	}
	return ok ? leave(0) : leave_errno(fake.fail_errno);
}

void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct slot *block = NULL;
	struct slot *slot;
	void *p;

	if (!enter("mmap"))
		return leave(-1), MAP_FAILED;
	if (fd >= 0) {
		block = slot_by_fd(fd);
		if (!block || block->kind != SLOT_ALLOCATED || length > block->size || offset) {
			misuse("mmap of what is no block, or of more than it has");
			return leave_errno(EBADF), MAP_FAILED;
		}
		if (!(flags & MAP_SHARED) || prot != (PROT_READ | PROT_WRITE))
			misuse("mmap of a block that does not share it both ways");
	}
	p = __real_mmap(addr, length, prot, flags, fd, offset);
	if (p == MAP_FAILED)
		return leave(-1), MAP_FAILED;
	slot = slot_new(SLOT_MAPPING, -1);
	slot->addr = p;
	slot->size = length;
	if (block) {
		slot->id = block->id;
		block->n_maps++;
	}
	return leave(0), p;
}

void *__wrap_mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return __wrap_mmap(addr, length, prot, flags, fd, offset);
}

static struct slot *mapping_find(const void *addr, size_t length)
{
	for (size_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].kind == SLOT_MAPPING && slots[i].addr == addr &&
		    slots[i].size == length)
			return &slots[i];
	}
	return NULL;
}

int __wrap_munmap(void *addr, size_t length)
{
	struct slot *slot;
	struct slot *block;
	bool ok = enter("munmap");

	slot = mapping_find(addr, length);
	if (!slot) {
		misuse("munmap of what is not mapped");
		return leave_errno(EINVAL);
	}
	for (size_t i = 0; i < N_SLOTS; i++) {
		if (slots[i].kind == SLOT_REGISTERED &&
		    overlaps(slots[i].addr, slots[i].size, addr, length))
			misuse("munmap of memory that is still registered");
	}
	(void)__real_munmap(addr, length);
	slot->kind = SLOT_FREE;
	block = slot->id ? slot_by_id(slot->id) : NULL;
	if (block) {
		block->n_maps--;
		allocated_put(block);
	}
	return ok ? leave(0) : leave_errno(fake.fail_errno);
}

static int do_register(struct tee_ioctl_shm_register_data *data)
{
	struct slot *slot;

	fake.registered = *data;
	if (data->flags)
		return leave_errno(EINVAL);
	if (overlaps((void *)(uintptr_t)data->addr, data->length, fake.read_only,
		     fake.read_only_size))
		return leave_errno(EFAULT);
	if (fake.register_errno)
		return leave_errno(fake.register_errno);
	slot = slot_new(SLOT_REGISTERED, new_fd());
	slot->id = data->id = next_id++;
	slot->addr = (uint8_t *)(uintptr_t)data->addr;
	slot->size = data->length;
	return leave(slot->fd);
}

static int do_alloc(struct tee_ioctl_shm_alloc_data *data)
{
	struct slot *slot;

	fake.alloc_size = data->size;
	if (data->flags || !data->size)
		return leave_errno(data->flags ? EINVAL : ENOMEM);
	if (fake.alloc_errno)
		return leave_errno(fake.alloc_errno);
	slot = slot_new(SLOT_ALLOCATED, new_fd());
	slot->id = data->id = next_id++;
	slot->size = (data->size + 4095) & ~(size_t)4095;
	data->size = slot->size;
	if (ftruncate(slot->fd, (off_t)slot->size) < 0)
		abort();
	slot->addr = __real_mmap(NULL, slot->size, PROT_READ | PROT_WRITE, MAP_SHARED, slot->fd, 0);
	if (slot->addr == MAP_FAILED)
		abort();
	return leave(slot->fd);
}

/* The fake takes every descriptor for a dma-buf of 12288 bytes. */
static int do_register_fd(struct tee_ioctl_shm_register_fd_data *data)
{
	struct slot *slot;

	if (data->flags)
		return leave_errno(EINVAL);
	slot = slot_new(SLOT_REGISTERED, new_fd());
	slot->id = data->id = next_id++;
	data->size = slot->size = 12288;
	data->flags = 0x10;
	return leave(slot->fd);
}

static bool on_stack(uint64_t ptr, uint64_t size)
{
	pthread_attr_t attr;
	void *stack;
	size_t stack_size;

	if (pthread_getattr_np(pthread_self(), &attr) != 0 ||
	    pthread_attr_getstack(&attr, &stack, &stack_size) != 0)
		abort();
	(void)pthread_attr_destroy(&attr);
	return ptr >= (uintptr_t)stack && ptr + size <= (uintptr_t)stack + stack_size;
}

static bool params_valid(const struct tee_ioctl_param *params)
{
	for (int i = 0; i < 4; i++) {
		struct slot *slot;

		if (params[i].attr < TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
			continue;
		if (params[i].c == TEE_MEMREF_NULL) {
			if (!(fake.version.gen_caps & TEE_GEN_CAP_MEMREF_NULL))
				return false;
			continue;
		}
		slot = slot_by_id((int)params[i].c);
		if (!slot || params[i].a > slot->size || params[i].b > slot->size - params[i].a)
			return false;
	}
	return true;
}

static int do_call(unsigned long request, const struct tee_ioctl_buf_data *data)
{
	struct tee_ioctl_open_session_arg *open_arg = (void *)(uintptr_t)data->buf_ptr;
	struct tee_ioctl_invoke_arg *invoke_arg = (void *)(uintptr_t)data->buf_ptr;
	bool is_open = request == TEE_IOC_OPEN_SESSION;
	struct fake_call call = {
		.request = request,
		.buf_len = data->buf_len,
		.on_stack = on_stack(data->buf_ptr, data->buf_len),
		.params = is_open ? open_arg->params : invoke_arg->params,
		.ret_origin = 4,
	};
	uint32_t n = is_open ? open_arg->num_params : invoke_arg->num_params;

	if (n != 4 || !params_valid(call.params)) {
		misuse("a call with wrong parameters");
		return leave_errno(EINVAL);
	}
	if (is_open) {
		memcpy(call.uuid, open_arg->uuid, sizeof(call.uuid));
		memcpy(call.clnt_uuid, open_arg->clnt_uuid, sizeof(call.clnt_uuid));
		call.clnt_login = open_arg->clnt_login;
		call.cancel_id = open_arg->cancel_id;
	} else {
		call.func = invoke_arg->func;
		call.session = invoke_arg->session;
		call.cancel_id = invoke_arg->cancel_id;
	}
	(void)leave(0);

	if (fake.answer)
		fake.answer(&call);
	if (is_open) {
		open_arg->ret = call.ret;
		open_arg->ret_origin = call.ret_origin;
		open_arg->session = call.ret ? 0 : 0x5e55;
	} else {
		invoke_arg->ret = call.ret;
		invoke_arg->ret_origin = call.ret_origin;
	}
	return 0;
}

static const char *request_to_word(unsigned long request)
{
	switch (request) {
	case TEE_IOC_VERSION:
		return "version";
	case TEE_IOC_SHM_ALLOC:
		return "alloc";
	case TEE_IOC_SHM_REGISTER:
		return "register";
	case TEE_IOC_SHM_REGISTER_FD:
		return "register_fd";
	case TEE_IOC_OPEN_SESSION:
		return "open_session";
	case TEE_IOC_INVOKE:
		return "invoke";
	case TEE_IOC_CANCEL:
		return "cancel";
	case TEE_IOC_CLOSE_SESSION:
		return "close_session";
	default:
		return "unknown";
	}
}

static int do_cancel(const struct tee_ioctl_cancel_arg *arg)
{
	fake.cancel = *arg;
	(void)leave(0);
	if (fake.cancelled)
		fake.cancelled();
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct slot *slot;
	va_list ap;
	void *arg;
	bool ok;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);

	ok = enter(request_to_word(request));
	slot = slot_by_fd(fd);
	if (!slot || slot->kind != SLOT_DEVICE) {
		misuse("ioctl on what is not the device");
		return leave_errno(EBADF);
	}
	if (!ok)
		return leave_errno(fake.fail_errno);

	switch (request) {
	case TEE_IOC_VERSION:
		memcpy(arg, &fake.version, sizeof(fake.version));
		return leave(0);
	case TEE_IOC_SHM_ALLOC:
		return do_alloc(arg);
	case TEE_IOC_SHM_REGISTER:
		return do_register(arg);
	case TEE_IOC_SHM_REGISTER_FD:
		return do_register_fd(arg);
	case TEE_IOC_OPEN_SESSION:
	case TEE_IOC_INVOKE:
		return do_call(request, arg);
	case TEE_IOC_CANCEL:
		return do_cancel(arg);
	case TEE_IOC_CLOSE_SESSION:
		fake.closed_session = ((struct tee_ioctl_close_session_arg *)arg)->session;
		return leave(0);
	default:
		misuse("an ioctl that the device does not know");
		return leave_errno(EINVAL);
	}
}
