/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which descriptors are ours, for calls that are too frequent to ask each time
 *
 * A descriptor that we gave out, or saw in a TEE ioctl, is noted under its number
 * with the inode that it had. The note is only a reason to look: close, dup2 and
 * exec go past us, so the inode is compared whenever it matters. What was
 * duplicated or received and not used in an ioctl yet has no note.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than that many are open at once in few programs; those above have no note. */
#define MAX_NOTES 4096
#define KIND_SHIFT 60
#define INODE_MASK ((UINT64_C(1) << KIND_SHIFT) - 1)

static uint64_t notes[MAX_NOTES];

static bool sys_fstat(int fd, struct stat *st)
{
	int saved = errno;
	bool ok = syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH) == 0;

	errno = saved;
	return ok;
}

static uint64_t note_of(enum shim_kind kind, const struct stat *st)
{
	return (uint64_t)kind << KIND_SHIFT | (st->st_ino & INODE_MASK);
}

/* Sockets and memory files have inode numbers of their own kind. */
static bool can_be(enum shim_kind kind, const struct stat *st)
{
	return kind == SHIM_MEMORY ? S_ISREG(st->st_mode) : S_ISSOCK(st->st_mode);
}

void shim_fd_note(int fd, enum shim_kind kind)
{
	struct stat st;

	if (fd >= 0 && fd < MAX_NOTES && sys_fstat(fd, &st) && can_be(kind, &st))
		__atomic_store_n(&notes[fd], note_of(kind, &st), __ATOMIC_RELAXED);
}

bool shim_fd_noted(int fd)
{
	return fd >= 0 && fd < MAX_NOTES && __atomic_load_n(&notes[fd], __ATOMIC_RELAXED);
}

enum shim_kind shim_fd_kind(int fd, struct stat *ret_st)
{
	enum shim_kind kind;
	uint64_t note;

	if (!shim_fd_noted(fd))
		return SHIM_FOREIGN;
	note = __atomic_load_n(&notes[fd], __ATOMIC_RELAXED);
	kind = (enum shim_kind)(note >> KIND_SHIFT);
	if (sys_fstat(fd, ret_st) && can_be(kind, ret_st) && note == note_of(kind, ret_st))
		return kind;
	/* Unless somebody has just noted it anew */
	(void)__atomic_compare_exchange_n(&notes[fd], &note, 0, false, __ATOMIC_RELAXED,
					  __ATOMIC_RELAXED);
	return SHIM_FOREIGN;
}
