/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA host for tests, template included: no sandbox, no image that runs, but
 * everything that abi/tahost.h says, and some that it forbids.
 */
#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/tahost.h"
#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"
#include "optee_world_rig.h"

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#define HOST_MACHINE EM_RISCV
#endif

struct host {
	struct lane *lane;
	struct tahost_call *call;
	int sock;
	struct fake_ta ta;
	uint32_t n_calls, n_sessions;
	uint32_t login;
	uint8_t client[16];
	struct {
		uint8_t *addr;
		size_t size;
		bool write;
	} slots[TAHOST_MAX_SLOTS];
};

void fake_ta_image(uint8_t image[FAKE_TA_SIZE], const struct fake_ta *ta)
{
	Elf64_Ehdr elf = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
		.e_type = ET_DYN,
		.e_machine = HOST_MACHINE,
	};

	memset(image, 0, FAKE_TA_SIZE);
	memcpy(image, &elf, sizeof(elf));
	memcpy(image + FAKE_TA_OFFSET, ta, sizeof(*ta));
}

static uint32_t host_syscall(struct host *host, uint32_t nr, uint64_t a0, uint64_t a1)
{
	struct tahost_call *call = host->call;

	call->sys = (struct tahost_sys){ .nr = nr, .a = { a0, a1 } };
	call->answer = TAHOST_SYSCALL;
	lane_reply(host->lane);
	if (lane_wait_request(host->lane) < 0 || call->op != TAHOST_OP_SYSRET)
		_exit(0);
	return call->sys.result;
}

/* Whatever the world wants meanwhile */
static void host_ask_again(struct host *host)
{
	host->call->sys = (struct tahost_sys){ .nr = TAHOST_SYS_WINDOW, .a = { 1u << 20 } };
	host->call->answer = TAHOST_SYSCALL;
	lane_reply(host->lane);
	if (lane_wait_request(host->lane) < 0)
		_exit(0);
}

static uint32_t host_map(struct host *host)
{
	struct tahost_call *call = host->call;
	AUTO(close_fd) int fd = -1;
	size_t n_fds = 0;
	uint32_t slot;
	void *addr;

	if (fdsock_recv(host->sock, &slot, sizeof(slot), &fd, 1, &n_fds, NULL, 0) <= 0 ||
	    fd < 0 || slot != call->map.slot || host->slots[slot].addr)
		return TEE_R_BAD_STATE;
	addr = mmap(NULL, call->map.size, PROT_READ | (call->map.write ? PROT_WRITE : 0),
		    MAP_SHARED, fd, (off_t)call->map.fd_offset);
	if (addr == MAP_FAILED)
		return TEE_R_OUT_OF_MEMORY;
	host->slots[slot].addr = addr;
	host->slots[slot].size = call->map.size;
	host->slots[slot].write = call->map.write;
	return TEE_R_SUCCESS;
}

static uint32_t host_unmap(struct host *host)
{
	uint32_t slot = host->call->map.slot;

	if (slot >= TAHOST_MAX_SLOTS || !host->slots[slot].addr)
		return TEE_R_BAD_STATE;
	munmap(host->slots[slot].addr, host->slots[slot].size);
	host->slots[slot].addr = NULL;
	return TEE_R_SUCCESS;
}

static uint32_t host_xor(struct host *host)
{
	union tahost_param *p = host->call->params;
	uint8_t *va;

	if (p->mem.slot >= TAHOST_MAX_SLOTS || !host->slots[p->mem.slot].addr ||
	    p->mem.offset + p->mem.size > host->slots[p->mem.slot].size)
		return TEE_R_BAD_STATE;
	va = host->slots[p->mem.slot].addr + p->mem.offset;
	for (uint64_t i = 0; i < p->mem.size; i++)
		va[i] ^= 0x5a;
	return TEE_R_SUCCESS;
}

static uint32_t host_slot(struct host *host)
{
	union tahost_param *p = host->call->params;
	uint32_t n = 0;

	for (uint32_t i = 1; i < TAHOST_MAX_SLOTS; i++)
		n += host->slots[i].addr != NULL;
	p[1].value.a = p[0].mem.slot;
	p[1].value.b = p[0].mem.slot < TAHOST_MAX_SLOTS && host->slots[p[0].mem.slot].write;
	p[2].value.a = n;
	return TEE_R_SUCCESS;
}

static uint32_t host_time(struct host *host, uint32_t nr)
{
	union tahost_param p = host->call->params[0];
	uint32_t res = host_syscall(host, nr, p.value.a, p.value.b);

	host->call->params[0].value.a = (uint32_t)host->call->sys.a[0];
	host->call->params[0].value.b = (uint32_t)host->call->sys.a[1];
	return res;
}

static uint32_t host_invoke(struct host *host)
{
	union tahost_param *p = host->call->params;
	uint32_t ms = p[0].value.a;

	host->n_calls++;
	switch ((enum fake_ta_cmd)host->call->cmd) {
	case FAKE_COUNT:
		p[0].value.a = host->n_calls;
		p[0].value.b = host->n_sessions;
		return TEE_R_SUCCESS;
	case FAKE_XOR:
		return host_xor(host);
	case FAKE_PANIC:
		host->call->result = 0x1234;
		host->call->answer = TAHOST_PANIC;
		lane_reply(host->lane);
		_exit(1);
	case FAKE_EXIT:
		_exit(1);
	case FAKE_BAD_ANSWER:
		host->call->answer = 77;
		lane_reply(host->lane);
		/* Alive until the world has had enough of it */
		while (lane_wait_request(host->lane) == 0)
			;
		_exit(0);
	case FAKE_BAD_SYSCALL:
		return host_syscall(host, 999, 0, 0);
	case FAKE_NEST:
		for (;;)
			host_ask_again(host);
	case FAKE_SHORT:
		p[0].mem.size = 1ull << 40;
		return TEE_R_SHORT_BUFFER;
	case FAKE_UNMASK_AND_WAIT:
		host_syscall(host, TAHOST_SYS_MASK_CANCEL, 0, 0);
		return host_syscall(host, TAHOST_SYS_WAIT, ms, 0);
	case FAKE_WAIT:
		return host_syscall(host, TAHOST_SYS_WAIT, ms, 0);
	case FAKE_REE_TIME:
		return host_time(host, TAHOST_SYS_GET_REE_TIME);
	case FAKE_SET_TIME:
		return host_time(host, TAHOST_SYS_SET_TA_TIME);
	case FAKE_GET_TIME:
		return host_time(host, TAHOST_SYS_GET_TA_TIME);
	case FAKE_RESULT:
		return p[0].value.a;
	case FAKE_SLOT:
		return host_slot(host);
	case FAKE_IDENTITY:
		p[0].value.a = host->login;
		memcpy(&p[0].value.b, host->client, 4);
		return TEE_R_SUCCESS;
	case FAKE_NULL:
		return p[0].mem.slot == TAHOST_SLOT_NULL && !p[0].mem.size ? TEE_R_SUCCESS :
									     TEE_R_BAD_STATE;
	}
	return TEE_R_NOT_SUPPORTED;
}

static uint32_t host_load(struct host *host)
{
	host->call->ta.flags = host->ta.flags;
	strcpy(host->call->message, "the\n\033test says so");
	return host->ta.load_result;
}

static uint32_t host_open(struct host *host)
{
	host->login = host->call->login;
	memcpy(host->client, host->call->client_uuid, 16);
	host->n_sessions += host->ta.open_result == TEE_R_SUCCESS;
	return host->ta.open_result;
}

static uint32_t host_op(struct host *host)
{
	switch (host->call->op) {
	case TAHOST_OP_LOAD:
		return host_load(host);
	case TAHOST_OP_CREATE:
		return host->ta.create_result;
	case TAHOST_OP_OPEN:
		return host_open(host);
	case TAHOST_OP_INVOKE:
		return host_invoke(host);
	case TAHOST_OP_CLOSE:
		host->n_sessions--;
		return TEE_R_SUCCESS;
	case TAHOST_OP_DESTROY:
		return TEE_R_SUCCESS;
	case TAHOST_OP_MAP:
		return host_map(host);
	case TAHOST_OP_UNMAP:
		return host_unmap(host);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

static void host_main(const int fds[3])
{
	static struct host host;

	/* Nothing of a test that was killed stays behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (lane_attach(fds[0], sizeof(struct tahost_call), &host.lane) < 0 ||
	    pread(fds[1], &host.ta, sizeof(host.ta), FAKE_TA_OFFSET) != sizeof(host.ta))
		_exit(2);
	host.call = lane_data(host.lane);
	host.sock = fds[2];
	lane_own(host.lane);
	while (lane_wait_request(host.lane) == 0) {
		uint32_t op = host.call->op;

		host.call->result = host_op(&host);
		host.call->answer = TAHOST_DONE;
		lane_reply(host.lane);
		if (op == TAHOST_OP_DESTROY)
			break;
	}
	_exit(0);
}

int fake_tahost_main(void)
{
	struct tahost_spawn spawn;
	size_t n_fds;
	int fds[3];

	signal(SIGCHLD, SIG_IGN);
	while (fdsock_recv(TAHOST_FD_CONTROL, &spawn, sizeof(spawn), fds, 3, &n_fds, NULL, 0) ==
	       sizeof(spawn)) {
		if (spawn.type == TAHOST_SPAWN && n_fds == 3 && fork() == 0) {
			close(TAHOST_FD_CONTROL);
			host_main(fds);
		}
		while (n_fds)
			close(fds[--n_fds]);
	}
	return 0;
}
