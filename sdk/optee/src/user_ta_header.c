/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the kit that is compiled into every TA
 *
 * Turns the macros of the TA's user_ta_header_defines.h into the symbols that the
 * TA host reads (user_ta_header.h), and gives a TA that is written for the API of
 * v1.1 entry points of the present form.
 */
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>
#include <trace.h>
#include <user_ta_header.h>
#include <user_ta_header_defines.h>

#ifndef TA_UUID
#error "user_ta_header_defines.h does not define TA_UUID"
#endif
#ifndef TA_FLAGS
#error "user_ta_header_defines.h does not define TA_FLAGS (0 for a plain TA)"
#endif
#ifndef TA_STACK_SIZE
#error "user_ta_header_defines.h does not define TA_STACK_SIZE (bytes)"
#endif
#ifndef TA_DATA_SIZE
#error "user_ta_header_defines.h does not define TA_DATA_SIZE (bytes, for TEE_Malloc())"
#endif
#ifndef TA_NO_SHARE_DATA_SIZE
#define TA_NO_SHARE_DATA_SIZE 0
#endif
#ifndef TA_VERSION
#define TA_VERSION "Undefined version"
#endif
#ifndef TA_DESCRIPTION
#define TA_DESCRIPTION "Undefined description"
#endif

_Static_assert((TA_DATA_SIZE) >= TA_DATA_SIZE_MIN,
	       "TA_DATA_SIZE in user_ta_header_defines.h is below 1024");
_Static_assert((TA_NO_SHARE_DATA_SIZE) == 0 || (TA_NO_SHARE_DATA_SIZE) >= TA_DATA_SIZE_MIN,
	       "TA_NO_SHARE_DATA_SIZE in user_ta_header_defines.h is below 1024");
_Static_assert(((TA_FLAGS) & ~TA_FLAGS_MASK) == 0,
	       "TA_FLAGS in user_ta_header_defines.h has bits that no TA_FLAG_* stands for");

/* Stack that the framework uses on top of what the TA asks for, as in OP-TEE */
#define TA_FRAMEWORK_STACK_SIZE 2048

const struct ta_head ta_head = {
	.uuid = TA_UUID,
	.stack_size = (TA_STACK_SIZE) + TA_FRAMEWORK_STACK_SIZE,
	.flags = TA_FLAGS,
	.depr_entry = UINT64_MAX,
};

const size_t ta_heap_size = TA_DATA_SIZE;
const size_t __ta_no_share_heap_size = TA_NO_SHARE_DATA_SIZE;

int trace_level = TRACE_LEVEL;
const char trace_ext_prefix[] = "TA";

int tahead_get_trace_level(void)
{
	return TRACE_LEVEL;
}

#define TA_FLAG_PROPERTY(flag) &(const bool){ ((TA_FLAGS) & (flag)) != 0 }

const struct user_ta_property ta_props[] = {
	{ TA_PROP_STR_SINGLE_INSTANCE, USER_TA_PROP_TYPE_BOOL,
	  TA_FLAG_PROPERTY(TA_FLAG_SINGLE_INSTANCE) },
	{ TA_PROP_STR_MULTI_SESSION, USER_TA_PROP_TYPE_BOOL,
	  TA_FLAG_PROPERTY(TA_FLAG_MULTI_SESSION) },
	{ TA_PROP_STR_KEEP_ALIVE, USER_TA_PROP_TYPE_BOOL,
	  TA_FLAG_PROPERTY(TA_FLAG_INSTANCE_KEEP_ALIVE) },
	{ TA_PROP_STR_KEEP_CRASHED, USER_TA_PROP_TYPE_BOOL,
	  TA_FLAG_PROPERTY(TA_FLAG_INSTANCE_KEEP_CRASHED) },
	{ TA_PROP_STR_DATA_SIZE, USER_TA_PROP_TYPE_U32, &(const uint32_t){ TA_DATA_SIZE } },
	{ TA_PROP_STR_STACK_SIZE, USER_TA_PROP_TYPE_U32, &(const uint32_t){ TA_STACK_SIZE } },
	{ TA_PROP_STR_VERSION, USER_TA_PROP_TYPE_STRING, TA_VERSION },
	{ TA_PROP_STR_DESCRIPTION, USER_TA_PROP_TYPE_STRING, TA_DESCRIPTION },
	{ TA_PROP_STR_ENDIAN, USER_TA_PROP_TYPE_U32, &(const uint32_t){ 0 } },
	{ TA_PROP_STR_DOES_NOT_CLOSE_HANDLE_ON_CORRUPT_OBJECT, USER_TA_PROP_TYPE_BOOL,
	  TA_FLAG_PROPERTY(TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT) },
#ifdef TA_CURRENT_TA_EXT_PROPERTIES
	TA_CURRENT_TA_EXT_PROPERTIES
#endif
};

const size_t ta_num_props = sizeof(ta_props) / sizeof(ta_props[0]);

#if __OPTEE_CORE_API_COMPAT_1_1
/*
 * The TA's own entry points got their v1.1 names from <tee_api_compat.h>; these
 * are the ones that the host calls.
 */
#undef TA_OpenSessionEntryPoint
#undef TA_InvokeCommandEntryPoint
#undef TEE_Param

static bool is_memref(uint32_t types, size_t i)
{
	uint32_t type = TEE_PARAM_TYPE_GET(types, i);

	return type >= TEE_PARAM_TYPE_MEMREF_INPUT && type <= TEE_PARAM_TYPE_MEMREF_INOUT;
}

/* False when a size does not fit into the 32 bits of v1.1 */
static bool to_gp11(uint32_t types, const TEE_Param from[TEE_NUM_PARAMS],
		    __GP11_TEE_Param to[TEE_NUM_PARAMS])
{
	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		if (!is_memref(types, i)) {
			to[i].value.a = from[i].value.a;
			to[i].value.b = from[i].value.b;
			continue;
		}
		if (from[i].memref.size > UINT32_MAX)
			return false;
		to[i].memref.buffer = from[i].memref.buffer;
		to[i].memref.size = (uint32_t)from[i].memref.size;
	}
	return true;
}

static void from_gp11(uint32_t types, const __GP11_TEE_Param from[TEE_NUM_PARAMS],
		      TEE_Param to[TEE_NUM_PARAMS])
{
	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		if (is_memref(types, i)) {
			to[i].memref.buffer = from[i].memref.buffer;
			to[i].memref.size = from[i].memref.size;
		} else {
			to[i].value.a = from[i].value.a;
			to[i].value.b = from[i].value.b;
		}
	}
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
				    void **session)
{
	__GP11_TEE_Param gp11[TEE_NUM_PARAMS] = { 0 };
	TEE_Result res;

	if (!to_gp11(types, params, gp11))
		return TEE_ERROR_EXCESS_DATA;
	res = __GP11_TA_OpenSessionEntryPoint(types, gp11, session);
	from_gp11(types, gp11, params);
	return res;
}

TEE_Result TA_InvokeCommandEntryPoint(void *session, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	__GP11_TEE_Param gp11[TEE_NUM_PARAMS] = { 0 };
	TEE_Result res;

	if (!to_gp11(types, params, gp11))
		return TEE_ERROR_EXCESS_DATA;
	res = __GP11_TA_InvokeCommandEntryPoint(session, cmd, types, gp11);
	from_gp11(types, gp11, params);
	return res;
}
#endif
