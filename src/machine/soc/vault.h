/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vault: files that other processes hold for this one
 *
 * A process may have so many descriptors, a machine more buffers than that. A
 * vault keeps them in child processes, boxes, which are made when the ones that
 * exist are full and do nothing but hold descriptors. Safe from any thread.
 */
#ifndef MACHINE_SOC_VAULT_H
#define MACHINE_SOC_VAULT_H

#include <stdint.h>

struct vault;

/* Starts no process yet. -ENOMEM. */
int vault_new(struct vault **ret_vault);
/* Ends the boxes with what is in them. Accepts and returns NULL. */
struct vault *vault_free(struct vault *vault);

/*
 * Put a copy of @fd away; @fd stays the caller's. -ENOMEM, -EAGAIN when no process
 * can be had, or the errno of sending.
 */
int vault_put(struct vault *vault, int fd, uint64_t *ret_key);
/* A copy of what is there, the caller's; -EMFILE, or -EIO when its box died. */
int vault_get(struct vault *vault, uint64_t key, int *ret_fd);
/* Give it up. */
void vault_drop(struct vault *vault, uint64_t key);

#endif /* MACHINE_SOC_VAULT_H */
