/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA without any entry point */
#include <tee_internal_api.h>
