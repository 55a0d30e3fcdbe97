/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered memory of clients
 *
 * What a client says is shared in place (caller.runs) is: the TEE gets those very
 * pages. The rest has a shadow, which is synchronised with the client's memory. To
 * the TEE both are pages of one list; to us one piece of memory at shm->kaddr.
 */
#ifndef SERVER_USER_MEMORY_H
#define SERVER_USER_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct caller;
struct server;
struct tee_shm;

/* platform_shm_pin_user() and its kin: see normal/platform.h. */
int user_memory_pin(struct server *server, struct caller *caller, struct tee_shm *shm,
		    uint64_t addr, size_t length);
void user_memory_unpin(struct tee_shm *shm);
int user_memory_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size);
int user_memory_sync_for_user(struct tee_shm *shm, size_t offs, size_t size);

#endif /* SERVER_USER_MEMORY_H */
