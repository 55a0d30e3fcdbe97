/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/pta.h"

#include <stddef.h>

static const struct pta *const ptas[] = {
	&pta_device,
	&pta_invoke_tests,
};

const struct pta *pta_get(unsigned int i)
{
	return i < sizeof(ptas) / sizeof(ptas[0]) ? ptas[i] : NULL;
}
