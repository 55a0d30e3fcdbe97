/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the QTEE's own user API start from: that of the driver's tests,
 * with both nodes, and the root object open. At the end no descriptor is left.
 */
#ifndef TESTS_UNIT_QTEE_RFC_FIXTURE_H
#define TESTS_UNIT_QTEE_RFC_FIXTURE_H

#include "abi/qtee_rfc.h"
#include "platform_files.h"
#include "qtee_fixture.h"

#define RX_MAX_PARAMS 70

/* What a test has beside the qx */
struct rx {
	struct qx *qx;
	int root;
};

int rx_setup(void **state);
static inline struct rx *rx_of(void **state)
{
	return ((struct qx *)*state)->data;
}

/* INVOKE: @params are replaced; the result in @result when not NULL. */
long rx_invoke(int fd, uint32_t op, struct qcom_tee_param *params, uint32_t n, int32_t *result);
/* It must take place, and give OK. */
void rx_invoke_ok(int fd, uint32_t op, struct qcom_tee_param *params, uint32_t n);
/* An ioctl on a buffer, of @len bytes. */
long rx_ioctl(int fd, unsigned int cmd, const void *buf, uint64_t len);

static inline struct qcom_tee_param rp_in(const void *data, uint64_t size)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_BUFFER, .direction = 1,
					.buffer = { (uintptr_t)data, size } };
}

static inline struct qcom_tee_param rp_out(void *data, uint64_t size)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_BUFFER,
					.buffer = { (uintptr_t)data, size } };
}

static inline struct qcom_tee_param rp_obj(int32_t host, uint64_t id)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT, .direction = 1,
					.object = { id, host } };
}

static inline struct qcom_tee_param rp_null(void)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT_NULL, .direction = 1 };
}

static inline struct qcom_tee_param rp_oo(void)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT };
}

/* A request as a server received it, or answers it */
struct rx_req {
	struct qcom_tee_cb_arg arg;
	struct qcom_tee_param params[RX_MAX_PARAMS];
	uint8_t room[8192];
};

long rx_receive(int fd, struct rx_req *req);
/* What stands in @req, with this result */
long rx_reply(int fd, struct rx_req *req, int32_t result);
void rx_expect_notice(int fd, uint64_t id);
/* Nothing is queued. */
void rx_expect_silence(struct qx *qx, int fd);

/* An INVOKE in a thread of its own, of process @process */
struct rx_job {
	int fd;
	int process;
	uint32_t op;
	struct qcom_tee_param params[16];
	uint32_t n;
	long rc;
	int32_t result;
	struct task_struct task;
	pthread_t thread;
};
void rx_job_start(struct rx_job *job, int fd, uint32_t op, const struct qcom_tee_param *params,
		  uint32_t n);
void rx_job_join(struct rx_job *job);

#endif /* TESTS_UNIT_QTEE_RFC_FIXTURE_H */
