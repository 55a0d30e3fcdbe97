/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/minkhost/image.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "secure/host/load.h"

static struct {
	void (*init)(void);
	void (*shutdown)(void);
	int32_t (*get_app_object)(Object credentials, Object *ret_object);
} entry;

static const char *const entry_points[] = {
	"tz_app_init",
	"tz_app_shutdown",
	"app_getAppObject",
};

/* What is a program, but not of our kit, is signed for a board if it is for anything. */
static int32_t refused(int fd, int r)
{
	char magic[SELFMAG];

	switch (r) {
	case -ENOMEM:
		return APP_LOADER_ERROR_TA_APP_REGION_MALLOC_FAILURE;
	case -ENOEXEC:
		if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		    !memcmp(magic, ELFMAG, SELFMAG))
			return APP_LOADER_ERROR_ELF_SIGNATURE_ERROR;
		return APP_LOADER_ERROR_INVALID_BUFFER;
	case -EPERM:
		return Object_ERROR;
	default:
		return APP_LOADER_ERROR_INVALID_BUFFER;
	}
}

static bool name_is_sane(const char *name)
{
	size_t n = strnlen(name, MINK_TA_NAME_MAX);

	return n < MINK_TA_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

static int32_t check_head(const struct elf_view *view, struct image_info *ret_info,
			  struct elf_error *error)
{
	const ElfW(Sym) *sym = elf_find_symbol(view, "mink_ta_head");
	struct mink_ta_head head;
	const void *at;

	if (!sym)
		return elf_refuse(error, APP_LOADER_ERROR_ELF_SIGNATURE_ERROR,
				  "was not built with swtee's Mink kit (sdk/mink), and signatures of others cannot be checked here");
	at = elf_vaddr_at(view, sym->st_value, sizeof(head), 1);
	if (!at || sym->st_size < sizeof(head))
		return elf_refuse(error, APP_LOADER_ERROR_METADATA_INVALID,
				  "the image is damaged: mink_ta_head is not in it");
	memcpy(&head, at, sizeof(head));
	if (head.magic != MINK_TA_MAGIC || head.version != MINK_TA_VERSION || head.reserved)
		return elf_refuse(error, APP_LOADER_ERROR_METADATA_INVALID,
				  "mink_ta_head is of another kind: rebuild the TA with the kit of this swtee");
	if (!head.name[0])
		return elf_refuse(error, APP_LOADER_ERROR_NO_NAME_IN_METADATA,
				  "has no name: set TA_NAME in its Makefile");
	if (!name_is_sane(head.name))
		return elf_refuse(error, APP_LOADER_ERROR_METADATA_INVALID,
				  "has a name with characters other than letters, digits, '_', '-' and '.', or a too long one");
	if (head.stack_size > IMAGE_MAX_STACK)
		return elf_refuse(error, APP_LOADER_ERROR_METADATA_INVALID,
				  "wants %u bytes of stack: TA_STACK_SIZE may be %zu at most",
				  head.stack_size, IMAGE_MAX_STACK);
	memcpy(ret_info->name, head.name, sizeof(ret_info->name));
	ret_info->stack_size = head.stack_size < IMAGE_MIN_STACK ? IMAGE_MIN_STACK :
								    head.stack_size;
	return Object_OK;
}

static int32_t check_exports(const struct elf_view *view, struct elf_error *error)
{
	for (size_t i = 0; i < sizeof(entry_points) / sizeof(entry_points[0]); i++) {
		if (!elf_find_symbol(view, entry_points[i]))
			return elf_refuse(error, APP_LOADER_ERROR_INVALID_BUFFER,
					  "does not define %s(), which every TA has to",
					  entry_points[i]);
	}
	return Object_OK;
}

int32_t image_check(int fd, struct image_info *ret_info, struct elf_error *error)
{
	struct elf_view view;
	int32_t result;
	int r = elf_open(fd, &view, error);

	if (r < 0)
		return refused(fd, r);
	result = check_head(&view, ret_info, error);
	if (result == Object_OK)
		result = check_exports(&view, error);
	if (result == Object_OK) {
		r = elf_check_needs(&view, NULL, error);
		if (r < 0)
			result = APP_LOADER_ERROR_INVALID_BUFFER;
	}
	elf_close(&view);
	return result;
}

int32_t image_load(const struct sandbox *sandbox, struct elf_image *ret_image,
		   struct elf_error *error)
{
	int r = load_image(sandbox, IMAGE_MIN_STACK, ret_image, error);

	if (r < 0)
		return r == -EPERM ? Object_ERROR : APP_LOADER_ERROR_INVALID_BUFFER;
	/* All there: image_check() saw them. */
	entry.init = (void (*)(void))dlsym(ret_image->handle, "tz_app_init");
	entry.shutdown = (void (*)(void))dlsym(ret_image->handle, "tz_app_shutdown");
	entry.get_app_object = (int32_t (*)(Object, Object *))
		dlsym(ret_image->handle, "app_getAppObject");
	return Object_OK;
}

void image_app_init(void)
{
	entry.init();
}

int32_t image_get_app_object(Object credentials, Object *ret_object)
{
	return entry.get_app_object(credentials, ret_object);
}

void image_app_shutdown(void)
{
	entry.shutdown();
}
