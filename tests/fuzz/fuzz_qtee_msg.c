/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the QTEE world below a normal world, and above TA hosts, that cannot be
 * trusted
 *
 * The input is a program of SMCs: invocations with messages that are mostly well formed,
 * answers to callbacks of calls that are suspended, in any order, changes of memory in
 * between; or it is credentials. It also says what the machine answers (odd_machine.h)
 * and what TA hosts do. At the end every call is led to its end and every id that the
 * normal world got is released; then nothing must be left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/minkhost.h"
#include "abi/qtee_smc.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/memfd.h"
#include "fuzz.h"
#include "machine/lane/lane.h"
#include "odd_machine.h"
#include "secure/qtee/credentials.h"
#include "secure/qtee/service.h"
#include "secure/qtee/world.h"

#define MAX_STEPS 64
#define N_CALLS 4u
#define MAX_IDS 64u
#define MAX_HOSTS 8u
#define MAX_ANSWERS 4000
/* Requests that a host makes while nothing else happens */
#define MAX_REQUESTS 40

/* RAM: two pages for the message of each call, one for its outbound buffer */
#define IN_PA(n) (MACHINE_RAM_PA + (n) * 4 * MACHINE_PAGE)
#define OUT_PA(n) (IN_PA(n) + 2 * MACHINE_PAGE)
#define IN_SIZE (2 * MACHINE_PAGE)

struct host {
	struct lane *lane;
	int sock;
	uint8_t *window;
	bool dead;
	unsigned int n_requests;
};

static struct {
	struct fuzz_in in;
	struct qtee_world *world;
	struct cpu cpu;
	bool suspended[N_CALLS];
	uint32_t counts[N_CALLS];
	uint32_t ids[MAX_IDS];		/* that we own */
	unsigned int n_ids;
	struct host hosts[MAX_HOSTS];
	unsigned int n_hosts;
} f;

/* --- TA hosts --- */

int __wrap_ta_template_start(struct ta_template *template, int *ret_fd);
int __wrap_ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
			     const int *fds, size_t n_fds);
int __wrap_lane_call(struct lane *lane);

int __wrap_ta_template_start(struct ta_template *template, int *ret_fd)
{
	return -ENOENT;
}

int __wrap_ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
			     const int *fds, size_t n_fds)
{
	struct host *host = &f.hosts[f.n_hosts];
	void *window;

	FUZZ_CHECK(msg_size == sizeof(struct minkhost_spawn) && n_fds == 4);
	FUZZ_CHECK(fcntl(fds[1], F_GET_SEALS) & F_SEAL_WRITE);
	if (f.n_hosts == MAX_HOSTS || fuzz_u8(&f.in) >= 0xf0)
		return -EPIPE;
	*host = (struct host){ .sock = fcntl(fds[2], F_DUPFD_CLOEXEC, 0) };
	FUZZ_CHECK(host->sock >= 0);
	FUZZ_CHECK(memfd_map(fds[3], 0, MINKHOST_WINDOW_SIZE, PROT_READ | PROT_WRITE,
			     &window) == 0);
	host->window = window;
	f.n_hosts++;
	return 0;
}

static void end_hosts(void)
{
	for (unsigned int i = 0; i < f.n_hosts; i++) {
		close(f.hosts[i].sock);
		munmap(f.hosts[i].window, MINKHOST_WINDOW_SIZE);
	}
}

/* The one that was started last has not had a lane yet. */
static struct host *host_of(struct lane *lane)
{
	struct host *found = NULL;

	if (f.n_hosts && !f.hosts[f.n_hosts - 1].lane)
		f.hosts[f.n_hosts - 1].lane = lane;
	for (unsigned int i = 0; i < f.n_hosts; i++) {
		if (f.hosts[i].lane == lane)
			found = &f.hosts[i];
	}
	FUZZ_CHECK(found != NULL);
	return found;
}

static void odd_args(struct minkhost_call *call)
{
	for (uint32_t i = 0; i < QTEE_MSG_NUM_ARGS(call->counts); i++) {
		call->args[i].a = fuzz_number(&f.in);
		call->args[i].b = fuzz_number(&f.in);
	}
}

/* The descriptor that goes with a mapping */
static void take_mapping(struct host *host, const struct minkhost_call *call)
{
	uint32_t handle;
	size_t n_fds = 0;
	int fd = -1;

	if (fdsock_recv(host->sock, &handle, sizeof(handle), &fd, 1, &n_fds, NULL,
			MSG_DONTWAIT) != sizeof(handle))
		return;
	FUZZ_CHECK(n_fds == 1 && handle == call->map.mapping && call->map.size > 0);
	FUZZ_CHECK(lseek(fd, 0, SEEK_END) >= (off_t)(call->map.fd_offset + call->map.size));
	close(fd);
}

static void answer_load(struct minkhost_call *call)
{
	uint8_t code = fuzz_u8(&f.in);

	call->answer = MINKHOST_DONE;
	call->result = code < 0xe0 ? 0 : (int32_t)fuzz_number(&f.in);
	memset(call->app.name, 0, sizeof(call->app.name));
	call->app.name[0] = (char)('a' + code % 4);
	if (code == 0xdf)
		fuzz_bytes(&f.in, call->app.name, sizeof(call->app.name));
}

static void answer_done(struct minkhost_call *call, uint8_t code)
{
	call->answer = MINKHOST_DONE;
	call->result = code < 0xc0 ? 0 : (int32_t)fuzz_number(&f.in);
	/* Nothing comes out, or whatever the input says. */
	for (uint32_t i = QTEE_MSG_FIRST_OB(call->counts); i < QTEE_MSG_NUM_ARGS(call->counts); i++)
		call->args[i] = (struct minkhost_arg){ 0 };
	if (code & 1)
		odd_args(call);
}

static void answer_request(struct minkhost_call *call)
{
	call->answer = MINKHOST_REQUEST;
	call->request = 1 + fuzz_u8(&f.in) % 4;
	call->target = (uint32_t)fuzz_number(&f.in);
	call->method = (uint32_t)fuzz_number(&f.in);
	call->counts = (uint32_t)fuzz_number(&f.in);
	odd_args(call);
	call->n_released = fuzz_u8(&f.in) & 3;
	for (uint32_t i = 0; i < call->n_released; i++)
		call->released[i] = fuzz_u8(&f.in);
	if (call->n_released == 3)
		call->n_released = (uint32_t)fuzz_number(&f.in);
}

int __wrap_lane_call(struct lane *lane)
{
	struct minkhost_call *call = lane_data(lane);
	struct host *host = host_of(lane);
	uint8_t code = fuzz_u8(&f.in);

	if (host->dead || lane_closed(lane))
		return -EPIPE;
	take_mapping(host, call);
	if (call->op == MINKHOST_OP_CALL)
		host->n_requests = 0;
	if (code == 0xff) {
		host->dead = true;
		return -EPIPE;
	}
	if (code == 0xfe) {
		fuzz_bytes(&f.in, call, sizeof(*call));
		call->answer = MINKHOST_DONE;
	} else if (call->op == MINKHOST_OP_LOAD) {
		answer_load(call);
	} else if (code >= 0xa0 && ++host->n_requests < MAX_REQUESTS) {
		host->window[code] = code;
		answer_request(call);
	} else {
		answer_done(call, code);
	}
	return 0;
}

/* --- ids --- */

static void own(uint32_t id)
{
	if (id == 0 || id & QTEE_MSG_OBJECT_NS_BIT)
		return;
	/* What does not fit is given back at once. */
	if (f.n_ids < MAX_IDS)
		f.ids[f.n_ids++] = id;
	else
		FUZZ_CHECK(export_release(&f.world->exports, id) == 0);
}

static uint32_t pick_id(void)
{
	uint8_t code = fuzz_u8(&f.in);

	if (code < 0x10)
		return QTEE_MSG_OBJECT_ROOT;
	if (code < 0xa0 && f.n_ids)
		return f.ids[code % f.n_ids];
	if (code < 0xe0)
		return QTEE_MSG_OBJECT_NS_FIRST + code;
	return (uint32_t)fuzz_number(&f.in);
}

/* --- SMCs --- */

static void after_smc(unsigned int n, const struct smc_regs *out)
{
	struct qtee_msg_invoke *msg = odd_machine_va(IN_PA(n), IN_SIZE);
	struct qtee_msg_callback *cb = odd_machine_va(OUT_PA(n), MACHINE_PAGE);

	f.suspended[n] = (int32_t)out->a[0] == 0 && out->a[1] == QTEE_SMC_RSP_CALLBACK;
	if (f.suspended[n]) {
		FUZZ_CHECK(QTEE_MSG_NUM_ARGS(cb->counts) <= QTEE_MSG_ARGS_MAX);
		FUZZ_CHECK(cb->cxt & QTEE_MSG_OBJECT_NS_BIT);
		for (uint32_t i = QTEE_MSG_FIRST_IO(cb->counts);
		     i < QTEE_MSG_FIRST_OO(cb->counts); i++)
			own(cb->args[i].o.id);
	} else if ((int32_t)out->a[0] == 0 && (int32_t)out->a[2] == 0) {
		for (uint32_t i = QTEE_MSG_FIRST_OO(f.counts[n]);
		     i < QTEE_MSG_NUM_ARGS(f.counts[n]); i++)
			own(msg->args[i].o.id);
	}
}

static void invoke(unsigned int n, uint64_t in_pa)
{
	struct smc_regs in = { .a = {
		QTEE_SMC_INVOKE, QTEE_SMC_INVOKE_ARGS, in_pa, IN_SIZE, OUT_PA(n), MACHINE_PAGE,
	} };
	uint8_t odd = fuzz_u8(&f.in);
	struct smc_regs out;

	if (odd >= 0xf8)
		in.a[1 + odd % 3] = odd & 1 ? odd_machine_pick_page(&f.in) : fuzz_number(&f.in);
	call_smc(f.world, &f.cpu, &in, &out);
	/* Where else its results went is not looked at. */
	if (in.a[2] != IN_PA(n))
		f.counts[n] = 0;
	after_smc(n, &out);
}

static void answer(unsigned int n)
{
	struct smc_regs in = { .a = {
		QTEE_SMC_CB_RSP, QTEE_SMC_CB_RSP_ARGS, OUT_PA(n), MACHINE_PAGE,
	} };
	struct qtee_msg_callback *cb = odd_machine_va(OUT_PA(n), MACHINE_PAGE);
	const uint32_t counts = cb->counts;
	uint8_t code = fuzz_u8(&f.in);
	struct smc_regs out;

	cb->result = code < 0x80 ? (uint32_t)QTEE_ERROR_UNAVAIL : code < 0xf0 ? 0 :
		     (uint32_t)fuzz_number(&f.in);
	for (uint32_t i = 0; cb->result == 0 && i < QTEE_MSG_NUM_ARGS(counts); i++) {
		union qtee_msg_arg *arg = &cb->args[i];

		if (i >= QTEE_MSG_FIRST_OO(counts)) {
			arg->o.id = pick_id();
		} else if (i >= QTEE_MSG_FIRST_OB(counts) && i < QTEE_MSG_FIRST_IO(counts)) {
			uint8_t how = fuzz_u8(&f.in);
			/* A step may have written over the message. */
			bool inside = arg->b.offset <= MACHINE_PAGE &&
				      arg->b.size <= MACHINE_PAGE - arg->b.offset;

			/* An address, a length or text as they are asked for here */
			if (inside && arg->b.size >= 20) {
				uint64_t words[3] = { odd_machine_pick_page(&f.in),
						      MACHINE_PAGE, 6 };

				memcpy((uint8_t *)cb + arg->b.offset, words, 20);
			} else if (inside && arg->b.size) {
				fuzz_bytes(&f.in, (uint8_t *)cb + arg->b.offset,
					   how < arg->b.size ? how : arg->b.size);
			}
			if (how >= 0xe0)
				arg->b.size = (uint32_t)fuzz_number(&f.in);
		}
	}
	call_smc(f.world, &f.cpu, &in, &out);
	if ((int32_t)out.a[0] == 0)
		after_smc(n, &out);
}

/* A message that is right but for what the input says */
static void make_message(unsigned int n, uint32_t target, uint32_t op, uint32_t counts)
{
	uint8_t *buf = odd_machine_va(IN_PA(n), IN_SIZE);
	struct qtee_msg_invoke *msg = (struct qtee_msg_invoke *)buf;
	uint32_t used = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(counts));

	memset(buf, 0, IN_SIZE);
	msg->cxt = target;
	msg->op = op;
	msg->counts = counts;
	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(counts); i++) {
		uint32_t size = fuzz_u8(&f.in);

		if (size >= 0xf0)
			size = (uint32_t)fuzz_number(&f.in);
		msg->args[i].b = (struct qtee_msg_buffer){ used, size };
		if (i < QTEE_MSG_FIRST_OB(counts) && size <= 64)
			fuzz_bytes(&f.in, buf + used, size);
		used = (uint32_t)QTEE_MSG_ALIGN_UP(used + size) % IN_SIZE;
	}
	for (uint32_t i = QTEE_MSG_FIRST_IO(counts); i < QTEE_MSG_FIRST_OO(counts); i++)
		msg->args[i].o.id = pick_id();
	if (fuzz_u8(&f.in) >= 0xf0)
		fuzz_bytes(&f.in, buf + fuzz_u8(&f.in), 8);
	f.counts[n] = msg->counts;
}

static void step_invoke(unsigned int n)
{
	uint32_t target = pick_id();
	uint32_t op = (uint32_t)fuzz_number(&f.in);
	uint32_t counts = fuzz_u8(&f.in);

	counts = counts < 0xc0 ? (counts & 3) | (counts >> 2 & 3) << 4 | (counts >> 4 & 3) << 8 |
					 (counts >> 1 & 1) << 12 :
				 (uint32_t)fuzz_number(&f.in);
	make_message(n, target, op, counts);
	invoke(n, IN_PA(n));
}

/* What clients do, so that the input need not find it */
static void step_usual(unsigned int n)
{
	static const uint32_t uids[] = { SERVICE_UID_DIAGNOSTICS, SERVICE_UID_APP_LOADER,
					 SERVICE_UID_GP_APP_CLIENT, QTEE_UID_FEATURE_VERSIONS };
	uint8_t what = fuzz_u8(&f.in);
	struct qtee_msg_invoke *msg = odd_machine_va(IN_PA(n), IN_SIZE);
	uint32_t last = f.n_ids ? f.ids[f.n_ids - 1] : QTEE_MSG_OBJECT_ROOT;

	memset(msg, 0, IN_SIZE);
	if (what < 0x40) {
		*msg = (struct qtee_msg_invoke){ 1, 5, QTEE_MSG_COUNTS(0, 0, 1, 1) };
	} else if (what < 0x80) {
		*msg = (struct qtee_msg_invoke){ last, 0, QTEE_MSG_COUNTS(1, 0, 0, 1) };
		msg->args[0].b = (struct qtee_msg_buffer){ 32, 4 };
		memcpy((uint8_t *)msg + 32, &uids[what % 4], 4);
	} else if (what < 0xc0) {
		*msg = (struct qtee_msg_invoke){ last, what & 2, QTEE_MSG_COUNTS(1, 0, 0, 1) };
		msg->args[0].b = (struct qtee_msg_buffer){ 32, 8 };
	} else {
		*msg = (struct qtee_msg_invoke){ last, what % 8, QTEE_MSG_COUNTS(0, 0, 0, 1) };
	}
	f.counts[n] = msg->counts;
	invoke(n, IN_PA(n));
}

static void step_credentials(void)
{
	struct credentials_info info;
	uint8_t data[256];
	size_t size = fuzz_u8(&f.in);

	fuzz_bytes(&f.in, data, size);
	(void)credentials_parse(data, size, &info);
}

static void step_release(unsigned int n)
{
	unsigned int i = f.n_ids ? fuzz_below(&f.in, f.n_ids) : 0;

	if (!f.n_ids)
		return;
	make_message(n, f.ids[i], QTEE_MSG_OP_RELEASE, 0);
	f.ids[i] = f.ids[--f.n_ids];
	invoke(n, IN_PA(n));
}

static void run_step(void)
{
	uint8_t code = fuzz_u8(&f.in);
	unsigned int n = code >> 4 & 3;
	struct smc_regs in, out;

	switch (code & 15) {
	case 0:
		step_credentials();
		break;
	case 1:
	case 2:
		if (f.suspended[n])
			answer(n);
		else
			step_usual(n);
		break;
	case 3:
		if (!f.suspended[n])
			step_release(n);
		break;
	case 4:
		/* While it is suspended, too */
		fuzz_bytes(&f.in, odd_machine_va(f.suspended[n] ? OUT_PA(n) : IN_PA(n), 64), 64);
		break;
	case 5:
		fuzz_bytes(&f.in, &in, sizeof(in));
		in.a[0] = fuzz_u8(&f.in) & 1 ? QTEE_SMC_CB_RSP : in.a[0];
		/* Not the suspended ones, whose end we wait for. */
		in.a[2] |= 1;
		call_smc(f.world, &f.cpu, &in, &out);
		break;
	default:
		if (f.suspended[n])
			answer(n);
		else
			step_invoke(n);
		break;
	}
}

static void end_calls(void)
{
	bool any = true;

	for (int i = 0; any; i++) {
		FUZZ_CHECK(i < MAX_ANSWERS);
		any = false;
		for (unsigned int n = 0; n < N_CALLS; n++) {
			if (f.suspended[n]) {
				answer(n);
				any = true;
			}
		}
	}
}

/* The lowest descriptor that is free */
static int free_fd(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

/* All that there are, however often they were retained; and what TAs did in the end. */
static void release_ids(void)
{
	f.n_ids = 0;
	for (uint32_t id = QTEE_MSG_OBJECT_TEE_FIRST; id <= f.world->exports.last_id; id++) {
		while (export_release(&f.world->exports, id) == 0)
			;
	}
	/* A call buries the dead and takes the last releases along. */
	for (int i = 0; i < 3; i++) {
		make_message(0, QTEE_MSG_OBJECT_ROOT, QTEE_CLIENT_ENV_OP_NOTIFY_DOMAIN_CHANGE, 0);
		invoke(0, IN_PA(0));
		end_calls();
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a normal world provokes in the log is not what we are after. */
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	odd_machine_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qtee_world_config config = { .minkhost = "none" };
	int fd = free_fd();

	memset(&f, 0, sizeof(f));
	f.in = (struct fuzz_in){ .p = data, .left = size };
	odd_machine_start(&f.in, N_CALLS, &config.control_fd, &config.memory_fd);
	FUZZ_CHECK(qtee_world_new(&config, &f.world) == 0);

	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++)
		run_step();
	f.in.left = 0;
	end_calls();
	do {
		release_ids();
	} while (f.n_ids);
	FUZZ_CHECK(call_pool_count(&f.world->calls) == 0);
	FUZZ_CHECK(export_count(&f.world->exports) == 0);
	FUZZ_CHECK(f.world->releases.n_proxies == 0);

	qtee_world_free(f.world);
	end_hosts();
	odd_machine_end();
	FUZZ_CHECK(free_fd() == fd);
	return 0;
}
