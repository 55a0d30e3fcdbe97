/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TEE client without a library: system calls and the kernel's structs
 *
 * Built with TRAP_LIBC the calls are those of libc, for statically linked tests;
 * else they are made by syscall(2), past whatever is preloaded.
 */
#ifndef TESTS_INTEGRATION_RAW_CLIENT_H
#define TESTS_INTEGRATION_RAW_CLIENT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "abi/tee.h"
#include "tee_client_api.h"

#define RAW_CHECK(cond, ...) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			exit(1); \
		} \
	} while (0)

#define RAW_N_PARAMS 4

struct raw_invoke {
	struct tee_ioctl_invoke_arg arg;
	struct tee_ioctl_param params[RAW_N_PARAMS];
};

/* As the system calls; -1 and errno. */
int raw_open(const char *path, int flags);
int raw_openat(int dirfd, const char *path, int flags);
int raw_stat(const char *path, struct stat *st);
int raw_access(const char *path, int mode);
int raw_ioctl(int fd, unsigned long cmd, void *arg);
/* -errno of raw_ioctl(), or what it returned. */
int raw_error(int fd, unsigned long cmd, void *arg);

/* /dev/tee0, or the end of the test */
int raw_tee(void);
/* A session to a TA without parameters, or the end of the test */
uint32_t raw_session(int tee, const TEEC_UUID *uuid);
void raw_close_session(int tee, uint32_t session);
/* What the ioctl returned; @invoke as for the kernel, session and func filled in here. */
int raw_invoke(int tee, uint32_t session, uint32_t func, struct raw_invoke *invoke);
/* With one VALUE_INOUT parameter; the TEE's verdict. */
uint32_t raw_invoke_value(int tee, uint32_t session, uint32_t func, uint64_t *a);

/* Wait until thread @tid, of this process or a child of it, sleeps in an ioctl. */
void raw_wait_blocked(pid_t tid);

#endif /* TESTS_INTEGRATION_RAW_CLIENT_H */
