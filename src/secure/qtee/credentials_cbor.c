/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CBOR of credentials
 *
 * Read item by item, so that neither depth nor lengths that the bytes claim cost stack
 * or memory: a frame for each container that is open, of which there may be a few.
 */
#include <cbor.h>

#include "secure/qtee/credentials.h"

#define MAX_DEPTH 8u

struct frame {
	bool indefinite;
	uint64_t left;		/* items, when it is not */
};

struct parser {
	struct credentials_info *info;
	struct frame frames[MAX_DEPTH];
	unsigned int depth;
	bool bad;
	bool done;
	bool have_key;		/* of the outer map: the next item is its value */
	bool key_is_number;
	uint64_t key;
	bool have_uid, have_time;
};

/* An item that is not inside of the outer map's items ends; so do containers with it. */
static void item_ended(struct parser *p)
{
	while (p->depth) {
		struct frame *frame = &p->frames[p->depth - 1];

		if (p->depth == 1)
			p->have_key = !p->have_key;
		if (frame->indefinite || --frame->left)
			return;
		p->depth--;
	}
	p->done = true;
}

/* What is not a number */
static void item(struct parser *p)
{
	if (p->done || !p->depth) {
		p->bad = true;
		return;
	}
	if (p->depth == 1 && !p->have_key)
		p->key_is_number = false;
	item_ended(p);
}

static void set_once(struct parser *p, bool *have, uint64_t *to, uint64_t value)
{
	if (*have)
		p->bad = true;
	*have = true;
	*to = value;
}

static void number(struct parser *p, uint64_t value)
{
	if (p->done || !p->depth) {
		p->bad = true;
		return;
	}
	if (p->depth == 1 && !p->have_key) {
		p->key_is_number = true;
		p->key = value;
	} else if (p->depth == 1 && p->key_is_number && p->key == CREDENTIALS_KEY_UID) {
		set_once(p, &p->have_uid, &p->info->uid, value);
	} else if (p->depth == 1 && p->key_is_number && p->key == CREDENTIALS_KEY_SYSTEM_TIME) {
		set_once(p, &p->have_time, &p->info->system_time, value);
	}
	item_ended(p);
}

static void open_frame(struct parser *p, bool is_map, bool indefinite, uint64_t n_items)
{
	if (p->done || (!p->depth && !is_map) || p->depth == MAX_DEPTH) {
		p->bad = true;
		return;
	}
	if (p->depth == 1 && !p->have_key)
		p->key_is_number = false;
	p->frames[p->depth++] = (struct frame){ .indefinite = indefinite, .left = n_items };
	if (!indefinite && !n_items) {
		p->depth--;
		item_ended(p);
	}
}

/* --- what the decoder calls --- */

static void on_uint8(void *data, uint8_t value)
{
	number(data, value);
}

static void on_uint16(void *data, uint16_t value)
{
	number(data, value);
}

static void on_uint32(void *data, uint32_t value)
{
	number(data, value);
}

static void on_uint64(void *data, uint64_t value)
{
	number(data, value);
}

static void on_negint8(void *data, uint8_t value)
{
	item(data);
}

static void on_negint16(void *data, uint16_t value)
{
	item(data);
}

static void on_negint32(void *data, uint32_t value)
{
	item(data);
}

static void on_negint64(void *data, uint64_t value)
{
	item(data);
}

static void on_string(void *data, cbor_data bytes, size_t size)
{
	item(data);
}

static void on_float(void *data, float value)
{
	item(data);
}

static void on_double(void *data, double value)
{
	item(data);
}

static void on_bool(void *data, bool value)
{
	item(data);
}

static void on_simple(void *data)
{
	item(data);
}

/* A tag says something of the item that follows. */
static void on_tag(void *data, uint64_t value)
{
}

static void on_array(void *data, size_t n)
{
	open_frame(data, /* is_map: */ false, /* indefinite: */ false, n);
}

static void on_map(void *data, size_t n)
{
	struct parser *p = data;

	if (n > SIZE_MAX / 2)
		p->bad = true;
	else
		open_frame(p, /* is_map: */ true, /* indefinite: */ false, (uint64_t)n * 2);
}

/* Chunks of a string are counted like the items of an array. */
static void on_indefinite(void *data)
{
	open_frame(data, /* is_map: */ false, /* indefinite: */ true, 0);
}

static void on_indefinite_map(void *data)
{
	open_frame(data, /* is_map: */ true, /* indefinite: */ true, 0);
}

static void on_break(void *data)
{
	struct parser *p = data;

	if (!p->depth || !p->frames[p->depth - 1].indefinite ||
	    (p->depth == 1 && p->have_key)) {
		p->bad = true;
		return;
	}
	p->depth--;
	item_ended(p);
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string = on_string,
	.byte_string_start = on_indefinite,
	.string = on_string,
	.string_start = on_indefinite,
	.array_start = on_array,
	.indef_array_start = on_indefinite,
	.map_start = on_map,
	.indef_map_start = on_indefinite_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_simple,
	.null = on_simple,
	.boolean = on_bool,
	.indef_break = on_break,
};

bool credentials_parse(const uint8_t *data, size_t size, struct credentials_info *ret)
{
	struct parser p = { .info = ret };
	size_t used = 0;

	*ret = (struct credentials_info){ .uid = 0 };
	while (!p.bad && used < size) {
		struct cbor_decoder_result r =
			cbor_stream_decode(data + used, size - used, &callbacks, &p);

		if (r.status != CBOR_DECODER_FINISHED || !r.read)
			return false;
		used += r.read;
	}
	return !p.bad && p.done && p.have_uid;
}
