/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE Internal Core API, seen from the inside
 *
 * The functions that TAs call are declared in the development kit's headers.
 * Included through here they get default visibility, which together with api.list
 * is what puts them into the program's dynamic symbol table; nothing else of the
 * TA host is visible to a TA. An API file includes this instead of the kit's
 * headers.
 */
#ifndef TAHOST_API_H
#define TAHOST_API_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>
#include <user_ta_header.h>
#pragma GCC visibility pop

#include "secure/tahost/access.h"
#include "secure/tahost/host.h"

/*
 * The annotations of the specification ([in], [out], [outbuf], 3.4): a pointer that
 * breaks one is an error of the TA, which panics. @what names function and
 * parameter for the log.
 */
static inline void api_check(const char *what, uint32_t flags, const void *buf, size_t len)
{
	if (!access_ok(flags, buf, len))
		host_panic(TEE_ERROR_ACCESS_DENIED, "%s: bad memory %p, %zu bytes", what, buf, len);
}

static inline void api_check_in(const char *what, const void *buf, size_t len)
{
	api_check(what, TEE_MEMORY_ACCESS_READ, buf, len);
}

static inline void api_check_out(const char *what, const void *buf, size_t len)
{
	api_check(what, TEE_MEMORY_ACCESS_WRITE, buf, len);
}

static inline void api_check_outbuf(const char *what, const void *buf, size_t len)
{
	api_check(what, TEE_MEMORY_ACCESS_WRITE | TEE_MEMORY_ACCESS_ANY_OWNER, buf, len);
}

#endif /* TAHOST_API_H */
