/* SPDX-License-Identifier: BSD-2-Clause */
#include "odd_qtee.h"

#include "abi/qtee_msg.h"
#include "abi/qtee_smc.h"
#include "platform_fuzz.h"

#define MAX_IDS 64
#define MAX_SUSPENDED 64
#define MAX_CALLBACKS 12
/* Objects of its own: these and no others, and what it invents */
#define MAX_REFS 4096

struct invocation {
	uint64_t out_pa;
	uint64_t in_pa;
	uint64_t in_size;
	unsigned int n_callbacks;
	bool is_release;
};

static struct {
	struct fuzz_in *in;
	struct invocation suspended[MAX_SUSPENDED];
	size_t n_suspended;
	uint32_t ids[MAX_IDS];		/* of the normal world, as they came */
	unsigned int n_ids;
	uint32_t refs[MAX_REFS];	/* one entry a reference */
	size_t n_refs;
} w;

static bool is_zero(const uint8_t *p, size_t size)
{
	while (size--)
		if (*p++)
			return false;
	return true;
}

/* --- references --- */

static void give(uint32_t id)
{
	if (id < QTEE_MSG_OBJECT_TEE_FIRST || id > QTEE_MSG_OBJECT_TEE_LAST)
		return;
	FUZZ_CHECK(w.n_refs < MAX_REFS);
	w.refs[w.n_refs++] = id;
}

static void take_back(uint32_t id)
{
	for (size_t n = 0; n < w.n_refs; n++) {
		if (w.refs[n] == id) {
			w.refs[n] = w.refs[--w.n_refs];
			return;
		}
	}
	FUZZ_CHECK(!"an object that was given");
}

static void note_id(uint32_t id)
{
	if (id & QTEE_MSG_OBJECT_NS_BIT)
		w.ids[w.n_ids++ % MAX_IDS] = id;
}

static uint32_t pick_id(void)
{
	uint8_t code = fuzz_u8(w.in);

	if (code < 0x80)
		return w.ids[code % MAX_IDS];
	if (code < 0xc0)
		return QTEE_MSG_OBJECT_TEE_FIRST + code % 8;
	if (code < 0xe0)
		return QTEE_MSG_OBJECT_PRIMORDIAL;
	return (uint32_t)fuzz_number(w.in);
}

/* --- what the driver sends --- */

static void check_message(const uint8_t *in, uint64_t size)
{
	const struct qtee_msg_invoke *msg = (const void *)in;
	unsigned int n = QTEE_MSG_NUM_ARGS(msg->counts);
	uint64_t offset = QTEE_MSG_PAYLOAD(n);

	FUZZ_CHECK(!(msg->counts & QTEE_MSG_COUNTS_RESERVED) && offset <= size);
	FUZZ_CHECK(msg->cxt && !(msg->cxt & QTEE_MSG_OBJECT_NS_BIT));
	for (unsigned int i = 0; i < QTEE_MSG_FIRST_IO(msg->counts); i++) {
		FUZZ_CHECK(msg->args[i].b.offset == offset);
		offset += QTEE_MSG_ALIGN_UP(msg->args[i].b.size);
		FUZZ_CHECK(offset <= size);
	}
	for (unsigned int i = QTEE_MSG_FIRST_IO(msg->counts); i < n; i++)
		note_id(msg->args[i].o.id);
	FUZZ_CHECK(is_zero(in + offset, size - offset));
}

/* --- what it answers --- */

static void write_async(uint8_t *at, size_t room)
{
	uint8_t n = fuzz_u8(w.in);
	uint32_t words[8];

	if (n >= 0xf0) {
		fuzz_bytes(w.in, at, room < 64 ? room : 64);
		return;
	}
	for (n &= 3; n && room >= 24; n--, at += 24, room -= 24) {
		uint8_t how = fuzz_u8(w.in);

		words[0] = QTEE_MSG_ASYNC_VERSION_1_0 + (how & 3);
		words[1] = QTEE_MSG_ASYNC_OP_RELEASE;
		words[2] = 2;
		words[3] = pick_id();
		words[4] = pick_id();
		words[5] = 0;
		if (how >= 0xe0)
			words[how % 3] = (uint32_t)fuzz_number(w.in);
		memcpy(at, words, 24);
	}
}

static void write_callback(uint8_t *out)
{
	struct qtee_msg_callback *msg = (void *)out;
	uint8_t how = fuzz_u8(w.in);
	uint32_t counts;
	uint32_t offset;
	unsigned int n;

	memset(out, 0, QTEE_MSG_OUTBOUND_SIZE);
	msg->cxt = pick_id();
	msg->op = fuzz_u8(w.in);
	if (msg->op >= 0xf8)
		msg->op = msg->op & 4 ? QTEE_MSG_OP_RELEASE : QTEE_MSG_OP_RETAIN;
	else
		msg->op %= 4;
	counts = fuzz_u16(w.in) & 0x3333;
	if (how >= 0xc0)
		counts = (uint32_t)fuzz_number(w.in);
	msg->counts = counts;
	n = QTEE_MSG_NUM_ARGS(counts);
	offset = QTEE_MSG_PAYLOAD(n);
	for (unsigned int i = 0; i < QTEE_MSG_FIRST_IO(counts); i++) {
		uint32_t size = (uint32_t)fuzz_number(w.in) & (how & 1 ? 0xffffffff : 0xff);

		msg->args[i].b = (struct qtee_msg_buffer){ offset, size };
		offset += QTEE_MSG_ALIGN_UP(size);
	}
	for (unsigned int i = QTEE_MSG_FIRST_IO(counts); i < n; i++)
		msg->args[i].o.id = pick_id();
	if (offset < QTEE_MSG_OUTBOUND_SIZE)
		write_async(out + offset, QTEE_MSG_OUTBOUND_SIZE - offset);
	if (how == 0x3f)
		fuzz_bytes(w.in, out, fuzz_u16(w.in) % QTEE_MSG_OUTBOUND_SIZE);

	/* In whatever shape: what stands in the place of an input object is given. */
	counts = msg->counts;
	for (unsigned int i = QTEE_MSG_FIRST_IO(counts); i < QTEE_MSG_FIRST_OO(counts); i++)
		give(msg->args[i].o.id);
}

static void write_outputs(uint8_t *in)
{
	struct qtee_msg_invoke *msg = (void *)in;
	uint8_t how = fuzz_u8(w.in);
	uint32_t counts = msg->counts;

	for (unsigned int i = QTEE_MSG_FIRST_OB(counts); i < QTEE_MSG_FIRST_IO(counts); i++) {
		uint32_t size = fuzz_u8(w.in);

		msg->args[i].b.size = how & 1 || size < msg->args[i].b.size ?
			size : msg->args[i].b.size;
		if (how >= 0xe0)
			msg->args[i].b.offset = (uint32_t)fuzz_number(w.in);
	}
	for (unsigned int i = QTEE_MSG_FIRST_OO(counts); i < QTEE_MSG_NUM_ARGS(counts); i++) {
		msg->args[i].o.id = pick_id();
		give(msg->args[i].o.id);
	}
	if (how == 0xff) {
		msg->counts = fuzz_u32(w.in);
		msg->cxt = fuzz_u32(w.in);
	}
}

static void answer(struct invocation inv, struct smc_regs *regs)
{
	uint8_t *in = platform_fuzz_va(inv.in_pa, inv.in_size);
	uint8_t *out = platform_fuzz_va(inv.out_pa, QTEE_MSG_OUTBOUND_SIZE);
	uint8_t how = fuzz_u8(w.in);

	FUZZ_CHECK(in && out);
	if (how >= 0xc0 && how < 0xf0 && inv.n_callbacks++ < MAX_CALLBACKS &&
	    w.n_suspended < MAX_SUSPENDED) {
		write_callback(out);
		w.suspended[w.n_suspended++] = inv;
		regs->a[1] = QTEE_SMC_RSP_CALLBACK;
		return;
	}
	memset(out, 0, QTEE_MSG_OUTBOUND_SIZE);
	write_async(out, QTEE_MSG_OUTBOUND_SIZE);
	if (how >= 0xf8) {
		/* For the rest of the reference count: it says no, and keeps nothing. */
		regs->a[2] = fuzz_u32(w.in);
		if ((uint32_t)regs->a[2])
			return;
	}
	write_outputs(in);
}

static void do_invoke(const struct smc_regs *in, struct smc_regs *out)
{
	struct invocation inv = { .in_pa = in->a[2], .in_size = in->a[3], .out_pa = in->a[4] };
	const struct qtee_msg_invoke *msg = platform_fuzz_va(inv.in_pa, inv.in_size);
	const uint8_t *outbound = platform_fuzz_va(inv.out_pa, QTEE_MSG_OUTBOUND_SIZE);

	if (!inv.in_pa) {
		out->a[0] = (uint32_t)QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
		return;
	}
	FUZZ_CHECK(in->a[1] == QTEE_SMC_INVOKE_ARGS && in->a[5] == QTEE_MSG_OUTBOUND_SIZE);
	FUZZ_CHECK(msg && outbound && is_zero(outbound, QTEE_MSG_OUTBOUND_SIZE));
	FUZZ_CHECK(!(inv.in_pa % 4096) && !(inv.out_pa % 4096));
	check_message((const void *)msg, inv.in_size);
	if (fuzz_u8(w.in) == 0xff) {
		out->a[0] = fuzz_u32(w.in) | 0x80000000;
		return;
	}
	if (msg->op == QTEE_MSG_OP_RELEASE)
		take_back(msg->cxt);
	answer(inv, out);
}

static void do_cb_rsp(const struct smc_regs *in, struct smc_regs *out)
{
	struct invocation inv;
	size_t n = 0;

	while (n < w.n_suspended && w.suspended[n].out_pa != in->a[2])
		n++;
	FUZZ_CHECK(n < w.n_suspended);
	FUZZ_CHECK(in->a[1] == QTEE_SMC_CB_RSP_ARGS && in->a[3] == QTEE_MSG_OUTBOUND_SIZE);
	inv = w.suspended[n];
	w.suspended[n] = w.suspended[--w.n_suspended];
	if (fuzz_u8(w.in) == 0xff) {
		/* -1 is an error like others here: this QTEE goes on. */
		out->a[0] = fuzz_u32(w.in) | 0x80000000;
		return;
	}
	answer(inv, out);
}

static void conduit_call(struct smc_conduit *conduit, const struct smc_regs *in,
			 struct smc_regs *out)
{
	memset(out, 0, sizeof(*out));
	if (in->a[0] == QTEE_SMC_INVOKE)
		do_invoke(in, out);
	else if (in->a[0] == QTEE_SMC_CB_RSP)
		do_cb_rsp(in, out);
	else
		FUZZ_CHECK(!"a known function");
}

static struct smc_conduit conduit = { .call = conduit_call };

struct smc_conduit *odd_qtee_conduit(void)
{
	return &conduit;
}

void odd_qtee_start(struct fuzz_in *in)
{
	memset(&w, 0, sizeof(w));
	w.in = in;
}

void odd_qtee_end(void)
{
	w.in = NULL;
}

size_t odd_qtee_n_refs(void)
{
	return w.n_refs;
}

size_t odd_qtee_n_suspended(void)
{
	return w.n_suspended;
}
