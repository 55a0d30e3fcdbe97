/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the check that a file must pass before the dynamic linker sees it
 *
 * The input is a list of changes to an image that passes: a small shared object,
 * made here as a linker would make it, so that a few bytes of input get deep. The
 * first byte says whether the input is a file itself.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <user_ta_header.h>

#include "fuzz.h"
#include "secure/tahost/image.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_RISCV
#endif

/* Addresses are file offsets, but for the data, which lies a page higher. */
#define DATA_SHIFT 0x1000u
#define MAX_IMAGE 8192u

static const char *const names[] = {
	"",
	"puts",			/* imported, and there */
	"ta_head",
	"ta_heap_size",
	"__ta_no_share_heap_size",
	"ta_props",
	"ta_num_props",
	"trace_level",
	"trace_ext_prefix",
	"TA_CreateEntryPoint",
	"TA_DestroyEntryPoint",
	"TA_OpenSessionEntryPoint",
	"TA_CloseSessionEntryPoint",
	"TA_InvokeCommandEntryPoint",
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))
#define FIRST_HASHED 2u

/* What the file consists of */
struct image_file {
	Elf64_Ehdr eh;
	Elf64_Phdr phdrs[4];
	Elf64_Dyn dyn[10];
	Elf64_Sym syms[N_NAMES];
	uint32_t hash[2 + 1 + N_NAMES];		/* one bucket */
	uint32_t gnu_hash[4 + 2 + 1 + N_NAMES - FIRST_HASHED];
	char strings[512];
	struct ta_head head;
	uint64_t heap_size;
	uint64_t no_share_heap_size;
	uint64_t rest[16];
};

static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static struct image_file good;

#define AT(member) offsetof(struct image_file, member)

static void make_symbols(void)
{
	size_t at = 1;

	for (size_t i = 1; i < N_NAMES; i++) {
		Elf64_Sym *sym = &good.syms[i];
		size_t len = strlen(names[i]) + 1;

		FUZZ_CHECK(len <= sizeof(good.strings) - at);
		memcpy(good.strings + at, names[i], len);
		sym->st_name = (Elf64_Word)at;
		sym->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
		sym->st_shndx = i < FIRST_HASHED ? SHN_UNDEF : 1;
		sym->st_value = DATA_SHIFT + AT(rest);
		sym->st_size = 8;
		at += len;
	}
	good.syms[2].st_value = DATA_SHIFT + AT(head);
	good.syms[2].st_size = sizeof(struct ta_head);
	good.syms[3].st_value = DATA_SHIFT + AT(heap_size);
	good.syms[4].st_value = DATA_SHIFT + AT(no_share_heap_size);

	good.hash[0] = 1;
	good.hash[1] = N_NAMES;
	good.gnu_hash[0] = 1;
	good.gnu_hash[1] = FIRST_HASHED;
	good.gnu_hash[2] = 1;
	good.gnu_hash[6] = FIRST_HASHED;
	for (size_t i = FIRST_HASHED; i < N_NAMES; i++)
		good.gnu_hash[7 + i - FIRST_HASHED] = (uint32_t)i << 8 | (i == N_NAMES - 1);
}

static void make_dynamic(void)
{
	const Elf64_Dyn dyn[] = {
		{ DT_GNU_HASH, { AT(gnu_hash) } },
		{ DT_HASH, { AT(hash) } },
		{ DT_STRTAB, { AT(strings) } },
		{ DT_STRSZ, { sizeof(good.strings) } },
		{ DT_SYMTAB, { AT(syms) } },
		{ DT_SYMENT, { sizeof(Elf64_Sym) } },
		{ DT_NULL, { 0 } },
	};

	memcpy(good.dyn, dyn, sizeof(dyn));
}

static void make_good(void)
{
	good.eh = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_phoff = AT(phdrs),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
	};
	good.phdrs[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_filesz = AT(head),
		.p_memsz = AT(head),
		.p_align = 4096,
	};
	good.phdrs[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W,
		.p_offset = AT(head),
		.p_vaddr = DATA_SHIFT + AT(head),
		.p_filesz = sizeof(good) - AT(head),
		.p_memsz = sizeof(good),
		.p_align = 4096,
	};
	good.phdrs[2] = (Elf64_Phdr){
		.p_type = PT_DYNAMIC,
		.p_flags = PF_R | PF_W,
		.p_offset = AT(dyn),
		.p_vaddr = AT(dyn),
		.p_filesz = sizeof(good.dyn),
		.p_memsz = sizeof(good.dyn),
	};
	good.phdrs[3] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
	make_dynamic();
	make_symbols();
	good.head = (struct ta_head){
		.uuid = { 0x01020304, 0x0506, 0x0708, { 9, 10, 11, 12, 13, 14, 15, 16 } },
		.stack_size = 2048,
		.depr_entry = UINT64_MAX,
	};
	good.heap_size = 32768;
}

/* --- inputs --- */

/* Where a change begins: mostly in something that is read */
static size_t pick_offset(struct fuzz_in *in, size_t size)
{
	static const uint16_t places[] = {
		0, AT(eh.e_type), AT(eh.e_phoff), AT(eh.e_phnum), AT(phdrs[0]), AT(phdrs[1]),
		AT(phdrs[2]), AT(phdrs[3]), AT(dyn), AT(dyn[2]), AT(dyn[6]), AT(syms[1]),
		AT(syms[2]), AT(hash), AT(gnu_hash), AT(strings), AT(head),
	};
	uint8_t code = fuzz_u8(in);
	size_t at;

	if (code < 0xc0)
		at = places[code % (sizeof(places) / sizeof(places[0]))] +
		     8u * (code / (sizeof(places) / sizeof(places[0])));
	else
		at = fuzz_u16(in);
	return at % size;
}

static size_t make_image(struct fuzz_in *in, uint8_t *image)
{
	size_t size = sizeof(good);
	uint8_t kind = fuzz_u8(in);

	if (kind == 0xff) {
		size = in->left < MAX_IMAGE ? in->left : MAX_IMAGE;
		fuzz_bytes(in, image, size);
		return size;
	}
	memcpy(image, &good, size);
	if (kind & 1)
		size = 1 + fuzz_u16(in) % size;
	while (!fuzz_done(in)) {
		size_t at = pick_offset(in, size);
		size_t width = 1u << fuzz_below(in, 4);
		uint64_t value = fuzz_number(in);

		if (width > size - at)
			width = size - at;
		memcpy(image + at, &value, width);
	}
	return size;
}

static int make_file(const uint8_t *image, size_t size)
{
	int fd = memfd_create("ta", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	FUZZ_CHECK(fd >= 0 && write(fd, image, size) == (ssize_t)size);
	FUZZ_CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
	return fd;
}

/*
 * The image in memory that ends with it, so that a sanitizer sees who reads beyond
 * the end of the file: that of a mapping is the end of a page.
 */
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *addr, size_t length);
int __real_munmap(void *addr, size_t length);

static void *mapped;

void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	if (fd < 0 || prot != PROT_READ || flags != MAP_PRIVATE || offset)
		return __real_mmap(addr, length, prot, flags, fd, offset);
	FUZZ_CHECK(!mapped && posix_memalign(&mapped, 4096, length) == 0);
	FUZZ_CHECK(pread(fd, mapped, length, 0) == (ssize_t)length);
	return mapped;
}

int __wrap_munmap(void *addr, size_t length)
{
	if (addr != mapped)
		return __real_munmap(addr, length);
	free(mapped);
	mapped = NULL;
	return 0;
}

static TEE_Result check(const uint8_t *image, size_t size)
{
	struct elf_error error = { .text = "" };
	struct image_info info;
	int fd = make_file(image, size);
	TEE_Result res = image_check(fd, uuid, &info, &error);

	close(fd);
	FUZZ_CHECK(!mapped);
	FUZZ_CHECK((res == TEE_SUCCESS) == (error.text[0] == '\0'));
	FUZZ_CHECK(memchr(error.text, '\0', sizeof(error.text)) != NULL);
	FUZZ_CHECK(res != TEE_SUCCESS || info.stack_size <= IMAGE_MAX_STACK);
	return res;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	make_good();
	/* Otherwise no change to it would mean anything. */
	FUZZ_CHECK(check((const uint8_t *)&good, sizeof(good)) == TEE_SUCCESS);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { .p = data, .left = size };
	static uint8_t image[MAX_IMAGE];

	(void)check(image, make_image(&in, image));
	return 0;
}
