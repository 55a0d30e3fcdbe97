/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/loader.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/uuid.h"
#include "secure/common/image_file.h"
#include "secure/optee/mobj.h"
#include "secure/optee/rpc.h"
#include "secure/optee/thread.h"
#include "secure/optee/world.h"

#define IMAGE_MAX ((size_t)64 << 20)

/* First word of a signed image, "SHDR" of optee_os */
#define SHDR_MAGIC 0x4f545348u

#if defined(__x86_64__)
#define IMAGE_MACHINE EM_X86_64
#define IMAGE_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define IMAGE_MACHINE EM_AARCH64
#define IMAGE_MACHINE_NAME "aarch64"
#elif defined(__riscv)
#define IMAGE_MACHINE EM_RISCV
#define IMAGE_MACHINE_NAME "RISC-V"
#else
#error "which machine code does a TA have on this machine?"
#endif

/* --- from the normal world --- */

static uint32_t load_ta(struct thread *thread, const uint8_t uuid[16],
			const struct optee_msg_param *buffer, uint64_t *ret_size)
{
	struct optee_msg_param params[2] = {
		{ .attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT },
		*buffer,
	};
	uint32_t res;

	memcpy(params[0].u.octets, uuid, 16);
	res = rpc_cmd(thread, OPTEE_RPC_CMD_LOAD_TA, params, 2);
	/* At the same place in TMEM and RMEM */
	*ret_size = params[1].u.rmem.size;
	return res;
}

static uint32_t query_size(struct thread *thread, const uint8_t uuid[16], const char *name,
			   size_t *ret_size)
{
	const struct optee_msg_param none = { .attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT };
	uint64_t size;
	uint32_t res;

	res = load_ta(thread, uuid, &none, &size);
	if (res != TEE_R_SUCCESS && res != TEE_R_SHORT_BUFFER)
		return res;
	if (size == 0) {
		log_warn_ratelimited("TA %s cannot be loaded: its image is empty", name);
		return TEE_R_BAD_FORMAT;
	}
	if (size > IMAGE_MAX) {
		log_warn_ratelimited("TA %s cannot be loaded: its image has %llu bytes, at most %zu are taken",
				     name, (unsigned long long)size, IMAGE_MAX);
		return TEE_R_OUT_OF_MEMORY;
	}
	*ret_size = (size_t)size;
	return TEE_R_SUCCESS;
}

/* --- into a file of our own --- */

/* The bytes leave the reach of the normal world here; only then they are looked at. */
static uint32_t image_take(struct thread *thread, struct mobj *mobj, size_t size, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;
	const uint8_t *va = mobj_va(thread->world, mobj);

	if (!va || image_file_new(va, size, &fd) < 0)
		return TEE_R_OUT_OF_MEMORY;
	*ret_fd = steal_fd(&fd);
	return TEE_R_SUCCESS;
}

static uint32_t image_read(struct thread *thread, const uint8_t uuid[16], size_t size,
			   int *ret_fd)
{
	struct optee_msg_param buffer = { .attr = OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT };
	struct mobj *mobj;
	uint64_t cookie, got;
	uint32_t res;

	res = rpc_shm_alloc(thread, OPTEE_RPC_SHM_TYPE_APPL, size, &mobj, &cookie);
	if (res != TEE_R_SUCCESS)
		return res;
	buffer.u.rmem.size = size;
	buffer.u.rmem.shm_ref = cookie;
	res = load_ta(thread, uuid, &buffer, &got);
	if (res == TEE_R_SUCCESS && got > size)
		res = TEE_R_SHORT_BUFFER;
	if (res == TEE_R_SUCCESS)
		res = image_take(thread, mobj, (size_t)got, ret_fd);
	rpc_shm_free(thread, OPTEE_RPC_SHM_TYPE_APPL, mobj, cookie);
	return res;
}

/* --- what it is --- */

/* SUCCESS, or why not; then *@ret_why tells a user. */
static uint32_t image_check(int fd, const char **ret_why)
{
	union {
		uint32_t magic;
		Elf64_Ehdr elf;
	} head = { .magic = 0 };

	if (pread(fd, &head, sizeof(head), 0) < (ssize_t)sizeof(head.magic)) {
		*ret_why = "its image is too short";
		return TEE_R_BAD_FORMAT;
	}
	if (head.magic == SHDR_MAGIC) {
		*ret_why = "signed images are not supported by this version; build it with the kit of "
			   "swtee, which makes plain ones";
		return TEE_R_SECURITY;
	}
	if (memcmp(head.elf.e_ident, ELFMAG, SELFMAG)) {
		*ret_why = "its image is not an ELF file";
		return TEE_R_BAD_FORMAT;
	}
	if (head.elf.e_ident[EI_CLASS] != ELFCLASS64 || head.elf.e_machine != IMAGE_MACHINE) {
		*ret_why = "it was built for another machine; build it for 64-bit " IMAGE_MACHINE_NAME
			   ", the machine that swtee runs on";
		return TEE_R_BAD_FORMAT;
	}
	if (head.elf.e_type != ET_DYN) {
		*ret_why = "its image is not position independent; build it with the kit of swtee";
		return TEE_R_BAD_FORMAT;
	}
	return TEE_R_SUCCESS;
}

uint32_t loader_load(struct thread *thread, const uint8_t uuid[16], int *ret_fd)
{
	AUTO(close_fd) int fd = -1;
	char name[UUID_STRING_LEN + 1];
	const char *why;
	size_t size = 0;
	uint32_t res;

	uuid_to_string(uuid, name);
	res = query_size(thread, uuid, name, &size);
	if (res == TEE_R_SUCCESS)
		res = image_read(thread, uuid, size, &fd);
	if (res != TEE_R_SUCCESS) {
		log_debug("TA %s cannot be had from the normal world (%#x)", name, res);
		return res;
	}
	res = image_check(fd, &why);
	if (res != TEE_R_SUCCESS) {
		log_warn_ratelimited("TA %s cannot be loaded: %s", name, why);
		return res;
	}
	*ret_fd = steal_fd(&fd);
	return TEE_R_SUCCESS;
}
