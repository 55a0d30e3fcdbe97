/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF images of TAs: shared objects made with one of the kits
 *
 * elf_open() reads the file as bytes and runs nothing of it. What it found stands in a
 * view, in which a host looks for the symbols of its kit. elf_load() lets the dynamic
 * linker map the file, which runs its constructors: the sandbox must stand by then. A
 * TA may link to the C library that the host has loaded, to nothing else.
 *
 * Errors: -ENOEXEC (not a TA for this machine), -EOPNOTSUPP (calls a function, or wants
 * a library, that this host lacks), -ENOMEM; *@error says why, for a person.
 */
#ifndef SECURE_HOST_ELF_IMAGE_H
#define SECURE_HOST_ELF_IMAGE_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_REGIONS 16

/* Why an image was refused, for a person */
struct elf_error {
	char text[256];
};

/* An image that is mapped as a file; every place in it has been checked. */
struct elf_view {
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

/* A mapped piece of an image that was loaded */
struct elf_region {
	uintptr_t start;
	uintptr_t end;
	bool write;
};

struct elf_image {
	void *handle;		/* for dlsym() */
	uintptr_t base;
	uintptr_t end;
	size_t n_regions;
	struct elf_region regions[ELF_MAX_REGIONS];
};

/* @fd: a sealed memory file; stays the caller's. Ended by elf_close(). */
int elf_open(int fd, struct elf_view *ret_view, struct elf_error *error);
void elf_close(struct elf_view *view);

/* A symbol that the image defines; NULL when it does not. */
const ElfW(Sym) *elf_find_symbol(const struct elf_view *view, const char *name);
/* @len bytes at address @vaddr, as far as the file holds them; NULL when it does not */
const void *elf_vaddr_at(const struct elf_view *view, uint64_t vaddr, uint64_t len,
			 size_t align);

/*
 * Can what the image wants be had? @is_entry_point tells which undefined symbols the
 * author of the TA forgot; may be NULL.
 */
int elf_check_needs(const struct elf_view *view, bool (*is_entry_point)(const char *name),
		    struct elf_error *error);

/* Set *@error and return @r. */
__attribute__((format(printf, 3, 4))) int elf_refuse(struct elf_error *error, int r,
						     const char *fmt, ...);

/* Load what was found good. @path names the file for the dynamic linker. */
int elf_load(const char *path, struct elf_image *ret_image, struct elf_error *error);
/* Run its destructors and unmap it. */
void elf_unload(struct elf_image *image);

#endif /* SECURE_HOST_ELF_IMAGE_H */
