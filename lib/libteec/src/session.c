/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions and the calls in them
 *
 * The argument of a call lives on the stack and goes to the kernel in one ioctl;
 * only temporary memory references need more system calls. Four parameters are
 * always sent, unused ones as NONE: that is what drivers expect from a client
 * library.
 */
#include "teec.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define ARG_SIZE(type) \
	(sizeof(type) + TEEC_CONFIG_PAYLOAD_REF_COUNT * sizeof(struct tee_ioctl_param))

static TEEC_Result result_from_errno(int err)
{
	switch (err) {
	case ENOMEM:
		return TEEC_ERROR_OUT_OF_MEMORY;
	case EINVAL:
		return TEEC_ERROR_BAD_PARAMETERS;
	default:
		return TEEC_ERROR_GENERIC;
	}
}

static TEEC_Result answer(TEEC_Result res, uint32_t origin, uint32_t *ret_origin)
{
	if (ret_origin)
		*ret_origin = origin;
	return res;
}

/* RFC 4122: most significant byte first */
static void uuid_to_octets(uint8_t octets[TEE_IOCTL_UUID_LEN], const TEEC_UUID *uuid)
{
	octets[0] = (uint8_t)(uuid->timeLow >> 24);
	octets[1] = (uint8_t)(uuid->timeLow >> 16);
	octets[2] = (uint8_t)(uuid->timeLow >> 8);
	octets[3] = (uint8_t)uuid->timeLow;
	octets[4] = (uint8_t)(uuid->timeMid >> 8);
	octets[5] = (uint8_t)uuid->timeMid;
	octets[6] = (uint8_t)(uuid->timeHiAndVersion >> 8);
	octets[7] = (uint8_t)uuid->timeHiAndVersion;
	memcpy(octets + 8, uuid->clockSeqAndNode, sizeof(uuid->clockSeqAndNode));
}

static bool login_has_data(uint32_t method)
{
	return method == TEEC_LOGIN_GROUP || method == TEEC_LOGIN_GROUP_APPLICATION;
}

TEEC_EXPORT TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
					 const TEEC_UUID *destination,
					 uint32_t connectionMethod, const void *connectionData,
					 TEEC_Operation *operation, uint32_t *returnOrigin)
{
	union {
		struct tee_ioctl_open_session_arg arg;
		uint8_t bytes[ARG_SIZE(struct tee_ioctl_open_session_arg)];
	} buf;
	struct tee_ioctl_buf_data data = {
		.buf_ptr = (uintptr_t)&buf,
		.buf_len = sizeof(buf),
	};
	struct teec_temps temps;
	TEEC_Result res;

	if (!context || !session || !destination ||
	    (login_has_data(connectionMethod) && !connectionData))
		return answer(TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, returnOrigin);

	memset(&buf, 0, sizeof(buf));
	uuid_to_octets(buf.arg.uuid, destination);
	buf.arg.clnt_login = connectionMethod;
	if (login_has_data(connectionMethod))
		memcpy(buf.arg.clnt_uuid, connectionData, sizeof(uint32_t));
	buf.arg.num_params = TEEC_CONFIG_PAYLOAD_REF_COUNT;

	teec_operation_begin(operation, NULL);
	res = teec_params_in(context, operation, buf.arg.params, &temps);
	if (res != TEEC_SUCCESS)
		return answer(res, TEEC_ORIGIN_API, returnOrigin);

	if (ioctl(context->imp.fd, TEE_IOC_OPEN_SESSION, &data) != 0) {
		res = result_from_errno(errno);
		teec_params_release(&temps);
		return answer(res, TEEC_ORIGIN_COMMS, returnOrigin);
	}

	if (buf.arg.ret == TEEC_SUCCESS) {
		session->imp.ctx = context;
		session->imp.session_id = buf.arg.session;
	}
	teec_params_out(operation, buf.arg.params, &temps);
	return answer(buf.arg.ret, buf.arg.ret_origin, returnOrigin);
}

TEEC_EXPORT void TEEC_CloseSession(TEEC_Session *session)
{
	struct tee_ioctl_close_session_arg arg;

	if (!session || !session->imp.ctx)
		return;
	arg.session = session->imp.session_id;
	(void)ioctl(session->imp.ctx->imp.fd, TEE_IOC_CLOSE_SESSION, &arg);
}

TEEC_EXPORT TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID,
					   TEEC_Operation *operation, uint32_t *returnOrigin)
{
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t bytes[ARG_SIZE(struct tee_ioctl_invoke_arg)];
	} buf;
	struct tee_ioctl_buf_data data = {
		.buf_ptr = (uintptr_t)&buf,
		.buf_len = sizeof(buf),
	};
	struct teec_temps temps;
	TEEC_Result res;
	int rc;

	if (!session || !session->imp.ctx)
		return answer(TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API, returnOrigin);

	memset(&buf, 0, sizeof(buf));
	buf.arg.func = commandID;
	buf.arg.session = session->imp.session_id;
	buf.arg.num_params = TEEC_CONFIG_PAYLOAD_REF_COUNT;

	res = teec_params_in(session->imp.ctx, operation, buf.arg.params, &temps);
	if (res != TEEC_SUCCESS)
		return answer(res, TEEC_ORIGIN_API, returnOrigin);

	teec_operation_begin(operation, session);
	rc = ioctl(session->imp.ctx->imp.fd, TEE_IOC_INVOKE, &data);
	if (rc != 0)
		res = result_from_errno(errno);
	teec_operation_end(operation);
	if (rc != 0) {
		teec_params_release(&temps);
		return answer(res, TEEC_ORIGIN_COMMS, returnOrigin);
	}

	teec_params_out(operation, buf.arg.params, &temps);
	return answer(buf.arg.ret, buf.arg.ret_origin, returnOrigin);
}
