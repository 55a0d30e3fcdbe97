/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/service.h"

#include <stddef.h>

#include "abi/qtee_msg.h"

static const struct {
	uint32_t uid;
	int32_t (*new_service)(struct call *call, struct object *credentials,
			       struct object **ret_service);
} services[] = {
	{ SERVICE_UID_APP_LOADER, app_loader_new },
	{ SERVICE_UID_DIAGNOSTICS, diagnostics_new },
	{ QTEE_UID_FEATURE_VERSIONS, feature_versions_new },
};

int32_t service_open(struct call *call, struct object *credentials, uint32_t uid,
		     struct object **ret_service)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (services[i].uid == uid)
			return services[i].new_service(call, credentials, ret_service);
	}
	return OPENER_ERROR_NOT_FOUND;
}
