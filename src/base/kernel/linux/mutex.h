/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes. A debug build (KERNEL_DEBUG) knows the class of each, the place of its
 * mutex_init(), and aborts on a recursive lock, on an order of classes that was
 * once taken the other way round, and on an unlock by another thread.
 */
#ifndef BASE_KERNEL_LINUX_MUTEX_H
#define BASE_KERNEL_LINUX_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/cleanup.h>

struct mutex {
	/* 0 free, 1 held, 2 held and somebody sleeps */
	uint32_t word;
#ifdef KERNEL_DEBUG
	uint32_t owner;
	const char *class;
#endif
};

#define __MUTEX_STRING2(x) #x
#define __MUTEX_STRING(x) __MUTEX_STRING2(x)
#define __MUTEX_CLASS __FILE__ ":" __MUTEX_STRING(__LINE__)

#ifdef KERNEL_DEBUG
#define __MUTEX_INITIALIZER(name) { .class = __MUTEX_CLASS }
#else
#define __MUTEX_INITIALIZER(name) { 0 }
#endif

#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(#name)
#define mutex_init(lock) __mutex_init(lock, __MUTEX_CLASS)

void __mutex_init(struct mutex *lock, const char *class);
void mutex_destroy(struct mutex *lock);
void mutex_lock(struct mutex *lock);
/* -EINTR when a signal is pending */
int mutex_lock_interruptible(struct mutex *lock);
int mutex_lock_killable(struct mutex *lock);
int mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool mutex_is_locked(struct mutex *lock);

#ifdef KERNEL_DEBUG
void mutex_assert_held(struct mutex *lock);
#define lockdep_assert_held(lock) mutex_assert_held(lock)
#else
#define lockdep_assert_held(lock) ((void)(lock))
#endif

DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))

#endif /* BASE_KERNEL_LINUX_MUTEX_H */
