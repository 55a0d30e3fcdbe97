/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the QTEE's own user API share
 *
 * rfc.c: open files and their ioctls. rfc_param.c: between parameters and
 * arguments. rfc_invoke.c: INVOKE. rfc_server.c: RECEIVE and REPLY.
 */
#ifndef NORMAL_DRIVERS_QCOMTEE_RFC_H
#define NORMAL_DRIVERS_QCOMTEE_RFC_H

#include "abi/qtee_rfc.h"
#include "normal/drivers/qtee/qcomtee_private.h"

/* rfc.c */

/* priv: an object of the QTEE, counted, and a user of the device */
extern const struct platform_file_ops qcomtee_rfc_object_fops;
/* priv: struct qcomtee_context_data */
extern const struct platform_file_ops qcomtee_rfc_server_fops;

/* A server, counted, behind a descriptor of the current task. -EBADF, -EINVAL. */
int qcomtee_rfc_get_server(struct qcomtee *qcomtee, int fd,
			   struct qcomtee_context_data **ret_server);
/* Does the descriptor of the current task stand for this server? */
bool qcomtee_rfc_is_server(int fd, const struct qcomtee_context_data *server);
/* A descriptor for @object, whose reference it takes when 0 is returned. */
int qcomtee_rfc_add_object(struct platform_fds *fds, struct qcomtee_object *object,
			   u64 __user *number);

/* rfc_param.c */

/**
 * struct qcomtee_rfc_call - the parameters of an ioctl, twice
 * @num_params: of both
 * @uparams: where @params came from, or go to
 */
struct qcomtee_rfc_call {
	struct qcomtee *qcomtee;
	u32 num_params;
	struct qcom_tee_param __user *uparams;
	struct qcom_tee_param params[QTEE_MSG_ARGS_MAX];
	struct qcomtee_arg args[QTEE_MSG_ARGS_MAX + 1];
};

/*
 * Copy @num_params of them from behind a header of @header bytes, in a buffer as
 * the ioctl names it. ERR_PTR: -EINVAL too many, or not in the buffer; -EFAULT,
 * -ENOMEM. kfree() it.
 */
struct qcomtee_rfc_call *qcomtee_rfc_copy_params(struct qcomtee *qcomtee,
						 const struct qcom_tee_ioctl_data *data,
						 size_t header, u32 num_params);
/* The kind of a parameter, or -EINVAL */
int qcomtee_rfc_param_type(const struct qcom_tee_param *param);
/* The object that the current task means, with a reference. -EBADF, -EINVAL,
 * -EACCES, -ENOMEM. */
int qcomtee_rfc_param_to_object(struct qcomtee *qcomtee, const struct qcom_tee_param *param,
				struct qcomtee_object **ret_object);
/*
 * @object as the current task gets it; a descriptor is not yet made. @server: a host
 * whose objects it may know, NULL when it must have a descriptor of the host, under
 * the number by which the object was exported, or one of those that @call names.
 * -EINVAL: it may not know the object.
 */
int qcomtee_rfc_object_to_param(const struct qcomtee_rfc_call *call,
				const struct qcomtee_context_data *server,
				struct qcomtee_object *object, struct qcom_tee_param *param);
/*
 * Write the parameters back, with new descriptors for the objects in arguments of
 * type @type. Takes over the references of those that need them, and leaves NULL.
 */
int qcomtee_rfc_write_params(struct qcomtee_rfc_call *call, enum qcomtee_arg_type type,
			     struct platform_fds *fds);
/* Put the objects in arguments of this type, and leave NULL. */
void qcomtee_rfc_put_objects(struct qcomtee_rfc_call *call, enum qcomtee_arg_type type);

/* rfc_invoke.c */

/* @object: root or of the QTEE; borrowed */
long qcomtee_rfc_invoke(struct qcomtee *qcomtee, struct qcomtee_object *object,
			const struct qcom_tee_ioctl_data *data);

/* rfc_server.c */

long qcomtee_rfc_receive(struct qcomtee_context_data *server,
			 const struct qcom_tee_ioctl_data *data);
long qcomtee_rfc_reply(struct qcomtee_context_data *server,
		       const struct qcom_tee_ioctl_data *data);

#endif /* NORMAL_DRIVERS_QCOMTEE_RFC_H */
