/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl(2)
 *
 * The ioctls of TEE devices, of heaps and of objects, on a context, travel to swteed.
 * Everything else goes to the kernel at once, unless the descriptor is one of ours that
 * we know of. When the kernel answers ENOTTY it is looked at all the same, because a
 * device's word for a foreign ioctl is EINVAL (facts/tee-uapi 1.2, 5.2), and because it
 * may be a dma-buf.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/dma_heap.h"
#include "abi/qtee_rfc.h"
#include "abi/tee.h"
#include "client/front/front.h"

static int next_ioctl(int fd, unsigned long request, unsigned long arg)
{
	if (!shim_next.ioctl)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	return shim_next.ioctl(fd, request, arg);
}

static void note_result(int fd, unsigned long request, int r)
{
	if (r < 0)
		return;
	if (!shim_fd_noted(fd))
		shim_fd_note(fd, SHIM_CONTEXT);
	if (request == TEE_IOC_SHM_ALLOC)
		shim_fd_note(r, SHIM_MEMORY);
	else if (request == TEE_IOC_SHM_REGISTER || request == TEE_IOC_SHM_REGISTER_FD)
		shim_fd_note(r, SHIM_REGISTERED);
}

/*
 * What is no TEE ioctl must not reach the socket or the file behind a descriptor of
 * ours, which may know it; but these three the kernel answers for every file. 0 to
 * go on, else a negative errno.
 */
static int refuse_foreign(int fd, unsigned long request)
{
	struct stat st;

	if (!shim_fd_noted(fd) || request == FIOCLEX || request == FIONCLEX ||
	    request == FIONBIO)
		return 0;
	switch (shim_fd_kind(fd, &st)) {
	case SHIM_FOREIGN:
		return 0;
	case SHIM_CONTEXT:
		return -EINVAL;
	default:
		return -ENOTTY;
	}
}

SHIM_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	bool ours = _IOC_TYPE(request) == TEE_IOC_MAGIC ||
		    _IOC_TYPE(request) == DMA_HEAP_IOC_MAGIC ||
		    _IOC_TYPE(request) == QCOM_TEE_IOC_MAGIC;
	unsigned long arg;
	va_list ap;
	int r;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	if (ours && shim_active()) {
		r = front_ioctl(fd, (unsigned int)request, arg);
		note_result(fd, request, r);
		if (r != -ENOTTY)
			return shim_result(r);
	}
	if (!ours) {
		r = refuse_foreign(fd, request);
		if (r < 0)
			return shim_result(r);
	}
	r = next_ioctl(fd, request, arg);
	if (r < 0 && errno == ENOTTY && shim_active()) {
		if (!ours && front_is_context(fd))
			errno = EINVAL;
		else
			r = shim_result(shim_dmabuf_ioctl(fd, request, arg));
	}
	return r;
}
