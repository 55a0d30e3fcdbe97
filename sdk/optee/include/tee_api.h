/* SPDX-License-Identifier: BSD-2-Clause */
/* An older name of <tee_internal_api.h> */
#ifndef TEE_API_H
#define TEE_API_H

#include <tee_internal_api.h>

#endif /* TEE_API_H */
