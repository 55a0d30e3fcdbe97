/* SPDX-License-Identifier: BSD-2-Clause */
/* GP TA images: what the kit puts into them, and what their authors have to */
#include "secure/tahost/image.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "secure/host/load.h"
#include "secure/tahost/ta_uuid.h"

__attribute__((format(printf, 3, 4))) static TEE_Result
refuse(struct elf_error *error, TEE_Result res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return res;
}

static TEE_Result damaged(struct elf_error *error, const char *what)
{
	return refuse(error, TEE_ERROR_BAD_FORMAT, "the image is damaged: %s", what);
}

static TEE_Result result_of_errno(int r)
{
	switch (r) {
	case 0:
		return TEE_SUCCESS;
	case -ENOMEM:
		return TEE_ERROR_OUT_OF_MEMORY;
	case -EPERM:
		return TEE_ERROR_GENERIC;
	case -EOPNOTSUPP:
		return TEE_ERROR_NOT_SUPPORTED;
	default:
		return TEE_ERROR_BAD_FORMAT;
	}
}

/* Symbols of the kit's user_ta_header.c, and those that the author of a TA writes */
static const char *const kit_symbols[] = {
	"ta_head", "ta_heap_size", "__ta_no_share_heap_size", "ta_props", "ta_num_props",
	"trace_level", "trace_ext_prefix",
};

static const char *const entry_points[] = {
	"TA_CreateEntryPoint", "TA_DestroyEntryPoint", "TA_OpenSessionEntryPoint",
	"TA_CloseSessionEntryPoint", "TA_InvokeCommandEntryPoint",
};

static TEE_Result check_exports(const struct elf_view *view, struct elf_error *error)
{
	for (size_t i = 0; i < sizeof(kit_symbols) / sizeof(kit_symbols[0]); i++) {
		if (!elf_find_symbol(view, kit_symbols[i]))
			return refuse(error, TEE_ERROR_BAD_FORMAT,
				      "has no symbol %s: build the TA with the swtee TA kit",
				      kit_symbols[i]);
	}
	for (size_t i = 0; i < sizeof(entry_points) / sizeof(entry_points[0]); i++) {
		if (!elf_find_symbol(view, entry_points[i]))
			return refuse(error, TEE_ERROR_BAD_FORMAT,
				      "does not define %s(), which every TA has to",
				      entry_points[i]);
	}
	return TEE_SUCCESS;
}

/* The constant that the kit gave symbol @name; false when it is not in the file */
static bool read_size(const struct elf_view *view, const char *name, size_t *ret_value)
{
	const void *at = elf_vaddr_at(view, elf_find_symbol(view, name)->st_value,
				      sizeof(*ret_value), 1);

	if (at)
		memcpy(ret_value, at, sizeof(*ret_value));
	return at;
}

static TEE_Result check_head(const struct elf_view *view, const uint8_t uuid[16],
			     struct image_info *ret_info, struct elf_error *error)
{
	const ElfW(Sym) *sym = elf_find_symbol(view, "ta_head");
	const void *at = elf_vaddr_at(view, sym->st_value, sizeof(struct ta_head), 1);
	char has[UUID_STRING_LEN + 1], wanted[UUID_STRING_LEN + 1];
	struct ta_head head;
	uint8_t octets[16];

	if (!at || sym->st_size < sizeof(head))
		return damaged(error, "ta_head is not in it");
	memcpy(&head, at, sizeof(head));
	if (head.depr_entry != UINT64_MAX)
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "ta_head is of an old kind: rebuild the TA with the swtee TA kit");
	ta_uuid_to_octets(&head.uuid, octets);
	if (memcmp(octets, uuid, sizeof(octets)))
		return refuse(error, TEE_ERROR_SECURITY,
			      "is TA %s, not %s: the file has a wrong name",
			      uuid_to_string(octets, has), uuid_to_string(uuid, wanted));
	if (head.flags & ~TA_FLAGS_MASK)
		return refuse(error, TEE_ERROR_BAD_FORMAT, "has unknown TA_FLAGS 0x%x",
			      head.flags & ~TA_FLAGS_MASK);
	if (head.stack_size > IMAGE_MAX_STACK)
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "wants %u bytes of stack: TA_STACK_SIZE may be %u at most",
			      head.stack_size, IMAGE_MAX_STACK);
	if (!read_size(view, "ta_heap_size", &ret_info->heap_size) ||
	    !read_size(view, "__ta_no_share_heap_size", &ret_info->no_share_heap_size))
		return damaged(error, "the size of the heap is not in it");
	ret_info->flags = head.flags;
	ret_info->stack_size = head.stack_size;
	return TEE_SUCCESS;
}

/* Undefined, they are missing in the TA and not in the host. */
static bool is_entry_point(const char *name)
{
	return !strncmp(name, "TA_", 3) || !strncmp(name, "__GP11_TA_", 10);
}

TEE_Result image_check(int fd, const uint8_t uuid[16], struct image_info *ret_info,
		       struct elf_error *error)
{
	struct elf_view view;
	TEE_Result res;
	int r = elf_open(fd, &view, error);

	if (r < 0)
		return result_of_errno(r);
	res = check_exports(&view, error);
	if (!res)
		res = check_head(&view, uuid, ret_info, error);
	if (!res)
		res = result_of_errno(elf_check_needs(&view, is_entry_point, error));
	elf_close(&view);
	return res;
}

TEE_Result image_load(const struct sandbox *sandbox, const struct image_info *info,
		      struct ta_image *ret_image, struct elf_error *error)
{
	struct ta_image image = { .n_props = 0 };
	int r = load_image(sandbox, info->stack_size, &image.elf, error);
	void *handle = image.elf.handle;

	if (r < 0)
		return result_of_errno(r);
	/* All there: image_check() saw them. */
	image.create = (TEE_Result (*)(void))dlsym(handle, "TA_CreateEntryPoint");
	image.destroy = (void (*)(void))dlsym(handle, "TA_DestroyEntryPoint");
	image.open_session = (TEE_Result (*)(uint32_t, TEE_Param *, void **))
		dlsym(handle, "TA_OpenSessionEntryPoint");
	image.close_session = (void (*)(void *))dlsym(handle, "TA_CloseSessionEntryPoint");
	image.invoke = (TEE_Result (*)(void *, uint32_t, uint32_t, TEE_Param *))
		dlsym(handle, "TA_InvokeCommandEntryPoint");
	image.props = dlsym(handle, "ta_props");
	image.n_props = *(const size_t *)dlsym(handle, "ta_num_props");
	image.trace_level = dlsym(handle, "trace_level");
	image.trace_prefix = dlsym(handle, "trace_ext_prefix");
	*ret_image = image;
	return TEE_SUCCESS;
}

void image_unload(struct ta_image *image)
{
	elf_unload(&image->elf);
	*image = (struct ta_image){ .n_props = 0 };
}
