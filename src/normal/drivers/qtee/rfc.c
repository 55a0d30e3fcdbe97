/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE's own user API: open files
 *
 * A descriptor is a capability. Whoever holds one of an object may invoke it, pass
 * it as an argument, or give it away, and needs nothing else for that: no device, no
 * context. The file has one reference on the object; its end gives it back.
 *
 * /dev/qtee stands for the root object, of which there is no reference to have: it
 * cannot be passed as an argument.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/rfc.h"

/* Requests to servers are numbered as invocations once were: from here on. */
#define QCOMTEE_RFC_FIRST_REQUEST 10

/* -EINVAL: wrong size; -ENOTTY: none of the two commands; -EFAULT */
static int qcomtee_rfc_get_data(unsigned int cmd, unsigned int first, unsigned int last,
				unsigned long arg, struct qcom_tee_ioctl_data *data)
{
	if (_IOC_SIZE(cmd) != sizeof(*data))
		return -EINVAL;
	if (cmd != first && cmd != last)
		return -ENOTTY;
	return copy_from_user(data, (void __user *)arg, sizeof(*data)) ? -EFAULT : 0;
}

/*
 * The root object
 */

static int qcomtee_rfc_root_open(struct platform_misc *misc, void **ret_priv)
{
	struct qcomtee *qcomtee = container_of(misc, struct qcomtee, rfc_root);

	if (!qcomtee_user_get(qcomtee))
		return -ENODEV;
	*ret_priv = qcomtee;
	return 0;
}

static long qcomtee_rfc_root_ioctl(void *priv, unsigned int cmd, unsigned long arg)
{
	struct qcom_tee_ioctl_data data;
	struct qcomtee *qcomtee = priv;
	int rc;

	rc = qcomtee_rfc_get_data(cmd, QCOM_TEE_IOCTL_INVOKE, QCOM_TEE_IOCTL_INVOKE, arg, &data);
	return rc ?: qcomtee_rfc_invoke(qcomtee, qcomtee_object_root(qcomtee), &data);
}

static void qcomtee_rfc_root_release(void *priv)
{
	qcomtee_user_put(priv);
}

static const struct platform_file_ops qcomtee_rfc_root_fops = {
	.name = "qtee-root",
	.ioctl = qcomtee_rfc_root_ioctl,
	.release = qcomtee_rfc_root_release,
};

/*
 * Objects
 */

static long qcomtee_rfc_object_ioctl(void *priv, unsigned int cmd, unsigned long arg)
{
	struct qcomtee_object *object = priv;
	struct qcom_tee_ioctl_data data;
	int rc;

	rc = qcomtee_rfc_get_data(cmd, QCOM_TEE_IOCTL_INVOKE, QCOM_TEE_IOCTL_INVOKE, arg, &data);
	return rc ?: qcomtee_rfc_invoke(object->qcomtee, object, &data);
}

static void qcomtee_rfc_object_release(void *priv)
{
	struct qcomtee_object *object = priv;
	struct qcomtee *qcomtee = object->qcomtee;

	qcomtee_object_put(object);
	qcomtee_user_put(qcomtee);
}

const struct platform_file_ops qcomtee_rfc_object_fops = {
	.name = "qtee-object",
	.ioctl = qcomtee_rfc_object_ioctl,
	.release = qcomtee_rfc_object_release,
};

int qcomtee_rfc_add_object(struct platform_fds *fds, struct qcomtee_object *object,
			   u64 __user *number)
{
	int rc;

	if (!qcomtee_user_get(object->qcomtee))
		return -ENODEV;
	rc = platform_fds_add_file(fds, &qcomtee_rfc_object_fops, object, number);
	if (rc)
		qcomtee_user_put(object->qcomtee);
	return rc;
}

/*
 * Servers
 */

static int qcomtee_rfc_server_open(struct platform_misc *misc, void **ret_priv)
{
	struct qcomtee_context_data *server;

	server = qcomtee_context_new(container_of(misc, struct qcomtee, rfc_server));
	if (IS_ERR(server))
		return PTR_ERR(server);
	server->first_req = QCOMTEE_RFC_FIRST_REQUEST;
	*ret_priv = server;
	return 0;
}

static long qcomtee_rfc_server_ioctl(void *priv, unsigned int cmd, unsigned long arg)
{
	struct qcom_tee_ioctl_data data;
	int rc;

	rc = qcomtee_rfc_get_data(cmd, QCOM_TEE_IOCTL_RECEIVE, QCOM_TEE_IOCTL_REPLY, arg, &data);
	if (rc)
		return rc;
	if (cmd == QCOM_TEE_IOCTL_RECEIVE)
		return qcomtee_rfc_receive(priv, &data);
	return qcomtee_rfc_reply(priv, &data);
}

static void qcomtee_rfc_server_hang_up(void *priv)
{
	qcomtee_context_shut(priv);
}

static void qcomtee_rfc_server_release(void *priv)
{
	/* Nothing was queued since it was shut, if it was. */
	qcomtee_context_shut(priv);
	qcomtee_context_end(priv);
}

const struct platform_file_ops qcomtee_rfc_server_fops = {
	.name = "qtee-server",
	.ioctl = qcomtee_rfc_server_ioctl,
	.hang_up = qcomtee_rfc_server_hang_up,
	.release = qcomtee_rfc_server_release,
};

int qcomtee_rfc_get_server(struct qcomtee *qcomtee, int fd,
			   struct qcomtee_context_data **ret_server)
{
	struct qcomtee_context_data *server;
	struct platform_file *file;
	int rc;

	rc = platform_file_get(fd, &qcomtee_rfc_server_fops, &file);
	if (rc)
		return rc;
	server = platform_file_priv(file);
	if (server->qcomtee == qcomtee)
		qcomtee_context_get(server);
	else
		rc = -EINVAL;
	platform_file_put(file);
	*ret_server = server;
	return rc;
}

bool qcomtee_rfc_is_server(int fd, const struct qcomtee_context_data *server)
{
	struct platform_file *file;
	bool is;

	if (fd < 0 || platform_file_get(fd, &qcomtee_rfc_server_fops, &file))
		return false;
	is = platform_file_priv(file) == server;
	platform_file_put(file);
	return is;
}

/*
 * Nodes
 */

int qcomtee_rfc_register(struct qcomtee *qcomtee)
{
	int rc;

	qcomtee->rfc_root = (struct platform_misc){
		.name = QTEE_RFC_ROOT_NAME,
		.fops = &qcomtee_rfc_root_fops,
		.open = qcomtee_rfc_root_open,
	};
	qcomtee->rfc_server = (struct platform_misc){
		.name = QTEE_RFC_SERVER_NAME,
		.fops = &qcomtee_rfc_server_fops,
		.open = qcomtee_rfc_server_open,
	};
	rc = platform_misc_publish(&qcomtee->rfc_root);
	if (rc)
		return rc;
	rc = platform_misc_publish(&qcomtee->rfc_server);
	if (rc)
		platform_misc_withdraw(&qcomtee->rfc_root);
	qcomtee->rfc = !rc;
	return rc;
}

void qcomtee_rfc_unregister(struct qcomtee *qcomtee)
{
	if (!qcomtee->rfc)
		return;
	platform_misc_withdraw(&qcomtee->rfc_server);
	platform_misc_withdraw(&qcomtee->rfc_root);
	qcomtee->rfc = false;
}
