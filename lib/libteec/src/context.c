/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts
 *
 * A context is an open TEE device. The kernel ends everything that hangs on it
 * when the last descriptor of it is closed.
 */
#include "teec.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "layout.h"

/* /dev/tee0 to /dev/tee9 are tried, as other client libraries do */
#define TEEC_N_DEVICES 10

static bool device_fits(const struct tee_ioctl_version_data *version, const char *name)
{
	if (!(version->gen_caps & TEE_GEN_CAP_GP))
		return false;
	if (!name)
		return true;
	return strcmp(name, "optee-tz") == 0 && version->impl_id == TEE_IMPL_ID_OPTEE &&
	       (version->impl_caps & TEE_OPTEE_CAP_TZ);
}

TEEC_EXPORT TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context)
{
	if (!context)
		return TEEC_ERROR_BAD_PARAMETERS;

	for (unsigned int i = 0; i < TEEC_N_DEVICES; i++) {
		struct tee_ioctl_version_data version = { 0 };
		char path[sizeof("/dev/tee") + 10];
		int fd;

		(void)snprintf(path, sizeof(path), "/dev/tee%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, TEE_IOC_VERSION, &version) == 0 && device_fits(&version, name)) {
			context->imp.fd = fd;
			context->imp.reg_mem = version.gen_caps & TEE_GEN_CAP_REG_MEM;
			context->imp.memref_null = version.gen_caps & TEE_GEN_CAP_MEMREF_NULL;
			return TEEC_SUCCESS;
		}
		(void)close(fd);
	}
	return TEEC_ERROR_ITEM_NOT_FOUND;
}

TEEC_EXPORT void TEEC_FinalizeContext(TEEC_Context *context)
{
	if (!context || context->imp.fd < 0)
		return;
	(void)close(context->imp.fd);
	/* A second call must not close what the number stands for by then. */
	context->imp.fd = -1;
}
