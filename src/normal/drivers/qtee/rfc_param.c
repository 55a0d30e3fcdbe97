/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the parameters of the QTEE's own user API and arguments
 *
 * A parameter names an object by what the calling task has: a descriptor of it, of
 * its memory, or of its host. Nothing else counts, so that a number that is no
 * descriptor of the right kind in that task is nobody's object.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/rfc.h"

/* In the place of a descriptor that is not there yet */
#define QCOMTEE_RFC_NO_FD U64_MAX

int qcomtee_rfc_param_type(const struct qcom_tee_param *param)
{
	bool input = param->direction != QCOM_TEE_OUTPUT;

	switch (param->attr) {
	case QCOM_TEE_BUFFER:
		return input ? QCOMTEE_ARG_TYPE_IB : QCOMTEE_ARG_TYPE_OB;
	case QCOM_TEE_OBJECT_NULL:
	case QCOM_TEE_OBJECT:
		return input ? QCOMTEE_ARG_TYPE_IO : QCOMTEE_ARG_TYPE_OO;
	default:
		return -EINVAL;
	}
}

struct qcomtee_rfc_call *qcomtee_rfc_copy_params(struct qcomtee *qcomtee,
						 const struct qcom_tee_ioctl_data *data,
						 size_t header, u32 num_params)
{
	size_t size = num_params * sizeof(struct qcom_tee_param);
	struct qcomtee_rfc_call *call;

	if (num_params > QTEE_MSG_ARGS_MAX || data->buf_len - header < size)
		return ERR_PTR(-EINVAL);
	call = kzalloc(sizeof(*call), GFP_KERNEL);
	if (!call)
		return ERR_PTR(-ENOMEM);
	call->qcomtee = qcomtee;
	call->num_params = num_params;
	call->uparams = u64_to_user_ptr(data->buf_ptr + header);
	if (copy_from_user(call->params, call->uparams, size)) {
		kfree(call);
		return ERR_PTR(-EFAULT);
	}
	return call;
}

static int qcomtee_rfc_tee_object(struct qcomtee *qcomtee, u64 id,
				  struct qcomtee_object **ret_object)
{
	struct qcomtee_object *object;
	struct platform_file *file;
	int rc;

	if (id > INT_MAX)
		return -EBADF;
	rc = platform_file_get(id, &qcomtee_rfc_object_fops, &file);
	if (rc)
		return rc;
	object = platform_file_priv(file);
	if (object->qcomtee == qcomtee) {
		qcomtee_object_get(object);
		*ret_object = object;
	} else {
		rc = -EINVAL;
	}
	platform_file_put(file);
	return rc;
}

static int qcomtee_rfc_mem_object(struct qcomtee *qcomtee, u64 id,
				  struct qcomtee_object **ret_object)
{
	struct platform_shm_file *file;
	int rc;

	if (id > INT_MAX)
		return -EBADF;
	rc = platform_shm_file_get(id, &file);
	if (rc)
		return rc;
	/* Another device may have to wait for the end of its memory. */
	if (tee_shm_get_device(platform_shm_file_shm(file)) != qcomtee->teedev)
		rc = -EINVAL;
	else
		rc = qcomtee_mem_object_new_file(qcomtee, file, ret_object);
	if (rc)
		platform_shm_file_put(file);
	return rc;
}

static int qcomtee_rfc_user_object(struct qcomtee *qcomtee, int fd, u64 id,
				   struct qcomtee_object **ret_object)
{
	struct qcomtee_context_data *server;
	int rc;

	rc = qcomtee_rfc_get_server(qcomtee, fd, &server);
	if (rc)
		return rc;
	rc = qcomtee_user_object_new(server, id, ret_object);
	if (!rc)
		qcomtee_user_object_set_host_fd(*ret_object, fd);
	qcomtee_context_put(server);
	return rc;
}

int qcomtee_rfc_param_to_object(struct qcomtee *qcomtee, const struct qcom_tee_param *param,
				struct qcomtee_object **ret_object)
{
	*ret_object = NULL_QCOMTEE_OBJECT;
	if (param->attr == QCOM_TEE_OBJECT_NULL)
		return 0;
	if (param->attr != QCOM_TEE_OBJECT)
		return -EINVAL;
	if (param->object.host_id >= 0)
		return qcomtee_rfc_user_object(qcomtee, param->object.host_id, param->object.id,
					       ret_object);
	switch (param->object.host_id) {
	case QCOM_TEE_OBJECT_SECURE:
		return qcomtee_rfc_tee_object(qcomtee, param->object.id, ret_object);
	case QCOM_TEE_MEMORY_OBJECT:
		return qcomtee_rfc_mem_object(qcomtee, param->object.id, ret_object);
	default:
		return -EINVAL;
	}
}

/* By which number the current task knows @server; -EINVAL when it does not. */
static int qcomtee_rfc_server_fd(const struct qcomtee_rfc_call *call, int fd,
				 const struct qcomtee_context_data *server)
{
	u32 i;

	if (qcomtee_rfc_is_server(fd, server))
		return fd;
	for (i = 0; i < call->num_params; i++) {
		const struct qcom_tee_param *param = &call->params[i];

		if (param->attr == QCOM_TEE_OBJECT && param->direction != QCOM_TEE_OUTPUT &&
		    qcomtee_rfc_is_server(param->object.host_id, server))
			return param->object.host_id;
	}
	return -EINVAL;
}

static int qcomtee_rfc_cb_object_to_param(const struct qcomtee_rfc_call *call,
					  const struct qcomtee_context_data *server,
					  struct qcomtee_object *object,
					  struct qcom_tee_param *param)
{
	struct qcomtee_context_data *host;
	u64 id;
	int fd;

	if (qcomtee_mem_object_file(object)) {
		param->object.id = QCOMTEE_RFC_NO_FD;
		param->object.host_id = QCOM_TEE_MEMORY_OBJECT;
		return 0;
	}
	host = qcomtee_user_object_host(object, &id);
	if (!host)
		return -EINVAL;
	fd = qcomtee_user_object_host_fd(object);
	if (!server)
		fd = qcomtee_rfc_server_fd(call, fd, host);
	else if (host != server)
		return -EINVAL;
	if (fd < 0)
		return -EINVAL;
	param->object.id = id;
	param->object.host_id = fd;
	return 0;
}

int qcomtee_rfc_object_to_param(const struct qcomtee_rfc_call *call,
				const struct qcomtee_context_data *server,
				struct qcomtee_object *object, struct qcom_tee_param *param)
{
	u32 direction = param->direction;

	memset(param, 0, sizeof(*param));
	param->attr = QCOM_TEE_OBJECT;
	param->direction = direction;
	switch (qcomtee_object_type(object)) {
	case QCOMTEE_OBJECT_TYPE_NULL:
		param->attr = QCOM_TEE_OBJECT_NULL;
		return 0;
	case QCOMTEE_OBJECT_TYPE_TEE:
		param->object.id = QCOMTEE_RFC_NO_FD;
		param->object.host_id = QCOM_TEE_OBJECT_SECURE;
		return 0;
	case QCOMTEE_OBJECT_TYPE_CB:
		return qcomtee_rfc_cb_object_to_param(call, server, object, param);
	default:
		return -EINVAL;
	}
}

/* A descriptor for the object, if it needs one */
static int qcomtee_rfc_add_fd(struct platform_fds *fds, struct qcomtee_object **object,
			      u64 __user *number)
{
	struct platform_shm_file *file;
	int rc;

	if (qcomtee_object_type(*object) == QCOMTEE_OBJECT_TYPE_TEE) {
		rc = qcomtee_rfc_add_object(fds, *object, number);
		if (!rc)
			*object = NULL_QCOMTEE_OBJECT;
		return rc;
	}
	file = qcomtee_mem_object_file(*object);
	return file ? platform_fds_add_shm(fds, file, number) : 0;
}

int qcomtee_rfc_write_params(struct qcomtee_rfc_call *call, enum qcomtee_arg_type type,
			     struct platform_fds *fds)
{
	unsigned int i;
	int rc;

	/* The numbers come last: they are to stay. */
	if (copy_to_user(call->uparams, call->params,
			 call->num_params * sizeof(*call->params)))
		return -EFAULT;
	qcomtee_arg_for_each_type(i, call->args, type) {
		rc = qcomtee_rfc_add_fd(fds, &call->args[i].o, &call->uparams[i].object.id);
		if (rc)
			return rc;
	}
	return 0;
}

void qcomtee_rfc_put_objects(struct qcomtee_rfc_call *call, enum qcomtee_arg_type type)
{
	unsigned int i;

	qcomtee_arg_for_each_type(i, call->args, type) {
		qcomtee_object_put(call->args[i].o);
		call->args[i].o = NULL_QCOMTEE_OBJECT;
	}
}
