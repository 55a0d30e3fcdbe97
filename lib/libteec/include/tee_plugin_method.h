/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a plugin of tee-supplicant exports, under the name plugin_method
 */
#ifndef TEE_PLUGIN_METHOD_H
#define TEE_PLUGIN_METHOD_H

#include <stddef.h>

#include <tee_client_api.h>

/*
 * @name: for messages
 * @uuid: how the TEE addresses the plugin; its file is named after it
 * @init: NULL, or called once after loading; an error keeps the plugin out
 * @invoke: one request; @data holds @in_len bytes of input, and of output at
 * most as many, their number is stored in @out_len
 */
struct plugin_method {
	const char *name;
	TEEC_UUID uuid;
	TEEC_Result (*init)(void);
	TEEC_Result (*invoke)(unsigned int cmd, unsigned int sub_cmd, void *data, size_t in_len,
			      size_t *out_len);
};

#endif /* TEE_PLUGIN_METHOD_H */
