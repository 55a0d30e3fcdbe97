/* SPDX-License-Identifier: BSD-2-Clause */
#include "odd_world.h"

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "platform_fuzz.h"

#define MAX_THREADS 6
/* Requests during one call, and how deep calls may nest by them */
#define MAX_RPCS 24
#define MAX_DEPTH 3
/* Waits of a millisecond in one input */
#define MAX_WAITS 3
#define MAX_KNOWN 128
#define MAX_COOKIES 16
#define MAX_SESSIONS 64
#define MAX_PARAMS 6

#define NONCONTIG_OUTPUT (OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG)
#define META_VALUE (OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META)

enum request {
	REQUEST_NONE,
	REQUEST_ALLOC,		/* by SMC */
	REQUEST_SHM_ALLOC,	/* by message, well formed */
	REQUEST_OTHER,
};

struct thread {
	bool used;
	unsigned int n_rpcs;
	struct optee_msg_arg *msg;
	uint64_t rpc_pa;	/* room for its requests, 0 for none */
	uint64_t rpc_cookie;	/* which it got by a request, or 0 */
	enum request request;
	uint64_t asked;		/* bytes */
	uint64_t a3, a6, a7;
};

/* A buffer by cookie: registered, or lent during a call */
struct buffer {
	uint64_t cookie;
	uint64_t pa;
	uint64_t size;
};

static struct {
	struct smc_conduit conduit;
	struct fuzz_in *in;
	bool high_halves;	/* of registers are not 0 */
	bool nested;
	unsigned int n_waits;
	unsigned int n_threads;
	struct thread threads[MAX_THREADS];
	struct buffer known[MAX_KNOWN];
	struct buffer refused[MAX_KNOWN];
	unsigned int n_refused;
	struct buffer cookies[MAX_COOKIES];
	unsigned int n_cookies;
	uint32_t sessions[MAX_SESSIONS];
	unsigned int n_sessions;
} w;

/* --- what it knows --- */

static struct buffer *find(struct buffer buffers[MAX_KNOWN], uint64_t cookie)
{
	for (size_t i = 0; i < MAX_KNOWN; i++) {
		if (buffers[i].cookie == cookie)
			return &buffers[i];
	}
	return NULL;
}

static struct buffer *find_known(uint64_t cookie)
{
	return find(w.known, cookie);
}

static void note_cookie(uint64_t cookie, uint64_t pa, uint64_t size)
{
	w.cookies[w.n_cookies++ % MAX_COOKIES] =
		(struct buffer){ .cookie = cookie, .pa = pa, .size = size };
}

static const struct buffer *pick_buffer(void)
{
	return &w.cookies[fuzz_below(w.in, MAX_COOKIES)];
}

static uint64_t pick_cookie(void)
{
	uint8_t code = fuzz_u8(w.in);

	return code < 0xd0 ? w.cookies[code % MAX_COOKIES].cookie : fuzz_number(w.in);
}

static bool knows_session(uint32_t id)
{
	if (w.n_sessions > MAX_SESSIONS)
		return true;
	for (unsigned int i = 0; i < w.n_sessions; i++) {
		if (w.sessions[i] == id)
			return true;
	}
	return false;
}

/* Every page is there; the address of the first byte. */
static uint64_t check_page_list(uint64_t buf_ptr, uint64_t size)
{
	uint64_t offset = buf_ptr & (OPTEE_MSG_NONCONTIG_PAGE_SIZE - 1);
	uint64_t at = buf_ptr - offset;
	uint64_t n_pages, first = 0;

	FUZZ_CHECK(size > 0 && size < UINT64_MAX - 2 * OPTEE_MSG_NONCONTIG_PAGE_SIZE);
	n_pages = (size + offset - 1) / OPTEE_MSG_NONCONTIG_PAGE_SIZE + 1;
	for (uint64_t n = 0; n < n_pages;) {
		const struct optee_msg_page_list *list = platform_fuzz_va(at, sizeof(*list));

		FUZZ_CHECK(list != NULL);
		for (size_t i = 0; i < OPTEE_MSG_PAGES_PER_LIST && n < n_pages; i++, n++) {
			FUZZ_CHECK(list->pages[i] % OPTEE_MSG_NONCONTIG_PAGE_SIZE == 0);
			FUZZ_CHECK(platform_fuzz_va(list->pages[i],
						    OPTEE_MSG_NONCONTIG_PAGE_SIZE) != NULL);
			first = first ? first : list->pages[i] + offset;
		}
		at = list->next;
	}
	return first;
}

/* --- messages that come --- */

static void check_param(const struct optee_msg_param *p)
{
	const struct buffer *buffer;

	switch (p->attr) {
	case OPTEE_MSG_ATTR_TYPE_NONE:
	case OPTEE_MSG_ATTR_TYPE_VALUE_INPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_INOUT:
		break;
	case OPTEE_MSG_ATTR_TYPE_RMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_INOUT:
		buffer = find_known(p->u.rmem.shm_ref);
		/* It told the driver that it refuses it; the call will fail. */
		if (!buffer)
			buffer = find(w.refused, p->u.rmem.shm_ref);
		FUZZ_CHECK(p->u.rmem.shm_ref && buffer);
		FUZZ_CHECK(p->u.rmem.offs <= buffer->size &&
			   p->u.rmem.size <= buffer->size - p->u.rmem.offs);
		break;
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		FUZZ_CHECK(!p->u.tmem.buf_ptr && !p->u.tmem.shm_ref);
		break;
	default:
		FUZZ_CHECK(!"a parameter of a type that there is");
	}
}

static void check_message(const struct optee_msg_arg *msg)
{
	uint32_t first = 0;

	FUZZ_CHECK(msg->num_params <= MAX_PARAMS);
	switch (msg->cmd) {
	case OPTEE_MSG_CMD_REGISTER_SHM:
		FUZZ_CHECK(msg->num_params == 1 && msg->params[0].attr == NONCONTIG_OUTPUT);
		FUZZ_CHECK(msg->params[0].u.tmem.shm_ref != 0);
		FUZZ_CHECK(!find_known(msg->params[0].u.tmem.shm_ref));
		return;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		FUZZ_CHECK(msg->num_params == 1);
		FUZZ_CHECK(msg->params[0].attr == OPTEE_MSG_ATTR_TYPE_RMEM_INPUT);
		FUZZ_CHECK(msg->params[0].u.rmem.shm_ref != 0);
		FUZZ_CHECK(find_known(msg->params[0].u.rmem.shm_ref) != NULL);
		return;
	case OPTEE_MSG_CMD_OPEN_SESSION:
		FUZZ_CHECK(msg->num_params >= 2 && msg->params[0].attr == META_VALUE &&
			   msg->params[1].attr == META_VALUE);
		first = 2;
		break;
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
		FUZZ_CHECK(knows_session(msg->session));
		break;
	case OPTEE_MSG_CMD_CLOSE_SESSION:
	case OPTEE_MSG_CMD_CANCEL:
		FUZZ_CHECK(knows_session(msg->session) && msg->num_params == 0);
		break;
	default:
		FUZZ_CHECK(!"a command that there is");
	}
	for (uint32_t n = first; n < msg->num_params; n++)
		check_param(&msg->params[n]);
}

/* --- the end of a call --- */

static void reply_params(struct optee_msg_arg *msg)
{
	uint32_t num_params = msg->num_params;

	for (uint32_t n = 0; n < num_params; n++) {
		struct optee_msg_param *p = &msg->params[n];
		const struct buffer *buffer = find_known(p->u.rmem.shm_ref);
		uint8_t how = fuzz_u8(w.in);

		/* It may write wherever it was let. */
		if ((how & 1) && (p->attr & ~3u) == 4 && buffer && p->u.rmem.size) {
			void *va = platform_fuzz_va(buffer->pa + p->u.rmem.offs,
						    p->u.rmem.size);

			FUZZ_CHECK(va != NULL);
			memset(va, how, p->u.rmem.size);
		}
		if (how & 2)
			p->u.value.a = fuzz_number(w.in);
		if (how & 4)
			p->u.value.b = fuzz_number(w.in);
		if (how & 8)
			p->u.value.c = fuzz_number(w.in);
		if (how & 16)
			p->attr = fuzz_number(w.in);
	}
}

static uint32_t pick_result(void)
{
	static const uint32_t results[] = {
		TEE_R_SHORT_BUFFER, TEE_R_OUT_OF_MEMORY, TEE_R_BAD_PARAMETERS, TEE_R_TARGET_DEAD,
		TEE_R_GENERIC, TEE_R_COMMUNICATION,
	};
	uint8_t code = fuzz_u8(w.in);

	if (code < 0xc0)
		return TEE_R_SUCCESS;
	if (code < 0xfc)
		return results[code % (sizeof(results) / sizeof(results[0]))];
	return fuzz_u32(w.in);
}

static void note_session(uint32_t id)
{
	if (w.n_sessions < MAX_SESSIONS)
		w.sessions[w.n_sessions] = id;
	w.n_sessions++;
}

static void reply_open(struct optee_msg_arg *msg)
{
	uint8_t code = fuzz_u8(w.in);

	msg->session = code < 0xe0 ? w.n_sessions + 1 : (uint32_t)fuzz_number(w.in);
	if (msg->ret == TEE_R_SUCCESS)
		note_session(msg->session);
	reply_params(msg);
}

/* The whole of a message as the input has it, where nothing has to be remembered. */
static bool reply_bytes(struct optee_msg_arg *msg)
{
	if (msg->cmd == OPTEE_MSG_CMD_REGISTER_SHM || msg->cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		return false;
	fuzz_bytes(w.in, msg, OPTEE_MSG_GET_ARG_SIZE(msg->num_params));
	note_session(msg->session);
	return true;
}

static void reply_register(const struct optee_msg_arg *msg)
{
	const struct optee_msg_param_tmem *tmem = &msg->params[0].u.tmem;
	struct buffer *buffer = find_known(0);
	uint64_t pa = check_page_list(tmem->buf_ptr, tmem->size);

	if (msg->ret != TEE_R_SUCCESS)
		buffer = &w.refused[w.n_refused++ % MAX_KNOWN];
	FUZZ_CHECK(buffer != NULL);
	*buffer = (struct buffer){ .cookie = tmem->shm_ref, .pa = pa, .size = tmem->size };
	note_cookie(tmem->shm_ref, pa, tmem->size);
}

/* Whatever it answers: the driver will not name it again. */
static void forget(const struct optee_msg_arg *msg)
{
	*find_known(msg->params[0].u.rmem.shm_ref) = (struct buffer){ .cookie = 0 };
}

static void finish(struct thread *t, struct smc_regs *out)
{
	struct optee_msg_arg *msg = t->msg;

	t->used = false;
	out->a[0] = OPTEE_SMC_RETURN_OK;
	if (fuzz_u8(w.in) == 0xff && reply_bytes(msg))
		return;
	msg->ret = pick_result();
	msg->ret_origin = fuzz_below(w.in, 8);
	switch (msg->cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		reply_open(msg);
		break;
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
		reply_params(msg);
		break;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		reply_register(msg);
		break;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		forget(msg);
		break;
	default:
		break;
	}
}

/* It says something that is no end and no request. */
static void give_up(struct thread *t, uint8_t code, struct smc_regs *out)
{
	t->used = false;
	if (code == 0xe8 && !t->n_rpcs && !w.nested && w.n_waits < MAX_WAITS) {
		/* The caller tries again after a moment. */
		w.n_waits++;
		out->a[0] = OPTEE_SMC_RETURN_ETHREAD_LIMIT;
		return;
	}
	if (t->msg->cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		forget(t->msg);
	if (code == 0xff)
		out->a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
	else if (code == 0xfe)
		out->a[0] = (fuzz_u32(w.in) & 0xfffeffff) | 2;
	else
		out->a[0] = 2 + code % 6;
}

/* --- requests --- */

static void rpc_param(struct optee_msg_param *p)
{
	const struct buffer *buffer;
	uint8_t type = fuzz_u8(w.in);

	*p = (struct optee_msg_param){ .attr = type & 15 };
	if (type >= 0xf8)
		p->attr |= (uint64_t)fuzz_u8(w.in) << 4;
	switch (p->attr & 15) {
	case OPTEE_MSG_ATTR_TYPE_NONE:
		break;
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		buffer = pick_buffer();
		p->u.tmem.buf_ptr = buffer->pa + fuzz_number(w.in);
		p->u.tmem.size = fuzz_number(w.in);
		p->u.tmem.shm_ref = type & 0x80 ? pick_cookie() : buffer->cookie;
		break;
	default:
		p->u.rmem.offs = fuzz_number(w.in);
		p->u.rmem.size = fuzz_number(w.in);
		p->u.rmem.shm_ref = pick_cookie();
		break;
	}
}

static void rpc_value(struct optee_msg_arg *msg, uint64_t a, uint64_t b, uint64_t c)
{
	msg->num_params = 1;
	msg->params[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
	msg->params[0].u.value.a = a;
	msg->params[0].u.value.b = b;
	msg->params[0].u.value.c = c;
}

static uint64_t pick_size(void)
{
	uint64_t n = fuzz_number(w.in);

	return fuzz_u8(w.in) & 1 ? n * OPTEE_MSG_NONCONTIG_PAGE_SIZE : n;
}

static void rpc_free_form(struct optee_msg_arg *msg, uint32_t cmd)
{
	uint8_t n = fuzz_u8(w.in);

	msg->cmd = cmd;
	msg->num_params = n < 0xf0 ? n % (OPTEE_RPC_NUM_PARAMS + 1) : (uint32_t)fuzz_number(w.in);
	for (uint32_t i = 0; i < msg->num_params && i < OPTEE_RPC_NUM_PARAMS; i++)
		rpc_param(&msg->params[i]);
}

/* Nobody else is there who would end a wait: it is short, and rare. */
static void keep_waits_short(struct optee_msg_arg *msg)
{
	struct optee_msg_param_value *v = &msg->params[0].u.value;
	bool may_wait = w.n_waits < MAX_WAITS;

	if (msg->cmd == OPTEE_RPC_CMD_SUSPEND) {
		w.n_waits++;
		if (v->a <= UINT32_MAX)
			v->a = may_wait ? v->a & 1 : 0;
	} else if (msg->cmd == OPTEE_RPC_CMD_NOTIFICATION &&
		   v->a == OPTEE_RPC_NOTIFICATION_WAIT) {
		w.n_waits++;
		if (!may_wait)
			v->a = OPTEE_RPC_NOTIFICATION_SEND;
		else if (v->c <= UINT32_MAX)
			v->c = 1;
	}
}

/* Looked for each time: another call may have given the memory back. */
static struct optee_msg_arg *rpc_message(const struct thread *t)
{
	return t->rpc_pa ? platform_fuzz_va(t->rpc_pa,
					    OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS)) : NULL;
}

static void make_rpc_message(struct thread *t)
{
	static const uint8_t cmds[] = {
		OPTEE_RPC_CMD_FS, OPTEE_RPC_CMD_LOAD_TA, OPTEE_RPC_CMD_RPMB,
		OPTEE_RPC_CMD_GET_TIME, OPTEE_RPC_CMD_NOTIFICATION, OPTEE_RPC_CMD_SUSPEND,
		OPTEE_RPC_CMD_SHM_ALLOC, OPTEE_RPC_CMD_SHM_FREE, OPTEE_RPC_CMD_I2C_TRANSFER,
		OPTEE_RPC_CMD_RPMB_PROBE_NEXT,
	};
	struct optee_msg_arg *msg = rpc_message(t);
	uint8_t code = fuzz_u8(w.in);

	memset(msg, 0, OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS));
	msg->ret = TEE_R_GENERIC;
	t->request = REQUEST_OTHER;
	if (code < 0x40) {
		msg->cmd = OPTEE_RPC_CMD_SHM_ALLOC;
		t->request = REQUEST_SHM_ALLOC;
		t->asked = pick_size();
		rpc_value(msg, code % 3, t->asked, fuzz_number(w.in));
	} else if (code < 0x60) {
		msg->cmd = OPTEE_RPC_CMD_SHM_FREE;
		rpc_value(msg, code % 3, pick_cookie(), 0);
	} else if (code < 0x70) {
		msg->cmd = OPTEE_RPC_CMD_NOTIFICATION;
		rpc_value(msg, code % 3, fuzz_number(w.in), 0);
		msg->params[0].u.value.c = fuzz_number(w.in);
	} else if (code < 0xf8) {
		rpc_free_form(msg, cmds[code % sizeof(cmds)]);
	} else {
		rpc_free_form(msg, (uint32_t)fuzz_number(w.in));
	}
	keep_waits_short(msg);
}

static void set_pair(struct smc_regs *regs, unsigned int hi, uint64_t value)
{
	regs->a[hi] = value >> 32;
	regs->a[hi + 1] = (uint32_t)value;
}

static uint64_t get_pair(const struct smc_regs *regs, unsigned int hi)
{
	return regs->a[hi] << 32 | (uint32_t)regs->a[hi + 1];
}

static void request_alloc(struct thread *t, struct smc_regs *out)
{
	t->request = REQUEST_ALLOC;
	t->asked = (uint32_t)pick_size();
	out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_ALLOC;
	out->a[1] = t->asked;
}

static void request(struct thread *t, struct smc_regs *out)
{
	uint8_t code = fuzz_u8(w.in);

	t->n_rpcs++;
	t->request = REQUEST_OTHER;
	if (code < 0x90 && rpc_message(t)) {
		make_rpc_message(t);
		out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_CMD;
		set_pair(out, 1, t->rpc_cookie);
	} else if (code < 0xa8) {
		request_alloc(t, out);
	} else if (code < 0xb8) {
		out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_FREE;
		set_pair(out, 1, pick_cookie());
	} else if (code < 0xc0) {
		/* In memory that may not be there for it */
		out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_CMD;
		set_pair(out, 1, pick_cookie());
	} else if (code < 0xc8) {
		out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_FOREIGN_INTR;
	} else {
		out->a[0] = OPTEE_SMC_RETURN_RPC_PREFIX | (fuzz_u16(w.in) & 0xfffe);
		set_pair(out, 1, pick_cookie());
	}
	t->a3 = out->a[3] = 0x1000 + (uint64_t)(t - w.threads);
	t->a6 = out->a[6] = fuzz_u8(w.in);
	t->a7 = out->a[7] = fuzz_u8(w.in);
}

static void take_smc_buffer(struct thread *t, const struct smc_regs *in)
{
	uint64_t pa = get_pair(in, 1);
	uint64_t cookie = get_pair(in, 4);
	uint64_t room = OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS);

	if (!pa) {
		FUZZ_CHECK(!cookie);
		return;
	}
	FUZZ_CHECK(cookie && platform_fuzz_va(pa, t->asked));
	note_cookie(cookie, pa, t->asked);
	if (!rpc_message(t) && t->asked >= room) {
		t->rpc_pa = pa;
		t->rpc_cookie = cookie;
	}
}

static void take_answer(struct thread *t, const struct smc_regs *in)
{
	const struct optee_msg_arg *msg = rpc_message(t);
	const struct optee_msg_param *p;

	/* These are the world's own. */
	FUZZ_CHECK(in->a[3] == t->a3 && in->a[6] == t->a6 && in->a[7] == t->a7);
	if (t->request == REQUEST_ALLOC)
		take_smc_buffer(t, in);
	if (t->request == REQUEST_SHM_ALLOC && msg && msg->ret == TEE_R_SUCCESS) {
		p = &msg->params[0];
		FUZZ_CHECK(p->attr == NONCONTIG_OUTPUT && p->u.tmem.size >= t->asked);
		FUZZ_CHECK(p->u.tmem.shm_ref != 0);
		note_cookie(p->u.tmem.shm_ref,
			    check_page_list(p->u.tmem.buf_ptr, p->u.tmem.size),
			    p->u.tmem.size);
	}
	t->request = REQUEST_NONE;
}

/* --- SMC --- */

static void run(struct thread *t, struct smc_regs *out)
{
	uint8_t code = fuzz_done(w.in) ? 0 : fuzz_u8(w.in);

	memset(out, 0, sizeof(*out));
	if (code >= 0xe8)
		give_up(t, code, out);
	else if (code >= 0x50 && t->n_rpcs < MAX_RPCS && odd_world_n_calls() <= MAX_DEPTH)
		request(t, out);
	else
		finish(t, out);
}

/* The address of the message, behind which there is room for the requests */
static uint64_t find_msg(const struct smc_regs *in)
{
	size_t room = OPTEE_MSG_GET_ARG_SIZE(MAX_PARAMS) +
		      OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS);
	uint64_t ref = get_pair(in, 1);
	const struct buffer *buffer;

	FUZZ_CHECK(ref != 0);
	if (in->a[0] != OPTEE_SMC_CALL_WITH_REGD_ARG) {
		FUZZ_CHECK(ref % OPTEE_MSG_NONCONTIG_PAGE_SIZE == 0);
	} else {
		buffer = find_known(ref);
		FUZZ_CHECK(buffer && in->a[3] <= buffer->size &&
			   room <= buffer->size - in->a[3]);
		ref = buffer->pa + in->a[3];
	}
	FUZZ_CHECK(platform_fuzz_va(ref, room) != NULL);
	return ref;
}

static void start_call(const struct smc_regs *in, struct smc_regs *out)
{
	uint64_t pa = find_msg(in);
	struct thread *t = w.threads;

	while (t->used) {
		t++;
		FUZZ_CHECK(t < w.threads + MAX_THREADS);
	}
	*t = (struct thread){ .used = true, .msg = platform_fuzz_va(pa, 1) };
	check_message(t->msg);
	if (in->a[0] != OPTEE_SMC_CALL_WITH_ARG)
		t->rpc_pa = pa + OPTEE_MSG_GET_ARG_SIZE(t->msg->num_params);
	run(t, out);
}

static void resume_call(const struct smc_regs *in, struct smc_regs *out)
{
	struct thread *t = &w.threads[in->a[3] - 0x1000];

	FUZZ_CHECK(in->a[3] >= 0x1000 && in->a[3] - 0x1000 < MAX_THREADS);
	FUZZ_CHECK(t->used && t->request != REQUEST_NONE);
	take_answer(t, in);
	run(t, out);
}

static void change_register(struct smc_regs *out)
{
	unsigned int n = fuzz_below(w.in, 4);

	out->a[n] = fuzz_number(w.in);
}

static void exchange_capabilities(struct smc_regs *out)
{
	uint8_t odd = fuzz_u8(w.in);

	out->a[1] = OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_MEMREF_NULL |
		    OPTEE_SMC_SEC_CAP_RPC_ARG;
	out->a[3] = OPTEE_RPC_NUM_PARAMS;
	if (odd & 1)
		out->a[1] &= ~OPTEE_SMC_SEC_CAP_RPC_ARG;
	if (odd & 2)
		out->a[1] &= ~OPTEE_SMC_SEC_CAP_MEMREF_NULL;
	if (odd & 4) {
		out->a[1] |= OPTEE_SMC_SEC_CAP_ASYNC_NOTIF;
		out->a[2] = fuzz_number(w.in);
	}
	if (odd & 8)
		out->a[3] = fuzz_number(w.in);
	if (odd & 0x10)
		out->a[1] |= OPTEE_SMC_SEC_CAP_PROTMEM;
	if ((odd & 0xf0) == 0xf0)
		change_register(out);
}

static void fast_call(uint32_t func, struct smc_regs *out)
{
	switch (func) {
	case OPTEE_SMC_CALLS_UID:
		*out = (struct smc_regs){ .a = { OPTEE_MSG_UID_0, OPTEE_MSG_UID_1,
						 OPTEE_MSG_UID_2, OPTEE_MSG_UID_3 } };
		break;
	case OPTEE_SMC_CALL_GET_OS_REVISION:
		*out = (struct smc_regs){ .a = { 4, 7, fuzz_u8(w.in) } };
		return;
	case OPTEE_SMC_CALLS_REVISION:
		*out = (struct smc_regs){ .a = { 2, 0 } };
		break;
	case OPTEE_SMC_GET_THREAD_COUNT:
		out->a[1] = w.n_threads;
		break;
	case OPTEE_SMC_GET_PROTMEM_CONFIG:
		out->a[1] = fuzz_number(w.in);
		out->a[2] = fuzz_number(w.in);
		if (fuzz_u8(w.in) & 1) {
			out->a[1] = (out->a[1] | 1) << 12;
			out->a[2] = (out->a[2] & 0xff) << 12;
		}
		break;
	case OPTEE_SMC_EXCHANGE_CAPABILITIES:
		exchange_capabilities(out);
		return;
	default:
		out->a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
		return;
	}
	if (fuzz_u8(w.in) == 0xff)
		change_register(out);
}

static void world_call(struct smc_conduit *conduit, const struct smc_regs *in,
		       struct smc_regs *out)
{
	struct smc_regs regs = *in;

	memset(out, 0, sizeof(*out));
	if (regs.a[0] & SMCCC_FAST_CALL)
		fast_call((uint32_t)regs.a[0], out);
	else if (regs.a[0] == OPTEE_SMC_CALL_RETURN_FROM_RPC)
		resume_call(&regs, out);
	else
		start_call(&regs, out);
	/* Only the low halves mean anything, but a3, a6 and a7 are the world's. */
	if (w.high_halves) {
		for (size_t i = 0; i < 3; i++)
			out->a[i] |= 0x5a5a5a5a00000000;
	}
}

/* --- life --- */

void odd_world_start(struct fuzz_in *in)
{
	uint8_t config = fuzz_u8(in);
	unsigned int n_waits = w.in == in ? w.n_waits : 0;
	bool nested = w.in == in && w.nested;

	memset(&w, 0, sizeof(w));
	w.conduit.call = world_call;
	w.in = in;
	w.n_waits = n_waits;
	w.nested = nested;
	w.high_halves = config & 1;
	/* With fewer threads than it can nest calls it would wait for itself. */
	w.n_threads = config & 2 ? MAX_THREADS + 1 + (config >> 2) : 0;
	if (config == 0xff)
		w.n_threads = 0xfffffff0;
}

void odd_world_end(void)
{
	w.in = NULL;
}

struct smc_conduit *odd_world_conduit(void)
{
	return &w.conduit;
}

void odd_world_set_nested(bool nested)
{
	w.nested = nested;
}

size_t odd_world_n_known(void)
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_KNOWN; i++)
		n += w.known[i].cookie != 0;
	return n;
}

unsigned int odd_world_n_calls(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < MAX_THREADS; i++)
		n += w.threads[i].used;
	return n;
}
