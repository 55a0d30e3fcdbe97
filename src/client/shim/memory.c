/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise(2) and mremap(2) of memory that is shared in place
 *
 * To the program it is private anonymous memory: given back it reads as zeroes,
 * and it can grow. Of a memory file neither is true, so what is about to be
 * treated in these ways becomes private first. All other calls of the kind
 * (munmap, mprotect, a mapping on top) mean the same for both.
 *
 * libc's own calls do not come through here. Its malloc() takes nothing for zero
 * that it gave back by madvise(2), and copies where mremap(2) fails, as it does
 * for a block of which a part is shared.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/front/front.h"

SHIM_EXPORT int madvise(void *addr, size_t length, int advice)
{
	if ((advice == MADV_DONTNEED || advice == MADV_FREE) && front_pages_in_use())
		front_pages_discard(addr, length);
	if (!shim_next.madvise)
		return (int)syscall(SYS_madvise, addr, length, advice);
	return shim_next.madvise(addr, length, advice);
}

SHIM_EXPORT void *mremap(void *old, size_t old_size, size_t new_size, int flags, ...)
{
	bool elsewhere = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	void *target = NULL;
	va_list ap;

	if (elsewhere) {
		va_start(ap, flags);
		target = va_arg(ap, void *);
		va_end(ap);
	}
	if (front_pages_in_use() && (new_size > old_size || elsewhere))
		front_pages_make_private(old, old_size);
	if (!shim_next.mremap)
		return (void *)syscall(SYS_mremap, old, old_size, new_size, flags, target);
	return shim_next.mremap(old, old_size, new_size, flags, target);
}
