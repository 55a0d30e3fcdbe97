/* SPDX-License-Identifier: BSD-2-Clause */
#include "qtee_rfc_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform_test.h"

/* Numbers of the other table that are open */
static struct tee_shm *find_shm(int fd)
{
	return fd >= 0 && fd < 256 ? platform_test_fd_shm(fd) : NULL;
}

static void rx_fini(struct qx *qx)
{
	struct rx *rx = qx->data;
	size_t left;

	platform_files_set_process(0);
	assert_int_equal(platform_files_close(rx->root), 0);
	left = platform_files_close_all();
	qx_remove(qx);
	assert_int_equal(left, 0);
	assert_int_equal(platform_files_count(), 0);
	free(rx);
}

int rx_setup(void **state)
{
	struct rx *rx = calloc(1, sizeof(*rx));
	struct qx *qx;

	if (!rx || qx_setup_world(state))
		return -1;
	qx = *state;
	qx->data = rx;
	rx->qx = qx;
	platform_files_reset();
	platform_files.find_shm = find_shm;
	qx->pdata.rfc = true;
	if (qx_probe(qx))
		return -1;
	qx->fini = rx_fini;
	rx->root = platform_files_open("qtee");
	return rx->root < 0 ? -1 : 0;
}

long rx_ioctl(int fd, unsigned int cmd, const void *buf, uint64_t len)
{
	struct qcom_tee_ioctl_data data = { .buf_ptr = (uintptr_t)buf, .buf_len = len };

	return platform_files_ioctl(fd, cmd, (unsigned long)&data);
}

long rx_invoke(int fd, uint32_t op, struct qcom_tee_param *params, uint32_t n, int32_t *result)
{
	struct {
		struct qcom_tee_object_invoke_arg arg;
		struct qcom_tee_param params[RX_MAX_PARAMS];
	} buf = { .arg = { .op = op, .result = 0x55555555, .num_params = n } };
	long rc;

	if (n)
		memcpy(buf.params, params, n * sizeof(*params));
	rc = rx_ioctl(fd, QCOM_TEE_IOCTL_INVOKE, &buf, sizeof(buf.arg) + n * sizeof(*params));
	if (!rc && n)
		memcpy(params, buf.params, n * sizeof(*params));
	if (result)
		*result = buf.arg.result;
	return rc;
}

void rx_invoke_ok(int fd, uint32_t op, struct qcom_tee_param *params, uint32_t n)
{
	int32_t result;

	assert_int_equal(rx_invoke(fd, op, params, n, &result), 0);
	assert_int_equal(result, 0);
}

long rx_receive(int fd, struct rx_req *req)
{
	memset(req, 0x55, sizeof(*req));
	return rx_ioctl(fd, QCOM_TEE_IOCTL_RECEIVE, req, sizeof(*req));
}

long rx_reply(int fd, struct rx_req *req, int32_t result)
{
	req->arg.result = result;
	return rx_ioctl(fd, QCOM_TEE_IOCTL_REPLY, req, sizeof(*req));
}

void rx_expect_notice(int fd, uint64_t id)
{
	struct rx_req req;

	assert_int_equal(rx_receive(fd, &req), 0);
	assert_int_equal(req.arg.op, QCOM_TEE_OBJECT_OP_RELEASE);
	assert_int_equal(req.arg.request_id, QCOM_TEE_REQUEST_NONE);
	assert_int_equal(req.arg.num_params, 0);
	assert_int_equal(req.arg.id, id);
}

void rx_expect_silence(struct qx *qx, int fd)
{
	struct rx_req req;

	qx->task.interrupted = qx_always;
	assert_int_equal(rx_receive(fd, &req), -ERESTARTSYS);
	qx->task.interrupted = NULL;
}

static void *job_main(void *data)
{
	struct rx_job *job = data;

	platform_files_set_process(job->process);
	task_enter(&job->task);
	job->rc = rx_invoke(job->fd, job->op, job->params, job->n, &job->result);
	task_leave(&job->task);
	return NULL;
}

void rx_job_start(struct rx_job *job, int fd, uint32_t op, const struct qcom_tee_param *params,
		  uint32_t n)
{
	memset(job, 0, sizeof(*job));
	job->fd = fd;
	job->op = op;
	job->n = n;
	if (n)
		memcpy(job->params, params, n * sizeof(*params));
	task_init(&job->task);
	job->task.uaccess = &uaccess_inprocess_ops;
	assert_int_equal(pthread_create(&job->thread, NULL, job_main, job), 0);
}

void rx_job_join(struct rx_job *job)
{
	pthread_join(job->thread, NULL);
}
