/* SPDX-License-Identifier: BSD-2-Clause */
/* Reader-writer semaphores; a waiting writer keeps new readers out. */
#ifndef BASE_KERNEL_LINUX_RWSEM_H
#define BASE_KERNEL_LINUX_RWSEM_H

#include <stdint.h>

#include <linux/cleanup.h>

#define RWSEM_WRITER 0x80000000u
#define RWSEM_WRITER_WAITS 0x40000000u

struct rw_semaphore {
	uint32_t state;		/* readers, and the two flags */
	uint32_t turn;		/* what sleepers sleep on */
	uint32_t n_sleepers;
};

void init_rwsem(struct rw_semaphore *sem);
void down_read(struct rw_semaphore *sem);
int down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
int down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

DEFINE_GUARD(rwsem_read, struct rw_semaphore *, down_read(_T), up_read(_T))
DEFINE_GUARD(rwsem_write, struct rw_semaphore *, down_write(_T), up_write(_T))

#endif /* BASE_KERNEL_LINUX_RWSEM_H */
