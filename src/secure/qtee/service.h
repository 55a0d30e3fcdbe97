/* SPDX-License-Identifier: BSD-2-Clause */
/* Services: what an environment opens by number (6.4) */
#ifndef SECURE_QTEE_SERVICE_H
#define SECURE_QTEE_SERVICE_H

#include <stdint.h>

struct call;
struct object;

#define SERVICE_UID_APP_LOADER 3u
#define SERVICE_UID_DIAGNOSTICS 143u
#define SERVICE_UID_GP_APP_CLIENT 0x199u

#define OPENER_ERROR_NOT_FOUND 10
#define OPENER_ERROR_PRIVILEGE 11
#define OPENER_ERROR_NOT_SUPPORTED 12

/*
 * Service @uid for a client with @credentials (borrowed; NULL: the kernel), a new
 * reference. NOT_FOUND, KMEM.
 */
int32_t service_open(struct call *call, struct object *credentials, uint32_t uid,
		     struct object **ret_service);

/* --- the services --- */

int32_t app_loader_new(struct call *call, struct object *credentials,
		       struct object **ret_service);
int32_t diagnostics_new(struct call *call, struct object *credentials,
			struct object **ret_service);
int32_t feature_versions_new(struct call *call, struct object *credentials,
			     struct object **ret_service);

#endif /* SECURE_QTEE_SERVICE_H */
