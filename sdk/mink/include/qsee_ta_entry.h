/* SPDX-License-Identifier: BSD-2-Clause */
/* What every TA defines */
#ifndef MINK_QSEE_TA_ENTRY_H
#define MINK_QSEE_TA_ENTRY_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Once, before anything else: the TA was loaded. */
void tz_app_init(void);

/* Once, as the last thing: it is being unloaded. No object of it is invoked any more. */
void tz_app_shutdown(void);

/*
 * A client wants the TA's object. @credentials (lent) says who the client is: methods
 * getLength (0: OB u64) and readAtOffset (1: IB u64 offset, OB data) give a CBOR map.
 * It may be the NULL object. *@ret_object is a new reference.
 */
int32_t app_getAppObject(Object credentials, Object *ret_object);

#ifdef __cplusplus
}
#endif

#endif /* MINK_QSEE_TA_ENTRY_H */
