/* SPDX-License-Identifier: BSD-2-Clause */
#include "gp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/tee.h"
#include "clock.h"
#include "memory.h"
#include "report.h"
#include "tee_client_api.h"
#include "test_tas.h"

#define WARM_UP 2000
#define ROUNDS 20000
#define MIB (1u << 20)

/* The pseudo TA of OP-TEE's own tests; TRACE takes no parameters and does nothing. */
static const TEEC_UUID pta_uuid = { 0xd96a5b40, 0xc3e5, 0x21e3,
				    { 0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b } };
#define PTA_CMD_TRACE 0

static const TEEC_UUID ta_uuid = TEST_TA_BENCH_UUID;

static int failed(const char *what, TEEC_Result res, uint32_t origin)
{
	fprintf(stderr, "bench: %s: result 0x%08x, origin %u\n", what, res, origin);
	return -1;
}

struct conn {
	TEEC_Context ctx;
	TEEC_Session session;
};

static int conn_open(struct conn *conn, const TEEC_UUID *uuid)
{
	uint32_t origin = 0;
	TEEC_Result res = TEEC_InitializeContext(NULL, &conn->ctx);

	if (res != TEEC_SUCCESS)
		return failed("TEEC_InitializeContext", res, TEEC_ORIGIN_API);
	res = TEEC_OpenSession(&conn->ctx, &conn->session, uuid, TEEC_LOGIN_PUBLIC, NULL, NULL,
			       &origin);
	if (res != TEEC_SUCCESS) {
		TEEC_FinalizeContext(&conn->ctx);
		return failed("TEEC_OpenSession", res, origin);
	}
	return 0;
}

static void conn_close(struct conn *conn)
{
	TEEC_CloseSession(&conn->session);
	TEEC_FinalizeContext(&conn->ctx);
}

static double time_invokes(struct conn *conn, uint32_t cmd, TEEC_Operation *op, unsigned int rounds)
{
	TEEC_Result res = TEEC_SUCCESS;
	uint32_t origin = 0;
	uint64_t start;

	for (unsigned int i = 0; i < WARM_UP && res == TEEC_SUCCESS; i++)
		res = TEEC_InvokeCommand(&conn->session, cmd, op, &origin);
	start = clock_ns();
	for (unsigned int i = 0; i < rounds && res == TEEC_SUCCESS; i++)
		res = TEEC_InvokeCommand(&conn->session, cmd, op, &origin);
	if (res != TEEC_SUCCESS)
		return failed("TEEC_InvokeCommand", res, origin);
	return (double)(clock_ns() - start) / rounds;
}

/* A no-op invoke with @shm as an in-out parameter, to be released */
static double time_shm(struct conn *conn, TEEC_SharedMemory *shm)
{
	TEEC_Operation op = { 0 };
	double ns;

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	op.params[0].memref.parent = shm;
	op.params[0].memref.size = shm->size;
	ns = time_invokes(conn, TEST_BENCH_CMD_NOP, &op, ROUNDS);
	TEEC_ReleaseSharedMemory(shm);
	return ns;
}

static double time_memref(struct conn *conn, size_t size)
{
	TEEC_SharedMemory shm = { .size = size, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT };

	if (TEEC_AllocateSharedMemory(&conn->ctx, &shm) != TEEC_SUCCESS)
		return -1;
	memset(shm.buffer, 1, size);
	return time_shm(conn, &shm);
}

/* The same with memory of the client's own, which is registered */
static double time_registered(struct conn *conn, size_t size)
{
	TEEC_SharedMemory shm = { .size = size, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT };
	double ns = -1;

	shm.buffer = malloc(size);
	if (!shm.buffer)
		return -1;
	memset(shm.buffer, 1, size);
	if (TEEC_RegisterSharedMemory(&conn->ctx, &shm) == TEEC_SUCCESS)
		ns = time_shm(conn, &shm);
	free(shm.buffer);
	return ns;
}

/* ... and registered by each call */
static double time_temporary(struct conn *conn, size_t size)
{
	TEEC_Operation op = { 0 };
	double ns;

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	op.params[0].tmpref.buffer = malloc(size);
	op.params[0].tmpref.size = size;
	if (!op.params[0].tmpref.buffer)
		return -1;
	memset(op.params[0].tmpref.buffer, 1, size);
	ns = time_invokes(conn, TEST_BENCH_CMD_NOP, &op, ROUNDS / 10);
	free(op.params[0].tmpref.buffer);
	return ns;
}

static double time_memcpy(size_t size)
{
	uint8_t *a = malloc(size), *b = malloc(size);
	uint64_t start;
	double ns;

	memset(a, 1, size);
	memset(b, 2, size);
	start = clock_ns();
	for (unsigned int i = 0; i < 200; i++) {
		memcpy(b, a, size);
		__asm__ volatile("" ::"r"(b) : "memory");
	}
	ns = (double)(clock_ns() - start) / 200;
	free(a);
	free(b);
	return ns;
}

static double time_open_close(struct conn *conn, const TEEC_UUID *uuid)
{
	const unsigned int rounds = 200;
	TEEC_Session session;
	uint32_t origin = 0;
	uint64_t start = clock_ns();

	for (unsigned int i = 0; i < rounds; i++) {
		TEEC_Result res = TEEC_OpenSession(&conn->ctx, &session, uuid, TEEC_LOGIN_PUBLIC,
						   NULL, NULL, &origin);

		if (res != TEEC_SUCCESS)
			return failed("TEEC_OpenSession", res, origin);
		TEEC_CloseSession(&session);
	}
	return (double)(clock_ns() - start) / rounds;
}

/* --- the device itself --- */

static double time_context(void)
{
	const unsigned int rounds = 2000;
	uint64_t start = clock_ns();

	for (unsigned int i = 0; i < rounds; i++) {
		int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return failed("open /dev/tee0", (TEEC_Result)errno, 0);
		close(fd);
	}
	return (double)(clock_ns() - start) / rounds;
}

static double time_shm_alloc(int tee)
{
	const unsigned int rounds = 2000;
	uint64_t start = clock_ns();

	for (unsigned int i = 0; i < rounds; i++) {
		struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
		int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);

		if (fd < 0)
			return failed("TEE_IOC_SHM_ALLOC", (TEEC_Result)errno, 0);
		close(fd);
	}
	return (double)(clock_ns() - start) / rounds;
}

static double time_shm_register(int tee)
{
	const unsigned int rounds = 500;
	uint8_t *buf = aligned_alloc(4096, MIB);
	uint64_t start;
	double ns;

	memset(buf, 1, MIB);
	start = clock_ns();
	for (unsigned int i = 0; i < rounds; i++) {
		struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)buf, .length = MIB };
		int fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &data);

		if (fd < 0) {
			free(buf);
			return failed("TEE_IOC_SHM_REGISTER", (TEEC_Result)errno, 0);
		}
		close(fd);
	}
	ns = (double)(clock_ns() - start) / rounds;
	free(buf);
	return ns;
}

static void device_bench(struct report *report)
{
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	report_add(report, "context_open_close_ns", time_context());
	if (tee >= 0) {
		report_add(report, "shm_alloc_free_ns", time_shm_alloc(tee));
		report_add(report, "shm_register_1m_ns", time_shm_register(tee));
		close(tee);
	}
}

/* --- memory --- */

static void *invoke_once_thread(void *data)
{
	struct conn *conn = data;
	uint32_t origin;

	(void)TEEC_InvokeCommand(&conn->session, TEST_BENCH_CMD_NOP, NULL, &origin);
	pause();
	return NULL;
}

/* What an idle instance with one TA takes, and what one more of each adds. */
static void memory_bench(struct report *report)
{
	enum { N = 8 };
	pid_t swteed = memory_find_swteed();
	struct conn first, more[N];
	pthread_t threads[N];
	double before, after;

	if (swteed <= 0 || conn_open(&first, &ta_uuid) < 0)
		return;
	time_invokes(&first, TEST_BENCH_CMD_NOP, NULL, 1);
	report_add(report, "rss_total_kib", memory_pss_tree_kib(swteed));

	before = memory_private_tree_kib(swteed);
	for (unsigned int i = 0; i < N; i++)
		conn_open(&more[i], &ta_uuid);
	after = memory_private_tree_kib(swteed);
	report_add(report, "ta_instance_private_kib", (after - before) / N);

	before = memory_pss_tree_kib(swteed);
	for (unsigned int i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, invoke_once_thread, &more[i]);
	usleep(200000);
	after = memory_pss_tree_kib(swteed);
	report_add(report, "client_thread_kib", (after - before) / N);
	for (unsigned int i = 0; i < N; i++) {
		pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
		conn_close(&more[i]);
	}
	conn_close(&first);
}

/* --- throughput --- */

struct load {
	pthread_t thread;
	struct conn conn;
	atomic_bool *stop;
	uint64_t n;
};

static void *load_thread(void *data)
{
	struct load *load = data;
	uint32_t origin;

	while (!atomic_load_explicit(load->stop, memory_order_relaxed)) {
		if (TEEC_InvokeCommand(&load->conn.session, TEST_BENCH_CMD_NOP, NULL, &origin) !=
		    TEEC_SUCCESS)
			break;
		load->n++;
	}
	return NULL;
}

static double throughput(unsigned int n_threads)
{
	struct load loads[8] = { 0 };
	atomic_bool stop = false;
	uint64_t start, total = 0;
	unsigned int i;
	double seconds;

	for (i = 0; i < n_threads; i++) {
		loads[i].stop = &stop;
		if (conn_open(&loads[i].conn, &ta_uuid) < 0)
			return -1;
	}
	start = clock_ns();
	for (i = 0; i < n_threads; i++)
		pthread_create(&loads[i].thread, NULL, load_thread, &loads[i]);
	usleep(500000);
	atomic_store(&stop, true);
	for (i = 0; i < n_threads; i++) {
		pthread_join(loads[i].thread, NULL);
		total += loads[i].n;
	}
	seconds = (double)(clock_ns() - start) / 1e9;
	for (i = 0; i < n_threads; i++)
		conn_close(&loads[i].conn);
	return (double)total / seconds;
}

int gp_bench(struct report *report)
{
	static const char *const keys[] = { "invoke_per_s_1", "invoke_per_s_2", "invoke_per_s_4",
					    "invoke_per_s_8" };
	struct conn pta, ta;

	memory_bench(report);
	if (conn_open(&pta, &pta_uuid) < 0)
		return -1;
	report_add(report, "optee_invoke_pta_ns",
		   time_invokes(&pta, PTA_CMD_TRACE, NULL, ROUNDS));
	conn_close(&pta);

	if (conn_open(&ta, &ta_uuid) < 0)
		return -1;
	report_add(report, "optee_invoke_ta_ns",
		   time_invokes(&ta, TEST_BENCH_CMD_NOP, NULL, ROUNDS));
	report_add(report, "optee_invoke_4k_ns", time_memref(&ta, 4096));
	report_add(report, "optee_invoke_1m_ns", time_memref(&ta, MIB));
	report_add(report, "optee_invoke_reg_1m_ns", time_registered(&ta, MIB));
	report_add(report, "optee_invoke_tmp_1m_ns", time_temporary(&ta, MIB));
	report_add(report, "memcpy_1m_ns", time_memcpy(MIB));
	report_add(report, "optee_open_close_ns", time_open_close(&ta, &ta_uuid));
	conn_close(&ta);

	device_bench(report);
	for (unsigned int i = 0; i < 4; i++)
		report_add(report, keys[i], throughput(1u << i));
	return 0;
}

int gp_first_invoke(void)
{
	struct conn ta;
	uint32_t origin = 0;
	TEEC_Result res;

	if (conn_open(&ta, &ta_uuid) < 0)
		return -1;
	res = TEEC_InvokeCommand(&ta.session, TEST_BENCH_CMD_NOP, NULL, &origin);
	if (res != TEEC_SUCCESS)
		return failed("TEEC_InvokeCommand", res, origin);
	printf("%" PRIu64 "\n", clock_ns());
	fflush(stdout);
	conn_close(&ta);
	return 0;
}
