/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check reads the image as the dynamic linker will: program headers, the
 * dynamic section, the symbol table whose length only the hash tables tell. Every
 * place in the file goes through file_at() or elf_vaddr_at(), which refuse what does
 * not lie inside. The world may change the file meanwhile; then the dynamic linker
 * works on something else, inside the sandbox.
 */
#include "secure/host/elf_image.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memfd.h"

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
#error "name this machine's ELF number here"
#endif

#define IMAGE_MAX_PHDRS 64u
/* As much address space as a TA can reasonably want */
#define IMAGE_MAX_VADDR ((uint64_t)1 << 32)

int elf_refuse(struct elf_error *error, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return r;
}

static int damaged(struct elf_error *error, const char *what)
{
	return elf_refuse(error, -ENOEXEC, "the image is damaged: %s", what);
}

/* @len bytes at file offset @off, aligned to @align; NULL when not inside */
static const void *file_at(const struct elf_view *view, uint64_t off, uint64_t len, size_t align)
{
	if (off > view->size || len > view->size - off || off % align)
		return NULL;
	return view->data + off;
}

/* @len bytes at address @vaddr, as far as the file holds them */
const void *elf_vaddr_at(const struct elf_view *view, uint64_t vaddr, uint64_t len,
			 size_t align)
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

static int check_header(struct elf_view *view, struct elf_error *error)
{
	const ElfW(Ehdr) *eh = file_at(view, 0, sizeof(*eh), 1);

	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return elf_refuse(error, -ENOEXEC,
				  "not an ELF file: build the TA with the swtee TA kit");
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != IMAGE_MACHINE)
		return elf_refuse(error, -ENOEXEC,
				  "built for another machine (ELF machine %u): this host runs "
				  IMAGE_MACHINE_NAME " TAs, rebuild it with an empty CROSS_COMPILE",
				  eh->e_machine);
	if (eh->e_type != ET_DYN)
		return elf_refuse(error, -ENOEXEC,
				  "not a shared object: link the TA with the swtee TA kit");
	if (eh->e_phentsize != sizeof(ElfW(Phdr)) || eh->e_phnum == 0 ||
	    eh->e_phnum > IMAGE_MAX_PHDRS)
		return damaged(error, "bad program headers");
	view->n_phdrs = eh->e_phnum;
	view->phdrs = file_at(view, eh->e_phoff, view->n_phdrs * sizeof(ElfW(Phdr)),
			      _Alignof(ElfW(Phdr)));
	if (!view->phdrs)
		return damaged(error, "the program headers lie outside of the file");
	return 0;
}

static int check_segments(struct elf_view *view, struct elf_error *error)
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
			return elf_refuse(error, -ENOEXEC,
					  "a program, not a shared object: link the TA with the "
					  "swtee TA kit");
		case PT_GNU_STACK:
			if (ph->p_flags & PF_X)
				return elf_refuse(error, -ENOEXEC,
						  "wants an executable stack: link the TA with "
						  "-z noexecstack");
			break;
		default:
			break;
		}
	}
	if (!view->dyn)
		return damaged(error, "no dynamic section");
	if (n_loads > ELF_MAX_REGIONS / 2)
		return damaged(error, "too many segments");
	return 0;
}

static uint64_t dyn_value(const struct elf_view *view, int64_t tag)
{
	for (size_t i = 0; i < view->n_dyn && view->dyn[i].d_tag != DT_NULL; i++) {
		if (view->dyn[i].d_tag == tag)
			return view->dyn[i].d_un.d_val;
	}
	return 0;
}

/* Number of symbols by DT_HASH: as many as it has chains; 0 when there is none */
static size_t count_by_hash(const struct elf_view *view)
{
	const uint32_t *table = elf_vaddr_at(view, dyn_value(view, DT_HASH), 8, 4);

	return dyn_value(view, DT_HASH) && table ? table[1] : 0;
}

/*
 * By DT_GNU_HASH: the chain of the highest bucket runs to the last symbol. It has a
 * word for each symbol from the first hashed one on; the last one has bit 0 set.
 */
static size_t count_by_gnu_hash(const struct elf_view *view)
{
	uint64_t at = dyn_value(view, DT_GNU_HASH);
	const uint32_t *head = at ? elf_vaddr_at(view, at, 16, 4) : NULL;
	const uint32_t *buckets;
	uint64_t chains;
	uint32_t last = 0;

	if (!head)
		return 0;
	at += 16 + (uint64_t)head[2] * sizeof(ElfW(Addr));
	buckets = elf_vaddr_at(view, at, (uint64_t)head[0] * 4, 4);
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
		const uint32_t *word = elf_vaddr_at(view, at_word, 4, 4);

		if (!word)
			return 0;
		if (*word & 1)
			return (size_t)last + 1;
	}
}

static int check_tables(struct elf_view *view, struct elf_error *error)
{
	uint64_t syment = dyn_value(view, DT_SYMENT);

	view->strings_size = dyn_value(view, DT_STRSZ);
	view->strings = elf_vaddr_at(view, dyn_value(view, DT_STRTAB), view->strings_size, 1);
	if (!view->strings || !view->strings_size || view->strings[view->strings_size - 1])
		return damaged(error, "bad string table");
	view->n_syms = count_by_gnu_hash(view);
	if (!view->n_syms)
		view->n_syms = count_by_hash(view);
	if (!view->n_syms || (syment && syment != sizeof(ElfW(Sym))))
		return damaged(error, "bad symbol hash table");
	view->syms = elf_vaddr_at(view, dyn_value(view, DT_SYMTAB),
			      (uint64_t)view->n_syms * sizeof(ElfW(Sym)), _Alignof(ElfW(Sym)));
	if (!view->syms)
		return damaged(error, "bad symbol table");
	for (size_t i = 0; i < view->n_syms; i++) {
		if (view->syms[i].st_name >= view->strings_size)
			return damaged(error, "a symbol without a name");
	}
	return 0;
}

const ElfW(Sym) *elf_find_symbol(const struct elf_view *view, const char *name)
{
	for (size_t i = 0; i < view->n_syms; i++) {
		if (view->syms[i].st_shndx != SHN_UNDEF &&
		    !strcmp(view->strings + view->syms[i].st_name, name))
			return &view->syms[i];
	}
	return NULL;
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
static int check_libraries(const struct elf_view *view, struct elf_error *error)
{
	for (size_t i = 0; i < view->n_dyn && view->dyn[i].d_tag != DT_NULL; i++) {
		const char *name;

		if (view->dyn[i].d_tag != DT_NEEDED)
			continue;
		if (view->dyn[i].d_un.d_val >= view->strings_size)
			return damaged(error, "a library without a name");
		name = view->strings + view->dyn[i].d_un.d_val;
		if (!dl_iterate_phdr(is_loaded, (void *)name))
			return elf_refuse(error, -EOPNOTSUPP,
					  "needs the library %.80s: a TA may use the C library only, "
					  "link others statically", name);
	}
	return 0;
}

static int check_imports(const struct elf_view *view, bool (*is_entry_point)(const char *name),
			 struct elf_error *error)
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
		return 0;
	if (is_entry_point && is_entry_point(first))
		return elf_refuse(error, -ENOEXEC,
				  "does not define %s(), which every TA has to", first);
	if (n > 1)
		snprintf(more, sizeof(more), " and %zu more", n - 1);
	return elf_refuse(error, -EOPNOTSUPP,
			  "undefined symbol %.120s%s: this swtee does not provide it", first, more);
}

int elf_check_needs(const struct elf_view *view, bool (*is_entry_point)(const char *name),
		    struct elf_error *error)
{
	int r = check_libraries(view, error);

	return r < 0 ? r : check_imports(view, is_entry_point, error);
}

int elf_open(int fd, struct elf_view *ret_view, struct elf_error *error)
{
	struct elf_view view = { .data = NULL };
	struct stat st;
	void *addr;
	int r;

	if (memfd_check_sealed(fd, 1) < 0 || fstat(fd, &st) < 0)
		return elf_refuse(error, -ENOEXEC,
				  "the image is empty, or not in a sealed memory file");
	view.size = (size_t)st.st_size;
	addr = mmap(NULL, view.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (addr == MAP_FAILED)
		return elf_refuse(error, -ENOMEM, "the image cannot be mapped: %s",
				  strerror(errno));
	view.data = addr;

	r = check_header(&view, error);
	if (r == 0)
		r = check_segments(&view, error);
	if (r == 0)
		r = check_tables(&view, error);
	if (r < 0) {
		elf_close(&view);
		return r;
	}
	*ret_view = view;
	return 0;
}

void elf_close(struct elf_view *view)
{
	(void)munmap((void *)view->data, view->size);
	*view = (struct elf_view){ .data = NULL };
}

/* --- loading --- */

static void add_region(struct elf_image *image, uintptr_t start, uintptr_t end, bool write)
{
	if (start < end && image->n_regions < ELF_MAX_REGIONS)
		image->regions[image->n_regions++] = (struct elf_region){ start, end, write };
}

/* The segments, with what is read-only after relocation cut out of the writable ones */
static int collect_regions(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct elf_image *image = arg;
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

int elf_load(const char *path, struct elf_image *ret_image, struct elf_error *error)
{
	struct elf_image image = { .n_regions = 0 };
	struct link_map *map;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0) {
		const char *why = dlerror();

		return elf_refuse(error, -ENOEXEC, "cannot be loaded: %s", why ? why : "unknown");
	}
	image.handle = handle;
	image.base = map->l_addr;
	(void)dl_iterate_phdr(collect_regions, &image);
	*ret_image = image;
	return 0;
}

void elf_unload(struct elf_image *image)
{
	(void)dlclose(image->handle);
	*image = (struct elf_image){ .handle = NULL };
}
