/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl(2)
 *
 * The ioctls of TEE devices and of heaps, on a context, travel to swteed. Everything
 * else goes to the kernel at once; only when that answers ENOTTY is the descriptor
 * looked at, because a device's word for a foreign ioctl is EINVAL (facts/tee-uapi
 * 1.2, 5.2), and because it may be a dma-buf.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/dma_heap.h"
#include "abi/tee.h"
#include "client/front/front.h"

static int next_ioctl(int fd, unsigned long request, unsigned long arg)
{
	if (!shim_next.ioctl)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	return shim_next.ioctl(fd, request, arg);
}

SHIM_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	bool ours = _IOC_TYPE(request) == TEE_IOC_MAGIC || _IOC_TYPE(request) == DMA_HEAP_IOC_MAGIC;
	unsigned long arg;
	va_list ap;
	int r;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	if (ours && shim_active()) {
		r = front_ioctl(fd, (unsigned int)request, arg);
		if (r != -ENOTTY)
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
