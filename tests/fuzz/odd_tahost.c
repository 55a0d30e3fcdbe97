/* SPDX-License-Identifier: BSD-2-Clause */
#include "odd_tahost.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/tahost.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"
#include "secure/optee/ta_manager.h"
#include "secure/common/ta_template.h"

#define MAX_HOSTS 8
/* Services that a host asks for during one operation */
#define MAX_SYSCALLS 6

struct host {
	struct lane *lane;	/* NULL until the first operation */
	int sock;
	bool dead;
	unsigned int n_syscalls;
};

static struct {
	struct fuzz_in *in;
	struct host hosts[MAX_HOSTS];
	unsigned int n_hosts;
} t;

void odd_tahost_start(struct fuzz_in *in)
{
	t.in = in;
	t.n_hosts = 0;
}

void odd_tahost_end(void)
{
	for (unsigned int i = 0; i < t.n_hosts; i++)
		close(t.hosts[i].sock);
	t.n_hosts = 0;
}

int odd_tahost_kill(void)
{
	unsigned int i;

	if (!t.n_hosts)
		return -1;
	i = fuzz_below(t.in, t.n_hosts);
	t.hosts[i].dead = true;
	return (int)i;
}

/* --- the template --- */

int __wrap_ta_template_start(struct ta_template *template, int *ret_fd);
int __wrap_ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
			     const int *fds, size_t n_fds);

int __wrap_ta_template_start(struct ta_template *template, int *ret_fd)
{
	return -ENOENT;
}

int __wrap_ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
			     const int *fds, size_t n_fds)
{
	int sock;

	FUZZ_CHECK(msg_size == sizeof(struct tahost_spawn) && n_fds == 3);
	if (t.n_hosts == MAX_HOSTS || fuzz_u8(t.in) >= 0xf0)
		return -EPIPE;
	sock = fcntl(fds[2], F_DUPFD_CLOEXEC, 0);
	FUZZ_CHECK(sock >= 0 && fcntl(fds[1], F_GET_SEALS) & F_SEAL_WRITE);
	t.hosts[t.n_hosts++] = (struct host){ .sock = sock };
	return 0;
}

/* --- operations --- */

int __wrap_lane_call(struct lane *lane);

/*
 * The one that was started last has not had a lane yet. Later a lane may be where an
 * earlier one was, which is gone then.
 */
static struct host *host_of(struct lane *lane)
{
	struct host *last = t.n_hosts ? &t.hosts[t.n_hosts - 1] : NULL;
	struct host *found = NULL;

	if (last && !last->lane)
		last->lane = lane;
	for (unsigned int i = 0; i < t.n_hosts; i++) {
		if (t.hosts[i].lane == lane)
			found = &t.hosts[i];
	}
	FUZZ_CHECK(found != NULL);
	return found;
}

/* Take the descriptor that goes with a MAP, and look at what it is. */
static void take_memory(struct host *host, const struct tahost_call *call)
{
	uint32_t slot;
	size_t n_fds = 0;
	int fd = -1;

	FUZZ_CHECK(fdsock_recv(host->sock, &slot, sizeof(slot), &fd, 1, &n_fds, NULL,
			       MSG_DONTWAIT) == sizeof(slot));
	FUZZ_CHECK(n_fds == 1 && slot == call->map.slot && slot < TAHOST_MAX_SLOTS);
	FUZZ_CHECK(call->map.size > 0 && call->map.size <= INT64_MAX);
	FUZZ_CHECK(call->map.total <= INT64_MAX && call->map.size <= call->map.total &&
		   call->map.at <= call->map.total - call->map.size);
	FUZZ_CHECK(lseek(fd, 0, SEEK_END) >= (off_t)(call->map.fd_offset + call->map.size));
	close(fd);
}

static void answer_load(struct tahost_call *call)
{
	static const uint32_t flags[] = {
		0, TA_FLAG_SINGLE_INSTANCE, TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION,
		TA_FLAG_SINGLE_INSTANCE | TA_FLAG_INSTANCE_KEEP_ALIVE,
		TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION | TA_FLAG_INSTANCE_KEEP_ALIVE |
			TA_FLAG_INSTANCE_KEEP_CRASHED,
		TA_FLAG_CONCURRENT,
	};
	uint8_t code = fuzz_u8(t.in);

	call->ta.flags = code < 0xf0 ? flags[code % (sizeof(flags) / sizeof(flags[0]))] :
				       fuzz_u32(t.in);
}

static void answer_memrefs(struct tahost_call *call)
{
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		uint32_t type = call->param_types >> (4 * i) & 15;

		if (type < 5)
			call->params[i].value.a = fuzz_u8(t.in);
		else if (fuzz_u8(t.in) & 1)
			call->params[i].mem.size = fuzz_number(t.in);
	}
}

static void answer_syscall(struct tahost_call *call)
{
	uint8_t nr = fuzz_u8(t.in);

	call->answer = TAHOST_SYSCALL;
	call->sys.nr = nr < 0xf8 ? 1u + nr % TAHOST_SYS_ENUM_NEXT : nr;
	call->sys.a[0] = fuzz_number(t.in);
	call->sys.a[1] = fuzz_number(t.in);
	if (call->sys.nr >= TAHOST_SYS_OBJ_OPEN) {
		call->sys.a[2] = fuzz_number(t.in);
		call->sys.a[3] = fuzz_number(t.in);
	}
}

/* Whatever it says: it does not ask for services for ever, nor waits for long. */
static void bound(struct host *host, struct tahost_call *call)
{
	if (call->answer != TAHOST_SYSCALL)
		return;
	if (++host->n_syscalls > MAX_SYSCALLS)
		call->answer = TAHOST_DONE;
	if (call->sys.nr == TAHOST_SYS_WAIT)
		call->sys.a[0] &= 0xff;
}

static uint32_t pick_result(void)
{
	uint8_t code = fuzz_u8(t.in);

	return code < 0xd0 ? 0 : (uint32_t)fuzz_number(t.in);
}

int __wrap_lane_call(struct lane *lane)
{
	struct tahost_call *call = lane_data(lane);
	struct host *host = host_of(lane);
	uint8_t code = fuzz_u8(t.in);

	if (host->dead || lane_closed(lane))
		return -EPIPE;
	if (call->op == TAHOST_OP_MAP)
		take_memory(host, call);
	if (call->op != TAHOST_OP_SYSRET)
		host->n_syscalls = 0;
	if (code == 0xff) {
		host->dead = true;
		return -EPIPE;
	}
	if (code == 0xfe) {
		fuzz_bytes(t.in, call, sizeof(*call));
	} else if (code == 0xfd) {
		call->answer = TAHOST_PANIC;
		call->result = fuzz_u8(t.in);
	} else if (code >= 0xa0) {
		answer_syscall(call);
	} else {
		call->answer = TAHOST_DONE;
		call->result = pick_result();
		if (call->op == TAHOST_OP_LOAD)
			answer_load(call);
		answer_memrefs(call);
	}
	bound(host, call);
	return 0;
}
