/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TEE Internal Core API: properties (GPD_SPE_010, 4.4 and 4.7)
 *
 * Three sets: of the implementation, of the client whose session is served, of the
 * TA. A handle is one of the constants for these, or an enumerator: a block of the
 * TA's heap.
 */
#include "secure/tahost/api.h"

#include "base/uuid.h"
#include "secure/tahost/base64.h"
#include "secure/tahost/heap.h"
#include "secure/tahost/image.h"
#include "secure/tahost/ta_uuid.h"

#define ENUMERATOR_MAGIC 0x70726f70u /* "prop" */
#define NOT_STARTED SIZE_MAX

struct enumerator {
	uint32_t magic;
	TEE_PropSetHandle set;
	size_t index;
};

static const struct user_ta_property tee_props[] = {
	{ "gpd.tee.apiversion", USER_TA_PROP_TYPE_STRING, "GPD-1.3.1" },
	{ "gpd.tee.internalCore.version", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ TEE_CORE_API_VERSION } },
	{ "gpd.tee.description", USER_TA_PROP_TYPE_STRING, "swtee, a TEE in software" },
	/* Every swtee is the same device: it has no identity of its own to protect. */
	{ "gpd.tee.deviceID", USER_TA_PROP_TYPE_UUID,
	  &(const TEE_UUID){ 0x0a31afee, 0x44cf, 0x49f5,
			     { 0x99, 0x7f, 0x18, 0xea, 0x8c, 0xfc, 0xa2, 0x7c } } },
	/* Clocks of the host, which its owner sets as he likes */
	{ "gpd.tee.systemTime.protectionLevel", USER_TA_PROP_TYPE_U32, &(const uint32_t){ 100 } },
	{ "gpd.tee.TAPersistentTime.protectionLevel", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 100 } },
	{ "gpd.tee.arith.maxBigIntSize", USER_TA_PROP_TYPE_U32, &(const uint32_t){ 2048 } },
	{ "gpd.tee.cryptography.ecc", USER_TA_PROP_TYPE_BOOL, &(const bool){ false } },
	/* The owner can put back an old state directory. */
	{ "gpd.tee.trustedStorage.antiRollback.protectionLevel", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
	{ "gpd.tee.trustedos.implementation.version", USER_TA_PROP_TYPE_STRING,
	  "swtee " SWTEE_VERSION },
	{ "gpd.tee.trustedos.implementation.binaryversion", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
	{ "gpd.tee.trustedos.manufacturer", USER_TA_PROP_TYPE_STRING, "swtee" },
	{ "gpd.tee.firmware.implementation.version", USER_TA_PROP_TYPE_STRING,
	  "swtee " SWTEE_VERSION },
	{ "gpd.tee.firmware.implementation.binaryversion", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
	{ "gpd.tee.firmware.manufacturer", USER_TA_PROP_TYPE_STRING, "swtee" },
	{ "org.trustedfirmware.optee.cpu.feat_bti_implemented", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
	{ "org.trustedfirmware.optee.cpu.feat_pauth_implemented", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
	{ "org.trustedfirmware.optee.cpu.feat_memtag_implemented", USER_TA_PROP_TYPE_U32,
	  &(const uint32_t){ 0 } },
};

/* A property, and the value of one that is made when it is asked for */
struct property {
	struct user_ta_property ta;
	TEE_Identity value;
};

/* --- looking up --- */

static bool tee_property(size_t index, struct property *ret)
{
	if (index >= sizeof(tee_props) / sizeof(tee_props[0]))
		return false;
	ret->ta = tee_props[index];
	return true;
}

static bool client_property(size_t index, struct property *ret)
{
	static const uint32_t little_endian;

	switch (index) {
	case 0:
		host_client(&ret->value);
		ret->ta = (struct user_ta_property){ "gpd.client.identity",
						     USER_TA_PROP_TYPE_IDENTITY, &ret->value };
		return true;
	case 1:
		ret->ta = (struct user_ta_property){ "gpd.client.endian", USER_TA_PROP_TYPE_U32,
						     &little_endian };
		return true;
	default:
		return false;
	}
}

static bool ta_property(size_t index, struct property *ret)
{
	const struct ta_image *image = host_image();

	if (index < image->n_props) {
		ret->ta = image->props[index];
		return true;
	}
	if (index > image->n_props)
		return false;
	host_ta_uuid(&ret->value.uuid);
	ret->ta = (struct user_ta_property){ "gpd.ta.appID", USER_TA_PROP_TYPE_UUID,
					     &ret->value.uuid };
	return true;
}

/* False when there is no such set, or not so many properties in it */
static bool property_at(TEE_PropSetHandle set, size_t index, struct property *ret)
{
	if (set == TEE_PROPSET_TEE_IMPLEMENTATION)
		return tee_property(index, ret);
	if (set == TEE_PROPSET_CURRENT_CLIENT)
		return client_property(index, ret);
	if (set == TEE_PROPSET_CURRENT_TA)
		return ta_property(index, ret);
	return false;
}

static bool is_set(TEE_PropSetHandle handle)
{
	return handle == TEE_PROPSET_TEE_IMPLEMENTATION || handle == TEE_PROPSET_CURRENT_CLIENT ||
	       handle == TEE_PROPSET_CURRENT_TA;
}

static struct enumerator *to_enumerator(const char *what, TEE_PropSetHandle handle)
{
	struct enumerator *enumerator = (struct enumerator *)handle;

	if (heap_locate(enumerator, sizeof(*enumerator)) != HEAP_INSIDE ||
	    heap_pool_of(enumerator) == HEAP_N_POOLS || enumerator->magic != ENUMERATOR_MAGIC)
		host_panic(TEE_ERROR_BAD_PARAMETERS, "%s: %p is not a property enumerator", what,
			   (void *)handle);
	return enumerator;
}

/* TEE_SUCCESS or TEE_ERROR_ITEM_NOT_FOUND */
static TEE_Result find(const char *what, TEE_PropSetHandle handle, const char *name,
		       struct property *ret)
{
	const struct enumerator *enumerator;

	if (!is_set(handle)) {
		enumerator = to_enumerator(what, handle);
		if (enumerator->index == NOT_STARTED ||
		    !property_at(enumerator->set, enumerator->index, ret))
			return TEE_ERROR_ITEM_NOT_FOUND;
		return TEE_SUCCESS;
	}
	if (!name)
		host_panic(TEE_ERROR_BAD_PARAMETERS, "%s: no name", what);
	api_check_in(what, name, strlen(name) + 1);
	for (size_t i = 0; property_at(handle, i, ret); i++) {
		if (!strcmp(ret->ta.name, name))
			return TEE_SUCCESS;
	}
	return TEE_ERROR_ITEM_NOT_FOUND;
}

/* A value of fixed size */
static TEE_Result get_value(const char *what, TEE_PropSetHandle handle, const char *name,
			    enum user_ta_prop_type type, void *value, size_t size)
{
	struct property prop;
	TEE_Result res;

	api_check_out(what, value, size);
	res = find(what, handle, name, &prop);
	if (res)
		return res;
	if (prop.ta.type != type)
		return TEE_ERROR_BAD_FORMAT;
	memcpy(value, prop.ta.value, size);
	return TEE_SUCCESS;
}

TEE_Result TEE_GetPropertyAsBool(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				 bool *value)
{
	return get_value("TEE_GetPropertyAsBool", propsetOrEnumerator, name,
			 USER_TA_PROP_TYPE_BOOL, value, sizeof(*value));
}

TEE_Result TEE_GetPropertyAsU32(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				uint32_t *value)
{
	return get_value("TEE_GetPropertyAsU32", propsetOrEnumerator, name,
			 USER_TA_PROP_TYPE_U32, value, sizeof(*value));
}

TEE_Result TEE_GetPropertyAsU64(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				uint64_t *value)
{
	return get_value("TEE_GetPropertyAsU64", propsetOrEnumerator, name,
			 USER_TA_PROP_TYPE_U64, value, sizeof(*value));
}

TEE_Result TEE_GetPropertyAsUUID(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				 TEE_UUID *value)
{
	return get_value("TEE_GetPropertyAsUUID", propsetOrEnumerator, name,
			 USER_TA_PROP_TYPE_UUID, value, sizeof(*value));
}

TEE_Result TEE_GetPropertyAsIdentity(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				     TEE_Identity *value)
{
	return get_value("TEE_GetPropertyAsIdentity", propsetOrEnumerator, name,
			 USER_TA_PROP_TYPE_IDENTITY, value, sizeof(*value));
}

/* --- binary blocks --- */

static TEE_Result get_block(TEE_PropSetHandle handle, const char *name, void *buffer, size_t *len)
{
	struct property prop;
	TEE_Result res;
	size_t needed;

	api_check_outbuf("TEE_GetPropertyAsBinaryBlock(valueBuffer)", buffer, *len);
	res = find("TEE_GetPropertyAsBinaryBlock", handle, name, &prop);
	if (res)
		return res;
	if (prop.ta.type != USER_TA_PROP_TYPE_BINARY_BLOCK)
		return TEE_ERROR_BAD_FORMAT;
	needed = base64_decode(prop.ta.value, buffer, *len);
	res = needed > *len ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
	*len = needed;
	return res;
}

TEE_Result TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator, const char *name,
					void *valueBuffer, size_t *valueBufferLen)
{
	api_check_out("TEE_GetPropertyAsBinaryBlock(valueBufferLen)", valueBufferLen,
		      sizeof(*valueBufferLen));
	return get_block(propsetOrEnumerator, name, valueBuffer, valueBufferLen);
}

TEE_Result __GP11_TEE_GetPropertyAsBinaryBlock(TEE_PropSetHandle propsetOrEnumerator,
					       const char *name, void *valueBuffer,
					       uint32_t *valueBufferLen)
{
	size_t len;
	TEE_Result res;

	api_check_out("TEE_GetPropertyAsBinaryBlock(valueBufferLen)", valueBufferLen,
		      sizeof(*valueBufferLen));
	len = *valueBufferLen;
	res = get_block(propsetOrEnumerator, name, valueBuffer, &len);
	*valueBufferLen = (uint32_t)len;
	return res;
}

/* --- as text --- */

/* Print into @buffer if the text and a NUL fit in @capacity; returns their size. */
static size_t print_block(const char *base64, char *buffer, size_t capacity)
{
	size_t size = base64_decode(base64, NULL, 0);
	size_t needed = base64_encoded_size(size);
	void *data;

	if (needed > capacity)
		return needed;
	/* In the standard form, which what the TA wrote need not be */
	data = malloc(size + 1);
	if (!data)
		host_panic(TEE_ERROR_OUT_OF_MEMORY, "TEE_GetPropertyAsString: out of memory");
	(void)base64_decode(base64, data, size);
	base64_encode(data, size, buffer);
	free(data);
	return needed;
}

static size_t print_text(const char *text, char *buffer, size_t capacity)
{
	size_t needed = strlen(text) + 1;

	if (needed <= capacity)
		memcpy(buffer, text, needed);
	return needed;
}

static const char *uuid_text(const TEE_UUID *uuid, char text[UUID_STRING_LEN + 1])
{
	uint8_t octets[16];

	ta_uuid_to_octets(uuid, octets);
	return uuid_to_string(octets, text);
}

static size_t print_property(const struct user_ta_property *prop, char *buffer, size_t capacity)
{
	char uuid[UUID_STRING_LEN + 1];
	char text[UUID_STRING_LEN + 16];
	TEE_Identity identity;
	TEE_UUID id;
	uint32_t u32;
	uint64_t u64;

	/* The TA says where its values are; nothing says that they are aligned. */
	switch (prop->type) {
	case USER_TA_PROP_TYPE_BOOL:
		return print_text(*(const uint8_t *)prop->value ? "true" : "false", buffer,
				  capacity);
	case USER_TA_PROP_TYPE_U32:
		memcpy(&u32, prop->value, sizeof(u32));
		snprintf(text, sizeof(text), "%u", u32);
		return print_text(text, buffer, capacity);
	case USER_TA_PROP_TYPE_U64:
		memcpy(&u64, prop->value, sizeof(u64));
		snprintf(text, sizeof(text), "%llu", (unsigned long long)u64);
		return print_text(text, buffer, capacity);
	case USER_TA_PROP_TYPE_UUID:
		memcpy(&id, prop->value, sizeof(id));
		return print_text(uuid_text(&id, uuid), buffer, capacity);
	case USER_TA_PROP_TYPE_IDENTITY:
		memcpy(&identity, prop->value, sizeof(identity));
		snprintf(text, sizeof(text), "%u:%s", identity.login,
			 uuid_text(&identity.uuid, uuid));
		return print_text(text, buffer, capacity);
	case USER_TA_PROP_TYPE_STRING:
		return print_text(prop->value, buffer, capacity);
	case USER_TA_PROP_TYPE_BINARY_BLOCK:
		return print_block(prop->value, buffer, capacity);
	case USER_TA_PROP_TYPE_INVALID:
		break;
	}
	host_panic(TEE_ERROR_BAD_FORMAT, "property %s is of unknown type %d", prop->name,
		   (int)prop->type);
}

static TEE_Result get_string(TEE_PropSetHandle handle, const char *name, char *buffer, size_t *len)
{
	struct property prop;
	TEE_Result res;
	size_t needed;

	api_check_outbuf("TEE_GetPropertyAsString(valueBuffer)", buffer, *len);
	res = find("TEE_GetPropertyAsString", handle, name, &prop);
	if (res)
		return res;
	needed = print_property(&prop.ta, buffer, *len);
	res = needed > *len ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
	*len = needed;
	return res;
}

TEE_Result TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
				   char *valueBuffer, size_t *valueBufferLen)
{
	api_check_out("TEE_GetPropertyAsString(valueBufferLen)", valueBufferLen,
		      sizeof(*valueBufferLen));
	return get_string(propsetOrEnumerator, name, valueBuffer, valueBufferLen);
}

TEE_Result __GP11_TEE_GetPropertyAsString(TEE_PropSetHandle propsetOrEnumerator, const char *name,
					  char *valueBuffer, uint32_t *valueBufferLen)
{
	size_t len;
	TEE_Result res;

	api_check_out("TEE_GetPropertyAsString(valueBufferLen)", valueBufferLen,
		      sizeof(*valueBufferLen));
	len = *valueBufferLen;
	res = get_string(propsetOrEnumerator, name, valueBuffer, &len);
	*valueBufferLen = (uint32_t)len;
	return res;
}

/* --- enumerators --- */

TEE_Result TEE_AllocatePropertyEnumerator(TEE_PropSetHandle *enumerator)
{
	struct enumerator *new;

	api_check_out("TEE_AllocatePropertyEnumerator(enumerator)", enumerator,
		      sizeof(*enumerator));
	new = heap_alloc(HEAP_SHARE, sizeof(*new), true);
	if (!new)
		return TEE_ERROR_OUT_OF_MEMORY;
	new->magic = ENUMERATOR_MAGIC;
	new->index = NOT_STARTED;
	*enumerator = (TEE_PropSetHandle)new;
	return TEE_SUCCESS;
}

void TEE_FreePropertyEnumerator(TEE_PropSetHandle enumerator)
{
	if (enumerator == TEE_HANDLE_NULL)
		return;
	(void)heap_free(to_enumerator("TEE_FreePropertyEnumerator", enumerator));
}

void TEE_StartPropertyEnumerator(TEE_PropSetHandle enumerator, TEE_PropSetHandle propSet)
{
	struct enumerator *it = to_enumerator("TEE_StartPropertyEnumerator", enumerator);

	if (!is_set(propSet))
		host_panic(TEE_ERROR_BAD_PARAMETERS,
			   "TEE_StartPropertyEnumerator: %p is not a property set",
			   (void *)propSet);
	it->set = propSet;
	it->index = 0;
}

void TEE_ResetPropertyEnumerator(TEE_PropSetHandle enumerator)
{
	to_enumerator("TEE_ResetPropertyEnumerator", enumerator)->index = NOT_STARTED;
}

static TEE_Result get_name(TEE_PropSetHandle enumerator, void *buffer, size_t *len)
{
	struct property prop;
	TEE_Result res;
	size_t needed;

	api_check_outbuf("TEE_GetPropertyName(nameBuffer)", buffer, *len);
	(void)to_enumerator("TEE_GetPropertyName", enumerator);
	res = find("TEE_GetPropertyName", enumerator, NULL, &prop);
	if (res)
		return res;
	needed = print_text(prop.ta.name, buffer, *len);
	res = needed > *len ? TEE_ERROR_SHORT_BUFFER : TEE_SUCCESS;
	*len = needed;
	return res;
}

TEE_Result TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
			       size_t *nameBufferLen)
{
	api_check_out("TEE_GetPropertyName(nameBufferLen)", nameBufferLen, sizeof(*nameBufferLen));
	return get_name(enumerator, nameBuffer, nameBufferLen);
}

TEE_Result __GP11_TEE_GetPropertyName(TEE_PropSetHandle enumerator, void *nameBuffer,
				      uint32_t *nameBufferLen)
{
	size_t len;
	TEE_Result res;

	api_check_out("TEE_GetPropertyName(nameBufferLen)", nameBufferLen, sizeof(*nameBufferLen));
	len = *nameBufferLen;
	res = get_name(enumerator, nameBuffer, &len);
	*nameBufferLen = (uint32_t)len;
	return res;
}

TEE_Result TEE_GetNextProperty(TEE_PropSetHandle enumerator)
{
	struct enumerator *it = to_enumerator("TEE_GetNextProperty", enumerator);
	struct property prop;

	if (it->index == NOT_STARTED)
		return TEE_ERROR_ITEM_NOT_FOUND;
	if (!property_at(it->set, it->index, &prop))
		return TEE_ERROR_ITEM_NOT_FOUND;
	it->index++;
	return property_at(it->set, it->index, &prop) ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}
