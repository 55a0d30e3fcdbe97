/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spinlocks. User space can be preempted while it holds one, so they sleep. There
 * are no interrupts to keep out: the _irq forms are the plain one.
 */
#ifndef BASE_KERNEL_LINUX_SPINLOCK_H
#define BASE_KERNEL_LINUX_SPINLOCK_H

#include <linux/mutex.h>

typedef struct spinlock {
	struct mutex mutex;
} spinlock_t;

#define DEFINE_SPINLOCK(name) spinlock_t name = { .mutex = __MUTEX_INITIALIZER(#name) }
#define spin_lock_init(lock) mutex_init(&(lock)->mutex)

static inline void spin_lock(spinlock_t *lock)
{
	mutex_lock(&lock->mutex);
}

static inline int spin_trylock(spinlock_t *lock)
{
	return mutex_trylock(&lock->mutex);
}

static inline void spin_unlock(spinlock_t *lock)
{
	mutex_unlock(&lock->mutex);
}

#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_irqsave(lock, flags) \
	do { \
		(flags) = 0; \
		spin_lock(lock); \
	} while (0)
#define spin_unlock_irqrestore(lock, flags) \
	do { \
		(void)(flags); \
		spin_unlock(lock); \
	} while (0)

DEFINE_GUARD(spinlock, spinlock_t *, spin_lock(_T), spin_unlock(_T))
DEFINE_GUARD(spinlock_irqsave, spinlock_t *, spin_lock(_T), spin_unlock(_T))

#endif /* BASE_KERNEL_LINUX_SPINLOCK_H */
