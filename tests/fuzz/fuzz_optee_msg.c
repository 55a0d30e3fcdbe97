/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the OP-TEE world below a normal world, and above TA hosts, that
 * cannot be trusted
 *
 * The input is a program of SMCs: calls with messages that are mostly well formed,
 * answers to the requests of calls that are suspended, in any order, changes of
 * memory in between. It also says what the machine answers (odd_machine.h) and what
 * TA hosts do (odd_tahost.h). At the end every call is led to its end; then the
 * world goes and must leave nothing.
 */
#include <elf.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "base/log.h"
#include "fuzz.h"
#include "odd_machine.h"
#include "odd_tahost.h"
#include "secure/optee/user_ta.h"
#include "secure/optee/world.h"

#define MAX_STEPS 64
#define N_THREADS 3u
/* Requests that are answered before a call must have come to its end */
#define MAX_ANSWERS 4000

/* RAM: a page for each message, then page lists, then buffers */
#define MSG_PAGE(n) (MACHINE_RAM_PA + (n) * MACHINE_PAGE)
#define LIST_PAGE 16u
#define RPC_LIST_PAGE 24u
#define RPC_MSG_PAGE 32u

#define MAX_COOKIES 8
#define MAX_SESSIONS 8

/* A call that waits for the answer to a request */
struct call {
	bool suspended;
	uint32_t info;			/* a3 */
	struct smc_regs out;
	struct optee_msg_arg *msg;
	uint64_t rpc_pa;		/* of its requests; 0: not known yet */
};

struct buffer {
	uint64_t cookie;
	uint64_t pa;			/* of the first page */
};

static struct {
	struct fuzz_in in;
	uint64_t now_ms;
	struct optee_world *world;
	struct cpu cpu;
	struct call calls[N_THREADS];
	struct buffer buffers[MAX_COOKIES];
	uint64_t last_cookie;
	uint32_t sessions[MAX_SESSIONS];
	unsigned int n_sessions;
	uint64_t image_pa;		/* of the buffer for an image */
} f;

static const uint8_t uuids[][16] = {
	{ 0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
	  0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8 },
	{ 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21, 0xe3,
	  0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b },
	{ 1 }, { 2 }, { 3 },
};

/* --- time: a millisecond passes each time somebody looks --- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	f.now_ms++;
	ts->tv_sec = (time_t)(f.now_ms / 1000);
	ts->tv_nsec = (long)(f.now_ms % 1000) * 1000000;
	return 0;
}

/* --- messages --- */

static uint64_t pick_cookie(void)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xe0 ? f.buffers[code % MAX_COOKIES].cookie : fuzz_number(&f.in);
}

static void note_buffer(uint64_t cookie, uint64_t pa)
{
	f.buffers[f.last_cookie++ % MAX_COOKIES] = (struct buffer){ cookie, pa };
}

static uint64_t pick_size(void)
{
	uint64_t n = fuzz_number(&f.in);

	return fuzz_u8(&f.in) & 1 ? n * MACHINE_PAGE : n;
}

/* A page list and the size that it is for; the first page is the one listed first. */
static void make_noncontig(struct optee_msg_param_tmem *tmem, uint32_t list_page)
{
	uint64_t offset = fuzz_u8(&f.in) & 1 ? fuzz_u16(&f.in) & 0xfff : 0;
	uint64_t *first = odd_machine_va(MACHINE_RAM_PA + list_page * MACHINE_PAGE, 8);

	tmem->size = pick_size();
	tmem->buf_ptr = odd_machine_page_list(&f.in, list_page, offset, tmem->size);
	tmem->shm_ref = 0x100 + f.last_cookie;
	note_buffer(tmem->shm_ref, *first);
}

static void make_param(struct optee_msg_param *p, uint32_t list_page)
{
	uint8_t type = fuzz_u8(&f.in);

	*p = (struct optee_msg_param){ .attr = type & 15 };
	if (type & 0x40)
		p->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	if (type >= 0xf8)
		p->attr = fuzz_number(&f.in);
	switch (type & 0x4f) {
	case 0:
	case 0x40:
		break;
	case 0x40 | OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case 0x40 | OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case 0x40 | OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		make_noncontig(&p->u.tmem, list_page);
		break;
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		p->u.tmem.buf_ptr = fuzz_u8(&f.in) & 1 ? odd_machine_pick_page(&f.in) : 0;
		p->u.tmem.size = fuzz_u8(&f.in) & 1 ? fuzz_number(&f.in) : 0;
		break;
	default:
		p->u.rmem.offs = fuzz_number(&f.in);
		p->u.rmem.size = fuzz_number(&f.in);
		p->u.rmem.shm_ref = pick_cookie();
		break;
	}
}

static void make_params(struct optee_msg_arg *msg, uint32_t first, uint32_t max)
{
	uint32_t n = fuzz_u8(&f.in) % (max + 1);

	for (uint32_t i = 0; i < n; i++)
		make_param(&msg->params[first + i], LIST_PAGE + i);
	msg->num_params = first + n;
}

static void make_open(struct optee_msg_arg *msg)
{
	static const uint32_t logins[] = {
		OPTEE_MSG_LOGIN_PUBLIC, OPTEE_MSG_LOGIN_USER, OPTEE_MSG_LOGIN_GROUP,
		OPTEE_MSG_LOGIN_REE_KERNEL, OPTEE_MSG_LOGIN_TRUSTED_APP, 3,
	};
	uint8_t code = fuzz_u8(&f.in);

	msg->cmd = OPTEE_MSG_CMD_OPEN_SESSION;
	make_params(msg, 2, 5);
	for (uint32_t i = 0; i < 2; i++)
		msg->params[i].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	memcpy(msg->params[0].u.octets, uuids[code % (sizeof(uuids) / sizeof(uuids[0]))], 16);
	msg->params[1].u.value.c = logins[(code >> 4) % (sizeof(logins) / sizeof(logins[0]))];
	if (code >= 0xf8)
		msg->params[code & 1].attr = fuzz_number(&f.in);
}

static uint32_t pick_session(void)
{
	uint8_t code = fuzz_u8(&f.in);

	return code < 0xf0 ? f.sessions[code % MAX_SESSIONS] : (uint32_t)fuzz_number(&f.in);
}

static void make_register(struct optee_msg_arg *msg)
{
	struct optee_msg_param *p = &msg->params[0];

	msg->cmd = OPTEE_MSG_CMD_REGISTER_SHM;
	msg->num_params = 1;
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	make_noncontig(&p->u.tmem, LIST_PAGE);
	if (fuzz_u8(&f.in) >= 0xf0)
		p->u.tmem.shm_ref = pick_cookie();
}

static void make_message(struct optee_msg_arg *msg)
{
	uint8_t code = fuzz_u8(&f.in);

	memset(msg, 0, MACHINE_PAGE);
	msg->session = pick_session();
	switch (code % 8) {
	case 0:
	case 1:
		msg->cmd = OPTEE_MSG_CMD_INVOKE_COMMAND;
		msg->func = fuzz_u8(&f.in) % 14;
		make_params(msg, 0, 5);
		break;
	case 2:
	case 3:
		make_open(msg);
		break;
	case 4:
		make_register(msg);
		break;
	case 5:
		msg->cmd = OPTEE_MSG_CMD_UNREGISTER_SHM;
		msg->num_params = 1;
		msg->params[0].attr = OPTEE_MSG_ATTR_TYPE_RMEM_INPUT;
		msg->params[0].u.rmem.shm_ref = pick_cookie();
		break;
	case 6:
		msg->cmd = code & 8 ? OPTEE_MSG_CMD_CANCEL : OPTEE_MSG_CMD_CLOSE_SESSION;
		break;
	default:
		msg->cmd = (uint32_t)fuzz_number(&f.in);
		make_params(msg, 0, 8);
		break;
	}
	if (code >= 0xf0)
		msg->num_params = (uint32_t)fuzz_number(&f.in);
	/* The test service counts as far as it is told: not for ever, here. */
	for (uint32_t i = 0; i < 4; i++)
		msg->params[i].u.value.b &= msg->func == 7 ? 0xfff : UINT64_MAX;
}

/* --- calls --- */

static void set_pair(struct smc_regs *regs, unsigned int hi, uint64_t value)
{
	regs->a[hi] = value >> 32;
	regs->a[hi + 1] = (uint32_t)value;
}

static void call_ended(struct call *call)
{
	call->suspended = false;
	if (call->out.a[0] == OPTEE_SMC_RETURN_OK &&
	    call->msg->cmd == OPTEE_MSG_CMD_OPEN_SESSION && call->msg->ret == TEE_R_SUCCESS)
		f.sessions[f.n_sessions++ % MAX_SESSIONS] = call->msg->session;
}

static void smc(struct call *call, const struct smc_regs *in)
{
	optee_world_smc(f.world, &f.cpu, in, &call->out);
	if (OPTEE_SMC_RETURN_IS_RPC((uint32_t)call->out.a[0])) {
		call->suspended = true;
		call->info = (uint32_t)call->out.a[3];
	} else {
		call_ended(call);
	}
}

/* A registered buffer whose message is in its first page */
static void regd_arg(struct smc_regs *in, struct call *call)
{
	const struct buffer *buffer = &f.buffers[fuzz_below(&f.in, MAX_COOKIES)];
	struct optee_msg_arg *msg = NULL;
	uint32_t offset = fuzz_u8(&f.in) & 1 ? (uint32_t)fuzz_number(&f.in) : 0;

	in->a[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
	set_pair(in, 1, buffer->cookie);
	in->a[3] = offset;
	if (buffer->pa % MACHINE_PAGE == 0)
		msg = odd_machine_va(buffer->pa, MACHINE_PAGE);
	if (!msg)
		return;
	make_message(msg);
	/*
	 * Two calls that wait for each other's memory to be let go of would wait for
	 * ever, which is nobody's loss but the normal world's.
	 */
	if (msg->cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		msg->cmd = OPTEE_MSG_CMD_CANCEL;
	call->msg = msg;
	if (!offset && msg->num_params <= OPTEE_MSG_MAX_NUM_PARAMS)
		call->rpc_pa = buffer->pa + OPTEE_MSG_GET_ARG_SIZE(msg->num_params);
}

static void start_call(uint8_t how)
{
	unsigned int n = 0;
	struct smc_regs in = { .a = { OPTEE_SMC_CALL_WITH_RPC_ARG } };
	struct call *call;

	while (n < N_THREADS && f.calls[n].suspended)
		n++;
	if (n == N_THREADS)
		return;
	call = &f.calls[n];
	*call = (struct call){ .msg = odd_machine_va(MSG_PAGE(n), MACHINE_PAGE) };
	if (how % 4 == 3) {
		regd_arg(&in, call);
	} else {
		make_message(call->msg);
		set_pair(&in, 1, MSG_PAGE(n));
		if (how % 4 == 2)
			in.a[0] = OPTEE_SMC_CALL_WITH_ARG;
		else if (call->msg->num_params <= OPTEE_MSG_MAX_NUM_PARAMS)
			call->rpc_pa = MSG_PAGE(n) +
				       OPTEE_MSG_GET_ARG_SIZE(call->msg->num_params);
	}
	if (how >= 0xf8)
		in.a[1 + how % 3] = fuzz_number(&f.in);
	smc(call, &in);
}

/* --- answers --- */

static void answer_shm_alloc(struct optee_msg_param *p)
{
	uint64_t asked = p->u.value.b;
	uint64_t pa = odd_machine_pick_page(&f.in);
	uint8_t how = fuzz_u8(&f.in);

	if (how & 1) {
		/* What was asked for, in one piece */
		struct optee_msg_page_list *list =
			odd_machine_va(MACHINE_RAM_PA + RPC_LIST_PAGE * MACHINE_PAGE,
				       sizeof(*list));

		for (uint64_t i = 0; i < OPTEE_MSG_PAGES_PER_LIST; i++)
			list->pages[i] = pa + i * MACHINE_PAGE;
		p->u.tmem.buf_ptr = MACHINE_RAM_PA + RPC_LIST_PAGE * MACHINE_PAGE;
		p->u.tmem.size = asked;
		f.image_pa = pa;
	} else {
		make_noncontig(&p->u.tmem, RPC_LIST_PAGE);
	}
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT;
	if ((how & 6) != 6)
		p->attr |= OPTEE_MSG_ATTR_NONCONTIG;
	if ((how & 0xf8) == 0xf8)
		p->attr = fuzz_number(&f.in);
	p->u.tmem.shm_ref = fuzz_u8(&f.in);
}

/* First its size; then a header that passes, in the buffer that was lent for it. */
static void answer_load_ta(struct optee_msg_param *p)
{
	static const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN,
#if defined(__x86_64__)
		.e_machine = EM_X86_64,
#elif defined(__aarch64__)
		.e_machine = EM_AARCH64,
#else
		.e_machine = EM_RISCV,
#endif
	};
	uint8_t *va = odd_machine_va(f.image_pa, sizeof(header));
	uint8_t how = fuzz_u8(&f.in);

	if (p->attr == OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT || (how & 1))
		p->u.tmem.size = how & 2 ? fuzz_number(&f.in) : sizeof(header);
	if (va)
		memcpy(va, &header, sizeof(header));
	if (va && (how & 0xf0) == 0xf0) {
		va += fuzz_u8(&f.in) % sizeof(header);
		*va = fuzz_u8(&f.in);
	}
}

/* A handle, and how much was read */
static void answer_fs(struct optee_msg_param *params)
{
	if (params[2].attr == OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT)
		params[2].u.value.a = fuzz_number(&f.in);
	if (params[1].attr == OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT && fuzz_u8(&f.in) & 1)
		params[1].u.rmem.size = fuzz_number(&f.in);
}

static void answer_cmd(struct call *call)
{
	struct optee_msg_arg *msg = odd_machine_va(call->rpc_pa, OPTEE_MSG_GET_ARG_SIZE(4));
	uint8_t result = fuzz_u8(&f.in);

	/* It may have been written over meanwhile: nothing to be sure of. */
	if (!call->rpc_pa || !msg)
		return;
	msg->ret = result < 0xe0 ? TEE_R_SUCCESS : (uint32_t)fuzz_number(&f.in);
	switch (msg->cmd) {
	case OPTEE_RPC_CMD_SHM_ALLOC:
		answer_shm_alloc(&msg->params[0]);
		break;
	case OPTEE_RPC_CMD_LOAD_TA:
		answer_load_ta(&msg->params[1]);
		break;
	case OPTEE_RPC_CMD_GET_TIME:
		msg->params[0].u.value.a = fuzz_number(&f.in);
		msg->params[0].u.value.b = fuzz_number(&f.in);
		break;
	case OPTEE_RPC_CMD_NOTIFICATION:
	case OPTEE_RPC_CMD_SUSPEND:
		/* A wait that is refused costs a millisecond. */
		msg->ret = TEE_R_SUCCESS;
		break;
	case OPTEE_RPC_CMD_FS:
		answer_fs(msg->params);
		break;
	default:
		break;
	}
	if (result == 0xff)
		fuzz_bytes(&f.in, msg, OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS));
}

static void answer_alloc(struct call *call, struct smc_regs *in)
{
	uint8_t how = fuzz_u8(&f.in);
	uint64_t pa = MACHINE_RAM_PA + RPC_MSG_PAGE * MACHINE_PAGE +
		      (uint64_t)(call - f.calls) * MACHINE_PAGE;

	if (how >= 0xf0)
		pa = fuzz_number(&f.in);
	else if (how >= 0x80)
		pa = odd_machine_pick_page(&f.in);
	set_pair(in, 1, pa);
	set_pair(in, 4, fuzz_u8(&f.in));
	call->rpc_pa = pa % MACHINE_PAGE ? 0 : pa;
}

static void resume(struct call *call)
{
	struct smc_regs in = call->out;
	uint8_t how = fuzz_u8(&f.in);

	in.a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;
	switch (OPTEE_SMC_RETURN_RPC_FUNC((uint32_t)call->out.a[0])) {
	case OPTEE_SMC_RPC_FUNC_ALLOC:
		answer_alloc(call, &in);
		break;
	case OPTEE_SMC_RPC_FUNC_CMD:
		answer_cmd(call);
		break;
	case OPTEE_SMC_RPC_FUNC_FREE:
		break;
	default:
		FUZZ_CHECK(!"a request that there is");
	}
	if (how == 0xff) {
		unsigned int n = fuzz_below(&f.in, 8);

		in.a[n] = fuzz_number(&f.in);
	}
	if (in.a[0] == OPTEE_SMC_CALL_RETURN_FROM_RPC && (uint32_t)in.a[3] == call->info) {
		smc(call, &in);
	} else {
		struct smc_regs out;

		/* Somebody else's thread, or none: nothing may come of it. */
		in.a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;
		for (unsigned int n = 0; n < N_THREADS; n++) {
			if (f.calls[n].suspended && f.calls[n].info == (uint32_t)in.a[3])
				return;
		}
		optee_world_smc(f.world, &f.cpu, &in, &out);
		FUZZ_CHECK(out.a[0] == OPTEE_SMC_RETURN_ERESUME);
	}
}

/* --- programs --- */

static void fast_call(void)
{
	static const uint32_t funcs[] = {
		OPTEE_SMC_CALLS_COUNT, OPTEE_SMC_CALLS_UID, OPTEE_SMC_CALLS_REVISION,
		OPTEE_SMC_CALL_GET_OS_UUID, OPTEE_SMC_CALL_GET_OS_REVISION,
		OPTEE_SMC_GET_SHM_CONFIG, OPTEE_SMC_EXCHANGE_CAPABILITIES,
		OPTEE_SMC_DISABLE_SHM_CACHE, OPTEE_SMC_ENABLE_SHM_CACHE,
		OPTEE_SMC_GET_THREAD_COUNT, OPTEE_SMC_ENABLE_ASYNC_NOTIF,
	};
	uint8_t code = fuzz_u8(&f.in);
	struct smc_regs in = { .a = { 0 } };
	struct smc_regs out;

	in.a[0] = code < 0xc0 ? funcs[code % (sizeof(funcs) / sizeof(funcs[0]))] :
				SMCCC_FAST_CALL | fuzz_u32(&f.in);
	in.a[1] = fuzz_u8(&f.in);
	optee_world_smc(f.world, &f.cpu, &in, &out);
}

static void scribble(void)
{
	uint64_t pa = odd_machine_pick_page(&f.in) & ~7ull;
	uint64_t *at = odd_machine_va(pa + (fuzz_u16(&f.in) & 0xff8), sizeof(*at));
	uint64_t value = fuzz_number(&f.in);

	if (at)
		*at = value;
}

static void host_dies(void)
{
	int n = odd_tahost_kill();

	if (n >= 0)
		ta_manager_host_died(&f.world->tas, f.world, FIRST_HOST_SERIAL + (uint64_t)n);
}

static void run_step(void)
{
	uint8_t op = fuzz_u8(&f.in);
	struct call *call;

	switch (op % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		start_call(fuzz_u8(&f.in));
		break;
	case 13:
		fast_call();
		break;
	case 14:
		scribble();
		break;
	case 15:
		host_dies();
		break;
	default:
		call = &f.calls[(op >> 4) % N_THREADS];
		if (call->suspended)
			resume(call);
		break;
	}
}

/*
 * What is left of the input, and after that the plainest answers: nothing is to be
 * had, everybody is woken.
 */
static void end_calls(void)
{
	bool any = true;

	for (int i = 0; any; i++) {
		FUZZ_CHECK(i < MAX_ANSWERS);
		any = false;
		for (unsigned int n = 0; n < N_THREADS; n++) {
			if (f.calls[n].suspended) {
				resume(&f.calls[n]);
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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a normal world provokes in the log is not what we are after. */
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	odd_machine_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct optee_world_config config = { .tahost = "none" };
	int fd = free_fd();

	memset(&f, 0, sizeof(f));
	f.in = (struct fuzz_in){ .p = data, .left = size };
	odd_machine_start(&f.in, N_THREADS, &config.control_fd, &config.memory_fd);
	odd_tahost_start(&f.in);
	FUZZ_CHECK(optee_world_new(&config, &f.world) == 0);

	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++)
		run_step();
	end_calls();
	FUZZ_CHECK(thread_pool_is_idle(&f.world->threads));

	optee_world_free(f.world);
	odd_tahost_end();
	odd_machine_end();
	FUZZ_CHECK(free_fd() == fd);
	return 0;
}
