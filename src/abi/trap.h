/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap: system calls that a seccomp filter hands to swteed
 *
 * A process of the owner of an instance installs the filter, with a listener, on
 * itself, connects to <runtime dir>/trap and sends one struct trap_hello with the
 * listener as its descriptor. swteed answers with one struct trap_answer. All
 * descendants of the process inherit the filter; it cannot be taken off again.
 *
 * Which calls are notified stands in TRAP_SYSCALLS: the filter is made of it, and
 * swteed finds in it where a call has its arguments.
 */
#ifndef ABI_TRAP_H
#define ABI_TRAP_H

#include <sys/syscall.h>

#include "abi/abi.h"

#define TRAP_VERSION 1
#define TRAP_SOCKET "trap"

struct trap_hello {
	__u32 version;	/* TRAP_VERSION */
	__u32 pad;
};
ABI_SIZE(struct trap_hello, 8, "trap_hello");

struct trap_answer {
	__u32 version;	/* TRAP_VERSION */
	__s32 error;	/* 0: swteed serves the listener from now on; negative errno */
	__u32 server_pid; /* for PR_SET_PTRACER; 0 if not visible */
	__u32 pad;
};
ABI_SIZE(struct trap_answer, 16, "trap_answer");

/* ioctl(2)s that are notified: bits of the command word, and what they must be */
struct trap_ioctl {
	__u32 mask;
	__u32 value;
};

#define TRAP_IOCTLS \
	{ 0xff00, 0xa400 },	/* those of TEE devices */ \
	{ 0xffff, 0x4800 },	/* the allocation of a dma-heap */

enum trap_kind {
	TRAP_OPEN,	/* open(2) and its family */
	TRAP_STAT,	/* stat(2) and its family */
	TRAP_ACCESS,	/* access(2) and its family */
	TRAP_IOCTL,
};

#define TRAP_NONE (-1)

/* Which argument is what; TRAP_NONE: the call has none of that */
struct trap_syscall {
	int nr;
	enum trap_kind kind;
	signed char dirfd;	/* TRAP_NONE: as AT_FDCWD */
	signed char path;
	signed char flags;	/* of openat, or AT_*; never of openat2 */
	signed char arg;	/* mode of access, buffer of stat, how of openat2 */
};

/* Calls that a newer ABI does without exist on older ones only. */
#ifdef SYS_open
#define TRAP_SYSCALLS_OLD \
	{ SYS_open, TRAP_OPEN, TRAP_NONE, 0, 1, TRAP_NONE }, \
	{ SYS_stat, TRAP_STAT, TRAP_NONE, 0, TRAP_NONE, 1 }, \
	{ SYS_lstat, TRAP_STAT, TRAP_NONE, 0, TRAP_NONE, 1 }, \
	{ SYS_access, TRAP_ACCESS, TRAP_NONE, 0, TRAP_NONE, 1 },
#else
#define TRAP_SYSCALLS_OLD
#endif

#define TRAP_SYSCALLS \
	{ SYS_ioctl, TRAP_IOCTL, TRAP_NONE, TRAP_NONE, TRAP_NONE, TRAP_NONE }, \
	TRAP_SYSCALLS_OLD \
	{ SYS_openat, TRAP_OPEN, 0, 1, 2, TRAP_NONE }, \
	{ SYS_openat2, TRAP_OPEN, 0, 1, TRAP_NONE, 2 }, \
	{ SYS_newfstatat, TRAP_STAT, 0, 1, 3, 2 }, \
	{ SYS_statx, TRAP_STAT, 0, 1, 2, 4 }, \
	{ SYS_faccessat, TRAP_ACCESS, 0, 1, TRAP_NONE, 2 }, \
	{ SYS_faccessat2, TRAP_ACCESS, 0, 1, 3, 2 },

#endif /* ABI_TRAP_H */
