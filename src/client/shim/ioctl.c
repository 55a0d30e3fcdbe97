/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl(2)
 *
 * TEE ioctls on a context travel to swteed. Everything else goes to the kernel
 * at once; only when that answers ENOTTY is the descriptor looked at, because
 * the TEE subsystem's word for a foreign ioctl is EINVAL (facts/tee-uapi 1.2).
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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
	bool tee = _IOC_TYPE(request) == TEE_IOC_MAGIC;
	unsigned long arg;
	va_list ap;
	int r;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);

	if (tee && shim_active()) {
		r = front_ioctl(fd, (unsigned int)request, arg);
		if (r != -ENOTTY)
			return shim_result(r);
	}
	r = next_ioctl(fd, request, arg);
	if (r < 0 && errno == ENOTTY && !tee && shim_active() && front_is_context(fd))
		errno = EINVAL;
	return r;
}
