/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory blocks
 *
 * Client memory is registered and shared in place if the TEE can do that; imp.
 * registered_fd then stands for the registration. If it cannot, the memory gets
 * a shadow: new memory, with copies around each call.
 *
 * New memory is the TEE's own, mapped here, since a TEE that cannot reach into
 * the client copies what is registered. The mapping keeps it, no descriptor does.
 * If the TEE hands out none but can register, anonymous memory takes its place.
 *
 * Memory is always unregistered before it is unmapped. The other way round the
 * TEE could still write to it when it belongs to someone else.
 */
#include <tee_client_api_extensions.h>

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "teec.h"

/* TEEC_SharedMemory.imp.flags: unmapped on release */
#define SHM_OWNS_BUFFER (1u << 0)
#define SHM_OWNS_SHADOW (1u << 1)

/* Neither kernels nor mmap() know empty blocks, the Client API does. */
#define SHM_MIN_SIZE 8

/* No block: what TEEC_ReleaseSharedMemory() leaves and accepts */
static void shm_reset(TEEC_SharedMemory *shm)
{
	shm->imp.id = -1;
	shm->imp.alloced_size = 0;
	shm->imp.shadow_buffer = NULL;
	shm->imp.registered_fd = -1;
	shm->imp.flags = 0;
}

static bool shm_flags_valid(const TEEC_SharedMemory *shm)
{
	return shm->flags && !(shm->flags & ~(uint32_t)TEEC_MEM_INOUT);
}

/* A descriptor, the id in *@ret_id; or negative errno */
static int shm_ioctl_register(const TEEC_Context *ctx, void *buffer, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)buffer,
		.length = size,
	};
	int fd;

	fd = ioctl(ctx->imp.fd, TEE_IOC_SHM_REGISTER, &data);
	if (fd < 0)
		return -errno;
	*ret_id = data.id;
	return fd;
}

/* NULL with errno set if it fails */
static void *shm_map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Fresh pages, registered. They are a mapping of their own and not heap: whole
 * pages are shared, and nothing of the client's may share a page with them.
 */
static int shm_new_registered(const TEEC_Context *ctx, TEEC_SharedMemory *shm, size_t size,
			      void **ret_buffer)
{
	void *buffer;
	int fd;

	buffer = shm_map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!buffer)
		return -ENOMEM;
	fd = shm_ioctl_register(ctx, buffer, size, &shm->imp.id);
	if (fd < 0) {
		(void)munmap(buffer, size);
		return fd;
	}
	shm->imp.registered_fd = fd;
	*ret_buffer = buffer;
	return 0;
}

/* Memory that the TEE allocates, mapped */
static int shm_new_mapped(const TEEC_Context *ctx, TEEC_SharedMemory *shm, size_t size,
			  void **ret_buffer)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	void *buffer;
	int fd;
	int rc;

	fd = ioctl(ctx->imp.fd, TEE_IOC_SHM_ALLOC, &data);
	if (fd < 0)
		return -errno;
	buffer = shm_map(size, MAP_SHARED, fd);
	rc = buffer ? 0 : -errno;
	(void)close(fd);
	if (rc < 0)
		return rc;
	shm->imp.id = data.id;
	*ret_buffer = buffer;
	return 0;
}

/* Sets id, and registered_fd if there is one; -ENOMEM if either way met it */
static int shm_new(const TEEC_Context *ctx, TEEC_SharedMemory *shm, size_t size,
		   void **ret_buffer)
{
	int mapped_rc = shm_new_mapped(ctx, shm, size, ret_buffer);
	int rc;

	if (mapped_rc == 0 || !ctx->imp.reg_mem)
		return mapped_rc;
	/* A pool may be too small for what plain memory can hold. */
	rc = shm_new_registered(ctx, shm, size, ret_buffer);
	return rc < 0 && mapped_rc == -ENOMEM ? -ENOMEM : rc;
}

TEEC_EXPORT TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context,
						  TEEC_SharedMemory *sharedMem)
{
	size_t size;
	int rc;

	if (!context || !sharedMem || !sharedMem->buffer || !shm_flags_valid(sharedMem))
		return TEEC_ERROR_BAD_PARAMETERS;

	shm_reset(sharedMem);
	size = sharedMem->size ? sharedMem->size : SHM_MIN_SIZE;

	if (context->imp.reg_mem) {
		rc = shm_ioctl_register(context, sharedMem->buffer, size, &sharedMem->imp.id);
		if (rc >= 0) {
			sharedMem->imp.registered_fd = rc;
			sharedMem->imp.alloced_size = size;
			return TEEC_SUCCESS;
		}
	}

	/*
	 * Kernels pin pages for writing and refuse read-only ones, which are legal
	 * here. Whatever the refusal was about, a shadow is worth a try.
	 */
	rc = shm_new(context, sharedMem, size, &sharedMem->imp.shadow_buffer);
	if (rc < 0)
		return rc == -ENOMEM || !context->imp.reg_mem ? TEEC_ERROR_OUT_OF_MEMORY :
								TEEC_ERROR_GENERIC;
	sharedMem->imp.alloced_size = size;
	sharedMem->imp.flags = SHM_OWNS_SHADOW;
	return TEEC_SUCCESS;
}

TEEC_EXPORT TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context,
						  TEEC_SharedMemory *sharedMem)
{
	size_t size;

	if (!context || !sharedMem || !shm_flags_valid(sharedMem))
		return TEEC_ERROR_BAD_PARAMETERS;

	shm_reset(sharedMem);
	sharedMem->buffer = NULL;
	size = sharedMem->size ? sharedMem->size : SHM_MIN_SIZE;

	if (shm_new(context, sharedMem, size, &sharedMem->buffer) < 0)
		return TEEC_ERROR_OUT_OF_MEMORY;
	sharedMem->imp.alloced_size = size;
	sharedMem->imp.flags = SHM_OWNS_BUFFER;
	return TEEC_SUCCESS;
}

TEEC_EXPORT TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *context,
								TEEC_SharedMemory *sharedMem,
								int fd)
{
	struct tee_ioctl_shm_register_fd_data data = { .fd = fd };
	int registered_fd;

	if (!context || !sharedMem || fd < 0 || !shm_flags_valid(sharedMem))
		return TEEC_ERROR_BAD_PARAMETERS;

	shm_reset(sharedMem);
	registered_fd = ioctl(context->imp.fd, TEE_IOC_SHM_REGISTER_FD, &data);
	if (registered_fd < 0)
		return TEEC_ERROR_BAD_PARAMETERS;

	sharedMem->buffer = NULL;
	sharedMem->size = data.size;
	sharedMem->imp.id = data.id;
	sharedMem->imp.registered_fd = registered_fd;
	return TEEC_SUCCESS;
}

TEEC_EXPORT void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem)
{
	/* Ids start at 1: a struct that was zeroed and never set up is no block. */
	if (!sharedMem || sharedMem->imp.id <= 0)
		return;

	if (sharedMem->imp.registered_fd >= 0)
		(void)close(sharedMem->imp.registered_fd);
	if (sharedMem->imp.flags & SHM_OWNS_SHADOW)
		(void)munmap(sharedMem->imp.shadow_buffer, sharedMem->imp.alloced_size);
	if (sharedMem->imp.flags & SHM_OWNS_BUFFER)
		(void)munmap(sharedMem->buffer, sharedMem->imp.alloced_size);

	sharedMem->buffer = NULL;
	shm_reset(sharedMem);
}

void teec_shm_push(const TEEC_SharedMemory *shm, size_t offset, size_t size)
{
	if (shm->imp.shadow_buffer && size)
		memcpy((char *)shm->imp.shadow_buffer + offset, (char *)shm->buffer + offset,
		       size);
}

void teec_shm_pull(const TEEC_SharedMemory *shm, size_t offset, size_t size)
{
	if (shm->imp.shadow_buffer && size)
		memcpy((char *)shm->buffer + offset, (char *)shm->imp.shadow_buffer + offset,
		       size);
}
