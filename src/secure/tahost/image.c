/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TA images
 *
 * The check reads the image as the dynamic linker will: program headers, the
 * dynamic section, the symbol table whose length only the hash tables tell. Every
 * place in the file goes through file_at() or vaddr_at(), which refuse what does
 * not lie inside. The world may change the file meanwhile; then the dynamic linker
 * works on something else, inside the sandbox.
 */
#include "secure/tahost/image.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memfd.h"
#include "base/uuid.h"
#include "secure/tahost/ta_uuid.h"

#if defined(__x86_64__)
#define IMAGE_MACHINE EM_X86_64
#define IMAGE_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define IMAGE_MACHINE EM_AARCH64
#define IMAGE_MACHINE_NAME "AArch64"
#elif defined(__riscv) && __riscv_xlen == 64
#define IMAGE_MACHINE EM_RISCV
#define IMAGE_MACHINE_NAME "RISC-V"
#else
#error "swtee-tahost: name this machine's ELF number here"
#endif

#define IMAGE_MAX_PHDRS 64u
/* As much address space as a TA can reasonably want */
#define IMAGE_MAX_VADDR ((uint64_t)1 << 32)

struct view {
	const uint8_t *data;
	size_t size;
	const ElfW(Phdr) *phdrs;
	size_t n_phdrs;
	const ElfW(Dyn) *dyn;
	size_t n_dyn;
	const ElfW(Sym) *syms;
	size_t n_syms;
	const char *strings;	/* ends with a NUL */
	size_t strings_size;
};

__attribute__((format(printf, 3, 4))) static TEE_Result
refuse(struct image_error *error, TEE_Result res, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return res;
}

static TEE_Result damaged(struct image_error *error, const char *what)
{
	return refuse(error, TEE_ERROR_BAD_FORMAT, "the image is damaged: %s", what);
}

/* @len bytes at file offset @off, aligned to @align; NULL when not inside */
static const void *file_at(const struct view *view, uint64_t off, uint64_t len, size_t align)
{
	if (off > view->size || len > view->size - off || off % align)
		return NULL;
	return view->data + off;
}

/* @len bytes at address @vaddr, as far as the file holds them */
static const void *vaddr_at(const struct view *view, uint64_t vaddr, uint64_t len, size_t align)
{
	for (size_t i = 0; i < view->n_phdrs; i++) {
		const ElfW(Phdr) *ph = &view->phdrs[i];

		if (ph->p_type != PT_LOAD || vaddr < ph->p_vaddr ||
		    vaddr - ph->p_vaddr > ph->p_filesz ||
		    len > ph->p_filesz - (vaddr - ph->p_vaddr))
			continue;
		return file_at(view, ph->p_offset + (vaddr - ph->p_vaddr), len, align);
	}
	return NULL;
}

static TEE_Result check_header(struct view *view, struct image_error *error)
{
	const ElfW(Ehdr) *eh = file_at(view, 0, sizeof(*eh), 1);

	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "not an ELF file: build the TA with the swtee TA kit");
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != IMAGE_MACHINE)
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "built for another machine (ELF machine %u): this host runs "
			      IMAGE_MACHINE_NAME " TAs, rebuild it with an empty CROSS_COMPILE",
			      eh->e_machine);
	if (eh->e_type != ET_DYN)
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "not a shared object: link the TA with the swtee TA kit");
	if (eh->e_phentsize != sizeof(ElfW(Phdr)) || eh->e_phnum == 0 ||
	    eh->e_phnum > IMAGE_MAX_PHDRS)
		return damaged(error, "bad program headers");
	view->n_phdrs = eh->e_phnum;
	view->phdrs = file_at(view, eh->e_phoff, view->n_phdrs * sizeof(ElfW(Phdr)),
			      _Alignof(ElfW(Phdr)));
	if (!view->phdrs)
		return damaged(error, "the program headers lie outside of the file");
	return TEE_SUCCESS;
}

static TEE_Result check_segments(struct view *view, struct image_error *error)
{
	size_t n_loads = 0;

	for (size_t i = 0; i < view->n_phdrs; i++) {
		const ElfW(Phdr) *ph = &view->phdrs[i];

		switch (ph->p_type) {
		case PT_LOAD:
			n_loads++;
			if (ph->p_filesz > ph->p_memsz || ph->p_vaddr > IMAGE_MAX_VADDR ||
			    ph->p_memsz > IMAGE_MAX_VADDR ||
			    !file_at(view, ph->p_offset, ph->p_filesz, 1))
				return damaged(error, "a segment lies outside of the file");
			break;
		case PT_DYNAMIC:
			view->n_dyn = ph->p_filesz / sizeof(ElfW(Dyn));
			view->dyn = file_at(view, ph->p_offset, ph->p_filesz,
					    _Alignof(ElfW(Dyn)));
			break;
		case PT_INTERP:
			return refuse(error, TEE_ERROR_BAD_FORMAT,
				      "a program, not a shared object: link the TA with the "
				      "swtee TA kit");
		case PT_GNU_STACK:
			if (ph->p_flags & PF_X)
				return refuse(error, TEE_ERROR_BAD_FORMAT,
					      "wants an executable stack: link the TA with "
					      "-z noexecstack");
			break;
		default:
			break;
		}
	}
	if (!view->dyn)
		return damaged(error, "no dynamic section");
	if (n_loads > IMAGE_MAX_REGIONS / 2)
		return damaged(error, "too many segments");
	return TEE_SUCCESS;
}

static uint64_t dyn_value(const struct view *view, int64_t tag)
{
	for (size_t i = 0; i < view->n_dyn && view->dyn[i].d_tag != DT_NULL; i++) {
		if (view->dyn[i].d_tag == tag)
			return view->dyn[i].d_un.d_val;
	}
	return 0;
}

/* Number of symbols by DT_HASH: as many as it has chains; 0 when there is none */
static size_t count_by_hash(const struct view *view)
{
	const uint32_t *table = vaddr_at(view, dyn_value(view, DT_HASH), 8, 4);

	return dyn_value(view, DT_HASH) && table ? table[1] : 0;
}

/*
 * By DT_GNU_HASH: the chain of the highest bucket runs to the last symbol. It has a
 * word for each symbol from the first hashed one on; the last one has bit 0 set.
 */
static size_t count_by_gnu_hash(const struct view *view)
{
	uint64_t at = dyn_value(view, DT_GNU_HASH);
	const uint32_t *head = at ? vaddr_at(view, at, 16, 4) : NULL;
	const uint32_t *buckets;
	uint64_t chains;
	uint32_t last = 0;

	if (!head)
		return 0;
	at += 16 + (uint64_t)head[2] * sizeof(ElfW(Addr));
	buckets = vaddr_at(view, at, (uint64_t)head[0] * 4, 4);
	if (!buckets)
		return 0;
	for (uint32_t i = 0; i < head[0]; i++) {
		if (buckets[i] > last)
			last = buckets[i];
	}
	if (last < head[1])
		return head[1];
	chains = at + (uint64_t)head[0] * 4;
	for (;; last++) {
		uint64_t at_word = chains + (uint64_t)(last - head[1]) * 4;
		const uint32_t *word = vaddr_at(view, at_word, 4, 4);

		if (!word)
			return 0;
		if (*word & 1)
			return (size_t)last + 1;
	}
}

static TEE_Result check_tables(struct view *view, struct image_error *error)
{
	uint64_t syment = dyn_value(view, DT_SYMENT);

	view->strings_size = dyn_value(view, DT_STRSZ);
	view->strings = vaddr_at(view, dyn_value(view, DT_STRTAB), view->strings_size, 1);
	if (!view->strings || !view->strings_size || view->strings[view->strings_size - 1])
		return damaged(error, "bad string table");
	view->n_syms = count_by_gnu_hash(view);
	if (!view->n_syms)
		view->n_syms = count_by_hash(view);
	if (!view->n_syms || (syment && syment != sizeof(ElfW(Sym))))
		return damaged(error, "bad symbol hash table");
	view->syms = vaddr_at(view, dyn_value(view, DT_SYMTAB),
			      (uint64_t)view->n_syms * sizeof(ElfW(Sym)), _Alignof(ElfW(Sym)));
	if (!view->syms)
		return damaged(error, "bad symbol table");
	for (size_t i = 0; i < view->n_syms; i++) {
		if (view->syms[i].st_name >= view->strings_size)
			return damaged(error, "a symbol without a name");
	}
	return TEE_SUCCESS;
}

static const ElfW(Sym) *find_symbol(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->n_syms; i++) {
		if (view->syms[i].st_shndx != SHN_UNDEF &&
		    !strcmp(view->strings + view->syms[i].st_name, name))
			return &view->syms[i];
	}
	return NULL;
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

static TEE_Result check_exports(const struct view *view, struct image_error *error)
{
	for (size_t i = 0; i < sizeof(kit_symbols) / sizeof(kit_symbols[0]); i++) {
		if (!find_symbol(view, kit_symbols[i]))
			return refuse(error, TEE_ERROR_BAD_FORMAT,
				      "has no symbol %s: build the TA with the swtee TA kit",
				      kit_symbols[i]);
	}
	for (size_t i = 0; i < sizeof(entry_points) / sizeof(entry_points[0]); i++) {
		if (!find_symbol(view, entry_points[i]))
			return refuse(error, TEE_ERROR_BAD_FORMAT,
				      "does not define %s(), which every TA has to",
				      entry_points[i]);
	}
	return TEE_SUCCESS;
}

/* The constant that the kit gave symbol @name; false when it is not in the file */
static bool read_size(const struct view *view, const char *name, size_t *ret_value)
{
	const void *at = vaddr_at(view, find_symbol(view, name)->st_value, sizeof(*ret_value), 1);

	if (at)
		memcpy(ret_value, at, sizeof(*ret_value));
	return at;
}

static TEE_Result check_head(const struct view *view, const uint8_t uuid[16],
			     struct image_info *ret_info, struct image_error *error)
{
	const ElfW(Sym) *sym = find_symbol(view, "ta_head");
	const void *at = vaddr_at(view, sym->st_value, sizeof(struct ta_head), 1);
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

static int is_loaded(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	return !strcmp(slash ? slash + 1 : info->dlpi_name, arg);
}

/*
 * Libraries: only what the host has loaded already. The sandbox would not let the
 * dynamic linker open another file; asked here, the refusal has a name.
 */
static TEE_Result check_libraries(const struct view *view, struct image_error *error)
{
	for (size_t i = 0; i < view->n_dyn && view->dyn[i].d_tag != DT_NULL; i++) {
		const char *name;

		if (view->dyn[i].d_tag != DT_NEEDED)
			continue;
		if (view->dyn[i].d_un.d_val >= view->strings_size)
			return damaged(error, "a library without a name");
		name = view->strings + view->dyn[i].d_un.d_val;
		if (!dl_iterate_phdr(is_loaded, (void *)name))
			return refuse(error, TEE_ERROR_NOT_SUPPORTED,
				      "needs the library %.80s: a TA may use the C library only, "
				      "link others statically", name);
	}
	return TEE_SUCCESS;
}

static TEE_Result check_imports(const struct view *view, struct image_error *error)
{
	const char *first = NULL;
	char more[40] = "";
	size_t n = 0;

	for (size_t i = 0; i < view->n_syms; i++) {
		const ElfW(Sym) *sym = &view->syms[i];
		const char *name = view->strings + sym->st_name;

		if (sym->st_shndx != SHN_UNDEF || !*name ||
		    ELF64_ST_BIND(sym->st_info) != STB_GLOBAL || dlsym(RTLD_DEFAULT, name))
			continue;
		if (!first)
			first = name;
		n++;
	}
	if (!n)
		return TEE_SUCCESS;
	if (!strncmp(first, "TA_", 3) || !strncmp(first, "__GP11_TA_", 10))
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "does not define %s(), which every TA has to", first);
	if (n > 1)
		snprintf(more, sizeof(more), " and %zu more", n - 1);
	return refuse(error, TEE_ERROR_NOT_SUPPORTED,
		      "undefined symbol %.120s%s: this swtee does not provide it", first, more);
}

TEE_Result image_check(int fd, const uint8_t uuid[16], struct image_info *ret_info,
		       struct image_error *error)
{
	struct view view = { .data = NULL };
	struct stat st;
	TEE_Result res;
	void *addr;

	if (memfd_check_sealed(fd, 1) < 0 || fstat(fd, &st) < 0)
		return refuse(error, TEE_ERROR_BAD_FORMAT,
			      "the image is empty, or not in a sealed memory file");
	view.size = (size_t)st.st_size;
	addr = mmap(NULL, view.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (addr == MAP_FAILED)
		return refuse(error, TEE_ERROR_OUT_OF_MEMORY, "the image cannot be mapped: %s",
			      strerror(errno));
	view.data = addr;

	res = check_header(&view, error);
	if (!res)
		res = check_segments(&view, error);
	if (!res)
		res = check_tables(&view, error);
	if (!res)
		res = check_exports(&view, error);
	if (!res)
		res = check_head(&view, uuid, ret_info, error);
	if (!res)
		res = check_libraries(&view, error);
	if (!res)
		res = check_imports(&view, error);
	(void)munmap(addr, view.size);
	return res;
}

/* --- loading --- */

static void add_region(struct ta_image *image, uintptr_t start, uintptr_t end, bool write)
{
	if (start < end && image->n_regions < IMAGE_MAX_REGIONS)
		image->regions[image->n_regions++] = (struct ta_region){ start, end, write };
}

/* The segments, with what is read-only after relocation cut out of the writable ones */
static int collect_regions(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct ta_image *image = arg;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t relro = 0, relro_end = 0;

	if (info->dlpi_addr != image->base)
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type != PT_GNU_RELRO)
			continue;
		relro = info->dlpi_addr + ph->p_vaddr;
		relro_end = (relro + ph->p_memsz) & ~(page - 1);
	}
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;
		uintptr_t end = start + ph->p_memsz;

		if (ph->p_type != PT_LOAD)
			continue;
		if (end > image->end)
			image->end = end;
		if ((ph->p_flags & PF_W) && relro >= start && relro < end && relro_end > relro) {
			add_region(image, relro, relro_end < end ? relro_end : end, false);
			start = relro_end;
		}
		add_region(image, start, end, ph->p_flags & PF_W);
	}
	return 1;
}

TEE_Result image_load(const char *path, struct ta_image *ret_image, struct image_error *error)
{
	struct ta_image image = { .n_regions = 0 };
	struct link_map *map;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0) {
		const char *why = dlerror();

		return refuse(error, TEE_ERROR_BAD_FORMAT, "cannot be loaded: %s",
			      why ? why : "unknown");
	}
	image.handle = handle;
	image.base = map->l_addr;
	(void)dl_iterate_phdr(collect_regions, &image);

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
	(void)dlclose(image->handle);
	*image = (struct ta_image){ .handle = NULL };
}
